/* Neighbourhoods: the baseline, similarities, the model, its errors. */
#include "knn_state.h"

#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/random.h"
#include "coracle/sort.h"
#include "course.h"
#include "neighbours.h"
#include "training.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* Training ratings that the training error is taken over, at most. */
enum { SAMPLE = 1000000 };

cor_knn_options cor_knn_options_default(void)
{
    return (cor_knn_options){.similarity = {.kind = COR_PEARSON_BASELINE,
                                            .shrinkage = 100,
                                            .support = 1},
                             .most = 40,
                             .least = 1,
                             .baseline =
                                 cor_baseline_options_default(COR_BASELINE_ALS),
                             .seed = 42,
                             .course = cor_course_options_default()};
}

void cor_knn_fit_free(cor_knn_fit *fit)
{
    cor_free(fit->history);
    *fit = (cor_knn_fit){0};
}

static int check_options(const cor_knn_options *o)
{
    if (o->most < 1)
        return cor_fail(COR_EUSAGE, "--neighbors must be at least 1, not %lld",
                        (long long)o->most);
    if (o->least < 0 || o->least > o->most)
        return cor_fail(COR_EUSAGE,
                        "--min-neighbors must be from 0 to --neighbors, %lld, "
                        "not %lld",
                        (long long)o->most, (long long)o->least);
    if (o->similarity.support < 1)
        return cor_fail(COR_EUSAGE,
                        "--min-support must be at least 1, not %lld",
                        (long long)o->similarity.support);
    if (!(o->similarity.shrinkage >= 0))
        return cor_fail(COR_EUSAGE, "--shrinkage must not be negative");
    if (o->keep < 0)
        return cor_fail(COR_EUSAGE,
                        "--keep must be `all` or at least 1, not %lld",
                        (long long)o->keep);
    COR_TRY(course_check(&o->course));
    return baseline_check(&o->baseline);
}

typedef struct trainer {
    const cor_team *team;
    const cor_knn_options *options;
    cor_progress *progress;
    cor_model *model;
    cor_knn_fit *fit;
    cor_ratings ratings;
    baseline base;
    float *residual; /* by entry of the raters' side */
    knn_order order; /* empty: the order of the input */
    knn_course course;
} trainer;

static cor_ratings_side *raters_of(trainer *t)
{
    return t->options->between_users ? &t->ratings.item : &t->ratings.user;
}

static const cor_model_side *things_of(const trainer *t)
{
    return t->options->between_users ? &t->model->user : &t->model->item;
}

/* ---- the baseline ---- */

static int describe_model(trainer *t, cor_interactions *train)
{
    cor_model *m = t->model;
    const cor_knn_options *o = t->options;
    strcpy(m->kind, "knn");
    m->bias = true;
    m->reg_bias = o->baseline.reg_user;
    m->reg_bias_item = o->baseline.reg_item;
    COR_TRY(training_describe(t->team, &t->ratings, train, m));
    int rc = COR_NEW_ZEROED(&m->neighbours, 1);
    if (rc == COR_OK)
        rc = COR_NEW(&m->user.bias, m->user.count);
    if (rc == COR_OK)
        rc = COR_NEW(&m->item.bias, m->item.count);
    if (rc == COR_OK)
        rc = COR_NEW(&m->user.factor, 0);
    if (rc == COR_OK)
        rc = COR_NEW(&m->item.factor, 0);
    if (rc == COR_OK)
        *m->neighbours = (cor_neighbours){.between_users = o->between_users,
                                          .similarity = o->similarity,
                                          .most = o->most,
                                          .least = o->least,
                                          .keep = o->keep};
    return rc;
}

static void copy_biases(double *to, const double *from, int64_t rows)
{
    memcpy(to, from, (size_t)rows * sizeof *to);
}

/* The biases of my rows as a checkpoint and the model want them. */
static void take_biases(trainer *t)
{
    copy_biases(t->course.user_bias, t->base.user.own, t->model->user.count);
    copy_biases(t->course.item_bias, t->base.item.own, t->model->item.count);
}

static int resume(trainer *t)
{
    bool found;
    COR_TRY(knn_course_resume(&t->course, &found));
    if (!found)
        return COR_OK;
    copy_biases(t->base.user.own, t->course.user_bias, t->model->user.count);
    copy_biases(t->base.item.own, t->course.item_bias, t->model->item.count);
    COR_TRY(cor_window_update(t->base.user.bias));
    return cor_window_update(t->base.item.bias);
}

