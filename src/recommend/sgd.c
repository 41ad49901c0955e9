#include "coracle/sgd.h"

#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/random.h"
#include "sgd_state.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- options ---- */

cor_sgd_options cor_sgd_options_default(void)
{
    return (cor_sgd_options){.factors = 100,
                             .epochs = 30,
                             .bias = true,
                             .reg = 0.1,
                             .reg_bias = -1,
                             .init = 0.1,
                             .negatives = 4,
                             .seed = 42,
                             .course = cor_course_options_default()};
}

cor_sgd_options cor_sgd_options_settle(const cor_sgd_options *options)
{
    cor_sgd_options o = *options;
    if (o.lr == 0)
        o.lr = o.adaptive ? 0.1 : 0.005;
    if (o.lr_bias == 0)
        o.lr_bias = o.lr;
    if (o.reg_bias < 0)
        o.reg_bias = o.reg;
    return o;
}

void cor_sgd_fit_free(cor_sgd_fit *fit)
{
    cor_course_free(&fit->course);
    *fit = (cor_sgd_fit){0};
}

static int refuse(const char *option, const char *wanted)
{
    return cor_fail(COR_EUSAGE, "%s must be %s", option, wanted);
}

static int check_options(const cor_sgd_options *o, bool valid)
{
    if (o->factors < 1 || o->factors > 4096)
        return refuse("--factors", "from 1 to 4096");
    if (o->epochs < 1)
        return refuse("--epochs", "at least 1");
    if (!(o->lr > 0) || !(o->lr_bias > 0))
        return refuse("--lr and --lr-bias", "more than 0");
    if (!(o->reg >= 0) || !(o->decay >= 0) || !(o->init >= 0))
        return refuse("--reg, --decay and --init", "at least 0");
    if (o->grid < 0 || o->grid > 32768)
        return refuse("--grid", "from 1 to 32768, or 0 to have it chosen");
    if (o->negatives < 1 || o->negatives > 255)
        return refuse("--negatives", "from 1 to 255");
    COR_TRY(course_check(&o->course));
    if (valid && o->loss != COR_LOSS_SQUARED)
        return cor_fail(COR_EUSAGE,
                        "--valid judges by the error of ratings, which the "
                        "logistic loss and BPR do not predict; judge by "
                        "`coracle evaluate --at`");
    return COR_OK;
}

/* ---- the model ---- */

/* Feedback has no range to clip to, and no mean. */
static void describe_feedback(cor_model *m)
{
    m->mean = 0;
    m->value_min = -(double)FLT_MAX;
    m->value_max = (double)FLT_MAX;
    memset(m->user.mean, 0, (size_t)m->user.count * sizeof *m->user.mean);
    memset(m->item.mean, 0, (size_t)m->item.count * sizeof *m->item.mean);
}

static int describe_model(sgd *s, cor_interactions *train)
{
    cor_model *m = s->model;
    const cor_sgd_options *o = &s->options;
    strcpy(m->kind, "sgd");
    m->factors = o->factors;
    m->ld = cor_padded(o->factors);
    m->bias = o->bias;
    m->reg = o->reg;
    m->reg_bias = m->reg_bias_item = o->reg_bias;
    m->reg_by_count = true; /* each of its ratings draws a row towards 0 */
    COR_TRY(training_describe(s->team, &s->ratings, train, m));
    if (o->loss != COR_LOSS_SQUARED)
        describe_feedback(m);
    cor_model_side *sides[] = {&m->user, &m->item};
    int rc = COR_OK;
    for (int i = 0; rc == COR_OK && i < 2; i++) {
        rc = cor_allocate_zeroed(&sides[i]->factor, sides[i]->count * m->ld,
                                 sizeof(float), "factors");
        if (rc == COR_OK)
            rc = cor_allocate_zeroed(&sides[i]->bias, sides[i]->count,
                                     sizeof(float), "biases");
    }
    return cor_agree(s->team, rc);
}

/* Normal numbers, each row's from its own number. Without biases the first
   factor of all begins at the level of the ratings. */
static void start_side(const sgd *s, cor_model_side *side, uint32_t stream,
                       double level)
{
    const cor_model *m = s->model;
    /* Half the width of an even distribution that deviates by --init: as good a
       start as normal numbers, which cost a search over short fits a quarter of
       its time. */
    double width = s->options.init * sqrt(3);
    int threads = cor_team_threads(s->team);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < side->count; i++) {
        float *row = side->factor + i * m->ld;
        cor_random bits = {{0}};
        if (side->ratings[i] == 0)
            continue;
        for (int64_t f = 0; f < m->factors; f++) {
            if (f % 4 == 0)
                bits = cor_random_at((uint64_t)s->options.seed, stream,
                                     (uint64_t)(side->first + i),
                                     (uint32_t)(f / 4));
            row[f] = (float)(width * (bits.word[f % 4] * 0x1p-31 - 1));
        }
        row[0] += (float)level;
    }
}

