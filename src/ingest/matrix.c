/* Tables of numbers to a matrix: look at the files, say how many rows there
   are, make room for mine, read them, and bring the columns to one scale. */
#include "coracle/ingest_matrix.h"

#include "array.h"
#include "coracle/memory.h"
#include "matrix_text.h"

#include <math.h>
#include <string.h>

/* Bytes beside the matrix: read buffers of a thread, what a packed file's rows
   take on their way, chunks and conversions of HDF5. */
enum { THREAD_ROOM = 4 << 20, RANK_ROOM = 32 << 20 };

/* Rounding that moves a number by more than this part of its column's range
   leaves less than three digits of it. */
static const double COARSE = 1e-3;

/* The input: either text or arrays. */
typedef struct tables {
    const cor_team *team;
    int files;
    bool is_text;
    matrix_text text;
    ingest_array *array;  /* files */
    cor_table **table;    /* files; NULL for what is not HDF5 */
    int64_t *first;       /* files + 1: rows of the matrix */
    ingest_choice choice; /* of arrays */
} tables;

static void close_tables(tables *t)
{
    matrix_text_close(&t->text);
    ingest_choice_free(&t->choice);
    for (int f = 0; t->table && f < t->files; f++)
        cor_table_close(&t->table[f]);
    cor_free(t->table);
    cor_free(t->array);
    cor_free(t->first);
}

static int check_options(int files, const cor_ingest_matrix_options *options)
{
    if (files < 1)
        return cor_fail(COR_EUSAGE, "no file to read; name one or more");
    if (options->shards < 0 || options->shards > COR_SHARDS_LIMIT)
        return cor_fail(COR_EUSAGE,
                        "--shards %lld makes no sense; it must be from 1 to "
                        "%d, or 0 to choose by size",
                        (long long)options->shards, COR_SHARDS_LIMIT);
    if (options->format > COR_FORMAT_DAT)
        return cor_fail(COR_EUSAGE, "a table of numbers is text as csv, tsv or "
                                    "dat: give one of these as --format, or "
                                    "none for other files");
    return COR_OK;
}

/* Rank 0 looks at all beginnings. */
static int find_kinds(const char *const *file, tables *t)
{
    for (int f = 0; f < t->files; f++) {
        bool found;
        COR_TRY(ingest_array_find(file[f], &t->array[f], &found));
        if (f == 0)
            t->is_text = !found;
        if (t->is_text == found)
            return cor_fail(COR_EDATA,
                            "%s is %s and %s is not: give files of one kind",
                            file[f], found ? "an array" : "text", file[0]);
    }
    return COR_OK;
}

static int open_table(const char *path, ingest_array *array, tables *t, int f)
{
    char *file = NULL; /* without the colon and what is behind it */
    size_t length = strlen(path) - strlen(array->dataset) - 1;
    COR_TRY(cor_agree(
        t->team, cor_allocate_zeroed(&file, (int64_t)length + 1, 1, "path")));
    memcpy(file, path, length);
    int rc = cor_table_open(t->team, file, array->dataset, &t->table[f]);
    cor_free(file);
    COR_TRY(rc);
    array->rows = cor_table_rows(t->table[f]);
    array->columns = cor_table_columns(t->table[f]);
    array->fits_float32 = cor_table_fits_float32(t->table[f]);
    return COR_OK;
}

/* All arrays must have the columns of the first. */
static int check_alike(const tables *t, int f)
{
    const ingest_array *array = &t->array[f];
    if (array->rows < 1)
        return cor_fail(COR_EDATA, "%s has no rows", array->file.path);
    if (array->columns != t->array[0].columns)
        return cor_fail(COR_EDATA,
                        "%s has %lld columns where %s has %lld: give tables of "
                        "the same columns",
                        array->file.path, (long long)array->columns,
                        t->array[0].file.path, (long long)t->array[0].columns);
    return COR_OK;
}

static int open_arrays(const char *const *file,
                       const cor_ingest_matrix_options *options, tables *t)
{
    cor_team_share(t->team, t->array, (int64_t)sizeof *t->array * t->files, 0);
    for (int f = 0; f < t->files; f++) {
        t->array[f].file.path = file[f];
        if (t->array[f].hdf5)
            COR_TRY(open_table(file[f], &t->array[f], t, f));
        COR_TRY(check_alike(t, f));
        t->first[f + 1] = t->first[f] + t->array[f].rows;
    }
    return cor_agree(t->team,
                     ingest_choice_make(options->columns, file[0], NULL,
                                        t->array[0].columns, &t->choice));
}

