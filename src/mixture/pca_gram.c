/**
 * The ordered Gram matrix. Threads take shards; the bound is the multiply-add
 * rate, and for shards of few vectors the adding of shards, which
 * costs order^2 / 2 numbers each, as much as some 100 vectors do.
 */
#include "coracle/dense.h"
#include "coracle/failure.h"
#include "coracle/memory.h"
#include "coracle/sum.h"
#include "pca_parts.h"

#include <omp.h>
#include <string.h>

/* Numbers of a panel: a rank may keep a dozen of them at a time. */
enum { PANEL = 1 << 20, LEAST_ROWS = 64 };

/* Rows [from, to) of the lower triangle. */
typedef struct panel {
    int64_t from, to;
} panel;

/* Room of each thread: a tile, and the panel of a shard. */
typedef struct room {
    double *tile, *sum;
    int64_t tile_length, sum_length;
} room;

static int64_t panel_end(int64_t order, int64_t from)
{
    int64_t to = from + LEAST_ROWS < order ? from + LEAST_ROWS : order;
    while (to < order && (to + 1 - from) * (to + 1) <= PANEL)
        to++;
    return to;
}

static int64_t packed_length(panel p)
{
    return (p.from + 1 + p.to) * (p.to - p.from) / 2;
}

/* Leave out what is above the diagonal: rows of from + 1, from + 2, ... . */
static void pack(panel p, double *sum)
{
    double *out = sum;
    for (int64_t row = p.from; row < p.to; row++) {
        memmove(out, sum + (row - p.from) * p.to,
                (size_t)(row + 1) * sizeof *sum);
        out += row + 1;
    }
}

static void unpack(panel p, const double *sum, int64_t order, double *gram)
{
    for (int64_t row = p.from; row < p.to; sum += row + 1, row++)
        memcpy(gram + row * order, sum, (size_t)(row + 1) * sizeof *sum);
}

/* The panel of one shard, packed. */
static void sum_shard(const pca_vectors *v, int64_t shard, panel p,
                      double *tile_room, double *sum)
{
    int64_t rows = p.to - p.from, end = cor_shards_begin(v->shards, shard + 1);
    memset(sum, 0, (size_t)(rows * p.to) * sizeof *sum);
    for (int64_t at = cor_shards_begin(v->shards, shard); at < end;
         at += PCA_TILE) {
        int64_t count = end - at < PCA_TILE ? end - at : PCA_TILE;
        const double *tile = v->load(v->context, at, count, tile_room);
        int64_t ld = v->standing ? count : v->order;
        cor_dense_operand across = {tile, ld, v->standing},
                          mine = {tile + p.from * (v->standing ? ld : 1), ld,
                                  !v->standing};
        cor_dense_multiply(rows, p.from, count, mine, across, true, sum, p.to);
        cor_dense_gram(rows, count, mine, sum + p.from, p.to);
    }
    pack(p, sum);
}

/* The panel of each of my shards. */
static int add_shards(const cor_team *team, const pca_vectors *v, panel p,
                      const room *r, cor_sum *sum)
{
    int64_t first = cor_shards_first(v->shards, cor_team_rank(team)),
            last = cor_shards_first(v->shards, cor_team_rank(team) + 1);
    cor_failure failed = COR_NO_FAILURE;
#pragma omp parallel for num_threads(cor_team_threads(team))                   \
    schedule(dynamic, 1)
    for (int64_t s = first; s < last; s++) {
        int thread = omp_get_thread_num();
        double *mine = r->sum + thread * r->sum_length;
        if (cor_shards_begin(v->shards, s) ==
            cor_shards_begin(v->shards, s + 1))
            continue;
        sum_shard(v, s, p, r->tile + thread * r->tile_length, mine);
        int rc = cor_sum_add(sum, s, mine);
        if (rc != COR_OK)
            cor_failure_note(&failed, rc, s);
    }
    return cor_failure_raise(&failed);
}

static int sum_panel(const cor_team *team, const pca_vectors *v, panel p,
                     const room *r, double *total)
{
    cor_sum *sum = NULL;
    int rc = cor_sum_create(team, v->shards, packed_length(p), &sum);
    if (rc == COR_OK)
        rc = add_shards(team, v, p, r, sum);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_sum_total(sum, total);
    cor_sum_destroy(&sum);
    return rc;
}

static int room_create(const cor_team *team, const pca_vectors *v, room *r)
{
    int64_t threads = cor_team_threads(team);
    for (panel p = {0}; p.to < v->order;) {
        p = (panel){p.to, panel_end(v->order, p.to)};
        int64_t length = (p.to - p.from) * p.to;
        r->sum_length = length > r->sum_length ? length : r->sum_length;
    }
    r->tile_length = PCA_TILE * v->order;
    COR_TRY(cor_allocate(&r->sum, (threads + 1) * r->sum_length, sizeof *r->sum,
                         "sums of products"));
    return cor_allocate(&r->tile, threads * r->tile_length, sizeof *r->tile,
                        "tiles of rows");
}

int pca_gram(const cor_team *team, const pca_vectors *vectors, double *gram)
{
    room r = {0};
    int rc = cor_agree(team, room_create(team, vectors, &r));
    for (panel p = {0}; rc == COR_OK && p.to < vectors->order;) {
        double *total = r.sum + cor_team_threads(team) * r.sum_length;
        p = (panel){p.to, panel_end(vectors->order, p.to)};
        rc = sum_panel(team, vectors, p, &r, total);
        if (rc == COR_OK && gram)
            unpack(p, total, vectors->order, gram);
    }
    cor_free(r.sum);
    cor_free(r.tile);
    return rc;
}
