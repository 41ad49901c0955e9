#include "ratings_parts.h"

#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "coracle/sum.h"

#include <math.h>
#include <string.h>

/* Some item's number and what is known of it, on its way to another rank. */
typedef struct tally {
    int64_t item, count, sum;
} tally;

typedef struct counting {
    const cor_team *team;
    const cor_shards *items;
    const int32_t *item;
    const float *value; /* or NULL */
    int64_t rows;
    double unit; /* of sums */
} counting;

/* A power of two of which the sum of all values is less than 2^62. */
static double unit_of(const counting *c)
{
    double most = 0;
    int64_t total;
    for (int64_t i = 0; c->value && i < c->rows; i++)
        most = fmax(most, fabs((double)c->value[i]));
    cor_team_max_double(c->team, &most, 1);
    cor_team_before(c->team, c->rows, &total);
    int exponent;
    frexp(most * (double)total, &exponent);
    return ldexp(1, exponent - 62);
}

/* How often each item occurs in my rows, those that do. Counters cover as many
   items at a time as I have rows, so the memory falls with the ranks and the
   work is rows or items, whichever is more. */
static int tally_items(const counting *c, tally **tallies, int64_t *found)
{
    int64_t items = cor_shards_rows(c->items);
    int64_t span = c->rows > 65536 ? c->rows : 65536;
    if (span > items)
        span = items;
    int64_t most = c->rows < items ? c->rows : items;
    tally *seen = NULL;
    *found = 0;
    int rc = cor_allocate(tallies, most, sizeof **tallies, "item counts");
    if (rc == COR_OK)
        rc = cor_allocate(&seen, span, sizeof *seen, "item counts");
    for (int64_t from = 0; rc == COR_OK && from < items; from += span) {
        int64_t here = items - from < span ? items - from : span;
        memset(seen, 0, (size_t)here * sizeof *seen);
        for (int64_t i = 0; i < c->rows; i++)
            if ((uint64_t)(c->item[i] - from) < (uint64_t)here) {
                tally *t = &seen[c->item[i] - from];
                t->count++;
                if (c->value)
                    t->sum += llrint((double)c->value[i] / c->unit);
            }
        for (int64_t i = 0; i < here; i++)
            if (seen[i].count)
                (*tallies)[(*found)++] =
                    (tally){from + i, seen[i].count, seen[i].sum};
    }
    cor_free(seen);
    return rc;
}

/* Tallies go to the owners of their items. */
static int send_tallies(const counting *c, const tally *mine, int64_t count,
                        tally **in, int64_t *arrivals)
{
    cor_route *route = NULL;
    int32_t *to = NULL;
    int rc = cor_allocate(&to, count, sizeof *to, "item counts");
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        to[i] = cor_shards_owner(c->items, mine[i].item);
    rc = cor_agree(c->team, rc);
    if (rc == COR_OK)
        rc = cor_route_create(c->team, to, count, &route);
    if (rc == COR_OK) {
        *arrivals = cor_route_arrivals(route);
        rc = cor_agree(c->team,
                       cor_allocate(in, *arrivals, sizeof **in, "item counts"));
    }
    if (rc == COR_OK)
        rc = cor_route_send(route, mine, sizeof *mine, *in);
    cor_route_destroy(&route);
    cor_free(to);
    return rc;
}

/* Who owns the items adds them up. */
static int add_tallies(const counting *c, const tally *in, int64_t arrivals,
                       int64_t *count, float *mean)
{
    int rank = cor_team_rank(c->team);
    int64_t first = cor_shards_first_row(c->items, rank);
    int64_t rows = cor_shards_first_row(c->items, rank + 1) - first;
    int64_t *sum = NULL;
    COR_TRY(cor_allocate_zeroed(&sum, rows, sizeof *sum, "item means"));
    memset(count, 0, (size_t)rows * sizeof *count);
    for (int64_t i = 0; i < arrivals; i++) {
        count[in[i].item - first] += in[i].count;
        sum[in[i].item - first] += in[i].sum;
    }
    for (int64_t i = 0; c->value && i < rows; i++)
        mean[i] =
            count[i] ? (float)((double)sum[i] * c->unit / (double)count[i]) : 0;
    cor_free(sum);
    return COR_OK;
}

int ratings_count_items(const cor_team *team, const cor_shards *items,
                        const int32_t *item, const float *value, int64_t rows,
                        int64_t *count, float *mean)
{
    counting c = {team, items, item, value, rows, 1};
    tally *mine = NULL, *in = NULL;
    int64_t found = 0, arrivals = 0;
    c.unit = unit_of(&c);
    int rc = cor_agree(team, tally_items(&c, &mine, &found));
    if (rc == COR_OK)
        rc = send_tallies(&c, mine, found, &in, &arrivals);
    if (rc == COR_OK)
        rc = cor_agree(team, add_tallies(&c, in, arrivals, count, mean));
    cor_free(mine);
    cor_free(in);
    return rc;
}

int ratings_describe_values(const cor_team *team, const cor_shards *row_shards,
                            const float *value, cor_ratings *ratings)
{
    int64_t first = cor_shards_first(row_shards, cor_team_rank(team));
    int64_t last = cor_shards_first(row_shards, cor_team_rank(team) + 1);
    double least = 1e300, most = -1e300, *sums = NULL, total = 0;
    int rc = cor_allocate_zeroed(&sums, last - first, 8, "mean of ratings");
    int64_t origin = cor_shards_begin(row_shards, first);
    for (int64_t s = first; rc == COR_OK && s < last; s++)
        for (int64_t i = cor_shards_begin(row_shards, s);
             i < cor_shards_begin(row_shards, s + 1); i++) {
            double rating = value[i - origin];
            sums[s - first] += rating;
            least = rating < least ? rating : least;
            most = rating > most ? rating : most;
        }
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_sum_shards(team, row_shards, 1, sums, &total);
    cor_team_min_double(team, &least, 1);
    cor_team_max_double(team, &most, 1);
    ratings->total = cor_shards_rows(row_shards);
    ratings->mean = total / (double)ratings->total;
    ratings->value_min = least;
    ratings->value_max = most;
    cor_free(sums);
    return rc;
}
