/* Rows are kept a batch at a time: their ids, and what else is text, are looked
   up together. */
#include "work.h"

#include "coracle/memory.h"
#include "coracle/text.h"

/* The title of an item that the table has just got. */
static int keep_title(ingest_piece *piece, int64_t slot, ingest_text text)
{
    int64_t length = text.end - text.begin;
    int64_t used = slot ? piece->title_end[slot - 1] : 0;
    if (slot >= piece->title_end_capacity) {
        int64_t capacity = slot ? 2 * slot : 256;
        COR_TRY(cor_reallocate(&piece->title_end, slot, capacity,
                               sizeof *piece->title_end, "titles"));
        piece->title_end_capacity = capacity;
    }
    if (used + length > piece->title_capacity) {
        int64_t capacity = 2 * (used + length) + 4096;
        COR_TRY(cor_reallocate(&piece->title, used, capacity, 1, "titles"));
        piece->title_capacity = capacity;
    }
    cor_copy(piece->title + used, text.begin, length);
    piece->title_end[slot] = used + length;
    return COR_OK;
}

static bool is_number(int side, const char *begin, const char *end)
{
    int64_t number;
    return side < SIDE_KEPT ? cor_text_int64(begin, end, &number)
                            : ingest_text_is_number(begin, end);
}

/* Look up `count` texts of one side. @param[out] slot  of each */
static int look_up_texts(ingest_work *w, int side, int count, int64_t *slot)
{
    ingest_piece *piece = w->piece;
    ingest_id_table *table = &piece->table[side];
    const char *const *begin = w->begin[side];
    const size_t *length = w->length[side];
    int64_t held = table->count;
    COR_TRY(cor_map_put_texts(table->map, count, begin, length, slot));
    table->count = cor_map_count(table->map);
    for (int k = 0; k < count; k++) {
        if (slot[k] < held)
            continue;
        held++; /* a new one; they are numbered as they come */
        if (!is_number(side, begin[k], begin[k] + length[k]))
            piece->saw_text[side] = true;
        if (w->in->titles)
            COR_TRY(keep_title(piece, slot[k], w->title[k]));
    }
    return COR_OK;
}

static int look_up_ids(ingest_work *w, int side, int64_t first)
{
    int64_t slot[WAITING];
    int32_t *column = (int32_t *)w->piece->rows.column[side] + first;
    if (!w->text[side])
        return ingest_id_table_put(&w->piece->table[side], w->waiting,
                                   w->id[side], column);
    COR_TRY(look_up_texts(w, side, w->waiting, slot));
    for (int k = 0; k < w->waiting; k++)
        column[k] = (int32_t)slot[k];
    return COR_OK;
}

/* Of a kept column; a row whose text is empty has no category. */
static int look_up_categories(ingest_work *w, int k, int64_t first)
{
    int side = SIDE_KEPT + k, count = 0;
    int place[WAITING];
    int64_t slot[WAITING];
    int32_t *column = (int32_t *)w->piece->rows.column[COLUMN_KEPT + k] + first;
    for (int i = 0; i < w->waiting; i++) {
        column[i] = -1;
        if (w->length[side][i] == 0)
            continue;
        place[count] = i;
        w->begin[side][count] = w->begin[side][i];
        w->length[side][count++] = w->length[side][i];
    }
    COR_TRY(look_up_texts(w, side, count, slot));
    for (int i = 0; i < count; i++)
        column[place[i]] = (int32_t)slot[i];
    return COR_OK;
}

int ingest_work_look_up(ingest_work *w)
{
    int64_t slot[WAITING], first = w->piece->rows.count - w->waiting;
    if (w->in->titles)
        COR_TRY(look_up_texts(w, ROLE_ITEM, w->waiting, slot));
    for (int side = 0; side < 2 && !w->in->titles; side++)
        COR_TRY(look_up_ids(w, side, first));
    for (int k = 0; k < w->kept; k++)
        if (w->text[SIDE_KEPT + k])
            COR_TRY(look_up_categories(w, k, first));
    w->waiting = 0;
    return COR_OK;
}
