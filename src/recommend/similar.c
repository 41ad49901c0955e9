/*
 * Items like others. With factors an item asks as a user would: the model of
 * items on both sides, their rows at length 1, gives cosines for scores.
 */
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/recommend.h"
#include "neighbours.h"
#include "queries.h"

#include <math.h>

/* Factors at length 1; rows of zeros stay. */
static void unit_rows(const cor_model *model, float *out)
{
    for (int64_t i = 0; i < model->item.count; i++) {
        const float *y = model->item.factor + i * model->ld;
        double length = sqrt((double)cor_dot(y, y, model->ld));
        for (int64_t f = 0; f < model->ld; f++)
            out[i * model->ld + f] =
                length > 0 ? (float)((double)y[f] / length) : 0;
    }
}

/* An item is not recommended to itself. */
static int leave_out_itself(const cor_team *team, const cor_model *model,
                            cor_queries *queries)
{
    int64_t count = queries->id.count, kept = 0, *row = NULL;
    uint64_t *key = NULL;
    int rc = COR_NEW(&row, count);
    if (rc == COR_OK)
        rc = COR_NEW(&key, count);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_model_find(team, &model->item.id, &queries->id, row);
    for (int64_t q = 0; rc == COR_OK && q < count; q++)
        if (row[q] >= 0)
            key[kept++] = cor_query_key(q, (int32_t)row[q]);
    if (rc == COR_OK)
        rc = cor_agree(team, cor_queries_add_seen(queries, key, kept));
    cor_free(row);
    cor_free(key);
    return rc;
}

/* What nothing is known of gets no list instead of the popular one. */
static void clear_unknown(const cor_queries *queries, cor_toplists *lists)
{
    for (int64_t q = 0; q < lists->count; q++)
        for (int64_t i = 0; i < lists->n && !queries->known[q]; i++)
            lists->item[q * lists->n + i] = -1;
}

static int by_factors(const cor_team *team, const cor_model *model, cor_ids *id,
                      int64_t n, cor_progress *progress, cor_queries *queries,
                      cor_toplists *lists)
{
    cor_model mirror = *model;
    float *unit = NULL, *nought = NULL;
    int rc = COR_NEW(&unit, model->item.count * model->ld);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&nought, model->item.count);
    rc = cor_agree(team, rc);
    if (rc == COR_OK) {
        unit_rows(model, unit);
        mirror.bias = false;
        mirror.item.factor = unit;
        mirror.item.bias = nought;
        mirror.user = mirror.item;
        rc = cor_queries_of_ids(team, &mirror, id, queries);
    }
    if (rc == COR_OK)
        rc = leave_out_itself(team, model, queries);
    if (rc == COR_OK)
        rc = cor_recommend(team, &mirror, queries, n, progress, lists);
    if (rc == COR_OK)
        clear_unknown(queries, lists);
    cor_free(unit);
    cor_free(nought);
    return rc;
}

/* ---- neighbours between items ---- */

/* The rows of similar items of those asked for, in their order. */
static int fetch_similar(const cor_team *team, const cor_model *model,
                         cor_queries *queries, cor_sparse *rows)
{
    int64_t count = queries->id.count, found = 0;
    int64_t *row = NULL, *place = NULL, *asked = NULL;
    int32_t *to = NULL;
    cor_route *route = NULL;
    int rc = COR_NEW(&row, count);
    if (rc == COR_OK)
        rc = COR_NEW(&place, count);
    if (rc == COR_OK)
        rc = COR_NEW(&to, count);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&queries->known, count);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_model_find(team, &model->item.id, &queries->id, row);
    for (int64_t q = 0; rc == COR_OK && q < count; q++) {
        queries->known[q] = row[q] >= 0;
        if (row[q] < 0)
            continue;
        to[found] = cor_shards_owner(model->item.shards, row[q]);
        place[found] = q;
        row[found++] = row[q];
    }
    if (rc == COR_OK)
        rc = cor_route_create(team, to, found, &route);
    if (rc == COR_OK)
        rc = cor_agree(team, COR_NEW(&asked, cor_route_arrivals(route)));
    if (rc == COR_OK)
        rc = cor_route_send(route, row, sizeof *row, asked);
    for (int64_t j = 0; rc == COR_OK && j < cor_route_arrivals(route); j++)
        asked[j] -= model->item.first;
    if (rc == COR_OK)
        rc = sparse_fetch(team,
                          &(sparse_request){.route = route,
                                            .asked = asked,
                                            .count = found,
                                            .to = to,
                                            .place = place,
                                            .rows = count},
                          &model->neighbours->item, rows);
    cor_route_destroy(&route);
    cor_free(row);
    cor_free(place);
    cor_free(asked);
    cor_free(to);
    return rc;
}

/* The best of a row, by insertion: lists are short. */
static void best_of_row(const cor_sparse *rows, int64_t query,
                        const cor_toplists *lists)
{
    int32_t *item = lists->item + query * lists->n;
    double *score = lists->score + query * lists->n;
    int64_t held = 0;
    for (int64_t e = rows->begin[query]; e < rows->begin[query + 1]; e++) {
        double value = (double)rows->value[e];
        int64_t at = held < lists->n ? held++ : lists->n - 1;
        if (held == lists->n && item[at] >= 0 &&
            (score[at] > value ||
             (score[at] == value && item[at] < rows->index[e])))
            continue;
        for (; at > 0 &&
               (score[at - 1] < value ||
                (score[at - 1] == value && item[at - 1] > rows->index[e]));
             at--) {
            item[at] = item[at - 1];
            score[at] = score[at - 1];
        }
        item[at] = rows->index[e];
        score[at] = value;
    }
}

static int by_neighbours(const cor_team *team, const cor_model *model,
                         cor_ids *id, int64_t n, cor_queries *queries,
                         cor_toplists *lists)
{
    cor_sparse rows = {0};
    *queries = (cor_queries){.id = *id};
    *id = (cor_ids){0};
    *lists = (cor_toplists){.count = queries->id.count, .n = n};
    COR_TRY(fetch_similar(team, model, queries, &rows));
    int64_t places = lists->count * n;
    int rc = COR_NEW(&lists->item, places);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&lists->score, places);
    for (int64_t i = 0; rc == COR_OK && i < places; i++)
        lists->item[i] = -1;
    for (int64_t q = 0; rc == COR_OK && q < lists->count; q++)
        best_of_row(&rows, q, lists);
    sparse_free(&rows);
    return cor_agree(team, rc);
}

int cor_similar_items(const cor_team *team, const cor_model *model, cor_ids *id,
                      int64_t n, cor_progress *progress, cor_queries *queries,
                      cor_toplists *lists)
{
    int rc;
    *queries = (cor_queries){0};
    *lists = (cor_toplists){0};
    n = n < model->item.rows ? n : model->item.rows;
    if (model->factors > 0)
        rc = by_factors(team, model, id, n, progress, queries, lists);
    else if (model->neighbours && !model->neighbours->between_users)
        rc = by_neighbours(team, model, id, n, queries, lists);
    else
        return cor_fail(COR_EUSAGE,
                        "a %s model says nothing of how alike items are: train "
                        "one with factors, or knn --between items",
                        model->kind);
    if (rc != COR_OK) {
        cor_toplists_free(lists);
        cor_queries_free(queries);
    }
    return rc;
}
