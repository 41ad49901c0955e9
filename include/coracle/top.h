/**
 * The best N of many: largest or smallest by one or two numbers, the earlier
 * one where they are equal. Each thread of each rank holds N at most, the
 * common threshold is found by exact selection, and nobody holds the texts of
 * others.
 */
#ifndef CORACLE_TOP_H
#define CORACLE_TOP_H

#include "coracle/records.h"

/** Numbers that one is compared by. */
enum { COR_TOP_BY = 2 };

typedef struct cor_top_options {
    int64_t most; /* how many, at least 1 */
    int by;       /* numbers that decide, in order: 1 or 2 */
    bool lowest;  /* the smallest, else the largest */
    bool texts;   /* texts are kept */
} cor_top_options;

typedef struct cor_top cor_top;

/** @param[in] slots  threads that offer at once. Local.
    @return COR_OK; COR_EUSAGE: fewer than one wanted; COR_EMEMORY */
int cor_top_create(const cor_team *team, int slots,
                   const cor_top_options *options, cor_top **top);
/** NULL inside is accepted. */
void cor_top_destroy(cor_top **top);

/** Where something stands in the input; no two are at one place. */
typedef struct cor_place {
    int64_t file, offset;
} cor_place;

/**
 * Offer one: `by` numbers, its place, and its text where texts are kept, which
 * is copied if it is among the best so far. Local, a slot to one thread.
 * @return COR_OK; COR_EMEMORY
 */
int cor_top_offer(cor_top *top, int slot, const cor_number *value,
                  cor_place place, const char *text, int64_t length);

/** Find the best of all that was offered on all ranks. Collective. */
int cor_top_finish(cor_top *top);

/** How many numbers decide. */
int cor_top_by(const cor_top *top);

/** How many there are, and their numbers, `by` each, the best first; on every
    rank. Numbers that came as whole ones are whole. */
int64_t cor_top_count(const cor_top *top);
cor_number cor_top_value(const cor_top *top, int64_t index, int by);

/** The places of those that this rank offered, the best first.
    @param[out] count  of them */
const cor_place *cor_top_mine(const cor_top *top, int64_t *count);

/** Write the texts, the best first, behind a header. Collective. */
int cor_top_write(const cor_top *top, const char *header, int64_t header_bytes,
                  const char *path, bool force);

/** All texts, the best first, one after the other on rank 0, text i before
    end[i]; others get NULL. Blocks for cor_free. Collective. */
int cor_top_texts(const cor_top *top, char **bytes, int64_t **end);

typedef struct cor_top_read {
    int64_t read, rejected;
    int64_t skipped; /* a field is missing or is no number */
} cor_top_read;

/** Offer all records; `by` paths decide. Collective. */
int cor_top_records(cor_records *records, const cor_path *by, cor_top *top,
                    cor_progress *progress, cor_top_read *read);

#endif
