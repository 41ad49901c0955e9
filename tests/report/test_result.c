/* Results: what is printed for programs and for people. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static char page[1 << 16];

/* What one of the two forms prints. */
static const char *printed(const cor_result *result, bool json)
{
    FILE *file = tmpfile();
    int rc = json ? cor_result_print_json(result, file)
                  : cor_result_print_table(result, file);
    rewind(file);
    size_t length = fread(page, 1, sizeof page - 1, file);
    page[length] = '\0';
    fclose(file);
    return rc == COR_OK ? page : "failed";
}

static void expect(const cor_result *result, bool json, const char *text)
{
    const char *is = printed(result, json);
    bool same = strcmp(is, text) == 0;
    if (!same)
        fprintf(stderr, "printed:\n%s\nexpected:\n%s\n", is, text);
    CHECK(same);
}

static void empty(void **state)
{
    (void)state;
    cor_result *result = NULL;
    CHECK_OK(cor_result_create(&result));
    expect(result, true, "{}\n");
    expect(result, false, "");
    cor_result_destroy(&result);
    CHECK(result == NULL);
    cor_result_destroy(&result);
}

static void scalars(void **state)
{
    (void)state;
    cor_result *result = NULL;
    CHECK_OK(cor_result_create(&result));
    cor_result_int(result, "most", INT64_MAX);
    cor_result_int(result, "least", INT64_MIN);
    cor_result_int(result, "user", 1234567);
    cor_result_real(result, "rmse", 0.875412345);
    cor_result_real(result, "whole", 3);
    cor_result_real(result, "large", -1234567.9);
    cor_result_real(result, "nan", NAN);
    cor_result_real(result, "infinite", -INFINITY);
    cor_result_bool(result, "converged", true);
    cor_result_text(result, "digest", NULL);
    cor_result_text(result, "path", "a\n\"b\"");
    cor_result_int(result, "most", 7); /* the last one counts */
    expect(result, true,
           "{\"most\": 7, \"least\": -9223372036854775808, \"user\": 1234567, "
           "\"rmse\": 0.87541234499999998, \"whole\": 3.0, \"large\": "
           "-1234567.8999999999, \"nan\": null, \"infinite\": null, "
           "\"converged\": true, \"digest\": null, \"path\": "
           "\"a\\n\\\"b\\\"\"}\n");
    expect(result, false,
           "most       7\n"
           "least      -9,223,372,036,854,775,808\n"
           "user       1234567\n"
           "rmse       0.875412\n"
           "whole      3\n"
           "large      -1,234,568\n"
           "nan        -\n"
           "infinite   -\n"
           "converged  yes\n"
           "digest     -\n"
           "path       a \"b\"\n");
    cor_result_destroy(&result);
}

/* JSON must be UTF-8 whatever a file is called. */
static void bytes_that_are_no_text(void **state)
{
    (void)state;
    cor_result *result = NULL;
    CHECK_OK(cor_result_create(&result));
    cor_result_text(result, "caf\xe9", "caf\xe9\xff");
    cor_result_text(result, "caf\xc3\xa9", "\xe2\x82\xac");
    expect(result, true,
           "{\"caf?\": \"caf??\", \"caf\xc3\xa9\": \"\xe2\x82\xac\"}\n");
    cor_result_destroy(&result);
}

static void numbers_of_a_column_share_their_decimals(void **state)
{
    (void)state;
    cor_result *result = NULL;
    CHECK_OK(cor_result_create(&result));
    cor_result *history = cor_result_list(result, "history");
    const double valid[3] = {0.9, 0.87655, NAN}, tiny[3] = {1e-9, 1, 2};
    for (int i = 0; i < 3; i++) {
        cor_result *line = cor_result_append_object(history);
        cor_result_int(line, "iteration", i + 1);
        cor_result_real(line, "valid", valid[i]);
        if (i > 0)
            cor_result_real(line, "step", tiny[i - 1]);
        if (i == 2)
            cor_result_text(line, "note", "best");
    }
    expect(result, false,
           "history\n"
           "  iteration   valid   step  note\n"
           "          1  0.9000\n"
           "          2  0.8766  1e-09\n"
           "          3       -      1  best\n");
    cor_result_destroy(&result);
}

static void long_lists_wrap(void **state)
{
    (void)state;
    cor_result *result = NULL;
    CHECK_OK(cor_result_create(&result));
    cor_result *weights = cor_result_list(result, "weights");
    for (int i = 0; i < 40; i++)
        cor_result_append_int(weights, 1000 + i);
    cor_result *mixed = cor_result_list(result, "mixed");
    cor_result_append_real(mixed, 0.25);
    cor_result_append_real(cor_result_append_list(mixed), 1);
    cor_result_append_text(mixed, "x");
    const char *text = printed(result, false);
    CHECK(strncmp(text, "weights  1,000, 1,001, ", 23) == 0);
    CHECK(strstr(text, ",\n         1,0") != NULL);
    CHECK(strstr(text, "mixed\n  0.25\n  [1.0]\n  x\n") != NULL);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        CHECK(strcspn(line, "\n") <= 80);
    }
    cor_result_destroy(&result);
}

/* A thousand parts, each within the one before. */
static void deep_and_wide(void **state)
{
    (void)state;
    cor_result *result = NULL;
    CHECK_OK(cor_result_create(&result));
    cor_result *at = result;
    for (int i = 0; i < 100; i++)
        at = cor_result_object(at, "inner");
    cor_result *list = cor_result_list(result, "list");
    for (int i = 0; i < 1000; i++)
        cor_result_append_int(cor_result_append_list(list), i);
    CHECK(strcmp(printed(result, true), "failed") != 0);
    CHECK(strcmp(printed(result, false), "failed") != 0);
    cor_result_destroy(&result);
}

static void output_that_fails(void **state)
{
    (void)state;
    cor_result *result = NULL;
    CHECK_OK(cor_result_create(&result));
    cor_result_int(result, "users", 1);
    FILE *full = fopen("/dev/full", "w");
    CHECK(full != NULL);
    CHECK(cor_result_print_json(result, full) == COR_EIO);
    CHECK(strstr(cor_message(), "No space left") != NULL);
    CHECK(cor_result_print_table(result, full) == COR_EIO);
    fclose(full);
    cor_result_destroy(&result);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(empty),
    cmocka_unit_test(scalars),
    cmocka_unit_test(bytes_that_are_no_text),
    cmocka_unit_test(numbers_of_a_column_share_their_decimals),
    cmocka_unit_test(long_lists_wrap),
    cmocka_unit_test(deep_and_wide),
    cmocka_unit_test(output_that_fails),
};

TEAM_TESTS(tests)
