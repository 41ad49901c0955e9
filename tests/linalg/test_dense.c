/**
 * Factorisations against closed forms: matrices whose factors, inverses,
 * eigenvalues and eigenvectors are known on paper.
 */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/dense.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/random.h"

#include <math.h>
#include <omp.h>
#include <string.h>

enum { MOST = 300 };
static const int64_t orders[] = {1, 2, 3, 17, 64, 129, MOST};
#define ORDERS (sizeof orders / sizeof *orders)

static const double pi = 3.14159265358979323846;
static double one[MOST * MOST], two[MOST * MOST], three[MOST * MOST];

/* Pascal's matrix by its factor: binomials; exact in doubles up to 25. */
static void pascals_matrix_is_factored(void **state)
{
    (void)state;
    enum { N = 25 };
    static double binomial[N * N];
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++)
            binomial[i * N + j] =
                j == 0 || j == i
                    ? 1
                    : binomial[(i - 1) * N + j - 1] + binomial[(i - 1) * N + j];
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double sum = 0;
            for (int k = 0; k < N; k++)
                sum += binomial[i * N + k] * binomial[j * N + k];
            one[i * N + j] = j <= i ? sum : NAN; /* the upper is not read */
        }
    CHECK_OK(cor_dense_cholesky(N, one));
    double error = 0;
    for (int i = 0; i < N * N; i++)
        error = fmax(error, fabs(one[i] - binomial[i]));
    CHECK(error == 0); /* whole numbers below 2^53 all the way */
}

/* The inverse of the triangle of ones has 1 and -1 on two diagonals. */
static void the_triangle_of_ones_is_inverted(void **state)
{
    (void)state;
    for (size_t o = 0; o < ORDERS; o++) {
        int64_t n = orders[o];
        double error = 0;
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++)
                one[i * n + j] = j <= i;
        CHECK_OK(cor_dense_triangle_invert(n, one));
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++)
                error =
                    fmax(error, fabs(one[i * n + j] - (i == j) + (i == j + 1)));
        CHECK(error == 0);
    }
}

/* The second difference: 2 - 2 cos(k pi / (n+1)), vectors are sines. */
static void second_difference(int64_t n, double *a)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            a[i * n + j] = j > i ? NAN : i == j ? 2 : i == j + 1 ? -1 : 0;
}

static bool is_sine(int64_t n, int64_t k, const double *vector)
{
    double norm = sqrt(2.0 / (double)(n + 1)), dot = 0, most = 0;
    for (int64_t i = 0; i < n; i++) {
        dot += vector[i] * norm *
               sin((double)k * pi * (double)(i + 1) / (double)(n + 1));
        if (fabs(vector[i]) > fabs(most))
            most = vector[i];
    }
    /* A gap of about (pi/n)^2 to the next eigenvalue: n^2 roundings. */
    return most > 0 && fabs(fabs(dot) - 1) < 1e-16 * (double)(n * n * 10);
}

static void eigenvalues_are_those_on_paper(void **state)
{
    (void)state;
    static double value[MOST];
    for (size_t o = 0; o < ORDERS; o++) {
        int64_t n = orders[o];
        bool good = true;
        second_difference(n, one);
        CHECK_OK(cor_dense_eigen(n, one, value, two));
        for (int64_t i = 0; i < n; i++) {
            int64_t k = n - i; /* descending */
            double right = 2 - 2 * cos((double)k * pi / (double)(n + 1));
            good = good && fabs(value[i] - right) < 1e-14 * (double)n &&
                   is_sine(n, k, two + i * n);
        }
        CHECK(good);
    }
}

static void what_cannot_be_done_is_said(void **state)
{
    (void)state;
    double value[2], vector[4];
    double indefinite[] = {1, 0, 2, 1}, nan[] = {1, 0, NAN, 1},
           singular[] = {1, 0, 5, 0}, infinite[] = {INFINITY, 0, 0, 1};
    CHECK(cor_dense_cholesky(2, indefinite) == COR_ENUMERIC);
    CHECK(cor_dense_cholesky(2, nan) == COR_ENUMERIC);
    nan[2] = NAN;
    CHECK(cor_dense_triangle_invert(2, singular) == COR_ENUMERIC);
    CHECK(cor_dense_triangle_invert(2, nan) == COR_ENUMERIC);
    CHECK(cor_dense_eigen(2, infinite, value, vector) == COR_ENUMERIC);
    CHECK(cor_dense_eigen(1 << 20, NULL, NULL, NULL) == COR_EMEMORY);
    CHECK_OK(cor_dense_eigen(0, value, value, vector));
    CHECK_OK(cor_dense_cholesky(0, value));
}

