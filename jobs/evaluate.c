#include "clipping.h"
#include "jobs.h"
#include "ratings_in.h"

#include "coracle/evaluate.h"
#include "coracle/ranking.h"

#include <math.h>
#include <stdio.h>

static struct {
    const char *columns, *seen, *at, *relevant;
    bool clip;
} set = {.clip = true};

static const cor_option options[] = {
    {"at", 0, COR_OPTION_TEXT, &set.at, "K,K,...",
     "judge lists of K items, ranked over the whole catalogue"},
    {"seen", 0, COR_OPTION_TEXT, &set.seen, "STORE",
     "leave out of the lists what users have in here: the training data"},
    {"relevant", 0, COR_OPTION_TEXT, &set.relevant, "VALUE",
     "least value of a test item that a list should hold (all)"},
    {"columns", 0, COR_OPTION_TEXT, &set.columns, "NAME=COLUMN,...",
     "where user, item and value stand, where TEST is a text file"},
    CLIPPING_OPTION(&set.clip),
    COR_OPTIONS_END};

/* What the options say of lists. */
typedef struct cutoffs {
    int count;
    int64_t k[COR_CUTOFFS];
    double least;
} cutoffs;

static int parse(cutoffs *cut)
{
    int one;
    *cut = (cutoffs){.least = -INFINITY};
    if (!set.at && (set.seen || set.relevant))
        return cor_fail(COR_EUSAGE, "--seen and --relevant are about lists: "
                                    "give --at K,K,... as well");
    if (set.relevant)
        COR_TRY(
            cor_command_reals(set.relevant, "relevant", 1, &cut->least, &one));
    if (!set.at)
        return COR_OK;
    COR_TRY(cor_command_ints(set.at, "at", COR_CUTOFFS, cut->k, &cut->count));
    for (int c = 0; c < cut->count; c++)
        if (cut->k[c] < 1 || cut->k[c] > INT32_MAX)
            return cor_fail(COR_EUSAGE,
                            "--at: %lld is no length of a list; give numbers "
                            "from 1 on",
                            (long long)cut->k[c]);
    return COR_OK;
}

static int plan(const cor_command *command, const cutoffs *cut, cor_plan *plan)
{
    COR_TRY(ratings_in_plan_model(command, command->input[0], plan));
    COR_TRY(ratings_in_plan(command, command->input[1], set.columns, plan));
    if (set.seen)
        COR_TRY(ratings_in_plan(command, set.seen, NULL, plan));
    int64_t most = 0, users, ranks = cor_team_size(command->team);
    if (cut->count == 0)
        return COR_OK;
    COR_TRY(ratings_in_users(command, command->input[1], set.columns, &users));
    for (int c = 0; c < cut->count; c++)
        most = cut->k[c] > most ? cut->k[c] : most;
    /* a place of a list: an entry of the heap, item and score, and its name */
    plan->bytes_rank += users / ranks * most * 40;
    plan->bytes_rank += plan->rows_rank * 24; /* rows sorted by user and item */
    return COR_OK;
}

static void report_error(const cor_error *error, const cor_model *model,
                         cor_result *result)
{
    cor_result_int(result, "n", error->n);
    cor_result_int(result, "unknown", error->unknown);
    cor_result_real(result, "rmse", error->rmse);
    cor_result_real(result, "mae", error->mae);
    clipping_report(model, result);
}

static void put_at(cor_result *result, const char *word, int64_t k,
                   double value)
{
    char name[48];
    snprintf(name, sizeof name, "%s@%lld", word, (long long)k);
    cor_result_real(result, name, value);
}

