#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/recommend.h"
#include "planted_model.h"

#include <math.h>

enum { USERS = 75, ITEMS = 700, N = 12, EVERY = 11 };

static const planted with_ties = {.users = USERS,
                                  .items = ITEMS,
                                  .factors = 9,
                                  .bias = true,
                                  .titles = true,
                                  .repeat = 3};

/* One item of a full list: the slow and obvious way. */
typedef struct candidate {
    float order;
    int32_t item;
} candidate;

static int by_score(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->order != y->order)
        return x->order < y->order ? 1 : -1;
    return (x->item > y->item) - (x->item < y->item);
}

/* b_i + x . y, the dot product taken alone. */
static float order_of(const planted *p, int64_t user, int64_t item)
{
    float x[64] = {0}, y[64] = {0}, dot;
    for (int64_t k = 0; k < p->factors; k++) {
        x[k] = planted_factor(p, false, user, k);
        y[k] = planted_factor(p, true, item, k);
    }
    cor_score_tile(x, 1, y, 1, cor_padded(p->factors), &dot);
    return planted_bias(p, true, item) + dot;
}

static float popularity_of(int64_t item)
{
    double count = (double)planted_ratings(true, item);
    return (float)((count * (double)planted_average(true, item) +
                    10 * planted_mean) /
                   (count + 10));
}

/* All items in order for a user; -1 is one of whom nothing is known. */
static int64_t full_list(const planted *p, int64_t user, bool unseen,
                         candidate *list)
{
    int64_t count = 0;
    for (int64_t i = 0; i < p->items; i++) {
        if (planted_ratings(true, i) == 0 ||
            (unseen && planted_meets(user, i, EVERY)))
            continue;
        float order = user < 0 ? popularity_of(i) : order_of(p, user, i);
        list[count++] = (candidate){order, (int32_t)i};
    }
    qsort(list, (size_t)count, sizeof *list, by_score);
    return count;
}

static bool same_list(const planted *p, int64_t user, bool unseen,
                      const cor_toplists *lists, int64_t at)
{
    static candidate all[ITEMS];
    bool popular = user < 0 || planted_ratings(false, user) == 0;
    int64_t count = full_list(p, popular ? -1 : user, unseen && !popular, all);
    const int32_t *item = lists->item + at * lists->n;
    const double *score = lists->score + at * lists->n;
    for (int64_t i = 0; i < lists->n; i++) {
        if (i >= count) {
            if (item[i] != -1)
                return false;
            continue;
        }
        double expected = popular ? (double)popularity_of(all[i].item)
                                  : planted_score(p, user, all[i].item);
        /* a chain of sums of k + 1 floats below 1 errs by no more */
        double terms = (double)p->factors + 1;
        double bound = terms * terms * 0x1p-24;
        if (item[i] != all[i].item || fabs(score[i] - expected) > bound)
            return false;
    }
    return true;
}

/* Lists of all users of the model, with or without what they have seen. */
static int recommend_all(const cor_team *t, const planted *p, bool unseen,
                         int64_t n, cor_toplists *lists, int64_t *first)
{
    cor_model model;
    cor_queries queries;
    cor_interactions seen = {0};
    COR_TRY(plant_model(t, p, &model));
    *first = model.user.first;
    COR_TRY(cor_queries_of_model(t, &model, &queries));
    int rc = COR_OK;
    if (unseen)
        rc =
            plant_interactions(t, p->users, p->items, 0, EVERY, p->text, &seen);
    if (rc == COR_OK && unseen)
        rc = cor_queries_see(t, &model, &seen, &queries);
    if (rc == COR_OK)
        rc = cor_recommend(t, &model, &queries, n, NULL, lists);
    cor_interactions_free(&seen);
    cor_queries_free(&queries);
    cor_model_free(&model);
    return rc;
}

static void check_all(const planted *p, bool unseen, int64_t n)
{
    cor_toplists lists, alone;
    int64_t first, zero;
    cor_team_set_threads(team, 2);
    CHECK_OK(recommend_all(team, p, unseen, n, &lists, &first));
    cor_team_set_threads(team, 1);
    bool good = lists.n == (n < p->items ? n : p->items);
    for (int64_t q = 0; good && q < lists.count; q++)
        if (planted_ratings(false, first + q) > 0 || !unseen)
            good = same_list(p, first + q, unseen, &lists, q);
    CHECK(good);

    cor_team *solo;
    CHECK_OK(cor_team_split(team, cor_team_rank(team), &solo));
    CHECK_OK(recommend_all(solo, p, unseen, n, &alone, &zero));
    size_t from = (size_t)(first * lists.n),
           cells = (size_t)(lists.count * lists.n);
    CHECK(memcmp(lists.item, alone.item + from, cells * 4) == 0);
    CHECK(memcmp(lists.score, alone.score + from, cells * 8) == 0);
    cor_team_destroy(&solo);
    cor_toplists_free(&lists);
    cor_toplists_free(&alone);
}

