/* An expression becomes a tree, by recursive descent. */
#include "coracle/where.h"

#include "coracle/memory.h"
#include "coracle/text.h"
#include "where_tree.h"

#include <stdio.h>
#include <string.h>

/* Parentheses and `not` within each other; the test of a tree calls itself. */
enum { DEPTH_LIMIT = 200 };

typedef struct where_parser {
    cor_where *where;
    where_words words;
    int depth;
} where_parser;

static int fail(const where_parser *p, const char *what)
{
    return where_words_fail(&p->words, p->words.begin, what);
}

static int next(where_parser *p)
{
    return where_words_next(&p->words);
}

/* Room for one more of `count` elements, whose number is a power of two when
   there is none. */
static int grow(void *list, int32_t count, size_t width)
{
    if (count & (count - 1))
        return COR_OK;
    return cor_reallocate(list, count, count ? 2 * (int64_t)count : 1, width,
                          "a condition");
}

static int add_node(where_parser *p, where_node node, int32_t *index)
{
    cor_where *w = p->where;
    COR_TRY(grow(&w->node, w->nodes, sizeof *w->node));
    *index = w->nodes;
    w->node[w->nodes++] = node;
    return COR_OK;
}

/* ---- operands ---- */

/* Texts outlive the word that they were read from. */
static int keep_text(cor_where *w, cor_field *value)
{
    char *text;
    size_t length = (size_t)(value->end - value->begin);
    COR_TRY(grow(&w->text, w->texts, sizeof *w->text));
    COR_TRY(cor_allocate(&text, (int64_t)length + 1, 1, "a text"));
    memcpy(text, value->begin, length);
    text[length] = '\0';
    w->text[w->texts++] = text;
    value->begin = text;
    value->end = text + length;
    return COR_OK;
}

static int take_value(where_parser *p, cor_field *value)
{
    *value = p->words.value;
    if (value->kind == COR_FIELD_TEXT)
        COR_TRY(keep_text(p->where, value));
    return next(p);
}

static int take_path(where_parser *p, int32_t *index)
{
    cor_where *w = p->where;
    const where_words *words = &p->words;
    size_t wrong;
    COR_TRY(grow(&w->path, w->paths, sizeof *w->path));
    int rc =
        cor_path_parse(words->text + words->begin, words->end - words->begin,
                       &w->path[w->paths], &wrong);
    if (rc == COR_EUSAGE) {
        char what[COR_MESSAGE_SIZE];
        snprintf(what, sizeof what, "%s", cor_message());
        return where_words_fail(words, words->begin + wrong, what);
    }
    COR_TRY(rc);
    for (*index = 0; !cor_path_equal(&w->path[*index], &w->path[w->paths]);)
        ++*index;
    if (*index < w->paths) /* it was there before */
        cor_path_free(&w->path[w->paths]);
    else
        w->paths++;
    return next(p);
}

static int take_operand(where_parser *p, where_operand *operand)
{
    *operand = (where_operand){.path = -1};
    if (p->words.word == WORD_PATH)
        return take_path(p, &operand->path);
    if (p->words.word == WORD_VALUE)
        return take_value(p, &operand->value);
    if (p->words.word == WORD_END)
        return fail(p, "the expression ends where a field or a value should "
                       "follow");
    return fail(p, "a field or a value should be here");
}

/* ("a", "b") or ["a", "b"] */
static int take_list(where_parser *p, where_node *node)
{
    cor_where *w = p->where;
    enum where_word close =
        p->words.word == WORD_OPEN ? WORD_CLOSE : WORD_CLOSE_LIST;
    node->first = w->listed;
    do {
        COR_TRY(next(p));
        if (p->words.word != WORD_VALUE)
            return fail(p, "a value should be here: a text between quotes, a "
                           "number, true, false or null");
        COR_TRY(grow(&w->list, w->listed, sizeof *w->list));
        COR_TRY(take_value(p, &w->list[w->listed]));
        w->listed++;
    } while (p->words.word == WORD_COMMA);
    if (p->words.word != close)
        return fail(p, close == WORD_CLOSE ? "a comma or a ) should be here"
                                           : "a comma or a ] should be here");
    node->count = w->listed - node->first;
    return next(p);
}

/* The text of `matches` and `icontains`. */
static int take_pattern(where_parser *p, where_node *node)
{
    cor_where *w = p->where;
    const where_words *words = &p->words;
    bool literal = node->op == WORD_ICONTAINS;
    size_t wrong;
    if (words->word != WORD_VALUE || words->value.kind != COR_FIELD_TEXT)
        return fail(p, "a text between quotes should be here");
    const char *begin = words->value.begin, *end = words->value.end;
    COR_TRY(grow(&w->pattern, w->patterns, sizeof(cor_pattern *)));
    int rc = cor_pattern_compile(begin, (size_t)(end - begin), literal,
                                 &w->pattern[w->patterns], &wrong);
    if (rc == COR_EUSAGE) {
        char what[COR_MESSAGE_SIZE];
        snprintf(what, sizeof what, "%s", cor_message());
        /* exact where the text is written as it is meant */
        size_t written = words->end - words->begin - 2;
        bool plain = written == (size_t)(end - begin);
        return where_words_fail(words, words->begin + (plain ? 1 + wrong : 0),
                                what);
    }
    COR_TRY(rc);
    node->pattern = w->pattern[w->patterns++];
    return next(p);
}

