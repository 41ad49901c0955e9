/**
 * Totals over the rows of a tile, by blocks of products held in registers: each
 * accumulates lane by lane, over groups of rows in order, and its lanes are
 * added at the end. The bound is the multiply-add rate.
 */
#ifndef MOMENTS_H
#define MOMENTS_H

#include "density.h"

/* A block has DOWN x ACROSS accumulators; narrow families have half the
   registers. */
enum { DOWN = COR_LANES == 16 ? 4 : 2, ACROSS = 4, TOTALS = DOWN * ACROSS };
enum { PAIR = ACROSS / 2 }; /* columns, where each has two accumulators */

typedef group totals[TOTALS];

/* s[i] = the lanes of total i, added. */
INLINE void sum_totals(const totals t, double s[TOTALS])
{
    EACH (i, 0, TOTALS / 8)
        store_group(s + 8 * i, sum_groups(t + 8 * i));
}

/* total[k] += sum of a[k], or of a[k] b[k]. */
INLINE void sum_arrays(const cor_tile *strip, int64_t count, const double *a,
                       const double *b, double *total)
{
    for (int64_t k = 0; k < count; k++) {
        group lane[8] = {{0}};
        EACH (p, 0, PARTS) {
            wide sum = {0};
            int64_t at = k * strip->ld + p * WIDE;
            for (int64_t z = at; z < at + used_rows(strip); z += COR_GROUP)
                if (b)
                    sum += load_wide(a + z) * load_wide(b + z);
                else
                    sum += load_wide(a + z);
            put_part(&lane[0], p, sum);
        }
        total[k] += sum_groups(lane)[0];
    }
}

static void sums(const cor_tile *strip, int64_t count, const double *a,
                 double *total)
{
    sum_arrays(strip, count, a, NULL, total);
}

static void dots(const cor_tile *strip, int64_t count, const double *a,
                 const double *b, double *total)
{
    sum_arrays(strip, count, a, b, total);
}

/* What a product runs over: `count` groups. Those of `a` lie one after the
   other, those of `b` too, or begin at place[0], place[1], ... Arrays are ld
   apart. */
typedef struct pairing {
    const double *a, *b;
    const int64_t *place;
    int64_t count, ld;
} pairing;

/* s[i * across + j] = a[i] . b[j] for i < down, j < across; only j >= i is
   meant in a corner. */
INLINE void product_block(const pairing *of, double s[TOTALS], int down,
                          int across, bool corner, bool placed)
{
    int64_t ld = of->ld;
    totals t = {{0}};
    EACH (p, 0, PARTS) {
        wide sum[DOWN][ACROSS] = {{{0}}};
        const double *a = of->a + p * WIDE;
        for (int64_t z = 0; z < of->count; z++, a += COR_GROUP) {
            const double *b = of->b + p * WIDE;
            b += placed ? of->place[z] : z * COR_GROUP;
            wide other[ACROSS];
            EACH (j, 0, across)
                other[j] = load_wide(b + j * ld);
            EACH (i, 0, down) {
                wide own = load_wide(a + i * ld);
                EACH (j, 0, across)
                    if (!corner || j >= i)
                        sum[i][j] += own * other[j];
            }
        }
        EACH (i, 0, down)
            EACH (j, 0, across)
                put_part(&t[i * across + j], p, sum[i][j]);
    }
    sum_totals(t, s);
}

INLINE void product_across(const pairing *of, double s[TOTALS], int down,
                           int64_t across, bool corner, bool placed)
{
    if (across >= 4)
        product_block(of, s, down, 4, corner, placed);
    else if (across == 3)
        product_block(of, s, down, 3, corner, placed);
    else if (across == 2)
        product_block(of, s, down, 2, corner, placed);
    else
        product_block(of, s, down, 1, corner, placed);
}

/* Of any size up to DOWN x ACROSS. */
INLINE void product_any(const pairing *of, double s[TOTALS], int64_t down,
                        int64_t across, bool corner, bool placed)
{
    if (down >= DOWN)
        product_across(of, s, DOWN, across, corner, placed);
    else if (down == 3)
        product_across(of, s, 3, across, corner, placed);
    else if (down == 2)
        product_across(of, s, 2, across, corner, placed);
    else
        product_across(of, s, 1, across, corner, placed);
}

INLINE int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void means(const cor_tile *strip, int64_t components, const double *r,
                  double *first)
{
    pairing of = {.count = used_rows(strip) / COR_GROUP, .ld = strip->ld};
    double s[TOTALS];
    for (int64_t k = 0; k < components; k += DOWN)
        for (int64_t j = 0; j < strip->columns; j += ACROSS) {
            int64_t down = at_most(components - k, DOWN);
            int64_t across = at_most(strip->columns - j, ACROSS);
            of.a = r + k * of.ld;
            of.b = strip->x + j * of.ld;
            product_any(&of, s, down, across, false, false);
            for (int64_t i = 0; i < down; i++)
                for (int64_t e = 0; e < across; e++)
                    first[(k + i) * strip->columns + j + e] +=
                        s[i * across + e];
        }
}

