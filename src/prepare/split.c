#include "coracle/split.h"

#include "coracle/memory.h"
#include "coracle/select.h"
#include "keyed.h"
#include "need.h"
#include "split_rule.h"

#include <math.h>

cor_split_options cor_split_default(void)
{
    return (cor_split_options){.by = COR_SPLIT_TIME,
                               .fractions = 3,
                               .fraction = {0.8, 0.1, 0.1},
                               .test = 0.3,
                               .last = 1,
                               .seed = 42};
}

void cor_split_free(cor_split *split)
{
    cor_free(split->part);
    *split = (cor_split){0};
}

/* ---- fractions ---- */

/* Fractions are decimals that people type; as whole numbers of this unit their
   sums are exact, which those of binary fractions are not. */
#define UNIT INT64_C(1000000000000)

static int check_fractions(const cor_split_options *options)
{
    double sum = 0.0;
    if (options->fractions < 2 || options->fractions > 3)
        return cor_fail(COR_EUSAGE, "give two fractions (train, test) or three "
                                    "(train, valid, test)");
    for (int i = 0; i < options->fractions; i++) {
        if (!(options->fraction[i] > 0.0))
            return cor_fail(COR_EUSAGE, "a fraction is %g; all must be above 0",
                            options->fraction[i]);
        sum += options->fraction[i];
    }
    if (fabs(sum - 1.0) > 1e-9)
        return cor_fail(COR_EUSAGE,
                        "the fractions add up to %.10g; they must "
                        "to 1",
                        sum);
    return COR_OK;
}

/* The sum of the first fractions, in units. */
static int64_t cumulative(const cor_split_options *options, int fractions)
{
    int64_t sum = 0;
    for (int i = 0; i < fractions; i++)
        sum += llround(options->fraction[i] * (double)UNIT);
    return sum < UNIT ? sum : UNIT;
}

/* Part number `i` of those that there are fractions for. */
static int part_of(const cor_split_options *options, int i)
{
    return i == options->fractions - 1 ? COR_TEST : i;
}

/* ---- ways to split ---- */

static int split_by_time(const cor_team *team, const cor_interactions *data,
                         const cor_split_options *options, cor_split *split)
{
    int64_t total = cor_shards_rows(data->row_shards), position[2];
    int cuts = options->fractions - 1;
    int64_t has_time = data->time != NULL;
    cor_team_min(team, &has_time, 1);
    if (!has_time)
        return cor_fail(COR_EDATA, "these interactions have no times to split "
                                   "by; split by last, random or hash, or "
                                   "ingest a time column");
    for (int c = 0; c < cuts; c++)
        position[c] = (int64_t)((unsigned __int128)total *
                                (uint64_t)cumulative(options, c + 1) / UNIT);
    COR_TRY(cor_select_int64(team, data->time, data->rows, cuts, position,
                             split->threshold));
    split->thresholds = cuts;
    const int64_t *cut = split->threshold;
    uint8_t middle = (uint8_t)part_of(options, 1);
#pragma omp parallel for num_threads(cor_team_threads(team))
    for (int64_t r = 0; r < data->rows; r++) {
        uint8_t part = data->time[r] >= cut[0] ? middle : COR_TRAIN;
        split->part[r] = cuts == 2 && data->time[r] >= cut[1] ? COR_TEST : part;
    }
    return COR_OK;
}

cor_split_rule cor_split_rule_of(const cor_split_options *options)
{
    cor_split_rule rule = {.seed = (uint64_t)options->seed,
                           .middle = (uint8_t)part_of(options, 1)};
    for (int c = 0; c < 2; c++)
        rule.cut[c] = (uint64_t)ldexp(
            (double)cumulative(options, c + 1) / (double)UNIT, 32);
    return rule;
}

