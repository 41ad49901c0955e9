#include "coracle/exchange.h"
#include "coracle/ids.h"
#include "coracle/map.h"
#include "coracle/memory.h"
#include "coracle/text.h"

#include <stdio.h>
#include <string.h>

struct cor_directory {
    const cor_team *team;
    bool text;
    cor_map *map; /* the ids whose hash names this rank */
    int64_t *row; /* by slot of the map: the id's row in the table */
};

/* Ids as the directory compares them: integers, or texts one after another. */
typedef struct keys {
    bool text;
    int64_t count;
    int64_t *number;
    char *bytes;
    int64_t *end;
} keys;

static void free_keys(keys *k)
{
    cor_free(k->number);
    cor_free(k->bytes);
    cor_free(k->end);
    *k = (keys){0};
}

enum { DECIMAL = 21 }; /* the longest 64-bit integer, and a zero */

/* Texts without their padding, or integers printed. */
static int text_keys(const cor_ids *ids, keys *k)
{
    int64_t width = ids->text ? ids->width : DECIMAL, used = 0;
    COR_TRY(cor_allocate(&k->bytes, ids->count, (size_t)width, "ids"));
    COR_TRY(COR_NEW(&k->end, ids->count));
    for (int64_t i = 0; i < ids->count; i++) {
        char *to = k->bytes + used;
        if (ids->text) {
            const char *from = ids->bytes + i * width;
            size_t length = strnlen(from, (size_t)width);
            memcpy(to, from, length);
            used += (int64_t)length;
        } else {
            used += snprintf(to, DECIMAL, "%lld", (long long)ids->number[i]);
        }
        k->end[i] = used;
    }
    return COR_OK;
}

/* The integer that text `row` of a table is, if it is one. */
static bool text_is_number(const cor_ids *ids, int64_t row, int64_t *number)
{
    const char *begin = ids->bytes + row * ids->width;
    return cor_text_int64(begin, begin + strnlen(begin, (size_t)ids->width),
                          number);
}

static int number_keys(const cor_ids *ids, keys *k)
{
    COR_TRY(COR_NEW(&k->number, ids->count));
    for (int64_t i = 0; i < ids->count; i++)
        if (!ids->text)
            k->number[i] = ids->number[i];
        else if (!text_is_number(ids, i, &k->number[i]))
            k->number[i] = 0; /* the answer is overruled afterwards */
    return COR_OK;
}

static int make_keys(const cor_ids *ids, bool text, keys *k)
{
    *k = (keys){.text = text, .count = ids->count};
    return text ? text_keys(ids, k) : number_keys(ids, k);
}

/* By the upper half of the hash: the map uses the lower bits for its cells,
   and keys that agree in those would crowd it. */
static int32_t owner_of(const keys *k, int64_t i, int size)
{
    uint64_t hash;
    if (k->text) {
        int64_t begin = i ? k->end[i - 1] : 0;
        hash = cor_hash_bytes(k->bytes + begin, (size_t)(k->end[i] - begin));
    } else {
        hash = cor_hash_int64(k->number[i]);
    }
    return (int32_t)((hash >> 32) * (uint64_t)size >> 32);
}

static int route_keys(const cor_team *team, const keys *k, cor_route **route)
{
    int32_t *to = NULL;
    int size = cor_team_size(team);
    *route = NULL;
    int rc = cor_agree(team, COR_NEW(&to, k->count));
    if (rc == COR_OK) {
#pragma omp parallel for num_threads(cor_team_threads(team))
        for (int64_t i = 0; i < k->count; i++)
            to[i] = owner_of(k, i, size);
        rc = cor_route_create(team, to, k->count, route);
    }
    cor_free(to);
    return rc;
}

/* The keys at the ranks that own them. Collective, agreed. */
static int send_keys(const cor_team *team, const cor_route *route,
                     const keys *k, keys *arrived)
{
    *arrived = (keys){.text = k->text, .count = cor_route_arrivals(route)};
    if (k->text)
        return cor_route_send_text(route, k->bytes, k->end, &arrived->bytes,
                                   &arrived->end);
    COR_TRY(cor_agree(team, COR_NEW(&arrived->number, arrived->count)));
    return cor_route_send(route, k->number, sizeof *k->number, arrived->number);
}

/* Local; an id that comes twice keeps its first row. */
static int fill_map(cor_directory *directory, const keys *k, const int64_t *row)
{
    COR_TRY(cor_map_create(k->text, k->count, &directory->map));
    COR_TRY(COR_NEW(&directory->row, k->count));
    int64_t slot, held = 0;
    for (int64_t i = 0; i < k->count; i++) {
        int64_t begin = k->text && i ? k->end[i - 1] : 0;
        if (k->text)
            COR_TRY(cor_map_put_text(directory->map, k->bytes + begin,
                                     (size_t)(k->end[i] - begin), &slot));
        else
            COR_TRY(cor_map_put_int64(directory->map, k->number[i], &slot));
        if (slot == held)
            directory->row[held++] = row[i];
    }
    return COR_OK;
}

