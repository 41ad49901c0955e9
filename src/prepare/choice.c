#include "choice.h"

#include "coracle/memory.h"
#include "coracle/random.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Added to an item's place in the order of popularity: flattens the head. */
#define OFFSET 10.0
/* Repeated draws after which the next free item is taken instead. */
enum { PATIENCE = 64 };

/* A one-to-one map of [0, count) onto itself that looks random: a mix of the
   numbers of `bits` bits, walked until it falls below count. */
typedef struct mix {
    uint64_t count, mask, odd[3];
    int shift;
} mix;

struct cor_choice {
    uint64_t seed;
    int64_t items, interactions;
    double reach;     /* log((items + OFFSET) / OFFSET) */
    mix place, turn;  /* place of popularity -> item; turn -> item */
    int32_t *held;    /* hash set of the user's items, -1 where free */
    int64_t capacity; /* a power of two */
    uint64_t mask;    /* of the part of the set that this user needs */
};

static mix mix_of(uint64_t seed, uint32_t stream, uint64_t count)
{
    int bits = 1;
    while (bits < 63 && (UINT64_C(1) << bits) < count)
        bits++;
    mix m = {.count = count, .shift = (bits + 1) / 2};
    m.mask = (UINT64_C(1) << bits) - 1;
    for (int i = 0; i < 3; i++) {
        cor_random r = cor_random_at(seed, stream, (uint64_t)i, 0);
        m.odd[i] = ((uint64_t)r.word[0] << 32 | r.word[1]) | 1;
    }
    return m;
}

/* Each step (add, multiply by an odd number, fold the high half down) can be
   undone, so their chain is one-to-one on [0, mask]. */
static uint64_t mix_at(const mix *m, uint64_t x)
{
    do {
        for (int i = 0; i < 3; i++) {
            x = ((x + (m->odd[i] >> 32)) * m->odd[i]) & m->mask;
            x ^= x >> m->shift;
        }
    } while (x >= m->count);
    return x;
}

int cor_choice_create(uint64_t seed, int64_t items, int64_t interactions,
                      int64_t most, cor_choice **out)
{
    cor_choice *choice = NULL;
    int rc = cor_allocate_zeroed(&choice, 1, sizeof *choice, "choice");
    *out = choice;
    COR_TRY(rc);
    choice->seed = seed;
    choice->items = items;
    choice->interactions = interactions;
    choice->reach = log(((double)items + OFFSET) / OFFSET);
    choice->place = mix_of(seed, COR_STREAM_PLACE, (uint64_t)items);
    choice->turn = mix_of(seed, COR_STREAM_TURN, (uint64_t)items);
    for (choice->capacity = 16; choice->capacity < 2 * most;)
        choice->capacity *= 2;
    return cor_allocate(&choice->held, choice->capacity, sizeof(int32_t),
                        "items of a user");
}

void cor_choice_destroy(cor_choice **choice)
{
    if (!*choice)
        return;
    cor_free((*choice)->held);
    cor_free(*choice);
    *choice = NULL;
}

/* Take the empty set, large enough for `count` items. */
static void forget(cor_choice *choice, int64_t count)
{
    uint64_t capacity = 16;
    while (capacity < 2 * (uint64_t)count)
        capacity *= 2;
    choice->mask = capacity - 1;
    memset(choice->held, 0xff, capacity * sizeof(int32_t));
}

/* Whether the item is new to the user; it is held from then on. */
static bool take(cor_choice *choice, int64_t item)
{
    uint64_t at = ((uint64_t)item * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
    for (at &= choice->mask; choice->held[at] >= 0;
         at = (at + 1) & choice->mask)
        if (choice->held[at] == item)
            return false;
    choice->held[at] = (int32_t)item;
    return true;
}

/* Inverse of the distribution function of 1 / (x + OFFSET) on [0, items). */
static int64_t popular(const cor_choice *choice, double unit)
{
    double x = OFFSET * (exp(unit * choice->reach) - 1.0);
    int64_t place = (int64_t)x;
    if (place >= choice->items)
        place = choice->items - 1;
    return (int64_t)mix_at(&choice->place, (uint64_t)place);
}

/* Items are dealt to every interactions/items-th row first, each once, so that
   none is left without a row. Of the user's rows [first, first + count) those
   are the rows of turns ceil(first * items / interactions) and on. */
static int64_t turns_before(const cor_choice *choice, int64_t row)
{
    unsigned __int128 product =
        (unsigned __int128)row * (uint64_t)choice->items +
        (uint64_t)choice->interactions - 1;
    return (int64_t)(product / (uint64_t)choice->interactions);
}

static int64_t deal(cor_choice *choice, int64_t first, int64_t count,
                    int32_t *item)
{
    if (choice->interactions < choice->items)
        return 0;
    int64_t turn = turns_before(choice, first), dealt = 0;
    int64_t end = turns_before(choice, first + count);
    for (; turn < end; turn++) {
        item[dealt] = (int32_t)mix_at(&choice->turn, (uint64_t)turn);
        take(choice, item[dealt++]);
    }
    return dealt;
}

static void draw(cor_choice *choice, int64_t user, int64_t from, int64_t count,
                 int32_t *item)
{
    double unit[2];
    uint32_t step = 0;
    for (int64_t k = from; k < count; k++) {
        int64_t one = 0;
        bool fresh = false;
        for (int tries = 0; !fresh && tries < PATIENCE; tries++, step++) {
            if (step % 2 == 0)
                cor_random_units(cor_random_at(choice->seed, COR_STREAM_CHOICE,
                                               (uint64_t)user, step / 2),
                                 unit);
            one = popular(choice, unit[step % 2]);
            fresh = take(choice, one);
        }
        while (!fresh) {
            one = (one + 1) % choice->items;
            fresh = take(choice, one);
        }
        item[k] = (int32_t)one;
    }
}

/* Popular items tend to be drawn first; they must not be the earliest. */
static void shuffle(const cor_choice *choice, int64_t user, int64_t count,
                    int32_t *item)
{
    cor_random bits = {{0}};
    for (int64_t k = count - 1; k > 0; k--) {
        uint32_t step = (uint32_t)(count - 1 - k);
        if (step % 4 == 0)
            bits = cor_random_at(choice->seed, COR_STREAM_ORDER, (uint64_t)user,
                                 step / 4);
        uint64_t word = bits.word[step % 4];
        int64_t other = (int64_t)((word * (uint64_t)(k + 1)) >> 32);
        int32_t kept = item[k];
        item[k] = item[other];
        item[other] = kept;
    }
}

void cor_choice_draw(cor_choice *choice, int64_t user, int64_t first,
                     int64_t count, int32_t *item)
{
    forget(choice, count);
    int64_t dealt = deal(choice, first, count, item);
    draw(choice, user, dealt, count, item);
    shuffle(choice, user, count, item);
}
