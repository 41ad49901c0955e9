/**
 * Scores of a tile of users and items: items are turned into panels of a few
 * vectors, a slice of factors at a time, and stay in the cache while all users
 * pass. Bound by the multiply-add rate once the users outweigh the turning.
 */
#ifndef SCORE_H
#define SCORE_H

#include "gram.h"
#include "rows.h"

enum {
    SCORE_ITEMS = TILE_VECTORS * LANES,
    SCORE_USERS = TILE_COLUMNS,
    SCORE_SLICE = 256 /* factors: a panel is at most 32 KiB */
};

_Static_assert(SCORE_ITEMS % 8 == 0, "items are turned by eights");
_Static_assert(COR_PANEL % SCORE_ITEMS == 0, "panels are whole blocks");

/* Turn `slice` factors of at most SCORE_ITEMS items into a panel. */
static void pack_items(const float *item, int64_t items, int64_t ld,
                       int64_t slice, float *panel)
{
    for (int64_t z = 0; z < SCORE_ITEMS; z += 8) {
        const float *row[8];
        /* A missing item is the last one again; its scores are dropped. */
        for (int64_t i = 0; i < 8; i++)
            row[i] = item + (z + i < items ? z + i : items - 1) * ld;
        gather_octet(row, slice, panel + z, SCORE_ITEMS);
    }
}

/* SCORE_USERS rows of SCORE_ITEMS scores, `out_ld` apart. */
static void score_block(const float *const user[SCORE_USERS],
                        const float *panel, int64_t slice, bool fresh,
                        float *out, int64_t out_ld)
{
    tile t = {{{0}}};
    if (!fresh)
        tile_load(t, out, out_ld, TILE_VECTORS, SCORE_USERS);
    for (int64_t f = 0; f < slice; f++) {
        lanes v[TILE_VECTORS];
        EACH (i, 0, TILE_VECTORS)
            v[i] = load(panel + f * SCORE_ITEMS + i * LANES);
        EACH (u, 0, SCORE_USERS)
            EACH (i, 0, TILE_VECTORS)
                t[u][i] += v[i] * user[u][f];
    }
    tile_store(t, out, out_ld, TILE_VECTORS, SCORE_USERS);
}

/* Copy the part of a block that exists between `score` and a whole block. */
INLINE void copy_scores(float *to, int64_t to_ld, const float *from,
                        int64_t from_ld, int64_t users, int64_t items)
{
    for (int64_t u = 0; u < users; u++)
        memcpy(to + u * to_ld, from + u * from_ld, (size_t)items * sizeof *to);
}

/* All users against one panel. */
static void score_panel(const float *user, int64_t users, const float *panel,
                        int64_t items, int64_t ld, int64_t slice, bool fresh,
                        float *score, int64_t score_ld)
{
    for (int64_t u = 0; u < users; u += SCORE_USERS) {
        const float *row[SCORE_USERS];
        int64_t mine = users - u < SCORE_USERS ? users - u : SCORE_USERS;
        for (int64_t i = 0; i < SCORE_USERS; i++)
            row[i] = user + (u + (i < mine ? i : mine - 1)) * ld;
        float *out = score + u * score_ld;
        if (mine == SCORE_USERS && items == SCORE_ITEMS) {
            score_block(row, panel, slice, fresh, out, score_ld);
            continue;
        }
        float whole[SCORE_USERS * SCORE_ITEMS] = {0};
        if (!fresh)
            copy_scores(whole, SCORE_ITEMS, out, score_ld, mine, items);
        score_block(row, panel, slice, fresh, whole, SCORE_ITEMS);
        copy_scores(out, score_ld, whole, SCORE_ITEMS, mine, items);
    }
}

/* ---- panels made before ---- */

/* `users` users against SCORE_ITEMS items of a panel of COR_PANEL. */
INLINE void panel_block(const float *const *user, const float *panel,
                        int64_t ld, const float *bias, float *score, int users)
{
    tile t = {{{0}}};
    for (int64_t f = 0; f < ld; f++) {
        lanes v[TILE_VECTORS];
        EACH (i, 0, TILE_VECTORS)
            v[i] = load(panel + f * COR_PANEL + i * LANES);
        EACH (u, 0, users)
            EACH (i, 0, TILE_VECTORS)
                t[u][i] += v[i] * user[u][f];
    }
    EACH (u, 0, users)
        EACH (i, 0, TILE_VECTORS)
            store(score + u * COR_PANEL + i * LANES,
                  load(bias + i * LANES) + t[u][i]);
}

INLINE void panel_users(const float *const *user, const float *panel,
                        int64_t ld, const float *bias, float *score, int users)
{
    for (int64_t i = 0; i < COR_PANEL; i += SCORE_ITEMS)
        panel_block(user, panel + i, ld, bias + i, score + i, users);
}

static void panel_score(const float *const *user, int64_t users,
                        const float *panel, int64_t ld, const float *bias,
                        const float *least, float *score, bool *reaches)
{
    int64_t u = 0;
    for (; u + SCORE_USERS <= users; u += SCORE_USERS)
        panel_users(user + u, panel, ld, bias, score + u * COR_PANEL,
                    SCORE_USERS);
    for (; u + SCORE_USERS / 2 <= users; u += SCORE_USERS / 2)
        panel_users(user + u, panel, ld, bias, score + u * COR_PANEL,
                    SCORE_USERS / 2);
    for (; u < users; u++)
        panel_users(user + u, panel, ld, bias, score + u * COR_PANEL, 1);
    for (u = 0; u < users; u++) {
        int any = 0;
        for (int64_t i = 0; i < COR_PANEL; i++)
            any |= score[u * COR_PANEL + i] >= least[u];
        reaches[u] = any;
    }
}

static void score_tile(const float *user, int64_t users, const float *item,
                       int64_t items, int64_t ld, float *score)
{
    float panel[SCORE_SLICE * SCORE_ITEMS] __attribute__((aligned(64)));
    for (int64_t z = 0; z < items; z += SCORE_ITEMS) {
        int64_t mine = items - z < SCORE_ITEMS ? items - z : SCORE_ITEMS;
        for (int64_t f = 0; f < ld; f += SCORE_SLICE) {
            int64_t slice = ld - f < SCORE_SLICE ? ld - f : SCORE_SLICE;
            pack_items(item + z * ld + f, mine, ld, slice, panel);
            score_panel(user + f, users, panel, mine, ld, slice, f == 0,
                        score + z, items);
        }
    }
}

#endif
