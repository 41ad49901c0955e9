/*
 * A checkpoint is a file of kind "checkpoint" in the folder that was named:
 * FOLDER/als.h5, the one before it FOLDER/als.previous.h5. It holds both sides
 * as they stand after an iteration, the best so far where validation chooses
 * one, the history, and what the run was asked to do.
 */
#include "als_state.h"

#include "coracle/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static void path_of(const als *a, const char *name, char *path)
{
    snprintf(path, PATH_SIZE, "%s/%s", a->options->checkpoint, name);
}

/* Everything that the numbers depend on; the iterations asked for and the
   ranks are free to change. */
static void fingerprint(const als *a, char *text, size_t size)
{
    const cor_als_options *o = a->options;
    snprintf(text, size,
             "als form=%d alpha=%.17g unobserved=%.17g exponent=%.17g "
             "solver=%d steps=%lld block=%lld factors=%lld reg=%.17g "
             "reg_bias=%.17g reg_scale=%s bias=%d "
             "seed=%lld early_stop=%lld giant=%lld data=%s valid=%lld",
             (int)o->implicit.form, o->implicit.alpha, o->implicit.unobserved,
             o->implicit.reg_exponent, (int)o->solver, (long long)o->steps,
             (long long)o->block, (long long)o->factors, o->reg, o->reg_bias,
             o->reg_by_count ? "count" : "none", o->bias, (long long)o->seed,
             (long long)o->early_stop, (long long)o->giant,
             o->data_digest ? o->data_digest : "",
             a->valid.data
                 ? (long long)cor_shards_rows(a->valid.data->row_shards)
                 : -1LL);
}

typedef int transfer(cor_file *file, const char *name, const cor_model_side *m,
                     int64_t columns, float *rows);

static int write_rows(cor_file *file, const char *name, const cor_model_side *m,
                      int64_t columns, float *rows)
{
    return cor_file_write(file, name, COR_FLOAT32, 0, m->rows, columns,
                          m->first, m->count, rows);
}

static int read_rows(cor_file *file, const char *name, const cor_model_side *m,
                     int64_t columns, float *rows)
{
    enum cor_type type;
    int64_t width, held_rows, held_columns;
    COR_TRY(
        cor_file_shape(file, name, &type, &width, &held_rows, &held_columns));
    if (held_rows != m->rows || held_columns != columns)
        return cor_fail(COR_EDATA,
                        "%s is damaged: %s has another shape than the data: "
                        "remove it and begin again",
                        cor_file_path(file), name);
    return cor_file_read(file, name, COR_FLOAT32, 0, m->first, m->count, rows);
}

/* Both sides' rows, in or out; padding included, since it is small and exact.
 */
static int move_sides(const als *a, cor_file *file, const char *group,
                      transfer *move, float *user_factor, float *user_bias,
                      float *item_factor, float *item_bias)
{
    const cor_model *m = a->model;
    char name[64];
    snprintf(name, sizeof name, "%s/user_factor", group);
    COR_TRY(move(file, name, &m->user, m->ld, user_factor));
    snprintf(name, sizeof name, "%s/item_factor", group);
    COR_TRY(move(file, name, &m->item, m->ld, item_factor));
    if (!m->bias)
        return COR_OK;
    snprintf(name, sizeof name, "%s/user_bias", group);
    COR_TRY(move(file, name, &m->user, 0, user_bias));
    snprintf(name, sizeof name, "%s/item_bias", group);
    return move(file, name, &m->item, 0, item_bias);
}

static int write_history(const als *a, cor_file *file, const char *name,
                         const double *number)
{
    bool first = cor_team_rank(a->team) == 0;
    return cor_file_write(file, name, COR_FLOAT64, 0, a->fit->iterations, 0, 0,
                          first ? a->fit->iterations : 0, number);
}

static int write_all(const als *a, cor_file *file)
{
    const cor_model *m = a->model;
    char text[512];
    fingerprint(a, text, sizeof text);
    COR_TRY(cor_file_put_text(file, "run", text));
    COR_TRY(cor_file_put_int64(file, "iterations", a->fit->iterations));
    COR_TRY(cor_file_put_int64(file, "best", a->best.iteration));
    COR_TRY(cor_file_put_double(file, "best_rmse", a->best.rmse));
    COR_TRY(write_history(a, file, "history", a->fit->history));
    COR_TRY(write_history(a, file, "loss", a->fit->loss));
    COR_TRY(move_sides(a, file, "now", write_rows, m->user.factor, m->user.bias,
                       m->item.factor, m->item.bias));
    if (a->best.iteration == 0)
        return COR_OK;
    return move_sides(a, file, "best", write_rows, a->best.user_factor,
                      a->best.user_bias, a->best.item_factor,
                      a->best.item_bias);
}

