#include "coracle/gmm.h"

#include "coracle/checkpoint.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/stop.h"
#include "em.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Tries of a start, for as many numbers times components at most. */
enum { MOST_TRIES = 16 };
static const double MOST_FOR_TRIES = 0x1p19;
/* What small matrices are held to, as a share of the tolerance: where there are
   more components than the rows are of, EM pauses on the way. */
static const double SHARE_OF_TOL = .2;

cor_gmm_options cor_gmm_options_default(void)
{
    return (cor_gmm_options){.components = 1,
                             .covariance = COR_COVARIANCE_FULL,
                             .init = COR_GMM_KMEANS,
                             .starts = 1,
                             .tol = 1e-3,
                             .max_iter = 100,
                             .reg_covar = 1e-6,
                             .seed = 42,
                             .checkpoint_minutes = 10};
}

/* Where a pass costs next to nothing, a poor local optimum is not worth it. */
static int64_t count_tries(const cor_gmm_options *o, double numbers)
{
    int64_t tries =
        (int64_t)(MOST_FOR_TRIES / (numbers * (double)o->components));
    if (o->tries > 0)
        return o->tries;
    if (o->components == 1)
        return 1; /* there is but one optimum */
    if (tries > MOST_TRIES)
        return MOST_TRIES;
    return tries > 1 ? tries : 1;
}

int64_t em_starts(const cor_gmm_options *options, int64_t rows, int64_t columns)
{
    if (options->init == COR_GMM_MEANS)
        return 1; /* all would be one */
    return options->starts *
           count_tries(options, (double)rows * (double)columns);
}

/* Many tries that were not asked for: iterations are as cheap as starts. */
static double tolerance(const cor_gmm_options *o, int64_t starts)
{
    bool small = o->tries == 0 && !o->bayesian && starts > o->starts;
    return small ? SHARE_OF_TOL * o->tol : o->tol;
}

void cor_gmm_fit_free(cor_gmm_fit *fit)
{
    cor_free(fit->history);
    *fit = (cor_gmm_fit){0};
}

/* ---- one iteration ---- */

/* A component that no row is left to. */
static int check_counts(const em *fit)
{
    const cor_mixture *m = &fit->now;
    for (int64_t k = 0; k < m->components; k++) {
        if (!isfinite(fit->count[k]))
            return cor_fail(COR_ENUMERIC,
                            "the responsibilities are not finite numbers any "
                            "more: values of the matrix are out of all "
                            "proportion; scale its columns (ingest --matrix "
                            "--standardize)");
        if (fit->count[k] <= 20 * DBL_EPSILON && !fit->prior)
            return cor_fail(COR_ENUMERIC,
                            "component %lld of %lld has no rows: take fewer "
                            "--components, another --init or --seed, or more "
                            "starts (--n-init)",
                            (long long)k + 1, (long long)m->components);
    }
    return COR_OK;
}

int em_factor(em *fit)
{
    COR_TRY(mixture_factor_together(fit->data->team, &fit->now));
    cor_mixture_weigh(&fit->now);
    return COR_OK;
}

int em_maximise(em *fit, const moments *m, const double *about)
{
    cor_mixture *now = &fit->now;
    estimates e = {.count = fit->count,
                   .mean = now->mean,
                   .step = fit->step,
                   .covariance = now->covariance};
    moments_estimate(m, fit->data, fit->sums, about, now->reg_covar, &e);
    COR_TRY(check_counts(fit));
    double total = 0;
    for (int64_t k = 0; k < now->components; k++)
        total += fit->count[k];
    for (int64_t k = 0; k < now->components; k++)
        now->weight[k] = fit->count[k] / total;
    if (fit->prior)
        bayes_maximise(fit->prior, fit->count, fit->step, now);
    return em_factor(fit);
}

typedef struct expectation {
    const ready *ready;
    moments moments;
} expectation;

static void expect_tile(void *context, place *p, double *sums)
{
    const expectation *e = context;
    ready_expect(e->ready, p);
    moments_add(&e->moments, e->ready->mean, p, sums);
}

