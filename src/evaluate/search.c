/*
 * Cross-validation of points side by side: the ranks are cut into groups, each
 * reads the store once, and tasks (a point and a fold) are dealt out in turn.
 */
#include "coracle/search.h"

#include "coracle/memory.h"
#include "coracle/random.h"
#include "coracle/ranking.h"
#include "coracle/select.h"
#include "search_log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct search_run {
    const cor_search *what;
    const cor_team *group;
    cor_interactions data;
    int16_t *fold; /* of my rows; by time: the part, from 0 to folds */
    char metric[16];
    int64_t k; /* of lists; 0: errors */
} search_run;

int cor_search_metric(const char *metric, char name[16], int64_t *k)
{
    static const char *const lists[] = {"precision", "recall", "recall_capped",
                                        "hit_rate",  "ndcg",   "map"};
    size_t length = strcspn(metric, "@");
    char *end = NULL;
    *k = 0;
    snprintf(name, 16, "%.*s", (int)length, metric);
    if (strcmp(metric, "rmse") == 0 || strcmp(metric, "mae") == 0)
        return COR_OK;
    if (metric[length] == '@')
        *k = strtoll(metric + length + 1, &end, 10);
    for (size_t m = 0; m < sizeof lists / sizeof *lists; m++)
        if (end && *end == 0 && *k > 0 && strcmp(name, lists[m]) == 0)
            return COR_OK;
    return cor_fail(COR_EUSAGE,
                    "--metric \"%s\" is none of rmse, mae, precision@K, "
                    "recall@K, recall_capped@K, hit_rate@K, ndcg@K, map@K",
                    metric);
}

/* ---- folds ---- */

static void folds_by_chance(search_run *s)
{
    const cor_interactions *data = &s->data;
    int64_t first =
        cor_shards_first_row(data->row_shards, cor_team_rank(s->group));
    for (int64_t i = 0; i < data->rows; i++) {
        double unit = cor_random_unit(cor_random_at((uint64_t)s->what->seed,
                                                    COR_STREAM_FOLD,
                                                    (uint64_t)(first + i), 0));
        s->fold[i] = (int16_t)(unit * (double)s->what->folds);
    }
}

/* folds + 1 parts of equally many rows; equal times stay together, in the later
   part. */
static int folds_by_time(search_run *s)
{
    const cor_interactions *data = &s->data;
    int64_t total = cor_shards_rows(data->row_shards);
    if (!data->time)
        return cor_fail(COR_EDATA, "folds by time need times, and the store "
                                   "has none; take folds by chance");
    memset(s->fold, 0, (size_t)data->rows * sizeof *s->fold);
    for (int64_t f = 1; total > 0 && f <= s->what->folds; f++) {
        int64_t place = total * f / (s->what->folds + 1), threshold;
        COR_TRY(cor_select_int64(s->group, data->time, data->rows, 1, &place,
                                 &threshold));
        for (int64_t i = 0; i < data->rows; i++)
            s->fold[i] = (int16_t)(s->fold[i] + (data->time[i] >= threshold));
    }
    return COR_OK;
}

static bool learns(const search_run *s, int64_t row, int64_t fold)
{
    return s->what->by_time ? s->fold[row] <= fold : s->fold[row] != fold;
}

static bool judges(const search_run *s, int64_t row, int64_t fold)
{
    return s->fold[row] == fold + s->what->by_time;
}

/* The rows that a fold learns from, or those that it is judged by. */
static int pick(const search_run *s, int64_t fold, bool train,
                cor_interactions *out)
{
    int8_t *keep = NULL;
    COR_TRY(cor_agree(s->group, COR_NEW(&keep, s->data.rows)));
    for (int64_t i = 0; i < s->data.rows; i++)
        keep[i] = train ? learns(s, i, fold) : judges(s, i, fold);
    int rc = cor_interactions_pick(s->group, &s->data, keep, out);
    cor_free(keep);
    return rc;
}

/* ---- judging ---- */

