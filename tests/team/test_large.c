#define TEAM_TEST_MAIN
#include "team_test.h"

#include "../../src/team/runs.h"
#include "coracle/memory.h"

#include <stdlib.h>

/* More elements than an int can count, between two ranks: about 9 GB in all,
   so only where CORACLE_TEST_LARGE asks for it. */
static void runs_longer_than_two_thousand_million_arrive(void **state)
{
    (void)state;
    if (!getenv("CORACLE_TEST_LARGE")) {
        skip();
        return;
    }
    const int64_t elements = (INT64_C(1) << 31) + 12345;
    int rank = cor_team_rank(team);
    cor_runs send, receive;
    CHECK_OK(cor_runs_create(team, &send));
    CHECK_OK(cor_runs_create(team, &receive));
    send.count[1 - rank] = receive.count[1 - rank] = elements;
    cor_runs_offsets(team, &send);
    cor_runs_offsets(team, &receive);
    uint8_t *out, *in;
    CHECK_OK(COR_NEW(&out, elements));
    CHECK_OK(COR_NEW(&in, elements));
    for (int64_t i = 0; i < elements; i++)
        out[i] = (uint8_t)(i * 31 + (i >> 20) + rank);
    cor_runs_exchange(team, 1, cor_runs_piece, out, &send, in, &receive);
    int64_t wrong = 0;
    for (int64_t i = 0; i < elements; i++)
        wrong += in[i] != (uint8_t)(i * 31 + (i >> 20) + 1 - rank);
    CHECK(wrong == 0);
    cor_free(out);
    cor_free(in);
    cor_runs_free(&send);
    cor_runs_free(&receive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(runs_longer_than_two_thousand_million_arrive),
};
TEAM_TESTS(tests)
