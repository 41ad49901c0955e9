#include "where_words.h"

#include "coracle/text.h"

#include <string.h>

/* ---- messages ---- */

/* Characters of the line that are shown on each side of the place. */
enum { SHOWN = 56 };

static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

int where_words_fail(const where_words *words, size_t at, const char *what)
{
    const char *text = words->text, *place = text + at;
    const char *from = place, *to = place;
    int before = 0, after = 0;
    for (; from > text && before < SHOWN; before++)
        while (--from > text && continues(*from))
            ;
    for (; *to && after < SHOWN; after++)
        while (continues(*++to))
            ;
    char line[8 * SHOWN + 1] = "";
    size_t length = (size_t)(to - from);
    memcpy(line, from, length);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = ' ';
    const char *more = from > text ? "..." : "";
    return cor_fail(COR_EUSAGE, "--%s: %s\n  %s%s%s\n  %*s^", words->option,
                    what, more, line, *to ? "..." : "",
                    before + (int)strlen(more), "");
}

/* ---- words ---- */

typedef struct known_word {
    const char *text;
    enum where_word word;
} known_word;

static const known_word names[] = {{"and", WORD_AND},
                                   {"AND", WORD_AND},
                                   {"or", WORD_OR},
                                   {"OR", WORD_OR},
                                   {"not", WORD_NOT},
                                   {"NOT", WORD_NOT},
                                   {"exists", WORD_EXISTS},
                                   {"EXISTS", WORD_EXISTS},
                                   {"contains", WORD_CONTAINS},
                                   {"CONTAINS", WORD_CONTAINS},
                                   {"icontains", WORD_ICONTAINS},
                                   {"ICONTAINS", WORD_ICONTAINS},
                                   {"matches", WORD_MATCHES},
                                   {"MATCHES", WORD_MATCHES},
                                   {"in", WORD_IN},
                                   {"IN", WORD_IN}};

/* The longer ones first. */
static const known_word signs[] = {
    {"!=", WORD_DIFFERS},  {"<=", WORD_AT_MOST},   {">=", WORD_AT_LEAST},
    {"==", WORD_EQUAL},    {"=", WORD_EQUAL},      {"<", WORD_LESS},
    {">", WORD_GREATER},   {"(", WORD_OPEN},       {")", WORD_CLOSE},
    {"[", WORD_OPEN_LIST}, {"]", WORD_CLOSE_LIST}, {",", WORD_COMMA}};

static const struct {
    const char *text;
    enum cor_field_kind kind;
} literals[] = {{"true", COR_FIELD_TRUE},
                {"false", COR_FIELD_FALSE},
                {"null", COR_FIELD_NULL}};

static bool is_digit(char c)
{
    return (unsigned)(c - '0') < 10;
}

/* What the name of a field may begin with, without backticks. */
static bool begins_name(char c)
{
    return (unsigned)((c | 32) - 'a') < 26 || (unsigned char)c >= 0x80 ||
           (c && strchr("_@$#`", c));
}

static bool in_name(char c)
{
    return begins_name(c) || is_digit(c) || c == '-' || c == ':';
}

/* Behind the backtick that closes the one at p, or NULL. */
static const char *behind_backtick(const char *p)
{
    for (p++; (p = strchr(p, '`')); p += 2)
        if (p[1] != '`')
            return p + 1;
    return NULL;
}

/* Behind `[digits]` at p, or p where there is no such thing: an open bracket
   otherwise begins a list. */
static const char *behind_position(const char *p)
{
    const char *digit = p + 1;
    while (is_digit(*digit))
        digit++;
    return digit > p + 1 && *digit == ']' ? digit + 1 : p;
}

/* A path: names, points and positions, up to what can be none of them. */
static int take_path(where_words *w, const char *p)
{
    const char *begin = p;
    while (in_name(*p) || *p == '.' || *p == '[') {
        const char *next = p + 1;
        if (*p == '`')
            next = behind_backtick(p);
        else if (*p == '[')
            next = behind_position(p);
        if (!next)
            return where_words_fail(w, (size_t)(p - w->text),
                                    "this backtick is never closed");
        if (next == p)
            break;
        p = next;
    }
    w->word = WORD_PATH;
    w->end = w->begin + (size_t)(p - begin);
    return COR_OK;
}

