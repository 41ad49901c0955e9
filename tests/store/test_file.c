#define TEAM_TEST_MAIN
#include "scratch.h"

#include "coracle/file.h"
#include "coracle/memory.h"

static const cor_file_options plain = {.command = "coracle test", .seed = 7};
static const cor_file_options packed = {.compress = true, .force = true};

static int64_t begin_of(int64_t rows, int rank, int size)
{
    return rows * rank / size;
}

/* Rows are cut unevenly: rank 0 of several has none. */
static void my_run(const cor_team *t, int64_t rows, int64_t *first,
                   int64_t *count)
{
    int size = cor_team_size(t), rank = cor_team_rank(t);
    int skip = size > 1;
    *first = rank < skip ? 0 : begin_of(rows, rank - skip, size - skip);
    *count =
        rank < skip ? 0 : begin_of(rows, rank - skip + 1, size - skip) - *first;
}

static double real_at(int64_t i)
{
    return (double)i * 0.1 - 3;
}

static int write_all(const cor_team *t, cor_file *file, int64_t rows)
{
    int64_t first, count;
    my_run(t, rows, &first, &count);
    int8_t *small = malloc((size_t)count + 1);
    int64_t *large = malloc((size_t)count * 8 + 8);
    double *real = malloc((size_t)count * 24 + 8);
    char *text = calloc((size_t)count + 1, 40);
    for (int64_t i = 0; i < count; i++) {
        small[i] = (int8_t)(first + i);
        large[i] = (first + i) * INT64_C(1234567890123);
        for (int c = 0; c < 3; c++)
            real[3 * i + c] = real_at(3 * (first + i) + c);
        snprintf(text + 40 * i, 40, "n\xc3\xa4me %lld", (long long)(first + i));
    }
    int rc = cor_file_write(file, "a/small", COR_INT8, 0, rows, 0, first, count,
                            small);
    if (rc == COR_OK)
        rc = cor_file_write(file, "a/b/large", COR_INT64, 0, rows, 0, first,
                            count, large);
    if (rc == COR_OK)
        rc = cor_file_write(file, "matrix", COR_FLOAT64, 0, rows, 3, first,
                            count, real);
    if (rc == COR_OK)
        rc = cor_file_write(file, "texts", COR_TEXT, 40, rows, 0, first, count,
                            text);
    free(small);
    free(large);
    free(real);
    free(text);
    return rc;
}

static const char *const names[] = {"a/small", "a/b/large", "matrix", "texts"};

static int write_file(const cor_team *t, const char *path, int64_t rows,
                      const cor_file_options *options, char digest[17])
{
    cor_file *file;
    COR_TRY(cor_file_create(t, path, "test", options, &file));
    int rc = write_all(t, file, rows);
    if (rc == COR_OK)
        rc = cor_file_put_double(file, "a/tenth", 0.1);
    if (rc == COR_OK)
        rc = cor_file_put_text(file, "word", "\xc3\xa4 word");
    if (rc == COR_OK)
        rc = cor_file_put_text(file, "word", "another"); /* replaces it */
    if (rc == COR_OK)
        rc = cor_file_digest(file, names, 4, digest);
    if (rc == COR_OK)
        return cor_file_commit(&file);
    cor_file_close(&file);
    return rc;
}

/* Read as other ranks than those that wrote: even runs of all. */
static bool reads_back(const cor_file *file, int64_t rows)
{
    int64_t first = begin_of(rows, cor_team_rank(team), cor_team_size(team));
    int64_t count =
        begin_of(rows, cor_team_rank(team) + 1, cor_team_size(team)) - first;
    int32_t *small = malloc((size_t)count * 4 + 4); /* converted */
    int64_t *large = malloc((size_t)count * 8 + 8);
    float *real = malloc((size_t)count * 12 + 8); /* converted */
    char *text = malloc((size_t)count * 64 + 8);
    bool right = cor_file_read(file, "a/small", COR_INT32, 0, 0, first, count,
                               small) == COR_OK;
    right &= cor_file_read(file, "a/b/large", COR_INT64, 0, 0, first, count,
                           large) == COR_OK;
    right &= cor_file_read(file, "matrix", COR_FLOAT32, 0, 3, first, count,
                           real) == COR_OK;
    right &= cor_file_read(file, "texts", COR_TEXT, 64, 0, first, count,
                           text) == COR_OK;
    for (int64_t i = 0; right && i < count; i++) {
        char expected[64] = {0};
        snprintf(expected, 64, "n\xc3\xa4me %lld", (long long)(first + i));
        right = small[i] == (int8_t)(first + i) &&
                large[i] == (first + i) * INT64_C(1234567890123) &&
                real[3 * i + 2] == (float)real_at(3 * (first + i) + 2) &&
                memcmp(expected, text + 64 * i, 64) == 0;
    }
    free(small);
    free(large);
    free(real);
    free(text);
    return right;
}

