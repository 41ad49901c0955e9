#include "jobs.h"
#include "trainer.h"
#include "training_in.h"

#include "coracle/sgd.h"

#include <string.h>

static struct {
    const char *loss;
    int64_t factors, epochs, negatives, grid;
    double lr, lr_bias, decay, reg, reg_bias, init;
    bool bias, adaptive;
} set = {.loss = "squared",
         .factors = 100,
         .epochs = 30,
         .bias = true,
         .reg = 0.1,
         .reg_bias = -1,
         .init = 0.1,
         .negatives = 4};

static const cor_option options[] = {
    {"factors", 'k', COR_OPTION_INT, &set.factors, "K",
     "numbers that describe a user or an item"},
    {"epochs", 0, COR_OPTION_INT, &set.epochs, "N", "passes over the ratings"},
    {"lr", 0, COR_OPTION_REAL, &set.lr, "R",
     "length of a step; 0: 0.005, or 0.1 with --adaptive"},
    {"lr-bias", 0, COR_OPTION_REAL, &set.lr_bias, "R",
     "length of a step of the biases; 0: as --lr"},
    {"decay", 0, COR_OPTION_REAL, &set.decay, "R",
     "steps of epoch t are divided by 1 + R (t - 1)"},
    {"adaptive", 0, COR_OPTION_FLAG, &set.adaptive, NULL,
     "divide the steps of a row by the root of its squared gradients so far: "
     "fewer epochs"},
    {"reg", 0, COR_OPTION_REAL, &set.reg, "R",
     "draw of the factors towards 0 at each step"},
    {"reg-bias", 0, COR_OPTION_REAL, &set.reg_bias, "R",
     "the same for the biases; less than 0: as --reg"},
    {"bias", 0, COR_OPTION_FLAG, &set.bias, NULL,
     "fit the mean and a bias a user and an item with the factors; --no-bias: "
     "the factors alone"},
    {"init", 0, COR_OPTION_REAL, &set.init, "S",
     "standard deviation of the factors at the start"},
    {"loss", 0, COR_OPTION_WORDS, &set.loss, "squared|logistic|bpr",
     "of ratings; of feedback, seen against not seen; of feedback, a seen item "
     "before one not seen"},
    {"negatives", 0, COR_OPTION_INT, &set.negatives, "N",
     "--loss logistic: items not seen that are drawn for each that was"},
    {"grid", 0, COR_OPTION_INT, &set.grid, "B",
     "cut users and items into B parts each, for at most B ranks or threads at "
     "work; 0: 16 or more, by the number of ratings"},
    TRAINING_OPTIONS("epoch"),
    COR_OPTIONS_END};

static enum cor_loss loss(void)
{
    if (strcmp(set.loss, "logistic") == 0)
        return COR_LOSS_LOGISTIC;
    return strcmp(set.loss, "bpr") == 0 ? COR_LOSS_BPR : COR_LOSS_SQUARED;
}

static cor_sgd_options fit_options(int64_t seed, cor_course_options course)
{
    cor_sgd_options o = cor_sgd_options_default();
    o.loss = loss();
    o.factors = set.factors;
    o.epochs = set.epochs;
    o.bias = set.bias;
    o.adaptive = set.adaptive;
    o.lr = set.lr;
    o.lr_bias = set.lr_bias;
    o.decay = set.decay;
    o.reg = set.reg;
    o.reg_bias = set.reg_bias;
    o.init = set.init;
    o.negatives = set.negatives;
    o.grid = set.grid;
    o.seed = seed;
    o.course = course;
    return o;
}

static void report(const cor_sgd_options *o, const cor_sgd_fit *fit,
                   const cor_model *model, cor_result *result)
{
    const cor_course *c = &fit->course;
    training_in_report_list("loss", c->loss, c->steps, result);
    training_in_report_errors(c, o->loss == COR_LOSS_SQUARED, result);
    cor_result_int(result, "factors", o->factors);
    cor_result_int(result, "grid", fit->grid);
    cor_result_text(result, "digest", model->digest);
}

static int train(cor_command *command, const cor_sgd_options *o,
                 training_in *in)
{
    cor_model model;
    cor_sgd_fit fit;
    COR_TRY(cor_sgd_train(command->team, &in->data, in->valid, o,
                          command->progress, &model, &fit));
    int rc = training_in_write(command, &model, &fit.course, "epoch");
    if (rc == COR_OK)
        report(o, &fit, &model, command->result);
    cor_model_free(&model);
    cor_sgd_fit_free(&fit);
    return rc;
}

static int run(cor_command *command)
{
    training_in in;
    COR_TRY(training_in_measure(command, &in));
    cor_sgd_options o = fit_options(command->seed, training_in_course(&in));
    cor_plan plan =
        cor_sgd_plan(command->team, in.size.interactions, in.size.users,
                     in.size.items, in.valid_rows, &o);
    COR_TRY(cor_command_plan(command, &plan));
    COR_TRY(training_in_read(command, &in));
    int rc = train(command, &o, &in);
    training_in_free(&in);
    return rc;
}

const cor_job cor_job_sgd = {
    .name = "sgd",
    .summary = "matrix factorisation by stochastic gradient descent",
    .usage = "[options] TRAIN -o MODEL",
    .description =
        "Fits a rating as the mean, plus a user's and an item's bias, plus the "
        "product of their factors, one rating after the other: with the error "
        "e, b += lr (e - reg b) and p += lr (e q - reg p), for the item alike. "
        "Ranks and threads work on different parts of a fixed grid, so the "
        "result does not depend on how many there are.\n"
        "\n"
        "  coracle sgd train.h5 --valid valid.h5 --factors 64 --adaptive \\\n"
        "      --reg 0.04 --early-stop 2 -o model.h5\n"
        "  mpirun -n 4 coracle sgd train.h5 --factors 100 --epochs 30 \\\n"
        "      --lr 0.005 --reg 0.1 -o model.h5\n"
        "\n"
        "--adaptive needs the fewest epochs and the least search for --lr. "
        "Should it diverge, lower --lr; where the error on --valid rises "
        "again, raise --reg. History is the error on --valid, else that of "
        "each training rating just before its step.\n"
        "\n"
        "Of clicks, plays or purchases, where a value of more than 0 says that "
        "an item was taken and no value says little, --loss bpr learns which "
        "of two items comes first, --loss logistic how likely one is; judge by "
        "evaluate --at.\n"
        "\n"
        "  coracle sgd clicks.h5 --loss bpr --adaptive --factors 64 \\\n"
        "      --reg 0.01 -o model.h5",
    .options = options,
    .run = run};

static int fit_only(const cor_team *team, int64_t seed, cor_interactions *train,
                    cor_model *model)
{
    cor_sgd_options o = fit_options(seed, cor_course_options_default());
    cor_sgd_fit fit;
    COR_TRY(cor_sgd_train(team, train, NULL, &o, NULL, model, &fit));
    cor_sgd_fit_free(&fit);
    return COR_OK;
}

const trainer trainer_sgd = {.job = &cor_job_sgd, .fit = fit_only};
