/**
 * Search for settings: every point of a grid, or points drawn at random, is
 * judged by cross-validation. Points and folds run side by side on groups of
 * ranks; a point that diverges is marked and does not stop the rest. The table
 * does not depend on ranks or groups, but for the seconds.
 */
#ifndef CORACLE_SEARCH_H
#define CORACLE_SEARCH_H

#include "coracle/interactions.h"
#include "coracle/model.h"
#include "coracle/progress.h"

/** Most settings that vary at one time. */
enum { COR_AXES = 16 };

typedef struct cor_grid cor_grid;

/**
 * The points of some axes, each a text NAME=VALUE,VALUE,...; local.
 * @param[in] draws  0: all combinations, the last axis the quickest to change;
 *                   else so many points, drawn by `seed`: of each axis one of
 *                   its values, or of NAME=LOW:HIGH or NAME=LOW:HIGH:log a
 *                   number from between
 * @return COR_OK; COR_EUSAGE; COR_EMEMORY
 */
int cor_grid_create(const char *const *axis, int axes, int64_t draws,
                    int64_t seed, cor_grid **grid);
void cor_grid_destroy(cor_grid **grid);

int cor_grid_axes(const cor_grid *grid);
int64_t cor_grid_points(const cor_grid *grid);
const char *cor_grid_name(const cor_grid *grid, int axis);
/** The value of a point on an axis; borrowed. */
const char *cor_grid_value(const cor_grid *grid, int64_t point, int axis);

/** How a point did. */
typedef struct cor_trial {
    int64_t point;
    int64_t folds;    /* judged so far; all of them at the end */
    int64_t diverged; /* of them */
    double rmse, mae; /* means over the folds; NaN where one diverged */
    double metric;    /* what was asked for; equal to rmse or mae or of lists */
    double seconds;   /* of training, all folds */
} cor_trial;

/** Settings apply from here on; local. @return COR_OK; COR_EUSAGE */
typedef int cor_search_set(void *context, const cor_grid *grid, int64_t point);
/** Train with them; takes `train`; collective on the group. COR_ENUMERIC is a
    point that diverged. */
typedef int cor_search_fit(void *context, const cor_team *group,
                           cor_interactions *train, cor_model *model);

typedef struct cor_search {
    const cor_grid *grid;
    cor_search_set *set;
    cor_search_fit *fit;
    void *context;
    int64_t folds; /* at least 2 */
    bool by_time;  /* fold f learns from what is before it; else by chance */
    int64_t seed;
    const char *metric;  /* rmse, mae, or of lists NAME@K as ranking.h has them;
                            the best has the least error, the greatest other */
    int64_t group;       /* ranks a fit */
    int64_t part, parts; /* only points with number modulo parts == part */
    const char *log;     /* finished folds are kept here as they come, and those
                            that it holds already are not done again; NULL */
} cor_search;

/** COR_EUSAGE for another metric. @param[out] k  of lists; 0: of errors */
int cor_search_metric(const char *metric, char name[16], int64_t *k);

/**
 * Judge the points. Collective.
 * @param[in]  store  read by every group
 * @param[out] trial  takes a block of `trials` for cor_free, by point, equal on
 *                    all ranks
 */
int cor_search_run(const cor_team *team, const cor_search *search,
                   const char *store, cor_progress *progress, cor_trial **trial,
                   int64_t *trials);

/** The best of some trials, the first of equals, or -1 where all diverged. */
int64_t cor_search_best(const cor_search *search, const cor_trial *trial,
                        int64_t trials);

#endif
