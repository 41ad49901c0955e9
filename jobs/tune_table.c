#include "tune_table.h"

#include "coracle/csv.h"
#include "coracle/memory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- from a search ---- */

/* A setting as what it looks like. */
static void put_value(cor_result *object, const char *name, const char *text)
{
    char *end;
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (*text && *end == 0 && errno == 0) {
        cor_result_int(object, name, whole);
        return;
    }
    double real = strtod(text, &end);
    if (*text && *end == 0)
        cor_result_real(object, name, real);
    else
        cor_result_text(object, name, text);
}

static bool has_column(const cor_search *search)
{
    return strchr(search->metric, '@') != NULL;
}

static void put_trial(const cor_search *search, const cor_trial *trial,
                      cor_result *object)
{
    const cor_grid *grid = search->grid;
    cor_result_int(object, "point", trial->point);
    for (int a = 0; a < cor_grid_axes(grid); a++)
        put_value(object, cor_grid_name(grid, a),
                  cor_grid_value(grid, trial->point, a));
    cor_result_real(object, "rmse", trial->rmse);
    cor_result_real(object, "mae", trial->mae);
    if (has_column(search))
        cor_result_real(object, search->metric, trial->metric);
    cor_result_real(object, "seconds", trial->seconds);
    cor_result_int(object, "diverged", trial->diverged);
}

static void add_real(cor_csv *csv, double value)
{
    if (isfinite(value))
        cor_csv_real(csv, value, 17);
    else
        cor_csv_text(csv, "");
}

static void add_header(const cor_search *search, cor_csv *csv)
{
    cor_csv_text(csv, "point");
    for (int a = 0; a < cor_grid_axes(search->grid); a++)
        cor_csv_text(csv, cor_grid_name(search->grid, a));
    cor_csv_text(csv, "rmse");
    cor_csv_text(csv, "mae");
    if (has_column(search))
        cor_csv_text(csv, search->metric);
    cor_csv_text(csv, "seconds");
    cor_csv_text(csv, "diverged");
    cor_csv_end(csv);
}

static void add_trial(const cor_search *search, const cor_trial *trial,
                      cor_csv *csv)
{
    cor_csv_int(csv, trial->point);
    for (int a = 0; a < cor_grid_axes(search->grid); a++)
        cor_csv_text(csv, cor_grid_value(search->grid, trial->point, a));
    add_real(csv, trial->rmse);
    add_real(csv, trial->mae);
    if (has_column(search))
        add_real(csv, trial->metric);
    add_real(csv, trial->seconds);
    cor_csv_int(csv, trial->diverged);
    cor_csv_end(csv);
}

int tune_table_report(const cor_command *command, const cor_search *search,
                      const cor_trial *trial, int64_t trials)
{
    cor_csv csv = {0};
    cor_result *table = cor_result_list(command->result, "table");
    int64_t best = cor_search_best(search, trial, trials);
    for (int64_t t = 0; t < trials; t++)
        put_trial(search, &trial[t], cor_result_append_object(table));
    if (best >= 0)
        put_trial(search, &trial[best],
                  cor_result_object(command->result, "best"));
    if (!command->output)
        return COR_OK;
    if (cor_team_rank(command->team) == 0) {
        add_header(search, &csv);
        for (int64_t t = 0; t < trials; t++)
            add_trial(search, &trial[t], &csv);
    }
    int rc =
        cor_csv_write(command->team, command->output, command->force, &csv, 1);
    cor_csv_free(&csv);
    return rc;
}

/* ---- from parts ---- */

typedef struct merged {
    char *text; /* all inputs, lines ended by zeros */
    int64_t length;
    char **line; /* rows, by point */
    int64_t lines;
    const char *header;
} merged;

static int read_file(const char *path, char **text, int64_t *length)
{
    FILE *file = fopen(path, "r");
    char block[65536];
    size_t got;
    int rc = COR_OK;
    if (!file)
        return cor_fail(COR_EIO, "%s cannot be read: %s", path,
                        strerror(errno));
    while (rc == COR_OK && (got = fread(block, 1, sizeof block, file)) > 0) {
        rc = cor_reallocate(text, *length, *length + (int64_t)got, 1, "tables");
        if (rc == COR_OK) {
            memcpy(*text + *length, block, got);
            *length += (int64_t)got;
        }
    }
    if (rc == COR_OK && ferror(file))
        rc = cor_fail(COR_EIO, "%s cannot be read: %s", path, strerror(errno));
    fclose(file);
    return rc;
}

static int by_point(const void *a, const void *b)
{
    long long x = atoll(*(char *const *)a), y = atoll(*(char *const *)b);
    return (x > y) - (x < y);
}

