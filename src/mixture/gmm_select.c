/*
 * Choosing among mixtures. The ranks are cut into groups, each large enough for
 * one fit; a group takes the points that fall to it one after the other. Where
 * there are more groups than points, several share a point, and take its starts
 * in turn. What a start gives does not depend on the ranks that do it, so
 * neither does the choice.
 */
#include "coracle/cut.h"
#include "coracle/memory.h"
#include "em.h"

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
    int64_t best;  /* point, -1: none yet */
    int64_t start; /* the start that it comes from */
    cor_matrix matrix;
    cor_mixture mixture;
    cor_gmm_fit fit;
    bool stopped;
} group;

/* How the ranks are cut. */
typedef struct groups {
    int64_t count;
    int64_t share; /* of a point; 1 where there are no more than points */
} groups;

typedef struct selection {
    const char *store;
    const cor_gmm_options *options;
    enum cor_gmm_criterion criterion;
    cor_gmm_point *point;
    int64_t points;
    cor_progress *progress;
    cor_matrix_size size;
    groups groups;
    int64_t *owner; /* of a point, the first of its groups */
} selection;

static const cor_team *team_of(const group *g)
{
    return g->team ? g->team : g->all;
}

static int64_t bytes_of(const cor_matrix_size *size)
{
    return size->rows * size->columns * (int64_t)cor_type_size(size->type, 0);
}

/* How many groups so many ranks make. */
static groups cut_ranks(const cor_matrix_size *size,
                        const cor_gmm_options *options,
                        const cor_gmm_point *point, int64_t points,
                        int64_t ranks)
{
    int64_t wanted = bytes_of(size) / LEAST_BYTES + 1;
    int64_t most = wanted < ranks ? ranks / wanted : 1;
    int64_t share = most / points;
    for (int64_t i = 0; i < points; i++) {
        cor_gmm_options o = *options;
        o.components = point[i].components;
        int64_t starts = em_starts(&o, size->rows, size->columns);
        share = starts < share ? starts : share;
    }
    if (share > 1)
        return (groups){.count = points * share, .share = share};
    return (groups){.count = most < points ? most : points, .share = 1};
}

/* Whether a group has starts of a point. */
static bool has_point(const selection *s, const group *g, int64_t i)
{
    return s->owner[i] <= g->index && g->index < s->owner[i] + s->groups.share;
}

/* Multiply-adds of an iteration, a row. */
static double cost_of(const cor_gmm_point *point, int64_t columns)
{
    double d = (double)columns;
    double each =
        point->covariance == COR_COVARIANCE_FULL ? d * (d + 1) : 4 * d;
    return (double)point->components * (each + 20);
}

/* The point without an owner that costs most, or -1. */
static int64_t costliest(const selection *s)
{
    int64_t most = -1, columns = s->size.columns;
    for (int64_t i = 0; i < s->points; i++)
        if (s->owner[i] < 0 &&
            (most < 0 || cost_of(&s->point[i], columns) >
                             cost_of(&s->point[most], columns)))
            most = i;
    return most;
}

