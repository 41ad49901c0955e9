/**
 * A factorisation model: what training leaves. A rating is predicted as
 *
 *   r(u, i) = base + b_u + b_i + x_u . y_i,   clipped to [value_min, value_max]
 *
 * with base the mean of the training ratings where there are biases and 0 where
 * there are none. A user or item is *known* when it had training ratings. With
 * one side unknown: base + the other's bias, or without biases the other's mean
 * rating; with both unknown: the mean.
 *
 * On disk (kind "model"): attributes model = "als", factors, mean, bias,
 * value_min, value_max, reg, reg_bias, reg_scale, family, digest;
 * /users/{id,count,mean,factors,bias}, /items/{id,title,count,mean,factors,
 * bias}, /shards/{user,item}; further attributes a trainer adds.
 */
#ifndef CORACLE_MODEL_H
#define CORACLE_MODEL_H

#include "coracle/ids.h"
#include "coracle/shards.h"

/** One side of the model: this rank's rows. */
typedef struct cor_model_side {
    int64_t rows;         /* all */
    cor_shards *shards;   /* over rows; who owns which */
    int64_t first, count; /* mine */
    cor_ids id;           /* my rows */
    int64_t *ratings;     /* count: training ratings of each; 0: unknown */
    float *mean;          /* count: mean rating of each; 0 where unknown */
    float *factor;        /* count x ld, padding 0; 0 where unknown */
    float *bias;          /* count; 0 where unknown or without biases */
} cor_model_side;

/** How a value speaks of preference: see als.h. */
enum cor_form {
    COR_EXPLICIT,   /* it is the rating */
    COR_CONFIDENCE, /* unobserved cells weigh 1, observed ones 1 + alpha r */
    COR_UNOBSERVED  /* unobserved cells weigh `unobserved` */
};

/** What the equations of a row of implicit feedback need, for fold-in too. */
typedef struct cor_implicit {
    enum cor_form form;
    double alpha;        /* weight of a unit of value; 0: each weighs 1 */
    double unobserved;   /* weight of an unobserved cell */
    double reg_exponent; /* of the frequency that scales reg */
} cor_implicit;

/** A plain table like cor_interactions: whoever fills it owns it. */
typedef struct cor_model {
    char kind[16];
    int64_t factors, ld; /* ld = cor_padded(factors) */
    bool bias;
    double mean;
    double value_min, value_max;
    double reg, reg_bias; /* for fold-in: how the rows were regularised */
    bool reg_by_count;
    cor_implicit implicit;
    cor_model_side user, item;
    cor_ids item_title; /* my items; total 0: no titles */
    char digest[17];
} cor_model;

void cor_model_free(cor_model *model);

/** A rating within the range of the training values. */
static inline double cor_model_clip(const cor_model *model, double rating)
{
    if (rating < model->value_min)
        return model->value_min;
    return rating > model->value_max ? model->value_max : rating;
}

/** Write; refuses with COR_ENUMERIC where a number is not finite. Fills the
    digest. Collective. */
int cor_model_write(const cor_team *team, const char *path,
                    const cor_file_options *options, cor_model *model);
/** Read this rank's rows of both sides. Collective. */
int cor_model_read(const cor_team *team, const char *path, cor_model *model);

/**
 * Predictions for pairs that any rank may ask for, again and again as the model
 * changes: pairs go to the rank that owns the user, item rows come by halo.
 */
typedef struct cor_predictor cor_predictor;

/** Plan for my `count` pairs: rows of the model, -1 where unknown to it.
    Collective; borrows the model, whose factors may change between runs. */
int cor_predictor_create(const cor_team *team, const cor_model *model,
                         const int64_t *user, const int64_t *item,
                         int64_t count, cor_predictor **predictor);
void cor_predictor_destroy(cor_predictor **predictor);

/** Predict all pairs. @param[out] rating count. Collective. */
int cor_predictor_run(cor_predictor *predictor, float *rating);

/** Of my pairs, those whose user or item the model does not know. Local. */
int64_t cor_predictor_unknown(const cor_predictor *predictor);

/**
 * Root mean squared and mean absolute error of predictions, by the ordered sum
 * over the shards of the rows: my rows are those of my shards. Both are 0 where
 * there are no rows. Collective.
 */
int cor_prediction_error(const cor_team *team, const cor_shards *row_shards,
                         const float *value, const float *prediction,
                         double *rmse, double *mae);

#endif
