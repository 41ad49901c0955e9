#include "coracle/csv.h"

#include "coracle/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_CAPACITY = 4096, PIECE = 1 << 30 };

/* Room for `more` bytes; false where there is none, now or before. */
static bool reserve(cor_csv *csv, int64_t more)
{
    int64_t need = csv->length + more, capacity = csv->capacity;
    if (csv->status != COR_OK || need <= capacity)
        return csv->status == COR_OK;
    if (capacity == 0)
        capacity = FIRST_CAPACITY;
    while (capacity < need)
        capacity *= 2;
    csv->status =
        cor_reallocate(&csv->bytes, csv->length, capacity, 1, "text of rows");
    if (csv->status == COR_OK)
        csv->capacity = capacity;
    return csv->status == COR_OK;
}

void cor_csv_bytes(cor_csv *csv, const char *bytes, int64_t length)
{
    if (!reserve(csv, length))
        return;
    memcpy(csv->bytes + csv->length, bytes, (size_t)length);
    csv->length += length;
}

static void begin_field(cor_csv *csv)
{
    if (csv->in_row)
        cor_csv_bytes(csv, ",", 1);
    csv->in_row = true;
}

static void quoted(cor_csv *csv, const char *text)
{
    cor_csv_bytes(csv, "\"", 1);
    for (const char *quote; (quote = strchr(text, '"')); text = quote + 1) {
        cor_csv_bytes(csv, text, quote + 1 - text);
        cor_csv_bytes(csv, "\"", 1);
    }
    cor_csv_bytes(csv, text, (int64_t)strlen(text));
    cor_csv_bytes(csv, "\"", 1);
}

void cor_csv_text(cor_csv *csv, const char *text)
{
    begin_field(csv);
    if (strpbrk(text, ",\"\r\n"))
        quoted(csv, text);
    else
        cor_csv_bytes(csv, text, (int64_t)strlen(text));
}

void cor_csv_int(cor_csv *csv, int64_t value)
{
    char text[24];
    begin_field(csv);
    cor_csv_bytes(csv, text,
                  snprintf(text, sizeof text, "%lld", (long long)value));
}

void cor_csv_real(cor_csv *csv, double value, int digits)
{
    char text[40];
    begin_field(csv);
    cor_csv_bytes(csv, text,
                  snprintf(text, sizeof text, "%.*g", digits, value));
}

void cor_csv_end(cor_csv *csv)
{
    cor_csv_bytes(csv, "\n", 1);
    csv->in_row = false;
}

void cor_csv_free(cor_csv *csv)
{
    cor_free(csv->bytes);
    *csv = (cor_csv){0};
}

static int cannot(const char *path, const char *what)
{
    return cor_fail(COR_EIO, "cannot write %s: %s; %s", path, strerror(errno),
                    what);
}

static int name_part(const char *path, char **part)
{
    size_t size = strlen(path) + sizeof ".part";
    COR_TRY(cor_allocate(part, (int64_t)size, 1, "path"));
    snprintf(*part, size, "%s.part", path);
    return COR_OK;
}

static int check(const char *path, const char *part, bool force)
{
    static const char advice[] =
        "give the output a folder that exists and is yours to write";
    struct stat there;
    if (!*path)
        return cor_fail(COR_EIO, "the output has an empty name: give a path");
    if (stat(path, &there) == 0) {
        if (S_ISDIR(there.st_mode))
            return cor_fail(COR_EIO, "%s is a folder: give the path of a file",
                            path);
        if (!S_ISREG(there.st_mode)) /* a new file would take its place */
            return cor_fail(COR_EIO,
                            "%s is a device or a pipe: give the path of a file",
                            path);
        if (!force)
            return cor_fail(COR_EIO, "%s exists: give --force to replace it",
                            path);
    }
    int file = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0)
        return cannot(path, advice);
    close(file);
    return COR_OK;
}

/* Leaves the empty file that will be written, or none. Collective. */
static int begin(const cor_team *team, const char *path, bool force,
                 char **part)
{
    COR_TRY(cor_agree(team, name_part(path, part)));
    bool first = cor_team_rank(team) == 0;
    return cor_agree(team, first ? check(path, *part, force) : COR_OK);
}

int cor_csv_check(const cor_team *team, const char *path, bool force)
{
    char *part = NULL;
    int rc = begin(team, path, force, &part);
    if (rc == COR_OK && cor_team_rank(team) == 0)
        unlink(part);
    cor_free(part);
    return rc;
}

static int write_at(int file, const char *path, const char *bytes,
                    int64_t length, int64_t at)
{
    while (length > 0) {
        size_t piece = length < PIECE ? (size_t)length : PIECE;
        ssize_t written = pwrite(file, bytes, piece, (off_t)at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return cannot(path, "make room on the disk or write elsewhere");
        bytes += written;
        at += written;
        length -= written;
    }
    return COR_OK;
}

/* My texts of all sections, each where it belongs. */
static int write_mine(const char *path, int file, const cor_csv *csv,
                      int sections, const int64_t *at)
{
    for (int s = 0; s < sections; s++) {
        COR_TRY(csv[s].status);
        COR_TRY(write_at(file, path, csv[s].bytes, csv[s].length, at[s]));
    }
    if (fsync(file) != 0)
        return cannot(path, "make room on the disk or write elsewhere");
    return COR_OK;
}

static int write_part(const char *path, const char *part, const cor_csv *csv,
                      int sections, const int64_t *at)
{
    int file = open(part, O_WRONLY);
    if (file < 0)
        return cannot(path, "every node must see the output's folder");
    int rc = write_mine(path, file, csv, sections, at);
    if (close(file) != 0 && rc == COR_OK)
        rc = cannot(path, "make room on the disk or write elsewhere");
    return rc;
}

static int finish(const char *path, const char *part)
{
    if (rename(part, path) != 0)
        return cannot(path, "the finished file could not take its name");
    return COR_OK;
}

static int write_all(const cor_team *team, const char *path, const char *part,
                     const cor_csv *csv, int sections, int64_t *at)
{
    int64_t before = 0, total;
    for (int s = 0; s < sections; s++) {
        at[s] = before + cor_team_before(team, csv[s].length, &total);
        before += total;
    }
    COR_TRY(cor_agree(team, write_part(path, part, csv, sections, at)));
    bool first = cor_team_rank(team) == 0;
    return cor_agree(team, first ? finish(path, part) : COR_OK);
}

int cor_csv_write(const cor_team *team, const char *path, bool force,
                  const cor_csv *csv, int sections)
{
    char *part = NULL;
    int64_t *at = NULL;
    int rc = cor_agree(team, COR_NEW(&at, sections));
    if (rc == COR_OK)
        rc = begin(team, path, force, &part);
    if (rc == COR_OK) {
        rc = write_all(team, path, part, csv, sections, at);
        if (rc != COR_OK && cor_team_rank(team) == 0)
            unlink(part);
    }
    cor_free(part);
    cor_free(at);
    return rc;
}
