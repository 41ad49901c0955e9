/*
 * Choosing among mixtures. The ranks are cut into groups, each large enough for
 * one fit; a group takes the points that fall to it one after the other. What a
 * point gives does not depend on the ranks that fit it, so neither does the
 * choice.
 */
#include "coracle/gmm.h"

#include "coracle/cut.h"
#include "coracle/memory.h"
#include "fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* With fewer bytes of the matrix a rank spends its time on waiting for others.
 */
enum { LEAST_BYTES = 1 << 20 };

/* A group of ranks and the best of what it has fitted so far. */
typedef struct group {
    const cor_team *all;
    cor_team *team; /* of this group; NULL where it is all */
    int64_t index;
    int64_t best; /* point, -1: none yet */
    cor_matrix matrix;
    cor_mixture mixture;
    cor_gmm_fit fit;
    bool stopped;
} group;

typedef struct selection {
    const char *store;
    const cor_gmm_options *options;
    enum cor_gmm_criterion criterion;
    cor_gmm_point *point;
    int64_t points;
    cor_progress *progress;
} selection;

static const cor_team *team_of(const group *g)
{
    return g->team ? g->team : g->all;
}

static int64_t bytes_of(const cor_matrix_size *size)
{
    return size->rows * size->columns * (int64_t)cor_type_size(size->type, 0);
}

/* How many groups `ranks` ranks make for a matrix. */
static int64_t groups_for(const cor_matrix_size *size, int64_t points,
                          int64_t ranks)
{
    int64_t wanted = bytes_of(size) / LEAST_BYTES + 1;
    int64_t most = wanted < ranks ? ranks / wanted : 1;
    return most < points ? most : points;
}

/* Multiply-adds of an iteration, a row. */
static double cost_of(const cor_gmm_point *point, int64_t columns)
{
    double d = (double)columns;
    double each =
        point->covariance == COR_COVARIANCE_FULL ? d * (d + 1) : 4 * d;
    return (double)point->components * (each + 20);
}

/* owner[i] is the group that fits point i: the costliest first, each to the
   group with the least to do. */
static int deal_points(const selection *s, int64_t columns, int64_t groups,
                       int64_t *owner)
{
    double *load = NULL;
    COR_TRY(COR_NEW_ZEROED(&load, groups));
    for (int64_t i = 0; i < s->points; i++)
        owner[i] = -1;
    for (int64_t turn = 0; turn < s->points; turn++) {
        int64_t next = -1, idle = 0;
        for (int64_t i = 0; i < s->points; i++)
            if (owner[i] < 0 &&
                (next < 0 || cost_of(&s->point[i], columns) >
                                 cost_of(&s->point[next], columns)))
                next = i;
        for (int64_t g = 1; g < groups; g++)
            if (load[g] < load[idle])
                idle = g;
        owner[next] = idle;
        load[idle] += cost_of(&s->point[next], columns);
    }
    cor_free(load);
    return COR_OK;
}

static double criterion_of(const selection *s, const cor_gmm_point *point)
{
    return s->criterion == COR_GMM_BIC ? point->bic : point->aic;
}

/* Whether point i is better than point j, which may be none. */
static bool is_better(const selection *s, int64_t i, int64_t j)
{
    if (s->point[i].status != COR_OK)
        return false;
    if (j < 0)
        return true;
    double a = criterion_of(s, &s->point[i]), b = criterion_of(s, &s->point[j]);
    return a < b || (a == b && i < j);
}

static void note_result(cor_gmm_point *point, int status,
                        const cor_gmm_fit *fit)
{
    point->status = status;
    snprintf(point->message, sizeof point->message, "%s",
             status == COR_OK ? "" : cor_message());
    point->lower_bound = fit->lower_bound;
    point->mean_density = fit->mean_density;
    point->bic = fit->bic;
    point->aic = fit->aic;
    point->converged = fit->converged;
    point->iterations = fit->iterations;
}

/* Fit one point on the group's ranks. What only spoils this point is noted,
   what spoils all is returned. */
