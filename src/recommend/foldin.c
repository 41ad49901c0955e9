/*
 * Fold-in: a user's row of alternating least squares with the item factors
 * fixed, from ratings that training never saw. Without factors it is his bias;
 * with neighbours between items, also what his ratings are beyond the baseline.
 * Where what is known of him is kept, shift.c moves it.
 * The ratings of a user are taken in the order of their items, so the bits do
 * not depend on who brings them.
 */
#include "coracle/failure.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/sort.h"
#include "neighbours.h"
#include "queries.h"
#include "shift.h"
#include "slots.h"
#include "weighted.h"

#include <string.h>

typedef struct foldin {
    const cor_team *team;
    const cor_model *model;
    cor_queries *queries;
    int64_t count; /* ratings, ordered by query and item */
    uint64_t *key;
    float *value;
    int32_t *slot;
    int64_t *begin; /* queries + 1: where each one's ratings begin */
    cor_halo *halo;
    cor_window *factor, *bias; /* of items */
    cor_basis *basis;          /* of the items, for implicit feedback */
    bool keep;                 /* what is known of users; else they are new */
    shift shift;               /* of those who are kept */
    int64_t known_items;
    int64_t ignored;
} foldin;

static void foldin_free(foldin *f)
{
    cor_window_destroy(&f->factor);
    cor_window_destroy(&f->bias);
    cor_basis_destroy(&f->basis);
    shift_close(&f->shift);
    cor_halo_destroy(&f->halo);
    cor_free(f->key);
    cor_free(f->value);
    cor_free(f->slot);
    cor_free(f->begin);
}

/* Order what arrived by query and item; equal pairs keep their order. */
static int order(foldin *f, const cor_query_rows *rows)
{
    int64_t *at = NULL;
    f->count = rows->count;
    COR_TRY(COR_NEW(&f->key, f->count));
    COR_TRY(COR_NEW(&f->value, f->count));
    COR_TRY(COR_NEW(&f->slot, f->count));
    int rc = COR_NEW(&at, f->count);
    for (int64_t i = 0; rc == COR_OK && i < f->count; i++) {
        f->key[i] = rows->key[i];
        at[i] = i;
    }
    if (rc == COR_OK)
        rc = cor_sort_pairs(f->key, at, f->count);
    for (int64_t i = 0; rc == COR_OK && i < f->count; i++) {
        f->value[i] = rows->value[at[i]];
        f->slot[i] = cor_item_of_key(f->key[i]);
    }
    cor_free(at);
    return rc;
}

/* Items without training ratings have no factors to fold in with. */
static void drop_unknown_items(foldin *f, const int8_t *known)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < f->count; i++) {
        if (!known[f->slot[i]])
            continue;
        f->key[kept] = f->key[i];
        f->value[kept] = f->value[i];
        f->slot[kept++] = f->slot[i];
    }
    f->ignored += f->count - kept;
    f->count = kept;
}

static int fetch_items(foldin *f)
{
    const cor_model *model = f->model;
    cor_window *window = NULL;
    COR_TRY(cor_slots_plan(f->team, model->item.shards, f->slot, f->count,
                           &f->halo));
    int rc = cor_slots_known(model, f->halo, &window);
    if (rc == COR_OK)
        drop_unknown_items(f, cor_window_rows(window));
    cor_window_destroy(&window);
    COR_TRY(rc);
    int64_t items = model->item.count;
    if (model->factors)
        COR_TRY(cor_slots_window(f->halo, model->item.factor, items,
                                 (size_t)model->ld * sizeof(float),
                                 &f->factor));
    return cor_slots_window(f->halo, model->item.bias, items, sizeof(float),
                            &f->bias);
}

