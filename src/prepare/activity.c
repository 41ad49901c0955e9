#include "activity.h"

#include "coracle/memory.h"
#include "coracle/random.h"

#include <math.h>

/* Users whose weights are added up as one; a unit of the ordered sum. */
enum { BLOCK = 4096 };

#define SIGMA 1.1
#define FLOOR 0.08

typedef struct dealing {
    const cor_team *team;
    cor_activity *activity;
    double *weight; /* of my users; 0 once they can take no more */
    int64_t most;   /* rows of one user */
    int64_t my_blocks, first_block, blocks;
    double *before; /* blocks + 1: weight of all users before a block */
} dealing;

static double weight_of(int64_t seed, int64_t user)
{
    double normal[2];
    cor_random_normals(
        cor_random_at((uint64_t)seed, COR_STREAM_ACTIVITY, (uint64_t)user, 0),
        normal);
    return fmax(exp(SIGMA * normal[0]), FLOOR);
}

/* My users of block b as [*begin, *end), counted from my first. */
static void block_users(const dealing *d, int64_t b, int64_t *begin,
                        int64_t *end)
{
    *begin = b * BLOCK;
    *end = *begin + BLOCK;
    if (*end > d->activity->count)
        *end = d->activity->count;
}

/* Running weight before every block of users: block sums in the order of
   users, then over blocks in order, on every rank alike. */
static int add_up(dealing *d)
{
    double *mine = NULL, *all = NULL;
    int64_t total = 0;
    int rc = COR_NEW(&mine, d->my_blocks);
    for (int64_t b = 0; rc == COR_OK && b < d->my_blocks; b++) {
        int64_t begin, end;
        block_users(d, b, &begin, &end);
        double sum = 0.0;
        for (int64_t u = begin; u < end; u++)
            sum += d->weight[u];
        mine[b] = sum;
    }
    rc = cor_agree(d->team, rc);
    if (rc == COR_OK)
        rc = cor_team_collect(d->team, mine, d->my_blocks, sizeof *mine, &all,
                              &total);
    if (rc == COR_OK) {
        d->before[0] = 0.0;
        for (int64_t b = 0; b < d->blocks; b++)
            d->before[b + 1] = d->before[b] + all[b];
    }
    cor_free(all);
    cor_free(mine);
    return rc;
}

/* One user takes its share, or as much of it as there is room for. */
static int64_t take(dealing *d, int64_t user, int64_t share)
{
    int64_t *rows = &d->activity->rows[user];
    int64_t room = d->most - *rows;
    if (share >= room) {
        share = room;
        d->weight[user] = 0.0;
    }
    *rows += share;
    return share;
}

/* Deal `left` rows by weight: user u gets floor(left C(u+1)) - floor(left C(u))
   with C the running share of the weight. @return how many my users took */
static int64_t deal_round(dealing *d, int64_t left)
{
    double whole = d->before[d->blocks];
    int64_t taken = 0;
    for (int64_t b = 0; b < d->my_blocks; b++) {
        int64_t begin, end;
        block_users(d, b, &begin, &end);
        double base = d->before[d->first_block + b], sum = 0.0;
        int64_t from = (int64_t)floor((double)left * (base / whole));
        for (int64_t u = begin; u < end; u++) {
            sum += d->weight[u];
            int64_t to = (int64_t)floor((double)left * ((base + sum) / whole));
            taken += take(d, u, to - from);
            from = to;
        }
    }
    return taken;
}

static int prepare(dealing *d, const cor_generate_options *options)
{
    cor_activity *activity = d->activity;
    COR_TRY(COR_NEW(&activity->rows, activity->count));
    COR_TRY(COR_NEW(&d->weight, activity->count));
    COR_TRY(COR_NEW(&d->before, d->blocks + 1));
    int64_t least = options->interactions >= options->users ? 1 : 0;
    for (int64_t u = 0; u < activity->count; u++) {
        activity->rows[u] = least;
        d->weight[u] = d->most > least
                           ? weight_of(options->seed, activity->first + u)
                           : 0.0;
    }
    return COR_OK;
}

/* Nobody has more than half of the items, where that leaves room enough. */
static int64_t most_rows(const cor_generate_options *options)
{
    int64_t half = options->items / 2;
    if (half > 0 && options->interactions / half <= options->users / 2)
        return half;
    return options->items;
}

int cor_activity_deal(const cor_team *team, const cor_generate_options *options,
                      cor_activity *activity)
{
    int64_t rank = cor_team_rank(team), size = cor_team_size(team);
    dealing d = {.team = team, .activity = activity};
    d.most = most_rows(options);
    d.blocks = (options->users + BLOCK - 1) / BLOCK;
    d.first_block = d.blocks * rank / size;
    d.my_blocks = d.blocks * (rank + 1) / size - d.first_block;
    activity->first = d.first_block * BLOCK;
    int64_t end = (d.first_block + d.my_blocks) * BLOCK;
    if (activity->first > options->users)
        activity->first = options->users;
    if (end > options->users)
        end = options->users;
    activity->count = end - activity->first;
    int rc = cor_agree(team, prepare(&d, options));
    int64_t left = options->interactions;
    if (left >= options->users)
        left -= options->users; /* each has its one already */
    while (rc == COR_OK && left > 0) {
        rc = add_up(&d);
        if (rc != COR_OK)
            break;
        int64_t taken = deal_round(&d, left);
        cor_team_sum(team, &taken, 1);
        left -= taken;
    }
    cor_free(d.before);
    cor_free(d.weight);
    return rc;
}
