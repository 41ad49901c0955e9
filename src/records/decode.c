#include "coracle/decode.h"

#include "coracle/memory.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { INPUT = 1 << 18 };

struct cor_decode {
    const cor_source *file;
    enum cor_decode_kind kind;
    int fd;
    int64_t at;       /* bytes of the file that have been read */
    char *input;      /* packed bytes not yet used */
    size_t next, end; /* of them */
    bool open_frame;  /* in the middle of one, where no file may end */
    z_stream gzip;
    bool has_gzip;
    ZSTD_DStream *zstd;
};

enum cor_decode_kind cor_decode_kind_of(const char *bytes, int64_t length)
{
    if (length >= 2 && memcmp(bytes, "\x1f\x8b", 2) == 0)
        return COR_DECODE_GZIP;
    if (length >= 4 && memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0)
        return COR_DECODE_ZSTD;
    return COR_DECODE_PLAIN;
}

static int no_memory(const cor_decode *d)
{
    return cor_fail(COR_EMEMORY, "out of memory: unpacking %s", d->file->path);
}

static int damaged(const cor_decode *d, const char *why)
{
    return cor_fail(COR_EDATA,
                    "%s is damaged before byte %lld: %s; get it anew",
                    d->file->path, (long long)d->at, why);
}

static int begin(cor_decode *d)
{
    COR_TRY(cor_source_open(d->file, &d->fd));
    if (d->kind == COR_DECODE_PLAIN)
        return COR_OK;
    COR_TRY(cor_allocate(&d->input, INPUT, 1, "packed text"));
    if (d->kind == COR_DECODE_GZIP) {
        enum { GZIP_ALONE = 16 + MAX_WBITS };
        d->has_gzip = inflateInit2(&d->gzip, GZIP_ALONE) == Z_OK;
        return d->has_gzip ? COR_OK : no_memory(d);
    }
    d->zstd = ZSTD_createDStream();
    return d->zstd ? COR_OK : no_memory(d);
}

int cor_decode_open(const cor_source *file, enum cor_decode_kind kind,
                    cor_decode **stream)
{
    COR_TRY(COR_NEW_ZEROED(stream, 1));
    (*stream)->file = file;
    (*stream)->kind = kind;
    (*stream)->fd = -1;
    int rc = begin(*stream);
    if (rc != COR_OK)
        cor_decode_close(stream);
    return rc;
}

void cor_decode_close(cor_decode **stream)
{
    cor_decode *d = *stream;
    if (!d)
        return;
    cor_source_close(&d->fd);
    if (d->has_gzip)
        inflateEnd(&d->gzip);
    ZSTD_freeDStream(d->zstd);
    cor_free(d->input);
    cor_free(d);
    *stream = NULL;
}

int64_t cor_decode_consumed(const cor_decode *stream)
{
    return stream->at;
}

static int read_plain(cor_decode *d, char *buffer, int64_t room, int64_t *got)
{
    int64_t left = d->file->size - d->at;
    *got = left < room ? left : room;
    COR_TRY(cor_source_read(d->file, d->fd, d->at, *got, buffer));
    d->at += *got;
    return COR_OK;
}

/* More packed bytes, where all are used; none at the end of the file. */
static int refill(cor_decode *d)
{
    int64_t got;
    if (d->next < d->end)
        return COR_OK;
    COR_TRY(read_plain(d, d->input, INPUT, &got));
    d->next = 0;
    d->end = (size_t)got;
    return COR_OK;
}

/* A file may be several, one behind the other. */
static int inflate_some(cor_decode *d, char *buffer, size_t room, size_t *got)
{
    z_stream *z = &d->gzip;
    uInt limit = room < INPUT ? (uInt)room : INPUT;
    if (!d->open_frame && inflateReset(z) != Z_OK)
        return damaged(d, "no stream of gzip begins here");
    d->open_frame = true;
    z->next_in = (Bytef *)d->input + d->next;
    z->avail_in = (uInt)(d->end - d->next);
    z->next_out = (Bytef *)buffer;
    z->avail_out = limit;
    int rc = inflate(z, Z_NO_FLUSH);
    d->next = d->end - z->avail_in;
    *got = limit - z->avail_out;
    if (rc == Z_STREAM_END)
        d->open_frame = false;
    if (rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR)
        return COR_OK;
    return rc == Z_MEM_ERROR ? no_memory(d)
                             : damaged(d, z->msg ? z->msg : "no gzip");
}

static int unpack_some(cor_decode *d, char *buffer, size_t room, size_t *got)
{
    ZSTD_inBuffer in = {d->input, d->end, d->next};
    ZSTD_outBuffer out = {buffer, room, 0};
    size_t rc = ZSTD_decompressStream(d->zstd, &out, &in);
    d->next = in.pos;
    *got = out.pos;
    d->open_frame = rc != 0;
    return ZSTD_isError(rc) ? damaged(d, ZSTD_getErrorName(rc)) : COR_OK;
}

int cor_decode_read(cor_decode *d, char *buffer, int64_t room, int64_t *got)
{
    if (d->kind == COR_DECODE_PLAIN)
        return read_plain(d, buffer, room, got);
    for (*got = 0; *got < room;) {
        size_t some = 0, before;
        COR_TRY(refill(d));
        bool ended = d->next == d->end;
        if (ended && !d->open_frame)
            return COR_OK;
        before = d->next;
        char *out = buffer + *got;
        size_t left = (size_t)(room - *got);
        COR_TRY(d->kind == COR_DECODE_GZIP ? inflate_some(d, out, left, &some)
                                           : unpack_some(d, out, left, &some));
        *got += (int64_t)some;
        if (ended && some == 0 && d->next == before)
            return damaged(d, "it ends too early");
    }
    return COR_OK;
}

int cor_decode_skip(cor_decode *stream, int64_t bytes)
{
    enum { BLOCK = 1 << 13 };
    char block[BLOCK];
    for (int64_t got; bytes > 0; bytes -= got) {
        int64_t room = bytes < BLOCK ? bytes : BLOCK;
        COR_TRY(cor_decode_read(stream, block, room, &got));
        if (got < room)
            return cor_fail(COR_EDATA,
                            "a packed file changed while it was read; run "
                            "again when it is complete");
    }
    return COR_OK;
}

static int count_lines(cor_decode *stream, int64_t offset, char *buffer,
                       int64_t size, int64_t *line)
{
    for (int64_t at = 0, got = 0; at < offset; at += got) {
        int64_t room = offset - at < size ? offset - at : size;
        COR_TRY(cor_decode_read(stream, buffer, room, &got));
        for (int64_t i = 0; i < got; i++)
            *line += buffer[i] == '\n';
        if (got < room)
            break;
    }
    return COR_OK;
}

int cor_decode_line(const cor_source *file, enum cor_decode_kind kind,
                    int64_t offset, int64_t *line)
{
    enum { BLOCK = 1 << 18 };
    char *buffer = NULL;
    cor_decode *stream = NULL;
    *line = 1;
    int rc = cor_allocate(&buffer, BLOCK, 1, "read buffer");
    if (rc == COR_OK)
        rc = cor_decode_open(file, kind, &stream);
    if (rc == COR_OK)
        rc = count_lines(stream, offset, buffer, BLOCK, line);
    cor_decode_close(&stream);
    cor_free(buffer);
    return rc;
}
