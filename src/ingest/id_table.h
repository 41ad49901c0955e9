/* The ids that one piece of the input holds, numbered as they first appear. */
#ifndef INGEST_ID_TABLE_H
#define INGEST_ID_TABLE_H

#include "coracle/map.h"
#include "coracle/status.h"

#include <stdbool.h>
#include <stdint.h>

/* Integer ids from 0 below a limit are looked up in an array, others, and
   texts, by hash. 4 Mi entries of 4 bytes at most: users and items of the usual
   rating sets fit at 16 MiB. */
enum { INGEST_DIRECT_LIMIT = 1 << 22 };

typedef struct ingest_id_table {
    bool text;
    int64_t count;
    int64_t capacity;
    int64_t *number;     /* integers: the id of each slot */
    int32_t *direct;     /* id -> slot, -1: not seen */
    int64_t direct_size; /* ids that fit in `direct` */
    cor_map *map;        /* texts: its numbers are the slots */
    int32_t *map_slot;   /* integers: slot of each number of the map */
    int64_t map_capacity;
} ingest_id_table;

int ingest_id_table_create(bool text, ingest_id_table *table);
void ingest_id_table_free(ingest_id_table *table);

int ingest_id_table_put_text(ingest_id_table *table, const char *begin,
                             int64_t length, int32_t *slot);

/* Slots of integer ids; those that are new are inserted. */
int ingest_id_table_put(ingest_id_table *table, int64_t count,
                        const int64_t *id, int32_t *slot);

/* Insert all ids of `from`; slot[i] is where from's slot i is now. */
int ingest_id_table_merge(ingest_id_table *table, const ingest_id_table *from,
                          int32_t *slot);

#endif
