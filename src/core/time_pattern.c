#include "coracle/time_pattern.h"

#include "calendar.h"
#include "coracle/status.h"
#include "coracle/text.h"

#include <string.h>
#include <strings.h>

/* What was read of a time; -1: nothing of that kind. */
typedef struct moment {
    int year, month, day, day_of_year, weekday; /* Sunday is 0 */
    int hour, hour12, afternoon, minute, second;
    int64_t zone; /* seconds east of UTC */
    bool counted; /* seconds since 1970 are given */
    int64_t seconds;
} moment;

typedef struct reading {
    const char *p, *end;
    moment at;
} reading;

static const char *expansion_of(char directive)
{
    switch (directive) {
    case 'F':
        return "%Y-%m-%d";
    case 'T':
        return "%H:%M:%S";
    case 'R':
        return "%H:%M";
    case 'D':
        return "%m/%d/%y";
    default:
        return NULL;
    }
}

static bool is_digit(const reading *r)
{
    return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* `least` to `most` digits, as many as there are, within [low, high]. */
static bool read_number(reading *r, int least, int most, int low, int high,
                        int *number)
{
    int count = 0;
    for (*number = 0; count < most && is_digit(r); count++)
        *number = *number * 10 + (*r->p++ - '0');
    return count >= least && *number >= low && *number <= high;
}

/* One of `count` English words, whole or its first three letters. */
static bool read_word(reading *r, const char *const *word, int count,
                      int *number)
{
    for (int i = 0; i < count; i++) {
        size_t left = (size_t)(r->end - r->p), length = strlen(word[i]);
        if (left < length || strncasecmp(r->p, word[i], length) != 0)
            length = 3;
        if (left < length || strncasecmp(r->p, word[i], length) != 0)
            continue;
        r->p += length;
        *number = i;
        return true;
    }
    return false;
}

static bool read_month(reading *r)
{
    static const char *const month[] = {
        "January", "February", "March",     "April",   "May",      "June",
        "July",    "August",   "September", "October", "November", "December"};
    bool known = read_word(r, month, 12, &r->at.month);
    r->at.month++;
    return known;
}

static bool read_weekday(reading *r)
{
    static const char *const day[] = {"Sunday",    "Monday",   "Tuesday",
                                      "Wednesday", "Thursday", "Friday",
                                      "Saturday"};
    return read_word(r, day, 7, &r->at.weekday);
}

static bool read_half(reading *r)
{
    bool known = r->end - r->p >= 2 && (strncasecmp(r->p, "AM", 2) == 0 ||
                                        strncasecmp(r->p, "PM", 2) == 0);
    if (known) {
        r->at.afternoon = (*r->p | 0x20) == 'p';
        r->p += 2;
    }
    return known;
}

static bool read_short_year(reading *r)
{
    bool known = read_number(r, 2, 2, 0, 99, &r->at.year);
    r->at.year += r->at.year < 69 ? 2000 : 1900;
    return known;
}

static bool read_zone(reading *r)
{
    int hour, minute = 0;
    if (r->p == r->end)
        return false;
    char sign = *r->p++;
    if (sign == 'Z')
        return true;
    if ((sign != '+' && sign != '-') || !read_number(r, 2, 2, 0, 23, &hour))
        return false;
    bool colon = r->p < r->end && *r->p == ':';
    r->p += colon;
    if ((colon || is_digit(r)) && !read_number(r, 2, 2, 0, 59, &minute))
        return false;
    r->at.zone = (sign == '-' ? -1 : 1) * (hour * 3600 + minute * 60);
    return true;
}

static bool read_utc(reading *r)
{
    bool known = r->end - r->p >= 3 &&
                 (memcmp(r->p, "UTC", 3) == 0 || memcmp(r->p, "GMT", 3) == 0);
    r->p += known ? 3 : 0;
    return known;
}

static bool read_fraction(reading *r)
{
    bool any = is_digit(r);
    while (is_digit(r))
        r->p++;
    return any;
}

static bool read_seconds(reading *r)
{
    const char *begin = r->p;
    r->p += r->p < r->end && *r->p == '-';
    while (is_digit(r))
        r->p++;
    r->at.counted = true;
    return cor_text_int64(begin, r->p, &r->at.seconds);
}

static bool read_directive(reading *r, char directive)
{
    moment *at = &r->at;
    switch (directive) {
    case 'Y':
        return read_number(r, 4, 4, 0, 9999, &at->year);
    case 'y':
        return read_short_year(r);
    case 'm':
        return read_number(r, 1, 2, 1, 12, &at->month);
    case 'd':
    case 'e':
        return read_number(r, 1, 2, 1, 31, &at->day);
    case 'j':
        return read_number(r, 1, 3, 1, 366, &at->day_of_year);
    case 'H':
        return read_number(r, 1, 2, 0, 23, &at->hour);
    case 'I':
        return read_number(r, 1, 2, 1, 12, &at->hour12);
    case 'M':
        return read_number(r, 1, 2, 0, 59, &at->minute);
    case 'S':
        return read_number(r, 1, 2, 0, 60, &at->second);
    case 'b':
    case 'B':
        return read_month(r);
    case 'a':
    case 'A':
        return read_weekday(r);
    case 'p':
        return read_half(r);
    case 'f':
        return read_fraction(r);
    case 'z':
        return read_zone(r);
    case 'Z':
        return read_utc(r);
    case 's':
        return read_seconds(r);
    default: /* % itself */
        return r->p < r->end && *r->p++ == directive;
    }
}

static bool read_blanks(reading *r)
{
    const char *begin = r->p;
    while (r->p < r->end && is_blank(*r->p))
        r->p++;
    return r->p > begin;
}

static bool read_plain(reading *r, const char *pattern)
{
    for (const char *c = pattern; *c; c++) {
        bool fits;
        if (*c == '%')
            fits = read_directive(r, *++c);
        else if (is_blank(*c))
            fits = read_blanks(r);
        else
            fits = r->p < r->end && *r->p++ == *c;
        if (!fits)
            return false;
    }
    return true;
}

/* Days since 1970, where the date is one. */
static bool days_of(const moment *at, int64_t *days)
{
    int month = at->month < 0 ? 1 : at->month, day = at->day < 0 ? 1 : at->day;
    if (day > cor_calendar_month(at->year, month))
        return false;
    *days = cor_calendar_days(at->year, month, day);
    if (at->day_of_year > 0) {
        if (at->day_of_year > 365 + cor_calendar_is_leap(at->year))
            return false;
        *days = cor_calendar_days(at->year, 1, 1) + at->day_of_year - 1;
    }
    return at->weekday < 0 || (*days % 7 + 11) % 7 == at->weekday;
}

static bool seconds_of(const moment *at, int64_t *seconds)
{
    int64_t days;
    if (at->counted) {
        *seconds = at->seconds;
        return true;
    }
    if (!days_of(at, &days))
        return false;
    int hour = at->hour < 0 ? 0 : at->hour;
    if (at->hour12 > 0)
        hour = at->hour12 % 12 + (at->afternoon > 0 ? 12 : 0);
    *seconds =
        days * 86400 + hour * 3600 + at->minute * 60 + at->second - at->zone;
    return true;
}

bool cor_time_pattern_read(const char *pattern, const char *begin,
                           const char *end, int64_t *seconds)
{
    reading r = {.p = begin,
                 .end = end,
                 .at = {.year = 1970,
                        .month = -1,
                        .day = -1,
                        .day_of_year = -1,
                        .weekday = -1,
                        .hour = -1,
                        .hour12 = -1,
                        .afternoon = -1}};
    for (const char *c = pattern; *c;) {
        const char *whole = c[0] == '%' ? expansion_of(c[1]) : NULL;
        char part[3] = {c[0], c[0] == '%' ? c[1] : '\0', '\0'};
        if (!whole && is_blank(c[0]) && is_blank(c[1])) {
            c++; /* one blank stands for all */
            continue;
        }
        if (!read_plain(&r, whole ? whole : part))
            return false;
        c += c[0] == '%' ? 2 : 1;
    }
    return r.p == end && seconds_of(&r.at, seconds);
}

int cor_time_pattern_check(const char *pattern)
{
    bool year = false, month = false, day = false;
    for (const char *c = strchr(pattern, '%'); c; c = strchr(c + 2, '%')) {
        if (!c[1] || !strchr("YymdejHIMSbBaApfzZsFTRD%", c[1]))
            return cor_fail(COR_EUSAGE,
                            "--time-format \"%s\": there is no %%%.1s; see "
                            "--help for what there is",
                            pattern, c + 1);
        year |= strchr("YyFDs", c[1]) != NULL;
        month |= strchr("mbBjFDs", c[1]) != NULL;
        day |= strchr("dejFDs", c[1]) != NULL;
    }
    if (!year || !month || !day)
        return cor_fail(COR_EUSAGE,
                        "--time-format \"%s\" does not say which day it is; "
                        "give it year, month and day, as in \"%%Y-%%m-%%d\"",
                        pattern);
    return COR_OK;
}
