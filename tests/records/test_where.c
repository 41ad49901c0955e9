/* Conditions: what they mean, and where they are wrong. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/json.h"
#include "coracle/where.h"

#include <string.h>

static const char record[] =
    "{\"title\": \"Senior Data Scientist\", \"n\": 5, \"text5\": \"5\", "
    "\"real\": 2.5, \"big\": 12345678901234567890123, \"huge\": 1e400, "
    "\"id\": 9007199254740993, \"yes\": true, \"none\": null, \"empty\": \"\", "
    "\"salary\": {\"value\": {\"max\": \"273000\", \"min\": 198000}}, "
    "\"tags\": [\"15-1111.00\", \"Computer \\u0053cientists\", 7, null], "
    "\"nested\": [[1, 2], {\"a\": [3, {\"b\": \"deep\"}]}], "
    "\"escaped\": \"a\\\"b\\\\c\\n\\u00e9\\ud83d\\ude00\\ud800\", "
    "\"Umlaut\": \"Z\xc3\x9cRICH\", \"a.b\": 1, \"x y\": 2, \"twice\": 1, "
    "\"twice\": {\"in\": 1}, \"twice\": {\"out\": 2}, \"neg\": -3}\n";

typedef struct expected {
    const char *text;
    bool fits;
} expected;

static bool fits(const char *text, const char *line)
{
    char padded[2048] = "";
    cor_where *where = NULL;
    cor_where_scratch *scratch = NULL;
    cor_json *json = NULL;
    cor_json_record r = {0};
    bool holds = false;
    int paths = 0;
    snprintf(padded, sizeof padded, "%s", line);
    int rc = cor_where_compile(text, "where", &where);
    if (rc == COR_OK) {
        const cor_path *path = cor_where_paths(where, &paths);
        rc = cor_json_create(path, paths, &json);
    }
    if (rc == COR_OK)
        rc = cor_where_scratch_create(true, &scratch);
    if (rc == COR_OK) {
        cor_json_begin(json, padded, strlen(padded));
        rc = cor_json_next(json, &r);
    }
    if (rc == COR_OK && !r.fault.what)
        rc = cor_where_test(where, scratch, r.field, &holds);
    if (rc != COR_OK || r.fault.what)
        fprintf(stderr, "%s: %s%s\n", text, cor_message(),
                r.fault.what ? r.fault.what : "");
    CHECK(rc == COR_OK && !r.fault.what);
    cor_where_destroy(&where);
    cor_where_scratch_destroy(&scratch);
    cor_json_destroy(&json);
    return holds;
}

static const expected meanings[] = {
    {"title icontains \"data scientist\"", true},
    {"title contains \"data scientist\"", false},
    {"title contains 'Data S'", true},
    {"title matches '^Senior\\b'", true},
    {"title matches \"s\\\\w+t$\"", false},
    {"title matches \"(?i)s\\\\w+t$\"", true},
    {"Umlaut icontains 'z\xc3\xbcri'", true},
    {"Umlaut matches '^.{6}$'", true},
    /* numbers, and texts that hold one */
    {"n = 5 and n == 5.0 and n >= 5 and n <= 5", true},
    {"n < 5 or n > 5 or n != 5", false},
    {"text5 = 5 and text5 < 10 and 4 < text5", true},
    {"text5 = \"5\" and n = \"5\" and not text5 = \"5.0\"", true},
    {"text5 = n and real < n and real > -1e3", true},
    {"salary.value.max >= 100000 and salary.value.min < salary.value.max",
     true},
    {"salary.value.max < 9", false},
    {"title < 5 or title > 5 or title = 5", false},
    {"title != 5", true},
    {"id = 9007199254740993 and id > 9007199254740992", true},
    {"id = 9007199254740992", false},
    {"big > 9223372036854775807 and big < 1e23", true},
    {"huge > 1e308 and huge = 1e999", true},
    {"neg = -3 and neg < 0", true},
    /* other kinds */
    {"yes = true and yes != false and not yes = 'true'", true},
    {"none = null and none exists and not title = null", true},
    {"none < 1 or none = 0 or yes > false", false},
    {"empty = '' and empty contains '' and empty != 'a'", true},
    {"salary = 1 or salary = salary", false},
    {"salary exists and salary != 1", true},
    /* a missing field */
    {"absent = 1 or absent != 1 or absent < 1 or absent contains ''", false},
    {"absent exists or salary.absent exists or title.x exists", false},
    {"absent in (1) or absent matches '' or n = absent", false},
    {"not absent = 1 and not absent exists", true},
    /* arrays */
    {"tags[0] = '15-1111.00' and tags[1] = 'Computer Scientists'", true},
    {"tags[4] exists or tags[1].x exists or tags.x exists", false},
    {"tags icontains 'scientist' and tags = 7 and tags = null", true},
    {"tags contains '15-11' and not tags contains '11-15'", true},
    {"tags != 7 or tags > 7", false},
    {"tags != 8 and tags >= 7", true},
    {"7 in tags and not 8 in tags and tags in (1, 7)", true},
    {"nested[0][1] = 2 and nested[1].a[1].b = 'deep'", true},
    {"nested = 1 or nested[0] = 3", false},
    /* lists */
    {"n in (4, 5) and n in [\"5\"] and text5 in (5)", true},
    {"n in (4, '6', true, null)", false},
    /* escapes and names */
    {"escaped = \"a\\\"b\\\\c\\n\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd\"", true},
    {"escaped contains '\"b\\c' and title = 'Senior Data Scientist'", true},
    {"'it''s' = \"it's\" and `a.b` = 1 and `x y` = 2", true},
    {"a.b exists", false},
    {"twice.in exists or twice = 1", false},
    {"twice.out = 2", true},
    /* what binds */
    {"n = 5 or n = 5 and n = 6", true},
    {"(n = 5 or n = 5) and n = 6", false},
    {"not n = 6 and n = 5", true},
    {"not (n = 6 or n = 5)", false},
    {"not not n = 5 AND NOT n = 6 OR n IN (1)", true}};

