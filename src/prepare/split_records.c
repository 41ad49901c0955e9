/* Records in parts, by the rules that stores are split by. */
#include "coracle/memory.h"
#include "coracle/split.h"
#include "keyed.h"
#include "split_rule.h"

#include <string.h>

enum { LINE = 8 };

/* What the visits of one pass share. */
typedef struct splitting {
    const cor_split_options *options;
    const char *missing; /* the key of records that have none, or NULL */
    const cor_path *key;
    cor_sink *sink;
    int output[COR_PARTS]; /* of each part */
    cor_split_rule rule;
    cor_keyed_ratio ratio;
    cor_csv *text;    /* of each slot: a key without its escapes */
    int64_t *written; /* of each slot and part, a cache line apart */
} splitting;

static void write_to(splitting *s, int slot, int part, const cor_record *record)
{
    cor_sink_add(s->sink, slot, s->output[part], record->begin, record->bytes);
    s->written[slot * LINE + part]++;
}

static int visit_random(void *context, int slot, const cor_record *record)
{
    splitting *s = context;
    write_to(s, slot, cor_split_rule_part(&s->rule, record->number), record);
    return COR_OK;
}

/* The text of a key: a text as it is, a whole number without a point, another
   one as it is written. */
static int text_of_key(const splitting *s, const cor_field *key, cor_csv *text,
                       char number[32], const char **begin, const char **end)
{
    cor_number value;
    *begin = s->missing;
    *end = s->missing ? s->missing + strlen(s->missing) : NULL;
    if (key->kind <= COR_FIELD_NULL)
        return s->missing ? COR_OK
                          : cor_fail(COR_EDATA,
                                     "the record has no key %s; give --missing "
                                     "VALUE to split it by VALUE",
                                     s->key->text);
    if (key->kind >= COR_FIELD_ARRAY)
        return cor_fail(COR_EDATA, "the key %s is an array or an object",
                        s->key->text);
    if (key->kind == COR_FIELD_NUMBER && cor_field_number(key, &value) &&
        value.whole) {
        int length = snprintf(number, 32, "%lld", (long long)value.integer);
        *begin = number;
        *end = number + length;
        return COR_OK;
    }
    return cor_field_text(key, text, begin, end);
}

static int visit_key(void *context, int slot, const cor_record *record)
{
    splitting *s = context;
    const char *begin, *end;
    char number[32];
    COR_TRY(
        text_of_key(s, record->field, &s->text[slot], number, &begin, &end));
    bool test = cor_keyed_in_test(begin, (size_t)(end - begin), s->ratio);
    write_to(s, slot, test ? COR_TEST : COR_TRAIN, record);
    return COR_OK;
}

static int step(void *context)
{
    return cor_sink_flush(((splitting *)context)->sink);
}

int cor_split_check_records(const cor_split_options *options)
{
    if (options->by == COR_SPLIT_HASH || options->by == COR_SPLIT_RANDOM)
        return cor_split_check(options);
    return cor_fail(COR_EUSAGE, "records are split --by hash or --by random; "
                                "by time and by last are for stores");
}

static int pass(cor_records *records, splitting *s, cor_progress *progress,
                cor_split_count *count)
{
    const cor_team *team = cor_records_team(records);
    int slots = cor_records_slots(records);
    bool keyed = s->options->by == COR_SPLIT_HASH;
    cor_reading reading = {.path = s->key,
                           .paths = keyed,
                           .numbered = !keyed,
                           .visit = keyed ? visit_key : visit_random,
                           .step = step,
                           .context = s,
                           .progress = progress};
    cor_records_count read = {0};
    int rc = COR_NEW_ZEROED(&s->text, slots);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&s->written, (int64_t)slots * LINE);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_records_read(records, &reading, &read);
    for (int i = 0; rc == COR_OK && i < slots; i++)
        for (int p = 0; p < COR_PARTS; p++)
            count->rows[p] += s->written[i * LINE + p];
    cor_team_sum(team, count->rows, COR_PARTS);
    count->rejected = read.rejected;
    for (int i = 0; s->text && i < slots; i++)
        cor_csv_free(&s->text[i]);
    cor_free(s->text);
    cor_free(s->written);
    return rc;
}

int cor_split_records(cor_records *records, const cor_split_options *options,
                      const cor_path *key, const char *missing, cor_sink *sink,
                      cor_progress *progress, cor_split_count *count)
{
    splitting s = {
        .options = options, .missing = missing, .key = key, .sink = sink};
    int outputs = 0;
    *count = (cor_split_count){0};
    COR_TRY(cor_split_check_records(options));
    for (int p = 0; p < COR_PARTS; p++)
        if (cor_split_has(options, p))
            s.output[p] = outputs++;
    if (options->by == COR_SPLIT_HASH)
        s.ratio = cor_keyed_ratio_of(options->test);
    else
        s.rule = cor_split_rule_of(options);
    return pass(records, &s, progress, count);
}
