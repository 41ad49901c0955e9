#include "jobs.h"

#include "coracle/memory.h"
#include "coracle/popular.h"
#include "coracle/text.h"
#include "stores.h"

#include <string.h>

static struct {
    int64_t number, min_interactions;
    const char *by;
} set = {.number = 10, .min_interactions = 1, .by = "mean"};

static const cor_option options[] = {
    {"number", 'n', COR_OPTION_INT, &set.number, "N", "items to list"},
    {"min-interactions", 0, COR_OPTION_INT, &set.min_interactions, "N",
     "least interactions of an item that is listed"},
    {"by", 0, COR_OPTION_WORDS, &set.by, "mean|count",
     "what makes an item popular: a high mean value, or many interactions"},
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
    }
}

static int list_items(cor_command *command, const cor_popular_options *o)
{
    const cor_interactions_parts parts = {
        .value = true, .item_id = true, .item_title = true};
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
                             .by = strcmp(set.by, "mean") == 0
                                       ? COR_POPULAR_MEAN
                                       : COR_POPULAR_COUNT};
    cor_plan plan = cor_popular_plan(command->team, &summary);
    if (command->plan) {
        cor_plan_report(command->team, &plan, command->result);
        return COR_OK;
    }
    COR_TRY(cor_plan_check(command->team, &plan));
    return list_items(command, &o);
}

const cor_job cor_job_popular = {
    .name = "popular",
    .summary = "list the best liked or most used items",
    .usage = "[options] STORE",
    .description =
        "Lists items by the mean of their values, highest first, or with "
        "--by count by their number of interactions. Equal ones are ordered "
        "by the other of the two, then as they stand in the store. A mean of "
        "few values says little: --min-interactions leaves such items out.\n"
        "\n"
        "  coracle popular ratings.h5 -n 5 --min-interactions 200",
    .options = options,
    .run = run,
    .result_is_output = true};
