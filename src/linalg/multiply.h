/**
 * Products of doubles, by blocks held in registers: PRODUCT_ROWS rows of the
 * left operand by a panel of PRODUCT_VECTORS vectors of columns of the right
 * one, which is packed a slice at a time and stays in the first level cache
 * while the rows pass. Bound by the multiply-add rate: a block reads
 * PRODUCT_VECTORS vectors and PRODUCT_ROWS numbers for their product of
 * multiply-adds.
 *
 * A number is the sum over slices of chains of multiply-adds in order, so its
 * bits depend on its row and its column alone, not on how many others there
 * are.
 */
#ifndef MULTIPLY_H
#define MULTIPLY_H

#include "wide.h"

#if COR_LANES == 16
enum { PRODUCT_VECTORS = 4, PRODUCT_ROWS = 6 };
#else
enum { PRODUCT_VECTORS = 3, PRODUCT_ROWS = 4 };
#endif
enum {
    PRODUCT_COLUMNS = PRODUCT_VECTORS * WIDE,
    PRODUCT_SLICE = 128,
    PRODUCT_BAND = 384 /* rows whose slices a core's own cache holds */
};

/* A panel of the right operand: `columns` from j on, of a slice from z on. */
typedef struct right_panel {
    int64_t j, columns, z, slice;
    int64_t width; /* from one row of the slice to the next: whole vectors */
    double packed[PRODUCT_SLICE * PRODUCT_COLUMNS] __attribute__((aligned(64)));
} right_panel;

/* Columns that do not exist are zero. */
static void pack_panel(const cor_product *p, right_panel *panel)
{
    const double *b = p->b + panel->z * p->b_step + panel->j * p->b_column;
    double *out = panel->packed;
    int64_t width = (panel->columns + WIDE - 1) / WIDE * WIDE;
    panel->width = width;
    if (panel->columns < width)
        memset(out, 0, (size_t)(panel->slice * width) * sizeof *out);
    if (p->b_column == 1) {
        for (int64_t z = 0; z < panel->slice; z++)
            memcpy(out + z * width, b + z * p->b_step,
                   (size_t)panel->columns * sizeof *out);
        return;
    }
    for (int64_t z = 0; z < panel->slice; z += 8)
        for (int64_t c = 0; c < panel->columns; c++)
            for (int64_t e = z; e < z + 8 && e < panel->slice; e++)
                out[e * width + c] = b[c * p->b_column + e * p->b_step];
}

/* Rows of the left operand, at the panel's slice. A missing row is the last one
   again; its sums are dropped. */
typedef struct left_rows {
    const double *row[PRODUCT_ROWS];
    int64_t step;
} left_rows;

/* One block, into `c` whole, or added to it. */
INLINE void multiply_block(const left_rows *left, const right_panel *panel,
                           bool add, double *c, int64_t ld, int vectors)
{
    wide t[PRODUCT_ROWS][PRODUCT_VECTORS];
    EACH (r, 0, PRODUCT_ROWS)
        EACH (v, 0, vectors)
            t[r][v] = (wide){0};
    const double *packed = panel->packed;
    for (int64_t z = 0; z < panel->slice; z++, packed += panel->width) {
        wide u[PRODUCT_VECTORS];
        EACH (v, 0, vectors)
            u[v] = load_wide(packed + v * WIDE);
        EACH (r, 0, PRODUCT_ROWS) {
            double a = left->row[r][z * left->step];
            EACH (v, 0, vectors)
                t[r][v] += u[v] * a;
        }
    }
    EACH (r, 0, PRODUCT_ROWS)
        EACH (v, 0, vectors) {
            double *at = c + r * ld + v * WIDE;
            if (add)
                t[r][v] += load_wide(at);
            store_wide(at, t[r][v]);
        }
}

/* The first `vectors` vectors of the panel. */
INLINE void multiply_vectors(const left_rows *left, const right_panel *panel,
                             bool add, double *c, int64_t ld, int64_t vectors)
{
    if (vectors == 1)
        multiply_block(left, panel, add, c, ld, 1);
    else if (vectors == 2)
        multiply_block(left, panel, add, c, ld, 2);
    else if (vectors == 3)
        multiply_block(left, panel, add, c, ld, 3);
    else
        multiply_block(left, panel, add, c, ld, PRODUCT_VECTORS);
}

/* The part of a block that exists. */
static void keep_part(const double *from, int64_t rows, int64_t columns,
                      bool add, double *c, int64_t ld)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < columns; i++) {
            double sum = from[r * PRODUCT_COLUMNS + i];
            c[r * ld + i] = add ? c[r * ld + i] + sum : sum;
        }
}

/* Rows [begin, end) of the left operand with one packed panel. */
static void multiply_panel(const cor_product *p, const right_panel *panel,
                           int64_t begin, int64_t end)
{
    bool add = p->add || panel->z > 0;
    for (int64_t i = begin; i < end; i += PRODUCT_ROWS) {
        int64_t rows = end - i < PRODUCT_ROWS ? end - i : PRODUCT_ROWS,
                columns = panel->columns;
        if (p->lower && panel->j >= i + rows)
            continue;
        int64_t needed = (i + rows - panel->j + WIDE - 1) / WIDE * WIDE;
        if (p->lower && needed < columns)
            columns = needed; /* whole vectors up to the diagonal */
        left_rows left = {.step = p->a_step};
        for (int64_t r = 0; r < PRODUCT_ROWS; r++)
            left.row[r] = p->a + (i + (r < rows ? r : rows - 1)) * p->a_row +
                          panel->z * p->a_step;
        int64_t vectors = (columns + WIDE - 1) / WIDE;
        double *c = p->c + i * p->ld + panel->j;
        if (rows == PRODUCT_ROWS && columns == vectors * WIDE) {
            multiply_vectors(&left, panel, add, c, p->ld, vectors);
            continue;
        }
        double whole[PRODUCT_ROWS * PRODUCT_COLUMNS];
        multiply_vectors(&left, panel, false, whole, PRODUCT_COLUMNS, vectors);
        keep_part(whole, rows, columns, add, c, p->ld);
    }
}

static void multiply(const cor_product *p)
{
    right_panel panel;
    for (int64_t i = 0; i < p->m; i += PRODUCT_BAND) {
        int64_t end = p->m - i < PRODUCT_BAND ? p->m : i + PRODUCT_BAND;
        int64_t columns = p->lower && end < p->n ? end : p->n;
        for (panel.j = 0; panel.j < columns; panel.j += PRODUCT_COLUMNS) {
            int64_t left = columns - panel.j;
            panel.columns = left < PRODUCT_COLUMNS ? left : PRODUCT_COLUMNS;
            for (panel.z = 0; panel.z < p->k; panel.z += PRODUCT_SLICE) {
                left = p->k - panel.z;
                panel.slice = left < PRODUCT_SLICE ? left : PRODUCT_SLICE;
                pack_panel(p, &panel);
                multiply_panel(p, &panel, i, end);
            }
        }
    }
}

#endif
