/**
 * What jobs that train recommenders share: the options that watch over a fit,
 * its data, and how it is reported.
 */
#ifndef TRAINING_IN_H
#define TRAINING_IN_H

#include "checkpoint_in.h"

#include "coracle/course.h"
#include "coracle/interactions.h"
#include "coracle/model.h"

/** The options as they are set: one job runs in a process. */
typedef struct training_options {
    const char *valid;
    int64_t early_stop;
} training_options;

extern training_options training_set;

/* Rows for the table of options of a job. */
#define TRAINING_OPTIONS(step)                                                 \
    {"valid",                                                                  \
     0,                                                                        \
     COR_OPTION_TEXT,                                                          \
     &training_set.valid,                                                      \
     "STORE",                                                                  \
     "report the error on these ratings each " step ", keep the best"},        \
        {"early-stop",                                                         \
         0,                                                                    \
         COR_OPTION_INT,                                                       \
         &training_set.early_stop,                                             \
         "N",                                                                  \
         "stop after N " step                                                  \
         "s without a better error on --valid; 0: never"},                     \
        CHECKPOINT_OPTIONS

/** The ratings to train on, and those to validate by where there are some. */
typedef struct training_in {
    cor_interactions_summary size; /* of the input, known before it is read */
    int64_t valid_rows;
    cor_interactions data, valid_data;
    const cor_interactions *valid; /* NULL: none */
} training_in;

/** One input, an output, options that make sense; then what the stores say of
    themselves. Collective. @return COR_OK; COR_EUSAGE; failures of reading */
int training_in_measure(const cor_command *command, training_in *in);

/** What the options say of the course of a fit to these data. */
cor_course_options training_in_course(const training_in *in);

/** Try the output, heed signals from here on, and read the ratings.
    Collective. */
int training_in_read(const cor_command *command, training_in *in);
void training_in_free(training_in *in);

/** Write the model, unless the fit stopped on request, which is a failure; then
    `job, STEPs, best_STEP, seconds, history` into the result. Collective.
    @param[in] step  "epoch", "iteration" */
int training_in_write(const cor_command *command, cor_model *model,
                      const cor_course *course, const char *step);

/** A number a step into the result. */
void training_in_report_list(const char *name, const double *number,
                             int64_t steps, cor_result *result);

/** The errors of a course into the result: in training, unless it was not of
    ratings, and of validation where there is some. */
void training_in_report_errors(const cor_course *course, bool of_ratings,
                               cor_result *result);

/** `name{rmse, mae}` into the result. */
void training_in_report_error(const char *name, double rmse, double mae,
                              cor_result *result);

#endif
