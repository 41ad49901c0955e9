/**
 * Ridge regression of a row against the full normal equations in double
 * precision, solved by Gaussian elimination.
 */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_ROWS = 500, LONGEST = 5000, MOST = 136 /* unknowns */ };

/* A table and a row of ratings of it, from a planted model. */
typedef struct problem {
    int64_t factors, ld;
    float table[TABLE_ROWS * MOST], other_bias[TABLE_ROWS];
    float value[LONGEST];
    int32_t index[LONGEST];
    cor_ridge_row row;
} problem;

typedef struct answer {
    float x[MOST], bias;
    double loss;
} answer;

static double normal(uint64_t row, uint32_t step)
{
    double pair[2];
    cor_random_normals(cor_random_at(9, COR_STREAM_TEST, row, step), pair);
    return pair[0];
}

/* Fill *p: factors with a mean that is not zero, repeated ratings. */
static void make_problem(problem *p, int64_t factors, int64_t count)
{
    memset(p, 0, sizeof *p);
    p->factors = factors;
    p->ld = cor_padded(factors);
    for (uint64_t i = 0; i < TABLE_ROWS; i++) {
        p->other_bias[i] = (float)(0.3 * normal(i, 1000));
        for (int64_t f = 0; f < factors; f++)
            p->table[(int64_t)i * p->ld + f] =
                (float)(0.2 + 0.5 * normal(i, (uint32_t)f));
    }
    for (int64_t j = 0; j < count; j++) {
        p->index[j] = (int32_t)((j * 7 + j * j % 11) % TABLE_ROWS);
        const float *y = p->table + p->index[j] * p->ld;
        double value = 3.9 + p->other_bias[p->index[j]];
        for (int64_t f = 0; f < factors; f++)
            value += 0.3 * sin((double)f) * y[f];
        p->value[j] = (float)(value + 0.5 * normal((uint64_t)j, 2000));
    }
    p->row = (cor_ridge_row){.table = p->table,
                             .other_bias = p->other_bias,
                             .index = p->index,
                             .value = p->value,
                             .count = count,
                             .mean = 3.5,
                             .reg = 0.5,
                             .reg_bias = 0.25};
}

/* What the row asks to be minimised, at (x, b). */
static double direct_loss(const problem *p, const double *x, double b)
{
    const cor_ridge_row *row = &p->row;
    double loss = row->reg_bias * b * b;
    for (int64_t f = 0; f < p->factors; f++)
        loss += row->reg * x[f] * x[f];
    for (int64_t j = 0; j < row->count; j++) {
        double e = row->value[j] - row->mean - b;
        if (row->other_bias)
            e -= row->other_bias[row->index[j]];
        for (int64_t f = 0; f < p->factors; f++)
            e -= x[f] * row->table[row->index[j] * p->ld + f];
        loss += e * e;
    }
    return loss;
}

/* Gaussian elimination with row exchanges; a is order x (order + 1). */
static void eliminate(double *a, int64_t order, double *x)
{
    int64_t width = order + 1;
    for (int64_t c = 0; c < order; c++) {
        int64_t best = c;
        for (int64_t r = c; r < order; r++)
            if (fabs(a[r * width + c]) > fabs(a[best * width + c]))
                best = r;
        for (int64_t i = 0; i < width; i++) {
            double keep = a[c * width + i];
            a[c * width + i] = a[best * width + i];
            a[best * width + i] = keep;
        }
        for (int64_t r = c + 1; r < order; r++) {
            double m = a[r * width + c] / a[c * width + c];
            for (int64_t i = c; i < width; i++)
                a[r * width + i] -= m * a[c * width + i];
        }
    }
    for (int64_t r = order - 1; r >= 0; r--) {
        x[r] = a[r * width + order];
        for (int64_t i = r + 1; i < order; i++)
            x[r] -= a[r * width + i] * x[i];
        x[r] /= a[r * width + r];
    }
}

/* What is right: x, then b, and the minimum; the scale of losses. */
typedef struct truth {
    double x[MOST], least, scale;
} truth;

