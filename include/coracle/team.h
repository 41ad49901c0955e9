/**
 * The team: the ranks that work together, how they agree, and their small
 * collectives. Everything with MPI in it lives behind this room.
 *
 * Functions marked *collective* must be called by every rank of the team, with
 * equal arguments unless said otherwise.
 */
#ifndef CORACLE_TEAM_H
#define CORACLE_TEAM_H

#include "coracle/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cor_team cor_team;

/**
 * Start MPI if the program has not, and make the team of all its processes.
 * Collective. `threads` is the number of threads a rank: 0 takes
 * OMP_NUM_THREADS, else the cores this rank is bound to.
 * @return COR_OK; COR_EUSAGE where this is one of N lone processes that a
 * launcher started without speaking this MPI's protocol; COR_EMEMORY
 */
int cor_team_start(int threads, cor_team **team);

/** Leave the team; ends MPI if cor_team_start began it. Collective. */
void cor_team_stop(cor_team **team);

/**
 * The ranks that give the same `color`, as a team of their own, in the order
 * of their ranks. Collective on `team`; the caller gives it to
 * cor_team_destroy before the parent is stopped.
 */
int cor_team_split(const cor_team *team, int color, cor_team **part);
void cor_team_destroy(cor_team **part);

int cor_team_rank(const cor_team *team);
int cor_team_size(const cor_team *team);
int cor_team_threads(const cor_team *team);
void cor_team_set_threads(cor_team *team, int threads);

/** The ranks that share this rank's memory; borrowed, lives with `team`. */
const cor_team *cor_team_node(const cor_team *team);
/** This rank's node (0, 1, ... in order of each node's lowest rank). */
int cor_team_node_index(const cor_team *team);
int cor_team_nodes(const cor_team *team);

/**
 * Agree on a status: where all give COR_OK all get COR_OK, else all get the
 * code and the message of the lowest rank that failed. Collective; `rc` may
 * differ by rank. This is the bridge from local functions to collective ones.
 */
int cor_agree(const cor_team *team, int rc);

/** End the whole job at once, naming this rank; for what cannot be agreed. */
_Noreturn void cor_abort(const cor_team *team, const char *format, ...)
    COR_PRINTF(2, 3);

void cor_team_barrier(const cor_team *team);

/** Element-wise over ranks, in place; every rank gets the result. Collective.
    Integers only: floating-point totals go through cor_sum (sum.h). */
void cor_team_sum(const cor_team *team, int64_t *number, int64_t count);
void cor_team_min(const cor_team *team, int64_t *number, int64_t count);
void cor_team_max(const cor_team *team, int64_t *number, int64_t count);
/** As above for doubles; the least and the greatest do not depend on order. */
void cor_team_min_double(const cor_team *team, double *number, int64_t count);
void cor_team_max_double(const cor_team *team, double *number, int64_t count);

/** Sum of `mine` over the ranks before this one, and over all. Collective. */
int64_t cor_team_before(const cor_team *team, int64_t mine, int64_t *total);

/** Copy `bytes` bytes from rank `root` to all. Collective. */
void cor_team_share(const cor_team *team, void *data, int64_t bytes, int root);

/** `bytes` bytes of every rank, in rank order, on every rank. Collective. */
void cor_team_gather(const cor_team *team, const void *mine, int64_t bytes,
                     void *all);

/**
 * `count` elements of `width` bytes of every rank (counts may differ), one
 * after the other in rank order, on every rank. For small things: the whole
 * stands on each rank. Collective.
 * @param[out] all    takes a block for cor_free
 * @param[out] total  elements in it
 */
int cor_team_collect(const cor_team *team, const void *mine, int64_t count,
                     size_t width, void *all, int64_t *total);

/** As cor_team_collect, on rank `root` alone; others get NULL and 0. */
int cor_team_collect_at(const cor_team *team, int root, const void *mine,
                        int64_t count, size_t width, void *all, int64_t *total);

/** Seconds since some moment in the past; local. */
double cor_team_seconds(void);

/** One line that names the MPI library and its version. */
const char *cor_team_version(void);

/** Bytes this rank has sent to others so far. */
int64_t cor_team_bytes_sent(const cor_team *team);

#endif
