#include "id_table.h"

#include "coracle/memory.h"

#include <string.h>

enum { DIRECT_LEAST = 1 << 12 };

int ingest_id_table_create(bool text, ingest_id_table *table)
{
    *table = (ingest_id_table){.text = text};
    return text ? cor_map_create(true, 0, &table->map) : COR_OK;
}

void ingest_id_table_free(ingest_id_table *table)
{
    cor_free(table->number);
    cor_free(table->direct);
    cor_free(table->map_slot);
    cor_map_destroy(&table->map);
    *table = (ingest_id_table){0};
}

static int grow_direct(ingest_id_table *table, int64_t id)
{
    int64_t size = DIRECT_LEAST;
    while (size <= id)
        size *= 2;
    COR_TRY(cor_reallocate(&table->direct, table->direct_size, size,
                           sizeof *table->direct, "id table"));
    memset(table->direct + table->direct_size, 0xff,
           (size_t)(size - table->direct_size) * sizeof *table->direct);
    table->direct_size = size;
    return COR_OK;
}

/* Room for one more element; doubled as needed. */
static int reserve(void *pointer, int64_t count, int64_t *capacity,
                   size_t width)
{
    if (count < *capacity)
        return COR_OK;
    int64_t more = *capacity ? 2 * *capacity : 256;
    COR_TRY(cor_reallocate(pointer, count, more, width, "ids"));
    *capacity = more;
    return COR_OK;
}

static int append(ingest_id_table *table, int64_t id, int32_t *slot)
{
    if (table->count == INT32_MAX)
        return cor_fail(COR_EDATA, "more than 2^31 - 1 different ids on one "
                                   "rank; use more ranks");
    COR_TRY(reserve(&table->number, table->count, &table->capacity,
                    sizeof *table->number));
    table->number[table->count] = id;
    *slot = (int32_t)table->count++;
    return COR_OK;
}

static int insert_hashed(ingest_id_table *table, int64_t id, int32_t *slot)
{
    int64_t at;
    if (!table->map)
        COR_TRY(cor_map_create(false, 0, &table->map));
    int64_t held = cor_map_count(table->map);
    COR_TRY(cor_map_put_int64(table->map, id, &at));
    if (at == held) {
        COR_TRY(reserve(&table->map_slot, held, &table->map_capacity,
                        sizeof *table->map_slot));
        COR_TRY(append(table, id, &table->map_slot[at]));
    }
    *slot = table->map_slot[at];
    return COR_OK;
}

/* Slot of an id that `direct` does not know, or not yet. */
static int insert(ingest_id_table *table, int64_t id, int32_t *slot)
{
    if (id < 0 || id >= INGEST_DIRECT_LIMIT)
        return insert_hashed(table, id, slot);
    if (id >= table->direct_size)
        COR_TRY(grow_direct(table, id));
    if (table->direct[id] < 0)
        COR_TRY(append(table, id, &table->direct[id]));
    *slot = table->direct[id];
    return COR_OK;
}

int ingest_id_table_put(ingest_id_table *table, int64_t count,
                        const int64_t *id, int32_t *slot)
{
    /* copies: for all the compiler knows, slots might lie in the table */
    const int32_t *direct = table->direct;
    uint64_t size = (uint64_t)table->direct_size;
    for (int64_t i = 0; i < count; i++) {
        int32_t held = (uint64_t)id[i] < size ? direct[id[i]] : -1;
        slot[i] = held;
        if (held >= 0)
            continue;
        COR_TRY(insert(table, id[i], &slot[i]));
        direct = table->direct;
        size = (uint64_t)table->direct_size;
    }
    return COR_OK;
}

int ingest_id_table_put_text(ingest_id_table *table, const char *begin,
                             int64_t length, int32_t *slot)
{
    int64_t at;
    COR_TRY(cor_map_put_text(table->map, begin, (size_t)length, &at));
    table->count = cor_map_count(table->map);
    *slot = (int32_t)at;
    return COR_OK;
}

int ingest_id_table_merge(ingest_id_table *table, const ingest_id_table *from,
                          int32_t *slot)
{
    if (!table->text)
        return ingest_id_table_put(table, from->count, from->number, slot);
    for (int64_t i = 0; i < from->count; i++) {
        size_t length;
        const char *text = cor_map_text(from->map, i, &length);
        COR_TRY(
            ingest_id_table_put_text(table, text, (int64_t)length, &slot[i]));
    }
    return COR_OK;
}
