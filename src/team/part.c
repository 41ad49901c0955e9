/* gethostname and kill are hidden by strict C */
#define _GNU_SOURCE
#include "coracle/part.h"

#include "coracle/map.h"
#include "coracle/memory.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* More are never open at once; what went beyond would not be noted. */
enum { NOTED = 64, DAY = 24 * 60 * 60 };
static _Atomic(char *) noted[NOTED];

static unsigned this_host(void)
{
    char name[HOST_NAME_MAX + 1] = "";
    gethostname(name, sizeof name - 1);
    return (unsigned)cor_hash_bytes(name, strlen(name));
}

/* Whether nobody writes to a part any more, by its ending HOST-PROCESS. */
static bool writer_is_gone(const char *path, const char *ending)
{
    unsigned host;
    long process;
    int length = 0;
    struct stat there;
    if (sscanf(ending, "%8x-%ld%n", &host, &process, &length) != 2 ||
        ending[length] || process <= 0)
        return false; /* not one of ours */
    if (host == this_host())
        return kill((pid_t)process, 0) != 0 && errno == ESRCH;
    return stat(path, &there) == 0 && time(NULL) - there.st_mtime > DAY;
}

static const char mark[] = ".part-";

/* Remove the parts in a folder, of the output `name` or of all, whose writers
   are gone. Where it fails they just stay. `folder` is empty or ends in /. */
static void sweep_folder(const char *folder, const char *name)
{
    char path[PATH_MAX];
    DIR *open = opendir(*folder ? folder : ".");
    if (!open)
        return;
    for (struct dirent *entry; (entry = readdir(open));) {
        const char *ending = strstr(entry->d_name, mark);
        if (!ending ||
            (name && (strncmp(entry->d_name, name, strlen(name)) != 0 ||
                      ending != entry->d_name + strlen(name))))
            continue;
        int size = snprintf(path, sizeof path, "%s%s", folder, entry->d_name);
        if (size < (int)sizeof path &&
            writer_is_gone(path, ending + sizeof mark - 1))
            unlink(path);
    }
    closedir(open);
}

static void sweep(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    int length = (int)(name - path);
    if (snprintf(folder, sizeof folder, "%.*s", length, path) <
        (int)sizeof folder)
        sweep_folder(folder, name);
}

void cor_part_sweep(const char *folder)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/", folder) < (int)sizeof path)
        sweep_folder(path, NULL);
}

static void note(char *part)
{
    for (int i = 0; i < NOTED; i++) {
        char *none = NULL;
        if (atomic_compare_exchange_strong(&noted[i], &none, part))
            return;
    }
}

enum { ENDING = 40 };

static int copy(const char *path, char **part)
{
    int64_t size = (int64_t)strlen(path) + ENDING;
    return cor_allocate(part, size, 1, "path");
}

static void set_ending(const char *path, unsigned host, long process,
                       char *part)
{
    snprintf(part, strlen(path) + ENDING, "%s.part-%08x-%ld", path, host,
             process);
}

int cor_part_create(const char *path, char **part)
{
    COR_TRY(copy(path, part));
    sweep(path);
    set_ending(path, this_host(), (long)getpid(), *part);
    note(*part);
    return COR_OK;
}

int cor_part_begin(const cor_team *team, const char *path, char **part)
{
    int64_t writer[2] = {this_host(), getpid()};
    *part = NULL;
    int rc = cor_agree(team, copy(path, part));
    if (rc != COR_OK) { /* no rank has one: they must leave by one road */
        cor_free(*part);
        *part = NULL;
        return rc;
    }
    if (cor_team_rank(team) == 0)
        sweep(path);
    cor_team_share(team, writer, sizeof writer, 0);
    set_ending(path, (unsigned)writer[0], (long)writer[1], *part);
    note(*part);
    return COR_OK;
}

void cor_part_end(char **part)
{
    for (int i = 0; *part && i < NOTED; i++) {
        char *mine = *part;
        if (atomic_compare_exchange_strong(&noted[i], &mine, NULL))
            break;
    }
    cor_free(*part);
    *part = NULL;
}

void cor_part_remove_all(void)
{
    for (int i = 0; i < NOTED; i++) {
        char *part = atomic_exchange(&noted[i], NULL);
        if (part)
            unlink(part);
    }
}