static void check_attributes(const cor_file *file)
{
    int64_t seed = 0;
    double tenth = 0;
    char word[16];
    CHECK_OK(cor_file_get_int64(file, "seed", &seed));
    CHECK(seed == 7);
    CHECK_OK(cor_file_get_double(file, "a/tenth", &tenth));
    CHECK(tenth == 0.1);
    CHECK_OK(cor_file_get_text(file, "word", word, sizeof word));
    CHECK(strcmp(word, "another") == 0);
    CHECK_OK(cor_file_get_text(file, "word", word, 4));
    CHECK(strcmp(word, "ano") == 0);
    CHECK(cor_file_has_attribute(file, "a/tenth"));
    CHECK(!cor_file_has_attribute(file, "a/ninth"));
    CHECK(!cor_file_has_attribute(file, "nothing/here"));
    CHECK(cor_file_get_int64(file, "word", &seed) == COR_EDATA);
    CHECK(cor_file_get_int64(file, "none", &seed) == COR_EDATA);
    CHECK(cor_file_get_text(file, "seed", word, 4) == COR_EDATA);
}

static void check_shapes(const cor_file *file, int64_t rows)
{
    enum cor_type type;
    int64_t width, length, columns;
    CHECK_OK(cor_file_shape(file, "matrix", &type, &width, &length, &columns));
    CHECK(type == COR_FLOAT64 && length == rows && columns == 3);
    CHECK_OK(cor_file_shape(file, "texts", &type, &width, &length, &columns));
    CHECK(type == COR_TEXT && length == rows && columns == 0 && width == 40);
    CHECK(cor_file_shape(file, "a/none", &type, &width, &length, &columns) ==
          COR_EDATA);
    CHECK(cor_file_has(file, "a/b/large") && cor_file_has(file, "a"));
    CHECK(!cor_file_has(file, "a/b/c/d") && !cor_file_has(file, "b"));
}

static void round_trip(int64_t rows, const cor_file_options *options)
{
    const char *path = in_scratch("round.h5");
    char written[17], read[17], reordered[17];
    CHECK_OK(write_file(team, path, rows, options, written));
    CHECK(!folder_has("\\.part-"));
    cor_file *file;
    CHECK_OK(cor_file_open(team, path, "test", &file));
    CHECK(strcmp(cor_file_kind(file), "test") == 0);
    CHECK(strcmp(cor_file_path(file), path) == 0);
    CHECK(reads_back(file, rows));
    if (options->seed == 7)
        check_attributes(file);
    check_shapes(file, rows);
    CHECK_OK(cor_file_digest(file, names, 4, read));
    CHECK(strlen(read) == 16 && strcmp(written, read) == 0);
    const char *const turned[] = {names[1], names[0]};
    CHECK_OK(cor_file_digest(file, turned, 2, read));
    CHECK_OK(cor_file_digest(file, names, 2, reordered));
    CHECK(strcmp(read, reordered) != 0);
    cor_file_close(&file);
    CHECK(file == NULL);
}

static void files_come_back(void **state)
{
    (void)state;
    cor_file_options again = plain;
    again.force = true;
    round_trip(1000, &plain);
    round_trip(3, &again);
    round_trip(0, &again);
    round_trip(600000, &again); /* several chunks */
}

static void packed_files_come_back(void **state)
{
    (void)state;
    round_trip(0, &packed);
    round_trip(5, &packed);
    round_trip(300000, &packed);
}

/* The content is one and the same, whoever wrote it. */
static void any_ranks_write_the_same(void **state)
{
    (void)state;
    cor_team *part;
    char digest[17], mine[17] = "";
    cor_file_options options = plain;
    options.force = true;
    CHECK_OK(write_file(team, in_scratch("all.h5"), 300000, &options, digest));
    int few = cor_team_size(team) > 2 ? 3 : 1;
    bool writes = cor_team_rank(team) < few;
    CHECK_OK(cor_team_split(team, writes, &part));
    int rc = COR_OK;
    if (writes)
        rc = write_file(part, in_scratch("few.h5"), 300000, &packed, mine);
    CHECK(rc == COR_OK);
    CHECK(!writes || strcmp(mine, digest) == 0);
    cor_team_destroy(&part);
    cor_file *file;
    CHECK_OK(cor_file_open(team, in_scratch("few.h5"), NULL, &file));
    CHECK(reads_back(file, 300000));
    cor_file_close(&file);
}

