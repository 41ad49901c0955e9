#include "coracle/ratings.h"

#include "coracle/cut.h"
#include "coracle/exchange.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/sum.h"
#include "ratings_parts.h"

#include <string.h>

/* What is worked out on the way to the item side. */
typedef struct layout {
    const cor_team *team;
    int64_t users, items, rows, shards;
    int64_t factors, giant;
    cor_shards *even;               /* of the items, one a rank */
    int64_t even_first, even_items; /* my part */
    int64_t *even_count;            /* ratings of each of them */
    uint64_t *is_giant;             /* a bit an item */
} layout;

int64_t cor_giants_threshold(int64_t ratings, int64_t shards)
{
    enum { LEAST = 32768 };
    int64_t quarter = ratings / (4 * shards);
    return quarter > LEAST ? quarter : LEAST;
}

static int count_items(layout *l, const int32_t *item)
{
    int rank = cor_team_rank(l->team), size = cor_team_size(l->team);
    COR_TRY(cor_agree(
        l->team, cor_shards_create_even(l->team, size, l->items, &l->even)));
    l->even_first = cor_shards_first_row(l->even, rank);
    l->even_items = cor_shards_first_row(l->even, rank + 1) - l->even_first;
    COR_TRY(cor_agree(l->team, cor_allocate(&l->even_count, l->even_items, 8,
                                            "item counts")));
    return ratings_count_items(l->team, l->even, item, NULL, l->rows,
                               l->even_count, NULL);
}

/* Every rank learns all giants; they are few by their definition. */
static int find_giants(layout *l, cor_giants *giants)
{
    int64_t *mine = NULL, found = 0;
    int rc = cor_allocate(&mine, l->even_items, sizeof *mine, "giants");
    for (int64_t i = 0; rc == COR_OK && i < l->even_items; i++)
        if (l->even_count[i] >= l->giant)
            mine[found++] = l->even_first + i;
    rc = cor_agree(l->team, rc);
    if (rc == COR_OK)
        rc = cor_team_collect(l->team, mine, found, sizeof *mine, &giants->item,
                              &giants->count);
    if (rc == COR_OK)
        rc = cor_agree(
            l->team,
            cor_allocate_zeroed(&l->is_giant, l->items / 64 + 1, 8, "giants"));
    for (int64_t g = 0; rc == COR_OK && g < giants->count; g++)
        l->is_giant[giants->item[g] / 64] |= UINT64_C(1)
                                             << (giants->item[g] % 64);
    cor_free(mine);
    return rc;
}

static bool is_giant(const layout *l, int32_t item)
{
    return l->is_giant[item / 64] >> (item % 64) & 1;
}

/* Items are cut into shards by work; a giant's work on its owner is one solve.
 */
static int cut_items(const layout *l, cor_shards **shards)
{
    int64_t *before = NULL, *cut = NULL, mine = 0, total;
    int rc = cor_allocate(&before, l->even_items, sizeof *before, "item work");
    if (rc == COR_OK)
        rc = cor_allocate(&cut, 2 * (l->shards + 1), sizeof *cut, "item cuts");
    rc = cor_agree(l->team, rc);
    for (int64_t i = 0; rc == COR_OK && i < l->even_items; i++) {
        int64_t count = l->even_count[i];
        before[i] = mine;
        mine += 1 + (int64_t)(cor_ridge_flops(l->factors,
                                              count < l->giant ? count : 0) /
                              1024);
    }
    int64_t offset = cor_team_before(l->team, mine, &total);
    for (int64_t i = 0; rc == COR_OK && i < l->even_items; i++)
        before[i] += offset;
    if (rc == COR_OK)
        rc = cor_interactions_cut(l->team, l->shards, l->items, total,
                                  l->even_first, l->even_items, before, cut,
                                  cut + l->shards + 1);
    cor_shards *by_work = NULL;
    if (rc == COR_OK) {
        rc = cor_shards_create(l->team, l->shards, cut, &by_work);
        if (rc == COR_OK)
            rc = cor_shards_create_like(by_work, cut + l->shards + 1, shards);
        rc = cor_agree(l->team, rc);
    }
    cor_shards_destroy(&by_work);
    cor_free(before);
    cor_free(cut);
    return rc;
}

