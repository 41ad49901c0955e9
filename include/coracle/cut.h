/**
 * Cuts: rows cut into contiguous parts, evenly or at given beginnings, and the
 * part that holds a row. One place, so that all agree on who has what.
 */
#ifndef CORACLE_CUT_H
#define CORACLE_CUT_H

#include <stdint.h>

/** First row of `part` when `total` rows are cut evenly into `parts`; the part
    may be the number of parts, which gives the total. Does not overflow. */
static inline int64_t cor_cut_begin(int64_t total, int64_t part, int64_t parts)
{
    return total / parts * part + total % parts * part / parts;
}

/** The part of an even cut that holds a row; the row must exist. */
static inline int64_t cor_cut_part(int64_t total, int64_t row, int64_t parts)
{
    int64_t part = (int64_t)((double)row * (double)parts / (double)total);
    while (part > 0 && cor_cut_begin(total, part, parts) > row)
        part--;
    while (part + 1 < parts && cor_cut_begin(total, part + 1, parts) <= row)
        part++;
    return part;
}

/**
 * The last of `count` ascending beginnings that is at most `row`, or 0: the
 * part that holds the row. Of parts that begin alike, all but the last are
 * empty.
 */
static inline int64_t cor_cut_find(const int64_t *begin, int64_t count,
                                   int64_t row)
{
    int64_t low = 0, high = count;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (begin[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

#endif
