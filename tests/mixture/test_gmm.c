/** Fitting mixtures: against reference results, and what cannot be fitted. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/gmm.h"
#include "mixture/rows.h"

static const enum cor_covariance types[] = {
    COR_COVARIANCE_FULL, COR_COVARIANCE_TIED, COR_COVARIANCE_DIAG,
    COR_COVARIANCE_SPHERICAL};

/* The last fit. */
static cor_mixture mixture;
static cor_gmm_fit fit;

static void forget(void)
{
    cor_mixture_free(&mixture);
    cor_gmm_fit_free(&fit);
}

/* The defaults, but each start once. */
static cor_gmm_options few_tries(void)
{
    cor_gmm_options o = cor_gmm_options_default();
    o.tries = 1;
    return o;
}

static int train(const cor_matrix *matrix, const cor_gmm_options *options)
{
    forget();
    return cor_gmm_train(team, matrix, options, NULL, &mixture, &fit);
}

/* The greatest difference from numbers that are written down. */
static double worst(const double *number, const double *right, int64_t count)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++)
        most = fmax(most, fabs(number[i] - right[i]));
    return most;
}

/* The first number behind `key`, from `from` on, of a JSON text. */
static const char *json_after(const char *text, const char *key)
{
    const char *at = text ? strstr(text, key) : NULL;
    return at ? at + strlen(key) : NULL;
}

static void json_numbers(const char *at, int64_t count, double *number)
{
    for (int64_t i = 0; at && i < count; i++) {
        char *end;
        at += strcspn(at, "-0123456789");
        number[i] = strtod(at, &end);
        at = end;
    }
}

/* The reference results as one text; for free(). */
static char *read_reference(void)
{
    char path[4096];
    const char *folder = getenv("CORACLE_TEST_DATA");
    snprintf(path, sizeof path, "%s/golden/mixture.json", folder ? folder : "");
    FILE *file = folder ? fopen(path, "r") : NULL;
    if (!file)
        return NULL;
    char *text = calloc(1, 1 << 20);
    size_t length = fread(text, 1, (1 << 20) - 1, file);
    text[length] = 0;
    fclose(file);
    return text;
}

enum { REFERENCE_ITERATIONS = 30 };

static void iterations_are_those_of_the_reference(void **state)
{
    (void)state;
    int64_t count, means;
    double right[64];
    char *text = read_reference();
    double *row = read_numbers("golden/blobs.csv", &count);
    double *mean = read_numbers("golden/blobs-start.csv", &means);
    if (!text || !row || !mean)
        skip();
    cor_matrix matrix;
    cor_gmm_options o = cor_gmm_options_default();
    o.components = 3;
    o.init = COR_GMM_MEANS;
    o.means = mean;
    o.tol = 0;
    o.max_iter = REFERENCE_ITERATIONS;
    CHECK_OK(take_matrix(team, row, count / 2, 2, &matrix));
    CHECK_OK(train(&matrix, &o));
    const char *at = json_after(text, "\"fixed_start\"");
    CHECK(fit.iterations == REFERENCE_ITERATIONS && fit.starts == 1);
    json_numbers(json_after(at, "\"lower_bound_by_iteration\""), 30, right);
    CHECK(worst(fit.history, right, 30) < 1e-9);
    json_numbers(json_after(at, "\"means_after_30\""), 6, right);
    CHECK(worst(mixture.mean, right, 6) < 1e-7);
    json_numbers(json_after(at, "\"covariances_after_30\""), 12, right);
    CHECK(worst(mixture.covariance, right, 12) < 1e-7);
    json_numbers(json_after(at, "\"weights_after_30\""), 3, right);
    CHECK(worst(mixture.weight, right, 3) < 1e-7);
    cor_matrix_free(&matrix);
    free(text);
    free(row);
    free(mean);
}

/* The lower bound never falls by more than rounding, and the mixture is a
   mixture. */
