/**
 * Rows of the table: gathering them into a small block in the cache, plain and
 * turned, and sums of rows.
 */
#ifndef ROWS_H
#define ROWS_H

#include "lanes.h"

static float dot(const float *a, const float *b, int64_t ld)
{
    lanes acc[PARTS] = {0};
    for (int64_t f = 0; f < ld; f += LOGICAL)
        EACH (p, 0, PARTS)
            acc[p] += load(a + f + p * LANES) * load(b + f + p * LANES);
    float s[8];
    store_octet(s, sum_halves(acc));
    for (int width = 4; width > 0; width /= 2)
        for (int i = 0; i < width; i++)
            s[i] += s[i + width];
    return s[0];
}

INLINE void fetch(const float *row, int64_t ld)
{
    for (int64_t f = 0; f < ld; f += LOGICAL)
        __builtin_prefetch(row + f);
}

static void gather(const float *table, int64_t ld, const int32_t *index,
                   int64_t count, int64_t ahead, float *rows)
{
    for (int64_t z = 0; z < count; z++) {
        if (z + COR_FETCH_ROWS < ahead)
            fetch(table + index[z + COR_FETCH_ROWS] * ld, ld);
        const float *row = table + index[z] * ld;
        for (int64_t f = 0; f < ld; f += LANES)
            store(rows + z * ld + f, load(row + f));
    }
}

/* Turn 8 rows, from factor f on, into 8 columns. */
INLINE void turn(const float *const row[8], int64_t f, float *out,
                 int64_t out_ld)
{
    const octet_places low1 = {0, 8, 2, 10, 4, 12, 6, 14};
    const octet_places high1 = {1, 9, 3, 11, 5, 13, 7, 15};
    const octet_places low2 = {0, 1, 8, 9, 4, 5, 12, 13};
    const octet_places high2 = {2, 3, 10, 11, 6, 7, 14, 15};
    const octet_places low4 = {0, 1, 2, 3, 8, 9, 10, 11};
    const octet_places high4 = {4, 5, 6, 7, 12, 13, 14, 15};
    octet a[8], b[8];
    EACH (i, 0, 8)
        a[i] = load_octet(row[i] + f);
    EACH (i, 0, 8)
        b[i] = __builtin_shuffle(a[i & ~1], a[i | 1], (i & 1) ? high1 : low1);
    EACH (i, 0, 8) {
        int base = (i & ~3) + (i & 1);
        a[i] = __builtin_shuffle(b[base], b[base + 2], (i & 2) ? high2 : low2);
    }
    EACH (i, 0, 4) {
        store_octet(out + i * out_ld, __builtin_shuffle(a[i], a[i + 4], low4));
        store_octet(out + (i + 4) * out_ld,
                    __builtin_shuffle(a[i], a[i + 4], high4));
    }
}

/* The columns z .. z + 8 of gather_columns. */
static void gather_octet(const float *const row[8], int64_t ld, float *out,
                         int64_t out_ld)
{
    for (int64_t f = 0; f < ld; f += 8)
        turn(row, f, out + f * out_ld, out_ld);
}

static void gather_columns(const float *table, int64_t ld, const int32_t *index,
                           int64_t count, const float *zeros, float *out,
                           int64_t out_ld)
{
    for (int64_t z = 0; z < count && z < COR_FETCH_ROWS; z++)
        fetch(table + index[z] * ld, ld);
    for (int64_t z = 0; z < count; z += 8) {
        const float *row[8];
        for (int64_t i = z; i < z + 8; i++) {
            row[i - z] = i < count ? table + index[i] * ld : zeros;
            if (i + COR_FETCH_ROWS < count)
                fetch(table + index[i + COR_FETCH_ROWS] * ld, ld);
        }
        gather_octet(row, ld, out + z, out_ld);
    }
    for (int64_t z = (count + 7) / 8 * 8; z < out_ld; z += 8)
        for (int64_t f = 0; f < ld; f++)
            store_octet(out + f * out_ld + z, (octet){0});
}

INLINE void row_sums_part(const float *rows, int64_t ld, int64_t count,
                          const float *target, float *sum, float *dual,
                          int vectors)
{
    lanes s[4], g[4];
    EACH (v, 0, vectors) {
        s[v] = load(sum + v * LANES);
        g[v] = load(dual + v * LANES);
    }
    for (int64_t z = 0; z < count; z++)
        EACH (v, 0, vectors) {
            lanes y = load(rows + z * ld + v * LANES);
            s[v] += y;
            g[v] += y * target[z];
        }
    EACH (v, 0, vectors) {
        store(sum + v * LANES, s[v]);
        store(dual + v * LANES, g[v]);
    }
}

static void row_sums(const float *rows, int64_t ld, int64_t count,
                     const float *target, float *sum, float *dual)
{
    int64_t f = 0;
    for (; f + 4 * LANES <= ld; f += 4 * LANES)
        row_sums_part(rows + f, ld, count, target, sum + f, dual + f, 4);
    for (; f < ld; f += LANES)
        row_sums_part(rows + f, ld, count, target, sum + f, dual + f, 1);
}

INLINE void combine_part(const float *table, int64_t ld, const int32_t *index,
                         int64_t count, const float *weight, float *x,
                         int vectors)
{
    lanes acc[4];
    EACH (v, 0, vectors)
        acc[v] = (lanes){0};
    for (int64_t z = 0; z < count; z++) {
        const float *row = table + index[z] * ld;
        EACH (v, 0, vectors)
            acc[v] += load(row + v * LANES) * weight[z];
    }
    EACH (v, 0, vectors)
        store(x + v * LANES, acc[v]);
}

static void combine(const float *table, int64_t ld, const int32_t *index,
                    int64_t count, const float *weight, float *x)
{
    int64_t f = 0;
    for (; f + 4 * LANES <= ld; f += 4 * LANES)
        combine_part(table + f, ld, index, count, weight, x + f, 4);
    for (; f < ld; f += LANES)
        combine_part(table + f, ld, index, count, weight, x + f, 1);
}

#endif
