#include "coracle/memory.h"
#include "coracle/sum.h"
#include "features_parts.h"

#include <math.h>

enum { DAY = 86400, HOUR = 3600, MONDAY = 3 /* 1970 began on a Thursday */ };

/* How often `unit` fits into a number, rounded down. */
static int64_t whole(int64_t number, int64_t unit)
{
    return number / unit - (number % unit < 0);
}

void features_numbers(const features_links *links, int64_t row,
                      double number[FEATURES_NUMBERS])
{
    const cor_features *f = links->features;
    number[FEATURES_USER_COUNT] = (double)features_user(links, row)->count;
    number[FEATURES_ITEM_COUNT] = (double)features_item(links, row)->count;
    if (!f->has_time)
        return;
    int64_t time = links->data->time[row];
    int64_t local = cor_zone_local(&links->zone, time);
    int64_t day = whole(local, DAY), age;
    if (__builtin_sub_overflow(f->newest, time, &age))
        age = time < 0 ? INT64_MAX : INT64_MIN;
    number[FEATURES_RECENCY] = (double)whole(age, DAY);
    number[FEATURES_DAY] = (double)(day + MONDAY - whole(day + MONDAY, 7) * 7);
    number[FEATURES_HOUR] = (double)((local - day * DAY) / HOUR);
}

/* What is added up of a row: its numbers, or the squares of what they are from
   the means. */
static void add_row(const features_links *links, int64_t row,
                    const double *mean, double *sum)
{
    double number[FEATURES_NUMBERS] = {0};
    features_numbers(links, row, number);
    for (int k = 0; k < FEATURES_NUMBERS; k++)
        sum[k] +=
            mean ? (number[k] - mean[k]) * (number[k] - mean[k]) : number[k];
}

/* Totals over the rows, shard by shard. Collective. */
static int total(const features_links *links, const double *mean, double *out)
{
    const cor_team *team = links->features->team;
    const cor_shards *shards = links->data->row_shards;
    int64_t first = cor_shards_first(shards, cor_team_rank(team)),
            last = cor_shards_first(shards, cor_team_rank(team) + 1);
    int64_t first_row = cor_shards_begin(shards, first);
    double *sum = NULL;
    int rc = COR_NEW_ZEROED(&sum, (last - first) * FEATURES_NUMBERS);
    COR_TRY(cor_agree(team, rc));
#pragma omp parallel for num_threads(cor_team_threads(team))                   \
    schedule(dynamic, 1)
    for (int64_t s = first; s < last; s++)
        for (int64_t row = cor_shards_begin(shards, s);
             row < cor_shards_begin(shards, s + 1); row++)
            add_row(links, row - first_row, mean,
                    sum + (s - first) * FEATURES_NUMBERS);
    rc = cor_sum_shards(team, shards, FEATURES_NUMBERS, sum, out);
    cor_free(sum);
    return rc;
}

static int standardise(cor_features *f, const features_links *train)
{
    double rows = (double)cor_shards_rows(train->data->row_shards);
    double square[FEATURES_NUMBERS];
    COR_TRY(total(train, NULL, f->offset));
    for (int k = 0; k < FEATURES_NUMBERS; k++)
        f->offset[k] = rows > 0 ? f->offset[k] / rows : 0;
    COR_TRY(total(train, f->offset, square));
    for (int k = 0; k < FEATURES_NUMBERS; k++)
        f->scale[k] = square[k] > 0 ? sqrt(square[k] / rows) : 1;
    return COR_OK;
}

static void span(cor_features *f, const features_links *train)
{
    double least[FEATURES_NUMBERS], most[FEATURES_NUMBERS];
    for (int k = 0; k < FEATURES_NUMBERS; k++) {
        least[k] = INFINITY;
        most[k] = -INFINITY;
    }
    for (int64_t row = 0; row < train->data->rows; row++) {
        double number[FEATURES_NUMBERS] = {0};
        features_numbers(train, row, number);
        for (int k = 0; k < FEATURES_NUMBERS; k++) {
            least[k] = fmin(least[k], number[k]);
            most[k] = fmax(most[k], number[k]);
        }
    }
    cor_team_min_double(f->team, least, FEATURES_NUMBERS);
    cor_team_max_double(f->team, most, FEATURES_NUMBERS);
    for (int k = 0; k < FEATURES_NUMBERS; k++) {
        f->offset[k] = isfinite(least[k]) ? least[k] : 0;
        f->scale[k] = most[k] > least[k] ? most[k] - least[k] : 1;
    }
}

int features_find_scales(cor_features *f, const features_links *train)
{
    for (int k = 0; k < FEATURES_NUMBERS; k++) {
        f->offset[k] = 0;
        f->scale[k] = 1;
    }
    if (f->options.scale == COR_SCALE_STANDARD)
        return standardise(f, train);
    if (f->options.scale == COR_SCALE_MINMAX)
        span(f, train);
    return COR_OK;
}
