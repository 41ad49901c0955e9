/**
 * Cholesky factorisation and triangular solves, left-looking by panels of 8
 * columns. A tile of a panel is updated by all columns before it (a Gram tile
 * with the sign turned), eliminated by the 8 x 8 block on the diagonal, and
 * stored, without leaving the registers. What remains slow is the chain of
 * pivots: divide, multiply, subtract, 8 times a panel.
 */
#ifndef CHOLESKY_H
#define CHOLESKY_H

#include "gram.h"

enum { PANEL = 8 };
/* Rows of a panel begin at a whole number of vectors. */
enum { FIRST = COR_LANES > 8 ? COR_LANES : 8 };
/* The first tile of a panel must reach past the block on the diagonal. */
#if COR_LANES == 8
enum { PANEL_VECTORS = 1 };
#else
enum { PANEL_VECTORS = 2 };
#endif

/* How to eliminate with a block on the diagonal. */
typedef struct block {
    float multiplier[PANEL][PANEL]; /* [c][e]: column e loses this of c */
    float inverse[PANEL];           /* 1 / L_cc */
} block;

/* Eliminate inside a tile whose columns are the panel's. */
INLINE void tile_eliminate(tile t, const block *b, int vectors)
{
    EACH (c, 0, PANEL)
        EACH (e, c + 1, PANEL)
            EACH (v, 0, vectors)
                t[e][v] -= t[c][v] * b->multiplier[c][e];
    EACH (c, 0, PANEL)
        EACH (v, 0, vectors)
            t[c][v] *= b->inverse[c];
}

INLINE octet broadcast(octet v, int lane)
{
    return __builtin_shuffle(
        v, (octet_places){lane, lane, lane, lane, lane, lane, lane, lane});
}

/* Factor the 8 x 8 block at `at` as far as others need it. */
INLINE bool block_factor(const float *at, int64_t ld, const float *diagonal,
                         block *b)
{
    octet r[PANEL];
    float pivot[PANEL];
    bool good = true;
    EACH (c, 0, PANEL)
        r[c] = load_octet(at + c * ld);
    EACH (c, 0, PANEL) {
        octet m = r[c] / broadcast(r[c], c);
        store_octet(b->multiplier[c], m);
        pivot[c] = r[c][c];
        EACH (e, c + 1, PANEL)
            r[e] -= r[c] * broadcast(m, e);
    }
    for (int c = 0; c < PANEL; c++) {
        good &= pivot[c] > COR_LEAST_PIVOT * diagonal[c];
        b->inverse[c] = 1.0f / sqrtf(pivot[c]);
    }
    return good;
}

/* One tile of the panel at column j: bring it up to date, eliminate. */
INLINE void panel_tile(float *matrix, int64_t ld, int64_t j, int64_t r,
                       const block *b, bool update, int vectors)
{
    tile t;
    float *at = matrix + j * ld + r;
    tile_load(t, at, ld, vectors, PANEL);
    if (update)
        tile_multiply(t, matrix + r, matrix + j, ld, j, true, vectors, PANEL);
    if (b)
        tile_eliminate(t, b, vectors);
    tile_store(t, at, ld, vectors, PANEL);
}

static bool factor(float *matrix, int64_t ld, int64_t order,
                   const float *diagonal, float *inverse)
{
    for (int64_t j = 0; j < order; j += PANEL) {
        enum { STEP = PANEL_VECTORS * LANES };
        block b;
        int64_t r = j / FIRST * FIRST;
        bool wide = r + STEP <= ld;
        /* The block on the diagonal first: all other tiles need it. */
        if (wide)
            panel_tile(matrix, ld, j, r, NULL, true, PANEL_VECTORS);
        else
            panel_tile(matrix, ld, j, r, NULL, true, 1);
        if (!block_factor(matrix + j * ld + j, ld, diagonal + j, &b))
            return false;
        memcpy(inverse + j, b.inverse, sizeof b.inverse);
        if (wide)
            panel_tile(matrix, ld, j, r, &b, false, PANEL_VECTORS);
        else
            panel_tile(matrix, ld, j, r, &b, false, 1);
        for (r += STEP; r + STEP <= ld; r += STEP)
            panel_tile(matrix, ld, j, r, &b, true, PANEL_VECTORS);
        for (; r < ld; r += LANES)
            panel_tile(matrix, ld, j, r, &b, true, 1);
    }
    return true;
}

/* Solve the block on the diagonal, from its first column down. */
INLINE void block_forward(const float *at, int64_t ld, const float *inverse,
                          float b[PANEL])
{
    EACH (c, 0, PANEL) {
        b[c] *= inverse[c];
        EACH (e, c + 1, PANEL)
            b[e] -= b[c] * at[c * ld + e];
    }
}

static void forward(const float *matrix, int64_t ld, int64_t order,
                    const float *inverse, float *b)
{
    for (int64_t j = 0; j < order; j += PANEL) {
        const float *panel = matrix + j * ld;
        float z[PANEL];
        memcpy(z, b + j, sizeof z);
        block_forward(panel + j, ld, inverse + j, z);
        memcpy(b + j, z, sizeof z);
        int64_t r = j + PANEL;
        if (r % LOGICAL) {
            octet v = load_octet(b + r);
            EACH (c, 0, PANEL)
                v -= load_octet(panel + c * ld + r) * z[c];
            store_octet(b + r, v);
            r += PANEL;
        }
        for (; r < ld; r += LANES) {
            lanes v = load(b + r);
            EACH (c, 0, PANEL)
                v -= load(panel + c * ld + r) * z[c];
            store(b + r, v);
        }
    }
}

/* The products of 4 columns with x, rows from `r` on, in 8 lanes each. */
INLINE void column_products(const float *column, int64_t ld, int64_t r,
                            const float *x, octet product[4])
{
    lanes acc[4][PARTS];
    EACH (c, 0, 4)
        EACH (p, 0, PARTS)
            acc[c][p] = (lanes){0};
    for (; r < ld; r += LOGICAL)
        EACH (p, 0, PARTS) {
            lanes v = load(x + r + p * LANES);
            EACH (c, 0, 4)
                acc[c][p] += load(column + c * ld + r + p * LANES) * v;
        }
    EACH (c, 0, 4)
        product[c] = sum_halves(acc[c]);
}

/* Solve the block on the diagonal, from its last column up. */
INLINE void block_backward(const float *at, int64_t ld, const float *inverse,
                           float b[PANEL])
{
    EACH (i, 0, PANEL) {
        int c = PANEL - 1 - i;
        b[c] *= inverse[c];
        EACH (e, 0, c)
            b[e] -= b[c] * at[e * ld + c];
    }
}

static void backward(const float *matrix, int64_t ld, int64_t order,
                     const float *inverse, const float *b, float *x)
{
    memset(x, 0, (size_t)ld * sizeof *x);
    for (int64_t j = (order - 1) / PANEL * PANEL; j >= 0; j -= PANEL) {
        const float *panel = matrix + j * ld;
        /* Whole groups of lanes: what is not solved yet is zero in x. */
        int64_t r = j / LOGICAL * LOGICAL;
        octet product[PANEL];
        column_products(panel, ld, r, x, product);
        column_products(panel + 4 * ld, ld, r, x, product + 4);
        float v[PANEL];
        store_octet(v, load_octet(b + j) - sum_octets(product));
        block_backward(panel + j, ld, inverse + j, v);
        memcpy(x + j, v, sizeof v);
    }
}

#endif
