/* Files of examples: what is known of them, and the readers of each kind. */
#ifndef INGEST_EXAMPLES_INPUT_H
#define INGEST_EXAMPLES_INPUT_H

#include "coracle/decode.h"
#include "coracle/ingest_examples.h"
#include "coracle/source.h"
#include "examples_text.h"

/* What a RecordIO record begins with, little-endian. */
#define EXAMPLE_MAGIC UINT32_C(0xced7230a)
/* Bytes that reading takes for a thread. */
#define EXAMPLE_ROOM (INT64_C(16) << 20)

typedef struct example_input {
    const cor_team *team;
    const char *const *path;
    int files;
    cor_source *source; /* files */
    int64_t *header;    /* files: where a header begins in the text; -1: none */
    enum cor_examples_format format;
    int64_t row_bytes;   /* of the first file, about */
    example_table table; /* of CSV */
    cor_ids name;        /* of the features, all on the first rank */
} example_input;

static inline uint32_t example_magic(const unsigned char byte[4])
{
    return (uint32_t)byte[0] | (uint32_t)byte[1] << 8 |
           (uint32_t)byte[2] << 16 | (uint32_t)byte[3] << 24;
}

/* The first bytes of a file's text, whatever it is packed with. Local. */
int example_unpack(const cor_source *file, char *text, int64_t room,
                   int64_t *bytes, enum cor_decode_kind *kind);

/* Find how file f is written, which must be CSV like the files before. Local.
 */
int example_table_find(const cor_ingest_examples_options *options, int f,
                       example_input *in);

/* Read the examples of all files: a rank gets those of one run of the input, in
   the order of the ranks. Collective. */
int example_text_read(const example_input *in, bool skip,
                      cor_progress *progress, example_rows *rows,
                      int64_t *rejected);
int example_recordio_read(const example_input *in, cor_progress *progress,
                          example_rows *rows);

#endif
