/* Examples in RecordIO: magic number, length, so many bytes, padding to 4.
 *
 * A file is cut by bytes, but where a record begins follows only from the one
 * before it: the writer does not hide a magic number that occurs in the data.
 * So each rank but the first guesses: a place where a magic number stands and
 * from which a chain of headers leads on. It reads its run from there; then the
 * ranks tell each other where they began and where they ended, and one that
 * began elsewhere than the rank before it ended reads again. What comes out is
 * thus what a walk from the file's first byte gives, whatever the guesses, and
 * all is read once unless the data means to deceive. A walk over the headers
 * beforehand would read small records twice, the first time on one rank while
 * the others wait.
 *
 * A rank reads a block of its run, finds the records in it, which costs some ns
 * each, and its threads take them apart, a run of them each. */
#include "coracle/cut.h"
#include "coracle/failure.h"
#include "coracle/memory.h"
#include "examples_input.h"
#include "examples_record.h"

#include <stdio.h>
#include <string.h>

enum { HEADER = 8, BLOCK = 4 << 20, CHAIN = 16, SEARCH = 1 << 16, WHAT = 192 };
/* The upper bits of a length mark the parts of a cut record elsewhere. */
#define LENGTH_LIMIT (UINT32_C(1) << 29)

/* What a rank has read, as all are told. Positions count the bytes of all
   files. Plain data. */
typedef struct told {
    int64_t first, next;    /* where it began and where it ended */
    int32_t file, bad_file; /* the file that it ended in; that of a fault, or
                               -1 */
    int64_t records;        /* of `file` */
    int64_t bad_record;     /* from 0, counted from its first of that file */
    char what[WHAT];
} told;

typedef struct reading {
    const example_input *in;
    int64_t *base;      /* files + 1: positions */
    int64_t begin, end; /* records that begin here are mine */
    told mine, *all;
    example_rows *rows;   /* mine */
    example_rows *thread; /* of each thread: those of a block */
    int threads;
    unsigned char *buffer;
    int64_t capacity;
    int64_t *record; /* of a block: where in the buffer each begins, and the
                        last ends */
    int64_t record_capacity;
    int fd, file; /* file that is open */
    cor_progress *progress;
} reading;

/* ---- headers ---- */

static int64_t padded(uint32_t length)
{
    return ((int64_t)length + 3) / 4 * 4;
}

/* Why there is no record at `at`, of which `left` bytes are in the file; NULL:
   there is one. */
static const char *header_fault(const unsigned char *at, int64_t left)
{
    if (left < HEADER)
        return "the header of a record is cut short";
    if (example_magic(at) != EXAMPLE_MAGIC)
        return "a record does not begin with the magic number 0xced7230a";
    uint32_t length = example_magic(at + 4);
    if (length >= LENGTH_LIMIT)
        return "a record is cut into parts, or longer than 512 MiB: such are "
               "not read";
    return HEADER + padded(length) <= left
               ? NULL
               : "a record's length goes beyond the end of the file: it is cut "
                 "short";
}

static int64_t record_bytes(const unsigned char *at)
{
    return HEADER + padded(example_magic(at + 4));
}

static int read_at(reading *r, int64_t offset, int64_t bytes)
{
    if (bytes > r->capacity) {
        COR_TRY(cor_reallocate(&r->buffer, r->capacity, bytes, 1,
                               "records in hand"));
        r->capacity = bytes;
    }
    return cor_source_read(&r->in->source[r->file], r->fd, offset, bytes,
                           (char *)r->buffer);
}

static int open_file(reading *r, int file)
{
    if (r->fd >= 0 && r->file == file)
        return COR_OK;
    cor_source_close(&r->fd);
    r->file = file;
    return cor_source_open(&r->in->source[file], &r->fd);
}

/* ---- guessing ---- */

/* Whether headers follow each other from `offset` on. */
static int is_chain(reading *r, int64_t offset, bool *chain)
{
    int64_t size = r->in->source[r->file].size;
    *chain = true;
    for (int i = 0; *chain && i < CHAIN && offset < size; i++) {
        unsigned char header[HEADER] = {0};
        int64_t left = size - offset;
        COR_TRY(cor_source_read(&r->in->source[r->file], r->fd, offset,
                                left < HEADER ? left : HEADER, (char *)header));
        *chain = !header_fault(header, left);
        offset += record_bytes(header);
    }
    return COR_OK;
}

/* The first place in [offset, stop) of the open file where a record seems to
   begin, or `stop`. */
static int guess_in_file(reading *r, int64_t offset, int64_t stop,
                         int64_t *found)
{
    int64_t size = r->in->source[r->file].size;
    for (offset = (offset + 3) / 4 * 4; offset < stop; offset += SEARCH) {
        int64_t left = stop - offset, bytes = size - offset;
        left = left < SEARCH ? left : SEARCH;
        bytes = bytes < left + HEADER ? bytes : left + HEADER;
        for (int64_t i = 0; i < left && i + 4 <= bytes; i += 4) {
            bool chain;
            if (i == 0) /* a chain's headers are read beside the buffer */
                COR_TRY(read_at(r, offset, bytes));
            if (example_magic(r->buffer + i) != EXAMPLE_MAGIC)
                continue;
            COR_TRY(is_chain(r, offset + i, &chain));
            if (chain) {
                *found = offset + i;
                return COR_OK;
            }
        }
    }
    *found = stop;
    return COR_OK;
}

