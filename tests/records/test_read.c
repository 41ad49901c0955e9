/* Files of records cut at every place, against a plain walk over the text. */
#define TEAM_TEST_MAIN
#include "store/scratch.h"

#include "coracle/keep.h"
#include "coracle/random.h"

enum { ROOM = 1 << 16 };

/* A text and the records in it, one behind the other. */
typedef struct sample {
    bool csv;
    char text[ROOM], whole[ROOM];
    size_t length, whole_length;
    int64_t records;
} sample;

static bool blank(const char *p, const char *end)
{
    while (p < end && strchr(" \t\r\n", *p))
        p++;
    return p == end;
}

/* Walk over the text from its beginning, a byte at a time. The first row of
   CSV is the header, which comes first in an output too. */
static void find_records(sample *s)
{
    size_t begin = 0;
    bool quoted = false, field = true, header = s->csv;
    if (s->length >= 3 && memcmp(s->text, "\xef\xbb\xbf", 3) == 0)
        begin = 3;
    s->whole_length = 0;
    s->records = 0;
    for (size_t i = begin; i <= s->length; i++) {
        bool end = i == s->length;
        char c = end ? '\n' : s->text[i];
        if (s->csv && quoted) {
            quoted = c != '"';
            field = false;
            if (!quoted && i + 1 < s->length && s->text[i + 1] == '"') {
                i++;
                quoted = true;
            }
            continue;
        }
        if (s->csv && c == '"' && field) {
            quoted = true;
            continue;
        }
        field = c == ',' || c == '\n';
        if (c != '\n')
            continue;
        if (!blank(s->text + begin, s->text + i)) {
            memcpy(s->whole + s->whole_length, s->text + begin, i - begin);
            s->whole_length += i - begin;
            s->whole[s->whole_length++] = '\n';
            s->records += !header;
            header = false;
        }
        begin = i + 1;
    }
}

static void add(sample *s, const char *text)
{
    size_t length = strlen(text);
    if (s->length + length < ROOM - 100) {
        memcpy(s->text + s->length, text, length);
        s->length += length;
    }
}

/* Pieces of text in an order by chance. */
static void mix(sample *s, const char *const *piece, uint32_t pieces, int times,
                uint64_t seed)
{
    for (int i = 0; i < times; i++) {
        cor_random bits = cor_random_at(seed, COR_STREAM_TEST, (uint64_t)i, 0);
        add(s, piece[bits.word[0] % pieces]);
    }
}

static void make_json(sample *s, uint64_t seed)
{
    static const char *const piece[] = {
        "{\"a\": 1}\n", "{}\n",   "\n",
        "\r\n",         "  \t\n", "{\"b\": \"x\\n\\\"\"}\r\n",
        "[1, 2]\n",     "7\n",    "{\"long\": \"................\"}\n"};
    *s = (sample){0};
    if (seed % 2)
        add(s, "\xef\xbb\xbf");
    mix(s, piece, 9, 24, seed);
    if (seed % 3)
        add(s, "{\"last\": 1}");
    find_records(s);
}

/* Rows of two fields. */
static void make_csv(sample *s, uint64_t seed)
{
    static const char *const piece[] = {"1,2\n",
                                        "\"a\nb\",c\n",
                                        "\"x,\"\"\n\"\"\",\r\n",
                                        "a\"b,c\"d\n",
                                        "\n",
                                        "\r\n",
                                        "\"\",\"\"\n",
                                        ",\n",
                                        "\"\n\n\n\",\"\"\"\"\n",
                                        "long long long,3\r\n"};
    *s = (sample){.csv = true};
    if (seed % 2)
        add(s, "\xef\xbb\xbf");
    add(s, "x,\"y\nz\"\n");
    mix(s, piece, 10, 20, seed);
    if (seed % 3)
        add(s, "5,\"6\"");
    find_records(s);
}

static const char *write_file(const char *name, const sample *s)
{
    const char *path = in_scratch(name);
    if (cor_team_rank(team) == 0) {
        FILE *file = fopen(path, "w");
        fwrite(s->text, 1, s->length, file);
        fclose(file);
    }
    cor_team_barrier(team);
    return path;
}

