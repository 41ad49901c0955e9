/*
 * Top-N over the whole catalogue. Blocks of items travel from their owners to
 * all ranks, one after the other, so that no rank ever holds a huge catalogue;
 * each rank scores its own queries against the block in tiles that stay in
 * cache and keeps the best of each query in a heap: scores are never stored.
 *
 * The bottleneck is the multiply-adds of cor_score_tile; a block of items is
 * read once for every TILE_USERS queries.
 */
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "queries.h"

#include <math.h>
#include <omp.h>
#include <string.h>

enum {
    TILE_USERS = 128,
    TILE_ITEMS = 256, /* 128 KiB of scores */
    RUN = 64,         /* scores that are compared at once */
    BLOCK_BYTES = 4 << 20
};

/* Ratings that the mean is worth when an item's mean is damped. */
static const double damping = 10;

typedef struct entry {
    float score;
    int32_t item;
} entry;

/* Items that are being scored. What must not be recommended has -INFINITY. */
typedef struct block {
    int64_t first, count;
    float *factor;  /* count x ld */
    float *bias;    /* count */
    float *popular; /* count: how popular each is */
} block;

typedef struct search {
    const cor_team *team;
    const cor_model *model;
    const cor_queries *queries;
    int64_t n;
    entry *heap;    /* queries x n, the worst of each first */
    int64_t *held;  /* queries: entries in its heap */
    int64_t *begin; /* queries + 1: where its seen items begin */
    float *tile;    /* threads x TILE_USERS x TILE_ITEMS */
    int64_t items;  /* a block at most */
    float *buffer;  /* items x (ld + 2) */
    block block;
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

/* The score that an item must exceed. Items come in ascending order, so one
   that equals the worst of a full heap stands behind it. */
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

/* Queries [from, to), at most TILE_USERS, against the block. */
static void search_tile(const search *s, int64_t from, int64_t to, float *tile)
{
    int64_t ld = s->model->ld;
    const block *b = &s->block;
    for (int64_t at = 0; at < b->count; at += TILE_ITEMS) {
        int64_t items = b->count - at < TILE_ITEMS ? b->count - at : TILE_ITEMS;
        cor_score_tile(s->queries->factor + from * ld, to - from,
                       b->factor + at * ld, items, ld, tile);
        for (int64_t q = from; q < to; q++) {
            float *score = tile + (q - from) * items;
            const float *bias = b->bias + at;
            bool known = s->queries->known[q];
            for (int64_t i = 0; known && i < items; i++)
                score[i] = bias[i] + score[i];
            offer_row(s, q, known ? score : b->popular + at, items,
                      b->first + at);
        }
    }
}

static void search_block(const search *s)
{
    int64_t queries = s->queries->id.count;
    int threads = cor_team_threads(s->team);
#pragma omp parallel for num_threads(threads) schedule(dynamic)
    for (int64_t from = 0; from < queries; from += TILE_USERS) {
        int64_t to = from + TILE_USERS < queries ? from + TILE_USERS : queries;
        int64_t thread = omp_get_thread_num();
        search_tile(s, from, to, s->tile + thread * TILE_USERS * TILE_ITEMS);
    }
}

static float popularity(const cor_model *model, int64_t row)
{
    double count = (double)model->item.ratings[row];
    if (count == 0)
        return -INFINITY;
    if (model->value_min == model->value_max)
        return (float)count;
    double sum = count * (double)model->item.mean[row];
    return (float)((sum + damping * model->mean) / (count + damping));
}

static void fill_block(const search *s)
{
    const cor_model *model = s->model;
    const block *b = &s->block;
    int64_t at = b->first - model->item.first;
    memcpy(b->factor, model->item.factor + at * model->ld,
           (size_t)(b->count * model->ld) * sizeof(float));
    for (int64_t i = 0; i < b->count; i++) {
        bool known = model->item.ratings[at + i] > 0;
        b->bias[i] = known ? model->item.bias[at + i] : -INFINITY;
        b->popular[i] = popularity(model, at + i);
    }
}

/* Items [first, first + count) of `owner` on every rank. Collective. */
static void share_block(search *s, int owner, int64_t first, int64_t count)
{
    int64_t ld = s->model->ld;
    s->block = (block){.first = first,
                       .count = count,
                       .factor = s->buffer,
                       .bias = s->buffer + count * ld,
                       .popular = s->buffer + count * (ld + 1)};
    if (cor_team_rank(s->team) == owner)
        fill_block(s);
    cor_team_share(s->team, s->buffer,
                   count * (ld + 2) * (int64_t)sizeof(float), owner);
}

static void search_all(search *s, cor_progress *progress)
{
    const cor_shards *shards = s->model->item.shards;
    cor_progress_begin(progress, "score", s->model->item.rows);
    for (int owner = 0; owner < cor_team_size(s->team); owner++) {
        int64_t end = cor_shards_first_row(shards, owner + 1);
        for (int64_t at = cor_shards_first_row(shards, owner); at < end;
             at += s->items) {
            int64_t count = end - at < s->items ? end - at : s->items;
            share_block(s, owner, at, count);
            search_block(s);
            cor_progress_update(progress, at + count);
        }
    }
    cor_progress_end(progress);
}

/* Best first: the worst leaves the heap for the place behind the others. */
static void write_list(const search *s, int64_t query, int32_t *item,
                       double *score)
{
    entry *heap = s->heap + query * s->n;
    double base = s->model->bias ? s->model->mean : 0;
    double own = base + (double)s->queries->bias[query];
    if (!s->queries->known[query])
        own = 0; /* a popular item's score is its own */
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
    int64_t count = s->queries->id.count, ld = s->model->ld;
    int64_t threads = cor_team_threads(s->team);
    s->items = BLOCK_BYTES / (int64_t)sizeof(float) / (ld + 2);
    s->items = s->items > TILE_ITEMS ? s->items : TILE_ITEMS;
    COR_TRY(COR_NEW(&s->buffer, s->items * (ld + 2)));
    COR_TRY(cor_allocate(&s->tile, threads * TILE_USERS * TILE_ITEMS,
                         sizeof *s->tile, "tiles of scores"));
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
    search s = {.team = team, .model = model, .queries = queries};
    s.n = n < model->item.rows ? n : model->item.rows;
    *lists = (cor_toplists){.count = queries->id.count, .n = s.n};
    int rc = cor_agree(team, allocate(&s, lists));
    if (rc == COR_OK) {
        search_all(&s, progress);
        for (int64_t q = 0; q < lists->count; q++)
            write_list(&s, q, lists->item + q * s.n, lists->score + q * s.n);
    } else {
        cor_toplists_free(lists);
    }
    cor_free(s.heap);
    cor_free(s.held);
    cor_free(s.begin);
    cor_free(s.tile);
    cor_free(s.buffer);
    return rc;
}

void cor_toplists_free(cor_toplists *lists)
{
    cor_free(lists->item);
    cor_free(lists->score);
    *lists = (cor_toplists){0};
}
