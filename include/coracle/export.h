/**
 * Export: stores become files that other programs read. Rows are read, turned
 * and written a block at a time, so memory does not grow with the store; all
 * ranks write one file together, and the bytes do not depend on how many.
 */
#ifndef CORACLE_EXPORT_H
#define CORACLE_EXPORT_H

#include "coracle/plan.h"
#include "coracle/progress.h"

enum cor_export_format {
    COR_EXPORT_CSV,
    COR_EXPORT_NPY,   /* NumPy's format 1.0, C order */
    COR_EXPORT_INTER, /* RecBole's: tabs, a typed header */
    COR_EXPORT_LIBSVM,
    COR_EXPORT_RECORDIO /* protobuf, as Amazon's algorithms take it */
};

/** A store, and the file that it becomes. */
typedef struct cor_export_job {
    const char *store, *path;
    enum cor_export_format format;
    bool force;             /* an existing file is replaced */
    cor_progress *progress; /* may be NULL */
} cor_export_job;

/**
 * Write a matrix as CSV, with a header where its columns have names, each
 * number by its shortest text that reads back to the same bits, or as .npy in
 * the type of the store. Collective; arguments equal on all ranks.
 * @param[out] rows  written
 * @return COR_OK; COR_EUSAGE: another format; COR_EDATA; COR_EIO; COR_EMEMORY
 */
int cor_export_matrix(const cor_team *team, const cor_export_job *job,
                      int64_t *rows);

/**
 * Write interactions as CSV (user,item,value,time) or .inter, in the order of
 * the store: by user, then time; with the ids of the input. Collective.
 * @param[out] rows  written
 * @return as above; COR_EDATA also for an id that .inter can't hold
 */
int cor_export_interactions(const cor_team *team, const cor_export_job *job,
                            int64_t *rows);

/**
 * Write examples as LIBSVM's text with the ids of the store, as CSV, the label
 * first, with a header where the features have names, or as RecordIO-protobuf
 * of sparse float32 tensors. Read again they are the same, bit for bit; but a
 * 0 that is stored, and the number of features beyond the greatest id, are
 * kept by RecordIO alone (by CSV the latter, by LIBSVM's text the former).
 * Collective.
 * @param[out] rows  written
 * @return as above; COR_EUSAGE also for more features than CSV has columns
 */
int cor_export_examples(const cor_team *team, const cor_export_job *job,
                        int64_t *rows);

/** What they need. Collective. */
int cor_export_matrix_plan(const cor_team *team, const cor_export_job *job,
                           cor_plan *plan);
int cor_export_interactions_plan(const cor_team *team,
                                 const cor_export_job *job, cor_plan *plan);
int cor_export_examples_plan(const cor_team *team, const cor_export_job *job,
                             cor_plan *plan);

#endif
