#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/recommend.h"
#include "planted_model.h"

#include <float.h>
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

/* ---- models made to mislead a bound ---- */

typedef struct odd {
    const char *name;
    float (*factor)(bool item, int64_t row, int64_t k);
    float (*bias)(bool item, int64_t row); /* NULL: none */
} odd;

static float nothing(bool item, int64_t row, int64_t k)
{
    (void)item, (void)row, (void)k;
    return 0;
}

static float plain(bool item, int64_t row, int64_t k)
{
    return planted_number(item, row, k);
}

/* Rows of one length. */
static float signs(bool item, int64_t row, int64_t k)
{
    return planted_number(item, row, k) < 0 ? -0.5f : 0.5f;
}

/* Few different rows, whose scores are small whole numbers. */
static float ties(bool item, int64_t row, int64_t k)
{
    return (row * 5 + k + item) % 3 == 0 ? 1 : 0;
}

/* Lengths from 2^-60 to 2^60, in no order. */
static float mixed(bool item, int64_t row, int64_t k)
{
    return ldexpf(planted_number(item, row, k), (int)(row * 37 % 121) - 60);
}

/* All on one line, so that a score is as large as its bound. */
static float parallel(bool item, int64_t row, int64_t k)
{
    float step = (float)(row * 29 % ITEMS) * (item ? 0x1p-23f : 1);
    return planted_number(9, 0, k) * (1 + step);
}

/* So nearly so that rounding alone decides. */
static float rounded(bool item, int64_t row, int64_t k)
{
    float step = item ? truncf(3 * planted_number(10, row, k)) : (float)row;
    return planted_number(9, 0, k) * (1 + step * (item ? 0x1p-23f : 1));
}

static float opposite(bool item, int64_t row, int64_t k)
{
    float size = fabsf(planted_number(item, row, k));
    return item ? -size : size;
}

/* Beyond what a float holds, and below. */
static float extreme(bool item, int64_t row, int64_t k)
{
    float number = planted_number(item, row, k);
    switch (row % 40) {
    case 7:
        return number * 0x1p126f;
    case 8:
        return item && k == 0 ? INFINITY : number;
    case 9:
        return k == 0 ? NAN : number;
    case 10:
        return number * 0x1p-140f;
    default:
        return number;
    }
}

/* Some products overflow, and a bias that is as much below leaves their bound
   small; the other items have biases only. */
static float brink(bool item, int64_t row, int64_t k)
{
    if (k > 0 || (item && row % 3 > 0))
        return 0;
    return item ? 0x1.2p65f * (1 + (float)row * 0x1p-14f) : 0x1p63f;
}

static float brink_bias(bool item, int64_t row)
{
    if (!item)
        return 0;
    return row % 3 > 0 ? FLT_MAX / 2 : -0.99f * FLT_MAX;
}

/* Products do not overflow, but their sums with the biases do: all are equal.
 */
static float brim(bool item, int64_t row, int64_t k)
{
    if (k > 0)
        return 0;
    return item ? 0x1p62f * (1 + (float)row * 0x1p-12f) : 0x1p63f;
}

static float brim_bias(bool item, int64_t row)
{
    (void)row;
    return item ? 0.9f * FLT_MAX : 0;
}

static float biases(bool item, int64_t row)
{
    return planted_number(5, row, item);
}

static float great_biases(bool item, int64_t row)
{
    return 100 * biases(item, row);
}

static float small_biases(bool item, int64_t row)
{
    return 1e-5f * biases(item, row);
}

static float odd_bias(const odd *o, bool item, int64_t row)
{
    return o->bias && planted_ratings(item, row) ? o->bias(item, row) : 0;
}

static void make_odd(const odd *o, const planted *p, cor_model *model)
{
    for (int side = 0; side < 2; side++) {
        cor_model_side *rows = side ? &model->item : &model->user;
        for (int64_t i = 0; i < rows->count; i++) {
            int64_t row = rows->first + i;
            rows->bias[i] = odd_bias(o, side, row);
            for (int64_t k = 0; k < p->factors; k++)
                rows->factor[i * model->ld + k] =
                    planted_ratings(side, row) ? o->factor(side, row, k) : 0;
        }
    }
}

/* Some have seen everything, some nothing. */
static bool has_seen(int64_t user, int64_t item)
{
    return user % 5 == 0 || (user % 5 > 1 && (user + item) % 3 == 0);
}

