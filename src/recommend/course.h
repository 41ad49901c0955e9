/**
 * The course of a fit, one step (an epoch, an iteration) after the other, with
 * all that does not depend on the trainer: the history, the best model so far
 * where validation chooses one, an early stop, checkpoints in time or on
 * request, going on from one, and the errors at the end.
 */
#ifndef RECOMMEND_COURSE_H
#define RECOMMEND_COURSE_H

#include "coracle/checkpoint.h"
#include "coracle/course.h"
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
    /** The rows of the model are final: its errors in training. */
    int (*finish)(void *trainer, double *rmse, double *mae);
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
    cor_model *model;      /* its own rows are the trainer's or shown by it */
    training_valid *valid; /* by whose rmse the best is kept */
    const char *word;      /* "epoch", "iteration" */
    const char *option;    /* "--epochs", "--iterations" */
    int64_t steps;         /* asked for */
    const cor_course_options *options;
    int64_t seed;
    const course_trainer *trainer;
    void *context;
    cor_course *fit; /* what comes of it; the trainer's caller frees it */
    /* its own */
    char run[1024]; /* all that the numbers depend on */
    cor_checkpoint checkpoint;
    course_best best;
} course;

/** Whether the options make sense. Local. @return COR_OK; COR_EUSAGE */
int course_check(const cor_course_options *options);

/**
 * Room for history and the best. Collective.
 * @param[in] format  begins with the trainer's name, then all that the numbers
 * depend on and the course does not know; the steps asked for and the ranks are
 * free to change
 */
int course_open(course *c, const char *format, ...) COR_PRINTF(2, 3);
void course_close(course *c);

/** Go on from the checkpoint where that is asked for; step after step until all
    are done, patience is over or a stop was asked for; then, unless that, the
    best back into the model, and its errors. Collective. */
int course_run(course *c);

#endif
