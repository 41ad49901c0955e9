#include "course.h"

#include "coracle/memory.h"
#include "coracle/stop.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

cor_course_options cor_course_options_default(void)
{
    return (cor_course_options){.checkpoint_minutes = 10};
}

void cor_course_free(cor_course *fit)
{
    cor_free(fit->history);
    cor_free(fit->loss);
    *fit = (cor_course){0};
}

int course_check(const cor_course_options *options)
{
    if (options->resume && !options->checkpoint)
        return cor_fail(COR_EUSAGE, "--resume needs the --checkpoint folder "
                                    "to go on from");
    return COR_OK;
}

/* ---- the best so far ---- */

static int allocate_best(course *c)
{
    const cor_model *m = c->model;
    course_best *b = &c->best;
    COR_TRY(cor_allocate(&b->user_factor, m->user.count * m->ld, sizeof(float),
                         "best factors"));
    COR_TRY(cor_allocate(&b->item_factor, m->item.count * m->ld, sizeof(float),
                         "best factors"));
    COR_TRY(cor_allocate_zeroed(&b->user_bias, m->user.count, sizeof(float),
                                "best biases"));
    return cor_allocate_zeroed(&b->item_bias, m->item.count, sizeof(float),
                               "best biases");
}

static int allocate(course *c)
{
    COR_TRY(COR_NEW_ZEROED(&c->fit->history, c->steps));
    COR_TRY(COR_NEW_ZEROED(&c->fit->loss, c->steps));
    return c->valid->data ? allocate_best(c) : COR_OK;
}

/* What the numbers depend on in any trainer, behind what they do in this one.
 */
static void name_run(course *c, const char *format, va_list arguments)
{
    vsnprintf(c->run, sizeof c->run, format, arguments);
    size_t length = strlen(c->run);
    snprintf(c->run + length, sizeof c->run - length,
             " seed=%lld early_stop=%lld data=%s valid=%lld",
             (long long)c->seed, (long long)c->options->early_stop,
             c->options->data_digest ? c->options->data_digest : "",
             (long long)training_valid_rows(c->valid));
}

int course_open(course *c, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    name_run(c, format, arguments);
    va_end(arguments);
    c->checkpoint = (cor_checkpoint){.folder = c->options->checkpoint,
                                     .name = c->model->kind,
                                     .run = c->run,
                                     .seed = c->seed};
    return cor_agree(c->team, allocate(c));
}

void course_close(course *c)
{
    cor_free(c->best.user_factor);
    cor_free(c->best.user_bias);
    cor_free(c->best.item_factor);
    cor_free(c->best.item_bias);
    c->best = (course_best){0};
}

static void copy_rows(const cor_model *m, int64_t rows, float *factor,
                      const float *from, float *bias, const float *from_bias)
{
    memcpy(factor, from, (size_t)(rows * m->ld) * sizeof *factor);
    if (m->bias)
        memcpy(bias, from_bias, (size_t)rows * sizeof *bias);
}

static void keep_if_best(course *c)
{
    course_best *b = &c->best;
    const cor_model *m = c->model;
    if (!c->valid->data || (b->step > 0 && c->valid->rmse >= b->rmse))
        return;
    b->step = c->fit->steps;
    b->rmse = c->valid->rmse;
    copy_rows(m, m->user.count, b->user_factor, m->user.factor, b->user_bias,
              m->user.bias);
    copy_rows(m, m->item.count, b->item_factor, m->item.factor, b->item_bias,
              m->item.bias);
}

static int show(const course *c)
{
    return c->trainer->show ? c->trainer->show(c->context) : COR_OK;
}

static int take(const course *c)
{
    return c->trainer->take ? c->trainer->take(c->context) : COR_OK;
}