/* Rows of one more table, whose first line must be the header of all. */
static int take_lines(const char *path, char *from, char *end, merged *m)
{
    bool first = true;
    for (char *line = from; line < end; first = false) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            return cor_fail(COR_EDATA, "%s is cut short", path);
        *stop = 0;
        if (first && !m->header)
            m->header = line;
        if (first &&
            (strncmp(line, "point,", 6) != 0 || strcmp(line, m->header) != 0))
            return cor_fail(COR_EDATA,
                            "%s has other columns than the tables before it, "
                            "or is no table of tune: \"%.60s\"",
                            path, line);
        if (!first)
            m->line[m->lines++] = line;
        line = stop + 1;
    }
    return COR_OK;
}

static int check_points(const merged *m)
{
    for (int64_t i = 1; i < m->lines; i++)
        if (atoll(m->line[i]) == atoll(m->line[i - 1]))
            return cor_fail(COR_EDATA, "point %lld stands in two of the tables",
                            atoll(m->line[i]));
    return COR_OK;
}

static int read_parts(const cor_command *command, merged *m)
{
    int64_t *end = NULL;
    COR_TRY(COR_NEW(&end, command->inputs + 1));
    int rc = COR_OK, lines = 0;
    end[0] = 0;
    for (int i = 0; rc == COR_OK && i < command->inputs; i++) {
        rc = read_file(command->input[i], &m->text, &m->length);
        end[i + 1] = m->length;
    }
    for (int64_t b = 0; b < m->length; b++)
        lines += m->text[b] == '\n';
    if (rc == COR_OK)
        rc = COR_NEW(&m->line, lines);
    for (int i = 0; rc == COR_OK && i < command->inputs; i++)
        rc = take_lines(command->input[i], m->text + end[i],
                        m->text + end[i + 1], m);
    cor_free(end);
    COR_TRY(rc);
    qsort(m->line, (size_t)m->lines, sizeof *m->line, by_point);
    return check_points(m);
}

/* The next field of a line, which it ends by a zero. */
static char *next_field(char **at)
{
    char *field = *at;
    size_t length = strcspn(field, ",");
    *at = field[length] ? field + length + 1 : NULL;
    field[length] = 0;
    return field;
}

static bool is_better(const char *metric, double a, double b)
{
    bool error = strcmp(metric, "rmse") == 0 || strcmp(metric, "mae") == 0;
    return isnan(b) || (error ? a < b : a > b);
}

/* A line's fields into an object, and the one of the metric. Taking lines apart
   ends them, so copies are taken apart. */
static int put_line(const merged *m, const char *line, const char *metric,
                    cor_result *row, double *found)
{
    int64_t names = (int64_t)strlen(m->header) + 1;
    int64_t values = (int64_t)strlen(line) + 1;
    char *copy = NULL;
    COR_TRY(COR_NEW(&copy, names + values));
    memcpy(copy, m->header, (size_t)names);
    memcpy(copy + names, line, (size_t)values);
    *found = NAN;
    for (char *name = copy, *value = copy + names; name && value;) {
        const char *column = next_field(&name), *text = next_field(&value);
        if (*text)
            put_value(row, column, text);
        else
            cor_result_real(row, column, NAN);
        if (strcmp(column, metric) == 0 && *text)
            *found = atof(text);
    }
    cor_free(copy);
    return COR_OK;
}

static int report_merged(const cor_command *command, const char *metric,
                         const merged *m)
{
    cor_result *table = cor_result_list(command->result, "table");
    double best = NAN, found;
    int64_t best_line = -1;
    for (int64_t i = 0; i < m->lines; i++) {
        COR_TRY(put_line(m, m->line[i], metric, cor_result_append_object(table),
                         &found));
        if (isfinite(found) && is_better(metric, found, best)) {
            best = found;
            best_line = i;
        }
    }
    return best_line < 0
               ? COR_OK
               : put_line(m, m->line[best_line], metric,
                          cor_result_object(command->result, "best"), &found);
}

static int write_merged(const cor_command *command, const merged *m)
{
    cor_csv csv = {0};
    if (!command->output)
        return COR_OK;
    if (cor_team_rank(command->team) == 0) {
        cor_csv_bytes(&csv, m->header, (int64_t)strlen(m->header));
        for (int64_t i = 0; i < m->lines; i++) {
            cor_csv_bytes(&csv, "\n", 1);
            cor_csv_bytes(&csv, m->line[i], (int64_t)strlen(m->line[i]));
        }
        cor_csv_bytes(&csv, "\n", 1);
    }
    int rc =
        cor_csv_write(command->team, command->output, command->force, &csv, 1);
    cor_csv_free(&csv);
    return rc;
}

int tune_table_merge(const cor_command *command, const char *metric)
{
    merged m = {0};
    COR_TRY(cor_command_inputs(command, 1, 100000));
    int rc = cor_agree(command->team, read_parts(command, &m));
    if (rc == COR_OK)
        rc = write_merged(command, &m);
    if (rc == COR_OK)
        rc = cor_agree(command->team, report_merged(command, metric, &m));
    cor_free(m.text);
    cor_free(m.line);
    return rc;
}