/* The solution in double precision, by the full equations. */
static truth reference(const problem *p, bool bias)
{
    static double a[MOST * (MOST + 1)];
    truth right = {.least = 0};
    const cor_ridge_row *row = &p->row;
    int64_t order = p->factors + bias, width = order + 1;
    memset(a, 0, sizeof a);
    for (int64_t j = 0; j < row->count; j++) {
        double y[MOST];
        double t = row->value[j] - row->mean;
        if (row->other_bias)
            t -= row->other_bias[row->index[j]];
        for (int64_t f = 0; f < p->factors; f++)
            y[f] = row->table[row->index[j] * p->ld + f];
        y[p->factors] = 1;
        for (int64_t r = 0; r < order; r++) {
            for (int64_t c = 0; c < order; c++)
                a[r * width + c] += y[r] * y[c];
            a[r * width + order] += y[r] * t;
        }
    }
    for (int64_t r = 0; r < order; r++)
        a[r * width + r] += r < p->factors ? row->reg : row->reg_bias;
    double zero[MOST] = {0};
    eliminate(a, order, right.x);
    right.least = direct_loss(p, right.x, right.x[p->factors]);
    right.scale = direct_loss(p, zero, 0);
    return right;
}

/* Solve with a fresh work space; NULL bias where there is none. */
static int solve(const problem *p, bool bias, answer *out)
{
    cor_ridge *ridge = NULL;
    memset(out, 0x55, sizeof *out);
    out->bias = 0;
    COR_TRY(cor_ridge_create(p->factors, bias, &ridge));
    int rc = cor_ridge_solve(ridge, &p->row, out->x, bias ? &out->bias : NULL,
                             &out->loss);
    cor_ridge_destroy(&ridge);
    return rc;
}

/*
 * Whether an answer is the minimum: x to `digits` of its largest element (the
 * condition number, up to 1e5 where ratings are about as many as factors, times
 * 2^-24), the losses to 1e-5 of the sum of squared targets (64 roundings or
 * more of terms of that size), and x as good as the best to 1e-6 of it.
 */
static bool is_answer(const problem *p, const truth *right, const answer *a,
                      double digits)
{
    double mine[MOST] = {0}, size = 0.01, error = 0;
    mine[p->factors] = a->bias;
    for (int64_t f = 0; f < p->factors; f++)
        mine[f] = a->x[f];
    for (int64_t f = 0; f <= p->factors; f++) {
        size = fmax(size, fabs(right->x[f]));
        error = fmax(error, fabs(mine[f] - right->x[f]));
    }
    double above = direct_loss(p, mine, a->bias) - right->least;
    bool good = error <= digits * size && above <= 1e-6 * right->scale &&
                fabs(a->loss - right->least) <= 1e-5 * right->scale;
    for (int64_t f = p->factors; f < p->ld; f++)
        good = good && a->x[f] == 0;
    if (!good)
        fprintf(stderr,
                "%s: %lld factors, %lld ratings, reg %g, reg_bias %g: error "
                "%.2e of %.2e, loss %.9g, should be %.9g of %g\n",
                cor_family_name(cor_family_used()), (long long)p->factors,
                (long long)p->row.count, p->row.reg, p->row.reg_bias, error,
                size, a->loss, right->least, right->scale);
    return good;
}

static bool is_minimum(const problem *p, bool bias, const answer *a,
                       double digits)
{
    truth right = reference(p, bias);
    return is_answer(p, &right, a, digits);
}

static const int64_t all_factors[] = {1, 16, 17, 40, 64, 100, 128};
static const int64_t all_counts[] = {0,  1,  2,  8,   9,   16,   17,
                                     31, 48, 65, 100, 127, 1024, 1025};
#define LENGTH(array) (sizeof(array) / sizeof *(array))

static problem one;

/* Solve in every family. */
static bool families_solve(const problem *p, bool bias)
{
    bool good = true;
    truth right = reference(p, bias);
    for (int family = 0; family <= (int)cor_family_best(); family++) {
        answer a;
        cor_family_use(family);
        good = good && solve(p, bias, &a) == COR_OK &&
               is_answer(p, &right, &a, 1e-3);
    }
    cor_family_use(cor_family_best());
    return good;
}

