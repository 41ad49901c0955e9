/* Records of JSON lines: what is taken out of them, and what is wrong. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PATHS = 4 };

static cor_path path[PATHS];

static void parse_paths(const char *const *text, int paths)
{
    size_t wrong;
    for (int i = 0; i < paths; i++)
        CHECK_OK(cor_path_parse(text[i], strlen(text[i]), &path[i], &wrong));
}

static void free_paths(int paths)
{
    for (int i = 0; i < paths; i++)
        cor_path_free(&path[i]);
}

/* A copy with room behind it. */
static char *padded(const char *text, size_t length)
{
    char *copy = malloc(length + COR_JSON_PADDING);
    memcpy(copy, text, length);
    memset(copy + length, 'x', COR_JSON_PADDING);
    return copy;
}

typedef struct bad_line {
    const char *text;
    int at; /* byte of the fault, from 0; -1: nothing is wrong */
} bad_line;

static const bad_line lines[] = {
    {"{}", -1},
    {" [ ] ", -1},
    {"\"text\"", -1},
    {"-0.5e+10 ", -1},
    {"null\r", -1},
    {"{\"a\":[1,{\"b\":null}],\"c\":\"\\u00e9\\\\\\\"\"}", -1},
    {"[123456789012345678901234567890, 1e999, -1E-999]", -1},
    {"\"\\ud800\"", -1},
    {"{\"a\":1", 6},
    {"{\"a\":", 5},
    {"{\"a\"}", 4},
    {"{\"a\" 1}", 5},
    {"{a:1}", 1},
    {"{\"a\":1,}", 7},
    {"{\"a\":1 \"b\":2}", 7},
    {"[1,]", 3},
    {"[1 2]", 3},
    {"[1}", 2},
    {"{\"a\":1]", 6},
    {"]", 0},
    {"{} {}", 3},
    {"1 2", 2},
    {"tru", 0},
    {"truex", 0},
    {"NaN", 0},
    {"[-Infinity]", 1},
    {"01", 0},
    {"+1", 0},
    {".5", 0},
    {"5.", 0},
    {"1e", 0},
    {"[1x]", 1},
    {"'a'", 0},
    {"\"\\x\"", 1},
    {"\"a\\u12g4\"", 2},
    {"{\"a\\q\":1}", 3},
    {"\"a\tb\"", 2},
    {"{\"a\": \"open}", 6},
    {"{\"a\": \"x\\", 6},
    {"\"\xff\"", 1},
    {"\"\xc3(\"", 1},
    {"\"\xed\xa0\x80\"", 1},
    {"\xef\xbb\xbf{}", 0},
    {"\"a\"\"b\"", 3},
    {"[\"a\"b]", 4},
    {"{\"a\":1}}", 7},
    {"{\"a\" : tr\"ue\"}", 7}};

/* Each line between two good ones, all in one text: a bad one spoils no
   other. */
static void faults(void **state)
{
    (void)state;
    const char *const text[] = {"a"};
    parse_paths(text, 1);
    cor_json *json;
    CHECK_OK(cor_json_create(path, 1, &json));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char all[256];
        int length = snprintf(all, sizeof all, "{\"a\": 7}\n%s\n\n{\"a\": 8}\n",
                              lines[i].text);
        char *copy = padded(all, (size_t)length);
        cor_json_record r;
        cor_json_begin(json, copy, (size_t)length);
        CHECK_OK(cor_json_next(json, &r));
        CHECK(r.begin == copy && !r.fault.what && *r.field->begin == '7');
        CHECK_OK(cor_json_next(json, &r));
        int at = r.fault.what ? (int)(r.fault.at - r.begin) : -1;
        if (at != lines[i].at)
            fprintf(stderr, "<%s>: %d, not %d: %s\n", lines[i].text, at,
                    lines[i].at, r.fault.what ? r.fault.what : "good");
        CHECK(at == lines[i].at && r.begin == copy + 9);
        CHECK_OK(cor_json_next(json, &r));
        CHECK(r.begin && !r.fault.what && *r.field->begin == '8');
        CHECK_OK(cor_json_next(json, &r));
        CHECK(!r.begin);
        free(copy);
    }
    cor_json_destroy(&json);
    free_paths(1);
}

static bool is_text(const cor_field *field, const char *text)
{
    cor_csv scratch = {0};
    const char *begin = NULL, *end = NULL;
    bool good = cor_field_text(field, &scratch, &begin, &end) == COR_OK &&
                (size_t)(end - begin) == strlen(text) &&
                memcmp(begin, text, strlen(text)) == 0;
    cor_csv_free(&scratch);
    return good;
}

static void fields(void **state)
{
    (void)state;
    static const char line[] =
        "{\"k\\u0065y\": \"v\\n\", \"o\": {\"o\": 1, \"p\": [ 1 , [2,3], "
        "\"x\" ]}, \"n\": -12.50}\n";
    const char *const text[] = {"key", "o.p", "o.p[1]", "n"};
    parse_paths(text, 4);
    cor_json *json;
    cor_json_record r;
    char *copy = padded(line, sizeof line - 1);
    CHECK_OK(cor_json_create(path, 4, &json));
    cor_json_begin(json, copy, sizeof line - 1);
    CHECK_OK(cor_json_next(json, &r));
    CHECK(r.field[0].kind == COR_FIELD_TEXT && is_text(&r.field[0], "v\n"));
    CHECK(r.field[1].kind == COR_FIELD_ARRAY &&
          is_text(&r.field[1], "[ 1 , [2,3], \"x\" ]"));
    CHECK(is_text(&r.field[2], "[2,3]") && is_text(&r.field[3], "-12.50"));
    cor_number number;
    CHECK(cor_field_number(&r.field[3], &number) && number.real == -12.5);
    const char *at = NULL;
    cor_field element;
    static const char *const elements[] = {"1", "[2,3]", "x"};
    for (int i = 0; i < 3; i++)
        CHECK(cor_field_element(&r.field[1], &at, &element) &&
              is_text(&element, elements[i]));
    CHECK(!cor_field_element(&r.field[1], &at, &element));
    cor_json_destroy(&json);
    free_paths(4);
    free(copy);
}

