/** Models on disk, choosing among mixtures of a store, checkpoints. */
#define TEAM_TEST_MAIN
#include "store/scratch.h"

#include "coracle/gmm.h"
#include "mixture/rows.h"

static char store[512], path[512];

static int make_store(const drawn *d)
{
    cor_matrix matrix;
    cor_file_options options = {.force = true};
    char digest[17];
    COR_TRY(draw_matrix(team, d, &matrix));
    snprintf(store, sizeof store, "%s/rows.h5", scratch);
    int rc = cor_matrix_write(team, store, &options, &matrix, digest);
    cor_matrix_free(&matrix);
    return rc;
}

static bool same(const double *a, const double *b, int64_t count)
{
    return memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

static bool same_mixtures(const cor_mixture *a, const cor_mixture *b)
{
    int64_t k = a->components, d = a->columns;
    int64_t length = cor_covariance_length(a->covariance_type, k, d);
    return a->covariance_type == b->covariance_type && k == b->components &&
           d == b->columns && a->rows == b->rows &&
           a->converged == b->converged && a->iterations == b->iterations &&
           a->bayesian == b->bayesian &&
           same(&a->lower_bound, &b->lower_bound, 1) &&
           same(&a->reg_covar, &b->reg_covar, 1) &&
           same(a->weight, b->weight, k) && same(a->mean, b->mean, k * d) &&
           same(a->covariance, b->covariance, length) &&
           same(a->precision_cholesky, b->precision_cholesky, length) &&
           same(a->constant, b->constant, k);
}

/* A mixture of any type with a posterior where asked for. */
static int make_mixture(enum cor_covariance type, bool bayesian, cor_mixture *m)
{
    COR_TRY(cor_mixture_create(type, 3, 2, bayesian, m));
    int64_t length = cor_covariance_length(type, 3, 2);
    for (int64_t k = 0; k < 3; k++)
        m->weight[k] = (double)(k + 1) / 6;
    for (int64_t i = 0; i < 6; i++)
        m->mean[i] = drawn_number(1, (uint64_t)i);
    for (int64_t i = 0; i < length; i++)
        m->covariance[i] =
            type > COR_COVARIANCE_TIED || i % 4 == 0 || i % 4 == 3 ? 2 : .5;
    for (int64_t i = 0; bayesian && i < 3; i++) {
        m->posterior.mean_precision[i] = (double)i + 1;
        m->posterior.degrees_of_freedom[i] = (double)i + 2;
        m->posterior.weight_concentration[i] = (double)i + 3;
        m->posterior.weight_concentration[3 + i] = (double)i + .5;
    }
    m->rows = 77;
    m->lower_bound = -1.5;
    m->converged = true;
    m->iterations = 9;
    m->reg_covar = 1e-6;
    COR_TRY(cor_mixture_factor(m));
    cor_mixture_weigh(m);
    return COR_OK;
}

static void models_come_back_as_they_were(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/model.h5", scratch);
    for (int t = COR_COVARIANCE_FULL; t <= COR_COVARIANCE_SPHERICAL; t++) {
        cor_mixture m, copy, back;
        cor_file_options options = {.force = true};
        bool bayesian = t % 2 == 1;
        CHECK_OK(make_mixture(t, bayesian, &m));
        CHECK_OK(cor_mixture_copy(&m, &copy));
        CHECK_OK(cor_mixture_write(team, path, &options, &m));
        CHECK_OK(cor_mixture_read(team, path, &back));
        CHECK(same_mixtures(&m, &back) && same_mixtures(&m, &copy));
        CHECK(strcmp(m.digest, back.digest) == 0 && strlen(m.digest) == 16);
        CHECK(!bayesian || same(m.posterior.mean_precision,
                                back.posterior.mean_precision, 3));
        CHECK(!bayesian || same(m.posterior.mean_precision,
                                copy.posterior.mean_precision, 3));
        m.mean[3] = NAN;
        CHECK(cor_mixture_write(team, path, &options, &m) == COR_ENUMERIC);
        cor_mixture_free(&back);
        CHECK_OK(cor_mixture_read(team, path, &back)); /* the old one stands */
        cor_mixture_free(&back);
        cor_mixture_free(&copy);
        cor_mixture_free(&m);
    }
}

static void parameters_are_counted(void **state)
{
    (void)state;
    static const int64_t right[] = {17, 11, 14, 11};
    for (int t = COR_COVARIANCE_FULL; t <= COR_COVARIANCE_SPHERICAL; t++) {
        cor_mixture m;
        CHECK_OK(make_mixture(t, false, &m));
        CHECK(cor_mixture_parameters(&m) == right[t]);
        double bic = 3 * 77 + (double)right[t] * log(77);
        CHECK(fabs(cor_mixture_bic(&m, -1.5) - bic) < 1e-9);
        CHECK(fabs(cor_mixture_aic(&m, -1.5) - 231 - 2 * (double)right[t]) <
              1e-9);
        cor_mixture_free(&m);
    }
}

static void a_singular_covariance_is_named(void **state)
{
    (void)state;
    cor_mixture m;
    CHECK_OK(make_mixture(COR_COVARIANCE_FULL, false, &m));
    m.covariance[4] = -1;
    CHECK(cor_mixture_factor(&m) == COR_ENUMERIC);
    CHECK(strstr(cor_message(), "component 2") != NULL);
    cor_mixture_free(&m);
}

static void models_that_are_none_are_refused(void **state)
{
    (void)state;
    cor_mixture m;
    CHECK(cor_mixture_read(team, store, &m) == COR_EDATA); /* a matrix */
    CHECK(m.weight == NULL);
    CHECK(cor_mixture_read(team, "/nowhere/model.h5", &m) == COR_EIO);
}

/* Every choice, by whatever groups the ranks make. */
static void the_choice_is_made_among_all(void **state)
{
    (void)state;
    const drawn d = {.rows = 600, .columns = 2, .clusters = 3, .spread = 8};
    cor_gmm_point point[5] = {
        {.covariance = COR_COVARIANCE_FULL, .components = 1},
        {.covariance = COR_COVARIANCE_FULL, .components = 3},
        {.covariance = COR_COVARIANCE_DIAG, .components = 3},
        {.covariance = COR_COVARIANCE_SPHERICAL, .components = 601},
        {.covariance = COR_COVARIANCE_TIED, .components = 4}};
    cor_gmm_options o = cor_gmm_options_default();
    cor_mixture m;
    cor_gmm_fit fit;
    int64_t best;
    o.tries = 2;
    CHECK_OK(make_store(&d));
    CHECK_OK(cor_gmm_select(team, store, &o, COR_GMM_BIC, point, 5, NULL, &m,
                            &fit, &best));
    CHECK(best == 1 && m.components == 3 && m.rows == 600);
    CHECK(same(&fit.bic, &point[1].bic, 1));
    CHECK(fit.starts == 2 && isfinite(fit.history[fit.iterations - 1]));
    CHECK(point[3].status == COR_EDATA &&
          strstr(point[3].message, "601") != NULL);
    CHECK(point[0].bic > point[1].bic && point[4].status == COR_OK);
    cor_mixture_free(&m);
    cor_gmm_fit_free(&fit);
    CHECK(cor_gmm_select(team, store, &o, COR_GMM_AIC, point + 3, 1, NULL, &m,
                         &fit, &best) == COR_EDATA);
    CHECK(m.weight == NULL && best == -1);
}

/* The starts of one point, spread over groups, give what one team gives that
   does them all. */
static void starts_are_spread(void **state)
{
    (void)state;
    cor_gmm_options o = cor_gmm_options_default();
    cor_gmm_point point = {.covariance = COR_COVARIANCE_DIAG, .components = 5};
    cor_mixture spread, plain;
    cor_gmm_fit fit, how;
    cor_matrix matrix;
    int64_t best;
    o.covariance = point.covariance;
    o.components = point.components;
    o.starts = 5;
    o.tries = 1;
    CHECK_OK(cor_gmm_select(team, store, &o, COR_GMM_BIC, &point, 1, NULL,
                            &spread, &fit, &best));
    CHECK_OK(cor_matrix_read(team, store, &matrix));
    CHECK_OK(cor_gmm_train(team, &matrix, &o, NULL, &plain, &how));
    CHECK(fit.starts == 5 && how.starts == 5 && fit.start == how.start);
    CHECK(same_mixtures(&spread, &plain));
    CHECK(same(fit.history, how.history, how.iterations));
    cor_matrix_free(&matrix);
    cor_mixture_free(&spread);
    cor_mixture_free(&plain);
    cor_gmm_fit_free(&fit);
    cor_gmm_fit_free(&how);
}

/* A finished fit is taken from its checkpoint; that of other options is not. */
static void checkpoints_of_finished_fits_are_used(void **state)
{
    (void)state;
    cor_gmm_options o = cor_gmm_options_default();
    cor_mixture m, again;
    cor_gmm_fit fit, how;
    cor_matrix matrix;
    char folder[512];
    snprintf(folder, sizeof folder, "%s/kept", scratch);
    o.components = 3;
    o.starts = 2;
    o.tries = 1;
    o.checkpoint = folder;
    o.data_digest = "some data";
    CHECK_OK(cor_matrix_read(team, store, &matrix));
    CHECK_OK(cor_gmm_train(team, &matrix, &o, NULL, &m, &fit));
    o.resume = true;
    CHECK_OK(cor_gmm_train(team, &matrix, &o, NULL, &again, &how));
    CHECK(same_mixtures(&m, &again) && how.starts == 2 &&
          how.iterations == fit.iterations &&
          same(fit.history, how.history, fit.iterations));
    cor_mixture_free(&again);
    cor_gmm_fit_free(&how);
    o.seed = 43;
    CHECK(cor_gmm_train(team, &matrix, &o, NULL, &again, &how) == COR_EUSAGE);
    CHECK(strstr(cor_message(), "another run") != NULL);
    cor_matrix_free(&matrix);
    cor_mixture_free(&m);
    cor_gmm_fit_free(&fit);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(models_come_back_as_they_were),
    cmocka_unit_test(parameters_are_counted),
    cmocka_unit_test(a_singular_covariance_is_named),
    cmocka_unit_test(the_choice_is_made_among_all),
    cmocka_unit_test(starts_are_spread),
    cmocka_unit_test(checkpoints_of_finished_fits_are_used),
    cmocka_unit_test(models_that_are_none_are_refused),
};

STORE_TESTS(tests)
