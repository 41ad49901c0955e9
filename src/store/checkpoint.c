#include "coracle/checkpoint.h"

#include "coracle/memory.h"
#include "coracle/part.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static void path_of(const cor_checkpoint *c, const char *ending,
                    char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s%s.h5", c->folder, c->name, ending);
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
    cor_part_sweep(path); /* names may differ by the number of ranks */
    return COR_OK;
}

int cor_checkpoint_prepare(const cor_team *team, const char *folder)
{
    bool first = cor_team_rank(team) == 0;
    return cor_agree(team, first ? make_folder(folder) : COR_OK);
}

/* The file that stands gets a second name, which stays its own when the next
   file takes the first. */
static int keep_previous(const cor_team *team, const cor_checkpoint *c)
{
    char now[PATH_SIZE], previous[PATH_SIZE];
    path_of(c, "", now);
    path_of(c, ".previous", previous);
    int rc = COR_OK;
    if (cor_team_rank(team) == 0 && access(now, F_OK) == 0) {
        unlink(previous);
        if (link(now, previous) != 0)
            rc = cor_fail(COR_EIO,
                          "cannot keep the previous checkpoint as %s: %s; "
                          "see that the folder can be written to",
                          previous, strerror(errno));
    }
    return cor_agree(team, rc);
}

int cor_checkpoint_write(const cor_team *team, const cor_checkpoint *checkpoint,
                         cor_checkpoint_content *write, void *context)
{
    char path[PATH_SIZE], command[64];
    path_of(checkpoint, "", path);
    snprintf(command, sizeof command, "checkpoint of %s", checkpoint->name);
    cor_file_options options = {
        .force = true, .command = command, .seed = checkpoint->seed};
    cor_file *file = NULL;
    COR_TRY(cor_checkpoint_prepare(team, checkpoint->folder));
    COR_TRY(cor_file_create(team, path, "checkpoint", &options, &file));
    int rc = cor_file_put_text(file, "run", checkpoint->run);
    if (rc == COR_OK)
        rc = write(context, file);
    if (rc == COR_OK)
        rc = keep_previous(team, checkpoint);
    if (rc == COR_OK)
        rc = cor_file_commit(&file);
    cor_file_close(&file);
    return rc;
}

bool cor_checkpoint_due(const cor_team *team, double since, double minutes)
{
    int64_t due = cor_team_seconds() - since >= minutes * 60;
    if (!(minutes > 0))
        return false;
    cor_team_share(team, &due, sizeof due, 0);
    return due != 0;
}

int cor_checkpoint_read_rows(const cor_file *file, const char *name,
                             enum cor_type type, int64_t rows, int64_t columns,
                             int64_t first, int64_t count, void *data)
{
    enum cor_type held;
    int64_t width, held_rows, held_columns;
    COR_TRY(
        cor_file_shape(file, name, &held, &width, &held_rows, &held_columns));
    if (held_rows != rows || held_columns != columns)
        return cor_fail(COR_EDATA,
                        "%s is damaged: %s has another shape than the data: "
                        "remove it and begin again",
                        cor_file_path(file), name);
    return cor_file_read(file, name, type, 0, columns, first, count, data);
}

static int check_run(const cor_file *file, const cor_checkpoint *c)
{
    char theirs[1024];
    COR_TRY(cor_file_get_text(file, "run", theirs, sizeof theirs));
    if (strcmp(c->run, theirs) == 0)
        return COR_OK;
    return cor_fail(COR_EUSAGE,
                    "the checkpoint in %s is of another run (\"%s\", this one "
                    "is \"%s\"); use its options, or another --checkpoint "
                    "folder",
                    c->folder, theirs, c->run);
}

static int read_from(const cor_team *team, const char *path,
                     const cor_checkpoint *c, cor_checkpoint_content *read,
                     void *context)
{
    cor_file *file = NULL;
    COR_TRY(cor_file_open(team, path, "checkpoint", &file));
    int rc = check_run(file, c);
    if (rc == COR_OK)
        rc = read(context, file);
    cor_file_close(&file);
    return rc;
}

static bool is_there(const cor_team *team, const char *path)
{
    int64_t there = cor_team_rank(team) == 0 && access(path, F_OK) == 0;
    cor_team_max(team, &there, 1);
    return there;
}

int cor_checkpoint_read(const cor_team *team, const cor_checkpoint *checkpoint,
                        cor_checkpoint_content *read, void *context,
                        bool *found)
{
    static const char *const ending[] = {"", ".previous"};
    char path[PATH_SIZE];
    int rc = COR_OK;
    *found = false;
    for (int i = 0; i < 2 && !*found; i++) {
        path_of(checkpoint, ending[i], path);
        if (!is_there(team, path))
            continue;
        rc = read_from(team, path, checkpoint, read, context);
        if (rc == COR_EUSAGE || rc == COR_EMEMORY)
            return rc;
        *found = rc == COR_OK;
    }
    return rc;
}