static void lower_bounds_rise(void **state)
{
    (void)state;
    const drawn d = {.rows = 900, .columns = 7, .clusters = 3, .spread = 1};
    cor_matrix matrix;
    CHECK_OK(draw_matrix(team, &d, &matrix));
    for (int t = 0; t < 4; t++)
        for (int init = COR_GMM_KMEANS; init <= COR_GMM_RANDOM; init++) {
            double weight = 0;
            int64_t falls = 0;
            cor_gmm_options o = few_tries();
            o.covariance = types[t];
            o.components = 3;
            o.init = init;
            o.tol = 0;
            o.max_iter = 25;
            CHECK_OK(train(&matrix, &o));
            CHECK(fit.iterations == 25 && !fit.converged);
            for (int64_t i = 1; i < 25; i++)
                falls += fit.history[i] < fit.history[i - 1] - 1e-9;
            for (int64_t k = 0; k < 3; k++)
                weight += mixture.weight[k];
            CHECK(falls == 0 && fabs(weight - 1) < 1e-12);
            CHECK(fit.mean_density >= fit.lower_bound - 1e-9);
        }
    cor_matrix_free(&matrix);
}

/* Far from the origin nothing is lost: the same clusters, moved, are fitted to
   the same densities. */
static void far_numbers_lose_nothing(void **state)
{
    (void)state;
    drawn d = {.rows = 700, .columns = 3, .clusters = 2, .spread = 4};
    cor_matrix near, far;
    CHECK_OK(draw_matrix(team, &d, &near));
    d.far = 1 << 27; /* so that moving rounds away 2^-25 of a number at most */
    CHECK_OK(draw_matrix(team, &d, &far));
    for (int t = 0; t < 4; t++) {
        cor_gmm_options o = few_tries();
        o.covariance = types[t];
        o.components = 2;
        CHECK_OK(train(&near, &o));
        double density = fit.mean_density;
        CHECK_OK(train(&far, &o));
        CHECK(fabs(fit.mean_density - density) < 1e-6);
    }
    cor_matrix_free(&near);
    cor_matrix_free(&far);
}

/* Single precision near 1e8, where numbers are 8 apart. */
static void single_precision_near_1e8_is_fitted(void **state)
{
    (void)state;
    const drawn d = {.rows = 800,
                     .columns = 2,
                     .clusters = 2,
                     .single = true,
                     .spread = 2000,
                     .far = 1e8};
    cor_matrix matrix;
    CHECK_OK(draw_matrix(team, &d, &matrix));
    for (int t = 0; t < 4; t++) {
        cor_gmm_options o = few_tries();
        o.covariance = types[t];
        o.components = 2;
        CHECK_OK(train(&matrix, &o));
        CHECK(fabs(mixture.weight[0] - .5) < 1e-6);
        CHECK(fabs(mixture.mean[0] - 1e8) < 1e5);
    }
    cor_matrix_free(&matrix);
}

/* Tied covariances of tight clusters a long way from each other: taken from the
   scatter of all rows, nothing would be left of them. */
static void tied_covariances_survive_distance(void **state)
{
    (void)state;
    const drawn d = {.rows = 600, .columns = 3, .clusters = 3, .spread = 1e7};
    cor_matrix matrix;
    CHECK_OK(draw_matrix(team, &d, &matrix));
    cor_gmm_options o = few_tries();
    o.covariance = COR_COVARIANCE_TIED;
    o.components = 3;
    CHECK_OK(train(&matrix, &o));
    double tied[9], full[9] = {0};
    memcpy(tied, mixture.covariance, sizeof tied);
    o.covariance = COR_COVARIANCE_FULL;
    CHECK_OK(train(&matrix, &o));
    for (int64_t k = 0; k < 3; k++)
        for (int64_t i = 0; i < 9; i++)
            full[i] += mixture.weight[k] * mixture.covariance[k * 9 + i];
    CHECK(worst(tied, full, 9) < 1e-5);
    cor_matrix_free(&matrix);
}

/* Rows of few different kinds: kind i % kinds, `columns` the first constant. */
static int make_kinds(int64_t rows, int64_t kinds, cor_matrix *matrix)
{
    COR_TRY(cor_agree(
        team, cor_matrix_create(team, 0, rows, 2, COR_FLOAT64, matrix)));
    for (int64_t i = 0; i < matrix->count; i++) {
        ((double *)matrix->value)[2 * i] = 7;
        ((double *)matrix->value)[2 * i + 1] =
            (double)((matrix->first + i) % kinds);
    }
    return COR_OK;
}

