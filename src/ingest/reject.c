#include "reject.h"

#include "coracle/decode.h"
#include "coracle/memory.h"
#include "coracle/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int64_t ingest_rejects_count(const cor_team *team, const ingest_parsed *parsed)
{
    int64_t count = 0;
    for (int i = 0; i < parsed->pieces; i++)
        count += parsed->piece[i].reject_count;
    cor_team_sum(team, &count, 1);
    return count;
}

static int fail(const char *doing, const char *path)
{
    return cor_fail(COR_EIO,
                    "%s %s failed: %s; check --reject and the free "
                    "space",
                    doing, path, strerror(errno));
}

static int write_all(int fd, const char *path, int64_t offset,
                     const char *buffer, int64_t bytes)
{
    while (bytes > 0) {
        ssize_t put = pwrite(fd, buffer, (size_t)bytes, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return fail("writing", path);
        offset += put;
        buffer += put;
        bytes -= put;
    }
    return COR_OK;
}

/* A file of which rows are read once more, in order. */
typedef struct again {
    int file; /* -1: none is open */
    int fd;
    cor_decode *stream; /* of a packed one */
    int64_t at;         /* in its text */
} again;

static void again_close(again *a)
{
    cor_source_close(&a->fd);
    cor_decode_close(&a->stream);
}

static int again_open(const ingest_input *in, int file, again *a)
{
    enum cor_decode_kind kind = (enum cor_decode_kind)in->layout[file].packed;
    again_close(a);
    a->file = file;
    a->at = 0;
    return kind == COR_DECODE_PLAIN
               ? cor_source_open(&in->source[file], &a->fd)
               : cor_decode_open(&in->source[file], kind, &a->stream);
}

/* A row of a packed file. */
static int unpack_row(again *a, const ingest_reject *row, char *buffer)
{
    int64_t got;
    COR_TRY(cor_decode_skip(a->stream, row->offset - a->at));
    COR_TRY(cor_decode_read(a->stream, buffer, row->bytes, &got));
    a->at = row->offset + row->bytes;
    if (got < row->bytes)
        buffer[got] = '\n';
    return COR_OK;
}

/* A rejected row with its newline, which the last row of a file may lack. */
static int read_row(const ingest_input *in, again *a, const ingest_reject *row,
                    char *buffer)
{
    const cor_source *file = &in->source[row->file];
    int64_t bytes = row->bytes;
    if (row->file != a->file)
        COR_TRY(again_open(in, row->file, a));
    if (a->stream)
        return unpack_row(a, row, buffer);
    if (row->offset + bytes > file->size) {
        bytes = file->size - row->offset;
        buffer[bytes] = '\n';
    }
    return cor_source_read(file, a->fd, row->offset, bytes, buffer);
}

static int copy_piece(const ingest_input *in, const ingest_piece *piece,
                      int out, const char *path, int64_t *at, char *buffer)
{
    again a = {.file = -1, .fd = -1};
    int rc = COR_OK;
    for (int64_t k = 0; rc == COR_OK && k < piece->reject_count; k++) {
        const ingest_reject *row = &piece->rejects[k];
        rc = read_row(in, &a, row, buffer);
        if (rc == COR_OK)
            rc = write_all(out, path, *at, buffer, row->bytes);
        *at += row->bytes;
    }
    again_close(&a);
    return rc;
}

/* This rank's part of the file, from byte `at` on. */
static int write_part(const ingest_input *in, const ingest_parsed *parsed,
                      const char *path, int64_t at)
{
    int64_t longest = 0;
    for (int i = 0; i < parsed->pieces; i++)
        for (int64_t k = 0; k < parsed->piece[i].reject_count; k++)
            if (parsed->piece[i].rejects[k].bytes > longest)
                longest = parsed->piece[i].rejects[k].bytes;
    if (longest == 0)
        return COR_OK;
    char *buffer;
    COR_TRY(cor_allocate(&buffer, longest, 1, "a rejected row"));
    int out = open(path, O_WRONLY), rc = COR_OK;
    if (out < 0)
        rc = fail("opening", path);
    for (int i = 0; rc == COR_OK && i < parsed->pieces; i++)
        rc = copy_piece(in, &parsed->piece[i], out, path, &at, buffer);
    if (rc == COR_OK && fsync(out) != 0)
        rc = fail("writing", path);
    if (out >= 0 && close(out) != 0 && rc == COR_OK)
        rc = fail("writing", path);
    cor_free(buffer);
    return rc;
}

/* Make the empty file. */
static int create(const char *beside)
{
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0)
        return fail("creating", beside);
    close(fd);
    return COR_OK;
}

static int check(const char *path, bool force)
{
    char *beside = NULL;
    struct stat there;
    bool exists = stat(path, &there) == 0;
    if (exists && !S_ISREG(there.st_mode)) /* a file would take its place */
        return cor_fail(COR_EIO,
                        "%s is no regular file; choose another --reject", path);
    if (exists && !force)
        return cor_fail(
            COR_EIO, "%s exists; choose another --reject or use --force", path);
    COR_TRY(cor_part_create(path, &beside));
    int rc = create(beside);
    if (rc == COR_OK)
        unlink(beside);
    cor_part_end(&beside);
    return rc;
}

int ingest_rejects_check(const cor_team *team, const char *path, bool force)
{
    bool first = cor_team_rank(team) == 0;
    return cor_agree(team, first ? check(path, force) : COR_OK);
}

static int64_t bytes_of(const ingest_parsed *parsed)
{
    int64_t bytes = 0;
    for (int i = 0; i < parsed->pieces; i++)
        for (int64_t k = 0; k < parsed->piece[i].reject_count; k++)
            bytes += parsed->piece[i].rejects[k].bytes;
    return bytes;
}

int ingest_rejects_write(const cor_team *team, const char *path,
                         const ingest_input *in, const ingest_parsed *parsed)
{
    bool first = cor_team_rank(team) == 0;
    char *beside = NULL;
    int64_t at = cor_team_before(team, bytes_of(parsed), NULL);
    COR_TRY(cor_part_begin(team, path, &beside));
    int rc = cor_agree(team, first ? create(beside) : COR_OK);
    if (rc == COR_OK)
        rc = cor_agree(team, write_part(in, parsed, beside, at));
    if (rc == COR_OK && first && rename(beside, path) != 0)
        rc = fail("renaming", beside);
    rc = cor_agree(team, rc);
    if (rc != COR_OK && first)
        unlink(beside);
    cor_part_end(&beside);
    return rc;
}

void ingest_rejects_remove(const cor_team *team, const char *path)
{
    if (cor_team_rank(team) == 0)
        unlink(path);
    cor_team_barrier(team);
}
