/**
 * The one all-to-all beneath routes and sums: runs of elements to every rank,
 * with 64-bit counts.
 */
#ifndef TEAM_RUNS_H
#define TEAM_RUNS_H

#include "coracle/team.h"

/** Elements to and from each rank, and where each run begins; `size` entries,
    the offsets one more: the total. */
typedef struct cor_runs {
    int64_t *count, *offset;
} cor_runs;

int cor_runs_create(const cor_team *team, cor_runs *runs);
void cor_runs_free(cor_runs *runs);
/** Offsets from counts. */
void cor_runs_offsets(const cor_team *team, cor_runs *runs);

/** Add to what cor_team_bytes_sent tells. */
void cor_runs_note_sent(int64_t bytes);

/** Bytes that one message carries at most, where runs are cut. */
extern const int64_t cor_runs_piece;

/**
 * Send run r of `out` to rank r, receive its run into `in`. Collective. Runs of
 * more than `piece` bytes are cut into several messages; on one rank the run is
 * copied.
 */
void cor_runs_exchange(const cor_team *team, size_t width, int64_t piece,
                       const void *out, const cor_runs *send, void *in,
                       const cor_runs *receive);

#endif
