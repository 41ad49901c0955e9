/* The k-core against loops that count everything anew each round. */
#define TEAM_TEST_MAIN
#include "rows.h"

#include "coracle/kcore.h"

enum { MOST_ROUNDS = 4096 };

/* What the plain loops find. */
typedef struct plain_core {
    int64_t rounds, rows;
    cor_kcore_round round[MOST_ROUNDS];
    char *user, *item; /* who stays */
} plain_core;

static bool repeated(const plain *p, int64_t r)
{
    for (int64_t q = r - 1; q >= 0 && p->user[q] == p->user[r]; q--)
        if (p->item[q] == p->item[r])
            return true;
    return false;
}

static int64_t drop_few(const int64_t *count, int64_t least, int64_t n,
                        char *stays)
{
    int64_t dropped = 0;
    for (int64_t i = 0; i < n; i++)
        if (stays[i] && count[i] < least) {
            stays[i] = 0;
            dropped++;
        }
    return dropped;
}

static int64_t left(const char *stays, int64_t n)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += stays[i];
    return sum;
}

static plain_core *find_plainly(const plain *p, const cor_kcore_options *o)
{
    plain_core *c = calloc(1, sizeof *c);
    int64_t *users = malloc((size_t)p->users * 8);
    int64_t *items = malloc((size_t)p->items * 8), dropped = 1;
    c->user = memset(malloc((size_t)p->users), 1, (size_t)p->users);
    c->item = memset(malloc((size_t)p->items), 1, (size_t)p->items);
    while (dropped && c->rounds < MOST_ROUNDS) {
        memset(users, 0, (size_t)p->users * 8);
        memset(items, 0, (size_t)p->items * 8);
        c->rows = 0;
        for (int64_t r = 0; r < p->rows; r++) {
            if (!c->user[p->user[r]] || !c->item[p->item[r]])
                continue;
            c->rows++;
            if (o->distinct && repeated(p, r))
                continue;
            users[p->user[r]]++;
            items[p->item[r]]++;
        }
        dropped = drop_few(users, o->users, p->users, c->user) +
                  drop_few(items, o->items, p->items, c->item);
        c->round[c->rounds++] =
            (cor_kcore_round){left(c->user, p->users), left(c->item, p->items)};
    }
    free(users);
    free(items);
    return c;
}

static void free_plainly(plain_core *c)
{
    free(c->user);
    free(c->item);
    free(c);
}

static bool same_rounds(const cor_kcore *core, const plain_core *c)
{
    return core->rounds == c->rounds &&
           memcmp(core->round, c->round,
                  (size_t)c->rounds * sizeof *c->round) == 0;
}

/* Whether those of a run who stay are numbered in their order. */
static bool same_numbers(const int32_t *number, int64_t first, int64_t count,
                         const char *stays)
{
    int64_t next = left(stays, first);
    for (int64_t i = 0; i < count; i++)
        if (number[i] != (stays[first + i] ? next++ : -1))
            return false;
    return true;
}

static void check_against_loops(const plain *p, const cor_kcore_options *o,
                                int64_t shards)
{
    cor_interactions data = spread(team, p, shards, 10, true);
    plain_core *c = find_plainly(p, o);
    cor_kcore core;
    int rc = cor_kcore_find(team, &data, o, NULL, &core);
    CHECK(rc == (c->rows ? COR_OK : COR_EDATA));
    CHECK(same_rounds(&core, c));
    CHECK(same_numbers(core.user, core.first_user, core.my_users, c->user));
    CHECK(same_numbers(core.item, core.first_item, core.my_items, c->item));
    cor_kcore_free(&core);
    cor_interactions_free(&data);
    free_plainly(c);
}

static void same_as_loops(void **state)
{
    (void)state;
    for (int least = 1; least <= 8; least++)
        for (int distinct = 0; distinct < 2; distinct++) {
            plain p = plain_random(7, 3000, 400, 900);
            cor_kcore_options o = {least, (least + 3) / 2, distinct};
            check_against_loops(&p, &o, 9);
            plain_free(&p);
        }
}

