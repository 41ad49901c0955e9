/**
 * Principal components against a matrix whose singular values and vectors are
 * known on paper: both sides are cosines.
 */
#define TEAM_TEST_MAIN
#include "store/scratch.h"

#include "coracle/memory.h"
#include "coracle/pca.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PLANTED = 6, SHARDS = 16 };

static const double singular[PLANTED] = {50, 31, 20, 12, 7, 3};
static const double pi = 3.14159265358979323846;

/* Number i of the k-th vector of n: orthonormal over k, and from k = 1 on
   orthogonal to the constant. */
static double cosine(int64_t k, int64_t i, int64_t n)
{
    double scale = k == 0 ? sqrt(1 / (double)n) : sqrt(2 / (double)n);
    return scale * cos(pi * (double)k * ((double)i + 0.5) / (double)n);
}

typedef struct shape {
    int64_t rows, columns;
    enum cor_type type;
    double mean;
} shape;

static double element(const shape *s, int64_t row, int64_t column)
{
    double x = s->mean * (1 + (double)(column % 3));
    for (int k = 0; k < PLANTED; k++)
        x += singular[k] * cosine(k + 1, row, s->rows) *
             cosine(k, column, s->columns);
    return x;
}

static int fill(const shape *s, cor_matrix *m)
{
    COR_TRY(cor_matrix_create(team, SHARDS, s->rows, s->columns, s->type, m));
    for (int64_t i = 0; i < m->count * m->columns; i++) {
        double x = element(s, m->first + i / m->columns, i % m->columns);
        if (s->type == COR_FLOAT64)
            ((double *)m->value)[i] = x;
        else
            ((float *)m->value)[i] = (float)x;
    }
    return COR_OK;
}

/* How far a component is from the cosine that it should be. */
static double component_error(const cor_pca *pca, int64_t k)
{
    const double *v = pca->component + k * pca->columns;
    int64_t most = 0;
    double error = 0;
    for (int64_t c = 1; c < pca->columns; c++)
        if (fabs(v[c]) > fabs(v[most]))
            most = c;
    double sign = cosine(k, most, pca->columns) < 0 ? -1 : 1;
    for (int64_t c = 0; c < pca->columns; c++)
        error = fmax(error, fabs(v[c] - sign * cosine(k, c, pca->columns)));
    return v[most] > 0 ? error : 1;
}

static double orthogonality_error(const cor_pca *pca)
{
    double error = 0;
    for (int64_t i = 0; i < pca->components; i++)
        for (int64_t j = 0; j <= i; j++) {
            double dot = 0;
            for (int64_t c = 0; c < pca->columns; c++)
                dot += pca->component[i * pca->columns + c] *
                       pca->component[j * pca->columns + c];
            error = fmax(error, fabs(dot - (i == j)));
        }
    return error;
}

/* Whether the planted components were found, to so many digits. */
static bool is_planted(const shape *s, const cor_pca *pca, double digits)
{
    double squares = 0, share = 0, worst = orthogonality_error(pca);
    for (int k = 0; k < PLANTED; k++)
        squares += singular[k] * singular[k];
    for (int64_t k = 0; k < pca->components; k++) {
        double square = k < PLANTED ? singular[k] * singular[k] : 0;
        worst = fmax(worst,
                     fabs(pca->variance[k] * (double)(s->rows - 1) - square) /
                         squares);
        worst = fmax(worst, fabs(pca->ratio[k] - square / squares));
        if (k < PLANTED) {
            worst = fmax(worst, component_error(pca, k));
            worst = fmax(worst, fabs(pca->singular[k] / singular[k] - 1));
        }
        share += square / squares;
    }
    worst = fmax(worst, fabs(pca->total_ratio - share));
    for (int64_t c = 0; c < s->columns; c++)
        worst =
            fmax(worst, fabs(pca->mean[c] - s->mean * (1 + (double)(c % 3))) /
                            (1 + s->mean));
    if (!(worst < digits))
        fprintf(stderr, "%lld x %lld, %s: error %g\n", (long long)s->rows,
                (long long)s->columns, cor_pca_solver_name(pca->solver), worst);
    return worst < digits;
}

