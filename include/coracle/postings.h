/**
 * Generated records, for tests and measurements at any size: postings of jobs
 * as nested JSON, a line each, of some 2 kB. Every record is a pure function
 * of the seed and its number, so all rank counts give the same file.
 *
 *   jobId                    the number from 1, a whole number
 *   title, industry          few, the common ones far more often
 *   hiringOrganization.name  4,095, one of n about as often as 1 / n
 *   jobLocation              a town, its region, its place as texts
 *   estimatedSalary          missing in one of five; numbers as texts
 *   occupationalCategory     a list of two texts; skills a list of 0 to 7
 *   remote, validThrough     true or false; a date or null
 *   description              1 to 40 sentences, with escapes
 */
#ifndef CORACLE_POSTINGS_H
#define CORACLE_POSTINGS_H

#include "coracle/progress.h"

/**
 * Write `records` of them to a file. Collective.
 * @param[out] bytes  written
 * @return COR_OK; COR_EUSAGE: fewer than one; COR_EIO; COR_EMEMORY
 */
int cor_postings_write(const cor_team *team, int64_t records, int64_t seed,
                       const char *path, bool force, cor_progress *progress,
                       int64_t *bytes);

/** Bytes that writing takes on a rank. */
int64_t cor_postings_memory(const cor_team *team);

#endif
