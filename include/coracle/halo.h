/**
 * The halo: the plan, made once, by which the ranks of a node get just the rows
 * of distributed matrices that their own rows touch. A matrix then lives in one
 * window a node: the node's own rows, written by their owners in place, then
 * the rows of other nodes, each fetched once for the whole node. On one node
 * nothing is copied at all.
 */
#ifndef CORACLE_HALO_H
#define CORACLE_HALO_H

#include "coracle/shards.h"

typedef struct cor_halo cor_halo;
typedef struct cor_window cor_window;

/**
 * Plan which of the rows owned by `shards` this rank touches. Collective.
 * @param[in,out] index  my `count` references to rows, by global number;
 *                       changed to slots of the node's windows
 */
int cor_halo_create(const cor_team *team, const cor_shards *shards,
                    int32_t *index, int64_t count, cor_halo **halo);
void cor_halo_destroy(cor_halo **halo);

/** Slot of my first own row; my rows are consecutive from there. */
int64_t cor_halo_own_slot(const cor_halo *halo);
/** Slots of the node: its own rows and those it fetches. */
int64_t cor_halo_slots(const cor_halo *halo);

/** A matrix of `width` bytes a row over the plan's rows, zeroed. Collective;
    borrows the plan. Any number of windows share a plan. */
int cor_window_create(const cor_halo *halo, size_t width, cor_window **window);
void cor_window_destroy(cor_window **window);

/** The rows of this node, by slot. */
void *cor_window_rows(const cor_window *window);
/** My own rows, which I alone write. */
void *cor_window_own(const cor_window *window);

/** After owners wrote: make their rows visible on the node and fetch those of
    other nodes. Nobody may write before all have called. Collective. */
int cor_window_update(cor_window *window);

#endif
