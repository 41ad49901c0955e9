/**
 * What jobs that train read, and how they report errors.
 */
#ifndef TRAINING_IN_H
#define TRAINING_IN_H

#include "coracle/command.h"
#include "coracle/interactions.h"

/** The ratings to train on, and those to validate by where there are some. */
typedef struct training_in {
    cor_interactions data, valid_data;
    const cor_interactions *valid; /* NULL: none */
} training_in;

/** One input, an output, and --early-stop only where --valid is to judge by.
    Local. @return COR_OK; COR_EUSAGE */
int training_in_check(const cor_command *command, int64_t early_stop,
                      const char *valid);

/** Read the job's input, and the store named `valid` unless it is NULL.
    Collective. */
int training_in_read(const cor_command *command, const char *valid,
                     training_in *in);
void training_in_free(training_in *in);

/** `name{rmse, mae}` into the result. */
void training_in_report(const char *name, double rmse, double mae,
                        cor_result *result);

#endif
