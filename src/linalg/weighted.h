/**
 * Weighted rows: gathered with a weight a row and a scale a factor; and what
 * conjugate gradients ask of them, where they stand: a pass that takes each
 * row's product with x and adds the row, so weighted, to a sum while it is in
 * the first cache. Bound by loads: a row is read twice for two multiply-adds a
 * number.
 */
#ifndef WEIGHTED_H
#define WEIGHTED_H

#include "rows.h"

static void gather_scaled(const float *table, int64_t ld, int64_t width,
                          const int32_t *index, int64_t count, int64_t ahead,
                          const float *weight, const float *scale, float *rows)
{
    for (int64_t z = 0; z < count; z++) {
        if (z + COR_FETCH_ROWS < ahead)
            fetch(table + index[z + COR_FETCH_ROWS] * ld, width);
        const float *row = table + index[z] * ld;
        float w = weight ? weight[z] : 1;
        for (int64_t f = 0; f < width; f += LANES)
            store(rows + z * width + f, load(row + f) * (load(scale + f) * w));
    }
}

static void scale_columns(float *columns, int64_t ld, int64_t factors,
                          int64_t count, const float *weight,
                          const float *scale)
{
    for (int64_t f = 0; f < factors; f++)
        for (int64_t z = 0; z < count; z++)
            columns[f * ld + z] *= scale[f] * (weight ? weight[z] : 1);
}

/* The products of 8 rows with x. */
INLINE octet row_products(const float *const row[8], int64_t ld, const float *x)
{
    lanes acc[8][PARTS];
    octet scores[8];
    EACH (z, 0, 8)
        EACH (p, 0, PARTS)
            acc[z][p] = (lanes){0};
    for (int64_t f = 0; f < ld; f += LOGICAL)
        EACH (p, 0, PARTS) {
            lanes v = load(x + f + p * LANES);
            EACH (z, 0, 8)
                acc[z][p] += load(row[z] + f + p * LANES) * v;
        }
    EACH (z, 0, 8)
        scores[z] = sum_halves(acc[z]);
    return sum_octets(scores);
}

/* out += 8 rows times their coefficients. */
INLINE void add_rows(const float *const row[8], int64_t ld,
                     const float *coefficient, float *out)
{
    for (int64_t f = 0; f < ld; f += LANES) {
        lanes sum = load(out + f);
        EACH (z, 0, 8)
            sum += load(row[z] + f) * coefficient[z];
        store(out + f, sum);
    }
}

static void residual(const float *table, int64_t ld, const int32_t *index,
                     int64_t count, int64_t ahead, const float *square,
                     const float *target, const float *x, float *error,
                     float *out)
{
    int64_t z = 0;
    for (; z + 8 <= count; z += 8) {
        const float *row[8];
        float coefficient[8];
        EACH (i, 0, 8)
            row[i] = table + index[z + i] * ld;
        EACH (i, 0, 8)
            if (z + i + COR_FETCH_ROWS < ahead)
                fetch(table + index[z + i + COR_FETCH_ROWS] * ld, ld);
        octet e = load_octet(target + z) - row_products(row, ld, x);
        store_octet(error + z, e);
        store_octet(coefficient, e * load_octet(square + z));
        add_rows(row, ld, coefficient, out);
    }
    for (; z < count; z++) {
        const float *row = table + index[z] * ld;
        error[z] = target[z] - dot(row, x, ld);
        float coefficient = error[z] * square[z];
        for (int64_t f = 0; f < ld; f += LANES)
            store(out + f, load(out + f) + load(row + f) * coefficient);
    }
}

#endif
