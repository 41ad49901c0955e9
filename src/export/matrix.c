/* A matrix as CSV or .npy. Limit: of CSV the digits, some 60 nanoseconds a
 * number and thread; of .npy the disk. */
#include "coracle/export.h"

#include "coracle/csv.h"
#include "coracle/cut.h"
#include "coracle/failure.h"
#include "coracle/matrix.h"
#include "coracle/memory.h"
#include "coracle/sink.h"
#include "coracle/table.h"
#include "coracle/text.h"
#include "steps.h"

#include <stdio.h>
#include <string.h>

/* Numbers of a block: a few megabytes, whole chunks of the store. */
enum { BLOCK = 256 << 10 };
/* The magic, two bytes of version, two of the length; numbers begin at a
   multiple of 64. */
enum { NPY_MAGIC = 10, NPY_ALIGN = 64, NPY_HEADER = 256 };

typedef struct matrix_export {
    const cor_team *team;
    const cor_export_job *job;
    cor_matrix_size size;
    cor_table *table;
    int64_t block; /* rows */
    void *value;   /* block x columns */
} matrix_export;

static int open_matrix(const cor_team *team, const cor_export_job *job,
                       matrix_export *e)
{
    *e = (matrix_export){.team = team, .job = job};
    COR_TRY(cor_matrix_measure(team, job->store, &e->size));
    COR_TRY(cor_table_open(team, job->store, "/matrix", &e->table));
    int64_t chunk = cor_table_block(e->table);
    e->block = BLOCK / e->size.columns / chunk * chunk;
    if (e->block < chunk)
        e->block = chunk;
    return cor_agree(team, cor_allocate(&e->value, e->block,
                                        (size_t)e->size.columns *
                                            cor_type_size(e->size.type, 0),
                                        "rows to write"));
}

static void close_matrix(matrix_export *e)
{
    cor_table_close(&e->table);
    cor_free(e->value);
}

/* ---- CSV ---- */

/* The names of the columns, where they have any. */
static int make_header(const cor_team *team, const cor_export_job *job,
                       cor_csv *header)
{
    cor_ids name;
    cor_matrix_columns columns;
    COR_TRY(cor_matrix_read_columns(team, job->store, &name, &columns, NULL));
    for (int64_t c = 0; c < name.total; c++) {
        char text[COR_ID_LIMIT + 1];
        cor_ids_print(&name, c, text, sizeof text);
        cor_csv_text(header, text);
    }
    if (name.total)
        cor_csv_end(header);
    cor_ids_free(&name);
    cor_matrix_columns_free(&columns);
    return cor_agree(team, header->status);
}

/* Row `row` of the block as a line. @return its end */
static char *print_row(const matrix_export *e, int64_t row, char *out)
{
    int64_t k = e->size.columns;
    const double *wide = (const double *)e->value + row * k;
    const float *narrow = (const float *)e->value + row * k;
    for (int64_t c = 0; c < k; c++) {
        out += e->size.type == COR_FLOAT64
                   ? cor_text_print_double(wide[c], out)
                   : cor_text_print_float(narrow[c], out);
        *out++ = c + 1 < k ? ',' : '\n';
    }
    return out;
}

/* A thread's rows of the block. */
static int print_rows(const matrix_export *e, int64_t first, int64_t end,
                      int slot, cor_sink *sink)
{
    char *text = NULL;
    COR_TRY(
        cor_allocate(&text, e->size.columns, COR_NUMBER_SIZE, "text of a row"));
    for (int64_t row = first; row < end; row++)
        cor_sink_add(sink, slot, 0, text, print_row(e, row, text) - text);
    cor_free(text);
    return COR_OK;
}

static int print_block(const matrix_export *e, export_block mine, int slots,
                       cor_sink *sink)
{
    cor_failure failure = COR_NO_FAILURE;
    COR_TRY(cor_table_read(e->table, mine.first, mine.count, e->size.type,
                           e->value));
#pragma omp parallel for num_threads(slots) schedule(static, 1)
    for (int slot = 0; slot < slots; slot++) {
        int rc =
            print_rows(e, cor_cut_begin(mine.count, slot, slots),
                       cor_cut_begin(mine.count, slot + 1, slots), slot, sink);
        if (rc != COR_OK)
            cor_failure_note(&failure, rc, slot);
    }
    return cor_failure_raise(&failure);
}

static int print_all(const matrix_export *e, int slots, cor_sink *sink)
{
    int64_t steps = export_steps(e->team, e->size.rows, e->block);
    for (int64_t step = 0; step < steps; step++) {
        export_block mine =
            export_block_at(e->team, e->size.rows, e->block, step);
        COR_TRY(cor_agree(e->team, print_block(e, mine, slots, sink)));
        COR_TRY(cor_agree(e->team, cor_sink_flush(sink)));
        cor_progress_update(e->job->progress, mine.first + mine.count);
    }
    return COR_OK;
}