/* All bytes of a file, on rank 0. */
static size_t read_file(const char *path, char *text)
{
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(text, 1, ROOM, file) : 0;
    if (file)
        fclose(file);
    return length;
}

static int keep(const char *const *file, int files,
                const cor_records_options *options, double fraction,
                const char *output, cor_keep_count *count)
{
    cor_records *records = NULL;
    cor_sink *sink = NULL;
    int rc = cor_records_open(team, file, files, options, &records);
    if (rc == COR_OK) {
        cor_sink_way way = cor_records_way(records);
        rc = cor_sink_create(team, &way, &output, 1, true, &sink);
    }
    if (rc == COR_OK)
        rc = cor_keep_fraction(records, fraction, 7, sink, NULL, count);
    if (rc == COR_OK)
        rc = cor_sink_commit(&sink);
    cor_sink_abandon(&sink);
    cor_records_close(&records);
    return rc;
}

/* Whether an output, or the parts of it, holds this. */
static bool holds(const char *output, bool parts, const char *header,
                  const char *text, size_t length)
{
    static char got[ROOM], all[ROOM];
    int64_t same = 1;
    size_t total = 0, skip = strlen(header);
    if (cor_team_rank(team) == 0) {
        for (int r = 0; r < (parts ? cor_team_size(team) : 1); r++) {
            char name[600];
            snprintf(name, sizeof name, "%s", output);
            if (parts) /* NAME-0000.EXT */
                snprintf(name, sizeof name, "%.*s-%04d%s",
                         (int)(strrchr(output, '.') - output), output, r,
                         strrchr(output, '.'));
            size_t part = read_file(name, got);
            same &= part >= skip && memcmp(got, header, skip) == 0;
            size_t from = r ? skip : 0;
            memcpy(all + total, got + from, part - from);
            total += part - from;
        }
        same &= total == length && memcmp(all, text, length) == 0;
    }
    cor_team_share(team, &same, sizeof same, 0);
    return same;
}

static void every_cut(void (*make)(sample *, uint64_t), const char *name,
                      const char *header)
{
    static const int64_t blocks[] = {1, 5, 2, 33, 3, 250, 7, 100000};
    static sample s;
    for (uint64_t seed = 0; seed < 6; seed++) {
        make(&s, seed);
        const char *file = write_file(name, &s);
        const char *output = in_scratch(s.csv ? "out.csv" : "out.jsonl");
        for (size_t b = seed % 4 * 2; b < seed % 4 * 2 + 2; b++) {
            cor_records_options o = {.block = blocks[b], .parts = seed > 3};
            cor_keep_count count;
            cor_team_set_threads(team, 1 + (int)(b % 3));
            CHECK_OK(keep(&file, 1, &o, 1.0, output, &count));
            CHECK(count.read == s.records && count.kept == s.records);
            CHECK(holds(output, o.parts, header, s.whole, s.whole_length));
        }
    }
    cor_team_set_threads(team, 1);
}

static void lines_cut_everywhere(void **state)
{
    (void)state;
    every_cut(make_json, "in.jsonl", "");
}

static void rows_cut_everywhere(void **state)
{
    (void)state;
    every_cut(make_csv, "in.csv", "x,\"y\nz\"\n");
}

/* The same sample whichever way the records are read: numbers run through
   several files, packed ones among them. */