/* User u has items u and u + 1, so with two of each needed one user a round
   goes at each end; a block of 3 x 3 stays. So many rounds use up what passes
   may cost, and lists take over. */
static plain chain(int64_t length)
{
    plain p = plain_of(2 * length + 9, length + 3, length + 4);
    for (int64_t u = 0; u < length; u++)
        for (int64_t k = 0; k < 2; k++) {
            p.user[2 * u + k] = (int32_t)u;
            p.item[2 * u + k] = (int32_t)(u + k);
        }
    for (int64_t k = 0; k < 9; k++) {
        p.user[2 * length + k] = (int32_t)(length + k / 3);
        p.item[2 * length + k] = (int32_t)(length + 1 + k % 3);
    }
    return p;
}

static void many_rounds(void **state)
{
    (void)state;
    plain p = chain(400);
    const cor_kcore_options o = {2, 2, false};
    check_against_loops(&p, &o, 16);
    plain_free(&p);
}

static void more_ranks_than_rows(void **state)
{
    (void)state;
    plain p = plain_random(3, 3, 2, 5);
    const cor_kcore_options o = {1, 1, false};
    check_against_loops(&p, &o, 4);
    plain_free(&p);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    plain p = plain_random(11, 3000, 300, 200);
    const cor_kcore_options o = {6, 12, true};
    cor_team_set_threads(team, 3);
    check_against_loops(&p, &o, 9);
    cor_team_set_threads(team, 1);
    plain_free(&p);
}

/* Row by row: `data` must hold the rows of p that stay, in order, renumbered.
   `keep` says which; ids are `factor` times the old number. */
static bool holds(const cor_interactions *data, const plain *p,
                  const plain_core *c, int64_t factor)
{
    int64_t first = cor_shards_first_row(data->row_shards, cor_team_rank(team));
    int64_t row = 0, at = 0;
    for (int64_t r = 0; r < p->rows; r++) {
        if (!c->user[p->user[r]] || !c->item[p->item[r]])
            continue;
        if (row++ < first || at >= data->rows)
            continue;
        if (data->user[at] != left(c->user, p->user[r]) ||
            data->item[at] != left(c->item, p->item[r]) ||
            data->value[at] != p->value[r] || data->time[at] != p->time[r])
            return false;
        at++;
    }
    int64_t item = 0;
    for (int64_t i = 0; i < p->items; i++) {
        int64_t mine = item - data->item_id.first;
        if (c->item[i] && mine >= 0 && mine < data->item_id.count &&
            data->item_id.number[mine] != factor * i)
            return false;
        item += c->item[i];
    }
    return at == data->rows && row == cor_shards_rows(data->row_shards);
}

static void cuts_rows_and_tables(void **state)
{
    (void)state;
    plain p = plain_random(5, 3000, 400, 300);
    const cor_kcore_options o = {6, 8, false};
    plain_core *c = find_plainly(&p, &o);
    cor_interactions data = spread(team, &p, 9, 10, true);
    cor_kcore core;
    CHECK_OK(cor_kcore_find(team, &data, &o, NULL, &core));
    CHECK_OK(cor_kcore_cut(team, &core, &data));
    CHECK(c->rows > 100 && c->rows < p.rows);
    CHECK(data.users == left(c->user, p.users));
    CHECK(data.items == left(c->item, p.items));
    CHECK(data.user_id.total == data.users);
    CHECK(cor_shards_count(data.row_shards) == 9);
    CHECK(holds(&data, &p, c, 10));
    cor_kcore_free(&core);
    cor_interactions_free(&data);
    free_plainly(c);
    plain_free(&p);
}

