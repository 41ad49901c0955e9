/**
 * Where records go: outputs in the order of the input, whoever read it.
 */
#ifndef CORACLE_SINK_H
#define CORACLE_SINK_H

#include "coracle/csv.h"
#include "coracle/output.h"

enum cor_sink_order {
    COR_SINK_STEPS, /* slot after slot, rank after rank, step after step */
    COR_SINK_PARTS, /* a file a rank: slot after slot, step after step */
    COR_SINK_RUNS   /* all steps of a slot, slot after slot, rank after rank */
};

/** How texts come, and what stands at the beginning of each file. */
typedef struct cor_sink_way {
    enum cor_sink_order order;
    int slots;          /* threads that write at once */
    const char *header; /* borrowed */
    int64_t header_bytes;
} cor_sink_way;

typedef struct cor_sink cor_sink;

/**
 * Begin `outputs` files; with COR_SINK_PARTS each rank begins its own, named
 * after its rank: NAME-0003.EXT. Copies nothing, borrows all. Collective.
 * @return COR_OK; COR_EUSAGE; COR_EIO; COR_EMEMORY
 */
int cor_sink_create(const cor_team *team, const cor_sink_way *way,
                    const char *const *path, int outputs, bool force,
                    cor_sink **sink);

/** Append to an output; what stands in a slot's texts is written at the next
    flush. Local, a slot to one thread. */
void cor_sink_add(cor_sink *sink, int slot, int output, const char *bytes,
                  int64_t length);

/** A step is over: write. Collective; the status is this rank's own, and stays
    until the commit. */
int cor_sink_flush(cor_sink *sink);

/** Bytes of an output so far: of all ranks where they write one file. */
int64_t cor_sink_bytes(const cor_sink *sink, int output);

/** Finish all outputs: they appear together, or none does. `*sink` is NULL
    afterwards. Collective. */
int cor_sink_commit(cor_sink **sink);

/** Leave nothing behind. NULL inside is accepted. Collective. */
void cor_sink_abandon(cor_sink **sink);

#endif
