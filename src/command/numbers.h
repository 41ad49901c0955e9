/**
 * Numbers of the command line: the whole text, or an error that quotes it.
 */
#ifndef NUMBERS_H
#define NUMBERS_H

#include <stddef.h>
#include <stdint.h>

/** `length` bytes as a whole number, for `option` (with or without dashes).
    @return COR_OK; COR_EUSAGE */
int cor_number_int(const char *text, size_t length, const char *option,
                   int64_t *value);
/** As a finite real number. */
int cor_number_real(const char *text, size_t length, const char *option,
                    double *value);

#endif