static int see_some(const cor_model *model, cor_queries *queries)
{
    int64_t items = model->item.rows, count = queries->id.count;
    COR_TRY(COR_NEW(&queries->seen, count * items));
    for (int64_t q = 0; q < count; q++)
        for (int64_t i = 0; i < items; i++)
            if (has_seen(model->user.first + q, i))
                queries->seen[queries->seen_count++] =
                    (uint64_t)q << 32 | (uint64_t)i;
    return COR_OK;
}

/* All items by their scores, each taken alone. */
static int64_t odd_list(const odd *o, const planted *p, int64_t user,
                        candidate *list)
{
    static float x[256], y[256];
    int64_t count = 0, ld = cor_padded(p->factors);
    memset(x, 0, sizeof x);
    memset(y, 0, sizeof y);
    for (int64_t k = 0; k < p->factors; k++)
        x[k] = o->factor(false, user, k);
    for (int64_t i = 0; i < p->items; i++) {
        float dot;
        if (planted_ratings(true, i) == 0 || has_seen(user, i))
            continue;
        for (int64_t k = 0; k < p->factors; k++)
            y[k] = o->factor(true, i, k);
        cor_score_tile(x, 1, y, 1, ld, &dot);
        float order = odd_bias(o, true, i) + dot;
        if (order > -INFINITY)
            list[count++] = (candidate){order, (int32_t)i};
    }
    qsort(list, (size_t)count, sizeof *list, by_score);
    return count;
}

static bool is_odd_list(const odd *o, const planted *p, int64_t user,
                        const cor_toplists *lists, int64_t query)
{
    static candidate all[ITEMS];
    int64_t count = odd_list(o, p, user, all);
    const int32_t *item = lists->item + query * lists->n;
    const double *score = lists->score + query * lists->n;
    double offset = p->bias ? planted_mean : 0;
    offset += (double)odd_bias(o, false, user);
    for (int64_t i = 0; i < lists->n; i++) {
        double right = i < count ? offset + (double)all[i].order : 0;
        if (item[i] != (i < count ? all[i].item : -1) || score[i] != right)
            return false;
    }
    return true;
}

static void check_odd(const odd *o, int64_t factors, int64_t n)
{
    planted p = {.users = 60,
                 .items = ITEMS,
                 .factors = factors,
                 .bias = o->bias != NULL,
                 .text = true};
    cor_model model;
    cor_queries queries;
    cor_toplists lists;
    CHECK_OK(plant_model(team, &p, &model));
    make_odd(o, &p, &model);
    CHECK_OK(cor_queries_of_model(team, &model, &queries));
    CHECK_OK(see_some(&model, &queries));
    CHECK_OK(cor_recommend(team, &model, &queries, n, NULL, &lists));
    bool good = true;
    for (int64_t q = 0; good && q < lists.count; q++)
        if (planted_ratings(false, model.user.first + q) > 0)
            good = is_odd_list(o, &p, model.user.first + q, &lists, q);
    if (!good)
        print_error("%s, %d factors, lists of %d\n", o->name, (int)factors,
                    (int)n);
    CHECK(good);
    cor_toplists_free(&lists);
    cor_queries_free(&queries);
    cor_model_free(&model);
}

static void whatever_the_factors_are(void **state)
{
    (void)state;
    static const odd models[] = {
        {"nothing", nothing, NULL},
        {"biases alone", nothing, biases},
        {"plain", plain, biases},
        {"great biases", plain, great_biases},
        {"signs", signs, NULL},
        {"ties", ties, NULL},
        {"ties and biases", ties, biases},
        {"mixed", mixed, biases},
        {"parallel", parallel, NULL},
        {"parallel and biases", parallel, small_biases},
        {"opposite", opposite, NULL},
        {"rounded", rounded, NULL},
        {"opposite and biases", opposite, biases},
        {"brim", brim, brim_bias},
        {"brink", brink, brink_bias},
        {"extreme", extreme, biases}};
    static const int64_t factors[] = {1, 3, 64, 200};
    for (size_t m = 0; m < sizeof models / sizeof *models; m++)
        for (size_t f = 0; f < sizeof factors / sizeof *factors; f++)
            check_odd(&models[m], factors[f], m % 2 == 0 ? 10 : 1);
    check_odd(&models[2], 64, ITEMS + 50);
    check_odd(&models[5], 3, ITEMS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(as_a_full_sort),
    cmocka_unit_test(without_what_was_seen),
    cmocka_unit_test(lists_longer_than_the_catalogue),
    cmocka_unit_test(whatever_the_factors_are),
    cmocka_unit_test(users_by_id),
    cmocka_unit_test(names_of_items),
};

TEAM_TESTS(tests)
