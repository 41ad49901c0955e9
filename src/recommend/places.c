/*
 * Where a query's first wanted item stands in its whole ranking. Most often its
 * list says so; for the others all scores are visited twice: once to find the
 * best wanted item, once to count what stands before it. Nothing is sorted.
 */
#include "coracle/memory.h"
#include "coracle/scores.h"
#include "queries.h"

#include <math.h>

typedef struct places {
    const cor_queries *queries;
    const uint64_t *wanted;
    const int64_t *begin; /* queries + 1, into wanted */
    int64_t *seen_begin;  /* queries + 1, into what was seen */
    int64_t *place;
    float *score; /* of the best wanted item so far; -INFINITY: none */
    int32_t *item;
} places;

/* The first of the ascending keys [from, to) that is at least `key`. */
static int64_t first_from(const uint64_t *keys, int64_t from, int64_t to,
                          uint64_t key)
{
    while (from < to) {
        int64_t middle = from + (to - from) / 2;
        if (keys[middle] < key)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool was_seen(const places *p, int64_t query, uint64_t key)
{
    int64_t end = p->seen_begin[query + 1];
    int64_t at = first_from(p->queries->seen, p->seen_begin[query], end, key);
    return at < end && p->queries->seen[at] == key;
}

/* Places that the lists know, from 1 on; 0 elsewhere. */
static void look_up(places *p, const cor_toplists *lists)
{
    for (int64_t q = 0; q < lists->count; q++) {
        int64_t end = p->begin[q + 1];
        p->place[q] = 0;
        for (int64_t i = 0; i < lists->n && p->place[q] == 0; i++) {
            int32_t item = lists->item[q * lists->n + i];
            uint64_t key = cor_query_key(q, item);
            int64_t at = first_from(p->wanted, p->begin[q], end, key);
            if (item >= 0 && at < end && p->wanted[at] == key)
                p->place[q] = i + 1;
        }
    }
}

static bool is_open(const places *p, int64_t query)
{
    return p->place[query] == 0 && p->begin[query] < p->begin[query + 1];
}

/* The best wanted item of each query: items come in ascending order, so of
   equal scores the first stays. */
static void find_best(void *context, const cor_scores_tile *tile)
{
    const places *p = context;
    for (int64_t q = tile->query; q < tile->query + tile->queries; q++) {
        const float *score = tile->score + (q - tile->query) * tile->items;
        int64_t end = p->begin[q + 1], at;
        if (!is_open(p, q))
            continue;
        at = first_from(p->wanted, p->begin[q], end,
                        cor_query_key(q, (int32_t)tile->item));
        for (; at < end; at++) {
            int64_t item = cor_item_of_key(p->wanted[at]) - tile->item;
            if (item >= tile->items)
                break;
            if (score[item] > p->score[q] && !was_seen(p, q, p->wanted[at])) {
                p->score[q] = score[item];
                p->item[q] = cor_item_of_key(p->wanted[at]);
            }
        }
    }
}

static bool is_before(const places *p, int64_t query, float score, int64_t item)
{
    return score > p->score[query] ||
           (score == p->score[query] && item < p->item[query]);
}

static void count_before(void *context, const cor_scores_tile *tile)
{
    const places *p = context;
    for (int64_t q = tile->query; q < tile->query + tile->queries; q++) {
        const float *score = tile->score + (q - tile->query) * tile->items;
        int64_t end = p->seen_begin[q + 1], before = 0, at;
        if (p->item[q] < 0)
            continue;
        for (int64_t i = 0; i < tile->items; i++)
            before += is_before(p, q, score[i], tile->item + i);
        at = first_from(p->queries->seen, p->seen_begin[q], end,
                        cor_query_key(q, (int32_t)tile->item));
        for (; at < end; at++) {
            int64_t item = cor_item_of_key(p->queries->seen[at]);
            bool again = at > p->seen_begin[q] &&
                         p->queries->seen[at] == p->queries->seen[at - 1];
            if (item >= tile->item + tile->items)
                break;
            before -= !again && is_before(p, q, score[item - tile->item], item);
        }
        p->place[q] += before;
    }
}

static int allocate(places *p)
{
    int64_t count = p->queries->id.count;
    COR_TRY(cor_query_begins(p->queries->seen, p->queries->seen_count, count,
                             &p->seen_begin));
    COR_TRY(COR_NEW(&p->score, count));
    COR_TRY(COR_NEW(&p->item, count));
    for (int64_t q = 0; q < count; q++) {
        p->score[q] = -INFINITY;
        p->item[q] = -1;
    }
    return COR_OK;
}

static int visit_twice(places *p, const cor_team *team, const cor_model *model,
                       cor_progress *progress)
{
    int64_t count = p->queries->id.count, open = 0;
    for (int64_t q = 0; q < count; q++)
        open += is_open(p, q);
    cor_team_sum(team, &open, 1);
    if (open == 0)
        return COR_OK;
    COR_TRY(cor_scores_run(team, model, p->queries, progress, find_best, p));
    for (int64_t q = 0; q < count; q++)
        p->place[q] += p->item[q] >= 0; /* itself */
    return cor_scores_run(team, model, p->queries, progress, count_before, p);
}

int cor_recommend_places(const cor_team *team, const cor_model *model,
                         const cor_queries *queries, const uint64_t *wanted,
                         const int64_t *begin, const cor_toplists *lists,
                         cor_progress *progress, int64_t *place)
{
    places p = {
        .queries = queries, .wanted = wanted, .begin = begin, .place = place};
    int rc = cor_agree(team, allocate(&p));
    if (rc == COR_OK) {
        look_up(&p, lists);
        rc = visit_twice(&p, team, model, progress);
    }
    cor_free(p.seen_begin);
    cor_free(p.score);
    cor_free(p.item);
    return rc;
}
