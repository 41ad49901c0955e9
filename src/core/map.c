#include "coracle/map.h"

#include "coracle/memory.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Open addressing with linear probing over a table of slots; the keys stand
   in insertion order beside it. A table cell keeps part of the hash, so that a
   probe seldom has to look at a key. */
typedef struct cell {
    uint32_t tag;  /* high half of the hash */
    uint32_t slot; /* 1 + number of the key; 0: free */
} cell;

struct cor_map {
    bool text;
    cell *cell;
    uint64_t mask; /* cells - 1, a power of two less one */
    int64_t count;
    int64_t capacity; /* of number or end */
    int64_t *number;  /* integer keys */
    int64_t *end;     /* text keys: where each ends in bytes */
    char *bytes;      /* text keys, one after the other */
    int64_t bytes_capacity;
};

uint64_t cor_hash_int64(int64_t key)
{
    /* the finaliser of MurmurHash3: a bijection that mixes every bit */
    uint64_t h = (uint64_t)key;
    h ^= h >> 33, h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33, h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

uint64_t cor_hash_bytes(const void *bytes, size_t length)
{
    return XXH3_64bits(bytes, length);
}

static int reserve_cells(cor_map *map, int64_t keys)
{
    uint64_t cells = 16;
    while (cells < 2 * (uint64_t)keys)
        cells *= 2;
    if (map->cell && cells <= map->mask + 1)
        return COR_OK;
    cell *old = map->cell, *fresh = NULL;
    COR_TRY(cor_allocate_zeroed(&fresh, (int64_t)cells, sizeof *fresh,
                                "hash table"));
    map->cell = fresh;
    map->mask = cells - 1;
    for (int64_t slot = 0; slot < map->count; slot++) {
        size_t length;
        const char *key = map->text ? cor_map_text(map, slot, &length) : NULL;
        uint64_t h = key ? cor_hash_bytes(key, length)
                         : cor_hash_int64(map->number[slot]);
        uint64_t at = h & map->mask;
        while (map->cell[at].slot)
            at = (at + 1) & map->mask;
        map->cell[at] = (cell){(uint32_t)(h >> 32), (uint32_t)slot + 1};
    }
    cor_free(old);
    return COR_OK;
}

static int reserve_keys(cor_map *map, int64_t keys)
{
    if (keys <= map->capacity)
        return COR_OK;
    int64_t capacity = map->capacity ? map->capacity : 16;
    while (capacity < keys)
        capacity *= 2;
    int64_t **column = map->text ? &map->end : &map->number;
    COR_TRY(
        cor_reallocate(column, map->count, capacity, sizeof **column, "ids"));
    map->capacity = capacity;
    return COR_OK;
}

int cor_map_create(bool text, int64_t expected, cor_map **out)
{
    *out = NULL;
    cor_map *map;
    COR_TRY(cor_allocate_zeroed(&map, 1, sizeof *map, "id map"));
    map->text = text;
    int rc = reserve_keys(map, expected);
    if (rc == COR_OK)
        rc = reserve_cells(map, expected);
    *out = map;
    if (rc != COR_OK)
        cor_map_destroy(out);
    return rc;
}

void cor_map_destroy(cor_map **map)
{
    if (!*map)
        return;
    cor_free((*map)->cell);
    cor_free((*map)->number);
    cor_free((*map)->end);
    cor_free((*map)->bytes);
    cor_free(*map);
    *map = NULL;
}

int64_t cor_map_count(const cor_map *map)
{
    return map->count;
}

static bool holds(const cor_map *map, int64_t slot, int64_t number,
                  const char *key, size_t length)
{
    if (!map->text)
        return map->number[slot] == number;
    size_t held;
    const char *text = cor_map_text(map, slot, &held);
    return held == length && memcmp(text, key, length) == 0;
}

/* The number of the key, or -1 and the cell where it belongs. */
static int64_t probe(const cor_map *map, uint64_t hash, int64_t number,
                     const char *key, size_t length, uint64_t *at)
{
    uint32_t tag = (uint32_t)(hash >> 32);
    for (*at = hash & map->mask; map->cell[*at].slot;
         *at = (*at + 1) & map->mask)
        if (map->cell[*at].tag == tag &&
            holds(map, map->cell[*at].slot - 1, number, key, length))
            return map->cell[*at].slot - 1;
    return -1;
}

static int append_text(cor_map *map, const char *key, size_t length)
{
    int64_t used = map->count ? map->end[map->count - 1] : 0;
    int64_t need = used + (int64_t)length;
    if (need > map->bytes_capacity || !map->bytes) { /* also for "" */
        int64_t capacity = map->bytes_capacity ? map->bytes_capacity : 256;
        while (capacity < need)
            capacity *= 2;
        COR_TRY(cor_reallocate(&map->bytes, used, capacity, 1, "id texts"));
        map->bytes_capacity = capacity;
    }
    memcpy(map->bytes + used, key, length);
    map->end[map->count] = need;
    return COR_OK;
}

static int put(cor_map *map, uint64_t hash, int64_t number, const char *key,
               size_t length, int64_t *slot)
{
    uint64_t at;
    *slot = probe(map, hash, number, key, length, &at);
    if (*slot >= 0)
        return COR_OK;
    if (map->count == INT32_MAX)
        return cor_fail(COR_EDATA, "more than 2^31 - 1 different ids on one "
                                   "rank: use more ranks");
    COR_TRY(reserve_keys(map, map->count + 1));
    if (map->text)
        COR_TRY(append_text(map, key, length));
    else
        map->number[map->count] = number;
    *slot = map->count++;
    map->cell[at] = (cell){(uint32_t)(hash >> 32), (uint32_t)*slot + 1};
    if (2 * (uint64_t)map->count > map->mask)
        COR_TRY(reserve_cells(map, 2 * map->count));
    return COR_OK;
}

int cor_map_put_int64(cor_map *map, int64_t key, int64_t *slot)
{
    return put(map, cor_hash_int64(key), key, NULL, 0, slot);
}

int cor_map_put_text(cor_map *map, const char *key, size_t length,
                     int64_t *slot)
{
    return put(map, cor_hash_bytes(key, length), 0, key, length, slot);
}

/* A look-up waits for three reads, each of which depends on the one before: the
   cell, where the key ends, the key. A batch asks for all cells, then all ends,
   then all keys, and finds them at hand. */
static void fetch_texts(const cor_map *map, int64_t count, const uint64_t *hash)
{
    for (int64_t i = 0; i < count; i++)
        __builtin_prefetch(&map->cell[hash[i] & map->mask]);
    for (int64_t i = 0; i < count; i++) {
        uint32_t held = map->cell[hash[i] & map->mask].slot;
        if (held)
            __builtin_prefetch(&map->end[held - 1]);
    }
    for (int64_t i = 0; i < count; i++) {
        uint32_t held = map->cell[hash[i] & map->mask].slot;
        if (held)
            __builtin_prefetch(map->bytes +
                               (held > 1 ? map->end[held - 2] : 0));
    }
}

int cor_map_put_texts(cor_map *map, int64_t count, const char *const *key,
                      const size_t *length, int64_t *slot)
{
    enum { BATCH = 64 };
    uint64_t hash[BATCH];
    for (int64_t first = 0; first < count; first += BATCH) {
        int64_t batch = count - first < BATCH ? count - first : BATCH;
        for (int64_t i = 0; i < batch; i++)
            hash[i] = cor_hash_bytes(key[first + i], length[first + i]);
        fetch_texts(map, batch, hash);
        for (int64_t i = 0; i < batch; i++)
            COR_TRY(put(map, hash[i], 0, key[first + i], length[first + i],
                        &slot[first + i]));
    }
    return COR_OK;
}

int64_t cor_map_find_int64(const cor_map *map, int64_t key)
{
    uint64_t at;
    return probe(map, cor_hash_int64(key), key, NULL, 0, &at);
}

int64_t cor_map_find_text(const cor_map *map, const char *key, size_t length)
{
    uint64_t at;
    return probe(map, cor_hash_bytes(key, length), 0, key, length, &at);
}

int64_t cor_map_int64(const cor_map *map, int64_t slot)
{
    return map->number[slot];
}

const char *cor_map_text(const cor_map *map, int64_t slot, size_t *length)
{
    int64_t begin = slot ? map->end[slot - 1] : 0;
    *length = (size_t)(map->end[slot] - begin);
    return map->bytes + begin;
}

void cor_map_texts(const cor_map *map, const char **bytes, const int64_t **end)
{
    *bytes = map->bytes;
    *end = map->end;
}
