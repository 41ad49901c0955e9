#include "coracle/select.h"

#include "coracle/memory.h"

#include <math.h>
#include <string.h>

enum { DIGIT_BITS = 15, BINS = 1 << DIGIT_BITS };

/* Numbers of 8 bytes, and what makes a signed whole number of their bits that
   stands in their order: of a negative double all bits but the sign turn. */
typedef struct numbers {
    const char *byte;
    int64_t count;
    int64_t turn; /* bits to turn where the sign is set */
} numbers;

static int64_t key_of(int64_t bits, int64_t turn)
{
    return bits ^ ((bits >> 63) & turn);
}

static int64_t key_at(const numbers *n, int64_t i)
{
    int64_t bits;
    memcpy(&bits, n->byte + i * 8, sizeof bits);
    return key_of(bits, n->turn);
}

/* Narrowing: the wanted numbers agree with `prefix` in all bits of their
   distance from the least one above `bits`, and stand at `position` of those
   that do. */
typedef struct narrowing {
    uint64_t least;
    int bits; /* not yet known */
    int wanted;
    uint64_t prefix[COR_SELECT_LIMIT];
    int64_t position[COR_SELECT_LIMIT];
} narrowing;

static uint64_t distance(const narrowing *n, int64_t key)
{
    return (uint64_t)key - n->least;
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

/* Count the next digit of the numbers [begin, end) with one prefix. On the
   first pass all have it, later almost none. */
static void count_prefix(const narrowing *n, uint64_t prefix,
                         const numbers *mine, int64_t begin, int64_t end,
                         int64_t *bins)
{
    int shift = n->bits > DIGIT_BITS ? n->bits - DIGIT_BITS : 0;
    uint64_t mask = (UINT64_C(1) << (n->bits - shift)) - 1;
    for (int64_t i = begin; i < end; i++) {
        uint64_t d = distance(n, key_at(mine, i));
        if (above(d, n->bits) == prefix)
            bins[d >> shift & mask]++;
    }
}

/* The same for each wanted prefix. */
static void count_digit(const narrowing *n, const numbers *mine, int64_t begin,
                        int64_t end, int64_t *bins)
{
    for (int w = 0; w < n->wanted; w++)
        if (twin(n, w) == w)
            count_prefix(n, n->prefix[w], mine, begin, end, bins + w * BINS);
}

static int count_digits(const cor_team *team, const narrowing *n,
                        const numbers *mine, int64_t *bins)
{
    int threads = cor_team_threads(team);
    int64_t size = (int64_t)n->wanted * BINS, *part = NULL;
    COR_TRY(COR_NEW_ZEROED(&part, threads * size));
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++)
        count_digit(n, mine, mine->count * t / threads,
                    mine->count * (t + 1) / threads, part + t * size);
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

static void find_range(const cor_team *team, const numbers *mine, narrowing *n)
{
    int64_t least = INT64_MAX, most = INT64_MIN;
#pragma omp parallel for num_threads(cor_team_threads(team))                   \
    reduction(min                                                              \
              : least) reduction(max                                           \
                                 : most)
    for (int64_t i = 0; i < mine->count; i++) {
        int64_t key = key_at(mine, i);
        least = key < least ? key : least;
        most = key > most ? key : most;
    }
    cor_team_min(team, &least, 1);
    cor_team_max(team, &most, 1);
    n->least = (uint64_t)least;
    for (uint64_t span = (uint64_t)most - n->least; span; span >>= 1)
        n->bits++;
}

/* The keys at the wanted positions. */
static int find_keys(const cor_team *team, const numbers *mine, int wanted,
                     const int64_t *position, int64_t *found)
{
    narrowing n = {.wanted = wanted};
    int64_t *bins = NULL;
    int rc = cor_agree(team, COR_NEW(&bins, (int64_t)wanted * BINS));
    find_range(team, mine, &n);
    for (int w = 0; w < wanted; w++)
        n.position[w] = position[w];
    while (rc == COR_OK && n.bits > 0) {
        rc = cor_agree(team, count_digits(team, &n, mine, bins));
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

int cor_select_int64(const cor_team *team, const int64_t *number, int64_t count,
                     int wanted, const int64_t *position, int64_t *found)
{
    numbers mine = {.byte = (const char *)number, .count = count};
    return find_keys(team, &mine, wanted, position, found);
}

int cor_select_double(const cor_team *team, const double *number, int64_t count,
                      int wanted, const int64_t *position, double *found)
{
    int64_t key[COR_SELECT_LIMIT];
    numbers mine = {
        .byte = (const char *)number, .count = count, .turn = INT64_MAX};
    COR_TRY(find_keys(team, &mine, wanted, position, key));
    for (int w = 0; w < wanted; w++) {
        int64_t bits = key_of(key[w], mine.turn);
        memcpy(found + w, &bits, sizeof bits);
    }
    return COR_OK;
}

int cor_select_percentile(const cor_team *team, const double *number,
                          int64_t count, double percent, double *found)
{
    int64_t total = count, position[2];
    double side[2];
    cor_team_sum(team, &total, 1);
    double at = percent / 100 * (double)(total - 1);
    position[0] = (int64_t)at;
    position[1] = position[0] + (position[0] + 1 < total);
    COR_TRY(cor_select_double(team, number, count, 2, position, side));
    double part = at - (double)position[0], step = side[1] - side[0];
    /* From the nearer side, so that the ends are exact. No line leads to
       infinity. */
    *found = part < 0.5 ? side[0] : side[1];
    if (isfinite(step))
        *found += part < 0.5 ? step * part : -step * (1 - part);
    return COR_OK;
}