static int write_csv(const matrix_export *e)
{
    cor_csv header = {0};
    cor_sink *sink = NULL;
    int slots = cor_team_threads(e->team);
    int rc = make_header(e->team, e->job, &header);
    cor_sink_way way = {.order = COR_SINK_STEPS,
                        .slots = slots,
                        .header = header.bytes,
                        .header_bytes = header.length};
    if (rc == COR_OK)
        rc = cor_sink_create(e->team, &way, &e->job->path, 1, e->job->force,
                             &sink);
    if (rc == COR_OK)
        rc = print_all(e, slots, sink);
    if (rc == COR_OK)
        rc = cor_sink_commit(&sink);
    cor_sink_abandon(&sink);
    cor_csv_free(&header);
    return rc;
}

/* ---- .npy ---- */

/* The header; numbers are written as this machine holds them. @return its
   length */
static int64_t npy_header(const matrix_export *e, char header[NPY_HEADER])
{
    const uint16_t one = 1;
    char order = *(const char *)&one ? '<' : '>';
    int written = snprintf(
        header + NPY_MAGIC, NPY_HEADER - NPY_MAGIC,
        "{'descr': '%cf%d', 'fortran_order': False, 'shape': (%lld, %lld), }",
        order, (int)cor_type_size(e->size.type, 0), (long long)e->size.rows,
        (long long)e->size.columns);
    int64_t length = NPY_MAGIC + written + 1;
    length = (length + NPY_ALIGN - 1) / NPY_ALIGN * NPY_ALIGN;
    memset(header + NPY_MAGIC + written, ' ',
           (size_t)(length - NPY_MAGIC - written));
    header[length - 1] = '\n';
    memcpy(header, "\x93NUMPY\x01", 8); /* version 1.0 */
    header[8] = (char)((length - NPY_MAGIC) % 256);
    header[9] = (char)((length - NPY_MAGIC) / 256);
    return length;
}

/* My even part of the rows, whole blocks. */
static int write_rows(const matrix_export *e, cor_output *output, int64_t begin)
{
    int rank = cor_team_rank(e->team), size = cor_team_size(e->team);
    int64_t blocks = (e->size.rows + e->block - 1) / e->block;
    int64_t row_bytes =
        e->size.columns * (int64_t)cor_type_size(e->size.type, 0);
    int64_t end = cor_cut_begin(blocks, rank + 1, size);
    for (int64_t b = cor_cut_begin(blocks, rank, size); b < end; b++) {
        int64_t first = b * e->block, count = e->size.rows - first;
        count = count < e->block ? count : e->block;
        COR_TRY(cor_table_read(e->table, first, count, e->size.type, e->value));
        COR_TRY(cor_output_write(output, e->value, count * row_bytes,
                                 begin + first * row_bytes));
        cor_progress_update(e->job->progress, (first + count) * size);
    }
    return COR_OK;
}

static int write_npy(const matrix_export *e)
{
    char header[NPY_HEADER];
    cor_output *output = NULL;
    int64_t begin = npy_header(e, header);
    int rc = cor_output_begin(e->team, e->job->path, e->job->force, &output);
    COR_TRY(rc);
    if (cor_team_rank(e->team) == 0)
        rc = cor_output_write(output, header, begin, 0);
    if (rc == COR_OK)
        rc = write_rows(e, output, begin);
    rc = cor_agree(e->team, rc);
    if (rc == COR_OK)
        return cor_output_commit(&output);
    cor_output_abandon(&output);
    return rc;
}

int cor_export_matrix(const cor_team *team, const cor_export_job *job,
                      int64_t *rows)
{
    matrix_export e;
    if (job->format != COR_EXPORT_CSV && job->format != COR_EXPORT_NPY)
        return cor_fail(COR_EUSAGE, "a matrix is written as csv or npy");
    int rc = open_matrix(team, job, &e);
    *rows = e.size.rows;
    if (rc == COR_OK) {
        cor_progress_begin(job->progress, "write", e.size.rows);
        rc = job->format == COR_EXPORT_CSV ? write_csv(&e) : write_npy(&e);
        cor_progress_end(job->progress);
    }
    close_matrix(&e);
    return rc;
}

int cor_export_matrix_plan(const cor_team *team, const cor_export_job *job,
                           cor_plan *plan)
{
    matrix_export e;
    int rc = open_matrix(team, job, &e);
    if (rc == COR_OK) {
        int64_t size = cor_team_size(team), k = e.size.columns;
        int64_t number = (int64_t)cor_type_size(e.size.type, 0);
        bool text = job->format == COR_EXPORT_CSV;
        /* text: twice, as it grows by doubling */
        plan->rows_rank = (e.size.rows + size - 1) / size;
        plan->bytes_rank = cor_plan_base() + e.block * k * number;
        if (text)
            plan->bytes_rank +=
                (2 * e.block + cor_team_threads(team)) * k * COR_NUMBER_SIZE;
        plan->bytes_disk =
            e.size.rows * k * (text ? COR_NUMBER_SIZE * 5 / 8 : number);
    }
    close_matrix(&e);
    return rc;
}
