/*
 * Lists as files: CSV, JSON lines and HDF5. Every rank writes its own; rank by
 * rank the lists of those who ask come first, then those of the new.
 */
#include "user_lists_file.h"

#include "coracle/csv.h"
#include "coracle/file.h"
#include "coracle/memory.h"
#include "coracle/text.h"
#include "ratings_in.h"

#include <stdio.h>
#include <string.h>

int64_t list_length(const cor_toplists *lists, int64_t query)
{
    int64_t length = 0;
    while (length < lists->n && lists->item[query * lists->n + length] >= 0)
        length++;
    return length;
}

void list_item(const user_lists *p, int64_t at, char id[COR_ID_LIMIT + 1],
               char title[COR_ID_LIMIT + 1])
{
    const cor_ids *titles = cor_names_title(p->names);
    int64_t slot = p->lists.item[at];
    cor_ids_print(cor_names_id(p->names), slot, id, COR_ID_LIMIT + 1);
    *title = 0;
    if (titles)
        cor_ids_print(titles, slot, title, COR_ID_LIMIT + 1);
}

/* What all the writers of text are given. */
typedef struct writing {
    const cor_command *command;
    const cor_model *model;
    const user_lists_words *words;
} writing;

/* ---- CSV ---- */

static void add_rows(const writing *w, const user_lists *p, cor_csv *csv)
{
    char user[COR_ID_LIMIT + 1], id[COR_ID_LIMIT + 1], title[COR_ID_LIMIT + 1];
    for (int64_t q = 0; q < p->lists.count; q++) {
        int64_t count = list_length(&p->lists, q);
        cor_ids_print(&p->queries.id, q, user, sizeof user);
        for (int64_t i = 0; i < count; i++) {
            list_item(p, q * p->lists.n + i, id, title);
            cor_csv_text(csv, user);
            cor_csv_int(csv, i + 1);
            cor_csv_text(csv, id);
            cor_csv_text(csv, title);
            cor_csv_real(csv, p->lists.score[q * p->lists.n + i], 9);
            if (w->words->mark)
                cor_csv_int(csv, !p->queries.known[q]);
            cor_csv_end(csv);
        }
    }
}

static void add_header(const writing *w, cor_csv *csv)
{
    static const char columns[] = ",rank,item,title,score";
    cor_csv_text(csv, w->words->who);
    cor_csv_bytes(csv, columns, sizeof columns - 1);
    if (w->words->mark)
        cor_csv_text(csv, w->words->mark);
    cor_csv_end(csv);
}

/* ---- JSON lines ---- */

static void put(cor_csv *out, const char *text)
{
    cor_csv_bytes(out, text, (int64_t)strlen(text));
}

/* RFC 8259: quotes, backslashes and what is below a blank are escaped. */
static void put_text(cor_csv *out, const char *text)
{
    char code[8];
    put(out, "\"");
    while (*text) {
        size_t plain = 0;
        while ((unsigned char)text[plain] >= ' ' && text[plain] != '"' &&
               text[plain] != '\\')
            plain++;
        cor_csv_bytes(out, text, (int64_t)plain);
        text += plain;
        if (!*text)
            break;
        snprintf(code, sizeof code, *text < ' ' ? "\\u%04x" : "\\%c", *text);
        put(out, code);
        text++;
    }
    put(out, "\"");
}

/* Ids of a table of numbers are numbers, however they were asked for. */
static void put_id(cor_csv *out, const char *id, bool text)
{
    int64_t number;
    if (!text && cor_text_int64(id, id + strlen(id), &number))
        put(out, id);
    else
        put_text(out, id);
}

static void put_item(const writing *w, const user_lists *p, int64_t at,
                     cor_csv *out)
{
    char id[COR_ID_LIMIT + 1], title[COR_ID_LIMIT + 1];
    char number[COR_NUMBER_SIZE];
    list_item(p, at, id, title);
    put(out, "{\"item\":");
    put_id(out, id, w->model->item.id.text);
    if (cor_names_title(p->names)) {
        put(out, ",\"title\":");
        put_text(out, title);
    }
    put(out, ",\"score\":");
    cor_text_print_double(p->lists.score[at], number);
    put(out, number);
    put(out, "}");
}

