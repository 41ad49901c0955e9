#include "jobs.h"
#include "trainer.h"
#include "training_in.h"

#include "coracle/knn.h"

#include <stdio.h>
#include <string.h>

static struct {
    const char *between, *similarity, *keep;
    int64_t neighbors, min_neighbors, min_support;
    int64_t epochs;
    double shrinkage, reg_users, reg_items;
} set = {.between = "items",
         .similarity = "pearson-baseline",
         .keep = "all",
         .neighbors = 40,
         .min_neighbors = 1,
         .min_support = 1,
         .shrinkage = 100,
         .epochs = 10,
         .reg_users = 15,
         .reg_items = 10};

static const cor_option options[] = {
    {"between", 0, COR_OPTION_WORDS, &set.between, "items|users",
     "what is compared: items by who rated them, or users by what they rated"},
    {"similarity", 0, COR_OPTION_WORDS, &set.similarity,
     "pearson-baseline|cosine|msd",
     "correlation of what is beyond the baseline; cosine of the ratings; "
     "1 / (1 + mean squared difference)"},
    {"neighbors", 'k', COR_OPTION_INT, &set.neighbors, "K",
     "most neighbours that a prediction is taken from"},
    {"min-neighbors", 0, COR_OPTION_INT, &set.min_neighbors, "N",
     "with fewer neighbours the baseline alone is predicted"},
    {"min-support", 0, COR_OPTION_INT, &set.min_support, "N",
     "with fewer who rated both, two are not similar; pearson-baseline wants 2 "
     "at least"},
    {"shrinkage", 0, COR_OPTION_REAL, &set.shrinkage, "S",
     "pearson-baseline: with n who rated both, times (n - 1) / (n - 1 + S)"},
    {"keep", 0, COR_OPTION_TEXT, &set.keep, "all|N",
     "keep all similarities, or the N strongest of each; N for very many "
     "items or users"},
    {"epochs", 0, COR_OPTION_INT, &set.epochs, "N",
     "of the baseline, by alternating least squares"},
    {"reg-users", 0, COR_OPTION_REAL, &set.reg_users, "R",
     "of the baseline, as in `baseline`"},
    {"reg-items", 0, COR_OPTION_REAL, &set.reg_items, "R", "the same"},
    {"valid", 0, COR_OPTION_TEXT, &training_set.valid, "STORE",
     "report the error on these ratings"},
    CHECKPOINT_OPTIONS,
    COR_OPTIONS_END};

static int fit_options(int64_t seed, bool input_order, cor_knn_options *o)
{
    int count;
    *o = cor_knn_options_default();
    o->between_users = strcmp(set.between, "users") == 0;
    o->similarity.shrinkage = set.shrinkage;
    o->similarity.support = set.min_support;
    if (strcmp(set.similarity, "cosine") == 0)
        o->similarity.kind = COR_COSINE;
    else if (strcmp(set.similarity, "msd") == 0)
        o->similarity.kind = COR_MSD;
    o->most = set.neighbors;
    o->least = set.min_neighbors;
    o->baseline.epochs = set.epochs;
    o->baseline.reg_user = set.reg_users;
    o->baseline.reg_item = set.reg_items;
    o->input_order = input_order;
    o->seed = seed;
    if (strcmp(set.keep, "all") == 0)
        return COR_OK;
    COR_TRY(cor_command_ints(set.keep, "keep", 1, &o->keep, &count));
    if (o->keep < 1)
        return cor_fail(COR_EUSAGE, "--keep must be `all` or 1 or more, not %s",
                        set.keep);
    return COR_OK;
}

static void report(const cor_knn_fit *fit, const cor_model *model,
                   cor_result *result)
{
    cor_result_text(result, "job", "knn");
    cor_result_int(result, "epochs", fit->epochs);
    cor_result_real(result, "seconds", fit->seconds);
    training_in_report_list("history", fit->history, fit->epochs, result);
    training_in_report_error("train", fit->train_rmse, fit->train_mae, result);
    cor_result_int(result, "sampled", fit->sampled);
    if (fit->has_valid)
        training_in_report_error("valid", fit->valid_rmse, fit->valid_mae,
                                 result);
    cor_result_int(result, "similarities", fit->similarities);
    cor_result_text(result, "digest", model->digest);
}

