#include "jobs.h"
#include "ratings_in.h"
#include "stores.h"

#include "coracle/memory.h"
#include "coracle/sequences.h"

#include <string.h>

static struct {
    cor_option_texts history;
    bool prefixes;
    int64_t min_length, max_length;
    const char *ids;
} set = {.min_length = 1, .ids = "dense"};

static const cor_option options[] = {
    {"history", 0, COR_OPTION_LIST, &set.history, "STORE",
     "what users did before, in this order; may be given several times"},
    {"prefixes", 0, COR_OPTION_FLAG, &set.prefixes, NULL,
     "a line a prefix and its next item, instead of a line a user"},
    {"min-length", 0, COR_OPTION_INT, &set.min_length, "L",
     "least items of a prefix"},
    {"max-length", 0, COR_OPTION_INT, &set.max_length, "N",
     "keep the last N items of a prefix, or of a user's line; 0 keeps all"},
    {"ids", 0, COR_OPTION_WORDS, &set.ids, "dense|original",
     "numbers of the store from 1 on, or the ids of the input"},
    COR_OPTIONS_END};

static cor_sequences_options chosen(void)
{
    return (cor_sequences_options){.prefixes = set.prefixes,
                                   .min_length = set.min_length,
                                   .max_length = set.max_length,
                                   .original =
                                       strcmp(set.ids, "original") == 0};
}

static int check(const cor_command *command)
{
    const cor_sequences_options o = chosen();
    COR_TRY(cor_command_inputs(command, 1, 1));
    COR_TRY(cor_command_needs_output(command));
    if (!set.prefixes && set.min_length != 1)
        return cor_fail(COR_EUSAGE, "--min-length is about prefixes: give "
                                    "--prefixes as well");
    if (ratings_in_is_store(command->output))
        return cor_fail(COR_EUSAGE,
                        "sequences writes text: give -o FILE.txt or FILE.tsv");
    return cor_sequences_check(&o);
}

static int plan(const cor_command *command, cor_plan *plan)
{
    int histories = set.history.count;
    const cor_sequences_options o = chosen();
    cor_interactions_summary store, *history = NULL;
    int rc = cor_agree(command->team, COR_NEW(&history, histories));
    if (rc == COR_OK)
        rc = store_measure(command, command->input[0], &store);
    for (int h = 0; rc == COR_OK && h < histories; h++)
        rc = store_measure(command, set.history.text[h], &history[h]);
    if (rc == COR_OK)
        *plan =
            cor_sequences_plan(command->team, &store, history, histories, &o);
    cor_free(history);
    return rc;
}

/* Numbers of a single store need no ids. */
static cor_interactions_parts needed(void)
{
    bool ids = chosen().original || set.history.count > 0;
    return (cor_interactions_parts){.user_id = ids, .item_id = ids};
}

static int add_history(const cor_command *command, const char *path,
                       cor_sequences *sequences)
{
    const cor_interactions_parts parts = needed();
    cor_interactions history = {0};
    int rc = cor_interactions_read(command->team, path, &parts, &history);
    if (rc == COR_OK)
        rc = cor_sequences_precede(sequences, path, &history);
    cor_interactions_free(&history);
    return rc;
}

static int write_sequences(cor_command *command, cor_sequences *sequences)
{
    const cor_sequences_options o = chosen();
    cor_sequences_count count;
    for (int h = 0; h < set.history.count; h++)
        COR_TRY(add_history(command, set.history.text[h], sequences));
    COR_TRY(cor_sequences_write(sequences, command->output, command->force, &o,
                                command->progress, &count));
    cor_result_int(command->result, "users", count.users);
    cor_result_int(command->result, "lines", count.lines);
    return COR_OK;
}

static int run(cor_command *command)
{
    cor_plan needs;
    const cor_interactions_parts parts = needed();
    cor_interactions data = {0};
    cor_sequences *sequences = NULL;
    COR_TRY(check(command));
    COR_TRY(plan(command, &needs));
    COR_TRY(cor_command_plan(command, &needs));
    COR_TRY(cor_command_try_output(command));
    int rc =
        cor_interactions_read(command->team, command->input[0], &parts, &data);
    if (rc == COR_OK)
        rc = cor_sequences_create(command->team, command->input[0], &data,
                                  &sequences);
    if (rc == COR_OK)
        rc = write_sequences(command, sequences);
    cor_sequences_destroy(&sequences);
    cor_interactions_free(&data);
    return rc;
}

const cor_job cor_job_sequences = {
    .name = "sequences",
    .summary = "what each user did in the order of time, for sequential models",
    .usage = "[options] STORE -o FILE",
    .description =
        "Writes a line a user, its items in the order of time; of equal times, "
        "or without times, in the order of the input:\n"
        "\n"
        "  user item item item ...\n"
        "\n"
        "With --prefixes every item that has at least --min-length items "
        "before it makes a line: the user, the items before it and the item "
        "itself, between tabs:\n"
        "\n"
        "  user<TAB>item item ...<TAB>next\n"
        "\n"
        "Users stand in the order of the store. Numbers are those of the store "
        "from 1 on (0 is left for padding), alike in all parts of a split or a "
        "k-core; --ids original writes the ids of the input, which must have "
        "no blanks in them.\n"
        "\n"
        "  coracle split ratings.h5 -o ml\n"
        "  coracle kcore ml.train.h5 ml.valid.h5 ml.test.h5 -o core\n"
        "  coracle sequences core/ml.train.h5 -o train.tsv --prefixes\n"
        "  coracle sequences core/ml.valid.h5 -o valid.tsv --prefixes \\\n"
        "      --history core/ml.train.h5\n"
        "  coracle sequences core/ml.test.h5 -o test.tsv --prefixes \\\n"
        "      --history core/ml.train.h5 --history core/ml.valid.h5\n"
        "\n"
        "With --history the items that a user has in these stores, in the "
        "order that they are given, come before those of STORE. Only users "
        "with rows in STORE get lines, and prefixes foretell items of STORE "
        "alone.\n"
        "\n"
        "The prefixes of a user with n items hold n squared / 2 of them: "
        "--max-length 50 keeps the last 50 of each.",
    .options = options,
    .run = run};