/* Nesting of 10,000, closed and not, and a line of 4 MB among small ones. */
static void deep_and_long(void **state)
{
    (void)state;
    enum { DEPTH = 10000, LONG = 4 << 20 };
    const char *const text[] = {"a"};
    parse_paths(text, 1);
    char *copy = malloc(LONG + 4 * DEPTH + COR_JSON_PADDING), *p = copy;
    p += sprintf(p, "{\"b\":");
    memset(p, '[', DEPTH);
    memset(p + DEPTH, ']', DEPTH);
    p += 2 * DEPTH;
    p += sprintf(p, ",\"a\":1}\n{\"a\":");
    memset(p, '[', DEPTH);
    p += DEPTH;
    p += sprintf(p, "\n{\"b\":\"");
    memset(p, 'x', LONG);
    p += LONG;
    p += sprintf(p, "\",\"a\":2}\n{\"a\":3}\n");
    cor_json *json;
    cor_json_record r;
    CHECK_OK(cor_json_create(path, 1, &json));
    cor_json_begin(json, copy, (size_t)(p - copy));
    CHECK_OK(cor_json_next(json, &r));
    CHECK(!r.fault.what && *r.field->begin == '1');
    CHECK_OK(cor_json_next(json, &r));
    CHECK(r.fault.what && r.fault.at == r.end);
    CHECK_OK(cor_json_next(json, &r));
    CHECK(!r.fault.what && *r.field->begin == '2');
    CHECK_OK(cor_json_next(json, &r));
    CHECK(!r.fault.what && *r.field->begin == '3');
    CHECK_OK(cor_json_next(json, &r));
    CHECK(!r.begin);
    cor_json_destroy(&json);
    free_paths(1);
    free(copy);
}

typedef struct number_text {
    const char *text;
    bool is, whole;
    double real;
} number_text;

static void numbers(void **state)
{
    (void)state;
    static const number_text texts[] = {{"5", true, true, 5},
                                        {"5.0", true, true, 5},
                                        {"-7", true, true, -7},
                                        {"007", true, true, 7},
                                        {"+.5", true, false, .5},
                                        {"5.", true, true, 5},
                                        {"1e3", true, true, 1000},
                                        {"2.5e-1", true, false, .25},
                                        {"1e400", true, false, HUGE_VAL},
                                        {"-1e400", true, false, -HUGE_VAL},
                                        {"", false, false, 0},
                                        {" 5", false, false, 0},
                                        {"5 ", false, false, 0},
                                        {"nan", false, false, 0},
                                        {"inf", false, false, 0},
                                        {"0x10", false, false, 0},
                                        {"1e", false, false, 0},
                                        {".", false, false, 0},
                                        {"-", false, false, 0},
                                        {"1,5", false, false, 0}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *t = texts[i].text;
        cor_field field = {
            .kind = COR_FIELD_TEXT, .begin = t, .end = t + strlen(t)};
        cor_number number = {0};
        bool is = cor_field_number(&field, &number);
        if (is != texts[i].is || number.whole != texts[i].whole ||
            (is && number.real != texts[i].real))
            fprintf(stderr, "<%s>\n", t);
        CHECK(is == texts[i].is && number.whole == texts[i].whole);
        CHECK(!is || number.real == texts[i].real);
    }
}

static void paths_that_are_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t wrong;
    } bad[] = {{"", 0},     {"a.", 2},   {"a..b", 2},  {"a[", 2},
               {"a[x]", 2}, {"a[1", 3},  {"a[1]b", 4}, {"a]", 1},
               {"`a", 0},   {"`a`b", 3}, {"[-1]", 1},  {".a", 0}};
    cor_path one;
    size_t wrong;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(cor_path_parse(bad[i].text, strlen(bad[i].text), &one, &wrong) ==
              COR_EUSAGE);
        if (wrong != bad[i].wrong)
            fprintf(stderr, "%s: %zu\n", bad[i].text, wrong);
        CHECK(wrong == bad[i].wrong && !one.text);
    }
    static const char good[] = "`a``.b`.c[12][0].@type";
    CHECK_OK(cor_path_parse(good, sizeof good - 1, &one, &wrong));
    CHECK(one.parts == 5 && one.part[0].length == 4 &&
          memcmp(one.part[0].key, "a`.b", 4) == 0);
    CHECK(!one.part[2].key && one.part[2].position == 12);
    cor_path_free(&one);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(faults),
    cmocka_unit_test(fields),
    cmocka_unit_test(deep_and_long),
    cmocka_unit_test(numbers),
    cmocka_unit_test(paths_that_are_wrong),
};

TEAM_TESTS(tests)
