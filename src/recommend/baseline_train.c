/* Epoch after epoch: history, the best, checkpoints, and the model. */
#include "baseline_state.h"

#include "coracle/checkpoint.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/stop.h"
#include "training.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The best epoch so far, where validation chooses one. */
typedef struct best_epoch {
    int64_t epoch; /* 0: none yet */
    double rmse;
    float *user, *item; /* my rows */
} best_epoch;

typedef struct trainer {
    const cor_baseline_options *options;
    cor_progress *progress;
    cor_model *model;
    cor_baseline_fit *fit;
    cor_ratings ratings;
    baseline base;
    training_valid valid;
    best_epoch best;
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
                                  .checkpoint_minutes = 10};
}

void cor_baseline_fit_free(cor_baseline_fit *fit)
{
    cor_free(fit->history);
    *fit = (cor_baseline_fit){0};
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
    if (o->resume && !o->checkpoint)
        return cor_fail(COR_EUSAGE, "--resume needs the --checkpoint folder "
                                    "to go on from");
    return COR_OK;
}

/* ---- the model ---- */

static void round_side(const baseline_side *side, float *bias)
{
    for (int64_t row = 0; row < side->data->rows; row++)
        bias[row] = (float)side->own[row];
}

static void write_model(trainer *t)
{
    round_side(&t->base.user, t->model->user.bias);
    round_side(&t->base.item, t->model->item.bias);
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

/* ---- checkpoints ---- */

/* Everything that the numbers depend on; the epochs asked for and the ranks are
   free to change. */
static void name_run(const trainer *t, char *text, size_t size)
{
    const cor_baseline_options *o = t->options;
    const cor_interactions *valid = t->valid.data;
    snprintf(text, size,
             "baseline method=%d reg_user=%.17g reg_item=%.17g reg=%.17g "
             "lr=%.17g early_stop=%lld data=%s valid=%lld",
             (int)o->method, o->reg_user, o->reg_item, o->reg, o->lr,
             (long long)o->early_stop, o->data_digest ? o->data_digest : "",
             valid ? (long long)cor_shards_rows(valid->row_shards) : -1LL);
}

typedef int move_rows(cor_file *file, const char *name, enum cor_type type,
                      const cor_ratings_side *side, void *data);

static int write_rows(cor_file *file, const char *name, enum cor_type type,
                      const cor_ratings_side *side, void *data)
{
    return cor_file_write(file, name, type, 0, cor_shards_rows(side->shards), 0,
                          side->first, side->rows, data);
}

static int read_rows(cor_file *file, const char *name, enum cor_type type,
                     const cor_ratings_side *side, void *data)
{
    return cor_file_read(file, name, type, 0, side->first, side->rows, data);
}

static int move_biases(trainer *t, cor_file *file, move_rows *move)
{
    baseline *b = &t->base;
    COR_TRY(move(file, "now/user", COR_FLOAT64, b->user.data, b->user.own));
    COR_TRY(move(file, "now/item", COR_FLOAT64, b->item.data, b->item.own));
    if (t->best.epoch == 0)
        return COR_OK;
    COR_TRY(move(file, "best/user", COR_FLOAT32, b->user.data, t->best.user));
    return move(file, "best/item", COR_FLOAT32, b->item.data, t->best.item);
}

static int write_checkpoint(void *context, cor_file *file)
{
    trainer *t = context;
    int64_t epochs = t->fit->epochs;
    bool first = cor_team_rank(t->base.team) == 0;
    COR_TRY(cor_file_put_int64(file, "epochs", epochs));
    COR_TRY(cor_file_put_int64(file, "best", t->best.epoch));
    COR_TRY(cor_file_put_double(file, "best_rmse", t->best.rmse));
    COR_TRY(cor_file_write(file, "history", COR_FLOAT64, 0, epochs, 0, 0,
                           first ? epochs : 0, t->fit->history));
    return move_biases(t, file, write_rows);
}

static int read_checkpoint(void *context, cor_file *file)
{
    trainer *t = context;
    int64_t epochs;
    COR_TRY(cor_file_get_int64(file, "epochs", &epochs));
    if (epochs > t->options->epochs)
        return cor_fail(COR_EUSAGE,
                        "the checkpoint in %s is of epoch %lld already; ask "
                        "for at least as many --epochs",
                        t->options->checkpoint, (long long)epochs);
    t->fit->epochs = epochs;
    COR_TRY(cor_file_get_int64(file, "best", &t->best.epoch));
    COR_TRY(cor_file_get_double(file, "best_rmse", &t->best.rmse));
    COR_TRY(cor_file_read(file, "history", COR_FLOAT64, 0, 0, epochs,
                          t->fit->history));
    COR_TRY(move_biases(t, file, read_rows));
    COR_TRY(cor_window_update(t->base.user.bias));
    COR_TRY(cor_window_update(t->base.item.bias));
    return t->base.grid ? baseline_grid_load(&t->base) : COR_OK;
}

static cor_checkpoint checkpoint_of(const trainer *t, const char *run)
{
    return (cor_checkpoint){
        .folder = t->options->checkpoint, .name = "baseline", .run = run};
}

static int keep_checkpoint(trainer *t)
{
    char run[512];
    name_run(t, run, sizeof run);
    cor_checkpoint checkpoint = checkpoint_of(t, run);
    return cor_checkpoint_write(t->base.team, &checkpoint, write_checkpoint, t);
}

static int resume(trainer *t)
{
    char run[512];
    bool found = false;
    if (!t->options->resume)
        return COR_OK;
    name_run(t, run, sizeof run);
    cor_checkpoint checkpoint = checkpoint_of(t, run);
    COR_TRY(cor_checkpoint_read(t->base.team, &checkpoint, read_checkpoint, t,
                                &found));
    if (found)
        cor_progress_note(t->progress, "going on after epoch %lld",
                          (long long)t->fit->epochs);
    else
        cor_progress_note(t->progress,
                          "no checkpoint in %s yet: starting from the "
                          "beginning",
                          t->options->checkpoint);
    return COR_OK;
}

/* ---- epochs ---- */

static void keep_if_best(trainer *t)
{
    best_epoch *best = &t->best;
    if (!t->valid.data || (best->epoch > 0 && t->valid.rmse >= best->rmse))
        return;
    best->epoch = t->fit->epochs;
    best->rmse = t->valid.rmse;
    round_side(&t->base.user, best->user);
    round_side(&t->base.item, best->item);
}

static int run_epoch(trainer *t)
{
    double rmse, mae;
    const cor_team *team = t->base.team;
    COR_TRY(baseline_epoch(&t->base));
    COR_TRY(baseline_error(&t->base, false, &rmse, &mae));
    if (!isfinite(rmse))
        return cor_fail(COR_ENUMERIC,
                        "the error is not finite any more: descent diverged "
                        "in epoch %lld; lower --lr, or scale the ratings",
                        (long long)t->fit->epochs + 1);
    if (t->valid.data) {
        write_model(t);
        COR_TRY(training_valid_error(team, &t->valid));
    }
    t->fit->history[t->fit->epochs++] = t->valid.data ? t->valid.rmse : rmse;
    cor_progress_metric(t->progress, "train", rmse);
    if (t->valid.data)
        cor_progress_metric(t->progress, "valid", t->valid.rmse);
    cor_progress_step(t->progress, t->fit->epochs);
    keep_if_best(t);
    return COR_OK;
}

static bool patience_is_over(const trainer *t)
{
    return t->valid.data && t->options->early_stop > 0 &&
           t->fit->epochs - t->best.epoch >= t->options->early_stop;
}

/* Rank 0's clock decides for all. */
static bool checkpoint_is_due(const trainer *t, double since)
{
    const cor_baseline_options *o = t->options;
    int64_t due = cor_team_seconds() - since >= o->checkpoint_minutes * 60;
    cor_team_share(t->base.team, &due, sizeof due, 0);
    return o->checkpoint && o->checkpoint_minutes > 0 && due;
}

static int run_epochs(trainer *t)
{
    const cor_baseline_options *o = t->options;
    double since = cor_team_seconds();
    if (o->checkpoint && o->checkpoint_minutes > 0)
        COR_TRY(cor_checkpoint_prepare(t->base.team, o->checkpoint));
    while (t->fit->epochs < o->epochs && !patience_is_over(t)) {
        COR_TRY(run_epoch(t));
        t->fit->stopped = o->checkpoint && cor_stop_asked(t->base.team);
        if (t->fit->stopped || checkpoint_is_due(t, since)) {
            COR_TRY(keep_checkpoint(t));
            since = cor_team_seconds();
        }
        if (t->fit->stopped)
            break;
    }
    return COR_OK;
}

/* ---- the whole ---- */

/* The biases become what the model holds of them: those of the best epoch where
   there is one, in single precision. */
static int settle_side(baseline_side *side, const float *best, float *bias)
{
    if (best)
        memcpy(bias, best, (size_t)side->data->rows * sizeof *bias);
    else
        round_side(side, bias);
    for (int64_t row = 0; row < side->data->rows; row++)
        side->own[row] = (double)bias[row];
    return cor_window_update(side->bias);
}

static int settle(trainer *t)
{
    const best_epoch *best = &t->best;
    bool chosen = best->epoch > 0;
    t->fit->best = chosen ? best->epoch : t->fit->epochs;
    COR_TRY(settle_side(&t->base.user, chosen ? best->user : NULL,
                        t->model->user.bias));
    COR_TRY(settle_side(&t->base.item, chosen ? best->item : NULL,
                        t->model->item.bias));
    COR_TRY(baseline_error(&t->base, true, &t->fit->train_rmse,
                           &t->fit->train_mae));
    if (!t->valid.data)
        return COR_OK;
    COR_TRY(training_valid_error(t->base.team, &t->valid));
    t->fit->has_valid = true;
    t->fit->valid_rmse = t->valid.rmse;
    t->fit->valid_mae = t->valid.mae;
    return COR_OK;
}

static int allocate(trainer *t)
{
    COR_TRY(cor_allocate_zeroed(&t->fit->history, t->options->epochs,
                                sizeof(double), "history"));
    if (!t->valid.data)
        return COR_OK;
    COR_TRY(cor_allocate(&t->best.user, t->ratings.user.rows, sizeof(float),
                         "best biases"));
    return cor_allocate(&t->best.item, t->ratings.item.rows, sizeof(float),
                        "best biases");
}

static int prepare(const cor_team *team, trainer *t, cor_interactions *train,
                   const cor_interactions *valid)
{
    enum { LIKE_FACTORS = 16 }; /* items' work: their ratings, as of factors */
    COR_TRY(
        cor_ratings_create(team, train, LIKE_FACTORS, INT64_MAX, &t->ratings));
    COR_TRY(baseline_open(team, t->options, &t->ratings, &t->base));
    COR_TRY(cor_agree(team, describe_model(t, train)));
    COR_TRY(training_valid_open(team, t->model, valid, &t->valid));
    return cor_agree(team, allocate(t));
}

static int train_and_settle(trainer *t)
{
    COR_TRY(resume(t));
    double started = cor_team_seconds();
    cor_progress_begin(t->progress, "epochs", t->options->epochs);
    COR_TRY(run_epochs(t));
    cor_progress_end(t->progress);
    t->fit->seconds = cor_team_seconds() - started;
    cor_team_share(t->base.team, &t->fit->seconds, sizeof(double), 0);
    return t->fit->stopped ? COR_OK : settle(t);
}

static void close_all(trainer *t)
{
    training_valid_close(&t->valid);
    baseline_close(&t->base);
    cor_ratings_free(&t->ratings);
    cor_free(t->best.user);
    cor_free(t->best.item);
}

int cor_baseline_train(const cor_team *team, cor_interactions *train,
                       const cor_interactions *valid,
                       const cor_baseline_options *options,
                       cor_progress *progress, cor_model *model,
                       cor_baseline_fit *fit)
{
    *model = (cor_model){0};
    *fit = (cor_baseline_fit){0};
    COR_TRY(baseline_check(options));
    cor_family_agree(team);
    trainer t = {
        .options = options, .progress = progress, .model = model, .fit = fit};
    int rc = prepare(team, &t, train, valid);
    if (rc == COR_OK)
        rc = train_and_settle(&t);
    close_all(&t);
    if (rc != COR_OK) {
        cor_model_free(model);
        cor_baseline_fit_free(fit);
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
