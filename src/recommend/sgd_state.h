/**
 * What a fit by stochastic gradient descent holds between its steps; shared by
 * the files sgd*.c alone.
 */
#ifndef RECOMMEND_SGD_STATE_H
#define RECOMMEND_SGD_STATE_H

#include "coracle/exchange.h"
#include "coracle/ring.h"
#include "coracle/sgd.h"
#include "course.h"
#include "training.h"

/** The grid, and my rows' ratings. Items have places: those of column 0 come
    first, then those of column 1. */
typedef struct sgd_grid {
    int64_t size;            /* rows, columns */
    cor_shards *users;       /* its rows, over users */
    cor_shards *places;      /* its columns, over places; owners as of rows */
    int64_t first, rows;     /* my rows */
    int64_t *begin;          /* rows x size + 1: where blocks begin */
    cor_step_rating *rating; /* block by block, in the order of steps */
} sgd_grid;

/** The columns that are with me. Each is the factors of its items, then their
    states, in a slot of its own. */
typedef struct sgd_columns {
    cor_ring *ring;
    bool travel;        /* else all are with me for good */
    int64_t slots;      /* those of my rows, and two that are on their way */
    int64_t slot_bytes; /* of the widest column */
    int64_t turn;       /* slot of my first row's own column */
    char *memory;       /* slots x slot_bytes */
    cor_route *home;    /* from the owners in the model to those of columns */
    int32_t *place;     /* by arrival: which of my columns' places, from 0 */
} sgd_columns;

typedef struct sgd {
    const cor_team *team;
    cor_sgd_options options; /* settled */
    cor_progress *progress;
    cor_model *model;
    cor_ratings ratings; /* without entries */
    cor_step_rule rule;
    sgd_grid grid;
    sgd_columns columns;
    cor_step_state *user_state; /* my users */
    cor_step_state *item_state; /* my items of the model, when shown */
    bool shown;                 /* the model is what the columns are */
    training_valid valid;
    course course;
    cor_sgd_fit *fit;
} sgd;

/* sgd_deal.c: a place for each of my items, by how often they were rated.
   Collective. @param[out] place  my items  @param[out] begin  size + 1: where
   the columns begin */
int sgd_deal_items(const cor_team *team, const cor_shards *items,
                   const int64_t *count, int64_t size, int64_t *place,
                   int64_t *begin);

/* sgd_grid.c; collective. Cuts users and items, moves ratings to their rows,
   describes what they say; takes the columns of `train`.
   @param[out] place  takes a block: place of each of my items */
int sgd_grid_create(const cor_team *team, const cor_sgd_options *options,
                    cor_interactions *train, cor_ratings *ratings,
                    sgd_grid *grid, int64_t **place);
void sgd_grid_free(sgd_grid *grid);
/** Rows and columns for so many ratings where none were asked for. */
int64_t sgd_grid_size(int64_t ratings);

/* sgd_columns.c; collective. */
int sgd_columns_open(sgd *s, const int64_t *place);
void sgd_columns_close(sgd_columns *columns);
/** From the model's rows to users and columns, and back. */
int sgd_take(sgd *s);
int sgd_show(sgd *s);

/** What is done with one block, by any thread. */
typedef void sgd_visit(const sgd *s, const cor_step_block *block,
                       double sums[2]);
/** Let every column visit every row. @param[out] total  the sums of all
    blocks, added in the order of the grid */
int sgd_round(sgd *s, sgd_visit *visit, double total[2]);
/** The norms that adaptive steps go by, where columns are at home. Local. */
void sgd_norms(const sgd *s);

#endif
