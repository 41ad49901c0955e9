#include "match.h"

#include "coracle/memory.h"

/* Whether a table spread in other runs is the same as `table`. */
static int same_table(const cor_team *team, const cor_ids *table,
                      const cor_ids *other, bool *same)
{
    cor_ids copy = {0};
    *same = false;
    if (table->total != other->total || table->text != other->text)
        return COR_OK;
    int rc = cor_agree(team, cor_ids_copy(other, &copy));
    if (rc == COR_OK)
        rc = cor_ids_move(team, &copy, table->first, table->count);
    if (rc == COR_OK)
        *same = cor_ids_equal(team, table, &copy);
    cor_ids_free(&copy);
    return rc;
}

int cor_match_ids(const cor_team *team, const cor_ids *table,
                  const cor_ids *other, int64_t *row)
{
    bool same = false;
    COR_TRY(same_table(team, table, other, &same));
    for (int64_t i = 0; same && i < other->count; i++)
        row[i] = other->first + i;
    if (same)
        return COR_OK;
    cor_directory *directory = NULL;
    int rc = cor_directory_create(team, table, &directory);
    if (rc == COR_OK)
        rc = cor_directory_find(directory, other, row);
    cor_directory_destroy(&directory);
    return rc;
}
