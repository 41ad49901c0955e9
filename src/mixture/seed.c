/*
 * The starting centers of k-means. A row is drawn with a probability in
 * proportion to its squared distance from the centers so far: first its shard,
 * by the shards' totals, which every rank knows, then, by the shard's owner,
 * the row in it. So nothing depends on who owns what.
 */
#include "fit.h"

#include "coracle/memory.h"
#include "coracle/random.h"

#include <math.h>
#include <string.h>

typedef struct seeding {
    const fit_data *data;
    int64_t seed, start;
    double *gap;       /* my rows: squared distance to the nearest center */
    double *mine;      /* my shards: total of gap */
    double *shard;     /* all shards */
    double potential;  /* total of all gaps */
    int64_t trials;    /* candidates a center */
    double *candidate; /* trials x columns */
    double *center;    /* the one that is added */
    bool fresh;        /* it is the first */
} seeding;

static double unit_of(const seeding *s, int64_t center, int64_t trial)
{
    uint64_t row = (uint64_t)s->start << 32 | (uint64_t)center;
    return cor_random_unit(cor_random_at(
        (uint64_t)s->seed, COR_STREAM_MIXTURE_CENTER, row, (uint32_t)trial));
}

/* A center is added: gaps shrink. */
static void add_center(void *context, place *p, double *sums)
{
    const seeding *s = context;
    double *gap = s->gap + p->first;
    cor_tile_distances(&p->tile, 1, NULL, s->center, p->q);
    for (int64_t z = 0; z < p->tile.rows; z++) {
        if (s->fresh || p->q[z] < gap[z])
            gap[z] = p->q[z];
        sums[0] += gap[z];
    }
}

/* What would remain with each of the candidates. */
static void try_candidates(void *context, place *p, double *sums)
{
    const seeding *s = context;
    const double *gap = s->gap + p->first;
    cor_tile_distances(&p->tile, s->trials, NULL, s->candidate, p->q);
    for (int64_t t = 0; t < s->trials; t++)
        for (int64_t z = 0; z < p->tile.rows; z++) {
            double mine = p->q[t * p->tile.ld + z];
            sums[t] += mine < gap[z] ? mine : gap[z];
        }
}

static pass pass_of(const seeding *s, int64_t components)
{
    return (pass){.team = s->data->team,
                  .matrix = s->data->matrix,
                  .center = s->data->center,
                  .components = components,
                  .length = components};
}

static int take_center(seeding *s, const double *center)
{
    const cor_team *team = s->data->team;
    const cor_shards *shards = s->data->matrix->shards;
    int64_t first = cor_shards_first(shards, cor_team_rank(team)), all = 0;
    int64_t mine = cor_shards_first(shards, cor_team_rank(team) + 1) - first;
    pass p = pass_of(s, 1);
    memmove(s->center, center,
            (size_t)s->data->matrix->columns * sizeof *center);
    COR_TRY(pass_run_shards(&p, add_center, s, s->mine));
    cor_free(s->shard);
    s->shard = NULL;
    COR_TRY(cor_team_collect(team, s->mine, mine, sizeof *s->mine, &s->shard,
                             &all));
    s->potential = 0;
    for (int64_t i = 0; i < all; i++)
        s->potential += s->shard[i];
    s->fresh = false;
    return COR_OK;
}

/* The row of my shard where the running total passes `target`: the last that
   has a gap at all, if rounding lets none pass. */
static int64_t find_row(const seeding *s, int64_t shard, double target)
{
    const cor_matrix *matrix = s->data->matrix;
    int64_t found = cor_shards_begin(matrix->shards, shard);
    double sum = 0;
    for (int64_t row = found; row < cor_shards_begin(matrix->shards, shard + 1);
         row++) {
        double gap = s->gap[row - matrix->first];
        sum += gap;
        if (gap > 0)
            found = row;
        if (sum > target)
            break;
    }
    return found;
}

/* Draw a row; its shard's owner gives it to all ranks. */
static void draw_candidate(const seeding *s, double target, double *candidate)
{
    const cor_shards *shards = s->data->matrix->shards;
    int64_t count = cor_shards_count(shards), shard = 0;
    double before = 0, sum = 0;
    for (int64_t i = 0; i < count && sum <= target; i++) {
        if (s->shard[i] > 0) {
            shard = i;
            before = sum;
        }
        sum += s->shard[i];
    }
    int owner = cor_shards_owner_of_shard(shards, shard);
    int64_t row = owner == cor_team_rank(s->data->team)
                      ? find_row(s, shard, target - before)
                      : -1;
    fit_data_row(s->data, row, owner, candidate);
}

static int64_t best_of(const double *potential, int64_t count)
{
    int64_t best = 0;
    for (int64_t t = 1; t < count; t++)
        if (potential[t] < potential[best])
            best = t;
    return best;
}

static int add_best_candidate(seeding *s, int64_t number, double *center)
{
    int64_t d = s->data->matrix->columns;
    double *potential = NULL;
    pass p = pass_of(s, s->trials);
    if (!(s->potential > 0))
        return cor_fail(COR_EDATA,
                        "the matrix has only %lld different rows: take no more "
                        "--components than that",
                        (long long)number);
    for (int64_t t = 0; t < s->trials; t++)
        draw_candidate(s, unit_of(s, number, t) * s->potential,
                       s->candidate + t * d);
    int rc = cor_agree(s->data->team, COR_NEW(&potential, s->trials));
    if (rc == COR_OK)
        rc = pass_run(&p, try_candidates, s, potential);
    if (rc == COR_OK) {
        int64_t best = best_of(potential, s->trials);
        memcpy(center, s->candidate + best * d, (size_t)d * sizeof *center);
        rc = take_center(s, center);
    }
    cor_free(potential);
    return rc;
}

static int allocate(seeding *s, int64_t components)
{
    const cor_matrix *matrix = s->data->matrix;
    int rank = cor_team_rank(s->data->team);
    int64_t mine = cor_shards_first(matrix->shards, rank + 1) -
                   cor_shards_first(matrix->shards, rank);
    s->trials = 2 + (int64_t)log((double)components);
    COR_TRY(COR_NEW(&s->mine, mine));
    COR_TRY(COR_NEW(&s->candidate, s->trials * matrix->columns));
    return COR_NEW(&s->center, matrix->columns);
}

int seed_centers(const fit_data *data, int64_t components, int64_t seed,
                 int64_t start, double *center, double *gap)
{
    seeding s = {
        .data = data, .seed = seed, .start = start, .gap = gap, .fresh = true};
    int64_t rows = data->matrix->rows, d = data->matrix->columns;
    int rc = cor_agree(data->team, allocate(&s, components));
    if (rc == COR_OK) {
        int64_t row = (int64_t)(unit_of(&s, 0, 0) * (double)rows);
        row = row < rows ? row : rows - 1;
        fit_data_row(data, row, cor_shards_owner(data->matrix->shards, row),
                     center);
        rc = take_center(&s, center);
    }
    for (int64_t k = 1; rc == COR_OK && k < components; k++)
        rc = add_best_candidate(&s, k, center + k * d);
    cor_free(s.mine);
    cor_free(s.shard);
    cor_free(s.candidate);
    cor_free(s.center);
    return rc;
}
