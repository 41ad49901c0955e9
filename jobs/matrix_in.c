#include "matrix_in.h"

#include "stores.h"

#include <stdio.h>

/* More columns than this are not listed one by one. */
enum { LISTED = 100 };

/* The name of a column, or its position where it has none. */
static void name_of(const cor_ids *name, int64_t column, char *out, size_t size)
{
    if (name->total)
        cor_ids_print(name, column, out, size);
    else
        snprintf(out, size, "%lld", (long long)column + 1);
}

static void warn(const cor_command *command, const cor_matrix *matrix,
                 const cor_ingest_matrix_report *found)
{
    char name[COR_ID_LIMIT + 1];
    if (found->constant)
        cor_progress_note(command->progress,
                          "%lld columns hold one value alone: they became 0, "
                          "with the scale 1",
                          (long long)found->constant);
    if (found->coarse < 0)
        return;
    name_of(&matrix->name, found->coarse, name, sizeof name);
    cor_progress_note(command->progress,
                      "column %s spans %g, and float32 rounds it by up to %g: "
                      "give --type float64, or --standardize",
                      name, found->coarse_range, found->coarse_step);
}

static const char *word_of(enum cor_type type)
{
    return type == COR_FLOAT32 ? "float32" : "float64";
}

static int plan(const cor_command *command,
                const cor_ingest_matrix_options *options)
{
    cor_plan needs;
    COR_TRY(cor_ingest_matrix_plan(command->team, command->input,
                                   command->inputs, options, &needs));
    return cor_command_plan(command, &needs);
}

/* Write the output and report it. Collective. */
static int write_matrix(const cor_command *command,
                        const cor_file_options *file, const cor_matrix *matrix)
{
    char digest[17];
    cor_result *result = command->result;
    COR_TRY(
        cor_matrix_write(command->team, command->output, file, matrix, digest));
    cor_result_int(result, "rows", matrix->rows);
    cor_result_int(result, "columns", matrix->columns);
    cor_result_text(result, "type", word_of(matrix->type));
    cor_result_int(result, "shards", cor_shards_count(matrix->shards));
    cor_result_text(result, "digest", digest);
    return COR_OK;
}

int matrix_in_ingest(const cor_command *command,
                     const cor_ingest_matrix_options *options, bool compress)
{
    cor_matrix matrix;
    cor_ingest_matrix_report found;
    cor_file_options file = command->file;
    if (command->plan)
        return plan(command, options);
    file.compress = compress;
    COR_TRY(store_try_output(command, command->output));
    COR_TRY(cor_ingest_matrix(command->team, command->input, command->inputs,
                              options, command->progress, &matrix, &found));
    warn(command, &matrix, &found);
    int rc = write_matrix(command, &file, &matrix);
    if (rc == COR_OK && options->standardize)
        cor_result_int(command->result, "constant", found.constant);
    cor_matrix_free(&matrix);
    return rc;
}

int matrix_in_generate(const cor_command *command,
                       const cor_generate_matrix_options *options)
{
    cor_matrix matrix;
    COR_TRY(cor_generate_matrix_check(options));
    cor_plan needs = cor_generate_matrix_plan(command->team, options);
    COR_TRY(cor_command_plan(command, &needs));
    COR_TRY(store_try_output(command, command->output));
    COR_TRY(cor_generate_matrix(command->team, options, &matrix));
    int rc = write_matrix(command, &command->file, &matrix);
    cor_matrix_free(&matrix);
    return rc;
}

static void list_columns(const cor_ids *name, const cor_matrix_columns *columns,
                         cor_result *list)
{
    for (int64_t c = 0; c < columns->columns; c++) {
        char text[COR_ID_LIMIT + 1];
        cor_result *one = cor_result_append_object(list);
        name_of(name, c, text, sizeof text);
        cor_result_text(one, "column", text);
        cor_result_real(one, "min", columns->min[c]);
        cor_result_real(one, "mean", columns->mean[c]);
        cor_result_real(one, "max", columns->max[c]);
        cor_result_real(one, "deviation", columns->deviation[c]);
    }
}

int matrix_in_show(const cor_command *command, const char *path)
{
    cor_matrix_size size;
    cor_matrix_columns columns;
    cor_ids name;
    bool standardized;
    COR_TRY(cor_matrix_measure(command->team, path, &size));
    COR_TRY(cor_matrix_read_columns(command->team, path, &name, &columns,
                                    &standardized));
    cor_result *result = command->result;
    cor_result_int(result, "rows", size.rows);
    cor_result_int(result, "columns", size.columns);
    cor_result_text(result, "type", word_of(size.type));
    cor_result_bool(result, "standardized", standardized);
    cor_result_int(result, "shards", size.shards);
    cor_result_text(result, "digest", size.digest);
    if (size.columns <= LISTED)
        list_columns(&name, &columns, cor_result_list(result, "table"));
    cor_ids_free(&name);
    cor_matrix_columns_free(&columns);
    return COR_OK;
}
