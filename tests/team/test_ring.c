#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/memory.h"
#include "coracle/ring.h"

#include <stdlib.h>

/* Blocks of 0, 1 and 4097 units of 64 bytes, so that some travel at once and
   some need both sides. */
static int64_t length_of(int64_t block)
{
    static const int64_t units[] = {1, 4097, 0};
    return units[block % 3] * 64;
}

/* Every word of a block is its number and how many passed it on. */
static void stamp(int32_t *words, int64_t block, int32_t passes)
{
    for (int64_t i = 0; i < length_of(block) / 4; i++)
        words[i] = (int32_t)block * 1000 + passes;
}

static bool has_stamp(const int32_t *words, int64_t block, int32_t passes)
{
    bool good = true;
    for (int64_t i = 0; i < length_of(block) / 4; i++)
        good = good && words[i] == (int32_t)block * 1000 + passes;
    return good;
}

/* Each of the members begins with one block and passes on what it has, until
   its own is back. */
static bool go_round(cor_ring *ring, int me)
{
    int size = cor_ring_size(ring);
    int32_t *held = NULL, *next = NULL;
    bool good = COR_NEW(&held, length_of(1)) == COR_OK &&
                COR_NEW(&next, length_of(1)) == COR_OK;
    stamp(held, me, 0);
    for (int step = 1; good && step <= size; step++) {
        int64_t mine = (me + step - 1) % size, other = (me + step) % size;
        cor_ring_expect(ring, next, length_of(other));
        cor_ring_send(ring, held, length_of(mine));
        cor_ring_progress(ring);
        cor_ring_arrive(ring);
        good = has_stamp(next, other, step - 1);
        cor_ring_sent(ring);
        stamp(next, other, step);
        int32_t *spare = held;
        held = next, next = spare;
    }
    good = good && has_stamp(held, me, size);
    cor_free(held);
    cor_free(next);
    return good;
}

static void blocks_go_round_and_come_home(void **state)
{
    (void)state;
    cor_ring *ring;
    CHECK_OK(cor_ring_create(team, true, &ring));
    CHECK(cor_ring_size(ring) == cor_team_size(team));
    CHECK(cor_ring_any_thread(ring));
    bool good = true;
    for (int round = 0; round < 3; round++)
        good = go_round(ring, cor_team_rank(team)) && good;
    CHECK(good);
    cor_ring_destroy(&ring);
    CHECK(ring == NULL);
    cor_ring_destroy(&ring);
}

static void some_ranks_may_stand_aside(void **state)
{
    (void)state;
    int rank = cor_team_rank(team);
    bool member = rank % 2 == 0;
    cor_ring *ring;
    CHECK_OK(cor_ring_create(team, member, &ring));
    CHECK(!member || cor_ring_size(ring) == (cor_team_size(team) + 1) / 2);
    CHECK(!member || go_round(ring, rank / 2));
    cor_ring_destroy(&ring);
}

/* One thread waits for what another sends: neither may keep MPI to itself. */
static void threads_wait_while_others_send(void **state)
{
    (void)state;
    cor_ring *ring;
    CHECK_OK(cor_ring_create(team, true, &ring));
    int size = cor_ring_size(ring), me = cor_team_rank(team);
    int32_t out[16], in[16];
    for (int i = 0; i < 16; i++)
        out[i] = me;
    bool good = true;
    for (int round = 0; round < 50; round++) {
        cor_ring_expect(ring, in, sizeof in);
#pragma omp parallel sections num_threads(2)
        {
#pragma omp section
            cor_ring_arrive(ring);
#pragma omp section
            cor_ring_send(ring, out, sizeof out);
        }
        good = good && in[7] == (me + 1) % size;
        cor_ring_sent(ring);
    }
    CHECK(good);
    cor_ring_destroy(&ring);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_go_round_and_come_home),
    cmocka_unit_test(some_ranks_may_stand_aside),
    cmocka_unit_test(threads_wait_while_others_send)};

TEAM_TESTS(tests)
