#include "peel.h"

#include "coracle/cut.h"
#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "rows.h"
#include "touched.h"

/* The items that this rank owns, and who must hear when one goes. */
typedef struct owned {
    int64_t *count; /* rows left over all ranks */
    uint8_t *gone;
    int64_t dying;       /* items with too few, to go next */
    int32_t *dying_item; /* counted from my first */
    /* Subscribers: the ranks whose rows touch an item, and its slot there.
       NULL on one rank. */
    int64_t *begin;
    int32_t *rank, *slot;
} owned;

typedef struct peel {
    const cor_team *team;
    int64_t all_items, least_item;
    cor_touched touched;
    cor_rows rows;
    owned items;
    int64_t going; /* slots of mine that go in this round */
    int32_t *going_slot;
} peel;

/* ---- making ---- */

/* Whom to tell: a counting sort of the arrivals by item. */
static void list_subscribers(const cor_team *team, const cor_touched *touched,
                             const int32_t *slot, owned *items)
{
    const cor_route *route = touched->route;
    const int32_t *item = touched->arrived;
    int64_t *begin = items->begin, end = 0;
    for (int64_t i = 0; i < cor_route_arrivals(route); i++)
        begin[item[i] - touched->first_item]++;
    for (int64_t i = 0; i <= touched->my_items; i++) {
        end += begin[i];
        begin[i] = end; /* filled from there downwards */
    }
    for (int rank = 0; rank < cor_team_size(team); rank++)
        for (int64_t i = cor_route_arrivals_from(route, rank);
             i < cor_route_arrivals_from(route, rank + 1); i++) {
            int64_t at = --begin[item[i] - touched->first_item];
            items->rank[at] = rank;
            items->slot[at] = slot[i];
        }
}

static int subscribe(peel *p)
{
    owned *items = &p->items;
    const cor_touched *touched = &p->touched;
    int64_t arrivals = cor_route_arrivals(touched->route);
    int32_t *slot = NULL, *arrived = NULL;
    int rc = COR_NEW(&slot, touched->slots);
    if (rc == COR_OK)
        rc = COR_NEW(&arrived, arrivals);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&items->begin, touched->my_items + 1);
    if (rc == COR_OK)
        rc = COR_NEW(&items->rank, arrivals);
    if (rc == COR_OK)
        rc = COR_NEW(&items->slot, arrivals);
    rc = cor_agree(p->team, rc);
    for (int64_t s = 0; rc == COR_OK && s < touched->slots; s++)
        slot[s] = (int32_t)s;
    if (rc == COR_OK)
        rc = cor_route_send(touched->route, slot, sizeof *slot, arrived);
    if (rc == COR_OK)
        list_subscribers(p->team, touched, arrived, items);
    cor_free(arrived);
    cor_free(slot);
    return rc;
}

static int take_items(peel *p)
{
    owned *items = &p->items;
    int64_t mine = p->touched.my_items;
    int rc = COR_NEW_ZEROED(&items->count, mine);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&items->gone, mine);
    if (rc == COR_OK)
        rc = COR_NEW(&items->dying_item, mine);
    if (rc == COR_OK)
        rc = COR_NEW(&p->going_slot, p->touched.slots);
    rc = cor_agree(p->team, rc);
    if (rc == COR_OK && p->touched.route)
        rc = subscribe(p);
    return rc;
}

static int take_rows(peel *p, const cor_interactions *data,
                     const cor_kcore_options *options)
{
    int rank = cor_team_rank(p->team);
    int64_t first = cor_shards_first_row(data->user_shards, rank);
    int64_t users = cor_shards_first_row(data->user_shards, rank + 1) - first;
    COR_TRY(cor_touched_create(p->team, data->items, data->rows, data->item,
                               &p->touched));
    int rc =
        cor_rows_create(data, &p->touched, first, users, options->users,
                        options->distinct, cor_team_threads(p->team), &p->rows);
    return cor_agree(p->team, rc);
}

static void peel_free(peel *p)
{
    cor_free(p->items.count);
    cor_free(p->items.gone);
    cor_free(p->items.dying_item);
    cor_free(p->items.begin);
    cor_free(p->items.rank);
    cor_free(p->items.slot);
    cor_free(p->going_slot);
    cor_rows_free(&p->rows);
    cor_touched_free(&p->touched);
}

/* ---- rounds ---- */