static void numbers_run_through(void **state)
{
    (void)state;
    static sample a, b, whole;
    char first[512], second[512];
    const char *file[3] = {first, second, NULL};
    make_json(&a, 1);
    make_json(&b, 2);
    snprintf(first, sizeof first, "%s", write_file("a.jsonl", &a));
    snprintf(second, sizeof second, "%s", write_file("b.jsonl", &b));
    cor_keep_count count;
    cor_records_options o = {.block = 100000};
    const char *output = in_scratch("out.jsonl");
    file[2] = first;
    CHECK_OK(keep(file, 3, &o, 0.5, output, &count));
    CHECK(count.read == 2 * a.records + b.records && count.kept > 5 &&
          count.kept < count.read - 5);
    if (cor_team_rank(team) == 0)
        whole.whole_length = read_file(output, whole.whole);
    char line[4096];
    snprintf(line, sizeof line,
             "gzip -c '%s' > '%s.gz'; (gzip -c '%s'; gzip "
             "-c /dev/null) > '%s.gz'",
             first, first, second, second);
    CHECK(shell(line) == 0);
    strcat(second, ".gz");
    for (int way = 0; way < 6; way++) {
        o.block = way % 2 ? 60 : 11;
        o.parts = way > 3;
        cor_team_set_threads(team, 1 + way % 3);
        if (way == 3)
            second[strlen(second) - 3] = '\0'; /* none is packed again */
        cor_keep_count again;
        CHECK_OK(keep(file, 3, &o, 0.5, output, &again));
        CHECK(again.read == count.read && again.kept == count.kept);
        CHECK(holds(output, o.parts, "", whole.whole, whole.whole_length));
    }
    cor_team_set_threads(team, 1);
    CHECK(!folder_has("spool") && !folder_has("part$"));
}

static void fails(const char *text, const char *name, bool skip,
                  const char *says)
{
    static sample s;
    s.length = strlen(text);
    memcpy(s.text, text, s.length);
    const char *file = write_file(name, &s);
    const char *output = in_scratch(strstr(name, "csv") ? "o.csv" : "o.jsonl");
    for (int64_t block = 4; block < 100; block *= 20) {
        cor_records_options o = {.block = block, .skip = skip};
        cor_records *records = NULL;
        cor_sink *sink = NULL;
        cor_where *where = NULL;
        cor_keep_count count;
        CHECK_OK(cor_where_compile("5 = 5", "where", &where));
        int rc = cor_records_open(team, &file, 1, &o, &records);
        if (rc == COR_OK) {
            cor_sink_way way = cor_records_way(records);
            rc = cor_sink_create(team, &way, &output, 1, true, &sink);
        }
        if (rc == COR_OK)
            rc = cor_keep_where(records, where, sink, NULL, &count);
        cor_sink_abandon(&sink);
        cor_records_close(&records);
        cor_where_destroy(&where);
        bool good = rc == COR_EDATA && strstr(cor_message(), says);
        if (!good)
            fprintf(stderr, "%d %s\n", rc, cor_message());
        CHECK(good);
    }
    CHECK(!folder_has("^o\\."));
}

/* The first bad record is named, whoever meets it. */
static void bad_records(void **state)
{
    (void)state;
    fails("{}\n\n{\"a\":1}\n{\"a\":}\n{]\n", "bad.jsonl", false,
          "bad.jsonl:4: column 6: this is no JSON value: }; correct the file "
          "or use");
    fails("{}\n{\"\xc3\xa9\": \"\xff\"}\n", "bad.jsonl", false,
          "bad.jsonl:2: column 8: this is not UTF-8");
    fails("{}\n{\"a\":\n1}\n", "bad.jsonl", false,
          "bad.jsonl:2: column 6: the line ends within a value;");
    fails("a,b\n1,2\n\"x\ny\",3\n4\n", "bad.csv", false,
          "bad.csv:5: 1 field where the header has 2; correct");
    fails("a,b\n1,\"2\"x\n", "bad.csv", false,
          "bad.csv:2: column 2 (b): text follows the closing quote");
    fails("a,b\n1,2\n3,\"4\n5,6\n7,8\n", "bad.csv", true,
          "bad.csv:3: the record that begins here has no end; is every quote "
          "closed?; correct the file");
    fails("", "bad.csv", false, "bad.csv is empty");
    fails("a,\"b\n1,2\n", "bad.csv", false, "a quote is not closed");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lines_cut_everywhere),
    cmocka_unit_test(rows_cut_everywhere),
    cmocka_unit_test(numbers_run_through),
    cmocka_unit_test(bad_records),
};

STORE_TESTS(tests)
