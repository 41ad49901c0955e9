#include "seek.h"

#include "coracle/memory.h"
#include "panels.h"

#include <math.h>

enum {
    TILE = 256, /* queries that go through a run together */
    BATCH = 32  /* of them, at a time: 8 KiB of scores */
};

typedef struct search {
    const cor_team *team;
    const cor_model *model;
    const cor_queries *queries;
    const seeker *seeker;
    reach_nodes nodes;
    double *length; /* queries: of their factors; 0 where nothing is known */
    panels *panels;
} search;

/* Queries of a tile that still want something. */
typedef struct tile {
    int64_t known, unknown; /* how many */
    int64_t query[TILE];    /* the known ones */
    reach_place place[TILE];
    int64_t popular[TILE]; /* the unknown ones */
} tile;

/* Queries that a panel is scored for. */
typedef struct batch {
    int64_t count;
    int64_t query[BATCH];
    const float *row[BATCH];
    float least[BATCH];
} batch;

static float least_of(const search *s, int64_t query)
{
    return s->seeker->least(s->seeker->context, query);
}

/* The longest of all ranks' queries, and a usual length: the mean of lengths
   in 1024ths of the longest, which does not depend on who has which. */
static int measure(search *s, double *usual)
{
    int64_t count = s->queries->id.count, ld = s->model->ld, sum[2] = {0};
    double most = 0;
    COR_TRY(cor_agree(s->team, COR_NEW(&s->length, count)));
#pragma omp parallel for num_threads(cor_team_threads(s->team))                \
    reduction(max                                                              \
              : most)
    for (int64_t q = 0; q < count; q++) {
        bool known = s->queries->known[q];
        double length =
            known ? reach_length(s->queries->factor + q * ld, ld) : 0;
        s->length[q] = length;
        if (isfinite(length) && length > most)
            most = length;
    }
    cor_team_max_double(s->team, &most, 1);
    for (int64_t q = 0; q < count && most > 0; q++)
        if (s->queries->known[q] && isfinite(s->length[q])) {
            sum[0] += (int64_t)(1024 * (s->length[q] / most));
            sum[1]++;
        }
    cor_team_sum(s->team, sum, 2);
    s->nodes = reach_nodes_to(most);
    *usual = sum[1] ? most / 1024 * (double)sum[0] / (double)sum[1] : 0;
    return COR_OK;
}

/* Whether a query of any rank still wants items that reach no further. */
static bool is_wanted(const search *s, const reach *rest)
{
    int64_t wanted = 0;
    for (int64_t q = 0; q < s->queries->id.count && !wanted; q++)
        wanted = !s->queries->known[q] ||
                 !reach_misses(rest, reach_find(&s->nodes, s->length[q]),
                               least_of(s, q));
    cor_team_max(s->team, &wanted, 1);
    return wanted;
}

static void open_tile(const search *s, int64_t from, int64_t to, tile *t)
{
    t->known = t->unknown = 0;
    for (int64_t q = from; q < to; q++) {
        if (!s->queries->known[q]) {
            t->popular[t->unknown++] = q;
            continue;
        }
        t->query[t->known] = q;
        t->place[t->known++] = reach_find(&s->nodes, s->length[q]);
    }
}

/* Score a batch, show what was found, and empty it. */
static void score_batch(const search *s, const panel *p, int64_t ld,
                        const float *bias, batch *b)
{
    float score[BATCH * COR_PANEL] __attribute__((aligned(64)));
    bool reaches[BATCH];
    cor_panel_score(b->row, b->count, p->factor, ld, bias, b->least, score,
                    reaches);
    for (int64_t i = 0; i < b->count; i++)
        if (reaches[i])
            s->seeker->found(s->seeker->context, b->query[i], p->item,
                             score + i * COR_PANEL);
    b->count = 0;
}

static void add_query(const search *s, int64_t query, float least, batch *b)
{
    b->query[b->count] = query;
    b->row[b->count] = s->queries->factor + query * s->model->ld;
    b->least[b->count++] = least;
}

/* A panel for the queries that it may reach; those that neither it nor what
   follows can reach leave the tile. Returns the scores made. */
static int64_t score_known(const search *s, const panel *p, tile *t)
{
    batch b = {0};
    int64_t ld = s->model->ld, kept = 0, made = 0;
    for (int64_t i = 0; i < t->known; i++) {
        int64_t query = t->query[i];
        reach_place place = t->place[i];
        float least = least_of(s, query);
        if (reach_misses(p->rest, place, least))
            continue;
        t->query[kept] = query;
        t->place[kept++] = place;
        if (reach_misses(p->own, place, least))
            continue;
        add_query(s, query, least, &b);
        made += COR_PANEL;
        if (b.count == BATCH)
            score_batch(s, p, ld, p->bias, &b);
    }
    score_batch(s, p, ld, p->bias, &b);
    t->known = kept;
    return made;
}

/* Of whom nothing is known gets what is popular. */
static void score_unknown(const search *s, const panel *p, const tile *t)
{
    batch b = {0};
    for (int64_t i = 0; i < t->unknown; i++) {
        add_query(s, t->popular[i], least_of(s, t->popular[i]), &b);
        if (b.count == BATCH)
            score_batch(s, p, 0, p->popular, &b);
    }
    score_batch(s, p, 0, p->popular, &b);
}

static int64_t search_tile(const search *s, int64_t run, int64_t from,
                           int64_t to)
{
    tile t;
    int64_t made = 0;
    open_tile(s, from, to, &t);
    for (int64_t i = 0; i < run && t.known + t.unknown > 0; i++) {
        panel p = panels_at(s->panels, i);
        made += score_known(s, &p, &t);
        score_unknown(s, &p, &t);
    }
    return made;
}

static int64_t search_run(const search *s, int64_t run)
{
    int64_t queries = s->queries->id.count, made = 0;
#pragma omp parallel for num_threads(cor_team_threads(s->team))                \
    schedule(dynamic) reduction(+ : made)
    for (int64_t from = 0; from < queries; from += TILE) {
        int64_t to = from + TILE < queries ? from + TILE : queries;
        made += search_tile(s, run, from, to);
    }
    return made;
}

int scores_seek(const cor_team *team, const cor_model *model,
                const cor_queries *queries, const seeker *who,
                cor_progress *progress, int64_t *made)
{
    search s = {
        .team = team, .model = model, .queries = queries, .seeker = who};
    reach rest;
    double usual;
    *made = 0;
    cor_progress_begin(progress, "score", model->item.rows);
    int rc = measure(&s, &usual);
    if (rc == COR_OK)
        rc = panels_create(team, model, &s.nodes, usual, &s.panels);
    while (rc == COR_OK && panels_next(s.panels, &rest)) {
        if (is_wanted(&s, &rest))
            *made += search_run(&s, panels_take(s.panels));
        else
            panels_leave(s.panels);
        cor_progress_update(progress, panels_passed(s.panels));
    }
    panels_destroy(&s.panels);
    cor_free(s.length);
    cor_progress_end(progress);
    return rc;
}
