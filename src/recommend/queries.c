#include "queries.h"

#include "coracle/cut.h"
#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "coracle/sort.h"
#include "locate.h"
#include "neighbours.h"

#include <string.h>

int cor_queries_of_model(const cor_team *team, cor_model *model,
                         cor_queries *queries)
{
    const cor_model_side *side = &model->user;
    *queries = (cor_queries){.id = side->id,
                             .factor = side->factor,
                             .bias = side->bias,
                             .ratings = side->ratings,
                             .of_model = true};
    if (model->neighbours)
        queries->row = model->neighbours->user;
    int rc = COR_NEW(&queries->known, side->count);
    if (rc == COR_OK)
        rc = COR_NEW(&queries->user, side->count);
    for (int64_t row = 0; rc == COR_OK && row < side->count; row++) {
        queries->known[row] = side->ratings[row] > 0;
        queries->user[row] = side->first + row;
    }
    rc = cor_agree(team, rc);
    if (rc != COR_OK)
        cor_queries_free(queries);
    return rc;
}

void cor_queries_free(cor_queries *queries)
{
    if (!queries->of_model) {
        cor_ids_free(&queries->id);
        cor_free(queries->factor);
        cor_free(queries->bias);
        cor_free(queries->ratings);
    }
    if (queries->owns_row)
        sparse_free(&queries->row);
    cor_free(queries->user);
    cor_free(queries->known);
    cor_free(queries->taken);
    cor_free(queries->seen);
    *queries = (cor_queries){0};
}

/* The rows of the model's users that I ask for, from whoever owns them. */
typedef struct fetch {
    int64_t found;    /* of my queries, those that the model has */
    int64_t *query;   /* found: which */
    int64_t *row;     /* found: row of the model */
    int32_t *to;      /* found: its owner */
    cor_route *route; /* to the owners */
    int64_t *asked;   /* arrivals: local row of the model */
} fetch;

static void fetch_free(fetch *f)
{
    cor_free(f->query);
    cor_free(f->row);
    cor_free(f->to);
    cor_free(f->asked);
    cor_route_destroy(&f->route);
}

static int fetch_plan(const cor_team *team, const cor_model *model, fetch *f)
{
    int rc = COR_NEW(&f->to, f->found);
    for (int64_t i = 0; rc == COR_OK && i < f->found; i++)
        f->to[i] = cor_shards_owner(model->user.shards, f->row[i]);
    COR_TRY(cor_agree(team, rc));
    COR_TRY(cor_route_create(team, f->to, f->found, &f->route));
    int64_t arrivals = cor_route_arrivals(f->route);
    COR_TRY(cor_agree(team, COR_NEW(&f->asked, arrivals)));
    COR_TRY(cor_route_send(f->route, f->row, sizeof *f->row, f->asked));
    for (int64_t j = 0; j < arrivals; j++)
        f->asked[j] -= model->user.first;
    return COR_OK;
}

/* out[query] = column[row of the model]; others are left as they are. */
static int fetch_column(const cor_team *team, const fetch *f,
                        const void *column, size_t width, void *out)
{
    char *answer = NULL, *mine = NULL;
    int64_t arrivals = cor_route_arrivals(f->route);
    int rc = cor_allocate(&answer, arrivals, width, "rows of users");
    if (rc == COR_OK)
        rc = cor_allocate(&mine, f->found, width, "rows of users");
    for (int64_t j = 0; rc == COR_OK && j < arrivals; j++)
        memcpy(answer + (size_t)j * width,
               (const char *)column + (size_t)f->asked[j] * width, width);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_route_reply(f->route, answer, width, mine);
    for (int64_t i = 0; rc == COR_OK && i < f->found; i++)
        memcpy((char *)out + (size_t)f->query[i] * width,
               mine + (size_t)i * width, width);
    cor_free(answer);
    cor_free(mine);
    return rc;
}

static int allocate_queries(const cor_model *model, cor_queries *queries,
                            fetch *f)
{
    int64_t count = queries->id.count;
    COR_TRY(COR_NEW_ZEROED(&queries->factor, count * model->ld));
    COR_TRY(COR_NEW_ZEROED(&queries->bias, count));
    COR_TRY(COR_NEW_ZEROED(&queries->known, count));
    COR_TRY(COR_NEW_ZEROED(&queries->ratings, count));
    COR_TRY(COR_NEW(&queries->user, count));
    COR_TRY(COR_NEW(&f->row, count));
    return COR_NEW(&f->query, count);
}