static void add_lines(const writing *w, const user_lists *p, cor_csv *out)
{
    char user[COR_ID_LIMIT + 1];
    const cor_model *model = w->model;
    bool text = (w->words->items_ask ? model->item : model->user).id.text;
    for (int64_t q = 0; q < p->lists.count; q++) {
        int64_t count = list_length(&p->lists, q), first = q * p->lists.n;
        cor_ids_print(&p->queries.id, q, user, sizeof user);
        put(out, "{\"");
        put(out, w->words->who);
        put(out, "\":");
        put_id(out, user, text);
        if (w->words->mark) {
            put(out, ",\"");
            put(out, w->words->mark);
            put(out, p->queries.known[q] ? "\":false" : "\":true");
        }
        put(out, ",\"items\":[");
        for (int64_t i = 0; i < count; i++) {
            put(out, i ? "," : "");
            put_item(w, p, first + i, out);
        }
        put(out, "]}\n");
    }
}

static int write_text(const writing *w, const user_lists *parts, int count,
                      bool lines)
{
    cor_csv text[2] = {0};
    if (!lines && cor_team_rank(w->command->team) == 0)
        add_header(w, &text[0]);
    for (int i = 0; i < count; i++)
        (lines ? add_lines : add_rows)(w, &parts[i], &text[i]);
    int rc = cor_csv_write(w->command->team, w->command->output,
                           w->command->force, text, count);
    for (int i = 0; i < count; i++)
        cor_csv_free(&text[i]);
    return rc;
}

/* ---- HDF5 ---- */

typedef struct tables {
    cor_file *file;
    int64_t total, n; /* lists of all parts, places a list */
    bool text;        /* ids of those who ask */
    int64_t width;
    int64_t block; /* lists at a time */
    void *id;      /* block x n */
    int32_t *rank; /* block x n */
} tables;

/* Those who ask, in the form that serves all parts. */
static int write_asking(const cor_team *team, tables *t, const user_lists *p,
                        int64_t before)
{
    const cor_ids *id = &p->queries.id;
    char *text = NULL;
    if (!t->text)
        return cor_file_write(t->file, "/lists/id", COR_INT64, 0, t->total, 0,
                              before + id->first, id->count, id->number);
    int rc = cor_allocate_zeroed(&text, id->count, (size_t)t->width + 1, "ids");
    for (int64_t q = 0; rc == COR_OK && q < id->count; q++)
        cor_ids_print(id, q, text + q * t->width, (size_t)t->width + 1);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_file_write(t->file, "/lists/id", COR_TEXT, t->width, t->total,
                            0, before + id->first, id->count, text);
    cor_free(text);
    return rc;
}

/* A place behind the end of a list has rank 0 and nothing in its id. */
static void fill_block(const tables *t, const user_lists *p, int64_t from,
                       int64_t count)
{
    const cor_ids *names = cor_names_id(p->names);
    size_t width = names->text ? (size_t)names->width : sizeof(int64_t);
    memset(t->id, 0, (size_t)(count * t->n) * width);
    for (int64_t at = 0; at < count * t->n; at++) {
        int32_t slot = p->lists.item[from * t->n + at];
        t->rank[at] = slot < 0 ? 0 : (int32_t)(at % t->n + 1);
        if (slot >= 0)
            memcpy((char *)t->id + (size_t)at * width,
                   names->text ? names->bytes + slot * names->width
                               : (const char *)(names->number + slot),
                   width);
    }
}

static int write_block(tables *t, const user_lists *p, int64_t before,
                       int64_t from, int64_t count)
{
    const cor_ids *names = cor_names_id(p->names);
    int64_t row = before + p->queries.id.first + from;
    fill_block(t, p, from, count);
    COR_TRY(cor_file_write(
        t->file, "/lists/item", names->text ? COR_TEXT : COR_INT64,
        names->text ? names->width : 0, t->total, t->n, row, count, t->id));
    COR_TRY(cor_file_write(t->file, "/lists/rank", COR_INT32, 0, t->total, t->n,
                           row, count, t->rank));
    return cor_file_write(t->file, "/lists/score", COR_FLOAT64, 0, t->total,
                          t->n, row, count, p->lists.score + from * t->n);
}