static int start(sgd *s)
{
    cor_model *m = s->model;
    double level = m->bias ? 0 : sqrt(fabs(m->mean));
    start_side(s, &m->user, COR_STREAM_USER_FACTOR, level);
    start_side(s, &m->item, COR_STREAM_ITEM_FACTOR,
               m->mean < 0 ? -level : level);
    for (int64_t i = 0; i < m->user.count; i++)
        s->user_state[i].bias_sum = s->user_state[i].sum = 1;
    for (int64_t i = 0; i < m->item.count; i++)
        s->item_state[i].bias_sum = s->item_state[i].sum = 1;
    return sgd_take(s);
}

/* ---- epochs ---- */

static void descend(const sgd *s, const cor_step_block *block, double sums[2])
{
    cor_step_block_run(&s->rule, block, sums);
}

static void measure(const sgd *s, const cor_step_block *block, double sums[2])
{
    cor_step_block_error(&s->rule, block, s->model->value_min,
                         s->model->value_max, sums);
}

static int diverged(const sgd *s)
{
    return cor_fail(COR_ENUMERIC,
                    "diverged in epoch %lld: the error is not finite any more; "
                    "lower --lr (it is %g)%s",
                    (long long)s->fit->course.steps + 1, s->options.lr,
                    s->options.lr_bias != s->options.lr
                        ? " or --lr-bias"
                        : ", or scale ratings that are large");
}

static int epoch(void *context, double *loss, double *metric)
{
    sgd *s = context;
    const cor_sgd_options *o = &s->options;
    double slower = 1 / (1 + o->decay * (double)s->fit->course.steps), total[2];
    s->rule.lr = (float)(o->lr * slower);
    s->rule.lr_bias = o->bias ? (float)(o->lr_bias * slower) : 0;
    s->rule.epoch = s->fit->course.steps;
    s->shown = false;
    if (o->adaptive)
        sgd_norms(s);
    COR_TRY(sgd_round(s, descend, total));
    if (!isfinite(total[0]))
        return diverged(s);
    double mean = total[1] > 0 ? total[0] / total[1] : 0;
    *loss = *metric = o->loss == COR_LOSS_SQUARED ? sqrt(mean) : mean;
    cor_progress_metric(s->progress, "train", *loss);
    if (!s->valid.data)
        return COR_OK;
    COR_TRY(sgd_show(s));
    COR_TRY(training_valid_error(s->team, &s->valid));
    *metric = s->valid.rmse;
    cor_progress_metric(s->progress, "valid", s->valid.rmse);
    return COR_OK;
}

/* ---- checkpoints ---- */

/* States are rows of four floats. */
static int write_states(void *context, cor_file *file)
{
    const sgd *s = context;
    const cor_model_side *user = &s->model->user, *item = &s->model->item;
    COR_TRY(cor_file_write(file, "now/user_state", COR_FLOAT32, 0, user->rows,
                           4, user->first, user->count, s->user_state));
    return cor_file_write(file, "now/item_state", COR_FLOAT32, 0, item->rows, 4,
                          item->first, item->count, s->item_state);
}

static int read_states(void *context, cor_file *file)
{
    sgd *s = context;
    const cor_model_side *user = &s->model->user, *item = &s->model->item;
    COR_TRY(cor_file_read(file, "now/user_state", COR_FLOAT32, 0, 4,
                          user->first, user->count, s->user_state));
    return cor_file_read(file, "now/item_state", COR_FLOAT32, 0, 4, item->first,
                         item->count, s->item_state);
}

static int show(void *context)
{
    return sgd_show(context);
}

static int take(void *context)
{
    return sgd_take(context);
}

/* Feedback has no ratings to err in. */
static int finish(void *context, double *rmse, double *mae)
{
    sgd *s = context;
    double total[2], count = (double)s->ratings.total;
    if (s->options.loss != COR_LOSS_SQUARED)
        return COR_OK;
    COR_TRY(sgd_round(s, measure, total));
    *rmse = sqrt(total[0] / count);
    *mae = total[1] / count;
    return COR_OK;
}