/* Items as the equations of implicit feedback want them, see als.h. */
static int turn_items(foldin *f)
{
    const cor_model *model = f->model;
    cor_ridge *ridge = NULL;
    if (model->implicit.form == COR_EXPLICIT)
        return COR_OK;
    for (int64_t i = 0; i < model->item.count; i++)
        f->known_items += model->item.ratings[i] > 0;
    cor_team_sum(f->team, &f->known_items, 1);
    int rc =
        cor_agree(f->team, cor_ridge_create(model->factors, false, &ridge));
    if (rc == COR_OK)
        rc = weighted_basis(f->team, model->item.shards, model->item.factor,
                            model->factors, ridge, &f->basis);
    cor_ridge_destroy(&ridge);
    COR_TRY(rc);
    COR_TRY(cor_agree(f->team, weighted_turn(f->team, f->basis,
                                             cor_window_own(f->factor),
                                             model->item.count, model->ld)));
    return cor_window_update(f->factor);
}

static int gather(foldin *f, const cor_interactions *data)
{
    cor_query_rows rows = {0};
    COR_TRY(cor_query_rows_gather(f->team, f->model, data, f->queries, true,
                                  &rows));
    f->ignored = rows.ignored;
    int rc = order(f, &rows);
    cor_query_rows_free(&rows);
    COR_TRY(cor_agree(f->team, rc));
    rc = cor_queries_add_seen(f->queries, f->key, f->count);
    COR_TRY(cor_agree(f->team, rc));
    COR_TRY(fetch_items(f));
    COR_TRY(turn_items(f));
    if (f->keep && f->model->factors)
        COR_TRY(shift_open(f->team, f->model, cor_window_own(f->factor),
                           f->basis, data, &f->shift));
    return cor_agree(
        f->team,
        cor_query_begins(f->key, f->count, f->queries->id.count, &f->begin));
}

static int64_t longest(const foldin *f)
{
    int64_t most = 0;
    for (int64_t q = 0; q < f->queries->id.count; q++)
        if (f->begin[q + 1] - f->begin[q] > most)
            most = f->begin[q + 1] - f->begin[q];
    return most;
}

/* In the basis of the items, and back out of it. */
static int solve_implicit(const foldin *f, cor_ridge *ridge, weighted *room,
                          const cor_ridge_row *values, float *x)
{
    const cor_model *model = f->model;
    cor_ridge_row row;
    double loss;
    weighted_values(&model->implicit, values, room, &row);
    weighted_scale(&model->implicit, f->basis, model->factors, values->reg,
                   room);
    row.scale = room->scale;
    COR_TRY(cor_ridge_solve(ridge, &row, x, NULL, &loss));
    return cor_basis_return(f->basis, x, 1);
}

/* What a rating is beyond the mean and its item's bias. */
static double left_over(const foldin *f, int64_t rating)
{
    const float *bias = cor_window_rows(f->bias);
    return (double)f->value[rating] - f->model->mean -
           (double)bias[f->slot[rating]];
}

/* Training ratings that count beside the new ones. */
static int64_t kept_ratings(const foldin *f, int64_t query)
{
    return f->keep ? f->queries->ratings[query] : 0;
}

static double bias_reg(const cor_model *model, int64_t count)
{
    return model->reg_bias * (model->reg_by_count ? (double)count : 1);
}

/* The bias is a damped mean, of which the old one says the sum before. */
static void solve_bias(const foldin *f, int64_t query)
{
    int64_t first = f->begin[query], end = f->begin[query + 1];
    int64_t old = kept_ratings(f, query), all = old + end - first;
    double sum = 0;
    if (old > 0)
        sum = (double)f->queries->bias[query] *
              (bias_reg(f->model, old) + (double)old);
    for (int64_t i = first; i < end; i++)
        sum += left_over(f, i);
    f->queries->bias[query] =
        (float)(sum / (bias_reg(f->model, all) + (double)all));
}

static double factor_reg(const foldin *f, int64_t count)
{
    const cor_model *model = f->model;
    return weighted_reg(&model->implicit, model->reg, model->reg_by_count,
                        count, f->known_items);
}