/* m x k and k x n of small whole numbers, either of them turned: exact. */
static bool product_is_plain(int64_t m, int64_t n, int64_t k, bool turn_a,
                             bool turn_b, bool add)
{
    int64_t lda = (turn_a ? m : k) + 3, ldb = (turn_b ? k : n) + 1, ld = n + 2;
    bool good = true;
    for (int64_t i = 0; i < MOST * MOST; i++) {
        one[i] = (double)(i * 7 % 13 - 6);
        two[i] = (double)(i * 5 % 11 - 5);
        three[i] = 1;
    }
    cor_dense_multiply(m, n, k, (cor_dense_operand){one, lda, turn_a},
                       (cor_dense_operand){two, ldb, turn_b}, add, three, ld);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < ld; j++) {
            double right = add || j >= n;
            for (int64_t l = 0; l < k && j < n; l++)
                right += one[turn_a ? l * lda + i : i * lda + l] *
                         two[turn_b ? j * ldb + l : l * ldb + j];
            good = good && three[i * ld + j] == right;
        }
    return good;
}

static bool gram_is_plain(int64_t n, int64_t k, bool turned)
{
    int64_t ld = turned ? n : k;
    bool good = true;
    for (int64_t i = 0; i < n * k; i++)
        one[i] = (double)(i * 7 % 13 - 6);
    for (int64_t i = 0; i < n * n; i++)
        two[i] = 1;
    cor_dense_gram(n, k, (cor_dense_operand){one, ld, turned}, two, n);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) {
            double right = 1;
            for (int64_t l = 0; l < k; l++)
                right += one[turned ? l * ld + i : i * ld + l] *
                         one[turned ? l * ld + j : j * ld + l];
            good = good && two[i * n + j] == right;
        }
    return good;
}

/* A number of a product depends on its row and its column alone; families that
   fuse agree. */
static void numbers_of_a_product_stand_alone(void **state)
{
    (void)state;
    enum { M = 61, N = 70, K = 290 };
    for (int64_t i = 0; i < MOST * MOST; i++)
        one[i] =
            cor_random_unit(cor_random_at(4, COR_STREAM_TEST, (uint64_t)i, 0));
    const double *b = one + M * K;
    for (int f = 0; f <= (int)cor_family_best(); f++) {
        bool good = true;
        cor_family_use(f);
        cor_dense_multiply(M, N, K, (cor_dense_operand){one, K, false},
                           (cor_dense_operand){b, K, true}, false, two, N);
        cor_dense_multiply(7, 3, K, (cor_dense_operand){one + 5 * K, K, false},
                           (cor_dense_operand){b + 40 * K, K, true}, false,
                           three, 3);
        for (int i = 0; i < 7; i++)
            good = good && memcmp(three + 3 * i, two + (i + 5) * N + 40,
                                  3 * sizeof *two) == 0;
        CHECK(good);
        memset(three, 0, sizeof three);
        cor_dense_gram(M, K, (cor_dense_operand){one, K, false}, three, M);
        cor_dense_multiply(M, M, K, (cor_dense_operand){one, K, false},
                           (cor_dense_operand){one, K, true}, false, two, M);
        for (int i = 0; i < M; i++)
            good = good && memcmp(three + M * i, two + M * i,
                                  (size_t)(i + 1) * sizeof *two) == 0;
        if (f == COR_FAMILY_AVX2)
            memcpy(one + MOST * MOST / 2, two, M * M * sizeof *two);
        if (f == COR_FAMILY_AVX512)
            good = good &&
                   memcmp(one + MOST * MOST / 2, two, M * M * sizeof *two) == 0;
        CHECK(good);
    }
    cor_family_use(cor_family_best());
}

