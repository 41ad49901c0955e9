/*
 * Who rated what: the things of my range in batches, each with its visits, by a
 * counting sort over the rows of the node. Threads take runs of rows, and their
 * visits of a thing follow each other, so raters stay in order.
 */
#include "knn_state.h"

#include "coracle/cut.h"
#include "coracle/memory.h"

#include <omp.h>
#include <string.h>

/* Visits of a batch: enough to be worth a pass over the rows. */
enum { VISITS = 1 << 21 };

struct knn_batches {
    const knn *k;
    int threads;
    int64_t at;     /* the next thing */
    int32_t *next;  /* by row: its first entry not taken yet */
    int64_t *begin; /* of the batch: things + 1 */
    int64_t *place; /* threads x things: where each puts its next visit */
    int64_t room;   /* things */
    knn_visit *visit;
};

/* The end of the batch that begins at a thing, within a round. */
static int64_t end_of(const knn *k, int64_t round, int64_t from,
                      int64_t *visits)
{
    int64_t to = from, end = k->cut[round + 1];
    *visits = 0;
    while (to < end && (to == from || *visits + k->work[to].count <= VISITS))
        *visits += k->work[to++].count;
    return to;
}

int knn_batches_create(const knn *k, knn_batches **out)
{
    knn_batches *b = NULL;
    int64_t visits, most = 0;
    *out = NULL;
    COR_TRY(cor_allocate_zeroed(&b, 1, sizeof *b, "visits"));
    *out = b;
    b->k = k;
    b->threads = cor_team_threads(k->team);
    b->at = k->first;
    for (int64_t r = 0; r < k->rounds; r++)
        for (int64_t from = k->cut[r], to; from < k->cut[r + 1]; from = to) {
            to = end_of(k, r, from, &visits);
            b->room = to - from > b->room ? to - from : b->room;
            most = visits > most ? visits : most;
        }
    COR_TRY(cor_allocate_zeroed(&b->next, k->rows.count, sizeof *b->next,
                                "visits"));
    COR_TRY(cor_allocate(&b->begin, b->room + 1, sizeof *b->begin, "visits"));
    COR_TRY(cor_allocate(&b->place, b->threads * b->room, sizeof *b->place,
                         "visits"));
    return cor_allocate(&b->visit, most, sizeof *b->visit, "visits");
}

void knn_batches_destroy(knn_batches **batches)
{
    if (!*batches)
        return;
    cor_free((*batches)->next);
    cor_free((*batches)->begin);
    cor_free((*batches)->place);
    cor_free((*batches)->visit);
    cor_free(*batches);
    *batches = NULL;
}

static int64_t thing_of(const knn_rows *rows, int64_t entry)
{
    return rows->packed ? cor_levels_thing(&rows->levels, rows->packed[entry])
                        : rows->rated[entry].thing;
}

/* Entries of a row before those of the thing at `e`, who may have rated it
   twice. */
static int64_t before(const knn_rows *rows, const knn_row *row, int64_t e)
{
    int64_t thing = thing_of(rows, row->begin + e);
    while (e > 0 && thing_of(rows, row->begin + e - 1) == thing)
        e--;
    return e;
}

/* One thread's run of rows: pass 0 counts its visits of the batch's things,
   pass 1 puts them in their places and moves on. */
static void visit_rows(const knn_batches *b, int64_t from, int64_t to,
                       int thread, int pass)
{
    const knn_rows *rows = &b->k->rows;
    int64_t *place = b->place + thread * b->room;
    int64_t first = cor_cut_begin(rows->count, thread, b->threads);
    int64_t end = cor_cut_begin(rows->count, thread + 1, b->threads);
    for (int64_t r = first; r < end; r++) {
        const knn_row *row = &rows->row[r];
        int64_t e = b->next[r];
        for (; e < row->count; e++) {
            int64_t thing = thing_of(rows, row->begin + e);
            if (thing >= to)
                break;
            if (thing < from) /* of a rank before this one */
                continue;
            if (pass == 0)
                place[thing - from]++;
            else
                b->visit[place[thing - from]++] = (knn_visit){
                    row->begin, (int32_t)e,
                    (int32_t)(b->k->whole ? row->count : before(rows, row, e))};
        }
        if (pass == 1)
            b->next[r] = (int32_t)e;
    }
}

static void sort_visits(const knn_batches *b, int64_t from, int64_t to)
{
    int64_t things = to - from;
    memset(b->place, 0, (size_t)(b->threads * b->room) * sizeof *b->place);
#pragma omp parallel num_threads(b->threads)
    visit_rows(b, from, to, omp_get_thread_num(), 0);
    b->begin[0] = 0;
    for (int64_t x = 0; x < things; x++) {
        int64_t at = b->begin[x];
        for (int t = 0; t < b->threads; t++) {
            int64_t *place = &b->place[t * b->room + x], count = *place;
            *place = at;
            at += count;
        }
        b->begin[x + 1] = at;
    }
#pragma omp parallel num_threads(b->threads)
    visit_rows(b, from, to, omp_get_thread_num(), 1);
}

void knn_batches_next(knn_batches *b, int64_t round, knn_batch *batch)
{
    int64_t visits, from = b->at;
    b->at = end_of(b->k, round, from, &visits);
    *batch = (knn_batch){
        .from = from, .to = b->at, .begin = b->begin, .visit = b->visit};
    if (b->at > from)
        sort_visits(b, from, b->at);
}
