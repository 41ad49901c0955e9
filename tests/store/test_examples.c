/* Examples: stores come back, whatever the batches and ranks; what must not be
   in them is refused, and found where a file was damaged. */
#define TEAM_TEST_MAIN
#include "scratch.h"

#include "coracle/cut.h"
#include "coracle/examples.h"
#include "coracle/memory.h"
#include "coracle/random.h"

#include <math.h>

static const cor_file_options options = {.force = true, .command = "test"};

enum { FEATURES = 40 };

static int64_t features_of(int64_t row)
{
    return row % 5; /* some rows have none */
}

/* Any contiguous rows, made of their numbers alone. */
static void make_rows(int64_t first, int64_t count, cor_examples_rows *rows)
{
    int64_t at = 0;
    *rows = (cor_examples_rows){.count = count};
    (void)COR_NEW(&rows->begin, count + 1);
    (void)COR_NEW(&rows->feature, 5 * count);
    (void)COR_NEW(&rows->value, 5 * count);
    (void)COR_NEW(&rows->label, count);
    for (int64_t i = 0; i < count; i++) {
        int64_t row = first + i;
        rows->begin[i] = at;
        rows->label[i] = (float)cor_random_unit(
            cor_random_at(5, COR_STREAM_TEST, (uint64_t)row, 0));
        for (int64_t j = 0; j < features_of(row); j++, at++) {
            rows->feature[at] = (int32_t)(row % 8 + 8 * j);
            rows->value[at] = (float)(row + j) / 8;
        }
    }
    rows->begin[count] = at;
}

static bool rows_right(int64_t first, const cor_examples_rows *rows)
{
    cor_examples_rows made;
    make_rows(first, rows->count, &made);
    bool right = true;
    for (int64_t i = 0; i < rows->count; i++)
        right = right && rows->label[i] == made.label[i] &&
                rows->begin[i + 1] == made.begin[i + 1];
    for (int64_t j = 0; right && j < made.begin[rows->count]; j++)
        right = rows->feature[j] == made.feature[j] &&
                rows->value[j] == made.value[j];
    cor_examples_rows_free(&made);
    return right;
}

static void name_features(cor_ids *name)
{
    int rank = cor_team_rank(team), size = cor_team_size(team);
    *name = (cor_ids){.total = FEATURES, .text = true, .width = 4};
    name->first = cor_cut_begin(FEATURES, rank, size);
    name->count = cor_cut_begin(FEATURES, rank + 1, size) - name->first;
    (void)cor_allocate_zeroed(&name->bytes, name->count, 4, "names");
    for (int64_t i = 0; i < name->count; i++)
        snprintf(name->bytes + 4 * i, 4, "f%d", (int)(name->first + i));
}

/* Rows lie anywhere at first: rank 0 has none, the others uneven shares. */
static int spread(int64_t rows, int64_t shards, cor_examples *data)
{
    int rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t first = size > 1 && rank ? rows * (rank - 1) / (size - 1) : 0;
    int64_t end = size > 1 ? rows * rank / (size - 1) : rows;
    *data = (cor_examples){.features = FEATURES};
    make_rows(first, end - first, &data->mine);
    name_features(&data->name);
    return cor_examples_arrange(team, shards, data);
}

/* Append in batches of `batch`; ranks that are done give empty ones. */
static int write_in_batches(const char *path, const cor_examples *data,
                            int64_t batch, cor_examples_summary *summary)
{
    cor_examples_writer *writer;
    int64_t most = data->mine.count;
    cor_team_max(team, &most, 1);
    COR_TRY(cor_examples_create(team, path, &options, data->shards,
                                data->features,
                                data->mine.begin[data->mine.count], &writer));
    for (int64_t i = 0; i < most; i += batch) {
        cor_examples_rows rows = {0};
        int64_t left = data->mine.count - i;
        if (left > 0)
            make_rows(data->first + i, left < batch ? left : batch, &rows);
        int rc = cor_examples_append(writer, &rows);
        cor_examples_rows_free(&rows);
        if (rc != COR_OK) {
            cor_examples_abandon(&writer);
            return rc;
        }
    }
    return cor_examples_finish(&writer, &data->name, summary);
}

