/**
 * Peeling: round after round, the users and items with too few rows left.
 */
#ifndef COR_PEEL_H
#define COR_PEEL_H

#include "coracle/kcore.h"

typedef struct cor_peeled {
    int64_t rounds;
    cor_kcore_round *round;
    uint8_t *user_gone; /* of my users */
    uint8_t *item_gone; /* of my even part of the items */
} cor_peeled;

/** Peel until a round changes nothing. Collective. Give it to cor_peeled_free,
    also after a failure. */
int cor_peel(const cor_team *team, const cor_interactions *data,
             const cor_kcore_options *options, cor_progress *progress,
             cor_peeled *peeled);
void cor_peeled_free(cor_peeled *peeled);

#endif
