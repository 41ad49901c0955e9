#include "als_state.h"

#include "coracle/memory.h"
#include "coracle/random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

cor_als_options cor_als_options_default(void)
{
    return (cor_als_options){.factors = 64,
                             .iterations = 15,
                             .reg = 10,
                             .reg_bias = 5,
                             .implicit = {.alpha = 1, .unobserved = 1},
                             .steps = 3,
                             .block = 32,
                             .seed = 42,
                             .course = cor_course_options_default()};
}

void cor_als_fit_free(cor_als_fit *fit)
{
    cor_course_free(&fit->course);
    *fit = (cor_als_fit){0};
}

static int check_options(const cor_als_options *o)
{
    if (o->factors < 1 || o->factors > 4096)
        return cor_fail(COR_EUSAGE,
                        "--factors must be from 1 to 4096, not "
                        "%lld",
                        (long long)o->factors);
    if (o->iterations < 1)
        return cor_fail(COR_EUSAGE, "--iterations must be at least 1, not %lld",
                        (long long)o->iterations);
    if (!(o->reg >= 0) || !(o->reg_bias >= 0))
        return cor_fail(COR_EUSAGE,
                        "--reg and --reg-bias must not be negative");
    COR_TRY(course_check(&o->course));
    return als_weighted_check(o);
}

static int describe_model(als *a, cor_interactions *train)
{
    cor_model *m = a->model;
    const cor_als_options *o = a->options;
    strcpy(m->kind, "als");
    m->factors = o->factors;
    m->ld = cor_padded(o->factors);
    m->bias = o->bias;
    m->reg = o->reg;
    m->reg_bias = m->reg_bias_item = o->reg_bias;
    m->reg_by_count = o->reg_by_count;
    return training_describe(a->team, &a->ratings, train, m);
}

/* One side's windows over its own shards; `touched` are the entries of the
   other side that refer to it, which become slots. */
static int open_side(als *a, const char *word, cor_ratings_side *data,
                     cor_ratings_side *touched, cor_model_side *model,
                     als_side *side)
{
    *side = (als_side){.word = word, .data = data, .model = model};
    COR_TRY(cor_halo_create(a->team, data->shards, touched->other,
                            touched->begin[touched->rows], &side->halo));
    COR_TRY(cor_window_create(side->halo, (size_t)a->model->ld * sizeof(float),
                              &side->factor));
    model->factor = cor_window_own(side->factor);
    if (a->model->bias) {
        COR_TRY(cor_window_create(side->halo, sizeof(float), &side->bias));
        model->bias = cor_window_own(side->bias);
    }
    int rc = cor_allocate_zeroed(&side->penalty, data->rows, 8, "loss of rows");
    if (rc == COR_OK)
        rc = cor_allocate_zeroed(&side->error, data->rows, 8, "loss of rows");
    return cor_agree(a->team, rc);
}

static void close_side(als_side *side)
{
    if (side->model && side->factor)
        side->model->factor = NULL;
    if (side->model && side->bias)
        side->model->bias = NULL;
    cor_window_destroy(&side->factor);
    cor_window_destroy(&side->bias);
    cor_halo_destroy(&side->halo);
    cor_free(side->penalty);
    cor_free(side->error);
}

/* Items start near the origin, each from its own number; their biases from
   what their mean says. Users are solved for first. */
static int start_items(als *a)
{
    const cor_model *m = a->model;
    const cor_model_side *side = &m->item;
    double scale = 0.1 / sqrt((double)m->factors);
    for (int64_t i = 0; i < side->count; i++) {
        if (side->ratings[i] == 0)
            continue;
        float *y = side->factor + i * m->ld;
        for (int64_t f = 0; f < m->factors; f++) {
            double normal[2];
            cor_random_normals(cor_random_at((uint64_t)a->options->seed,
                                             COR_STREAM_ITEM_FACTOR,
                                             (uint64_t)(side->first + i),
                                             (uint32_t)(f / 2)),
                               normal);
            y[f] = (float)(scale * normal[f % 2]);
        }
        double n = (double)side->ratings[i];
        if (m->bias)
            side->bias[i] = (float)(n * ((double)side->mean[i] - m->mean) /
                                    (n + a->options->reg_bias));
        else /* so that the first users see the level */
            y[0] += side->mean[i];
    }
    return als_publish(&a->item);
}