static int make_folder(const char *path)
{
    struct stat there;
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return cor_fail(COR_EIO,
                        "cannot make the checkpoint folder %s: %s; give one "
                        "whose parent is there and yours to write",
                        path, strerror(errno));
    if (stat(path, &there) == 0 && !S_ISDIR(there.st_mode))
        return cor_fail(COR_EIO,
                        "%s is a file: give --checkpoint a folder of its own",
                        path);
    if (access(path, W_OK | X_OK) != 0)
        return cor_fail(COR_EIO,
                        "cannot write to the checkpoint folder %s: %s; give "
                        "one that is yours to write",
                        path, strerror(errno));
    return COR_OK;
}

/* The folder is made if it is missing; its parent must be there. */
int als_checkpoint_prepare(const als *a)
{
    bool first = cor_team_rank(a->team) == 0;
    return cor_agree(a->team,
                     first ? make_folder(a->options->checkpoint) : COR_OK);
}

/* The file that stands becomes the previous one by a second name, so that
   there is a whole checkpoint at every moment. */
static int keep_previous(const als *a)
{
    char now[PATH_SIZE], previous[PATH_SIZE];
    path_of(a, "als.h5", now);
    path_of(a, "als.previous.h5", previous);
    int rc = COR_OK;
    if (cor_team_rank(a->team) == 0 && access(now, F_OK) == 0) {
        unlink(previous);
        if (link(now, previous) != 0)
            rc = cor_fail(COR_EIO,
                          "cannot keep the previous checkpoint as "
                          "%s: %s",
                          previous, strerror(errno));
    }
    return cor_agree(a->team, rc);
}

int als_checkpoint_write(const als *a)
{
    char path[PATH_SIZE];
    path_of(a, "als.h5", path);
    COR_TRY(als_checkpoint_prepare(a));
    cor_file_options options = {.force = true,
                                .command = "checkpoint of als",
                                .seed = a->options->seed};
    cor_file *file = NULL;
    int rc = cor_file_create(a->team, path, "checkpoint", &options, &file);
    if (rc == COR_OK)
        rc = write_all(a, file);
    if (rc == COR_OK)
        rc = keep_previous(a);
    if (rc == COR_OK)
        rc = cor_file_commit(&file);
    cor_file_close(&file);
    return rc;
}

static int check_run(const als *a, const cor_file *file)
{
    char mine[512], theirs[512];
    fingerprint(a, mine, sizeof mine);
    COR_TRY(cor_file_get_text(file, "run", theirs, sizeof theirs));
    if (strcmp(mine, theirs) == 0)
        return COR_OK;
    return cor_fail(COR_EUSAGE,
                    "the checkpoint in %s is of another run (\"%s\", this one "
                    "is \"%s\"); use its options, or another --checkpoint "
                    "folder",
                    a->options->checkpoint, theirs, mine);
}

static int read_history(const als *a, cor_file *file, const char *name,
                        double *number)
{
    bool first = cor_team_rank(a->team) == 0;
    int rc = cor_file_read(file, name, COR_FLOAT64, 0, 0,
                           first ? a->fit->iterations : 0, number);
    if (rc == COR_OK)
        cor_team_share(a->team, number, a->fit->iterations * 8, 0);
    return rc;
}

static int read_all(als *a, cor_file *file)
{
    cor_model *m = a->model;
    COR_TRY(check_run(a, file));
    COR_TRY(cor_file_get_int64(file, "iterations", &a->fit->iterations));
    COR_TRY(cor_file_get_int64(file, "best", &a->best.iteration));
    COR_TRY(cor_file_get_double(file, "best_rmse", &a->best.rmse));
    if (a->fit->iterations > a->options->iterations)
        return cor_fail(COR_EUSAGE,
                        "the checkpoint in %s is of iteration %lld already; "
                        "ask for at least as many --iterations",
                        a->options->checkpoint, (long long)a->fit->iterations);
    COR_TRY(read_history(a, file, "history", a->fit->history));
    COR_TRY(read_history(a, file, "loss", a->fit->loss));
    COR_TRY(move_sides(a, file, "now", read_rows, m->user.factor, m->user.bias,
                       m->item.factor, m->item.bias));
    if (a->best.iteration == 0)
        return COR_OK;
    return move_sides(a, file, "best", read_rows, a->best.user_factor,
                      a->best.user_bias, a->best.item_factor,
                      a->best.item_bias);
}

static int read_from(als *a, const char *path)
{
    cor_file *file = NULL;
    COR_TRY(cor_file_open(a->team, path, "checkpoint", &file));
    int rc = read_all(a, file);
    cor_file_close(&file);
    return rc;
}

static bool is_there(const als *a, const char *path)
{
    int64_t there = cor_team_rank(a->team) == 0 && access(path, F_OK) == 0;
    cor_team_max(a->team, &there, 1);
    return there;
}

int als_checkpoint_read(als *a, bool *found)
{
    static const char *const names[] = {"als.h5", "als.previous.h5"};
    char path[PATH_SIZE];
    int rc = COR_OK;
    *found = false;
    for (int i = 0; i < 2 && !*found; i++) {
        path_of(a, names[i], path);
        if (!is_there(a, path))
            continue;
        rc = read_from(a, path);
        if (rc == COR_EUSAGE)
            return rc;
        *found = rc == COR_OK;
    }
    return rc;
}
