/**
 * Times written as a pattern says, such as "%m %d, %Y" for "09 13, 2009". Of
 * strptime's directives those below, in English whatever the locale, and
 * strictly: all of the text, no day that does not exist.
 *
 *   %Y 2009   %y 09 (1969 to 2068)   %m 9, 09   %d %e 3, 03   %j day of the
 * year %b %B Sep, September   %a %A Sun, Sunday (must be that day) %H 0 to 23
 * %I 1 to 12 with %p AM, PM   %M   %S to 60   %f a fraction %z +0200, +02:00,
 * +02, Z   %Z UTC, GMT   %s seconds since 1970 %F is %Y-%m-%d, %T is %H:%M:%S,
 * %R is %H:%M, %D is %m/%d/%y; %% is %
 *
 * A blank stands for any number of them, at least one; other characters for
 * themselves. Times are UTC unless %z says otherwise; a fraction is cut off.
 */
#ifndef CORACLE_TIME_PATTERN_H
#define CORACLE_TIME_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

/** Whether a pattern makes sense: directives that there are, and a day.
    @return COR_OK; COR_EUSAGE */
int cor_time_pattern_check(const char *pattern);

/** Read all of [begin, end) as a time in seconds since 1970 UTC; the pattern
    makes sense. False where the text is none. */
bool cor_time_pattern_read(const char *pattern, const char *begin,
                           const char *end, int64_t *seconds);

#endif
