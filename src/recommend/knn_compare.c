/*
 * One thing against the others: rows of its raters into sums, sums into
 * similarities. Where the rows are few, what they touch is noted, so that not
 * all sums need be looked at; the order of additions is the same.
 */
#include "knn_state.h"

#include "coracle/memory.h"
#include "coracle/sort.h"

#include <string.h>

enum {
    AHEAD = 4, /* visits: how far ahead a row is fetched */
    LINE = 64, /* bytes */
    FEW = 4    /* a row of so many things for each entry added has few */
};

struct knn_room {
    cor_corating *sums; /* things, all 0 between calls */
    float *similarity;  /* things */
    /* of rows with few entries: */
    int8_t *touched; /* things, all 0 between calls */
    uint64_t *key;   /* twice the entries: things touched */
    int32_t *thing;
    cor_corating *packed;
};

int knn_room_create(const knn *k, knn_room **out)
{
    knn_room *room = NULL;
    int64_t few = k->things / FEW + 1;
    *out = NULL;
    COR_TRY(cor_allocate_zeroed(&room, 1, sizeof *room, "sums"));
    *out = room;
    COR_TRY(cor_allocate_zeroed(&room->sums, k->things, sizeof *room->sums,
                                "sums of co-ratings"));
    COR_TRY(cor_allocate(&room->similarity, k->things, sizeof(float),
                         "similarities"));
    COR_TRY(cor_allocate_zeroed(&room->touched, k->things, 1, "sums"));
    COR_TRY(cor_allocate(&room->key, 2 * few, sizeof *room->key, "sums"));
    COR_TRY(cor_allocate(&room->thing, few, sizeof *room->thing, "sums"));
    return cor_allocate(&room->packed, few, sizeof *room->packed, "sums");
}

void knn_room_destroy(knn_room **room)
{
    if (!*room)
        return;
    cor_free((*room)->sums);
    cor_free((*room)->similarity);
    cor_free((*room)->touched);
    cor_free((*room)->key);
    cor_free((*room)->thing);
    cor_free((*room)->packed);
    cor_free(*room);
    *room = NULL;
}

/* Rows lie in random places: they are asked for before they are needed. */
static void fetch(const knn_rows *rows, const knn_visit *visit)
{
    size_t width = rows->packed ? sizeof *rows->packed : sizeof *rows->rated;
    const char *base =
        rows->packed ? (const char *)rows->packed : (const char *)rows->rated;
    const char *at = base + (size_t)visit->begin * width;
    const char *end = at + (size_t)visit->count * width;
    for (; at < end; at += LINE)
        __builtin_prefetch(at, 0, 2);
}

static void add(const knn_rows *rows, const knn_visit *visit,
                cor_corating *sums)
{
    int64_t own = visit->begin + visit->place;
    if (rows->packed)
        cor_corating_add_packed(sums, &rows->levels, rows->packed[own],
                                rows->packed + visit->begin, visit->count);
    else
        cor_corating_add(sums, rows->rated[own].value,
                         rows->rated + visit->begin, visit->count);
}

static int64_t note_touched(const knn_rows *rows, const knn_visit *visit,
                            knn_room *room, int64_t touched)
{
    int64_t end = visit->begin + visit->count;
    for (int64_t e = visit->begin; e < end; e++) {
        int32_t thing = rows->packed
                            ? cor_levels_thing(&rows->levels, rows->packed[e])
                            : rows->rated[e].thing;
        room->key[touched] = (uint64_t)thing;
        touched += !room->touched[thing];
        room->touched[thing] = 1;
    }
    return touched;
}

/* The sums of what was touched move together, in the order of things. */
static void gather(const knn *k, knn_room *room, int64_t touched)
{
    int bits = 1;
    while (k->things > INT64_C(1) << bits)
        bits++;
    const uint64_t *key =
        cor_sort_by_bits(room->key, room->key + touched, touched, 0, bits);
    for (int64_t i = 0; i < touched; i++) {
        int32_t thing = (int32_t)key[i];
        room->thing[i] = thing;
        room->packed[i] = room->sums[thing];
        room->sums[thing] = (cor_corating){0};
        room->touched[thing] = 0;
    }
}

void knn_compare(const knn *k, const knn_batch *batch, int64_t thing,
                 knn_room *room, knn_similar *similar)
{
    const knn_visit *visit = batch->visit + batch->begin[thing - batch->from];
    const knn_visit *end = batch->visit + batch->begin[thing - batch->from + 1];
    const knn_rows *rows = &k->rows;
    int64_t things = k->whole ? k->things : thing, entries = 0, touched = 0;
    for (const knn_visit *v = visit; v < end; v++)
        entries += v->count;
    bool few = entries < things / FEW;
    for (const knn_visit *v = visit; v < end; v++) {
        if (v + AHEAD < end)
            fetch(rows, v + AHEAD);
        add(rows, v, room->sums);
        if (few)
            touched = note_touched(rows, v, room, touched);
    }
    if (k->whole)
        room->sums[thing] = (cor_corating){0};
    if (few)
        gather(k, room, touched);
    *similar = (knn_similar){.count = few ? touched : things,
                             .thing = few ? room->thing : NULL,
                             .similarity = room->similarity};
    cor_corating_similarity(&k->options->similarity,
                            few ? room->packed : room->sums, similar->count,
                            room->similarity);
}
