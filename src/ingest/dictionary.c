/*
 * Each id has an owner rank by its hash. Ranks send their ids to the owners in
 * order; what arrives first at an owner, seen in rank order, is the id's first
 * appearance. Askers learn which of theirs are first, number those by a prefix
 * sum, and tell the owners, who tell everybody else. Three exchanges of the
 * ranks' different ids; no rank holds more than its share of the dictionary.
 */
#include "dictionary.h"

#include "coracle/exchange.h"
#include "coracle/memory.h"

#include <string.h>

ingest_id_list ingest_id_table_list(const ingest_id_table *table)
{
    ingest_id_list list = {
        .text = table->text, .count = table->count, .number = table->number};
    if (table->text)
        cor_map_texts(table->map, &list.bytes, &list.end);
    return list;
}

/* The dictionary's share of this rank, and the ids that came here. */
typedef struct share {
    const cor_team *team;
    const ingest_id_list *mine;
    cor_route *route;
    cor_map *map; /* ids owned */
    int64_t arrivals;
    int32_t *slot;       /* arrivals: where in the map */
    uint8_t *is_first;   /* arrivals */
    uint8_t *mine_first; /* mine: this rank has the first appearance */
    int32_t *number;     /* ids owned */
} share;

static void share_free(share *s)
{
    cor_route_destroy(&s->route);
    cor_map_destroy(&s->map);
    cor_free(s->slot);
    cor_free(s->is_first);
    cor_free(s->mine_first);
    cor_free(s->number);
}

static void find_owners(const ingest_id_list *mine, int size, int32_t *owner)
{
    for (int64_t i = 0; i < mine->count; i++) {
        int64_t begin = mine->text ? ingest_id_begin(mine, i) : 0;
        uint64_t hash = mine->text
                            ? cor_hash_bytes(mine->bytes + begin,
                                             (size_t)(mine->end[i] - begin))
                            : cor_hash_int64(mine->number[i]);
        /* the high half: maps use the low bits for their cells */
        owner[i] = (int32_t)((hash >> 32) % (uint64_t)size);
    }
}

static int make_route(share *s)
{
    int32_t *owner = NULL;
    int rc = cor_allocate(&owner, s->mine->count, sizeof *owner, "owners");
    if (rc == COR_OK)
        find_owners(s->mine, cor_team_size(s->team), owner);
    rc = cor_agree(s->team, rc);
    if (rc == COR_OK)
        rc = cor_route_create(s->team, owner, s->mine->count, &s->route);
    cor_free(owner);
    return rc;
}

static int enter(share *s, const int64_t *number, const char *bytes,
                 const int64_t *end)
{
    for (int64_t j = 0; j < s->arrivals; j++) {
        int64_t held = cor_map_count(s->map), slot;
        if (s->mine->text) {
            int64_t begin = j ? end[j - 1] : 0;
            COR_TRY(cor_map_put_text(s->map, bytes + begin,
                                     (size_t)(end[j] - begin), &slot));
        } else {
            COR_TRY(cor_map_put_int64(s->map, number[j], &slot));
        }
        s->slot[j] = (int32_t)slot;
        s->is_first[j] = slot == held;
    }
    return COR_OK;
}

/* Send the ids to their owners, who enter them in order of arrival. */
static int collect(share *s)
{
    int64_t *number = NULL, *end = NULL;
    char *bytes = NULL;
    s->arrivals = cor_route_arrivals(s->route);
    int rc = cor_allocate(&number, s->mine->text ? 0 : s->arrivals,
                          sizeof *number, "ids");
    if (rc == COR_OK)
        rc = cor_allocate(&s->slot, s->arrivals, sizeof *s->slot, "ids");
    if (rc == COR_OK)
        rc = cor_allocate(&s->is_first, s->arrivals, 1, "ids");
    if (rc == COR_OK)
        rc = cor_map_create(s->mine->text, 0, &s->map);
    rc = cor_agree(s->team, rc);
    if (rc == COR_OK && s->mine->text)
        rc = cor_route_send_text(s->route, s->mine->bytes, s->mine->end, &bytes,
                                 &end);
    else if (rc == COR_OK)
        rc = cor_route_send(s->route, s->mine->number, sizeof *number, number);
    if (rc == COR_OK)
        rc = cor_agree(s->team, enter(s, number, bytes, end));
    cor_free(number);
    cor_free(bytes);
    cor_free(end);
    return rc;
}

