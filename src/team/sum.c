/*
 * The tree: node (level, index) covers shards [index << level,
 * (index + 1) << level). A node whose second half lies beyond the last shard is
 * its first half. A rank adds up whatever nodes lie wholly in its run; those
 * whose parent does not are its open nodes. Everyone knows everyone's runs, so
 * the open nodes need no description when they travel.
 */
#include "coracle/sum.h"

#include "coracle/cut.h"
#include "coracle/memory.h"
#include "runs.h"

#include <omp.h>
#include <string.h>

enum { LEVELS = 40 };

/* Below this many doubles in all open nodes everyone just gets all of them:
   one message more costs more than the bytes. */
static const int64_t gather_all_below = 1 << 16;

struct cor_sum {
    const cor_team *team;
    const cor_shards *shards;
    int64_t length;
    int levels;              /* the root's level */
    int64_t first, last;     /* my run of shards */
    double **parked[LEVELS]; /* by level, then index - (first >> level) */
    bool *given;             /* my shards */
    double **spare;          /* vectors no longer used */
    int64_t spares;
    omp_lock_t lock;
};

static bool exists(const cor_sum *sum, int level, int64_t index)
{
    return index << level < cor_shards_count(sum->shards);
}

/* Whether all shards of a node lie in the run [first, last). */
static bool inside(const cor_sum *sum, int level, int64_t index, int64_t first,
                   int64_t last)
{
    int64_t count = cor_shards_count(sum->shards);
    int64_t begin = index << level, end = (index + 1) << level;
    if (end > count)
        end = count;
    return begin < end && begin >= first && end <= last;
}

/* An open node of a run: inside, and its parent is not. */
static bool is_open(const cor_sum *sum, int level, int64_t index, int64_t first,
                    int64_t last)
{
    return inside(sum, level, index, first, last) &&
           (level == sum->levels ||
            !inside(sum, level + 1, index >> 1, first, last));
}

static int create(cor_sum *sum)
{
    int64_t mine = sum->last - sum->first;
    COR_TRY(cor_allocate_zeroed(&sum->given, mine, 1, "ordered sum"));
    COR_TRY(cor_allocate_zeroed(&sum->spare, 2 * mine + 1, sizeof(double *),
                                "ordered sum"));
    for (int level = 0; mine && level <= sum->levels; level++) {
        int64_t width = ((sum->last - 1) >> level) - (sum->first >> level) + 1;
        COR_TRY(cor_allocate_zeroed(&sum->parked[level], width,
                                    sizeof(double *), "ordered sum"));
    }
    return COR_OK;
}

int cor_sum_create(const cor_team *team, const cor_shards *shards,
                   int64_t length, cor_sum **out)
{
    *out = NULL;
    cor_sum *sum;
    COR_TRY(cor_allocate_zeroed(&sum, 1, sizeof *sum, "ordered sum"));
    sum->team = team;
    sum->shards = shards;
    sum->length = length;
    while ((INT64_C(1) << sum->levels) < cor_shards_count(shards))
        sum->levels++;
    sum->first = cor_shards_first(shards, cor_team_rank(team));
    sum->last = cor_shards_first(shards, cor_team_rank(team) + 1);
    omp_init_lock(&sum->lock);
    int rc = create(sum);
    if (rc != COR_OK)
        cor_sum_destroy(&sum);
    *out = sum;
    return rc;
}

void cor_sum_destroy(cor_sum **out)
{
    cor_sum *sum = *out;
    if (!sum)
        return;
    int64_t mine = sum->last - sum->first;
    for (int level = 0; level <= sum->levels; level++) {
        if (!sum->parked[level])
            continue;
        int64_t width = ((sum->last - 1) >> level) - (sum->first >> level) + 1;
        for (int64_t i = 0; mine && i < width; i++)
            cor_free(sum->parked[level][i]);
        cor_free(sum->parked[level]);
    }
    for (int64_t i = 0; i < sum->spares; i++)
        cor_free(sum->spare[i]);
    cor_free(sum->spare);
    cor_free(sum->given);
    omp_destroy_lock(&sum->lock);
    cor_free(sum);
    *out = NULL;
}

static double **place(cor_sum *sum, int level, int64_t index)
{
    return &sum->parked[level][index - (sum->first >> level)];
}

static int take_vector(cor_sum *sum, double **vector)
{
    *vector = NULL;
    omp_set_lock(&sum->lock);
    if (sum->spares)
        *vector = sum->spare[--sum->spares];
    omp_unset_lock(&sum->lock);
    if (*vector)
        return COR_OK;
    return cor_allocate(vector, sum->length, sizeof **vector, "ordered sum");
}

/* Leave the vector at its node, or take the sibling that waits there. */
static double *park_or_take(cor_sum *sum, int level, int64_t index,
                            double *vector)
{
    omp_set_lock(&sum->lock);
    double **sibling = place(sum, level, index ^ 1), *other = *sibling;
    if (other)
        *sibling = NULL;
    else
        *place(sum, level, index) = vector;
    omp_unset_lock(&sum->lock);
    return other;
}

