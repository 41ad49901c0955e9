#include "coracle/row_fields.h"

#include "coracle/failure.h"
#include "coracle/keep.h"
#include "coracle/memory.h"
#include "coracle/split.h"
#include "touched.h"

#include <string.h>

enum row_field { ROW_USER, ROW_ITEM, ROW_VALUE, ROW_TIME, ROW_FIELDS };

struct cor_row_fields {
    const cor_interactions *data;
    int paths;
    enum row_field *field; /* of each path */
    cor_touched touched;   /* where items are wanted, */
    cor_ids item;          /* and their ids, by slots */
};

/* ---- what is wanted ---- */

static int find_field(const cor_path *path, enum row_field *field)
{
    static const char *const name[ROW_FIELDS] = {"user", "item", "value",
                                                 "time"};
    for (int f = 0; f < ROW_FIELDS; f++)
        if (strcmp(path->text, name[f]) == 0) {
            *field = (enum row_field)f;
            return COR_OK;
        }
    return cor_fail(COR_EUSAGE,
                    "a store has the fields user, item, value and time, not "
                    "%s",
                    path->text);
}

static int find_fields(cor_row_fields *f, const cor_path *path)
{
    COR_TRY(COR_NEW(&f->field, f->paths));
    for (int i = 0; i < f->paths; i++)
        COR_TRY(find_field(&path[i], &f->field[i]));
    return COR_OK;
}

/* The ids of the items that my rows have. */
static int fetch_items(const cor_team *team, cor_row_fields *f)
{
    const cor_interactions *data = f->data;
    const cor_ids *own = &data->item_id;
    COR_TRY(cor_touched_create(team, data->items, data->rows, data->item,
                               &f->touched));
    f->item = (cor_ids){
        .count = f->touched.slots, .text = own->text, .width = own->width};
    size_t width = own->text ? (size_t)own->width : sizeof *own->number;
    int rc = own->text
                 ? cor_allocate(&f->item.bytes, f->item.count, width, "ids")
                 : cor_allocate(&f->item.number, f->item.count, width, "ids");
    COR_TRY(cor_agree(team, rc));
    return cor_touched_ask(&f->touched,
                           own->text ? (void *)own->bytes : own->number, width,
                           own->text ? (void *)f->item.bytes : f->item.number);
}

int cor_row_fields_create(const cor_team *team, const cor_interactions *data,
                          const cor_path *path, int paths,
                          cor_row_fields **fields)
{
    *fields = NULL;
    COR_TRY(cor_agree(team, COR_NEW_ZEROED(fields, 1)));
    cor_row_fields *f = *fields;
    f->data = data;
    f->paths = paths;
    bool items = false;
    int rc = cor_agree(team, find_fields(f, path));
    for (int i = 0; rc == COR_OK && i < paths; i++)
        items |= f->field[i] == ROW_ITEM;
    if (rc == COR_OK && items)
        rc = fetch_items(team, f);
    if (rc != COR_OK)
        cor_row_fields_destroy(fields);
    return rc;
}

void cor_row_fields_destroy(cor_row_fields **fields)
{
    if (!*fields)
        return;
    cor_touched_free(&(*fields)->touched);
    cor_ids_free(&(*fields)->item);
    cor_free((*fields)->field);
    cor_free(*fields);
    *fields = NULL;
}

/* ---- one row ---- */

static cor_field whole(int64_t number)
{
    return (cor_field){
        .kind = COR_FIELD_NUMBER,
        .form = COR_FORM_NATIVE,
        .number = {.whole = true, .integer = number, .real = (double)number}};
}

static cor_field single(float value)
{
    return (cor_field){.kind = COR_FIELD_NUMBER,
                       .form = COR_FORM_NATIVE,
                       .number = {.single = true, .real = (double)value}};
}

static cor_field id(const cor_ids *ids, int64_t row)
{
    if (!ids->text)
        return whole(ids->number[row]);
    const char *text = ids->bytes + row * ids->width;
    return (cor_field){.kind = COR_FIELD_TEXT,
                       .begin = text,
                       .end = text + strnlen(text, (size_t)ids->width)};
}

void cor_row_fields_get(const cor_row_fields *f, int64_t row, cor_field *field)
{
    const cor_interactions *data = f->data;
    for (int i = 0; i < f->paths; i++) {
        if (f->field[i] == ROW_USER)
            field[i] =
                id(&data->user_id, data->user[row] - data->user_id.first);
        else if (f->field[i] == ROW_ITEM)
            field[i] =
                id(&f->item, cor_touched_slot(&f->touched, data->item[row]));
        else if (f->field[i] == ROW_VALUE)
            field[i] = single(data->value[row]);
        else
            field[i] = data->time ? whole(data->time[row]) : (cor_field){0};
    }
}

/* ---- all rows ---- */

/* What a thread does with a run of rows. */
typedef struct row_work {
    const cor_row_fields *fields;
    const cor_interactions *data;
    int64_t first; /* number of my first row */
    void *context;
    int (*visit)(const struct row_work *work, int thread, int64_t row,
                 const cor_field *field, void *scratch);
    bool scratch; /* one of cor_where is wanted */
} row_work;

static int visit_run(const row_work *w, int thread, int64_t from, int64_t to)
{
    cor_field *field = NULL;
    cor_where_scratch *scratch = NULL;
    int rc = COR_NEW_ZEROED(&field, w->fields->paths);
    if (rc == COR_OK && w->scratch)
        rc = cor_where_scratch_create(false, &scratch);
    for (int64_t r = from; rc == COR_OK && r < to; r++) {
        cor_row_fields_get(w->fields, r, field);
        rc = w->visit(w, thread, r, field, scratch);
    }
    cor_where_scratch_destroy(&scratch);
    cor_free(field);
    return rc;
}

