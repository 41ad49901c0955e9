/**
 * Splits: the interactions of a store in two or three parts, to train, to
 * choose settings and to test. Parts keep the whole tables of users and items
 * and the shards of the store, so that numbers agree between them and with
 * models.
 */
#ifndef CORACLE_SPLIT_H
#define CORACLE_SPLIT_H

#include "coracle/interactions.h"
#include "coracle/plan.h"
#include "coracle/records.h"

enum cor_split_by {
    COR_SPLIT_TIME, /* cut at timestamps; rows at a cut go to the later part */
    COR_SPLIT_RANDOM, /* each row by seed and row number */
    COR_SPLIT_HASH,   /* by the MD5 of the user's or item's id */
    COR_SPLIT_LAST    /* each user's last rows are for test */
};

enum { COR_TRAIN, COR_VALID, COR_TEST, COR_PARTS };

typedef struct cor_split_options {
    enum cor_split_by by;
    int fractions;      /* time, random: 2 (train, test) or 3 */
    double fraction[3]; /* above 0, together 1 */
    bool item_key;      /* hash: the item's id decides, else the user's */
    double test;        /* hash: fraction of ids in test, between 0 and 1 */
    int64_t last;       /* last: rows of a user, at least 1 */
    int64_t seed;       /* random */
} cor_split_options;

/** Fractions 0.8, 0.1, 0.1; a hash of the user with 0.3 in test; the last 1. */
cor_split_options cor_split_default(void);

/** COR_EUSAGE for options that make no sense. Local. */
int cor_split_check(const cor_split_options *options);

/** Whether this way of splitting has the part COR_TRAIN, COR_VALID, COR_TEST.
 */
bool cor_split_has(const cor_split_options *options, int part);

typedef struct cor_split {
    uint8_t *part;           /* of my rows: COR_TRAIN, COR_VALID or COR_TEST */
    int64_t rows[COR_PARTS]; /* of all ranks */
    int thresholds;          /* time: how many cuts */
    int64_t threshold[2];    /* first time of each part but the first */
} cor_split;

void cor_split_free(cor_split *split);

/**
 * Decide the part of each of my rows. Collective.
 *
 * By time, a cut is the timestamp at position floor(n * cumulative fraction) of
 * the sorted timestamps, found by counting digits: nothing is sorted. By hash,
 * an id is in test when its MD5 as a big-endian integer, modulo the fraction's
 * denominator, is below its numerator (0.3 is 3/10, 0.25 is 25/100). By last,
 * rows of one time keep the order of the store.
 *
 * @param[out] split  for cor_split_free, also after a failure
 * @return COR_OK; COR_EUSAGE: options that make no sense; COR_EDATA: no times,
 * or nothing is left to train on; COR_EMEMORY
 */
int cor_split_find(const cor_team *team, const cor_interactions *data,
                   const cor_split_options *options, cor_split *split);

/**
 * Write one part as a store of its own; `data` needs all its parts and stays
 * as it is. Collective.
 */
int cor_split_write(const cor_team *team, const cor_interactions *data,
                    const cor_split *split, int part, const char *path,
                    const cor_file_options *options,
                    cor_interactions_summary *summary);

/** What splitting such a store and writing its parts needs. */
cor_plan cor_split_plan(const cor_team *team,
                        const cor_interactions_summary *store);

/** The same for records, which have neither times nor users. Local. */
int cor_split_check_records(const cor_split_options *options);

typedef struct cor_split_count {
    int64_t rows[COR_PARTS];
    int64_t rejected;
} cor_split_count;

/**
 * Split files of records at random, by the seed and the number of a record, or
 * by the hash of the text at a path: a text as it is, a whole number without a
 * point. Part p goes to the output of `sink` that has as many parts before it
 * as cor_split_has says. Collective.
 *
 * @param[in] key      of hash
 * @param[in] missing  the key of records that have none or null; NULL: such a
 *                     record is bad
 * @return COR_OK; COR_EUSAGE: by time or last; COR_EDATA; COR_EIO; COR_EMEMORY
 */
int cor_split_records(cor_records *records, const cor_split_options *options,
                      const cor_path *key, const char *missing, cor_sink *sink,
                      cor_progress *progress, cor_split_count *count);

#endif
