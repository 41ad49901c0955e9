/*
 * Sorting ids over the ranks: splitters from an even sample, one exchange, a
 * local radix sort. Which rank sorts what depends on the sample, the order does
 * not. Texts are sorted eight bytes at a time; a group that agrees so far is
 * sorted by the next eight.
 */
#include "dictionary.h"

#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "coracle/sort.h"

#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 32, PREFIX = 32, FEW = 16 };

/* Bytes that compare as the ids do; of a long text its beginning, which is
   enough to cut the order somewhere. */
typedef struct prefix {
    unsigned char byte[PREFIX];
} prefix;

static prefix prefix_of(const ingest_id_list *list, int64_t i)
{
    prefix p = {{0}};
    if (list->text) {
        int64_t begin = ingest_id_begin(list, i);
        int64_t length = list->end[i] - begin;
        if (length > PREFIX)
            length = PREFIX;
        memcpy(p.byte, list->bytes + begin, (size_t)length);
    } else {
        uint64_t key = cor_sort_key_int64(list->number[i]);
        for (int b = 0; b < 8; b++)
            p.byte[b] = (unsigned char)(key >> (56 - 8 * b));
    }
    return p;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(prefix));
}

/* An even sample of the ids of all ranks, sorted, on every rank. */
static int sample_ids(const cor_team *team, const ingest_id_list *list,
                      prefix **sample, int64_t *total)
{
    prefix mine[SAMPLES];
    int64_t count = list->count < SAMPLES ? list->count : SAMPLES;
    for (int64_t s = 0; s < count; s++)
        mine[s] = prefix_of(list, list->count / count * s);
    COR_TRY(cor_team_collect(team, mine, count, sizeof *mine, sample, total));
    qsort(*sample, (size_t)*total, sizeof **sample, compare);
    return COR_OK;
}

/* The rank whose part of the order holds an id: splitter r, the first of rank
   r's part, is the sample's element at r / size. */