/* Rows that a thread visits before it asks for others: few enough that a tally
   may be sent on between. */
enum { RUN = 1 << 20 };

static int visit_rows(const cor_team *team, const row_work *w, int64_t from,
                      int64_t to)
{
    int threads = cor_team_threads(team);
    cor_failure failure = COR_NO_FAILURE;
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++) {
        int64_t begin = from + (to - from) * t / threads;
        int64_t end = from + (to - from) * (t + 1) / threads;
        int rc = visit_run(w, t, begin, end);
        if (rc != COR_OK)
            cor_failure_note(&failure, rc, t);
    }
    return cor_failure_raise(&failure);
}

/* All my rows at once. Collective. */
static int visit_all(const cor_team *team, const cor_interactions *data,
                     const cor_path *path, int paths, row_work *w)
{
    cor_row_fields *fields;
    COR_TRY(cor_row_fields_create(team, data, path, paths, &fields));
    w->fields = fields;
    w->data = data;
    w->first = cor_shards_first_row(data->row_shards, cor_team_rank(team));
    int rc = cor_agree(team, visit_rows(team, w, 0, data->rows));
    cor_row_fields_destroy(&fields);
    return rc;
}

/* ---- filter, sample ---- */

typedef struct row_filter {
    const cor_where *where;
    uint8_t *keep;
} row_filter;

static int test_row(const row_work *w, int thread, int64_t row,
                    const cor_field *field, void *scratch)
{
    (void)thread;
    const row_filter *filter = w->context;
    bool fits;
    COR_TRY(cor_where_test(filter->where, scratch, field, &fits));
    filter->keep[row] = fits;
    return COR_OK;
}

int cor_rows_where(const cor_team *team, const cor_interactions *data,
                   const cor_where *where, uint8_t *keep)
{
    int paths;
    const cor_path *path = cor_where_paths(where, &paths);
    row_filter filter = {.where = where, .keep = keep};
    row_work w = {.context = &filter, .visit = test_row, .scratch = true};
    return visit_all(team, data, path, paths, &w);
}

void cor_rows_fraction(const cor_team *team, const cor_interactions *data,
                       double fraction, int64_t seed, uint8_t *keep)
{
    int64_t first = cor_shards_first_row(data->row_shards, cor_team_rank(team));
#pragma omp parallel for num_threads(cor_team_threads(team))
    for (int64_t r = 0; r < data->rows; r++)
        keep[r] = cor_keep_draw(fraction, seed, first + r);
}

/* ---- top ---- */

typedef struct row_top {
    cor_top *top;
    int64_t *skipped; /* of each thread */
} row_top;

static int offer_row(const row_work *w, int thread, int64_t row,
                     const cor_field *field, void *scratch)
{
    (void)scratch;
    const row_top *t = w->context;
    cor_number value[COR_TOP_BY];
    for (int i = 0; i < w->fields->paths; i++)
        if (!cor_field_number(&field[i], &value[i])) {
            t->skipped[thread]++;
            return COR_OK;
        }
    cor_place place = {0, w->first + row};
    return cor_top_offer(t->top, thread, value, place, NULL, 0);
}

int cor_rows_top(const cor_team *team, const cor_interactions *data,
                 const cor_path *by, cor_top *top, int64_t *skipped)
{
    int threads = cor_team_threads(team);
    row_top t = {.top = top};
    row_work w = {.context = &t, .visit = offer_row};
    int rc = cor_agree(team, COR_NEW_ZEROED(&t.skipped, threads));
    if (rc == COR_OK)
        rc = visit_all(team, data, by, cor_top_by(top), &w);
    *skipped = 0;
    for (int i = 0; rc == COR_OK && i < threads; i++)
        *skipped += t.skipped[i];
    cor_team_sum(team, skipped, 1);
    cor_free(t.skipped);
    return rc;
}

/* ---- count ---- */

static int tally_row(const row_work *w, int thread, int64_t row,
                     const cor_field *field, void *scratch)
{
    (void)row;
    (void)scratch;
    return cor_tally_add(w->context, thread, field);
}

/* Runs of all ranks go together, so that what was counted can be sent on. */
int cor_rows_tally(const cor_team *team, const cor_interactions *data,
                   const cor_path *by, cor_tally *tally)
{
    cor_row_fields *fields;
    COR_TRY(cor_row_fields_create(team, data, by, 1, &fields));
    row_work w = {
        .fields = fields, .data = data, .context = tally, .visit = tally_row};
    int64_t most = data->rows;
    int rc = COR_OK;
    cor_team_max(team, &most, 1);
    for (int64_t at = 0; rc == COR_OK && at < most; at += RUN) {
        int64_t from = at < data->rows ? at : data->rows;
        int64_t to = at + RUN < data->rows ? at + RUN : data->rows;
        rc = cor_agree(team, visit_rows(team, &w, from, to));
        if (rc == COR_OK)
            rc = cor_tally_flush(tally);
    }
    cor_row_fields_destroy(&fields);
    return rc;
}

/* ---- writing ---- */

int cor_rows_write(const cor_team *team, const cor_interactions *data,
                   uint8_t *keep, const char *path,
                   const cor_file_options *options,
                   cor_interactions_summary *summary)
{
    cor_split marked = {.part = keep}; /* rows of part 1 are the marked ones */
    return cor_split_write(team, data, &marked, 1, path, options, summary);
}