static int train(cor_command *command, const cor_knn_options *o,
                 training_in *in)
{
    cor_model model;
    cor_knn_fit fit;
    COR_TRY(cor_knn_train(command->team, &in->data, in->valid, o,
                          command->progress, &model, &fit));
    int rc = fit.stopped ? checkpoint_in_stopped("epoch", fit.epochs) : COR_OK;
    if (rc == COR_OK)
        rc = cor_model_write(command->team, command->output, &command->file,
                             &model);
    if (rc == COR_OK)
        report(&fit, &model, command->result);
    cor_model_free(&model);
    cor_knn_fit_free(&fit);
    return rc;
}

static int check_plan(const cor_command *command, const cor_plan *plan,
                      bool all)
{
    int rc = cor_command_plan(command, plan);
    if (rc != COR_EMEMORY || !all)
        return rc;
    char message[COR_MESSAGE_SIZE / 2];
    snprintf(message, sizeof message, "%s", cor_message());
    return cor_fail(
        rc, "%s; or keep only the strongest similarities: --keep 100", message);
}

static int run(cor_command *command)
{
    cor_knn_options o;
    training_in in;
    COR_TRY(training_in_measure(command, &in));
    COR_TRY(fit_options(command->seed, !in.size.has_time, &o));
    o.course = training_in_course(&in);
    cor_plan plan =
        cor_knn_plan(command->team, in.size.interactions, in.size.users,
                     in.size.items, in.valid_rows, &o);
    COR_TRY(check_plan(command, &plan, o.keep == 0));
    COR_TRY(training_in_read(command, &in));
    int rc = train(command, &o, &in);
    training_in_free(&in);
    return rc;
}

const cor_job cor_job_knn = {
    .name = "knn",
    .summary = "neighbourhoods of items or users around the baseline",
    .usage = "[options] TRAIN -o MODEL",
    .description =
        "Predicts a rating by the baseline, plus what the user's ratings of "
        "the most similar items are beyond it, each weighted by its "
        "similarity. Between users: what the most similar users' ratings of "
        "the item are beyond it.\n"
        "\n"
        "  coracle knn train.h5 -o neighbours.h5\n"
        "  coracle evaluate neighbours.h5 test.h5\n"
        "  coracle knn train.h5 --similarity cosine --min-support 5 \\\n"
        "      --keep 100 -o neighbours.h5\n"
        "\n"
        "All similarities are kept, sparse, so that a prediction finds the "
        "nearest of what the user has rated; that grows with the square of "
        "the items. With --keep N it grows with the items alone.\n"
        "\n"
        "Of equal similarities, which are many where few rated both, those "
        "that count are drawn by --seed; between items of a store without "
        "times, by the order of the input. `train` is the error on the "
        "training ratings themselves (at most a million of them, `sampled`), "
        "of which each is its own nearest neighbour: it says little of new "
        "ratings.\n"
        "\n"
        "With --checkpoint DIR a SIGUSR1 finishes the epoch of the baseline or "
        "the part of the search in hand, writes a checkpoint of what is "
        "compared and leaves with 75; the same command with --resume goes on, "
        "on any number of ranks, to the same bits.",
    .options = options,
    .run = run};

static int fit_only(const cor_team *team, int64_t seed, cor_interactions *train,
                    cor_model *model)
{
    cor_knn_options o;
    cor_knn_fit fit;
    COR_TRY(fit_options(seed, false, &o));
    COR_TRY(cor_knn_train(team, train, NULL, &o, NULL, model, &fit));
    cor_knn_fit_free(&fit);
    return COR_OK;
}

const trainer trainer_knn = {.job = &cor_job_knn, .fit = fit_only};
