#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/random.h"
#include "coracle/text.h"

#include <stdlib.h>
#include <string.h>

static bool int64_is(const char *text, int64_t expected)
{
    int64_t value = 99;
    return cor_text_int64(text, text + strlen(text), &value) &&
           value == expected;
}

static bool no_int64(const char *text)
{
    int64_t value;
    return !cor_text_int64(text, text + strlen(text), &value);
}

static void integers_are_canonical(void **state)
{
    (void)state;
    CHECK(int64_is("0", 0) && int64_is("-7", -7) && int64_is("123", 123));
    CHECK(int64_is("9223372036854775807", INT64_MAX));
    CHECK(int64_is("-9223372036854775808", INT64_MIN));
    const char *bad[] = {"",
                         "-",
                         "+1",
                         "007",
                         "-0",
                         "1.0",
                         " 1",
                         "1 ",
                         "1e3",
                         "0x1",
                         "٣",
                         "9223372036854775808",
                         "-9223372036854775809",
                         "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(no_int64(bad[i]));
}

static bool double_is(const char *text, double expected)
{
    double value = -99;
    return cor_text_double(text, text + strlen(text), &value) &&
           memcmp(&value, &expected, sizeof value) == 0;
}

static void reals_round_as_the_c_library_does(void **state)
{
    (void)state;
    CHECK(double_is("0", 0) && double_is("4.0", 4) && double_is(".5", 0.5) &&
          double_is("5.", 5) && double_is("-3.25", -3.25) &&
          double_is("+1", 1) && double_is("1e3", 1000) &&
          double_is("1E-2", 0.01) && double_is("-0", -0.0));
    CHECK(double_is("0.1", 0.1) &&
          double_is("123456789012345678", 123456789012345678.) &&
          double_is("179769313486231570000000000000000000000",
                    1.7976931348623157e38) &&
          double_is("2.2250738585072011e-308", 2.2250738585072011e-308));
    char text[64];
    for (uint64_t i = 0; i < 20000; i++) {
        cor_random r = cor_random_at(3, COR_STREAM_TEST, i, 0);
        snprintf(text, sizeof text, "%u.%0*u", r.word[0] >> (r.word[2] % 32),
                 (int)(r.word[3] % 12) + 1, r.word[1] % 1000);
        CHECK(double_is(text, strtod(text, NULL)));
    }
    const char *bad[] = {"",     "-",   ".",  "nan", "inf",   "-inf", "1e",
                         "0x10", "1,5", " 1", "1 ",  "1e999", "--1",  "e5"};
    double value;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!cor_text_double(bad[i], bad[i] + strlen(bad[i]), &value));
}

static bool time_is(const char *text, enum cor_time_format format,
                    int64_t expected)
{
    int64_t seconds = -1;
    return cor_text_time(text, text + strlen(text), format, &seconds) &&
           seconds == expected;
}

static bool no_time(const char *text, enum cor_time_format format)
{
    int64_t seconds;
    return !cor_text_time(text, text + strlen(text), format, &seconds);
}

static void times_are_seconds_since_1970(void **state)
{
    (void)state;
    CHECK(time_is("964982703", COR_TIME_AUTO, 964982703));
    CHECK(time_is("964982703.9", COR_TIME_UNIX, 964982703));
    CHECK(time_is("-0.5", COR_TIME_UNIX, -1));
    CHECK(time_is("964982703123", COR_TIME_UNIX_MS, 964982703));
    CHECK(time_is("-1", COR_TIME_UNIX_MS, -1));
    CHECK(time_is("1970-01-01", COR_TIME_ISO8601, 0));
    CHECK(time_is("2000-07-30T18:45:03Z", COR_TIME_AUTO, 964982703));
    CHECK(time_is("2000-07-30 20:45:03.25+02:00", COR_TIME_AUTO, 964982703));
    CHECK(time_is("1969-12-31T23:59:59Z", COR_TIME_ISO8601, -1));
    CHECK(time_is("2024-02-29T00:00", COR_TIME_ISO8601, 1709164800));
    CHECK(no_time("2023-02-29", COR_TIME_ISO8601) &&
          no_time("2023-13-01", COR_TIME_ISO8601) &&
          no_time("2023-01-01T25:00", COR_TIME_ISO8601) &&
          no_time("yesterday", COR_TIME_AUTO) && no_time("", COR_TIME_AUTO) &&
          no_time("99999999999999999999", COR_TIME_AUTO) &&
          no_time("2023-01-01", COR_TIME_UNIX));
}

static bool is_utf8(const char *text)
{
    return cor_text_is_utf8(text, text + strlen(text));
}

static void utf8_is_checked(void **state)
{
    (void)state;
    CHECK(is_utf8("") && is_utf8("plain") && is_utf8("Amélie") &&
          is_utf8("七人の侍") && is_utf8("\xf0\x9f\x8e\xac"));
    CHECK(!is_utf8("\xff") && !is_utf8("\xc3") && !is_utf8("\xc0\x80") &&
          !is_utf8("\xed\xa0\x80") && !is_utf8("\xf4\x90\x80\x80") &&
          !is_utf8("a\x80"));
    const char zero[] = {'a', 0, 'b'};
    CHECK(!cor_text_is_utf8(zero, zero + sizeof zero));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(integers_are_canonical),
    cmocka_unit_test(reals_round_as_the_c_library_does),
    cmocka_unit_test(times_are_seconds_since_1970),
    cmocka_unit_test(utf8_is_checked),
};
TEAM_TESTS(tests)
