/**
 * The course of a fit of a factor model: one step (an epoch, an iteration)
 * after the other, with all that does not depend on the trainer: the history,
 * the best model so far where validation chooses one, an early stop,
 * checkpoints in time or on request, and going on from one.
 */
#ifndef RECOMMEND_COURSE_H
#define RECOMMEND_COURSE_H

#include "coracle/checkpoint.h"
#include "coracle/model.h"
#include "coracle/progress.h"
#include "training.h"

/** What a trainer does; all collective. NULL where it has nothing to do. */
typedef struct course_trainer {
    /** One step; gives the metrics of the model as it then stands. */
    int (*step)(void *trainer, double *loss, double *metric);
    /** Make the rows of the model what the trainer has. */
    int (*show)(void *trainer);
    /** The rows of the model were replaced: go on from them. */
    int (*take)(void *trainer);
    /** What a checkpoint needs beside the rows of the model; after `show` and
        before `take`. */
    int (*write)(void *trainer, cor_file *file);
    int (*read)(void *trainer, cor_file *file);
} course_trainer;

/** A copy of both sides' own rows. */
typedef struct course_best {
    int64_t step; /* 0: none yet */
    double rmse;
    float *user_factor, *user_bias, *item_factor, *item_bias;
} course_best;

typedef struct course {
    /* filled in by the trainer, who keeps what is pointed at */
    const cor_team *team;
    cor_progress *progress;
    cor_model *model; /* its own rows are the trainer's or shown by it */
    const training_valid *valid; /* by whose rmse the best is kept */
    const char *word;            /* "epoch", "iteration" */
    const char *option;          /* "--epochs", "--iterations" */
    int64_t steps;               /* asked for */
    int64_t early_stop;          /* steps without a better one; 0: never */
    double minutes; /* between checkpoints; 0: only on a request to stop */
    cor_checkpoint checkpoint; /* folder NULL: none */
    const course_trainer *trainer;
    void *context;
    /* what came of it */
    int64_t done;
    bool stopped;           /* on request; a checkpoint was written */
    double *loss, *history; /* steps; blocks that the trainer takes */
    course_best best;
} course;

/** Room for history and the best. Collective. */
int course_open(course *c);
/** Free the best; history and loss, too, unless they were taken (NULL). */
void course_close(course *c);

/** Go on from the checkpoint, if there is one. Collective. */
int course_resume(course *c);
/** Step after step until all are done, patience is over or a stop was asked
    for. Collective. */
int course_run(course *c);
/** The best step's rows back into the model. Collective.
    @param[out] step  which it is: the last where none was kept */
int course_restore_best(course *c, int64_t *step);

#endif
