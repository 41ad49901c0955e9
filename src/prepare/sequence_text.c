/* Lines are filled in by threads that each have an even part of the items: one
 * pass counts a part's bytes, the next one writes. Limit: memory, some ten
 * bytes an item. */
#include "sequence_text.h"

#include "coracle/cut.h"
#include "coracle/memory.h"

/* A thread's part of the items, and the user whose one comes next. */
typedef struct line_part {
    int64_t item, end, user;
} line_part;

static line_part part_of(const cor_user_items *of, int part, int parts)
{
    int64_t items = of->begin[of->users];
    line_part p = {.item = cor_cut_begin(items, part, parts),
                   .end = cor_cut_begin(items, part + 1, parts)};
    p.user = cor_cut_find(of->begin, of->users, p.item);
    return p;
}

/* The user of an item; items come in order. */
static int64_t user_of(const cor_user_items *of, line_part *p)
{
    while (of->begin[p->user + 1] <= p->item)
        p->user++;
    return p->user;
}

static int64_t count_bytes(const cor_sequence_text *t, line_part p)
{
    int64_t bytes = 0;
    for (; p.item < p.end; p.item++) {
        int64_t user = user_of(t->of, &p);
        if (p.item == t->of->begin[user])
            bytes += cor_words_length(t->user, user) + 1;
        bytes += 1 + cor_words_length(t->item, t->of->item[p.item]);
    }
    return bytes;
}

/* An item is followed by a blank or the end of its line, so that what stands
   before an item is always one byte. */
static void put_lines(cor_sequence_text *t, line_part p, int64_t at)
{
    char *out = t->text + at;
    for (; p.item < p.end; p.item++) {
        int64_t user = user_of(t->of, &p);
        if (p.item == t->of->begin[user]) {
            t->line[user] = out - t->text;
            out = cor_words_put(t->user, user, out);
            *out++ = ' ';
        }
        t->start[p.item] = out - t->text;
        out = cor_words_put(t->item, t->of->item[p.item], out);
        *out++ = p.item + 1 == t->of->begin[user + 1] ? '\n' : ' ';
    }
}

/* The line of a user without items is empty and stands before the next. */
static void place_empty(cor_sequence_text *t)
{
    t->line[t->of->users] = t->bytes;
    for (int64_t u = t->of->users - 1; u >= 0; u--)
        if (cor_user_items_count(t->of, u) == 0)
            t->line[u] = t->line[u + 1];
}

static int fill(cor_sequence_text *t, int64_t *part)
{
    int parts = t->threads;
#pragma omp parallel for num_threads(parts) schedule(static, 1)
    for (int i = 0; i < parts; i++)
        part[i] = count_bytes(t, part_of(t->of, i, parts));
    for (int i = 0; i < parts; i++) {
        int64_t bytes = part[i];
        part[i] = t->bytes;
        t->bytes += bytes;
    }
    COR_TRY(cor_allocate(&t->text, t->bytes, 1, "lines"));
#pragma omp parallel for num_threads(parts) schedule(static, 1)
    for (int i = 0; i < parts; i++)
        put_lines(t, part_of(t->of, i, parts), part[i]);
    place_empty(t);
    return COR_OK;
}

int cor_sequence_text_create(const cor_user_items *of, const cor_words *user,
                             const cor_words *item, int threads,
                             cor_sequence_text *out)
{
    int64_t *part = NULL;
    *out = (cor_sequence_text){
        .of = of, .user = user, .item = item, .threads = threads};
    int rc = COR_NEW(&part, threads);
    if (rc == COR_OK)
        rc = COR_NEW(&out->line, of->users + 1);
    if (rc == COR_OK)
        rc = COR_NEW(&out->start, of->begin[of->users]);
    if (rc == COR_OK)
        rc = fill(out, part);
    cor_free(part);
    return rc;
}

void cor_sequence_text_free(cor_sequence_text *text)
{
    cor_free(text->text);
    cor_free(text->line);
    cor_free(text->start);
    *text = (cor_sequence_text){0};
}
