/* Interactions as CSV or .inter, with the ids of the input: of each block the
 * users' are read, since they stand together, and the items' are fetched from
 * the ranks that hold them. Limit: the text, some 100 nanoseconds a row. */
#include "coracle/export.h"

#include "coracle/csv.h"
#include "coracle/cut.h"
#include "coracle/failure.h"
#include "coracle/interactions.h"
#include "coracle/memory.h"
#include "coracle/recommend.h"
#include "coracle/sink.h"
#include "coracle/table.h"
#include "coracle/text.h"
#include "kept.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK = 256 << 10 }; /* rows */
/* Bytes of a row of a block with what fetches its ids and its text; of a row as
   text alone; and of each kept column. */
enum { ROW_BYTES = 192, ROW_TEXT = 40, KEPT_BYTES = 64, KEPT_TEXT = 10 };

typedef struct interactions_export {
    const cor_team *team;
    const cor_export_job *job;
    cor_file *file;
    cor_interactions_summary summary;
    cor_table *user_table, *item_table, *value_table;
    cor_table *time_table; /* NULL where there are no times */
    cor_ids item_id;       /* my even part of all */
    /* a block: */
    int32_t *user, *item;
    float *value;
    int64_t *time;
    export_kept kept;
} interactions_export;

/* The ids of a block's rows: of its users a run that begins with `first_user`,
   of its items what `item` counts in. */
typedef struct block_ids {
    int64_t first_user;
    cor_ids user;
    cor_names *item;
} block_ids;

static int open_columns(const cor_team *team, const cor_export_job *job,
                        interactions_export *e)
{
    const char *store = job->store;
    COR_TRY(cor_table_open(team, store, "/interactions/user", &e->user_table));
    COR_TRY(cor_table_open(team, store, "/interactions/item", &e->item_table));
    COR_TRY(
        cor_table_open(team, store, "/interactions/value", &e->value_table));
    if (e->summary.has_time)
        COR_TRY(
            cor_table_open(team, store, "/interactions/time", &e->time_table));
    int rc = COR_NEW(&e->user, BLOCK);
    if (rc == COR_OK)
        rc = COR_NEW(&e->item, BLOCK);
    if (rc == COR_OK)
        rc = COR_NEW(&e->value, BLOCK);
    if (rc == COR_OK && e->time_table)
        rc = COR_NEW(&e->time, BLOCK);
    COR_TRY(cor_agree(team, rc));
    return export_kept_open(team, store, e->file, BLOCK, &e->kept);
}

static int open_interactions(const cor_team *team, const cor_export_job *job,
                             interactions_export *e)
{
    enum cor_type type;
    int64_t width, items, none;
    int rank = cor_team_rank(team), size = cor_team_size(team);
    *e = (interactions_export){.team = team, .job = job};
    COR_TRY(cor_file_open(team, job->store, "interactions", &e->file));
    COR_TRY(cor_interactions_summarise(team, e->file, &e->summary));
    COR_TRY(cor_file_shape(e->file, "items/id", &type, &width, &items, &none));
    int64_t first = cor_cut_begin(items, rank, size);
    COR_TRY(cor_ids_read(e->file, "items/id", first,
                         cor_cut_begin(items, rank + 1, size) - first,
                         &e->item_id));
    return open_columns(team, job, e);
}

static void close_interactions(interactions_export *e)
{
    cor_table_close(&e->user_table);
    cor_table_close(&e->item_table);
    cor_table_close(&e->value_table);
    cor_table_close(&e->time_table);
    cor_ids_free(&e->item_id);
    cor_file_close(&e->file);
    cor_free(e->user);
    cor_free(e->item);
    cor_free(e->value);
    cor_free(e->time);
    export_kept_close(&e->kept);
}

