#include "json_walk.h"

#include <string.h>

/* ---- the tree of paths ---- */

static bool leads_to(const json_node *node, const cor_path_part *part)
{
    if (!part->key || !node->key)
        return !part->key && !node->key && part->position == node->position;
    return part->length == node->length &&
           memcmp(part->key, node->key, node->length) == 0;
}

static int32_t add_node(json_tree *tree, int32_t parent,
                        const cor_path_part *part)
{
    int32_t *link = &tree->node[parent].child;
    for (; *link >= 0; link = &tree->node[*link].next)
        if (leads_to(&tree->node[*link], part))
            return *link;
    *link = tree->nodes;
    tree->node[tree->nodes] = (json_node){.key = part->key,
                                          .length = part->length,
                                          .position = part->position,
                                          .leaf = -1,
                                          .child = -1,
                                          .next = -1};
    return tree->nodes++;
}

int32_t json_tree_add(json_tree *tree, const cor_path *path, int32_t number)
{
    int32_t at = 0;
    for (int i = 0; i < path->parts; i++)
        at = add_node(tree, at, &path->part[i]);
    if (tree->node[at].leaf < 0)
        tree->node[at].leaf = number;
    return tree->node[at].leaf;
}

static void forget(json_tree *tree, int32_t node)
{
    if (tree->node[node].leaf >= 0)
        tree->field[tree->node[node].leaf] = (cor_field){0};
    for (int32_t c = tree->node[node].child; c >= 0; c = tree->node[c].next)
        forget(tree, c);
}

/* A node is met: what it held when it was met before in this record, under a
   name that stands there twice, counts no more. */
static void meet(json_tree *tree, int32_t node)
{
    if (tree->node[node].record == tree->record)
        forget(tree, node);
    tree->node[node].record = tree->record;
}

/* ---- names ---- */

/* The end of a string: its closing quote is the last byte before the next token
   that is no blank. */
static const char *string_end(const char *next)
{
    do
        next--;
    while (*next != '"');
    return next;
}

static int32_t find_name(const json_tree *tree, int32_t node, const char *key,
                         size_t length)
{
    int32_t child = tree->node[node].child;
    for (; child >= 0; child = tree->node[child].next) {
        const json_node *n = &tree->node[child];
        if (n->length == length && n->key && memcmp(n->key, key, length) == 0)
            break;
    }
    return child;
}

/* The same for a name that is written with escapes. */
static int32_t find_escaped(json_walk *w, int32_t node, const char *key,
                            const char *end)
{
    cor_csv plain = {0};
    cor_field name = {.form = COR_FORM_JSON, .begin = key, .end = end};
    w->status = cor_field_text(&name, &plain, &key, &end);
    int32_t child = w->status == COR_OK
                        ? find_name(w->tree, node, key, (size_t)(end - key))
                        : -1;
    cor_csv_free(&plain);
    return child;
}

/* The child of a node that the member just passed is, or -1. */
static int32_t child_of_name(json_walk *w, int32_t node, const char *quote)
{
    const char *key = quote + 1, *end = string_end(w->text + w->token[-1]);
    size_t length = (size_t)(end - key);
    if (w->slashes && memchr(key, '\\', length))
        return find_escaped(w, node, key, end);
    return find_name(w->tree, node, key, length);
}

static int32_t child_at(const json_tree *tree, int32_t node, int64_t position)
{
    int32_t child = tree->node[node].child;
    for (; child >= 0; child = tree->node[child].next)
        if (!tree->node[child].key && tree->node[child].position == position)
            break;
    return child;
}

/* ---- values ---- */

static enum cor_field_kind kind_of(char c)
{
    switch (c) {
    case '"':
        return COR_FIELD_TEXT;
    case '[':
        return COR_FIELD_ARRAY;
    case '{':
        return COR_FIELD_OBJECT;
    case 't':
        return COR_FIELD_TRUE;
    case 'f':
        return COR_FIELD_FALSE;
    case 'n':
        return COR_FIELD_NULL;
    default:
        return COR_FIELD_NUMBER;
    }
}

/* The value that begins at p, just passed, is what a path leads to. */
static void keep(json_walk *w, int32_t leaf, const char *p)
{
    cor_field *field = &w->tree->field[leaf];
    *field = (cor_field){.kind = kind_of(*p), .begin = p};
    if (*p == '{' || *p == '[') {
        field->end = w->text + w->token[-1] + 1;
    } else if (*p == '"') {
        field->begin++;
        field->end =
            string_end(*w->token < w->line ? json_at(w) : w->text + w->line);
        size_t length = (size_t)(field->end - field->begin);
        if (w->slashes && memchr(field->begin, '\\', length))
            field->form = COR_FORM_JSON;
    } else {
        field->end = json_scalar_end(p);
    }
}

static bool walk_value(json_walk *w, int32_t node);

/* The members of an object that a node leads to, behind its bracket. */
static bool walk_members(json_walk *w, int32_t node)
{
    const char *name;
    bool closed = *w->token < w->line && *json_at(w) == '}';
    w->token += closed;
    while (!closed) {
        if (!json_pass_name(w, &name))
            return false;
        int32_t child = child_of_name(w, node, name);
        if (w->status != COR_OK)
            return false;
        if (!(child >= 0 ? walk_value(w, child) : json_skip(w)) ||
            !json_pass_comma(w, '}', &closed))
            return false;
    }
    return true;
}

static bool walk_elements(json_walk *w, int32_t node)
{
    bool closed = *w->token < w->line && *json_at(w) == ']';
    w->token += closed;
    for (int64_t position = 0; !closed; position++) {
        int32_t child = child_at(w->tree, node, position);
        if (!(child >= 0 ? walk_value(w, child) : json_skip(w)) ||
            !json_pass_comma(w, ']', &closed))
            return false;
    }
    return true;
}

/* A value that a node leads to. Paths are short, so this may call itself. */
static bool walk_value(json_walk *w, int32_t node)
{
    const json_node *n = &w->tree->node[node];
    const char *p = json_at(w);
    char c = *w->token < w->line ? *p : '\n';
    bool good;
    meet(w->tree, node);
    if (n->child >= 0 && (c == '{' || c == '[')) {
        w->token++;
        good = c == '{' ? walk_members(w, node) : walk_elements(w, node);
    } else {
        good = json_skip(w);
    }
    if (good && n->leaf >= 0)
        keep(w, n->leaf, p);
    return good;
}

/* ---- records ---- */

static bool is_hex(const char *p, int digits)
{
    for (int i = 0; i < digits; i++)
        if ((unsigned)(p[i] - '0') >= 10 && (unsigned)((p[i] | 32) - 'a') >= 6)
            return false;
    return true;
}

/* What follows a backslash is the one thing about strings that simdjson has not
   looked at. */
static bool check_escapes(json_walk *w, const char *p)
{
    static const bool plain[256] = {
        ['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
        ['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true};
    const char *line = w->text + w->line;
    while ((p = memchr(p, '\\', (size_t)(line - p)))) {
        if (plain[(unsigned char)p[1]])
            p += 2;
        else if (p[1] == 'u' && is_hex(p + 2, 4))
            p += 6;
        else
            return json_wrong(w, p, "this is no escape");
    }
    return true;
}

void json_walk_record(json_walk *w)
{
    w->tree->record++;
    if (w->slashes && !check_escapes(w, json_at(w)))
        return;
    if (walk_value(w, 0) && *w->token < w->line)
        json_wrong(w, json_at(w), "more text follows the record's value");
}
