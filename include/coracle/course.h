/**
 * The course of a fit that goes step by step (the iterations of als.h, the
 * epochs of sgd.h and baseline.h): when it ends, how it outlives an
 * interruption, and how it went.
 */
#ifndef CORACLE_COURSE_H
#define CORACLE_COURSE_H

#include "coracle/team.h"

typedef struct cor_course_options {
    int64_t early_stop;        /* steps without a better validation error after
                                  which to stop; 0: never */
    const char *checkpoint;    /* folder, or NULL: none is written */
    double checkpoint_minutes; /* between timed checkpoints; 0: none, only on
                                  a request to stop (stop.h) */
    bool resume;               /* go on from the checkpoint, if there is one */
    const char *data_digest;   /* of the training store: a checkpoint of other
                                  data is refused */
} cor_course_options;

/** No checkpoint, and one every 10 minutes where a folder is given. */
cor_course_options cor_course_options_default(void);

/** How it went; equal on all ranks. */
typedef struct cor_course {
    int64_t steps;   /* done, those before a resume included */
    int64_t best;    /* the step that the model is of; 0: of all */
    bool stopped;    /* on request; a checkpoint was written */
    double *history; /* steps: RMSE of validation where there is one, else of
                        training or what the trainer says */
    double *loss;    /* steps: what the trainer minimises */
    double train_rmse, train_mae; /* of the model, clipped; 0: not of ratings */
    bool has_valid;
    double valid_rmse, valid_mae;
    double seconds; /* training alone, no input or output */
} cor_course;

void cor_course_free(cor_course *fit);

#endif
