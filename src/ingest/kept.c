/* Which columns are kept, as the user wrote it. */
#include "layout.h"

#include "coracle/field.h"
#include "coracle/text.h"

#include <stdio.h>

bool ingest_text_is_number(const char *begin, const char *end)
{
    cor_number number;
    cor_field field = {.kind = COR_FIELD_TEXT, .begin = begin, .end = end};
    return begin == end || cor_field_number(&field, &number);
}

/* What stands between two commas. */
typedef struct word {
    const char *begin, *end;
} word;

/* Cut ":float" or ":token" from the end of a name. */
static int32_t cut_kind(word *name)
{
    static const char *const ending[] = {
        [KEPT_NUMBER] = ":float", [KEPT_CATEGORY] = ":token"};
    size_t length = strlen(":float");
    for (int32_t kind = KEPT_NUMBER; kind <= KEPT_CATEGORY; kind++)
        if ((size_t)(name->end - name->begin) > length &&
            memcmp(name->end - length, ending[kind], length) == 0) {
            name->end -= length;
            return kind;
        }
    return KEPT_GUESS;
}

/* A name becomes that of a dataset and of a column of exported files. */
static const char *wrong_name(const word *name)
{
    static const char *const taken[] = {"user", "item", "value", "time", "."};
    size_t length = (size_t)(name->end - name->begin);
    if (length == 0 || length >= COR_KEPT_NAME)
        return "must have 1 to 127 bytes";
    if (!cor_text_is_utf8(name->begin, name->end))
        return "must be UTF-8 text";
    for (const char *p = name->begin; p < name->end; p++)
        if ((unsigned char)*p < ' ' || *p == '/' || *p == '"')
            return "must be without slashes, quotes and control characters";
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strlen(taken[i]) == length &&
            memcmp(taken[i], name->begin, length) == 0)
            return "is taken";
    return NULL;
}

static int parse_one(word all, ingest_wanted *wanted)
{
    const char *equals = memchr(all.begin, '=', (size_t)(all.end - all.begin));
    word name = {all.begin, equals ? equals : all.end}, column;
    int32_t kind = cut_kind(&name), k = wanted->kept;
    int length = (int)(name.end - name.begin);
    const char *wrong = wrong_name(&name);
    if (wrong)
        return cor_fail(COR_EUSAGE,
                        "--keep: the name \"%.*s\" %s; NAME=COLUMN gives a "
                        "column another name",
                        length, name.begin, wrong);
    if (k == COR_KEPT_LIMIT)
        return cor_fail(COR_EUSAGE, "--keep: a store keeps at most %d columns",
                        COR_KEPT_LIMIT);
    snprintf(wanted->kept_name[k], COR_KEPT_NAME, "%.*s", length, name.begin);
    for (int32_t other = 0; other < k; other++)
        if (strcmp(wanted->kept_name[other], wanted->kept_name[k]) == 0)
            return cor_fail(COR_EUSAGE, "--keep names %s twice",
                            wanted->kept_name[k]);
    column = equals ? (word){equals + 1, all.end} : name;
    length = (int)(column.end - column.begin);
    if (length == 0 || length >= NAME_SIZE)
        return cor_fail(COR_EUSAGE,
                        "--keep: the column of %s must have 1 to %d bytes",
                        wanted->kept_name[k], NAME_SIZE - 1);
    snprintf(wanted->name[ROLE_KEPT + k], NAME_SIZE, "%.*s", length,
             column.begin);
    wanted->given[ROLE_KEPT + k] = true;
    wanted->kind[k] = kind;
    wanted->kept++;
    return COR_OK;
}

int ingest_wanted_parse_kept(const char *text, ingest_wanted *wanted)
{
    while (text) {
        size_t length = strcspn(text, ",");
        COR_TRY(parse_one((word){text, text + length}, wanted));
        text = text[length] ? text + length + 1 : NULL;
    }
    return COR_OK;
}
