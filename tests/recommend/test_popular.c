/* Popular items against a plain sum and a plain sort. */
#define TEAM_TEST_MAIN
#include "prepare/rows.h"

#include "coracle/popular.h"

#include <math.h>

static enum cor_popular_by sort_by;

static int better(const void *a, const void *b)
{
    const cor_popular_item *x = a, *y = b;
    int mean = (x->mean < y->mean) - (x->mean > y->mean);
    int count = (x->count < y->count) - (x->count > y->count);
    int first = sort_by == COR_POPULAR_MEAN ? mean : count;
    int second = sort_by == COR_POPULAR_MEAN ? count : mean;
    if (first || second)
        return first ? first : second;
    return (x->item > y->item) - (x->item < y->item);
}

/* All items with enough rows, best first; `count` of them. */
static cor_popular_item *
list_plainly(const plain *p, const cor_popular_options *o, int64_t *count)
{
    cor_popular_item *list = calloc((size_t)p->items, sizeof *list);
    for (int64_t i = 0; i < p->items; i++)
        list[i].item = i;
    for (int64_t r = 0; r < p->rows; r++) {
        list[p->item[r]].count++;
        list[p->item[r]].mean += (double)p->value[r];
    }
    *count = 0;
    for (int64_t i = 0; i < p->items; i++)
        if (list[i].count >= o->min_interactions) {
            list[*count] = list[i];
            list[(*count)++].mean /= (double)list[i].count;
        }
    sort_by = o->how.by;
    qsort(list, (size_t)*count, sizeof *list, better);
    return list;
}

static void check(const plain *p, const cor_popular_options *o)
{
    cor_interactions data = spread(team, p, 8, 1, true);
    cor_popular_item *list = NULL;
    int64_t count = 0, plain_count = 0;
    cor_popular_item *wanted = list_plainly(p, o, &plain_count);
    if (plain_count > o->most)
        plain_count = o->most;
    CHECK_OK(cor_popular_items(team, &data, o, &list, &count));
    CHECK(count == plain_count);
    bool good = true;
    for (int64_t i = 0; i < count; i++)
        good = good && list[i].item == wanted[i].item &&
               list[i].count == wanted[i].count &&
               list[i].mean == wanted[i].mean; /* to the bit */
    CHECK(good);
    cor_free(list);
    free(wanted);
    cor_interactions_free(&data);
}

static void same_as_a_plain_sort(void **state)
{
    (void)state;
    plain p = plain_random(13, 4000, 300, 150);
    for (int64_t r = 0; r < p.rows; r++)
        p.value[r] -= 3.0f; /* means on both sides of 0 */
    cor_popular_options o = {7, 1, {COR_POPULAR_MEAN, 0}};
    for (o.most = 1; o.most < 400; o.most *= 3) {
        o.how.by = COR_POPULAR_MEAN;
        o.min_interactions = 5;
        check(&p, &o);
        o.how.by = COR_POPULAR_COUNT;
        o.min_interactions = 1;
        check(&p, &o);
    }
    plain_free(&p);
}

/* All means and counts alike: the order of items decides. */
static void ties_in_the_order_of_items(void **state)
{
    (void)state;
    plain p = plain_of(60, 20, 30);
    for (int64_t r = 0; r < 60; r++) {
        p.user[r] = (int32_t)(r / 3);
        p.item[r] = (int32_t)(r * 7 % 30);
        p.value[r] = 3.5f;
    }
    const cor_popular_options o = {12, 2, {COR_POPULAR_MEAN, 0}};
    check(&p, &o);
    plain_free(&p);
}

static void nothing_has_enough(void **state)
{
    (void)state;
    plain p = plain_random(13, 50, 30, 20);
    const cor_popular_options o = {5, 1000, {COR_POPULAR_MEAN, 0}};
    check(&p, &o);
    const cor_popular_options bad = {0, 1, {COR_POPULAR_MEAN, 0}};
    cor_interactions data = spread(team, &p, 2, 1, true);
    cor_popular_item *list = NULL;
    int64_t count;
    CHECK(cor_popular_items(team, &data, &bad, &list, &count) == COR_EUSAGE);
    cor_interactions_free(&data);
    plain_free(&p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(same_as_a_plain_sort),
    cmocka_unit_test(ties_in_the_order_of_items),
    cmocka_unit_test(nothing_has_enough)};

TEAM_TESTS(tests)
