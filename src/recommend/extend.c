/*
 * Rows of a side move to shards of more rows: the old ones keep theirs, the new
 * ones fill further shards of the same size. What a rank owns is then another
 * run, so all rows travel, most of them to the rank where they are.
 */
#include "extend.h"

#include "coracle/exchange.h"
#include "coracle/memory.h"

#include <string.h>

/* ---- known rows, in place ---- */

/* What a fold-in says of a known row, but for its factors. */
typedef struct change {
    int64_t row;
    cor_taken taken;
    float bias;
} change;

static void change_row(const cor_model *model, const change *c,
                       const float *factor, cor_model_side *side)
{
    int64_t at = c->row - side->first;
    double old = (double)side->ratings[at];
    double all = old + (double)c->taken.count;
    side->ratings[at] += c->taken.count;
    if (!cor_model_is_feedback(model))
        side->mean[at] =
            (float)((old * (double)side->mean[at] + c->taken.sum) / all);
    side->bias[at] = c->bias;
    memcpy(side->factor + at * model->ld, factor,
           (size_t)model->ld * sizeof *factor);
}

typedef struct changes {
    int64_t count;
    change *row;
    float *factor; /* count x ld */
    int32_t *to;
} changes;

static void changes_free(changes *c)
{
    cor_free(c->row);
    cor_free(c->factor);
    cor_free(c->to);
}

static int changes_create(int64_t count, int64_t ld, changes *c)
{
    COR_TRY(COR_NEW(&c->row, count));
    COR_TRY(COR_NEW(&c->to, count));
    return cor_allocate(&c->factor, count * ld, sizeof *c->factor, "factors");
}

static int choose_known(const cor_model *model, const cor_queries *queries,
                        const cor_model_side *side, changes *c)
{
    int64_t ld = model->ld;
    COR_TRY(changes_create(queries->id.count, ld, c));
    for (int64_t q = 0; q < queries->id.count; q++) {
        if (queries->user[q] < 0 || queries->taken[q].count == 0)
            continue;
        c->row[c->count] =
            (change){queries->user[q], queries->taken[q], queries->bias[q]};
        memcpy(c->factor + c->count * ld, queries->factor + q * ld,
               (size_t)ld * sizeof *c->factor);
        c->to[c->count++] = cor_shards_owner(side->shards, queries->user[q]);
    }
    return COR_OK;
}

static int change_known(const cor_team *team, const cor_model *model,
                        const cor_queries *queries, cor_model_side *side)
{
    changes out = {0}, in = {0};
    cor_route *route = NULL;
    int rc = cor_agree(team, choose_known(model, queries, side, &out));
    if (rc == COR_OK)
        rc = cor_route_create(team, out.to, out.count, &route);
    if (rc == COR_OK) {
        in.count = cor_route_arrivals(route);
        rc = cor_agree(team, changes_create(in.count, model->ld, &in));
    }
    if (rc == COR_OK)
        rc = cor_route_send(route, out.row, sizeof *in.row, in.row);
    if (rc == COR_OK && model->ld)
        rc = cor_route_send(route, out.factor,
                            (size_t)model->ld * sizeof *in.factor, in.factor);
    for (int64_t i = 0; rc == COR_OK && i < in.count; i++)
        change_row(model, &in.row[i], in.factor + i * model->ld, side);
    cor_route_destroy(&route);
    changes_free(&out);
    changes_free(&in);
    return rc;
}

/* ---- all rows to where they are from now on ---- */

typedef struct moving {
    const cor_team *team;
    cor_route *route;
    int64_t old, fresh; /* my rows before, my queries that are new */
    int64_t *query;     /* fresh: which */
    int64_t first, count;
    int64_t *place; /* count: of an arrival among my rows */
} moving;

/* Shards of the old rows as they were, and as many more as the new ones fill.
 */
static int more_shards(const cor_team *team, const cor_shards *old,
                       int64_t fresh, cor_shards **shards)
{
    int64_t count = cor_shards_count(old), rows = cor_shards_rows(old);
    int64_t each = rows / (count > 0 ? count : 1) + 1;
    int64_t more = (fresh + each - 1) / each, *begin = NULL;
    if (count + more > COR_SHARDS_LIMIT)
        more = COR_SHARDS_LIMIT > count ? COR_SHARDS_LIMIT - count : 1;
    COR_TRY(COR_NEW(&begin, count + more + 1));
    for (int64_t s = 0; s <= count; s++)
        begin[s] = cor_shards_begin(old, s);
    for (int64_t s = 1; s <= more; s++)
        begin[count + s] = rows + fresh * s / more;
    int rc = cor_shards_create(team, count + more, begin, shards);
    cor_free(begin);
    return rc;
}

