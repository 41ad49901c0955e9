/*
 * The nearest of every thing. A pair is compared once, by its thing of higher
 * number, and both may keep it, so there is a heap for every thing below the
 * end of my range. Things are taken in rounds: first threads compare them and
 * note what a heap of lower number might want, then each thread serves the
 * heaps of its own run. What a heap holds in the end depends on no order: it is
 * the greatest keys that it was ever offered.
 */
#include "coracle/cut.h"
#include "coracle/failure.h"
#include "coracle/memory.h"
#include "coracle/sort.h"
#include "knn_state.h"

#include <omp.h>
#include <string.h>

enum {
    ROUND = 32, /* things a thread and round */
    RUN = 64    /* similarities that are compared at once */
};

/* A pair whose lower thing might keep it. */
typedef struct offer {
    int32_t to, thing;
    float similarity;
} offer;

typedef struct offers {
    int64_t count, size;
    offer *list;
} offers;

typedef struct finder {
    const knn *k;
    int threads;
    int64_t keep;
    knn_room **room; /* a thread */
    offers *offers;  /* a thread */
    uint64_t *heap;  /* count x keep: keys, the least of each first */
    int64_t count;   /* heaps: the things before the end of my range */
    int64_t *held;   /* count */
    float *least;    /* count: a similarity must exceed it */
} finder;

/* Greater for what is kept first: the more similar, then the lower number. A
   positive float orders as its bits do. */
static uint64_t key_of(float similarity, int32_t thing)
{
    uint32_t bits;
    memcpy(&bits, &similarity, sizeof bits);
    return (uint64_t)bits << 32 | (uint32_t)~thing;
}

static float similarity_of(uint64_t key)
{
    uint32_t bits = (uint32_t)(key >> 32);
    float similarity;
    memcpy(&similarity, &bits, sizeof similarity);
    return similarity;
}

static int32_t thing_of(uint64_t key)
{
    return (int32_t) ~(uint32_t)key;
}

static void sift_up(uint64_t *heap, int64_t at)
{
    for (; at > 0 && heap[at] < heap[(at - 1) / 2]; at = (at - 1) / 2) {
        uint64_t parent = heap[(at - 1) / 2];
        heap[(at - 1) / 2] = heap[at];
        heap[at] = parent;
    }
}

static void sift_down(uint64_t *heap, int64_t count)
{
    for (int64_t at = 0, child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && heap[child + 1] < heap[child])
            child++;
        if (heap[at] <= heap[child])
            return;
        uint64_t parent = heap[at];
        heap[at] = heap[child];
        heap[child] = parent;
    }
}

static void put(const finder *f, int64_t to, uint64_t key)
{
    uint64_t *heap = f->heap + to * f->keep;
    if (f->held[to] < f->keep) {
        heap[f->held[to]] = key;
        sift_up(heap, f->held[to]++);
    } else if (key > heap[0]) {
        heap[0] = key;
        sift_down(heap, f->keep);
    }
}

static float least_of(const finder *f, int64_t thing)
{
    return f->held[thing] < f->keep ? 0
                                    : similarity_of(f->heap[thing * f->keep]);
}

static int note(offers *o, offer one)
{
    if (o->count == o->size) {
        int64_t size = o->size ? 2 * o->size : 4096;
        COR_TRY(cor_reallocate(&o->list, o->size, size, sizeof *o->list,
                               "similarities"));
        o->size = size;
    }
    o->list[o->count++] = one;
    return COR_OK;
}

/* What a thing keeps itself, and what it offers to others. Both have seen
   lower numbers alone so far, so one that only equals the least is behind it.
 */
static int sift(const finder *f, int64_t thing, const knn_similar *s, offers *o)
{
    float own = 0;
    for (int64_t from = 0; from < s->count; from += RUN) {
        int64_t to = from + RUN < s->count ? from + RUN : s->count;
        int any = 0;
        for (int64_t i = from; !s->thing && i < to; i++)
            any |= (s->similarity[i] > f->least[i]) | (s->similarity[i] > own);
        for (int64_t i = from; (s->thing || any) && i < to; i++) {
            int32_t other = s->thing ? s->thing[i] : (int32_t)i;
            float similarity = s->similarity[i];
            if (similarity > own) {
                put(f, thing, key_of(similarity, other));
                own = least_of(f, thing);
            }
            if (similarity > f->least[other])
                COR_TRY(note(o, (offer){other, (int32_t)thing, similarity}));
        }
    }
    return COR_OK;
}

