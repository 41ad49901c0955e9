#include "coracle/source.h"

#include "coracle/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 20 };

static int fail_open(const char *path)
{
    return cor_fail(COR_EIO,
                    "cannot read %s: %s; check the path and its "
                    "permissions",
                    path, strerror(errno));
}

int cor_source_open(const cor_source *file, int *fd)
{
    *fd = open(file->path, O_RDONLY);
    return *fd < 0 ? fail_open(file->path) : COR_OK;
}

void cor_source_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int cor_source_find(const char *path, cor_source *file)
{
    struct stat about;
    *file = (cor_source){.path = path};
    if (stat(path, &about) != 0)
        return fail_open(path);
    if (S_ISDIR(about.st_mode))
        return cor_fail(COR_EIO, "%s is a directory; name the files in it",
                        path);
    if (!S_ISREG(about.st_mode))
        return cor_fail(COR_EIO,
                        "%s is not a regular file, so it cannot be "
                        "read in parts; save it to disk first",
                        path);
    int fd;
    COR_TRY(cor_source_open(file, &fd));
    cor_source_close(&fd);
    file->size = about.st_size;
    return COR_OK;
}

int cor_source_read(const cor_source *file, int fd, int64_t offset,
                    int64_t bytes, char *buffer)
{
    while (bytes > 0) {
        ssize_t got = pread(fd, buffer, (size_t)bytes, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cor_fail(COR_EIO, "reading %s failed: %s", file->path,
                            strerror(errno));
        if (got == 0)
            return cor_fail(COR_EIO,
                            "%s became shorter while it was read; "
                            "run again when it is complete",
                            file->path);
        offset += got;
        buffer += got;
        bytes -= got;
    }
    return COR_OK;
}

static int64_t newlines_in(const char *p, const char *end)
{
    int64_t count = 0;
    while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
        count++;
        p++;
    }
    return count;
}

/* Newlines in bytes [from, to). */
static int count_newlines(const cor_source *file, int64_t from, int64_t to,
                          int64_t *count)
{
    char *buffer = NULL;
    int fd = -1;
    *count = 0;
    int rc = cor_allocate(&buffer, BLOCK, 1, "read buffer");
    if (rc == COR_OK)
        rc = cor_source_open(file, &fd);
    while (rc == COR_OK && from < to) {
        int64_t bytes = to - from < BLOCK ? to - from : BLOCK;
        rc = cor_source_read(file, fd, from, bytes, buffer);
        if (rc == COR_OK)
            *count += newlines_in(buffer, buffer + bytes);
        from += bytes;
    }
    cor_source_close(&fd);
    cor_free(buffer);
    return rc;
}

int cor_source_line(const cor_team *team, const cor_source *file,
                    int64_t offset, int64_t *line)
{
    int rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t each = offset / size + 1;
    int64_t from = each * rank < offset ? each * rank : offset;
    int64_t to = from + each < offset ? from + each : offset;
    COR_TRY(cor_agree(team, count_newlines(file, from, to, line)));
    cor_team_sum(team, line, 1);
    (*line)++;
    return COR_OK;
}