/* For one more lower bound. */
static int make_room(em_history *h)
{
    int64_t room = 2 * h->room + 16;
    if (h->count < h->room)
        return COR_OK;
    COR_TRY(cor_reallocate(&h->bound, h->room, room, sizeof *h->bound,
                           "lower bounds"));
    h->room = room;
    return COR_OK;
}

/* Both steps: one pass over the rows, then the new mixture. */
static int step(em *fit, double *bound)
{
    const cor_mixture *m = &fit->now;
    ready r;
    expectation e = {.ready = &r,
                     .moments = moments_of(m->covariance_type, m->components,
                                           m->columns,
                                           moments_need_exact(fit->data, m))};
    pass p = {.team = fit->data->team,
              .matrix = fit->data->matrix,
              .center = fit->data->center,
              .components = m->components,
              .apart = ready_apart(m),
              .length = e.moments.length};
    int rc = ready_create(m, p.center, READY_FIT_FLOOR, &r);
    if (rc == COR_OK)
        rc = make_room(&fit->history);
    rc = cor_agree(p.team, rc);
    if (rc == COR_OK)
        rc = pass_run(&p, expect_tile, &e, fit->sums);
    if (rc == COR_OK) {
        *bound = fit->sums[e.moments.density] / (double)p.matrix->rows;
        rc = em_maximise(fit, &e.moments, r.mean);
    }
    if (rc == COR_OK && fit->prior)
        *bound = bayes_bound(m, fit->sums[e.moments.entropy]);
    ready_free(&r);
    return rc;
}

/* Starts of mine that are over. */
static int64_t done(const em *fit)
{
    const cor_gmm_options *o = fit->options;
    return (fit->start - o->first) / o->stride;
}

static int iterate(em *fit)
{
    double bound = 0, before = -INFINITY;
    em_history *h = &fit->history;
    if (h->count > 0)
        before = h->bound[h->count - 1];
    COR_TRY(step(fit, &bound));
    h->bound[h->count++] = bound;
    fit->now.lower_bound = bound;
    fit->now.iterations = h->count;
    fit->now.converged = fabs(bound - before) < fit->tol;
    cor_progress_metric(fit->progress, "start", (double)fit->start + 1);
    cor_progress_metric(fit->progress, "lower bound", bound);
    cor_progress_step(fit->progress,
                      done(fit) * fit->options->max_iter + h->count);
    return COR_OK;
}

/* ---- starts ---- */

static bool is_over(const em *fit)
{
    return fit->now.converged || fit->history.count >= fit->options->max_iter;
}

/* Iterate until the start is over or somebody asks to stop. */
static int run_start(em *fit, double *since, bool *stopped)
{
    if (fit->history.count == 0)
        COR_TRY(em_begin(fit));
    while (!is_over(fit)) {
        COR_TRY(iterate(fit));
        if (!fit->options->checkpoint)
            continue;
        *stopped = cor_stop_asked(fit->data->team);
        if (*stopped || cor_checkpoint_due(fit->data->team, *since,
                                           fit->options->checkpoint_minutes)) {
            COR_TRY(em_checkpoint_write(fit));
            *since = cor_team_seconds();
        }
        if (*stopped)
            break;
    }
    return COR_OK;
}

/* A start that collapsed: the first one's reason is kept. */
static void note_failure(em *fit, int status)
{
    cor_progress_detail(fit->progress, "start %lld is given up: %s",
                        (long long)fit->start + 1, cor_message());
    if (fit->failed++ == 0) {
        fit->status = status;
        snprintf(fit->message, sizeof fit->message, "%s", cor_message());
    }
}

/* The start that ended, if it is better than those before it; its storage
   changes places with theirs. */