static int fit_baseline(trainer *t)
{
    cor_knn_fit *fit = t->fit;
    int64_t epochs = t->options->baseline.epochs;
    double mae;
    cor_progress_begin(t->progress, "baseline", epochs);
    cor_progress_resume(t->progress, fit->epochs);
    while (fit->epochs < epochs && !fit->stopped) {
        COR_TRY(baseline_epoch(&t->base));
        COR_TRY(
            baseline_error(&t->base, false, &fit->history[fit->epochs], &mae));
        cor_progress_metric(t->progress, "train", fit->history[fit->epochs]);
        cor_progress_step(t->progress, ++fit->epochs);
        if (knn_course_due(&t->course)) {
            take_biases(t);
            COR_TRY(knn_course_write(&t->course));
        }
    }
    cor_progress_end(t->progress);
    take_biases(t);
    return COR_OK;
}

/* What ratings are beyond the baseline, and the baseline as the model has it.
 */
static int take_residuals(trainer *t)
{
    bool users = t->options->between_users;
    const baseline_side *side = users ? &t->base.item : &t->base.user;
    const baseline_side *other = users ? &t->base.user : &t->base.item;
    const double *bias = cor_window_rows(other->bias);
    const cor_ratings_side *data = side->data;
    int threads = cor_team_threads(t->team);
    COR_TRY(cor_allocate(&t->residual, data->begin[data->rows],
                         sizeof *t->residual, "residuals"));
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t row = 0; row < data->rows; row++)
        for (int64_t e = data->begin[row]; e < data->begin[row + 1]; e++)
            t->residual[e] =
                (float)baseline_residual(&t->base, side, bias, row, e);
    for (int64_t u = 0; u < t->model->user.count; u++)
        t->model->user.bias[u] = (float)t->course.user_bias[u];
    for (int64_t i = 0; i < t->model->item.count; i++)
        t->model->item.bias[i] = (float)t->course.item_bias[i];
    return COR_OK;
}

/* ---- similarities ---- */

/* An order of things at random, by the seed. */
static int draw_order(trainer *t)
{
    int64_t things = things_of(t)->rows, *thing = NULL;
    uint64_t *key = NULL, seed = (uint64_t)t->options->seed;
    if (t->options->input_order && !t->options->between_users)
        return COR_OK;
    int rc = COR_NEW(&t->order.rank, things);
    if (rc == COR_OK)
        rc = COR_NEW(&t->order.thing, things);
    if (rc == COR_OK)
        rc = COR_NEW(&thing, things);
    if (rc == COR_OK)
        rc = COR_NEW(&key, things);
    for (int64_t x = 0; rc == COR_OK && x < things; x++) {
        cor_random bits =
            cor_random_at(seed, COR_STREAM_NEIGHBOUR, (uint64_t)x, 0);
        key[x] = (uint64_t)bits.word[0] << 32 | bits.word[1];
        thing[x] = x;
    }
    if (rc == COR_OK)
        rc = cor_sort_pairs(key, thing, things);
    for (int64_t place = 0; rc == COR_OK && place < things; place++) {
        t->order.thing[place] = (int32_t)thing[place];
        t->order.rank[thing[place]] = (int32_t)place;
    }
    cor_free(thing);
    cor_free(key);
    return rc;
}

static int compare_things(trainer *t)
{
    knn k = {.team = t->team,
             .options = t->options,
             .ratings = &t->ratings,
             .raters = raters_of(t),
             .residual = t->residual,
             .compared = t->course.compared,
             .things = things_of(t)->rows,
             .whole = t->options->keep == 0};
    int rc = knn_search(&k, &t->course);
    if (rc == COR_OK && !t->fit->stopped)
        rc = cor_agree(t->team,
                       knn_order_rows(&k, &t->order, things_of(t)->count,
                                      &t->course.similar));
    knn_rows_destroy(&k.rows);
    cor_free(k.work);
    cor_free(k.cut);
    return rc;
}

/* ---- the model's rows ---- */

/* One rater's row in the order in which equal similarities count; duplicates
   stay in theirs. Keys: rank of the thing << 32 | bits of the value. */
static void order_row(const knn_order *order, int bits, uint64_t *key,
                      int64_t begin, int64_t count, cor_sparse *rows)
{
    for (int64_t e = 0; e < count; e++) {
        uint32_t value;
        memcpy(&value, &rows->value[begin + e], sizeof value);
        key[e] = (uint64_t)order->rank[rows->index[begin + e]] << 32 | value;
    }
    const uint64_t *sorted =
        cor_sort_by_bits(key, key + count, count, 32, bits);
    for (int64_t e = 0; e < count; e++) {
        uint32_t value = (uint32_t)sorted[e];
        rows->index[begin + e] = order->thing[sorted[e] >> 32];
        memcpy(&rows->value[begin + e], &value, sizeof value);
    }
}