/* In the basis, if there is one, and back out of it. */
static int move_row(const foldin *f, cor_ridge *ridge, weighted *work,
                    shift_room *room, const cor_ridge_row *values,
                    int64_t query)
{
    int64_t old = kept_ratings(f, query);
    const shift_row row = {.ratings = old,
                           .reg = factor_reg(f, old),
                           .reg_bias = bias_reg(f->model, old),
                           .x = f->queries->factor + query * f->model->ld,
                           .bias = f->queries->bias + query};
    if (f->basis)
        COR_TRY(cor_basis_turn(f->basis, row.x, 1));
    COR_TRY(shift_solve(&f->shift, ridge, work, room, values, &row));
    return f->basis ? cor_basis_return(f->basis, row.x, 1) : COR_OK;
}

static int solve(const foldin *f, cor_ridge *ridge, weighted *work,
                 shift_room *room, int64_t query)
{
    const cor_model *model = f->model;
    int64_t first = f->begin[query], count = f->begin[query + 1] - first;
    int64_t all = count + kept_ratings(f, query);
    cor_ridge_row row = {.table = cor_window_rows(f->factor),
                         .other_bias =
                             model->bias ? cor_window_rows(f->bias) : NULL,
                         .index = f->slot + first,
                         .value = f->value + first,
                         .count = count,
                         .mean = model->bias ? model->mean : 0,
                         .reg = factor_reg(f, all),
                         .reg_bias = bias_reg(model, all)};
    double loss;
    if (all > count)
        return move_row(f, ridge, work, room, &row, query);
    if (f->basis)
        return solve_implicit(f, ridge, work, &row,
                              f->queries->factor + query * model->ld);
    return cor_ridge_solve(ridge, &row, f->queries->factor + query * model->ld,
                           f->queries->bias + query, &loss);
}

static int report(const foldin *f, const cor_failure *first)
{
    char id[128];
    if (first->row == INT64_MAX)
        return COR_OK;
    if (first->row < 0)
        return cor_fail(first->code, "%s", first->message);
    cor_ids_print(&f->queries->id, first->row, id, sizeof id);
    return cor_fail(first->code, "user %s cannot be folded in: %s", id,
                    first->message);
}

static int solve_all(foldin *f)
{
    cor_failure first = COR_NO_FAILURE;
    cor_queries *queries = f->queries;
    int64_t most = longest(f);
#pragma omp parallel num_threads(cor_team_threads(f->team))
    {
        cor_ridge *ridge = NULL;
        weighted work = {0};
        shift_room room = {0};
        int rc = COR_OK;
        if (f->model->factors)
            rc = cor_ridge_create(f->model->factors, f->model->bias, &ridge);
        if (rc == COR_OK && f->basis)
            rc = weighted_open(&work, most, f->model->factors);
        if (rc == COR_OK && f->shift.typical)
            rc = shift_room_open(ridge, most, f->model->ld, &room);
        if (rc != COR_OK)
            cor_failure_note(&first, rc, -1);
#pragma omp for schedule(dynamic, 16)
        for (int64_t q = 0; q < queries->id.count; q++) {
            if (rc != COR_OK || f->begin[q + 1] == f->begin[q])
                continue;
            int status = COR_OK;
            if (f->model->factors)
                status = solve(f, ridge, &work, &room, q);
            else
                solve_bias(f, q);
            queries->known[q] = 1;
            if (status != COR_OK)
                cor_failure_note(&first, status, q);
        }
        cor_ridge_destroy(&ridge);
        weighted_close(&work);
        shift_room_close(&room);
    }
    return report(f, &first);
}

