#include "coracle/exchange.h"
#include "coracle/halo.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/model.h"
#include "coracle/sort.h"
#include "neighbours.h"
#include "slots.h"
#include <string.h>

/* A pair stands with the rank that owns its user, or its item where the user
   is not known: one row of it is then at hand, and only items travel. */
struct cor_predictor {
    const cor_team *team;
    const cor_model *model;
    cor_route *route;
    cor_halo *halo;
    cor_window *factor; /* of items */
    cor_window *offset; /* of items: see offsets_of */
    int64_t arrivals;
    int32_t *user;   /* arrivals: my row of the model, -1 where unknown */
    int32_t *slot;   /* arrivals: slot of the item, -1 where unknown */
    float *answer;   /* arrivals */
    uint64_t *order; /* of a model of neighbours: see sort_pairs */
    int64_t known;   /* pairs in it */
    double *beyond;  /* arrivals: s(u, i) of them */
    int64_t unknown; /* of the pairs I asked for */
};

/* What a row alone says of a rating: its bias, or without biases its mean. */
static const float *offsets_of(const cor_model *model,
                               const cor_model_side *side)
{
    return model->bias ? side->bias : side->mean;
}

typedef struct pair {
    int32_t user, item; /* global rows, -1 where unknown */
} pair;

static int destination(const cor_team *team, const cor_model *model, pair asked)
{
    if (asked.user >= 0)
        return cor_shards_owner(model->user.shards, asked.user);
    if (asked.item >= 0)
        return cor_shards_owner(model->item.shards, asked.item);
    return cor_team_rank(team);
}

/* Pairs travel to where they are predicted. */
static int place_pairs(cor_predictor *p, const int64_t *user,
                       const int64_t *item, int64_t count, pair **arrived)
{
    pair *mine = NULL;
    int32_t *to = NULL;
    int rc = COR_NEW(&mine, count);
    if (rc == COR_OK)
        rc = COR_NEW(&to, count);
    for (int64_t i = 0; rc == COR_OK && i < count; i++) {
        mine[i] = (pair){(int32_t)user[i], (int32_t)item[i]};
        to[i] = destination(p->team, p->model, mine[i]);
    }
    rc = cor_agree(p->team, rc);
    if (rc == COR_OK)
        rc = cor_route_create(p->team, to, count, &p->route);
    cor_free(to);
    if (rc == COR_OK) {
        p->arrivals = cor_route_arrivals(p->route);
        rc = cor_agree(
            p->team, cor_allocate(arrived, p->arrivals, sizeof(pair), "pairs"));
    }
    if (rc == COR_OK)
        rc = cor_route_send(p->route, mine, sizeof *mine, *arrived);
    cor_free(mine);
    return rc;
}

static int allocate_arrivals(cor_predictor *p)
{
    COR_TRY(COR_NEW(&p->user, p->arrivals));
    COR_TRY(COR_NEW(&p->slot, p->arrivals));
    COR_TRY(COR_NEW(&p->answer, p->arrivals));
    if (!p->model->neighbours)
        return COR_OK;
    COR_TRY(COR_NEW(&p->order, p->arrivals));
    return COR_NEW_ZEROED(&p->beyond, p->arrivals);
}

static void place_users(cor_predictor *p, const pair *arrived)
{
    const cor_model_side *side = &p->model->user;
    for (int64_t j = 0; j < p->arrivals; j++) {
        int64_t row = arrived[j].user - side->first;
        bool known = arrived[j].user >= 0 && side->ratings[row] > 0;
        p->user[j] = known ? (int32_t)row : -1;
    }
}

/* An item that is in the model but had no training ratings is unknown too. */
static int place_items(cor_predictor *p, const pair *arrived)
{
    for (int64_t j = 0; j < p->arrivals; j++)
        p->slot[j] = arrived[j].item;
    COR_TRY(cor_slots_plan(p->team, p->model->item.shards, p->slot, p->arrivals,
                           &p->halo));
    cor_window *window = NULL;
    int rc = cor_slots_known(p->model, p->halo, &window);
    const int8_t *known = rc == COR_OK ? cor_window_rows(window) : NULL;
    for (int64_t j = 0; rc == COR_OK && j < p->arrivals; j++)
        if (p->slot[j] >= 0 && !known[p->slot[j]])
            p->slot[j] = -1;
    cor_window_destroy(&window);
    return rc;
}

static int count_unknown(cor_predictor *p, int64_t count)
{
    int8_t *lacks = NULL, *mine = NULL;
    int rc = COR_NEW(&lacks, p->arrivals);
    if (rc == COR_OK)
        rc = COR_NEW(&mine, count);
    for (int64_t j = 0; rc == COR_OK && j < p->arrivals; j++)
        lacks[j] = p->user[j] < 0 || p->slot[j] < 0;
    rc = cor_agree(p->team, rc);
    if (rc == COR_OK)
        rc = cor_route_reply(p->route, lacks, sizeof *lacks, mine);
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        p->unknown += mine[i];
    cor_free(lacks);
    cor_free(mine);
    return rc;
}

