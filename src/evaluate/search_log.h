/**
 * What a search has finished: kept in memory, and line by line in a file from
 * which a search that was killed goes on.
 */
#ifndef SEARCH_LOG_H
#define SEARCH_LOG_H

#include "coracle/search.h"

/** One point on one fold. */
typedef struct search_result {
    int64_t point, fold, diverged;
    double rmse, mae, metric, seconds;
} search_result;

typedef struct search_log search_log;

/** Read what an earlier run of the same search left. Collective.
    @return COR_OK; COR_EUSAGE: the log of another search; COR_EIO */
int search_log_open(const cor_team *team, const cor_search *search,
                    search_log **log);
void search_log_close(search_log **log);

/** Whether it was done before. Local. */
bool search_log_has(const search_log *log, int64_t point, int64_t fold);

/** Take in a result, and write its line at once. Local: the first rank of a
    group calls it. */
int search_log_add(search_log *log, const search_result *result);

/** All results, old and new, by point and fold, on every rank. Collective. */
int search_log_collect(const cor_team *team, const search_log *log,
                       search_result **all, int64_t *count);

#endif
