/**
 * A model: what training leaves. A rating is predicted as
 *
 *   r(u, i) = base + b_u + b_i + s(u, i),   clipped to [value_min, value_max]
 *
 * with base the mean of the training ratings where there are biases and 0 where
 * there are none, and s what a model has beyond that:
 *
 *   factors     x_u . y_i
 *   neighbours  the mean of what is left over of the ratings of the neighbours,
 *               each weighted by its similarity: see cor_neighbours
 *   nothing     0: a baseline, or what is popular
 *
 * A user or item is *known* when it had training ratings. With one side
 * unknown: base + the other's bias, or without biases the other's mean rating;
 * with both unknown: the mean.
 *
 * On disk (kind "model"): attributes model = "als", factors, mean, bias,
 * value_min, value_max, reg, reg_bias, reg_scale, family, digest;
 * /users/{id,count,mean,factors,bias}, /items/{id,title,count,mean,factors,
 * bias}, /shards/{user,item}; further attributes a trainer adds. With
 * neighbours: attributes between, similarity, neighbors, min_neighbors,
 * min_support, shrinkage, keep, similarities, and sparse rows /items/similar,
 * /users/residual (or /users/similar, /items/residual), each with begin (rows +
 * 1), index and value.
 */
#ifndef CORACLE_MODEL_H
#define CORACLE_MODEL_H

#include "coracle/corating.h"
#include "coracle/ids.h"
#include "coracle/shards.h"

#include <float.h>

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

/** Sparse rows: row r has the entries [begin[r], begin[r + 1]). */
typedef struct cor_sparse {
    int64_t *begin; /* rows + 1 */
    int32_t *index;
    float *value;
} cor_sparse;

/**
 * Neighbours. Between items, s(u, i) is taken over items that the user rated:
 * the `most` most similar to i among them, of positive similarity; between
 * users, over users who rated the item. With fewer than `least` it is 0.
 *
 *   s = sum similarity * residual / sum similarity
 *
 * with residual = r - (mean + b_u + b_i) of that training rating. Of equal
 * similarities the earlier in the row of residuals counts first.
 *
 * One side's rows hold similarities, the other's residuals, and both speak of
 * the things between which they are (`index` is a global row): between items a
 * user's row has the items that he rated, an item's row its similar items;
 * between users an item's row has the users who rated it, a user's row the
 * users similar to him, the most similar first. A thing is its own neighbour
 * with similarity 1, which stands in no row; a user comes before his equals.
 */
typedef struct cor_neighbours {
    bool between_users;
    cor_similarity_options similarity;
    int64_t most, least;
    int64_t keep;          /* similarities of each thing; 0: all */
    int64_t similarities;  /* kept of all ranks, both ways */
    cor_sparse user, item; /* my rows of the model's sides */
} cor_neighbours;

/** A plain table like cor_interactions: whoever fills it owns it. */
typedef struct cor_model {
    char kind[16];
    int64_t factors, ld; /* ld = cor_padded(factors) */
    bool bias;
    double mean;
    double value_min, value_max;
    bool unclipped;       /* predictions may be beyond them; not on disk */
    double reg, reg_bias; /* for fold-in: how the rows were regularised */
    double reg_bias_item; /* the same of items' biases */
    bool reg_by_count;
    cor_implicit implicit;
    cor_neighbours *neighbours; /* NULL: none */
    cor_model_side user, item;
    cor_ids item_title; /* my items; total 0: no titles */
    char digest[17];
} cor_model;

void cor_model_free(cor_model *model);

/** Whether the values were no ratings but feedback, which has no range. */
static inline bool cor_model_is_feedback(const cor_model *model)
{
    return model->value_max >= (double)FLT_MAX;
}

/** A rating within the range of the training values, unless it may be beyond.
 */
static inline double cor_model_clip(const cor_model *model, double rating)
{
    if (model->unclipped)
        return rating;
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
