/**
 * From a tile of rows to densities: turning, whitening, distances,
 * responsibilities. Blocks of BLOCK vectors of rows by 4 columns or components
 * stay in registers; the bound is the multiply-add rate, 2 operands loaded for
 * 4 of them.
 */
#ifndef DENSITY_H
#define DENSITY_H

#include "exponent.h"

enum { BATCH = 4 }; /* columns or components of a block */

typedef wide block4[BATCH][BLOCK];

/* Vectors of rows that are in use, whole groups. */
INLINE int64_t used_rows(const cor_tile *strip)
{
    return (strip->rows + COR_GROUP - 1) / COR_GROUP * COR_GROUP;
}

/* 8 rows by 8 columns at a time. */
INLINE void turn_group(const double *row, int64_t columns, const double *center,
                       double *x, int64_t ld)
{
    const group_places low1 = {0, 8, 2, 10, 4, 12, 6, 14};
    const group_places high1 = {1, 9, 3, 11, 5, 13, 7, 15};
    const group_places low2 = {0, 1, 8, 9, 4, 5, 12, 13};
    const group_places high2 = {2, 3, 10, 11, 6, 7, 14, 15};
    const group_places low4 = {0, 1, 2, 3, 8, 9, 10, 11};
    const group_places high4 = {4, 5, 6, 7, 12, 13, 14, 15};
    group a[8], b[8], middle = load_group(center);
    EACH (i, 0, 8)
        a[i] = load_group(row + i * columns) - middle;
    EACH (i, 0, 8)
        b[i] = __builtin_shuffle(a[i & ~1], a[i | 1], (i & 1) ? high1 : low1);
    EACH (i, 0, 8) {
        int base = (i & ~3) + (i & 1);
        a[i] = __builtin_shuffle(b[base], b[base + 2], (i & 2) ? high2 : low2);
    }
    EACH (i, 0, 4) {
        store_group(x + i * ld, __builtin_shuffle(a[i], a[i + 4], low4));
        store_group(x + (i + 4) * ld, __builtin_shuffle(a[i], a[i + 4], high4));
    }
}

static void turn_tile(cor_tile *strip, const double *row, const double *center)
{
    int64_t columns = strip->columns, ld = strip->ld;
    int64_t wholes = columns / 8 * 8, z = 0;
    for (; z + COR_GROUP <= strip->rows; z += COR_GROUP)
        for (int64_t j = 0; j < wholes; j += 8)
            turn_group(row + z * columns + j, columns, center + j,
                       strip->x + j * ld + z, ld);
    for (int64_t j = 0; j < columns; j++) {
        double *x = strip->x + j * ld;
        for (int64_t i = j < wholes ? z : 0; i < strip->rows; i++)
            x[i] = row[i * columns + j] - center[j];
        for (int64_t i = strip->rows; i < used_rows(strip); i++)
            x[i] = 0;
    }
}

/* Columns [before, before + width) of y: rows of U above the block on the
   diagonal, then the block itself. */
INLINE void whiten_block(const double *x, int64_t ld, int64_t before,
                         const double *start, const double *u, block4 y,
                         int width, int vectors)
{
    EACH (i, 0, width)
        EACH (v, 0, vectors)
            y[i][v] = spread(start[i]);
    for (int64_t j = 0; j < before; j++, x += ld, u += width)
        EACH (v, 0, vectors) {
            wide own = load_wide(x + v * WIDE);
            EACH (i, 0, width)
                y[i][v] += own * u[i];
        }
    EACH (s, 0, width) {
        EACH (v, 0, vectors) {
            wide own = load_wide(x + v * WIDE);
            EACH (i, s, width)
                y[i][v] += own * u[i - s];
        }
        x += ld;
        u += width - s;
    }
}

/* Squares into q, or y into its columns. */
INLINE void finish_block(block4 y, wide q[BLOCK], double *out, int64_t ld,
                         int width, int vectors)
{
    EACH (i, 0, width)
        EACH (v, 0, vectors)
            if (out)
                store_wide(out + i * ld + v * WIDE, y[i][v]);
            else
                q[v] += y[i][v] * y[i][v];
}

/* Doubles of U that a block takes. */
INLINE int64_t whitening_block_length(int64_t before, int64_t width)
{
    return before * width + width * (width + 1) / 2;
}

