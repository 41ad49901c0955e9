#include "expand_like.h"

#include "coracle/expand.h"
#include "coracle/memory.h"
#include "coracle/reduce.h"
#include "coracle/text.h"
#include "stores.h"

#include <string.h>

static int read_scale(const char *text, int64_t *users, int64_t *items)
{
    const char *by = text ? strchr(text, 'x') : NULL;
    if (!text)
        return cor_fail(COR_EUSAGE, "--like needs --scale: how many times the "
                                    "users and the items, as in --scale 4x8");
    if (!by || !cor_text_int64(text, by, users) ||
        !cor_text_int64(by + 1, text + strlen(text), items))
        return cor_fail(COR_EUSAGE,
                        "--scale %s: must be two whole numbers, as in "
                        "--scale 4x8",
                        text);
    if (*users < 1 || *items < 1 || *users > COR_REDUCE_MOST ||
        *items > COR_REDUCE_MOST)
        return cor_fail(COR_EUSAGE, "--scale %s: both must be from 1 to %d",
                        text, COR_REDUCE_MOST);
    return COR_OK;
}

/* How still the reduction is to stand for a plan: a few rounds. */
static const double PLANNED = 0.01;

/* The rates at which the copies of interactions are kept. Collective. */
static int find_rates(const cor_command *command, const char *like,
                      int64_t users, int64_t items, double *rate)
{
    const cor_interactions_parts parts = {.value = true};
    cor_interactions data = {0};
    cor_ratings ratings = {0};
    int rc = cor_interactions_read(command->team, like, &parts, &data);
    if (rc == COR_OK)
        rc = cor_reduce_check(data.users, data.items, users, items);
    if (rc == COR_OK)
        rc = cor_ratings_create(command->team, &data,
                                users < items ? users : items, INT64_MAX,
                                &ratings);
    if (rc == COR_OK)
        rc = cor_reduce(command->team, &ratings, users, items,
                        command->plan ? PLANNED : COR_REDUCE_SETTLED,
                        command->progress, rate);
    cor_ratings_free(&ratings);
    cor_interactions_free(&data);
    if (rc == COR_OK)
        cor_expand_rates(users * items, rate);
    return rc;
}

/* Programs get the rates one by one. */
static void report_rates(const cor_command *command,
                         const cor_expand_options *options)
{
    if (!command->json)
        return;
    cor_result *rates = cor_result_list(command->result, "rates");
    for (int64_t i = 0; i < options->users; i++) {
        cor_result *row = cor_result_append_list(rates);
        for (int64_t j = 0; j < options->items; j++)
            cor_result_append_real(row, options->rate[i * options->items + j]);
    }
}

static int expand(const cor_command *command, const char *like,
                  const cor_expand_options *options, double expected)
{
    const cor_interactions_parts parts = {.value = true, .time = true};
    cor_interactions data = {0}, out = {0};
    cor_interactions_summary summary;
    int rc = cor_interactions_read(command->team, like, &parts, &data);
    if (rc == COR_OK)
        rc = cor_expand(command->team, &data, options, command->progress, &out);
    cor_interactions_free(&data);
    if (rc == COR_OK)
        rc = cor_interactions_write(command->team, command->output,
                                    &command->file, &out, &summary);
    cor_interactions_free(&out);
    if (rc == COR_OK) {
        store_report(&summary, command->result);
        cor_result_real(command->result, "expected", expected);
        report_rates(command, options);
    }
    return rc;
}

/* With the rates known: plan, or do it. */
static int plan_and_expand(const cor_command *command, const char *like,
                           const cor_interactions_summary *store,
                           const cor_expand_options *options,
                           const cor_plan *reduce)
{
    COR_TRY(cor_expand_check(store->users, store->items, options));
    cor_plan plan = cor_expand_plan(command->team, store, options);
    if (plan.bytes_rank < reduce->bytes_rank)
        plan.bytes_rank = reduce->bytes_rank;
    COR_TRY(cor_command_plan(command, &plan));
    return expand(command, like, options,
                  cor_expand_count(store->interactions, options));
}

int expand_like(const cor_command *command, const expand_like_options *o)
{
    cor_interactions_summary store;
    cor_expand_options options = {
        .shards = o->shards, .titles = o->titles, .seed = command->seed};
    COR_TRY(read_scale(o->scale, &options.users, &options.items));
    COR_TRY(store_measure(command, o->like, &store));
    if (!command->plan)
        COR_TRY(store_try_output(command, command->output));
    cor_plan plan =
        cor_reduce_plan(command->team, &store, options.users, options.items);
    COR_TRY(cor_plan_check(command->team, &plan));
    double *rate = NULL;
    int rc =
        cor_agree(command->team, COR_NEW(&rate, options.users * options.items));
    options.rate = rate;
    if (rc == COR_OK)
        rc = find_rates(command, o->like, options.users, options.items, rate);
    if (rc == COR_OK)
        rc = plan_and_expand(command, o->like, &store, &options, &plan);
    cor_free(rate);
    return rc;
}
