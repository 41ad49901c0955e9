#define TEAM_TEST_MAIN
#include "scratch.h"

#include "coracle/interactions.h"
#include "coracle/random.h"

#include <math.h>

static const cor_file_options options = {.force = true, .command = "test"};
static const cor_file_options packed = {.force = true, .compress = true};

enum { USERS = 101, ITEMS = 57 };

/* What the input says in row i: a heavy user 7, users 90 to 95 without rows,
   times that repeat so that the input order decides. */
typedef struct row {
    int32_t user, item;
    float value;
    int64_t time, number;
} row;

static int64_t tick = 1000; /* between two times */

static row row_at(int64_t i)
{
    cor_random bits = cor_random_at(5, COR_STREAM_TEST, (uint64_t)i, 0);
    row r = {.number = i};
    r.user = bits.word[0] % 3 == 0 ? 7 : (int32_t)(bits.word[1] % 90);
    if (bits.word[0] % 97 == 1)
        r.user = 96 + (int32_t)(bits.word[1] % 5);
    r.item = (int32_t)(bits.word[2] % (ITEMS - 3)); /* three have no rows */
    r.value = (float)(i % 10) * 0.5f + 0.1f;
    r.time = ((int64_t)(bits.word[3] % 50) - 20) * tick;
    return r;
}

