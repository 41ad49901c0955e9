#include "moved.h"

#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "match.h"
#include "touched.h"

void cor_moved_free(cor_moved *moved)
{
    cor_free(moved->user);
    cor_free(moved->item);
    *moved = (cor_moved){0};
}

static int create(int64_t rows, cor_moved *moved)
{
    COR_TRY(COR_NEW(&moved->user, rows));
    return COR_NEW(&moved->item, rows);
}

/* ---- numbers ---- */

/* What the items of my even part are in the other store. Collective. */
static int number_items(const cor_team *team, const cor_ids *from,
                        const cor_ids *to, int32_t **number)
{
    int64_t *row = NULL;
    int rc = COR_NEW(&row, from->count);
    if (rc == COR_OK)
        rc = COR_NEW(number, from->count);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_match_ids(team, to, from, row);
    for (int64_t i = 0; rc == COR_OK && i < from->count; i++)
        (*number)[i] = (int32_t)(row[i] >= 0 ? row[i] : -1 - (from->first + i));
    cor_free(row);
    return rc;
}

/* What the items that my rows touch are there. Collective. */
static int number_slots(const cor_touched *touched, const cor_ids *from,
                        const cor_ids *to, int32_t **slot)
{
    int32_t *number = NULL;
    int rc = cor_agree(touched->team, COR_NEW(slot, touched->slots));
    if (rc == COR_OK)
        rc = number_items(touched->team, from, to, &number);
    if (rc == COR_OK)
        rc = cor_touched_ask(touched, number, sizeof *number, *slot);
    cor_free(number);
    return rc;
}

/* ---- my rows ---- */

/* `user` are the numbers of my users, `slot` of the items that rows touch. */
static void number_rows(const cor_interactions *from, const cor_shards *owners,
                        const int64_t *user, const cor_touched *touched,
                        const int32_t *slot, int32_t *to, cor_moved *mine)
{
    int64_t first = from->user_id.first;
    int32_t last = -1, owner = 0;
    for (int64_t r = 0; r < from->rows; r++) {
        int64_t number = user[from->user[r] - first];
        if (number < 0)
            continue;
        if (from->user[r] != last)
            owner = cor_shards_owner(owners, number);
        last = from->user[r];
        mine->user[mine->rows] = (int32_t)number;
        mine->item[mine->rows] = slot[cor_touched_slot(touched, from->item[r])];
        to[mine->rows++] = owner;
    }
}

/* Those whose user the other store has, and the ranks they go to. `to` has room
   for all my rows. Collective. */
static int prepare(const cor_team *team, const cor_interactions *from,
                   const cor_interactions *other, int32_t *to, cor_moved *mine)
{
    cor_touched touched;
    int64_t *user = NULL;
    int32_t *slot = NULL;
    COR_TRY(cor_agree(team, COR_NEW(&user, from->user_id.count)));
    int rc =
        cor_touched_create(team, from->items, from->rows, from->item, &touched);
    if (rc == COR_OK)
        rc = cor_match_ids(team, &other->user_id, &from->user_id, user);
    if (rc == COR_OK)
        rc = number_slots(&touched, &from->item_id, &other->item_id, &slot);
    if (rc == COR_OK)
        number_rows(from, other->user_shards, user, &touched, slot, to, mine);
    cor_touched_free(&touched);
    cor_free(slot);
    cor_free(user);
    return rc;
}

/* ---- bringing ---- */

/* Collective. */
static int send(const cor_team *team, const int32_t *to, const cor_moved *mine,
                cor_moved *moved)
{
    cor_route *route = NULL;
    COR_TRY(cor_route_create(team, to, mine->rows, &route));
    moved->rows = cor_route_arrivals(route);
    int rc = cor_agree(team, create(moved->rows, moved));
    if (rc == COR_OK)
        rc = cor_route_send(route, mine->user, sizeof *mine->user, moved->user);
    if (rc == COR_OK)
        rc = cor_route_send(route, mine->item, sizeof *mine->item, moved->item);
    cor_route_destroy(&route);
    return rc;
}

int cor_moved_bring(const cor_team *team, const cor_interactions *from,
                    const cor_interactions *to, cor_moved *moved)
{
    cor_moved mine = {0};
    int32_t *rank = NULL;
    *moved = (cor_moved){0};
    int rc = COR_NEW(&rank, from->rows);
    if (rc == COR_OK)
        rc = create(from->rows, &mine);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = prepare(team, from, to, rank, &mine);
    if (rc == COR_OK)
        rc = send(team, rank, &mine, moved);
    cor_moved_free(&mine);
    cor_free(rank);
    return rc;
}
