/*
 * Bad input: the message names the first bad row of the input, its line, column
 * and text, whatever the ranks and threads; or bad rows are set aside.
 */
#define TEAM_TEST_MAIN
#include "text_file.h"

#include "coracle/ingest.h"

#define HEADER "user,item,rating,timestamp,note\n"

static char folder[64], path[96];
static const char *const file = path;

static int make_folder(void **state)
{
    (void)state;
    text_folder(folder);
    snprintf(path, sizeof path, "%s/bad.csv", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    text_remove(path);
    text_remove(folder);
    return 0;
}

/* Good rows; every tenth has a note of two lines. */
static void put_good(text_buffer *t, int rows)
{
    char row[96];
    for (int i = 0; i < rows; i++) {
        snprintf(row, sizeof row, "%d,%d,3.5,1000,%s\n", i % 17, i % 31,
                 i % 10 == 9 ? "\"two\nlines\"" : "");
        text_put(t, row);
    }
}

/* Whether cor_ingest fails with this code and a message that says so. */
static bool fails(const cor_ingest_options *options, int code, const char *says)
{
    cor_interactions data;
    int rc = cor_ingest(team, &file, 1, options, NULL, &data, NULL);
    bool good = rc == code && strstr(cor_message(), says) && !data.user &&
                data.rows == 0;
    if (!good && cor_team_rank(team) == 0)
        fprintf(stderr, "wanted %d: %s\ngot %d: %s\n", code, says, rc,
                cor_message());
    if (rc == COR_OK)
        cor_interactions_free(&data);
    return good;
}

/* A bad row at line 332 of 600, more of them behind it. */
static void check_row(const char *row, const char *says)
{
    cor_ingest_options options = cor_ingest_options_default();
    text_buffer t = {0};
    char message[256];
    text_put(&t, HEADER);
    put_good(&t, 300);
    text_put(&t, row);
    put_good(&t, 200);
    text_put(&t, "1,2,worse,1,\n,,,,\n1\n");
    text_write(path, t.bytes, t.length);
    snprintf(message, sizeof message, "%s:332: %s", path, says);
    for (int threads = 1; threads <= 5; threads += 4) {
        cor_team_set_threads(team, threads);
        CHECK(fails(&options, COR_EDATA, message));
    }
    cor_team_set_threads(team, 1);
    free(t.bytes);
}

static void first_bad_row_is_named(void **state)
{
    (void)state;
    char longest[2100] = "1,", bytes[2000];
    memset(bytes, 'x', sizeof bytes - 1);
    bytes[sizeof bytes - 1] = 0;
    strcat(longest, bytes);
    strcat(longest, ",3,1,\n");
    check_row("1,2,abc,5,\n", "column 3 (rating): \"abc\" is not a number; ");
    check_row("1,2,,5,\n", "column 3 (rating): \"\" is not a number; ");
    check_row("1,2,nan,5,\n", "column 3 (rating): \"nan\" is not a finite");
    check_row("1,2,-Inf,5,\n", "column 3 (rating): \"-Inf\" is not a finite");
    check_row("1,2,1e39,5,\n", "column 3 (rating): \"1e39\" is not a finite");
    check_row("1,2,0x10,5,\n", "column 3 (rating): \"0x10\" is not a number");
    check_row("1,2,3,99999999999999999999,\n",
              "column 4 (timestamp): \"99999999999999999999\" is not a time");
    check_row("1,2,3,soon,\n", "column 4 (timestamp): \"soon\" is not a time");
    check_row("1,2,3,5\n", "4 fields where the header has 5; ");
    check_row("1,2,3,5,,\n", "6 fields where the header has 5; ");
    check_row("oops\n", "1 field where the header has 5; ");
    check_row(",2,3,5,\n", "column 1 (user): the id is empty; ");
    check_row("1,\"\",3,5,\n", "column 2 (item): the id is empty; ");
    check_row("1,caf\xe9,3,5,\n", "column 2 (item): \"caf\\xe9\" is not UTF-8");
    check_row("1,\"2\"3,3,5,\n", "column 2: text follows the closing quote");
    check_row(longest, "column 2 (item): 1999 bytes are more than 1024: \"xxx");
}

/* The line of the quote, which is not that of the row. */
static void open_quote_is_named(void **state)
{
    (void)state;
    cor_ingest_options options = cor_ingest_options_default();
    text_buffer t = {0};
    char message[256];
    text_put(&t, HEADER);
    put_good(&t, 300);
    text_put(&t, "1,\"2\n2\",3,5,\"never\n");
    for (int i = 0; i < 300; i++)
        text_put(&t, "1,2,3,5,\n");
    text_write(path, t.bytes, t.length);
    snprintf(message, sizeof message,
             "%s:333: column 5: the quote that opens here is never closed",
             path);
    for (int threads = 1; threads <= 5; threads += 4) {
        cor_team_set_threads(team, threads);
        options.skip = threads > 1; /* what follows can't be told apart */
        CHECK(fails(&options, COR_EDATA, message));
    }
    cor_team_set_threads(team, 1);
    free(t.bytes);
}

/* A row without end does not take the whole file into memory. */
static void endless_rows_are_refused(void **state)
{
    (void)state;
    enum { LONG = 20 << 20 };
    cor_ingest_options options = cor_ingest_options_default();
    text_buffer t = {0};
    char *bytes = malloc(LONG), message[256];
    memset(bytes, 'x', LONG);
    for (int i = 100; i < LONG; i += 100)
        bytes[i] = '\n';
    text_put(&t, "user,item,note\n1,2,a\n1,3,\"");
    text_put_bytes(&t, bytes, LONG);
    text_write(path, t.bytes, t.length);
    snprintf(message, sizeof message, "%s:3: the row that begins here", path);
    CHECK(fails(&options, COR_EDATA, message));
    options.skip = true;
    CHECK(fails(&options, COR_EDATA, message));
    free(bytes);
    free(t.bytes);
}

static void check_whole(const char *content, size_t length,
                        const cor_ingest_options *options, int code,
                        const char *says)
{
    char message[256];
    text_write(path, content, length);
    snprintf(message, sizeof message, "%s%s", path, says);
    CHECK(fails(options, code, message));
}

#define WHOLE(content, code, says)                                             \
    check_whole(content, sizeof content - 1, &options, code, says)

static void whole_files_are_judged(void **state)
{
    (void)state;
    cor_ingest_options options = cor_ingest_options_default();
    WHOLE("", COR_EDATA, " has no interactions");
    WHOLE("\xef\xbb\xbf\r\n\n", COR_EDATA, " has no interactions");
    WHOLE(HEADER, COR_EDATA, " has no interactions");
    WHOLE("a\0b,1\n2,3\n", COR_EDATA, " is a binary file");
    WHOLE("\x1f\x8b\x08,1\n", COR_EDATA, " is damaged before byte");
    WHOLE("user,price\n1,2\n", COR_EDATA, ":1: no column is known");
    WHOLE("user,user\n1,2\n", COR_EDATA, ":1: no column is known");
    options.columns = "item=movie";
    WHOLE("user,item\n1,2\n", COR_EDATA, ":1: the header has no column \"mov");
    options.columns = "item=3";
    WHOLE("user,item\n1,2\n", COR_EDATA, ":1: there is no column 3");
    options.columns = "user=1,item=1";
    WHOLE("user,item\n1,2\n", COR_EDATA, ":1: column 1 is both user and item");
    options.columns = NULL;
    options.skip = true;
    WHOLE("1,2,x\n1,2,y\n", COR_EDATA, " has no interactions: all 2 rows");
    WHOLE("user,item\n1,\"2\n1,3\n", COR_EDATA, ":2: column 2: the quote");
}

/* Bad rows of two files, set aside in input order as they are. */
static void bad_rows_are_set_aside(void **state)
{
    (void)state;
    char second[96], reject[96], got[512] = {0};
    snprintf(second, sizeof second, "%s/second.csv", folder);
    snprintf(reject, sizeof reject, "%s/reject.csv", folder);
    const char *const files[] = {path, second};
    static const char bad[] = "1,2,abc,5,\"a\nb\"\nx,2,3\r\n";
    text_buffer one = {0}, two = {0}, wanted = {0};
    text_put(&one, HEADER);
    put_good(&one, 100);
    text_put(&one, bad);
    put_good(&one, 100);
    text_put(&two, HEADER "y,z,inf,5,\n");
    put_good(&two, 7);
    text_put(&two, "last,1");
    text_put(&wanted, bad);
    text_put(&wanted, "y,z,inf,5,\nlast,1\n");
    text_write(path, one.bytes, one.length);
    text_write(second, two.bytes, two.length);
    for (int threads = 1; threads <= 5; threads += 4) {
        cor_interactions data;
        cor_ingest_report report;
        cor_ingest_options options = cor_ingest_options_default();
        options.skip = true;
        options.reject = reject;
        cor_team_set_threads(team, threads);
        CHECK_OK(cor_ingest(team, files, 2, &options, NULL, &data, &report));
        CHECK(report.rejected == 4);
        CHECK(cor_shards_rows(data.row_shards) == 207);
        /* ids of bad rows alone are not there: all that stay are integers */
        CHECK(data.users == 17 && data.items == 31 && !data.user_id.text);
        cor_interactions_free(&data);
        FILE *in = fopen(reject, "rb");
        size_t length = in ? fread(got, 1, sizeof got, in) : 0;
        if (in)
            fclose(in);
        CHECK(length == wanted.length &&
              memcmp(got, wanted.bytes, length) == 0);
        CHECK(cor_ingest(team, files, 2, &options, NULL, &data, NULL) ==
              COR_EIO);
        text_remove(reject);
    }
    cor_team_set_threads(team, 1);
    text_remove(second);
    free(one.bytes);
    free(two.bytes);
    free(wanted.bytes);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

static const struct CMUnitTest tests[] = {
    TEST(first_bad_row_is_named),   TEST(open_quote_is_named),
    TEST(endless_rows_are_refused), TEST(whole_files_are_judged),
    TEST(bad_rows_are_set_aside),
};
TEAM_TESTS(tests)
