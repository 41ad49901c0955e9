#include "coracle/keep.h"

#include "coracle/memory.h"
#include "coracle/random.h"

/* What the visits of one pass share. */
typedef struct keeping {
    const cor_team *team;
    cor_sink *sink;
    const cor_where *where;
    cor_where_scratch **scratch; /* of each slot */
    int64_t *kept;               /* of each slot, a cache line apart */
    int slots;
    double fraction;
    int64_t seed;
} keeping;

enum { LINE = 8 };

static void keep(keeping *k, int slot, const cor_record *record)
{
    cor_sink_add(k->sink, slot, 0, record->begin, record->bytes);
    k->kept[slot * LINE]++;
}

static int visit_where(void *context, int slot, const cor_record *record)
{
    keeping *k = context;
    bool fits;
    COR_TRY(cor_where_test(k->where, k->scratch[slot], record->field, &fits));
    if (fits)
        keep(k, slot, record);
    return COR_OK;
}

static int visit_fraction(void *context, int slot, const cor_record *record)
{
    keeping *k = context;
    if (cor_keep_draw(k->fraction, k->seed, record->number))
        keep(k, slot, record);
    return COR_OK;
}

static int step(void *context)
{
    keeping *k = context;
    return cor_sink_flush(k->sink);
}

static int create(keeping *k, bool utf8)
{
    COR_TRY(COR_NEW_ZEROED(&k->kept, (int64_t)k->slots * LINE));
    COR_TRY(COR_NEW_ZEROED(&k->scratch, k->slots));
    for (int s = 0; s < k->slots; s++)
        COR_TRY(cor_where_scratch_create(utf8, &k->scratch[s]));
    return COR_OK;
}

static void release(keeping *k)
{
    for (int s = 0; k->scratch && s < k->slots; s++)
        cor_where_scratch_destroy(&k->scratch[s]);
    cor_free(k->scratch);
    cor_free(k->kept);
}

static int pass(cor_records *records, keeping *k, cor_reading *reading,
                cor_keep_count *count)
{
    cor_records_count read = {0};
    *count = (cor_keep_count){0};
    k->team = cor_records_team(records);
    k->slots = cor_records_slots(records);
    reading->context = k;
    reading->step = step;
    bool utf8 = cor_records_format(records) == COR_RECORDS_JSONL;
    int rc = cor_agree(k->team, create(k, utf8));
    if (rc == COR_OK)
        rc = cor_records_read(records, reading, &read);
    for (int s = 0; rc == COR_OK && s < k->slots; s++)
        count->kept += k->kept[s * LINE];
    cor_team_sum(k->team, &count->kept, 1);
    count->read = read.read;
    count->rejected = read.rejected;
    release(k);
    return rc;
}

int cor_keep_where(cor_records *records, const cor_where *where, cor_sink *sink,
                   cor_progress *progress, cor_keep_count *count)
{
    keeping k = {.sink = sink, .where = where};
    cor_reading reading = {
        .whole = true, .visit = visit_where, .progress = progress};
    reading.path = cor_where_paths(where, &reading.paths);
    return pass(records, &k, &reading, count);
}

int cor_keep_fraction(cor_records *records, double fraction, int64_t seed,
                      cor_sink *sink, cor_progress *progress,
                      cor_keep_count *count)
{
    keeping k = {.sink = sink, .fraction = fraction, .seed = seed};
    cor_reading reading = {
        .numbered = true, .visit = visit_fraction, .progress = progress};
    return pass(records, &k, &reading, count);
}

int cor_keep_check(double fraction)
{
    if (fraction >= 0.0 && fraction <= 1.0)
        return COR_OK;
    return cor_fail(COR_EUSAGE, "--fraction is %g; it must be between 0 and 1",
                    fraction);
}

/* Two records share the numbers of one step. */
bool cor_keep_draw(double fraction, int64_t seed, int64_t number)
{
    double unit[2];
    cor_random_units(cor_random_at((uint64_t)seed, COR_STREAM_SAMPLE,
                                   (uint64_t)number / 2, 0),
                     unit);
    return unit[number % 2] < fraction;
}
