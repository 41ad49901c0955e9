/*
 * The rates of the kernels of coracle/linalg.h on rows as they come in
 * training: a long row (its Gram matrix), a row just long enough to be solved
 * in the space of factors (its Cholesky factorisation), a short one (the
 * smaller space), and tiles of scores. 1e9 operations a second of all threads,
 * counted by cor_ridge_flops, as one JSON object.
 *
 *     bench_kernels THREADS [--tiny]
 *     CORACLE_FAMILY=avx2 bench_kernels 1
 */
#include "coracle/linalg.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 16384, LONGEST = 1000, TILE_USERS = 128, TILE_ITEMS = 1024 };

typedef struct work {
    int64_t factors, ld;
    float *table, *score;
    int32_t *index; /* ITEMS of them, in no order */
    float *value;   /* ITEMS */
} work;

static int threads;
static double patience; /* seconds of one measurement */

static void *take(size_t count, size_t size)
{
    void *memory = aligned_alloc(64, (count * size + 63) / 64 * 64);
    if (!memory) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static work make(int64_t factors)
{
    work w = {.factors = factors, .ld = cor_padded(factors)};
    w.table = take((size_t)(ITEMS * w.ld), sizeof *w.table);
    w.score = take((size_t)threads * TILE_USERS * TILE_ITEMS, sizeof *w.score);
    w.index = take(ITEMS, sizeof *w.index);
    w.value = take(ITEMS, sizeof *w.value);
    for (int64_t i = 0; i < ITEMS * w.ld; i++)
        w.table[i] =
            i % w.ld < factors ? (float)((i * 7919) % 1009) / 1009 - .5f : 0;
    for (int64_t i = 0; i < ITEMS; i++) {
        w.index[i] = (int32_t)(i * 7919 % ITEMS);
        w.value[i] = (float)(i % 10) / 2;
    }
    return w;
}

static void drop(work *w)
{
    free(w->table);
    free(w->score);
    free(w->index);
    free(w->value);
}

/* Solve rows of `count` ratings until the time is over; rows solved. */
static int64_t solve_rows(const work *w, int64_t count, double until)
{
    cor_ridge *ridge = NULL;
    float *x = take((size_t)w->ld, sizeof *x);
    double loss;
    int64_t done = 0;
    if (cor_ridge_create(w->factors, false, &ridge) != COR_OK)
        exit(1);
    while (omp_get_wtime() < until) {
        int64_t first = done * 37 % (ITEMS - count);
        cor_ridge_row row = {.table = w->table,
                             .index = w->index + first,
                             .value = w->value + first,
                             .count = count,
                             .reg = 10};
        if (cor_ridge_solve(ridge, &row, x, NULL, &loss) != COR_OK)
            exit(1);
        done++;
    }
    cor_ridge_destroy(&ridge);
    free(x);
    return done;
}

static double ridge_rate(const work *w, int64_t count)
{
    int64_t rows = 0;
    double start = omp_get_wtime();
#pragma omp parallel num_threads(threads) reduction(+ : rows)
    rows += solve_rows(w, count, start + patience);
    return 1e-9 * (double)rows * cor_ridge_flops(w->factors, count) /
           (omp_get_wtime() - start);
}

static int64_t score_tiles(const work *w, double until)
{
    int64_t done = 0;
    float *score =
        w->score + (size_t)omp_get_thread_num() * TILE_USERS * TILE_ITEMS;
    for (; omp_get_wtime() < until; done++)
        cor_score_tile(w->table, TILE_USERS,
                       w->table + done % 8 * TILE_ITEMS * w->ld, TILE_ITEMS,
                       w->ld, score);
    return done;
}

static double score_rate(const work *w)
{
    int64_t tiles = 0;
    double start = omp_get_wtime();
#pragma omp parallel num_threads(threads) reduction(+ : tiles)
    tiles += score_tiles(w, start + patience);
    return 2e-9 * (double)(tiles * w->factors) * TILE_USERS * TILE_ITEMS /
           (omp_get_wtime() - start);
}

int main(int count, char **word)
{
    static const int64_t factors[] = {32, 64, 128};
    if (count < 2 || (threads = atoi(word[1])) < 1) {
        fprintf(stderr, "usage: bench_kernels THREADS [--tiny]\n");
        return 2;
    }
    patience = count > 2 && strcmp(word[2], "--tiny") == 0 ? 0.01 : 0.5;
    printf("{\"threads\": %d, \"family\": \"%s\"", threads,
           cor_family_name(cor_family_used()));
    for (int i = 0; i < 3; i++) {
        int64_t k = factors[i];
        work w = make(k);
        printf(", \"%d\": {\"long\": %.1f, \"even\": %.1f, \"short\": %.1f, "
               "\"score\": %.1f}",
               (int)k, ridge_rate(&w, LONGEST), ridge_rate(&w, k),
               ridge_rate(&w, k / 4), score_rate(&w));
        drop(&w);
    }
    printf("}\n");
    return 0;
}
