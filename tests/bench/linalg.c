/**
 * Flop rates of the dense kernels on one thread, beside the processor's
 * measured multiply-add peak: what alternating least squares can hope for.
 * Usage: bench_linalg [base|avx2|avx512]. Processor time, best of several.
 */
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/random.h"

#include "kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TABLE_ROWS = 20000, LONGEST = 10000, REPEATS = 5 };
static const double SECONDS = 0.04; /* of one measurement */

/* What is measured: some work, and the operations of one call. */
typedef struct work {
    void (*run)(void *data);
    void *data;
    double flops;
} work;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double time_calls(const work *w, int64_t calls)
{
    double start = seconds();
    for (int64_t i = 0; i < calls; i++)
        w->run(w->data);
    return seconds() - start;
}

/* Best rate, in GF/s. */
static double rate(const work *w)
{
    int64_t calls = 1;
    while (time_calls(w, calls) < SECONDS / 4)
        calls *= 2;
    double best = 0;
    for (int r = 0; r < REPEATS; r++) {
        double mine = w->flops * (double)calls / time_calls(w, calls) * 1e-9;
        if (mine > best)
            best = mine;
    }
    return best;
}

/* The peak: 12 independent chains of multiply-adds in registers. */
enum { CHAINS = 12, STEPS = 1000 };

#define PEAK(name, lanes, attributes)                                          \
    attributes static void name(void *data)                                    \
    {                                                                          \
        typedef float vector __attribute__((vector_size(4 * (lanes))));        \
        vector acc[CHAINS], a = {0}, b = {0};                                  \
        float *out = data;                                                     \
        a += out[0];                                                           \
        b += out[1];                                                           \
        _Pragma("GCC unroll 16") for (int c = 0; c < CHAINS; c++) acc[c] =     \
            a + (float)c;                                                      \
        for (int s = 0; s < STEPS; s++)                                        \
            _Pragma("GCC unroll 16") for (int c = 0; c < CHAINS; c++) acc[c] = \
                acc[c] * a + b;                                                \
        for (int c = 1; c < CHAINS; c++)                                       \
            acc[0] += acc[c];                                                  \
        out[2] = acc[0][0];                                                    \
    }

PEAK(peak_base, 4, )
#if defined(__x86_64__)
PEAK(peak_avx2, 8, __attribute__((target("avx2,fma"))))
PEAK(peak_avx512, 16, __attribute__((target("avx512f"))))
#endif

static double peak(enum cor_family family)
{
    float data[3] = {0.5f, 0.25f, 0};
    work w = {peak_base, data, 2.0 * CHAINS * STEPS * 4};
#if defined(__x86_64__)
    if (family == COR_FAMILY_AVX2)
        w = (work){peak_avx2, data, 2.0 * CHAINS * STEPS * 8};
    if (family == COR_FAMILY_AVX512)
        w = (work){peak_avx512, data, 2.0 * CHAINS * STEPS * 16};
#endif
    return rate(&w);
}

/* Everything that the measurements read. */
typedef struct bench {
    int64_t factors, ld;
    float *table, *value, *matrix, *start, *vector[4], *score;
    int32_t *index;
    cor_ridge *ridge;
    cor_ridge_row row;
    double *sums;
} bench;

static void must(int rc)
{
    if (rc == COR_OK)
        return;
    fprintf(stderr, "bench_linalg: %s\n", cor_message());
    exit(rc);
}

static bench make_bench(int64_t factors)
{
    bench b = {.factors = factors, .ld = cor_padded(factors)};
    must(COR_NEW_ZEROED(&b.table, TABLE_ROWS * b.ld));
    must(COR_NEW(&b.value, LONGEST));
    must(COR_NEW(&b.index, LONGEST));
    must(COR_NEW_ZEROED(&b.matrix, b.ld * b.ld));
    must(COR_NEW_ZEROED(&b.start, b.ld * b.ld));
    must(COR_NEW(&b.score, 256 * 1024));
    for (int v = 0; v < 4; v++)
        must(COR_NEW_ZEROED(&b.vector[v], b.ld));
    for (int64_t i = 0; i < TABLE_ROWS; i++)
        for (int64_t f = 0; f < factors; f++)
            b.table[i * b.ld + f] =
                (float)cor_random_unit(cor_random_at(
                    1, COR_STREAM_TEST, (uint64_t)i, (uint32_t)f)) -
                0.5f;
    for (int64_t j = 0; j < LONGEST; j++) {
        cor_random bits = cor_random_at(2, COR_STREAM_TEST, (uint64_t)j, 0);
        b.index[j] = (int32_t)(bits.word[2] % TABLE_ROWS);
        b.value[j] = (float)(5 * cor_random_unit(bits));
    }
    must(cor_ridge_create(factors, true, &b.ridge));
    must(COR_NEW(&b.sums, cor_ridge_sum_length(b.ridge)));
    b.row = (cor_ridge_row){.table = b.table,
                            .index = b.index,
                            .value = b.value,
                            .mean = 2.5,
                            .reg = 5,
                            .reg_bias = 5};
    return b;
}