static void rows_are_solved(void **state)
{
    (void)state;
    static const double regs[][2] = {{0.5, 0.25}, {20, 3}, {0.05, 0}};
    for (size_t f = 0; f < LENGTH(all_factors); f++)
        for (size_t c = 0; c < LENGTH(all_counts); c++) {
            make_problem(&one, all_factors[f], all_counts[c]);
            for (size_t r = 0; r < LENGTH(regs); r++) {
                one.row.reg = regs[r][0];
                one.row.reg_bias = regs[r][1];
                one.row.other_bias = one.other_bias;
                /* With neither ratings nor a price, b could be anything. */
                if (all_counts[c] > 0 || one.row.reg_bias > 0)
                    CHECK(families_solve(&one, true));
                one.row.other_bias = NULL;
                CHECK(families_solve(&one, false));
            }
        }
}

static void no_regularisation_is_least_squares(void **state)
{
    (void)state;
    for (int bias = 0; bias < 2; bias++) {
        answer a;
        make_problem(&one, 33, 400);
        one.row.reg = one.row.reg_bias = 0;
        CHECK_OK(solve(&one, bias, &a));
        CHECK(is_minimum(&one, bias, &a, 1e-3));
    }
}

static void no_ratings_give_nothing(void **state)
{
    (void)state;
    answer a;
    make_problem(&one, 17, 0);
    one.row.reg = one.row.reg_bias = 0;
    CHECK_OK(solve(&one, true, &a));
    CHECK(a.bias == 0 && a.loss == 0);
    for (int64_t f = 0; f < one.ld; f++)
        CHECK(a.x[f] == 0);
}

/* So nearly singular that single precision fails: still right. */
static void near_singular_rows_are_solved(void **state)
{
    (void)state;
    static const int64_t counts[] = {20, 100, 2000};
    for (size_t c = 0; c < LENGTH(counts); c++)
        for (int bias = 0; bias < 2; bias++) {
            answer a;
            make_problem(&one, 40, counts[c]);
            /* Two factors that differ in their last digits. */
            for (int64_t i = 0; i < TABLE_ROWS; i++)
                one.table[i * one.ld + 1] =
                    one.table[i * one.ld] * (1 + 1e-6f * (float)(i % 5));
            one.row.reg = 1e-5;
            CHECK_OK(solve(&one, bias, &a));
            CHECK(is_minimum(&one, bias, &a, 1e-4));
        }
}

/* Ordinary rows must not need double precision, which is many times slower; it
   shows in that the last digits of x are right. */
static void ordinary_rows_stay_single(void **state)
{
    (void)state;
    static const int64_t counts[] = {3, 8, 20, 100, 1500};
    for (size_t c = 0; c < LENGTH(counts); c++)
        for (int bias = 0; bias < 2; bias++) {
            answer a;
            int64_t rounded = 0;
            make_problem(&one, 40, counts[c]);
            CHECK_OK(solve(&one, bias, &a));
            truth right = reference(&one, bias);
            for (int64_t f = 0; f < one.factors; f++)
                rounded += a.x[f] != (float)right.x[f];
            CHECK(rounded > 10);
        }
}

static bool same_answer(const answer *a, const answer *b, int64_t ld)
{
    return memcmp(a->x, b->x, (size_t)ld * sizeof(float)) == 0 &&
           memcmp(&a->bias, &b->bias, sizeof a->bias) == 0 &&
           memcmp(&a->loss, &b->loss, sizeof a->loss) == 0;
}

static void families_that_fuse_give_the_same_bits(void **state)
{
    (void)state;
    if (cor_family_best() < COR_FAMILY_AVX512)
        skip();
    for (size_t f = 0; f < LENGTH(all_factors); f++)
        for (size_t c = 0; c < LENGTH(all_counts); c++)
            for (int bias = 0; bias < 2; bias++) {
                answer narrow, wide;
                make_problem(&one, all_factors[f], all_counts[c]);
                cor_family_use(COR_FAMILY_AVX2);
                CHECK_OK(solve(&one, bias, &narrow));
                cor_family_use(COR_FAMILY_AVX512);
                CHECK_OK(solve(&one, bias, &wide));
                CHECK(same_answer(&narrow, &wide, one.ld));
            }
}

