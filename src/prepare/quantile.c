#include "quantile.h"

#include "coracle/memory.h"

#include <string.h>

enum { DIGIT_BITS = 15, BINS = 1 << DIGIT_BITS };

/* Narrowing: the wanted numbers agree with `prefix` in all bits of their
   distance from the least one above `bits`, and stand at `position` of those
   that do. */
typedef struct narrowing {
    uint64_t least;
    int bits; /* not yet known */
    int wanted;
    uint64_t prefix[COR_QUANTILE_LIMIT];
    int64_t position[COR_QUANTILE_LIMIT];
} narrowing;

static uint64_t distance(const narrowing *n, int64_t number)
{
    return (uint64_t)number - n->least;
}

/* Bits of `distance` above the next digit's end; a shift by 64 is 0. */
static uint64_t above(uint64_t distance, int bits)
{
    return bits < 64 ? distance >> bits : 0;
}

/* The first wanted position with the prefix of the w-th: they share counts. */
static int twin(const narrowing *n, int w)
{
    int first = 0;
    while (n->prefix[first] != n->prefix[w])
        first++;
    return first;
}

/* Count the next digit of the numbers [from, to) with one prefix. On the first
   pass all have it, later almost none. */
static void count_prefix(const narrowing *n, uint64_t prefix,
                         const int64_t *number, int64_t from, int64_t to,
                         int64_t *bins)
{
    int shift = n->bits > DIGIT_BITS ? n->bits - DIGIT_BITS : 0;
    uint64_t mask = (UINT64_C(1) << (n->bits - shift)) - 1;
    for (int64_t i = from; i < to; i++) {
        uint64_t d = distance(n, number[i]);
        if (above(d, n->bits) == prefix)
            bins[d >> shift & mask]++;
    }
}

/* The same for each wanted prefix. */
static void count_digit(const narrowing *n, const int64_t *number, int64_t from,
                        int64_t to, int64_t *bins)
{
    for (int w = 0; w < n->wanted; w++)
        if (twin(n, w) == w)
            count_prefix(n, n->prefix[w], number, from, to, bins + w * BINS);
}

static int count_digits(const cor_team *team, const narrowing *n,
                        const int64_t *number, int64_t count, int64_t *bins)
{
    int threads = cor_team_threads(team);
    int64_t size = (int64_t)n->wanted * BINS, *part = NULL;
    COR_TRY(COR_NEW_ZEROED(&part, threads * size));
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++)
        count_digit(n, number, count * t / threads, count * (t + 1) / threads,
                    part + t * size);
    memset(bins, 0, (size_t)size * sizeof *bins);
    for (int t = 0; t < threads; t++)
        for (int64_t b = 0; b < size; b++)
            bins[b] += part[t * size + b];
    cor_free(part);
    return COR_OK;
}

/* Choose the digit in which each wanted position falls. */
static void choose(narrowing *n, const int64_t *bins)
{
    int digit_bits = n->bits > DIGIT_BITS ? DIGIT_BITS : n->bits;
    for (int w = n->wanted - 1; w >= 0; w--) { /* twins are before */
        int64_t digit = 0;
        const int64_t *bin = bins + twin(n, w) * BINS;
        while (n->position[w] >= bin[digit])
            n->position[w] -= bin[digit++];
        n->prefix[w] = n->prefix[w] << digit_bits | (uint64_t)digit;
    }
    n->bits -= digit_bits;
}

static void find_range(const cor_team *team, const int64_t *number,
                       int64_t count, narrowing *n)
{
    int64_t least = INT64_MAX, most = INT64_MIN;
#pragma omp parallel for num_threads(cor_team_threads(team))                   \
    reduction(min                                                              \
              : least) reduction(max                                           \
                                 : most)
    for (int64_t i = 0; i < count; i++) {
        least = number[i] < least ? number[i] : least;
        most = number[i] > most ? number[i] : most;
    }
    cor_team_min(team, &least, 1);
    cor_team_max(team, &most, 1);
    n->least = (uint64_t)least;
    for (uint64_t span = (uint64_t)most - n->least; span; span >>= 1)
        n->bits++;
}

int cor_quantile_find(const cor_team *team, const int64_t *number,
                      int64_t count, int wanted, const int64_t *position,
                      int64_t *found)
{
    narrowing n = {.wanted = wanted};
    int64_t *bins = NULL;
    int rc = cor_agree(team, COR_NEW(&bins, (int64_t)wanted * BINS));
    find_range(team, number, count, &n);
    for (int w = 0; w < wanted; w++)
        n.position[w] = position[w];
    while (rc == COR_OK && n.bits > 0) {
        rc = cor_agree(team, count_digits(team, &n, number, count, bins));
        if (rc != COR_OK)
            break;
        cor_team_sum(team, bins, (int64_t)wanted * BINS);
        choose(&n, bins);
    }
    for (int w = 0; w < wanted; w++)
        found[w] = (int64_t)(n.least + n.prefix[w]);
    cor_free(bins);
    return rc;
}
