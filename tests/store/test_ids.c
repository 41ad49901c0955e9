#define TEAM_TEST_MAIN
#include "scratch.h"

#include "coracle/ids.h"

static const cor_file_options options = {.force = true};

/* Id `row` of a table: "ä" and more in texts, so that bytes are not letters. */
static int64_t number_at(int64_t row)
{
    return row * 7919 % 100003 - 50000;
}

static void text_at(int64_t row, char *out, size_t size)
{
    memset(out, 0, size);
    if (row % 5 == 4)
        snprintf(out, size, "%lld", (long long)number_at(row));
    else if (row != 0) /* row 0 is the empty text */
        snprintf(out, size, "\xc3\xa4%lld\xe2\x82\xac", (long long)row);
}

/* A table cut unevenly: rank r of n has about r+1 parts of the rows. */
static int make_table(bool text, int64_t total, int64_t width, cor_ids *ids)
{
    int64_t size = cor_team_size(team), rank = cor_team_rank(team);
    int64_t parts = size * (size + 1) / 2;
    int64_t first = total * (rank * (rank + 1) / 2) / parts;
    int64_t end = total * ((rank + 1) * (rank + 2) / 2) / parts;
    *ids = (cor_ids){.total = total,
                     .first = first,
                     .count = end - first,
                     .text = text,
                     .width = text ? width : 0};
    ids->number = text ? NULL : malloc((size_t)ids->count * 8 + 1);
    ids->bytes = text ? malloc((size_t)(ids->count * width) + 1) : NULL;
    for (int64_t i = 0; i < ids->count; i++)
        if (text)
            text_at(first + i, ids->bytes + i * width, (size_t)width);
        else
            ids->number[i] = number_at(first + i);
    return COR_OK;
}

static bool holds_rows(const cor_ids *ids)
{
    char expected[64], printed[64];
    for (int64_t i = 0; i < ids->count; i++) {
        if (ids->text)
            text_at(ids->first + i, expected, sizeof expected);
        else
            snprintf(expected, sizeof expected, "%lld",
                     (long long)number_at(ids->first + i));
        cor_ids_print(ids, i, printed, sizeof printed);
        if (strcmp(expected, printed) != 0)
            return false;
    }
    return true;
}

static void even_run(int64_t total, int64_t *first, int64_t *count)
{
    int64_t size = cor_team_size(team), rank = cor_team_rank(team);
    *first = total * rank / size;
    *count = total * (rank + 1) / size - *first;
}

static void check_table(bool text, int64_t total, int64_t width)
{
    cor_ids ids, read = {0}, other;
    cor_file *file;
    int64_t first, count;
    const char *path = in_scratch("ids.h5");
    CHECK_OK(make_table(text, total, width, &ids));
    CHECK_OK(cor_file_create(team, path, "test", &options, &file));
    CHECK_OK(cor_ids_write(file, "users/id", &ids));
    CHECK_OK(cor_file_commit(&file));
    even_run(total, &first, &count);
    CHECK_OK(cor_file_open(team, path, "test", &file));
    CHECK_OK(cor_ids_read(file, "users/id", first, count, &read));
    cor_file_close(&file);
    CHECK(read.text == text && read.total == total && read.count == count);
    CHECK(holds_rows(&read));
    CHECK_OK(cor_ids_move(team, &ids, first, count));
    CHECK(ids.first == first && ids.count == count && holds_rows(&ids));
    CHECK(cor_ids_equal(team, &ids, &read));
    CHECK_OK(make_table(text, total + 1, width + 3, &other));
    CHECK(!cor_ids_equal(team, &other, &read));
    CHECK(cor_ids_equal(team, &other, &other));
    cor_ids_free(&other);
    cor_ids_free(&ids);
    cor_ids_free(&read);
}

