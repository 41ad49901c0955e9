/* Most of a record is no field that anybody wants: this passes over it. */
#include "coracle/memory.h"
#include "json_walk.h"

#include <string.h>

enum { FIRST_DEPTH = 1024 };

bool json_wrong(json_walk *w, const char *p, const char *what)
{
    const char *line = w->text + w->line;
    w->fault = (cor_json_fault){p < line ? p : line, what};
    return false;
}

/* ---- scalars ---- */

/* What may stand behind a literal or a number. */
static bool ends_scalar(char c)
{
    return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' ||
           c == '\r' || c == '\n';
}

static const char *pass_digits(const char *p)
{
    while ((unsigned)(*p - '0') < 10)
        p++;
    return p;
}

/* Behind a number; a newline ends the text, so no bound is needed. */
static const char *number_end(const char *p)
{
    p += *p == '-';
    const char *digits = p;
    p = pass_digits(p);
    if (p == digits || (*digits == '0' && p > digits + 1))
        return NULL;
    if (*p == '.') {
        digits = ++p;
        p = pass_digits(p);
        if (p == digits)
            return NULL;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        digits = p;
        p = pass_digits(p);
        if (p == digits)
            return NULL;
    }
    return ends_scalar(*p) ? p : NULL;
}

static const char *word_end(const char *p, const char *word, size_t length)
{
    bool same = memcmp(p, word, length) == 0 && ends_scalar(p[length]);
    return same ? p + length : NULL;
}

const char *json_scalar_end(const char *p)
{
    switch (*p) {
    case 't':
        return word_end(p, "true", 4);
    case 'f':
        return word_end(p, "false", 5);
    case 'n':
        return word_end(p, "null", 4);
    default:
        return number_end(p);
    }
}

/* ---- brackets ---- */

static bool open_bracket(json_walk *w, int64_t depth, char closing)
{
    json_brackets *b = w->brackets;
    if (depth == b->capacity) {
        int64_t capacity = depth ? 2 * depth : FIRST_DEPTH;
        w->status = cor_reallocate(&b->closing, depth, capacity, 1,
                                   "brackets that are open");
        if (w->status != COR_OK)
            return false;
        b->capacity = capacity;
    }
    b->closing[depth] = closing;
    return true;
}

/* Whether the bracket just passed closes at once. */
static bool is_empty(const json_walk *w, char closing)
{
    return *w->token < w->line && *json_at(w) == closing;
}

/* Behind a value at some depth: up to the next one. */
static bool pass_behind(json_walk *w, int64_t *depth)
{
    const char *name;
    while (*depth > 0) {
        bool closed;
        char closing = w->brackets->closing[*depth - 1];
        if (!json_pass_comma(w, closing, &closed))
            return false;
        if (!closed)
            return closing == ']' || json_pass_name(w, &name);
        --*depth;
    }
    return true;
}

bool json_skip(json_walk *w)
{
    const char *name;
    int64_t depth = 0;
    do {
        const char *p = json_at(w);
        if (*w->token >= w->line)
            return json_wrong(w, p, "the line ends within a value");
        w->token++;
        if (*p == '{' || *p == '[') {
            char closing = *p == '{' ? '}' : ']';
            if (!is_empty(w, closing)) {
                if (!open_bracket(w, depth++, closing))
                    return false;
                if (closing == '}' && !json_pass_name(w, &name))
                    return false;
                continue;
            }
            w->token++;
        } else if (*p != '"' && !json_scalar_end(p)) {
            return json_wrong(w, p, "this is no JSON value");
        }
        if (!pass_behind(w, &depth))
            return false;
    } while (depth > 0);
    return true;
}
