/**
 * What a fuzz target has: bytes that may be anything, a team of one rank, and
 * files in memory for readers that want a path.
 *
 * A target is one file fuzz_NAME.c that says
 *
 *   const char *const fuzz_words[] = {"words", "of the format", NULL};
 *   int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) { ... }
 *
 * under the name that libFuzzer calls, so that both loop.c and clang's
 * -fsanitize=fuzzer can drive it.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "coracle/team.h"

/** Do something with an input; a defect is a crash, a failed `fuzz_must`, a
    report of the sanitizers or no end. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/** What is worth writing into an input, for the mutations; ends with NULL. */
extern const char *const fuzz_words[];

/** The one rank, one thread unless changed; MPI ends with the program. */
cor_team *fuzz_team(void);

/** A file of these bytes in memory, whose name ends so; the path is good until
    the file of the next call with the same ending. */
const char *fuzz_file(const char *ending, const uint8_t *bytes, size_t length);

/** End the program where a condition does not hold. */
void fuzz_must(bool condition, const char *what);

/** The next byte of an input, taken off its front; 0 where none is left. */
static inline uint8_t fuzz_byte(const uint8_t **bytes, size_t *length)
{
    if (*length == 0)
        return 0;
    (*length)--;
    return *(*bytes)++;
}

#endif