static cor_pca_options options(double components, enum cor_pca_solver solver)
{
    cor_pca_options o = cor_pca_options_default();
    o.components = components;
    o.solver = solver;
    return o;
}

static bool fit_is_planted(const shape *s, const cor_pca_options *o,
                           double digits)
{
    cor_matrix m = {0};
    cor_pca pca = {0};
    bool good = cor_agree(team, fill(s, &m)) == COR_OK &&
                cor_pca_fit(team, &m, o, NULL, &pca) == COR_OK &&
                is_planted(s, &pca, digits);
    cor_pca_free(&pca);
    cor_matrix_free(&m);
    return good;
}

static void all_solvers_find_what_is_planted(void **state)
{
    (void)state;
    /* Numbers of up to about 3 of which each is rounded once, in single
       precision to 2^-24. */
    const double digits[] = {1e-12, 1e-6};
    const enum cor_type type[] = {COR_FLOAT64, COR_FLOAT32};
    for (int t = 0; t < 2; t++) {
        const shape tall = {700, 40, type[t], 2}, wide = {40, 1500, type[t], 2};
        const cor_pca_options few = options(5, COR_PCA_AUTO),
                              random = options(5, COR_PCA_RANDOMIZED);
        CHECK(fit_is_planted(&tall, &few, digits[t]));
        CHECK(fit_is_planted(&tall, &random, digits[t]));
        CHECK(fit_is_planted(&wide, &few, digits[t]));
        CHECK(fit_is_planted(&wide, &random, digits[t]));
    }
}

/* More columns than fit into one panel of sums, and more than one tile. */
static void large_matrices_are_cut(void **state)
{
    (void)state;
    const shape tall = {1100, 1060, COR_FLOAT64, 0},
                wide = {300, 9000, COR_FLOAT32, 1};
    const cor_pca_options random = options(6, COR_PCA_RANDOMIZED);
    CHECK(fit_is_planted(&wide, &random, 1e-6));
    if (cor_team_size(team) != 3)
        return; /* its eigenvectors take a while */
    const cor_pca_options few = options(4, COR_PCA_GRAM);
    CHECK(fit_is_planted(&tall, &few, 1e-11));
}

/* A mean of 1e8 leaves 8 digits fewer, and no fewer than that. */
static void a_far_mean_costs_no_digits_but_its_own(void **state)
{
    (void)state;
    const shape tall = {700, 12, COR_FLOAT64, 1e8},
                wide = {40, 300, COR_FLOAT64, 1e8};
    const cor_pca_options o = options(4, COR_PCA_AUTO);
    CHECK(fit_is_planted(&tall, &o, 1e-7));
    CHECK(fit_is_planted(&wide, &o, 1e-7));
}

/* All components of a matrix that has fewer: orthonormal all the same. */
static void what_has_no_variance_is_filled(void **state)
{
    (void)state;
    const shape wide = {20, 90, COR_FLOAT64, 2},
                tall = {90, 20, COR_FLOAT64, 2};
    const cor_pca_options most = options(20, COR_PCA_AUTO),
                          all = options(0, COR_PCA_AUTO),
                          random = options(12, COR_PCA_RANDOMIZED);
    CHECK(fit_is_planted(&wide, &most, 1e-10));
    CHECK(fit_is_planted(&wide, &all, 1e-10));
    CHECK(fit_is_planted(&tall, &all, 1e-10));
    CHECK(fit_is_planted(&wide, &random, 1e-10));
}