/* The last file that begins at or before a position. */
static int file_of(const reading *r, int64_t position)
{
    return (int)cor_cut_find(r->base, r->in->files, position);
}

static int guess_first(reading *r, int64_t *first)
{
    int file = file_of(r, r->begin);
    int64_t base = r->base[file], end = r->base[file + 1], found;
    *first = r->begin;
    if (r->begin == base || r->begin >= r->end)
        return COR_OK; /* files begin with a record */
    COR_TRY(open_file(r, file));
    end = end < r->end ? end : r->end;
    COR_TRY(guess_in_file(r, r->begin - base, end - base, &found));
    *first = base + found;
    return COR_OK;
}

/* ---- reading ---- */

/* A fault of a record, counted from my first of the open file. */
static void note_fault(reading *r, int64_t record, const char *what)
{
    r->mine.bad_file = r->file;
    r->mine.bad_record = record;
    snprintf(r->mine.what, sizeof r->mine.what, "%.*s", WHAT - 1, what);
}

static int keep_record(reading *r, int64_t records, int64_t at)
{
    if (records == r->record_capacity) {
        int64_t capacity = records ? 2 * records : 1 << 12;
        COR_TRY(cor_reallocate(&r->record, records, capacity, sizeof *r->record,
                               "records"));
        r->record_capacity = capacity;
    }
    r->record[records] = at;
    return COR_OK;
}

/* Find the records of a block that begins at `offset`, those that begin before
   `stop` and are whole in its `bytes`. @param[out] wanted  bytes that a block
   must have to hold the record behind them, or 0 @param[out] fault  why there
   is none, or NULL */
static int find_records(reading *r, int64_t offset, int64_t bytes, int64_t stop,
                        int64_t *records, int64_t *wanted, const char **fault)
{
    int64_t at = 0, size = r->in->source[r->file].size;
    *fault = NULL;
    *wanted = 0;
    for (*records = 0; offset + at < stop; (*records)++) {
        const unsigned char *header = r->buffer + at;
        int64_t left = size - offset - at;
        if (bytes - at < HEADER && bytes - at < left)
            break;
        *fault = header_fault(header, left);
        if (*fault)
            break;
        if (record_bytes(header) > bytes - at) {
            *wanted = record_bytes(header);
            break;
        }
        COR_TRY(keep_record(r, *records, at));
        at += record_bytes(header);
    }
    return keep_record(r, *records, at);
}

/* Take my share of a block's records apart. */
static int parse_share(const reading *r, int64_t offset, int64_t from,
                       int64_t to, example_rows *rows, int64_t *bad)
{
    int rc = COR_OK;
    example_rows_clear(rows);
    for (int64_t i = from; rc == COR_OK && i < to; i++) {
        int64_t at = r->record[i];
        const unsigned char *begin = r->buffer + at + HEADER;
        *bad = i;
        rc = example_parse_record(begin,
                                  begin + example_magic(r->buffer + at + 4),
                                  offset + at + HEADER, rows);
    }
    return rc;
}

/* Take the records of a block apart, a run of them a thread. */
static int parse_records(reading *r, int64_t offset, int64_t records)
{
    cor_failure failure = COR_NO_FAILURE;
#pragma omp parallel for num_threads(r->threads) schedule(static, 1)
    for (int t = 0; t < r->threads; t++) {
        int64_t bad = 0;
        int rc = parse_share(r, offset, cor_cut_begin(records, t, r->threads),
                             cor_cut_begin(records, t + 1, r->threads),
                             &r->thread[t], &bad);
        if (rc != COR_OK) {
#pragma omp critical(cor_examples)
            cor_failure_note(&failure, rc, bad);
        }
    }
    if (failure.code == COR_EDATA) {
        note_fault(r, r->mine.records + failure.row, failure.message);
        return COR_OK;
    }
    COR_TRY(cor_failure_raise(&failure));
    for (int t = 0; t < r->threads; t++)
        COR_TRY(example_rows_append(r->rows, &r->thread[t]));
    return COR_OK;
}

/* The records of a block; a fault of one of them comes before that of the
   header behind them. */
static int read_block(reading *r, int64_t *offset, int64_t bytes, int64_t stop,
                      int64_t *wanted)
{
    int64_t records;
    const char *fault;
    COR_TRY(read_at(r, *offset, bytes));
    COR_TRY(find_records(r, *offset, bytes, stop, &records, wanted, &fault));
    COR_TRY(parse_records(r, *offset, records));
    if (r->mine.bad_file >= 0)
        return COR_OK;
    *offset += r->record[records];
    r->mine.records += records;
    if (fault) {
        char what[WHAT];
        snprintf(what, sizeof what, "byte %lld: %s", (long long)*offset, fault);
        note_fault(r, r->mine.records, what);
    }
    return COR_OK;
}

