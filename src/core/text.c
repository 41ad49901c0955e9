#include "coracle/text.h"

#include "calendar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
    return (unsigned)(c - '0') < 10;
}

bool cor_text_int64(const char *begin, const char *end, int64_t *value)
{
    const char *p = begin;
    bool negative = p < end && *p == '-';
    p += negative;
    if (p == end || end - p > 19 || !is_digit(*p))
        return false;
    if (*p == '0' && (end - p > 1 || negative))
        return false;
    uint64_t number = 0;
    for (; p < end; p++) {
        if (!is_digit(*p))
            return false;
        number = number * 10 + (uint64_t)(*p - '0');
    }
    if (number > (uint64_t)INT64_MAX + negative)
        return false;
    *value = negative ? (int64_t)(0 - number) : (int64_t)number;
    return true;
}

static bool fixed_digits(const char **p, const char *end, int count, int *value)
{
    if (end - *p < count)
        return false;
    *value = 0;
    for (int i = 0; i < count; i++, (*p)++) {
        if (!is_digit(**p))
            return false;
        *value = *value * 10 + (**p - '0');
    }
    return true;
}

static bool expect(const char **p, const char *end, char c)
{
    if (*p == end || **p != c)
        return false;
    (*p)++;
    return true;
}

static bool parse_date(const char **p, const char *end, int64_t *seconds)
{
    int year, month, day;
    if (!fixed_digits(p, end, 4, &year) || !expect(p, end, '-') ||
        !fixed_digits(p, end, 2, &month) || !expect(p, end, '-') ||
        !fixed_digits(p, end, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 ||
        day > cor_calendar_month(year, month))
        return false;
    *seconds = cor_calendar_days(year, month, day) * 86400;
    return true;
}

static bool parse_clock(const char **p, const char *end, int64_t *seconds)
{
    int hour, minute, second = 0;
    if (!fixed_digits(p, end, 2, &hour) || !expect(p, end, ':') ||
        !fixed_digits(p, end, 2, &minute))
        return false;
    if (expect(p, end, ':') && !fixed_digits(p, end, 2, &second))
        return false;
    if (expect(p, end, '.') || expect(p, end, ','))
        while (*p < end && is_digit(**p))
            (*p)++;
    if (hour > 24 || minute > 59 || second > 60)
        return false;
    *seconds += hour * 3600 + minute * 60 + second;
    return true;
}

static bool parse_zone(const char **p, const char *end, int64_t *seconds)
{
    if (*p == end || expect(p, end, 'Z') || expect(p, end, 'z'))
        return true;
    int sign = **p == '+' ? 1 : **p == '-' ? -1 : 0;
    int hour, minute = 0;
    if (!sign)
        return false;
    (*p)++;
    if (!fixed_digits(p, end, 2, &hour))
        return false;
    expect(p, end, ':');
    if (*p < end && !fixed_digits(p, end, 2, &minute))
        return false;
    *seconds -= sign * (hour * 3600 + minute * 60);
    return true;
}

static bool iso8601(const char *begin, const char *end, int64_t *seconds)
{
    const char *p = begin;
    if (!parse_date(&p, end, seconds))
        return false;
    if (p == end)
        return true;
    if (!expect(&p, end, 'T') && !expect(&p, end, 't') && !expect(&p, end, ' '))
        return false;
    return parse_clock(&p, end, seconds) && parse_zone(&p, end, seconds) &&
           p == end;
}

/* A whole number, or one with a fraction or an exponent as spreadsheets and
   RecBole's `float` columns write it; rounded down. */
static bool whole_number(const char *begin, const char *end, int64_t *number)
{
    if (cor_text_int64(begin, end, number))
        return true;
    double real;
    if (!cor_text_double(begin, end, &real) || fabs(real) >= 0x1p63)
        return false;
    *number = (int64_t)floor(real);
    return true;
}

bool cor_text_time(const char *begin, const char *end,
                   enum cor_time_format format, int64_t *seconds)
{
    if (format == COR_TIME_ISO8601)
        return iso8601(begin, end, seconds);
    if (!whole_number(begin, end, seconds))
        return format == COR_TIME_AUTO && iso8601(begin, end, seconds);
    if (format == COR_TIME_UNIX_MS) {
        int64_t ms = *seconds;
        *seconds = ms / 1000 - (ms % 1000 < 0);
    }
    return true;
}

bool cor_text_is_utf8(const char *begin, const char *end)
{
    const unsigned char *p = (const unsigned char *)begin;
    const unsigned char *stop = (const unsigned char *)end;
    while (p < stop) {
        if (*p && *p < 0x80) {
            p++;
            continue;
        }
        int more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc2 ? 1 : 0;
        if (!more || *p > 0xf4 || stop - p <= more)
            return false;
        uint32_t point = *p & (0x3fu >> more);
        for (int i = 1; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return false;
            point = point << 6 | (p[i] & 0x3fu);
        }
        bool overlong = point < (more == 1   ? 0x80u
                                 : more == 2 ? 0x800u
                                             : 0x10000u);
        if (overlong || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
            return false;
        p += more + 1;
    }
    return true;
}