static int side_allocate(cor_ratings_side *side, const cor_team *team)
{
    side->first = cor_shards_first_row(side->shards, cor_team_rank(team));
    side->rows = cor_shards_first_row(side->shards, cor_team_rank(team) + 1) -
                 side->first;
    COR_TRY(cor_allocate_zeroed(&side->begin, side->rows + 1, 8, "ratings"));
    COR_TRY(cor_allocate_zeroed(&side->count, side->rows, 8, "ratings"));
    return cor_allocate_zeroed(&side->mean, side->rows, sizeof(float),
                               "ratings");
}

static void begins_from_counts(cor_ratings_side *side)
{
    for (int64_t r = 0; r < side->rows; r++)
        side->begin[r + 1] = side->begin[r] + side->count[r];
}

static void row_means(cor_ratings_side *side)
{
    for (int64_t r = 0; r < side->rows; r++) {
        double sum = 0;
        for (int64_t e = side->begin[r]; e < side->begin[r + 1]; e++)
            sum += side->value[e];
        int64_t entries = side->begin[r + 1] - side->begin[r];
        side->mean[r] = entries ? (float)(sum / (double)entries) : 0;
    }
}

/* My rows of interactions are the user side already. */
static void make_user_side(cor_interactions *data, cor_ratings_side *side)
{
    for (int64_t i = 0; i < data->rows; i++)
        side->count[data->user[i] - side->first]++;
    begins_from_counts(side);
    side->other = data->item;
    side->value = data->value;
    cor_free(data->user);
    data->user = data->item = NULL;
    data->value = NULL;
    row_means(side);
}

/* The giants' entries of my rows, by giant and shard: pass 0 counts them, pass
   1 fills them in, in row order. */
static void visit_giants(const layout *l, const cor_ratings_side *user,
                         int64_t first_shard, cor_giants *giants, int pass)
{
    int64_t stride = giants->shards + 1;
    for (int64_t s = 0; s < giants->shards; s++) {
        int64_t from = cor_shards_begin(user->shards, first_shard + s);
        int64_t to = cor_shards_begin(user->shards, first_shard + s + 1);
        for (int64_t r = from - user->first; r < to - user->first; r++)
            for (int64_t e = user->begin[r]; e < user->begin[r + 1]; e++) {
                if (!is_giant(l, user->other[e]))
                    continue;
                int64_t g =
                    cor_cut_find(giants->item, giants->count, user->other[e]);
                int64_t *at = &giants->begin[g * stride + s + (pass == 0)];
                if (pass == 1) {
                    giants->user[*at] = (int32_t)r;
                    giants->value[*at] = user->value[e];
                }
                (*at)++;
            }
    }
}

static int make_giants(const layout *l, const cor_ratings_side *user,
                       cor_giants *giants)
{
    int rank = cor_team_rank(l->team);
    int64_t first = cor_shards_first(user->shards, rank);
    giants->shards = cor_shards_first(user->shards, rank + 1) - first;
    int64_t stride = giants->shards + 1, entries = 0;
    COR_TRY(cor_allocate_zeroed(&giants->begin, giants->count * stride, 8,
                                "giants"));
    if (giants->count == 0)
        return COR_OK;
    visit_giants(l, user, first, giants, 0);
    for (int64_t at = 0; at < giants->count * stride; at++) {
        entries += at % stride ? giants->begin[at] : 0;
        giants->begin[at] = entries;
    }
    COR_TRY(cor_allocate(&giants->user, entries, sizeof(int32_t), "giants"));
    COR_TRY(cor_allocate(&giants->value, entries, sizeof(float), "giants"));
    visit_giants(l, user, first, giants, 1);
    /* filling moved each begin to its end, which is the next one's begin */
    for (int64_t g = 0; g < giants->count; g++)
        for (int64_t s = giants->shards; s > 0; s--)
            giants->begin[g * stride + s] = giants->begin[g * stride + s - 1];
    int64_t begin = 0;
    for (int64_t g = 0; g < giants->count; g++) {
        giants->begin[g * stride] = begin;
        begin = giants->begin[g * stride + giants->shards];
    }
    return COR_OK;
}

