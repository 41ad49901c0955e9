#include "coracle/memory.h"
#include "pca_parts.h"

/* One loop a type; the compiler vectorises it. */
#define DEFINE_LESS(real)                                                      \
    static void less_##real(const real *from, int64_t count,                   \
                            const double *center, double *to)                  \
    {                                                                          \
        for (int64_t i = 0; i < count; i++)                                    \
            to[i] = (double)from[i] - center[i];                               \
    }
DEFINE_LESS(float)
DEFINE_LESS(double)

void pca_less(enum cor_type type, const void *number, int64_t at, int64_t count,
              const double *center, double *out)
{
    if (type == COR_FLOAT64)
        less_double((const double *)number + at, count, center, out);
    else
        less_float((const float *)number + at, count, center, out);
}

void pca_block(const cor_matrix *matrix, int64_t row, int64_t rows,
               int64_t column, int64_t columns, const double *center,
               double *block, int64_t ld)
{
    for (int64_t r = 0; r < rows; r++)
        pca_less(matrix->type, matrix->value,
                 (row + r) * matrix->columns + column, columns, center + column,
                 block + r * ld);
}

/* Square by square, so that both sides stay in cache. */
void pca_turn(const cor_team *team, int64_t rows, int64_t columns,
              const double *in, double *out)
{
    enum { SIDE = 32 };
#pragma omp parallel for num_threads(cor_team_threads(team))
    for (int64_t r = 0; r < rows; r += SIDE)
        for (int64_t c = 0; c < columns; c += SIDE)
            for (int64_t i = r; i < rows && i < r + SIDE; i++)
                for (int64_t j = c; j < columns && j < c + SIDE; j++)
                    out[j * rows + i] = in[i * columns + j];
}

int pca_tiles(const cor_team *team, const cor_shards *shards, int64_t **begin,
              int64_t *tiles)
{
    int rank = cor_team_rank(team);
    int64_t first = cor_shards_first(shards, rank),
            last = cor_shards_first(shards, rank + 1), count = 0;
    int64_t row = cor_shards_begin(shards, first);
    for (int64_t s = first; s < last; s++)
        count += (cor_shards_begin(shards, s + 1) -
                  cor_shards_begin(shards, s) + PCA_TILE - 1) /
                 PCA_TILE;
    COR_TRY(cor_allocate(begin, count + 1, sizeof **begin, "tiles of rows"));
    *tiles = count;
    count = 0;
    for (int64_t s = first; s < last; s++)
        for (int64_t at = cor_shards_begin(shards, s);
             at < cor_shards_begin(shards, s + 1); at += PCA_TILE)
            (*begin)[count++] = at - row;
    (*begin)[count] = cor_shards_begin(shards, last) - row;
    return COR_OK;
}