/* Pairs of which both are known, by their item: item << 32 | pair. Pairs are
   fewer than 2^32 a rank. */
static int sort_pairs(cor_predictor *p, const pair *arrived)
{
    if (!p->model->neighbours)
        return COR_OK;
    for (int64_t j = 0; j < p->arrivals; j++)
        if (p->user[j] >= 0 && p->slot[j] >= 0)
            p->order[p->known++] =
                (uint64_t)arrived[j].item << 32 | (uint64_t)j;
    return cor_sort_keys(p->order, p->known);
}

static int plan(cor_predictor *p, const int64_t *user, const int64_t *item,
                int64_t count)
{
    pair *arrived = NULL;
    int rc = place_pairs(p, user, item, count, &arrived);
    if (rc == COR_OK)
        rc = cor_agree(p->team, allocate_arrivals(p));
    if (rc == COR_OK)
        place_users(p, arrived);
    if (rc == COR_OK)
        rc = place_items(p, arrived);
    if (rc == COR_OK)
        rc = cor_agree(p->team, sort_pairs(p, arrived));
    cor_free(arrived);
    COR_TRY(rc);
    COR_TRY(count_unknown(p, count));
    size_t width = (size_t)p->model->ld * sizeof(float);
    if (p->model->factors)
        COR_TRY(cor_window_create(p->halo, width, &p->factor));
    return cor_window_create(p->halo, sizeof(float), &p->offset);
}

int cor_predictor_create(const cor_team *team, const cor_model *model,
                         const int64_t *user, const int64_t *item,
                         int64_t count, cor_predictor **predictor)
{
    *predictor = NULL;
    cor_predictor *p = NULL;
    COR_TRY(
        cor_agree(team, cor_allocate_zeroed(&p, 1, sizeof *p, "predictor")));
    p->team = team;
    p->model = model;
    int rc = plan(p, user, item, count);
    if (rc != COR_OK)
        cor_predictor_destroy(&p);
    *predictor = p;
    return rc;
}

void cor_predictor_destroy(cor_predictor **predictor)
{
    cor_predictor *p = *predictor;
    if (!p)
        return;
    cor_window_destroy(&p->factor);
    cor_window_destroy(&p->offset);
    cor_halo_destroy(&p->halo);
    cor_route_destroy(&p->route);
    cor_free(p->user);
    cor_free(p->slot);
    cor_free(p->answer);
    cor_free(p->order);
    cor_free(p->beyond);
    cor_free(p);
    *predictor = NULL;
}

/* s(u, i) of a pair of which both are known. */
static double beyond_biases(const cor_predictor *p, int64_t j)
{
    const cor_model *model = p->model;
    if (p->beyond)
        return p->beyond[j];
    if (!p->factor)
        return 0;
    const float *factor = cor_window_rows(p->factor);
    return (double)cor_dot(model->user.factor + p->user[j] * model->ld,
                           factor + p->slot[j] * model->ld, model->ld);
}

static float predict(const cor_predictor *p, int64_t j)
{
    const cor_model *model = p->model;
    const float *offset = cor_window_rows(p->offset);
    int64_t user = p->user[j], slot = p->slot[j];
    double base = model->bias ? model->mean : 0;
    double rating = model->mean;
    if (user >= 0 && slot >= 0) {
        rating = base;
        if (model->bias) {
            rating += (double)model->user.bias[user];
            rating += (double)offset[slot];
        }
        rating += beyond_biases(p, j);
    } else if (user >= 0) {
        rating = base + (double)offsets_of(model, &model->user)[user];
    } else if (slot >= 0) {
        rating = base + (double)offset[slot];
    }
    return (float)cor_model_clip(model, rating);
}

/* My items as they are now become visible to whoever needs them. */
static int publish_items(cor_predictor *p)
{
    const cor_model_side *side = &p->model->item;
    memcpy(cor_window_own(p->offset), offsets_of(p->model, side),
           (size_t)side->count * sizeof(float));
    COR_TRY(cor_window_update(p->offset));
    if (!p->factor)
        return COR_OK;
    memcpy(cor_window_own(p->factor), side->factor,
           (size_t)(side->count * p->model->ld) * sizeof(float));
    return cor_window_update(p->factor);
}

int cor_predictor_run(cor_predictor *p, float *rating)
{
    COR_TRY(publish_items(p));
    if (p->model->neighbours)
        COR_TRY(neighbours_of_pairs(
            p->team, p->model,
            &(neighbour_pairs){p->known, p->order, p->user, p->beyond}));
    int threads = cor_team_threads(p->team);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t j = 0; j < p->arrivals; j++)
        p->answer[j] = predict(p, j);
    /* the next run writes the windows: not before all have read them */
    cor_team_barrier(p->team);
    return cor_route_reply(p->route, p->answer, sizeof *p->answer, rating);
}

int64_t cor_predictor_unknown(const cor_predictor *predictor)
{
    return predictor->unknown;
}