static int fill(cor_directory *directory, const cor_ids *ids,
                const cor_route *route, const keys *k)
{
    const cor_team *team = directory->team;
    keys arrived;
    int64_t *row = NULL, *arrived_row = NULL;
    int rc = send_keys(team, route, k, &arrived);
    if (rc == COR_OK) {
        rc = COR_NEW(&row, ids->count);
        if (rc == COR_OK)
            rc = COR_NEW(&arrived_row, arrived.count);
        rc = cor_agree(team, rc);
    }
    if (rc == COR_OK) {
        for (int64_t i = 0; i < ids->count; i++)
            row[i] = ids->first + i;
        rc = cor_route_send(route, row, sizeof *row, arrived_row);
    }
    if (rc == COR_OK)
        rc = cor_agree(team, fill_map(directory, &arrived, arrived_row));
    cor_free(arrived_row);
    cor_free(row);
    free_keys(&arrived);
    return rc;
}

int cor_directory_create(const cor_team *team, const cor_ids *ids,
                         cor_directory **out)
{
    *out = NULL;
    cor_directory *directory = NULL;
    cor_route *route = NULL;
    keys k = {0};
    int rc = cor_allocate_zeroed(&directory, 1, sizeof *directory,
                                 "directory of ids");
    if (rc == COR_OK) {
        directory->team = team;
        directory->text = ids->text;
        rc = make_keys(ids, ids->text, &k);
    }
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = route_keys(team, &k, &route);
    if (rc == COR_OK)
        rc = fill(directory, ids, route, &k);
    cor_route_destroy(&route);
    free_keys(&k);
    *out = directory;
    if (rc != COR_OK)
        cor_directory_destroy(out);
    return rc;
}

void cor_directory_destroy(cor_directory **directory)
{
    if (!*directory)
        return;
    cor_map_destroy(&(*directory)->map);
    cor_free((*directory)->row);
    cor_free(*directory);
    *directory = NULL;
}

static void look_up(const cor_directory *directory, const keys *k,
                    int64_t *answer)
{
    for (int64_t i = 0; i < k->count; i++) {
        int64_t begin = k->text && i ? k->end[i - 1] : 0;
        int64_t slot = k->text
                           ? cor_map_find_text(directory->map, k->bytes + begin,
                                               (size_t)(k->end[i] - begin))
                           : cor_map_find_int64(directory->map, k->number[i]);
        answer[i] = slot < 0 ? -1 : directory->row[slot];
    }
}

/* Ask the owners and bring the answers back. Collective, agreed. */
static int ask(const cor_directory *directory, const keys *k, int64_t *row)
{
    const cor_team *team = directory->team;
    cor_route *route;
    keys arrived = {0};
    int64_t *answer = NULL;
    int rc = route_keys(team, k, &route);
    if (rc == COR_OK)
        rc = send_keys(team, route, k, &arrived);
    if (rc == COR_OK)
        rc = cor_agree(team, COR_NEW(&answer, arrived.count));
    if (rc == COR_OK) {
        look_up(directory, &arrived, answer);
        rc = cor_route_reply(route, answer, sizeof *answer, row);
    }
    cor_free(answer);
    free_keys(&arrived);
    cor_route_destroy(&route);
    return rc;
}

/* As cor_directory_find, for a few ids. */
static int find_batch(const cor_directory *directory, const cor_ids *ids,
                      int64_t *row)
{
    keys k;
    int rc = make_keys(ids, directory->text, &k);
    rc = cor_agree(directory->team, rc);
    if (rc == COR_OK)
        rc = ask(directory, &k, row);
    free_keys(&k);
    int64_t number;
    if (rc == COR_OK && ids->text && !directory->text)
        for (int64_t i = 0; i < ids->count; i++)
            if (!text_is_number(ids, i, &number))
                row[i] = -1;
    return rc;
}

enum { BATCH = 1 << 20 };

/* In batches, so that asking for all rows of a store takes little memory. */
int cor_directory_find(const cor_directory *directory, const cor_ids *ids,
                       int64_t *row)
{
    int64_t batches = (ids->count + BATCH - 1) / BATCH;
    cor_team_max(directory->team, &batches, 1);
    for (int64_t b = 0; b < batches; b++) {
        int64_t begin = b * BATCH < ids->count ? b * BATCH : ids->count;
        cor_ids part = *ids;
        part.first += begin;
        part.count = ids->count - begin < BATCH ? ids->count - begin : BATCH;
        if (ids->text)
            part.bytes += begin * ids->width;
        else
            part.number += begin;
        COR_TRY(find_batch(directory, &part, row + begin));
    }
    return COR_OK;
}
