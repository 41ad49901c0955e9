#include "user_lists_file.h"

#include "coracle/csv.h"
#include "coracle/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without -o the lists stand in one JSON object, which is for people and
   small scripts. */
enum { LINES_LIMIT = 1000000 };

/* Fields are told apart by zeros: a list is id, known, count, and then item,
   title and score of each. Rank 0 makes JSON of it. */
static void put(cor_csv *out, const char *text)
{
    cor_csv_bytes(out, text, (int64_t)strlen(text) + 1);
}

static void put_number(cor_csv *out, const char *format, double number)
{
    char text[40];
    snprintf(text, sizeof text, format, number);
    put(out, text);
}

static void pack(const user_lists *p, cor_csv *out)
{
    char id[COR_ID_LIMIT + 1], title[COR_ID_LIMIT + 1];
    for (int64_t q = 0; q < p->lists.count; q++) {
        int64_t count = list_length(&p->lists, q), first = q * p->lists.n;
        cor_ids_print(&p->queries.id, q, id, sizeof id);
        put(out, id);
        put(out, p->queries.known[q] ? "1" : "0");
        put_number(out, "%.0f", (double)count);
        for (int64_t at = first; at < first + count; at++) {
            list_item(p, at, id, title);
            put(out, id);
            put(out, title);
            put_number(out, "%.17g", p->lists.score[at]);
        }
    }
}

static const char *next(const char **text)
{
    const char *field = *text;
    *text += strlen(field) + 1;
    return field;
}

static void unpack(const cor_model *model, const user_lists_words *words,
                   const char *text, const char *end, cor_result *users)
{
    bool titles = model->item_title.total > 0;
    while (text < end) {
        cor_result *list = cor_result_list(users, next(&text));
        bool known = *next(&text) == '1';
        for (int64_t left = atoll(next(&text)); left > 0; left--) {
            cor_result *one = cor_result_append_object(list);
            const char *id = next(&text), *title = next(&text);
            if (model->item.id.text)
                cor_result_text(one, "item", id);
            else
                cor_result_int(one, "item", atoll(id));
            if (titles)
                cor_result_text(one, "title", title);
            cor_result_real(one, "score", strtod(next(&text), NULL));
            if (!known && words->mark)
                cor_result_bool(one, words->mark, true);
        }
    }
}

static int show(const cor_command *command, const cor_model *model,
                const user_lists_words *words, const user_lists *p,
                cor_result *users)
{
    cor_csv out = {0};
    char *all = NULL;
    int64_t bytes;
    pack(p, &out);
    int rc = cor_agree(command->team, out.status);
    if (rc == COR_OK)
        rc = cor_team_collect_at(command->team, 0, out.bytes, out.length, 1,
                                 &all, &bytes);
    cor_csv_free(&out);
    if (rc == COR_OK && cor_team_rank(command->team) == 0)
        unpack(model, words, all, all + bytes, users);
    cor_free(all);
    return rc;
}

static int show_parts(const cor_command *command, const cor_model *model,
                      const user_lists_words *words, const user_lists *parts,
                      int count)
{
    int64_t lines = 0;
    for (int i = 0; i < count; i++)
        lines += parts[i].queries.id.total * parts[i].lists.n;
    if (lines > LINES_LIMIT)
        return cor_fail(COR_EUSAGE,
                        "%lld lines are too many for one JSON object: give -o "
                        "FILE.csv, FILE.jsonl or FILE.h5",
                        (long long)lines);
    cor_result *users = cor_result_object(command->result, words->result);
    for (int i = 0; i < count; i++)
        COR_TRY(show(command, model, words, &parts[i], users));
    return COR_OK;
}

int user_lists_deliver(const cor_command *command, const cor_model *model,
                       const user_lists_words *words, const user_lists *parts,
                       int count)
{
    return command->output ? lists_write(command, model, words, parts, count)
                           : show_parts(command, model, words, parts, count);
}

void user_lists_free(user_lists *lists)
{
    cor_names_destroy(&lists->names);
    cor_toplists_free(&lists->lists);
    cor_queries_free(&lists->queries);
}