static void split_at_random(const cor_team *team, const cor_interactions *data,
                            const cor_split_options *options, cor_split *split)
{
    int64_t first = cor_shards_first_row(data->row_shards, cor_team_rank(team));
    cor_split_rule rule = cor_split_rule_of(options);
#pragma omp parallel for num_threads(cor_team_threads(team))
    for (int64_t four = first / 4; four <= (first + data->rows) / 4; four++) {
        cor_random bits = cor_split_rule_four(&rule, four);
        for (int w = 0; w < 4; w++) {
            int64_t r = 4 * four + w - first;
            if (r >= 0 && r < data->rows)
                split->part[r] = cor_split_rule_word(&rule, bits.word[w]);
        }
    }
}

/* Rows of a user stand in the order of time. */
static void split_last(const cor_team *team, const cor_interactions *data,
                       const cor_split_options *options, cor_split *split)
{
    int64_t rows = data->rows;
    int64_t last = options->last < rows ? options->last : rows;
#pragma omp parallel for num_threads(cor_team_threads(team))
    for (int64_t r = 0; r < rows; r++)
        split->part[r] =
            r + last >= rows || data->user[r + last] != data->user[r]
                ? COR_TEST
                : COR_TRAIN;
}

/* ---- finding ---- */

static void count_parts(const cor_team *team, const cor_interactions *data,
                        cor_split *split)
{
    int64_t valid = 0, test = 0;
#pragma omp parallel for num_threads(cor_team_threads(team))                   \
    reduction(+ : valid, test)
    for (int64_t r = 0; r < data->rows; r++) {
        valid += split->part[r] == COR_VALID;
        test += split->part[r] == COR_TEST;
    }
    split->rows[COR_TRAIN] = data->rows - valid - test;
    split->rows[COR_VALID] = valid;
    split->rows[COR_TEST] = test;
    cor_team_sum(team, split->rows, COR_PARTS);
}

int cor_split_check(const cor_split_options *options)
{
    if (options->by == COR_SPLIT_HASH)
        return cor_keyed_check(options->test);
    if (options->by == COR_SPLIT_LAST && options->last < 1)
        return cor_fail(COR_EUSAGE, "the number of last interactions must be "
                                    "1 or more");
    return options->by == COR_SPLIT_LAST ? COR_OK : check_fractions(options);
}

bool cor_split_has(const cor_split_options *options, int part)
{
    bool by_fractions =
        options->by == COR_SPLIT_TIME || options->by == COR_SPLIT_RANDOM;
    return part != COR_VALID || (by_fractions && options->fractions == 3);
}

static int decide(const cor_team *team, const cor_interactions *data,
                  const cor_split_options *options, cor_split *split)
{
    switch (options->by) {
    case COR_SPLIT_TIME:
        return split_by_time(team, data, options, split);
    case COR_SPLIT_RANDOM:
        split_at_random(team, data, options, split);
        return COR_OK;
    case COR_SPLIT_HASH:
        return cor_keyed_split(team, data, options, split->part);
    case COR_SPLIT_LAST:
        split_last(team, data, options, split);
        return COR_OK;
    }
    return cor_fail(COR_EDEFECT, "there is no way %d to split",
                    (int)options->by);
}

int cor_split_find(const cor_team *team, const cor_interactions *data,
                   const cor_split_options *options, cor_split *split)
{
    *split = (cor_split){0};
    COR_TRY(cor_split_check(options));
    if (cor_shards_rows(data->row_shards) == 0)
        return cor_fail(COR_EDATA, "there are no interactions to split");
    COR_TRY(cor_agree(team, COR_NEW(&split->part, data->rows)));
    COR_TRY(decide(team, data, options, split));
    count_parts(team, data, split);
    if (split->rows[COR_TRAIN] == 0)
        return cor_fail(COR_EDATA, "nothing would be left to train on; split "
                                   "in another way");
    return COR_OK;
}

/* ---- writing ---- */

