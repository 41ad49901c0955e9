#include "coracle/cells.h"

/* First separator or newline in [p, end), or end. */
static char *field_end(const cor_dialect *dialect, char *p, char *end)
{
    while (p < end && *p != '\n' &&
           !(*p == dialect->separator[0] && end - p >= dialect->length &&
             cor_is_separator(dialect, p)))
        p++;
    return p;
}

/* A field that begins with a quote at p; gives the first byte after it, or
   NULL where the quote is not closed before `end`. */
static char *quoted_field(const cor_dialect *dialect, char *p, char *end,
                          cor_cell *cell)
{
    cell->begin = ++p;
    while ((p = memchr(p, '"', (size_t)(end - p)))) {
        if (p + 1 == end || p[1] != '"')
            break;
        cell->doubled = true;
        p += 2;
    }
    if (!p)
        return NULL;
    cell->end = p++;
    char *after = field_end(dialect, p, end);
    bool only_return =
        after == p + 1 && *p == '\r' && after < end && *after == '\n';
    cell->trailing = after > p && !only_return;
    return after;
}

static char *plain_field(const cor_dialect *dialect, char *p, char *end,
                         cor_cell *cell)
{
    char *after = field_end(dialect, p, end);
    bool carriage =
        after > p && after < end && *after == '\n' && after[-1] == '\r';
    cell->begin = p;
    cell->end = after - carriage;
    return after;
}

bool cor_cells_scan(const cor_dialect *dialect, char *p, char *end,
                    cor_cells *row)
{
    row->count = 0;
    row->open = NULL;
    for (;;) {
        cor_cell one = {0};
        char *begin = p;
        if (dialect->quotes && p < end && *p == '"')
            p = quoted_field(dialect, p, end, &one);
        else
            p = plain_field(dialect, p, end, &one);
        if (!p)
            row->open = begin;
        if (!p || p == end)
            return false;
        if (row->count < row->capacity)
            row->cell[row->count] = one;
        row->count++;
        if (*p == '\n')
            break;
        p += dialect->length;
    }
    row->next = p + 1;
    return true;
}

void cor_cell_unquote(cor_cell *cell)
{
    if (!cell->doubled)
        return;
    char *to = cell->begin;
    for (const char *from = cell->begin; from < cell->end; from++) {
        *to++ = *from;
        from += *from == '"';
    }
    cell->end = to;
    cell->doubled = false;
}
