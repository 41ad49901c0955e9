#define TEAM_TEST_MAIN
#include "scratch.h"

#include "coracle/matrix.h"
#include "coracle/random.h"

#include <math.h>

static const cor_file_options options = {.force = true, .command = "test"};
static const cor_file_options packed = {.force = true, .compress = true};

enum { COLUMNS = 5 };

/* Column 0 counts, 1 is near 1e8, 2 is one value alone, 3 and 4 are random. */
static double number_at(int64_t row, int64_t column)
{
    double normal[2];
    cor_random_normals(cor_random_at(3, COR_STREAM_TEST, (uint64_t)row, 0),
                       normal);
    switch (column) {
    case 0:
        return (double)row;
    case 1:
        return 1e8 + (double)(row % 4);
    case 2:
        return 0.1;
    default:
        return normal[column - 3];
    }
}

static double of_type(double number, enum cor_type type)
{
    return type == COR_FLOAT32 ? (double)(float)number : number;
}

static void put(cor_matrix *matrix, int64_t at, double number)
{
    if (matrix->type == COR_FLOAT32)
        ((float *)matrix->value)[at] = (float)number;
    else
        ((double *)matrix->value)[at] = number;
}

static int fill(const cor_team *t, int64_t rows, int64_t shards,
                enum cor_type type, cor_matrix *matrix)
{
    COR_TRY(cor_matrix_create(t, shards, rows, COLUMNS, type, matrix));
    for (int64_t i = 0; i < matrix->count * COLUMNS; i++)
        put(matrix, i, number_at(matrix->first + i / COLUMNS, i % COLUMNS));
    return COR_OK;
}

static void name_columns(cor_matrix *matrix)
{
    matrix->name = (cor_ids){
        .total = COLUMNS, .count = COLUMNS, .text = true, .width = 16};
    matrix->name.bytes = calloc(COLUMNS, 16);
    matrix->offset = calloc(COLUMNS, 8);
    matrix->scale = calloc(COLUMNS, 8);
    for (int c = 0; c < COLUMNS; c++) {
        snprintf(matrix->name.bytes + 16 * c, 16, "c\xc3\xa4 %d", c);
        matrix->offset[c] = c;
        matrix->scale[c] = 2 * c + 1;
    }
}

static bool names_right(const cor_ids *name)
{
    char text[32], expected[32];
    bool right = name->total == COLUMNS && name->count == COLUMNS;
    for (int c = 0; right && c < COLUMNS; c++) {
        cor_ids_print(name, c, text, sizeof text);
        snprintf(expected, sizeof expected, "c\xc3\xa4 %d", c);
        right = strcmp(text, expected) == 0;
    }
    return right;
}

static bool numbers_right(const cor_matrix *matrix)
{
    double tile[3 * COLUMNS];
    for (int64_t row = 0; row < matrix->count; row += 3) {
        int64_t count = matrix->count - row < 3 ? matrix->count - row : 3;
        cor_matrix_tile(matrix, row, count, tile);
        for (int64_t i = 0; i < count * COLUMNS; i++)
            if (tile[i] != of_type(number_at(matrix->first + row + i / COLUMNS,
                                             i % COLUMNS),
                                   matrix->type))
                return false;
    }
    return true;
}

static void round_trip(int64_t rows, int64_t shards, enum cor_type type,
                       const cor_file_options *how, char digest[17])
{
    cor_matrix matrix;
    cor_matrix_size size;
    const char *path = in_scratch("matrix.h5");
    CHECK_OK(fill(team, rows, shards, type, &matrix));
    name_columns(&matrix);
    CHECK_OK(cor_matrix_write(team, path, how, &matrix, digest));
    cor_matrix_free(&matrix);
    CHECK_OK(cor_matrix_read(team, path, &matrix));
    CHECK(matrix.rows == rows && matrix.columns == COLUMNS);
    CHECK(matrix.type == type && cor_shards_count(matrix.shards) == shards);
    CHECK(matrix.first ==
          cor_shards_first_row(matrix.shards, cor_team_rank(team)));
    CHECK(numbers_right(&matrix) && names_right(&matrix.name));
    CHECK(matrix.offset[4] == 4 && matrix.scale[4] == 9);
    cor_matrix_free(&matrix);
    CHECK_OK(cor_matrix_measure(team, path, &size));
    CHECK(size.rows == rows && size.columns == COLUMNS && size.type == type);
    CHECK(size.shards == shards && strcmp(size.digest, digest) == 0);
}

static void stores_come_back(void **state)
{
    (void)state;
    char one[17], other[17];
    round_trip(1000, 64, COR_FLOAT64, &options, one);
    round_trip(1000, 9, COR_FLOAT64, &packed, other);
    CHECK(strcmp(one, other) == 0);
    round_trip(1000, 64, COR_FLOAT32, &options, other);
    CHECK(strcmp(one, other) != 0);
    round_trip(3, 64, COR_FLOAT32, &options, one);
    round_trip(0, 64, COR_FLOAT64, &options, one);
}

/* A plain sum in long doubles is the judge. */
static bool column_right(const cor_matrix_columns *found, int64_t rows, int c)
{
    long double sum = 0, square = 0;
    double min = INFINITY, max = -INFINITY;
    for (int64_t i = 0; i < rows; i++) {
        sum += number_at(i, c);
        min = fmin(min, number_at(i, c));
        max = fmax(max, number_at(i, c));
    }
    long double mean = sum / rows;
    for (int64_t i = 0; i < rows; i++)
        square += (number_at(i, c) - mean) * (number_at(i, c) - mean);
    double deviation = c == 2 ? 0 : (double)sqrtl(square / rows);
    return found->min[c] == min && found->max[c] == max &&
           fabs(found->mean[c] - (double)mean) <= 1e-15 * fabs(max) &&
           fabs(found->deviation[c] - deviation) <= 1e-14 * deviation;
}

