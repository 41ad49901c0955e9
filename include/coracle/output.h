/**
 * Output files of text: all ranks write one file together, each its bytes at
 * their places. Until it is whole it stands beside its final name.
 */
#ifndef CORACLE_OUTPUT_H
#define CORACLE_OUTPUT_H

#include "coracle/team.h"

typedef struct cor_output cor_output;

/**
 * Begin the part of the file, see coracle/part.h. Collective.
 * @return COR_OK; COR_EIO: it can't be written there, or PATH exists and
 * `force` is not set, or is no regular file; COR_EMEMORY
 */
int cor_output_begin(const cor_team *team, const char *path, bool force,
                     cor_output **output);

/** Fail now where cor_output_begin would. Leaves nothing. Collective. */
int cor_output_check(const cor_team *team, const char *path, bool force);

/** Fail before a file of so many bytes is begun that its disk has no room for.
    @param[in] remedy  what to do, for the message. Collective.
    @return COR_OK; COR_EIO */
int cor_output_expect(const cor_output *output, int64_t bytes,
                      const char *remedy);

/** Write `length` bytes from byte `at` on. Local. @return COR_OK; COR_EIO */
int cor_output_write(cor_output *output, const char *bytes, int64_t length,
                     int64_t at);

/** Write the first `length` bytes of another output from byte `at` on. Local.
 * @return COR_OK; COR_EIO; COR_EMEMORY */
int cor_output_copy(cor_output *to, int64_t at, const cor_output *from,
                    int64_t length);

/** Bring what was written to disk. Part of the commit; before it only where
    several files shall appear together or not at all. Collective. */
int cor_output_flush(cor_output *output);

/** Flush, close and give the file its name; on failure it is removed. `*output`
    is NULL afterwards. Collective. */
int cor_output_commit(cor_output **output);

/** Close and remove the file. NULL inside is accepted. Collective. */
void cor_output_abandon(cor_output **output);

#endif