static void give_back(cor_sum *sum, double *vector)
{
    omp_set_lock(&sum->lock);
    sum->spare[sum->spares++] = vector;
    omp_unset_lock(&sum->lock);
}

static void add(double *into, const double *vector, int64_t length)
{
    for (int64_t i = 0; i < length; i++)
        into[i] += vector[i];
}

/* From a leaf upwards: whoever comes second to a pair of siblings adds them.
   An addition of two numbers commutes, so who that is does not matter. */
static void climb(cor_sum *sum, int64_t shard, double *vector)
{
    int level = 0;
    int64_t index = shard;
    while (!is_open(sum, level, index, sum->first, sum->last)) {
        if (exists(sum, level, index ^ 1)) {
            double *other = park_or_take(sum, level, index, vector);
            if (!other)
                return;
            add(vector, other, sum->length);
            give_back(sum, other);
        }
        level++;
        index >>= 1;
    }
    omp_set_lock(&sum->lock);
    *place(sum, level, index) = vector;
    omp_unset_lock(&sum->lock);
}

int cor_sum_add(cor_sum *sum, int64_t shard, const double *addend)
{
    double *vector;
    COR_TRY(take_vector(sum, &vector));
    memcpy(vector, addend, (size_t)sum->length * sizeof *vector);
    sum->given[shard - sum->first] = true;
    climb(sum, shard, vector);
    return COR_OK;
}

static int add_missing(cor_sum *sum)
{
    for (int64_t s = sum->first; s < sum->last; s++) {
        if (sum->given[s - sum->first])
            continue;
        double *vector;
        COR_TRY(take_vector(sum, &vector));
        memset(vector, 0, (size_t)sum->length * sizeof *vector);
        climb(sum, s, vector);
    }
    return COR_OK;
}

/* The open nodes of a run, in order of their shards. */
static int64_t open_nodes(const cor_sum *sum, int64_t first, int64_t last,
                          double **vector)
{
    int64_t nodes = 0;
    for (int64_t s = first; s < last;) {
        int level = 0;
        while (!is_open(sum, level, s >> level, first, last))
            level++;
        if (vector)
            vector[nodes] =
                sum->parked[level][(s >> level) - (sum->first >> level)];
        nodes++;
        s = ((s >> level) + 1) << level;
    }
    return nodes;
}

static int64_t nodes_of_rank(const cor_sum *sum, int rank)
{
    return open_nodes(sum, cor_shards_first(sum->shards, rank),
                      cor_shards_first(sum->shards, rank + 1), NULL);
}

/* The elements [from, to) of every vector that a rank adds up. */
typedef struct slice {
    int64_t from, to;
} slice;

/* A long sum is cut over the ranks; a short one is done whole by everyone. */
static slice slice_of(const cor_sum *sum, bool everyone, int rank)
{
    int64_t size = cor_team_size(sum->team), n = sum->length;
    if (everyone)
        return (slice){0, n};
    return (slice){cor_cut_begin(n, rank, size),
                   cor_cut_begin(n, rank + 1, size)};
}

/* The last steps of a sum on this rank: its slice of all open nodes. */
typedef struct finish {
    const cor_sum *sum;
    slice slice;
    int64_t next;     /* open nodes read so far */
    double *out, *in; /* open nodes of mine, of all */
    double *scratch;  /* a vector a level */
    double *total;    /* my slice of the total */
    cor_runs send, receive;
} finish;

static bool open_at_owner(const cor_sum *sum, int level, int64_t index)
{
    int rank = cor_shards_owner_of_shard(sum->shards, index << level);
    return is_open(sum, level, index, cor_shards_first(sum->shards, rank),
                   cor_shards_first(sum->shards, rank + 1));
}

/* The total of a node. Open nodes are met in order of their shards, which is
   the order in which they arrived. */
static void total_of(finish *f, int level, int64_t index, double *total)
{
    int64_t n = f->slice.to - f->slice.from;
    if (open_at_owner(f->sum, level, index)) {
        memcpy(total, f->in + f->next++ * n, (size_t)n * sizeof *total);
        return;
    }
    total_of(f, level - 1, 2 * index, total);
    if (!exists(f->sum, level - 1, 2 * index + 1))
        return;
    double *second = f->scratch + (level - 1) * n;
    total_of(f, level - 1, 2 * index + 1, second);
    add(total, second, n);
}

static int finish_create(const cor_sum *sum, bool everyone, finish *f)
{
    int size = cor_team_size(sum->team), rank = cor_team_rank(sum->team);
    *f = (finish){.sum = sum, .slice = slice_of(sum, everyone, rank)};
    COR_TRY(cor_runs_create(sum->team, &f->send));
    COR_TRY(cor_runs_create(sum->team, &f->receive));
    int64_t n = f->slice.to - f->slice.from;
    for (int r = 0; r < size; r++) {
        slice theirs = slice_of(sum, everyone, r);
        f->send.count[r] = nodes_of_rank(sum, rank) * (theirs.to - theirs.from);
        f->receive.count[r] = nodes_of_rank(sum, r) * n;
    }
    cor_runs_offsets(sum->team, &f->send);
    cor_runs_offsets(sum->team, &f->receive);
    COR_TRY(cor_allocate(&f->out, f->send.offset[size], 8, "ordered sum"));
    COR_TRY(cor_allocate(&f->in, f->receive.offset[size], 8, "ordered sum"));
    COR_TRY(cor_allocate(&f->scratch, (sum->levels + 1) * n, 8, "ordered sum"));
    return cor_allocate(&f->total, n, 8, "ordered sum");
}