/* Arrivals come by rank, the old rows of each first: their numbers say where
   they belong. */
static int plan_move(moving *m, const cor_model_side *side,
                     const cor_shards *shards, int64_t first_fresh)
{
    int64_t *row = NULL, rows = m->old + m->fresh;
    int32_t *to = NULL;
    int rank = cor_team_rank(m->team);
    int rc = COR_NEW(&row, rows);
    if (rc == COR_OK)
        rc = COR_NEW(&to, rows);
    for (int64_t i = 0; rc == COR_OK && i < rows; i++) {
        row[i] = i < m->old ? side->first + i
                            : side->rows + first_fresh + i - m->old;
        to[i] = cor_shards_owner(shards, row[i]);
    }
    rc = cor_agree(m->team, rc);
    if (rc == COR_OK)
        rc = cor_route_create(m->team, to, rows, &m->route);
    m->first = cor_shards_first_row(shards, rank);
    m->count = cor_shards_first_row(shards, rank + 1) - m->first;
    if (rc == COR_OK)
        rc = cor_agree(m->team, COR_NEW(&m->place, m->count));
    if (rc == COR_OK)
        rc = cor_route_send(m->route, row, sizeof *row, m->place);
    for (int64_t i = 0; rc == COR_OK && i < m->count; i++)
        m->place[i] -= m->first;
    cor_free(row);
    cor_free(to);
    return rc;
}

/* One column: the old rows of it, and for each new one its query's. */
static int move_column(const moving *m, const void *old, const void *of_query,
                       size_t width, void *out)
{
    char *all = NULL, *arrived = NULL, *column = NULL;
    int rc = cor_allocate(&all, m->old + m->fresh, width, "rows of a model");
    if (rc == COR_OK)
        rc = cor_allocate(&arrived, m->count, width, "rows of a model");
    if (rc == COR_OK)
        rc = cor_allocate(&column, m->count, width, "rows of a model");
    rc = cor_agree(m->team, rc);
    if (rc == COR_OK && m->old)
        memcpy(all, old, (size_t)m->old * width);
    for (int64_t i = 0; rc == COR_OK && i < m->fresh; i++)
        memcpy(all + (size_t)(m->old + i) * width,
               (const char *)of_query + (size_t)m->query[i] * width, width);
    if (rc == COR_OK && width)
        rc = cor_route_send(m->route, all, width, arrived);
    for (int64_t i = 0; rc == COR_OK && i < m->count; i++)
        memcpy(column + (size_t)m->place[i] * width,
               arrived + (size_t)i * width, width);
    cor_free(all);
    cor_free(arrived);
    if (rc != COR_OK)
        cor_free(column);
    else
        *(void **)out = column;
    return rc;
}

/* A table of ids as texts of `width` bytes. */
static int as_texts(const cor_ids *ids, int64_t width, char **text)
{
    char id[COR_ID_LIMIT + 1];
    COR_TRY(cor_allocate_zeroed(text, ids->count, (size_t)width, "ids"));
    if (ids->text && ids->width == 0) /* all are empty */
        return COR_OK;
    for (int64_t i = 0; i < ids->count; i++) {
        cor_ids_print(ids, i, id, sizeof id);
        memcpy(*text + i * width, id, strlen(id));
    }
    return COR_OK;
}

/* Bytes that an id has as a text. */
static int64_t text_width(const cor_ids *ids)
{
    enum { INTEGER = 20 };
    return ids->text ? ids->width : INTEGER;
}

static int move_texts(const moving *m, const cor_ids *old, const cor_ids *fresh,
                      int64_t width, char **out)
{
    char *before = NULL, *beside = NULL;
    int rc = as_texts(old, width, &before);
    if (rc == COR_OK)
        rc = as_texts(fresh, width, &beside);
    rc = cor_agree(m->team, rc);
    if (rc == COR_OK)
        rc = move_column(m, before, beside, (size_t)width, out);
    cor_free(before);
    cor_free(beside);
    return rc;
}

/* Ids stay numbers where all of them are. */
static int move_ids(const moving *m, int64_t rows, const cor_ids *fresh,
                    cor_ids *ids)
{
    int64_t width = text_width(ids), more = text_width(fresh);
    cor_ids out = {.total = rows,
                   .first = m->first,
                   .count = m->count,
                   .text = ids->text || fresh->text,
                   .width = width > more ? width : more};
    if (out.text) {
        COR_TRY(move_texts(m, ids, fresh, out.width, &out.bytes));
    } else {
        out.width = 0;
        COR_TRY(move_column(m, ids->number, fresh->number, sizeof *ids->number,
                            &out.number));
    }
    cor_ids_free(ids);
    *ids = out;
    return COR_OK;
}