static void keep_better(em *fit)
{
    em_history history = fit->best_history;
    cor_mixture best = fit->best;
    if (best.iterations > 0 && fit->now.lower_bound <= best.lower_bound)
        return;
    fit->best = fit->now;
    fit->best_start = fit->start;
    fit->best_history = fit->history;
    fit->now = best;
    fit->history = history;
}

static int run_starts(em *fit, bool *stopped)
{
    double since = cor_team_seconds();
    while (fit->start < fit->starts && !*stopped) {
        int rc = run_start(fit, &since, stopped);
        if (rc == COR_ENUMERIC)
            note_failure(fit, rc);
        else if (rc != COR_OK)
            return rc;
        if (*stopped)
            break;
        if (rc == COR_OK)
            keep_better(fit);
        fit->start += fit->options->stride;
        fit->history.count = 0;
        fit->now.converged = false;
    }
    return COR_OK;
}

/* ---- the whole ---- */

static int check_options(const cor_gmm_options *o, const cor_matrix *matrix)
{
    if (o->components < 1)
        return cor_fail(COR_EUSAGE, "--components must be at least 1, not %lld",
                        (long long)o->components);
    if (o->starts < 1 || o->starts > INT32_MAX)
        return cor_fail(COR_EUSAGE, "--n-init must be at least 1, not %lld",
                        (long long)o->starts);
    if (o->tries < 0 || o->tries > INT32_MAX)
        return cor_fail(COR_EUSAGE, "--tries must be at least 0, not %lld",
                        (long long)o->tries);
    if (o->max_iter < 1)
        return cor_fail(COR_EUSAGE, "--max-iter must be at least 1, not %lld",
                        (long long)o->max_iter);
    if (o->first < 0 || o->stride < 0)
        return cor_fail(COR_EUSAGE, "the first start and the stride must not "
                                    "be negative");
    if (!(o->tol >= 0) || !(o->reg_covar >= 0))
        return cor_fail(COR_EUSAGE,
                        "--tol and --reg-covar must not be negative");
    if (o->resume && !o->checkpoint)
        return cor_fail(COR_EUSAGE, "--resume needs the --checkpoint folder "
                                    "to go on from");
    if (o->bayesian && o->init != COR_GMM_KMEANS && o->init != COR_GMM_RANDOM)
        return cor_fail(COR_EUSAGE, "--bayesian begins with responsibilities: "
                                    "--init kmeans or random");
    if (matrix->rows < o->components || matrix->columns < 1)
        return cor_fail(COR_EDATA,
                        "the matrix has %lld rows of %lld columns, too few for "
                        "%lld components; take fewer --components",
                        (long long)matrix->rows, (long long)matrix->columns,
                        (long long)o->components);
    return COR_OK;
}

static int create(const cor_gmm_options *o, int64_t columns, em *fit)
{
    int64_t k = o->components;
    bool tied = o->covariance == COR_COVARIANCE_TIED;
    COR_TRY(
        cor_mixture_create(o->covariance, k, columns, o->bayesian, &fit->now));
    COR_TRY(
        cor_mixture_create(o->covariance, k, columns, o->bayesian, &fit->best));
    COR_TRY(COR_NEW(&fit->sums,
                    moments_of(o->covariance, k, columns, tied).length));
    COR_TRY(COR_NEW(&fit->count, k));
    COR_TRY(COR_NEW(&fit->step, k * columns));
    fit->now.reg_covar = fit->best.reg_covar = o->reg_covar;
    return COR_OK;
}

static void destroy(em *fit)
{
    cor_mixture_free(&fit->now);
    cor_mixture_free(&fit->best);
    cor_free(fit->history.bound);
    cor_free(fit->best_history.bound);
    cor_free(fit->sums);
    cor_free(fit->count);
    cor_free(fit->step);
}

static int resume(em *fit)
{
    bool found = false;
    if (!fit->options->resume)
        return COR_OK;
    COR_TRY(em_checkpoint_read(fit, &found));
    if (found)
        cor_progress_note(
            fit->progress, "going on with start %lld after iteration %lld",
            (long long)fit->start + 1, (long long)fit->history.count);
    else
        cor_progress_note(fit->progress,
                          "no checkpoint in %s yet: starting from the "
                          "beginning",
                          fit->options->checkpoint);
    return COR_OK;
}

