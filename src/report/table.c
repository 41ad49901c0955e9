/**
 * Results laid out for people: members as aligned lines, lists of objects or of
 * lists as tables.
 */
#include "result_node.h"
#include "value_text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 80, KEY_MOST = 28, INDENT = 2, GAP = 2 };

/* Where to print, and whether memory ran out on the way. */
struct sheet {
    FILE *stream;
    bool failed;
};

static void print_object(struct sheet *sheet, json_t *object, int indent);

static void pad(struct sheet *sheet, int columns)
{
    fprintf(sheet->stream, "%*s", columns > 0 ? columns : 0, "");
}

/* Text that may be NULL for want of memory; it is freed. */
static void print_text(struct sheet *sheet, char *text)
{
    sheet->failed |= !text;
    fputs(text ? text : "", sheet->stream);
    free(text);
}

static bool is_scalar(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

/* ---- tables ---- */

/* A list of objects (columns by key) or of lists (columns by place). */
struct grid {
    json_t *rows;
    size_t columns;
    const char **key; /* [columns]; NULL inside for lists */
    int *width;       /* [columns], in code points */
    int *decimals;    /* [columns], for real numbers */
};

static json_t *grid_value(const struct grid *grid, size_t row, size_t column)
{
    json_t *line = json_array_get(grid->rows, row);
    return grid->key[column] ? json_object_get(line, grid->key[column])
                             : json_array_get(line, column);
}

/* Room for one more column. */
static bool grid_grow(struct grid *grid, const char *key)
{
    size_t more = grid->columns + 1;
    const char **keys = realloc(grid->key, more * sizeof *keys);
    if (keys)
        grid->key = keys;
    int *width = realloc(grid->width, more * sizeof *width);
    if (width)
        grid->width = width;
    int *decimals = realloc(grid->decimals, more * sizeof *decimals);
    if (decimals)
        grid->decimals = decimals;
    if (!keys || !width || !decimals)
        return false;
    keys[grid->columns] = key;
    width[grid->columns] = key ? cor_text_width(key) : 0;
    decimals[grid->columns] = -1;
    grid->columns = more;
    return true;
}

static bool grid_has(const struct grid *grid, const char *key)
{
    for (size_t column = 0; column < grid->columns; column++)
        if (strcmp(grid->key[column], key) == 0)
            return true;
    return false;
}

static bool grid_find_columns(struct grid *grid)
{
    for (size_t row = 0; row < json_array_size(grid->rows); row++) {
        json_t *line = json_array_get(grid->rows, row);
        if (json_is_array(line))
            while (grid->columns < json_array_size(line))
                if (!grid_grow(grid, NULL))
                    return false;
        for (void *at = json_object_iter(line); at;
             at = json_object_iter_next(line, at)) {
            const char *key = json_object_iter_key(at);
            if (!grid_has(grid, key) && !grid_grow(grid, key))
                return false;
        }
    }
    return true;
}

/* Decimals a real number needs, at most 4; -1 where that would lose it. */
static int decimals_of(double number)
{
    double size = fabs(number);
    if (size >= 1e6 || (size > 0 && size < 1e-3))
        return -1;
    char text[32];
    int length = snprintf(text, sizeof text, "%.4f", number);
    int decimals = 4;
    while (decimals > 0 && text[--length] == '0')
        decimals--;
    return decimals;
}

/* Real numbers of a column get the same number of decimals. */
static void grid_find_decimals(struct grid *grid, size_t column)
{
    int most = 0;
    for (size_t row = 0; row < json_array_size(grid->rows); row++) {
        json_t *value = grid_value(grid, row, column);
        if (!json_is_real(value))
            continue;
        int decimals = decimals_of(json_real_value(value));
        if (decimals < 0)
            return;
        most = decimals > most ? decimals : most;
    }
    grid->decimals[column] = most;
}

static char *grid_text(const struct grid *grid, size_t row, size_t column)
{
    json_t *value = grid_value(grid, row, column);
    return value ? cor_value_text(grid->key[column], value,
                                  grid->decimals[column])
                 : strdup("");
}

static bool grid_find_widths(struct grid *grid)
{
    for (size_t column = 0; column < grid->columns; column++) {
        grid_find_decimals(grid, column);
        for (size_t row = 0; row < json_array_size(grid->rows); row++) {
            char *text = grid_text(grid, row, column);
            if (!text)
                return false;
            int width = cor_text_width(text);
            free(text);
            if (width > grid->width[column])
                grid->width[column] = width;
        }
    }
    return true;
}

/* One cell: numbers to the right, text to the left. Blanks are owed until text
   follows, so that no line ends in them. */
static void print_cell(struct sheet *sheet, int width, bool number, char *text,
                       int *owed)
{
    int blank = width - (text ? cor_text_width(text) : 0);
    *owed += number ? blank : 0;
    if (text && text[0]) {
        pad(sheet, *owed);
        *owed = 0;
    }
    print_text(sheet, text);
    *owed += (number ? 0 : blank) + GAP;
}

/* Whether a column holds no text, so that its header stands on the right. */
static bool grid_is_number(const struct grid *grid, size_t column)
{
    for (size_t row = 0; row < json_array_size(grid->rows); row++) {
        json_t *value = grid_value(grid, row, column);
        if (value && !json_is_number(value) && !json_is_null(value))
            return false;
    }
    return true;
}

static void print_grid(struct sheet *sheet, const struct grid *grid, int indent)
{
    bool header = grid->columns > 0 && grid->key[0];
    int owed = indent;
    for (size_t column = 0; header && column < grid->columns; column++)
        print_cell(sheet, grid->width[column], grid_is_number(grid, column),
                   strdup(grid->key[column]), &owed);
    fputs(header ? "\n" : "", sheet->stream);
    for (size_t row = 0; row < json_array_size(grid->rows); row++) {
        owed = indent;
        for (size_t column = 0; column < grid->columns; column++) {
            json_t *value = grid_value(grid, row, column);
            print_cell(sheet, grid->width[column],
                       json_is_number(value) || json_is_null(value),
                       grid_text(grid, row, column), &owed);
        }
        fputc('\n', sheet->stream);
    }
}

static void print_rows(struct sheet *sheet, json_t *rows, int indent)
{
    struct grid grid = {.rows = rows};
    if (grid_find_columns(&grid) && grid_find_widths(&grid))
        print_grid(sheet, &grid, indent);
    else
        sheet->failed = true;
    free(grid.key);
    free(grid.width);
    free(grid.decimals);
}

/* ---- members ---- */

static bool all_scalars(json_t *whole)
{
    for (size_t i = 0; i < json_array_size(whole); i++)
        if (!is_scalar(json_array_get(whole, i)))
            return false;
    for (void *at = json_object_iter(whole); at;
         at = json_object_iter_next(whole, at))
        if (!is_scalar(json_object_iter_value(at)))
            return false;
    return true;
}

/* Whether every element of a list is an object, or every one a list. */
static bool is_rows(json_t *list)
{
    json_t *first = json_array_get(list, 0);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (is_scalar(first) ||
            json_typeof(json_array_get(list, i)) != json_typeof(first))
            return false;
    return first != NULL;
}

/* The next of several values on a line, which wraps before the edge. */
static void print_next(struct sheet *sheet, int indent, int *column, bool first,
                       const char *name, char *text)
{
    int width = (text ? cor_text_width(text) : 0) +
                (name ? cor_text_width(name) + 1 : 0);
    if (!first) {
        bool wraps = *column + 2 + width >= LINE;
        fputs(wraps ? ",\n" : ", ", sheet->stream);
        if (wraps)
            pad(sheet, indent);
        *column = wraps ? indent : *column + 2;
    }
    if (name)
        fprintf(sheet->stream, "%s ", name);
    print_text(sheet, text);
    *column += width;
}

/* Scalars on one line, `1, 2, 3` or `min 0.5, max 5`. The key says what they
   are, unless it says nothing and their own names may. */
static void print_flat(struct sheet *sheet, const char *key, json_t *whole,
                       int indent)
{
    int column = indent;
    bool first = true;
    for (size_t i = 0; i < json_array_size(whole); i++, first = false)
        print_next(sheet, indent, &column, first, NULL,
                   cor_value_text(key, json_array_get(whole, i), -1));
    for (void *at = json_object_iter(whole); at;
         at = json_object_iter_next(whole, at), first = false) {
        const char *name = json_object_iter_key(at);
        json_t *value = json_object_iter_value(at);
        print_next(
            sheet, indent, &column, first, name,
            cor_value_text(cor_key_has_meaning(key) ? key : name, value, -1));
    }
    fputs(first ? "none\n" : "\n", sheet->stream);
}

/* Whether a member stands on its key's line. */
static bool is_flat(json_t *value)
{
    return all_scalars(value) && !is_rows(value);
}

static void print_key(struct sheet *sheet, const char *key, int indent,
                      int width)
{
    pad(sheet, indent);
    print_text(sheet, cor_plain_text(key));
    pad(sheet, width - cor_text_width(key));
}

/* A member that does not fit on its key's line stands under it. */
static void print_nested(struct sheet *sheet, const char *key, json_t *value,
                         int indent)
{
    if (json_is_object(value)) {
        print_object(sheet, value, indent);
        return;
    }
    if (is_rows(value)) {
        print_rows(sheet, value, indent);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        pad(sheet, indent);
        print_text(sheet, cor_value_text(key, json_array_get(value, i), -1));
        fputc('\n', sheet->stream);
    }
}

static void print_member(struct sheet *sheet, const char *key, json_t *value,
                         int indent, int width)
{
    bool flat = is_flat(value);
    print_key(sheet, key, indent, flat ? width + GAP : 0);
    if (is_scalar(value)) {
        print_text(sheet, cor_value_text(key, value, -1));
        fputc('\n', sheet->stream);
    } else if (flat) {
        print_flat(sheet, key, value, indent + width + GAP);
    } else {
        fputc('\n', sheet->stream);
        print_nested(sheet, key, value, indent + INDENT);
    }
}

/* Width of the longest key that has its value beside it, so that the values
   stand under each other. */
static int key_width(json_t *object)
{
    int most = 0;
    for (void *at = json_object_iter(object); at;
         at = json_object_iter_next(object, at)) {
        int width = cor_text_width(json_object_iter_key(at));
        bool beside = is_flat(json_object_iter_value(at));
        if (beside && width > most && width <= KEY_MOST)
            most = width;
    }
    return most;
}

static void print_object(struct sheet *sheet, json_t *object, int indent)
{
    int width = key_width(object);
    for (void *at = json_object_iter(object); at;
         at = json_object_iter_next(object, at))
        print_member(sheet, json_object_iter_key(at),
                     json_object_iter_value(at), indent, width);
}

int cor_result_print_table(const cor_result *result, FILE *stream)
{
    struct sheet sheet = {.stream = stream, .failed = result->root->failed};
    errno = 0;
    if (!sheet.failed)
        print_object(&sheet, result->value, 0);
    if (sheet.failed)
        return cor_fail(COR_EMEMORY, "out of memory for the result");
    return cor_result_flushed(stream);
}
