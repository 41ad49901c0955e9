#include "id_list.h"

#include "coracle/map.h"
#include "coracle/memory.h"

#include <string.h>

/* The ids, each once, on every rank. */
static int split(const char *option, const char *text, cor_map **ids,
                 int64_t *width)
{
    COR_TRY(cor_map_create(true, 16, ids));
    for (int64_t slot; text;) {
        size_t length = strcspn(text, ",");
        if (length > COR_ID_LIMIT)
            return cor_fail(COR_EUSAGE,
                            "--%s: an id of %zu bytes; the longest has %d",
                            option, length, COR_ID_LIMIT);
        if (length)
            COR_TRY(cor_map_put_text(*ids, text, length, &slot));
        *width = (int64_t)length > *width ? (int64_t)length : *width;
        text = text[length] ? text + length + 1 : NULL;
    }
    if (cor_map_count(*ids) == 0)
        return cor_fail(COR_EUSAGE, "--%s names none; give ID,ID", option);
    return COR_OK;
}

/* This rank's run of them as a table. */
static int make_table(const cor_team *team, const cor_map *ids, int64_t width,
                      cor_ids *table)
{
    int64_t total = cor_map_count(ids), rank = cor_team_rank(team);
    int64_t size = cor_team_size(team), first = total * rank / size;
    *table = (cor_ids){.total = total,
                       .first = first,
                       .text = true,
                       .width = width,
                       .count = total * (rank + 1) / size - first};
    COR_TRY(cor_allocate_zeroed(&table->bytes, table->count, (size_t)width,
                                "a list of ids"));
    for (int64_t i = 0; i < table->count; i++) {
        size_t length;
        const char *id = cor_map_text(ids, first + i, &length);
        memcpy(table->bytes + i * width, id, length);
    }
    return COR_OK;
}

int id_list_read(const cor_team *team, const char *option, const char *text,
                 cor_ids *table)
{
    cor_map *ids = NULL;
    int64_t width = 0;
    *table = (cor_ids){0};
    int rc = split(option, text, &ids, &width);
    if (rc == COR_OK)
        rc = make_table(team, ids, width, table);
    cor_map_destroy(&ids);
    return cor_agree(team, rc);
}