static void what_they_mean(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (fits(meanings[i].text, record) == meanings[i].fits)
            continue;
        fprintf(stderr, "%s should be %d\n", meanings[i].text,
                meanings[i].fits);
        CHECK(false);
    }
}

/* The expression, and the same with the caret under it. */
static const char *const mistakes[][2] = {
    {"", "^"},
    {"title", "     ^"},
    {"title = ", "        ^"},
    {"title foo \"x\"", "      ^"},
    {"title = = 5", "        ^"},
    {"title = \"open", "        ^"},
    {"title = \"a\\d\"", "          ^"},
    {"n = 5 and", "         ^"},
    {"n = 5 n = 6", "      ^"},
    {"(n = 5", "^"},
    {"n = 5)", "     ^"},
    {"n = 1O", "    ^"},
    {"tags[x] = 1", "     ^"},
    {"a..b = 1", "  ^"},
    {"n in 5", "     ^"},
    {"n in (5 6)", "        ^"},
    {"n in ()", "      ^"},
    {"title matches 'a(b'", "                  ^"},
    {"title icontains n", "                ^"},
    {"5 exists", "  ^"},
    {"`open = 1", "^"},
    {"n & 1", "  ^"},
    {"\xc3\xa9\xc3\xa9 = = 1", "     ^"}};

static void where_they_are_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        char end[128];
        cor_where *where = NULL;
        int rc = cor_where_compile(mistakes[i][0], "where", &where);
        snprintf(end, sizeof end, "\n  %s\n  %s", mistakes[i][0],
                 mistakes[i][1]);
        size_t length = strlen(cor_message()), tail = strlen(end);
        bool good = rc == COR_EUSAGE && !where && length > tail &&
                    strcmp(cor_message() + length - tail, end) == 0 &&
                    strncmp(cor_message(), "--where: ", 9) == 0;
        if (!good)
            fprintf(stderr, "%s\n", cor_message());
        CHECK(good);
    }
}

static void long_ones(void **state)
{
    (void)state;
    char deep[1024] = "", line[4096] = "";
    cor_where *where = NULL;
    memset(deep, '(', 500);
    CHECK(cor_where_compile(deep, "where", &where) == COR_EUSAGE);
    for (int i = 0; i < 300; i++)
        strcat(line, "n = 5 and ");
    strcat(line, "n = 5");
    CHECK(fits(line, record));
    memcpy(line + 1500, " # ", 3);
    CHECK(cor_where_compile(line, "where", &where) == COR_EUSAGE);
    CHECK(strstr(cor_message(), "...") && strlen(cor_message()) < 400);
    CHECK(cor_where_compile("a = '\xff'", "where", &where) == COR_EUSAGE);
}

/* A pattern that would take for ever gives up instead. */
static void endless_patterns(void **state)
{
    (void)state;
    char line[512] = "{\"t\": \"";
    cor_where *where = NULL;
    cor_where_scratch *scratch = NULL;
    bool found;
    memset(line + 7, 'a', 400);
    cor_field field = {
        .kind = COR_FIELD_TEXT, .begin = line + 7, .end = line + 400};
    CHECK_OK(cor_where_compile("t matches '^(a|a)*[xy]$'", "where", &where));
    CHECK_OK(cor_where_scratch_create(true, &scratch));
    CHECK(cor_where_test(where, scratch, &field, &found) == COR_EDATA);
    cor_where_destroy(&where);
    cor_where_scratch_destroy(&scratch);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_they_mean),
    cmocka_unit_test(where_they_are_wrong),
    cmocka_unit_test(long_ones),
    cmocka_unit_test(endless_patterns),
};

TEAM_TESTS(tests)
