#include "coracle/tally.h"

#include "coracle/exchange.h"
#include "coracle/map.h"
#include "coracle/memory.h"
#include "coracle/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values that one slot holds before it sends them on, and their bytes. */
enum { MUCH = 1 << 18, MANY_BYTES = 1 << 25 };

/* Values and how many have them. A value is a text: one byte for its kind, then
   what it is. */
typedef struct counts {
    cor_map *map;
    int64_t *count; /* by the map's numbers */
    int64_t capacity, bytes;
} counts;

struct cor_tally {
    const cor_team *team;
    int slots;
    counts *slot;   /* counted here */
    counts own;     /* of all ranks, the values that are mine */
    cor_csv *text;  /* of each slot: a value as it is kept, */
    cor_csv *meant; /* and without its escapes */
    int64_t *missing;
    cor_tally_value *value;
    char *bytes; /* that the values point into */
};

/* ---- counting ---- */

static int counts_begin(counts *c)
{
    *c = (counts){0};
    return cor_map_create(true, 0, &c->map);
}

static void counts_free(counts *c)
{
    cor_map_destroy(&c->map);
    cor_free(c->count);
    *c = (counts){0};
}

static int counts_add(counts *c, const char *value, size_t length, int64_t many)
{
    int64_t number, before = cor_map_count(c->map);
    COR_TRY(cor_map_put_text(c->map, value, length, &number));
    if (number < before) {
        c->count[number] += many;
        return COR_OK;
    }
    if (number == c->capacity) {
        int64_t capacity = number ? 2 * number : 256;
        COR_TRY(cor_reallocate(&c->count, number, capacity, sizeof *c->count,
                               "counts"));
        c->capacity = capacity;
    }
    c->count[number] = many;
    c->bytes += (int64_t)length;
    return COR_OK;
}

int cor_tally_create(const cor_team *team, int slots, cor_tally **tally)
{
    *tally = NULL;
    COR_TRY(COR_NEW_ZEROED(tally, 1));
    cor_tally *t = *tally;
    t->team = team;
    t->slots = slots;
    int rc = COR_NEW_ZEROED(&t->slot, slots);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&t->text, slots);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&t->meant, slots);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&t->missing, slots);
    if (rc == COR_OK)
        rc = counts_begin(&t->own);
    for (int s = 0; rc == COR_OK && s < slots; s++)
        rc = counts_begin(&t->slot[s]);
    if (rc != COR_OK)
        cor_tally_destroy(tally);
    return rc;
}

void cor_tally_destroy(cor_tally **tally)
{
    cor_tally *t = *tally;
    if (!t)
        return;
    for (int s = 0; s < t->slots; s++) {
        if (t->slot)
            counts_free(&t->slot[s]);
        if (t->text)
            cor_csv_free(&t->text[s]);
        if (t->meant)
            cor_csv_free(&t->meant[s]);
    }
    counts_free(&t->own);
    cor_free(t->slot);
    cor_free(t->text);
    cor_free(t->meant);
    cor_free(t->missing);
    cor_free(t->value);
    cor_free(t->bytes);
    cor_free(t);
    *tally = NULL;
}

/* ---- values as texts ---- */

static char kind_byte(enum cor_field_kind kind)
{
    return (char)('0' + kind);
}

/* A number as the one text of all that are equal to it. */
static size_t print_number(cor_number number, char *text)
{
    if (number.whole)
        return (size_t)snprintf(text, COR_NUMBER_SIZE, "%lld",
                                (long long)number.integer);
    if (number.single)
        return (size_t)cor_text_print_float((float)number.real, text);
    return (size_t)cor_text_print_double(number.real, text);
}

int cor_tally_add(cor_tally *t, int slot, const cor_field *value)
{
    char small[COR_NUMBER_SIZE + 1] = {kind_byte(value->kind)};
    size_t length = 1;
    cor_number number;
    if (value->kind == COR_FIELD_MISSING) {
        t->missing[slot]++;
        return COR_OK;
    }
    if (value->kind < COR_FIELD_NUMBER)
        return counts_add(&t->slot[slot], small, length, 1);
    if (value->kind == COR_FIELD_NUMBER) {
        cor_field_number(value, &number);
        length += print_number(number, small + 1);
        return counts_add(&t->slot[slot], small, length, 1);
    }
    cor_csv *text = &t->text[slot];
    const char *begin, *end;
    COR_TRY(cor_field_text(value, &t->meant[slot], &begin, &end));
    text->length = 0;
    cor_csv_bytes(text, small, 1);
    cor_csv_bytes(text, begin, end - begin);
    COR_TRY(text->status);
    return counts_add(&t->slot[slot], text->bytes, (size_t)text->length, 1);
}

/* ---- to the ranks that own them ---- */