static void count_first(peel *p, int64_t item, uint32_t rows)
{
    p->items.count[item] += rows;
}

/* An item lost rows. It is dying when that takes it below the threshold; one
   that was below already is going or gone. */
static void lose(peel *p, int64_t item, uint32_t rows)
{
    int64_t before = p->items.count[item], after = before - rows;
    p->items.count[item] = after;
    if (before >= p->least_item && after < p->least_item)
        p->items.dying_item[p->items.dying++] = (int32_t)item;
}

/* What ranks tell each other: an item and its rows, or a slot. */
typedef struct notice {
    int32_t row;
    uint32_t rows;
} notice;

/* Notices of this round, to the ranks that they are for. */
typedef struct mail {
    int64_t count, room, arrivals;
    int32_t *to;
    notice *out, *in;
} mail;

static int mail_create(mail *m, int64_t room)
{
    *m = (mail){.room = room};
    COR_TRY(COR_NEW(&m->to, room));
    return COR_NEW(&m->out, room);
}

static void mail_free(mail *m)
{
    cor_free(m->to);
    cor_free(m->out);
    cor_free(m->in);
}

static void mail_put(mail *m, int to, int32_t row, uint32_t rows)
{
    m->to[m->count] = to;
    m->out[m->count++] = (notice){row, rows};
}

static int mail_deliver(const cor_team *team, mail *m)
{
    cor_route *route = NULL;
    COR_TRY(cor_route_create(team, m->to, m->count, &route));
    m->arrivals = cor_route_arrivals(route);
    int rc = cor_agree(team, COR_NEW(&m->in, m->arrivals));
    if (rc == COR_OK)
        rc = cor_route_send(route, m->out, sizeof *m->out, m->in);
    cor_route_destroy(&route);
    return rc;
}

/* Bring the tally, by slot, to the owners of the items. */
static int mail_tally(const peel *p, int64_t all_items, mail *m)
{
    const cor_rows *rows = &p->rows;
    int size = cor_team_size(p->team);
    int rc = mail_create(m, rows->tallied);
    for (int64_t i = 0; rc == COR_OK && i < rows->tallied; i++) {
        int32_t slot = rows->tallied_slot[i];
        int32_t item = cor_touched_item(&p->touched, slot);
        mail_put(m, (int)cor_cut_part(all_items, item, size), item,
                 rows->tally[slot]);
    }
    COR_TRY(cor_agree(p->team, rc));
    return mail_deliver(p->team, m);
}

/* A tally of most slots: all of it, along the road that was planned once. Gives
   each item that is in it to `take`, on the rank that owns it. */
static int settle_all(peel *p, void (*take)(peel *, int64_t, uint32_t))
{
    const cor_touched *touched = &p->touched;
    int64_t arrivals = cor_route_arrivals(touched->route);
    uint32_t *rows = NULL;
    int rc = cor_agree(p->team, COR_NEW(&rows, arrivals));
    if (rc == COR_OK)
        rc = cor_route_send(touched->route, p->rows.tally, sizeof *rows, rows);
    for (int64_t i = 0; rc == COR_OK && i < arrivals; i++)
        if (rows[i])
            take(p, touched->arrived[i] - touched->first_item, rows[i]);
    cor_free(rows);
    return rc;
}

/* A tally of few slots, by mail. */
static int settle_few(peel *p, void (*take)(peel *, int64_t, uint32_t))
{
    mail m = {0};
    int rc = mail_tally(p, p->all_items, &m);
    for (int64_t i = 0; rc == COR_OK && i < m.arrivals; i++)
        take(p, m.in[i].row - p->touched.first_item, m.in[i].rows);
    mail_free(&m);
    return rc;
}

static int settle(peel *p, void (*take)(peel *, int64_t item, uint32_t rows))
{
    cor_rows *rows = &p->rows;
    int rc = COR_OK;
    if (p->touched.route) { /* mail takes three times the bytes, and sorting */
        int64_t many = rows->tallied > rows->slots / 4;
        cor_team_max(p->team, &many, 1);
        rc = many ? settle_all(p, take) : settle_few(p, take);
    }
    for (int64_t i = 0; !p->touched.route && i < rows->tallied; i++)
        take(p, rows->tallied_slot[i], rows->tally[rows->tallied_slot[i]]);
    cor_rows_told(rows);
    return rc;
}