static int compare_one(const finder *f, const knn_batch *batch, int64_t thing)
{
    int thread = omp_get_thread_num();
    knn_similar similar;
    knn_compare(f->k, batch, thing, f->room[thread], &similar);
    return sift(f, thing, &similar, &f->offers[thread]);
}

/* The heaps of one thread's run take what they are offered. */
static void serve(const finder *f, int thread, int64_t from, int64_t to)
{
    int64_t first = cor_cut_begin(to, thread, f->threads);
    int64_t end = cor_cut_begin(to, thread + 1, f->threads);
    for (int t = 0; t < f->threads; t++)
        for (int64_t i = 0; i < f->offers[t].count; i++) {
            offer one = f->offers[t].list[i];
            if (one.to < first || one.to >= end)
                continue;
            put(f, one.to, key_of(one.similarity, one.thing));
            f->least[one.to] = least_of(f, one.to);
        }
    for (int64_t x = from > first ? from : first; x < end; x++)
        f->least[x] = least_of(f, x);
}

static int run_round(const finder *f, const knn_batch *batch, int64_t from,
                     int64_t to)
{
    cor_failure first = COR_NO_FAILURE;
#pragma omp parallel for num_threads(f->threads) schedule(dynamic, 1)
    for (int64_t x = from; x < to; x++) {
        int rc = f->k->compared[x] ? COR_OK : compare_one(f, batch, x);
        if (rc != COR_OK)
            cor_failure_note(&first, rc, x);
    }
#pragma omp parallel num_threads(f->threads)
    serve(f, omp_get_thread_num(), from, to);
    for (int t = 0; t < f->threads; t++)
        f->offers[t].count = 0;
    return cor_failure_raise(&first);
}

static int compare(void *state, const knn_batch *batch)
{
    const finder *f = state;
    int64_t round = ROUND * f->threads;
    for (int64_t x = batch->from; x < batch->to; x += round)
        COR_TRY(run_round(f, batch, x,
                          x + round < batch->to ? x + round : batch->to));
    return COR_OK;
}

static int take(void *state, knn_found *found)
{
    const finder *f = state;
    *found = (knn_found){.first = 0, .count = f->count};
    cor_sparse *out = &found->row;
    COR_TRY(COR_NEW(&out->begin, found->count + 1));
    out->begin[0] = 0;
    for (int64_t x = 0; x < found->count; x++)
        out->begin[x + 1] = out->begin[x] + f->held[x];
    COR_TRY(COR_NEW(&out->index, out->begin[found->count]));
    COR_TRY(COR_NEW(&out->value, out->begin[found->count]));
    for (int64_t x = 0; x < found->count; x++)
        for (int64_t i = 0; i < f->held[x]; i++) {
            uint64_t key = f->heap[x * f->keep + i];
            out->index[out->begin[x] + i] = thing_of(key);
            out->value[out->begin[x] + i] = similarity_of(key);
        }
    return COR_OK;
}

static int open_finder(const knn *k, void **state)
{
    finder *f = NULL;
    *state = NULL;
    COR_TRY(COR_NEW_ZEROED(&f, 1));
    *state = f;
    f->k = k;
    f->threads = cor_team_threads(k->team);
    f->keep = k->options->keep < k->things ? k->options->keep : k->things;
    f->count = k->end > k->first ? k->end : 0;
    COR_TRY(cor_allocate(&f->heap, f->count * f->keep, sizeof *f->heap,
                         "nearest things"));
    COR_TRY(COR_NEW_ZEROED(&f->held, f->count));
    COR_TRY(COR_NEW_ZEROED(&f->least, f->count));
    COR_TRY(COR_NEW_ZEROED(&f->offers, f->threads));
    COR_TRY(COR_NEW_ZEROED(&f->room, f->threads));
    for (int t = 0; t < f->threads; t++)
        COR_TRY(knn_room_create(k, &f->room[t]));
    return COR_OK;
}

static void close_finder(void **state)
{
    finder *f = *state;
    if (!f)
        return;
    for (int t = 0; f->room && t < f->threads; t++)
        knn_room_destroy(&f->room[t]);
    for (int t = 0; f->offers && t < f->threads; t++)
        cor_free(f->offers[t].list);
    cor_free(f->room);
    cor_free(f->offers);
    cor_free(f->heap);
    cor_free(f->held);
    cor_free(f->least);
    cor_free(f);
    *state = NULL;
}

const knn_finder knn_nearest = {open_finder, compare, take, close_finder};
