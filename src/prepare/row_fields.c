#include "coracle/row_fields.h"

#include "coracle/failure.h"
#include "coracle/keep.h"
#include "coracle/memory.h"
#include "coracle/split.h"
#include "touched.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum row_field { ROW_USER, ROW_ITEM, ROW_VALUE, ROW_TIME, ROW_KEPT };

/* The names that the numbers in my rows stand for. */
typedef struct row_names {
    cor_touched touched;
    cor_ids ids; /* by slots */
} row_names;

/* What is at a path. */
typedef struct row_path {
    enum row_field field;
    const cor_kept *kept; /* of a kept column */
    row_names names;      /* of items and categories */
} row_path;

struct cor_row_fields {
    const cor_interactions *data;
    int paths;
    row_path *path;
};

/* ---- what is wanted ---- */

/* A column may be called as it is, or as the path of one key that it is. */
static bool is_called(const cor_path *path, const char *name)
{
    const cor_path_part *only = &path->part[0];
    return strcmp(path->text, name) == 0 ||
           (path->parts == 1 && only->key && strlen(name) == only->length &&
            memcmp(name, only->key, only->length) == 0);
}

static int no_field(const cor_kept_columns *kept, const cor_path *path)
{
    char list[256] = "";
    size_t length = 0;
    for (int32_t k = 0; k < kept->count && length + 8 < sizeof list; k++)
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s",
                                   k ? ", " : "", kept->column[k].name);
    return cor_fail(COR_EUSAGE,
                    "a store has the fields user, item, value and time%s%s%s, "
                    "not %s",
                    kept->count ? ", this one also " : "", list,
                    length >= sizeof list ? "..." : "", path->text);
}

static int find_field(const cor_kept_columns *kept, const cor_path *path,
                      row_path *found)
{
    static const char *const name[ROW_KEPT] = {"user", "item", "value", "time"};
    for (int f = 0; f < ROW_KEPT; f++)
        if (is_called(path, name[f])) {
            found->field = (enum row_field)f;
            return COR_OK;
        }
    for (int32_t k = 0; k < kept->count; k++)
        if (is_called(path, kept->column[k].name)) {
            found->field = ROW_KEPT;
            found->kept = &kept->column[k];
            return COR_OK;
        }
    return no_field(kept, path);
}

static int find_fields(cor_row_fields *f, const cor_path *path)
{
    COR_TRY(COR_NEW_ZEROED(&f->path, f->paths));
    for (int i = 0; i < f->paths; i++)
        COR_TRY(find_field(&f->data->kept, &path[i], &f->path[i]));
    return COR_OK;
}

/* The names of these numbers, of which a table is spread over the ranks.
   Collective. */
static int fetch_names(const cor_team *team, const cor_ids *own, int64_t rows,
                       const int32_t *number, row_names *names)
{
    cor_ids *ids = &names->ids;
    COR_TRY(
        cor_touched_create(team, own->total, rows, number, &names->touched));
    *ids = (cor_ids){
        .count = names->touched.slots, .text = own->text, .width = own->width};
    size_t width = own->text ? (size_t)own->width : sizeof *own->number;
    int rc = own->text ? cor_allocate(&ids->bytes, ids->count, width, "ids")
                       : cor_allocate(&ids->number, ids->count, width, "ids");
    COR_TRY(cor_agree(team, rc));
    return cor_touched_ask(&names->touched,
                           own->text ? (void *)own->bytes : own->number, width,
                           own->text ? (void *)ids->bytes : ids->number);
}

/* The names of the categories that my rows have; some rows have none. */
static int fetch_categories(const cor_team *team, const cor_kept *kept,
                            int64_t rows, row_names *names)
{
    int32_t *code = NULL;
    int64_t codes = 0;
    if (kept->names.total == 0)
        return COR_OK;
    int rc = cor_agree(team, COR_NEW(&code, rows));
    for (int64_t r = 0; rc == COR_OK && r < rows; r++)
        if (kept->code[r] >= 0)
            code[codes++] = kept->code[r];
    if (rc == COR_OK)
        rc = fetch_names(team, &kept->names, codes, code, names);
    cor_free(code);
    return rc;
}

static int fetch(const cor_team *team, const cor_interactions *data,
                 row_path *path)
{
    if (path->field == ROW_ITEM)
        return fetch_names(team, &data->item_id, data->rows, data->item,
                           &path->names);
    if (path->kept && path->kept->category)
        return fetch_categories(team, path->kept, data->rows, &path->names);
    return COR_OK;
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
    int rc = cor_agree(team, find_fields(f, path));
    for (int i = 0; rc == COR_OK && i < paths; i++)
        rc = fetch(team, data, &f->path[i]);
    if (rc != COR_OK)
        cor_row_fields_destroy(fields);
    return rc;
}

void cor_row_fields_destroy(cor_row_fields **fields)
{
    cor_row_fields *f = *fields;
    if (!f)
        return;
    for (int i = 0; f->path && i < f->paths; i++) {
        cor_touched_free(&f->path[i].names.touched);
        cor_ids_free(&f->path[i].names.ids);
    }
    cor_free(f->path);
    cor_free(f);
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

static cor_field real(double value)
{
    bool is_whole = value == floor(value) && fabs(value) < 0x1p53;
    return (cor_field){.kind = COR_FIELD_NUMBER,
                       .form = COR_FORM_NATIVE,
                       .number = {.whole = is_whole,
                                  .integer = is_whole ? (int64_t)value : 0,
                                  .real = value}};
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

static cor_field named(const row_names *names, int32_t number)
{
    return id(&names->ids, cor_touched_slot(&names->touched, number));
}

/* What a row has none of is missing. */
static cor_field kept(const row_path *path, int64_t row)
{
    const cor_kept *column = path->kept;
    if (column->category)
        return column->code[row] < 0 ? (cor_field){0}
                                     : named(&path->names, column->code[row]);
    return isnan(column->number[row]) ? (cor_field){0}
                                      : real(column->number[row]);
}

void cor_row_fields_get(const cor_row_fields *f, int64_t row, cor_field *field)
{
    const cor_interactions *data = f->data;
    for (int i = 0; i < f->paths; i++) {
        const row_path *path = &f->path[i];
        if (path->field == ROW_USER)
            field[i] =
                id(&data->user_id, data->user[row] - data->user_id.first);
        else if (path->field == ROW_ITEM)
            field[i] = named(&path->names, data->item[row]);
        else if (path->field == ROW_VALUE)
            field[i] = single(data->value[row]);
        else if (path->field == ROW_TIME)
            field[i] = data->time ? whole(data->time[row]) : (cor_field){0};
        else
            field[i] = kept(path, row);
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