static int fit_point(group *g, const selection *s, int64_t i)
{
    cor_gmm_options options = *s->options;
    cor_mixture mixture = {0};
    cor_gmm_fit fit = {0};
    options.covariance = s->point[i].covariance;
    options.components = s->point[i].components;
    int rc = cor_gmm_train(team_of(g), &g->matrix, &options, s->progress,
                           &mixture, &fit);
    if (rc != COR_OK && rc != COR_EDATA && rc != COR_ENUMERIC)
        return rc;
    g->stopped = fit.stopped;
    if (!fit.stopped)
        note_result(&s->point[i], rc, &fit);
    if (!fit.stopped && is_better(s, i, g->best)) {
        cor_mixture_free(&g->mixture);
        cor_gmm_fit_free(&g->fit);
        g->mixture = mixture;
        g->fit = fit;
        g->best = i;
        return COR_OK;
    }
    cor_mixture_free(&mixture);
    cor_gmm_fit_free(&fit);
    return COR_OK;
}

static int fit_points(group *g, const selection *s, const int64_t *owner)
{
    COR_TRY(cor_matrix_read(team_of(g), s->store, &g->matrix));
    int rc = COR_OK;
    for (int64_t i = 0; rc == COR_OK && !g->stopped && i < s->points; i++)
        if (owner[i] == g->index)
            rc = fit_point(g, s, i);
    return rc;
}

/* The results of all points on all ranks: each from the first rank of the
   group that has it. */
static int gather_points(const group *g, const selection *s,
                         const int64_t *owner)
{
    cor_gmm_point *mine = NULL, *all = NULL;
    int64_t *number = NULL, *from = NULL, count = 0, total = 0, numbers = 0;
    int rc = COR_NEW(&mine, s->points);
    if (rc == COR_OK)
        rc = COR_NEW(&number, s->points);
    rc = cor_agree(g->all, rc);
    for (int64_t i = 0; rc == COR_OK && i < s->points; i++)
        if (owner[i] == g->index && cor_team_rank(team_of(g)) == 0) {
            mine[count] = s->point[i];
            number[count++] = i;
        }
    if (rc == COR_OK)
        rc = cor_team_collect(g->all, mine, count, sizeof *mine, &all, &total);
    if (rc == COR_OK)
        rc = cor_team_collect(g->all, number, count, sizeof *number, &from,
                              &numbers);
    for (int64_t i = 0; rc == COR_OK && i < total; i++)
        s->point[from[i]] = all[i];
    cor_free(mine);
    cor_free(number);
    cor_free(all);
    cor_free(from);
    return rc;
}

static void share_numbers(const group *g, int root, int64_t count,
                          double *number)
{
    cor_team_share(g->all, number, count * (int64_t)sizeof *number, root);
}

/* Room for a mixture that another group has. */
static int expect_mixture(group *g, const selection *s, int64_t best)
{
    const cor_gmm_point *p = &s->point[best];
    cor_mixture_free(&g->mixture);
    cor_gmm_fit_free(&g->fit);
    COR_TRY(cor_mixture_create(p->covariance, p->components, g->matrix.columns,
                               false, &g->mixture));
    g->mixture.lower_bound = p->lower_bound;
    g->mixture.converged = p->converged;
    g->mixture.iterations = p->iterations;
    g->mixture.reg_covar = s->options->reg_covar;
    COR_TRY(cor_mixture_describe(&g->matrix, &g->mixture));
    return COR_NEW(&g->fit.history, p->iterations);
}

/* The best mixture, from the first rank that has it, on every rank. */
static int share_mixture(group *g, const selection *s, int64_t best)
{
    cor_mixture *m = &g->mixture;
    int64_t root =
        g->best == best ? cor_team_rank(g->all) : cor_team_size(g->all);
    cor_team_min(g->all, &root, 1);
    int rc = g->best == best ? COR_OK : expect_mixture(g, s, best);
    COR_TRY(cor_agree(g->all, rc));
    cor_gmm_fit fit = g->fit;
    cor_team_share(g->all, &fit, sizeof fit, (int)root);
    fit.history = g->fit.history;
    g->fit = fit;
    int64_t k = m->components, d = m->columns;
    int64_t length = cor_covariance_length(m->covariance_type, k, d);
    share_numbers(g, (int)root, k, m->weight);
    share_numbers(g, (int)root, k * d, m->mean);
    share_numbers(g, (int)root, length, m->covariance);
    share_numbers(g, (int)root, length, m->precision_cholesky);
    share_numbers(g, (int)root, k, m->constant);
    share_numbers(g, (int)root, s->point[best].iterations, g->fit.history);
    return COR_OK;
}

