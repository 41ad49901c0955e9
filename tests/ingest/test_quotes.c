/*
 * Files of random rows, written with every liberty that delimited text allows:
 * quotes where they are needed and where not, newlines, separators and doubled
 * quotes inside, LF and CRLF, blank lines, a missing last newline. The rows are
 * known, so what ingest makes of them is compared with a plain numbering and a
 * plain sort; many ranks and threads cut the file at almost every byte.
 */
#define TEAM_TEST_MAIN
#include "text_file.h"

#include "coracle/ingest.h"
#include "coracle/memory.h"
#include "coracle/random.h"

enum { ROWS_MOST = 400, FIELDS = 6, TEXT = 80 };

/* One row as it is meant. */
typedef struct plain_row {
    char id[2][TEXT]; /* user, item */
    float value;
    int64_t time;
    int32_t number[2];
    int32_t order; /* in the input */
} plain_row;

/* How a file is written. */
typedef struct style {
    uint64_t seed;
    bool text[2]; /* ids that are texts */
    bool crlf, quotes, last_newline, mark;
    char separator[4];
    int rows;
    uint32_t drawn;
} style;

static uint32_t draw(style *s, uint32_t below)
{
    cor_random bits = cor_random_at(s->seed, COR_STREAM_TEST, s->drawn++, 0);
    return bits.word[0] % below;
}

/* A text with all that may stand between quotes, or without quotes nothing
   that needs them. */
static void draw_text(style *s, char out[TEXT], bool empty)
{
    static const char *const safe[] = {"a", "b", "7",  "Z",    " ", "-",
                                       ".", "é", "日", "x\"y", "'"};
    static const char *const wild[] = {"\"", ",",    "\n", "\r\n",
                                       ";",  "\"\"", "\t", "\n\n"};
    int parts = (int)draw(s, 6) + (empty ? 0 : 1);
    out[0] = 0;
    if (!empty)
        strcat(out, "n");
    for (int i = 0; i < parts; i++) {
        bool any = s->quotes && draw(s, 3) == 0;
        const char *part = any ? wild[draw(s, 8)] : safe[draw(s, 11)];
        if (strlen(out) + strlen(part) < TEXT - 1)
            strcat(out, part);
    }
}

static void draw_id(style *s, int side, char out[TEXT])
{
    uint32_t number = draw(s, 30);
    style fixed = *s; /* a text id is a function of its number */
    fixed.seed = s->seed * 100 + number + (side ? 50u : 0u);
    fixed.drawn = 0;
    if (s->text[side])
        draw_text(&fixed, out, false);
    else if (number % 5 == 0)
        snprintf(out, TEXT, "-%u", number + 1);
    else if (number % 7 == 0)
        snprintf(out, TEXT, "%u00000000000000", number);
    else
        snprintf(out, TEXT, "%u", number);
}

