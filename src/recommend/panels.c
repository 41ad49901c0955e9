#include "panels.h"

#include "coracle/memory.h"
#include "coracle/sort.h"
#include "score_state.h"

#include <math.h>
#include <string.h>

enum {
    RUN_BYTES = 4 << 20,
    /* So many items follow each other by their score, and are then ordered by
       their biases: a panel's items differ less in both. */
    LIKE = 8 * COR_PANEL,
    /* Rows of COR_PANEL numbers of a panel beside its factors. */
    BESIDE = 4
};

_Static_assert(2 * sizeof(reach) == COR_PANEL * sizeof(float),
               "what a panel reaches is one of its rows");

struct panels {
    const cor_team *team;
    const cor_model *model;
    int64_t stride;  /* floats of a panel */
    int64_t most;    /* panels in a run */
    int64_t known;   /* my items that are in panels */
    int32_t *order;  /* my items in order, the last repeated */
    reach *own;      /* my panels */
    reach *rest;     /* my panels */
    int64_t *count;  /* ranks: panels */
    int64_t *passed; /* ranks: panels taken or left */
    int owner;       /* of the run */
    float *buffer;
};

/* Keys that ascend as numbers descend. */
static uint64_t descending(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits >> 63 ? bits : ~bits & ~(UINT64_C(1) << 63);
}

/* My known items by what they may score, then by bias among alike ones. */
static int sort_items(panels *p, const double *length, double usual,
                      int64_t *item)
{
    const cor_model_side *items = &p->model->item;
    uint64_t *key = NULL;
    for (int64_t i = 0; i < items->count; i++)
        if (items->ratings[i] > 0)
            item[p->known++] = i;
    int rc = COR_NEW(&key, p->known);
    for (int64_t z = 0; rc == COR_OK && z < p->known; z++)
        key[z] =
            descending(length[item[z]] * usual + (double)items->bias[item[z]]);
    if (rc == COR_OK)
        rc = cor_sort_pairs(key, item, p->known);
    for (int64_t z = 0; rc == COR_OK && z < p->known; z++)
        key[z] = (uint64_t)(z / LIKE) << 32 |
                 descending((double)items->bias[item[z]]) >> 32;
    if (rc == COR_OK)
        rc = cor_sort_pairs(key, item, p->known);
    cor_free(key);
    return rc;
}

/* What my panels reach, from the last to the first. */
static void fill_reaches(panels *p, const reach_nodes *nodes,
                         const double *length, int64_t count)
{
    const cor_model *model = p->model;
    reach rest = reach_none();
    for (int64_t i = count - 1; i >= 0; i--) {
        reach own = reach_none();
        for (int64_t z = i * COR_PANEL; z < (i + 1) * COR_PANEL; z++)
            reach_add(&own, nodes, model->ld, length[p->order[z]],
                      model->item.bias[p->order[z]]);
        reach_join(&rest, &own);
        p->own[i] = own;
        p->rest[i] = rest;
    }
}

static int arrange(panels *p, const reach_nodes *nodes, double usual)
{
    const cor_model_side *items = &p->model->item;
    int64_t ld = p->model->ld, *item = NULL, count = 0;
    double *length = NULL;
    int rc = COR_NEW(&length, items->count);
    if (rc == COR_OK)
        rc = COR_NEW(&item, items->count);
    for (int64_t i = 0; rc == COR_OK && i < items->count; i++)
        length[i] = reach_length(items->factor + i * ld, ld);
    if (rc == COR_OK)
        rc = sort_items(p, length, usual, item);
    count = (p->known + COR_PANEL - 1) / COR_PANEL;
    if (rc == COR_OK)
        rc = COR_NEW(&p->order, count * COR_PANEL);
    if (rc == COR_OK)
        rc = COR_NEW(&p->own, count);
    if (rc == COR_OK)
        rc = COR_NEW(&p->rest, count);
    for (int64_t z = 0; rc == COR_OK && z < count * COR_PANEL; z++)
        p->order[z] = (int32_t)item[z < p->known ? z : p->known - 1];
    if (rc == COR_OK) {
        fill_reaches(p, nodes, length, count);
        p->count[cor_team_rank(p->team)] = count;
    }
    cor_free(length);
    cor_free(item);
    return rc;
}

