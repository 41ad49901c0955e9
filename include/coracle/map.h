/**
 * A hash map from ids to dense local numbers 0, 1, 2, ... in order of first
 * insertion. Keys are either 64-bit integers or byte strings, fixed at
 * creation. Local to a rank, one thread at a time.
 */
#ifndef CORACLE_MAP_H
#define CORACLE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cor_map cor_map;

/** A map of integers (`text` false) or strings; `expected` keys fit at once. */
int cor_map_create(bool text, int64_t expected, cor_map **map);
/** Release a map and set the pointer to NULL; NULL inside is accepted. */
void cor_map_destroy(cor_map **map);

/** Keys held. */
int64_t cor_map_count(const cor_map *map);

/**
 * Find an integer or insert it. @param[out] slot its number
 * @return COR_OK; COR_EMEMORY
 */
int cor_map_put_int64(cor_map *map, int64_t key, int64_t *slot);
/** As cor_map_put_int64 for `length` bytes, which are copied. */
int cor_map_put_text(cor_map *map, const char *key, size_t length,
                     int64_t *slot);

/** As cor_map_put_text for `count` keys in turn, whose reads of memory overlap:
    a few times faster in a map that is larger than the caches. */
int cor_map_put_texts(cor_map *map, int64_t count, const char *const *key,
                      const size_t *length, int64_t *slot);

/** The number of a key, or -1. */
int64_t cor_map_find_int64(const cor_map *map, int64_t key);
int64_t cor_map_find_text(const cor_map *map, const char *key, size_t length);

/** The key of a number; valid until the next insertion. */
int64_t cor_map_int64(const cor_map *map, int64_t slot);
const char *cor_map_text(const cor_map *map, int64_t slot, size_t *length);
/** All text keys at once, one after the other: key i ends before end[i], as
    cor_route_send_text wants them. Valid until the next insertion. */
void cor_map_texts(const cor_map *map, const char **bytes, const int64_t **end);

/** Hash that decides which rank owns a key; the same on every machine. */
uint64_t cor_hash_int64(int64_t key);
uint64_t cor_hash_bytes(const void *bytes, size_t length);

#endif
