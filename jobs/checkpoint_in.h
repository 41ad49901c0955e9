/**
 * The options of jobs that keep checkpoints, and what follows from them.
 */
#ifndef CHECKPOINT_IN_H
#define CHECKPOINT_IN_H

#include "coracle/command.h"

/** The options as they are set: one job runs in a process. */
typedef struct checkpoint_in {
    const char *folder, *signal;
    double every;
    bool resume;
    char path[4096]; /* filled by checkpoint_in_check */
} checkpoint_in;

extern checkpoint_in checkpoint_set;

/* Rows for the table of options of a job. */
#define CHECKPOINT_OPTIONS                                                     \
    {"checkpoint",                                                             \
     0,                                                                        \
     COR_OPTION_TEXT,                                                          \
     &checkpoint_set.folder,                                                   \
     "DIR",                                                                    \
     "keep timed checkpoints in this folder; without it one is written only "  \
     "when a signal asks for it, to MODEL.checkpoint"},                        \
        {"every",         0,                                                   \
         COR_OPTION_REAL, &checkpoint_set.every,                               \
         "MINUTES",       "minutes between checkpoints"},                      \
        {"resume",                                                             \
         0,                                                                    \
         COR_OPTION_FLAG,                                                      \
         &checkpoint_set.resume,                                               \
         NULL,                                                                 \
         "go on from the checkpoint, or begin where there is none"},           \
    {                                                                          \
        "checkpoint-signal", 0, COR_OPTION_TEXT, &checkpoint_set.signal,       \
            "NAME", "signal that asks for a checkpoint and an end (USR1)"      \
    }

/** Whether the options make sense; finds where checkpoints go: to the folder
    named, else beside the output. Local. @return COR_OK; COR_EUSAGE */
int checkpoint_in_check(const cor_command *command);

/** Minutes between timed checkpoints; 0: only on a request to stop. */
double checkpoint_in_minutes(void);

/** The failure of a fit that stopped on request after so many iterations, or
    epochs. */
int checkpoint_in_stopped(const char *what, int64_t done);

#endif
