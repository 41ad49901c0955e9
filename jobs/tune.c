#include "jobs.h"
#include "stores.h"
#include "trainer.h"
#include "tune_table.h"

#include "coracle/memory.h"
#include "coracle/search.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    cor_option_texts grid;
    int64_t folds, draws, group;
    const char *metric, *by, *part;
    bool resume, merge;
} set = {.folds = 3, .group = 1, .metric = "rmse", .by = "random"};

static const cor_option options[] = {
    {"grid", 0, COR_OPTION_LIST, &set.grid, "NAME=VALUE,...",
     "values to try of an option of JOB; given once for each option"},
    {"folds", 0, COR_OPTION_INT, &set.folds, "N",
     "parts of TRAIN that take turns to judge"},
    {"by", 0, COR_OPTION_WORDS, &set.by, "random|time",
     "folds by chance, or each judged by what comes after it"},
    {"metric", 0, COR_OPTION_TEXT, &set.metric, "NAME",
     "what the best has: rmse, mae, or ndcg@K, recall@K, precision@K, map@K, "
     "hit_rate@K of lists"},
    {"random", 0, COR_OPTION_INT, &set.draws, "N",
     "try N points drawn at random instead of all; an option may then be "
     "NAME=LOW:HIGH or NAME=LOW:HIGH:log"},
    {"ranks-per-fit", 0, COR_OPTION_INT, &set.group, "N",
     "ranks that share one fit, and with it the memory that TRAIN takes"},
    {"part", 0, COR_OPTION_TEXT, &set.part, "I/N",
     "only every N-th point from I = 0 .. N-1 on, for an array of jobs"},
    {"resume", 0, COR_OPTION_FLAG, &set.resume, NULL,
     "go on from what a search that was stopped had finished"},
    {"merge", 0, COR_OPTION_FLAG, &set.merge, NULL,
     "the inputs are tables of --part: join them"},
    COR_OPTIONS_END};

static const trainer *const trainers[] = {
    &trainer_als, &trainer_sgd, &trainer_baseline, &trainer_knn, NULL};

static int find_trainer(const char *name, const trainer **found)
{
    char names[128] = "";
    for (int t = 0; trainers[t]; t++) {
        if (strcmp(trainers[t]->job->name, name) == 0) {
            *found = trainers[t];
            return COR_OK;
        }
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s",
                 t ? ", " : "", trainers[t]->job->name);
    }
    return cor_fail(COR_EUSAGE, "\"%s\" is no job that can be tuned: %s", name,
                    names);
}

/* ---- the search ---- */

typedef struct tuning {
    const trainer *trainer;
    int64_t seed;
} tuning;

static int set_point(void *context, const cor_grid *grid, int64_t point)
{
    const tuning *t = context;
    for (int a = 0; a < cor_grid_axes(grid); a++)
        COR_TRY(cor_command_set(t->trainer->job->options,
                                cor_grid_name(grid, a),
                                cor_grid_value(grid, point, a)));
    return COR_OK;
}

static int fit_point(void *context, const cor_team *group,
                     cor_interactions *train, cor_model *model)
{
    const tuning *t = context;
    return t->trainer->fit(group, t->seed, train, model);
}

/* A wrong name or value is known before anything is read. */
static int try_points(tuning *t, const cor_grid *grid)
{
    for (int64_t p = 0; p < cor_grid_points(grid); p++)
        COR_TRY(set_point(t, grid, p));
    return COR_OK;
}

static int parse_part(cor_search *search)
{
    char *end = NULL;
    search->parts = 1;
    if (!set.part)
        return COR_OK;
    search->part = strtoll(set.part, &end, 10);
    if (*end == '/')
        search->parts = strtoll(end + 1, &end, 10);
    if (*end || search->parts < 1 || search->part < 0 ||
        search->part >= search->parts)
        return cor_fail(COR_EUSAGE,
                        "--part \"%s\": write I/N with I from 0 to N-1",
                        set.part);
    return COR_OK;
}

/* What is finished stands beside the table until that is whole. */
static int open_log(const cor_command *command, char *path, size_t size,
                    cor_search *search)
{
    int rc = COR_OK;
    if (!command->output)
        return set.resume
                   ? cor_fail(COR_EUSAGE, "--resume goes on from what stands "
                                          "beside -o TABLE.csv: give that")
                   : COR_OK;
    COR_TRY(cor_command_try_output(command));
    snprintf(path, size, "%s.finished", command->output);
    search->log = path;
    if (!set.resume && cor_team_rank(command->team) == 0 && unlink(path) != 0 &&
        errno != ENOENT)
        rc = cor_fail(COR_EIO, "%s cannot be removed: %s", path,
                      strerror(errno));
    return cor_agree(command->team, rc);
}