/* What an earlier row left in the work space must not matter. */
static void rows_do_not_touch_each_other(void **state)
{
    (void)state;
    static const int64_t order[] = {100, 3, 2000, 40, 17, 1025, 1, 64, 20};
    cor_ridge *ridge = NULL;
    CHECK_OK(cor_ridge_create(64, true, &ridge));
    for (size_t c = 0; c < LENGTH(order); c++) {
        answer fresh, used;
        make_problem(&one, 64, order[c]);
        CHECK_OK(solve(&one, true, &fresh));
        CHECK_OK(
            cor_ridge_solve(ridge, &one.row, used.x, &used.bias, &used.loss));
        CHECK(same_answer(&fresh, &used, one.ld));
        /* A failure in between leaves nothing behind either. */
        one.value[0] = NAN;
        CHECK(cor_ridge_solve(ridge, &one.row, used.x, &used.bias,
                              &used.loss) == COR_ENUMERIC);
    }
    cor_ridge_destroy(&ridge);
}

/* Add the sums of the ratings in three parts. */
static int sum_parts(cor_ridge *ridge, const cor_ridge_row *row, double *total,
                     double *part)
{
    static const int64_t tenth[] = {0, 1, 6, 10};
    int64_t length = cor_ridge_sum_length(ridge);
    memset(total, 0, (size_t)length * sizeof *total);
    for (int i = 0; i < 3; i++) {
        int64_t from = row->count * tenth[i] / 10;
        cor_ridge_row mine = *row;
        mine.index += from;
        mine.value += from;
        mine.count = row->count * tenth[i + 1] / 10 - from;
        cor_ridge_sums(ridge, &mine, part);
        for (int64_t s = 0; s < length; s++)
            total[s] += part[s];
    }
    return COR_OK;
}

static void sums_of_parts_give_the_solution(void **state)
{
    (void)state;
    for (int bias = 0; bias < 2; bias++)
        for (int64_t count = 0; count <= LONGEST; count += LONGEST / 4) {
            cor_ridge *ridge = NULL;
            double *total = NULL, *part = NULL;
            answer a = {.bias = 0};
            make_problem(&one, 33, count);
            CHECK_OK(cor_ridge_create(33, bias, &ridge));
            CHECK_OK(COR_NEW(&total, cor_ridge_sum_length(ridge)));
            CHECK_OK(COR_NEW(&part, cor_ridge_sum_length(ridge)));
            CHECK_OK(sum_parts(ridge, &one.row, total, part));
            CHECK_OK(cor_ridge_solve_sums(ridge, total, one.row.reg,
                                          one.row.reg_bias, a.x,
                                          bias ? &a.bias : NULL, &a.loss));
            CHECK(is_minimum(&one, bias, &a, 1e-3));
            cor_free(total);
            cor_free(part);
            cor_ridge_destroy(&ridge);
        }
}

static void sums_in_one_part_give_the_same_bits(void **state)
{
    (void)state;
    cor_ridge *ridge = NULL;
    double *sums = NULL;
    answer a, b;
    make_problem(&one, 64, 3000);
    CHECK_OK(cor_ridge_create(64, true, &ridge));
    CHECK_OK(COR_NEW(&sums, cor_ridge_sum_length(ridge)));
    cor_ridge_sums(ridge, &one.row, sums);
    CHECK_OK(cor_ridge_solve_sums(ridge, sums, one.row.reg, one.row.reg_bias,
                                  a.x, &a.bias, &a.loss));
    CHECK_OK(solve(&one, true, &b));
    CHECK(same_answer(&a, &b, one.ld));
    cor_free(sums);
    cor_ridge_destroy(&ridge);
}

