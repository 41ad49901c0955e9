#include "jobs.h"

#include "coracle/memory.h"
#include "coracle/popular.h"
#include "coracle/text.h"
#include "ratings_in.h"
#include "stores.h"

#include <string.h>

static struct {
    int64_t number, min_interactions;
    double damping;
    const char *by;
} set = {.number = 10, .min_interactions = 1, .by = "mean"};

static const cor_option options[] = {
    {"number", 'n', COR_OPTION_INT, &set.number, "N", "items to list"},
    {"min-interactions", 0, COR_OPTION_INT, &set.min_interactions, "N",
     "least interactions of an item that is listed"},
    {"by", 0, COR_OPTION_WORDS, &set.by, "mean|count",
     "what makes an item popular: a high mean value, or many interactions"},
    {"damping", 0, COR_OPTION_REAL, &set.damping, "D",
     "draw an item's mean towards that of all, as by D interactions of it"},
    COR_OPTIONS_END};

/* What the list says of its items, as texts of fixed width; NULL for none. */
typedef struct names {
    bool id_text; /* else the ids are integers */
    char *id, *title;
    int64_t id_width, title_width;
} names;

static int find_names(const cor_command *command, const cor_interactions *data,
                      const cor_popular_item *list, int64_t count, names *of)
{
    of->id_text = data->item_id.text;
    COR_TRY(cor_popular_texts(command->team, &data->item_id, list, count,
                              &of->id, &of->id_width));
    if (data->item_title.total == 0)
        return COR_OK;
    return cor_popular_texts(command->team, &data->item_title, list, count,
                             &of->title, &of->title_width);
}

static void report(const cor_popular_item *list, int64_t count, const names *of,
                   cor_result *result)
{
    cor_result *items = cor_result_list(result, "items");
    for (int64_t i = 0; i < count; i++) {
        cor_result *one = cor_result_append_object(items);
        const char *id = of->id + i * of->id_width;
        int64_t number;
        if (!of->id_text && cor_text_int64(id, id + strlen(id), &number))
            cor_result_int(one, "item", number);
        else
            cor_result_text(one, "item", id);
        if (of->title)
            cor_result_text(one, "title", of->title + i * of->title_width);
        cor_result_int(one, "count", list[i].count);
        cor_result_real(one, "mean", list[i].mean);
        if (set.damping > 0)
            cor_result_real(one, "score", list[i].score);
    }
}

/* Another file takes the list, as JSON. */
static bool writes_model(const cor_command *command)
{
    return command->output && ratings_in_is_store(command->output);
}

/* Takes the data. */
static int write_model(cor_command *command, cor_interactions *data,
                       const cor_popular_options *o)
{
    cor_model model;
    COR_TRY(cor_popular_train(command->team, data, o, &model));
    int rc =
        cor_model_write(command->team, command->output, &command->file, &model);
    if (rc == COR_OK) {
        command->output_written = true;
        cor_result_text(command->result, "digest", model.digest);
    }
    cor_model_free(&model);
    return rc;
}

static int list_items(cor_command *command, const cor_popular_options *o)
{
    const cor_interactions_parts parts = {.value = true,
                                          .user_id = writes_model(command),
                                          .item_id = true,
                                          .item_title = true};
    cor_interactions data = {0};
    cor_popular_item *list = NULL;
    int64_t count = 0;
    names of = {0};
    int rc =
        cor_interactions_read(command->team, command->input[0], &parts, &data);
    if (rc == COR_OK)
        rc = cor_popular_items(command->team, &data, o, &list, &count);
    if (rc == COR_OK)
        rc = find_names(command, &data, list, count, &of);
    if (rc == COR_OK)
        report(list, count, &of, command->result);
    if (rc == COR_OK && writes_model(command))
        rc = write_model(command, &data, o);
    cor_free(of.id);
    cor_free(of.title);
    cor_free(list);
    cor_interactions_free(&data);
    return rc;
}

static int run(cor_command *command)
{
    cor_interactions_summary summary;
    COR_TRY(cor_command_inputs(command, 1, 1));
    COR_TRY(store_measure(command, command->input[0], &summary));
    cor_popular_options o = {.most = set.number,
                             .min_interactions = set.min_interactions,
                             .how = {.by = strcmp(set.by, "mean") == 0
                                               ? COR_POPULAR_MEAN
                                               : COR_POPULAR_COUNT,
                                     .damping = set.damping}};
    cor_plan plan =
        cor_popular_plan(command->team, &summary, writes_model(command));
    COR_TRY(cor_command_plan(command, &plan));
    return list_items(command, &o);
}

const cor_job cor_job_popular = {
    .name = "popular",
    .summary = "list the best liked or most used items",
    .usage = "[options] STORE [-o MODEL]",
    .description =
        "Lists items by the mean of their values, highest first, or with "
        "--by count by their number of interactions. Equal ones are ordered "
        "by the other of the two, then as they stand in the store. A mean of "
        "few values says little: --min-interactions leaves such items out, "
        "--damping draws them towards the mean of all.\n"
        "\n"
        "  coracle popular ratings.h5 -n 5 --min-interactions 200\n"
        "\n"
        "With -o MODEL.h5 the same becomes a model that gives every user this "
        "order: what another must better.\n"
        "\n"
        "  coracle popular train.h5 --by count -o popular.h5\n"
        "  coracle evaluate popular.h5 test.h5 --seen train.h5 --at 10\n"
        "\n"
        "Its score and its prediction of an item is the (damped) mean, or the "
        "count, which is no rating; values that are all equal are counted. "
        "Equal scores stand as the items do. Other models use the same, with "
        "--damping 10, for users of whom nothing is known. -o with any other "
        "name takes the list as JSON.",
    .options = options,
    .run = run,
    .result_is_output = true};
