/**
 * Files of records: JSON lines and CSV, read by all ranks at once. A record is
 * a line of JSON, or a row of CSV whose quoted fields may hold newlines. Its
 * bytes are never changed, and the order of the input is kept.
 *
 * Several files count as one. A file is cut by bytes into windows, which ranks
 * and their threads take in turn, so that a job passes over its input once and
 * writes its output in order while it reads; memory does not grow with the
 * file. Files in gzip or zstd can't be cut: where one is among the inputs,
 * whole files go to the ranks and their threads.
 *
 * What is stated of odd input:
 *   - a byte order mark is passed over and not written; lines end in LF or
 * CRLF; a last line without a newline gets one; blank lines are no records;
 *   - a record may have up to 256 MiB;
 *   - JSON as in json.h: UTF-8, any depth, any number, the last of equal names;
 *   - CSV has a header, which the output gets too; all files have the same one;
 *     a row has as many fields as the header; an empty field counts as missing;
 *     bytes that are not UTF-8 are kept.
 *
 * Ceiling: reading, at some 5 GB/s from memory, and then json.h; CSV is read
 * byte by byte at about 1 GB/s a thread.
 */
#ifndef CORACLE_RECORDS_H
#define CORACLE_RECORDS_H

#include "coracle/field.h"
#include "coracle/path.h"
#include "coracle/progress.h"
#include "coracle/sink.h"

enum cor_records_format {
    COR_RECORDS_AUTO, /* by the files' endings */
    COR_RECORDS_JSONL,
    COR_RECORDS_CSV,
    COR_RECORDS_LINES /* lines of any text, which are not taken apart */
};

typedef struct cor_records_options {
    enum cor_records_format format;
    const char *delimiter; /* CSV: one byte, or "tab"; NULL: as the ending or
                              the header shows it */
    bool skip;  /* bad records are left out and counted, else stop the job */
    bool parts; /* a rank reads one run of the input, for a part of its own */
    int64_t block; /* bytes a thread reads at a time; 0: by the input's size */
} cor_records_options;

/** Files that are open. */
typedef struct cor_records cor_records;

/**
 * Open files, look at their beginnings. Collective; arguments equal on all
 * ranks; the paths are borrowed.
 * @return COR_OK; COR_EUSAGE; COR_EDATA: files of two kinds, no header;
 * COR_EIO; COR_EMEMORY
 */
int cor_records_open(const cor_team *team, const char *const *file, int files,
                     const cor_records_options *options, cor_records **records);
/** NULL inside is accepted. Local. */
void cor_records_close(cor_records **records);

const cor_team *cor_records_team(const cor_records *records);
enum cor_records_format cor_records_format(const cor_records *records);
/** Bytes of the files as they stand on disk. */
int64_t cor_records_bytes(const cor_records *records);
/** Threads that visit records at once; each has a number below this. */
int cor_records_slots(const cor_records *records);
/** How an output of this input is written: for cor_sink_create. */
cor_sink_way cor_records_way(const cor_records *records);
/** Bytes that reading takes at most on a rank, beside what visits keep. */
int64_t cor_records_memory(const cor_records *records);

/** A record that is visited. Borrowed: lives until the visit returns. */
typedef struct cor_record {
    const char *begin; /* with its newline */
    int64_t bytes;
    const cor_field *field; /* one a path */
    int64_t number;         /* from 0 over all files, where asked for */
    int32_t file;           /* where it stands in the input */
    int64_t offset;         /* of the file's text */
} cor_record;

/** What a pass over the records does. */
typedef struct cor_reading {
    const cor_path *path; /* the fields wanted */
    int paths;
    bool numbered; /* records are wanted with their numbers */
    bool whole;    /* records are checked though no field is wanted */
    /* Called for each record, by several threads at once, by each in input
       order. Local. COR_EDATA is about this record: its place is put before
       the message, and with `skip` it is passed over. */
    int (*visit)(void *context, int slot, const cor_record *record);
    /* Called after each step of reading; NULL: nothing to do. Collective, but
       what it returns may differ by rank: it is agreed on with the next. */
    int (*step)(void *context);
    void *context;
    cor_progress *progress; /* may be NULL */
} cor_reading;

typedef struct cor_records_count {
    int64_t read;     /* records, the bad ones among them */
    int64_t rejected; /* bad ones */
} cor_records_count;

/**
 * Pass over all records once. Collective.
 * @param[out] count  of all ranks
 * @return COR_OK; COR_EUSAGE: a path that is no column; COR_EDATA: the input's
 * first bad record, its file and line; COR_EIO; COR_EMEMORY; what visit and
 * step return
 */
int cor_records_read(cor_records *records, const cor_reading *reading,
                     cor_records_count *count);

/** The length of a path without the ending of a packing, such as .gz. Local. */
size_t cor_records_plain_length(const char *path);

/** Whether a file is an HDF5 file, as stores are, and no text. Collective.
    @return COR_OK; COR_EIO */
int cor_records_is_store(const cor_team *team, const char *path, bool *store);

#endif
