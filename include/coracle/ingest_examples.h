/**
 * Ingest of examples: files of labelled sparse rows become examples. Several
 * files count as one, in the order given; they are cut by bytes over the ranks
 * and their threads, and read once. What comes out depends on the input and the
 * options alone, never on the ranks.
 *
 * LIBSVM's text (libFM's too): `label id:value id:value ...` a line, ids
 * ascending, kept as written, so in files that count from 1 feature 0 is there
 * and never set. `qid:N` and what follows `#` is passed over.
 *
 * CSV: one column is the label, the others are features by position from 0; all
 * are numbers. An empty field counts as 0, and what is 0 is not stored.
 *
 * RecordIO-protobuf: records as Amazon's write_numpy_to_dense_tensor and
 * write_spmatrix_to_sparse_tensor write them (schema aialgs.data.Record), with
 * tensors of float32, float64 or int32 named "values". Of a dense one what is 0
 * is not stored.
 *
 * Values and labels become float32. Text may be packed by gzip or zstd; whole
 * files then go to the ranks.
 *
 * Ceiling: parsing numbers, at about 20 ns each a thread.
 */
#ifndef CORACLE_INGEST_EXAMPLES_H
#define CORACLE_INGEST_EXAMPLES_H

#include "coracle/examples.h"
#include "coracle/ingest.h"

enum cor_examples_format {
    COR_EXAMPLES_AUTO, /* by the file's first bytes; text is CSV where its
                          label is named, else LIBSVM's */
    COR_EXAMPLES_LIBSVM,
    COR_EXAMPLES_CSV,
    COR_EXAMPLES_RECORDIO
};

typedef struct cor_ingest_examples_options {
    enum cor_examples_format format;
    /* of CSV alone: */
    const char *label; /* its column: a name of the header, a position from 1 */
    enum cor_ingest_header header;
    const char *delimiter; /* 1 byte, or "tab"; NULL: by the first line */
    /* of all: */
    int64_t shards; /* 0: by size */
    bool skip;      /* bad rows of text are passed over, else stop the job */
} cor_ingest_examples_options;

typedef struct cor_ingest_examples_report {
    int64_t bytes;    /* of the files */
    int64_t rejected; /* rows passed over */
} cor_ingest_examples_report;

/**
 * Read `files` files into `data`, for cor_examples_free; empty on failure.
 * Collective; arguments equal on all ranks.
 *
 * @return COR_OK; COR_EUSAGE: options that make no sense; COR_EDATA: the first
 * bad row (file, line and column, or record and byte), files of two kinds, no
 * rows; COR_EIO: a file can't be read; COR_EMEMORY
 */
int cor_ingest_examples(const cor_team *team, const char *const *file,
                        int files, const cor_ingest_examples_options *options,
                        cor_progress *progress, cor_examples *data,
                        cor_ingest_examples_report *report);

/** What cor_ingest_examples and writing its store would need, estimated from
    the sizes of the files. Collective. */
int cor_ingest_examples_plan(const cor_team *team, const char *const *file,
                             int files,
                             const cor_ingest_examples_options *options,
                             cor_plan *plan);

#endif
