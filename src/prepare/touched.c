#include "touched.h"

#include "coracle/cut.h"
#include "coracle/memory.h"

#include <string.h>

/* Number the items seen: slots before each word, and the item of each slot. */
static int number_slots(cor_touched *touched, int64_t words)
{
    for (int64_t w = 0; w < words; w++) {
        touched->before[w] = (int32_t)touched->slots;
        touched->slots += __builtin_popcountll(touched->seen[w]);
    }
    COR_TRY(COR_NEW(&touched->item, touched->slots));
    int32_t *next = touched->item;
    for (int64_t w = 0; w < words; w++)
        for (uint64_t bits = touched->seen[w]; bits; bits &= bits - 1)
            *next++ = (int32_t)(w * 64 + __builtin_ctzll(bits));
    return COR_OK;
}

static int find_slots(cor_touched *touched, int64_t items, int64_t rows,
                      const int32_t *item)
{
    int64_t words = items / 64 + 1;
    COR_TRY(COR_NEW_ZEROED(&touched->seen, words));
    COR_TRY(COR_NEW(&touched->before, words));
    for (int64_t r = 0; r < rows; r++)
        touched->seen[item[r] >> 6] |= UINT64_C(1) << (item[r] & 63);
    return number_slots(touched, words);
}

/* Tell the owners of the items which of them this rank touches. */
static int plan_route(cor_touched *touched, int64_t items)
{
    int64_t size = cor_team_size(touched->team), rank = 0;
    int32_t *to = NULL, *item = NULL;
    int rc = COR_NEW(&to, touched->slots);
    if (rc == COR_OK)
        rc = COR_NEW(&item, touched->slots);
    for (int64_t s = 0; rc == COR_OK && s < touched->slots; s++) {
        item[s] = cor_touched_item(touched, s);
        while (item[s] >= cor_cut_begin(items, rank + 1, size))
            rank++;
        to[s] = (int32_t)rank;
    }
    rc = cor_agree(touched->team, rc);
    if (rc == COR_OK)
        rc = cor_route_create(touched->team, to, touched->slots,
                              &touched->route);
    if (rc == COR_OK)
        rc = cor_agree(
            touched->team,
            COR_NEW(&touched->arrived, cor_route_arrivals(touched->route)));
    if (rc == COR_OK)
        rc = cor_route_send(touched->route, item, sizeof *item,
                            touched->arrived);
    cor_free(item);
    cor_free(to);
    return rc;
}

int cor_touched_create(const cor_team *team, int64_t items, int64_t rows,
                       const int32_t *item, cor_touched *touched)
{
    int64_t rank = cor_team_rank(team), size = cor_team_size(team);
    *touched = (cor_touched){.team = team};
    touched->first_item = cor_cut_begin(items, rank, size);
    touched->my_items =
        cor_cut_begin(items, rank + 1, size) - touched->first_item;
    int rc = COR_OK;
    if (size == 1 || items <= rows)
        touched->slots = items;
    else
        rc = find_slots(touched, items, rows, item);
    COR_TRY(cor_agree(team, rc));
    return size > 1 ? plan_route(touched, items) : COR_OK;
}

void cor_touched_free(cor_touched *touched)
{
    cor_route_destroy(&touched->route);
    cor_free(touched->item);
    cor_free(touched->arrived);
    cor_free(touched->seen);
    cor_free(touched->before);
    *touched = (cor_touched){0};
}

int cor_touched_ask(const cor_touched *touched, const void *own, size_t width,
                    void *out)
{
    if (!touched->route) {
        memcpy(out, own, (size_t)touched->slots * width);
        return COR_OK;
    }
    int64_t arrivals = cor_route_arrivals(touched->route);
    char *answer = NULL;
    int rc = cor_agree(touched->team,
                       cor_allocate(&answer, arrivals, width, "answers"));
    if (rc == COR_OK) {
        for (int64_t i = 0; i < arrivals; i++) {
            int64_t mine = touched->arrived[i] - touched->first_item;
            memcpy(answer + (size_t)i * width,
                   (const char *)own + (size_t)mine * width, width);
        }
        rc = cor_route_reply(touched->route, answer, width, out);
    }
    cor_free(answer);
    return rc;
}
