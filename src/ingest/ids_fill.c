#include "dictionary.h"

#include "coracle/memory.h"

#include <string.h>

static int64_t length_of(const ingest_id_list *list, int64_t i)
{
    return list->end[i] - ingest_id_begin(list, i);
}

static int fill_texts(const cor_team *team, const ingest_id_list *list,
                      const int64_t *pick, cor_ids *table)
{
    table->width = 1; /* a text of a store is at least a byte wide */
    for (int64_t k = 0; k < table->count; k++) {
        int64_t length = length_of(list, pick ? pick[k] : k);
        if (length > table->width)
            table->width = length;
    }
    cor_team_max(team, &table->width, 1);
    COR_TRY(cor_agree(team, cor_allocate_zeroed(&table->bytes, table->count,
                                                (size_t)table->width, "ids")));
    for (int64_t k = 0; k < table->count; k++) {
        int64_t i = pick ? pick[k] : k;
        memcpy(table->bytes + k * table->width,
               list->bytes + ingest_id_begin(list, i),
               (size_t)length_of(list, i));
    }
    return COR_OK;
}

int ingest_ids_fill(const cor_team *team, const ingest_id_list *list,
                    const int64_t *pick, int64_t count, cor_ids *table)
{
    *table = (cor_ids){.text = list->text, .count = count};
    table->first = cor_team_before(team, count, &table->total);
    if (list->text)
        return fill_texts(team, list, pick, table);
    COR_TRY(cor_agree(team, cor_allocate(&table->number, count,
                                         sizeof *table->number, "ids")));
    for (int64_t k = 0; k < count; k++)
        table->number[k] = list->number[pick ? pick[k] : k];
    return COR_OK;
}
