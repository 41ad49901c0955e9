/**
 * Memory that the ranks of a node share: each gives a part, all see all parts
 * as one block in node-rank order. On one rank it is plain memory.
 */
#ifndef CORACLE_SHARED_H
#define CORACLE_SHARED_H

#include "coracle/team.h"

typedef struct cor_shared cor_shared;

/**
 * Allocate `bytes` (my part; parts may differ and may be 0; each is rounded up
 * to 64) over the ranks of my node, zeroed. Collective on the team.
 * @return COR_OK; COR_EMEMORY (also where the node's shared memory is full)
 */
int cor_shared_create(const cor_team *team, int64_t bytes, cor_shared **shared);
void cor_shared_destroy(cor_shared **shared);

/** First byte of the whole block. */
void *cor_shared_base(const cor_shared *shared);
/** Where a node rank's part begins, in bytes; node size gives the end. */
int64_t cor_shared_offset(const cor_shared *shared, int node_rank);

/** Make what each wrote visible to all of the node. Collective on the node. */
void cor_shared_sync(const cor_shared *shared);

#endif
