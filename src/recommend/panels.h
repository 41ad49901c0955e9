/**
 * The items of a model on their way round, for lists: the known items of each
 * rank in panels, those that may score most before the others, with how far
 * each panel and all after it may reach. Ranks take turns, a run of panels
 * each; a run that nobody wants is not sent, nor is what its owner has after
 * it.
 */
#ifndef RECOMMEND_PANELS_H
#define RECOMMEND_PANELS_H

#include "coracle/linalg.h"
#include "coracle/model.h"
#include "reach.h"

typedef struct panels panels;

/** COR_PANEL items, perhaps some of the last twice: one that is there again
    has -INFINITY. */
typedef struct panel {
    const float *factor;  /* ld x COR_PANEL */
    const float *bias;    /* of each item */
    const float *popular; /* how popular each is */
    const int32_t *item;  /* rows of the model */
    const reach *own;     /* of these items */
    const reach *rest;    /* of these and all that their owner has after them */
} panel;

/**
 * Before the first run. Collective; borrows all but the number.
 * @param[in] usual  a usual length of a user's factors: items are ordered by
 *                   what they may score for it
 */
int panels_create(const cor_team *team, const cor_model *model,
                  const reach_nodes *nodes, double usual, panels **out);
void panels_destroy(panels **all);

/** Go on to the next run, told by what it and all after it may reach; false
    after the last. Collective. */
bool panels_next(panels *p, reach *rest);
/** Get the run: how many panels; valid until the next. Collective. */
int64_t panels_take(panels *p);
/** Or leave it, and all after it of its owner. On all ranks. */
void panels_leave(panels *p);

panel panels_at(const panels *p, int64_t index);
/** Items that have been passed on all ranks, taken or left. */
int64_t panels_passed(const panels *p);

#endif
