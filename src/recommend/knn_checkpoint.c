/*
 * A checkpoint of neighbourhoods: the biases as they are in double precision,
 * which things were compared, and what they are similar to. A thing is compared
 * as a whole, with all others or with those of lower number, so what is kept
 * says nothing of the ranks that found it.
 */
#include "coracle/checkpoint.h"
#include "coracle/memory.h"
#include "coracle/stop.h"
#include "knn_state.h"
#include "neighbours.h"

#include <stdio.h>

enum { RUN_SIZE = 512 };

static const char *const similar_datasets[3] = {
    "similar/begin", "similar/index", "similar/value"};

/* Everything that the numbers depend on. */
static void name_run(const knn_course *c, char run[RUN_SIZE])
{
    const cor_knn_options *o = c->options;
    snprintf(run, RUN_SIZE,
             "knn between=%s similarity=%d shrinkage=%.17g support=%lld "
             "keep=%lld epochs=%lld reg_user=%.17g reg_item=%.17g data=%s",
             o->between_users ? "users" : "items", (int)o->similarity.kind,
             o->similarity.shrinkage, (long long)o->similarity.support,
             (long long)o->keep, (long long)o->baseline.epochs,
             o->baseline.reg_user, o->baseline.reg_item,
             o->course.data_digest ? o->course.data_digest : "");
}

static cor_checkpoint checkpoint_of(const knn_course *c, char run[RUN_SIZE])
{
    name_run(c, run);
    return (cor_checkpoint){.folder = c->options->course.checkpoint,
                            .name = "knn",
                            .run = run,
                            .seed = c->options->seed};
}

int knn_course_open(knn_course *c)
{
    const cor_course_options *o = &c->options->course;
    c->since = cor_team_seconds();
    int rc = COR_NEW(&c->user_bias, c->user->count);
    if (rc == COR_OK)
        rc = COR_NEW(&c->item_bias, c->item->count);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&c->compared, c->thing->rows);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&c->similar.begin, c->thing->count + 1);
    COR_TRY(cor_agree(c->team, rc));
    if (o->checkpoint && o->checkpoint_minutes > 0)
        return cor_checkpoint_prepare(c->team, o->checkpoint);
    return COR_OK;
}

void knn_course_close(knn_course *c)
{
    cor_free(c->user_bias);
    cor_free(c->item_bias);
    cor_free(c->compared);
    sparse_free(&c->similar);
}

static int write_all(void *context, cor_file *file)
{
    knn_course *c = context;
    int64_t epochs = c->fit->epochs;
    int64_t history = cor_team_rank(c->team) == 0 ? epochs : 0;
    const cor_model_side *u = c->user, *i = c->item, *x = c->thing;
    COR_TRY(cor_file_put_int64(file, "epochs", epochs));
    COR_TRY(cor_file_write(file, "history", COR_FLOAT64, 0, epochs, 0, 0,
                           history, c->fit->history));
    COR_TRY(cor_file_write(file, "bias/user", COR_FLOAT64, 0, u->rows, 0,
                           u->first, u->count, c->user_bias));
    COR_TRY(cor_file_write(file, "bias/item", COR_FLOAT64, 0, i->rows, 0,
                           i->first, i->count, c->item_bias));
    COR_TRY(cor_file_write(file, "compared", COR_INT8, 0, x->rows, 0, x->first,
                           x->count, c->compared + x->first));
    return sparse_write(c->team, file, similar_datasets, x, &c->similar);
}

static int read_all(void *context, cor_file *file)
{
    knn_course *c = context;
    int64_t epochs;
    const cor_model_side *u = c->user, *i = c->item, *x = c->thing;
    COR_TRY(cor_file_get_int64(file, "epochs", &epochs));
    if (epochs < 0 || epochs > c->options->baseline.epochs)
        return cor_fail(COR_EDATA,
                        "%s is damaged: it has %lld epochs: remove it and "
                        "begin again",
                        cor_file_path(file), (long long)epochs);
    c->fit->epochs = epochs;
    COR_TRY(cor_checkpoint_read_rows(file, "history", COR_FLOAT64, epochs, 0, 0,
                                     epochs, c->fit->history));
    COR_TRY(cor_checkpoint_read_rows(file, "bias/user", COR_FLOAT64, u->rows, 0,
                                     u->first, u->count, c->user_bias));
    COR_TRY(cor_checkpoint_read_rows(file, "bias/item", COR_FLOAT64, i->rows, 0,
                                     i->first, i->count, c->item_bias));
    COR_TRY(cor_checkpoint_read_rows(file, "compared", COR_INT8, x->rows, 0, 0,
                                     x->rows, c->compared));
    sparse_free(&c->similar);
    return sparse_read(c->team, file, similar_datasets, x, x->rows,
                       &c->similar);
}

int knn_course_resume(knn_course *c, bool *found)
{
    char run[RUN_SIZE];
    *found = false;
    if (!c->options->course.resume)
        return COR_OK;
    cor_checkpoint checkpoint = checkpoint_of(c, run);
    COR_TRY(cor_checkpoint_read(c->team, &checkpoint, read_all, c, found));
    int64_t done = 0;
    for (int64_t x = 0; *found && x < c->thing->rows; x++)
        done += c->compared[x] != 0;
    if (*found)
        cor_progress_note(c->progress,
                          "going on after epoch %lld of the baseline, %lld of "
                          "%lld compared",
                          (long long)c->fit->epochs, (long long)done,
                          (long long)c->thing->rows);
    else
        cor_progress_note(c->progress,
                          "no checkpoint in %s yet: starting from the "
                          "beginning",
                          c->options->course.checkpoint);
    return COR_OK;
}

bool knn_course_due(knn_course *c)
{
    const cor_course_options *o = &c->options->course;
    if (!o->checkpoint)
        return false;
    bool due = cor_checkpoint_due(c->team, c->since, o->checkpoint_minutes);
    c->fit->stopped = cor_stop_asked(c->team);
    return c->fit->stopped || due;
}

int knn_course_write(knn_course *c)
{
    char run[RUN_SIZE];
    cor_checkpoint checkpoint = checkpoint_of(c, run);
    int rc = cor_checkpoint_write(c->team, &checkpoint, write_all, c);
    c->since = cor_team_seconds();
    return rc;
}
