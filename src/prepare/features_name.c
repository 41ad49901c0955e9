#include "coracle/cut.h"
#include "coracle/memory.h"
#include "features_parts.h"

#include <stdio.h>
#include <string.h>

static const char *const number_name[FEATURES_NUMBERS] = {
    [FEATURES_USER_COUNT] = "user_count",
    [FEATURES_ITEM_COUNT] = "item_count",
    [FEATURES_RECENCY] = "recency_days",
    [FEATURES_DAY] = "day_of_week",
    [FEATURES_HOUR] = "hour"};

/* Names that are being joined: mine are the features [first, first + count),
   of `width` bytes. */
typedef struct joined {
    const cor_team *team;
    int64_t first, count, width;
    char *bytes;
} joined;

/* My even part of the names grows to hold texts of `width` bytes. */
static int widen(joined *j, int64_t width)
{
    char *bytes = NULL;
    if (width <= j->width)
        return COR_OK;
    COR_TRY(cor_allocate_zeroed(&bytes, j->count, (size_t)width, "names"));
    for (int64_t i = 0; j->width > 0 && i < j->count; i++)
        memcpy(bytes + i * width, j->bytes + i * j->width, (size_t)j->width);
    cor_free(j->bytes);
    j->bytes = bytes;
    j->width = width;
    return COR_OK;
}

/* Bytes of the longest "KIND=ID" of a table. Collective. */
static int64_t longest(const joined *j, const char *kind, const cor_ids *ids)
{
    int64_t most = 0;
    for (int64_t i = 0; i < ids->count; i++) {
        char text[COR_ID_LIMIT + 1];
        cor_ids_print(ids, i, text, sizeof text);
        int64_t length = (int64_t)strlen(text);
        most = length > most ? length : most;
    }
    cor_team_max(j->team, &most, 1);
    return most + (int64_t)strlen(kind) + 1;
}

/* "KIND=ID" for the ids of a table, which are the features from `begin` on.
   Collective. */
static int join(joined *j, const char *kind, const cor_ids *table,
                int64_t begin)
{
    cor_ids ids = {0};
    int64_t end = begin + table->total, last = j->first + j->count;
    int64_t from = j->first < begin ? begin : j->first > end ? end : j->first;
    int64_t to = last < begin ? begin : last > end ? end : last;
    int64_t width = longest(j, kind, table);
    int rc = cor_ids_copy(table, &ids);
    if (rc == COR_OK)
        rc = widen(j, width);
    rc = cor_agree(j->team, rc);
    if (rc == COR_OK)
        rc = cor_ids_move(j->team, &ids, from - begin, to - from);
    for (int64_t i = from; rc == COR_OK && i < to; i++) {
        char id[COR_ID_LIMIT + 1], text[COR_KEPT_NAME + 1 + COR_ID_LIMIT + 1];
        cor_ids_print(&ids, i - from, id, sizeof id);
        int length = snprintf(text, sizeof text, "%s=%s", kind, id);
        memcpy(j->bytes + (i - j->first) * j->width, text, (size_t)length);
    }
    cor_ids_free(&ids);
    return rc;
}

static int join_numbers(joined *j, const cor_features *f)
{
    int64_t width = 0;
    for (int k = 0; k < f->numbers; k++)
        if ((int64_t)strlen(number_name[k]) > width)
            width = (int64_t)strlen(number_name[k]);
    COR_TRY(cor_agree(j->team, widen(j, width)));
    for (int k = 0; k < f->numbers; k++) {
        int64_t at = f->number + k - j->first;
        if (at >= 0 && at < j->count)
            memcpy(j->bytes + at * j->width, number_name[k],
                   strlen(number_name[k]));
    }
    return COR_OK;
}

int features_name(const cor_features *f, cor_ids *name)
{
    int64_t rank = cor_team_rank(f->team), size = cor_team_size(f->team);
    joined j = {.team = f->team,
                .first = cor_cut_begin(f->features, rank, size)};
    j.count = cor_cut_begin(f->features, rank + 1, size) - j.first;
    *name = (cor_ids){0};
    int rc = join(&j, "user", &f->user_id, 0);
    if (rc == COR_OK)
        rc = join(&j, "item", &f->item_id, f->users);
    for (int32_t k = 0; rc == COR_OK && k < f->categories; k++)
        rc = join(&j, f->category[k].name, &f->category[k].names,
                  f->category[k].first);
    if (rc == COR_OK)
        rc = join_numbers(&j, f);
    if (rc != COR_OK) {
        cor_free(j.bytes);
        return rc;
    }
    *name = (cor_ids){.total = f->features,
                      .first = j.first,
                      .count = j.count,
                      .text = true,
                      .bytes = j.bytes,
                      .width = j.width};
    return COR_OK;
}