/* The moments of `down` components and `across` columns. A component's r, a
   column and their means are loaded once for four operations each. */
INLINE void variance_block(const cor_tile *strip, const double *r,
                           const double *x, const double *mean, double *first,
                           double *second, int down, int across)
{
    int64_t ld = strip->ld, columns = strip->columns;
    totals t = {{0}};
    double s[TOTALS];
    EACH (p, 0, PARTS) {
        wide one[DOWN][PAIR] = {{{0}}}, two[DOWN][PAIR] = {{{0}}};
        for (int64_t z = p * WIDE; z < used_rows(strip); z += COR_GROUP)
            EACH (j, 0, across) {
                wide own = load_wide(x + j * ld + z);
                EACH (i, 0, down) {
                    wide d = own - mean[i * columns + j];
                    wide w = load_wide(r + i * ld + z) * d;
                    one[i][j] += w;
                    two[i][j] += w * d;
                }
            }
        EACH (i, 0, down)
            EACH (j, 0, across) {
                put_part(&t[2 * (i * PAIR + j)], p, one[i][j]);
                put_part(&t[2 * (i * PAIR + j) + 1], p, two[i][j]);
            }
    }
    sum_totals(t, s);
    EACH (i, 0, down)
        EACH (j, 0, across) {
            first[i * columns + j] += s[2 * (i * PAIR + j)];
            second[i * columns + j] += s[2 * (i * PAIR + j) + 1];
        }
}

INLINE void variance_columns(const cor_tile *strip, const double *r,
                             const double *mean, double *first, double *second,
                             int down)
{
    int64_t j = 0, ld = strip->ld;
    for (; j + PAIR <= strip->columns; j += PAIR)
        variance_block(strip, r, strip->x + j * ld, mean + j, first + j,
                       second + j, down, PAIR);
    if (j < strip->columns)
        variance_block(strip, r, strip->x + j * ld, mean + j, first + j,
                       second + j, down, 1);
}

static void variances(const cor_tile *strip, int64_t components,
                      const double *r, const double *mean, double *first,
                      double *second)
{
    int64_t k = 0, columns = strip->columns;
    for (; k + DOWN <= components; k += DOWN)
        variance_columns(strip, r + k * strip->ld, mean + k * columns,
                         first + k * columns, second + k * columns, DOWN);
    for (; k < components; k++)
        variance_columns(strip, r + k * strip->ld, mean + k * columns,
                         first + k * columns, second + k * columns, 1);
}

/* Where the groups begin in which some r is not 0. */
static int64_t find_groups(const double *r, int64_t rows, int64_t *place)
{
    int64_t count = 0;
    for (int64_t z = 0; z < rows; z += COR_GROUP) {
        int64_t bits[COR_GROUP], any = 0;
        memcpy(bits, r + z, sizeof bits);
        EACH (i, 0, COR_GROUP)
            any |= bits[i];
        place[count] = z;
        count += any != 0;
    }
    return count;
}

/* t = r (x - mean) for some columns, the groups that count one after the other;
   first += its totals. */
INLINE void weigh_block(const pairing *of, const double *r, const double *x,
                        const double *mean, double *t, double *first, int count)
{
    group lane[8] = {{0}};
    double s[8];
    EACH (p, 0, PARTS) {
        wide sum[BATCH] = {{0}};
        for (int64_t z = 0; z < of->count; z++) {
            int64_t from = of->place[z] + p * WIDE;
            wide own = load_wide(r + from);
            EACH (j, 0, count) {
                wide d = load_wide(x + j * of->ld + from) - mean[j];
                wide w = own * d;
                store_wide(t + j * of->ld + z * COR_GROUP + p * WIDE, w);
                sum[j] += w;
            }
        }
        EACH (j, 0, count)
            put_part(&lane[j], p, sum[j]);
    }
    store_group(s, sum_groups(lane));
    EACH (j, 0, count)
        first[j] += s[j];
}

/* Some columns from i on. */
static void weigh(const pairing *of, const cor_tile *strip, const double *r,
                  const double *mean, int64_t i, int64_t columns, double *t,
                  double *first)
{
    const double *x = strip->x + i * strip->ld;
    if (columns == BATCH) {
        weigh_block(of, r, x, mean + i, t, first + i, BATCH);
        return;
    }
    for (int64_t j = 0; j < columns; j++)
        weigh_block(of, r, x + j * of->ld, mean + i + j, t + j * of->ld,
                    first + i + j, 1);
}

