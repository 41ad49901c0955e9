/**
 * A row while it is on its way to its user's rank: words of user, item, value
 * and, where there are times, the seconds since the earliest of all: one word
 * where every time fits in it, as 136 years do, else two, the low one first.
 * One record instead of four columns is one run of bytes to write, to send and
 * to fetch.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "coracle/interactions.h"

#include <string.h>

enum { RECORD_BARE = 3, RECORD_TIMED = 4, RECORD_WIDE = 5 };

/** Row i of the data as a record of `words` words; a constant where inlined. */
static inline void cor_record_put(const cor_interactions *data, int64_t i,
                                  int64_t earliest, int words, uint32_t *record)
{
    record[0] = (uint32_t)data->user[i];
    record[1] = (uint32_t)data->item[i];
    memcpy(&record[2], &data->value[i], sizeof *record);
    if (words == RECORD_BARE)
        return;
    uint64_t since = (uint64_t)data->time[i] - (uint64_t)earliest;
    record[3] = (uint32_t)since;
    if (words == RECORD_WIDE)
        record[4] = (uint32_t)(since >> 32);
}

/** Seconds since the earliest; 0 where there are no times. */
static inline uint64_t cor_record_since(const uint32_t *record, int words)
{
    uint64_t since = words == RECORD_BARE ? 0 : record[3];
    return words == RECORD_WIDE ? since | (uint64_t)record[4] << 32 : since;
}

/** The record as row i of the data. */
static inline void cor_record_take(const uint32_t *record, int64_t earliest,
                                   int words, cor_interactions *data, int64_t i)
{
    data->user[i] = (int32_t)record[0];
    data->item[i] = (int32_t)record[1];
    memcpy(&data->value[i], &record[2], sizeof *record);
    if (words != RECORD_BARE)
        data->time[i] =
            (int64_t)((uint64_t)earliest + cor_record_since(record, words));
}

#endif