static void as_a_full_sort(void **state)
{
    (void)state;
    check_all(&with_ties, false, N);
    planted plain = {.users = 40, .items = 530, .factors = 32, .text = true};
    check_all(&plain, false, 1);
}

static void without_what_was_seen(void **state)
{
    (void)state;
    check_all(&with_ties, true, N);
    planted plain = {.users = 40, .items = 530, .factors = 32, .text = true};
    check_all(&plain, true, 25);
}

static void lists_longer_than_the_catalogue(void **state)
{
    (void)state;
    planted tiny = {.users = 5, .items = 6, .factors = 3, .bias = true};
    check_all(&tiny, true, 50);
}

/* Ids as they are asked for: the model's row of each, -1 for none. */
static const int64_t asked[] = {7, -1, 3, 0, 74, 31};
enum { ASKED = sizeof asked / sizeof *asked };

static int ask(int64_t first, int64_t count, cor_ids *ids)
{
    *ids = (cor_ids){.total = ASKED,
                     .first = first,
                     .count = count,
                     .text = true,
                     .width = 20};
    COR_TRY(cor_allocate_zeroed(&ids->bytes, count, 20, "ids"));
    for (int64_t i = 0; i < count; i++) {
        int64_t row = asked[first + i];
        snprintf(ids->bytes + i * 20, 20, "%d",
                 row < 0 ? 77 : (int)planted_id(row));
    }
    return COR_OK;
}

static void users_by_id(void **state)
{
    (void)state;
    int64_t rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t first = ASKED * rank / size;
    int64_t count = ASKED * (rank + 1) / size - first;
    cor_model model;
    cor_queries queries;
    cor_toplists lists;
    cor_ids ids;
    CHECK_OK(plant_model(team, &with_ties, &model));
    CHECK_OK(ask(first, count, &ids));
    CHECK_OK(cor_queries_of_ids(team, &model, &ids, &queries));
    CHECK(queries.absent == 1);
    CHECK_OK(cor_recommend(team, &model, &queries, N, NULL, &lists));
    bool good = lists.count == count;
    for (int64_t q = 0; good && q < count; q++) {
        int64_t user = asked[first + q];
        bool known = user >= 0 && planted_ratings(false, user) > 0;
        good = queries.known[q] == known &&
               same_list(&with_ties, user, false, &lists, q);
    }
    CHECK(good);
    cor_toplists_free(&lists);
    cor_queries_free(&queries);
    cor_model_free(&model);
}

/* The names of items that stand with other ranks. */
static void names_of_items(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    int32_t item[COUNT], row[COUNT];
    cor_model model;
    cor_names *names;
    CHECK_OK(plant_model(team, &with_ties, &model));
    for (int i = 0; i < COUNT; i++)
        item[i] = row[i] = i % 5 == 2 ? -1 : (i * 97) % ITEMS;
    CHECK_OK(cor_names_create(team, &model.item.id, &model.item_title, item,
                              COUNT, &names));
    bool good = true;
    for (int i = 0; i < COUNT; i++) {
        char id[64], title[64], expected[64];
        if (row[i] < 0) {
            good = good && item[i] == -1;
            continue;
        }
        cor_ids_print(cor_names_id(names), item[i], id, sizeof id);
        cor_ids_print(cor_names_title(names), item[i], title, sizeof title);
        snprintf(expected, sizeof expected, "Title, of %d",
                 (int)planted_id(row[i]));
        good = good && atoll(id) == planted_id(row[i]) &&
               strcmp(title, expected) == 0;
    }
    CHECK(good);
    cor_names_destroy(&names);
    cor_model_free(&model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(as_a_full_sort),
    cmocka_unit_test(without_what_was_seen),
    cmocka_unit_test(lists_longer_than_the_catalogue),
    cmocka_unit_test(users_by_id),
    cmocka_unit_test(names_of_items),
};

TEAM_TESTS(tests)
