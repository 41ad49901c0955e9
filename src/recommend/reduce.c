#include "coracle/reduce.h"

#include "coracle/cut.h"
#include "coracle/dense.h"
#include "coracle/failure.h"
#include "coracle/halo.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/random.h"
#include "coracle/sum.h"
#include "shrink.h"

#include <math.h>
#include <omp.h>
#include <string.h>

/* Vectors beyond those wanted, which let the wanted ones settle sooner; rows of
   a tile; rounds at most. */
enum { MORE = 16, TILE = 128, MOST_ROUNDS = 64 };

/* What is left of a singular value between two rounds, and the square of one,
   beside the greatest, that counts as none. */
static const double NOTHING = 1e-12;

typedef struct side {
    const cor_ratings_side *data;
    cor_halo *halo;     /* over the rows of the other side */
    cor_window *others; /* theirs, `width` numbers a row */
    double *own;        /* my rows x width */
} side;

typedef struct reduction {
    const cor_team *team;
    int64_t wanted, width;
    double center; /* taken from each value */
    bool ones;     /* every value counts as 1 */
    side user, item;
    double *gram, *value, *vector;
    double *room; /* width x width, or a tile, each thread */
} reduction;

int cor_reduce_check(int64_t users, int64_t items, int64_t rows,
                     int64_t columns)
{
    if (rows < 1 || columns < 1 || rows > COR_REDUCE_MOST ||
        columns > COR_REDUCE_MOST)
        return cor_fail(COR_EUSAGE,
                        "%lldx%lld: both factors must be from 1 to %d",
                        (long long)rows, (long long)columns, COR_REDUCE_MOST);
    if (rows > users || columns > items)
        return cor_fail(COR_EUSAGE,
                        "%lldx%lld is more than the %lld users and %lld items "
                        "that there are; ask for less",
                        (long long)rows, (long long)columns, (long long)users,
                        (long long)items);
    return COR_OK;
}

static int open_side(const reduction *r, cor_ratings_side *data,
                     const cor_ratings_side *other, side *out)
{
    *out = (side){.data = data};
    COR_TRY(cor_halo_create(r->team, other->shards, data->other,
                            data->begin[data->rows], &out->halo));
    return cor_window_create(out->halo, (size_t)r->width * sizeof *out->own,
                             &out->others);
}

static void close_side(side *s)
{
    cor_window_destroy(&s->others);
    cor_halo_destroy(&s->halo);
}

/* Items begin in random directions, the same for all runs. */
static int start(reduction *r)
{
    for (int64_t i = 0; i < r->item.data->rows; i++)
        for (int64_t k = 0; k < r->width; k++) {
            double pair[2];
            cor_random_normals(
                cor_random_at(0, COR_STREAM_DIRECTION,
                              (uint64_t)(r->item.data->first + i),
                              (uint32_t)(k / 2)),
                pair);
            r->item.own[i * r->width + k] = pair[k % 2];
        }
    return cor_window_update(r->user.others);
}

static int open_reduction(reduction *r, cor_ratings *ratings)
{
    int64_t n = r->width, threads = cor_team_threads(r->team);
    COR_TRY(open_side(r, &ratings->user, &ratings->item, &r->user));
    COR_TRY(open_side(r, &ratings->item, &ratings->user, &r->item));
    r->user.own = cor_window_own(r->item.others);
    r->item.own = cor_window_own(r->user.others);
    int64_t room = n > TILE ? n : TILE;
    int rc = COR_NEW(&r->gram, n * n);
    if (rc == COR_OK)
        rc = COR_NEW(&r->value, n);
    if (rc == COR_OK)
        rc = COR_NEW(&r->vector, n * n);
    if (rc == COR_OK)
        rc = COR_NEW(&r->room, threads * room * n);
    COR_TRY(cor_agree(r->team, rc));
    return start(r);
}

static void close_reduction(reduction *r)
{
    cor_free(r->room);
    cor_free(r->vector);
    cor_free(r->value);
    cor_free(r->gram);
    close_side(&r->item);
    close_side(&r->user);
}

/* My rows become what their ratings make of the other side's. */
static void multiply(const reduction *r, const side *s)
{
    const cor_ratings_side *data = s->data;
    const double *others = cor_window_rows(s->others);
    int64_t n = r->width;
#pragma omp parallel for num_threads(cor_team_threads(r->team))                \
    schedule(dynamic, 64)
    for (int64_t row = 0; row < data->rows; row++) {
        double *own = s->own + row * n;
        memset(own, 0, (size_t)n * sizeof *own);
        for (int64_t e = data->begin[row]; e < data->begin[row + 1]; e++) {
            const double *other = others + data->other[e] * n;
            double value = r->ones ? 1 : (double)data->value[e] - r->center;
            for (int64_t k = 0; k < n; k++)
                own[k] += value * other[k];
        }
    }
}

