/* Epoch after epoch to a model. */
#include "baseline_state.h"

#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "course.h"

#include <math.h>
#include <string.h>

typedef struct trainer {
    const cor_baseline_options *options;
    cor_progress *progress;
    cor_model *model;
    cor_course *fit;
    cor_ratings ratings;
    baseline base;
    training_valid valid;
    course course;
} trainer;

cor_baseline_options
cor_baseline_options_default(enum cor_baseline_method method)
{
    return (cor_baseline_options){.method = method,
                                  .epochs =
                                      method == COR_BASELINE_ALS ? 10 : 20,
                                  .reg_user = 15,
                                  .reg_item = 10,
                                  .reg = 0.02,
                                  .lr = 0.005,
                                  .course = cor_course_options_default()};
}

int baseline_check(const cor_baseline_options *o)
{
    if (o->epochs < 1)
        return cor_fail(COR_EUSAGE, "--epochs must be at least 1, not %lld",
                        (long long)o->epochs);
    if (!(o->reg_user >= 0) || !(o->reg_item >= 0) || !(o->reg >= 0))
        return cor_fail(COR_EUSAGE, "--reg-users, --reg-items and --reg must "
                                    "not be negative");
    if (!(o->lr > 0))
        return cor_fail(COR_EUSAGE, "--lr must be more than 0, not %g", o->lr);
    return course_check(&o->course);
}

/* ---- the model ---- */

static void round_side(const baseline_side *side, float *bias)
{
    for (int64_t row = 0; row < side->data->rows; row++)
        bias[row] = (float)side->own[row];
}

static int describe_model(trainer *t, cor_interactions *train)
{
    cor_model *m = t->model;
    const cor_baseline_options *o = t->options;
    bool als = o->method == COR_BASELINE_ALS;
    strcpy(m->kind, "baseline");
    m->bias = true;
    m->reg_bias = als ? o->reg_user : o->reg;
    m->reg_bias_item = als ? o->reg_item : o->reg;
    m->reg_by_count = !als;
    COR_TRY(training_describe(t->base.team, &t->ratings, train, m));
    int rc = COR_NEW_ZEROED(&m->user.bias, m->user.count);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&m->item.bias, m->item.count);
    if (rc == COR_OK)
        rc = COR_NEW(&m->user.factor, 0);
    if (rc == COR_OK)
        rc = COR_NEW(&m->item.factor, 0);
    return rc;
}

/* ---- the course ---- */

static int show(void *context)
{
    trainer *t = context;
    round_side(&t->base.user, t->model->user.bias);
    round_side(&t->base.item, t->model->item.bias);
    return COR_OK;
}

static int epoch(void *context, double *loss, double *metric)
{
    trainer *t = context;
    double rmse, mae;
    COR_TRY(baseline_epoch(&t->base));
    COR_TRY(baseline_error(&t->base, false, &rmse, &mae));
    if (!isfinite(rmse))
        return cor_fail(COR_ENUMERIC,
                        "the error is not finite any more: descent diverged "
                        "in epoch %lld; lower --lr, or scale the ratings",
                        (long long)t->fit->steps + 1);
    *loss = *metric = rmse;
    cor_progress_metric(t->progress, "train", rmse);
    if (!t->valid.data)
        return COR_OK;
    COR_TRY(show(t));
    COR_TRY(training_valid_error(t->base.team, &t->valid));
    *metric = t->valid.rmse;
    cor_progress_metric(t->progress, "valid", t->valid.rmse);
    return COR_OK;
}

/* The biases go on in double precision, as their owners have them. */
static int write_side(cor_file *file, const char *name,
                      const baseline_side *side)
{
    return cor_file_write(file, name, COR_FLOAT64, 0,
                          cor_shards_rows(side->data->shards), 0,
                          side->data->first, side->data->rows, side->own);
}

static int write_biases(void *context, cor_file *file)
{
    const trainer *t = context;
    COR_TRY(write_side(file, "now/user", &t->base.user));
    return write_side(file, "now/item", &t->base.item);
}

static int read_side(cor_file *file, const char *name,
                     const baseline_side *side)
{
    return cor_file_read(file, name, COR_FLOAT64, 0, 0, side->data->first,
                         side->data->rows, side->own);
}