static int read_columns(const interactions_export *e, export_block mine)
{
    COR_TRY(cor_table_read(e->user_table, mine.first, mine.count, COR_INT32,
                           e->user));
    COR_TRY(cor_table_read(e->item_table, mine.first, mine.count, COR_INT32,
                           e->item));
    COR_TRY(cor_table_read(e->value_table, mine.first, mine.count, COR_FLOAT32,
                           e->value));
    if (e->time_table)
        COR_TRY(cor_table_read(e->time_table, mine.first, mine.count, COR_INT64,
                               e->time));
    COR_TRY(export_kept_read(&e->kept, e->job->store, mine));
    for (int64_t i = 1; i < mine.count; i++)
        if (e->user[i] < e->user[i - 1])
            return cor_fail(COR_EDATA,
                            "%s is damaged: its users are out of order: make "
                            "it again",
                            e->job->store);
    return COR_OK;
}

/* Rows stand by user, so the users of a block are a run. Collective. */
static int read_ids(const interactions_export *e, export_block mine,
                    block_ids *ids)
{
    int64_t users = 0;
    *ids = (block_ids){0};
    if (mine.count) {
        ids->first_user = e->user[0];
        users = e->user[mine.count - 1] - ids->first_user + 1;
    }
    COR_TRY(
        cor_ids_read(e->file, "users/id", ids->first_user, users, &ids->user));
    return cor_names_create(e->team, &e->item_id, NULL, e->item, mine.count,
                            &ids->item);
}

static void free_ids(block_ids *ids)
{
    cor_ids_free(&ids->user);
    cor_names_destroy(&ids->item);
}

static int put_id(const interactions_export *e, const cor_ids *ids, int64_t row,
                  cor_csv *out)
{
    char id[COR_ID_LIMIT + 1];
    cor_ids_print(ids, row, id, sizeof id);
    if (e->job->format != COR_EXPORT_INTER) {
        cor_csv_text(out, id);
        return COR_OK;
    }
    COR_TRY(export_put_plain(e->job, "id", id, out));
    cor_csv_bytes(out, "\t", 1);
    return COR_OK;
}

/* Value and time of a row. */
static void put_numbers(const interactions_export *e, int64_t row, cor_csv *out)
{
    bool inter = e->job->format == COR_EXPORT_INTER;
    char text[2 * COR_NUMBER_SIZE];
    int length = 0;
    if (!inter)
        text[length++] = ',';
    length += cor_text_print_float(e->value[row], text + length);
    if (e->time)
        length += snprintf(text + length, COR_NUMBER_SIZE, "%c%lld",
                           inter ? '\t' : ',', (long long)e->time[row]);
    cor_csv_bytes(out, text, length);
}

/* A thread's rows of the block. */
static int print_rows(const interactions_export *e, const block_ids *ids,
                      int64_t first, int64_t end, int slot, cor_sink *sink)
{
    cor_csv text = {0};
    const cor_ids *item = cor_names_id(ids->item);
    int rc = COR_OK;
    for (int64_t i = first; i < end && rc == COR_OK; i++) {
        rc = put_id(e, &ids->user, e->user[i] - ids->first_user, &text);
        if (rc == COR_OK)
            rc = put_id(e, item, e->item[i], &text);
        if (rc == COR_OK) {
            put_numbers(e, i, &text);
            rc = export_kept_put(&e->kept, e->job, i, &text);
            cor_csv_end(&text);
        }
    }
    if (rc == COR_OK)
        rc = text.status;
    if (rc == COR_OK)
        cor_sink_add(sink, slot, 0, text.bytes, text.length);
    cor_csv_free(&text);
    return rc;
}

static int print_block(const interactions_export *e, const block_ids *ids,
                       export_block mine, int slots, cor_sink *sink)
{
    cor_failure failure = COR_NO_FAILURE;
#pragma omp parallel for num_threads(slots) schedule(static, 1)
    for (int slot = 0; slot < slots; slot++) {
        int rc =
            print_rows(e, ids, cor_cut_begin(mine.count, slot, slots),
                       cor_cut_begin(mine.count, slot + 1, slots), slot, sink);
        if (rc != COR_OK)
            cor_failure_note(&failure, rc, slot);
    }
    return cor_failure_raise(&failure);
}