static int compare_rows(const void *a, const void *b)
{
    const row *x = a, *y = b;
    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

static row *sorted_rows(int64_t rows, bool has_time)
{
    row *all = malloc((size_t)rows * sizeof *all + 1);
    for (int64_t i = 0; i < rows; i++) {
        all[i] = row_at(i);
        if (!has_time)
            all[i].time = 0;
    }
    qsort(all, (size_t)rows, sizeof *all, compare_rows);
    return all;
}

static void fill_ids(cor_ids *ids, bool text, int64_t total, const char *word)
{
    int64_t size = cor_team_size(team), rank = cor_team_rank(team);
    int64_t first = rank == 0 ? 0 : total * (rank - 1) / (size - 1);
    int64_t end = size == 1 ? total : total * rank / (size - 1);
    *ids = (cor_ids){.total = total,
                     .first = first,
                     .count = end - first,
                     .text = text,
                     .width = text ? 24 : 0};
    ids->number = text ? NULL : malloc((size_t)ids->count * 8 + 8);
    ids->bytes = text ? calloc((size_t)ids->count + 1, 24) : NULL;
    for (int64_t i = 0; i < ids->count; i++)
        if (text)
            snprintf(ids->bytes + 24 * i, 24, "%s %lld", word,
                     (long long)(first + i));
        else
            ids->number[i] = 1000 + (first + i) * 3;
}

/* Whether the input has columns to keep: a category that not every row has, and
   the number of the row, which not every row has either. */
static bool keeping;

static int32_t code_of(int64_t number)
{
    return (int32_t)(number % 5) - 1;
}

static bool number_is(double number, int64_t of)
{
    return of % 7 ? number == (double)of : isnan(number);
}

static void fill_kept(int64_t rows, int64_t first, cor_kept_columns *kept)
{
    kept->count = 2;
    kept->column = calloc(2, sizeof *kept->column);
    cor_kept *kind = &kept->column[0], *serial = &kept->column[1];
    strcpy(kind->name, "kind.of");
    strcpy(serial->name, "serial");
    kind->category = true;
    kind->code = malloc((size_t)rows * 4 + 4);
    serial->number = malloc((size_t)rows * 8 + 8);
    for (int64_t i = 0; i < rows; i++) {
        kind->code[i] = code_of(first + i);
        serial->number[i] = (first + i) % 7 ? (double)(first + i) : (double)NAN;
    }
    fill_ids(&kind->names, true, 4, "kind");
}

static bool kept_right(const cor_interactions *data, const row *sorted)
{
    char word[32], expected[32];
    const cor_kept_columns *kept = &data->kept;
    const cor_kept *kind = cor_kept_find(kept, "kind.of");
    const cor_kept *serial = cor_kept_find(kept, "serial");
    if (!keeping)
        return kept->count == 0;
    if (kept->count != 2 || !kind || !serial || cor_kept_find(kept, "kind") ||
        !kind->category || serial->category || kind->names.total != 4)
        return false;
    for (int64_t i = 0; i < data->rows; i++)
        if (kind->code[i] != code_of(sorted[i].number) ||
            !number_is(serial->number[i], sorted[i].number))
            return false;
    for (int64_t i = 0; i < kind->names.count; i++) {
        cor_ids_print(&kind->names, i, word, sizeof word);
        snprintf(expected, 32, "kind %lld", (long long)(kind->names.first + i));
        if (strcmp(word, expected) != 0)
            return false;
    }
    return true;
}

/* This rank's part of the input, cut so that the first rank has none. */
static void fill_input(int64_t rows, bool has_time, cor_interactions *data)
{
    int64_t size = cor_team_size(team), rank = cor_team_rank(team);
    int64_t first = rank == 0 ? 0 : rows * (rank - 1) / (size - 1);
    int64_t end = size == 1 ? rows : rows * rank / (size - 1);
    *data =
        (cor_interactions){.rows = end - first, .users = USERS, .items = ITEMS};
    size_t count = (size_t)(end - first) + 1;
    data->user = malloc(count * 4);
    data->item = malloc(count * 4);
    data->value = malloc(count * 4);
    data->time = has_time ? malloc(count * 8) : NULL;
    for (int64_t i = first; i < end; i++) {
        row r = row_at(i);
        data->user[i - first] = r.user;
        data->item[i - first] = r.item;
        data->value[i - first] = r.value;
        if (has_time)
            data->time[i - first] = r.time;
    }
    fill_ids(&data->user_id, false, USERS, NULL);
    fill_ids(&data->item_id, true, ITEMS, "\xc3\xa4\xe6\xbc\xa2");
    fill_ids(&data->item_title, true, ITEMS, "Title, The");
    if (keeping)
        fill_kept(end - first, first, &data->kept);
}

/* Whether my rows are those of the plain sort. */
static bool rows_right(const cor_interactions *data, const row *sorted)
{
    int rank = cor_team_rank(team);
    int64_t first = cor_shards_first_row(data->row_shards, rank);
    if (data->rows != cor_shards_first_row(data->row_shards, rank + 1) - first)
        return false;
    for (int64_t i = 0; i < data->rows; i++) {
        const row *r = &sorted[first + i];
        if (data->user[i] != r->user || data->item[i] != r->item ||
            data->value[i] != r->value ||
            (data->time && data->time[i] != r->time))
            return false;
    }
    return kept_right(data, sorted + first);
}

/* Whole users in each shard, and no shard ends later than it must. */
static bool shards_right(const cor_interactions *data, const row *sorted,
                         int64_t rows)
{
    int64_t count = cor_shards_count(data->row_shards);
    for (int64_t s = 1; rows && s < count; s++) {
        int64_t at = cor_shards_begin(data->row_shards, s);
        int64_t user = cor_shards_begin(data->user_shards, s);
        int64_t before = 0, last = 0;
        for (int64_t i = 0; i < rows; i++)
            before += sorted[i].user < user, last += sorted[i].user < user - 1;
        if (at != before || at * count < rows * s ||
            (user > 0 && last * count >= rows * s))
            return false;
    }
    return cor_shards_rows(data->row_shards) == rows &&
           cor_shards_rows(data->user_shards) == USERS;
}

static bool ids_right(const cor_interactions *data)
{
    char word[32], expected[32];
    int64_t rank = cor_team_rank(team), size = cor_team_size(team);
    if (data->user_id.first !=
            cor_shards_first_row(data->user_shards, (int)rank) ||
        data->item_id.first != ITEMS * rank / size ||
        data->item_title.count != data->item_id.count)
        return false;
    for (int64_t i = 0; i < data->user_id.count; i++)
        if (data->user_id.number[i] != 1000 + (data->user_id.first + i) * 3)
            return false;
    for (int64_t i = 0; i < data->item_id.count; i++) {
        long long number = (long long)(data->item_id.first + i);
        cor_ids_print(&data->item_id, i, word, sizeof word);
        snprintf(expected, 32, "\xc3\xa4\xe6\xbc\xa2 %lld", number);
        if (strcmp(word, expected) != 0)
            return false;
        cor_ids_print(&data->item_title, i, word, sizeof word);
        snprintf(expected, 32, "Title, The %lld", number);
        if (strcmp(word, expected) != 0)
            return false;
    }
    return true;
}

static bool same_summary(const cor_interactions_summary *a,
                         const cor_interactions_summary *b)
{
    return a->interactions == b->interactions && a->users == b->users &&
           a->items == b->items && a->shards == b->shards &&
           a->value_min == b->value_min && a->value_max == b->value_max &&
           a->value_mean == b->value_mean && a->time_min == b->time_min &&
           a->time_max == b->time_max && a->has_time == b->has_time &&
           a->kept == b->kept && a->kept_bytes == b->kept_bytes &&
           strcmp(a->digest, b->digest) == 0;
}

static bool summary_right(const cor_interactions_summary *s, const row *sorted,
                          int64_t rows)
{
    int64_t users = 0, items = 0, low = INT64_MAX, high = INT64_MIN;
    bool seen[ITEMS] = {false};
    double sum = 0;
    for (int64_t i = 0; i < rows; i++) {
        users += i == 0 || sorted[i].user != sorted[i - 1].user;
        items += !seen[sorted[i].item];
        seen[sorted[i].item] = true;
        sum += (double)sorted[i].value;
        low = sorted[i].time < low ? sorted[i].time : low;
        high = sorted[i].time > high ? sorted[i].time : high;
    }
    if (s->interactions != rows || s->users != users || s->items != items)
        return false;
    if (rows == 0)
        return s->value_mean == 0 && s->value_min == 0 && s->time_max == 0;
    double mean = sum / (double)rows;
    return s->value_mean > mean - 1e-9 && s->value_mean < mean + 1e-9 &&
           (!s->has_time || (s->time_min == low && s->time_max == high));
}

/* Arrange, write, read on all ranks; the summary is told to the caller. */
static void round_trip(int64_t rows, int64_t shards, bool has_time,
                       const cor_file_options *how,
                       cor_interactions_summary *summary)
{
    row *sorted = sorted_rows(rows, has_time);
    cor_interactions data;
    cor_interactions_summary again;
    cor_file *file;
    const char *path = in_scratch("store.h5");
    fill_input(rows, has_time, &data);
    CHECK_OK(cor_interactions_arrange(team, shards, &data));
    CHECK(rows_right(&data, sorted));
    CHECK(shards_right(&data, sorted, rows));
    CHECK_OK(cor_interactions_place_ids(team, &data));
    CHECK(ids_right(&data));
    CHECK_OK(cor_interactions_write(team, path, how, &data, summary));
    CHECK(summary_right(summary, sorted, rows));
    cor_interactions_free(&data);
    CHECK_OK(cor_interactions_read(team, path, &cor_interactions_all, &data));
    CHECK(rows_right(&data, sorted) && shards_right(&data, sorted, rows));
    CHECK(ids_right(&data) && (data.time != NULL) == has_time);
    cor_interactions_free(&data);
    CHECK_OK(cor_file_open(team, path, "interactions", &file));
    CHECK_OK(cor_interactions_summarise(team, file, &again));
    CHECK(same_summary(summary, &again));
    cor_file_close(&file);
    free(sorted);
}

static void stores_come_back(void **state)
{
    (void)state;
    cor_interactions_summary s;
    round_trip(5000, 64, true, &options, &s);
    round_trip(5000, 1, true, &options, &s);
    round_trip(5000, 64, true, &packed, &s);
    round_trip(5000, 300, false, &options, &s); /* more shards than users */
    round_trip(3, 64, true, &options, &s);
    round_trip(0, 64, true, &options, &s);
    round_trip(0, 64, false, &packed, &s);
}

/* Rows for several buckets of several users each. */
static void many_rows_are_sorted(void **state)
{
    (void)state;
    cor_interactions_summary s;
    round_trip(60000, 64, true, &options, &s);
    round_trip(60000, 64, false, &options, &s);
}

/* So many that buckets are cut into cells, and that blocks are given back page
   by page while they are read. */
static void cells_of_buckets_are_sorted(void **state)
{
    (void)state;
    cor_interactions_summary s;
    if (cor_team_size(team) <= 3) /* on more, buckets are of a user each */
        round_trip(600000, 64, true, &options, &s);
}

/* Times too far apart for one word of a record; and, with the user and the
   place of a row, for one key. */
static void times_of_any_width_are_sorted(void **state)
{
    (void)state;
    cor_interactions_summary s;
    const int64_t ticks[] = {INT64_C(1) << 27, INT64_C(1) << 57};
    for (int i = 0; i < 2; i++) {
        tick = ticks[i];
        round_trip(60000, 64, true, &options, &s);
    }
    tick = 1000;
}

/* Rows that are in order only have to change ranks; with two of them exchanged
   on the last rank they are in order on all others alone. */
static void rows_in_order_keep_it(void **state)
{
    (void)state;
    enum { ROWS = 5000 };
    row *sorted = sorted_rows(ROWS, true);
    for (int swapped = 0; swapped < 2; swapped++) {
        cor_interactions data;
        fill_input(ROWS, true, &data);
        int64_t rank = cor_team_rank(team), size = cor_team_size(team);
        int64_t first = rank ? ROWS * (rank - 1) / (size - 1) : 0;
        for (int64_t i = 0; i < data.rows; i++) {
            int64_t from = first + i;
            if (swapped && from >= ROWS - 2)
                from = ROWS - 1 - (from - (ROWS - 2));
            data.user[i] = sorted[from].user;
            data.item[i] = sorted[from].item;
            data.value[i] = sorted[from].value;
            data.time[i] = sorted[from].time;
        }
        CHECK_OK(cor_interactions_arrange(team, 64, &data));
        CHECK(rows_right(&data, sorted));
        CHECK(shards_right(&data, sorted, ROWS));
        cor_interactions_free(&data);
    }
    free(sorted);
}

static void kept_columns_go_with_their_rows(void **state)
{
    (void)state;
    cor_interactions_summary s, other;
    round_trip(5000, 64, true, &options, &other);
    keeping = true;
    round_trip(5000, 64, true, &options, &s);
    CHECK(s.kept == 2 && s.kept_bytes == 12 &&
          strcmp(s.digest, other.digest) != 0);
    round_trip(5000, 64, false, &packed, &s);
    round_trip(60000, 64, true, &options, &s);
    round_trip(2, 64, true, &options, &s);
    round_trip(0, 64, true, &options, &s);
    tick = INT64_C(1) << 57;
    round_trip(60000, 64, true, &options, &s);
    tick = 1000;
    keeping = false;
}

/* Rows that stand in order change ranks in slices of their columns. */
static void kept_columns_of_ordered_rows(void **state)
{
    (void)state;
    cor_interactions data, twice;
    row *sorted = sorted_rows(5000, true);
    int8_t *keep = malloc(5001);
    memset(keep, 1, 5001);
    keeping = true;
    fill_input(5000, true, &data);
    CHECK_OK(cor_interactions_arrange(team, 9, &data));
    CHECK_OK(cor_interactions_place_ids(team, &data));
    CHECK(cor_kept_code(team, &data.kept.column[0], "kind 3") == 3);
    CHECK(cor_kept_code(team, &data.kept.column[0], "kind 33") == -1);
    CHECK(cor_kept_code(team, &data.kept.column[0], "kind") == -1);
    CHECK_OK(cor_interactions_arrange(team, 300, &data));
    CHECK(rows_right(&data, sorted));
    CHECK_OK(cor_interactions_pick(team, &data, keep, &twice));
    CHECK(rows_right(&twice, sorted));
    keeping = false;
    cor_interactions_free(&twice);
    cor_interactions_free(&data);
    free(keep);
    free(sorted);
}

static int write_with(const cor_team *t, const char *path,
                      cor_interactions_summary *summary)
{
    cor_team *all = team;
    cor_interactions data;
    team = (cor_team *)t; /* the fillers cut the input over this team */
    fill_input(4000, true, &data);
    team = all;
    int rc = cor_interactions_arrange(t, 64, &data);
    if (rc == COR_OK)
        rc = cor_interactions_place_ids(t, &data);
    if (rc == COR_OK)
        rc = cor_interactions_write(t, path, &options, &data, summary);
    cor_interactions_free(&data);
    return rc;
}

static void any_ranks_write_and_read(void **state)
{
    (void)state;
    cor_interactions_summary all, few = {0};
    cor_team *part;
    CHECK_OK(write_with(team, in_scratch("all.h5"), &all));
    bool writes = cor_team_rank(team) < (cor_team_size(team) + 1) / 2;
    CHECK_OK(cor_team_split(team, writes, &part));
    int rc = COR_OK;
    if (writes)
        rc = write_with(part, in_scratch("few.h5"), &few);
    CHECK(rc == COR_OK);
    CHECK(!writes || same_summary(&few, &all));
    cor_interactions data;
    row *sorted = sorted_rows(4000, true);
    CHECK_OK(cor_interactions_read(team, in_scratch("few.h5"),
                                   &cor_interactions_all, &data));
    CHECK(rows_right(&data, sorted) && ids_right(&data));
    cor_interactions_free(&data);
    free(sorted);
    cor_team_destroy(&part);
    char line[1200];
    snprintf(line, sizeof line, "cmp -s '%s/all.h5' '%s/few.h5'", scratch,
             scratch);
    CHECK(shell(line) == 0);
}

static void parts_not_wanted_stay_away(void **state)
{
    (void)state;
    cor_interactions_summary s;
    cor_interactions data;
    const cor_interactions_parts none = {0};
    CHECK_OK(write_with(team, in_scratch("parts.h5"), &s));
    CHECK_OK(cor_interactions_read(team, in_scratch("parts.h5"), &none, &data));
    CHECK(data.user && data.item && !data.value && !data.time);
    CHECK(!data.user_id.number && !data.item_id.bytes &&
          !data.item_title.bytes);
    CHECK(data.users == USERS && data.items == ITEMS && !data.kept.count);
    cor_interactions_free(&data);
}

static void wild_values_are_not_written(void **state)
{
    (void)state;
    cor_interactions data;
    cor_interactions_summary s;
    fill_input(1000, true, &data);
    CHECK_OK(cor_interactions_arrange(team, 64, &data));
    CHECK_OK(cor_interactions_place_ids(team, &data));
    if (data.rows)
        data.value[data.rows - 1] = strtof("nan", NULL);
    CHECK(cor_interactions_write(team, in_scratch("wild.h5"), &options, &data,
                                 &s) == COR_ENUMERIC);
    CHECK(!exists(in_scratch("wild.h5")) && !folder_has("\\.part-"));
    cor_interactions_free(&data);
}

/* A store by hand: two users of two rows each, one thing wrong. */
enum wrong {
    NOTHING,
    USER,
    ITEM,
    VALUE,
    TIME,
    SHARDS,
    LENGTH,
    MISSING,
    TYPE,
    CODE
};

static int write_codes(cor_file *file, int64_t n, int32_t last)
{
    int32_t code[] = {0, -1, 1, last};
    int rc = cor_file_write(file, "kept/k", COR_INT32, 0, 4, 0, 0, n, code);
    rc |=
        cor_file_write(file, "categories/k", COR_TEXT, 1, 2, 0, 0, n / 2, "ab");
    return rc | cor_file_put_text(file, "interactions/kept", "k");
}

static int write_wrong(enum wrong what)
{
    int32_t user[] = {0, 0, 1, 1}, item[] = {0, 1, 0, 2};
    float value[] = {1, 2, 3, 4};
    int64_t time[] = {5, 5, 1, 7}, id[] = {10, 11, 12};
    int64_t rows[] = {0, 2, 4}, users[] = {0, 1, 2};
    if (what == USER)
        user[2] = 0; /* belongs to the other shard */
    if (what == ITEM)
        item[3] = 3;
    if (what == VALUE)
        value[0] = strtof("inf", NULL);
    if (what == TIME)
        time[3] = 0;
    if (what == SHARDS)
        rows[1] = 5;
    int64_t n = cor_team_rank(team) ? 0 : 4;
    cor_file *file;
    COR_TRY(cor_file_create(team, in_scratch("wrong.h5"), "interactions",
                            &options, &file));
    int rc = cor_file_write(file, "interactions/user", COR_INT32, 0, 4, 0, 0, n,
                            user);
    rc |= cor_file_write(file, "interactions/item", COR_INT32, 0, 4, 0, 0, n,
                         item);
    rc |= cor_file_write(file, "interactions/value", COR_FLOAT32, 0,
                         what == LENGTH ? 3 : 4, 0, 0,
                         what == LENGTH && n ? 3 : n, value);
    rc |= cor_file_write(file, "interactions/time",
                         what == TYPE ? COR_TEXT : COR_INT64,
                         what == TYPE ? 8 : 0, 4, 0, 0, n, time);
    rc |= cor_file_write(file, "users/id", COR_INT64, 0, 2, 0, 0, n / 2, id);
    rc |= cor_file_write(file, what == MISSING ? "items/x" : "items/id",
                         COR_INT64, 0, 3, 0, 0, n ? 3 : 0, id);
    rc |= cor_file_write(file, "shards/row", COR_INT64, 0, 3, 0, 0, n ? 3 : 0,
                         rows);
    rc |= cor_file_write(file, "shards/user", COR_INT64, 0, 3, 0, 0, n ? 3 : 0,
                         users);
    if (what == NOTHING || what == CODE)
        rc |= write_codes(file, n, what == CODE ? 2 : 1);
    return rc | cor_file_commit(&file);
}

static void damaged_stores_are_refused(void **state)
{
    (void)state;
    cor_interactions data;
    for (int what = NOTHING; what <= CODE; what++) {
        CHECK_OK(write_wrong(what));
        int rc = cor_interactions_read(team, in_scratch("wrong.h5"),
                                       &cor_interactions_all, &data);
        CHECK(rc == (what == NOTHING ? COR_OK : COR_EDATA));
        if (what == NOTHING)
            cor_interactions_free(&data);
        else
            CHECK(strstr(cor_message(), "is damaged: ") && !data.user);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(stores_come_back),
    cmocka_unit_test(many_rows_are_sorted),
    cmocka_unit_test(cells_of_buckets_are_sorted),
    cmocka_unit_test(times_of_any_width_are_sorted),
    cmocka_unit_test(rows_in_order_keep_it),
    cmocka_unit_test(kept_columns_go_with_their_rows),
    cmocka_unit_test(kept_columns_of_ordered_rows),
    cmocka_unit_test(any_ranks_write_and_read),
    cmocka_unit_test(parts_not_wanted_stay_away),
    cmocka_unit_test(wild_values_are_not_written),
    cmocka_unit_test(damaged_stores_are_refused),
};
STORE_TESTS(tests)