/* The rows [i, i + down) of the packed triangle, `t` theirs: += t x'. */
static void triangle_rows(pairing *of, const cor_tile *strip, const double *t,
                          int64_t i, int64_t down, double *row)
{
    int64_t columns = strip->columns, next = columns - i;
    for (int64_t j = i; j < columns; j += ACROSS) {
        double total[TOTALS];
        int64_t across = at_most(columns - j, ACROSS);
        of->a = t;
        of->b = strip->x + j * of->ld;
        product_any(of, total, down, across, j == i, true);
        for (int64_t a = 0, at = j - i; a < down; at += next - a - 1, a++)
            for (int64_t b = j == i ? a : 0; b < across; b++)
                row[at + b] += total[a * across + b];
    }
}

/* One of the factors was taken about the mean, the other about the center of
   the tile: that is put right by the totals s of the first. */
static void move_triangle(int64_t columns, const double *mean, const double *s,
                          double *packed)
{
    for (int64_t i = 0; i < columns; i++)
        for (int64_t j = i; j < columns; j++)
            *packed++ -= s[i] * mean[j];
}

/* What a component's covariance is worked out in. */
typedef struct workroom {
    double *weighed; /* BATCH x ld */
    double *first;   /* columns: this tile's first moments */
    int64_t *place;  /* ld */
    double *x, *r;   /* columns x ld, ld: of the rows that count */
} workroom;

INLINE workroom workroom_of(const cor_tile *strip, double *work)
{
    workroom w = {.weighed = work, .first = work + BATCH * strip->ld};
    w.place = (int64_t *)(w.first + strip->columns);
    w.x = (double *)(w.place + strip->ld);
    w.r = w.x + strip->columns * strip->ld;
    return w;
}

/* How many r are not 0. */
static int64_t count_rows(const double *r, int64_t rows)
{
    wide_bits none = {0};
    int64_t count = rows;
    for (int64_t z = 0; z < rows; z += WIDE)
        none += (wide_bits)(load_wide(r + z) == 0.0);
    EACH (i, 0, WIDE)
        count += none[i];
    return count;
}

/* Whether to bring the rows that count side by side: for what a row costs then
   besides its products, 20 columns could be multiplied. */
static bool worth_gathering(int64_t columns, int64_t rows, int64_t groups)
{
    return rows * (columns + 21) < COR_GROUP * groups * (columns + 1);
}

/* Those rows and their r, zero up to a whole group. */
static cor_tile gather_rows(const cor_tile *strip, const double *r,
                            const workroom *w)
{
    int64_t ld = strip->ld, count = 0, last = 0;
    for (int64_t z = 0; z < used_rows(strip); z++) {
        w->place[count] = z;
        count += r[z] != 0;
    }
    cor_tile few = {.rows = count, .columns = strip->columns, .ld = ld};
    few.x = w->x;
    last = used_rows(&few);
    for (int64_t j = 0; j <= few.columns; j++) {
        const double *from = j < few.columns ? strip->x + j * ld : r;
        double *to = w->x + j * ld; /* r stands behind the columns */
        for (int64_t z = 0; z < count; z++)
            to[z] = from[w->place[z]];
        for (int64_t z = count; z < last; z++)
            to[z] = 0;
    }
    return few;
}

static void covariance(const cor_tile *strip, const double *r,
                       const double *mean, double *work, double *first,
                       double *second)
{
    int64_t columns = strip->columns, ld = strip->ld;
    workroom w = workroom_of(strip, work);
    pairing of = {.place = w.place, .ld = ld};
    cor_tile few = *strip;
    of.count = find_groups(r, used_rows(strip), w.place);
    if (worth_gathering(columns, count_rows(r, used_rows(strip)), of.count)) {
        few = gather_rows(strip, r, &w);
        r = w.r;
        of.count = find_groups(r, used_rows(&few), w.place);
    }
    memset(w.first, 0, (size_t)columns * sizeof *w.first);
    double *row = second;
    for (int64_t i = 0; i < columns; i++) {
        int64_t batch = i % BATCH;
        if (batch == 0) /* weighed columns are used while in the first cache */
            weigh(&of, &few, r, mean, i, at_most(columns - i, BATCH), w.weighed,
                  w.first);
        if (batch % DOWN == 0)
            triangle_rows(&of, &few, w.weighed + batch * ld, i,
                          at_most(columns - i, DOWN), row);
        row += columns - i;
    }
    move_triangle(columns, mean, w.first, second);
    for (int64_t j = 0; j < columns; j++)
        first[j] += w.first[j];
}

#endif