static bool is_implicit(const als *a)
{
    return a->options->implicit.form != COR_EXPLICIT;
}

/* Of implicit feedback, preferences are predicted. */
static int open_valid(als *a, const cor_interactions *data)
{
    COR_TRY(training_valid_open(a->team, a->model, data, &a->valid));
    if (!data || !is_implicit(a))
        return COR_OK;
    int rc = als_preferences(data, &a->preference);
    a->valid.value = a->preference;
    return cor_agree(a->team, rc);
}

static int allocate_work(als *a)
{
    int threads = cor_team_threads(a->team);
    COR_TRY(cor_allocate_zeroed(&a->ridge, threads, sizeof(cor_ridge *),
                                "solvers"));
    for (int t = 0; t < threads; t++)
        COR_TRY(cor_ridge_create(a->options->factors, a->options->bias,
                                 &a->ridge[t]));
    return COR_OK;
}

/* ---- the course ---- */

static int iterate(void *context, double *loss, double *metric)
{
    als *a = context;
    double rmse;
    COR_TRY(als_sweep_users(a));
    COR_TRY(als_sweep_items(a));
    COR_TRY(als_measure(a, loss, &rmse));
    *metric = is_implicit(a) ? *loss : rmse;
    cor_progress_metric(a->progress, "loss", *loss);
    if (!is_implicit(a))
        cor_progress_metric(a->progress, "train", rmse);
    if (!a->valid.data)
        return COR_OK;
    COR_TRY(training_valid_error(a->team, &a->valid));
    *metric = a->valid.rmse;
    cor_progress_metric(a->progress, "valid", a->valid.rmse);
    return COR_OK;
}

static int publish(void *context)
{
    als *a = context;
    COR_TRY(als_publish(&a->user));
    return als_publish(&a->item);
}

/* Implicit feedback has no ratings to err in. */
static int finish(void *context, double *rmse, double *mae)
{
    const als *a = context;
    return is_implicit(a) ? COR_OK : als_train_error(a, rmse, mae);
}

static int open_course(als *a)
{
    static const course_trainer trainer = {
        .step = iterate, .take = publish, .finish = finish};
    const cor_als_options *o = a->options;
    a->course = (course){.team = a->team,
                         .progress = a->progress,
                         .model = a->model,
                         .valid = &a->valid,
                         .word = "iteration",
                         .option = "--iterations",
                         .steps = o->iterations,
                         .options = &o->course,
                         .seed = o->seed,
                         .trainer = &trainer,
                         .context = a,
                         .fit = &a->fit->course};
    return course_open(
        &a->course,
        "als form=%d alpha=%.17g unobserved=%.17g exponent=%.17g "
        "solver=%d steps=%lld block=%lld factors=%lld reg=%.17g "
        "reg_bias=%.17g reg_scale=%s bias=%d giant=%lld",
        (int)o->implicit.form, o->implicit.alpha, o->implicit.unobserved,
        o->implicit.reg_exponent, (int)o->solver, (long long)o->steps,
        (long long)o->block, (long long)o->factors, o->reg, o->reg_bias,
        o->reg_by_count ? "count" : "none", o->bias, (long long)o->giant);
}

/* From the windows into memory of the model's own. */
static int settle_side(const cor_model *m, cor_model_side *side)
{
    float *factor, *bias;
    COR_TRY(
        cor_allocate(&factor, side->count * m->ld, sizeof *factor, "factors"));
    int rc = cor_allocate_zeroed(&bias, side->count, sizeof *bias, "biases");
    if (rc != COR_OK) {
        cor_free(factor);
        return rc;
    }
    memcpy(factor, side->factor,
           (size_t)(side->count * m->ld) * sizeof *factor);
    if (m->bias)
        memcpy(bias, side->bias, (size_t)side->count * sizeof *bias);
    side->factor = factor;
    side->bias = bias;
    return COR_OK;
}

