#include "examples_rows.h"

#include "coracle/memory.h"

#include <string.h>

enum { FIRST = 1 << 10 };

void example_rows_free(example_rows *rows)
{
    cor_examples_rows_free(&rows->rows);
    *rows = (example_rows){0};
}

void example_rows_clear(example_rows *rows)
{
    rows->rows.count = rows->at = 0;
}

/* Room for `count` more rows. */
static int grow_rows(example_rows *rows, int64_t more)
{
    int64_t old = rows->row_capacity, count = old + old / 2;
    count = count < rows->rows.count + more ? rows->rows.count + more : count;
    COR_TRY(cor_reallocate(&rows->rows.begin, old + 1, count + 1,
                           sizeof *rows->rows.begin, "examples"));
    COR_TRY(cor_reallocate(&rows->rows.label, old, count,
                           sizeof *rows->rows.label, "labels"));
    rows->row_capacity = count;
    return COR_OK;
}

int example_rows_grow(example_rows *rows, int64_t more)
{
    int64_t old = rows->capacity, count = old + old / 2;
    count = count < rows->at + more ? rows->at + more : count;
    COR_TRY(cor_reallocate(&rows->rows.feature, old, count,
                           sizeof *rows->rows.feature, "features"));
    COR_TRY(cor_reallocate(&rows->rows.value, old, count,
                           sizeof *rows->rows.value, "values"));
    rows->capacity = count;
    return COR_OK;
}

int example_rows_create(example_rows *rows)
{
    *rows = (example_rows){0};
    int rc = grow_rows(rows, FIRST);
    if (rc == COR_OK)
        rc = example_rows_grow(rows, FIRST);
    if (rc == COR_OK)
        rows->rows.begin[0] = 0;
    else
        example_rows_free(rows);
    return rc;
}

int example_end(example_rows *rows, float label)
{
    cor_examples_rows *whole = &rows->rows;
    if (whole->count == rows->row_capacity)
        COR_TRY(grow_rows(rows, 1));
    whole->label[whole->count++] = label;
    whole->begin[whole->count] = rows->at;
    if (rows->at > whole->begin[whole->count - 1] &&
        whole->feature[rows->at - 1] >= rows->features)
        rows->features = (int64_t)whole->feature[rows->at - 1] + 1;
    return COR_OK;
}

int example_rows_append(example_rows *to, const example_rows *from)
{
    cor_examples_rows *a = &to->rows;
    const cor_examples_rows *b = &from->rows;
    int64_t base = a->begin[a->count], more = b->begin[b->count];
    if (b->count == 0)
        return COR_OK;
    to->at = base;
    if (base + more > to->capacity)
        COR_TRY(example_rows_grow(to, more));
    if (a->count + b->count > to->row_capacity)
        COR_TRY(grow_rows(to, b->count));
    memcpy(a->feature + base, b->feature, (size_t)more * sizeof *a->feature);
    memcpy(a->value + base, b->value, (size_t)more * sizeof *a->value);
    memcpy(a->label + a->count, b->label, (size_t)b->count * sizeof *a->label);
    for (int64_t i = 1; i <= b->count; i++)
        a->begin[a->count + i] = base + b->begin[i];
    a->count += b->count;
    to->at = base + more;
    if (from->features > to->features)
        to->features = from->features;
    return COR_OK;
}
