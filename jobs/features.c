#include "jobs.h"

#include "coracle/features.h"
#include "examples_in.h"
#include "stores.h"

#include <string.h>

static struct {
    const char *like, *label, *timezone, *scale;
} set = {.label = "value", .timezone = "UTC", .scale = "none"};

static const cor_option options[] = {
    {"like", 0, COR_OPTION_TEXT, &set.like, "TRAIN",
     "learn who is known, counts, the newest time and scales from this store"},
    {"label", 0, COR_OPTION_TEXT, &set.label, "LABEL",
     "value; a kept column of numbers; or COLUMN=CATEGORY, 1 where a row has "
     "it"},
    {"timezone", 0, COR_OPTION_TEXT, &set.timezone, "ZONE",
     "of days of the week and hours: UTC, +02:00 or such as Europe/Berlin"},
    {"scale", 0, COR_OPTION_WORDS, &set.scale, "none|standard|minmax",
     "of the features that are not ones: as they are, to mean 0 and deviation "
     "1, or to 0 .. 1"},
    COR_OPTIONS_END};

static const cor_interactions_parts parts = {.value = true,
                                             .time = true,
                                             .user_id = true,
                                             .item_id = true,
                                             .kept = true};

static cor_features_options chosen(void)
{
    cor_features_options o = {.label = set.label, .timezone = set.timezone};
    if (strcmp(set.scale, "standard") == 0)
        o.scale = COR_SCALE_STANDARD;
    else if (strcmp(set.scale, "minmax") == 0)
        o.scale = COR_SCALE_MINMAX;
    return o;
}

static int plan(const cor_command *command, cor_plan *needs)
{
    cor_interactions_summary train, store;
    COR_TRY(store_measure(command, command->input[0], &store));
    train = store;
    if (set.like)
        COR_TRY(store_measure(command, set.like, &train));
    *needs = cor_features_plan(command->team, &train, &store);
    return COR_OK;
}

static void warn(const cor_command *command, const cor_features_unknown *found)
{
    if (set.like && found->users + found->items + found->categories > 0)
        cor_progress_note(command->progress,
                          "rows that %s does not know: of %lld the user, of "
                          "%lld the item, of %lld a category",
                          set.like, (long long)found->users,
                          (long long)found->items,
                          (long long)found->categories);
}

static int write_features(const cor_command *command,
                          const cor_features *features,
                          const cor_interactions *data)
{
    cor_examples_summary summary;
    cor_features_unknown unknown;
    COR_TRY(cor_features_write(features, command->input[0], data, !set.like,
                               command->output, &command->file,
                               command->progress, &summary, &unknown));
    warn(command, &unknown);
    examples_in_report(&summary, command->result);
    cor_result *result = cor_result_object(command->result, "unknown");
    cor_result_int(result, "users", unknown.users);
    cor_result_int(result, "items", unknown.items);
    cor_result_int(result, "categories", unknown.categories);
    return COR_OK;
}

/* Learn, then write; where there is a TRAIN its rows make way for the others.
 */
static int make(const cor_command *command)
{
    const cor_features_options o = chosen();
    const char *name = set.like ? set.like : command->input[0];
    cor_interactions data = {0};
    cor_features *features = NULL;
    int rc = cor_interactions_read(command->team, name, &parts, &data);
    if (rc == COR_OK)
        rc = cor_features_learn(command->team, name, &data, &o, &features);
    if (rc == COR_OK && set.like) {
        cor_interactions_free(&data);
        rc = cor_interactions_read(command->team, command->input[0], &parts,
                                   &data);
    }
    if (rc == COR_OK)
        rc = write_features(command, features, &data);
    cor_features_destroy(&features);
    cor_interactions_free(&data);
    return rc;
}

static int run(cor_command *command)
{
    cor_plan needs;
    COR_TRY(cor_command_inputs(command, 1, 1));
    COR_TRY(cor_command_needs_output(command));
    COR_TRY(plan(command, &needs));
    COR_TRY(cor_command_plan(command, &needs));
    COR_TRY(store_try_output(command, command->output));
    return make(command);
}

const cor_job cor_job_features = {
    .name = "features",
    .summary = "make labelled examples of interactions",
    .usage = "[options] STORE -o EXAMPLES [--like TRAIN]",
    .description =
        "Makes an example of each interaction, in the order of the store: 1 at "
        "its user, at its item, and at its category in each column of "
        "categories that the store keeps (ingest --keep); then user_count and "
        "item_count, the interactions of its user and of its item; "
        "recency_days, the whole days before the newest time; day_of_week, "
        "from Monday, which is 0; and hour. What is 0 takes no room. The "
        "features keep their names: user=42, kind=like, hour.\n"
        "\n"
        "  coracle ingest log.csv -o all.h5 --keep kind \\\n"
        "      --columns user=who,item=what,time=when\n"
        "  coracle split all.h5 -o log\n"
        "  coracle features log.train.h5 -o train.h5 --label kind=like \\\n"
        "      --scale standard\n"
        "  coracle features log.test.h5 -o test.h5 --label kind=like \\\n"
        "      --scale standard --like log.train.h5\n"
        "\n"
        "With --like all that is learnt comes from TRAIN, so that nothing of "
        "the test leaks into it: the numbers of the features, counts, the "
        "newest time (what is newer has a negative recency) and scales; give "
        "the same --label, --timezone and --scale as for TRAIN. A user, item "
        "or "
        "category that has no interaction in TRAIN has no 1, and counts of 0: "
        "`unknown` says in how many rows.\n"
        "\n"
        "The column of the label is no feature. A row without it has the label "
        "0 among categories, and is an error among numbers.",
    .options = options,
    .run = run};