static void report_ranking(const cor_ranking *ranking, cor_result *result)
{
    cor_result_int(result, "users", ranking->users);
    cor_result_int(result, "users_without", ranking->users_without);
    cor_result_int(result, "users_unknown", ranking->users_unknown);
    cor_result_int(result, "relevant", ranking->relevant);
    cor_result_int(result, "items_unknown", ranking->items_unknown);
    cor_result_int(result, "catalogue", ranking->catalogue);
    cor_result_text(result, "left_out", set.seen ? set.seen : "nothing");
    cor_result_real(result, "mrr", ranking->mrr);
    for (int c = 0; c < ranking->cutoffs; c++) {
        const cor_ranking_at *at = &ranking->at[c];
        put_at(result, "precision", at->k, at->precision);
        put_at(result, "recall", at->k, at->recall);
        put_at(result, "recall_capped", at->k, at->recall_capped);
        put_at(result, "hit_rate", at->k, at->hit_rate);
        put_at(result, "ndcg", at->k, at->ndcg);
        put_at(result, "map", at->k, at->map);
        put_at(result, "coverage", at->k, at->coverage);
        put_at(result, "popularity", at->k, at->popularity);
    }
}

static int rank(const cor_command *command, const cutoffs *cut,
                const cor_model *model, const cor_interactions *test)
{
    cor_interactions seen = {0};
    cor_ranking ranking;
    int rc = COR_OK;
    if (set.seen)
        rc = ratings_in_read(command, set.seen, NULL, true, &seen);
    if (rc == COR_OK)
        rc = cor_evaluate_ranking(command->team, model, test,
                                  set.seen ? &seen : NULL, cut->least, cut->k,
                                  cut->count, command->progress, &ranking);
    if (rc == COR_OK)
        report_ranking(&ranking, command->result);
    cor_interactions_free(&seen);
    return rc;
}

static int evaluate(cor_command *command, const cutoffs *cut)
{
    cor_model model = {0};
    cor_interactions test = {0};
    cor_error error;
    int rc = cor_model_read(command->team, command->input[0], &model);
    model.unclipped = !set.clip;
    if (rc == COR_OK)
        rc = ratings_in_read(command, command->input[1], set.columns, false,
                             &test);
    if (rc == COR_OK)
        rc = cor_evaluate_error(command->team, &model, &test, &error);
    if (rc == COR_OK)
        report_error(&error, &model, command->result);
    if (rc == COR_OK && cut->count > 0)
        rc = rank(command, cut, &model, &test);
    cor_interactions_free(&test);
    cor_model_free(&model);
    return rc;
}

static int run(cor_command *command)
{
    cor_plan needs;
    cutoffs cut;
    COR_TRY(cor_command_inputs(command, 2, 2));
    COR_TRY(parse(&cut));
    COR_TRY(plan(command, &cut, &needs));
    COR_TRY(cor_command_plan(command, &needs));
    return evaluate(command, &cut);
}

const cor_job cor_job_evaluate = {
    .name = "evaluate",
    .summary = "how good a model is on interactions that training has not seen",
    .usage = "[options] MODEL TEST",
    .description =
        "Predicts every interaction of TEST, a store or a text file with a "
        "header, and gives the root mean squared and the mean absolute error. "
        "Predictions are clipped to the range of the training values, unless "
        "--no-clip. With "
        "--at each user's list of K items is judged as well: the whole "
        "catalogue is ranked, nothing is sampled, and what --seen holds of a "
        "user is left out, and only that.\n"
        "\n"
        "  coracle evaluate model.h5 test.h5 --json\n"
        "  coracle evaluate model.h5 test.h5 --seen train.h5 --at 5,10,20\n"
        "\n"
        "With h of a user's n test items among the first K: precision h / K, "
        "recall h / n, recall_capped h / min(K, n), hit_rate whether h > 0; "
        "ndcg and map look at the places too, mrr at that of the first test "
        "item in the whole ranking; all are means over `users`. Users without "
        "test items, and those that the model does not know, are left out and "
        "counted. coverage is the share of the `catalogue` that some list "
        "has, popularity the mean number of training interactions of what is "
        "recommended. Equal scores are ordered by the item's row.\n"
        "\n"
        "`unknown` counts the pairs whose user or item had no training "
        "ratings: they are predicted from what is known of the other, by its "
        "bias or else its mean, and by the mean of all where nothing is.",
    .options = options,
    .run = run,
    .result_is_output = true};
