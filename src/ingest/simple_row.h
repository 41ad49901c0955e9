/* The common row read in one pass: plain digits, no quotes, nothing wrong.
   Whatever is not of that kind is left to the exact reader. */
#ifndef INGEST_SIMPLE_ROW_H
#define INGEST_SIMPLE_ROW_H

#include "coracle/time_pattern.h"
#include "input.h"

#include <math.h>

enum how {
    HOW_NUMBER_ID,
    HOW_TEXT_ID,
    HOW_VALUE,
    HOW_SECONDS,
    HOW_TIME,
    HOW_TITLE,
    HOW_KEPT_NUMBER,
    HOW_KEPT_TEXT
};

/* A wanted field. */
typedef struct ingest_need {
    int32_t field;
    int32_t role;
    enum how how;
} ingest_need;

/* What to read of each row of one file; needs in order of their fields. */
typedef struct ingest_reading {
    cor_dialect dialect;
    int32_t fields;
    int32_t needs;
    ingest_need need[ROLES];
    enum cor_time_format time_format;
    const char *time_pattern; /* instead; or NULL */
} ingest_reading;

static inline bool ingest_time(const char *pattern, enum cor_time_format format,
                               const char *begin, const char *end,
                               int64_t *time)
{
    return pattern ? cor_time_pattern_read(pattern, begin, end, time)
                   : cor_text_time(begin, end, format, time);
}

typedef struct ingest_text {
    const char *begin, *end;
} ingest_text;

typedef struct ingest_row {
    int64_t id[2];           /* integer ids */
    ingest_text text[SIDES]; /* text ids, kept texts */
    ingest_text title;
    float value;
    int64_t time;
    double number[COR_KEPT_LIMIT]; /* kept */
} ingest_row;

static inline unsigned ingest_digit(char c)
{
    return (unsigned)(unsigned char)c - '0';
}

/* Of the eight characters at p those before the first that is no digit: their
   count and their number. All at once, because a loop over one to seven digits
   ends where no processor can foretell. */
static inline int64_t ingest_eight_digits(const char *p, uint64_t *number)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
        x = __builtin_bswap64(x);
    x ^= UINT64_C(0x3030303030303030); /* digits become 0 to 9 */
    uint64_t other =
        ((x & UINT64_C(0x7f7f7f7f7f7f7f7f)) + UINT64_C(0x7676767676767676)) | x;
    other &= UINT64_C(0x8080808080808080);
    int64_t count = other ? __builtin_ctzll(other) / 8 : 8;
    x = count ? x << (64 - 8 * count) : 0; /* zeros in front */
    x = x * 10 + (x >> 8);                 /* pairs, then fours, then eight */
    *number =
        ((x & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064) +
         ((x >> 16) & UINT64_C(0x000000ff000000ff)) *
             UINT64_C(0x0000271000000001)) >>
        32;
    return count;
}

/* More digits at p behind those of `number`; the first byte after them. Exact
   up to 19 digits in all. For lengths that are much the same in all rows, so
   that the loop's end is foreseen. */
static inline const char *ingest_digits(const char *p, uint64_t *number)
{
    uint64_t n = *number;
    for (unsigned d; (d = ingest_digit(*p)) < 10; p++)
        n = n * 10 + d;
    *number = n;
    return p;
}

/* A canonical non-negative integer of at most 18 digits, or NULL. */
static inline const char *ingest_simple_id(const char *p, int64_t *id)
{
    uint64_t number;
    const char *end = p + ingest_eight_digits(p, &number);
    if (end == p + 8)
        end = ingest_digits(end, &number);
    int64_t length = end - p;
    if (length < 1 || length > 18 || (*p == '0' && length > 1))
        return NULL;
    *id = (int64_t)number;
    return end;
}

/* A decimal number of at most 15 digits: its digits are an exact double, so the
   quotient rounds once. NULL for any other. */
static inline const char *ingest_simple_number(const char *p, double *value)
{
    static const double power[] = {1e0,  1e1,  1e2,  1e3, 1e4,  1e5,
                                   1e6,  1e7,  1e8,  1e9, 1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15};
    bool negative = *p == '-';
    p += negative;
    uint64_t number = 0;
    const char *end = ingest_digits(p, &number);
    int64_t digits = end - p, decimals = 0;
    if (*end == '.') {
        const char *point = end;
        end = ingest_digits(point + 1, &number);
        decimals = end - point - 1;
        digits += decimals;
    }
    if (digits < 1 || digits > 15)
        return NULL;
    double magnitude = (double)(int64_t)number;
    if (decimals)
        magnitude /= power[decimals];
    *value = negative ? -magnitude : magnitude;
    return end;
}

static inline const char *ingest_simple_value(const char *p, float *value)
{
    unsigned whole = ingest_digit(p[0]), tenth = ingest_digit(p[2]);
    if (whole < 10 && p[1] == '.' && tenth < 10 && ingest_digit(p[3]) > 9) {
        /* the usual rating; of floats so small the quotient is the same */
        *value = (float)(whole * 10 + tenth) / 10.0F;
        return p + 3;
    }
    double number = 0;
    p = ingest_simple_number(p, &number);
    *value = (float)number;
    return p;
}

/* Of up to 15 digits: seconds have nine or ten by chance, which a loop would
   have to foretell. */