static int read_biases(void *context, cor_file *file)
{
    const trainer *t = context;
    COR_TRY(read_side(file, "now/user", &t->base.user));
    return read_side(file, "now/item", &t->base.item);
}

static int publish(const trainer *t)
{
    COR_TRY(cor_window_update(t->base.user.bias));
    return cor_window_update(t->base.item.bias);
}

static int take(void *context)
{
    const trainer *t = context;
    COR_TRY(publish(t));
    return t->base.grid ? baseline_grid_load(&t->base) : COR_OK;
}

/* The biases become what the model holds of them, in single precision. */
static void settle_side(const float *bias, const baseline_side *side)
{
    for (int64_t row = 0; row < side->data->rows; row++)
        side->own[row] = (double)bias[row];
}

static int finish(void *context, double *rmse, double *mae)
{
    trainer *t = context;
    settle_side(t->model->user.bias, &t->base.user);
    settle_side(t->model->item.bias, &t->base.item);
    COR_TRY(publish(t));
    return baseline_error(&t->base, true, rmse, mae);
}

static int open_course(trainer *t)
{
    static const course_trainer does = {.step = epoch,
                                        .show = show,
                                        .take = take,
                                        .write = write_biases,
                                        .read = read_biases,
                                        .finish = finish};
    const cor_baseline_options *o = t->options;
    t->course = (course){.team = t->base.team,
                         .progress = t->progress,
                         .model = t->model,
                         .valid = &t->valid,
                         .word = "epoch",
                         .option = "--epochs",
                         .steps = o->epochs,
                         .options = &o->course,
                         .trainer = &does,
                         .context = t,
                         .fit = t->fit};
    return course_open(&t->course,
                       "baseline method=%d reg_user=%.17g reg_item=%.17g "
                       "reg=%.17g lr=%.17g",
                       (int)o->method, o->reg_user, o->reg_item, o->reg, o->lr);
}

/* ---- the whole ---- */

static int prepare(const cor_team *team, trainer *t, cor_interactions *train,
                   const cor_interactions *valid)
{
    enum { LIKE_FACTORS = 16 }; /* items' work: their ratings, as of factors */
    COR_TRY(
        cor_ratings_create(team, train, LIKE_FACTORS, INT64_MAX, &t->ratings));
    COR_TRY(baseline_open(team, t->options, &t->ratings, &t->base));
    COR_TRY(cor_agree(team, describe_model(t, train)));
    COR_TRY(training_valid_open(team, t->model, valid, &t->valid));
    return open_course(t);
}

static void close_all(trainer *t)
{
    training_valid_close(&t->valid);
    baseline_close(&t->base);
    cor_ratings_free(&t->ratings);
    course_close(&t->course);
}

int cor_baseline_train(const cor_team *team, cor_interactions *train,
                       const cor_interactions *valid,
                       const cor_baseline_options *options,
                       cor_progress *progress, cor_model *model,
                       cor_course *fit)
{
    *model = (cor_model){0};
    *fit = (cor_course){0};
    COR_TRY(baseline_check(options));
    cor_family_agree(team);
    trainer t = {
        .options = options, .progress = progress, .model = model, .fit = fit};
    int rc = prepare(team, &t, train, valid);
    if (rc == COR_OK)
        rc = course_run(&t.course);
    close_all(&t);
    if (rc != COR_OK) {
        cor_model_free(model);
        cor_course_free(fit);
    }
    return rc;
}

cor_plan cor_baseline_plan(const cor_team *team, int64_t interactions,
                           int64_t users, int64_t items, int64_t valid,
                           const cor_baseline_options *options)
{
    int64_t size = cor_team_size(team);
    int64_t rows = interactions / size + 1;
    int64_t sides = (users + items) / size + 1;
    /* as for any trainer while the item side is made, see cor_als_plan; then
       both sides with their slots, and the cells of a grid */
    int64_t making = rows * (8 + 16 + (size > 1 ? 24 : 16));
    bool sgd = options->method == COR_BASELINE_SGD;
    int64_t training = rows * (16 + 8 + (sgd ? 12 : 0)) + (sgd ? items * 8 : 0);
    int64_t most = making > training ? making : training;
    return (cor_plan){.rows_rank = rows,
                      .bytes_rank = cor_plan_base() + most + sides * 80 +
                                    valid / size * 60,
                      .bytes_disk = (users + items) * 32};
}
