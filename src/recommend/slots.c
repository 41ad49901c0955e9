#include "slots.h"

#include "coracle/memory.h"

#include <string.h>

int cor_slots_plan(const cor_team *team, const cor_shards *shards, int32_t *row,
                   int64_t count, cor_halo **halo)
{
    int32_t *index = NULL;
    int64_t used = 0;
    *halo = NULL;
    int rc = COR_NEW(&index, count);
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        if (row[i] >= 0)
            index[used++] = row[i];
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_halo_create(team, shards, index, used, halo);
    used = 0;
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        if (row[i] >= 0)
            row[i] = index[used++];
    cor_free(index);
    return rc;
}

int cor_slots_window(const cor_halo *halo, const void *mine, int64_t count,
                     size_t width, cor_window **window)
{
    COR_TRY(cor_window_create(halo, width, window));
    memcpy(cor_window_own(*window), mine, (size_t)count * width);
    return cor_window_update(*window);
}

int cor_slots_known(const cor_model *model, const cor_halo *halo,
                    cor_window **window)
{
    COR_TRY(cor_window_create(halo, sizeof(int8_t), window));
    int8_t *own = cor_window_own(*window);
    for (int64_t row = 0; row < model->item.count; row++)
        own[row] = model->item.ratings[row] > 0;
    return cor_window_update(*window);
}