/* After all groups are through: one choice for all ranks. */
static int choose(group *g, const selection *s, const int64_t *owner,
                  int64_t *best)
{
    COR_TRY(gather_points(g, s, owner));
    *best = -1;
    for (int64_t i = 0; i < s->points; i++)
        if (is_better(s, i, *best))
            *best = i;
    if (*best < 0)
        return cor_fail(s->point[0].status, "%s", s->point[0].message);
    return g->team ? share_mixture(g, s, *best) : COR_OK;
}

/* Ranks in contiguous runs, one a group. */
static int join_group(const cor_team *team, int64_t groups, group *g)
{
    int64_t ranks = cor_team_size(team);
    *g = (group){.all = team, .best = -1};
    if (groups == 1)
        return COR_OK;
    g->index = cor_cut_part(ranks, cor_team_rank(team), groups);
    return cor_team_split(team, (int)g->index, &g->team);
}

static int run_groups(group *g, const selection *s, int64_t columns,
                      int64_t groups, int64_t *best)
{
    int64_t *owner = NULL, stopped;
    int rc = COR_NEW(&owner, s->points);
    if (rc == COR_OK)
        rc = deal_points(s, columns, groups, owner);
    rc = cor_agree(g->all, rc);
    if (rc == COR_OK)
        rc = cor_agree(g->all, fit_points(g, s, owner));
    stopped = g->stopped;
    cor_team_max(g->all, &stopped, 1);
    g->stopped = stopped != 0;
    if (rc == COR_OK && !g->stopped)
        rc = choose(g, s, owner, best);
    cor_free(owner);
    return rc;
}

int cor_gmm_select(const cor_team *team, const char *store,
                   const cor_gmm_options *options,
                   enum cor_gmm_criterion criterion, cor_gmm_point *point,
                   int64_t count, cor_progress *progress, cor_mixture *mixture,
                   cor_gmm_fit *fit, int64_t *best)
{
    selection s = {store, options, criterion, point, count, progress};
    cor_matrix_size size;
    group g;
    *mixture = (cor_mixture){0};
    *fit = (cor_gmm_fit){0};
    *best = -1;
    COR_TRY(cor_matrix_measure(team, store, &size));
    int64_t groups = groups_for(&size, count, cor_team_size(team));
    COR_TRY(join_group(team, groups, &g));
    int rc = run_groups(&g, &s, size.columns, groups, best);
    if (rc == COR_OK && !g.stopped) {
        *mixture = g.mixture;
        *fit = g.fit;
    } else {
        cor_mixture_free(&g.mixture);
        cor_gmm_fit_free(&g.fit);
    }
    fit->stopped = rc == COR_OK && g.stopped;
    cor_matrix_free(&g.matrix);
    cor_team_destroy(&g.team);
    return rc;
}

cor_plan cor_gmm_plan(const cor_team *team, const cor_matrix_size *size,
                      const cor_gmm_options *options,
                      const cor_gmm_point *point, int64_t count)
{
    int64_t ranks = cor_team_size(team), threads = cor_team_threads(team);
    int64_t together = ranks / groups_for(size, count, ranks);
    int64_t rows = size->rows / together + 1, d = size->columns, most = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t k = point[i].components, ld = cor_tile_ld(place_rows(d, k));
        moments m = moments_of(point[i].covariance, k, d, true);
        /* a tile and what is computed of it, and a shard's sums, a thread; the
           ordered sum's open vectors; the mixtures of this start and the best
           one, with two matrices each */
        int64_t work = threads * ((3 * d + 2 * k + 8) * ld + m.length);
        int64_t sums = 24 * m.length;
        int64_t mixtures =
            5 * cor_covariance_length(point[i].covariance, k, d) + 8 * k * d;
        if (work + sums + mixtures > most)
            most = work + sums + mixtures;
    }
    bool seeded =
        options->init == COR_GMM_KMEANS || options->init == COR_GMM_KMEANS_PLUS;
    int64_t row = d * (int64_t)cor_type_size(size->type, 0) + (seeded ? 8 : 0);
    return (cor_plan){.rows_rank = rows,
                      .bytes_rank = cor_plan_base() + rows * row + 8 * most,
                      .bytes_disk = 8 * most};
}
