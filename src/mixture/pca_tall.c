/**
 * Rows >= columns. One pass over the data: rows are taken about a first guess
 * of the mean, and with a 1 behind each, so that the last row of their Gram
 * matrix is their sum; G - n d d', with d the mean of what was summed, is then
 * about the mean itself. The guess is the mean of the first rows of every
 * shard: of the digits of a variance at most those of (all rows) / (rows of
 * the guess) are lost, whatever the numbers.
 */
#include "coracle/dense.h"
#include "coracle/failure.h"
#include "coracle/memory.h"
#include "coracle/sum.h"
#include "pca_parts.h"

#include <string.h>

typedef struct tall {
    const cor_matrix *matrix;
    const double *center; /* columns */
} tall;

/* Rows less the center, each with a 1 behind. */
static const double *load(const void *context, int64_t begin, int64_t count,
                          double *room)
{
    const tall *t = context;
    int64_t columns = t->matrix->columns;
    pca_block(t->matrix, begin - t->matrix->first, count, 0, columns, t->center,
              room, columns + 1);
    for (int64_t r = 0; r < count; r++)
        room[r * (columns + 1) + columns] = 1;
    return room;
}

/* The first row of the matrix, on all ranks. */
static void share_first_row(const pca_fit *fit, double *row)
{
    const cor_matrix *m = fit->matrix;
    int owner = cor_shards_owner(m->shards, 0);
    if (cor_team_rank(fit->team) == owner)
        cor_matrix_tile(m, 0, 1, row);
    cor_team_share(fit->team, row, m->columns * (int64_t)sizeof *row, owner);
}

/* Sums of the first rows of my shards, less `base`; behind them their number.
 */
static int add_guesses(const pca_fit *fit, const double *base, cor_sum *sum)
{
    const cor_matrix *m = fit->matrix;
    int64_t width = m->columns + 1;
    double *tile = NULL, *total = NULL;
    tall t = {m, base};
    int rc = cor_allocate(&tile, PCA_TILE * width, sizeof *tile, "a tile");
    if (rc == COR_OK)
        rc = cor_allocate(&total, width, sizeof *total, "sums of columns");
    int rank = cor_team_rank(fit->team);
    int64_t last = cor_shards_first(m->shards, rank + 1);
    for (int64_t s = cor_shards_first(m->shards, rank);
         rc == COR_OK && s < last; s++) {
        int64_t begin = cor_shards_begin(m->shards, s),
                count = cor_shards_begin(m->shards, s + 1) - begin;
        count = count < PCA_TILE ? count : PCA_TILE;
        memset(total, 0, (size_t)width * sizeof *total);
        load(&t, begin, count, tile);
        for (int64_t r = 0; r < count; r++)
            for (int64_t c = 0; c < width; c++)
                total[c] += tile[r * width + c];
        rc = cor_sum_add(sum, s, total);
    }
    cor_free(tile);
    cor_free(total);
    return rc;
}

/* A guess of the mean, columns + 1 numbers. Sums are about the first row, so
   that the guess of a constant column is that constant. */
static int guess_mean(const pca_fit *fit, double *base, double *guess)
{
    int64_t columns = fit->matrix->columns;
    cor_sum *sum = NULL;
    share_first_row(fit, base);
    int rc = cor_sum_create(fit->team, fit->matrix->shards, columns + 1, &sum);
    if (rc == COR_OK)
        rc = add_guesses(fit, base, sum);
    rc = cor_agree(fit->team, rc);
    if (rc == COR_OK)
        rc = cor_sum_total(sum, guess);
    for (int64_t c = 0; rc == COR_OK && c < columns; c++)
        guess[c] = base[c] + guess[c] / guess[columns];
    cor_sum_destroy(&sum);
    return rc;
}

/* From about the guess to about the mean: take the last row off, and move the
   rest together. Fills the mean. */
static void move_center(int64_t columns, int64_t rows, const double *guess,
                        double *gram, double *mean)
{
    const double *sum = gram + columns * (columns + 1);
    for (int64_t c = 0; c < columns; c++)
        mean[c] = guess[c] + sum[c] / (double)rows;
    for (int64_t i = 0; i < columns; i++)
        for (int64_t j = 0; j <= i; j++)
            gram[i * (columns + 1) + j] -= sum[i] / (double)rows * sum[j];
    for (int64_t i = 1; i < columns; i++)
        memmove(gram + i * columns, gram + i * (columns + 1),
                (size_t)(i + 1) * sizeof *gram);
}

int pca_by_gram(const pca_fit *fit)
{
    const cor_matrix *m = fit->matrix;
    int64_t width = m->columns + 1;
    bool mine = cor_team_rank(fit->team) == 0;
    double *gram = NULL, *base = NULL, *guess = NULL;
    int rc = cor_allocate(&base, width, sizeof *base, "means of columns");
    if (rc == COR_OK)
        rc = cor_allocate(&guess, width, sizeof *guess, "means of columns");
    if (rc == COR_OK && mine)
        rc = cor_allocate(&gram, width * width, sizeof *gram,
                          "products of columns");
    rc = cor_agree(fit->team, rc);
    if (rc == COR_OK)
        rc = guess_mean(fit, base, guess);
    tall t = {m, guess};
    pca_vectors rows = {
        .order = width, .shards = m->shards, .load = load, .context = &t};
    if (rc == COR_OK)
        rc = pca_gram(fit->team, &rows, gram);
    if (rc == COR_OK && mine)
        move_center(m->columns, m->rows, guess, gram, fit->pca->mean);
    if (rc == COR_OK) {
        cor_team_share(fit->team, fit->pca->mean,
                       m->columns * (int64_t)sizeof *base, 0);
        rc = pca_decompose(fit, m->columns, gram, 0, &fit->pca->component);
    }
    cor_free(gram);
    cor_free(base);
    cor_free(guess);
    return rc;
}