static void a_share_chooses_the_least_number_above_it(void **state)
{
    (void)state;
    const shape s = {60, 200, COR_FLOAT64, 0};
    double squares = 0, sum = 0;
    for (int k = 0; k < PLANTED; k++)
        squares += singular[k] * singular[k];
    for (int k = 0; k < 3; k++)
        sum += singular[k] * singular[k];
    for (int above = 0; above < 2; above++) {
        cor_matrix m;
        cor_pca pca;
        double share = sum / squares + (above ? 1e-9 : -1e-9);
        cor_pca_options o = options(share, COR_PCA_AUTO);
        CHECK_OK(fill(&s, &m));
        CHECK_OK(cor_pca_fit(team, &m, &o, NULL, &pca));
        CHECK(pca.components == 3 + above);
        double rest =
            (squares - sum - above * 144) / 59 / (double)(60 - pca.components);
        CHECK(fabs(pca.noise_variance / rest - 1) < 1e-9);
        cor_pca_free(&pca);
        cor_matrix_free(&m);
    }
}

/* Fit, and transform the same rows. */
static int fit_and_transform(const shape *s, double components, bool whiten,
                             cor_matrix *m, cor_pca *pca, cor_matrix *scores,
                             double **error)
{
    cor_pca_options o = options(components, COR_PCA_AUTO);
    o.whiten = whiten;
    COR_TRY(cor_agree(team, fill(s, m)));
    COR_TRY(cor_pca_fit(team, m, &o, NULL, pca));
    COR_TRY(cor_agree(team, COR_NEW(error, m->count)));
    return cor_pca_transform(team, pca, m, scores, *error);
}

/* Of each row: what is left are the planted components not taken. */
static double left_out(const shape *s, int64_t row, int64_t taken)
{
    double sum = 0;
    for (int64_t k = taken; k < PLANTED; k++) {
        double x = singular[k] * cosine(k + 1, row, s->rows);
        sum += x * x;
    }
    return sum / (double)s->columns;
}

static void scores_and_errors_are_those_on_paper(void **state)
{
    (void)state;
    const shape shapes[] = {{700, 40, COR_FLOAT64, 2},
                            {40, 1500, COR_FLOAT64, 2}};
    for (int i = 0; i < 4; i++) {
        const shape *s = &shapes[i / 2];
        cor_matrix m, scores, again;
        cor_pca pca;
        double *error, worst = 0;
        bool whiten = i % 2;
        CHECK_OK(fit_and_transform(s, 4, whiten, &m, &pca, &scores, &error));
        for (int64_t r = 0; r < m.count; r++) {
            worst = fmax(worst, fabs(error[r] - left_out(s, m.first + r, 4)));
            for (int64_t k = 0; k < 4; k++) {
                double right = cosine(k + 1, m.first + r, s->rows);
                right *= whiten ? sqrt((double)(s->rows - 1)) : singular[k];
                worst =
                    fmax(worst, fabs(fabs(((double *)scores.value)[r * 4 + k]) -
                                     fabs(right)));
            }
        }
        CHECK(worst < 1e-11);
        CHECK_OK(cor_pca_invert(team, &pca, &scores, &again));
        for (int64_t r = 0; r < m.count; r++) {
            double sum = 0;
            for (int64_t c = r * s->columns; c < (r + 1) * s->columns; c++) {
                double d = ((double *)m.value)[c] - ((double *)again.value)[c];
                sum += d * d;
            }
            worst = fmax(worst, fabs(error[r] - sum / (double)s->columns));
        }
        CHECK(worst < 1e-11);
        cor_matrix_free(&m);
        cor_matrix_free(&scores);
        cor_matrix_free(&again);
        cor_pca_free(&pca);
        cor_free(error);
    }
}

/* What was stored as (x - offset) / scale gives the scores that x gives. */
static void another_scale_is_taken_back(void **state)
{
    (void)state;
    const shape s = {60, 20, COR_FLOAT64, 2};
    cor_matrix m, scores, other;
    cor_pca pca;
    double *error, worst = 0;
    CHECK_OK(fit_and_transform(&s, 4, false, &m, &pca, &scores, &error));
    CHECK_OK(COR_NEW(&m.offset, s.columns));
    CHECK_OK(COR_NEW(&m.scale, s.columns));
    for (int64_t c = 0; c < s.columns; c++) {
        m.offset[c] = (double)c;
        m.scale[c] = 1 + (double)c / 7;
    }
    for (int64_t i = 0; i < m.count * s.columns; i++) {
        double *x = (double *)m.value + i;
        *x = (*x - m.offset[i % s.columns]) / m.scale[i % s.columns];
    }
    CHECK_OK(cor_pca_transform(team, &pca, &m, &other, NULL));
    for (int64_t i = 0; i < m.count * 4; i++)
        worst = fmax(worst, fabs(((double *)scores.value)[i] -
                                 ((double *)other.value)[i]));
    CHECK(worst < 1e-11);
    cor_matrix_free(&m);
    cor_matrix_free(&scores);
    cor_matrix_free(&other);
    cor_pca_free(&pca);
    cor_free(error);
}

