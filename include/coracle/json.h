/**
 * JSON lines: the fields of one record a line at given paths.
 *
 * Every record is checked as a whole (RFC 8259), the parts that no path leads
 * to as well. Where an object names a member twice the last one counts. Numbers
 * may have any number of digits and values any depth. A surrogate without its
 * other half (\ud800) becomes U+FFFD when its text is asked for.
 *
 * Ceiling: simdjson finds the structure of the text at about 7 GB/s a core, the
 * walk over it costs some 2 ns a token; so long texts go at 5 GB/s, records of
 * 200 bytes at about 1.
 */
#ifndef CORACLE_JSON_H
#define CORACLE_JSON_H

#include "coracle/field.h"
#include "coracle/path.h"

typedef struct cor_json cor_json;

/** Bytes that must be readable behind a text. */
enum { COR_JSON_PADDING = 64 };

/** What is wrong with a record. */
typedef struct cor_json_fault {
    const char *at;   /* in the record, or its end */
    const char *what; /* a phrase; NULL: nothing is wrong */
} cor_json_fault;

/** One record. Borrowed: its fields live until the next is asked for. */
typedef struct cor_json_record {
    const char *begin, *end; /* its line, without the newline */
    const cor_field *field;  /* one a path, where nothing is wrong */
    cor_json_fault fault;
} cor_json_record;

/** A reader for `paths` paths, which are borrowed; for one thread. */
int cor_json_create(const cor_path *path, int paths, cor_json **json);
/** NULL inside is accepted. */
void cor_json_destroy(cor_json **json);

/**
 * Read records of [text, text + length), whole lines the last of which ends
 * with a newline too; less than 4 GiB. The text is borrowed.
 */
void cor_json_begin(cor_json *json, const char *text, size_t length);

/** The next record; `begin` is NULL after the last. Lines of blanks are passed
    over. @return COR_OK, also for a record with a fault; COR_EMEMORY */
int cor_json_next(cor_json *json, cor_json_record *record);

/** Where and why `[begin, end)`, a line that is no JSON value, is none. */
cor_json_fault cor_json_explain(const char *begin, const char *end);

#endif
