/**
 * Text to numbers and back, without locale and without reading past the end.
 */
#ifndef CORACLE_TEXT_H
#define CORACLE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Parse all of [begin, end) as a canonical decimal integer: no sign but a
 * leading '-', no leading zero, no blanks, within 64 bits. Canonical means that
 * printing it gives the same text, so an id read as a number loses nothing.
 */
bool cor_text_int64(const char *begin, const char *end, int64_t *value);

/**
 * Parse all of [begin, end) as a finite decimal number (sign, digits, point,
 * exponent), correctly rounded. `nan`, `inf` and hexadecimal are refused.
 */
bool cor_text_double(const char *begin, const char *end, double *value);

/**
 * The same of the longest number that [begin, end) begins with.
 * @return the first byte behind it; NULL where there is none, or it is beyond a
 * double
 */
const char *cor_text_number(const char *begin, const char *end, double *value);

/** Room for a number that is printed, with its final zero. */
enum { COR_NUMBER_SIZE = 32 };

/**
 * Print the shortest decimal that reads back as the same double (or float), of
 * several the nearest to it; as `%g` would, so 0.1, 1e+22, -0, inf, nan.
 * @return its length
 */
int cor_text_print_double(double value, char out[COR_NUMBER_SIZE]);
int cor_text_print_float(float value, char out[COR_NUMBER_SIZE]);

/** How a timestamp is written. */
enum cor_time_format {
    COR_TIME_AUTO,    /* guessed from the text: digits are unix seconds */
    COR_TIME_UNIX,    /* seconds since 1970, a fraction is cut off */
    COR_TIME_UNIX_MS, /* milliseconds since 1970 */
    COR_TIME_ISO8601  /* 2018-09-23T04:05:06[.789][Z|+01:00], T or a blank */
};

/** Parse all of [begin, end) as a time in seconds since 1970 UTC. */
bool cor_text_time(const char *begin, const char *end,
                   enum cor_time_format format, int64_t *seconds);

/** Whether [begin, end) is well-formed UTF-8 without a zero byte. */
bool cor_text_is_utf8(const char *begin, const char *end);

#endif
