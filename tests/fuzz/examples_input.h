/**
 * Files read as examples, by one thread and by several: a file is cut at other
 * bytes then, and what comes out must be the same, and sound.
 */
#ifndef FUZZ_EXAMPLES_INPUT_H
#define FUZZ_EXAMPLES_INPUT_H

#include "fuzz.h"

#include "coracle/ingest_examples.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct examples_run {
    int rc;
    char message[COR_MESSAGE_SIZE];
    cor_examples data;
    cor_ingest_examples_report report;
} examples_run;

static inline void examples_read(const char *path, int threads,
                                 const cor_ingest_examples_options *options,
                                 examples_run *run)
{
    cor_team *team = fuzz_team();
    cor_team_set_threads(team, threads);
    cor_set_message("");
    run->rc = cor_ingest_examples(team, &path, 1, options, NULL, &run->data,
                                  &run->report);
    /* rows that were skipped leave a message too */
    snprintf(run->message, sizeof run->message, "%s",
             run->rc == COR_OK ? "" : cor_message());
}

static inline void examples_sound(const cor_examples *data)
{
    const cor_examples_rows *rows = &data->mine;
    for (int64_t i = 0; i < rows->count; i++) {
        int64_t last = -1;
        fuzz_must(isfinite(rows->label[i]), "a finite label");
        for (int64_t j = rows->begin[i]; j < rows->begin[i + 1]; j++) {
            fuzz_must(rows->feature[j] > last &&
                          rows->feature[j] < data->features,
                      "features that ascend");
            fuzz_must(isfinite(rows->value[j]), "a finite value");
            last = rows->feature[j];
        }
    }
}

static inline void examples_same(const cor_examples *a, const cor_examples *b)
{
    const cor_examples_rows *x = &a->mine, *y = &b->mine;
    fuzz_must(a->features == b->features && x->count == y->count,
              "as many rows and features");
    if (x->count == 0)
        return;
    size_t rows = (size_t)x->count, nonzeros = (size_t)x->begin[x->count];
    fuzz_must(memcmp(x->begin, y->begin, (rows + 1) * sizeof *x->begin) == 0 &&
                  memcmp(x->label, y->label, rows * sizeof *x->label) == 0 &&
                  memcmp(x->feature, y->feature,
                         nonzeros * sizeof *x->feature) == 0 &&
                  memcmp(x->value, y->value, nonzeros * sizeof *x->value) == 0,
              "the same rows");
}

static inline void examples_check(const char *path, int threads,
                                  const cor_ingest_examples_options *options)
{
    examples_run one, many;
    examples_read(path, 1, options, &one);
    examples_read(path, threads, options, &many);
    fuzz_must(one.rc == many.rc && strcmp(one.message, many.message) == 0,
              "the same status and message");
    fuzz_must(one.rc == COR_OK || one.message[0], "a message");
    fuzz_must(one.rc != COR_EDEFECT, "no defect");
    fuzz_must(one.report.rejected == many.report.rejected, "the same report");
    examples_sound(&one.data);
    examples_same(&one.data, &many.data);
    cor_examples_free(&one.data);
    cor_examples_free(&many.data);
}

#endif
