/**
 * Examples: sparse rows of features, each with a label, whose rows are owned
 * by shards; and the store that keeps them on disk (kind "examples").
 *
 *   /examples/begin    int64 [rows + 1]  where each row's features begin
 *   /examples/feature  int32 [nonzeros]  ascending within a row
 *   /examples/value    float32 [nonzeros]
 *   /examples/label    float32 [rows]
 *   /features/name     UTF-8 or int64, where the features have names
 *   /shards/row        int64 [shards + 1]  where each shard begins
 *   /examples attributes: features (int64); label_min, label_max, label_mean
 *   /scales            what was learnt, where the features say (features.h)
 *   root attribute `digest`: of the rows and the names
 *
 * The first four are what scipy.sparse calls indptr, indices, data, and y.
 */
#ifndef CORACLE_EXAMPLES_H
#define CORACLE_EXAMPLES_H

#include "coracle/file.h"
#include "coracle/ids.h"
#include "coracle/shards.h"

/** Features are numbered 0, 1, ...; there are at most so many. */
#define COR_FEATURES_LIMIT INT32_MAX

/**
 * Some rows one after the other (CSR). A plain table: whoever fills it owns it.
 * Row i has the features feature[begin[i] .. begin[i + 1]), ascending, and
 * their values. A value may be 0: what is there is kept.
 */
typedef struct cor_examples_rows {
    int64_t count;
    int64_t *begin; /* count + 1; begin[0] is 0 */
    int32_t *feature;
    float *value;
    float *label; /* count */
} cor_examples_rows;

void cor_examples_rows_free(cor_examples_rows *rows);

/** Rows that belong together: mine are those of my shards. */
typedef struct cor_examples {
    int64_t features;   /* all, with rows or without */
    cor_shards *shards; /* over all rows */
    int64_t first;      /* my rows are [first, first + mine.count) */
    cor_examples_rows mine;
    cor_ids name; /* a run of the features in rank order; total 0: no names */
} cor_examples;

void cor_examples_free(cor_examples *data);

/**
 * Bring rows to the ranks that own them, and fill in the shards. In: `mine`
 * holds any rows in global order by rank; `features` and `name` are not
 * touched. Collective.
 * @param[in] shards  how many; 0: by size
 */
int cor_examples_arrange(const cor_team *team, int64_t shards,
                         cor_examples *data);

/** What a store holds, in a few numbers; filled when it is written. */
typedef struct cor_examples_summary {
    int64_t rows, features, nonzeros, shards;
    double label_min, label_max, label_mean; /* 0 where there are no rows */
    bool named;                              /* the features have names */
    char digest[17];
} cor_examples_summary;

/** A store that is being written, a batch of rows at a time. */
typedef struct cor_examples_writer cor_examples_writer;

/**
 * Begin a store. Collective.
 * @param[in] shards    over all rows; each rank is to append those of its own
 * @param[in] features  all; ids are below it
 * @param[in] nonzeros  of my rows: entries of feature and value to come
 * @return COR_OK; COR_EUSAGE: too many features; COR_EIO; COR_EMEMORY
 */
int cor_examples_create(const cor_team *team, const char *path,
                        const cor_file_options *options,
                        const cor_shards *shards, int64_t features,
                        int64_t nonzeros, cor_examples_writer **writer);

/**
 * Append the next of my rows. Collective: who has none left, or none this time,
 * gives a table with `count` 0 (whose pointers may be NULL). Batches leave no
 * trace in the store.
 * @return COR_OK; COR_ENUMERIC: a value or label is not finite; COR_EDEFECT:
 * ids that don't ascend or are out of range, more rows than are mine; COR_EIO
 */
int cor_examples_append(cor_examples_writer *writer,
                        const cor_examples_rows *rows);

/** The file that is written, for what else a job has to say of its examples:
   the digest is without it. Datasets and attributes beside those above; before
    the end. */
cor_file *cor_examples_file(cor_examples_writer *writer);

/**
 * Finish; the store appears. On failure nothing is left. Collective.
 * @param[in]  name     names of all features, as any contiguous runs in rank
 *                      order; NULL or total 0: none
 * @param[out] summary  of the whole
 */
int cor_examples_finish(cor_examples_writer **writer, const cor_ids *name,
                        cor_examples_summary *summary);

/** Leave nothing behind. NULL inside is accepted. Collective. */
void cor_examples_abandon(cor_examples_writer **writer);

/** The three above in one call, of rows that are in memory. Collective. */
int cor_examples_write(const cor_team *team, const char *path,
                       const cor_file_options *options,
                       const cor_examples *data, cor_examples_summary *summary);

/** Read the shards that this rank owns, without names. Collective; checks ids,
    order and that numbers are finite. `data` is empty on failure.
    @return COR_OK; COR_EDATA: damaged; COR_EIO; COR_EMEMORY */
int cor_examples_read(const cor_team *team, const char *path,
                      cor_examples *data);

/** Names of the features, this rank's even part; total 0 where there are none.
    Collective. */
int cor_examples_read_names(const cor_team *team, const cor_file *file,
                            cor_ids *name);

/** Rows [first, first + count) of an open store of that kind, for a reader that
    does not want them all at once; checked as above. Collective; runs may
    differ by rank. @param[out] rows  for its free; empty on failure */
int cor_examples_read_rows(const cor_team *team, const cor_file *file,
                           const cor_examples_summary *summary, int64_t first,
                           int64_t count, cor_examples_rows *rows);

/** The summary that an open store of that kind keeps. Collective. */
int cor_examples_summarise(const cor_file *file, cor_examples_summary *summary);

#endif