static void tables_come_back(void **state)
{
    (void)state;
    check_table(false, 1000, 0);
    check_table(false, 2, 0);
    check_table(false, 0, 0);
    check_table(true, 1000, 40);
    check_table(true, 100000, 12);
    check_table(true, 2, 16);
    check_table(true, 0, 1);
}

static void equal_tables_differ_in_one_byte(void **state)
{
    (void)state;
    cor_ids a, b;
    CHECK_OK(make_table(true, 100, 20, &a));
    CHECK_OK(make_table(true, 100, 30, &b)); /* padding does not count */
    CHECK(cor_ids_equal(team, &a, &b));
    if (cor_team_rank(team) == cor_team_size(team) - 1)
        b.bytes[(b.count - 1) * 30] ^= 1;
    CHECK(!cor_ids_equal(team, &a, &b));
    cor_ids_free(&a);
    cor_ids_free(&b);
}

/* Ask a table of `total` for every row and for as many that it lacks, from
   runs that are cut in another way. */
static void check_directory(bool text, bool asked_as_text, int64_t total)
{
    cor_ids ids, asked = {0};
    cor_directory *directory;
    int64_t first, count;
    CHECK_OK(make_table(text, total, 24, &ids));
    CHECK_OK(cor_directory_create(team, &ids, &directory));
    even_run(2 * total, &first, &count);
    asked = (cor_ids){.total = 2 * total,
                      .first = first,
                      .count = count,
                      .text = asked_as_text,
                      .width = asked_as_text ? 40 : 0};
    asked.bytes = calloc((size_t)count + 1, 40);
    asked.number = calloc((size_t)count + 1, 8);
    int64_t *row = malloc((size_t)count * 8 + 8);
    for (int64_t i = 0; i < count; i++) {
        int64_t wanted = (first + i) * 37 % (2 * total);
        asked.number[i] = number_at(wanted);
        if (asked_as_text && text)
            text_at(wanted, asked.bytes + 40 * i, 40);
        else
            snprintf(asked.bytes + 40 * i, 40, i % 7 == 3 ? "x%lld" : "%lld",
                     (long long)asked.number[i]);
    }
    CHECK_OK(cor_directory_find(directory, &asked, row));
    bool right = true;
    for (int64_t i = 0; i < count; i++) {
        int64_t wanted = (first + i) * 37 % (2 * total);
        bool known = wanted < total;
        if (text && !asked_as_text)
            known = known && wanted % 5 == 4; /* rows that are numbers */
        if (!text && asked_as_text)
            known = known && i % 7 != 3;
        right = right && row[i] == (known ? wanted : -1);
    }
    CHECK(right);
    free(row);
    cor_ids_free(&asked);
    cor_directory_destroy(&directory);
    cor_directory_destroy(&directory);
    cor_ids_free(&ids);
}

static void directories_find_all_and_nothing_else(void **state)
{
    (void)state;
    check_directory(false, false, 20000);
    check_directory(true, true, 20000);
    check_directory(false, true, 3000);
    check_directory(true, false, 3000);
    check_directory(false, false, 1);
    check_directory(true, true, 2);
}

static void empty_directories_know_nothing(void **state)
{
    (void)state;
    cor_ids none, some;
    cor_directory *directory;
    for (int text = 0; text < 2; text++) {
        CHECK_OK(make_table(text, 0, 1, &none));
        CHECK_OK(make_table(text, 10, 20, &some));
        CHECK_OK(cor_directory_create(team, &none, &directory));
        int64_t row[10];
        CHECK_OK(cor_directory_find(directory, &some, row));
        bool right = true;
        for (int64_t i = 0; i < some.count; i++)
            right = right && row[i] == -1;
        CHECK(right);
        cor_directory_destroy(&directory);
        cor_ids_free(&none);
        cor_ids_free(&some);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tables_come_back),
    cmocka_unit_test(equal_tables_differ_in_one_byte),
    cmocka_unit_test(directories_find_all_and_nothing_else),
    cmocka_unit_test(empty_directories_know_nothing),
};
STORE_TESTS(tests)
