/**
 * Files in the making. An output stands beside its final name, as
 * NAME.part-HOST-PROCESS, until it is whole; so none is ever seen half, two
 * programs that write one name do not meet, and what a killed one left behind
 * is told from what another still writes.
 */
#ifndef CORACLE_PART_H
#define CORACLE_PART_H

#include "coracle/team.h"

/**
 * Name the part of `path`, and note it: should the program end badly it is
 * removed. Parts of the same path whose writer is gone are removed now: those
 * of a process of this host that is no more, and those of other hosts that
 * nobody has written to for a day. Nothing is created. Local.
 * @param[out] part  to be given to cor_part_end
 * @return COR_OK; COR_EMEMORY
 */
int cor_part_create(const char *path, char **part);

/** The same, with one name on all ranks. Collective. */
int cor_part_begin(const cor_team *team, const char *path, char **part);

/** Remove all parts in a folder whose writers are gone: for folders that a job
    has for itself. Local. */
void cor_part_sweep(const char *folder);

/** The part has its final name, or is removed: forget it. NULL inside is
    accepted. Local. */
void cor_part_end(char **part);

/** Remove all that is noted and not ended: for a program that ends badly. Safe
    in a handler of signals. Local. */
void cor_part_remove_all(void);

#endif