static void put_field(style *s, text_buffer *file, const char *text)
{
    bool needed = strpbrk(text, ",\n\r;\t") != NULL || *text == '"';
    if (!s->quotes || (!needed && draw(s, 3) > 0)) {
        text_put(file, text);
        return;
    }
    text_put(file, "\"");
    for (const char *p = text; *p; p++)
        text_put_bytes(file, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    text_put(file, "\"");
}

/* Fields: noise, item, value, user, noise, time. */
static void put_row(style *s, text_buffer *file, const plain_row *row)
{
    char noise[TEXT], number[32];
    draw_text(s, noise, true);
    put_field(s, file, noise);
    text_put(file, s->separator);
    put_field(s, file, row->id[1]);
    text_put(file, s->separator);
    snprintf(number, sizeof number, draw(s, 2) ? "%.2f" : "%.6e",
             (double)row->value);
    put_field(s, file, number);
    text_put(file, s->separator);
    put_field(s, file, row->id[0]);
    text_put(file, s->separator);
    draw_text(s, noise, true);
    put_field(s, file, noise);
    text_put(file, s->separator);
    snprintf(number, sizeof number, "%lld", (long long)row->time);
    put_field(s, file, number);
    text_put(file, s->crlf ? "\r\n" : "\n");
    if (draw(s, 20) == 0)
        text_put(file, s->crlf ? "\r\n" : "\n");
}

static void put_file(style *s, text_buffer *file, plain_row *row)
{
    static const char *const header[FIELDS] = {"noise",  "itemId", "rating",
                                               "userId", "more",   "timestamp"};
    if (s->mark)
        text_put(file, "\xef\xbb\xbf");
    for (int f = 0; f < FIELDS; f++) {
        put_field(s, file, header[f]);
        text_put(file, f + 1 < FIELDS ? s->separator : s->crlf ? "\r\n" : "\n");
    }
    for (int i = 0; i < s->rows; i++) {
        row[i].order = i;
        row[i].value = (float)draw(s, 1000) / 4 - 100;
        row[i].time = (int64_t)draw(s, 50) - 25;
        draw_id(s, 0, row[i].id[0]);
        draw_id(s, 1, row[i].id[1]);
        put_row(s, file, &row[i]);
    }
    while (!s->last_newline && (file->bytes[file->length - 1] == '\n' ||
                                file->bytes[file->length - 1] == '\r'))
        file->length--;
}

/* Number ids as they appear; `id` gets the row that has each first. */
static int32_t number_rows(plain_row *row, int rows, int side, int32_t *id)
{
    int32_t count = 0;
    for (int i = 0; i < rows; i++) {
        int32_t n = 0;
        while (n < count && strcmp(row[id[n]].id[side], row[i].id[side]) != 0)
            n++;
        if (n == count)
            id[count++] = i;
        row[i].number[side] = n;
    }
    return count;
}

static int compare_rows(const void *a, const void *b)
{
    const plain_row *x = a, *y = b;
    if (x->number[0] != y->number[0])
        return x->number[0] < y->number[0] ? -1 : 1;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static bool rows_are(const cor_interactions *data, const plain_row *row,
                     int rows)
{
    int64_t first = cor_team_before(team, data->rows, NULL);
    for (int64_t i = 0; i < data->rows; i++) {
        const plain_row *r = &row[first + i];
        if (first + i >= rows || data->user[i] != r->number[0] ||
            data->item[i] != r->number[1] || data->value[i] != r->value ||
            data->time[i] != r->time)
            return false;
    }
    return true;
}

static bool ids_are(const cor_ids *ids, const plain_row *row, int side,
                    const int32_t *id, int32_t count)
{
    char text[COR_ID_LIMIT + 1];
    if (ids->total != count)
        return false;
    for (int64_t i = 0; i < ids->count; i++) {
        cor_ids_print(ids, i, text, sizeof text);
        if (strcmp(text, row[id[ids->first + i]].id[side]) != 0)
            return false;
    }
    return true;
}

static void check_file(style *s, const char *path)
{
    static plain_row row[ROWS_MOST], sorted[ROWS_MOST];
    int32_t id[2][ROWS_MOST], count[2];
    text_buffer file = {0};
    cor_interactions data;
    cor_ingest_options options = cor_ingest_options_default();
    options.delimiter = s->separator;
    put_file(s, &file, row);
    text_write(path, file.bytes, file.length);
    for (int side = 0; side < 2; side++)
        count[side] = number_rows(row, s->rows, side, id[side]);
    memcpy(sorted, row, sizeof row);
    qsort(sorted, (size_t)s->rows, sizeof *sorted, compare_rows);

    CHECK_OK(cor_ingest(team, &path, 1, &options, NULL, &data, NULL));
    CHECK(data.users == count[0] && data.items == count[1]);
    CHECK(cor_shards_rows(data.row_shards) == s->rows);
    CHECK(rows_are(&data, sorted, s->rows));
    CHECK(data.user_id.text == s->text[0] && data.item_id.text == s->text[1]);
    CHECK(ids_are(&data.user_id, row, 0, id[0], count[0]));
    CHECK(ids_are(&data.item_id, row, 1, id[1], count[1]));
    cor_interactions_free(&data);
    free(file.bytes);
}

static void check_many(bool quotes, uint64_t seed)
{
    char folder[64], path[96];
    text_folder(folder);
    snprintf(path, sizeof path, "%s/rows.csv", folder);
    for (uint64_t k = 0; k < 24; k++) {
        style s = {.seed = seed + k,
                   .quotes = quotes,
                   .text = {k & 1, k >> 1 & 1},
                   .crlf = k >> 2 & 1,
                   .last_newline = k % 3,
                   .mark = k % 5 == 0,
                   .rows = k % 6 == 5 ? 3 : ROWS_MOST};
        strcpy(s.separator, k % 4 == 3 ? ";" : k % 4 == 2 ? "\t" : ",");
        if (!quotes && k % 4 == 1)
            strcpy(s.separator, "::");
        cor_team_set_threads(team, k % 3 == 0 ? 1 : k % 3 == 1 ? 3 : 16);
        check_file(&s, path);
    }
    cor_team_set_threads(team, 1);
    text_remove(path);
    text_remove(folder);
}

static void quoted_fields_are_read(void **state)
{
    (void)state;
    check_many(true, 1000);
    check_many(true, 2000);
}

static void plain_fields_are_read(void **state)
{
    (void)state;
    check_many(false, 3000);
}

/* A quoted field that is longer than every block that is read at a time. */
static void long_rows_are_read(void **state)
{
    (void)state;
    enum { LONG = 3 << 20 };
    char folder[64], path[96];
    const char *file = path;
    text_buffer text = {0};
    char *filling = malloc(LONG);
    cor_interactions data;
    cor_ingest_options options = cor_ingest_options_default();
    text_folder(folder);
    snprintf(path, sizeof path, "%s/long.csv", folder);
    for (int i = 0; i < LONG; i++)
        filling[i] = i % 9 == 0 ? '\n' : i % 7 == 0 ? ',' : '1';
    text_put(&text, "user,item,review\n1,10,\"");
    text_put_bytes(&text, filling, LONG);
    text_put(&text, "\"\n2,20,short\n3,10,\"\"\"");
    text_put_bytes(&text, filling, LONG);
    text_put(&text, "\"\n");
    text_write(path, text.bytes, text.length);
    for (int threads = 1; threads < 4; threads += 2) {
        cor_team_set_threads(team, threads);
        CHECK_OK(cor_ingest(team, &file, 1, &options, NULL, &data, NULL));
        CHECK(data.users == 3 && data.items == 2);
        CHECK(cor_shards_rows(data.row_shards) == 3);
        CHECK(data.time == NULL);
        cor_interactions_free(&data);
    }
    cor_team_set_threads(team, 1);
    free(text.bytes);
    free(filling);
    text_remove(path);
    text_remove(folder);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(quoted_fields_are_read),
    cmocka_unit_test(plain_fields_are_read),
    cmocka_unit_test(long_rows_are_read),
};
TEAM_TESTS(tests)
