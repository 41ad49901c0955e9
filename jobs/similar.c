#include "id_list.h"
#include "jobs.h"
#include "ratings_in.h"
#include "user_lists.h"

static struct {
    const char *items;
    int64_t number;
} set = {.number = 10};

static user_lists_words words = {
    .result = "items", .who = "like", .items_ask = true, .format = "auto"};

static const cor_option options[] = {
    {"items", 0, COR_OPTION_TEXT, &set.items, "ID,ID", "like these items"},
    {"number", 'n', COR_OPTION_INT, &set.number, "N", "items a list"},
    {"format", 0, COR_OPTION_WORDS, &words.format, USER_LISTS_FORMATS,
     USER_LISTS_FORMAT_HELP},
    COR_OPTIONS_END};

/* Items that the model does not know are worth a word. */
static void note_unknown(const cor_command *command, const user_lists *p)
{
    int64_t unknown = 0;
    for (int64_t q = 0; q < p->lists.count; q++)
        unknown += !p->queries.known[q];
    cor_team_sum(command->team, &unknown, 1);
    cor_result_int(command->result, "unknown", unknown);
    if (unknown)
        cor_progress_note(command->progress,
                          "%lld of %lld items are not in the model: their "
                          "lists are empty",
                          (long long)unknown, (long long)p->queries.id.total);
}

static int make_lists(const cor_command *command, const cor_model *model,
                      user_lists *p)
{
    const cor_team *team = command->team;
    cor_ids asked = {0};
    int rc = id_list_read(team, "items", set.items, &asked);
    if (rc == COR_OK)
        rc = cor_similar_items(team, model, &asked, set.number,
                               command->progress, &p->queries, &p->lists);
    cor_ids_free(&asked);
    COR_TRY(rc);
    return cor_names_create(team, &model->item.id, &model->item_title,
                            p->lists.item, p->lists.count * p->lists.n,
                            &p->names);
}

static int similar(cor_command *command)
{
    cor_model model = {0};
    user_lists lists = {0};
    int rc = cor_model_read(command->team, command->input[0], &model);
    if (rc == COR_OK)
        rc = make_lists(command, &model, &lists);
    if (rc == COR_OK) {
        note_unknown(command, &lists);
        rc = user_lists_deliver(command, &model, &words, &lists, 1);
    }
    user_lists_free(&lists);
    cor_model_free(&model);
    return rc;
}

static int check(const cor_command *command)
{
    COR_TRY(cor_command_inputs(command, 1, 1));
    if (!set.items)
        return cor_fail(COR_EUSAGE, "like what? give --items ID,ID");
    if (set.number < 1)
        return cor_fail(COR_EUSAGE, "-n must be 1 or more");
    return COR_OK;
}

static int run(cor_command *command)
{
    cor_plan needs = {0};
    COR_TRY(check(command));
    COR_TRY(ratings_in_plan_model(command, command->input[0], &needs));
    COR_TRY(cor_command_plan(command, &needs));
    COR_TRY(cor_command_try_output(command));
    return similar(command);
}

const cor_job cor_job_similar = {
    .name = "similar",
    .summary = "items like an item",
    .usage = "[options] MODEL --items ID,ID",
    .description =
        "Finds the items most like others: by the cosine of their factors, or "
        "by the similarities that a model of neighbours between items keeps. "
        "Without -o the lists are part of the result, with -o FILE.csv they "
        "are written as like, rank, item, title, score. " USER_LISTS_FILES "\n"
        "\n"
        "  coracle similar model.h5 --items 318,2959 -n 5",
    .options = options,
    .run = run};
