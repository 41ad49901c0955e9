/**
 * Ids: the names that the input gave to users and items, as a table spread over
 * the ranks, and the directory that finds a dense number by its id.
 */
#ifndef CORACLE_IDS_H
#define CORACLE_IDS_H

#include "coracle/file.h"

/** Longest id in bytes; a longer one is bad input. */
enum { COR_ID_LIMIT = 1024 };

/**
 * A run of a table of texts or integers: rows [first, first + count) of total.
 * Plain data: whoever fills it owns it and calls cor_ids_free.
 */
typedef struct cor_ids {
    int64_t total, first, count;
    bool text;       /* false: number holds them; true: bytes */
    int64_t *number; /* count integers */
    char *bytes;     /* count texts of `width` bytes, padded with zeros */
    int64_t width;   /* bytes of the longest text, equal on all ranks */
} cor_ids;

void cor_ids_free(cor_ids *ids);

/** A copy of my run, of its own; to be freed also after a failure. Local. */
int cor_ids_copy(const cor_ids *from, cor_ids *to);

/** Write the table as dataset `name` / read rows [first, first + count).
    Collective. */
int cor_ids_write(cor_file *file, const char *name, const cor_ids *ids);
int cor_ids_read(const cor_file *file, const char *name, int64_t first,
                 int64_t count, cor_ids *ids);

/** Print row i as text into `out` (at most `size` bytes), for people. */
void cor_ids_print(const cor_ids *ids, int64_t row, char *out, size_t size);

/** Whether two tables hold the same ids in the same order. Collective; the
    runs of a rank may differ between the two only if the tables do. */
bool cor_ids_equal(const cor_team *team, const cor_ids *a, const cor_ids *b);

/** Move any contiguous runs of a table, in rank order, so that this rank holds
    rows [first, first + count). Collective. */
int cor_ids_move(const cor_team *team, cor_ids *ids, int64_t first,
                 int64_t count);

typedef struct cor_directory cor_directory;

/** Build the directory of a table: each id is kept by the rank that its hash
    names. Collective. The table may be freed afterwards. */
int cor_directory_create(const cor_team *team, const cor_ids *ids,
                         cor_directory **directory);
void cor_directory_destroy(cor_directory **directory);

/**
 * Find ids[i] (a run of any table, `count` of mine): row[i] is its number in
 * the directory's table, or -1. Collective. An integer table asked for texts,
 * and the other way round, compares by the printed form.
 */
int cor_directory_find(const cor_directory *directory, const cor_ids *ids,
                       int64_t *row);

#endif
