/*
 * Slots of a node's window: the rows of its ranks in rank order, then what each
 * of its ranks fetches from other nodes. A remote row is fetched by the node's
 * rank that its number chooses, once for all who touch it.
 */
#include "coracle/halo.h"

#include "coracle/cut.h"
#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "coracle/shared.h"
#include "coracle/sort.h"

#include <string.h>

struct cor_halo {
    const cor_team *team;
    int64_t slots;
    int64_t own_slot, own_rows;
    int64_t fetch_slot, fetches; /* where the rows I fetch stand */
    cor_route *requests;         /* rows I fetch -> their owners; or NULL */
    int64_t *asked; /* of my rows, by arrival at me: local number */
};

struct cor_window {
    const cor_halo *halo;
    size_t width;
    cor_shared *memory;
};

/* Where the ranks of my node begin, in rows and in slots. */
typedef struct neighbours {
    int size;
    int64_t *row, *end, *slot; /* by node rank */
    int64_t slots;
} neighbours;

static int meet_neighbours(const cor_team *team, const cor_shards *shards,
                           neighbours *n)
{
    const cor_team *node = cor_team_node(team);
    int rank = cor_team_rank(team);
    int64_t mine[2] = {cor_shards_first_row(shards, rank),
                       cor_shards_first_row(shards, rank + 1)};
    n->size = cor_team_size(node);
    int64_t *both;
    int rc = cor_allocate(&n->row, 3 * (int64_t)n->size, 8, "halo");
    int rc2 = cor_allocate(&both, 2 * (int64_t)n->size, 8, "halo");
    rc = cor_agree(team, rc != COR_OK ? rc : rc2);
    if (rc == COR_OK) {
        n->end = n->row + n->size;
        n->slot = n->end + n->size;
        cor_team_gather(node, mine, sizeof mine, both);
        for (int r = 0; r < n->size; r++) {
            n->row[r] = both[2 * r];
            n->end[r] = both[2 * r + 1];
            n->slot[r] = n->slots;
            n->slots += n->end[r] - n->row[r];
        }
    }
    cor_free(both);
    return rc;
}

/* The slot of a row that my node owns, or -1. Neighbours' rows ascend. */
static int64_t slot_on_node(const neighbours *n, int64_t row)
{
    int64_t r = cor_cut_find(n->row, n->size, row);
    if (row < n->row[r] || row >= n->end[r])
        return -1;
    return n->slot[r] + row - n->row[r];
}

static int64_t unique(uint64_t *key, int64_t count)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++)
        if (i == 0 || key[i] != key[kept - 1])
            key[kept++] = key[i];
    return kept;
}

/* The rows of other nodes among my references: sorted, each once. */
static int remote_rows(const neighbours *n, const int32_t *index, int64_t count,
                       uint64_t **rows, int64_t *found)
{
    *found = 0;
    for (int64_t i = 0; i < count; i++)
        *found += slot_on_node(n, index[i]) < 0;
    COR_TRY(cor_allocate(rows, *found, sizeof **rows, "halo rows"));
    int64_t at = 0;
    for (int64_t i = 0; i < count; i++)
        if (slot_on_node(n, index[i]) < 0)
            (*rows)[at++] = (uint64_t)index[i];
    COR_TRY(cor_sort_keys(*rows, *found));
    *found = unique(*rows, *found);
    return COR_OK;
}

/* Where a row stands among sorted ones; rows are less than 2^31. */
static int64_t position(const uint64_t *sorted, int64_t count, uint64_t row)
{
    return cor_cut_find((const int64_t *)sorted, count, (int64_t)row);
}

