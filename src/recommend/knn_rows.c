/*
 * The rows of raters, sorted by thing, where the ranks of a node read them.
 *
 * Ranks take runs of things of equal work, in the order of their nodes, so that
 * the things of a node are one run. A rater's row goes to every node whose run
 * it touches, up to what is needed there, and stands there once, with the rank
 * that keeps the raters in order: the last one that is not after its owner.
 */
#include "knn_state.h"

#include "coracle/cut.h"
#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "coracle/sort.h"

#include <math.h>
#include <omp.h>
#include <string.h>

/* Values are packed where they are whole multiples of 1, 1/2, ... of it. */
enum { FINEST = 16 };

/* My raters' rows, entries packed (4 bytes) or as they are (8). */
typedef struct table {
    size_t width;
    char *entry;
    int64_t rows;
    int64_t *begin; /* rows + 1 */
} table;

static void table_free(table *t)
{
    cor_free(t->entry);
    cor_free(t->begin);
    *t = (table){0};
}

/* ---- levels ---- */

/* The least number of steps, a power of two, of which all of my values are
   whole multiples; more than FINEST where none is. */
static int64_t steps_of(const cor_ratings_side *raters)
{
    int64_t steps = 1, entries = raters->begin[raters->rows];
    for (int64_t e = 0; e < entries && steps <= FINEST; e++) {
        float value = raters->value[e];
        while (steps <= FINEST &&
               truncf(value * (float)steps) != value * (float)steps)
            steps *= 2;
    }
    return steps;
}

static int make_levels(const knn *k, cor_levels *levels)
{
    *levels = (cor_levels){0};
    if (k->options->similarity.kind == COR_PEARSON_BASELINE)
        return COR_OK; /* what is beyond a baseline has no levels */
    int64_t steps = steps_of(k->raters);
    cor_team_max(k->team, &steps, 1);
    if (steps > FINEST)
        return COR_OK;
    return cor_agree(k->team,
                     cor_levels_create(k->things, k->ratings->value_min,
                                       k->ratings->value_max, (double)steps,
                                       levels));
}

/* ---- sorted rows ---- */

static int32_t thing_at(const knn_rows *rows, const void *entry, int64_t at)
{
    if (rows->levels.count)
        return cor_levels_thing(&rows->levels, ((const uint32_t *)entry)[at]);
    return ((const cor_rated *)entry)[at].thing;
}

static int bits_of(int64_t count)
{
    int bits = 1;
    while (bits < 32 && count > INT64_C(1) << bits)
        bits++;
    return bits;
}

/* One rater's row; duplicates stay in their order. Keys: thing << 32 | entry.
 */
static void sort_row(const knn *k, int64_t row, int bits, uint64_t *key,
                     table *t)
{
    const cor_ratings_side *raters = k->raters;
    bool pearson = k->options->similarity.kind == COR_PEARSON_BASELINE;
    const float *value = pearson ? k->residual : raters->value;
    int64_t begin = raters->begin[row];
    int64_t count = raters->begin[row + 1] - begin;
    for (int64_t e = 0; e < count; e++)
        key[e] = (uint64_t)raters->other[begin + e] << 32 | (uint64_t)e;
    const uint64_t *sorted =
        cor_sort_by_bits(key, key + count, count, 32, bits);
    for (int64_t e = 0; e < count; e++) {
        int32_t thing = (int32_t)(sorted[e] >> 32);
        float v = value[begin + (int64_t)(sorted[e] & UINT32_MAX)];
        if (k->rows.levels.count)
            ((uint32_t *)t->entry)[begin + e] =
                cor_levels_pack(&k->rows.levels, thing, v);
        else
            ((cor_rated *)t->entry)[begin + e] = (cor_rated){thing, v};
    }
}

static int64_t longest_row(const int64_t *begin, int64_t rows)
{
    int64_t most = 0;
    for (int64_t r = 0; r < rows; r++)
        if (begin[r + 1] - begin[r] > most)
            most = begin[r + 1] - begin[r];
    return most;
}