/* The ratings of other items than giants, on their way to the item side. */
typedef struct entries {
    int64_t count;
    int32_t *to, *item, *user;
    float *value;
} entries;

static void entries_free(entries *e)
{
    cor_free(e->to);
    cor_free(e->item);
    cor_free(e->user);
    cor_free(e->value);
    *e = (entries){0};
}

static int pick_entries(const layout *l, const cor_ratings_side *user,
                        const cor_shards *item_shards, entries *out)
{
    int64_t all = user->begin[user->rows];
    COR_TRY(cor_allocate(&out->to, all, sizeof(int32_t), "ratings"));
    COR_TRY(cor_allocate(&out->item, all, sizeof(int32_t), "ratings"));
    COR_TRY(cor_allocate(&out->user, all, sizeof(int32_t), "ratings"));
    COR_TRY(cor_allocate(&out->value, all, sizeof(float), "ratings"));
    for (int64_t r = 0; r < user->rows; r++)
        for (int64_t e = user->begin[r]; e < user->begin[r + 1]; e++) {
            int32_t item = user->other[e];
            if (is_giant(l, item))
                continue;
            int64_t at = out->count++;
            out->to[at] = cor_shards_owner(item_shards, item);
            out->item[at] = item;
            out->user[at] = (int32_t)(user->first + r);
            out->value[at] = user->value[e];
        }
    return COR_OK;
}

static int send_entries(const layout *l, entries *out, entries *in)
{
    cor_route *route = NULL;
    int rc = cor_route_create(l->team, out->to, out->count, &route);
    if (rc == COR_OK) {
        in->count = cor_route_arrivals(route);
        rc = cor_allocate(&in->item, in->count, sizeof(int32_t), "ratings");
        if (rc == COR_OK)
            rc = cor_allocate(&in->user, in->count, sizeof(int32_t), "ratings");
        if (rc == COR_OK)
            rc = cor_allocate(&in->value, in->count, sizeof(float), "ratings");
        rc = cor_agree(l->team, rc);
    }
    if (rc == COR_OK)
        rc = cor_route_send(route, out->item, sizeof *out->item, in->item);
    if (rc == COR_OK)
        rc = cor_route_send(route, out->user, sizeof *out->user, in->user);
    if (rc == COR_OK)
        rc = cor_route_send(route, out->value, sizeof *out->value, in->value);
    cor_route_destroy(&route);
    return rc;
}

/* Counting sort by item; entries arrive and stay in global row order. */
static int sort_by_item(const entries *in, cor_ratings_side *side)
{
    COR_TRY(cor_allocate(&side->other, in->count, sizeof(int32_t), "ratings"));
    COR_TRY(cor_allocate(&side->value, in->count, sizeof(float), "ratings"));
    for (int64_t i = 0; i < in->count; i++)
        side->count[in->item[i] - side->first]++;
    begins_from_counts(side);
    int64_t *next;
    COR_TRY(cor_allocate(&next, side->rows, sizeof *next, "ratings"));
    memcpy(next, side->begin, (size_t)side->rows * sizeof *next);
    for (int64_t i = 0; i < in->count; i++) {
        int64_t at = next[in->item[i] - side->first]++;
        side->other[at] = in->user[i];
        side->value[at] = in->value[i];
    }
    cor_free(next);
    row_means(side);
    return COR_OK;
}

static int make_item_side(const layout *l, const cor_ratings_side *user,
                          cor_ratings_side *item)
{
    entries out = {0}, in = {0};
    int rc = cor_agree(l->team, pick_entries(l, user, item->shards, &out));
    if (rc == COR_OK)
        rc = send_entries(l, &out, &in);
    entries_free(&out);
    if (rc == COR_OK)
        rc = cor_agree(l->team, sort_by_item(&in, item));
    entries_free(&in);
    return rc;
}

