/**
 * Ingest: delimited text files become interactions. The files count as one,
 * cut by bytes over the ranks and their threads; the ids of the input become
 * dense numbers by a dictionary that is itself spread over the ranks. What
 * comes out depends on the input and the options alone, never on the ranks.
 *
 * A file is UTF-8 (a byte order mark is accepted), lines end in LF or CRLF, the
 * last newline may be missing, blank lines are passed over. In CSV and TSV a
 * field may be quoted as in RFC 4180: a quote counts at the start of a field
 * only, "" inside is one quote, newlines inside belong to the field.
 *
 * Of JSON lines the columns are paths (path.h) into each record, which json.h
 * checks as a whole; of equal names the last counts. Ids are texts or numbers;
 * values, times and kept numbers may be texts that hold a number. Lists are a
 * user and its items a line, separated by blanks, tabs or commas, and give
 * neither values nor times: the order of a user's rows is that of the file.
 *
 * Files packed by gzip or zstd are read as they are, each by one thread.
 */
#ifndef CORACLE_INGEST_H
#define CORACLE_INGEST_H

#include "coracle/interactions.h"
#include "coracle/plan.h"
#include "coracle/progress.h"
#include "coracle/text.h"

enum cor_ingest_format {
    COR_FORMAT_AUTO, /* by the file's ending, else by its first line */
    COR_FORMAT_CSV,  /* commas, or what the first line shows; quotes */
    COR_FORMAT_TSV,  /* tabs; quotes */
    COR_FORMAT_DAT, /* `::`, or tabs where the first line has them; no quotes */
    COR_FORMAT_INTER, /* tabs, a typed header (user_id:token); no quotes */
    COR_FORMAT_JSONL, /* a JSON object a line */
    COR_FORMAT_LISTS  /* a user and its items a line */
};

enum cor_ingest_header { COR_HEADER_AUTO, COR_HEADER_YES, COR_HEADER_NO };

typedef struct cor_ingest_options {
    enum cor_ingest_format format;
    enum cor_ingest_header header;
    enum cor_time_format time_format;
    const char *time_pattern; /* instead: see time_pattern.h; NULL: none */
    const char *delimiter;    /* 1 to 7 bytes, or "tab"; NULL: by the format */
    /* "user=userId,item=movieId,value=rating,time=timestamp": a name of the
       header or a position from 1; nothing after '=' means there is no such
       column. NULL: by common names, else by position 1, 2, 3, 4. */
    const char *columns;
    /* "price,kind=interactionType,zip:token": further columns that the store
       keeps, under these names; `:float` says that a column holds numbers,
       `:token` categories, else it holds numbers where all its texts are such.
       NULL: none. */
    const char *keep;
    int64_t shards;             /* 0: by size */
    bool sorted;                /* ids in order, else as they first appear */
    const char *titles;         /* file of item names; NULL: none */
    const char *titles_columns; /* "item=movieId,title=title", or NULL */
    bool skip;                  /* bad rows are set aside, else stop the job */
    const char *reject;         /* file for the bad rows; NULL: none */
    bool force;                 /* an existing `reject` is replaced */
    /* Read user and item alone and leave the rows where they were read: in
       input order, rank after rank. Values, times and shards are NULL, the id
       tables are runs in rank order, not placed. */
    bool pairs;
} cor_ingest_options;

cor_ingest_options cor_ingest_options_default(void);

typedef struct cor_ingest_report {
    int64_t bytes;    /* of the files */
    int64_t rejected; /* rows set aside */
    int64_t titles;   /* items that have a title */
    int64_t titles_rejected;
    double seconds_parse; /* reading and parsing; of this rank */
} cor_ingest_report;

/**
 * Read `files` files into `data`: users in shards, rows sorted by user, time
 * and input order, id tables in place, titles where asked. Collective;
 * arguments equal on all ranks.
 *
 * @param[out] data    for cor_interactions_free; empty on failure. `time` is
 *                     NULL where the input has none; without a value column
 *                     every value is 1
 * @param[out] report  may be NULL
 * @return COR_OK; COR_EUSAGE: options that make no sense; COR_EDATA: the first
 * bad row (file, line, column, text), a column that is missing, no rows;
 * COR_EIO: a file can't be read or the rejects not written; COR_EMEMORY
 */
int cor_ingest(const cor_team *team, const char *const *file, int files,
               const cor_ingest_options *options, cor_progress *progress,
               cor_interactions *data, cor_ingest_report *report);

/** What cor_ingest would need, estimated from the beginnings of the files.
    Collective. Same errors, as far as a file's beginning shows them. */
int cor_ingest_plan(const cor_team *team, const char *const *file, int files,
                    const cor_ingest_options *options, cor_plan *plan);

#endif