/* All that my slots hold as one list. */
static int unite(cor_tally *t)
{
    counts *all = &t->slot[0];
    for (int s = 1; s < t->slots; s++) {
        counts *c = &t->slot[s];
        for (int64_t i = 0; i < cor_map_count(c->map); i++) {
            size_t length;
            const char *text = cor_map_text(c->map, i, &length);
            COR_TRY(counts_add(all, text, length, c->count[i]));
        }
        counts_free(c);
        COR_TRY(counts_begin(c));
    }
    return COR_OK;
}

static int find_owners(const cor_tally *t, int32_t **to)
{
    const counts *c = &t->slot[0];
    int64_t values = cor_map_count(c->map);
    uint64_t size = (uint64_t)cor_team_size(t->team);
    COR_TRY(cor_allocate(to, values, sizeof **to, "owners of values"));
    for (int64_t i = 0; i < values; i++) {
        size_t length;
        const char *text = cor_map_text(c->map, i, &length);
        (*to)[i] = (int32_t)(cor_hash_bytes(text, length) % size);
    }
    return COR_OK;
}

static int add_arrivals(cor_tally *t, const cor_route *route, const char *bytes,
                        const int64_t *end, const int64_t *many)
{
    for (int64_t i = 0; i < cor_route_arrivals(route); i++) {
        int64_t begin = i ? end[i - 1] : 0;
        COR_TRY(counts_add(&t->own, bytes + begin, (size_t)(end[i] - begin),
                           many[i]));
    }
    return COR_OK;
}

/* Along a route: the texts and their counts. */
static int send_along(cor_tally *t, const cor_route *route)
{
    const char *bytes;
    const int64_t *end;
    char *got = NULL;
    int64_t *got_end = NULL, *many = NULL;
    cor_map_texts(t->slot[0].map, &bytes, &end);
    int rc = cor_agree(t->team, COR_NEW(&many, cor_route_arrivals(route)));
    if (rc == COR_OK)
        rc = cor_route_send(route, t->slot[0].count, sizeof *many, many);
    if (rc == COR_OK)
        rc = cor_route_send_text(route, bytes, end, &got, &got_end);
    if (rc == COR_OK)
        rc = cor_agree(t->team, add_arrivals(t, route, got, got_end, many));
    cor_free(got);
    cor_free(got_end);
    cor_free(many);
    return rc;
}

static int send_on(cor_tally *t)
{
    int32_t *to = NULL;
    cor_route *route = NULL;
    int rc = unite(t);
    if (rc == COR_OK)
        rc = find_owners(t, &to);
    rc = cor_agree(t->team, rc);
    if (rc == COR_OK)
        rc = cor_route_create(t->team, to, cor_map_count(t->slot[0].map),
                              &route);
    if (rc == COR_OK)
        rc = send_along(t, route);
    if (rc == COR_OK) {
        counts_free(&t->slot[0]);
        rc = cor_agree(t->team, counts_begin(&t->slot[0]));
    }
    cor_route_destroy(&route);
    cor_free(to);
    return rc;
}

int cor_tally_flush(cor_tally *t)
{
    int64_t much = 0;
    for (int s = 0; s < t->slots; s++)
        much |= cor_map_count(t->slot[s].map) > MUCH ||
                t->slot[s].bytes > MANY_BYTES;
    cor_team_max(t->team, &much, 1);
    return much ? send_on(t) : COR_OK;
}

/* ---- the values with the most ---- */

static cor_tally_value value_of(const char *text, size_t length, int64_t count)
{
    cor_tally_value value = {.kind = (enum cor_field_kind)(text[0] - '0'),
                             .text = text + 1,
                             .length = length - 1,
                             .count = count};
    cor_field number = {.kind = COR_FIELD_NUMBER,
                        .begin = value.text,
                        .end = value.text + value.length};
    if (value.kind == COR_FIELD_NUMBER &&
        !cor_field_number(&number, &value.number)) /* it is infinite */
        value.number.real = *value.text == '-' ? -HUGE_VAL : HUGE_VAL;
    return value;
}

/* More first, then the lesser value. */
static int compare(const void *a, const void *b)
{
    const cor_tally_value *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->kind == COR_FIELD_NUMBER)
        return cor_number_compare(x->number, y->number);
    size_t least = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->text, y->text, least);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

/* Values of texts that each end with a zero; text i ends before end[i]. */
static int sort_values(const char *bytes, const int64_t *end,
                       const int64_t *count, int64_t values,
                       cor_tally_value **value)
{
    COR_TRY(COR_NEW(value, values));
    for (int64_t i = 0; i < values; i++) {
        int64_t begin = i ? end[i - 1] : 0;
        (*value)[i] =
            value_of(bytes + begin, (size_t)(end[i] - begin - 1), count[i]);
    }
    if (values > 1)
        qsort(*value, (size_t)values, sizeof **value, compare);
    return COR_OK;
}

