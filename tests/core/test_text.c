#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/random.h"
#include "coracle/text.h"

#include <math.h>
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

/* Doubles of all sizes: any bits, few digits, short mantissas, subnormal. */
static double any_double(uint64_t i)
{
    cor_random r = cor_random_at(4, COR_STREAM_TEST, i, 0);
    uint64_t bits = (uint64_t)r.word[0] << 32 | r.word[1];
    double value;
    if (i % 4 == 1)
        return (double)(int32_t)r.word[2] / 1000;
    if (i % 4 == 2)
        bits &= ~(UINT64_C(0xffffffffffff) >> r.word[3] % 48);
    if (i % 4 == 3)
        bits &= UINT64_C(0x801fffffffffffff);
    memcpy(&value, &bits, sizeof value);
    return isfinite(value) ? value : 0;
}

static bool reads_back(double value)
{
    char text[64];
    int length = cor_text_print_double(value, text);
    if (length != (int)strlen(text) || !double_is(text, value) ||
        !double_is(text, strtod(text, NULL)))
        return false;
    snprintf(text, sizeof text, "%.17g", value);
    if (!double_is(text, value))
        return false;
    snprintf(text, sizeof text, "%.25e", value); /* more digits than 19 */
    return double_is(text, strtod(text, NULL));
}

static bool float_reads_back(float value)
{
    char text[64];
    cor_text_print_float(value, text);
    float again = strtof(text, NULL);
    return memcmp(&again, &value, sizeof value) == 0;
}

/* No `%.Ng` with fewer digits gives the number back. */
static bool is_shortest(double value)
{
    char text[COR_NUMBER_SIZE], shorter[512], *exponent;
    int digits = 0;
    cor_text_print_double(value, text);
    for (const char *p = text + strspn(text, "-0."); *p && *p != 'e'; p++)
        digits += *p != '.';
    if ((exponent = strchr(text, 'e')) || strchr(text, '.') || digits < 2) {
        snprintf(shorter, sizeof shorter, "%.*g", digits - 1, value);
        return digits < 2 || strtod(shorter, NULL) != value;
    }
    return true; /* zeros in front of a point are no digits that count */
}

static void reals_are_printed_short_and_read_back(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } known[] = {{0.1, "0.1"},
                 {0, "0"},
                 {-0.0, "-0"},
                 {100, "100"},
                 {-2.5, "-2.5"},
                 {1e22, "1e+22"},
                 {12345678901234567., "12345678901234568"},
                 {0.0001, "0.0001"},
                 {0.00001234, "1.234e-05"},
                 {5e-324, "5e-324"},
                 {1.7976931348623157e308, "1.7976931348623157e+308"},
                 {9007199254740993., "9007199254740992"},
                 {INFINITY, "inf"},
                 {-INFINITY, "-inf"},
                 {NAN, "nan"}};
    char text[COR_NUMBER_SIZE];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        cor_text_print_double(known[i].value, text);
        CHECK(strcmp(text, known[i].text) == 0);
    }
    CHECK(cor_text_print_float(0.1f, text) == 3 && strcmp(text, "0.1") == 0);
    CHECK(cor_text_print_float(16777216, text) == 8);
    for (uint64_t i = 0; i < 40000; i++) {
        double value = any_double(i);
        float narrow = (float)value;
        if (!reads_back(value) || !is_shortest(value) ||
            !float_reads_back(isfinite(narrow) ? narrow : 0))
            fail_msg("%.17g", value);
    }
}

static void a_number_ends_where_it_ends(void **state)
{
    (void)state;
    const char text[] = "-12.5e2,7";
    double value;
    CHECK(cor_text_number(text, text + 9, &value) == text + 7 &&
          value == -1250);
    CHECK(cor_text_number(text, text + 3, &value) == text + 3 && value == -12);
    CHECK(cor_text_number(text + 8, text + 9, &value) == text + 9);
    CHECK(!cor_text_number(text + 7, text + 9, &value));
    CHECK(!cor_text_number(text, text, &value));
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
    cmocka_unit_test(reals_are_printed_short_and_read_back),
    cmocka_unit_test(a_number_ends_where_it_ends),
    cmocka_unit_test(times_are_seconds_since_1970),
    cmocka_unit_test(utf8_is_checked),
};
TEAM_TESTS(tests)
