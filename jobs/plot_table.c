#include "plot_numbers.h"

#include "coracle/cells.h"
#include "coracle/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns of a table at most: settings, and what was found. */
enum { COLUMNS = 32 };

/* A table whole: it has a row a point of a search. */
typedef struct table {
    char *text;
    int64_t length;
    const char *name[COLUMNS];
    int columns;
    const char **cell; /* rows x columns */
    int64_t rows;
    int settings; /* the columns 1 .. settings */
    int metric;   /* the column that tells the points apart */
} table;

static int read_text(const char *path, table *t)
{
    FILE *file = fopen(path, "r");
    size_t size = 0;
    if (!file)
        return cor_fail(COR_EIO, "%s cannot be read: %s", path,
                        strerror(errno));
    ssize_t length = getdelim(&t->text, &size, 0, file);
    fclose(file);
    t->length = length > 0 ? length : 0;
    return COR_OK;
}

static int column_of(const table *t, const char *name)
{
    for (int c = 0; c < t->columns; c++)
        if (strcmp(t->name[c], name) == 0)
            return c;
    return -1;
}

/* point, the settings, rmse, mae, perhaps a metric of lists, seconds, diverged:
   the error of ratings, unless lists were ranked. */
static int find_columns(const char *path, table *t)
{
    int rmse = column_of(t, "rmse"), seconds = column_of(t, "seconds");
    t->settings = rmse - 1;
    t->metric = seconds == rmse + 3 ? rmse + 2 : rmse;
    if (column_of(t, "point") == 0 && rmse > 1 && seconds > rmse && t->rows > 0)
        return COR_OK;
    return cor_fail(COR_EDATA,
                    "%s is no table of a search: give what `coracle tune -o "
                    "TABLE.csv` wrote",
                    path);
}

/* One row, its fields ended by zeros. */
static int take_row(const char *path, const cor_cells *row, table *t)
{
    int64_t line = t->rows + 1 + (t->columns > 0);
    if (t->columns == 0)
        t->columns = row->count;
    if (row->count != t->columns || row->count > COLUMNS)
        return cor_fail(COR_EDATA,
                        "%s, line %lld: %d fields, where the table has %d "
                        "columns (at most %d)",
                        path, (long long)line, (int)row->count, t->columns,
                        (int)COLUMNS);
    for (int c = 0; c < row->count; c++) {
        cor_cell_unquote(&row->cell[c]);
        *row->cell[c].end = 0;
        if (line == 1)
            t->name[c] = row->cell[c].begin;
        else
            t->cell[t->rows * t->columns + c] = row->cell[c].begin;
    }
    t->rows += line > 1;
    return COR_OK;
}

static int take_rows(const char *path, table *t)
{
    const cor_dialect comma = {.separator = ",", .length = 1, .quotes = true};
    cor_cell cell[COLUMNS];
    cor_cells row = {.cell = cell, .capacity = COLUMNS, .next = t->text};
    char *end = t->text + t->length;
    int64_t lines = 0;
    for (char *p = t->text; p < end; p++)
        lines += *p == '\n';
    COR_TRY(COR_NEW(&t->cell, (lines + 1) * COLUMNS));
    while (row.next < end && cor_cells_scan(&comma, row.next, end, &row))
        COR_TRY(take_row(path, &row, t));
    return find_columns(path, t);
}

static const char *cell_of(const table *t, int64_t row, int column)
{
    return t->cell[row * t->columns + column];
}

/* Whether a value of a setting stands in no row above. */
static bool is_new(const table *t, int64_t row, int column)
{
    for (int64_t i = 0; i < row; i++)
        if (strcmp(cell_of(t, i, column), cell_of(t, row, column)) == 0)
            return false;
    return true;
}

/* How many values of a setting come before this row's, in the order in which
   they appear. */
static int64_t place_of(const table *t, int64_t row, int column)
{
    int64_t place = 0;
    for (int64_t i = 0; i < t->rows; i++) {
        if (strcmp(cell_of(t, i, column), cell_of(t, row, column)) == 0)
            return place;
        place += is_new(t, i, column);
    }
    return place;
}

/* Whether metric x of a point is better than y. */
static bool is_better(const table *t, double x, double y)
{
    bool more = strchr(t->name[t->metric], '@') != NULL;
    return more ? x > y : x < y;
}

/* The points of a setting: value's place, metric; and for each value its best
   one. */
static void add_data(const table *t, int column, cor_plot *plot)
{
    cor_plot_add(plot, "$points%d << END\n", column);
    for (int64_t row = 0; row < t->rows; row++)
        if (*cell_of(t, row, t->metric))
            cor_plot_add(plot, "%lld %s\n", (long long)place_of(t, row, column),
                         cell_of(t, row, t->metric));
    cor_plot_add(plot, "END\n$best%d << END\n", column);
    for (int64_t row = 0; row < t->rows; row++) {
        const char *best = "";
        for (int64_t i = 0; is_new(t, row, column) && i < t->rows; i++) {
            const char *found = cell_of(t, i, t->metric);
            if (*found &&
                strcmp(cell_of(t, i, column), cell_of(t, row, column)) == 0 &&
                (!*best || is_better(t, atof(found), atof(best))))
                best = found;
        }
        if (*best)
            cor_plot_add(plot, "%lld %s\n", (long long)place_of(t, row, column),
                         best);
    }
    cor_plot_add(plot, "END\n");
}

static void add_panel(const table *t, int column, cor_plot *plot)
{
    int64_t values = 0;
    cor_plot_add(plot, "set xlabel ");
    cor_plot_quote(plot, t->name[column]);
    cor_plot_add(plot, "\nset xtics (");
    for (int64_t row = 0; row < t->rows; row++)
        if (is_new(t, row, column)) {
            cor_plot_add(plot, values > 0 ? ", " : "");
            cor_plot_quote(plot, cell_of(t, row, column));
            cor_plot_add(plot, " %lld", (long long)values++);
        }
    cor_plot_add(plot,
                 ")\nset xrange [-.5:%lld.5]\n"
                 "plot $points%d with points pt 7 ps .6 lc rgb '#56b4e9' title "
                 "'points', $best%d with linespoints lw 2 pt 7 ps .8 lc rgb "
                 "'#d55e00' title 'best'\n",
                 (long long)values - 1, column, column);
}

int plot_table(const char *path, cor_plot *plot)
{
    table t = {0};
    int rc = read_text(path, &t);
    if (rc == COR_OK)
        rc = take_rows(path, &t);
    for (int c = 1; rc == COR_OK && c <= t.settings; c++)
        add_data(&t, c, plot);
    if (rc == COR_OK) {
        int across = t.settings > 3 ? 3 : t.settings;
        cor_plot_add(plot, "set multiplot layout %d,%d\nset key top right\n",
                     (t.settings + across - 1) / across, across);
        cor_plot_add(plot, "set grid y lc rgb '#eeeeee'\nset ylabel ");
        cor_plot_quote(plot, t.name[t.metric]);
        cor_plot_add(plot, "\n");
        for (int c = 1; c <= t.settings; c++)
            add_panel(&t, c, plot);
        cor_plot_add(plot, "unset multiplot\n");
    }
    cor_free(t.cell);
    free(t.text);
    return rc;
}