/* Records of the open file that begin in [offset, stop). @param[out] next
   where the first behind them begins */
static int read_file(reading *r, int64_t offset, int64_t stop, int64_t *next)
{
    int64_t size = r->in->source[r->file].size, wanted = 0;
    while (offset < stop && r->mine.bad_file < 0) {
        int64_t bytes = wanted > BLOCK ? wanted : BLOCK;
        bytes = bytes < size - offset ? bytes : size - offset;
        COR_TRY(read_block(r, &offset, bytes, stop, &wanted));
        cor_progress_update(r->progress,
                            (r->base[r->file] + offset - r->begin) *
                                cor_team_size(r->in->team));
    }
    *next = offset;
    return COR_OK;
}

/* Read my run from `first` on. */
static int read_run(reading *r, int64_t first)
{
    r->mine = (told){.first = first, .next = first, .bad_file = -1};
    r->mine.file = file_of(r, first);
    example_rows_clear(r->rows);
    r->rows->features = 0;
    while (r->mine.next < r->end && r->mine.bad_file < 0) {
        int64_t next;
        int file = file_of(r, r->mine.next);
        int64_t base = r->base[file], end = r->base[file + 1];
        if (file != r->mine.file)
            r->mine.records = 0;
        r->mine.file = file;
        COR_TRY(open_file(r, file));
        COR_TRY(read_file(r, r->mine.next - base,
                          (end < r->end ? end : r->end) - base, &next));
        r->mine.next = base + next;
    }
    return COR_OK;
}

/* ---- agreeing ---- */

/* The first rank that began elsewhere than the one before it ended, or that
   met a fault; the size: there is none. */
static int first_wrong(const reading *r)
{
    int size = cor_team_size(r->in->team);
    int64_t expected = 0;
    for (int rank = 0; rank < size; rank++) {
        if (r->all[rank].first != expected || r->all[rank].bad_file >= 0)
            return rank;
        expected = r->all[rank].next;
    }
    return size;
}

static int fail_at(const reading *r, int rank)
{
    const told *bad = &r->all[rank];
    int64_t record = bad->bad_record;
    for (int k = 0; k < rank; k++)
        if (r->all[k].file == bad->bad_file)
            record += r->all[k].records;
    return cor_fail(COR_EDATA, "%s: record %lld, %s; write the file anew",
                    r->in->path[bad->bad_file], (long long)record + 1,
                    bad->what);
}

/* Where rank `rank` should begin. */
static int64_t expected_of(const reading *r, int rank)
{
    return rank ? r->all[rank - 1].next : 0;
}

/* Read until all began where they should. All that began wrongly read again at
   once: mostly the one before is right already. */
static int read_until_right(reading *r)
{
    const cor_team *team = r->in->team;
    int rank = cor_team_rank(team), wrong;
    int64_t first = 0;
    COR_TRY(cor_agree(team, guess_first(r, &first)));
    int rc = cor_agree(team, read_run(r, first));
    while (rc == COR_OK) {
        cor_team_gather(team, &r->mine, sizeof r->mine, r->all);
        wrong = first_wrong(r);
        if (wrong == cor_team_size(team))
            return COR_OK;
        if (r->all[wrong].first == expected_of(r, wrong))
            return fail_at(r, wrong);
        first = expected_of(r, rank);
        if (rank >= wrong && r->mine.first != first)
            rc = read_run(r, first);
        rc = cor_agree(team, rc);
    }
    return rc;
}

static int prepare(reading *r)
{
    const example_input *in = r->in;
    int rank = cor_team_rank(in->team), size = cor_team_size(in->team);
    COR_TRY(COR_NEW_ZEROED(&r->base, in->files + 1));
    COR_TRY(COR_NEW_ZEROED(&r->all, size));
    COR_TRY(COR_NEW_ZEROED(&r->thread, r->threads));
    for (int f = 0; f < in->files; f++)
        r->base[f + 1] = r->base[f] + in->source[f].size;
    for (int t = 0; t < r->threads; t++)
        COR_TRY(example_rows_create(&r->thread[t]));
    r->begin = cor_cut_begin(r->base[in->files], rank, size);
    r->end = cor_cut_begin(r->base[in->files], rank + 1, size);
    return COR_OK;
}

static void release(reading *r)
{
    cor_source_close(&r->fd);
    for (int t = 0; r->thread && t < r->threads; t++)
        example_rows_free(&r->thread[t]);
    cor_free(r->thread);
    cor_free(r->base);
    cor_free(r->all);
    cor_free(r->buffer);
    cor_free(r->record);
}

int example_recordio_read(const example_input *in, cor_progress *progress,
                          example_rows *rows)
{
    reading r = {.in = in,
                 .rows = rows,
                 .threads = cor_team_threads(in->team),
                 .fd = -1,
                 .progress = progress};
    int rc = cor_agree(in->team, prepare(&r));
    cor_progress_begin(progress, "parse", rc == COR_OK ? r.base[in->files] : 0);
    if (rc == COR_OK)
        rc = read_until_right(&r);
    cor_progress_end(progress);
    release(&r);
    return rc;
}
