/** What mixtures give does not depend on the team that works at them. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/gmm.h"
#include "mixture/rows.h"

enum { COMPONENTS = 4 };

static const drawn rows = {
    .rows = 1501, .columns = 5, .clusters = COMPONENTS, .spread = 2};

/* A fit and its matrix. */
typedef struct result {
    cor_matrix matrix;
    cor_mixture mixture;
    cor_gmm_fit fit;
} result;

static int make(const cor_team *on, const cor_gmm_options *o, result *r)
{
    *r = (result){0};
    COR_TRY(draw_matrix(on, &rows, &r->matrix));
    return cor_gmm_train(on, &r->matrix, o, NULL, &r->mixture, &r->fit);
}

static void drop(result *r)
{
    cor_matrix_free(&r->matrix);
    cor_mixture_free(&r->mixture);
    cor_gmm_fit_free(&r->fit);
}

static bool same(const double *a, const double *b, int64_t count)
{
    return memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

static bool same_results(const result *a, const result *b)
{
    const cor_mixture *m = &a->mixture, *n = &b->mixture;
    int64_t k = m->components, d = m->columns;
    int64_t length = cor_covariance_length(m->covariance_type, k, d);
    return a->fit.iterations == b->fit.iterations &&
           a->fit.start == b->fit.start && same(&a->fit.bic, &b->fit.bic, 1) &&
           same(a->fit.history, b->fit.history, a->fit.iterations) &&
           same(m->weight, n->weight, k) && same(m->mean, n->mean, k * d) &&
           same(m->covariance, n->covariance, length) &&
           same(m->precision_cholesky, n->precision_cholesky, length);
}

static void any_team_fits_to_the_same_bits(void **state)
{
    (void)state;
    static const enum cor_gmm_init inits[] = {
        COR_GMM_KMEANS, COR_GMM_KMEANS_PLUS, COR_GMM_RANDOM, COR_GMM_KMEANS};
    cor_team *alone = NULL;
    CHECK_OK(cor_team_split(team, cor_team_rank(team), &alone));
    for (int t = COR_COVARIANCE_FULL; t <= COR_COVARIANCE_SPHERICAL; t++) {
        result mine, all;
        cor_gmm_options o = cor_gmm_options_default();
        o.covariance = t;
        o.components = COMPONENTS;
        o.init = inits[t];
        o.tries = t == COR_COVARIANCE_FULL ? 2 : 1;
        o.max_iter = 6;
        cor_team_set_threads(team, 1 + t % 2);
        CHECK_OK(make(team, &o, &all));
        cor_team_set_threads(team, 1);
        CHECK(make(alone, &o, &mine) == COR_OK && same_results(&mine, &all));
        drop(&mine);
        drop(&all);
    }
    cor_team_destroy(&alone);
}

/* Log density and responsibilities of row i by the definition. */
static double plain_score(const cor_mixture *m, const double *row,
                          double *responsibility)
{
    int64_t d = m->columns;
    double most = -INFINITY, sum = 0;
    for (int64_t k = 0; k < m->components; k++) {
        double square = 0;
        for (int64_t i = 0; i < d; i++) {
            double y = 0;
            for (int64_t j = 0; j <= i; j++)
                y += (row[j] - m->mean[k * d + j]) *
                     m->precision_cholesky[(k * d + j) * d + i];
            square += y * y;
        }
        responsibility[k] = m->constant[k] - square / 2;
        most = fmax(most, responsibility[k]);
    }
    for (int64_t k = 0; k < m->components; k++)
        sum += exp(responsibility[k] - most);
    for (int64_t k = 0; k < m->components; k++)
        responsibility[k] = exp(responsibility[k] - most) / sum;
    return most + log(sum);
}

/* Scores of a run of my rows that differ from the definition, or from those of
   all rows at once. */
static int64_t wrong_scores(const result *r, int64_t first, int64_t count,
                            const double *all)
{
    const cor_mixture *m = &r->mixture;
    int64_t wrong = 0, k = m->components, room = count > 0 ? count : 1;
    double *density = malloc((size_t)room * sizeof *density);
    double *responsibility =
        malloc((size_t)(room * k) * sizeof *responsibility);
    int32_t *label = malloc((size_t)room * sizeof *label);
    const cor_mixture_scores scores = {density, label, responsibility};
    wrong +=
        cor_mixture_score(team, m, &r->matrix, first, count, &scores) != COR_OK;
    for (int64_t i = 0; i < count; i++) {
        double row[8], plain[COMPONENTS];
        int64_t best = 0;
        cor_matrix_tile(&r->matrix, first + i, 1, row);
        wrong += fabs(plain_score(m, row, plain) - density[i]) > 1e-11;
        wrong += !same(&density[i], &all[first + i], 1);
        for (int64_t c = 0; c < k; c++) {
            wrong += fabs(plain[c] - responsibility[i * k + c]) > 1e-11;
            best = responsibility[i * k + c] > responsibility[i * k + best]
                       ? c
                       : best;
        }
        wrong += label[i] != best;
    }
    free(density);
    free(responsibility);
    free(label);
    return wrong;
}

static void scores_are_those_of_the_definition(void **state)
{
    (void)state;
    result r;
    double mean = 0, sum = 0;
    cor_gmm_options o = cor_gmm_options_default();
    o.components = COMPONENTS;
    o.tries = 1;
    o.max_iter = 3;
    CHECK_OK(make(team, &o, &r));
    int64_t count = r.matrix.count;
    double *all = malloc((size_t)(count + 1) * sizeof *all);
    const cor_mixture_scores scores = {.log_density = all};
    CHECK_OK(cor_mixture_score(team, &r.mixture, &r.matrix, 0, count, &scores));
    CHECK(wrong_scores(&r, 0, count, all) == 0);
    CHECK(wrong_scores(&r, count / 3, count / 2, all) == 0);
    CHECK(wrong_scores(&r, 0, 0, all) == 0);
    CHECK_OK(cor_mixture_mean_density(team, &r.mixture, &r.matrix, &mean));
    CHECK(same(&mean, &r.fit.mean_density, 1));
    for (int64_t i = 0; i < count; i++)
        sum += all[i];
    CHECK(cor_team_size(team) > 1 || fabs(sum / (double)count - mean) < 1e-12);
    r.mixture.columns = 4;
    CHECK(cor_mixture_score(team, &r.mixture, &r.matrix, 0, count, &scores) ==
          COR_EUSAGE);
    r.mixture.columns = 5;
    free(all);
    drop(&r);
}

/* More ranks than rows; ranks without any. */
static void three_rows_are_fitted_on_any_team(void **state)
{
    (void)state;
    const drawn three = {.rows = 3, .columns = 2, .clusters = 3, .spread = 9};
    cor_matrix matrix;
    cor_mixture mixture;
    cor_gmm_fit fit;
    cor_gmm_options o = cor_gmm_options_default();
    o.components = 3;
    o.tries = 1;
    CHECK_OK(draw_matrix(team, &three, &matrix));
    CHECK_OK(cor_gmm_train(team, &matrix, &o, NULL, &mixture, &fit));
    CHECK(fabs(mixture.weight[2] - 1. / 3) < 1e-9 && isfinite(fit.bic));
    cor_mixture_free(&mixture);
    cor_gmm_fit_free(&fit);
    cor_matrix_free(&matrix);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(any_team_fits_to_the_same_bits),
    cmocka_unit_test(scores_are_those_of_the_definition),
    cmocka_unit_test(three_rows_are_fitted_on_any_team),
};

TEAM_TESTS(tests)