static int order_residuals(const trainer *t, int64_t count, cor_sparse *rows)
{
    int threads = cor_team_threads(t->team), bits = 1;
    int64_t most = 0;
    uint64_t *key = NULL;
    if (!t->order.rank)
        return COR_OK;
    while (things_of(t)->rows > INT64_C(1) << bits)
        bits++;
    for (int64_t r = 0; r < count; r++)
        if (rows->begin[r + 1] - rows->begin[r] > most)
            most = rows->begin[r + 1] - rows->begin[r];
    COR_TRY(cor_allocate(&key, threads * 2 * most, sizeof *key, "residuals"));
#pragma omp parallel for num_threads(threads) schedule(dynamic, 64)
    for (int64_t r = 0; r < count; r++)
        order_row(&t->order, bits, key + omp_get_thread_num() * 2 * most,
                  rows->begin[r], rows->begin[r + 1] - rows->begin[r], rows);
    cor_free(key);
    return COR_OK;
}

/* The ratings become the model's rows, and what was similar. */
static int assemble(trainer *t)
{
    cor_neighbours *n = t->model->neighbours;
    cor_ratings_side *raters = raters_of(t);
    cor_sparse *residual = n->between_users ? &n->item : &n->user;
    cor_sparse *similar = n->between_users ? &n->user : &n->item;
    *residual = (cor_sparse){raters->begin, raters->other, t->residual};
    *similar = t->course.similar;
    int64_t rows = raters->rows;
    raters->begin = NULL;
    raters->other = NULL;
    t->residual = NULL;
    t->course.similar = (cor_sparse){0};
    cor_ratings_free(&t->ratings);
    n->similarities = similar->begin[things_of(t)->count];
    cor_team_sum(t->team, &n->similarities, 1);
    t->fit->similarities = n->similarities;
    return cor_agree(t->team, order_residuals(t, rows, residual));
}

/* ---- errors ---- */

/* Training ratings spread evenly over all: rows 0, step, 2 step, ... */
typedef struct sample {
    int64_t count;
    int64_t *user, *item;
    float *value, *prediction;
    cor_shards *shards;
} sample;

static void sample_free(sample *s)
{
    cor_free(s->user);
    cor_free(s->item);
    cor_free(s->value);
    cor_free(s->prediction);
    cor_shards_destroy(&s->shards);
}

/* The shards of all rows become those of the sample. */
static int sample_shards(const cor_shards *all, int64_t step, sample *s)
{
    int64_t *begin = NULL, shards = cor_shards_count(all);
    int rc = COR_NEW(&begin, shards + 1);
    for (int64_t i = 0; rc == COR_OK && i <= shards; i++)
        begin[i] = (cor_shards_begin(all, i) + step - 1) / step;
    if (rc == COR_OK)
        rc = cor_shards_create_like(all, begin, &s->shards);
    cor_free(begin);
    return rc;
}

static int take_sample(const trainer *t, const cor_shards *all, sample *s)
{
    const cor_ratings_side *users = &t->ratings.user;
    int64_t step = (t->ratings.total + SAMPLE - 1) / SAMPLE;
    int64_t at = cor_shards_first_row(all, cor_team_rank(t->team));
    int64_t room = users->begin[users->rows] / step + 1;
    COR_TRY(sample_shards(all, step, s));
    COR_TRY(COR_NEW(&s->user, room));
    COR_TRY(COR_NEW(&s->item, room));
    COR_TRY(COR_NEW(&s->value, room));
    COR_TRY(COR_NEW(&s->prediction, room));
    for (int64_t u = 0; u < users->rows; u++)
        for (int64_t e = users->begin[u]; e < users->begin[u + 1]; e++) {
            if (at++ % step != 0)
                continue;
            s->user[s->count] = users->first + u;
            s->item[s->count] = users->other[e];
            s->value[s->count++] = users->value[e];
        }
    return COR_OK;
}

static int sample_error(trainer *t, sample *s)
{
    cor_predictor *predictor = NULL;
    t->fit->sampled = cor_shards_rows(s->shards);
    int rc = cor_predictor_create(t->team, t->model, s->user, s->item, s->count,
                                  &predictor);
    if (rc == COR_OK)
        rc = cor_predictor_run(predictor, s->prediction);
    cor_predictor_destroy(&predictor);
    if (rc == COR_OK)
        rc = cor_prediction_error(t->team, s->shards, s->value, s->prediction,
                                  &t->fit->train_rmse, &t->fit->train_mae);
    return rc;
}

static int valid_error(trainer *t, const cor_interactions *data)
{
    training_valid valid = {0};
    if (!data)
        return COR_OK;
    int rc = training_valid_open(t->team, t->model, data, &valid);
    if (rc == COR_OK)
        rc = training_valid_error(t->team, &valid);
    t->fit->has_valid = true;
    t->fit->valid_rmse = valid.rmse;
    t->fit->valid_mae = valid.mae;
    training_valid_close(&valid);
    return rc;
}