static int take_number(where_words *w, const char *p)
{
    const char *begin = p;
    while (is_digit(*p) || (*p && strchr("+-.eE", *p)))
        p++;
    cor_field number = {.kind = COR_FIELD_NUMBER, .begin = begin, .end = p};
    if (in_name(*p) || !cor_field_number(&number, &w->value.number))
        return where_words_fail(w, w->begin, "this is no number");
    w->word = WORD_VALUE;
    w->value.kind = COR_FIELD_NUMBER;
    w->value.form = COR_FORM_NATIVE;
    w->end = w->begin + (size_t)(p - begin);
    return COR_OK;
}

/* ---- texts ---- */

static bool is_escape(const char *p)
{
    if (p[1] != 'u')
        return p[1] && strchr("\"\\/bfnrt", p[1]);
    return strspn(p + 2, "0123456789abcdefABCDEF") >= 4;
}

/* Behind the quote that closes the one at p. */
static int find_quote(where_words *w, const char *p, const char **behind)
{
    char quote = *p;
    const char *open = p;
    for (p++; *p && *p != quote; p++) {
        if (*p != '\\' || quote == '\'')
            continue;
        if (!is_escape(p))
            return where_words_fail(
                w, (size_t)(p - w->text),
                "this is no escape; a backslash is written \\\\, or the text "
                "between single quotes, where it means itself");
        p++;
    }
    if (!*p)
        return where_words_fail(w, (size_t)(open - w->text),
                                "the text that begins here has no end");
    *behind = p + 1;
    return COR_OK;
}

/* Between single quotes two of them are one. */
static int take_single_quoted(where_words *w, const char *p)
{
    const char *behind;
    do {
        COR_TRY(find_quote(w, p, &behind));
        cor_csv_bytes(&w->meant, p + 1, behind - p - 1 - (*behind != '\''));
        p = behind;
    } while (*behind == '\'');
    w->end = (size_t)(behind - w->text);
    return w->meant.status;
}

static int take_double_quoted(where_words *w, const char *p)
{
    const char *behind, *begin, *end;
    COR_TRY(find_quote(w, p, &behind));
    cor_field text = {.form = COR_FORM_JSON, .begin = p + 1, .end = behind - 1};
    w->end = (size_t)(behind - w->text);
    return cor_field_text(&text, &w->meant, &begin, &end);
}

static int take_text(where_words *w, const char *p)
{
    w->meant.length = 0;
    COR_TRY(*p == '"' ? take_double_quoted(w, p) : take_single_quoted(w, p));
    cor_csv_bytes(&w->meant, "", 1); /* a number in it ends there */
    COR_TRY(w->meant.status);
    w->word = WORD_VALUE;
    w->value.kind = COR_FIELD_TEXT;
    w->value.begin = w->meant.bytes;
    w->value.end = w->meant.bytes + w->meant.length - 1;
    if (!cor_text_is_utf8(w->value.begin, w->value.end))
        return where_words_fail(w, w->begin,
                                "this text is not UTF-8, or has a "
                                "zero byte in it");
    return COR_OK;
}

/* ---- all of them ---- */

static bool is_word(const where_words *w, const char *text)
{
    size_t length = w->end - w->begin;
    return strlen(text) == length &&
           memcmp(w->text + w->begin, text, length) == 0;
}

/* A word of letters may be one of ours. */
static void recognise(where_words *w)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_word(w, names[i].text))
            w->word = names[i].word;
    for (size_t i = 0; i < sizeof literals / sizeof *literals; i++)
        if (is_word(w, literals[i].text)) {
            w->word = WORD_VALUE;
            w->value.kind = literals[i].kind;
        }
}

static bool take_sign(where_words *w, const char *p)
{
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t length = strlen(signs[i].text);
        if (strncmp(p, signs[i].text, length) == 0) {
            w->word = signs[i].word;
            w->end = w->begin + length;
            return true;
        }
    }
    return false;
}

int where_words_next(where_words *w)
{
    const char *p = w->text + w->end;
    p += strspn(p, " \t\r\n");
    w->begin = w->end = (size_t)(p - w->text);
    w->value = (cor_field){0};
    w->word = WORD_END;
    if (!*p)
        return COR_OK;
    if (begins_name(*p)) {
        COR_TRY(take_path(w, p));
        recognise(w);
        if (w->word == WORD_PATH && w->text[w->end] == '[')
            return where_words_fail(w, w->end + 1,
                                    "a position, 0 or more, and a ] should be "
                                    "here");
        return COR_OK;
    }
    if (*p == '"' || *p == '\'')
        return take_text(w, p);
    if (is_digit(*p) || *p == '-' || *p == '+' || *p == '.')
        return take_number(w, p);
    if (take_sign(w, p))
        return COR_OK;
    return where_words_fail(w, w->begin,
                            "this can't stand here; texts stand between "
                            "quotes, odd names of fields between backticks");
}
