/**
 * Regular expressions, and texts whatever their case, by PCRE2.
 */
#ifndef COR_PATTERN_H
#define COR_PATTERN_H

#include "coracle/csv.h"

typedef struct cor_pattern cor_pattern;
typedef struct cor_pattern_scratch cor_pattern_scratch;

/**
 * Compile a regular expression, or with `literal` a text that fits whatever its
 * case. @param[out] wrong  on COR_EUSAGE the byte that the message is about
 */
int cor_pattern_compile(const char *text, size_t length, bool literal,
                        cor_pattern **pattern, size_t *wrong);
/** NULL inside is accepted by both. */
void cor_pattern_destroy(cor_pattern **pattern);

/** What a thread needs; `utf8`: the texts are known to be well-formed. */
int cor_pattern_scratch_create(bool utf8, cor_pattern_scratch **scratch);
void cor_pattern_scratch_destroy(cor_pattern_scratch **scratch);

/** Whether it fits somewhere. A text that is not UTF-8 has no place where.
    @return COR_OK; COR_EDATA: too many steps; COR_EMEMORY */
int cor_pattern_find(const cor_pattern *pattern, cor_pattern_scratch *scratch,
                     const char *begin, const char *end, bool *found);

#endif