static int open_tables(const cor_team *team, const char *const *file, int files,
                       const cor_ingest_matrix_options *options, tables *t)
{
    *t = (tables){.team = team, .files = files};
    COR_TRY(check_options(files, options));
    int rc = COR_NEW_ZEROED(&t->array, files);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&t->table, files);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&t->first, files + 1);
    if (rc == COR_OK && cor_team_rank(team) == 0)
        rc = find_kinds(file, t);
    COR_TRY(cor_agree(team, rc));
    cor_team_share(team, &t->is_text, sizeof t->is_text, 0);
    if (t->is_text)
        return matrix_text_open(team, file, files, options, &t->text);
    return open_arrays(file, options, t);
}

/* The type that the user wants, or that of the input. */
static enum cor_type type_of(const tables *t, enum cor_matrix_wanted wanted)
{
    bool fits = !t->is_text;
    for (int f = 0; f < t->files && !t->is_text; f++)
        fits = fits && t->array[f].fits_float32;
    if (wanted == COR_MATRIX_AS_INPUT)
        return fits ? COR_FLOAT32 : COR_FLOAT64;
    return wanted == COR_MATRIX_FLOAT32 ? COR_FLOAT32 : COR_FLOAT64;
}

/* Whether numbers are read that float32 may have to round. */
static bool is_wide(const tables *t)
{
    return type_of(t, COR_MATRIX_AS_INPUT) == COR_FLOAT64;
}

static int read_arrays(const tables *t, const ingest_target *target,
                       cor_progress *progress)
{
    const cor_matrix *matrix = target->matrix;
    int64_t end = matrix->first + matrix->count;
    int rc = COR_OK;
    cor_progress_begin(progress, "read", matrix->rows);
    for (int f = 0; rc == COR_OK && f < t->files; f++) {
        int64_t from =
            t->first[f] > matrix->first ? t->first[f] : matrix->first;
        int64_t to = t->first[f + 1] < end ? t->first[f + 1] : end;
        if (from < to && !t->array[f].packed)
            rc = ingest_array_read(&t->array[f], t->table[f], &t->choice,
                                   target, from - t->first[f], to - from,
                                   from - matrix->first, progress);
    }
    rc = cor_agree(t->team, rc);
    if (rc == COR_OK)
        rc = ingest_packed_read(t->team, t->array, t->files, t->first,
                                &t->choice, target, progress);
    cor_progress_update(progress, matrix->rows);
    cor_progress_end(progress);
    return rc;
}

static int start_rounding(ingest_target *target)
{
    int64_t k = target->matrix->columns;
    COR_TRY(cor_allocate_zeroed(&target->rounding, target->threads,
                                (size_t)(3 * k) * sizeof *target->rounding,
                                "what rounding does to columns"));
    for (int t = 0; t < target->threads; t++)
        for (int64_t c = 0; c < k; c++) {
            target->rounding[(3 * t + 0) * k + c] = INFINITY;
            target->rounding[(3 * t + 1) * k + c] = -INFINITY;
        }
    return COR_OK;
}

/* The first column that float32 keeps badly. Collective. */
static void judge_rounding(const cor_team *team, const ingest_target *target,
                           cor_ingest_matrix_report *report)
{
    int64_t k = target->matrix->columns;
    double *low = target->rounding, *high = low + k, *moved = high + k;
    for (int t = 1; t < target->threads; t++)
        for (int64_t c = 0; c < k; c++) {
            low[c] = fmin(low[c], target->rounding[(3 * t + 0) * k + c]);
            high[c] = fmax(high[c], target->rounding[(3 * t + 1) * k + c]);
            moved[c] = fmax(moved[c], target->rounding[(3 * t + 2) * k + c]);
        }
    cor_team_min_double(team, low, k);
    cor_team_max_double(team, high, 2 * k);
    for (int64_t c = 0; c < k && report->coarse < 0; c++)
        if (high[c] > low[c] && moved[c] > COARSE * (high[c] - low[c])) {
            report->coarse = c;
            report->coarse_step = moved[c];
            report->coarse_range = high[c] - low[c];
        }
}

static int read_rows(const tables *t, cor_progress *progress, bool rounds,
                     cor_matrix *matrix, cor_ingest_matrix_report *report)
{
    ingest_target target = {.matrix = matrix,
                            .threads = cor_team_threads(t->team)};
    int rc = cor_agree(t->team, rounds ? start_rounding(&target) : COR_OK);
    if (rc == COR_OK)
        rc = t->is_text ? matrix_text_read(t->team, &t->text, progress, &target)
                        : read_arrays(t, &target, progress);
    if (rc == COR_OK && rounds)
        judge_rounding(t->team, &target, report);
    cor_free(target.rounding);
    return rc;
}

/* Offsets and scales of the columns: their means and deviations. */
static int find_scales(const cor_team *team, cor_matrix *matrix,
                       int64_t *constant)
{
    cor_matrix_columns columns;
    COR_TRY(cor_matrix_describe(team, matrix, &columns));
    matrix->offset = columns.mean;
    matrix->scale = columns.deviation;
    columns.mean = columns.deviation = NULL;
    cor_matrix_columns_free(&columns);
    *constant = 0;
    for (int64_t c = 0; c < matrix->columns; c++)
        if (matrix->scale[c] == 0) {
            matrix->scale[c] = 1;
            (*constant)++;
        }
    return COR_OK;
}