/* Where the new ones have no titles, theirs are empty. */
static int move_titles(const moving *m, int64_t rows,
                       const cor_queries *queries, const cor_ids *title,
                       cor_ids *titles)
{
    cor_ids none = {.text = true, .count = queries->id.count};
    if (!titles || titles->total == 0)
        return COR_OK;
    return move_ids(m, rows, title->total ? title : &none, titles);
}

/* The columns of new rows, one a query. */
typedef struct described {
    int64_t *ratings;
    float *mean;
} described;

static int describe(const cor_model *model, const cor_queries *queries,
                    described *d)
{
    COR_TRY(COR_NEW(&d->ratings, queries->id.count));
    COR_TRY(COR_NEW_ZEROED(&d->mean, queries->id.count));
    for (int64_t q = 0; q < queries->id.count; q++) {
        const cor_taken *taken = &queries->taken[q];
        d->ratings[q] = taken->count;
        if (taken->count && !cor_model_is_feedback(model))
            d->mean[q] = (float)(taken->sum / (double)taken->count);
    }
    return COR_OK;
}

static int move_numbers(const moving *m, const cor_model *model,
                        const cor_queries *queries, cor_model_side *side)
{
    cor_model_side out = {0};
    described d = {0};
    size_t width = (size_t)model->ld * sizeof(float);
    int rc = cor_agree(m->team, describe(model, queries, &d));
    if (rc == COR_OK)
        rc = move_column(m, side->ratings, d.ratings, sizeof *d.ratings,
                         &out.ratings);
    if (rc == COR_OK)
        rc = move_column(m, side->mean, d.mean, sizeof *d.mean, &out.mean);
    if (rc == COR_OK)
        rc = move_column(m, side->bias, queries->bias, sizeof *out.bias,
                         &out.bias);
    if (rc == COR_OK)
        rc = move_column(m, side->factor, queries->factor, width, &out.factor);
    cor_free(d.ratings);
    cor_free(d.mean);
    cor_free(rc == COR_OK ? side->ratings : out.ratings);
    cor_free(rc == COR_OK ? side->mean : out.mean);
    cor_free(rc == COR_OK ? side->bias : out.bias);
    cor_free(rc == COR_OK ? side->factor : out.factor);
    COR_TRY(rc);
    side->ratings = out.ratings;
    side->mean = out.mean;
    side->bias = out.bias;
    side->factor = out.factor;
    return COR_OK;
}

static int choose_fresh(moving *m, const cor_queries *queries)
{
    COR_TRY(COR_NEW(&m->query, queries->id.count));
    for (int64_t q = 0; q < queries->id.count; q++)
        if (queries->user[q] < 0 && queries->taken[q].count > 0)
            m->query[m->fresh++] = q;
    return COR_OK;
}

static int move_all(moving *m, const cor_model *model,
                    const cor_queries *queries, const cor_ids *title,
                    cor_model_side *side, cor_ids *titles)
{
    cor_shards *shards = NULL;
    int64_t fresh, first = cor_team_before(m->team, m->fresh, &fresh);
    int64_t rows = side->rows + fresh;
    if (fresh == 0)
        return COR_OK;
    if (rows > INT32_MAX)
        return cor_fail(COR_EDATA, "a model has at most 2^31 - 1 users and as "
                                   "many items");
    int rc =
        cor_agree(m->team, more_shards(m->team, side->shards, fresh, &shards));
    if (rc == COR_OK)
        rc = plan_move(m, side, shards, first);
    if (rc == COR_OK)
        rc = move_numbers(m, model, queries, side);
    if (rc == COR_OK)
        rc = move_ids(m, rows, &queries->id, &side->id);
    if (rc == COR_OK)
        rc = move_titles(m, rows, queries, title, titles);
    if (rc != COR_OK) {
        cor_shards_destroy(&shards);
        return rc;
    }
    cor_shards_destroy(&side->shards);
    side->shards = shards;
    side->rows = rows;
    side->first = m->first;
    side->count = m->count;
    return COR_OK;
}

int extend_side(const cor_team *team, const cor_model *model,
                const cor_queries *queries, const cor_ids *title,
                cor_model_side *side, cor_ids *titles)
{
    moving m = {.team = team, .old = side->count};
    COR_TRY(change_known(team, model, queries, side));
    int rc = cor_agree(team, choose_fresh(&m, queries));
    if (rc == COR_OK)
        rc = move_all(&m, model, queries, title, side, titles);
    cor_route_destroy(&m.route);
    cor_free(m.query);
    cor_free(m.place);
    return rc;
}
