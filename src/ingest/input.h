/* The input: all files as one range of bytes, headers left out. */
#ifndef INGEST_INPUT_H
#define INGEST_INPUT_H

#include "fault.h"

/* Positions count the bytes of the rows of all files, one after the other:
   file f's rows are at [base[f], base[f + 1]). */
typedef struct ingest_input {
    int files;
    cor_source *source;    /* files */
    ingest_layout *layout; /* files */
    int64_t *base;         /* files + 1 */
    ingest_wanted wanted;
    bool titles; /* reads items and titles, not interactions */
    bool skip;
    enum cor_time_format time_format;
    const char *time_pattern; /* instead; or NULL. Borrowed */
    bool packed;              /* some file is, so that none is cut */
} ingest_input;

/* Find files and layouts, on rank 0, and share them. Collective. */
int ingest_input_open(const cor_team *team, const char *const *file, int files,
                      const cor_ingest_options *options, bool titles,
                      ingest_input *in);
/* The second half of it: what rank 0 found becomes known to all, and where the
   files begin in the input. Collective. */
void ingest_input_share(const cor_team *team, const char *const *file,
                        ingest_input *in);
void ingest_input_close(ingest_input *in);

static inline int64_t ingest_input_bytes(const ingest_input *in)
{
    return in->base[in->files];
}

/* The file that holds a position (the last one for the end of the input). */
int ingest_input_file(const ingest_input *in, int64_t position);

static inline int64_t ingest_input_offset(const ingest_input *in, int file,
                                          int64_t position)
{
    return position - in->base[file] + in->layout[file].begin;
}

static inline int64_t ingest_input_position(const ingest_input *in, int file,
                                            int64_t offset)
{
    return offset - in->layout[file].begin + in->base[file];
}

static inline bool ingest_input_has(const ingest_input *in, enum role role)
{
    return in->layout[0].field[role] >= 0;
}

#endif
