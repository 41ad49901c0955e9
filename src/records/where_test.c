#include "coracle/memory.h"
#include "where_tree.h"

#include <string.h>

struct cor_where_scratch {
    cor_pattern_scratch *pattern;
    cor_csv left, right; /* texts without their escapes */
};

int cor_where_scratch_create(bool utf8, cor_where_scratch **scratch)
{
    COR_TRY(COR_NEW_ZEROED(scratch, 1));
    int rc = cor_pattern_scratch_create(utf8, &(*scratch)->pattern);
    if (rc != COR_OK)
        cor_where_scratch_destroy(scratch);
    return rc;
}

void cor_where_scratch_destroy(cor_where_scratch **scratch)
{
    if (!*scratch)
        return;
    cor_pattern_scratch_destroy(&(*scratch)->pattern);
    cor_csv_free(&(*scratch)->left);
    cor_csv_free(&(*scratch)->right);
    cor_free(*scratch);
    *scratch = NULL;
}

/* A test while it runs: `status` is kept until its end. */
typedef struct where_test {
    const cor_where *where;
    cor_where_scratch *scratch;
    const cor_field *field;
    int status;
} where_test;

/* ---- two values ---- */

typedef struct text_pair {
    const char *a, *a_end, *b, *b_end;
} text_pair;

static bool texts_of(where_test *t, const cor_field *a, const cor_field *b,
                     text_pair *texts)
{
    int rc = cor_field_text(a, &t->scratch->left, &texts->a, &texts->a_end);
    if (rc == COR_OK)
        rc = cor_field_text(b, &t->scratch->right, &texts->b, &texts->b_end);
    if (rc != COR_OK)
        t->status = rc;
    return rc == COR_OK;
}

static int compare_texts(const text_pair *x)
{
    size_t a = (size_t)(x->a_end - x->a), b = (size_t)(x->b_end - x->b);
    int order = memcmp(x->a, x->b, a < b ? a : b);
    return order ? order : (a > b) - (a < b);
}

/* Whether two values have an order, and which. */
static bool compare(where_test *t, const cor_field *a, const cor_field *b,
                    int *order)
{
    cor_number x, y;
    text_pair texts;
    if (a->kind == COR_FIELD_TEXT && b->kind == COR_FIELD_TEXT) {
        if (!texts_of(t, a, b, &texts))
            return false;
        *order = compare_texts(&texts);
        return true;
    }
    if (a->kind != COR_FIELD_NUMBER && b->kind != COR_FIELD_NUMBER)
        return false;
    if (!cor_field_number(a, &x) || !cor_field_number(b, &y))
        return false;
    *order = cor_number_compare(x, y);
    return true;
}

static bool equal(where_test *t, const cor_field *a, const cor_field *b)
{
    int order;
    if (a->kind == b->kind && a->kind <= COR_FIELD_TRUE)
        return true;
    return compare(t, a, b, &order) && order == 0;
}

static bool contains(where_test *t, const cor_field *a, const cor_field *b)
{
    text_pair x;
    if (a->kind != COR_FIELD_TEXT || b->kind != COR_FIELD_TEXT)
        return equal(t, a, b);
    if (!texts_of(t, a, b, &x))
        return false;
    size_t length = (size_t)(x.b_end - x.b);
    if (length == 0)
        return true;
    for (const char *p = x.a; (size_t)(x.a_end - p) >= length; p++) {
        size_t places = (size_t)(x.a_end - p) - length + 1;
        p = memchr(p, *x.b, places);
        if (!p)
            return false;
        if (memcmp(p, x.b, length) == 0)
            return true;
    }
    return false;
}

static bool fits_pattern(where_test *t, const where_node *node,
                         const cor_field *a)
{
    const char *begin, *end;
    bool found = false;
    if (a->kind != COR_FIELD_TEXT)
        return false;
    int rc = cor_field_text(a, &t->scratch->left, &begin, &end);
    if (rc == COR_OK)
        rc = cor_pattern_find(node->pattern, t->scratch->pattern, begin, end,
                              &found);
    if (rc != COR_OK)
        t->status = rc;
    return found;
}

static bool in_list(where_test *t, const where_node *node, const cor_field *a)
{
    for (int32_t i = 0; i < node->count; i++)
        if (equal(t, a, &t->where->list[node->first + i]))
            return true;
    return false;
}

/* No arrays any more. */
static bool fits_pair(where_test *t, const where_node *node, const cor_field *a,
                      const cor_field *b)
{
    int order;
    switch (node->op) {
    case WORD_EQUAL:
    case WORD_DIFFERS: /* turned round at the end */
        return equal(t, a, b);
    case WORD_LESS:
        return compare(t, a, b, &order) && order < 0;
    case WORD_AT_MOST:
        return compare(t, a, b, &order) && order <= 0;
    case WORD_GREATER:
        return compare(t, a, b, &order) && order > 0;
    case WORD_AT_LEAST:
        return compare(t, a, b, &order) && order >= 0;
    case WORD_CONTAINS:
        return contains(t, a, b);
    case WORD_IN:
        return node->count ? in_list(t, node, a) : equal(t, a, b);
    default:
        return fits_pattern(t, node, a);
    }
}

/* ---- arrays ---- */

/* The values that a field stands for: itself, or the elements of an array. */
typedef struct each_value {
    const cor_field *field;
    const char *at;
    cor_field element;
    bool begun;
} each_value;

static const cor_field *next_value(each_value *each)
{
    bool array = each->field->kind == COR_FIELD_ARRAY;
    if (!array && each->begun)
        return NULL;
    each->begun = true;
    if (!array)
        return each->field;
    bool more = cor_field_element(each->field, &each->at, &each->element);
    return more ? &each->element : NULL;
}

static const cor_field *operand(const where_test *t, const where_operand *o)
{
    return o->path < 0 ? &o->value : &t->field[o->path];
}

static bool fits_comparison(where_test *t, const where_node *node)
{
    static const cor_field nothing = {.kind = COR_FIELD_NULL};
    bool pair = !node->pattern && node->count == 0;
    const cor_field *a = operand(t, &node->a);
    const cor_field *b = pair ? operand(t, &node->b) : &nothing;
    if (a->kind == COR_FIELD_MISSING || b->kind == COR_FIELD_MISSING)
        return false;
    bool fits = false;
    each_value left = {.field = a};
    for (const cor_field *x; !fits && (x = next_value(&left));) {
        each_value right = {.field = b};
        for (const cor_field *y; !fits && (y = next_value(&right));)
            fits = fits_pair(t, node, x, y);
    }
    return fits != (node->op == WORD_DIFFERS);
}

/* ---- the tree ---- */

static bool fits_node(where_test *t, int32_t index)
{
    const where_node *node = &t->where->node[index];
    switch (node->op) {
    case WORD_AND:
        return fits_node(t, node->left) && fits_node(t, node->right);
    case WORD_OR:
        return fits_node(t, node->left) || fits_node(t, node->right);
    case WORD_NOT:
        return !fits_node(t, node->left);
    case WORD_EXISTS:
        return t->field[node->a.path].kind != COR_FIELD_MISSING;
    default:
        return fits_comparison(t, node);
    }
}

int cor_where_test(const cor_where *where, cor_where_scratch *scratch,
                   const cor_field *field, bool *fits)
{
    where_test t = {.where = where, .scratch = scratch, .field = field};
    *fits = fits_node(&t, where->nodes - 1);
    return t.status;
}
