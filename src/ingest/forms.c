#include "forms.h"

#include "coracle/json.h"
#include "coracle/memory.h"
#include "coracle/text.h"

#include <stdio.h>

enum { NAMES = 256 };

/* Behind the string that begins at p. */
static char *pass_string(char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        p += *p == '\\' && p + 1 < end;
    return p < end ? p + 1 : p;
}

static char *pass_blanks(char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

/* The names of the members of the object in the first line. What is no JSON
   gives any names: the record is then refused when it is read. */
static int32_t list_names(const ingest_head *head, cor_cell *name)
{
    int32_t names = 0;
    int depth = 0;
    const char *end =
        memchr(head->begin, '\n', (size_t)(head->end - head->begin));
    for (char *p = head->begin; end && p < end && names < NAMES;) {
        depth += *p == '{' || *p == '[';
        depth -= *p == '}' || *p == ']';
        if (*p != '"') {
            p++;
            continue;
        }
        cor_cell cell = {.begin = p + 1};
        p = pass_string(p, end);
        cell.end = p - 1;
        p = pass_blanks(p, end);
        if (depth == 1 && p < end && *p == ':')
            name[names++] = cell;
    }
    return names;
}

/* A member's name as a path: between backticks, which it must be without. */
static void name_member(const cor_cell *member, char *path)
{
    int length = (int)(member->end - member->begin);
    bool plain = true;
    for (const char *p = member->begin; p < member->end; p++)
        plain &= strchr(".[]` \\", *p) == NULL;
    snprintf(path, NAME_SIZE, plain ? "%.*s" : "`%.*s`", length, member->begin);
}

static int check_path(const ingest_wanted *wanted, int role, const char *text)
{
    cor_path path;
    size_t wrong;
    int rc = cor_path_parse(text, strlen(text), &path, &wrong);
    cor_path_free(&path);
    if (rc != COR_EUSAGE)
        return rc;
    char why[256];
    snprintf(why, sizeof why, "%s", cor_message());
    return cor_fail(COR_EUSAGE, "%s: the path \"%s\" of %s: %s",
                    ingest_column_option(wanted, role), text,
                    ingest_column_word(wanted, role), why);
}

/* The path of one column, or none. */
static int find_path(const ingest_head *head, const ingest_wanted *wanted,
                     int role, const cor_cell *name, int32_t names,
                     ingest_layout *layout)
{
    char *path = layout->name[role];
    layout->field[role] = -1;
    if (wanted->given[role]) {
        snprintf(path, NAME_SIZE, "%s", wanted->name[role]);
        layout->field[role] = *path ? role : -1;
        return *path ? check_path(wanted, role, path) : COR_OK;
    }
    int32_t f = ingest_column_may_be(wanted, role)
                    ? ingest_columns_common(wanted, role, name, names)
                    : -1;
    if (f >= 0) {
        layout->field[role] = role;
        name_member(&name[f], path);
        return COR_OK;
    }
    if (ingest_column_must_be(wanted, role))
        return cor_fail(COR_EDATA,
                        "%s:1: no field is known to hold the %s; name it with "
                        "%s %s=...",
                        head->file->path, ingest_column_word(wanted, role),
                        ingest_column_option(wanted, role),
                        ingest_column_word(wanted, role));
    return COR_OK;
}

static int find_paths(const ingest_head *head, const ingest_wanted *wanted,
                      ingest_layout *layout)
{
    cor_cell name[NAMES];
    int32_t names = list_names(head, name);
    for (int role = 0; role < ROLES; role++)
        COR_TRY(find_path(head, wanted, role, name, names, layout));
    return COR_OK;
}

/* Whether the first record's ids are integers, what is kept numbers. */
static bool is_text(const ingest_layout *layout, int role,
                    const cor_field *field)
{
    int64_t id;
    if (role < ROLE_KEPT)
        return !cor_text_int64(field->begin, field->end, &id);
    int32_t kind = layout->kind[role - ROLE_KEPT];
    return kind == KEPT_CATEGORY ||
           (kind == KEPT_GUESS && field->kind == COR_FIELD_TEXT);
}

static int hint(const ingest_layout *layout, const cor_path *path, char *text,
                size_t length, bool *is)
{
    cor_json *json;
    cor_json_record record = {0};
    COR_TRY(cor_json_create(path, ROLES, &json));
    cor_json_begin(json, text, length);
    int rc = cor_json_next(json, &record);
    for (int role = 0; rc == COR_OK && role < ROLES; role++)
        if (record.begin && !record.fault.what && layout->field[role] >= 0 &&
            record.field[role].kind != COR_FIELD_MISSING)
            is[role] = is_text(layout, role, &record.field[role]);
    cor_json_destroy(&json);
    return rc;
}

/* Look at the first record. Columns that there are not look at the whole. */
static int hint_texts(const ingest_head *head, ingest_layout *layout)
{
    const char *end =
        memchr(head->begin, '\n', (size_t)(head->end - head->begin));
    bool is[ROLES] = {false};
    size_t wrong, length = end ? (size_t)(end + 1 - head->begin) : 0;
    cor_path *path = NULL;
    char *text = NULL;
    int rc = cor_allocate_zeroed(&path, ROLES, sizeof *path, "paths");
    if (rc == COR_OK)
        rc = cor_allocate_zeroed(&text, (int64_t)length + COR_JSON_PADDING, 1,
                                 "first record");
    if (rc == COR_OK && length)
        memcpy(text, head->begin, length);
    for (int role = 0; rc == COR_OK && role < ROLES; role++) {
        const char *name = layout->field[role] < 0 ? "x" : layout->name[role];
        rc = cor_path_parse(name, strlen(name), &path[role], &wrong);
    }
    if (rc == COR_OK && length)
        rc = hint(layout, path, text, length, is);
    for (int role = 0; path && role < ROLES; role++)
        cor_path_free(&path[role]);
    cor_free(path);
    cor_free(text);
    layout->text[ROLE_USER] = is[ROLE_USER];
    layout->text[ROLE_ITEM] = is[ROLE_ITEM];
    for (int k = 0; k < COR_KEPT_LIMIT; k++)
        layout->text[SIDE_KEPT + k] =
            is[ROLE_KEPT + k] || layout->kind[k] == KEPT_CATEGORY;
    return rc;
}

static int fail_array(const ingest_head *head)
{
    return cor_fail(COR_EDATA,
                    "%s:1: the file is a JSON array; write a record a line, "
                    "without the brackets and commas around them",
                    head->file->path);
}

/* Any newline ends a row. */
static void begin_lines(const ingest_head *head, enum form form,
                        ingest_layout *layout)
{
    layout->form = form;
    layout->dialect = (cor_dialect){.separator = "\t", .length = 1};
    layout->begin = head->begin - head->buffer;
    layout->row_bytes = ingest_head_row_bytes(head, layout->begin);
}

int ingest_json_layout(const ingest_head *head, const ingest_wanted *wanted,
                       const ingest_layout *first, ingest_layout *layout)
{
    begin_lines(head, FORM_JSON, layout);
    if (*head->begin == '[')
        return fail_array(head);
    if (first) {
        memcpy(layout->field, first->field, sizeof layout->field);
        memcpy(layout->name, first->name, sizeof layout->name);
        memcpy(layout->kind, first->kind, sizeof layout->kind);
        return COR_OK;
    }
    memcpy(layout->kind, wanted->kind, sizeof layout->kind);
    COR_TRY(find_paths(head, wanted, layout));
    return hint_texts(head, layout);
}

/* ---- lists ---- */

static bool ends_item(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == '\n' || c == '\r';
}

/* Bytes of an item, as far as the first lines tell; each is a row. */
static double item_bytes(const ingest_head *head)
{
    int64_t items = 0, users = 0;
    for (const char *p = head->begin; p + 1 < head->end; p++) {
        items += !ends_item(p[0]) && ends_item(p[1]);
        users += p[1] == '\n';
    }
    return items > users
               ? (double)(head->end - head->begin) / (double)(items - users)
               : 8;
}

/* Whether the first line's user and item are texts. */
static void hint_ids(const ingest_head *head, ingest_layout *layout)
{
    const char *p = head->begin;
    for (int side = 0; side < 2; side++) {
        int64_t id;
        while (p < head->end && ends_item(*p) && *p != '\n')
            p++;
        const char *begin = p;
        while (p < head->end && !ends_item(*p))
            p++;
        layout->text[side] = p > begin && !cor_text_int64(begin, p, &id);
    }
}

int ingest_lists_layout(const ingest_head *head,
                        const cor_ingest_options *options,
                        const ingest_wanted *wanted, ingest_layout *layout)
{
    if (wanted->any || wanted->kept || options->header == COR_HEADER_YES)
        return cor_fail(COR_EUSAGE,
                        "lists have a user and its items a line and no "
                        "header: leave out --columns, --keep and --header");
    begin_lines(head, FORM_LISTS, layout);
    if (options->delimiter)
        COR_TRY(ingest_head_dialect(head, COR_FORMAT_LISTS, options->delimiter,
                                    &layout->dialect));
    else
        layout->dialect = (cor_dialect){0};
    for (int role = 0; role < ROLES; role++)
        layout->field[role] = role <= ROLE_ITEM ? role : -1;
    snprintf(layout->name[ROLE_USER], NAME_SIZE, "user");
    snprintf(layout->name[ROLE_ITEM], NAME_SIZE, "item");
    layout->row_bytes = item_bytes(head);
    hint_ids(head, layout);
    return COR_OK;
}