static void columns_are_described(void **state)
{
    (void)state;
    cor_matrix matrix;
    cor_matrix_columns found, kept;
    cor_ids name;
    bool standardized = true;
    char digest[17];
    CHECK_OK(fill(team, 5000, 0, COR_FLOAT64, &matrix));
    CHECK_OK(cor_matrix_describe(team, &matrix, &found));
    for (int c = 0; c < COLUMNS; c++)
        CHECK(column_right(&found, 5000, c));
    CHECK_OK(cor_matrix_write(team, in_scratch("columns.h5"), &options, &matrix,
                              digest));
    CHECK_OK(cor_matrix_read_columns(team, in_scratch("columns.h5"), &name,
                                     &kept, &standardized));
    CHECK(memcmp(kept.deviation, found.deviation, COLUMNS * 8) == 0 &&
          memcmp(kept.mean, found.mean, COLUMNS * 8) == 0);
    CHECK(name.total == 0 && !standardized);
    cor_matrix_columns_free(&found);
    cor_matrix_columns_free(&kept);
    cor_matrix_free(&matrix);
}

/* Half of the ranks write the same bytes as all of them, at two threads. */
static void any_ranks_write_the_same(void **state)
{
    (void)state;
    cor_matrix matrix = {0};
    cor_team *part;
    char all[17], few[17], line[1200];
    CHECK_OK(fill(team, 3000, 64, COR_FLOAT64, &matrix));
    CHECK_OK(
        cor_matrix_write(team, in_scratch("all.h5"), &options, &matrix, all));
    cor_matrix_free(&matrix);
    bool writes = cor_team_rank(team) < (cor_team_size(team) + 1) / 2;
    CHECK_OK(cor_team_split(team, writes, &part));
    cor_team_set_threads(part, 2);
    int rc = writes ? fill(part, 3000, 64, COR_FLOAT64, &matrix) : COR_OK;
    if (writes && rc == COR_OK)
        rc = cor_matrix_write(part, in_scratch("few.h5"), &options, &matrix,
                              few);
    CHECK(rc == COR_OK);
    CHECK(!writes || strcmp(all, few) == 0);
    cor_matrix_free(&matrix);
    cor_team_destroy(&part);
    snprintf(line, sizeof line, "cmp -s '%s/all.h5' '%s/few.h5'", scratch,
             scratch);
    CHECK(shell(line) == 0);
}

static void wild_numbers_are_not_written(void **state)
{
    (void)state;
    static const double wild[] = {NAN, INFINITY, 1e200};
    cor_matrix matrix;
    char digest[17];
    for (int i = 0; i < 3; i++) {
        CHECK_OK(fill(team, 100, 64, COR_FLOAT64, &matrix));
        if (matrix.first <= 41 && 41 < matrix.first + matrix.count)
            put(&matrix, (41 - matrix.first) * COLUMNS + 3, wild[i]);
        CHECK(cor_matrix_write(team, in_scratch("wild.h5"), &options, &matrix,
                               digest) == COR_ENUMERIC);
        CHECK(strstr(cor_message(), i < 2 ? "row 42, column 4" : "column 4"));
        CHECK(!exists(in_scratch("wild.h5")) && !folder_has("\\.part-"));
        cor_matrix_free(&matrix);
    }
}

enum wrong { NOTHING, WILD, SHARDS, SHAPE, TYPE, NAMES };

static int write_wrong(enum wrong what)
{
    double value[] = {1, 2, 3, what == WILD ? NAN : 4};
    int64_t begin[] = {0, what == SHARDS ? 3 : 1, 2}, count[] = {1, 2, 3, 4};
    int64_t n = cor_team_rank(team) ? 0 : 2;
    cor_file *file;
    COR_TRY(cor_file_create(team, in_scratch("wrong.h5"), "matrix", &options,
                            &file));
    int rc = cor_file_write(
        file, "matrix", what == TYPE ? COR_INT64 : COR_FLOAT64, 0, 2,
        what == SHAPE ? 0 : 2, 0, n, what == TYPE ? (void *)count : value);
    rc |= cor_file_write(file, "shards/row", COR_INT64, 0, 3, 0, 0, n ? 3 : 0,
                         begin);
    rc |= cor_file_write(file, "columns/name", COR_TEXT, 1,
                         what == NAMES ? 3 : 2, 0, 0, 0, NULL);
    return rc | cor_file_commit(&file);
}

static void damaged_stores_are_refused(void **state)
{
    (void)state;
    cor_matrix matrix;
    for (int what = NOTHING; what <= NAMES; what++) {
        CHECK_OK(write_wrong(what));
        int rc = cor_matrix_read(team, in_scratch("wrong.h5"), &matrix);
        CHECK(rc == (what == NOTHING ? COR_OK : COR_EDATA));
        CHECK(what == NOTHING ||
              (strstr(cor_message(), "damaged") && !matrix.value));
        cor_matrix_free(&matrix);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(stores_come_back),
    cmocka_unit_test(columns_are_described),
    cmocka_unit_test(any_ranks_write_the_same),
    cmocka_unit_test(wild_numbers_are_not_written),
    cmocka_unit_test(damaged_stores_are_refused),
};
STORE_TESTS(tests)
