#define TEAM_TEST_MAIN
#include "team_test.h"

#include "../../src/team/runs.h"
#include "coracle/exchange.h"
#include "coracle/memory.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 1000 };

/* Row i of rank r goes to rank (i * 7 + r) % size and carries (r, i). */
static void rows_arrive_in_order_and_answers_return(void **state)
{
    (void)state;
    int rank = cor_team_rank(team), size = cor_team_size(team);
    int32_t to[ROWS], back[ROWS];
    int64_t tag[ROWS];
    char odd[ROWS][3], odd_back[ROWS][3];
    int64_t rows = rank == 1 ? 0 : ROWS - rank;
    for (int64_t i = 0; i < rows; i++) {
        to[i] = (int32_t)((i * 7 + rank) % size);
        tag[i] = rank * 100000 + i;
        memcpy(odd[i], &tag[i], 3);
    }
    cor_route *route;
    CHECK_OK(cor_route_create(team, to, rows, &route));
    int64_t arrivals = cor_route_arrivals(route);
    int64_t *in = malloc((size_t)(arrivals + 1) * sizeof *in);
    char(*odd_in)[3] = malloc((size_t)(arrivals + 1) * 3);
    int32_t *answer = malloc((size_t)(arrivals + 1) * sizeof *answer);
    CHECK_OK(cor_route_send(route, tag, sizeof *tag, in));
    CHECK_OK(cor_route_send(route, odd, 3, odd_in));
    bool ordered = true;
    for (int64_t i = 0; i < arrivals; i++) {
        int64_t from = in[i] / 100000, row = in[i] % 100000;
        ordered = ordered && (row * 7 + from) % size == rank;
        ordered = ordered && (i == 0 || in[i] > in[i - 1]);
        ordered = ordered && memcmp(odd_in[i], &in[i], 3) == 0;
        ordered = ordered && i >= cor_route_arrivals_from(route, (int)from) &&
                  i < cor_route_arrivals_from(route, (int)from + 1);
        answer[i] = (int32_t)(in[i] * 2);
    }
    CHECK(ordered);
    CHECK_OK(cor_route_reply(route, answer, sizeof *answer, back));
    CHECK_OK(cor_route_reply(route, odd_in, 3, odd_back));
    bool returned = true;
    for (int64_t i = 0; i < rows; i++)
        returned = returned && back[i] == tag[i] * 2 &&
                   memcmp(odd_back[i], odd[i], 3) == 0;
    CHECK(returned);
    free(in);
    free(odd_in);
    free(answer);
    cor_route_destroy(&route);
}

static void rows_already_in_rank_order_need_no_copy(void **state)
{
    (void)state;
    int size = cor_team_size(team);
    int32_t to[ROWS], in[ROWS * 8], back[ROWS];
    for (int i = 0; i < ROWS; i++)
        to[i] = i * size / ROWS;
    cor_route *route;
    CHECK_OK(cor_route_create(team, to, ROWS, &route));
    CHECK_OK(cor_route_send(route, to, sizeof *to, in));
    bool mine = true;
    for (int64_t i = 0; i < cor_route_arrivals(route); i++)
        mine = mine && in[i] == cor_team_rank(team);
    CHECK(mine);
    CHECK_OK(cor_route_reply(route, in, sizeof *in, back));
    CHECK(memcmp(back, to, sizeof to) == 0);
    cor_route_destroy(&route);
}

