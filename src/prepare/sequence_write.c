/* Lines go to the file in pieces, each at its place: of whole lines, the text
 * as it stands; of prefixes, cut from it. How long a prefix's line is follows
 * from where its items begin, so all places are known before a byte is
 * written. Limit: what the disk takes. */
#include "sequence_text.h"

#include "coracle/cut.h"
#include "coracle/failure.h"
#include "coracle/memory.h"

#include <string.h>

/* Items that a thread takes at once; bytes that are written at once. */
enum { STEP = 4096, BUFFER = 1 << 20 };

typedef struct sequence_writer {
    const cor_sequence_text *text;
    const cor_sequences_options *options;
    const int64_t *own; /* NULL: whole lines */
    cor_output *output;
    int64_t steps;
    int64_t *at; /* steps + 1: bytes before each */
} sequence_writer;

/* ---- a line of a prefix ---- */

typedef struct prefix_line {
    int64_t user, user_length;   /* bytes of the text: where and how many */
    int64_t items, items_length; /* likewise, of the prefix */
    int64_t next, next_length;
} prefix_line;

static int64_t end_of(const cor_sequence_text *t, int64_t user, int64_t item)
{
    return (item + 1 == t->of->begin[user + 1] ? t->line[user + 1]
                                               : t->start[item + 1]) -
           1;
}

/* Whether an item is foretold from those before it. */
static bool is_foretold(const sequence_writer *w, int64_t user, int64_t item)
{
    const int64_t *begin = w->text->of->begin;
    return item >= begin[user + 1] - w->own[user] &&
           item - begin[user] >= w->options->min_length;
}

static prefix_line prefix_of(const sequence_writer *w, int64_t user,
                             int64_t item)
{
    const cor_sequence_text *t = w->text;
    int64_t first = t->of->begin[user], most = w->options->max_length;
    int64_t from = most && item - first > most ? item - most : first;
    return (prefix_line){.user = t->line[user],
                         .user_length = t->start[first] - 1 - t->line[user],
                         .items = t->start[from],
                         .items_length = t->start[item] - 1 - t->start[from],
                         .next = t->start[item],
                         .next_length = end_of(t, user, item) - t->start[item]};
}

/* With two tabs and the end of the line. */
static int64_t line_length(const prefix_line *line)
{
    return line->user_length + line->items_length + line->next_length + 3;
}

/* ---- a thread's piece of the file ---- */

typedef struct piece {
    cor_output *output;
    char *buffer;
    int64_t length, at; /* in the buffer; of its first byte in the file */
} piece;

static int flush(piece *p)
{
    COR_TRY(cor_output_write(p->output, p->buffer, p->length, p->at));
    p->at += p->length;
    p->length = 0;
    return COR_OK;
}

static int put(piece *p, const char *bytes, int64_t length)
{
    while (length > 0) {
        if (p->length == BUFFER)
            COR_TRY(flush(p));
        int64_t room = BUFFER - p->length;
        int64_t part = length < room ? length : room;
        memcpy(p->buffer + p->length, bytes, (size_t)part);
        p->length += part;
        bytes += part;
        length -= part;
    }
    return COR_OK;
}

static int put_prefix(const sequence_writer *w, const prefix_line *line,
                      piece *p)
{
    const char *text = w->text->text;
    COR_TRY(put(p, text + line->user, line->user_length));
    COR_TRY(put(p, "\t", 1));
    COR_TRY(put(p, text + line->items, line->items_length));
    COR_TRY(put(p, "\t", 1));
    COR_TRY(put(p, text + line->next, line->next_length));
    return put(p, "\n", 1);
}

/* ---- steps ---- */

/* Count the bytes of a step's prefixes, their lines and users, or, where there
   is a piece, write them. A user counts where its first line is. */
static int take_step(const sequence_writer *w, int64_t step, piece *p,
                     int64_t *bytes, cor_sequences_count *count)
{
    const cor_user_items *of = w->text->of;
    int64_t all = of->begin[of->users], first = step * STEP;
    int64_t end = all - first < STEP ? all : first + STEP;
    int64_t user = cor_cut_find(of->begin, of->users, first);
    for (int64_t item = first; item < end; item++) {
        while (of->begin[user + 1] <= item)
            user++;
        if (!is_foretold(w, user, item))
            continue;
        prefix_line line = prefix_of(w, user, item);
        if (p) {
            COR_TRY(put_prefix(w, &line, p));
            continue;
        }
        *bytes += line_length(&line);
        count->lines++;
        count->users +=
            item == of->begin[user] || !is_foretold(w, user, item - 1);
    }
    return COR_OK;
}

