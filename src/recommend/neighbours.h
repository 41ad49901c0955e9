/**
 * The sparse rows of a model: how they are kept, and how one rating follows
 * from them.
 */
#ifndef RECOMMEND_NEIGHBOURS_H
#define RECOMMEND_NEIGHBOURS_H

#include "coracle/exchange.h"
#include "coracle/model.h"

void sparse_free(cor_sparse *rows);

/** Write or read the rows that a side has of mine as three datasets: begin (of
    all rows + 1), index, value. Collective. Rows read are for sparse_free, also
    after a failure. @param things  of which `index` speaks
    @return COR_OK; COR_EDATA: damaged; COR_EIO; COR_EMEMORY */
int sparse_write(const cor_team *team, cor_file *file,
                 const char *const names[3], const cor_model_side *side,
                 const cor_sparse *rows);
int sparse_read(const cor_team *team, const cor_file *file,
                const char *const names[3], const cor_model_side *side,
                int64_t things, cor_sparse *rows);

/** Whose rows are asked for, and where they go here. */
typedef struct sparse_request {
    const cor_route *route; /* to the owners of the rows */
    const int64_t *asked;   /* arrivals of the route: local rows there */
    int64_t count;          /* rows I ask for */
    const int32_t *to;      /* count: the owner of each, as the route has it */
    const int64_t *place;   /* count: row of mine that each becomes */
    int64_t rows;           /* of mine; those not asked for become empty */
} sparse_request;

/** Fetch the rows asked for. Collective. @param[out] out  request->rows */
int sparse_fetch(const cor_team *team, const sparse_request *request,
                 const cor_sparse *own, cor_sparse *out);

/** Frees the neighbours of a model, if it has any. */
void neighbours_free(cor_neighbours **neighbours);
/** Write them into the file of a model. Collective. */
int neighbours_write(const cor_team *team, cor_file *file,
                     const cor_model *model);
/** Read those of my rows, if the file has any; both sides of the model are
    described. Collective. @return COR_OK; COR_EDATA: damaged */
int neighbours_read(const cor_team *team, const cor_file *file,
                    cor_model *model);
/** All datasets that a model of neighbours may have, for its digest. */
enum { NEIGHBOUR_DATASETS = 12 };
extern const char *const neighbour_datasets[NEIGHBOUR_DATASETS];

/** One neighbour of a rating to predict. */
typedef struct neighbour {
    float similarity, residual;
} neighbour;

/**
 * s(u, i) from all neighbours of positive similarity, in the order of the row
 * of residuals. Local. @param[out] work  count floats
 */
double neighbours_mean(const cor_neighbours *how, const neighbour *near,
                       int64_t count, float *work);

/** Pairs of my users with any items, both known to the model. */
typedef struct neighbour_pairs {
    int64_t count;
    const uint64_t *order; /* count: item << 32 | pair, ascending */
    const int32_t *user;   /* by pair: my row of the model */
    double *beyond;        /* out, by pair: s(u, i) */
} neighbour_pairs;

/** Collective. */
int neighbours_of_pairs(const cor_team *team, const cor_model *model,
                        const neighbour_pairs *asked);

#endif
