/* Lines of a user and its items. A line is looked over as a whole before its
   rows are kept, since one bad item makes all of it a bad row. */
#include "work.h"

#include "coracle/text.h"

typedef struct line {
    const cor_dialect *dialect; /* of length 0: blanks, tabs, commas */
    const char *p, *end;
    bool more; /* behind a separator: there must be something */
} line;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void pass_blanks(line *l)
{
    while (l->p < l->end && is_blank(*l->p))
        l->p++;
}

/* Up to any blanks or a comma, which blanks may surround. */
static void next_free(line *l, ingest_text *text)
{
    text->begin = l->p;
    while (l->p < l->end && !is_blank(*l->p) && *l->p != ',')
        l->p++;
    text->end = l->p;
    pass_blanks(l);
    l->more = l->p < l->end;
    if (l->p < l->end && *l->p == ',') {
        l->p++;
        pass_blanks(l);
    }
}

/* The next id; false behind the last. */
static bool next(line *l, ingest_text *text)
{
    if (l->p == l->end && !l->more)
        return false;
    if (l->dialect->length == 0) {
        next_free(l, text);
        return true;
    }
    text->begin = l->p;
    while (l->p < l->end && !(*l->p == l->dialect->separator[0] &&
                              cor_is_separator(l->dialect, l->p)))
        l->p++;
    text->end = l->p;
    l->more = l->p < l->end;
    l->p += l->more ? l->dialect->length : 0;
    return true;
}

static line line_of(const ingest_work *w, const char *p, const char *end)
{
    line l = {.dialect = &w->reading.dialect, .p = p, .end = end};
    if (end > p && end[-1] == '\r')
        l.end--;
    if (l.dialect->length)
        return l;
    while (l.end > p && is_blank(l.end[-1]))
        l.end--;
    pass_blanks(&l);
    return l;
}

/* The first fault of a line. */
static ingest_fault check(line l)
{
    ingest_text text;
    bool utf8 = cor_text_is_utf8(l.p, l.end);
    for (int32_t field = 0; next(&l, &text); field++) {
        enum fault_kind kind = FAULT_NONE;
        if (!utf8 || text.begin == text.end ||
            text.end - text.begin > COR_ID_LIMIT)
            kind = ingest_text_check(text, false);
        if (kind == FAULT_NONE)
            continue;
        ingest_fault fault = {.kind = (int32_t)kind,
                              .field = field,
                              .role = field ? ROLE_ITEM : ROLE_USER,
                              .found = text.end - text.begin};
        ingest_fault_quote(&fault, text.begin, text.end);
        return fault;
    }
    return (ingest_fault){0};
}

/* An id of the row, as the side is read. @return whether it is such */
static bool read_id(ingest_work *w, int side, ingest_text text, ingest_row *row)
{
    row->text[side] = text;
    if (w->text[side] || cor_text_int64(text.begin, text.end, &row->id[side]))
        return true;
    w->piece->wants_text[side] = true;
    w->piece->state = PIECE_WANTS_TEXT;
    w->stop = true;
    return false;
}

static int keep_line(ingest_work *w, line l)
{
    ingest_row row;
    ingest_text user, item;
    if (!next(&l, &user) || !next(&l, &item)) /* a user alone has no rows */
        return COR_OK;
    bool read =
        read_id(w, ROLE_USER, user, &row) && read_id(w, ROLE_ITEM, item, &row);
    while (read) {
        COR_TRY(ingest_work_keep(w, &row));
        read = next(&l, &item) && read_id(w, ROLE_ITEM, item, &row);
    }
    return COR_OK;
}

int ingest_lists_read(ingest_work *w, const char *limit, char **done)
{
    char *p = w->reader.buffer;
    const char *whole = p + w->reader.whole;
    while (p < limit && !w->stop) {
        char *newline = memchr(p, '\n', (size_t)(whole - p));
        line l = line_of(w, p, newline);
        ingest_fault fault = check(l);
        if (fault.kind == FAULT_NONE)
            COR_TRY(keep_line(w, l));
        else
            COR_TRY(ingest_work_refuse(w, &fault, p, newline + 1 - p));
        p = newline + 1;
    }
    *done = p;
    return w->stop ? COR_OK : ingest_work_look_up(w);
}
