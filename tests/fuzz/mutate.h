/**
 * Inputs and how one becomes another.
 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

enum { INPUT_MOST = 1 << 16 };

typedef struct fuzz_input {
    uint8_t *bytes;
    size_t length;
} fuzz_input;

/** Random numbers of a seed, the same on every machine. */
uint64_t fuzz_random(uint64_t *state);

/** One to eight changes to an input of room INPUT_MOST; what is spliced in
   comes from `other`, words from fuzz_words. */
void fuzz_mutate(fuzz_input *input, const fuzz_input *other, uint64_t *state);

#endif