static inline const char *ingest_simple_seconds(const char *p, int64_t *time)
{
    static const int64_t power[] = {1,     10,     100,     1000,
                                    10000, 100000, 1000000, 10000000};
    uint64_t high, low;
    int64_t length = ingest_eight_digits(p, &high), more = 0;
    *time = (int64_t)high;
    if (length == 8) {
        more = ingest_eight_digits(p + 8, &low);
        *time = (int64_t)high * power[more & 7] + (int64_t)low;
    }
    return length && more < 8 ? p + length + more : NULL;
}

/* The separator or newline that ends a field without quotes; p must have a
   newline somewhere. */
static inline const char *ingest_simple_end(const cor_dialect *d, const char *p)
{
    const char first = d->separator[0];
    while (*p != '\n' && !(*p == first && cor_is_separator(d, p)))
        p++;
    return p;
}

/* A kept number, or none. */
static inline const char *ingest_simple_kept(const cor_dialect *d,
                                             const char *p, double *number)
{
    const char *end = ingest_simple_number(p, number);
    if (end)
        return end;
    *number = (double)NAN;
    return *p == '\n' || *p == '\r' || cor_is_separator(d, p) ? p : NULL;
}

/* The text of the field at p; `after` is its separator or newline. */
static inline ingest_text ingest_simple_text(const char *p, const char *after)
{
    bool carriage = *after == '\n' && after > p && after[-1] == '\r';
    return (ingest_text){p, after - carriage};
}

static inline const char *ingest_simple_field(const ingest_reading *r,
                                              const ingest_need *n,
                                              const char *p, ingest_row *row)
{
    if (n->how == HOW_NUMBER_ID)
        return ingest_simple_id(p, &row->id[n->role]);
    if (n->how == HOW_VALUE)
        return ingest_simple_value(p, &row->value);
    if (n->how == HOW_SECONDS)
        return ingest_simple_seconds(p, &row->time);
    if (n->how == HOW_KEPT_NUMBER)
        return ingest_simple_kept(&r->dialect, p,
                                  &row->number[n->role - ROLE_KEPT]);
    if (r->dialect.quotes && *p == '"')
        return NULL;
    const char *after = ingest_simple_end(&r->dialect, p);
    ingest_text text = ingest_simple_text(p, after);
    if (n->how == HOW_TEXT_ID)
        row->text[n->role] = text;
    else if (n->how == HOW_KEPT_TEXT)
        row->text[SIDE_KEPT + n->role - ROLE_KEPT] = text;
    else if (n->how == HOW_TITLE)
        row->title = text;
    else if (!ingest_time(r->time_pattern, r->time_format, text.begin, text.end,
                          &row->time))
        return NULL;
    return text.end;
}

/* Pass over fields up to `to`; p is at field `from`. NULL where the row ends
   before or a field is quoted. */
static inline const char *ingest_simple_skip(const cor_dialect *d,
                                             const char *p, int32_t from,
                                             int32_t to)
{
    for (; from < to; from++) {
        if (d->quotes && *p == '"')
            return NULL;
        p = ingest_simple_end(d, p);
        if (*p == '\n')
            return NULL;
        p += d->length;
    }
    return p;
}

/* Read the row at p, before which the caller knows a newline lies within reach.
   @return the first byte after the row; NULL: not simple, read it exactly */
static inline const char *ingest_simple_row(const ingest_reading *r,
                                            const char *p, ingest_row *row)
{
    const cor_dialect *d = &r->dialect;
    const int32_t last = r->fields - 1;
    int32_t field = 0;
    for (int32_t n = 0; n < r->needs; n++) {
        p = ingest_simple_skip(d, p, field, r->need[n].field);
        if (p)
            p = ingest_simple_field(r, &r->need[n], p, row);
        if (!p)
            return NULL;
        field = r->need[n].field;
        if (field == last)
            break;
        if (!cor_is_separator(d, p))
            return NULL;
        p += d->length;
        field++;
    }
    if (r->need[r->needs - 1].field < last) {
        p = ingest_simple_skip(d, p, field, last);
        if (!p || (d->quotes && *p == '"'))
            return NULL;
        p = ingest_simple_end(d, p);
        if (*p != '\n')
            return NULL;
    }
    if (*p == '\r')
        p++;
    return *p == '\n' ? p + 1 : NULL;
}

/* Whether all of a row are integer ids, a value and maybe seconds, in this
   order, with one byte between them. */
static inline bool ingest_is_usual(const ingest_reading *r)
{
    static const enum how usual[] = {HOW_NUMBER_ID, HOW_NUMBER_ID, HOW_VALUE,
                                     HOW_SECONDS};
    if (r->needs != r->fields || r->needs < 3 || r->needs > 4 ||
        r->dialect.length != 1)
        return false;
    for (int32_t n = 0; n < r->needs; n++)
        if (r->need[n].role != n || r->need[n].how != usual[n])
            return false;
    return true;
}

/* As ingest_simple_row for a usual row; `timed` is a constant where inlined, so
   that nothing is left to be asked. */
static inline const char *ingest_usual_row(char separator, bool timed,
                                           const char *p, int64_t *user,
                                           int64_t *item, float *value,
                                           int64_t *time)
{
    p = ingest_simple_id(p, user);
    if (!p || *p != separator)
        return NULL;
    p = ingest_simple_id(p + 1, item);
    if (!p || *p != separator)
        return NULL;
    p = ingest_simple_value(p + 1, value);
    if (timed) {
        if (!p || *p != separator)
            return NULL;
        p = ingest_simple_seconds(p + 1, time);
    }
    if (!p)
        return NULL;
    p += *p == '\r';
    return *p == '\n' ? p + 1 : NULL;
}

#endif
