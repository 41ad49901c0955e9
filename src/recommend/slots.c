#include "slots.h"

#include "coracle/memory.h"

#include <string.h>

int cor_item_slots(const cor_team *team, const cor_model *model, int32_t *item,
                   int64_t count, cor_halo **halo)
{
    int32_t *index = NULL;
    int64_t used = 0;
    *halo = NULL;
    int rc = COR_NEW(&index, count);
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        if (item[i] >= 0)
            index[used++] = item[i];
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_halo_create(team, model->item.shards, index, used, halo);
    used = 0;
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        if (item[i] >= 0)
            item[i] = index[used++];
    cor_free(index);
    return rc;
}

int cor_item_known(const cor_model *model, const cor_halo *halo,
                   cor_window **window)
{
    COR_TRY(cor_window_create(halo, sizeof(int8_t), window));
    int8_t *own = cor_window_own(*window);
    for (int64_t row = 0; row < model->item.count; row++)
        own[row] = model->item.ratings[row] > 0;
    return cor_window_update(*window);
}

int cor_item_window(const cor_model *model, const cor_halo *halo,
                    const void *column, size_t width, cor_window **window)
{
    COR_TRY(cor_window_create(halo, width, window));
    memcpy(cor_window_own(*window), column, (size_t)model->item.count * width);
    return cor_window_update(*window);
}
