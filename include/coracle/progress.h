/**
 * Progress: what a job is doing, on stderr of rank 0 and in the log file. A
 * live bar where stderr is a terminal, a line now and then elsewhere, nothing
 * when quiet. Local and cheap: call it from every rank, only rank 0 speaks.
 */
#ifndef CORACLE_PROGRESS_H
#define CORACLE_PROGRESS_H

#include "coracle/result.h"
#include "coracle/team.h"

typedef struct cor_progress cor_progress;

enum cor_loudness { COR_QUIET = -1, COR_NORMAL = 0, COR_VERBOSE = 1 };

/**
 * The environment variable CORACLE_PROGRESS (off, line, bar) overrules what
 * stderr is. A line of the log has `time` (unix seconds), `job`, `stage`,
 * `step`, the metrics of the step, `seconds` since the job began and
 * `bytes_moved`: what rank 0 has sent to others so far.
 *
 * @param[in] team      borrowed, must outlive the progress
 * @param[in] job       name for the bar and the log
 * @param[in] log_path  JSON lines are appended here; NULL for none
 * @return COR_OK; COR_EIO where the log can't be opened; COR_EUSAGE for
 * another word in CORACLE_PROGRESS. Collective.
 */
int cor_progress_create(const cor_team *team, const char *job,
                        enum cor_loudness loudness, const char *log_path,
                        cor_progress **progress);
/** Clears a bar that stands; NULL inside is accepted. Local. */
void cor_progress_destroy(cor_progress **progress);

/** A stage of `total` steps begins ("parse", "iterations"); total 0 where it
    is not known. NULL for progress is accepted by all of these. */
void cor_progress_begin(cor_progress *progress, const char *stage,
                        int64_t total);
/** The stage goes on where another run left it: so many of its steps are done,
    and say nothing of the pace of this one. */
void cor_progress_resume(cor_progress *progress, int64_t done);
/** `done` of the steps are done. */
void cor_progress_update(cor_progress *progress, int64_t done);
/** The stage is over. */
void cor_progress_end(cor_progress *progress);

/** A metric of a step, shown beside the bar and written to the log as one
    line with the step's number: begin, metrics, then cor_progress_step, which
    also counts the step as done. At most 16 names a stage. */
void cor_progress_metric(cor_progress *progress, const char *name,
                         double value);
void cor_progress_step(cor_progress *progress, int64_t step);

/** The last line of the log: `result` is what the job found. @return COR_OK;
    COR_EIO where the log could not be written, now or before (rank 0) */
int cor_progress_result(cor_progress *progress, const cor_result *result);

/** A line for people; when verbose only, for cor_progress_detail. */
void cor_progress_note(cor_progress *progress, const char *format, ...)
    COR_PRINTF(2, 3);
void cor_progress_detail(cor_progress *progress, const char *format, ...)
    COR_PRINTF(2, 3);

#endif
