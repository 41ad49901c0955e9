#include "jobs.h"

#include "coracle/split.h"
#include "stores.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static struct {
    int64_t count;
    double test;
    const char *by, *fractions, *key;
} set = {.count = 1,
         .test = 0.3,
         .by = "time",
         .fractions = "0.8,0.1,0.1",
         .key = "user"};

static const cor_option options[] = {
    {"by", 0, COR_OPTION_WORDS, &set.by, "time|random|hash|last",
     "what decides the part of an interaction"},
    {"fractions", 0, COR_OPTION_TEXT, &set.fractions, "F,F[,F]",
     "time, random: shares of train, valid and test, or of train and test"},
    {"key", 0, COR_OPTION_WORDS, &set.key, "user|item",
     "hash: whose id decides"},
    {"test", 0, COR_OPTION_REAL, &set.test, "F",
     "hash: share of the ids that go to test"},
    {"count", 0, COR_OPTION_INT, &set.count, "N",
     "last: interactions of each user that go to test"},
    COR_OPTIONS_END};

static const char *const part_name[COR_PARTS] = {"train", "valid", "test"};

/* Where the parts go, those that are not used included. */
typedef struct outputs {
    char path[COR_PARTS][PATH_MAX];
} outputs;

static int choose_way(const cor_command *command, cor_split_options *o)
{
    static const char *const way[] = {[COR_SPLIT_TIME] = "time",
                                      [COR_SPLIT_RANDOM] = "random",
                                      [COR_SPLIT_HASH] = "hash",
                                      [COR_SPLIT_LAST] = "last"};
    *o = cor_split_default();
    for (int w = 0; w < 4; w++)
        if (strcmp(set.by, way[w]) == 0)
            o->by = (enum cor_split_by)w;
    o->item_key = strcmp(set.key, "item") == 0;
    o->test = set.test;
    o->last = set.count;
    o->seed = command->seed;
    COR_TRY(cor_command_reals(set.fractions, "fractions", COR_PARTS,
                              o->fraction, &o->fractions));
    return cor_split_check(o);
}

/* PREFIX.train.EXT and so on; EXT is that of the input. */
static int name_outputs(const cor_command *command, outputs *out)
{
    const char *slash = strrchr(command->input[0], '/');
    const char *name = slash ? slash + 1 : command->input[0];
    const char *ending = strrchr(name, '.');
    if (!ending || ending == name)
        ending = ".h5";
    for (int p = 0; p < COR_PARTS; p++)
        if (snprintf(out->path[p], PATH_MAX, "%s.%s%s", command->output,
                     part_name[p], ending) >= PATH_MAX)
            return cor_fail(COR_EUSAGE, "the output %s is too long a path",
                            command->output);
    return COR_OK;
}

static int write_parts(cor_command *command, const cor_interactions *data,
                       const cor_split_options *o, const cor_split *split,
                       const outputs *out)
{
    cor_interactions_summary summary;
    const char *written[COR_PARTS];
    int parts = 0, rc = COR_OK;
    for (int p = 0; rc == COR_OK && p < COR_PARTS; p++) {
        if (!cor_split_has(o, p))
            continue;
        rc = cor_split_write(command->team, data, split, p, out->path[p],
                             &command->file, &summary);
        if (rc == COR_OK)
            written[parts++] = out->path[p];
    }
    if (rc != COR_OK)
        store_remove_outputs(command, written, parts);
    return rc;
}

static void report(const cor_split *split, cor_result *result)
{
    for (int p = 0; p < COR_PARTS; p++)
        cor_result_int(result, part_name[p], split->rows[p]);
    if (split->thresholds == 0)
        return;
    cor_result *cuts = cor_result_list(result, "thresholds");
    for (int c = 0; c < split->thresholds; c++)
        cor_result_append_int(cuts, split->threshold[c]);
}

static int split_store(cor_command *command, const cor_split_options *o,
                       const outputs *out)
{
    cor_interactions data = {0};
    cor_split split = {0};
    int rc = cor_interactions_read(command->team, command->input[0],
                                   &cor_interactions_all, &data);
    if (rc == COR_OK)
        rc = cor_split_find(command->team, &data, o, &split);
    if (rc == COR_OK)
        rc = write_parts(command, &data, o, &split, out);
    if (rc == COR_OK)
        report(&split, command->result);
    cor_split_free(&split);
    cor_interactions_free(&data);
    return rc;
}

static int run(cor_command *command)
{
    cor_interactions_summary summary;
    cor_split_options o;
    outputs out;
    COR_TRY(cor_command_inputs(command, 1, 1));
    COR_TRY(cor_command_needs_output(command));
    COR_TRY(choose_way(command, &o));
    COR_TRY(name_outputs(command, &out));
    COR_TRY(store_measure(command, command->input[0], &summary));
    cor_plan plan = cor_split_plan(command->team, &summary);
    if (command->plan) {
        cor_plan_report(command->team, &plan, command->result);
        return COR_OK;
    }
    COR_TRY(cor_plan_check(command->team, &plan));
    for (int p = 0; p < COR_PARTS; p++)
        if (cor_split_has(&o, p))
            COR_TRY(store_try_output(command, out.path[p]));
    return split_store(command, &o, &out);
}

const cor_job cor_job_split = {
    .name = "split",
    .summary = "part interactions to train, choose and test with",
    .usage = "[options] STORE -o PREFIX",
    .description =
        "Writes PREFIX.train.h5, PREFIX.valid.h5 and PREFIX.test.h5 (with the "
        "ending of STORE). All parts keep the users, the items and their "
        "numbers.\n"
        "\n"
        "  coracle split ratings.h5 -o ml --by time --fractions 0.8,0.1,0.1\n"
        "  coracle split ratings.h5 -o ml --by random --fractions 0.9,0.1\n"
        "  coracle split ratings.h5 -o ml --by hash --key item --test 0.3\n"
        "  coracle split ratings.h5 -o ml --by last --count 1\n"
        "\n"
        "time: cuts at the timestamps of those ranks; interactions at a cut "
        "go to the later part. The cuts are `thresholds`. random: each "
        "interaction by --seed and its number in the store. hash: an id is in "
        "test when its MD5 as an integer, modulo the denominator of --test, "
        "is below the numerator (0.3 is 3/10, 0.25 is 1/4), so the same ids "
        "are in test in any later store too. last: each user's last --count "
        "by time are for test. Two fractions, hash and last make no valid.",
    .options = options,
    .run = run};