static int search_and_report(const cor_command *command, cor_search *search)
{
    cor_trial *trial = NULL;
    int64_t trials;
    COR_TRY(cor_search_run(command->team, search, command->input[1],
                           command->progress, &trial, &trials));
    int rc = tune_table_report(command, search, trial, trials);
    cor_free(trial);
    if (rc == COR_OK && search->log && cor_team_rank(command->team) == 0)
        unlink(search->log);
    return rc;
}

static int tune_grid(const cor_command *command, tuning *t, cor_search *search,
                     cor_grid *grid)
{
    char path[4096], name[16];
    int64_t k;
    search->grid = grid;
    COR_TRY(try_points(t, grid));
    COR_TRY(parse_part(search));
    COR_TRY(cor_search_metric(search->metric, name, &k));
    COR_TRY(open_log(command, path, sizeof path, search));
    return search_and_report(command, search);
}

static int check(const cor_command *command)
{
    COR_TRY(cor_command_inputs(command, 2, 2));
    if (set.folds < 2 || set.folds > 1000)
        return cor_fail(COR_EUSAGE, "--folds must be from 2 to 1000, not %lld",
                        (long long)set.folds);
    if (set.draws < 0 || set.draws > 1000000)
        return cor_fail(COR_EUSAGE,
                        "--random must be from 1 to 1000000, not %lld",
                        (long long)set.draws);
    if (set.group < 1)
        return cor_fail(COR_EUSAGE, "--ranks-per-fit must be 1 or more");
    return COR_OK;
}

/* Every group holds the store, its folds, and a fit of them. */
static int plan(const cor_command *command, cor_plan *plan)
{
    cor_interactions_summary summary;
    COR_TRY(store_measure(command, command->input[1], &summary));
    int64_t ranks = cor_team_size(command->team);
    int64_t group = set.group < ranks ? set.group : ranks;
    plan->rows_rank = summary.interactions / group + 1;
    plan->bytes_rank = cor_plan_base() + plan->rows_rank * 90 +
                       (summary.users + summary.items) / group * 1024;
    plan->bytes_disk = 0;
    return COR_OK;
}

static int run(cor_command *command)
{
    cor_plan needs;
    cor_grid *grid = NULL;
    tuning t = {.seed = command->seed};
    if (set.merge)
        return tune_table_merge(command, set.metric);
    COR_TRY(check(command));
    COR_TRY(find_trainer(command->input[0], &t.trainer));
    COR_TRY(plan(command, &needs));
    COR_TRY(cor_command_plan(command, &needs));
    cor_search search = {.set = set_point,
                         .fit = fit_point,
                         .context = &t,
                         .folds = set.folds,
                         .by_time = strcmp(set.by, "time") == 0,
                         .seed = command->seed,
                         .metric = set.metric,
                         .group = set.group};
    int rc = cor_agree(command->team,
                       cor_grid_create(set.grid.text, set.grid.count, set.draws,
                                       command->seed, &grid));
    if (rc == COR_OK)
        rc = tune_grid(command, &t, &search, grid);
    cor_grid_destroy(&grid);
    return rc;
}

const cor_job cor_job_tune = {
    .name = "tune",
    .summary = "search for a trainer's best settings by cross-validation",
    .usage = "[options] JOB TRAIN --grid NAME=VALUE,... [-o TABLE.csv]",
    .description =
        "Tries every combination of the values of --grid (or --random N of "
        "them) for the options of JOB, each on --folds parts of TRAIN that "
        "take turns to judge what is learned from the others. Points and "
        "folds run side by side on the ranks; a point that diverges is marked "
        "and does not stop the rest.\n"
        "\n"
        "  mpirun -n 8 coracle tune als train.h5 --grid factors=32,64 \\\n"
        "      --grid reg=8,12,16 --grid bias=true --grid reg-bias=2,4 \\\n"
        "      -o table.csv\n"
        "  coracle tune als clicks.h5 --random 20 --metric ndcg@10 \\\n"
        "      --grid implicit=true --grid alpha=0.1:40:log\n"
        "\n"
        "An option with one value is simply set. With -o each finished fold "
        "is kept in TABLE.csv.finished until the table is whole: --resume "
        "goes on from there after a kill. An array of jobs takes --part I/N "
        "each, and --merge joins their tables:\n"
        "\n"
        "  coracle tune --merge part.0.csv part.1.csv -o table.csv",
    .options = options,
    .run = run};
