/**
 * Values of a result as text for people. What a number means follows from its
 * key: the id of a user is a name and not a count, a time is a date, memory is
 * in bytes; counts are grouped by thousands.
 */
#ifndef VALUE_TEXT_H
#define VALUE_TEXT_H

#include <jansson.h>
#include <stdbool.h>

/** Whether a key says what its numbers are, those inside it too. */
bool cor_key_has_meaning(const char *key);

/** Columns that UTF-8 text takes: its code points. */
int cor_text_width(const char *text);

/** A copy of a text for free() in which what would move the cursor is a blank;
    NULL: no memory. */
char *cor_plain_text(const char *text);

/**
 * A value on one line, for free(); NULL: no memory. Objects and lists are given
 * as JSON.
 * @param[in] key       the member's name, may be NULL
 * @param[in] decimals  digits after the point of a real number; -1: six
 *                      significant digits
 */
char *cor_value_text(const char *key, const json_t *value, int decimals);

#endif