/* Errors 0, 1, ... 99 in any order: the worst 4% are four. */
static void the_worst_rows_are_marked(void **state)
{
    (void)state;
    const shape s = {100, 8, COR_FLOAT64, 0};
    cor_matrix m;
    cor_pca_errors errors;
    double error[100];
    int8_t anomaly[100];
    CHECK_OK(fill(&s, &m));
    for (int64_t r = 0; r < m.count; r++)
        error[r] = (double)((m.first + r) * 37 % 100);
    CHECK_OK(cor_pca_judge(team, &m, error, 4, anomaly, &errors));
    CHECK(errors.mean == 49.5 && errors.max == 99 && errors.anomalies == 4);
    CHECK(fabs(errors.threshold - 95.04) < 1e-12);
    bool right = true;
    for (int64_t r = 0; r < m.count; r++)
        right = right && anomaly[r] == (error[r] > 95.5);
    CHECK(right);
    CHECK_OK(cor_pca_judge(team, &m, error, 0, NULL, &errors));
    CHECK(errors.anomalies == 0 && errors.mean == 49.5);
    CHECK(cor_pca_judge(team, &m, error, 100, anomaly, &errors) == COR_EUSAGE);
    CHECK(cor_pca_judge(team, &m, error, -1, anomaly, &errors) == COR_EUSAGE);
    cor_matrix_free(&m);
}

/* A fit of numbers that are all `value`, but column c times c where `tilt`. */
static int fit_constant(int64_t rows, int64_t columns, double value, bool tilt,
                        const cor_pca_options *o)
{
    cor_matrix m = {0};
    cor_pca pca = {0};
    COR_TRY(cor_agree(
        team, cor_matrix_create(team, SHARDS, rows, columns, COR_FLOAT64, &m)));
    for (int64_t i = 0; i < m.count * columns; i++)
        ((double *)m.value)[i] =
            value *
            (tilt ? (double)((m.first + i / columns) * (i % columns + 1) % 7)
                  : 1);
    int rc = cor_pca_fit(team, &m, o, NULL, &pca);
    cor_pca_free(&pca);
    cor_matrix_free(&m);
    return rc;
}

static void what_cannot_be_fitted_is_said(void **state)
{
    (void)state;
    const cor_pca_options all = options(0, COR_PCA_AUTO),
                          two = options(2, COR_PCA_RANDOMIZED),
                          many = options(6, COR_PCA_AUTO),
                          half = options(2.5, COR_PCA_AUTO),
                          share = options(0.5, COR_PCA_RANDOMIZED),
                          gram = options(2, COR_PCA_GRAM),
                          small = options(2, COR_PCA_SMALL);
    CHECK(fit_constant(50, 5, 0.1, false, &all) == COR_EDATA);
    CHECK(fit_constant(5, 50, 0.1, false, &all) == COR_EDATA);
    CHECK(fit_constant(50, 5, 0.1, false, &two) == COR_EDATA);
    CHECK(strstr(cor_message(), "equal") != NULL);
    CHECK(fit_constant(1, 5, 1, true, &all) == COR_EDATA);
    CHECK(fit_constant(50, 5, 1, true, &many) == COR_EUSAGE);
    CHECK(fit_constant(5, 50, 1, true, &many) == COR_EUSAGE);
    CHECK(fit_constant(50, 5, 1, true, &half) == COR_EUSAGE);
    CHECK(fit_constant(50, 5, 1, true, &share) == COR_EUSAGE);
    CHECK(fit_constant(5, 50, 1, true, &gram) == COR_EUSAGE);
    CHECK(fit_constant(50, 5, 1, true, &small) == COR_EUSAGE);
    CHECK(fit_constant(50, 5, 1e300, true, &all) == COR_ENUMERIC);
    CHECK(fit_constant(5, 50, 1e300, true, &all) == COR_ENUMERIC);
    CHECK(fit_constant(50, 5, 1e300, true, &two) == COR_ENUMERIC);
    CHECK_OK(fit_constant(50, 5, 1e-100, true, &two));
    CHECK_OK(fit_constant(2, 1, 1, true, &all));
}

