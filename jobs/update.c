#include "jobs.h"
#include "ratings_in.h"
#include "stores.h"

#include "coracle/recommend.h"
#include "coracle/update.h"

static struct {
    const char *columns;
} set;

static const cor_option options[] = {
    {"columns", 0, COR_OPTION_TEXT, &set.columns, "NAME=COLUMN,...",
     "where user, item and value stand, where NEW is a text file"},
    COR_OPTIONS_END};

static const char note[] =
    "an approximation: users first, then items, each by one regularised "
    "least-squares step with the other side fixed; a known row's old values "
    "stand in by their number and the mean over all; the overall mean stays; "
    "train again once much is new";

static int plan(const cor_command *command, cor_plan *plan)
{
    cor_model_size size;
    int64_t users, ranks = cor_team_size(command->team);
    COR_TRY(cor_model_measure(command->team, command->input[0], &size));
    COR_TRY(ratings_in_plan_model(command, command->input[0], plan));
    COR_TRY(ratings_in_plan(command, command->input[1], set.columns, plan));
    /* interactions sorted by user and item; all rows of the model travel when
       there are new ones, as sent, arrived and placed, a column at a time; and
       the rows of those who are folded in */
    plan->bytes_rank += plan->rows_rank * 36;
    COR_TRY(ratings_in_users(command, command->input[1], set.columns, &users));
    int64_t row = size.item_bytes + 64;
    plan->bytes_rank +=
        size.bytes / ranks * 2 + (users + size.items) / ranks * row;
    plan->bytes_disk = size.bytes + users * row;
    return COR_OK;
}

static int read_new(cor_command *command, cor_interactions *data)
{
    const cor_interactions_parts parts = {
        .value = true, .user_id = true, .item_id = true, .item_title = true};
    if (ratings_in_is_store(command->input[1]))
        return cor_interactions_read(command->team, command->input[1], &parts,
                                     data);
    return ratings_in_read(command, command->input[1], set.columns, false,
                           data);
}

static void report(const cor_update *done, const cor_model *model,
                   cor_result *result)
{
    cor_result_int(result, "users", done->users);
    cor_result_int(result, "new_users", done->new_users);
    cor_result_int(result, "items", done->items);
    cor_result_int(result, "new_items", done->new_items);
    cor_result_int(result, "ignored", done->ignored);
    cor_result_text(result, "note", note);
    cor_result_text(result, "digest", model->digest);
}

static int update(cor_command *command, cor_model *model,
                  const cor_interactions *data)
{
    cor_update done;
    COR_TRY(cor_model_update(command->team, model, data, &done));
    COR_TRY(
        cor_model_write(command->team, command->output, &command->file, model));
    report(&done, model, command->result);
    return COR_OK;
}

static int run(cor_command *command)
{
    cor_plan needs;
    cor_model model = {0};
    cor_interactions data = {0};
    COR_TRY(cor_command_inputs(command, 2, 2));
    COR_TRY(cor_command_needs_output(command));
    COR_TRY(plan(command, &needs));
    COR_TRY(cor_command_plan(command, &needs));
    COR_TRY(store_try_output(command, command->output));
    int rc = cor_model_read(command->team, command->input[0], &model);
    if (rc == COR_OK)
        rc = read_new(command, &data);
    if (rc == COR_OK)
        rc = update(command, &model, &data);
    cor_interactions_free(&data);
    cor_model_free(&model);
    return rc;
}

const cor_job cor_job_update = {
    .name = "update",
    .summary = "take in new interactions without training again",
    .usage = "[options] MODEL NEW -o MODEL",
    .description =
        "Makes a model that knows the interactions of NEW too, a store or a "
        "text file with a header: new users and new items are in it, known "
        "ones have moved. It takes the time of reading the model and of one "
        "pass over NEW.\n"
        "\n"
        "  coracle update model.h5 today.csv -o tomorrow.h5\n"
        "\n"
        "First the users of NEW are folded in with the items as they are, "
        "then its items with the users as they are by then, each by the "
        "regularised least squares of the model. The model does not keep the "
        "interactions that it was trained on: of a known user's, only their "
        "number is left, so they are taken to be spread over the items as "
        "those of all are. The overall mean stays as it is, and so does who is "
        "not in NEW. So train again once much is new; give interactions that "
        "the model has not had.\n"
        "\n"
        "For als, als --implicit, sgd by squared error, and baseline, where it "
        "is all but exact. A new user of new items alone stays unknown: "
        "`ignored` counts interactions of which neither side could be known. "
        "knn and popular are made again instead.",
    .options = options,
    .run = run};