/* ---- conditions ---- */

static int comparison(where_parser *p, int32_t *index)
{
    where_node node = {0};
    COR_TRY(take_operand(p, &node.a));
    node.op = p->words.word;
    if (node.op == WORD_EXISTS && node.a.path < 0)
        return fail(p, "exists stands behind a field, not behind a value");
    if (node.op != WORD_EXISTS && (node.op < WORD_EQUAL || node.op > WORD_IN))
        return fail(p, "an operator should be here: = != < <= > >= contains "
                       "icontains matches in exists");
    COR_TRY(next(p));
    bool list = p->words.word == WORD_OPEN || p->words.word == WORD_OPEN_LIST;
    if (node.op == WORD_MATCHES || node.op == WORD_ICONTAINS)
        COR_TRY(take_pattern(p, &node));
    else if (node.op == WORD_IN && list)
        COR_TRY(take_list(p, &node));
    else if (node.op == WORD_IN && p->words.word != WORD_PATH)
        return fail(p, "a list such as (\"a\", \"b\") or a field that is an "
                       "array should be here");
    else if (node.op != WORD_EXISTS)
        COR_TRY(take_operand(p, &node.b));
    return add_node(p, node, index);
}

static int either(where_parser *p, int32_t *index);

static int one(where_parser *p, int32_t *index)
{
    if (p->depth == DEPTH_LIMIT)
        return fail(p, "this is nested too deeply");
    p->depth++;
    if (p->words.word == WORD_NOT) {
        where_node node = {.op = WORD_NOT};
        COR_TRY(next(p));
        COR_TRY(one(p, &node.left));
        COR_TRY(add_node(p, node, index));
    } else if (p->words.word == WORD_OPEN) {
        size_t open = p->words.begin;
        COR_TRY(next(p));
        COR_TRY(either(p, index));
        if (p->words.word == WORD_END)
            return where_words_fail(&p->words, open,
                                    "this parenthesis is never closed");
        if (p->words.word != WORD_CLOSE)
            return fail(p, "and, or, or a ) should be here");
        COR_TRY(next(p));
    } else {
        COR_TRY(comparison(p, index));
    }
    p->depth--;
    return COR_OK;
}

/* What `op` joins, from the left. */
static int joined(where_parser *p, enum where_word op,
                  int (*part)(where_parser *, int32_t *), int32_t *index)
{
    COR_TRY(part(p, index));
    while (p->words.word == op) {
        where_node node = {.op = op, .left = *index};
        COR_TRY(next(p));
        COR_TRY(part(p, &node.right));
        COR_TRY(add_node(p, node, index));
    }
    return COR_OK;
}

static int both(where_parser *p, int32_t *index)
{
    return joined(p, WORD_AND, one, index);
}

static int either(where_parser *p, int32_t *index)
{
    return joined(p, WORD_OR, both, index);
}

static int parse(where_parser *p)
{
    int32_t whole;
    COR_TRY(next(p));
    if (p->words.word == WORD_END)
        return fail(p, "the expression is empty; write for example title "
                       "icontains \"data scientist\"");
    COR_TRY(either(p, &whole));
    if (p->words.word != WORD_END)
        return fail(p, "and, or, or the end should be here");
    return COR_OK;
}

int cor_where_compile(const char *text, const char *option, cor_where **where)
{
    *where = NULL;
    if (!cor_text_is_utf8(text, text + strlen(text)))
        return cor_fail(COR_EUSAGE, "--%s: the expression is not UTF-8",
                        option);
    COR_TRY(COR_NEW_ZEROED(where, 1));
    where_parser p = {.where = *where,
                      .words = {.text = text, .option = option}};
    int rc = parse(&p);
    cor_csv_free(&p.words.meant);
    if (rc != COR_OK)
        cor_where_destroy(where);
    return rc;
}

void cor_where_destroy(cor_where **where)
{
    cor_where *w = *where;
    if (!w)
        return;
    for (int32_t i = 0; i < w->paths; i++)
        cor_path_free(&w->path[i]);
    for (int32_t i = 0; i < w->patterns; i++)
        cor_pattern_destroy(&w->pattern[i]);
    for (int32_t i = 0; i < w->texts; i++)
        cor_free(w->text[i]);
    cor_free(w->path);
    cor_free(w->node);
    cor_free(w->list);
    cor_free(w->pattern);
    cor_free(w->text);
    cor_free(w);
    *where = NULL;
}

const cor_path *cor_where_paths(const cor_where *where, int *paths)
{
    *paths = where->paths;
    return where->path;
}
