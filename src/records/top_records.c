#include "coracle/memory.h"
#include "coracle/top.h"

enum { LINE = 8 };

typedef struct offering {
    cor_top *top;
    int by;
    int64_t *skipped; /* of each slot, a cache line apart */
} offering;

static int visit(void *context, int slot, const cor_record *record)
{
    offering *o = context;
    cor_number value[COR_TOP_BY];
    for (int i = 0; i < o->by; i++)
        if (!cor_field_number(&record->field[i], &value[i])) {
            o->skipped[slot * LINE]++;
            return COR_OK;
        }
    cor_place place = {record->file, record->offset};
    return cor_top_offer(o->top, slot, value, place, record->begin,
                         record->bytes);
}

int cor_top_records(cor_records *records, const cor_path *by, cor_top *top,
                    cor_progress *progress, cor_top_read *read)
{
    const cor_team *team = cor_records_team(records);
    int slots = cor_records_slots(records);
    offering o = {.top = top, .by = cor_top_by(top)};
    cor_reading reading = {.path = by,
                           .paths = o.by,
                           .visit = visit,
                           .context = &o,
                           .progress = progress};
    cor_records_count count = {0};
    *read = (cor_top_read){0};
    int rc = cor_agree(team, COR_NEW_ZEROED(&o.skipped, (int64_t)slots * LINE));
    if (rc == COR_OK)
        rc = cor_records_read(records, &reading, &count);
    for (int s = 0; rc == COR_OK && s < slots; s++)
        read->skipped += o.skipped[s * LINE];
    cor_team_sum(team, &read->skipped, 1);
    read->read = count.read;
    read->rejected = count.rejected;
    cor_free(o.skipped);
    return rc;
}
