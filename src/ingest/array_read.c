/* Rows of numbers in binary: read a block at a time, turned into doubles, kept
 * as the matrix wants them. Limit: the page cache and memory, at a few bytes a
 * nanosecond and thread. */
#include "array.h"

#include "coracle/failure.h"
#include "coracle/text.h"

#include <omp.h>
#include <string.h>

/* What a thread reads at a time; of columns that are contiguous a run each. */
enum { BLOCK = 1 << 20, FORTRAN_BLOCK = 16 << 20, CHUNK_LIMIT = 64 << 20 };

/* Rows [first, first + count) of a file become mine from `at` on. */
typedef struct reading {
    const ingest_array *array;
    const cor_table *table;
    const ingest_choice *choice;
    const ingest_target *target;
    int64_t first, count, at;
    int64_t block; /* rows */
    int fd;
} reading;

/* A row of the file, all its numbers, becomes my row `at`. `number` has room
   for the chosen ones behind them. */
static int keep_row(const ingest_array *array, const ingest_choice *choice,
                    const ingest_target *target, int thread, int64_t row,
                    int64_t at, double *number)
{
    double *chosen = number;
    if (!choice->all) {
        chosen = number + choice->fields;
        for (int64_t c = 0; c < choice->columns; c++)
            chosen[c] = number[choice->field[c]];
    }
    int64_t column = ingest_target_put(target, thread, at, chosen);
    if (column < 0)
        return COR_OK;
    char text[COR_NUMBER_SIZE];
    cor_text_print_double(chosen[column], text);
    return cor_fail(COR_EDATA,
                    "%s: row %lld, column %lld: %s is not a finite number "
                    "that the matrix can hold; leave the row or the column "
                    "out%s",
                    array->file.path, (long long)row + 1,
                    (long long)choice->field[column] + 1, text,
                    isfinite(chosen[column]) ? ", or give --type float64" : "");
}

int64_t ingest_array_room(const ingest_choice *choice)
{
    return choice->fields + choice->columns;
}

int ingest_array_keep(const ingest_array *array, const ingest_choice *choice,
                      const ingest_target *target, int thread,
                      const char *elements, int64_t stride, int64_t row,
                      int64_t at, double *number)
{
    ingest_elements_read(array, elements, stride, array->columns, number);
    return keep_row(array, choice, target, thread, row, at, number);
}

/* Rows [from, from + rows) of the file into `raw`: row by row, or of a file in
   Fortran order a run of each column. */
static int read_raw(const reading *r, int64_t from, int64_t rows, char *raw)
{
    const ingest_array *a = r->array;
    int64_t width = a->width;
    if (!a->fortran)
        return cor_source_read(&a->file, r->fd,
                               a->begin + from * a->columns * width,
                               rows * a->columns * width, raw);
    for (int64_t c = 0; c < a->columns; c++)
        COR_TRY(cor_source_read(&a->file, r->fd,
                                a->begin + (c * a->rows + from) * width,
                                rows * width, raw + c * rows * width));
    return COR_OK;
}

static int read_block(const reading *r, int64_t from, int64_t rows, int thread,
                      char *raw, double *number)
{
    const ingest_array *a = r->array;
    int64_t width = a->width, row = a->fortran ? width : width * a->columns;
    int64_t stride = a->fortran ? rows * width : width;
    COR_TRY(read_raw(r, from, rows, raw));
    for (int64_t i = 0; i < rows; i++)
        COR_TRY(ingest_array_keep(a, r->choice, r->target, thread,
                                  raw + i * row, stride, from + i,
                                  r->at + from + i - r->first, number));
    return COR_OK;
}

/* HDF5 turns the numbers into doubles itself. */
static int read_table_block(const reading *r, int64_t from, int64_t rows,
                            double *raw, double *number)
{
    int64_t k = r->array->columns;
    COR_TRY(cor_table_read(r->table, from, rows, COR_FLOAT64, raw));
    for (int64_t i = 0; i < rows; i++) {
        memcpy(number, raw + i * k, (size_t)k * sizeof *number);
        COR_TRY(keep_row(r->array, r->choice, r->target, 0, from + i,
                         r->at + from + i - r->first, number));
    }
    return COR_OK;
}

/* Blocks begin at whole numbers of blocks of the file. */
static void block_at(const reading *r, int64_t index, int64_t *from,
                     int64_t *rows)
{
    int64_t begin = (r->first / r->block + index) * r->block;
    int64_t end = begin + r->block, last = r->first + r->count;
    *from = begin > r->first ? begin : r->first;
    *rows = (end < last ? end : last) - *from;
}

static int read_some(const reading *r, int64_t index, int thread)
{
    int64_t from, rows, width = r->table ? 8 : r->array->width;
    char *raw = NULL;
    double *number = NULL;
    block_at(r, index, &from, &rows);
    int rc = cor_allocate(&raw, rows, (size_t)(r->array->columns * width),
                          "rows as in the file");
    if (rc == COR_OK)
        rc = COR_NEW(&number, ingest_array_room(r->choice));
    if (rc == COR_OK)
        rc = r->table ? read_table_block(r, from, rows, (double *)raw, number)
                      : read_block(r, from, rows, thread, raw, number);
    cor_free(number);
    cor_free(raw);
    return rc;
}

static int read_blocks(const reading *r, cor_progress *progress)
{
    cor_failure failure = COR_NO_FAILURE;
    int threads = r->table ? 1 : r->target->threads; /* HDF5 knows no threads */
    int64_t blocks =
        (r->first + r->count - 1) / r->block - r->first / r->block + 1;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t i = 0; i < blocks; i++) {
        int rc = failure.code;
        if (rc == COR_OK)
            rc = read_some(r, i, omp_get_thread_num());
        if (rc != COR_OK)
            cor_failure_note(&failure, rc, i);
        if (omp_get_thread_num() == 0)
            cor_progress_update(progress, r->at + i * r->block);
    }
    return cor_failure_raise(&failure);
}

int ingest_array_read(const ingest_array *array, const cor_table *table,
                      const ingest_choice *choice, const ingest_target *target,
                      int64_t first, int64_t count, int64_t at,
                      cor_progress *progress)
{
    reading r = {.array = array,
                 .table = table,
                 .choice = choice,
                 .target = target,
                 .first = first,
                 .count = count,
                 .at = at,
                 .fd = -1};
    int64_t bytes = array->columns * (table ? 8 : array->width);
    int64_t most = array->fortran ? FORTRAN_BLOCK : BLOCK;
    if (count == 0)
        return COR_OK;
    r.block = bytes < most ? most / bytes : 1;
    if (table && r.block < cor_table_block(table) &&
        cor_table_block(table) <= CHUNK_LIMIT / bytes)
        r.block = cor_table_block(table);
    if (!table)
        COR_TRY(cor_source_open(&array->file, &r.fd));
    int rc = read_blocks(&r, progress);
    cor_source_close(&r.fd);
    return rc;
}
