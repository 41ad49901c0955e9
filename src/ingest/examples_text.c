#include "examples_text.h"

#include "coracle/text.h"
#include "fault.h"
#include "matrix_text.h"

#include <math.h>
#include <string.h>

/* What is wrong with the text [at, end), which is at this place of its line. */
static int bad_at(const char *unit, int64_t place, const char *at,
                  const char *end, const char *what)
{
    ingest_fault fault = {0};
    while (end > at && (end[-1] == '\n' || end[-1] == '\r'))
        end--;
    ingest_fault_quote(&fault, at, end);
    return cor_fail(COR_EDATA, "%s %lld: \"%s\" %s", unit, (long long)place,
                    fault.text, what);
}

/* ---- LIBSVM ---- */

/* The same in the line that begins at `begin`. */
static int bad(const char *begin, const char *at, const char *end,
               const char *what)
{
    return bad_at("column", at - begin + 1, at, end, what);
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && is_blank(*p))
        p++;
    return p;
}

/* The end of what stands at p without a blank. */
static const char *word_end(const char *p, const char *end)
{
    while (p < end && !is_blank(*p) && *p != '#')
        p++;
    return p;
}

/* A number of single precision that a blank, a comment or the end follows;
   NULL where there is none. */
static inline const char *read_number(const char *p, const char *end,
                                      float *number)
{
    double value;
    p = cor_text_number(p, end, &value);
    if (!p || (p < end && !is_blank(*p) && *p != '#'))
        return NULL;
    *number = (float)value;
    return isfinite(*number) ? p : NULL;
}

/* A whole number; NULL where there is none. Beyond the limit it is the limit.
 */
static inline const char *read_whole(const char *p, const char *end,
                                     int64_t *number)
{
    const char *begin = p;
    *number = 0;
    for (; p < end && (unsigned)(*p - '0') < 10; p++)
        if (*number < COR_FEATURES_LIMIT)
            *number = *number * 10 + (*p - '0');
    return p > begin ? p : NULL;
}

static int bad_label(const char *begin, const char *p, const char *end)
{
    const char *stop = word_end(p, end);
    if (memchr(p, ':', (size_t)(stop - p)))
        return bad(begin, p, stop,
                   "is a feature where the label should be: the label is "
                   "missing");
    return bad(begin, p, stop, "is not a label: a finite number is needed");
}

/* Why the feature at p could not be read. */
static int bad_feature(const char *begin, const char *p, const char *end,
                       int64_t last)
{
    int64_t id;
    const char *stop = word_end(p, end), *colon = read_whole(p, stop, &id);
    if (!colon || colon == stop || *colon != ':')
        return bad(begin, p, stop,
                   "is not a feature: id:value is needed, the "
                   "id a whole number");
    if (id >= COR_FEATURES_LIMIT)
        return bad(begin, p, colon,
                   "is too large an id: the greatest is 2147483646");
    if (id == last)
        return bad(begin, p, colon, "is given twice: ids must ascend");
    if (id < last)
        return bad(begin, p, colon, "follows a greater id: ids must ascend");
    return bad(begin, colon + 1, stop,
               "is not a finite number of single precision");
}

/* A query's id as rankings have it: passed over. */
static const char *skip_query(const char *p, const char *end)
{
    int64_t id;
    if (end - p < 4 || memcmp(p, "qid:", 4) != 0)
        return NULL;
    p = read_whole(p + 4, end, &id);
    return p && (p == end || is_blank(*p)) ? p : NULL;
}

/* The feature at p; NULL where there is none, or not one that may follow. */
static inline const char *read_feature(const char *p, const char *end,
                                       int64_t *last, float *value)
{
    int64_t id;
    p = read_whole(p, end, &id);
    if (!p || p == end || *p != ':' || id <= *last || id >= COR_FEATURES_LIMIT)
        return NULL;
    *last = id;
    return read_number(p + 1, end, value);
}

int example_parse_libsvm(const char *begin, const char *end, example_rows *rows)
{
    float label, value;
    int64_t last = -1;
    const char *p = skip_blanks(begin, end);
    if (p == end || *p == '#')
        return COR_OK;
    const char *next = read_number(p, end, &label);
    if (!next)
        return bad_label(begin, p, end);
    example_begin(rows);
    for (p = skip_blanks(next, end); p < end && *p != '#';
         p = skip_blanks(next, end)) {
        int64_t before = last;
        next = read_feature(p, end, &last, &value);
        if (!next && before < 0 && (next = skip_query(p, end)))
            continue;
        if (!next)
            return bad_feature(begin, p, end, before);
        COR_TRY(example_add(rows, (int32_t)last, value));
    }
    return example_end(rows, label);
}

/* ---- CSV ---- */

/* The number of a field; an empty one is 0. */
static int read_field(int32_t field, const cor_cell *cell, float *number,
                      bool *empty)
{
    double value = 0;
    const char *begin = cell->begin, *end = cell->end;
    if (cell->trailing)
        return bad_at("field", field + 1, begin, end,
                      "is followed by text behind its quote");
    matrix_text_trim(&begin, &end);
    *empty = begin == end;
    if (!*empty && !cor_text_double(begin, end, &value))
        return bad_at("field", field + 1, begin, end, "is not a finite number");
    *number = (float)value;
    if (!isfinite(*number))
        return bad_at("field", field + 1, begin, end,
                      "is not a finite number of single precision");
    return COR_OK;
}

int example_parse_row(const example_table *table, char *begin, char *end,
                      cor_cell *cell, example_rows *rows)
{
    cor_cells row = {.cell = cell, .capacity = table->fields};
    float label = 0, value = 0;
    bool empty = false;
    if (!cor_cells_scan(&table->dialect, begin, end, &row))
        return bad_at("field", row.count + 1, row.open ? row.open : begin, end,
                      "is a quoted field that is not closed on its line");
    if (row.count != table->fields)
        return cor_fail(COR_EDATA, "%d field%s where the first line has %d",
                        row.count, row.count == 1 ? "" : "s", table->fields);
    example_begin(rows);
    for (int32_t f = 0; f < table->fields; f++) {
        COR_TRY(read_field(f, &cell[f], &value, &empty));
        if (f == table->label && empty)
            return cor_fail(COR_EDATA, "field %d: the label is missing", f + 1);
        if (f == table->label)
            label = value;
        else if (value != 0)
            COR_TRY(example_add(rows, f - (f > table->label), value));
    }
    return example_end(rows, label);
}
