/* Which field is which column: by the names the user gave, by common names, or
   by position. */
#include "layout.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const role_word[ROLE_KEPT] = {"user", "item", "value",
                                                 "time", "title"};

/* Names of the field's data sets, in lower case without punctuation; the first
   that a header holds is taken. */
static const char *const user_names[] = {
    "userid",    "user",       "uid",      "customerid",
    "customer",  "reviewerid", "reviewer", "visitorid",
    "accountid", "memberid",   "username", NULL};
static const char *const item_names[] = {
    "itemid",    "item",   "movieid", "movie",      "artistid",
    "artist",    "bookid", "isbn",    "productid",  "product",
    "asin",      "songid", "trackid", "track",      "businessid",
    "articleid", "sku",    "iid",     "parentasin", NULL};
static const char *const title_item_names[] = {
    "itemid",    "item", "movieid", "artistid",   "bookid",     "isbn",
    "productid", "asin", "songid",  "trackid",    "businessid", "articleid",
    "sku",       "iid",  "id",      "parentasin", NULL};
static const char *const value_names[] = {
    "rating", "value",     "weight", "score",      "stars", "overall",
    "plays",  "playcount", "count",  "bookrating", NULL};
static const char *const time_names[] = {
    "timestamp", "time", "ts", "date", "datetime", "unixreviewtime", NULL};
static const char *const title_names[] = {
    "title",     "name",       "itemname",    "movietitle",
    "booktitle", "artistname", "productname", NULL};

static const char *const *common_names(const ingest_wanted *wanted, int role)
{
    static const char *const *const names[ROLE_KEPT] = {
        user_names, item_names, value_names, time_names, title_names};
    bool titles = wanted->titles && role == ROLE_ITEM;
    return titles ? title_item_names : names[role];
}

static bool takes(bool titles, int role)
{
    if (role >= ROLE_KEPT)
        return false;
    return titles ? role == ROLE_ITEM || role == ROLE_TITLE
                  : role != ROLE_TITLE;
}

static bool must_be(bool titles, int role)
{
    return titles || role == ROLE_USER || role == ROLE_ITEM;
}

static const char *option_name(bool titles)
{
    return titles ? "--titles-columns" : "--columns";
}

bool ingest_column_may_be(const ingest_wanted *wanted, int role)
{
    return takes(wanted->titles, role);
}

bool ingest_column_must_be(const ingest_wanted *wanted, int role)
{
    return takes(wanted->titles, role) && must_be(wanted->titles, role);
}

const char *ingest_column_option(const ingest_wanted *wanted, int role)
{
    return role >= ROLE_KEPT ? "--keep" : option_name(wanted->titles);
}

const char *ingest_column_word(const ingest_wanted *wanted, int role)
{
    return role >= ROLE_KEPT ? wanted->kept_name[role - ROLE_KEPT]
                             : role_word[role];
}

static int parse_one(const char *begin, const char *end, ingest_wanted *wanted)
{
    const char *equals = memchr(begin, '=', (size_t)(end - begin));
    const char *option = option_name(wanted->titles);
    int role = 0;
    if (!equals)
        return cor_fail(COR_EUSAGE, "%s: \"%.*s\" is not NAME=COLUMN", option,
                        (int)(end - begin), begin);
    size_t length = (size_t)(equals - begin);
    while (role < ROLE_KEPT &&
           !(takes(wanted->titles, role) && strlen(role_word[role]) == length &&
             memcmp(role_word[role], begin, length) == 0))
        role++;
    if (role == ROLE_KEPT)
        return cor_fail(COR_EUSAGE, "%s: there is no \"%.*s\"; use %s", option,
                        (int)length, begin,
                        wanted->titles ? "item and title"
                                       : "user, item, value and time");
    if (wanted->given[role])
        return cor_fail(COR_EUSAGE, "%s names %s twice", option,
                        role_word[role]);
    length = (size_t)(end - equals - 1);
    if (length >= NAME_SIZE || (length == 0 && must_be(wanted->titles, role)))
        return cor_fail(COR_EUSAGE,
                        "%s: the column of %s must have 1 to %d "
                        "bytes",
                        option, role_word[role], NAME_SIZE - 1);
    memcpy(wanted->name[role], equals + 1, length);
    wanted->given[role] = true;
    wanted->any = true;
    return COR_OK;
}

int ingest_wanted_parse(const char *text, bool titles, ingest_wanted *wanted)
{
    memset(wanted, 0, sizeof *wanted);
    wanted->titles = titles;
    while (text) {
        size_t length = strcspn(text, ",");
        COR_TRY(parse_one(text, text + length, wanted));
        text = text[length] ? text + length + 1 : NULL;
    }
    return COR_OK;
}

static bool all_digits(const char *name)
{
    return *name && strspn(name, "0123456789") == strlen(name);
}

bool ingest_wanted_by_name(const ingest_wanted *wanted)
{
    for (int role = 0; role < ROLES; role++)
        if (wanted->given[role] && *wanted->name[role] &&
            !all_digits(wanted->name[role]))
            return true;
    return false;
}