static int settle(als *a)
{
    course_close(&a->course); /* its copy of the best goes first */
    int rc = settle_side(a->model, &a->model->user);
    if (rc == COR_OK) {
        a->user.model = NULL;
        rc = settle_side(a->model, &a->model->item);
    }
    if (rc == COR_OK)
        a->item.model = NULL;
    return cor_agree(a->team, rc);
}

static int prepare(als *a, cor_interactions *train,
                   const cor_interactions *valid)
{
    cor_als_options const *o = a->options;
    int64_t giant =
        o->giant > 0
            ? o->giant
            : cor_giants_threshold(cor_shards_rows(train->row_shards),
                                   cor_shards_count(train->row_shards));
    COR_TRY(cor_ratings_create(a->team, train, o->factors, giant, &a->ratings));
    a->fit->giants = a->ratings.giants.count;
    COR_TRY(describe_model(a, train));
    COR_TRY(open_side(a, "user", &a->ratings.user, &a->ratings.item,
                      &a->model->user, &a->user));
    COR_TRY(open_side(a, "item", &a->ratings.item, &a->ratings.user,
                      &a->model->item, &a->item));
    COR_TRY(als_weighted_open(a));
    COR_TRY(open_valid(a, valid));
    COR_TRY(open_course(a));
    COR_TRY(cor_agree(a->team, allocate_work(a)));
    return start_items(a);
}

static void close_all(als *a)
{
    training_valid_close(&a->valid);
    cor_free(a->preference);
    course_close(&a->course);
    close_side(&a->user);
    close_side(&a->item);
    for (int t = 0; a->ridge && t < cor_team_threads(a->team); t++)
        cor_ridge_destroy(&a->ridge[t]);
    cor_free(a->ridge);
    als_weighted_close(a);
    cor_ratings_free(&a->ratings);
}

int cor_als_train(const cor_team *team, cor_interactions *train,
                  const cor_interactions *valid, const cor_als_options *options,
                  cor_progress *progress, cor_model *model, cor_als_fit *fit)
{
    *model = (cor_model){0};
    *fit = (cor_als_fit){0};
    COR_TRY(check_options(options));
    cor_family_agree(team);
    als a = {.team = team,
             .options = options,
             .progress = progress,
             .model = model,
             .fit = fit};
    int rc = prepare(&a, train, valid);
    if (rc == COR_OK)
        rc = course_run(&a.course);
    if (rc == COR_OK)
        rc = settle(&a);
    close_all(&a);
    if (rc != COR_OK) {
        cor_model_free(model);
        cor_als_fit_free(fit);
    }
    return rc;
}

cor_plan cor_als_plan(const cor_team *team, int64_t interactions, int64_t users,
                      int64_t items, int64_t valid,
                      const cor_als_options *options)
{
    int64_t size = cor_team_size(team);
    int64_t rows = interactions / size + 1;
    int64_t factors = (users + items) / size * cor_padded(options->factors) *
                      (int64_t)sizeof(float);
    /* user side 8 bytes a rating; while the item side is made its ratings are
       there once to send, once packed and once arrived, 16 bytes each */
    int64_t ratings = rows * (8 + 16 + (size > 1 ? 24 : 16));
    int64_t training = rows * 16 + factors * (valid ? 3 : 1) +
                       valid / size * 60 + (users + items) / size * 64;
    int64_t settled = rows * 16 + factors * 2;
    int64_t most = ratings > training ? ratings : training;
    return (cor_plan){
        .rows_rank = rows,
        .bytes_rank = cor_plan_base() + (most > settled ? most : settled),
        .bytes_disk = (users + items) * (options->factors + 8) * 4};
}
