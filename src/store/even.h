/** Even runs: where part `part` of `parts` of `total` rows begins. */
#ifndef STORE_EVEN_H
#define STORE_EVEN_H

#include <stdint.h>

static inline int64_t cor_even_begin(int64_t total, int64_t part, int64_t parts)
{
    return total / parts * part + total % parts * part / parts;
}

/** The part that row `row` of `total` falls into. */
static inline int64_t cor_even_part(int64_t total, int64_t row, int64_t parts)
{
    int64_t part = (int64_t)((double)row * (double)parts / (double)total);
    while (part > 0 && cor_even_begin(total, part, parts) > row)
        part--;
    while (part + 1 < parts && cor_even_begin(total, part + 1, parts) <= row)
        part++;
    return part;
}

#endif
