#include "mutate.h"

#include "fuzz.h"

#include <string.h>

/* splitmix64 */
uint64_t fuzz_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t below(size_t most, uint64_t *state)
{
    return most ? (size_t)(fuzz_random(state) % most) : 0;
}

/* A place in an input, rather where there is something: files are full of
   zeros that nobody reads. */
static size_t place(const fuzz_input *input, uint64_t *state)
{
    size_t at = below(input->length, state);
    for (int i = 0; i < 6 && at < input->length && input->bytes[at] == 0; i++)
        at = below(input->length, state);
    return at;
}

/* Make room for `count` bytes at a place. */
static uint8_t *insert(fuzz_input *input, size_t at, size_t count)
{
    if (input->length + count > INPUT_MOST)
        return NULL;
    memmove(input->bytes + at + count, input->bytes + at, input->length - at);
    input->length += count;
    return input->bytes + at;
}

static void insert_copy(fuzz_input *input, const fuzz_input *from,
                        uint64_t *state)
{
    uint8_t piece[256];
    size_t begin = below(from->length, state);
    size_t count = below(sizeof piece, state);
    if (count > from->length - begin)
        count = from->length - begin;
    memcpy(piece, from->bytes + begin, count);
    uint8_t *to = insert(input, below(input->length + 1, state), count);
    if (to)
        memcpy(to, piece, count);
}

static void put_word(fuzz_input *input, uint64_t *state)
{
    size_t words = 0;
    while (fuzz_words[words])
        words++;
    if (words == 0)
        return;
    const char *word = fuzz_words[below(words, state)];
    size_t length = strlen(word), at = below(input->length + 1, state);
    bool over = fuzz_random(state) % 2 && at + length <= input->length;
    uint8_t *to = over ? input->bytes + at : insert(input, at, length);
    if (to)
        memcpy(to, word, length);
}

/* A number of 1, 2, 4 or 8 bytes that is a limit of something. */
static void put_limit(fuzz_input *input, uint64_t *state)
{
    static const int64_t limits[] = {
        0,         1,          -1,        2,         64,        127,
        128,       255,        256,       32767,     65535,     INT32_MAX,
        INT32_MIN, UINT32_MAX, INT64_MAX, INT64_MIN, 1LL << 40, 1LL << 62};
    int64_t limit = limits[below(sizeof limits / sizeof *limits, state)];
    size_t width = (size_t)1 << below(4, state), at = place(input, state);
    if (at + width <= input->length)
        memcpy(input->bytes + at, &limit, width); /* little-endian */
}

static void remove_run(fuzz_input *input, uint64_t *state)
{
    size_t at = below(input->length, state);
    size_t most = input->length - at;
    size_t count =
        below(fuzz_random(state) % 4 ? (most < 32 ? most : 32) : most, state);
    memmove(input->bytes + at, input->bytes + at + count, most - count);
    input->length -= count;
}

static void change_once(fuzz_input *input, const fuzz_input *other,
                        uint64_t *state)
{
    size_t at = place(input, state);
    switch (input->length ? fuzz_random(state) % 9 : 7) {
    case 0:
    case 1:
        input->bytes[at] ^= (uint8_t)(1 << below(8, state));
        break;
    case 2:
        input->bytes[at] = (uint8_t)fuzz_random(state);
        break;
    case 3:
        input->bytes[at] = (uint8_t)(input->bytes[at] + below(9, state) - 4);
        break;
    case 4:
        put_limit(input, state);
        break;
    case 5:
        remove_run(input, state);
        break;
    case 6:
        insert_copy(input, input, state);
        break;
    case 7:
        put_word(input, state);
        break;
    default:
        insert_copy(input, other, state);
    }
}

void fuzz_mutate(fuzz_input *input, const fuzz_input *other, uint64_t *state)
{
    size_t changes = (size_t)1 << below(4, state);
    for (size_t i = 0; i < changes; i++)
        change_once(input, other, state);
}
