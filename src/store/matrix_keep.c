#include "coracle/matrix.h"

#include "coracle/memory.h"

#include <string.h>

/* How many of each shard's rows go on: mine counted, then all. */
static void count_kept(const cor_team *team, const cor_matrix *matrix,
                       const int8_t *keep, int64_t *kept)
{
    int rank = cor_team_rank(team);
    int64_t shards = cor_shards_count(matrix->shards), row = 0;
    memset(kept, 0, (size_t)shards * sizeof *kept);
    for (int64_t s = cor_shards_first(matrix->shards, rank);
         s < cor_shards_first(matrix->shards, rank + 1); s++)
        for (; row < cor_shards_begin(matrix->shards, s + 1) - matrix->first;
             row++)
            kept[s] += keep[row] != 0;
    cor_team_sum(team, kept, shards);
}

/* The numbers that go on, moved together. */
static void close_gaps(cor_matrix *matrix, const int8_t *keep)
{
    size_t width =
        (size_t)matrix->columns * (size_t)cor_type_size(matrix->type, 0);
    char *value = matrix->value;
    int64_t kept = 0;
    for (int64_t row = 0; row < matrix->count; row++)
        if (keep[row]) {
            if (kept < row)
                memcpy(value + (size_t)kept * width,
                       value + (size_t)row * width, width);
            kept++;
        }
    matrix->count = kept;
}

int cor_matrix_keep(const cor_team *team, const int8_t *keep,
                    cor_matrix *matrix)
{
    int64_t shards = cor_shards_count(matrix->shards), rows = 0;
    int64_t *begin = NULL;
    cor_shards *fewer = NULL;
    int rc = cor_agree(team, COR_NEW(&begin, shards + 1));
    if (rc == COR_OK) {
        count_kept(team, matrix, keep, begin);
        for (int64_t s = 0; s <= shards; s++) {
            int64_t kept = s < shards ? begin[s] : 0;
            begin[s] = rows;
            rows += kept;
        }
        rc = cor_agree(team,
                       cor_shards_create_like(matrix->shards, begin, &fewer));
    }
    cor_free(begin);
    COR_TRY(rc);
    close_gaps(matrix, keep);
    cor_shards_destroy(&matrix->shards);
    matrix->shards = fewer;
    matrix->rows = rows;
    matrix->first = cor_shards_first_row(fewer, cor_team_rank(team));
    return COR_OK;
}
