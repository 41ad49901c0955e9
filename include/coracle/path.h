/**
 * Paths to a field of a record: `title`, `estimatedSalary.value.maxValue`,
 * `occupationalCategory[1]` (positions count from 0). A name with a point, a
 * bracket, a blank or a backtick in it stands between backticks: `a.b`, where
 * a backtick itself is doubled.
 */
#ifndef CORACLE_PATH_H
#define CORACLE_PATH_H

#include "coracle/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** More parts serve nobody. */
enum { COR_PATH_LIMIT = 64 };

typedef struct cor_path_part {
    const char *key; /* NULL: a position */
    size_t length;
    int64_t position;
} cor_path_part;

/** Plain data; whoever parsed it calls cor_path_free. */
typedef struct cor_path {
    char *text; /* as it was written */
    char *keys; /* what the parts point into */
    int parts;
    cor_path_part part[COR_PATH_LIMIT];
} cor_path;

/**
 * Read a path that fills `length` bytes. Local.
 * @param[out] path   for cor_path_free; empty on failure
 * @param[out] wrong  on COR_EUSAGE the byte that the message is about
 * @return COR_OK; COR_EUSAGE: what is wrong, without saying where; COR_EMEMORY
 */
int cor_path_parse(const char *text, size_t length, cor_path *path,
                   size_t *wrong);
void cor_path_free(cor_path *path);

bool cor_path_equal(const cor_path *a, const cor_path *b);

#endif
