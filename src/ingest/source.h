/* Text files on disk: opened by who needs them, read by position. */
#ifndef INGEST_SOURCE_H
#define INGEST_SOURCE_H

#include "coracle/team.h"

typedef struct ingest_source {
    const char *path; /* borrowed */
    int64_t size;
} ingest_source;

/* Size of a regular file that can be read. @return COR_OK; COR_EIO */
int ingest_source_find(const char *path, ingest_source *file);

int ingest_source_open(const ingest_source *file, int *fd);
void ingest_source_close(int *fd);

/* Read exactly `bytes` bytes from `offset`. */
int ingest_source_read(const ingest_source *file, int fd, int64_t offset,
                       int64_t bytes, char *buffer);

/* The number, from 1, of the line that holds byte `offset`. Collective: the
   ranks count newlines side by side. */
int ingest_source_line(const cor_team *team, const ingest_source *file,
                       int64_t offset, int64_t *line);

#endif