static void finish_free(finish *f)
{
    cor_runs_free(&f->send);
    cor_runs_free(&f->receive);
    cor_free(f->out);
    cor_free(f->in);
    cor_free(f->scratch);
    cor_free(f->total);
}

static void pack_open_nodes(const cor_sum *sum, bool everyone, double **node,
                            int64_t nodes, double *out)
{
    for (int r = 0; r < cor_team_size(sum->team); r++) {
        slice theirs = slice_of(sum, everyone, r);
        int64_t n = theirs.to - theirs.from;
        for (int64_t i = 0; i < nodes; i++, out += n)
            memcpy(out, node[i] + theirs.from, (size_t)n * sizeof *out);
    }
}

/* My slice of the total becomes everyone's whole total. */
static void spread_total(finish *f, bool everyone, double *total)
{
    const cor_sum *sum = f->sum;
    int64_t n = f->slice.to - f->slice.from;
    if (everyone) {
        memcpy(total, f->total, (size_t)n * sizeof *total);
        return;
    }
    for (int r = 0; r < cor_team_size(sum->team); r++) {
        slice theirs = slice_of(sum, everyone, r);
        f->send.count[r] = n;
        f->send.offset[r] = 0;
        f->receive.count[r] = theirs.to - theirs.from;
    }
    cor_runs_offsets(sum->team, &f->receive);
    cor_runs_exchange(sum->team, sizeof *total, cor_runs_piece, f->total,
                      &f->send, total, &f->receive);
}

static void combine(cor_sum *sum, finish *f, bool everyone, double **node,
                    int64_t nodes, double *total)
{
    pack_open_nodes(sum, everyone, node, nodes, f->out);
    cor_runs_exchange(sum->team, sizeof *total, cor_runs_piece, f->out,
                      &f->send, f->in, &f->receive);
    total_of(f, sum->levels, 0, f->total);
    spread_total(f, everyone, total);
}

/* The open nodes' vectors go back to the spare ones: the sum is empty again. */
static void clear(cor_sum *sum, double **node, int64_t nodes)
{
    for (int64_t i = 0; i < nodes; i++)
        sum->spare[sum->spares++] = node[i];
    for (int level = 0; level <= sum->levels && sum->last > sum->first;
         level++) {
        int64_t width = ((sum->last - 1) >> level) - (sum->first >> level) + 1;
        memset(sum->parked[level], 0, (size_t)width * sizeof(double *));
    }
    memset(sum->given, 0, (size_t)(sum->last - sum->first));
}

int cor_sum_total(cor_sum *sum, double *total)
{
    finish f = {0};
    double **node = NULL;
    int64_t nodes = 0, all_nodes = 0;
    for (int r = 0; r < cor_team_size(sum->team); r++)
        all_nodes += nodes_of_rank(sum, r);
    bool everyone = all_nodes * sum->length <= gather_all_below;
    int rc = add_missing(sum);
    if (rc == COR_OK)
        rc = cor_allocate(&node, 2 * LEVELS, sizeof *node, "ordered sum");
    if (rc == COR_OK)
        rc = finish_create(sum, everyone, &f);
    if (node)
        nodes = open_nodes(sum, sum->first, sum->last, node);
    rc = cor_agree(sum->team, rc);
    if (rc == COR_OK)
        combine(sum, &f, everyone, node, nodes, total);
    if (rc == COR_OK)
        clear(sum, node, nodes);
    cor_free(node);
    finish_free(&f);
    return rc;
}

int cor_sum_shards(const cor_team *team, const cor_shards *shards,
                   int64_t length, const double *addend, double *total)
{
    cor_sum *sum = NULL;
    int rc = cor_sum_create(team, shards, length, &sum);
    for (int64_t s = 0; rc == COR_OK && s < sum->last - sum->first; s++)
        rc = cor_sum_add(sum, sum->first + s, addend + s * length);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_sum_total(sum, total);
    cor_sum_destroy(&sum);
    return rc;
}

int cor_sum_rows(const cor_team *team, const cor_shards *shards,
                 const double *number, double *total)
{
    int64_t first = cor_shards_first(shards, cor_team_rank(team));
    int64_t last = cor_shards_first(shards, cor_team_rank(team) + 1);
    int64_t origin = cor_shards_begin(shards, first);
    double *sums = NULL;
    int rc = cor_allocate_zeroed(&sums, last - first, sizeof *sums, "totals");
    for (int64_t s = first; rc == COR_OK && s < last; s++)
        for (int64_t row = cor_shards_begin(shards, s);
             row < cor_shards_begin(shards, s + 1); row++)
            sums[s - first] += number[row - origin];
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_sum_shards(team, shards, 1, sums, total);
    cor_free(sums);
    return rc;
}
