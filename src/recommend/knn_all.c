/*
 * All positive similarities of my things. How many there are shows only when
 * they are there, so threads write them into blocks as they come; then all
 * blocks become one table of rows, each released as soon as it is empty.
 */
#include "coracle/failure.h"
#include "coracle/memory.h"
#include "knn_state.h"

#include <omp.h>
#include <string.h>

enum { BLOCK_ENTRIES = 1 << 18 };

/* Rows one after the other, as a thread found them. */
typedef struct block {
    int64_t used, size, rows; /* rows: not yet taken from it */
    int32_t *index;
    float *value;
} block;

typedef struct row_at {
    block *block;
    int64_t begin, count;
} row_at;

typedef struct finder {
    const knn *k;
    int threads;
    knn_room **room; /* a thread */
    block **block;   /* a thread: the one it writes */
    row_at *row;     /* a thing of mine */
} finder;

static void release(block **b)
{
    if (!*b)
        return;
    cor_free((*b)->index);
    cor_free((*b)->value);
    cor_free(*b);
    *b = NULL;
}

/* A block that has room for so many entries more. */
static int make_room(block **now, int64_t entries)
{
    block *b = *now;
    if (b && b->used + entries <= b->size)
        return COR_OK;
    COR_TRY(cor_allocate_zeroed(&b, 1, sizeof *b, "similarities"));
    b->size = entries > BLOCK_ENTRIES ? entries : BLOCK_ENTRIES;
    int rc = COR_NEW(&b->index, b->size);
    if (rc == COR_OK)
        rc = COR_NEW(&b->value, b->size);
    if (rc != COR_OK)
        release(&b);
    else
        *now = b; /* rows point to the one before */
    return rc;
}

static int find_row(const finder *f, const knn_batch *batch, int64_t thing)
{
    int thread = omp_get_thread_num();
    knn_similar similar;
    knn_compare(f->k, batch, thing, f->room[thread], &similar);
    COR_TRY(make_room(&f->block[thread], similar.count));
    block *b = f->block[thread];
    int64_t at = b->used;
    for (int64_t i = 0; i < similar.count; i++) {
        b->index[at] = similar.thing ? similar.thing[i] : (int32_t)i;
        b->value[at] = similar.similarity[i];
        at += similar.similarity[i] > 0;
    }
    f->row[thing - f->k->first] = (row_at){b, b->used, at - b->used};
    b->used = at;
    b->rows++;
    return COR_OK;
}

static int compare(void *state, const knn_batch *batch)
{
    const finder *f = state;
    cor_failure first = COR_NO_FAILURE;
#pragma omp parallel for num_threads(f->threads) schedule(dynamic, 1)
    for (int64_t x = batch->from; x < batch->to; x++) {
        int rc = f->k->compared[x] ? COR_OK : find_row(f, batch, x);
        if (rc != COR_OK)
            cor_failure_note(&first, rc, x);
    }
    return cor_failure_raise(&first);
}

static int join(const finder *f, knn_found *found)
{
    cor_sparse *out = &found->row;
    COR_TRY(COR_NEW(&out->begin, found->count + 1));
    out->begin[0] = 0;
    for (int64_t r = 0; r < found->count; r++)
        out->begin[r + 1] = out->begin[r] + f->row[r].count;
    COR_TRY(COR_NEW(&out->index, out->begin[found->count]));
    COR_TRY(COR_NEW(&out->value, out->begin[found->count]));
    for (int64_t r = 0; r < found->count; r++) {
        row_at *row = &f->row[r];
        block *from = row->block;
        if (!from) /* not compared here */
            continue;
        memcpy(out->index + out->begin[r], from->index + row->begin,
               (size_t)row->count * sizeof *out->index);
        memcpy(out->value + out->begin[r], from->value + row->begin,
               (size_t)row->count * sizeof *out->value);
        row->block = NULL;
        if (--from->rows == 0)
            release(&from);
    }
    return COR_OK;
}

static void close_rooms(finder *f)
{
    for (int t = 0; f->room && t < f->threads; t++)
        knn_room_destroy(&f->room[t]);
}

static int take(void *state, knn_found *found)
{
    finder *f = state;
    *found =
        (knn_found){.first = f->k->first, .count = f->k->end - f->k->first};
    close_rooms(f);
    return join(f, found);
}

/* Each block is released with the last row that points to it. */
static void close_finder(void **state)
{
    finder *f = *state;
    if (!f)
        return;
    for (int64_t r = 0; f->row && r < f->k->end - f->k->first; r++)
        if (f->row[r].block && --f->row[r].block->rows == 0)
            release(&f->row[r].block);
    close_rooms(f);
    cor_free(f->room);
    cor_free(f->block);
    cor_free(f->row);
    cor_free(f);
    *state = NULL;
}

static int open_finder(const knn *k, void **state)
{
    finder *f = NULL;
    *state = NULL;
    COR_TRY(COR_NEW_ZEROED(&f, 1));
    *state = f;
    f->k = k;
    f->threads = cor_team_threads(k->team);
    COR_TRY(COR_NEW_ZEROED(&f->row, k->end - k->first));
    COR_TRY(COR_NEW_ZEROED(&f->block, f->threads));
    COR_TRY(COR_NEW_ZEROED(&f->room, f->threads));
    for (int t = 0; t < f->threads; t++)
        COR_TRY(knn_room_create(k, &f->room[t]));
    return COR_OK;
}

const knn_finder knn_all = {open_finder, compare, take, close_finder};
