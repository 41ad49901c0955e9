#include "choice.h"

#include "coracle/memory.h"

#include <string.h>

void ingest_choice_free(ingest_choice *choice)
{
    cor_free(choice->field);
    cor_free(choice->column);
    *choice = (ingest_choice){0};
}

/* A word of the list. */
typedef struct word {
    const char *begin;
    int64_t length;
} word;

static bool is_named(const cor_cell *cell, const word *w)
{
    return cell->end - cell->begin == w->length &&
           memcmp(cell->begin, w->begin, (size_t)w->length) == 0;
}

/* A position, from 1, at *p; 0 where there is none. */
static int64_t read_position(const char **p, const char *end)
{
    int64_t position = 0;
    while (*p < end && **p >= '0' && **p <= '9' && position < INT32_MAX)
        position = position * 10 + *(*p)++ - '0';
    return position;
}

/* "7" or "9-12" as the fields [first, end), from 0. */
static bool read_run(const word *w, int64_t *first, int64_t *end)
{
    const char *p = w->begin, *stop = p + w->length;
    *first = read_position(&p, stop);
    *end = *first;
    if (p < stop && *p == '-') {
        p++;
        *end = read_position(&p, stop);
    }
    (*first)--;
    return p == stop && *first >= 0 && *end > *first;
}

static int find_fields(const word *w, const char *path, const cor_cell *header,
                       int64_t fields, int64_t *first, int64_t *end)
{
    for (int64_t f = 0; header && f < fields; f++)
        if (is_named(&header[f], w)) {
            *first = f;
            *end = f + 1;
            return COR_OK;
        }
    if (read_run(w, first, end)) {
        if (*end <= fields)
            return COR_OK;
        return cor_fail(COR_EDATA,
                        "%s has %lld columns, and --columns asks for %.*s",
                        path, (long long)fields, (int)w->length, w->begin);
    }
    if (header)
        return cor_fail(COR_EDATA,
                        "%s:1: the header has no column \"%.*s\"; correct "
                        "--columns or the header",
                        path, (int)w->length, w->begin);
    return cor_fail(COR_EDATA,
                    "%s names no columns, and --columns asks for \"%.*s\": "
                    "give positions from 1, such as 1,2,5-9",
                    path, (int)w->length, w->begin);
}

static int choose(const word *w, int64_t first, int64_t end,
                  ingest_choice *choice)
{
    for (int64_t f = first; f < end; f++) {
        if (choice->column[f] >= 0)
            return cor_fail(COR_EUSAGE,
                            "--columns names column %lld twice, again by "
                            "\"%.*s\"",
                            (long long)f + 1, (int)w->length, w->begin);
        choice->field[choice->columns] = f;
        choice->column[f] = choice->columns++;
    }
    return COR_OK;
}

static int allocate(int64_t fields, ingest_choice *choice)
{
    *choice = (ingest_choice){.fields = fields};
    COR_TRY(cor_allocate(&choice->field, fields, 8, "columns"));
    COR_TRY(cor_allocate(&choice->column, fields, 8, "columns"));
    memset(choice->column, -1, (size_t)fields * sizeof *choice->column);
    return COR_OK;
}

int ingest_choice_make(const char *text, const char *path,
                       const cor_cell *header, int64_t fields,
                       ingest_choice *choice)
{
    COR_TRY(allocate(fields, choice));
    choice->all = !text;
    if (!text)
        return choose(&(word){"", 0}, 0, fields, choice);
    while (text) {
        word w = {text, (int64_t)strcspn(text, ",")};
        int64_t first, end;
        COR_TRY(find_fields(&w, path, header, fields, &first, &end));
        COR_TRY(choose(&w, first, end, choice));
        text = text[w.length] ? text + w.length + 1 : NULL;
    }
    return COR_OK;
}

int ingest_choice_share(const cor_team *team, ingest_choice *choice)
{
    int64_t size[] = {choice->fields, choice->columns, choice->all};
    cor_team_share(team, size, sizeof size, 0);
    int rc = COR_OK;
    if (cor_team_rank(team) != 0)
        rc = allocate(size[0], choice);
    COR_TRY(cor_agree(team, rc));
    choice->columns = size[1];
    choice->all = size[2];
    cor_team_share(team, choice->field, size[1] * 8, 0);
    cor_team_share(team, choice->column, size[0] * 8, 0);
    return COR_OK;
}