static void check_store(const char *path, int64_t rows)
{
    cor_file *file;
    cor_examples data;
    cor_examples_summary s;
    cor_examples_rows some;
    CHECK_OK(cor_examples_read(team, path, &data));
    CHECK(cor_shards_rows(data.shards) == rows && data.features == FEATURES);
    CHECK(rows_right(data.first, &data.mine));
    cor_examples_free(&data);
    CHECK_OK(cor_file_open(team, path, "examples", &file));
    CHECK_OK(cor_examples_summarise(file, &s));
    CHECK(s.rows == rows && s.features == FEATURES && s.named);
    int64_t first = cor_team_rank(team) < rows ? cor_team_rank(team) : rows;
    CHECK_OK(
        cor_examples_read_rows(team, file, &s, first, rows - first, &some));
    CHECK(some.count == rows - first && rows_right(first, &some));
    cor_examples_rows_free(&some);
    cor_ids name;
    char text[8] = "", expected[8] = "";
    CHECK_OK(cor_examples_read_names(team, file, &name));
    if (name.count) {
        cor_ids_print(&name, 0, text, sizeof text);
        snprintf(expected, sizeof expected, "f%d", (int)name.first);
    }
    CHECK(name.total == FEATURES && strcmp(text, expected) == 0);
    cor_ids_free(&name);
    cor_file_close(&file);
}

/* Of the 1000 rows, on any ranks. */
static bool is_digest(const char *digest)
{
    if (strcmp(digest, "c652a1b6f4e30074") == 0)
        return true;
    fprintf(stderr, "the digest is %s\n", digest);
    return false;
}

static void stores_come_back(void **state)
{
    (void)state;
    static const int64_t rows[] = {0, 1, 3, 1000};
    for (int i = 0; i < 4; i++) {
        cor_examples data;
        cor_examples_summary whole, parts;
        CHECK_OK(spread(rows[i], i == 3 ? 64 : 0, &data));
        CHECK(rows_right(data.first, &data.mine));
        CHECK_OK(cor_examples_write(team, in_scratch("a.h5"), &options, &data,
                                    &whole));
        CHECK_OK(write_in_batches(in_scratch("b.h5"), &data, 7, &parts));
        CHECK(strcmp(whole.digest, parts.digest) == 0);
        CHECK(whole.label_mean == parts.label_mean);
        CHECK(whole.rows == rows[i] && whole.features == FEATURES);
        cor_examples_free(&data);
        check_store(in_scratch("b.h5"), rows[i]);
        if (i == 3)
            CHECK(whole.nonzeros == 2000 && is_digest(whole.digest));
    }
}

/* One row of the 1000 is spoilt, by the rank that has it. */
static int write_spoilt(int spoil, int64_t features)
{
    cor_examples data;
    cor_examples_summary summary;
    CHECK_OK(spread(1000, 64, &data));
    int64_t at = 504 - data.first; /* features 0, 8, 16, 24 */
    cor_examples_rows *mine = &data.mine;
    data.features = features;
    cor_ids_free(&data.name);
    if (at >= 0 && at < mine->count) {
        if (spoil == 0)
            mine->label[at] = NAN;
        if (spoil == 1)
            mine->value[mine->begin[at] + 1] = -INFINITY;
        if (spoil == 2)
            mine->feature[mine->begin[at] + 1] = 0;
    }
    int rc = cor_examples_write(team, in_scratch("bad.h5"), &options, &data,
                                &summary);
    cor_examples_free(&data);
    CHECK(!exists(in_scratch("bad.h5")));
    return rc;
}

