/**
 * The ring: blocks of memory pass from each member to the one before it, round
 * and round, while the members work on others. Members are some ranks of a
 * team, in the order of their ranks; the first passes to the last.
 *
 * At most one block is on its way out of a member and one on its way in. What
 * is sent by one is what the other expects next: order alone says which.
 */
#ifndef CORACLE_RING_H
#define CORACLE_RING_H

#include "coracle/team.h"

typedef struct cor_ring cor_ring;

/** Ranks that give `member` form the ring. Collective on the team, which is
    borrowed; what follows is for members alone.
    @return COR_OK; COR_EMEMORY */
int cor_ring_create(const cor_team *team, bool member, cor_ring **ring);
/** Collective on the team. */
void cor_ring_destroy(cor_ring **ring);

/** How many members there are. */
int cor_ring_size(const cor_ring *ring);
/** Whether any thread of a rank may call what follows: where MPI was started
    by a program that promised less, only the main thread may. */
bool cor_ring_any_thread(const cor_ring *ring);

/** Begin to send `bytes` bytes, a multiple of 64, to the member before me,
    after the block that is still on its way out, if any, has left. */
void cor_ring_send(cor_ring *ring, const void *block, int64_t bytes);
/** Wait until the block that is on its way out has left. */
void cor_ring_sent(cor_ring *ring);

/** The next block of the member after me, of `bytes` bytes, a multiple of 64,
    shall go to `block`. */
void cor_ring_expect(cor_ring *ring, void *block, int64_t bytes);
/** Wait until it is there. */
void cor_ring_arrive(cor_ring *ring);

/** Let messages make way; call it now and then between pieces of work. */
void cor_ring_progress(cor_ring *ring);

#endif