static int sort_rows(const knn *k, table *t)
{
    const cor_ratings_side *raters = k->raters;
    int threads = cor_team_threads(k->team), bits = bits_of(k->things);
    int64_t room = 2 * longest_row(raters->begin, raters->rows);
    uint64_t *key = NULL;
    t->rows = raters->rows;
    t->width = k->rows.levels.count ? sizeof(uint32_t) : sizeof(cor_rated);
    COR_TRY(cor_allocate(&t->entry, raters->begin[t->rows], t->width,
                         "rows of ratings"));
    COR_TRY(COR_NEW(&t->begin, t->rows + 1));
    memcpy(t->begin, raters->begin, (size_t)(t->rows + 1) * sizeof *t->begin);
    COR_TRY(cor_allocate(&key, threads * room, sizeof *key, "rows of ratings"));
#pragma omp parallel for num_threads(threads) schedule(dynamic, 64)
    for (int64_t row = 0; row < t->rows; row++)
        sort_row(k, row, bits, key + omp_get_thread_num() * room, t);
    cor_free(key);
    return COR_OK;
}

/* ---- work ---- */

/* A thing's row is as long as the rows of its raters, whole or before it. */
static void weigh(const knn *k, const table *t, knn_work *work)
{
    for (int64_t row = 0; row < t->rows; row++) {
        const void *entry = t->entry + (size_t)t->begin[row] * t->width;
        int64_t count = t->begin[row + 1] - t->begin[row], place = 0;
        for (int64_t e = 0; e < count; e++) {
            int32_t thing = thing_at(&k->rows, entry, e);
            if (e > 0 && thing != thing_at(&k->rows, entry, e - 1))
                place = e;
            work[thing].count++;
            work[thing].work += k->whole ? count : place;
        }
    }
}

/* Ranks, nodes one after the other. */
typedef struct node_order {
    int32_t *index;       /* node of each rank */
    int32_t *rank, *node; /* of each place */
    int64_t *begin;       /* size + 1: the things of each place */
} node_order;

static void node_order_free(node_order *order)
{
    cor_free(order->index);
    cor_free(order->rank);
    cor_free(order->node);
    cor_free(order->begin);
}

static int allocate_order(int size, node_order *order)
{
    COR_TRY(COR_NEW(&order->index, size));
    COR_TRY(COR_NEW(&order->rank, size));
    COR_TRY(COR_NEW(&order->node, size));
    return COR_NEW(&order->begin, size + 1);
}

static void order_nodes(const cor_team *team, node_order *order)
{
    int32_t mine = (int32_t)cor_team_node_index(team);
    int place = 0;
    cor_team_gather(team, &mine, sizeof mine, order->index);
    for (int32_t node = 0; node < cor_team_nodes(team); node++)
        for (int32_t rank = 0; rank < cor_team_size(team); rank++)
            if (order->index[rank] == node) {
                order->node[place] = node;
                order->rank[place++] = rank;
            }
}

/* Where the run of each place begins; size + 1 of them. */
static void cut_things(const knn *k, int64_t *begin)
{
    int64_t size = cor_team_size(k->team), place = 0;
    double total = 0, sum = 0;
    for (int64_t x = 0; x < k->things; x++)
        total += knn_work_of(k, x);
    for (int64_t x = 0; x < k->things; x++) {
        while (place <= size && sum >= total * (double)place / (double)size)
            begin[place++] = x;
        sum += knn_work_of(k, x);
    }
    while (place <= size)
        begin[place++] = k->things;
    begin[size] = k->things;
}

/* ---- to the nodes ---- */

/* The run of a node and which rank there holds what I send it. */
typedef struct node_run {
    int64_t first, end; /* things */
    int32_t holder;
} node_run;