static void what_is_wrong_is_not_written(void **state)
{
    (void)state;
    CHECK(write_spoilt(0, FEATURES) == COR_ENUMERIC);
    CHECK(strstr(cor_message(), "example 505 (from 1): its label"));
    CHECK(write_spoilt(1, FEATURES) == COR_ENUMERIC);
    CHECK(write_spoilt(2, FEATURES) == COR_EDEFECT);
    CHECK(strstr(cor_message(), "ascend"));
    CHECK(write_spoilt(3, 31) == COR_EDEFECT);
    CHECK(strstr(cor_message(), "does not exist"));
    CHECK(write_spoilt(3, INT64_C(1) << 31) == COR_EUSAGE);
}

enum wrong {
    NOTHING,
    LABEL,
    VALUE,
    NEGATIVE,
    BEYOND,
    REPEATED,
    FIRST,
    LAST,
    DESCENDING,
    WIDE,
    LENGTH,
    TYPE,
    COUNT
};

/* Rows {1: 1, 3: 2}, {0: 3} and an empty one, with one thing wrong. */
static int write_wrong(enum wrong what)
{
    int64_t n = cor_team_rank(team) == 0;
    float label[] = {1, what == LABEL ? NAN : 2, 3};
    float value[] = {1, 2, what == VALUE ? -INFINITY : 3};
    int32_t feature[] = {what == REPEATED ? 3 : 1, what == BEYOND ? 4 : 3,
                         what == NEGATIVE ? -1 : 0};
    int64_t begin[] = {what == FIRST, what == DESCENDING ? 3 : 2,
                       what == WIDE         ? 4
                       : what == DESCENDING ? 2
                                            : 3,
                       what == LAST ? 2 : 3};
    static const int64_t shards[] = {0, 1, 3};
    cor_file *file;
    COR_TRY(cor_file_create(team, in_scratch("wrong.h5"), "examples", &options,
                            &file));
    int rc = cor_file_write(file, "examples/begin", COR_INT64, 0,
                            what == LENGTH ? 3 : 4, 0, 0,
                            n * (what == LENGTH ? 3 : 4), begin);
    rc |= cor_file_write(file, "examples/feature",
                         what == TYPE ? COR_FLOAT32 : COR_INT32, 0, 3, 0, 0,
                         n * 3, what == TYPE ? (void *)value : feature);
    rc |= cor_file_write(file, "examples/value", COR_FLOAT32, 0, 3, 0, 0, n * 3,
                         value);
    rc |= cor_file_write(file, "examples/label", COR_FLOAT32, 0, 3, 0, 0, n * 3,
                         label);
    rc |= cor_file_write(file, "shards/row", COR_INT64, 0, 3, 0, 0, n * 3,
                         shards);
    rc |= cor_file_put_int64(file, "examples/features", what == COUNT ? -1 : 4);
    rc |= cor_file_put_double(file, "examples/label_min", 1);
    rc |= cor_file_put_double(file, "examples/label_max", 3);
    rc |= cor_file_put_double(file, "examples/label_mean", 2);
    rc |= cor_file_put_text(file, "digest", "0123456789abcdef");
    return rc | cor_file_commit(&file);
}

static void damaged_stores_are_refused(void **state)
{
    (void)state;
    cor_examples data;
    for (int what = NOTHING; what <= COUNT; what++) {
        CHECK_OK(write_wrong(what));
        int rc = cor_examples_read(team, in_scratch("wrong.h5"), &data);
        CHECK(rc == (what == NOTHING ? COR_OK : COR_EDATA));
        CHECK(what == NOTHING || (strstr(cor_message(), "damaged") &&
                                  !data.shards && !data.mine.begin));
        CHECK(what != LABEL || strstr(cor_message(), "example 2 (from 1)"));
        cor_examples_free(&data);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(stores_come_back),
    cmocka_unit_test(what_is_wrong_is_not_written),
    cmocka_unit_test(damaged_stores_are_refused),
};
STORE_TESTS(tests)