static int restore_best(course *c)
{
    const course_best *b = &c->best;
    cor_model *m = c->model;
    c->fit->best = b->step ? b->step : c->fit->steps;
    if (c->fit->best == c->fit->steps)
        return show(c);
    copy_rows(m, m->user.count, m->user.factor, b->user_factor, m->user.bias,
              b->user_bias);
    copy_rows(m, m->item.count, m->item.factor, b->item_factor, m->item.bias,
              b->item_bias);
    return take(c);
}

/* ---- checkpoints ---- */

typedef int transfer(cor_file *file, const char *name,
                     const cor_model_side *side, int64_t columns, float *rows);

static int write_rows(cor_file *file, const char *name,
                      const cor_model_side *side, int64_t columns, float *rows)
{
    return cor_file_write(file, name, COR_FLOAT32, 0, side->rows, columns,
                          side->first, side->count, rows);
}

static int read_rows(cor_file *file, const char *name,
                     const cor_model_side *side, int64_t columns, float *rows)
{
    return cor_checkpoint_read_rows(file, name, COR_FLOAT32, side->rows,
                                    columns, side->first, side->count, rows);
}

/* The rows of the model as they are, or the best: in or out, padding included,
   since it is small and exact. */
static int move_sides(course *c, cor_file *file, transfer *move, bool best)
{
    const cor_model *m = c->model;
    const char *group = best ? "best" : "now";
    course_best *b = &c->best;
    char name[64];
    if (m->ld > 0) {
        snprintf(name, sizeof name, "%s/user_factor", group);
        COR_TRY(move(file, name, &m->user, m->ld,
                     best ? b->user_factor : m->user.factor));
        snprintf(name, sizeof name, "%s/item_factor", group);
        COR_TRY(move(file, name, &m->item, m->ld,
                     best ? b->item_factor : m->item.factor));
    }
    if (!m->bias)
        return COR_OK;
    snprintf(name, sizeof name, "%s/user_bias", group);
    COR_TRY(move(file, name, &m->user, 0, best ? b->user_bias : m->user.bias));
    snprintf(name, sizeof name, "%s/item_bias", group);
    return move(file, name, &m->item, 0, best ? b->item_bias : m->item.bias);
}

/* "iterations", "epochs" */
static const char *count_name(const course *c)
{
    return c->option + 2;
}

static int write_numbers(course *c, cor_file *file, const char *name,
                         const double *number)
{
    bool first = cor_team_rank(c->team) == 0;
    return cor_file_write(file, name, COR_FLOAT64, 0, c->fit->steps, 0, 0,
                          first ? c->fit->steps : 0, number);
}

static int write_all(void *context, cor_file *file)
{
    course *c = context;
    COR_TRY(cor_file_put_int64(file, count_name(c), c->fit->steps));
    COR_TRY(cor_file_put_int64(file, "best", c->best.step));
    COR_TRY(cor_file_put_double(file, "best_rmse", c->best.rmse));
    COR_TRY(write_numbers(c, file, "history", c->fit->history));
    COR_TRY(write_numbers(c, file, "loss", c->fit->loss));
    COR_TRY(move_sides(c, file, write_rows, false));
    if (c->trainer->write)
        COR_TRY(c->trainer->write(c->context, file));
    return c->best.step ? move_sides(c, file, write_rows, true) : COR_OK;
}

static int read_numbers(course *c, cor_file *file, const char *name,
                        double *number)
{
    bool first = cor_team_rank(c->team) == 0;
    int rc = cor_file_read(file, name, COR_FLOAT64, 0, 0, 0,
                           first ? c->fit->steps : 0, number);
    if (rc == COR_OK)
        cor_team_share(c->team, number, c->fit->steps * (int64_t)sizeof *number,
                       0);
    return rc;
}

