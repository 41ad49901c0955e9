#include "coracle/memory.h"
#include "coracle/plot.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

typedef struct reader {
    cor_series *series;
    int64_t count, room;
    bool chose; /* there was a table of choices: only that counts */
} reader;

/* Members of a line that are no metrics. */
static bool is_metric(const char *name, const json_t *value)
{
    return json_is_number(value) && strcmp(name, "time") != 0 &&
           strcmp(name, "step") != 0 && strcmp(name, "seconds") != 0 &&
           strcmp(name, "bytes_moved") != 0;
}

static int find(reader *r, const char *stage, const char *name,
                cor_series **found)
{
    for (int64_t i = 0; i < r->count; i++) {
        *found = &r->series[i];
        if (strcmp((*found)->stage, stage) == 0 &&
            strcmp((*found)->name, name) == 0)
            return COR_OK;
    }
    if (r->count == r->room) {
        int64_t room = r->room ? 2 * r->room : 8;
        COR_TRY(cor_reallocate(&r->series, r->room, room, sizeof *r->series,
                               "series"));
        r->room = room;
    }
    *found = &r->series[r->count++];
    **found = (cor_series){0};
    snprintf((*found)->stage, sizeof(*found)->stage, "%s", stage);
    snprintf((*found)->name, sizeof(*found)->name, "%s", name);
    return COR_OK;
}

/* Room doubles, so counts that are powers of two are full. */
static int append(cor_series *s, double step, double value)
{
    int64_t n = s->count;
    if ((n & (n - 1)) == 0) {
        COR_TRY(cor_reallocate(&s->step, n, n ? 2 * n : 1, sizeof *s->step,
                               "series"));
        COR_TRY(cor_reallocate(&s->value, n, n ? 2 * n : 1, sizeof *s->value,
                               "series"));
    }
    s->step[n] = step;
    s->value[n] = value;
    s->count++;
    return COR_OK;
}

/* A number of a row of a table, over its components. */
static int take_criterion(reader *r, json_t *row, const char *name)
{
    json_t *type = json_object_get(row, "covariance"),
           *components = json_object_get(row, "components"),
           *value = json_object_get(row, name);
    cor_series *s;
    if (!json_is_string(type) || !json_is_number(components) ||
        !json_is_number(value))
        return COR_OK; /* could not be fitted, or another table */
    COR_TRY(find(r, json_string_value(type), name, &s));
    return append(s, json_number_value(components), json_number_value(value));
}

/* The table of a job that chose among mixtures; the courses of its many fits
   say nothing beside it. */
static int take_table(reader *r, json_t *table)
{
    size_t i;
    json_t *row;
    cor_series_free(r->series, r->count);
    *r = (reader){.chose = true};
    json_array_foreach(table, i, row)
    {
        COR_TRY(take_criterion(r, row, "bic"));
        COR_TRY(take_criterion(r, row, "aic"));
    }
    return COR_OK;
}

static int take_line(reader *r, json_t *line)
{
    json_t *result = json_object_get(line, "result");
    json_t *table = json_object_get(result ? result : line, "table");
    if (json_is_array(table))
        return take_table(r, table);
    const char *stage = json_string_value(json_object_get(line, "stage")),
               *name;
    json_t *step = json_object_get(line, "step"), *value;
    if (r->chose || !stage || !json_is_number(step))
        return COR_OK; /* the result, or a stage without metrics */
    json_object_foreach(line, name, value)
    {
        cor_series *s;
        if (!is_metric(name, value))
            continue;
        COR_TRY(find(r, stage, name, &s));
        COR_TRY(append(s, json_number_value(step), json_number_value(value)));
    }
    return COR_OK;
}

static int read_lines(FILE *file, const char *path, reader *r)
{
    int rc = COR_OK;
    for (int64_t line = 1; rc == COR_OK; line++) {
        json_error_t error;
        json_t *value = json_loadf(file, JSON_DISABLE_EOF_CHECK, &error);
        if (!value && feof(file) && error.position == 0)
            return COR_OK;
        if (!json_is_object(value))
            rc = cor_fail(COR_EDATA,
                          "%s, line %lld: no JSON object (%s); give a log that "
                          "a job wrote with --log, or what it printed with "
                          "--json",
                          path, (long long)line, error.text);
        else
            rc = take_line(r, value);
        json_decref(value);
        int next = fgetc(file);
        while (next == '\n' || next == ' ' || next == '\r')
            next = fgetc(file);
        if (next == EOF)
            break;
        ungetc(next, file);
    }
    return rc;
}

int cor_series_read(const char *path, cor_series **series, int64_t *count)
{
    reader r = {0};
    FILE *file = fopen(path, "r");
    *series = NULL;
    *count = 0;
    if (!file)
        return cor_fail(COR_EIO, "%s cannot be read: %s", path,
                        strerror(errno));
    int rc = read_lines(file, path, &r);
    fclose(file);
    if (rc != COR_OK) {
        cor_series_free(r.series, r.count);
        return rc;
    }
    *series = r.series;
    *count = r.count;
    return COR_OK;
}

void cor_series_free(cor_series *series, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        cor_free(series[i].step);
        cor_free(series[i].value);
    }
    cor_free(series);
}
