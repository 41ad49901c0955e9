/**
 * The walk over the tokens of a record. It checks the grammar of the whole and
 * keeps what the paths lead to.
 */
#ifndef COR_JSON_WALK_H
#define COR_JSON_WALK_H

#include "coracle/json.h"

/** A name or a position on a path. */
typedef struct json_node {
    const char *key; /* NULL: a position */
    size_t length;
    int64_t position;
    int32_t leaf;        /* the path that ends here, or -1 */
    int32_t child, next; /* of the tree, or -1 */
    int64_t record;      /* where it was met last */
} json_node;

/** The tree of all names and positions, its root first, and what they lead to
    in the record in hand. */
typedef struct json_tree {
    json_node *node;
    int32_t nodes;
    cor_field *field; /* one a path */
    int64_t record;   /* counts the records, from 1 */
} json_tree;

/** Add the path with this number. @return the number of the first one equal to
    it, whose field is its field too */
int32_t json_tree_add(json_tree *tree, const cor_path *path, int32_t number);

/** The brackets that are open below the paths: a stack of bytes, not of calls,
    so that depth costs memory alone. Starts as {0}. */
typedef struct json_brackets {
    char *closing;
    int64_t capacity;
} json_brackets;

/** One record: the bytes of `text` up to `line`, its newline. */
typedef struct json_walk {
    json_tree *tree;
    json_brackets *brackets;
    const char *text;
    uint32_t line;
    const uint32_t *token; /* the next one */
    bool slashes;          /* there may be backslashes */
    int status;            /* COR_EMEMORY, or COR_OK */
    cor_json_fault fault;
} json_walk;

/** Pass over one value and check it; `fault` or `status` say where it fails. */
bool json_skip(json_walk *walk);

/** Behind a literal or a number at p, or NULL where there is none. */
const char *json_scalar_end(const char *p);

/** The whole record: its fields are in the tree, unless there is a fault. */
void json_walk_record(json_walk *walk);

static inline const char *json_at(const json_walk *w)
{
    return w->text + *w->token;
}

/** Note what is wrong at p. @return false */
bool json_wrong(json_walk *walk, const char *p, const char *what);

/** Pass the name of a member, which is given, and its colon. */
static inline bool json_pass_name(json_walk *w, const char **name)
{
    *name = json_at(w);
    if (*w->token >= w->line || **name != '"')
        return json_wrong(w, *name, "the name of a member should be here");
    w->token++;
    if (*w->token >= w->line || *json_at(w) != ':')
        return json_wrong(w, json_at(w), "a colon should be here");
    w->token++;
    return true;
}

/** Pass the comma or the closing bracket behind a value. */
static inline bool json_pass_comma(json_walk *w, char closing, bool *closed)
{
    char c = *w->token < w->line ? *json_at(w) : '\n';
    *closed = c == closing;
    if (c != ',' && !*closed)
        return json_wrong(w, json_at(w),
                          closing == '}' ? "a comma or a } should be here"
                                         : "a comma or a ] should be here");
    w->token++;
    return true;
}

#endif
