#include "jobs.h"
#include "trainer.h"
#include "training_in.h"

#include "coracle/als.h"

#include <string.h>

static struct {
    int64_t factors, iterations;
    int64_t steps, block;
    double reg, reg_bias, alpha, unobserved, reg_exponent;
    const char *reg_scale, *solver;
    bool bias, implicit;
} set = {.alpha = 1,
         .steps = 3,
         .block = 32,
         .solver = "cholesky",
         .factors = 64,
         .iterations = 15,
         .reg = 10,
         .reg_bias = 5,
         .reg_scale = "none"};

static const cor_option options[] = {
    {"factors", 'k', COR_OPTION_INT, &set.factors, "K",
     "numbers that describe a user or an item"},
    {"iterations", 0, COR_OPTION_INT, &set.iterations, "N",
     "sweeps over users, then items"},
    {"reg", 0, COR_OPTION_REAL, &set.reg, "R",
     "weight of the squared factors in the loss"},
    {"reg-scale", 0, COR_OPTION_WORDS, &set.reg_scale, "none|count",
     "count: multiply a row's weight by its number of ratings"},
    {"bias", 0, COR_OPTION_FLAG, &set.bias, NULL,
     "fit the mean and a bias a user and an item with the factors"},
    {"reg-bias", 0, COR_OPTION_REAL, &set.reg_bias, "R",
     "weight of the squared biases in the loss"},
    {"implicit", 0, COR_OPTION_FLAG, &set.implicit, NULL,
     "values say how sure a preference is, and no value says little against "
     "it"},
    {"alpha", 0, COR_OPTION_REAL, &set.alpha, "A",
     "--implicit: weight of a unit of value; 0: all values weigh 1"},
    {"unobserved-weight", 0, COR_OPTION_REAL, &set.unobserved, "W",
     "--implicit: weight of a cell without a value, observed ones weighing "
     "alpha times the value; 0: they weigh 1, observed ones that much more"},
    {"reg-exponent", 0, COR_OPTION_REAL, &set.reg_exponent, "E",
     "multiply a row's --reg by its frequency to this power"},
    {"solver", 0, COR_OPTION_WORDS, &set.solver, "cholesky|cg|subspace",
     "rows solved exactly, improved by steps of conjugate gradients, or "
     "solved over a block of factors at a time"},
    {"cg-steps", 0, COR_OPTION_INT, &set.steps, "N",
     "steps of conjugate gradients a row"},
    {"block", 0, COR_OPTION_INT, &set.block, "N",
     "factors in a block of the subspace solver, a multiple of 16"},
    TRAINING_OPTIONS("iteration"),
    COR_OPTIONS_END};

static enum cor_solver solver(void)
{
    if (strcmp(set.solver, "cg") == 0)
        return COR_SOLVER_CG;
    return strcmp(set.solver, "subspace") == 0 ? COR_SOLVER_SUBSPACE
                                               : COR_SOLVER_CHOLESKY;
}

static cor_implicit implicit(void)
{
    cor_implicit how = {.alpha = set.alpha,
                        .unobserved = set.unobserved > 0 ? set.unobserved : 1,
                        .reg_exponent = set.reg_exponent};
    if (set.implicit)
        how.form = set.unobserved > 0 ? COR_UNOBSERVED : COR_CONFIDENCE;
    return how;
}

static cor_als_options fit_options(int64_t seed, cor_course_options course)
{
    cor_als_options o = cor_als_options_default();
    o.factors = set.factors;
    o.iterations = set.iterations;
    o.reg = set.reg;
    o.reg_bias = set.reg_bias;
    o.reg_by_count = strcmp(set.reg_scale, "count") == 0;
    o.bias = set.bias;
    o.implicit = implicit();
    o.solver = solver();
    o.steps = set.steps;
    o.block = set.block;
    o.seed = seed;
    o.course = course;
    return o;
}

static void report(const cor_als_options *o, const cor_als_fit *fit,
                   const cor_model *model, cor_result *result)
{
    const cor_course *c = &fit->course;
    training_in_report_list("loss", c->loss, c->steps, result);
    training_in_report_errors(c, o->implicit.form == COR_EXPLICIT, result);
    cor_result_int(result, "factors", o->factors);
    cor_result_text(result, "digest", model->digest);
}

static int train(cor_command *command, const cor_als_options *o,
                 training_in *in)
{
    cor_model model;
    cor_als_fit fit;
    COR_TRY(cor_als_train(command->team, &in->data, in->valid, o,
                          command->progress, &model, &fit));
    int rc = training_in_write(command, &model, &fit.course, "iteration");
    if (rc == COR_OK)
        report(o, &fit, &model, command->result);
    cor_model_free(&model);
    cor_als_fit_free(&fit);
    return rc;
}

static int run(cor_command *command)
{
    training_in in;
    COR_TRY(training_in_measure(command, &in));
    cor_als_options o = fit_options(command->seed, training_in_course(&in));
    cor_plan plan =
        cor_als_plan(command->team, in.size.interactions, in.size.users,
                     in.size.items, in.valid_rows, &o);
    COR_TRY(cor_command_plan(command, &plan));
    COR_TRY(training_in_read(command, &in));
    int rc = train(command, &o, &in);
    training_in_free(&in);
    return rc;
}

const cor_job cor_job_als = {
    .name = "als",
    .summary = "matrix factorisation by alternating least squares",
    .usage = "[options] TRAIN -o MODEL",
    .description =
        "Fits a rating as the product of a user's and an item's factors, with "
        "--bias as the mean plus two biases plus that product. The loss is "
        "the sum of squared errors, plus --reg times the sum of squared "
        "factors, plus --reg-bias times the sum of squared biases; each half "
        "of an iteration minimises it exactly over one side.\n"
        "\n"
        "  coracle als train.h5 --valid valid.h5 --bias --factors 64 \\\n"
        "      --reg 12 --reg-bias 4 --early-stop 3 -o model.h5\n"
        "\n"
        "With --implicit a value is no rating but how often or how long: "
        "plays, "
        "clicks, purchases. More than 0 is a preference, and the more the "
        "surer "
        "(--alpha); less than 0 is one against; cells without a value count "
        "against it a little. The loss over all cells is shown each iteration; "
        "judge by evaluate --at.\n"
        "\n"
        "  coracle als plays.h5 --implicit --alpha 10 --factors 128 \\\n"
        "      --solver cg -o model.h5\n"
        "  coracle als clicks.h5 --implicit --unobserved-weight 0.1 \\\n"
        "      --reg 0.003 --reg-exponent 1 -o model.h5\n"
        "\n"
        "More --reg for few ratings or many factors. With --valid the error "
        "on these ratings is shown each iteration and the best model kept. "
        "With --checkpoint DIR a SIGUSR1 finishes the iteration in hand, "
        "writes a checkpoint and leaves with 75; the same command with "
        "--resume goes on, on any number of ranks, to the same bits.",
    .options = options,
    .run = run};

static int fit_only(const cor_team *team, int64_t seed, cor_interactions *train,
                    cor_model *model)
{
    cor_als_options o = fit_options(seed, cor_course_options_default());
    cor_als_fit fit;
    COR_TRY(cor_als_train(team, train, NULL, &o, NULL, model, &fit));
    cor_als_fit_free(&fit);
    return COR_OK;
}

const trainer trainer_als = {.job = &cor_job_als, .fit = fit_only};