/* The dying items go: every rank learns which of its slots that are. */
static int announce(peel *p)
{
    owned *items = &p->items;
    int64_t room = 0;
    p->going = 0;
    for (int64_t i = 0; i < items->dying; i++) {
        int32_t item = items->dying_item[i];
        items->gone[item] = 1;
        if (items->begin)
            room += items->begin[item + 1] - items->begin[item];
        else
            p->going_slot[p->going++] = item;
    }
    if (!p->touched.route) {
        items->dying = 0;
        return COR_OK;
    }
    mail m;
    int rc = mail_create(&m, room);
    for (int64_t i = 0; rc == COR_OK && i < items->dying; i++)
        for (int64_t s = items->begin[items->dying_item[i]];
             s < items->begin[items->dying_item[i] + 1]; s++)
            mail_put(&m, items->rank[s], items->slot[s], 0);
    items->dying = 0;
    rc = cor_agree(p->team, rc);
    if (rc == COR_OK)
        rc = mail_deliver(p->team, &m);
    for (int64_t i = 0; rc == COR_OK && i < m.arrivals; i++)
        p->going_slot[p->going++] = m.in[i].row;
    mail_free(&m);
    return rc;
}

/* Both sides go by their counts at the start of the round. */
static int drop(peel *p)
{
    COR_TRY(announce(p));
    int rc = cor_rows_drop_users(&p->rows);
    if (rc == COR_OK)
        rc = cor_rows_drop_slots(&p->rows, p->going_slot, p->going);
    COR_TRY(cor_agree(p->team, rc));
    return settle(p, lose);
}

/* ---- the run ---- */

static int start(peel *p, const cor_interactions *data,
                 const cor_kcore_options *options)
{
    COR_TRY(take_rows(p, data, options));
    COR_TRY(take_items(p));
    COR_TRY(settle(p, count_first));
    owned *items = &p->items;
    for (int64_t i = 0; i < p->touched.my_items; i++)
        if (items->count[i] < p->least_item)
            items->dying_item[items->dying++] = (int32_t)i;
    return COR_OK;
}

/* Note how many are left after a round that drops `going` users and items. */
static int record(const cor_team *team, const int64_t going[2],
                  cor_progress *progress, cor_kcore_round *left,
                  cor_peeled *peeled)
{
    left->users -= going[0];
    left->items -= going[1];
    int64_t r = peeled->rounds;
    int rc = COR_OK;
    if ((r & (r - 1)) == 0) /* room doubles at powers of two */
        rc = cor_reallocate(&peeled->round, r, r ? 2 * r : 1, sizeof *left,
                            "rounds");
    COR_TRY(cor_agree(team, rc));
    peeled->round[peeled->rounds++] = *left;
    cor_progress_metric(progress, "users", (double)left->users);
    cor_progress_metric(progress, "items", (double)left->items);
    cor_progress_step(progress, peeled->rounds);
    return COR_OK;
}

static int run(peel *p, cor_kcore_round left, cor_progress *progress,
               cor_peeled *peeled)
{
    for (;;) {
        int64_t going[2] = {p->rows.dying, p->items.dying};
        cor_team_sum(p->team, going, 2);
        COR_TRY(record(p->team, going, progress, &left, peeled));
        if (going[0] + going[1] == 0)
            return COR_OK;
        COR_TRY(drop(p));
    }
}

int cor_peel(const cor_team *team, const cor_interactions *data,
             const cor_kcore_options *options, cor_progress *progress,
             cor_peeled *peeled)
{
    peel p = {
        .team = team, .all_items = data->items, .least_item = options->items};
    *peeled = (cor_peeled){0};
    cor_progress_begin(progress, "peel", 0);
    int rc = start(&p, data, options);
    if (rc == COR_OK)
        rc = run(&p, (cor_kcore_round){data->users, data->items}, progress,
                 peeled);
    cor_progress_end(progress);
    if (rc == COR_OK) {
        peeled->user_gone = p.rows.gone;
        peeled->item_gone = p.items.gone;
        p.rows.gone = NULL;
        p.items.gone = NULL;
    }
    peel_free(&p);
    return rc;
}

void cor_peeled_free(cor_peeled *peeled)
{
    cor_free(peeled->round);
    cor_free(peeled->user_gone);
    cor_free(peeled->item_gone);
    *peeled = (cor_peeled){0};
}
