/*
 * Top-N over the whole catalogue: of the scores as they pass, the best of each
 * query are kept in a heap. The worst of a full heap is what another item must
 * beat, and with factors most items provably cannot: they are never scored.
 */
#include "coracle/memory.h"
#include "coracle/scores.h"
#include "queries.h"
#include "seek.h"

#include <math.h>
#include <string.h>

enum { RUN = 64 }; /* scores that are compared at once */

typedef struct entry {
    float score;
    int32_t item;
} entry;

typedef struct search {
    const cor_queries *queries;
    int64_t n;
    entry *heap;    /* queries x n, the worst of each first */
    int64_t *held;  /* queries: entries in its heap */
    int64_t *begin; /* queries + 1: where its seen items begin */
} search;

static bool worse(entry a, entry b)
{
    return a.score < b.score || (a.score == b.score && a.item > b.item);
}

static void sift_up(entry *heap, int64_t at)
{
    for (; at > 0 && worse(heap[at], heap[(at - 1) / 2]); at = (at - 1) / 2) {
        entry parent = heap[(at - 1) / 2];
        heap[(at - 1) / 2] = heap[at];
        heap[at] = parent;
    }
}

static void sift_down(entry *heap, int64_t count)
{
    for (int64_t at = 0, child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && worse(heap[child + 1], heap[child]))
            child++;
        if (!worse(heap[child], heap[at]))
            return;
        entry parent = heap[at];
        heap[at] = heap[child];
        heap[child] = parent;
    }
}

static bool was_seen(const search *s, int64_t query, int32_t item)
{
    const uint64_t *seen = s->queries->seen;
    uint64_t key = cor_query_key(query, item);
    int64_t low = s->begin[query], high = s->begin[query + 1];
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (seen[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->begin[query + 1] && seen[low] == key;
}

/* The score that an item must reach, and exceed unless its number is less. */
static float floor_of(const search *s, int64_t query)
{
    return s->held[query] < s->n ? -INFINITY : s->heap[query * s->n].score;
}

static void offer(const search *s, int64_t query, entry candidate)
{
    if (was_seen(s, query, candidate.item))
        return;
    entry *heap = s->heap + query * s->n;
    if (s->held[query] < s->n) {
        heap[s->held[query]] = candidate;
        sift_up(heap, s->held[query]++);
    } else {
        heap[0] = candidate;
        sift_down(heap, s->n);
    }
}

/* Few scores exceed the floor once the heap is full: a run of them is compared
   at once, and looked at only where one does. */
static void offer_row(const search *s, int64_t query, const float *score,
                      int64_t count, int64_t first_item)
{
    for (int64_t from = 0; from < count; from += RUN) {
        int64_t to = from + RUN < count ? from + RUN : count;
        float least = floor_of(s, query);
        int any = 0;
        for (int64_t i = from; i < to; i++)
            any |= score[i] > least;
        for (int64_t i = from; any && i < to; i++)
            if (score[i] > floor_of(s, query))
                offer(s, query, (entry){score[i], (int32_t)(first_item + i)});
    }
}

/* Where items come in ascending order, one that equals the worst of a full heap
   stands behind it. */
static void offer_tile(void *context, const cor_scores_tile *tile)
{
    const search *s = context;
    for (int64_t q = 0; q < tile->queries; q++)
        offer_row(s, tile->query + q, tile->score + q * tile->items,
                  tile->items, tile->item);
}

static float floor_for(void *context, int64_t query)
{
    return floor_of(context, query);
}

static void offer_panel(void *context, int64_t query, const int32_t *item,
                        const float *score)
{
    const search *s = context;
    for (int i = 0; i < COR_PANEL; i++) {
        entry mine = {score[i], item[i]};
        bool full = s->held[query] == s->n;
        if (full ? worse(s->heap[query * s->n], mine) : score[i] > -INFINITY)
            offer(s, query, mine);
    }
}

/* Best first: the worst leaves the heap for the place behind the others. */
static void write_list(const search *s, const cor_model *model, int64_t query,
                       int32_t *item, double *score)
{
    entry *heap = s->heap + query * s->n;
    double own = cor_scores_offset(model, s->queries, query);
    for (int64_t i = s->held[query]; i < s->n; i++) {
        item[i] = -1;
        score[i] = 0;
    }
    for (int64_t left = s->held[query]; left > 0; left--) {
        item[left - 1] = heap[0].item;
        score[left - 1] = own + (double)heap[0].score;
        heap[0] = heap[left - 1];
        sift_down(heap, left - 1);
    }
}

static int allocate(search *s, cor_toplists *lists)
{
    int64_t count = s->queries->id.count;
    COR_TRY(cor_query_begins(s->queries->seen, s->queries->seen_count, count,
                             &s->begin));
    COR_TRY(COR_NEW_ZEROED(&s->held, count));
    COR_TRY(cor_allocate(&s->heap, count * s->n, sizeof *s->heap,
                         "lists of items"));
    COR_TRY(COR_NEW(&lists->item, count * s->n));
    return COR_NEW(&lists->score, count * s->n);
}

int cor_recommend(const cor_team *team, const cor_model *model,
                  const cor_queries *queries, int64_t n, cor_progress *progress,
                  cor_toplists *lists)
{
    search s = {.queries = queries};
    s.n = n < model->item.rows ? n : model->item.rows;
    *lists = (cor_toplists){.count = queries->id.count, .n = s.n};
    int rc = cor_agree(team, allocate(&s, lists));
    if (rc == COR_OK && model->neighbours)
        rc = cor_scores_run(team, model, queries, progress, offer_tile, &s);
    else if (rc == COR_OK)
        rc = scores_seek(team, model, queries,
                         &(seeker){floor_for, offer_panel, &s}, progress,
                         &lists->scored);
    for (int64_t q = 0; rc == COR_OK && q < lists->count; q++)
        write_list(&s, model, q, lists->item + q * s.n, lists->score + q * s.n);
    if (rc != COR_OK)
        cor_toplists_free(lists);
    cor_free(s.heap);
    cor_free(s.held);
    cor_free(s.begin);
    return rc;
}

void cor_toplists_free(cor_toplists *lists)
{
    cor_free(lists->item);
    cor_free(lists->score);
    *lists = (cor_toplists){0};
}