/* Where each shard begins in the part: the counts of all shards, run on. */
static int shard_part(const cor_team *team, const cor_interactions *data,
                      const cor_split *split, int part, cor_shards **shards)
{
    const cor_shards *whole = data->row_shards;
    int rank = cor_team_rank(team);
    int64_t first = cor_shards_first(whole, rank), total = 0;
    int64_t mine = cor_shards_first(whole, rank + 1) - first;
    int64_t first_row = cor_shards_first_row(whole, rank);
    int64_t *count = NULL, *all = NULL, *begin = NULL;
    int rc = COR_NEW_ZEROED(&count, mine);
    if (rc == COR_OK)
        rc = COR_NEW(&begin, cor_shards_count(whole) + 1);
    for (int64_t s = 0; rc == COR_OK && s < mine; s++)
        for (int64_t r = cor_shards_begin(whole, first + s);
             r < cor_shards_begin(whole, first + s + 1); r++)
            count[s] += split->part[r - first_row] == part;
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_team_collect(team, count, mine, sizeof *count, &all, &total);
    if (rc == COR_OK) {
        begin[0] = 0;
        for (int64_t s = 0; s < total; s++)
            begin[s + 1] = begin[s] + all[s];
        rc = cor_agree(team, cor_shards_create_like(whole, begin, shards));
    }
    cor_free(begin);
    cor_free(all);
    cor_free(count);
    return rc;
}

/* Copy the rows of the part. */
static int take_rows(const cor_interactions *data, const uint8_t *of, int part,
                     cor_interactions *out)
{
    COR_TRY(COR_NEW(&out->user, out->rows));
    COR_TRY(COR_NEW(&out->item, out->rows));
    COR_TRY(COR_NEW(&out->value, out->rows));
    if (data->time)
        COR_TRY(COR_NEW(&out->time, out->rows));
    COR_TRY(cor_kept_create_like(&data->kept, out->rows, &out->kept));
    int64_t next = 0;
    for (int64_t r = 0; r < data->rows; r++) {
        if (of[r] != part)
            continue;
        out->user[next] = data->user[r];
        out->item[next] = data->item[r];
        out->value[next] = data->value[r];
        if (data->time)
            out->time[next] = data->time[r];
        cor_kept_copy(&data->kept, r, &out->kept, next);
        next++;
    }
    return COR_OK;
}

int cor_split_write(const cor_team *team, const cor_interactions *data,
                    const cor_split *split, int part, const char *path,
                    const cor_file_options *options,
                    cor_interactions_summary *summary)
{
    int rank = cor_team_rank(team);
    cor_interactions out = *data; /* tables and user shards are borrowed */
    out.user = out.item = NULL;
    out.value = NULL;
    out.time = NULL;
    out.kept = (cor_kept_columns){0};
    out.row_shards = NULL;
    int rc = shard_part(team, data, split, part, &out.row_shards);
    if (rc == COR_OK) {
        out.rows = cor_shards_first_row(out.row_shards, rank + 1) -
                   cor_shards_first_row(out.row_shards, rank);
        rc = cor_agree(team, take_rows(data, split->part, part, &out));
    }
    if (rc == COR_OK)
        rc = cor_interactions_write(team, path, options, &out, summary);
    cor_free(out.user);
    cor_free(out.item);
    cor_free(out.value);
    cor_free(out.time);
    cor_kept_free(&out.kept);
    cor_shards_destroy(&out.row_shards);
    return rc;
}

/* The parts are copied one at a time beside the whole. */
cor_plan cor_split_plan(const cor_team *team,
                        const cor_interactions_summary *store)
{
    int64_t rows = store->interactions;
    int64_t most = cor_need_rows(team, rows, store->shards);
    int64_t users = store->users / cor_team_size(team) + 1;
    int64_t row = cor_need_columns(store->has_time) + store->kept_bytes;
    return (cor_plan){
        .rows_rank = most,
        .bytes_rank = cor_plan_base() + users * 12 + most * (2 * row + 1),
        .bytes_disk = cor_need_disk(rows, 3 * store->users, 3 * store->items,
                                    store->has_time) +
                      rows * store->kept_bytes};
}
