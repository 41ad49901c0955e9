#include "coracle/output.h"

#include "coracle/memory.h"
#include "coracle/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PIECE = 1 << 30, COPY = 1 << 20 };

struct cor_output {
    const cor_team *team;
    char *path, *part;
    int fd;
    bool begun; /* the part is there */
};

static const char no_room[] = "make room on the disk or write elsewhere";

static int cannot(const char *path, const char *what)
{
    return cor_fail(COR_EIO, "cannot write %s: %s; %s", path, strerror(errno),
                    what);
}

static void release(cor_output **output)
{
    cor_free((*output)->path);
    cor_part_end(&(*output)->part);
    cor_free(*output);
    *output = NULL;
}

static int create(const cor_team *team, const char *path, cor_output **output)
{
    int64_t length = (int64_t)strlen(path);
    COR_TRY(COR_NEW_ZEROED(output, 1));
    cor_output *o = *output;
    o->team = team;
    o->fd = -1;
    COR_TRY(cor_allocate(&o->path, length + 1, 1, "path"));
    memcpy(o->path, path, (size_t)length + 1);
    return COR_OK;
}

static int check(const char *path, bool force)
{
    struct stat there;
    if (!*path)
        return cor_fail(COR_EIO, "the output has an empty name: give a path");
    if (stat(path, &there) != 0)
        return COR_OK;
    if (S_ISDIR(there.st_mode))
        return cor_fail(COR_EIO, "%s is a folder: give the path of a file",
                        path);
    if (!S_ISREG(there.st_mode)) /* a new file would take its place */
        return cor_fail(
            COR_EIO, "%s is a device or a pipe: give the path of a file", path);
    if (!force)
        return cor_fail(COR_EIO, "%s exists: give --force to replace it", path);
    return COR_OK;
}

/* The first rank makes the file. */
static int begin_first(cor_output *o, bool force)
{
    COR_TRY(check(o->path, force));
    o->fd = open(o->part, O_RDWR | O_CREAT | O_TRUNC, 0666);
    o->begun = o->fd >= 0;
    return o->begun ? COR_OK
                    : cannot(o->path, "give the output a folder that exists "
                                      "and is yours to write");
}

static int begin_other(cor_output *o)
{
    o->fd = open(o->part, O_RDWR);
    return o->fd >= 0
               ? COR_OK
               : cannot(o->path, "every node must see the output's folder");
}

int cor_output_begin(const cor_team *team, const char *path, bool force,
                     cor_output **output)
{
    bool first = cor_team_rank(team) == 0;
    *output = NULL;
    int rc = cor_agree(team, create(team, path, output));
    if (rc == COR_OK)
        rc = cor_part_begin(team, path, &(*output)->part);
    if (rc == COR_OK && first)
        rc = begin_first(*output, force);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_agree(team, first ? COR_OK : begin_other(*output));
    if (rc != COR_OK)
        cor_output_abandon(output);
    return rc;
}

int cor_output_check(const cor_team *team, const char *path, bool force)
{
    cor_output *output;
    COR_TRY(cor_output_begin(team, path, force, &output));
    cor_output_abandon(&output);
    return COR_OK;
}

int cor_output_expect(const cor_output *o, int64_t bytes, const char *remedy)
{
    struct statvfs disk;
    int rc = COR_OK;
    /* who can't say how much there is will say so when it is written */
    if (cor_team_rank(o->team) == 0 && fstatvfs(o->fd, &disk) == 0) {
        double room = (double)disk.f_bavail * (double)disk.f_frsize;
        if ((double)bytes > room)
            rc = cor_fail(COR_EIO,
                          "%s would take %.1f GiB, and its disk has %.1f GiB "
                          "left: %s",
                          o->path, (double)bytes / 0x1p30, room / 0x1p30,
                          remedy);
    }
    return cor_agree(o->team, rc);
}

int cor_output_write(cor_output *o, const char *bytes, int64_t length,
                     int64_t at)
{
    while (length > 0) {
        size_t piece = length < PIECE ? (size_t)length : PIECE;
        ssize_t written = pwrite(o->fd, bytes, piece, (off_t)at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return cannot(o->path, no_room);
        bytes += written;
        at += written;
        length -= written;
    }
    return COR_OK;
}

int cor_output_copy(cor_output *to, int64_t at, const cor_output *from,
                    int64_t length)
{
    char *buffer;
    int rc = COR_OK;
    COR_TRY(cor_allocate(&buffer, COPY, 1, "copy buffer"));
    for (int64_t done = 0; rc == COR_OK && done < length;) {
        int64_t piece = length - done < COPY ? length - done : COPY;
        ssize_t got = pread(from->fd, buffer, (size_t)piece, (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            rc = cor_fail(COR_EIO, "cannot read %s back: %s", from->part,
                          got ? strerror(errno) : "it became shorter");
        else
            rc = cor_output_write(to, buffer, got, at + done);
        done += got;
    }
    cor_free(buffer);
    return rc;
}

int cor_output_flush(cor_output *o)
{
    bool open = o->fd >= 0;
    int rc = COR_OK;
    if (open && fsync(o->fd) != 0)
        rc = cannot(o->path, no_room);
    if (open && close(o->fd) != 0 && rc == COR_OK)
        rc = cannot(o->path, no_room);
    o->fd = -1;
    return cor_agree(o->team, rc);
}

int cor_output_commit(cor_output **output)
{
    cor_output *o = *output;
    int rc = cor_output_flush(o);
    if (rc == COR_OK && o->begun && rename(o->part, o->path) != 0)
        rc = cannot(o->path, "the finished file could not take its name");
    else if (rc == COR_OK)
        o->begun = false;
    rc = cor_agree(o->team, rc);
    cor_output_abandon(output);
    return rc;
}

void cor_output_abandon(cor_output **output)
{
    cor_output *o = *output;
    if (!o)
        return;
    if (o->fd >= 0)
        close(o->fd);
    if (o->begun)
        unlink(o->part);
    release(output);
}
