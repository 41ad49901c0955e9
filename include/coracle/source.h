/**
 * Text files on disk: opened by who needs them, read by position.
 */
#ifndef CORACLE_SOURCE_H
#define CORACLE_SOURCE_H

#include "coracle/team.h"

typedef struct cor_source {
    const char *path; /* borrowed */
    int64_t size;
} cor_source;

/** Size of a regular file that can be read. Local. @return COR_OK; COR_EIO */
int cor_source_find(const char *path, cor_source *file);

/** Open for reading / close where it is open, and set to -1. Local. */
int cor_source_open(const cor_source *file, int *fd);
void cor_source_close(int *fd);

/** Read exactly `bytes` bytes from `offset`. Local. */
int cor_source_read(const cor_source *file, int fd, int64_t offset,
                    int64_t bytes, char *buffer);

/** The number, from 1, of the line that holds byte `offset`. Collective: the
    ranks count newlines side by side. */
int cor_source_line(const cor_team *team, const cor_source *file,
                    int64_t offset, int64_t *line);

#endif
