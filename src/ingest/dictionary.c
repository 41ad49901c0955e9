/*
 * Each id has an owner rank: by its hash, or where it is a small integer, by
 * its remainder, so that the owner finds it in an array. Ranks send their ids
 * to the owners in order; what arrives first at an owner, seen in rank order,
 * is the id's first appearance. Askers learn which of theirs are first, number
 * those by a prefix sum, and tell the owners, who tell everybody else. Three
 * exchanges of the ranks' different ids; no rank holds more than its share of
 * the dictionary.
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
    ingest_id_table owned;
    int64_t arrivals;
    int32_t *slot;       /* arrivals: where among those owned */
    uint8_t *is_first;   /* arrivals */
    uint8_t *mine_first; /* mine: this rank has the first appearance */
    int32_t *number;     /* ids owned */
} share;

static void share_free(share *s)
{
    cor_route_destroy(&s->route);
    ingest_id_table_free(&s->owned);
    cor_free(s->slot);
    cor_free(s->is_first);
    cor_free(s->mine_first);
    cor_free(s->number);
}

static int32_t owner_of_hash(uint64_t hash, int size)
{
    /* the high half: maps use the low bits for their cells */
    return (int32_t)((hash >> 32) % (uint64_t)size);
}

/* Integers from 0 below a limit are dealt out in turn; no rank gets more than
   its share of them, whichever there are. */
static bool is_dealt(int64_t id)
{
    return id >= 0 && id < INGEST_DIRECT_LIMIT;
}

/* What stands for an id at its owner: of those dealt, how many it had before,
   which is no other's key there. */
static int64_t key_of(int64_t id, int size)
{
    return is_dealt(id) ? id / size : id;
}

static int64_t id_of(int64_t key, int rank, int size)
{
    return is_dealt(key) ? key * size + rank : key;
}

static void find_owners(const ingest_id_list *mine, int size, int32_t *owner)
{
    for (int64_t i = 0; i < mine->count; i++) {
        int64_t begin = mine->text ? ingest_id_begin(mine, i) : 0;
        if (mine->text)
            owner[i] =
                owner_of_hash(cor_hash_bytes(mine->bytes + begin,
                                             (size_t)(mine->end[i] - begin)),
                              size);
        else if (is_dealt(mine->number[i]))
            owner[i] = (int32_t)(mine->number[i] % size);
        else
            owner[i] = owner_of_hash(cor_hash_int64(mine->number[i]), size);
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

static int enter(share *s, int64_t *number, const char *bytes,
                 const int64_t *end)
{
    int size = cor_team_size(s->team);
    int32_t held = 0;
    for (int64_t j = 0; j < s->arrivals; j++) {
        int64_t begin = j && end ? end[j - 1] : 0;
        if (s->mine->text)
            COR_TRY(ingest_id_table_put_text(&s->owned, bytes + begin,
                                             end[j] - begin, &s->slot[j]));
        else
            number[j] = key_of(number[j], size);
    }
    if (!s->mine->text)
        COR_TRY(ingest_id_table_put(&s->owned, s->arrivals, number, s->slot));
    for (int64_t j = 0; j < s->arrivals; j++) {
        s->is_first[j] =
            s->slot[j] == held; /* they are numbered as they come */
        held += s->is_first[j];
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
        rc = ingest_id_table_create(s->mine->text, &s->owned);
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
    ingest_id_list owned = ingest_id_table_list(&s->owned);
    int rank = cor_team_rank(s->team), size = cor_team_size(s->team);
    int64_t *place = NULL, before;
    COR_TRY(check_total(s->team, owned.count, what, &before));
    COR_TRY(cor_agree(s->team, cor_allocate(&place, owned.count, sizeof *place,
                                            "sorted ids")));
    for (int64_t i = 0; !owned.text && i < owned.count; i++)
        s->owned.number[i] = id_of(s->owned.number[i], rank, size);
    int rc = ingest_sort_ids(s->team, &owned, place, table);
    for (int64_t i = 0; rc == COR_OK && i < owned.count; i++)
        s->number[i] = (int32_t)place[i];
    cor_free(place);
    return rc;
}

/* On one rank the list is the dictionary. */
static int number_alone(const cor_team *team, const ingest_id_list *mine,
                        bool sorted, const char *what, int32_t *number,
                        cor_ids *table)
{
    int64_t *place = NULL, before;
    COR_TRY(check_total(team, mine->count, what, &before));
    if (!sorted) {
        for (int64_t i = 0; i < mine->count; i++)
            number[i] = (int32_t)i;
        return ingest_ids_fill(team, mine, NULL, mine->count, table);
    }
    COR_TRY(cor_allocate(&place, mine->count, sizeof *place, "sorted ids"));
    int rc = ingest_sort_ids(team, mine, place, table);
    for (int64_t i = 0; rc == COR_OK && i < mine->count; i++)
        number[i] = (int32_t)place[i];
    cor_free(place);
    return rc;
}

/* On several: who owns an id knows where it is first. */
static int number_together(const cor_team *team, const ingest_id_list *mine,
                           bool sorted, const char *what, int32_t *number,
                           cor_ids *table)
{
    share s = {.team = team, .mine = mine};
    int rc = make_route(&s);
    if (rc == COR_OK)
        rc = collect(&s);
    if (rc == COR_OK)
        rc = cor_allocate(&s.mine_first, mine->count, 1, "ids");
    if (rc == COR_OK)
        rc = cor_allocate(&s.number, s.owned.count, sizeof *s.number,
                          "numbers of ids");
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_route_reply(s.route, s.is_first, 1, s.mine_first);
    if (rc == COR_OK)
        rc = sorted ? number_by_order(&s, what, table)
                    : number_by_appearance(&s, what, number, table);
    if (rc == COR_OK)
        rc = answer(&s, number);
    share_free(&s);
    return rc;
}

int ingest_dictionary(const cor_team *team, const ingest_id_list *mine,
                      bool sorted, const char *what, int32_t *number,
                      cor_ids *table)
{
    *table = (cor_ids){0};
    int rc = cor_team_size(team) == 1
                 ? number_alone(team, mine, sorted, what, number, table)
                 : number_together(team, mine, sorted, what, number, table);
    if (rc != COR_OK)
        cor_ids_free(table);
    return rc;
}
