#include "jobs.h"
#include "trainer.h"
#include "training_in.h"

#include "coracle/baseline.h"

#include <string.h>

static struct {
    const char *method;
    int64_t epochs;
    double reg_users, reg_items, reg, lr;
} set = {.method = "als",
         .reg_users = 15,
         .reg_items = 10,
         .reg = 0.02,
         .lr = 0.005};

static const cor_option options[] = {
    {"method", 0, COR_OPTION_WORDS, &set.method, "als|sgd",
     "alternating least squares, or stochastic gradient descent"},
    {"epochs", 0, COR_OPTION_INT, &set.epochs, "N",
     "passes over the ratings; 0: 10 of als, 20 of sgd"},
    {"reg-users", 0, COR_OPTION_REAL, &set.reg_users, "R",
     "als: a user's bias is damped by as many ratings that say nothing"},
    {"reg-items", 0, COR_OPTION_REAL, &set.reg_items, "R",
     "als: the same for an item"},
    {"reg", 0, COR_OPTION_REAL, &set.reg, "R",
     "sgd: weight of a bias in a step"},
    {"lr", 0, COR_OPTION_REAL, &set.lr, "R", "sgd: length of a step"},
    TRAINING_OPTIONS("epoch"),
    COR_OPTIONS_END};

static cor_baseline_options fit_options(cor_course_options course)
{
    bool sgd = strcmp(set.method, "sgd") == 0;
    cor_baseline_options o =
        cor_baseline_options_default(sgd ? COR_BASELINE_SGD : COR_BASELINE_ALS);
    if (set.epochs != 0)
        o.epochs = set.epochs;
    o.reg_user = set.reg_users;
    o.reg_item = set.reg_items;
    o.reg = set.reg;
    o.lr = set.lr;
    o.course = course;
    return o;
}

static void report(const cor_course *fit, const cor_model *model,
                   cor_result *result)
{
    training_in_report_errors(fit, true, result);
    cor_result_real(result, "mean", model->mean);
    cor_result_text(result, "digest", model->digest);
}

static int train(cor_command *command, const cor_baseline_options *o,
                 training_in *in)
{
    cor_model model;
    cor_course fit;
    COR_TRY(cor_baseline_train(command->team, &in->data, in->valid, o,
                               command->progress, &model, &fit));
    int rc = training_in_write(command, &model, &fit, "epoch");
    if (rc == COR_OK)
        report(&fit, &model, command->result);
    cor_model_free(&model);
    cor_course_free(&fit);
    return rc;
}

static int run(cor_command *command)
{
    training_in in;
    COR_TRY(training_in_measure(command, &in));
    cor_baseline_options o = fit_options(training_in_course(&in));
    cor_plan plan =
        cor_baseline_plan(command->team, in.size.interactions, in.size.users,
                          in.size.items, in.valid_rows, &o);
    COR_TRY(cor_command_plan(command, &plan));
    COR_TRY(training_in_read(command, &in));
    int rc = train(command, &o, &in);
    training_in_free(&in);
    return rc;
}

const cor_job cor_job_baseline = {
    .name = "baseline",
    .summary = "the mean, and what users and items are beyond it",
    .usage = "[options] TRAIN -o MODEL",
    .description =
        "Fits a rating as the mean of all, plus a bias of its user, plus a "
        "bias of its item: what any other model must better. Biases of few "
        "ratings stay near 0.\n"
        "\n"
        "  coracle baseline train.h5 -o baseline.h5\n"
        "  coracle evaluate baseline.h5 test.h5\n"
        "  coracle baseline train.h5 --method sgd --lr 0.01 \\\n"
        "      --valid valid.h5 --early-stop 2 -o baseline.h5\n"
        "\n"
        "als takes all items, then all users, each in one exact step. sgd "
        "takes rating after rating, in an order that belongs to the data.",
    .options = options,
    .run = run};

static int fit_only(const cor_team *team, int64_t seed, cor_interactions *train,
                    cor_model *model)
{
    (void)seed; /* nothing is random here */
    cor_baseline_options o = fit_options(cor_course_options_default());
    cor_course fit;
    COR_TRY(cor_baseline_train(team, train, NULL, &o, NULL, model, &fit));
    cor_course_free(&fit);
    return COR_OK;
}

const trainer trainer_baseline = {.job = &cor_job_baseline, .fit = fit_only};
