/**
 * A row while it is on its way to its user's rank: words of user, item, value
 * and, where there are times, the seconds since the earliest of all: one word
 * where every time fits in it, as 136 years do, else two, the low one first.
 * One record instead of four columns is one run of bytes to write, to send and
 * to fetch. Kept columns follow, a category as one word, a number as two.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "coracle/interactions.h"

#include <string.h>

enum { RECORD_BARE = 3, RECORD_TIMED = 4, RECORD_WIDE = 5 };

/** Words of a record: `base` of those above, and in all. */
typedef struct cor_words {
    int base, all;
} cor_words;

/** Without kept columns. */
#define COR_BARE ((cor_words){RECORD_BARE, RECORD_BARE})
#define COR_TIMED ((cor_words){RECORD_TIMED, RECORD_TIMED})
#define COR_WIDE ((cor_words){RECORD_WIDE, RECORD_WIDE})

static inline void cor_record_put_kept(const cor_kept_columns *kept, int64_t i,
                                       uint32_t *word)
{
    for (int32_t k = 0; k < kept->count; k++) {
        const cor_kept *column = &kept->column[k];
        size_t words = column->category ? 1 : 2;
        memcpy(word,
               column->category ? (void *)&column->code[i] : &column->number[i],
               words * sizeof *word);
        word += words;
    }
}

static inline void cor_record_take_kept(const uint32_t *word,
                                        const cor_kept_columns *kept, int64_t i)
{
    for (int32_t k = 0; k < kept->count; k++) {
        const cor_kept *column = &kept->column[k];
        size_t words = column->category ? 1 : 2;
        memcpy(column->category ? (void *)&column->code[i] : &column->number[i],
               word, words * sizeof *word);
        word += words;
    }
}

/** Row i of the data as a record; `words` are constants where inlined. */
static inline void cor_record_put(const cor_interactions *data, int64_t i,
                                  int64_t earliest, cor_words words,
                                  uint32_t *record)
{
    if (words.all > words.base)
        cor_record_put_kept(&data->kept, i, record + words.base);
    record[0] = (uint32_t)data->user[i];
    record[1] = (uint32_t)data->item[i];
    memcpy(&record[2], &data->value[i], sizeof *record);
    if (words.base == RECORD_BARE)
        return;
    uint64_t since = (uint64_t)data->time[i] - (uint64_t)earliest;
    record[3] = (uint32_t)since;
    if (words.base == RECORD_WIDE)
        record[4] = (uint32_t)(since >> 32);
}

/** Seconds since the earliest; 0 where there are no times. */
static inline uint64_t cor_record_since(const uint32_t *record, int base)
{
    uint64_t since = base == RECORD_BARE ? 0 : record[3];
    return base == RECORD_WIDE ? since | (uint64_t)record[4] << 32 : since;
}

/** The record as row i of the data. */
static inline void cor_record_take(const uint32_t *record, int64_t earliest,
                                   cor_words words, cor_interactions *data,
                                   int64_t i)
{
    if (words.all > words.base)
        cor_record_take_kept(record + words.base, &data->kept, i);
    data->user[i] = (int32_t)record[0];
    data->item[i] = (int32_t)record[1];
    memcpy(&data->value[i], &record[2], sizeof *record);
    if (words.base != RECORD_BARE)
        data->time[i] = (int64_t)((uint64_t)earliest +
                                  cor_record_since(record, words.base));
}

#endif