/* The costliest points first, each to the group with the least to do. */
static int deal_points(const selection *s)
{
    double *load = NULL;
    COR_TRY(COR_NEW_ZEROED(&load, s->groups.count));
    for (int64_t i = 0; i < s->points; i++)
        s->owner[i] = s->groups.share > 1 ? i * s->groups.share : -1;
    for (int64_t i = costliest(s); i >= 0; i = costliest(s)) {
        int64_t idle = 0;
        for (int64_t g = 1; g < s->groups.count; g++)
            if (load[g] < load[idle])
                idle = g;
        s->owner[i] = idle;
        load[idle] += cost_of(&s->point[i], s->size.columns);
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
    point->starts = fit->starts;
    point->failed = fit->failed;
    point->start = fit->start;
}

/* What only spoils this point is noted, what spoils all is returned. */
static int take_fit(group *g, const selection *s, int64_t i, int rc,
                    cor_mixture *mixture, cor_gmm_fit *fit)
{
    if (rc != COR_OK && rc != COR_EDATA && rc != COR_ENUMERIC)
        return rc;
    g->stopped = fit->stopped;
    if (!g->stopped)
        note_result(&s->point[i], rc, fit);
    if (!g->stopped && is_better(s, i, g->best)) {
        cor_mixture_free(&g->mixture);
        cor_gmm_fit_free(&g->fit);
        g->mixture = *mixture;
        g->fit = *fit;
        g->best = i;
        g->start = fit->start;
        return COR_OK;
    }
    cor_mixture_free(mixture);
    cor_gmm_fit_free(fit);
    return COR_OK;
}

/* One point, or its starts that are the group's, on the group's ranks. */
static int fit_point(group *g, const selection *s, int64_t i)
{
    cor_gmm_options options = *s->options;
    cor_mixture mixture = {0};
    cor_gmm_fit fit = {0};
    options.covariance = s->point[i].covariance;
    options.components = s->point[i].components;
    options.first = g->index - s->owner[i];
    options.stride = s->groups.share;
    int rc = cor_gmm_train(team_of(g), &g->matrix, &options, s->progress,
                           &mixture, &fit);
    fit.start = rc == COR_OK ? fit.start : options.first;
    return take_fit(g, s, i, rc, &mixture, &fit);
}

static int fit_points(group *g, const selection *s)
{
    COR_TRY(cor_matrix_read(team_of(g), s->store, &g->matrix));
    int rc = COR_OK;
    for (int64_t i = 0; rc == COR_OK && !g->stopped && i < s->points; i++)
        if (has_point(s, g, i))
            rc = fit_point(g, s, i);
    return rc;
}

/* What a group says of a point. */
typedef struct finding {
    int64_t number; /* of the point */
    cor_gmm_point point;
} finding;

/* Whether a finding is to stand for its point rather than another: what was
   fitted, the better, the first of equals; of failures the first. */
static bool is_rather(const cor_gmm_point *a, const cor_gmm_point *b)
{
    if ((a->status == COR_OK) != (b->status == COR_OK))
        return a->status == COR_OK;
    if (a->status == COR_OK && a->lower_bound != b->lower_bound)
        return a->lower_bound > b->lower_bound;
    return a->start < b->start;
}

/* The findings of all groups, put together a point. */
static void merge_findings(const selection *s, const finding *all,
                           int64_t count)
{
    for (int64_t i = 0; i < s->points; i++)
        s->point[i].starts = -1;
    for (int64_t f = 0; f < count; f++) {
        cor_gmm_point *p = &s->point[all[f].number];
        int64_t starts = all[f].point.starts, failed = all[f].point.failed;
        if (p->starts < 0) {
            *p = all[f].point;
            continue;
        }
        starts += p->starts;
        failed += p->failed;
        if (is_rather(&all[f].point, p))
            *p = all[f].point;
        p->starts = starts;
        p->failed = failed;
    }
}

/* The results of all points on all ranks: each from the first ranks of the
   groups that have it. */
static int gather_points(const group *g, const selection *s)
{
    finding *mine = NULL, *all = NULL;
    int64_t count = 0, total = 0;
    int rc = cor_agree(g->all, COR_NEW_ZEROED(&mine, s->points));
    for (int64_t i = 0; rc == COR_OK && i < s->points; i++)
        if (has_point(s, g, i) && cor_team_rank(team_of(g)) == 0)
            mine[count++] = (finding){i, s->point[i]};
    if (rc == COR_OK)
        rc = cor_team_collect(g->all, mine, count, sizeof *mine, &all, &total);
    if (rc == COR_OK)
        merge_findings(s, all, total);
    cor_free(mine);
    cor_free(all);
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
                               s->options->bayesian, &g->mixture));
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
    bool mine = g->best == best && g->start == s->point[best].start;
    int64_t root = mine ? cor_team_rank(g->all) : cor_team_size(g->all);
    cor_team_min(g->all, &root, 1);
    int rc = mine ? COR_OK : expect_mixture(g, s, best);
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
    if (m->bayesian) {
        share_numbers(g, (int)root, 2 * k, m->posterior.weight_concentration);
        share_numbers(g, (int)root, k, m->posterior.mean_precision);
        share_numbers(g, (int)root, k, m->posterior.degrees_of_freedom);
    }
    share_numbers(g, (int)root, s->point[best].iterations, g->fit.history);
    return COR_OK;
}

/* After all groups are through: one choice for all ranks. */
static int choose(group *g, const selection *s, int64_t *best)
{
    COR_TRY(gather_points(g, s));
    *best = -1;
    for (int64_t i = 0; i < s->points; i++)
        if (is_better(s, i, *best))
            *best = i;
    if (*best < 0)
        return cor_fail(s->point[0].status, "%s", s->point[0].message);
    if (g->team)
        COR_TRY(share_mixture(g, s, *best));
    g->fit.starts = s->point[*best].starts;
    g->fit.failed = s->point[*best].failed;
    return COR_OK;
}

/* Ranks in contiguous runs, one a group. */
static int join_group(const cor_team *team, int64_t count, group *g)
{
    int64_t ranks = cor_team_size(team);
    *g = (group){.all = team, .best = -1};
    if (count == 1)
        return COR_OK;
    g->index = cor_cut_part(ranks, cor_team_rank(team), count);
    return cor_team_split(team, (int)g->index, &g->team);
}

static int run_groups(group *g, selection *s, int64_t *best)
{
    int rc = COR_NEW(&s->owner, s->points);
    if (rc == COR_OK)
        rc = deal_points(s);
    rc = cor_agree(g->all, rc);
    if (rc == COR_OK)
        rc = cor_agree(g->all, fit_points(g, s));
    int64_t stopped = g->stopped;
    cor_team_max(g->all, &stopped, 1);
    g->stopped = stopped != 0;
    if (rc == COR_OK && !g->stopped)
        rc = choose(g, s, best);
    cor_free(s->owner);
    return rc;
}

int cor_gmm_select(const cor_team *team, const char *store,
                   const cor_gmm_options *options,
                   enum cor_gmm_criterion criterion, cor_gmm_point *point,
                   int64_t count, cor_progress *progress, cor_mixture *mixture,
                   cor_gmm_fit *fit, int64_t *best)
{
    selection s = {.store = store,
                   .options = options,
                   .criterion = criterion,
                   .point = point,
                   .points = count,
                   .progress = progress};
    group g;
    *mixture = (cor_mixture){0};
    *fit = (cor_gmm_fit){0};
    *best = -1;
    COR_TRY(cor_matrix_measure(team, store, &s.size));
    s.groups = cut_ranks(&s.size, options, point, count, cor_team_size(team));
    COR_TRY(join_group(team, s.groups.count, &g));
    int rc = run_groups(&g, &s, best);
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
    int64_t together =
        ranks / cut_ranks(size, options, point, count, ranks).count;
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