static void apply_scales(const cor_team *team, cor_matrix *matrix)
{
    int64_t k = matrix->columns;
    double *value = matrix->value;
#pragma omp parallel for num_threads(cor_team_threads(team)) schedule(static)
    for (int64_t i = 0; i < matrix->count; i++)
        for (int64_t c = 0; c < k; c++)
            value[i * k + c] =
                (value[i * k + c] - matrix->offset[c]) / matrix->scale[c];
}

/* Doubles become floats where they lie: a float never overtakes the double
   that is to be read next. The block stays as it is, as a smaller one would
   stand beside it for a while. */
static void narrow(cor_matrix *matrix)
{
    int64_t count = matrix->count * matrix->columns;
    const double *from = matrix->value;
    float *to = matrix->value;
    for (int64_t i = 0; i < count; i++) {
        double number;
        memcpy(&number, from + i, sizeof number);
        float rounded = (float)number;
        memcpy(to + i, &rounded, sizeof rounded);
    }
    matrix->type = COR_FLOAT32;
}

static int standardize(const cor_team *team, enum cor_type type,
                       cor_matrix *matrix, cor_ingest_matrix_report *report)
{
    COR_TRY(find_scales(team, matrix, &report->constant));
    apply_scales(team, matrix);
    if (type == COR_FLOAT32)
        narrow(matrix);
    return COR_OK;
}

static int read_tables(tables *t, const cor_ingest_matrix_options *options,
                       cor_progress *progress, cor_matrix *matrix,
                       cor_ingest_matrix_report *report)
{
    enum cor_type type = type_of(t, options->type);
    enum cor_type held = options->standardize ? COR_FLOAT64 : type;
    if (t->is_text)
        COR_TRY(matrix_text_count(t->team, progress, &t->text));
    int64_t rows = t->is_text ? t->text.rows : t->first[t->files];
    int64_t columns = t->is_text ? t->text.choice.columns : t->choice.columns;
    COR_TRY(cor_agree(t->team, cor_matrix_create(t->team, options->shards, rows,
                                                 columns, held, matrix)));
    COR_TRY(read_rows(t, progress, held == COR_FLOAT32 && is_wide(t), matrix,
                      report));
    matrix->name = t->text.name; /* none but text has them */
    t->text.name = (cor_ids){0};
    return options->standardize ? standardize(t->team, type, matrix, report)
                                : COR_OK;
}

static int64_t bytes_of(const tables *t)
{
    int64_t bytes = 0;
    for (int f = 0; f < t->files; f++)
        bytes += t->is_text ? t->text.in.source[f].size : t->array[f].file.size;
    return bytes;
}

/* Text is counted only later. */
static void estimate(const tables *t, const cor_ingest_matrix_options *options,
                     cor_plan *plan)
{
    int64_t size = cor_team_size(t->team);
    int64_t rows =
        t->is_text ? matrix_text_estimate(&t->text) : t->first[t->files];
    int64_t columns = t->is_text ? t->text.choice.columns : t->choice.columns;
    int64_t on_disk =
        (int64_t)cor_type_size(type_of(t, options->type), 0) * columns;
    int64_t held = options->standardize ? 8 * columns : on_disk;
    plan->rows_rank = (rows + size - 1) / size;
    plan->bytes_rank = cor_plan_base() + plan->rows_rank * held + RANK_ROOM +
                       (int64_t)THREAD_ROOM * cor_team_threads(t->team);
    plan->bytes_disk = rows * on_disk;
}

int cor_ingest_matrix_plan(const cor_team *team, const char *const *file,
                           int files, const cor_ingest_matrix_options *options,
                           cor_plan *plan)
{
    tables t;
    int rc = open_tables(team, file, files, options, &t);
    if (rc == COR_OK)
        estimate(&t, options, plan);
    close_tables(&t);
    return rc;
}

int cor_ingest_matrix(const cor_team *team, const char *const *file, int files,
                      const cor_ingest_matrix_options *options,
                      cor_progress *progress, cor_matrix *matrix,
                      cor_ingest_matrix_report *report)
{
    tables t;
    cor_plan plan;
    *matrix = (cor_matrix){0};
    *report = (cor_ingest_matrix_report){.coarse = -1};
    int rc = open_tables(team, file, files, options, &t);
    if (rc == COR_OK) {
        report->bytes = bytes_of(&t);
        estimate(&t, options, &plan);
        rc = cor_plan_check(team, &plan);
    }
    if (rc == COR_OK)
        rc = read_tables(&t, options, progress, matrix, report);
    close_tables(&t);
    if (rc != COR_OK)
        cor_matrix_free(matrix);
    return rc;
}
