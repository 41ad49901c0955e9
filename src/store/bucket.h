/** One bucket of neighbouring users: its rows sorted and put into columns. */
#ifndef STORE_BUCKET_H
#define STORE_BUCKET_H

#include "record.h"

/** Rows of a bucket that one rank sent, in its order. */
typedef struct cor_piece {
    const uint32_t *record;
    int64_t rows;
} cor_piece;

/** Work space for buckets of at most so many rows; one a thread. */
typedef struct cor_desk {
    uint64_t *key, *spare;
    uint32_t *record; /* the pieces side by side; NULL until there are two */
    int64_t rows;
} cor_desk;

int cor_desk_open(int64_t rows, cor_desk *desk);
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