static int32_t rank_of(const prefix *sample, int64_t total, int size, prefix id)
{
    int low = 0, high = size - 1;
    while (low < high) {
        int middle = low + (high - low + 1) / 2;
        if (total > 0 && compare(&sample[total * middle / size], &id) <= 0)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static int make_route(const cor_team *team, const ingest_id_list *list,
                      cor_route **route)
{
    prefix *sample = NULL;
    int32_t *to = NULL;
    int64_t total = 0;
    int rc = sample_ids(team, list, &sample, &total);
    if (rc == COR_OK)
        rc = cor_agree(team, cor_allocate(&to, list->count, sizeof *to,
                                          "ranks of sorted ids"));
    for (int64_t i = 0; rc == COR_OK && i < list->count; i++)
        to[i] = rank_of(sample, total, cor_team_size(team), prefix_of(list, i));
    if (rc == COR_OK)
        rc = cor_route_create(team, to, list->count, route);
    cor_free(sample);
    cor_free(to);
    return rc;
}

/* Eight bytes of a text from `depth` on as a number that compares alike. */
static uint64_t key_at(const ingest_id_list *list, int64_t i, int64_t depth)
{
    int64_t begin = ingest_id_begin(list, i) + depth;
    uint64_t key = 0;
    for (int64_t b = begin; b < begin + 8; b++)
        key = key << 8 | (b < list->end[i] ? (unsigned char)list->bytes[b] : 0);
    return key;
}

static bool before(const ingest_id_list *list, int64_t a, int64_t b)
{
    int64_t from_a = ingest_id_begin(list, a), length_a = list->end[a] - from_a;
    int64_t from_b = ingest_id_begin(list, b), length_b = list->end[b] - from_b;
    int64_t both = length_a < length_b ? length_a : length_b;
    int order =
        memcmp(list->bytes + from_a, list->bytes + from_b, (size_t)both);
    return order < 0 || (order == 0 && length_a < length_b);
}

static void sort_few(const ingest_id_list *list, int64_t *order, int64_t count)
{
    for (int64_t i = 1; i < count; i++) {
        int64_t id = order[i], k = i;
        for (; k > 0 && before(list, id, order[k - 1]); k--)
            order[k] = order[k - 1];
        order[k] = id;
    }
}

/* Sort ids that agree in their first `depth` bytes; `key` has room for them. */
static int sort_texts(const ingest_id_list *list, uint64_t *key, int64_t *order,
                      int64_t count, int64_t depth)
{
    if (count <= FEW) {
        sort_few(list, order, count);
        return COR_OK;
    }
    for (int64_t k = 0; k < count; k++)
        key[k] = key_at(list, order[k], depth);
    COR_TRY(cor_sort_pairs(key, order, count));
    for (int64_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && key[to] == key[from];)
            to++;
        if (to - from > 1)
            COR_TRY(sort_texts(list, key + from, order + from, to - from,
                               depth + 8));
    }
    return COR_OK;
}

/* Local: order[k] is the k-th id of the list. */
static int sort_here(const ingest_id_list *list, int64_t *order)
{
    uint64_t *key;
    COR_TRY(cor_allocate(&key, list->count, sizeof *key, "sorting keys"));
    for (int64_t i = 0; i < list->count; i++)
        order[i] = i;
    for (int64_t i = 0; !list->text && i < list->count; i++)
        key[i] = cor_sort_key_int64(list->number[i]);
    int rc = list->text ? sort_texts(list, key, order, list->count, 0)
                        : cor_sort_pairs(key, order, list->count);
    cor_free(key);
    return rc;
}

/* Bring the ids to the ranks that sort them. `number`, `bytes` and `end` are
   what `here` borrows. */
static int bring(const cor_team *team, const cor_route *route,
                 const ingest_id_list *list, int64_t **number, char **bytes,
                 int64_t **end, ingest_id_list *here)
{
    int64_t count = cor_route_arrivals(route);
    *here = (ingest_id_list){.text = list->text, .count = count};
    if (list->text) {
        COR_TRY(cor_route_send_text(route, list->bytes, list->end, bytes, end));
        here->bytes = *bytes;
        here->end = *end;
        return COR_OK;
    }
    COR_TRY(cor_agree(
        team, cor_allocate(number, count, sizeof **number, "sorted ids")));
    here->number = *number;
    return cor_route_send(route, list->number, sizeof **number, *number);
}

/* Sort what came here and tell each id's holder its position. */
static int place_all(const cor_team *team, const cor_route *route,
                     const ingest_id_list *here, int64_t *place, cor_ids *table)
{
    int64_t *order = NULL, *position = NULL;
    int rc = cor_allocate(&order, here->count, sizeof *order, "sorted ids");
    if (rc == COR_OK)
        rc = cor_allocate(&position, here->count, sizeof *position,
                          "sorted ids");
    if (rc == COR_OK)
        rc = sort_here(here, order);
    rc = cor_agree(team, rc);
    if (rc == COR_OK) {
        int64_t first = cor_team_before(team, here->count, NULL);
        for (int64_t k = 0; k < here->count; k++)
            position[order[k]] = first + k;
        rc = cor_route_reply(route, position, sizeof *position, place);
    }
    if (rc == COR_OK)
        rc = ingest_ids_fill(team, here, order, here->count, table);
    cor_free(order);
    cor_free(position);
    return rc;
}

int ingest_sort_ids(const cor_team *team, const ingest_id_list *list,
                    int64_t *place, cor_ids *table)
{
    cor_route *route = NULL;
    int64_t *number = NULL, *end = NULL;
    char *bytes = NULL;
    ingest_id_list here;
    int rc = make_route(team, list, &route);
    if (rc == COR_OK)
        rc = bring(team, route, list, &number, &bytes, &end, &here);
    if (rc == COR_OK)
        rc = place_all(team, route, &here, place, table);
    cor_route_destroy(&route);
    cor_free(number);
    cor_free(bytes);
    cor_free(end);
    return rc;
}
