#include "coracle/path.h"

#include "coracle/memory.h"

#include <string.h>

/* A path while it is read. */
typedef struct path_reader {
    const char *begin, *end, *p;
    char *out; /* where the next name is written */
    cor_path *path;
    size_t *wrong;
} path_reader;

static int fail(path_reader *r, const char *at, const char *what)
{
    *r->wrong = (size_t)(at - r->begin);
    return cor_fail(COR_EUSAGE, "%s", what);
}

static int add_part(path_reader *r, cor_path_part part)
{
    if (r->path->parts == COR_PATH_LIMIT)
        return fail(r, r->p, "the path has too many parts");
    r->path->part[r->path->parts++] = part;
    return COR_OK;
}

/* A name between backticks; a doubled one stands for itself. */
static int quoted_name(path_reader *r)
{
    const char *open = r->p++;
    char *key = r->out;
    for (; r->p < r->end; *r->out++ = *r->p++) {
        if (*r->p != '`')
            continue;
        if (r->p + 1 == r->end || r->p[1] != '`')
            break;
        r->p++;
    }
    if (r->p == r->end)
        return fail(r, open, "this backtick is never closed");
    r->p++;
    return add_part(r, (cor_path_part){key, (size_t)(r->out - key), 0});
}

static int plain_name(path_reader *r)
{
    char *key = r->out;
    while (r->p < r->end && !memchr(".[]`", *r->p, 4))
        *r->out++ = *r->p++;
    if (key == r->out)
        return fail(r, r->p, "the name of a field is missing");
    return add_part(r, (cor_path_part){key, (size_t)(r->out - key), 0});
}

static int position(path_reader *r)
{
    const char *digits = ++r->p;
    int64_t number = 0;
    for (; r->p < r->end && (unsigned)(*r->p - '0') < 10; r->p++) {
        if (r->p - digits == 18)
            return fail(r, digits, "the position is too great");
        number = number * 10 + (*r->p - '0');
    }
    if (r->p == digits)
        return fail(r, r->p, "a position, 0 or more, is missing");
    if (r->p == r->end || *r->p != ']')
        return fail(r, r->p, "a ] is missing");
    r->p++;
    return add_part(r, (cor_path_part){NULL, 0, number});
}

static int read_parts(path_reader *r)
{
    bool name = r->p == r->end || *r->p != '[';
    for (;;) {
        if (!name)
            COR_TRY(position(r));
        else if (r->p < r->end && *r->p == '`')
            COR_TRY(quoted_name(r));
        else
            COR_TRY(plain_name(r));
        if (r->p == r->end)
            return COR_OK;
        name = *r->p == '.';
        if (!name && *r->p != '[')
            return fail(r, r->p, "a point or a bracket is missing");
        r->p += name;
    }
}

int cor_path_parse(const char *text, size_t length, cor_path *path,
                   size_t *wrong)
{
    *path = (cor_path){0};
    *wrong = 0;
    int rc = cor_allocate(&path->text, (int64_t)length + 1, 1, "path");
    if (rc == COR_OK)
        rc = cor_allocate(&path->keys, (int64_t)length + 1, 1, "path");
    if (rc == COR_OK) {
        memcpy(path->text, text, length);
        path->text[length] = '\0';
        path_reader r = {.begin = path->text,
                         .end = path->text + length,
                         .p = path->text,
                         .out = path->keys,
                         .path = path,
                         .wrong = wrong};
        rc = read_parts(&r);
    }
    if (rc != COR_OK)
        cor_path_free(path);
    return rc;
}

void cor_path_free(cor_path *path)
{
    cor_free(path->text);
    cor_free(path->keys);
    *path = (cor_path){0};
}

static bool same_part(const cor_path_part *a, const cor_path_part *b)
{
    if (!a->key || !b->key)
        return !a->key && !b->key && a->position == b->position;
    return a->length == b->length && memcmp(a->key, b->key, a->length) == 0;
}

bool cor_path_equal(const cor_path *a, const cor_path *b)
{
    bool equal = a->parts == b->parts;
    for (int i = 0; equal && i < a->parts; i++)
        equal = same_part(&a->part[i], &b->part[i]);
    return equal;
}