static void measure_prefixes(sequence_writer *w, cor_sequences_count *count)
{
    int64_t users = 0, lines = 0;
#pragma omp parallel for num_threads(w->text->threads) schedule(static)        \
    reduction(+ : users, lines)
    for (int64_t step = 0; step < w->steps; step++) {
        cor_sequences_count mine = {0};
        int64_t bytes = 0;
        take_step(w, step, NULL, &bytes, &mine);
        w->at[step + 1] = bytes;
        users += mine.users;
        lines += mine.lines;
    }
    w->at[0] = 0;
    for (int64_t step = 0; step < w->steps; step++)
        w->at[step + 1] += w->at[step];
    *count = (cor_sequences_count){users, lines};
}

static void measure_lines(sequence_writer *w, cor_sequences_count *count)
{
    const cor_user_items *of = w->text->of;
    for (int64_t step = 0; step <= w->steps; step++)
        w->at[step] = cor_cut_begin(w->text->bytes, step, w->steps);
    for (int64_t u = 0; u < of->users; u++)
        count->users += cor_user_items_count(of, u) > 0;
    count->lines = count->users;
}

static int write_step(const sequence_writer *w, int64_t step, int64_t origin,
                      char *buffer)
{
    int64_t at = w->at[step];
    if (!w->own)
        return cor_output_write(w->output, w->text->text + at,
                                w->at[step + 1] - at, origin + at);
    piece p = {.output = w->output, .buffer = buffer, .at = origin + at};
    COR_TRY(take_step(w, step, &p, NULL, NULL));
    return flush(&p);
}

static int write_steps(const sequence_writer *w, int64_t origin)
{
    cor_failure failure = COR_NO_FAILURE;
#pragma omp parallel num_threads(w->text->threads)
    {
        char *buffer = NULL;
        int rc = w->own ? cor_allocate(&buffer, BUFFER, 1, "buffer") : COR_OK;
        if (rc != COR_OK)
            cor_failure_note(&failure, rc, 0);
#pragma omp for schedule(dynamic)
        for (int64_t step = 0; step < w->steps; step++) {
            if (rc == COR_OK)
                rc = write_step(w, step, origin, buffer);
            if (rc != COR_OK)
                cor_failure_note(&failure, rc, step);
        }
        cor_free(buffer);
    }
    return cor_failure_raise(&failure);
}

static const char no_room[] = "make room or write elsewhere";
static const char less_of_each[] =
    "keep less of each prefix (--max-length), make room or write elsewhere";

/* Pieces that are worth a call: of items where there are prefixes, of bytes
   where there are not. */
static int64_t steps_of(const sequence_writer *w)
{
    const cor_user_items *of = w->text->of;
    return w->own ? (of->begin[of->users] + STEP - 1) / STEP
                  : w->text->bytes / BUFFER + 1;
}

int cor_sequence_text_write(const cor_team *team, const cor_sequence_text *text,
                            const cor_sequences_options *options,
                            const int64_t *own, cor_output *output,
                            cor_sequences_count *count)
{
    sequence_writer w = {.text = text,
                         .options = options,
                         .own = options->prefixes ? own : NULL,
                         .output = output};
    *count = (cor_sequences_count){0};
    w.steps = steps_of(&w);
    COR_TRY(cor_agree(team, COR_NEW(&w.at, w.steps + 1)));
    if (w.own)
        measure_prefixes(&w, count);
    else
        measure_lines(&w, count);
    int64_t bytes, sums[2] = {count->users, count->lines};
    int64_t origin = cor_team_before(team, w.at[w.steps], &bytes);
    cor_team_sum(team, sums, 2);
    *count = (cor_sequences_count){sums[0], sums[1]};
    int rc = cor_output_expect(output, bytes, w.own ? less_of_each : no_room);
    if (rc == COR_OK)
        rc = cor_agree(team, write_steps(&w, origin));
    cor_free(w.at);
    return rc;
}
