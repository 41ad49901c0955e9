#include "clipping.h"
#include "jobs.h"
#include "ratings_in.h"

#include "coracle/csv.h"
#include "coracle/memory.h"
#include "coracle/output.h"
#include "coracle/recommend.h"

#include <string.h>

static struct {
    const char *columns;
    bool clip;
} set = {.clip = true};

static const cor_option options[] = {
    {"columns", 0, COR_OPTION_TEXT, &set.columns, "NAME=COLUMN,...",
     "where user and item stand, where PAIRS is a text file"},
    CLIPPING_OPTION(&set.clip),
    COR_OPTIONS_END};

/* A row of text beside the pair it belongs to; it grows by doubling. */
enum { ROW_BYTES = 40 };

static int plan(const cor_command *command, cor_plan *plan)
{
    COR_TRY(ratings_in_plan_model(command, command->input[0], plan));
    COR_TRY(ratings_in_plan(command, command->input[1], set.columns, plan));
    plan->bytes_rank += plan->rows_rank * ROW_BYTES;
    plan->bytes_disk =
        plan->rows_rank * ROW_BYTES / 2 * cor_team_size(command->team);
    return COR_OK;
}

static void write_rows(const cor_team *team, const cor_interactions *pairs,
                       const cor_ids *user, const cor_ids *item,
                       const float *rating, cor_csv *csv)
{
    char id[COR_ID_LIMIT + 1];
    if (cor_team_rank(team) == 0)
        cor_csv_bytes(csv, "user,item,prediction\n",
                      (int64_t)strlen("user,item,prediction\n"));
    for (int64_t i = 0; i < pairs->rows; i++) {
        cor_ids_print(user, pairs->user[i], id, sizeof id);
        cor_csv_text(csv, id);
        cor_ids_print(item, pairs->item[i], id, sizeof id);
        cor_csv_text(csv, id);
        cor_csv_real(csv, (double)rating[i], 9);
        cor_csv_end(csv);
    }
}

/* Ids instead of numbers, row by row in input order. */
static int write_file(const cor_command *command, cor_interactions *pairs,
                      const float *rating)
{
    const cor_team *team = command->team;
    cor_names *users = NULL, *items = NULL;
    cor_csv csv = {0};
    int rc = cor_names_create(team, &pairs->user_id, NULL, pairs->user,
                              pairs->rows, &users);
    if (rc == COR_OK)
        rc = cor_names_create(team, &pairs->item_id, NULL, pairs->item,
                              pairs->rows, &items);
    if (rc == COR_OK) {
        write_rows(team, pairs, cor_names_id(users), cor_names_id(items),
                   rating, &csv);
        rc = cor_csv_write(team, command->output, command->force, &csv, 1);
    }
    cor_csv_free(&csv);
    cor_names_destroy(&users);
    cor_names_destroy(&items);
    return rc;
}

static int predict_and_write(cor_command *command, cor_model *model,
                             cor_interactions *pairs)
{
    float *rating = NULL;
    int64_t rows = pairs->rows, unknown;
    cor_team_sum(command->team, &rows, 1);
    model->unclipped = !set.clip;
    int rc = cor_agree(command->team, COR_NEW(&rating, pairs->rows));
    if (rc == COR_OK)
        rc = cor_predict_interactions(command->team, model, pairs, rating,
                                      &unknown);
    if (rc == COR_OK)
        rc = write_file(command, pairs, rating);
    cor_free(rating);
    COR_TRY(rc);
    cor_result_int(command->result, "rows", rows);
    cor_result_int(command->result, "unknown", unknown);
    clipping_report(model, command->result);
    return COR_OK;
}

static int run(cor_command *command)
{
    cor_plan needs;
    COR_TRY(cor_command_inputs(command, 2, 2));
    COR_TRY(cor_command_needs_output(command));
    COR_TRY(plan(command, &needs));
    COR_TRY(cor_command_plan(command, &needs));
    COR_TRY(cor_command_try_output(command));
    cor_model model = {0};
    cor_interactions pairs = {0};
    int rc = cor_model_read(command->team, command->input[0], &model);
    if (rc == COR_OK)
        rc = ratings_in_read(command, command->input[1], set.columns, true,
                             &pairs);
    if (rc == COR_OK)
        rc = predict_and_write(command, &model, &pairs);
    cor_interactions_free(&pairs);
    cor_model_free(&model);
    return rc;
}

const cor_job cor_job_predict = {
    .name = "predict",
    .summary = "predicted ratings for pairs of users and items",
    .usage = "[options] MODEL PAIRS -o FILE.csv",
    .description =
        "PAIRS is a text file with a user and an item a line, or a store; "
        "further columns are passed over. The output has the columns user, "
        "item and prediction, a line for each of PAIRS in its order. "
        "Predictions are clipped to the range of the training values, unless "
        "--no-clip.\n"
        "\n"
        "  coracle predict model.h5 pairs.csv -o predictions.csv\n"
        "\n"
        "A user or item that training never saw is predicted from what is "
        "known of the other; `unknown` counts those pairs.",
    .options = options,
    .run = run};
