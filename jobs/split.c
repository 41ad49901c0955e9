#include "jobs.h"

#include "coracle/split.h"
#include "records_in.h"
#include "stores.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static struct {
    int64_t count;
    double test;
    const char *by, *fractions, *key, *missing;
    records_in in;
} set = {.count = 1,
         .test = 0.3,
         .by = "time",
         .fractions = "0.8,0.1,0.1",
         .in = RECORDS_IN};

static const cor_option options[] = {
    {"by", 0, COR_OPTION_WORDS, &set.by, "time|random|hash|last",
     "what decides the part of an interaction; of records: random or hash"},
    {"fractions", 0, COR_OPTION_TEXT, &set.fractions, "F,F[,F]",
     "time, random: shares of train, valid and test, or of train and test"},
    {"key", 0, COR_OPTION_TEXT, &set.key, "FIELD",
     "hash: the field that decides; of a store user (the default) or item"},
    {"missing", 0, COR_OPTION_TEXT, &set.missing, "VALUE",
     "hash: the key of records that have none; without it they are an error"},
    {"test", 0, COR_OPTION_REAL, &set.test, "F",
     "hash: share of the keys that go to test"},
    {"count", 0, COR_OPTION_INT, &set.count, "N",
     "last: interactions of each user that go to test"},
    RECORDS_OPTIONS(set.in),
    RECORDS_PARTS(set.in),
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
    o->item_key = set.key && strcmp(set.key, "item") == 0;
    o->test = set.test;
    o->last = set.count;
    o->seed = command->seed;
    COR_TRY(cor_command_reals(set.fractions, "fractions", COR_PARTS,
                              o->fraction, &o->fractions));
    return cor_split_check(o);
}

/* PREFIX.train.EXT and so on; EXT is that of the input, or `otherwise`. */
static int name_outputs(const cor_command *command, const char *otherwise,
                        outputs *out)
{
    const char *slash = strrchr(command->input[0], '/');
    const char *name = slash ? slash + 1 : command->input[0];
    const char *end = name + cor_records_plain_length(name), *ending = NULL;
    for (const char *c = name + 1; c < end; c++)
        if (*c == '.')
            ending = c;
    if (!ending) {
        ending = otherwise;
        end = ending + strlen(ending);
    }
    for (int p = 0; p < COR_PARTS; p++)
        if (snprintf(out->path[p], PATH_MAX, "%s.%s%.*s", command->output,
                     part_name[p], (int)(end - ending), ending) >= PATH_MAX)
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

/* ---- records ---- */

static int write_records(cor_command *command, cor_records *records,
                         const cor_split_options *o, const cor_path *key,
                         cor_sink *sink)
{
    cor_split_count count;
    COR_TRY(cor_split_records(records, o, key, set.missing, sink,
                              command->progress, &count));
    for (int p = 0; p < COR_PARTS; p++)
        cor_result_int(command->result, part_name[p], count.rows[p]);
    records_in_report(&set.in, count.rejected, command->result);
    return COR_OK;
}

static int split_open_records(cor_command *command, cor_records *records,
                              const cor_split_options *o, const cor_path *key)
{
    cor_sink *sink = NULL;
    outputs out;
    const char *path[COR_PARTS];
    bool csv = cor_records_format(records) == COR_RECORDS_CSV;
    int paths = 0;
    COR_TRY(name_outputs(command, csv ? ".csv" : ".jsonl", &out));
    COR_TRY(records_in_plan(command, records, 0, true));
    for (int p = 0; p < COR_PARTS; p++)
        if (cor_split_has(o, p))
            path[paths++] = out.path[p];
    cor_sink_way way = cor_records_way(records);
    COR_TRY(cor_sink_create(command->team, &way, path, paths, command->force,
                            &sink));
    int rc = write_records(command, records, o, key, sink);
    if (rc == COR_OK)
        rc = cor_sink_commit(&sink);
    cor_sink_abandon(&sink);
    return rc;
}

static int split_files(cor_command *command, const cor_split_options *o)
{
    cor_records *records = NULL;
    cor_path key = {0};
    bool keyed = o->by == COR_SPLIT_HASH;
    COR_TRY(cor_split_check_records(o));
    if (keyed && !set.key)
        return cor_fail(COR_EUSAGE, "--by hash needs --key FIELD");
    if (keyed)
        COR_TRY(
            cor_agree(command->team, records_in_path("key", set.key, &key)));
    int rc = records_in_open(command, &set.in, &records);
    if (rc == COR_OK)
        rc = split_open_records(command, records, o, &key);
    cor_records_close(&records);
    cor_path_free(&key);
    return rc;
}

/* ---- the job ---- */

static int split_one_store(cor_command *command, const cor_split_options *o)
{
    cor_interactions_summary summary;
    outputs out;
    if (set.key && strcmp(set.key, "user") != 0 && !o->item_key)
        return cor_fail(COR_EUSAGE,
                        "--key: a store is split by user or item, not by %s",
                        set.key);
    COR_TRY(name_outputs(command, ".h5", &out));
    COR_TRY(store_measure(command, command->input[0], &summary));
    cor_plan plan = cor_split_plan(command->team, &summary);
    COR_TRY(cor_command_plan(command, &plan));
    for (int p = 0; p < COR_PARTS; p++)
        if (cor_split_has(o, p))
            COR_TRY(store_try_output(command, out.path[p]));
    return split_store(command, o, &out);
}

static int run(cor_command *command)
{
    cor_split_options o;
    bool store;
    COR_TRY(cor_command_inputs(command, 1, INT_MAX));
    COR_TRY(cor_command_needs_output(command));
    COR_TRY(choose_way(command, &o));
    COR_TRY(records_in_kind(command, &store));
    return store ? split_one_store(command, &o) : split_files(command, &o);
}

const cor_job cor_job_split = {
    .name = "split",
    .summary = "part interactions or records to train, choose and test with",
    .usage = "[options] STORE|FILE... -o PREFIX",
    .description =
        "Writes PREFIX.train.EXT, PREFIX.valid.EXT and PREFIX.test.EXT (with "
        "the ending of the input). The parts of a store keep the users, the "
        "items and their numbers; records (JSON lines, CSV, plain or packed) "
        "keep their bytes and their order.\n"
        "\n"
        "  coracle split ratings.h5 -o ml --by time --fractions 0.8,0.1,0.1\n"
        "  coracle split ratings.h5 -o ml --by random --fractions 0.9,0.1\n"
        "  coracle split ratings.h5 -o ml --by hash --key item --test 0.3\n"
        "  coracle split ratings.h5 -o ml --by last --count 1\n"
        "  coracle split reviews.jsonl -o rv --by hash --key reviewer.id\n"
        "\n"
        "time: cuts at the timestamps of those ranks; interactions at a cut "
        "go to the later part. The cuts are `thresholds`. random: each "
        "interaction by --seed and its number. hash: a key is in test when "
        "the MD5 of its text as an integer, modulo the denominator of --test, "
        "is below the numerator (0.3 is 3/10, 0.25 is 25/100), so the same "
        "keys are in test in any later data too; whole numbers are text "
        "without a point, texts are as they stand. last: each user's last "
        "--count "
        "by time are for test. Two fractions, hash and last make no valid.",
    .options = options,
    .run = run};
