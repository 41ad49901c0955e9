/**
 * Time zones: what is to be added to UTC, at any time. A zone of the C library
 * is read once into a table, by one rank, so that rows need no library call and
 * all ranks agree.
 */
#ifndef COR_ZONE_H
#define COR_ZONE_H

#include "coracle/team.h"

typedef struct cor_zone {
    int64_t count;   /* runs, at least 1 */
    int64_t *begin;  /* count: the first second of each; the first run begins
                        where time does */
    int64_t *offset; /* count: seconds that are added */
} cor_zone;

/** The zone named `text` (UTC, +02:00, Europe/Berlin) for times from `first` to
    `last`. Collective. @return COR_OK; COR_EUSAGE; COR_EMEMORY. Empty on
    failure */
int cor_zone_create(const cor_team *team, const char *text, int64_t first,
                    int64_t last, cor_zone *zone);
void cor_zone_free(cor_zone *zone);

/** Seconds since 1970 as a clock in the zone has them. */
int64_t cor_zone_local(const cor_zone *zone, int64_t time);

#endif
