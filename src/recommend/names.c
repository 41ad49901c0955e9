#include "coracle/memory.h"
#include "coracle/recommend.h"
#include "locate.h"
#include "slots.h"

#include <string.h>

/* A table of ids whose rows are the slots of a window. */
typedef struct table {
    cor_window *window;
    cor_ids ids; /* borrows the window's memory */
} table;

struct cor_names {
    cor_halo *halo;
    table id, title;
};

static size_t width_of(const cor_ids *ids)
{
    return ids->text ? (size_t)ids->width : sizeof *ids->number;
}

static void *rows_of(const cor_ids *ids)
{
    return ids->text ? (void *)ids->bytes : (void *)ids->number;
}

static int copy(const cor_ids *ids, cor_ids *out)
{
    void *rows = NULL;
    *out = *ids;
    out->bytes = NULL;
    out->number = NULL;
    COR_TRY(cor_allocate(&rows, ids->count, width_of(ids), "names"));
    if (ids->count)
        memcpy(rows, rows_of(ids), (size_t)ids->count * width_of(ids));
    if (ids->text)
        out->bytes = rows;
    else
        out->number = rows;
    return COR_OK;
}

/* The table over the slots of the halo, from wherever its rows stand. */
static int fill(const cor_team *team, const cor_halo *halo,
                const cor_shards *shards, const cor_ids *ids, table *t)
{
    cor_ids mine = {0};
    int rc = cor_agree(team, copy(ids, &mine));
    if (rc == COR_OK)
        rc = cor_ids_place(team, shards, &mine);
    if (rc == COR_OK)
        rc = cor_slots_window(halo, rows_of(&mine), mine.count, width_of(ids),
                              &t->window);
    cor_ids_free(&mine);
    COR_TRY(rc);
    int64_t slots = cor_halo_slots(halo);
    t->ids = (cor_ids){
        .total = slots, .count = slots, .text = ids->text, .width = ids->width};
    if (ids->text)
        t->ids.bytes = cor_window_rows(t->window);
    else
        t->ids.number = cor_window_rows(t->window);
    return COR_OK;
}

static int create(const cor_team *team, const cor_ids *id, const cor_ids *title,
                  int32_t *row, int64_t count, cor_names *names)
{
    cor_shards *shards = NULL;
    int rc = cor_agree(team, cor_ids_shards(team, id, &shards));
    if (rc == COR_OK)
        rc = cor_slots_plan(team, shards, row, count, &names->halo);
    if (rc == COR_OK)
        rc = fill(team, names->halo, shards, id, &names->id);
    if (rc == COR_OK && title && title->total)
        rc = fill(team, names->halo, shards, title, &names->title);
    cor_shards_destroy(&shards);
    return rc;
}

int cor_names_create(const cor_team *team, const cor_ids *id,
                     const cor_ids *title, int32_t *row, int64_t count,
                     cor_names **out)
{
    *out = NULL;
    cor_names *names = NULL;
    COR_TRY(cor_agree(team,
                      cor_allocate_zeroed(&names, 1, sizeof *names, "names")));
    int rc = create(team, id, title, row, count, names);
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