INLINE void whiten_last(const double *x, int64_t ld, int64_t before,
                        const double *start, const double *u, wide q[BLOCK],
                        double *out, int64_t width, int vectors)
{
    block4 y;
    switch (width) {
    case 1:
        whiten_block(x, ld, before, start, u, y, 1, vectors);
        finish_block(y, q, out, ld, 1, vectors);
        break;
    case 2:
        whiten_block(x, ld, before, start, u, y, 2, vectors);
        finish_block(y, q, out, ld, 2, vectors);
        break;
    case 3:
        whiten_block(x, ld, before, start, u, y, 3, vectors);
        finish_block(y, q, out, ld, 3, vectors);
        break;
    }
}

INLINE void whiten_vectors(const cor_tile *strip, int64_t z,
                           const double *packed, double *square, double *out,
                           int vectors)
{
    const double *x = strip->x + z, *u = packed + strip->columns;
    wide q[BLOCK] = {{0}};
    int64_t i = 0, ld = strip->ld;
    for (; i + BATCH <= strip->columns; i += BATCH) {
        block4 y;
        whiten_block(x, ld, i, packed + i, u, y, BATCH, vectors);
        finish_block(y, q, out ? out + i * ld + z : NULL, ld, BATCH, vectors);
        u += whitening_block_length(i, BATCH);
    }
    whiten_last(x, ld, i, packed + i, u, q, out ? out + i * ld + z : NULL,
                strip->columns - i, vectors);
    if (!out)
        EACH (v, 0, vectors)
            store_wide(square + z + v * WIDE, q[v]);
}

static void whitened_square(const cor_tile *strip, const double *packed,
                            double *q)
{
    int64_t z = 0, rows = used_rows(strip);
    for (; z + BLOCK * WIDE <= rows; z += BLOCK * WIDE)
        whiten_vectors(strip, z, packed, q, NULL, BLOCK);
    for (; z < rows; z += WIDE)
        whiten_vectors(strip, z, packed, q, NULL, 1);
}

static void whiten(const cor_tile *strip, const double *packed, double *y)
{
    int64_t z = 0, rows = used_rows(strip);
    for (; z + BLOCK * WIDE <= rows; z += BLOCK * WIDE)
        whiten_vectors(strip, z, packed, NULL, y, BLOCK);
    for (; z < rows; z += WIDE)
        whiten_vectors(strip, z, packed, NULL, y, 1);
}

/* Squared distances to `count` components at once. */
INLINE void distances_block(const cor_tile *strip, int64_t z,
                            const double *scale, const double *shift, double *q,
                            int count, int vectors)
{
    int64_t columns = strip->columns;
    const double *x = strip->x + z;
    block4 sum;
    EACH (k, 0, count)
        EACH (v, 0, vectors)
            sum[k][v] = (wide){0};
    for (int64_t j = 0; j < columns; j++, x += strip->ld)
        EACH (v, 0, vectors) {
            wide own = load_wide(x + v * WIDE);
            EACH (k, 0, count) {
                wide d = own;
                if (scale)
                    d = own * scale[k * columns + j] - shift[k * columns + j];
                else
                    d = own - shift[k * columns + j];
                sum[k][v] += d * d;
            }
        }
    EACH (k, 0, count)
        EACH (v, 0, vectors)
            store_wide(q + k * strip->ld + z + v * WIDE, sum[k][v]);
}

INLINE void distances_rows(const cor_tile *strip, const double *scale,
                           const double *shift, double *q, int count)
{
    int64_t z = 0, rows = used_rows(strip);
    for (; z + BLOCK * WIDE <= rows; z += BLOCK * WIDE)
        distances_block(strip, z, scale, shift, q, count, BLOCK);
    for (; z < rows; z += WIDE)
        distances_block(strip, z, scale, shift, q, count, 1);
}

INLINE void distances_all(const cor_tile *strip, int64_t components,
                          const double *scale, const double *shift, double *q)
{
    int64_t k = 0;
    for (; k + BATCH <= components; k += BATCH)
        distances_rows(strip, scale ? scale + k * strip->columns : NULL,
                       shift + k * strip->columns, q + k * strip->ld, BATCH);
    for (; k < components; k++)
        distances_rows(strip, scale ? scale + k * strip->columns : NULL,
                       shift + k * strip->columns, q + k * strip->ld, 1);
}

static void distances(const cor_tile *strip, int64_t components,
                      const double *scale, const double *shift, double *q)
{
    if (scale)
        distances_all(strip, components, scale, shift, q);
    else
        distances_all(strip, components, NULL, shift, q);
}

