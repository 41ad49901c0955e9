#include "search_log.h"

#include "coracle/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 256, HEAD = 4096 };

struct search_log {
    int64_t folds;
    const char *path;
    int file; /* -1: none */
    char head[HEAD];
    search_result *old; /* of earlier runs, on every rank */
    int64_t olds;
    search_result *fresh; /* of mine */
    int64_t count, room;
};

/* What makes a search the same: all that its results depend on. */
static void describe(const cor_search *search, char head[HEAD])
{
    int at = snprintf(head, HEAD,
                      "coracle search folds=%lld time=%d seed=%lld "
                      "metric=%s points=%lld",
                      (long long)search->folds, search->by_time,
                      (long long)search->seed, search->metric,
                      (long long)cor_grid_points(search->grid));
    for (int a = 0; a < cor_grid_axes(search->grid) && at < HEAD - LINE; a++)
        at += snprintf(
            head + at, HEAD - (size_t)at, " %s=%s..%s",
            cor_grid_name(search->grid, a), cor_grid_value(search->grid, 0, a),
            cor_grid_value(search->grid, cor_grid_points(search->grid) - 1, a));
}

static int keep(search_result **list, int64_t *count, int64_t *room,
                const search_result *result)
{
    if (*count == *room) {
        int64_t more = *room ? 2 * *room : 64;
        COR_TRY(cor_reallocate(list, *room, more, sizeof **list, "results"));
        *room = more;
    }
    (*list)[(*count)++] = *result;
    return COR_OK;
}

/* A line that was cut short by a kill is left out. */
static bool parse(const char *line, search_result *r)
{
    long long point, fold, diverged;
    int end = 0;
    int fields =
        sscanf(line, "%lld %lld %lld %lf %lf %lf %lf;%n", &point, &fold,
               &diverged, &r->rmse, &r->mae, &r->metric, &r->seconds, &end);
    r->point = point;
    r->fold = fold;
    r->diverged = diverged;
    return fields == 7 && end > 0;
}

static int read_lines(search_log *log, FILE *file)
{
    char line[HEAD];
    int64_t room = 0;
    bool first = true;
    while (fgets(line, sizeof line, file)) {
        search_result result = {0};
        line[strcspn(line, "\n")] = 0;
        if (first && strcmp(line, log->head) != 0)
            return cor_fail(COR_EUSAGE,
                            "%s was left by another search; remove it, or "
                            "write the table elsewhere",
                            log->path);
        if (!first && parse(line, &result))
            COR_TRY(keep(&log->old, &log->olds, &room, &result));
        first = false;
    }
    return COR_OK;
}

/* Rank 0 alone. */
static int read_old(search_log *log)
{
    FILE *file = fopen(log->path, "r");
    if (!file)
        return COR_OK;
    int rc = read_lines(log, file);
    fclose(file);
    return rc;
}

static int io_error(const search_log *log)
{
    return cor_fail(COR_EIO, "%s cannot be written: %s", log->path,
                    strerror(errno));
}

/* Lines of several ranks do not mix: each is one write at the end. */
static int append(const search_log *log, const char *line)
{
    if (log->file < 0)
        return COR_OK;
    size_t length = strlen(line);
    return write(log->file, line, length) == (ssize_t)length ? COR_OK
                                                             : io_error(log);
}

static int open_file(search_log *log, bool begin)
{
    char line[HEAD + 2];
    if (!log->path)
        return COR_OK;
    log->file = open(log->path, O_WRONLY | O_APPEND | O_CREAT, 0666);
    if (log->file < 0)
        return io_error(log);
    snprintf(line, sizeof line, "%s\n", log->head);
    if (begin && log->olds > 0) /* what was cut short stays a line of its own */
        return append(log, "\n");
    return begin && lseek(log->file, 0, SEEK_END) == 0 ? append(log, line)
                                                       : COR_OK;
}

int search_log_open(const cor_team *team, const cor_search *search,
                    search_log **log)
{
    bool first = cor_team_rank(team) == 0;
    search_log *l = NULL;
    int rc = cor_agree(team, COR_NEW_ZEROED(&l, 1));
    if (rc == COR_OK) {
        *l = (search_log){
            .folds = search->folds, .path = search->log, .file = -1};
        describe(search, l->head);
        rc = cor_agree(team, first && l->path ? read_old(l) : COR_OK);
    }
    if (rc == COR_OK) {
        search_result *shared = NULL;
        rc = cor_team_collect(team, l->old, l->olds, sizeof *l->old, &shared,
                              &l->olds);
        cor_free(l->old);
        l->old = shared;
    }
    if (rc == COR_OK)
        rc = cor_agree(team, first ? open_file(l, true) : COR_OK);
    if (rc == COR_OK)
        rc = cor_agree(team, first ? COR_OK : open_file(l, false));
    if (rc != COR_OK)
        search_log_close(&l);
    *log = l;
    return rc;
}

void search_log_close(search_log **log)
{
    if (!*log)
        return;
    if ((*log)->file >= 0)
        close((*log)->file);
    cor_free((*log)->old);
    cor_free((*log)->fresh);
    cor_free(*log);
    *log = NULL;
}

bool search_log_has(const search_log *log, int64_t point, int64_t fold)
{
    for (int64_t i = 0; i < log->olds; i++)
        if (log->old[i].point == point && log->old[i].fold == fold)
            return true;
    return false;
}

int search_log_add(search_log *log, const search_result *r)
{
    char line[LINE];
    COR_TRY(keep(&log->fresh, &log->count, &log->room, r));
    snprintf(line, sizeof line, "%lld %lld %lld %.17g %.17g %.17g %.6g;\n",
             (long long)r->point, (long long)r->fold, (long long)r->diverged,
             r->rmse, r->mae, r->metric, r->seconds);
    return append(log, line);
}

static int by_point(const void *a, const void *b)
{
    const search_result *x = a, *y = b;
    if (x->point != y->point)
        return x->point < y->point ? -1 : 1;
    return (x->fold > y->fold) - (x->fold < y->fold);
}

int search_log_collect(const cor_team *team, const search_log *log,
                       search_result **all, int64_t *count)
{
    int64_t mine = log->count, olds = log->olds;
    search_result *some = NULL;
    int rc = COR_NEW(&some, mine + olds);
    if (rc == COR_OK && mine > 0)
        memcpy(some, log->fresh, (size_t)mine * sizeof *some);
    if (rc == COR_OK && cor_team_rank(team) == 0) {
        memcpy(some + mine, log->old, (size_t)olds * sizeof *some);
        mine += olds;
    }
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_team_collect(team, some, mine, sizeof *some, all, count);
    cor_free(some);
    if (rc == COR_OK)
        qsort(*all, (size_t)*count, sizeof **all, by_point);
    return rc;
}