/* Lists of values, as they travel. */
typedef struct listed {
    cor_csv bytes;
    int64_t *end, *count;
    int64_t values;
} listed;

static void listed_free(listed *l)
{
    cor_csv_free(&l->bytes);
    cor_free(l->end);
    cor_free(l->count);
}

static int list_own(const counts *c, listed *l)
{
    int64_t values = cor_map_count(c->map);
    COR_TRY(COR_NEW(&l->end, values));
    COR_TRY(COR_NEW(&l->count, values));
    for (int64_t i = 0; i < values; i++) {
        size_t length;
        const char *text = cor_map_text(c->map, i, &length);
        cor_csv_bytes(&l->bytes, text, (int64_t)length);
        cor_csv_bytes(&l->bytes, "", 1);
        l->end[i] = l->bytes.length;
        l->count[i] = c->count[i];
    }
    l->values = values;
    return l->bytes.status;
}

/* The best of a list, in their order. */
static int cut_list(listed *l, int64_t most)
{
    cor_tally_value *value = NULL;
    listed best = {0};
    if (most == 0 || l->values <= most)
        return COR_OK;
    int rc = sort_values(l->bytes.bytes, l->end, l->count, l->values, &value);
    if (rc == COR_OK)
        rc = COR_NEW(&best.end, most);
    if (rc == COR_OK)
        rc = COR_NEW(&best.count, most);
    for (int64_t i = 0; rc == COR_OK && i < most; i++) {
        cor_csv_bytes(&best.bytes, value[i].text - 1,
                      (int64_t)value[i].length + 2);
        best.end[i] = best.bytes.length;
        best.count[i] = value[i].count;
        rc = best.bytes.status;
    }
    best.values = most;
    cor_free(value);
    listed_free(rc == COR_OK ? l : &best);
    if (rc == COR_OK)
        *l = best;
    return rc;
}

/* The lists of all ranks on rank 0. */
static int collect(const cor_tally *t, const listed *mine, listed *all)
{
    const cor_team *team = t->team;
    int64_t values, bytes, *length = NULL;
    int rc = cor_agree(team, COR_NEW(&length, mine->values));
    for (int64_t i = 0; rc == COR_OK && i < mine->values; i++)
        length[i] = mine->end[i] - (i ? mine->end[i - 1] : 0);
    if (rc == COR_OK)
        rc = cor_team_collect_at(team, 0, mine->bytes.bytes, mine->bytes.length,
                                 1, &all->bytes.bytes, &bytes);
    if (rc == COR_OK)
        rc = cor_team_collect_at(team, 0, length, mine->values, sizeof *length,
                                 &all->end, &values);
    if (rc == COR_OK)
        rc = cor_team_collect_at(team, 0, mine->count, mine->values,
                                 sizeof *length, &all->count, &values);
    if (rc == COR_OK)
        all->values = cor_team_rank(team) == 0 ? values : 0;
    for (int64_t i = 1; rc == COR_OK && i < all->values; i++)
        all->end[i] += all->end[i - 1];
    cor_free(length);
    return rc;
}

int cor_tally_finish(cor_tally *t, int64_t most, const cor_tally_value **value,
                     int64_t *values, int64_t *distinct)
{
    listed mine = {0}, all = {0};
    COR_TRY(send_on(t));
    *distinct = cor_map_count(t->own.map);
    cor_team_sum(t->team, distinct, 1);
    int rc = list_own(&t->own, &mine);
    if (rc == COR_OK)
        rc = cut_list(&mine, most);
    rc = cor_agree(t->team, rc);
    if (rc == COR_OK)
        rc = collect(t, &mine, &all);
    if (rc == COR_OK)
        rc = cor_agree(t->team, sort_values(all.bytes.bytes, all.end, all.count,
                                            all.values, &t->value));
    t->bytes = all.bytes.bytes; /* the values point into it */
    all.bytes = (cor_csv){0};
    listed_free(&mine);
    listed_free(&all);
    *value = t->value;
    *values = most && all.values > most ? most : all.values;
    return rc;
}

int64_t cor_tally_missing(const cor_tally *t)
{
    int64_t missing = 0;
    for (int s = 0; s < t->slots; s++)
        missing += t->missing[s];
    cor_team_sum(t->team, &missing, 1);
    return missing;
}

/* ---- records ---- */

static int visit(void *context, int slot, const cor_record *record)
{
    return cor_tally_add(context, slot, record->field);
}

static int step(void *context)
{
    return cor_tally_flush(context);
}

int cor_tally_records(cor_records *records, const cor_path *by,
                      cor_tally *tally, cor_progress *progress,
                      cor_records_count *count)
{
    cor_reading reading = {.path = by,
                           .paths = 1,
                           .visit = visit,
                           .step = step,
                           .context = tally,
                           .progress = progress};
    return cor_records_read(records, &reading, count);
}
