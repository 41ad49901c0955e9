/**
 * Trainers of recommenders as `tune` sees them: a job whose options are set one
 * by one, and the fit that they ask for.
 */
#ifndef TRAINER_H
#define TRAINER_H

#include "coracle/command.h"
#include "coracle/interactions.h"
#include "coracle/model.h"

typedef struct trainer {
    const cor_job *job; /* whose options apply */
    /** Fit with the options as they stand, without checkpoints. Takes `train`.
        Collective on the team. @return COR_ENUMERIC where it diverged */
    int (*fit)(const cor_team *team, int64_t seed, cor_interactions *train,
               cor_model *model);
} trainer;

extern const trainer trainer_als;
extern const trainer trainer_sgd;
extern const trainer trainer_baseline;
extern const trainer trainer_knn;

#endif
