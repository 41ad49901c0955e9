/** One bucket of neighbouring users: its rows sorted and put into columns. */
#ifndef STORE_BUCKET_H
#define STORE_BUCKET_H

#include "record.h"

/** Rows of a bucket that one rank sent, in its order. */
typedef struct cor_piece {
    const uint32_t *record;
    int64_t rows;
} cor_piece;

/** Work space, which grows as buckets need it; zeroed at first, one a thread.
 */
typedef struct cor_desk {
    uint64_t *key, *spare;
    int64_t keys, spares; /* room in them */
    uint32_t *record;     /* a bucket's rows, cell by cell or as they came */
    int64_t words;        /* room in it */
    int64_t *cell; /* first row of each, and of what is behind the last */
    int64_t cells;
} cor_desk;

/** A cell's records and keys stay in the second-level cache. */
enum { CELL_ROWS = 16384 };

void cor_desk_close(cor_desk *desk);

/**
 * Sort the rows of `pieces` pieces by user, then time, then the order they are
 * in, and write them as rows of the data from `begin` on. Users differ in the
 * lowest `user_bits` bits alone. Local. @return COR_OK; COR_EMEMORY
 */
int cor_bucket_sort(const cor_piece *piece, int64_t pieces, cor_words words,
                    int user_bits, int64_t earliest, cor_desk *desk,
                    cor_interactions *data, int64_t begin);

#endif