/* More ids than a store can number. */
static int check_total(const cor_team *team, int64_t mine, const char *what,
                       int64_t *before)
{
    int64_t total;
    *before = cor_team_before(team, mine, &total);
    if (total > INT32_MAX)
        return cor_fail(COR_EDATA,
                        "%lld different %s; a store holds at most "
                        "%d",
                        (long long)total, what, INT32_MAX);
    return COR_OK;
}

/* Owners answer every asker with the number of its id. */
static int answer(share *s, int32_t *number)
{
    int32_t *all;
    COR_TRY(cor_agree(s->team, cor_allocate(&all, s->arrivals, sizeof *all,
                                            "numbers of ids")));
    for (int64_t j = 0; j < s->arrivals; j++)
        all[j] = s->number[s->slot[j]];
    int rc = cor_route_reply(s->route, all, sizeof *all, number);
    cor_free(all);
    return rc;
}

/* Number by first appearance: askers number their firsts and tell. */
static int number_by_appearance(share *s, const char *what, int32_t *number,
                                cor_ids *table)
{
    int64_t firsts = 0, before;
    int32_t *told = NULL;
    int64_t *pick = NULL;
    int rc = cor_allocate(&pick, s->mine->count, sizeof *pick, "first ids");
    if (rc == COR_OK)
        rc = cor_allocate(&told, s->arrivals, sizeof *told, "numbers of ids");
    rc = cor_agree(s->team, rc);
    for (int64_t i = 0; rc == COR_OK && i < s->mine->count; i++) {
        number[i] = -1;
        if (s->mine_first[i])
            pick[firsts++] = i;
    }
    if (rc == COR_OK)
        rc = check_total(s->team, firsts, what, &before);
    for (int64_t k = 0; rc == COR_OK && k < firsts; k++)
        number[pick[k]] = (int32_t)(before + k);
    if (rc == COR_OK)
        rc = cor_route_send(s->route, number, sizeof *number, told);
    for (int64_t j = 0; rc == COR_OK && j < s->arrivals; j++)
        if (s->is_first[j])
            s->number[s->slot[j]] = told[j];
    if (rc == COR_OK)
        rc = ingest_ids_fill(s->team, s->mine, pick, firsts, table);
    cor_free(told);
    cor_free(pick);
    return rc;
}

/* Number by order: the owners sort what they own. */
static int number_by_order(share *s, const char *what, cor_ids *table)
{
    ingest_id_list owned = {.text = s->mine->text,
                            .count = cor_map_count(s->map)};
    int64_t *place = NULL, *copy = NULL, before;
    COR_TRY(check_total(s->team, owned.count, what, &before));
    int rc = cor_allocate(&place, owned.count, sizeof *place, "sorted ids");
    if (rc == COR_OK)
        rc = cor_allocate(&copy, owned.text ? 0 : owned.count, sizeof *copy,
                          "sorted ids");
    rc = cor_agree(s->team, rc);
    if (rc == COR_OK && owned.text)
        cor_map_texts(s->map, &owned.bytes, &owned.end);
    for (int64_t i = 0; rc == COR_OK && !owned.text && i < owned.count; i++)
        copy[i] = cor_map_int64(s->map, i);
    owned.number = copy;
    if (rc == COR_OK)
        rc = ingest_sort_ids(s->team, &owned, place, table);
    for (int64_t i = 0; rc == COR_OK && i < owned.count; i++)
        s->number[i] = (int32_t)place[i];
    cor_free(place);
    cor_free(copy);
    return rc;
}

int ingest_dictionary(const cor_team *team, const ingest_id_list *mine,
                      bool sorted, const char *what, int32_t *number,
                      cor_ids *table)
{
    share s = {.team = team, .mine = mine};
    *table = (cor_ids){0};
    int rc = make_route(&s);
    if (rc == COR_OK)
        rc = collect(&s);
    if (rc == COR_OK)
        rc = cor_allocate(&s.mine_first, mine->count, 1, "ids");
    if (rc == COR_OK)
        rc = cor_allocate(&s.number, s.map ? cor_map_count(s.map) : 0,
                          sizeof *s.number, "numbers of ids");
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_route_reply(s.route, s.is_first, 1, s.mine_first);
    if (rc == COR_OK)
        rc = sorted ? number_by_order(&s, what, table)
                    : number_by_appearance(&s, what, number, table);
    if (rc == COR_OK)
        rc = answer(&s, number);
    share_free(&s);
    if (rc != COR_OK)
        cor_ids_free(table);
    return rc;
}