static void degenerate_rows_are_fitted_or_refused(void **state)
{
    (void)state;
    cor_matrix matrix;
    cor_gmm_options o = few_tries();
    for (int t = 0; t < 4; t++) {
        o.covariance = types[t];
        CHECK_OK(make_kinds(2, 1, &matrix)); /* two rows, alike */
        o.components = 1;
        CHECK_OK(train(&matrix, &o));
        CHECK(mixture.mean[0] == 7 && mixture.mean[1] == 0);
        o.components = 2;
        CHECK(train(&matrix, &o) == COR_EDATA);
        CHECK(strstr(cor_message(), "only 1 different") != NULL);
        o.components = 3;
        CHECK(train(&matrix, &o) == COR_EDATA);
        CHECK(strstr(cor_message(), "2 rows") != NULL);
        cor_matrix_free(&matrix);
        CHECK_OK(make_kinds(300, 3, &matrix)); /* a constant column */
        o.components = 3;
        CHECK_OK(train(&matrix, &o));
        CHECK(fabs(mixture.weight[1] - 1. / 3) < 1e-6);
        CHECK(isfinite(fit.bic));
        o.components = 4;
        CHECK(train(&matrix, &o) == COR_EDATA);
        o.components = 3;
        o.reg_covar = 0;
        CHECK(train(&matrix, &o) == COR_ENUMERIC);
        CHECK(strstr(cor_message(), "--reg-covar") != NULL);
        CHECK(mixture.weight == NULL && fit.history == NULL);
        o.reg_covar = 1e-6;
        cor_matrix_free(&matrix);
    }
}

static void a_component_without_rows_is_named(void **state)
{
    (void)state;
    const drawn d = {.rows = 400, .columns = 2, .clusters = 2, .spread = 1};
    const double mean[] = {0, 0, 1e6, 1e6};
    cor_matrix matrix;
    CHECK_OK(draw_matrix(team, &d, &matrix));
    cor_gmm_options o = few_tries();
    o.components = 2;
    o.init = COR_GMM_MEANS;
    o.means = mean;
    for (int t = 0; t < 4; t++) {
        o.covariance = types[t];
        CHECK(train(&matrix, &o) == COR_ENUMERIC);
        CHECK(strstr(cor_message(), "component 2 of 2 has no rows") != NULL);
    }
    cor_matrix_free(&matrix);
}

static void options_without_sense_are_refused(void **state)
{
    (void)state;
    const drawn d = {.rows = 40, .columns = 2, .clusters = 2, .spread = 1};
    const cor_gmm_options right = few_tries();
    cor_gmm_options wrong[6] = {right, right, right, right, right, right};
    cor_matrix matrix;
    CHECK_OK(draw_matrix(team, &d, &matrix));
    wrong[0].components = 0;
    wrong[1].starts = 0;
    wrong[2].tol = NAN;
    wrong[3].max_iter = 0;
    wrong[4].reg_covar = -1;
    wrong[5].resume = true;
    for (int i = 0; i < 6; i++)
        CHECK(train(&matrix, &wrong[i]) == COR_EUSAGE);
    CHECK_OK(train(&matrix, &right));
    cor_matrix_free(&matrix);
}

static int forget_last(void **state)
{
    (void)state;
    forget();
    return 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(iterations_are_those_of_the_reference),
    cmocka_unit_test(lower_bounds_rise),
    cmocka_unit_test(far_numbers_lose_nothing),
    cmocka_unit_test(single_precision_near_1e8_is_fitted),
    cmocka_unit_test(tied_covariances_survive_distance),
    cmocka_unit_test(degenerate_rows_are_fitted_or_refused),
    cmocka_unit_test(a_component_without_rows_is_named),
    cmocka_unit_test_teardown(options_without_sense_are_refused, forget_last),
};

TEAM_TESTS(tests)
