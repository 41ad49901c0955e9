/**
 * Conditions on a record's fields:
 *
 *     title icontains "data scientist" and salary.value.maxValue >= 100000
 *
 * An expression is made of comparisons, `and`, `or`, `not` and parentheses;
 * `not` binds closest, then `and`. A comparison has a path (path.h) or a value
 * on either side. Values are texts between double quotes (with the escapes of
 * JSON) or single quotes (as they stand, '' being one quote), numbers, true,
 * false, null.
 *
 *     = != < <= > >=      == is the same as =
 *     contains            a text has this text in it
 *     icontains           the same whatever the case (Unicode, letter by
 * letter) matches             a Perl-compatible regular expression fits
 * somewhere in                  ("a", "b"), or an array: the value is one of
 * these exists              behind a path: the record has the field
 *
 * A field that is missing makes a comparison false, != too. A text that holds a
 * number is a number where the other side is one. Values of different kinds are
 * different, and none is less. An array fits where one of its elements does; !=
 * holds where = does not. All of it is local.
 */
#ifndef CORACLE_WHERE_H
#define CORACLE_WHERE_H

#include "coracle/field.h"
#include "coracle/path.h"

/** A condition, compiled; threads share it. */
typedef struct cor_where cor_where;
/** What one thread needs to test it. */
typedef struct cor_where_scratch cor_where_scratch;

/**
 * @param[in] option  the option's name, for the message
 * @return COR_OK; COR_EUSAGE: what is wrong, the line and a caret below the
 * place; COR_EMEMORY
 */
int cor_where_compile(const char *text, const char *option, cor_where **where);
/** NULL inside is accepted by both. */
void cor_where_destroy(cor_where **where);

/** The paths whose fields it wants, each once; borrowed. */
const cor_path *cor_where_paths(const cor_where *where, int *paths);

/** @param[in] utf8  fields are known to be well-formed UTF-8; else `icontains`
    and `matches` find nothing in one that is not */
int cor_where_scratch_create(bool utf8, cor_where_scratch **scratch);
void cor_where_scratch_destroy(cor_where_scratch **scratch);

/**
 * Whether a record fits. @param[in] field  one a path
 * @return COR_OK; COR_EDATA: a regular expression gave up; COR_EMEMORY
 */
int cor_where_test(const cor_where *where, cor_where_scratch *scratch,
                   const cor_field *field, bool *fits);

#endif