/* The best start as the mixture, and what it is worth. */
static int conclude(em *fit, cor_mixture *mixture, cor_gmm_fit *out)
{
    cor_mixture *m = &fit->best;
    if (m->iterations == 0)
        return cor_fail(fit->status, "%s", fit->message);
    COR_TRY(
        cor_agree(fit->data->team, cor_mixture_describe(fit->data->matrix, m)));
    COR_TRY(cor_mixture_mean_density(fit->data->team, m, fit->data->matrix,
                                     &out->mean_density));
    out->bic = cor_mixture_bic(m, out->mean_density);
    out->aic = cor_mixture_aic(m, out->mean_density);
    out->iterations = m->iterations;
    out->lower_bound = m->lower_bound;
    out->converged = m->converged;
    out->history = fit->best_history.bound;
    fit->best_history.bound = NULL;
    *mixture = *m;
    *m = (cor_mixture){0};
    return COR_OK;
}

/* A selection that is stopped later need not fit this again. */
static int keep_finished(const em *fit)
{
    return fit->options->checkpoint ? em_checkpoint_write(fit) : COR_OK;
}

static int train(em *fit, cor_mixture *mixture, cor_gmm_fit *out)
{
    const cor_gmm_options *o = fit->options;
    int64_t mine = (fit->starts - o->first + o->stride - 1) / o->stride;
    double began = cor_team_seconds();
    COR_TRY(resume(fit));
    cor_progress_begin(fit->progress, "iterations",
                       mine * fit->options->max_iter);
    COR_TRY(run_starts(fit, &out->stopped));
    cor_progress_end(fit->progress);
    out->starts = done(fit);
    out->failed = fit->failed;
    out->start = fit->best_start;
    if (!out->stopped && fit->options->checkpoint_minutes > 0)
        COR_TRY(keep_finished(fit));
    if (!out->stopped)
        COR_TRY(conclude(fit, mixture, out));
    out->seconds = cor_team_seconds() - began;
    cor_team_share(fit->data->team, &out->seconds, sizeof out->seconds, 0);
    return COR_OK;
}

/* Tied covariances, and priors that are matrices, come from the scatter. */
static bool needs_scatter(const cor_gmm_options *o)
{
    return o->covariance == COR_COVARIANCE_TIED ||
           (o->bayesian && o->covariance == COR_COVARIANCE_FULL);
}

int cor_gmm_train(const cor_team *team, const cor_matrix *matrix,
                  const cor_gmm_options *options, cor_progress *progress,
                  cor_mixture *mixture, cor_gmm_fit *fit)
{
    *mixture = (cor_mixture){0};
    *fit = (cor_gmm_fit){0};
    cor_gmm_options o = *options;
    fit_data data = {0};
    COR_TRY(check_options(&o, matrix));
    if (o.stride == 0)
        o.stride = 1;
    cor_family_agree(team);
    em e = {.data = &data,
            .options = &o,
            .progress = progress,
            .starts = em_starts(&o, matrix->rows, matrix->columns),
            .start = o.first};
    e.tol = tolerance(&o, e.starts);
    bayes_prior prior = {0};
    int rc = fit_data_create(team, matrix, needs_scatter(&o), &data);
    if (rc == COR_OK)
        rc = cor_agree(team, create(&o, matrix->columns, &e));
    if (rc == COR_OK && o.bayesian) {
        rc = cor_agree(team, bayes_prior_create(&data, &o, &prior));
        e.prior = &prior;
    }
    if (rc == COR_OK)
        rc = train(&e, mixture, fit);
    destroy(&e);
    bayes_prior_free(&prior);
    fit_data_free(&data);
    if (rc != COR_OK) {
        cor_mixture_free(mixture);
        cor_gmm_fit_free(fit);
    }
    return rc;
}
