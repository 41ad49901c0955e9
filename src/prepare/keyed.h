/**
 * Splitting by the hash of an id: a user or an item is in one part whole, now
 * and in any later run, whatever else the data holds.
 */
#ifndef COR_KEYED_H
#define COR_KEYED_H

#include "coracle/split.h"

/** A decimal fraction as it was typed: 0.25 is 25 / 100; 0 / 0 where it has
   more than eighteen. */
typedef struct cor_keyed_ratio {
    uint64_t numerator, denominator;
} cor_keyed_ratio;

cor_keyed_ratio cor_keyed_ratio_of(double fraction);

/** Whether a key is in test: its MD5 as a big-endian integer, modulo the
    denominator, is below the numerator. Local. */
bool cor_keyed_in_test(const char *text, size_t length, cor_keyed_ratio ratio);

/** COR_EUSAGE unless the fraction is a decimal between 0 and 1 of at most nine
    digits. Local. */
int cor_keyed_check(double fraction);

/** The part of each of my rows: COR_TEST where its key's MD5, modulo the
    denominator of options->test, is below the numerator. Collective. */
int cor_keyed_split(const cor_team *team, const cor_interactions *data,
                    const cor_split_options *options, uint8_t *part);

#endif
