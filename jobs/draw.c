#include "jobs.h"
#include "stores.h"

#include "coracle/csv.h"
#include "coracle/memory.h"
#include "coracle/mixture.h"

#include <string.h>

static struct {
    int64_t number;
} set;

static const cor_option options[] = {
    {"number", 'n', COR_OPTION_INT, &set.number, "N", "rows to draw"},
    COR_OPTIONS_END};

static bool is_csv(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && strcmp(dot, ".csv") == 0;
}

static int write_store(cor_command *command, const cor_matrix *m,
                       const int32_t *component)
{
    cor_file *file = NULL;
    char digest[17];
    int rc = cor_file_create(command->team, command->output, "matrix",
                             &command->file, &file);
    if (rc == COR_OK)
        rc = cor_matrix_put(command->team, file, m, digest);
    if (rc == COR_OK)
        rc = cor_file_write(file, "/component", COR_INT32, 0, m->rows, 0,
                            m->first, m->count, component);
    if (rc == COR_OK)
        rc = cor_file_commit(&file);
    cor_file_close(&file);
    if (rc == COR_OK)
        cor_result_text(command->result, "digest", digest);
    return rc;
}

static void add_header(const cor_matrix *m, cor_csv *csv)
{
    char name[COR_ID_LIMIT + 1];
    for (int64_t c = 0; c < m->columns; c++) {
        if (m->name.total > 0)
            cor_ids_print(&m->name, c, name, sizeof name);
        else
            snprintf(name, sizeof name, "column%lld", (long long)c + 1);
        cor_csv_text(csv, name);
    }
    cor_csv_text(csv, "component");
    cor_csv_end(csv);
}

/* In the units of the input: a matrix that was standardised is turned back. */
static int write_csv(cor_command *command, const cor_matrix *m,
                     const int32_t *component)
{
    cor_csv csv = {0};
    const double *value = m->value;
    if (cor_team_rank(command->team) == 0)
        add_header(m, &csv);
    for (int64_t i = 0; i < m->count; i++) {
        for (int64_t c = 0; c < m->columns; c++) {
            double x = value[i * m->columns + c];
            cor_csv_real(&csv, m->scale ? x * m->scale[c] + m->offset[c] : x,
                         17);
        }
        cor_csv_int(&csv, component[i]);
        cor_csv_end(&csv);
    }
    int rc =
        cor_csv_write(command->team, command->output, command->force, &csv, 1);
    cor_csv_free(&csv);
    return rc;
}

static int draw(cor_command *command, const cor_mixture *mixture)
{
    cor_matrix matrix = {0};
    int32_t *component = NULL;
    COR_TRY(cor_mixture_draw(command->team, mixture, set.number, command->seed,
                             &matrix, &component));
    int rc = is_csv(command->output) ? write_csv(command, &matrix, component)
                                     : write_store(command, &matrix, component);
    if (rc == COR_OK)
        cor_result_int(command->result, "rows", matrix.rows);
    cor_matrix_free(&matrix);
    cor_free(component);
    return rc;
}

static int plan_and_draw(cor_command *command, const cor_mixture *mixture)
{
    int64_t rows = set.number / cor_team_size(command->team) + 1;
    int64_t width = is_csv(command->output) ? 30 : 8;
    cor_plan plan = {.rows_rank = rows,
                     .bytes_rank = cor_plan_base() +
                                   rows * (mixture->columns * width + 4),
                     .bytes_disk = set.number * (mixture->columns * 8 + 4)};
    COR_TRY(cor_command_plan(command, &plan));
    COR_TRY(store_try_output(command, command->output));
    return draw(command, mixture);
}

static int run(cor_command *command)
{
    cor_mixture mixture = {0};
    COR_TRY(cor_command_inputs(command, 1, 1));
    COR_TRY(cor_command_needs_output(command));
    if (set.number < 1)
        return cor_fail(COR_EUSAGE, "how many? give -n N, at least 1");
    COR_TRY(cor_mixture_read(command->team, command->input[0], &mixture));
    int rc = plan_and_draw(command, &mixture);
    cor_mixture_free(&mixture);
    return rc;
}

const cor_job cor_job_draw = {
    .name = "draw",
    .summary = "new rows from a mixture",
    .usage = "[options] MODEL -n N -o FILE",
    .description =
        "Draws rows from a mixture, each with the component that it came from: "
        "a matrix store with the dataset /component, or, where FILE ends in "
        ".csv, text with the component as the last column and the numbers in "
        "the units of the input. A row is a function of --seed and its "
        "number.\n"
        "\n"
        "  coracle draw model.h5 -n 100000 -o drawn.h5",
    .options = options,
    .run = run};