/* Rows of queries that were folded in are of their new ratings; others stay. */
static void fill_rows(const foldin *f, cor_sparse *rows)
{
    const cor_queries *queries = f->queries;
    for (int64_t q = 0; q < queries->id.count; q++) {
        int64_t at = rows->begin[q], old = queries->row.begin[q];
        int64_t count = rows->begin[q + 1] - at;
        if (f->begin[q + 1] == f->begin[q]) {
            memcpy(rows->index + at, queries->row.index + old,
                   (size_t)count * sizeof *rows->index);
            memcpy(rows->value + at, queries->row.value + old,
                   (size_t)count * sizeof *rows->value);
        }
        for (int64_t i = f->begin[q]; i < f->begin[q + 1]; i++, at++) {
            rows->index[at] = cor_item_of_key(f->key[i]);
            rows->value[at] =
                (float)(left_over(f, i) - (double)queries->bias[q]);
        }
    }
}

static int fold_rows(foldin *f)
{
    cor_queries *queries = f->queries;
    int64_t count = queries->id.count;
    cor_sparse rows = {0};
    if (!f->model->neighbours)
        return COR_OK;
    int rc = COR_NEW(&rows.begin, count + 1);
    if (rc == COR_OK)
        rows.begin[0] = 0;
    for (int64_t q = 0; rc == COR_OK && q < count; q++) {
        int64_t fresh = f->begin[q + 1] - f->begin[q];
        int64_t old = queries->row.begin[q + 1] - queries->row.begin[q];
        rows.begin[q + 1] = rows.begin[q] + (fresh ? fresh : old);
    }
    if (rc == COR_OK)
        rc = COR_NEW(&rows.index, rows.begin[count]);
    if (rc == COR_OK)
        rc = COR_NEW(&rows.value, rows.begin[count]);
    if (rc != COR_OK) {
        sparse_free(&rows);
        return rc;
    }
    fill_rows(f, &rows);
    if (queries->owns_row)
        sparse_free(&queries->row);
    queries->row = rows;
    queries->owns_row = true;
    return COR_OK;
}

/* What was taken in of each query. */
static int note_taken(const foldin *f)
{
    cor_queries *queries = f->queries;
    cor_free(queries->taken);
    COR_TRY(cor_allocate_zeroed(&queries->taken, queries->id.count,
                                sizeof *queries->taken, "counts of ratings"));
    for (int64_t q = 0; q < queries->id.count; q++)
        for (int64_t i = f->begin[q]; i < f->begin[q + 1]; i++) {
            queries->taken[q].count++;
            queries->taken[q].sum += (double)f->value[i];
        }
    return COR_OK;
}

static void count(const foldin *f, cor_foldin *report)
{
    int64_t number[3] = {0, f->count, f->ignored};
    for (int64_t q = 0; q < f->queries->id.count; q++)
        number[0] += f->begin[q + 1] > f->begin[q];
    cor_team_sum(f->team, number, 3);
    *report = (cor_foldin){number[0], number[1], number[2]};
}

int cor_queries_fold_in(const cor_team *team, const cor_model *model,
                        const cor_interactions *data, enum cor_foldin_old old,
                        cor_queries *queries, cor_foldin *report)
{
    bool keep = old == COR_FOLDIN_KEEP;
    *report = (cor_foldin){0};
    if (model->neighbours && keep)
        return cor_fail(COR_EUSAGE, "a model of neighbours cannot keep what "
                                    "it knows of a user beside new ratings; "
                                    "train `knn` again with all of them");
    if (model->neighbours && model->neighbours->between_users)
        return cor_fail(COR_EUSAGE,
                        "neighbours between users are those of training: new "
                        "ratings cannot be folded in; train `knn` between "
                        "items, or a model with factors");
    foldin f = {.team = team, .model = model, .queries = queries, .keep = keep};
    int rc = gather(&f, data);
    if (rc == COR_OK)
        rc = cor_agree(team, solve_all(&f));
    if (rc == COR_OK)
        rc = cor_agree(team, fold_rows(&f));
    if (rc == COR_OK)
        rc = cor_agree(team, note_taken(&f));
    if (rc == COR_OK)
        count(&f, report);
    foldin_free(&f);
    return rc;
}