static int add_gram(const reduction *r, const side *s, cor_sum *sum)
{
    const cor_shards *shards = s->data->shards;
    int64_t n = r->width, room = n > TILE ? n : TILE;
    int64_t first = cor_shards_first(shards, cor_team_rank(r->team)),
            last = cor_shards_first(shards, cor_team_rank(r->team) + 1);
    cor_failure failed = COR_NO_FAILURE;
#pragma omp parallel for num_threads(cor_team_threads(r->team))                \
    schedule(dynamic, 1)
    for (int64_t shard = first; shard < last; shard++) {
        double *part = r->room + omp_get_thread_num() * room * n;
        int64_t begin = cor_shards_begin(shards, shard);
        int64_t rows = cor_shards_begin(shards, shard + 1) - begin;
        memset(part, 0, (size_t)(n * n) * sizeof *part);
        const double *own = s->own + (begin - s->data->first) * n;
        cor_dense_gram(n, rows, (cor_dense_operand){own, n, true}, part, n);
        int rc = cor_sum_add(sum, shard, part);
        if (rc != COR_OK)
            cor_failure_note(&failed, rc, shard);
    }
    return cor_failure_raise(&failed);
}

/* Eigenvalues and vectors of the products of my side's columns, on all ranks as
   the first one finds them. */
static int decompose(reduction *r, const side *s)
{
    int64_t n = r->width;
    cor_sum *sum = NULL;
    int rc = cor_sum_create(r->team, s->data->shards, n * n, &sum);
    if (rc == COR_OK)
        rc = add_gram(r, s, sum);
    rc = cor_agree(r->team, rc);
    if (rc == COR_OK)
        rc = cor_sum_total(sum, r->gram);
    cor_sum_destroy(&sum);
    if (rc == COR_OK && cor_team_rank(r->team) == 0)
        rc = cor_dense_eigen(n, r->gram, r->value, r->vector);
    COR_TRY(cor_agree(r->team, rc));
    cor_team_share(r->team, r->value, n * (int64_t)sizeof *r->value, 0);
    cor_team_share(r->team, r->vector, n * n * (int64_t)sizeof *r->vector, 0);
    return COR_OK;
}

/* Turn my rows by the vectors, to columns of length 1, or 0 where a column is
   nothing but rounding. */
static void turn(const reduction *r, const side *s)
{
    int64_t n = r->width, rows = s->data->rows, room = n > TILE ? n : TILE;
    double *by = r->gram; /* of no more use */
    for (int64_t k = 0; k < n; k++) {
        bool none = !(r->value[k] > NOTHING * r->value[0]);
        double scale = none ? 0 : 1 / sqrt(r->value[k]);
        for (int64_t j = 0; j < n; j++)
            by[k * n + j] = scale * r->vector[k * n + j];
    }
#pragma omp parallel for num_threads(cor_team_threads(r->team))
    for (int64_t at = 0; at < rows; at += TILE) {
        int64_t here = rows - at < TILE ? rows - at : TILE;
        double *tile = r->room + omp_get_thread_num() * room * n;
        memcpy(tile, s->own + at * n, (size_t)(here * n) * sizeof *tile);
        cor_dense_multiply(here, n, n, (cor_dense_operand){tile, n, false},
                           (cor_dense_operand){by, n, true}, false,
                           s->own + at * n, n);
    }
}

/* One round: orthonormal users from items, then items from these. Afterwards
   `value` are the squares of singular values, and `vector` what turns the users
   to their vectors, to which the items are turned. */
static int improve(reduction *r)
{
    multiply(r, &r->user);
    COR_TRY(decompose(r, &r->user));
    turn(r, &r->user);
    COR_TRY(cor_window_update(r->item.others));
    multiply(r, &r->item);
    COR_TRY(decompose(r, &r->item));
    turn(r, &r->item);
    return cor_window_update(r->user.others);
}

/* How far the wanted singular values moved, beside the greatest; `before` is
   brought up to date. */
static double moved(const reduction *r, double *before)
{
    double most = 0, scale = sqrt(fmax(r->value[0], 0));
    for (int64_t k = 0; k < r->wanted; k++) {
        double now = sqrt(fmax(r->value[k], 0));
        most = fmax(most, fabs(now - before[k]));
        before[k] = now;
    }
    return scale > 0 ? most / scale : 0;
}