static void nearest(const cor_tile *strip, int64_t components, const double *q,
                    int64_t *label, double *least)
{
    for (int64_t z = 0; z < used_rows(strip); z += WIDE) {
        wide best = load_wide(q + z);
        wide_bits which = {0};
        for (int64_t k = 1; k < components; k++) {
            wide mine = load_wide(q + k * strip->ld + z);
            wide_bits nearer = (wide_bits)(mine < best);
            best = choose(nearer, mine, best);
            which = (nearer & k) | (~nearer & which);
        }
        store_wide(least + z, best);
        for (int i = 0; i < WIDE; i++)
            label[z + i] = which[i];
    }
}

/* The greatest log density of a component, into `most`; all of them into r. */
INLINE void greatest(const cor_tile_mix *mix, const double *q, double *r,
                     int64_t ld, wide most[BLOCK], int vectors)
{
    for (int64_t k = 0; k < mix->components; k++, q += ld, r += ld)
        EACH (v, 0, vectors) {
            wide own = load_wide(q + v * WIDE) * mix->slope[k];
            own = own + mix->constant[k];
            store_wide(r + v * WIDE, own);
            most[v] = choose(own > most[v], own, most[v]);
        }
}

/* What is read next, a few lines a component: they arrive while exponentials
   are computed, which ask nothing of memory. */
typedef struct fetching {
    const char *at, *end;
    int64_t each;
} fetching;

INLINE fetching fetching_of(const cor_tile *strip, int64_t components,
                            int64_t z, int64_t rows)
{
    enum { LINE = 64 };
    const char *next = strip->next;
    fetching f = {0};
    if (!next || strip->rows == 0)
        return f;
    int64_t bytes = strip->next_bytes / strip->rows * rows + LINE;
    f.each = (bytes / components + LINE - 1) / LINE * LINE;
    f.at = next + strip->next_bytes / strip->rows * z;
    f.end = next + strip->next_bytes;
    if (f.end - f.at > bytes)
        f.end = f.at + bytes;
    return f;
}

INLINE void fetch_some(fetching *f)
{
    const char *stop = f->end - f->at < f->each ? f->end : f->at + f->each;
    for (; f->at < stop; f->at += 64)
        __builtin_prefetch(f->at, 0, 2);
}

INLINE void mix_vectors(const cor_tile *strip, int64_t z,
                        const cor_tile_mix *mix, const double *q, double *r,
                        double *density, double *entropy, int vectors)
{
    int64_t ld = strip->ld, length = mix->components * ld;
    wide most[BLOCK], sum[BLOCK] = {{0}}, part[BLOCK] = {{0}};
    EACH (v, 0, vectors)
        most[v] = spread(-INFINITY);
    fetching ahead = fetching_of(strip, mix->components, z, vectors * WIDE);
    greatest(mix, q + z, r + z, ld, most, vectors);
    for (int64_t at = z; at < length; at += ld) {
        fetch_some(&ahead);
        EACH (v, 0, vectors) {
            wide d = load_wide(r + at + v * WIDE) - most[v];
            wide e = exponential(d, mix->floor);
            sum[v] += e;
            part[v] += e * d;
            store_wide(r + at + v * WIDE, e);
        }
    }
    wide inverse[BLOCK];
    EACH (v, 0, vectors) {
        wide log = logarithm(sum[v]);
        inverse[v] = 1.0 / sum[v];
        store_wide(density + z + v * WIDE, most[v] + log);
        store_wide(entropy + z + v * WIDE, part[v] / sum[v] - log);
    }
    for (int64_t at = z; at < length; at += ld)
        EACH (v, 0, vectors)
            store_wide(r + at + v * WIDE,
                       load_wide(r + at + v * WIDE) * inverse[v]);
}

static void mixture(const cor_tile *strip, const cor_tile_mix *mix,
                    const double *q, double *r, double *density,
                    double *entropy)
{
    int64_t z = 0, rows = used_rows(strip);
    for (; z + 2 * WIDE <= rows; z += 2 * WIDE)
        mix_vectors(strip, z, mix, q, r, density, entropy, 2);
    for (; z < rows; z += WIDE)
        mix_vectors(strip, z, mix, q, r, density, entropy, 1);
    for (z = strip->rows; z < rows; z++) {
        density[z] = entropy[z] = 0;
        for (int64_t k = 0; k < mix->components; k++)
            r[k * strip->ld + z] = 0;
    }
}

#endif