static void other_matrices_are_refused(void **state)
{
    (void)state;
    const shape s = {60, 20, COR_FLOAT64, 2}, narrow = {60, 19, COR_FLOAT64, 2};
    cor_matrix m, scores, other;
    cor_pca pca;
    double *error;
    CHECK_OK(fit_and_transform(&s, 4, false, &m, &pca, &scores, &error));
    CHECK(scores.columns == 4 && scores.rows == 60 &&
          strcmp(scores.name.bytes + 3 * scores.name.width, "pc4") == 0);
    cor_matrix_free(&scores);
    CHECK_OK(fill(&narrow, &other));
    CHECK(cor_pca_transform(team, &pca, &other, &scores, NULL) == COR_EUSAGE);
    CHECK(cor_pca_invert(team, &pca, &other, &scores) == COR_EUSAGE);
    cor_matrix_free(&other);
    cor_matrix_free(&m);
    cor_pca_free(&pca);
    cor_free(error);
}

static bool same_numbers(const double *a, const double *b, int64_t count)
{
    return memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

static void a_model_comes_back_from_its_file(void **state)
{
    (void)state;
    const shape s = {60, 20, COR_FLOAT64, 2};
    const char *path = in_scratch("pca.h5");
    cor_matrix m, scores;
    cor_pca pca, back;
    double *error;
    const cor_file_options file = {.force = true, .command = "test"};
    CHECK_OK(fit_and_transform(&s, 4, true, &m, &pca, &scores, &error));
    CHECK_OK(cor_pca_write(team, path, &file, &pca));
    CHECK_OK(cor_pca_read(team, path, &back));
    CHECK(back.components == 4 && back.columns == 20 && back.rows == 60 &&
          back.whiten && back.solver == COR_PCA_GRAM &&
          strcmp(back.digest, pca.digest) == 0 &&
          back.noise_variance == pca.noise_variance &&
          back.total_ratio == pca.total_ratio && !back.offset);
    CHECK(same_numbers(back.component, pca.component, 80) &&
          same_numbers(back.mean, pca.mean, 20) &&
          same_numbers(back.variance, pca.variance, 4) &&
          same_numbers(back.ratio, pca.ratio, 4) &&
          same_numbers(back.singular, pca.singular, 4));
    cor_pca_free(&back);
    pca.component[17] = NAN;
    CHECK(cor_pca_write(team, path, &file, &pca) == COR_ENUMERIC);
    cor_matrix_free(&m);
    cor_matrix_free(&scores);
    cor_pca_free(&pca);
    cor_free(error);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_solvers_find_what_is_planted),
    cmocka_unit_test(large_matrices_are_cut),
    cmocka_unit_test(a_far_mean_costs_no_digits_but_its_own),
    cmocka_unit_test(what_has_no_variance_is_filled),
    cmocka_unit_test(a_share_chooses_the_least_number_above_it),
    cmocka_unit_test(scores_and_errors_are_those_on_paper),
    cmocka_unit_test(another_scale_is_taken_back),
    cmocka_unit_test(the_worst_rows_are_marked),
    cmocka_unit_test(what_cannot_be_fitted_is_said),
    cmocka_unit_test(other_matrices_are_refused),
    cmocka_unit_test(a_model_comes_back_from_its_file),
};

STORE_TESTS(tests)