static int factorise(reduction *r, double settled, cor_progress *progress,
                     double *singular)
{
    double change = INFINITY;
    int rc = COR_OK;
    cor_progress_begin(progress, "reduce", 0);
    for (int64_t k = 0; k < r->wanted; k++)
        singular[k] = 0;
    for (int round = 0; rc == COR_OK && round < MOST_ROUNDS && change > settled;
         round++) {
        rc = improve(r);
        change = moved(r, singular);
        cor_progress_metric(progress, "change", change);
        cor_progress_step(progress, round + 1);
    }
    cor_progress_end(progress);
    if (rc == COR_OK && !isfinite(r->value[0]))
        rc = cor_fail(COR_ENUMERIC, "the values are too large to be reduced; "
                                    "scale them");
    return rc;
}

/* The means of a side's rows over even runs of them. Collective.
   @param[out] mean  parts x width */
static int average(const reduction *r, const side *s, int64_t parts,
                   double *mean)
{
    const cor_shards *shards = s->data->shards;
    int64_t n = r->width, all = cor_shards_rows(shards);
    int64_t first = cor_shards_first(shards, cor_team_rank(r->team)),
            last = cor_shards_first(shards, cor_team_rank(r->team) + 1);
    cor_sum *sum = NULL;
    int rc = cor_sum_create(r->team, shards, parts * n, &sum);
    for (int64_t shard = first; rc == COR_OK && shard < last; shard++) {
        memset(mean, 0, (size_t)(parts * n) * sizeof *mean);
        for (int64_t row = cor_shards_begin(shards, shard);
             row < cor_shards_begin(shards, shard + 1); row++) {
            double *part = mean + cor_cut_part(all, row, parts) * n;
            for (int64_t k = 0; k < n; k++)
                part[k] += s->own[(row - s->data->first) * n + k];
        }
        rc = cor_sum_add(sum, shard, mean);
    }
    rc = cor_agree(r->team, rc);
    if (rc == COR_OK)
        rc = cor_sum_total(sum, mean);
    cor_sum_destroy(&sum);
    for (int64_t p = 0; rc == COR_OK && p < parts; p++)
        for (int64_t k = 0; k < n; k++)
            mean[p * n + k] /= (double)(cor_cut_begin(all, p + 1, parts) -
                                        cor_cut_begin(all, p, parts));
    return rc;
}

/* From the factors to the small matrix. */
static int shrink(const reduction *r, int64_t rows, int64_t columns,
                  const double *singular, double *reduced)
{
    cor_shrink small = {.rows = rows,
                        .columns = columns,
                        .rank = r->wanted,
                        .width = r->width,
                        .singular = singular,
                        .turn = r->vector};
    int rc = COR_NEW(&small.left, rows * r->width);
    if (rc == COR_OK)
        rc = COR_NEW(&small.right, columns * r->width);
    rc = cor_agree(r->team, rc);
    if (rc == COR_OK)
        rc = average(r, &r->user, rows, small.left);
    if (rc == COR_OK)
        rc = average(r, &r->item, columns, small.right);
    if (rc == COR_OK && cor_team_rank(r->team) == 0)
        rc = cor_shrink_matrix(&small, reduced);
    rc = cor_agree(r->team, rc);
    if (rc == COR_OK)
        cor_team_share(r->team, reduced,
                       rows * columns * (int64_t)sizeof *reduced, 0);
    cor_free(small.right);
    cor_free(small.left);
    return rc;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int cor_reduce(const cor_team *team, cor_ratings *ratings, int64_t rows,
               int64_t columns, double settled, cor_progress *progress,
               double *reduced)
{
    int64_t users = cor_shards_rows(ratings->user.shards);
    int64_t items = cor_shards_rows(ratings->item.shards);
    COR_TRY(cor_reduce_check(users, items, rows, columns));
    cor_family_agree(team);
    reduction r = {.team = team,
                   .wanted = least(rows, columns),
                   .center = ratings->mean,
                   .ones = ratings->value_min >= ratings->value_max};
    r.width = least(r.wanted + MORE, least(users, items));
    double singular[COR_REDUCE_MOST];
    int rc = open_reduction(&r, ratings);
    if (rc == COR_OK)
        rc = factorise(&r, settled, progress, singular);
    if (rc == COR_OK)
        rc = shrink(&r, rows, columns, singular, reduced);
    close_reduction(&r);
    return rc;
}

cor_plan cor_reduce_plan(const cor_team *team,
                         const cor_interactions_summary *store, int64_t rows,
                         int64_t columns)
{
    int64_t size = cor_team_size(team), share = store->interactions / size + 1;
    int64_t width = least(rows, columns) + MORE;
    /* While the side of the items is made its ratings are there once to send,
       once packed and once arrived; then both sides and both windows. */
    int64_t made = share * (8 + 16 + (size > 1 ? 24 : 16));
    int64_t windows = (store->users + store->items) / size * (width + 4) * 8;
    int64_t used = share * 16 + (size > 1 ? 2 : 1) * windows;
    return (cor_plan){.rows_rank = share,
                      .bytes_rank =
                          cor_plan_base() + (made > used ? made : used)};
}