static void find_runs(knn *k, const node_order *order, node_run *runs)
{
    int me = cor_team_rank(k->team);
    for (int place = 0; place < cor_team_size(k->team); place++) {
        int32_t rank = order->rank[place], node = order->node[place];
        bool fresh = place == 0 || node != order->node[place - 1];
        if (fresh)
            runs[node].first = order->begin[place];
        if (fresh || rank <= me)
            runs[node].holder = rank;
        runs[node].end = order->begin[place + 1];
        if (rank == me) {
            k->first = order->begin[place];
            k->end = order->begin[place + 1];
        }
    }
}

/* The first entry of a row whose thing is `thing` or above. */
static int64_t find_thing(const knn_rows *rows, const void *entry,
                          int64_t count, int64_t thing)
{
    int64_t low = 0, high = count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (thing_at(rows, entry, middle) < thing)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How much of one of my rows a node needs. */
static int64_t needed(const knn *k, const table *t, int64_t row,
                      const node_run *run)
{
    const void *entry = t->entry + (size_t)t->begin[row] * t->width;
    int64_t count = t->begin[row + 1] - t->begin[row];
    int64_t from = find_thing(&k->rows, entry, count, run->first);
    int64_t to = find_thing(&k->rows, entry, count, run->end);
    if (from == to)
        return 0;
    return k->whole ? count : to;
}

/* Rows, or their entries, on their way. */
typedef struct parcel {
    int64_t rows, entries;
    int32_t *row_to, *entry_to;
    int64_t *length;
    char *entry;
} parcel;

static void parcel_free(parcel *p)
{
    cor_free(p->row_to);
    cor_free(p->entry_to);
    cor_free(p->length);
    cor_free(p->entry);
}

/* pass 0 counts what goes out, pass 1 packs it. */
static void pack(const knn *k, const table *t, const node_run *runs, int pass,
                 parcel *p)
{
    p->rows = p->entries = 0;
    for (int n = 0; n < cor_team_nodes(k->team); n++)
        for (int64_t row = 0; row < t->rows; row++) {
            int64_t count = needed(k, t, row, &runs[n]);
            if (count == 0)
                continue;
            if (pass == 1) {
                p->row_to[p->rows] = runs[n].holder;
                p->length[p->rows] = count;
                memcpy(p->entry + (size_t)p->entries * t->width,
                       t->entry + (size_t)t->begin[row] * t->width,
                       (size_t)count * t->width);
                for (int64_t e = 0; e < count; e++)
                    p->entry_to[p->entries + e] = runs[n].holder;
            }
            p->rows++;
            p->entries += count;
        }
}

static int pack_all(const knn *k, const table *t, const node_run *runs,
                    parcel *p)
{
    pack(k, t, runs, 0, p);
    COR_TRY(COR_NEW(&p->row_to, p->rows));
    COR_TRY(COR_NEW(&p->length, p->rows));
    COR_TRY(COR_NEW(&p->entry_to, p->entries));
    COR_TRY(cor_allocate(&p->entry, p->entries, t->width, "rows of ratings"));
    pack(k, t, runs, 1, p);
    return COR_OK;
}

/* What arrives takes the place of my own table: rows by owner, in order. */
static int travel(const knn *k, parcel *p, table *t)
{
    cor_route *rows = NULL, *entries = NULL;
    size_t width = t->width;
    table_free(t);
    t->width = width;
    int rc = cor_route_create(k->team, p->row_to, p->rows, &rows);
    if (rc == COR_OK)
        rc = cor_route_create(k->team, p->entry_to, p->entries, &entries);
    if (rc == COR_OK) {
        t->rows = cor_route_arrivals(rows);
        rc = cor_allocate_zeroed(&t->begin, t->rows + 1, sizeof *t->begin,
                                 "rows of ratings");
        if (rc == COR_OK)
            rc = cor_allocate(&t->entry, cor_route_arrivals(entries), width,
                              "rows of ratings");
        rc = cor_agree(k->team, rc);
    }
    if (rc == COR_OK)
        rc = cor_route_send(rows, p->length, sizeof *p->length, t->begin + 1);
    if (rc == COR_OK)
        rc = cor_route_send(entries, p->entry, width, t->entry);
    for (int64_t row = 0; rc == COR_OK && row < t->rows; row++)
        t->begin[row + 1] += t->begin[row];
    cor_route_destroy(&rows);
    cor_route_destroy(&entries);
    return rc;
}

static int spread(knn *k, table *t)
{
    node_order order = {0};
    node_run *runs = NULL;
    parcel p = {0};
    int rc = allocate_order(cor_team_size(k->team), &order);
    if (rc == COR_OK)
        rc = COR_NEW(&runs, cor_team_nodes(k->team));
    rc = cor_agree(k->team, rc);
    if (rc == COR_OK) {
        order_nodes(k->team, &order);
        cut_things(k, order.begin);
        find_runs(k, &order, runs);
    }
    if (rc == COR_OK && cor_team_nodes(k->team) > 1) {
        rc = cor_agree(k->team, pack_all(k, t, runs, &p));
        if (rc == COR_OK)
            rc = travel(k, &p, t);
    }
    parcel_free(&p);
    cor_free(runs);
    node_order_free(&order);
    return rc;
}

/* ---- in the memory of the node ---- */

static int publish(knn *k, const table *t)
{
    knn_rows *rows = &k->rows;
    int64_t entries = t->begin[t->rows];
    int me = cor_team_rank(cor_team_node(k->team));
    COR_TRY(cor_shared_create(k->team, entries * (int64_t)t->width,
                              &rows->entry_memory));
    COR_TRY(cor_shared_create(k->team, t->rows * (int64_t)sizeof(knn_row),
                              &rows->row_memory));
    int64_t at = cor_shared_offset(rows->entry_memory, me);
    char *base = cor_shared_base(rows->entry_memory);
    memcpy(base + at, t->entry, (size_t)entries * t->width);
    knn_row *row = cor_shared_base(rows->row_memory);
    knn_row *mine =
        row + cor_shared_offset(rows->row_memory, me) / (int64_t)sizeof *row;
    for (int64_t r = 0; r < t->rows; r++)
        mine[r] = (knn_row){at / (int64_t)t->width + t->begin[r],
                            t->begin[r + 1] - t->begin[r]};
    cor_shared_sync(rows->entry_memory);
    cor_shared_sync(rows->row_memory);
    int ranks = cor_team_size(cor_team_node(k->team));
    rows->row = row;
    rows->count =
        cor_shared_offset(rows->row_memory, ranks) / (int64_t)sizeof *row;
    rows->packed = rows->levels.count ? (const uint32_t *)base : NULL;
    rows->rated = rows->levels.count ? NULL : (const cor_rated *)base;
    return COR_OK;
}

static int weigh_all(knn *k, const table *t)
{
    COR_TRY(cor_agree(k->team,
                      cor_allocate_zeroed(&k->work, k->things, sizeof *k->work,
                                          "work of things")));
    weigh(k, t, k->work);
    cor_team_sum(k->team, &k->work->count,
                 k->things * (int64_t)(sizeof *k->work / sizeof(int64_t)));
    return COR_OK;
}

int knn_rows_create(knn *k)
{
    table t = {0};
    int rc = make_levels(k, &k->rows.levels);
    if (rc == COR_OK)
        rc = cor_agree(k->team, sort_rows(k, &t));
    if (rc == COR_OK)
        rc = weigh_all(k, &t);
    if (rc == COR_OK)
        rc = spread(k, &t);
    if (rc == COR_OK)
        rc = publish(k, &t);
    table_free(&t);
    return rc;
}

void knn_rows_destroy(knn_rows *rows)
{
    cor_shared_destroy(&rows->entry_memory);
    cor_shared_destroy(&rows->row_memory);
    cor_levels_free(&rows->levels);
    *rows = (knn_rows){0};
}