/* One element, one place or one bit more and the digest is another. */
static void digests_tell_apart(void **state)
{
    (void)state;
    static const float data[4][3] = {
        {1, 2, 3}, {2, 1, 3}, {1, 2, 0}, {1, 2, -0.0f}};
    char digest[4][17];
    const char *const name[] = {"x"};
    for (int i = 0; i < 4; i++) {
        cor_file *file;
        CHECK_OK(cor_file_create(team, in_scratch("digest.h5"), "test", &plain,
                                 &file));
        CHECK_OK(cor_file_write(file, "x", COR_FLOAT32, 0, 3, 0, 0,
                                cor_team_rank(team) ? 0 : 3, data[i]));
        CHECK_OK(cor_file_digest(file, name, 1, digest[i]));
        cor_file_close(&file); /* leaves nothing */
        CHECK(!exists(in_scratch("digest.h5")));
        for (int j = 0; j < i; j++)
            CHECK(strcmp(digest[i], digest[j]) != 0);
    }
    CHECK(!folder_has("\\.part-"));
}

static void datasets_grow_in_several_calls(void **state)
{
    (void)state;
    cor_file *file;
    const char *path = in_scratch("calls.h5");
    int64_t all[10], size = cor_team_size(team), rank = cor_team_rank(team);
    CHECK_OK(cor_file_create(team, path, "test", &plain, &file));
    for (int64_t i = 0; i < 10; i++) {
        int64_t value = i * i;
        CHECK_OK(cor_file_write(file, "x", COR_INT64, 0, 10, 0, i,
                                i % size == rank, &value));
    }
    CHECK(cor_file_write(file, "x", COR_INT64, 0, 11, 0, 0, 0, NULL) ==
          COR_EDEFECT);
    CHECK(cor_file_write(file, "x", COR_INT64, 0, 10, 0, 9,
                         rank == size - 1 ? 2 : 0, all) == COR_EDEFECT);
    CHECK_OK(cor_file_commit(&file));
    CHECK_OK(cor_file_open(team, path, "test", &file));
    CHECK_OK(cor_file_read(file, "x", COR_INT64, 0, 0, 0, 10, all));
    bool right = true;
    for (int64_t i = 0; i < 10; i++)
        right = right && all[i] == i * i;
    CHECK(right);
    CHECK(cor_file_read(file, "x", COR_INT64, 0, 0, 5, rank ? 0 : 6, all) ==
          COR_EDATA);
    CHECK(cor_file_read(file, "x", COR_TEXT, 8, 0, 0, 1, all) == COR_EDATA);
    CHECK(cor_file_read(file, "x", COR_INT64, 0, 2, 0, 1, all) == COR_EDATA);
    cor_file_close(&file);
}

/* Enough rows that packed chunks take several collective calls, and that ranks
   with rows left wait for those that have none. */
static void packed_rows_take_several_calls(void **state)
{
    (void)state;
    const int64_t rows = 3000000;
    int64_t first, count;
    cor_file *file;
    my_run(team, rows, &first, &count);
    int64_t *number = malloc((size_t)count * 8 + 8);
    for (int64_t i = 0; i < count; i++)
        number[i] = (first + i) * (first + i);
    CHECK_OK(
        cor_file_create(team, in_scratch("calls.h5"), "test", &packed, &file));
    CHECK_OK(
        cor_file_write(file, "x", COR_INT64, 0, rows, 0, first, count, number));
    CHECK_OK(cor_file_commit(&file));
    first = begin_of(rows, cor_team_rank(team), cor_team_size(team));
    count =
        begin_of(rows, cor_team_rank(team) + 1, cor_team_size(team)) - first;
    number = realloc(number, (size_t)count * 8 + 8);
    CHECK_OK(cor_file_open(team, in_scratch("calls.h5"), "test", &file));
    CHECK_OK(cor_file_read(file, "x", COR_INT64, 0, 0, first, count, number));
    cor_file_close(&file);
    bool right = true;
    for (int64_t i = 0; i < count; i++)
        right = right && number[i] == (first + i) * (first + i);
    CHECK(right);
    free(number);
}

static void odd_names_work(void **state)
{
    (void)state;
    char digest[17];
    CHECK_OK(
        write_file(team, in_scratch("a:b c'\xc3\xa4.h5"), 10, &plain, digest));
    CHECK(exists(in_scratch("a:b c'\xc3\xa4.h5")));
    cor_file *file;
    CHECK_OK(
        cor_file_open(team, in_scratch("a:b c'\xc3\xa4.h5"), "test", &file));
    cor_file_close(&file);
    /* a command longer than an attribute may be */
    char *command = malloc(200001);
    memset(command, 'x', 200000);
    command[200000] = 0;
    cor_file_options options = plain;
    options.command = command;
    CHECK_OK(write_file(team, in_scratch("long.h5"), 10, &options, digest));
    free(command);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(files_come_back),
    cmocka_unit_test(packed_files_come_back),
    cmocka_unit_test(any_ranks_write_the_same),
    cmocka_unit_test(digests_tell_apart),
    cmocka_unit_test(datasets_grow_in_several_calls),
    cmocka_unit_test(packed_rows_take_several_calls),
    cmocka_unit_test(odd_names_work),
};
STORE_TESTS(tests)
