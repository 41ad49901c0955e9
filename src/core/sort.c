#include "coracle/sort.h"

#include "coracle/memory.h"

#include <stdbool.h>
#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, PASSES = 6, FEW = 32 };

static int digit(uint64_t key, int pass)
{
    return (int)(key >> (pass * DIGIT_BITS)) & (DIGITS - 1);
}

static void insertion_sort(uint64_t *key, int64_t *value, int64_t count)
{
    for (int64_t i = 1; i < count; i++) {
        uint64_t k = key[i];
        int64_t v = value ? value[i] : 0, j = i;
        for (; j > 0 && key[j - 1] > k; j--) {
            key[j] = key[j - 1];
            if (value)
                value[j] = value[j - 1];
        }
        key[j] = k;
        if (value)
            value[j] = v;
    }
}

/* One histogram of every digit in one pass over the keys. */
static void count_digits(const uint64_t *key, int64_t count,
                         int64_t (*seen)[DIGITS])
{
    memset(seen, 0, sizeof(int64_t[PASSES][DIGITS]));
    for (int64_t i = 0; i < count; i++)
        for (int pass = 0; pass < PASSES; pass++)
            seen[pass][digit(key[i], pass)]++;
}

static bool all_alike(const int64_t *seen, int64_t count)
{
    for (int d = 0; d < DIGITS; d++)
        if (seen[d])
            return seen[d] == count;
    return true;
}

static void scatter(const uint64_t *key, const int64_t *value, int64_t count,
                    int pass, int64_t *place, uint64_t *key_out,
                    int64_t *value_out)
{
    int64_t next = 0;
    for (int d = 0; d < DIGITS; d++) {
        int64_t here = place[d];
        place[d] = next;
        next += here;
    }
    for (int64_t i = 0; i < count; i++) {
        int64_t to = place[digit(key[i], pass)]++;
        key_out[to] = key[i];
        if (value)
            value_out[to] = value[i];
    }
}

/* Least significant digit first; a digit that all keys share costs nothing.
   The histograms stay right from pass to pass: a pass only reorders keys. */
static void radix_sort(uint64_t *key, int64_t *value, int64_t count,
                       uint64_t *spare_key, int64_t *spare_value,
                       int64_t (*seen)[DIGITS])
{
    uint64_t *from_key = key, *to_key = spare_key;
    int64_t *from_value = value, *to_value = spare_value;
    count_digits(key, count, seen);
    for (int pass = 0; pass < PASSES; pass++) {
        if (all_alike(seen[pass], count))
            continue;
        scatter(from_key, from_value, count, pass, seen[pass], to_key,
                to_value);
        uint64_t *k = from_key;
        int64_t *v = from_value;
        from_key = to_key, to_key = k;
        from_value = to_value, to_value = v;
    }
    if (from_key == key)
        return;
    memcpy(key, from_key, (size_t)count * sizeof *key);
    if (value)
        memcpy(value, from_value, (size_t)count * sizeof *value);
}

int cor_sort_pairs(uint64_t *key, int64_t *value, int64_t count)
{
    if (count <= FEW) {
        insertion_sort(key, value, count);
        return COR_OK;
    }
    uint64_t *spare_key = NULL;
    int64_t *spare_value = NULL, (*seen)[DIGITS] = NULL;
    int rc = cor_allocate(&spare_key, count, sizeof *key, "sort keys");
    if (rc == COR_OK && value)
        rc = cor_allocate(&spare_value, count, sizeof *value, "sort values");
    if (rc == COR_OK)
        rc = cor_allocate(&seen, PASSES, sizeof *seen, "sort digits");
    if (rc == COR_OK)
        radix_sort(key, value, count, spare_key, spare_value, seen);
    cor_free(seen);
    cor_free(spare_value);
    cor_free(spare_key);
    return rc;
}

int cor_sort_keys(uint64_t *key, int64_t count)
{
    return cor_sort_pairs(key, NULL, count);
}

/* Digits of much the same width, few enough for the counters of a pass to stay
   in the first-level cache. */
enum { NARROW_BITS = 10, NARROW_PASSES = 7 };

typedef struct digits {
    int passes;
    int shift[NARROW_PASSES + 1];
    uint32_t seen[NARROW_PASSES][1 << NARROW_BITS];
} digits;

static uint64_t narrow_digit(const digits *d, uint64_t key, int pass)
{
    int width = d->shift[pass + 1] - d->shift[pass];
    return key >> d->shift[pass] & ((UINT64_C(1) << width) - 1);
}

static void cut_digits(digits *d, int from, int bits)
{
    d->passes = (bits + NARROW_BITS - 1) / NARROW_BITS;
    for (int pass = 0; pass <= d->passes; pass++)
        d->shift[pass] = from + (pass ? bits * pass / d->passes : 0);
}

static void count_narrow(digits *d, const uint64_t *key, int64_t count)
{
    memset(d->seen, 0, (size_t)d->passes * sizeof *d->seen);
    for (int64_t i = 0; i < count; i++)
        for (int pass = 0; pass < d->passes; pass++)
            d->seen[pass][narrow_digit(d, key[i], pass)]++;
}

static void scatter_narrow(digits *d, int pass, const uint64_t *key,
                           int64_t count, uint64_t *out)
{
    uint32_t *place = d->seen[pass], next = 0;
    for (int i = 0; i < 1 << NARROW_BITS; i++) {
        uint32_t here = place[i];
        place[i] = next;
        next += here;
    }
    for (int64_t i = 0; i < count; i++)
        out[place[narrow_digit(d, key[i], pass)]++] = key[i];
}

uint64_t *cor_sort_by_bits(uint64_t *key, uint64_t *spare, int64_t count,
                           int from, int bits)
{
    digits d; /* large, so only what is used is cleared */
    cut_digits(&d, from, bits);
    count_narrow(&d, key, count);
    for (int pass = 0; pass < d.passes; pass++) {
        scatter_narrow(&d, pass, key, count, spare);
        uint64_t *sorted = spare;
        spare = key;
        key = sorted;
    }
    return key;
}