/* Rank r has r + t rows for rank t, none for rank 1, each carrying r. */
static void rows_in_order_are_counted_not_listed(void **state)
{
    (void)state;
    int rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t count[8], rows = 0;
    int32_t row[200], in[200];
    for (int r = 0; r < size; r++)
        rows += count[r] = r == 1 ? 0 : rank + r;
    for (int64_t i = 0; i < rows; i++)
        row[i] = rank;
    cor_route *route;
    CHECK_OK(cor_route_create_in_order(team, count, &route));
    int64_t arrivals = cor_route_arrivals(route), at = 0, others = 0;
    CHECK(cor_route_departures(route) == rows);
    CHECK_OK(cor_route_send(route, row, sizeof *row, in));
    bool right = true;
    for (int r = 0; r < size && rank != 1; r++)
        for (int i = 0; i < r + rank; i++)
            right = right && at < arrivals && in[at++] == r;
    CHECK(right && at == arrivals);
    in[arrivals - count[rank]] = -1;
    CHECK_OK(cor_route_send_others(route, row, sizeof *row, in));
    for (int r = 0; r < size && rank != 1; r++)
        for (int i = 0; r != rank && i < r + rank; i++)
            right = right && in[others++] == r;
    CHECK(right && in[others] == -1);
    cor_route_destroy(&route);
}

/* Text i has i % 11 letters. */
static void texts_travel_whole(void **state)
{
    (void)state;
    int rank = cor_team_rank(team), size = cor_team_size(team);
    int32_t to[ROWS];
    int64_t end[ROWS], at = 0;
    char bytes[ROWS * 11];
    for (int i = 0; i < ROWS; i++) {
        to[i] = (i * 3 + rank) % size;
        for (int c = 0; c < i % 11; c++)
            bytes[at++] = (char)('a' + (i + rank) % 26);
        end[i] = at;
    }
    cor_route *route;
    CHECK_OK(cor_route_create(team, to, ROWS, &route));
    int64_t *row = malloc((size_t)(cor_route_arrivals(route) + 1) * 8);
    int64_t number[ROWS];
    for (int i = 0; i < ROWS; i++)
        number[i] = i + rank * ROWS;
    CHECK_OK(cor_route_send(route, number, 8, row));
    char *in;
    int64_t *in_end;
    CHECK_OK(cor_route_send_text(route, bytes, end, &in, &in_end));
    bool right = true;
    for (int64_t i = 0; i < cor_route_arrivals(route); i++) {
        int64_t begin = i ? in_end[i - 1] : 0, length = in_end[i] - begin;
        int64_t from = row[i] / ROWS, original = row[i] % ROWS;
        right = right && length == original % 11;
        for (int64_t c = 0; c < length; c++)
            right = right && in[begin + c] == 'a' + (original + from) % 26;
    }
    CHECK(right);
    cor_free(in);
    cor_free(in_end);
    free(row);
    cor_route_destroy(&route);
}

/* The path of messages beyond 2 GiB, taken with pieces of 1000 bytes. */
static void long_runs_are_cut_into_pieces(void **state)
{
    (void)state;
    int rank = cor_team_rank(team), size = cor_team_size(team);
    cor_runs send, receive;
    CHECK_OK(cor_runs_create(team, &send));
    CHECK_OK(cor_runs_create(team, &receive));
    for (int r = 0; r < size; r++) {
        send.count[r] = 500 + 1000 * ((rank + r) % 3);
        receive.count[r] = send.count[r];
    }
    cor_runs_offsets(team, &send);
    cor_runs_offsets(team, &receive);
    int64_t *out = malloc((size_t)send.offset[size] * 8);
    int64_t *in = malloc((size_t)receive.offset[size] * 8);
    for (int r = 0; r < size; r++)
        for (int64_t i = 0; i < send.count[r]; i++)
            out[send.offset[r] + i] = rank * 1000000 + r * 10000 + i;
    cor_runs_exchange(team, 8, 1000, out, &send, in, &receive);
    bool right = true;
    for (int r = 0; r < size; r++)
        for (int64_t i = 0; i < receive.count[r]; i++)
            right = right &&
                    in[receive.offset[r] + i] == r * 1000000 + rank * 10000 + i;
    CHECK(right);
    free(out);
    free(in);
    cor_runs_free(&send);
    cor_runs_free(&receive);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rows_arrive_in_order_and_answers_return),
    cmocka_unit_test(rows_already_in_rank_order_need_no_copy),
    cmocka_unit_test(rows_in_order_are_counted_not_listed),
    cmocka_unit_test(texts_travel_whole),
    cmocka_unit_test(long_runs_are_cut_into_pieces),
};
TEAM_TESTS(tests)