/* The model's rows are those of the store: no ids are looked up. */
static int judge_errors(const search_run *s, const cor_model *model,
                        const cor_interactions *test, search_result *result)
{
    int64_t *user = NULL, *item = NULL;
    float *prediction = NULL;
    cor_predictor *predictor = NULL;
    int rc = COR_NEW(&user, test->rows);
    if (rc == COR_OK)
        rc = COR_NEW(&item, test->rows);
    if (rc == COR_OK)
        rc = COR_NEW(&prediction, test->rows);
    for (int64_t i = 0; rc == COR_OK && i < test->rows; i++) {
        user[i] = test->user[i];
        item[i] = test->item[i];
    }
    rc = cor_agree(s->group, rc);
    if (rc == COR_OK)
        rc = cor_predictor_create(s->group, model, user, item, test->rows,
                                  &predictor);
    if (rc == COR_OK)
        rc = cor_predictor_run(predictor, prediction);
    if (rc == COR_OK)
        rc = cor_prediction_error(s->group, test->row_shards, test->value,
                                  prediction, &result->rmse, &result->mae);
    cor_predictor_destroy(&predictor);
    cor_free(user);
    cor_free(item);
    cor_free(prediction);
    return rc;
}

static double figure(const search_run *s, const cor_ranking_at *at)
{
    if (strcmp(s->metric, "precision") == 0)
        return at->precision;
    if (strcmp(s->metric, "recall") == 0)
        return at->recall;
    if (strcmp(s->metric, "recall_capped") == 0)
        return at->recall_capped;
    if (strcmp(s->metric, "hit_rate") == 0)
        return at->hit_rate;
    return strcmp(s->metric, "ndcg") == 0 ? at->ndcg : at->map;
}

static int judge_lists(const search_run *s, const cor_model *model,
                       int64_t fold, const cor_interactions *test,
                       search_result *result)
{
    cor_interactions seen;
    cor_ranking ranking;
    COR_TRY(pick(s, fold, true, &seen));
    int rc = cor_evaluate_ranking(s->group, model, test, &seen, -INFINITY,
                                  &s->k, 1, NULL, &ranking);
    if (rc == COR_OK)
        result->metric = figure(s, &ranking.at[0]);
    cor_interactions_free(&seen);
    return rc;
}

static int judge(const search_run *s, const cor_model *model, int64_t fold,
                 search_result *result)
{
    cor_interactions test;
    COR_TRY(pick(s, fold, false, &test));
    int rc = judge_errors(s, model, &test, result);
    result->metric = strcmp(s->metric, "mae") == 0 ? result->mae : result->rmse;
    if (rc == COR_OK && s->k > 0)
        rc = judge_lists(s, model, fold, &test, result);
    cor_interactions_free(&test);
    return rc;
}

/* One point on one fold. */
static int try_fold(const search_run *s, int64_t point, int64_t fold,
                    search_result *result)
{
    cor_interactions train;
    cor_model model = {0};
    *result = (search_result){.point = point, .fold = fold};
    COR_TRY(s->what->set(s->what->context, s->what->grid, point));
    COR_TRY(pick(s, fold, true, &train));
    double began = cor_team_seconds();
    int rc = s->what->fit(s->what->context, s->group, &train, &model);
    result->seconds = cor_team_seconds() - began;
    cor_interactions_free(&train);
    result->diverged = rc == COR_ENUMERIC;
    if (result->diverged) {
        result->rmse = result->mae = result->metric = NAN;
        return COR_OK;
    }
    COR_TRY(rc);
    rc = judge(s, &model, fold, result);
    cor_model_free(&model);
    return rc;
}

/* ---- tasks ---- */

static int open_group(search_run *s, const char *store)
{
    const cor_interactions_parts parts = {.value = true,
                                          .time = s->what->by_time,
                                          .user_id = true,
                                          .item_id = true};
    COR_TRY(cor_interactions_read(s->group, store, &parts, &s->data));
    COR_TRY(cor_agree(s->group, COR_NEW(&s->fold, s->data.rows)));
    if (s->what->by_time)
        return cor_agree(s->group, folds_by_time(s));
    folds_by_chance(s);
    return COR_OK;
}

