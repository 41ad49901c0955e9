#include "coracle/memory.h"
#include "coracle/recommend.h"
#include "slots.h"

/* A table of ids whose rows are the slots of a window. */
typedef struct table {
    cor_window *window;
    cor_ids ids; /* borrows the window's memory */
} table;

struct cor_names {
    cor_halo *halo;
    table id, title;
};

static int fill(const cor_model *model, const cor_halo *halo,
                const cor_ids *mine, table *t)
{
    COR_TRY(cor_item_window(
        model, halo,
        mine->text ? (const void *)mine->bytes : (const void *)mine->number,
        mine->text ? (size_t)mine->width : sizeof *mine->number, &t->window));
    int64_t slots = cor_halo_slots(halo);
    t->ids = (cor_ids){.total = slots,
                       .count = slots,
                       .text = mine->text,
                       .width = mine->width};
    if (mine->text)
        t->ids.bytes = cor_window_rows(t->window);
    else
        t->ids.number = cor_window_rows(t->window);
    return COR_OK;
}

int cor_names_create(const cor_team *team, const cor_model *model,
                     int32_t *item, int64_t count, cor_names **out)
{
    *out = NULL;
    cor_names *names = NULL;
    COR_TRY(cor_agree(
        team, cor_allocate_zeroed(&names, 1, sizeof *names, "names of items")));
    int rc = cor_item_slots(team, model, item, count, &names->halo);
    if (rc == COR_OK)
        rc = fill(model, names->halo, &model->item.id, &names->id);
    if (rc == COR_OK && model->item_title.total)
        rc = fill(model, names->halo, &model->item_title, &names->title);
    if (rc != COR_OK)
        cor_names_destroy(&names);
    *out = names;
    return rc;
}

void cor_names_destroy(cor_names **names)
{
    if (!*names)
        return;
    cor_window_destroy(&(*names)->id.window);
    cor_window_destroy(&(*names)->title.window);
    cor_halo_destroy(&(*names)->halo);
    cor_free(*names);
    *names = NULL;
}

const cor_ids *cor_names_id(const cor_names *names)
{
    return &names->id.ids;
}

const cor_ids *cor_names_title(const cor_names *names)
{
    return names->title.window ? &names->title.ids : NULL;
}