/* Counts and means of giants, for the side that has no entries of them: sums
   over shards, by giant a count and a total. */
static int describe_giants(const layout *l, cor_ratings *ratings)
{
    const cor_giants *g = &ratings->giants;
    int64_t width = 2 * g->count;
    double *addend = NULL, *total = NULL;
    if (g->count == 0)
        return COR_OK;
    int rc = cor_allocate_zeroed(&addend, g->shards * width, 8, "giants");
    if (rc == COR_OK)
        rc = cor_allocate(&total, width, sizeof *total, "giants");
    for (int64_t i = 0; rc == COR_OK && i < g->count; i++)
        for (int64_t s = 0; s < g->shards; s++) {
            const int64_t *at = &g->begin[i * (g->shards + 1) + s];
            double *mine = addend + s * width + 2 * i;
            for (int64_t e = at[0]; e < at[1]; e++)
                mine[1] += g->value[e];
            mine[0] = (double)(at[1] - at[0]);
        }
    rc = cor_agree(l->team, rc);
    if (rc == COR_OK)
        rc =
            cor_sum_shards(l->team, ratings->user.shards, width, addend, total);
    for (int64_t i = 0; rc == COR_OK && i < g->count; i++) {
        int64_t row = g->item[i] - ratings->item.first;
        if (row < 0 || row >= ratings->item.rows)
            continue;
        ratings->item.count[row] = (int64_t)total[2 * i];
        ratings->item.mean[row] = (float)(total[2 * i + 1] / total[2 * i]);
    }
    cor_free(addend);
    cor_free(total);
    return rc;
}

static int build(layout *l, cor_interactions *data, cor_ratings *r)
{
    COR_TRY(count_items(l, data->item));
    COR_TRY(find_giants(l, &r->giants));
    COR_TRY(cut_items(l, &r->item.shards));
    int rc = cor_shards_copy(data->user_shards, &r->user.shards);
    if (rc == COR_OK)
        rc = side_allocate(&r->user, l->team);
    if (rc == COR_OK)
        rc = side_allocate(&r->item, l->team);
    COR_TRY(cor_agree(l->team, rc));
    make_user_side(data, &r->user);
    COR_TRY(
        ratings_describe_values(l->team, data->row_shards, r->user.value, r));
    COR_TRY(cor_agree(l->team, make_giants(l, &r->user, &r->giants)));
    COR_TRY(make_item_side(l, &r->user, &r->item));
    return describe_giants(l, r);
}

int cor_ratings_create(const cor_team *team, cor_interactions *data,
                       int64_t factors, int64_t giant, cor_ratings *ratings)
{
    layout l = {.team = team,
                .users = data->users,
                .items = data->items,
                .rows = data->rows,
                .shards = cor_shards_count(data->row_shards),
                .factors = factors,
                .giant = giant};
    *ratings = (cor_ratings){0};
    if (cor_shards_rows(data->row_shards) == 0)
        return cor_fail(COR_EDATA, "there is nothing to train on: the store "
                                   "has no interactions");
    int rc = build(&l, data, ratings);
    cor_shards_destroy(&l.even);
    cor_free(l.even_count);
    cor_free(l.is_giant);
    if (rc != COR_OK)
        cor_ratings_free(ratings);
    return rc;
}

static void side_free(cor_ratings_side *side)
{
    cor_shards_destroy(&side->shards);
    cor_free(side->begin);
    cor_free(side->other);
    cor_free(side->value);
    cor_free(side->count);
    cor_free(side->mean);
}

void cor_ratings_free(cor_ratings *ratings)
{
    side_free(&ratings->user);
    side_free(&ratings->item);
    cor_free(ratings->giants.item);
    cor_free(ratings->giants.begin);
    cor_free(ratings->giants.user);
    cor_free(ratings->giants.value);
    *ratings = (cor_ratings){0};
}
