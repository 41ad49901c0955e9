/**
 * Text read as interactions, by one thread and by several: a file is cut at
 * other bytes then, and what comes out must be the same.
 */
#ifndef FUZZ_TEXT_INPUT_H
#define FUZZ_TEXT_INPUT_H

#include "fuzz.h"

#include "coracle/ingest.h"

#include <stdio.h>
#include <string.h>

typedef struct text_run {
    int rc;
    char message[COR_MESSAGE_SIZE];
    cor_interactions data;
    cor_ingest_report report;
} text_run;

static inline void text_read(const char *path, int threads,
                             const cor_ingest_options *options, text_run *run)
{
    cor_team *team = fuzz_team();
    cor_team_set_threads(team, threads);
    cor_set_message("");
    run->rc =
        cor_ingest(team, &path, 1, options, NULL, &run->data, &run->report);
    snprintf(run->message, sizeof run->message, "%s", cor_message());
}

static inline bool text_equal(const void *a, const void *b, int64_t rows,
                              size_t width)
{
    return (!a && !b) || (a && b && memcmp(a, b, (size_t)rows * width) == 0);
}

static inline void text_same_kept(const cor_interactions *x,
                                  const cor_interactions *y)
{
    fuzz_must(x->kept.count == y->kept.count, "as many columns");
    for (int32_t k = 0; k < x->kept.count; k++) {
        const cor_kept *a = &x->kept.column[k], *b = &y->kept.column[k];
        fuzz_must(
            a->category == b->category &&
                text_equal(a->code, b->code, x->rows, sizeof *a->code) &&
                text_equal(a->number, b->number, x->rows, sizeof *a->number) &&
                cor_ids_equal(fuzz_team(), &a->names, &b->names),
            "the same kept columns");
    }
}

static inline void text_same(const text_run *a, const text_run *b)
{
    const cor_interactions *x = &a->data, *y = &b->data;
    fuzz_must(x->rows == y->rows && x->users == y->users &&
                  x->items == y->items,
              "as many rows, users and items");
    fuzz_must(text_equal(x->user, y->user, x->rows, sizeof *x->user) &&
                  text_equal(x->item, y->item, x->rows, sizeof *x->item) &&
                  text_equal(x->value, y->value, x->rows, sizeof *x->value) &&
                  text_equal(x->time, y->time, x->rows, sizeof *x->time),
              "the same rows");
    fuzz_must(cor_ids_equal(fuzz_team(), &x->user_id, &y->user_id) &&
                  cor_ids_equal(fuzz_team(), &x->item_id, &y->item_id) &&
                  cor_ids_equal(fuzz_team(), &x->item_title, &y->item_title),
              "the same ids and titles");
    text_same_kept(x, y);
}

/** Read by one thread and by `threads`; what is wrong with a file that stops
    must not be wrong with one that is read in pieces, either. */
static inline void text_check(const char *path, int threads,
                              const cor_ingest_options *options)
{
    text_run one, many;
    text_read(path, 1, options, &one);
    text_read(path, threads, options, &many);
    fuzz_must(one.rc == many.rc && strcmp(one.message, many.message) == 0,
              "the same status and message");
    fuzz_must(one.rc == COR_OK || one.message[0], "a message");
    fuzz_must(one.rc != COR_EDEFECT, "no defect");
    text_same(&one, &many);
    fuzz_must(one.report.rejected == many.report.rejected &&
                  one.report.titles == many.report.titles,
              "the same report");
    cor_interactions_free(&one.data);
    cor_interactions_free(&many.data);
}

#endif