static void free_bench(bench *b)
{
    cor_ridge_destroy(&b->ridge);
    void *block[] = {b->table,     b->value,     b->index,    b->matrix,
                     b->start,     b->score,     b->sums,     b->vector[0],
                     b->vector[1], b->vector[2], b->vector[3]};
    for (size_t i = 0; i < sizeof block / sizeof *block; i++)
        cor_free(block[i]);
}

static void run_gram(void *data)
{
    bench *b = data;
    cor_kernels_used()->gram(b->table, b->ld, 64, b->factors, false, b->matrix);
}

static void run_cholesky(void *data)
{
    bench *b = data;
    const cor_kernels *kernels = cor_kernels_used();
    memcpy(b->matrix, b->start, (size_t)(b->ld * b->ld) * sizeof(float));
    kernels->factor(b->matrix, b->ld, b->factors, b->vector[0], b->vector[1]);
    kernels->forward(b->matrix, b->ld, b->factors, b->vector[1], b->vector[2]);
    kernels->backward(b->matrix, b->ld, b->factors, b->vector[1], b->vector[2],
                      b->vector[3]);
}

static void run_ridge(void *data)
{
    bench *b = data;
    float bias;
    double loss;
    must(cor_ridge_solve(b->ridge, &b->row, b->vector[3], &bias, &loss));
}

static void run_sums(void *data)
{
    bench *b = data;
    cor_ridge_sums(b->ridge, &b->row, b->sums);
}

static void run_score(void *data)
{
    bench *b = data;
    cor_score_tile(b->table, b->row.count, b->table, 1024, b->ld, b->score);
}

static void show(const char *what, int64_t factors, int64_t count, double flops,
                 const work *w, double ceiling)
{
    double gflops = rate(w);
    printf("%-10s %8lld %8lld %12.3f %10.1f %8.1f\n", what, (long long)factors,
           (long long)count, 1e-3 * flops / gflops, gflops,
           100 * gflops / ceiling);
}

static void measure(int64_t factors, double ceiling)
{
    bench b = make_bench(factors);
    double k = (double)factors, flops = 64 * k * (k + 1);
    show("gram", factors, 64, flops, &(work){run_gram, &b, flops}, ceiling);

    cor_kernels_used()->gram(b.table, b.ld, 1024, factors, true, b.start);
    for (int64_t c = 0; c < b.ld; c++)
        b.vector[0][c] = b.start[c * b.ld + c] += 1;
    flops = k * k * k / 3 + 2 * k * k;
    show("cholesky", factors, factors, flops, &(work){run_cholesky, &b, flops},
         ceiling);

    static const int64_t count[] = {5,  16,  24,  32,   48,   64,
                                    96, 128, 300, 1000, 10000};
    for (size_t c = 0; c < sizeof count / sizeof *count; c++) {
        b.row.count = count[c];
        flops = cor_ridge_flops(factors, count[c]);
        show("ridge", factors, count[c], flops, &(work){run_ridge, &b, flops},
             ceiling);
    }
    flops = LONGEST * k * (k + 1);
    show("sums", factors, LONGEST, flops, &(work){run_sums, &b, flops},
         ceiling);
    for (int64_t users = 8; users <= 256; users *= 4) {
        b.row.count = users;
        flops = 2.0 * (double)users * 1024 * k;
        show("score", factors, users, flops, &(work){run_score, &b, flops},
             ceiling);
    }
    free_bench(&b);
}

int main(int argc, char **argv)
{
    for (int f = COR_FAMILY_BASE; argc > 1 && f <= COR_FAMILY_AVX512; f++)
        if (strcmp(argv[1], cor_family_name(f)) == 0)
            cor_family_use(f);
    enum cor_family family = cor_family_used();
    double ceiling = peak(family);
    printf("family %s, multiply-add peak %.1f GF/s, %s\n",
           cor_family_name(family), ceiling, cor_linalg_version());
    printf("%-10s %8s %8s %12s %10s %8s\n", "what", "factors", "rows", "us",
           "GF/s", "% peak");
    static const int64_t factors[] = {16, 32, 64, 128};
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++)
        measure(factors[i], ceiling);
    return 0;
}