/* Tell the owners which of their rows I fetch; keep what I am asked. */
static int request(cor_halo *halo, const cor_shards *shards,
                   const uint64_t *rows, int64_t count)
{
    const cor_team *team = halo->team;
    int32_t *to = NULL;
    int rc = cor_allocate(&to, count, sizeof *to, "halo owners");
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        to[i] = cor_shards_owner(shards, (int64_t)rows[i]);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_route_create(team, to, count, &halo->requests);
    if (rc == COR_OK)
        rc = cor_agree(team, cor_allocate(&halo->asked,
                                          cor_route_arrivals(halo->requests), 8,
                                          "halo rows"));
    if (rc == COR_OK)
        rc = cor_route_send(halo->requests, rows, 8, halo->asked);
    int64_t first = cor_shards_first_row(shards, cor_team_rank(team));
    for (int64_t i = 0; rc == COR_OK && i < cor_route_arrivals(halo->requests);
         i++)
        halo->asked[i] -= first;
    cor_free(to);
    return rc;
}

/* My node's ranks say which remote rows they touch; each of us fetches those
   that its part of the numbers holds, and answers with their slots. */
typedef struct gathering {
    cor_route *route;  /* on the node */
    uint64_t *arrived; /* rows asked of me */
    uint64_t *rows;    /* those, sorted, each once */
    int64_t *slot;     /* answers by arrival */
} gathering;

static int gather_requests(const cor_team *team, const cor_shards *shards,
                           const uint64_t *rows, int64_t count, gathering *g,
                           int64_t *fetches)
{
    const cor_team *node = cor_team_node(team);
    int64_t all = cor_shards_rows(shards), arrivals = 0;
    int32_t *to = NULL;
    int rc = cor_allocate(&to, count, sizeof *to, "halo");
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        to[i] = (int32_t)((int64_t)rows[i] * cor_team_size(node) / all);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_agree(team, cor_route_create(node, to, count, &g->route));
    if (rc == COR_OK) {
        arrivals = cor_route_arrivals(g->route);
        rc = cor_allocate(&g->arrived, arrivals, 8, "halo");
        if (rc == COR_OK)
            rc = cor_allocate(&g->rows, arrivals, 8, "halo");
        if (rc == COR_OK)
            rc = cor_allocate(&g->slot, arrivals, 8, "halo");
        rc = cor_agree(team, rc);
    }
    if (rc == COR_OK)
        rc = cor_agree(team, cor_route_send(g->route, rows, 8, g->arrived));
    if (rc == COR_OK) {
        memcpy(g->rows, g->arrived, (size_t)arrivals * sizeof *g->rows);
        rc = cor_agree(team, cor_sort_keys(g->rows, arrivals));
        *fetches = unique(g->rows, arrivals);
    }
    cor_free(to);
    return rc;
}

static void gathering_free(gathering *g)
{
    cor_route_destroy(&g->route);
    cor_free(g->arrived);
    cor_free(g->rows);
    cor_free(g->slot);
}

/* Slots of the remote rows that I touch (`slot`, by position in `rows`). */
static int place_remote(cor_halo *halo, const cor_shards *shards,
                        const uint64_t *rows, int64_t count, int64_t *slot)
{
    gathering g = {0};
    int rc =
        gather_requests(halo->team, shards, rows, count, &g, &halo->fetches);
    if (rc == COR_OK) {
        int64_t before, all;
        before =
            cor_team_before(cor_team_node(halo->team), halo->fetches, &all);
        halo->fetch_slot = halo->slots + before;
        halo->slots += all;
        for (int64_t i = 0; i < cor_route_arrivals(g.route); i++)
            g.slot[i] = halo->fetch_slot +
                        position(g.rows, halo->fetches, g.arrived[i]);
        rc = cor_agree(halo->team, cor_route_reply(g.route, g.slot, 8, slot));
    }
    if (rc == COR_OK)
        rc = request(halo, shards, g.rows, halo->fetches);
    gathering_free(&g);
    return rc;
}