static int write_marks(const cor_team *team, const writing *w, tables *t,
                       const user_lists *p, int64_t before)
{
    int64_t count = p->lists.count;
    int8_t *mark = NULL;
    char name[32];
    if (!w->words->mark)
        return COR_OK;
    snprintf(name, sizeof name, "/lists/%s", w->words->mark);
    int rc = COR_NEW(&mark, count);
    for (int64_t q = 0; rc == COR_OK && q < count; q++)
        mark[q] = !p->queries.known[q];
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_file_write(t->file, name, COR_INT8, 0, t->total, 0,
                            before + p->queries.id.first, count, mark);
    cor_free(mark);
    return rc;
}

static int write_part(const writing *w, tables *t, const user_lists *p,
                      int64_t before)
{
    const cor_team *team = w->command->team;
    int64_t most = p->lists.count;
    cor_team_max(team, &most, 1);
    COR_TRY(write_asking(team, t, p, before));
    COR_TRY(write_marks(team, w, t, p, before));
    for (int64_t from = 0; from < most; from += t->block) {
        int64_t here = from < p->lists.count ? from : p->lists.count;
        int64_t left = p->lists.count - here;
        COR_TRY(
            write_block(t, p, before, here, left < t->block ? left : t->block));
    }
    return COR_OK;
}

/* Ids are text where any part's are. */
static int make_tables(const writing *w, const user_lists *parts, int count,
                       tables *t)
{
    const cor_ids *item = &w->model->item.id;
    int64_t bytes = item->text ? item->width : (int64_t)sizeof(int64_t);
    t->n = parts[0].lists.n;
    for (int i = 0; i < count; i++) {
        const cor_ids *id = &parts[i].queries.id;
        int64_t width = id->text ? id->width : COR_NUMBER_SIZE;
        t->total += id->total;
        t->text = t->text || id->text;
        t->width = width > t->width ? width : t->width;
    }
    t->block = LISTS_ROOM / (t->n * (bytes + 4) + 1) + 1;
    COR_TRY(cor_allocate(&t->id, t->block * t->n, (size_t)bytes, "lists"));
    return COR_NEW(&t->rank, t->block * t->n);
}

static int write_tables(const writing *w, const user_lists *parts, int count,
                        tables *t)
{
    int64_t before = 0;
    COR_TRY(cor_file_put_text(t->file, "asked", w->words->who));
    for (int i = 0; i < count; i++) {
        COR_TRY(write_part(w, t, &parts[i], before));
        before += parts[i].queries.id.total;
    }
    COR_TRY(cor_ids_write(t->file, "/items/id", &w->model->item.id));
    if (w->model->item_title.total == 0)
        return COR_OK;
    return cor_ids_write(t->file, "/items/title", &w->model->item_title);
}

static int write_hdf5(const writing *w, const user_lists *parts, int count)
{
    const cor_command *command = w->command;
    tables t = {0};
    int rc = cor_agree(command->team, make_tables(w, parts, count, &t));
    if (rc == COR_OK)
        rc = cor_file_create(command->team, command->output, "lists",
                             &command->file, &t.file);
    if (rc == COR_OK)
        rc = write_tables(w, parts, count, &t);
    if (rc == COR_OK)
        rc = cor_file_commit(&t.file);
    cor_file_close(&t.file);
    cor_free(t.id);
    cor_free(t.rank);
    return rc;
}

/* ---- which of them ---- */

enum list_format list_format_of(const char *word, const char *path)
{
    const char *ending = strrchr(path, '.');
    if (strcmp(word, "auto") != 0)
        return strcmp(word, "csv") == 0     ? LISTS_CSV
               : strcmp(word, "jsonl") == 0 ? LISTS_JSONL
                                            : LISTS_HDF5;
    if (ratings_in_is_store(path))
        return LISTS_HDF5;
    return ending && (strcmp(ending, ".jsonl") == 0 ||
                      strcmp(ending, ".ndjson") == 0)
               ? LISTS_JSONL
               : LISTS_CSV;
}

int lists_write(const cor_command *command, const cor_model *model,
                const user_lists_words *words, const user_lists *parts,
                int count)
{
    const writing w = {command, model, words};
    enum list_format format = list_format_of(words->format, command->output);
    if (format == LISTS_HDF5)
        return write_hdf5(&w, parts, count);
    return write_text(&w, parts, count, format == LISTS_JSONL);
}