static int write_step(interactions_export *e, int64_t step, int slots,
                      cor_sink *sink)
{
    block_ids ids;
    export_block mine =
        export_block_at(e->team, e->summary.interactions, BLOCK, step);
    COR_TRY(cor_agree(e->team, read_columns(e, mine)));
    int rc = read_ids(e, mine, &ids);
    if (rc == COR_OK)
        rc = export_kept_fetch(e->team, &e->kept, mine);
    if (rc == COR_OK)
        rc = cor_agree(e->team, print_block(e, &ids, mine, slots, sink));
    free_ids(&ids);
    export_kept_forget(&e->kept);
    if (rc == COR_OK)
        rc = cor_agree(e->team, cor_sink_flush(sink));
    cor_progress_update(e->job->progress, mine.first + mine.count);
    return rc;
}

static int print_header(const interactions_export *e, cor_csv *header)
{
    const char *columns = "user,item,value";
    if (e->job->format == COR_EXPORT_INTER)
        columns = "user_id:token\titem_id:token\trating:float";
    cor_csv_bytes(header, columns, (int64_t)strlen(columns));
    if (e->time_table)
        columns =
            e->job->format == COR_EXPORT_INTER ? "\ttimestamp:float" : ",time";
    if (e->time_table)
        cor_csv_bytes(header, columns, (int64_t)strlen(columns));
    COR_TRY(export_kept_header(&e->kept, e->job, header));
    cor_csv_end(header);
    return header->status;
}

static int write_below(interactions_export *e, const cor_csv *header)
{
    cor_sink *sink = NULL;
    int slots = cor_team_threads(e->team);
    cor_sink_way way = {.order = COR_SINK_STEPS,
                        .slots = slots,
                        .header = header->bytes,
                        .header_bytes = header->length};
    int64_t steps = export_steps(e->team, e->summary.interactions, BLOCK);
    int rc =
        cor_sink_create(e->team, &way, &e->job->path, 1, e->job->force, &sink);
    for (int64_t step = 0; rc == COR_OK && step < steps; step++)
        rc = write_step(e, step, slots, sink);
    if (rc == COR_OK)
        rc = cor_sink_commit(&sink);
    cor_sink_abandon(&sink);
    return rc;
}

static int write_all(interactions_export *e)
{
    cor_csv header = {0};
    int rc = cor_agree(e->team, print_header(e, &header));
    if (rc == COR_OK)
        rc = write_below(e, &header);
    cor_csv_free(&header);
    return rc;
}

int cor_export_interactions(const cor_team *team, const cor_export_job *job,
                            int64_t *rows)
{
    interactions_export e;
    if (job->format != COR_EXPORT_CSV && job->format != COR_EXPORT_INTER)
        return cor_fail(COR_EUSAGE, "interactions are written as csv or inter");
    int rc = open_interactions(team, job, &e);
    *rows = e.summary.interactions;
    if (rc == COR_OK) {
        cor_progress_begin(job->progress, "write", *rows);
        rc = write_all(&e);
        cor_progress_end(job->progress);
    }
    close_interactions(&e);
    return rc;
}

int cor_export_interactions_plan(const cor_team *team,
                                 const cor_export_job *job, cor_plan *plan)
{
    interactions_export e;
    int rc = open_interactions(team, job, &e);
    if (rc == COR_OK) {
        int64_t size = cor_team_size(team), rows = e.summary.interactions;
        int64_t width = e.item_id.text ? e.item_id.width : 8;
        plan->rows_rank = (rows + size - 1) / size;
        /* the table of items stands three times while names are fetched */
        plan->bytes_rank = cor_plan_base() +
                           BLOCK * (ROW_BYTES + e.kept.count * KEPT_BYTES) +
                           3 * width * (e.item_id.total / size + 1);
        plan->bytes_disk = rows * (ROW_TEXT + e.kept.count * KEPT_TEXT);
    }
    close_interactions(&e);
    return rc;
}