/* The rows of neighbours of the users found. */
static int fetch_rows(const cor_team *team, const cor_model *model,
                      const fetch *f, cor_queries *queries)
{
    if (!model->neighbours)
        return COR_OK;
    const sparse_request request = {.route = f->route,
                                    .asked = f->asked,
                                    .count = f->found,
                                    .to = f->to,
                                    .place = f->query,
                                    .rows = queries->id.count};
    queries->owns_row = true;
    return sparse_fetch(team, &request, &model->neighbours->user,
                        &queries->row);
}

static int fill_queries(const cor_team *team, const cor_model *model,
                        cor_queries *queries, fetch *f)
{
    const cor_model_side *side = &model->user;
    COR_TRY(cor_agree(team, allocate_queries(model, queries, f)));
    COR_TRY(cor_model_find(team, &side->id, &queries->id, f->row));
    for (int64_t i = 0; i < queries->id.count; i++) {
        queries->user[i] = f->row[i];
        if (f->row[i] >= 0) {
            f->query[f->found] = i;
            f->row[f->found++] = f->row[i];
        }
    }
    queries->absent = queries->id.count - f->found;
    cor_team_sum(team, &queries->absent, 1);
    COR_TRY(fetch_plan(team, model, f));
    if (model->factors)
        COR_TRY(fetch_column(team, f, side->factor,
                             (size_t)model->ld * sizeof(float),
                             queries->factor));
    COR_TRY(fetch_column(team, f, side->bias, sizeof(float), queries->bias));
    COR_TRY(fetch_rows(team, model, f, queries));
    COR_TRY(fetch_column(team, f, side->ratings, sizeof *queries->ratings,
                         queries->ratings));
    for (int64_t i = 0; i < queries->id.count; i++)
        queries->known[i] = queries->ratings[i] > 0;
    return COR_OK;
}

int cor_queries_of_ids(const cor_team *team, const cor_model *model,
                       cor_ids *id, cor_queries *queries)
{
    *queries = (cor_queries){.id = *id};
    *id = (cor_ids){0};
    fetch f = {0};
    int rc = fill_queries(team, model, queries, &f);
    fetch_free(&f);
    if (rc != COR_OK)
        cor_queries_free(queries);
    return rc;
}

/* Row i of one table becomes row j of another of the same kind. */
static void copy_id(const cor_ids *from, int64_t i, cor_ids *to, int64_t j)
{
    if (from->text)
        memcpy(to->bytes + j * to->width, from->bytes + i * from->width,
               (size_t)from->width);
    else
        to->number[j] = from->number[i];
}

static int allocate_ids(cor_ids *id)
{
    return id->text ? cor_allocate(&id->bytes, id->count, (size_t)id->width,
                                   "ids of users")
                    : COR_NEW(&id->number, id->count);
}

int cor_queries_of_table(const cor_team *team, const cor_model *model,
                         const cor_ids *id, bool new_only, cor_queries *queries)
{
    cor_ids chosen = {.text = id->text, .width = id->width};
    int64_t *row = NULL;
    int rc = cor_agree(team, COR_NEW(&row, id->count));
    if (rc == COR_OK)
        rc = cor_model_find(team, &model->user.id, id, row);
    for (int64_t i = 0; rc == COR_OK && i < id->count; i++)
        chosen.count += !new_only || row[i] < 0;
    if (rc == COR_OK) {
        chosen.first = cor_team_before(team, chosen.count, &chosen.total);
        rc = cor_agree(team, allocate_ids(&chosen));
    }
    int64_t kept = 0;
    for (int64_t i = 0; rc == COR_OK && i < id->count; i++)
        if (!new_only || row[i] < 0)
            copy_id(id, i, &chosen, kept++);
    cor_free(row);
    if (rc == COR_OK)
        rc = cor_queries_of_ids(team, model, &chosen, queries);
    cor_ids_free(&chosen);
    return rc;
}

/* A row on its way to the query of its user. */
typedef struct seen_row {
    int32_t query, item; /* global */
} seen_row;

typedef struct outgoing {
    int64_t count;
    seen_row *row;
    int32_t *to;
    float *value;
} outgoing;

/* Of my rows those whose user asks and whose item the model has. */
static int64_t choose(const cor_interactions *data, const int64_t *query,
                      const int64_t *item, const int64_t *first, int size,
                      outgoing *out)
{
    int64_t ignored = 0;
    for (int64_t i = 0; i < data->rows; i++) {
        if (query[i] < 0)
            continue;
        ignored += item[i] < 0;
        if (item[i] < 0)
            continue;
        int64_t at = out->count++;
        out->row[at] = (seen_row){(int32_t)query[i], (int32_t)item[i]};
        out->to[at] = (int32_t)cor_cut_find(first, size, query[i]);
        if (out->value)
            out->value[at] = data->value[i];
    }
    return ignored;
}