/* The tasks of my group, those done before left out. */
static int run_tasks(const search_run *s, int64_t mine, int64_t groups,
                     search_log *log, cor_progress *progress)
{
    const cor_search *what = s->what;
    int64_t points = cor_grid_points(what->grid), task = 0, done = 0;
    bool leads = cor_team_rank(s->group) == 0;
    for (int64_t p = what->part; p < points; p += what->parts)
        for (int64_t f = 0; f < what->folds; f++, task++) {
            search_result result;
            if (task % groups != mine || search_log_has(log, p, f))
                continue;
            COR_TRY(try_fold(s, p, f, &result));
            COR_TRY(cor_agree(s->group,
                              leads ? search_log_add(log, &result) : COR_OK));
            cor_progress_metric(progress, what->metric, result.metric);
            cor_progress_step(progress, ++done);
        }
    return COR_OK;
}

/* All folds of a point are one trial. */
static int make_trials(const cor_search *what, const search_result *result,
                       int64_t results, cor_trial **trial, int64_t *trials)
{
    int64_t points = cor_grid_points(what->grid);
    *trials = points > what->part
                  ? (points - what->part + what->parts - 1) / what->parts
                  : 0;
    COR_TRY(COR_NEW_ZEROED(trial, *trials));
    for (int64_t t = 0; t < *trials; t++)
        (*trial)[t].point = what->part + t * what->parts;
    for (int64_t r = 0; r < results; r++) { /* in the order of the folds */
        int64_t t = (result[r].point - what->part) / what->parts;
        cor_trial *of = &(*trial)[t];
        double n = (double)what->folds;
        of->folds++;
        of->diverged += result[r].diverged;
        of->rmse += result[r].rmse / n;
        of->mae += result[r].mae / n;
        of->metric += result[r].metric / n;
        of->seconds += result[r].seconds;
    }
    return COR_OK;
}

static int search_in_groups(const cor_team *team, const cor_search *what,
                            const char *store, search_log *log,
                            cor_progress *progress)
{
    int64_t size = cor_team_size(team), rank = cor_team_rank(team);
    int64_t groups = size / what->group > 1 ? size / what->group : 1;
    int64_t mine =
        rank / what->group < groups ? rank / what->group : groups - 1;
    cor_team *group = NULL;
    search_run s = {.what = what};
    COR_TRY(cor_search_metric(what->metric, s.metric, &s.k));
    COR_TRY(cor_team_split(team, (int)mine, &group));
    s.group = group;
    int64_t tasks = cor_grid_points(what->grid) * what->folds / what->parts;
    cor_progress_begin(progress, "fits", tasks / groups);
    int rc = open_group(&s, store);
    if (rc == COR_OK)
        rc = run_tasks(&s, mine, groups, log, progress);
    cor_progress_end(progress);
    cor_free(s.fold);
    cor_interactions_free(&s.data);
    cor_team_destroy(&group);
    return cor_agree(team, rc);
}

int cor_search_run(const cor_team *team, const cor_search *search,
                   const char *store, cor_progress *progress, cor_trial **trial,
                   int64_t *trials)
{
    search_log *log = NULL;
    search_result *all = NULL;
    int64_t results = 0;
    *trial = NULL;
    *trials = 0;
    COR_TRY(search_log_open(team, search, &log));
    int rc = search_in_groups(team, search, store, log, progress);
    if (rc == COR_OK)
        rc = search_log_collect(team, log, &all, &results);
    if (rc == COR_OK)
        rc = cor_agree(team, make_trials(search, all, results, trial, trials));
    cor_free(all);
    search_log_close(&log);
    return rc;
}

int64_t cor_search_best(const cor_search *search, const cor_trial *trial,
                        int64_t trials)
{
    bool error = strcmp(search->metric, "rmse") == 0 ||
                 strcmp(search->metric, "mae") == 0;
    int64_t best = -1;
    for (int64_t t = 0; t < trials; t++) {
        if (!isfinite(trial[t].metric))
            continue;
        double ahead = best < 0 ? 1 : trial[best].metric - trial[t].metric;
        if (best < 0 || (error ? ahead > 0 : ahead < 0))
            best = t;
    }
    return best;
}