static bool same_text(const cor_cell *cell, const char *name)
{
    size_t length = strlen(name);
    return (size_t)(cell->end - cell->begin) == length &&
           memcmp(cell->begin, name, length) == 0;
}

/* Compare letters and digits alone, whatever their case. */
static bool same_word(const cor_cell *cell, const char *name)
{
    for (const char *p = cell->begin; p < cell->end; p++) {
        char c = *p >= 'A' && *p <= 'Z' ? (char)(*p + 'a' - 'A') : *p;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            if (c != *name)
                return false;
            name++;
        } else if (c != '_' && c != '-' && c != ' ' && c != '.') {
            return false;
        }
    }
    return *name == 0;
}

int32_t ingest_columns_common(const ingest_wanted *wanted, int role,
                              const cor_cell *header, int32_t fields)
{
    for (const char *const *name = common_names(wanted, role); *name; name++)
        for (int32_t f = 0; f < fields; f++)
            if (same_word(&header[f], *name))
                return f;
    return -1;
}

bool ingest_columns_known(const ingest_wanted *wanted, const cor_cell *header,
                          int32_t fields)
{
    for (int role = 0; role < ROLES; role++)
        if (takes(wanted->titles, role) && must_be(wanted->titles, role) &&
            ingest_columns_common(wanted, role, header, fields) < 0)
            return false;
    return true;
}

static int find_given(const ingest_wanted *wanted, int role, const char *path,
                      const cor_cell *header, int32_t fields, int32_t *field)
{
    const char *name = wanted->name[role];
    *field = -1;
    if (!*name)
        return COR_OK;
    for (int32_t f = 0; header && f < fields; f++)
        if (same_text(&header[f], name)) {
            *field = f;
            return COR_OK;
        }
    long position = all_digits(name) && strlen(name) < 9 ? atol(name) : 0;
    if (position >= 1 && position <= fields) {
        *field = (int32_t)position - 1;
        return COR_OK;
    }
    if (all_digits(name))
        return cor_fail(COR_EDATA,
                        "%s:1: there is no column %s: the line has "
                        "%d fields; correct %s",
                        path, name, fields, ingest_column_option(wanted, role));
    return cor_fail(COR_EDATA,
                    "%s:1: the header has no column \"%s\"; correct "
                    "%s or the header",
                    path, name, ingest_column_option(wanted, role));
}

/* Nobody said which: common names where the header has them, else position. */
static int guess(const ingest_wanted *wanted, const char *path,
                 const cor_cell *header, int32_t fields, ingest_layout *layout)
{
    bool by_name = wanted->any;
    bool known = header && ingest_columns_known(wanted, header, fields);
    int32_t position = 0;
    for (int role = 0; header && role < ROLES; role++)
        if (takes(wanted->titles, role) && must_be(wanted->titles, role) &&
            ingest_columns_common(wanted, role, header, fields) >= 0)
            by_name = true;
    for (int role = 0; role < ROLES; role++) {
        if (!takes(wanted->titles, role))
            continue;
        int32_t *field = &layout->field[role];
        if (wanted->given[role])
            continue;
        if (by_name || known)
            *field = header
                         ? ingest_columns_common(wanted, role, header, fields)
                         : -1;
        else
            *field = position < fields ? position : -1;
        position++;
        if (*field < 0 && must_be(wanted->titles, role))
            return cor_fail(COR_EDATA,
                            "%s:1: no column is known to hold the %s; name it "
                            "with %s %s=...",
                            path, role_word[role], option_name(wanted->titles),
                            role_word[role]);
    }
    return COR_OK;
}

static int check_different(const char *path, const ingest_wanted *wanted,
                           const ingest_layout *layout)
{
    for (int a = 0; a < ROLES; a++)
        for (int b = 0; b < a; b++)
            if (layout->field[a] >= 0 && layout->field[a] == layout->field[b])
                return cor_fail(COR_EDATA,
                                "%s:1: column %d is both %s and "
                                "%s; say which with %s",
                                path, layout->field[a] + 1,
                                ingest_column_word(wanted, b),
                                ingest_column_word(wanted, a),
                                ingest_column_option(wanted, a));
    return COR_OK;
}

int ingest_columns_find(const ingest_wanted *wanted, const char *path,
                        const cor_cell *header, int32_t fields,
                        ingest_layout *layout)
{
    for (int role = 0; role < ROLES; role++) {
        layout->field[role] = -1;
        if (wanted->given[role])
            COR_TRY(find_given(wanted, role, path, header, fields,
                               &layout->field[role]));
    }
    COR_TRY(guess(wanted, path, header, fields, layout));
    COR_TRY(check_different(path, wanted, layout));
    memcpy(layout->kind, wanted->kind, sizeof layout->kind);
    for (int role = 0; role < ROLE_KEPT + wanted->kept; role++) {
        int32_t f = layout->field[role];
        if (f >= 0 && header)
            snprintf(layout->name[role], NAME_SIZE, "%.*s",
                     (int)(header[f].end - header[f].begin), header[f].begin);
        else
            snprintf(layout->name[role], NAME_SIZE, "%s",
                     ingest_column_word(wanted, role));
    }
    return COR_OK;
}
