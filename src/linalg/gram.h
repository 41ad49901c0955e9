/**
 * Gram matrices by tiles held in registers: TILE_VECTORS vectors of rows by
 * TILE_COLUMNS columns, one multiply-add each for every row of data. The bound
 * is the multiply-add rate; a tile reads TILE_VECTORS vectors and TILE_COLUMNS
 * numbers for their product of multiply-adds.
 */
#ifndef GRAM_H
#define GRAM_H

#include "lanes.h"

#if COR_LANES == 16
enum { TILE_VECTORS = 2, TILE_COLUMNS = 8 };
#else
enum { TILE_VECTORS = 2, TILE_COLUMNS = 4 };
#endif
enum { MOST_VECTORS = 2, MOST_COLUMNS = 8 };

typedef lanes tile[MOST_COLUMNS][MOST_VECTORS];

INLINE void tile_load(tile t, const float *matrix, int64_t ld, int vectors,
                      int columns)
{
    EACH (c, 0, columns)
        EACH (v, 0, vectors)
            t[c][v] = load(matrix + c * ld + v * LANES);
}

INLINE void tile_store(const tile t, float *matrix, int64_t ld, int vectors,
                       int columns)
{
    EACH (c, 0, columns)
        EACH (v, 0, vectors)
            store(matrix + c * ld + v * LANES, t[c][v]);
}

/* t += sum over z of down[z] across[z]^T, data rows `ld` apart; or -=. */
INLINE void tile_multiply(tile t, const float *down, const float *across,
                          int64_t ld, int64_t count, bool subtract, int vectors,
                          int columns)
{
    for (int64_t z = 0; z < count; z++, down += ld, across += ld) {
        lanes u[MOST_VECTORS];
        EACH (v, 0, vectors)
            u[v] = load(down + v * LANES);
        EACH (c, 0, columns)
            EACH (v, 0, vectors)
                if (subtract)
                    t[c][v] -= u[v] * across[c];
                else
                    t[c][v] += u[v] * across[c];
    }
}

INLINE void gram_tile(const float *rows, int64_t ld, int64_t count, int64_t r,
                      int64_t c, bool fresh, float *matrix, int vectors)
{
    tile t = {{{0}}};
    float *at = matrix + c * ld + r;
    if (!fresh)
        tile_load(t, at, ld, vectors, TILE_COLUMNS);
    tile_multiply(t, rows + r, rows + c, ld, count, false, vectors,
                  TILE_COLUMNS);
    tile_store(t, at, ld, vectors, TILE_COLUMNS);
}

static void gram(const float *rows, int64_t ld, int64_t count, int64_t order,
                 bool fresh, float *matrix)
{
    /* Whole panels of 8 columns, as the factorisation takes them. */
    int64_t columns = (order + 7) / 8 * 8;
    for (int64_t c = 0; c < columns; c += TILE_COLUMNS) {
        int64_t r = c / LOGICAL * LOGICAL;
        for (; r + TILE_VECTORS * LANES <= ld; r += TILE_VECTORS * LANES)
            gram_tile(rows, ld, count, r, c, fresh, matrix, TILE_VECTORS);
        for (; r < ld; r += LANES)
            gram_tile(rows, ld, count, r, c, fresh, matrix, 1);
    }
}

static void downdate(float *matrix, int64_t ld, int64_t order,
                     const float *vector, float scale)
{
    for (int64_t c = 0; c < order; c++) {
        float weight = vector[c] * scale;
        float *column = matrix + c * ld;
        for (int64_t r = c / LOGICAL * LOGICAL; r < ld; r += LANES)
            store(column + r, load(column + r) - load(vector + r) * weight);
    }
}

#endif