static void products_are_plain_in_this_family(void)
{
    for (int bits = 0; bits < 8; bits++) {
        CHECK(product_is_plain(5, 9, 33, bits & 1, bits & 2, bits & 4));
        CHECK(product_is_plain(64, 1, 70, bits & 1, bits & 2, bits & 4));
        CHECK(product_is_plain(4, 4, 0, bits & 1, bits & 2, bits & 4));
        CHECK(product_is_plain(0, 3, 3, bits & 1, bits & 2, bits & 4));
    }
    for (int turned = 0; turned < 2; turned++) {
        CHECK(gram_is_plain(3, 200, turned));
        CHECK(gram_is_plain(100, 9, turned));
        CHECK(gram_is_plain(4, 0, turned));
        CHECK(gram_is_plain(70, 300, turned));
    }
}

static void products_are_plain(void **state)
{
    (void)state;
    for (int f = 0; f <= (int)cor_family_best(); f++) {
        cor_family_use(f);
        products_are_plain_in_this_family();
    }
    cor_family_use(cor_family_best());
}

/* A positive definite matrix without structure. */
static void fill(int64_t n, double *a)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++)
            a[i * n + j] = cor_random_unit(cor_random_at(
                               3, COR_STREAM_TEST, (uint64_t)(i * n + j), 0)) +
                           (i == j ? (double)n : 0);
}

/* All of them, into one block of results. */
static int results(double *out)
{
    int64_t n = MOST;
    double *a = NULL;
    COR_TRY(COR_NEW(&a, n * n));
    fill(n, out);
    int rc = cor_dense_cholesky(n, out);
    memcpy(out + n * n, out, (size_t)(n * n) * sizeof *a);
    if (rc == COR_OK)
        rc = cor_dense_triangle_invert(n, out + n * n);
    fill(n, a);
    if (rc == COR_OK)
        rc = cor_dense_eigen(n, a, out + 4 * n * n, out + 2 * n * n);
    memset(out + 3 * n * n, 0, (size_t)(n * n) * sizeof *out);
    cor_dense_gram(n, n, (cor_dense_operand){out, n, true}, out + 3 * n * n, n);
    cor_dense_multiply(n, n, n, (cor_dense_operand){out, n, false},
                       (cor_dense_operand){out + n * n, n, true}, true,
                       out + 3 * n * n, n);
    cor_free(a);
    return rc;
}

/* Alone, with two threads to take, and from two threads at once. */
static void threads_do_not_change_the_bits(void **state)
{
    (void)state;
    enum { LENGTH = 4 * MOST * MOST + MOST };
    static double out[4][LENGTH];
    int rc[4], threads = omp_get_max_threads();
    omp_set_num_threads(1);
    rc[0] = results(out[0]);
    omp_set_num_threads(2);
    rc[1] = results(out[1]);
    bool kept = omp_get_max_threads() == 2;
#pragma omp parallel for num_threads(2)
    for (int i = 2; i < 4; i++)
        rc[i] = results(out[i]);
    omp_set_num_threads(threads);
    CHECK(kept);
    for (int i = 0; i < 4; i++) {
        CHECK_OK(rc[i]);
        CHECK(memcmp(out[i], out[0], sizeof out[0]) == 0);
    }
}

/* What was factored comes back: L L' = A, and L times its inverse is 1. */
static void factors_give_the_matrix_back(void **state)
{
    (void)state;
    int64_t n = 129;
    double error = 0;
    fill(n, one);
    memcpy(two, one, sizeof one);
    CHECK_OK(cor_dense_cholesky(n, two));
    memcpy(three, two, sizeof two);
    CHECK_OK(cor_dense_triangle_invert(n, three));
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) {
            double product = 0, unit = 0;
            for (int64_t k = 0; k < n; k++) {
                product += two[i * n + k] * two[j * n + k];
                unit += two[i * n + k] * three[k * n + j];
            }
            error = fmax(error, fabs(product / one[i * n + j] - 1));
            error = fmax(error, fabs(unit - (i == j)));
        }
    CHECK(error < 1e-10);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(pascals_matrix_is_factored),
    cmocka_unit_test(the_triangle_of_ones_is_inverted),
    cmocka_unit_test(eigenvalues_are_those_on_paper),
    cmocka_unit_test(what_cannot_be_done_is_said),
    cmocka_unit_test(factors_give_the_matrix_back),
    cmocka_unit_test(products_are_plain),
    cmocka_unit_test(numbers_of_a_product_stand_alone),
    cmocka_unit_test(threads_do_not_change_the_bits),
};

TEAM_TESTS(tests)