/* Half a million ratings keep the digits of a hundred. */
static void long_rows_keep_their_digits(void **state)
{
    (void)state;
    enum { COUNT = 500000 };
    cor_ridge *ridge = NULL;
    double *sums = NULL, error = 0;
    float *value = NULL;
    int32_t *index = NULL;
    make_problem(&one, 16, 100);
    CHECK_OK(COR_NEW(&value, COUNT));
    CHECK_OK(COR_NEW(&index, COUNT));
    for (int64_t j = 0; j < COUNT; j++) {
        value[j] = one.value[j % 100];
        index[j] = one.index[j % 100];
    }
    one.row.value = value;
    one.row.index = index;
    one.row.count = COUNT;
    CHECK_OK(cor_ridge_create(16, true, &ridge));
    int64_t length = cor_ridge_sum_length(ridge);
    CHECK_OK(COR_NEW(&sums, 2 * length));
    cor_ridge_sums(ridge, &one.row, sums);
    one.row.count = 100;
    cor_ridge_sums(ridge, &one.row, sums + length);
    for (int64_t s = 0; s < length; s++)
        error = fmax(error, fabs(sums[s] / (COUNT / 100) - sums[length + s]));
    /* Runs of 1024 of size 0.3 a term: about 30 roundings of 2^-24 x 300. */
    CHECK(error < 1e-4);
    cor_free(sums);
    cor_free(value);
    cor_free(index);
    cor_ridge_destroy(&ridge);
}

static void singular_rows_are_refused(void **state)
{
    (void)state;
    answer a;
    make_problem(&one, 33, 20);
    one.row.reg = 0;
    CHECK(solve(&one, false, &a) == COR_ENUMERIC);
    CHECK(solve(&one, true, &a) == COR_ENUMERIC);
    /* Enough ratings, all of the same thing; short and long. */
    for (int64_t count = 100; count <= 2000; count += 1900) {
        make_problem(&one, 33, count);
        one.row.reg = 0;
        for (int64_t j = 0; j < count; j++)
            one.index[j] = 3;
        CHECK(solve(&one, true, &a) == COR_ENUMERIC);
    }
    CHECK(strstr(cor_message(), "regularisation") != NULL);
}

static void singular_sums_are_refused(void **state)
{
    (void)state;
    cor_ridge *ridge = NULL;
    double *sums = NULL;
    answer a;
    make_problem(&one, 33, 20);
    CHECK_OK(cor_ridge_create(33, true, &ridge));
    CHECK_OK(COR_NEW(&sums, cor_ridge_sum_length(ridge)));
    cor_ridge_sums(ridge, &one.row, sums);
    CHECK(cor_ridge_solve_sums(ridge, sums, 0, 1, a.x, &a.bias, &a.loss) ==
          COR_ENUMERIC);
    cor_free(sums);
    cor_ridge_destroy(&ridge);
}

static void numbers_that_are_none_are_refused(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    static const int64_t counts[] = {5, 100, 2000};
    for (size_t c = 0; c < LENGTH(counts); c++)
        for (size_t b = 0; b < LENGTH(bad); b++)
            for (int bias = 0; bias < 2; bias++) {
                answer a;
                make_problem(&one, 17, counts[c]);
                one.value[3] = bad[b];
                CHECK(solve(&one, bias, &a) == COR_ENUMERIC);
                make_problem(&one, 17, counts[c]);
                one.table[one.index[4] * one.ld + 2] = bad[b];
                CHECK(solve(&one, bias, &a) == COR_ENUMERIC);
                make_problem(&one, 17, counts[c]);
                one.other_bias[one.index[4]] = bad[b];
                CHECK(solve(&one, bias, &a) == COR_ENUMERIC);
            }
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    cor_ridge *ridge = NULL;
    CHECK(cor_ridge_create(0, false, &ridge) == COR_EUSAGE);
    CHECK(ridge == NULL);
    cor_ridge_destroy(&ridge);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rows_are_solved),
    cmocka_unit_test(no_regularisation_is_least_squares),
    cmocka_unit_test(no_ratings_give_nothing),
    cmocka_unit_test(near_singular_rows_are_solved),
    cmocka_unit_test(ordinary_rows_stay_single),
    cmocka_unit_test(families_that_fuse_give_the_same_bits),
    cmocka_unit_test(rows_do_not_touch_each_other),
    cmocka_unit_test(sums_of_parts_give_the_solution),
    cmocka_unit_test(sums_in_one_part_give_the_same_bits),
    cmocka_unit_test(long_rows_keep_their_digits),
    cmocka_unit_test(singular_rows_are_refused),
    cmocka_unit_test(singular_sums_are_refused),
    cmocka_unit_test(numbers_that_are_none_are_refused),
    cmocka_unit_test(bad_arguments_are_refused),
};

TEAM_TESTS(tests)