static int plan(cor_halo *halo, const cor_shards *shards, neighbours *n,
                int32_t *index, int64_t count)
{
    uint64_t *rows = NULL;
    int64_t *slot = NULL, found = 0;
    int rc = COR_OK;
    if (cor_team_nodes(halo->team) > 1) {
        rc = remote_rows(n, index, count, &rows, &found);
        if (rc == COR_OK)
            rc = cor_allocate(&slot, found, sizeof *slot, "halo slots");
        rc = cor_agree(halo->team, rc);
        if (rc == COR_OK)
            rc = place_remote(halo, shards, rows, found, slot);
    }
    if (rc == COR_OK && halo->slots > INT32_MAX)
        rc = cor_fail(COR_EMEMORY, "one node would hold more than 2^31 rows of "
                                   "a matrix; use more nodes");
    rc = cor_agree(halo->team, rc);
    for (int64_t i = 0; rc == COR_OK && i < count; i++) {
        int64_t here = slot_on_node(n, index[i]);
        if (here < 0)
            here = slot[position(rows, found, (uint64_t)index[i])];
        index[i] = (int32_t)here;
    }
    cor_free(rows);
    cor_free(slot);
    return rc;
}

int cor_halo_create(const cor_team *team, const cor_shards *shards,
                    int32_t *index, int64_t count, cor_halo **out)
{
    neighbours n = {0};
    cor_halo *halo = NULL;
    *out = NULL;
    int rc = cor_allocate_zeroed(&halo, 1, sizeof *halo, "halo");
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = meet_neighbours(team, shards, &n);
    if (rc == COR_OK) {
        int me = cor_team_rank(cor_team_node(team));
        halo->team = team;
        halo->slots = n.slots;
        halo->own_slot = n.slot[me];
        halo->own_rows = n.end[me] - n.row[me];
        rc = plan(halo, shards, &n, index, count);
    }
    cor_free(n.row);
    *out = halo;
    if (rc != COR_OK)
        cor_halo_destroy(out);
    return rc;
}

void cor_halo_destroy(cor_halo **halo)
{
    if (!*halo)
        return;
    cor_route_destroy(&(*halo)->requests);
    cor_free((*halo)->asked);
    cor_free(*halo);
    *halo = NULL;
}

int64_t cor_halo_own_slot(const cor_halo *halo)
{
    return halo->own_slot;
}

int64_t cor_halo_slots(const cor_halo *halo)
{
    return halo->slots;
}

int cor_window_create(const cor_halo *halo, size_t width, cor_window **out)
{
    cor_window *window = NULL;
    *out = NULL;
    int rc = cor_allocate_zeroed(&window, 1, sizeof *window, "window");
    rc = cor_agree(halo->team, rc);
    if (rc == COR_OK) {
        window->halo = halo;
        window->width = width;
        /* one part holds all slots: parts are rounded, slots must not be */
        bool first = cor_team_rank(cor_team_node(halo->team)) == 0;
        rc = cor_shared_create(halo->team,
                               first ? halo->slots * (int64_t)width : 0,
                               &window->memory);
    }
    *out = window;
    if (rc != COR_OK)
        cor_window_destroy(out);
    return rc;
}

void cor_window_destroy(cor_window **window)
{
    if (!*window)
        return;
    cor_shared_destroy(&(*window)->memory);
    cor_free(*window);
    *window = NULL;
}

void *cor_window_rows(const cor_window *window)
{
    return cor_shared_base(window->memory);
}

void *cor_window_own(const cor_window *window)
{
    return (char *)cor_window_rows(window) +
           window->halo->own_slot * (int64_t)window->width;
}

/* Owners answer with the rows they were asked for. */
static int fetch(cor_window *window)
{
    const cor_halo *halo = window->halo;
    size_t width = window->width;
    int64_t asked = cor_route_arrivals(halo->requests);
    const char *own = cor_window_own(window);
    char *answer = NULL;
    int rc = cor_allocate(&answer, asked, width, "halo answers");
    for (int64_t i = 0; rc == COR_OK && i < asked; i++)
        memcpy(answer + (size_t)i * width, own + (size_t)halo->asked[i] * width,
               width);
    rc = cor_agree(halo->team, rc);
    if (rc == COR_OK)
        rc = cor_route_reply(halo->requests, answer, width,
                             (char *)cor_window_rows(window) +
                                 (size_t)halo->fetch_slot * width);
    cor_free(answer);
    cor_shared_sync(window->memory);
    return rc;
}

int cor_window_update(cor_window *window)
{
    cor_shared_sync(window->memory);
    if (!window->halo->requests)
        return COR_OK;
    return fetch(window);
}