static int open_course(sgd *s)
{
    static const course_trainer trainer = {.step = epoch,
                                           .show = show,
                                           .take = take,
                                           .write = write_states,
                                           .read = read_states,
                                           .finish = finish};
    const cor_sgd_options *o = &s->options;
    s->course = (course){.team = s->team,
                         .progress = s->progress,
                         .model = s->model,
                         .valid = &s->valid,
                         .word = "epoch",
                         .option = "--epochs",
                         .steps = o->epochs,
                         .options = &o->course,
                         .seed = o->seed,
                         .trainer = &trainer,
                         .context = s,
                         .fit = &s->fit->course};
    return course_open(
        &s->course,
        "sgd loss=%d factors=%lld bias=%d adaptive=%d lr=%.17g lr_bias=%.17g "
        "decay=%.17g reg=%.17g reg_bias=%.17g init=%.17g negatives=%lld "
        "grid=%lld",
        (int)o->loss, (long long)o->factors, o->bias, o->adaptive, o->lr,
        o->lr_bias, o->decay, o->reg, o->reg_bias, o->init,
        (long long)o->negatives, (long long)s->grid.size);
}

/* ---- the fit ---- */

static void make_rule(sgd *s)
{
    const cor_sgd_options *o = &s->options;
    s->rule =
        (cor_step_rule){.loss = o->loss,
                        .adaptive = o->adaptive,
                        .factors = o->factors,
                        .ld = s->model->ld,
                        .mean = s->model->bias ? (float)s->model->mean : 0,
                        .reg = (float)o->reg,
                        .reg_bias = (float)o->reg_bias,
                        .negatives = o->negatives,
                        .seed = o->seed};
}

static int allocate_states(sgd *s)
{
    COR_TRY(cor_allocate_zeroed(&s->user_state, s->model->user.count,
                                sizeof *s->user_state, "biases"));
    return cor_allocate_zeroed(&s->item_state, s->model->item.count,
                               sizeof *s->item_state, "biases");
}

static int prepare(sgd *s, cor_interactions *train,
                   const cor_interactions *valid)
{
    int64_t *place = NULL;
    int rc = sgd_grid_create(s->team, &s->options, train, &s->ratings, &s->grid,
                             &place);
    s->fit->grid = s->grid.size;
    if (rc == COR_OK)
        rc = describe_model(s, train);
    if (rc == COR_OK) {
        make_rule(s);
        rc = cor_agree(s->team, allocate_states(s));
    }
    if (rc == COR_OK)
        rc = sgd_columns_open(s, place);
    cor_free(place);
    COR_TRY(rc);
    COR_TRY(training_valid_open(s->team, s->model, valid, &s->valid));
    COR_TRY(open_course(s));
    return start(s);
}

/* Items without feedback were drawn as unseen ones; they stay unknown. */
static void forget_unknown(cor_model *m)
{
    for (int64_t i = 0; i < m->item.count; i++)
        if (m->item.ratings[i] == 0) {
            memset(m->item.factor + i * m->ld, 0,
                   (size_t)m->ld * sizeof *m->item.factor);
            m->item.bias[i] = 0;
        }
}

static void close_all(sgd *s)
{
    training_valid_close(&s->valid);
    course_close(&s->course);
    sgd_columns_close(&s->columns);
    sgd_grid_free(&s->grid);
    cor_ratings_free(&s->ratings);
    cor_free(s->user_state);
    cor_free(s->item_state);
}

int cor_sgd_train(const cor_team *team, cor_interactions *train,
                  const cor_interactions *valid, const cor_sgd_options *options,
                  cor_progress *progress, cor_model *model, cor_sgd_fit *fit)
{
    *model = (cor_model){0};
    *fit = (cor_sgd_fit){0};
    sgd s = {.team = team,
             .options = cor_sgd_options_settle(options),
             .progress = progress,
             .model = model,
             .fit = fit};
    COR_TRY(check_options(&s.options, valid != NULL));
    cor_family_agree(team);
    int rc = prepare(&s, train, valid);
    if (rc == COR_OK)
        rc = course_run(&s.course);
    if (rc == COR_OK && !fit->course.stopped)
        forget_unknown(model);
    close_all(&s);
    if (rc != COR_OK) {
        cor_model_free(model);
        cor_sgd_fit_free(fit);
    }
    return rc;
}

cor_plan cor_sgd_plan(const cor_team *team, int64_t interactions, int64_t users,
                      int64_t items, int64_t valid,
                      const cor_sgd_options *options)
{
    int64_t size = cor_team_size(team);
    int64_t rows = interactions / size + 1;
    int64_t factors = (users + items) / size * cor_padded(options->factors) *
                      (int64_t)sizeof(float);
    int64_t columns =
        items / size * cor_padded(options->factors) * (int64_t)sizeof(float);
    int64_t others = (users + items) / size * 80 + valid / size * 60;
    /* ratings as they were read beside their blocks; then the blocks, the model
       and the columns, and the best model where one is kept */
    int64_t making = rows * 24;
    int64_t training =
        rows * 12 + factors * (valid ? 2 : 1) + columns * 2 + others;
    int64_t most = making > training ? making : training;
    return (cor_plan){.rows_rank = rows,
                      .bytes_rank = cor_plan_base() + most,
                      .bytes_disk =
                          (users + items) * (options->factors + 8) * 4};
}