static int read_all(void *context, cor_file *file)
{
    course *c = context;
    int64_t done;
    COR_TRY(cor_file_get_int64(file, count_name(c), &done));
    if (done > c->steps)
        return cor_fail(COR_EUSAGE,
                        "the checkpoint in %s is of %s %lld already; ask for "
                        "at least as many %s",
                        c->checkpoint.folder, c->word, (long long)done,
                        c->option);
    c->fit->steps = done;
    COR_TRY(cor_file_get_int64(file, "best", &c->best.step));
    COR_TRY(cor_file_get_double(file, "best_rmse", &c->best.rmse));
    COR_TRY(read_numbers(c, file, "history", c->fit->history));
    COR_TRY(read_numbers(c, file, "loss", c->fit->loss));
    COR_TRY(move_sides(c, file, read_rows, false));
    if (c->trainer->read)
        COR_TRY(c->trainer->read(c->context, file));
    return c->best.step ? move_sides(c, file, read_rows, true) : COR_OK;
}

static int resume(course *c)
{
    bool found = false;
    if (!c->options->resume)
        return COR_OK;
    COR_TRY(cor_checkpoint_read(c->team, &c->checkpoint, read_all, c, &found));
    if (!found) {
        cor_progress_note(c->progress,
                          "no checkpoint in %s yet: starting from the "
                          "beginning",
                          c->checkpoint.folder);
        return COR_OK;
    }
    cor_progress_note(c->progress, "going on after %s %lld", c->word,
                      (long long)c->fit->steps);
    return take(c);
}

/* ---- steps ---- */

static int step(course *c)
{
    double loss, metric;
    COR_TRY(c->trainer->step(c->context, &loss, &metric));
    c->fit->loss[c->fit->steps] = loss;
    c->fit->history[c->fit->steps] = metric;
    c->fit->steps++;
    cor_progress_step(c->progress, c->fit->steps);
    keep_if_best(c);
    return COR_OK;
}

static bool patience_is_over(const course *c)
{
    return c->valid->data && c->options->early_stop > 0 &&
           c->fit->steps - c->best.step >= c->options->early_stop;
}

static bool checkpoint_is_due(const course *c, double since)
{
    return c->checkpoint.folder &&
           cor_checkpoint_due(c->team, since, c->options->checkpoint_minutes);
}

static int keep_checkpoint(course *c)
{
    COR_TRY(show(c));
    return cor_checkpoint_write(c->team, &c->checkpoint, write_all, c);
}

static int run_steps(course *c)
{
    double since = cor_team_seconds();
    /* that it can't be written is known now, not at the first signal */
    if (c->checkpoint.folder && c->options->checkpoint_minutes > 0)
        COR_TRY(cor_checkpoint_prepare(c->team, c->checkpoint.folder));
    while (c->fit->steps < c->steps && !patience_is_over(c) &&
           !c->fit->stopped) {
        COR_TRY(step(c));
        c->fit->stopped = c->checkpoint.folder && cor_stop_asked(c->team);
        if (c->fit->stopped || checkpoint_is_due(c, since)) {
            COR_TRY(keep_checkpoint(c));
            since = cor_team_seconds();
        }
    }
    return COR_OK;
}

/* ---- the whole ---- */

static int finish(course *c)
{
    cor_course *fit = c->fit;
    COR_TRY(restore_best(c));
    COR_TRY(c->trainer->finish(c->context, &fit->train_rmse, &fit->train_mae));
    if (!c->valid->data)
        return COR_OK;
    COR_TRY(training_valid_error(c->team, c->valid));
    fit->has_valid = true;
    fit->valid_rmse = c->valid->rmse;
    fit->valid_mae = c->valid->mae;
    return COR_OK;
}

int course_run(course *c)
{
    COR_TRY(resume(c));
    double started = cor_team_seconds();
    cor_progress_begin(c->progress, count_name(c), c->steps);
    cor_progress_resume(c->progress, c->fit->steps);
    COR_TRY(run_steps(c));
    cor_progress_end(c->progress);
    c->fit->seconds = cor_team_seconds() - started;
    cor_team_share(c->team, &c->fit->seconds, sizeof(double), 0);
    return c->fit->stopped ? COR_OK : finish(c);
}