/* OTHER with the tables of TRAIN: its rows of users and items who stay. */
static void cuts_others_alike(void **state)
{
    (void)state;
    plain p = plain_random(5, 3000, 400, 300);
    plain q = plain_random(6, 500, 400, 300);
    const cor_kcore_options o = {6, 8, false};
    plain_core *c = find_plainly(&p, &o);
    cor_interactions data = spread(team, &p, 9, 10, true);
    cor_interactions other = spread(team, &q, 4, 10, true);
    cor_kcore core;
    CHECK_OK(cor_kcore_find(team, &data, &o, NULL, &core));
    CHECK_OK(cor_kcore_cut(team, &core, &data));
    CHECK_OK(cor_kcore_cut_other(team, &core, &other));
    CHECK(other.users == data.users && other.items == data.items);
    CHECK(cor_shards_rows(other.row_shards) > 10);
    CHECK(holds(&other, &q, c, 10));
    cor_kcore_free(&core);
    cor_interactions_free(&data);
    cor_interactions_free(&other);
    free_plainly(c);
    plain_free(&q);
    plain_free(&p);
}

/* OTHER that numbers users and items in the opposite order, and has some that
   TRAIN does not know: after the join it must be the same as if it had had the
   tables of TRAIN. */
static void joins_others_by_id(void **state)
{
    (void)state;
    const int64_t unknown = 40;
    plain p = plain_random(5, 3000, 400, 300);
    const cor_kcore_options o = {6, 8, false};
    plain_core *c = find_plainly(&p, &o);
    plain q = plain_of(p.rows, p.users + unknown, p.items + unknown);
    for (int64_t r = 0; r < p.rows; r++) {
        /* the last row of p first: users ascend in the new numbering */
        int64_t from = p.rows - 1 - r;
        q.user[r] = (int32_t)(q.users - 1 - p.user[from]);
        q.item[r] = (int32_t)(q.items - 1 - p.item[from]);
        q.value[r] = p.value[from];
        q.time[r] = r; /* so that order inside a user is known */
    }
    for (int64_t r = 0; r < p.rows; r++)
        p.time[r] = p.rows - 1 - r;
    cor_interactions data = spread(team, &p, 9, 10, true);
    cor_interactions other = spread(team, &q, 4, -10, true);
    for (int64_t i = 0; i < other.user_id.count; i++)
        other.user_id.number[i] += 10 * (q.users - 1);
    for (int64_t i = 0; i < other.item_id.count; i++)
        other.item_id.number[i] += 10 * (q.items - 1);
    cor_kcore core;
    CHECK_OK(cor_kcore_find(team, &data, &o, NULL, &core));
    CHECK_OK(cor_kcore_cut(team, &core, &data));
    CHECK_OK(cor_kcore_cut_other(team, &core, &other));
    CHECK(cor_shards_rows(other.row_shards) == c->rows);
    CHECK_OK(cor_interactions_arrange(team, 9, &other)); /* shards as data */
    CHECK(other.rows == data.rows);
    CHECK(memcmp(other.user, data.user, (size_t)data.rows * 4) == 0);
    CHECK(memcmp(other.item, data.item, (size_t)data.rows * 4) == 0);
    CHECK(memcmp(other.value, data.value, (size_t)data.rows * 4) == 0);
    cor_kcore_free(&core);
    cor_interactions_free(&data);
    cor_interactions_free(&other);
    free_plainly(c);
    plain_free(&q);
    plain_free(&p);
}

static void nobody_stays(void **state)
{
    (void)state;
    plain p = plain_random(5, 300, 100, 100);
    cor_interactions data = spread(team, &p, 4, 1, false);
    cor_kcore_options o = {50, 50, false};
    cor_kcore core;
    CHECK(cor_kcore_find(team, &data, &o, NULL, &core) == COR_EDATA);
    cor_kcore_free(&core);
    o.users = 0;
    CHECK(cor_kcore_find(team, &data, &o, NULL, &core) == COR_EUSAGE);
    cor_kcore_free(&core);
    cor_interactions_free(&data);
    plain_free(&p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(same_as_loops),
    cmocka_unit_test(many_rounds),
    cmocka_unit_test(more_ranks_than_rows),
    cmocka_unit_test(threads_change_nothing),
    cmocka_unit_test(cuts_rows_and_tables),
    cmocka_unit_test(cuts_others_alike),
    cmocka_unit_test(joins_others_by_id),
    cmocka_unit_test(nobody_stays)};

TEAM_TESTS(tests)