static int select_rows(const cor_team *team, const cor_model *model,
                       const cor_interactions *data, const cor_queries *queries,
                       outgoing *out, int64_t *ignored)
{
    int size = cor_team_size(team);
    int64_t *query = NULL, *item = NULL, *first = NULL;
    int rc = COR_NEW(&query, data->rows);
    if (rc == COR_OK)
        rc = COR_NEW(&item, data->rows);
    if (rc == COR_OK)
        rc = COR_NEW(&first, size);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_ids_locate(team, &queries->id, &data->user_id, data->user,
                            data->rows, query);
    if (rc == COR_OK)
        rc = cor_ids_locate(team, &model->item.id, &data->item_id, data->item,
                            data->rows, item);
    if (rc == COR_OK) {
        cor_team_gather(team, &queries->id.first, sizeof *first, first);
        *ignored = choose(data, query, item, first, size, out);
    }
    cor_free(query);
    cor_free(item);
    cor_free(first);
    return rc;
}

static int allocate_outgoing(int64_t rows, bool values, outgoing *out)
{
    COR_TRY(COR_NEW(&out->row, rows));
    COR_TRY(COR_NEW(&out->to, rows));
    return values ? COR_NEW(&out->value, rows) : COR_OK;
}

static int travel(const cor_team *team, const cor_queries *queries,
                  const outgoing *out, cor_query_rows *rows)
{
    cor_route *route = NULL;
    seen_row *arrived = NULL;
    int rc = cor_route_create(team, out->to, out->count, &route);
    if (rc == COR_OK) {
        rows->count = cor_route_arrivals(route);
        rc = COR_NEW(&arrived, rows->count);
        if (rc == COR_OK)
            rc = COR_NEW(&rows->key, rows->count);
        if (rc == COR_OK && out->value)
            rc = COR_NEW(&rows->value, rows->count);
        rc = cor_agree(team, rc);
    }
    if (rc == COR_OK)
        rc = cor_route_send(route, out->row, sizeof *arrived, arrived);
    if (rc == COR_OK && out->value)
        rc = cor_route_send(route, out->value, sizeof *out->value, rows->value);
    for (int64_t j = 0; rc == COR_OK && j < rows->count; j++)
        rows->key[j] = cor_query_key(arrived[j].query - queries->id.first,
                                     arrived[j].item);
    cor_route_destroy(&route);
    cor_free(arrived);
    return rc;
}

int cor_query_rows_gather(const cor_team *team, const cor_model *model,
                          const cor_interactions *data,
                          const cor_queries *queries, bool values,
                          cor_query_rows *rows)
{
    outgoing out = {0};
    *rows = (cor_query_rows){0};
    int rc = cor_agree(team, allocate_outgoing(data->rows, values, &out));
    if (rc == COR_OK)
        rc = select_rows(team, model, data, queries, &out, &rows->ignored);
    if (rc == COR_OK)
        rc = travel(team, queries, &out, rows);
    cor_free(out.row);
    cor_free(out.to);
    cor_free(out.value);
    if (rc != COR_OK)
        cor_query_rows_free(rows);
    return rc;
}

void cor_query_rows_free(cor_query_rows *rows)
{
    cor_free(rows->key);
    cor_free(rows->value);
    *rows = (cor_query_rows){0};
}

int cor_queries_add_seen(cor_queries *queries, const uint64_t *key,
                         int64_t count)
{
    int64_t held = queries->seen_count;
    COR_TRY(cor_reallocate(&queries->seen, held, held + count, sizeof *key,
                           "items that were seen"));
    memcpy(queries->seen + held, key, (size_t)count * sizeof *key);
    queries->seen_count += count;
    return cor_sort_keys(queries->seen, queries->seen_count);
}

int cor_query_begins(const uint64_t *key, int64_t count, int64_t queries,
                     int64_t **begin)
{
    COR_TRY(cor_allocate_zeroed(begin, queries + 1, sizeof **begin,
                                "where queries begin"));
    for (int64_t i = 0; i < count; i++)
        (*begin)[cor_query_of_key(key[i]) + 1]++;
    for (int64_t q = 0; q < queries; q++)
        (*begin)[q + 1] += (*begin)[q];
    return COR_OK;
}

int cor_queries_see(const cor_team *team, const cor_model *model,
                    const cor_interactions *data, cor_queries *queries)
{
    cor_query_rows rows = {0};
    COR_TRY(cor_query_rows_gather(team, model, data, queries, false, &rows));
    int rc = cor_queries_add_seen(queries, rows.key, rows.count);
    cor_query_rows_free(&rows);
    return cor_agree(team, rc);
}