static int allocate(panels *p)
{
    int64_t ranks = cor_team_size(p->team);
    COR_TRY(COR_NEW_ZEROED(&p->count, ranks));
    COR_TRY(COR_NEW_ZEROED(&p->passed, ranks));
    return cor_allocate(&p->buffer, p->most * p->stride, sizeof *p->buffer,
                        "a run of items");
}

int panels_create(const cor_team *team, const cor_model *model,
                  const reach_nodes *nodes, double usual, panels **out)
{
    panels *p = NULL;
    int rc = cor_allocate_zeroed(&p, 1, sizeof *p, "panels of items");
    if (rc == COR_OK) {
        p->team = team;
        p->model = model;
        p->stride = (model->ld + BESIDE) * COR_PANEL;
        p->most = RUN_BYTES / (int64_t)sizeof(float) / p->stride;
        p->most = p->most > 0 ? p->most : 1;
        p->owner = -1;
        rc = allocate(p);
    }
    if (rc == COR_OK)
        rc = arrange(p, nodes, usual);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        cor_team_sum(team, p->count, cor_team_size(team));
    if (rc != COR_OK)
        panels_destroy(&p);
    *out = p;
    return rc;
}

void panels_destroy(panels **all)
{
    panels *p = *all;
    if (!p)
        return;
    cor_free(p->order);
    cor_free(p->own);
    cor_free(p->rest);
    cor_free(p->count);
    cor_free(p->passed);
    cor_free(p->buffer);
    cor_free(p);
    *all = NULL;
}

bool panels_next(panels *p, reach *rest)
{
    int ranks = cor_team_size(p->team), next = p->owner;
    for (int turn = 0; turn < ranks; turn++) {
        next = (next + 1) % ranks;
        if (p->passed[next] == p->count[next])
            continue;
        p->owner = next;
        if (cor_team_rank(p->team) == next)
            *rest = p->rest[p->passed[next]];
        cor_team_share(p->team, rest, sizeof *rest, next);
        return true;
    }
    return false;
}

static void fill_panel(const panels *p, int64_t index, float *out)
{
    const cor_model *model = p->model;
    const cor_model_side *items = &model->item;
    const int32_t *order = p->order + index * COR_PANEL;
    float *bias = out + model->ld * COR_PANEL, *popular = bias + COR_PANEL;
    int32_t item[COR_PANEL];
    cor_panel_fill(items->factor, model->ld, order, out);
    for (int64_t i = 0; i < COR_PANEL; i++) {
        bool again = index * COR_PANEL + i >= p->known;
        bias[i] = again ? -INFINITY : items->bias[order[i]];
        popular[i] = again ? -INFINITY : score_popularity(model, order[i]);
        item[i] = (int32_t)items->first + order[i];
    }
    memcpy(popular + COR_PANEL, item, sizeof item);
    float *reaches = popular + 2 * COR_PANEL;
    memcpy(reaches, &p->own[index], sizeof(reach));
    memcpy(reaches + COR_PANEL / 2, &p->rest[index], sizeof(reach));
}

int64_t panels_take(panels *p)
{
    int64_t *passed = &p->passed[p->owner], from = *passed;
    int64_t count = p->count[p->owner] - from;
    count = count < p->most ? count : p->most;
    if (cor_team_rank(p->team) == p->owner)
        for (int64_t i = 0; i < count; i++)
            fill_panel(p, from + i, p->buffer + i * p->stride);
    cor_team_share(p->team, p->buffer,
                   count * p->stride * (int64_t)sizeof *p->buffer, p->owner);
    *passed += count;
    return count;
}

void panels_leave(panels *p)
{
    p->passed[p->owner] = p->count[p->owner];
}

panel panels_at(const panels *p, int64_t index)
{
    const float *at = p->buffer + index * p->stride;
    const float *beside = at + p->model->ld * COR_PANEL;
    const void *item = beside + 2 * COR_PANEL, *own = beside + 3 * COR_PANEL,
               *rest = beside + 3 * COR_PANEL + COR_PANEL / 2;
    return (panel){.factor = at,
                   .bias = beside,
                   .popular = beside + COR_PANEL,
                   .item = item,
                   .own = own,
                   .rest = rest};
}

int64_t panels_passed(const panels *p)
{
    int64_t items = 0;
    for (int r = 0; r < cor_team_size(p->team); r++)
        items += p->passed[r] * COR_PANEL;
    return items < p->model->item.rows ? items : p->model->item.rows;
}