/* ---- the whole ---- */

static int prepare(trainer *t, cor_interactions *train, sample *s)
{
    enum { LIKE_FACTORS = 16 }; /* items' work: their ratings, as of factors */
    COR_TRY(cor_ratings_create(t->team, train, LIKE_FACTORS, INT64_MAX,
                               &t->ratings));
    COR_TRY(cor_agree(t->team, take_sample(t, train->row_shards, s)));
    COR_TRY(cor_agree(t->team, describe_model(t, train)));
    COR_TRY(cor_agree(t->team, draw_order(t)));
    COR_TRY(cor_agree(t->team,
                      COR_NEW(&t->fit->history, t->options->baseline.epochs)));
    t->course = (knn_course){.team = t->team,
                             .options = t->options,
                             .progress = t->progress,
                             .fit = t->fit,
                             .user = &t->model->user,
                             .item = &t->model->item,
                             .thing = things_of(t)};
    COR_TRY(knn_course_open(&t->course));
    return baseline_open(t->team, &t->options->baseline, &t->ratings, &t->base);
}

static int find_neighbours(trainer *t)
{
    COR_TRY(cor_agree(t->team, take_residuals(t)));
    baseline_close(&t->base);
    COR_TRY(compare_things(t));
    return t->fit->stopped ? COR_OK : assemble(t);
}

static int fit_model(trainer *t)
{
    COR_TRY(resume(t));
    double started = cor_team_seconds();
    COR_TRY(fit_baseline(t));
    if (!t->fit->stopped)
        COR_TRY(find_neighbours(t));
    t->fit->seconds = cor_team_seconds() - started;
    cor_team_share(t->team, &t->fit->seconds, sizeof(double), 0);
    return COR_OK;
}

static void close_all(trainer *t)
{
    baseline_close(&t->base);
    cor_ratings_free(&t->ratings);
    knn_course_close(&t->course);
    cor_free(t->residual);
    cor_free(t->order.rank);
    cor_free(t->order.thing);
}

int cor_knn_train(const cor_team *team, cor_interactions *train,
                  const cor_interactions *valid, const cor_knn_options *options,
                  cor_progress *progress, cor_model *model, cor_knn_fit *fit)
{
    *model = (cor_model){0};
    *fit = (cor_knn_fit){0};
    COR_TRY(check_options(options));
    cor_family_agree(team);
    sample s = {0};
    trainer t = {.team = team,
                 .options = options,
                 .progress = progress,
                 .model = model,
                 .fit = fit};
    int rc = prepare(&t, train, &s);
    if (rc == COR_OK)
        rc = fit_model(&t);
    if (rc == COR_OK && !fit->stopped)
        rc = sample_error(&t, &s);
    if (rc == COR_OK && !fit->stopped)
        rc = valid_error(&t, valid);
    sample_free(&s);
    close_all(&t);
    if (rc != COR_OK) {
        cor_model_free(model);
        cor_knn_fit_free(fit);
    }
    return rc;
}

cor_plan cor_knn_plan(const cor_team *team, int64_t interactions, int64_t users,
                      int64_t items, int64_t valid,
                      const cor_knn_options *options)
{
    int64_t size = cor_team_size(team), threads = cor_team_threads(team);
    int64_t rows = interactions / size + 1;
    int64_t things = options->between_users ? users : items;
    int64_t raters = options->between_users ? items : users;
    /* two things in three are alike where the lengths of rows are as uneven as
       in ratings, and half of these positively */
    double pairs =
        (double)interactions / (double)(raters + 1) * (double)interactions * 2;
    double most = (double)things * (double)things;
    pairs = (pairs < most ? pairs : most) / 2;
    double kept =
        options->keep ? (double)things * (double)options->keep : pairs;
    /* ratings, residuals, rows of the node, visits; sums of a thread */
    double own = (double)rows * (16 + 8 + 4 + 16) + (double)things * 20 +
                 (double)threads * (double)things * 40 +
                 (double)valid / (double)size * 60;
    /* what a checkpoint gave to the owners is there beside what comes */
    const cor_course_options *o = &options->course;
    bool twice = size > 1 || o->checkpoint_minutes > 0 || o->resume;
    double found = kept / (double)size * (twice ? 3 : 1.2) * 8;
    if (options->keep) /* every rank has room for the nearest of all */
        found = kept * 8 + kept / (double)size * 32;
    return (cor_plan){.rows_rank = rows,
                      .bytes_rank = cor_plan_base() + (int64_t)(own + found),
                      .bytes_disk = (int64_t)(kept * 8) + interactions * 8 +
                                    (users + items) * 40};
}
