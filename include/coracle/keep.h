/**
 * Some of the records: those that fit a condition, or some by chance.
 */
#ifndef CORACLE_KEEP_H
#define CORACLE_KEEP_H

#include "coracle/records.h"
#include "coracle/where.h"

typedef struct cor_keep_count {
    int64_t read; /* records, the rejected ones among them */
    int64_t kept;
    int64_t rejected;
} cor_keep_count;

/**
 * Write the records that fit to output 0 of `sink`, which has the way of these
 * records. Collective.
 * @return COR_OK; COR_EDATA; COR_EIO; COR_EMEMORY
 */
int cor_keep_where(cor_records *records, const cor_where *where, cor_sink *sink,
                   cor_progress *progress, cor_keep_count *count);

/**
 * Write each record with probability `fraction`, by the seed and the number of
 * the record. Records are not taken apart, so bad ones pass. Collective.
 * @param[in] fraction  0 .. 1; see cor_keep_check
 */
int cor_keep_fraction(cor_records *records, double fraction, int64_t seed,
                      cor_sink *sink, cor_progress *progress,
                      cor_keep_count *count);

/** COR_EUSAGE unless it is between 0 and 1. Local. */
int cor_keep_check(double fraction);

/** Whether the record or row with this number is kept. */
bool cor_keep_draw(double fraction, int64_t seed, int64_t number);

#endif
