/*
 * Titles are read like the interactions, each piece keeping the first title of
 * each item. The items' numbers come from a directory of the item table; titles
 * then travel to the ranks that hold those items, where the first to arrive, in
 * rank order and so in input order, stays.
 */
#include "titles.h"

#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "dictionary.h"
#include "parse.h"
#include "reject.h"

#include <string.h>

/* Titles of this rank's part of the file, one after the other. */
typedef struct title_list {
    int64_t count;
    int64_t *row; /* of the item table; only known items are listed */
    int64_t *end; /* of each title in bytes */
    char *bytes;
} title_list;

static void title_list_free(title_list *list)
{
    cor_free(list->row);
    cor_free(list->end);
    cor_free(list->bytes);
    *list = (title_list){0};
}

/* Item numbers of one piece's ids, -1 where no interaction has the item. */
static int find_rows(const cor_team *team, const cor_directory *directory,
                     const ingest_piece *piece, int64_t **row)
{
    ingest_id_list list = ingest_id_table_list(&piece->table[ROLE_ITEM]);
    cor_ids ids;
    COR_TRY(ingest_ids_fill(team, &list, NULL, list.count, &ids));
    int rc = cor_agree(
        team, cor_allocate(row, list.count, sizeof **row, "rows of titles"));
    if (rc == COR_OK)
        rc = cor_directory_find(directory, &ids, *row);
    cor_ids_free(&ids);
    return rc;
}

/* Append the titles of one piece whose items are known. */
static int append(const ingest_piece *piece, const int64_t *row,
                  title_list *list)
{
    int64_t count = piece->table[ROLE_ITEM].count;
    int64_t old = list->count, used = old ? list->end[old - 1] : 0;
    int64_t bytes = count ? piece->title_end[count - 1] : 0;
    COR_TRY(cor_reallocate(&list->row, old, old + count, sizeof *list->row,
                           "titles"));
    COR_TRY(cor_reallocate(&list->end, old, old + count, sizeof *list->end,
                           "titles"));
    COR_TRY(cor_reallocate(&list->bytes, used, used + bytes, 1, "titles"));
    for (int64_t i = 0; i < count; i++) {
        int64_t begin = i ? piece->title_end[i - 1] : 0;
        int64_t length = piece->title_end[i] - begin;
        if (row[i] < 0)
            continue;
        cor_copy(list->bytes + used, piece->title + begin, length);
        used += length;
        list->row[list->count] = row[i];
        list->end[list->count++] = used;
    }
    return COR_OK;
}

static int list_titles(const cor_team *team, const cor_ids *items,
                       const ingest_parsed *parsed, title_list *list)
{
    cor_directory *directory;
    COR_TRY(cor_directory_create(team, items, &directory));
    int rc = COR_OK;
    for (int i = 0; rc == COR_OK && i < parsed->pieces; i++) {
        int64_t *row = NULL;
        rc = find_rows(team, directory, &parsed->piece[i], &row);
        if (rc == COR_OK)
            rc = cor_agree(team, append(&parsed->piece[i], row, list));
        cor_free(row);
    }
    cor_directory_destroy(&directory);
    return rc;
}

/* The rank whose part of the items holds a row; first[r] is where rank r's
   begins. */
static int32_t holder_of(const int64_t *first, int size, int64_t row)
{
    int low = 0, high = size - 1;
    while (low < high) {
        int middle = low + (high - low + 1) / 2;
        if (first[middle] <= row)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static int make_route(const cor_team *team, const cor_ids *items,
                      const title_list *list, cor_route **route)
{
    int size = cor_team_size(team);
    int64_t *first = NULL;
    int32_t *to = NULL;
    int rc = cor_allocate(&first, size, sizeof *first, "first items");
    if (rc == COR_OK)
        rc = cor_allocate(&to, list->count, sizeof *to, "holders of titles");
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        cor_team_gather(team, &items->first, sizeof *first, first);
    for (int64_t i = 0; rc == COR_OK && i < list->count; i++)
        to[i] = holder_of(first, size, list->row[i]);
    if (rc == COR_OK)
        rc = cor_route_create(team, to, list->count, route);
    cor_free(first);
    cor_free(to);
    return rc;
}

/* Of the titles that arrived for each of my items take the first. */
static int choose(const cor_team *team, const cor_ids *items,
                  const title_list *arrived, cor_ids *title, int64_t *count)
{
    int64_t *from;
    int64_t width = 1;
    COR_TRY(cor_agree(team, cor_allocate(&from, items->count, sizeof *from,
                                         "titles of items")));
    memset(from, 0xff, (size_t)items->count * sizeof *from);
    *count = 0;
    for (int64_t j = arrived->count - 1; j >= 0; j--) {
        int64_t begin = j ? arrived->end[j - 1] : 0;
        from[arrived->row[j] - items->first] = j;
        if (arrived->end[j] - begin > width)
            width = arrived->end[j] - begin;
    }
    cor_team_max(team, &width, 1);
    *title = (cor_ids){.total = items->total,
                       .first = items->first,
                       .count = items->count,
                       .text = true,
                       .width = width};
    int rc = cor_agree(team, cor_allocate_zeroed(&title->bytes, items->count,
                                                 (size_t)width, "titles"));
    for (int64_t i = 0; rc == COR_OK && i < items->count; i++) {
        if (from[i] < 0)
            continue;
        int64_t begin = from[i] ? arrived->end[from[i] - 1] : 0;
        memcpy(title->bytes + i * width, arrived->bytes + begin,
               (size_t)(arrived->end[from[i]] - begin));
        ++*count;
    }
    cor_free(from);
    cor_team_sum(team, count, 1);
    return rc;
}

static int distribute(const cor_team *team, const title_list *list,
                      cor_interactions *data, int64_t *count)
{
    cor_route *route = NULL;
    title_list arrived = {0};
    int rc = make_route(team, &data->item_id, list, &route);
    if (rc == COR_OK) {
        arrived.count = cor_route_arrivals(route);
        rc = cor_agree(team, cor_allocate(&arrived.row, arrived.count,
                                          sizeof *arrived.row, "titles"));
    }
    if (rc == COR_OK)
        rc = cor_route_send(route, list->row, sizeof *list->row, arrived.row);
    if (rc == COR_OK)
        rc = cor_route_send_text(route, list->bytes, list->end, &arrived.bytes,
                                 &arrived.end);
    if (rc == COR_OK)
        rc = choose(team, &data->item_id, &arrived, &data->item_title, count);
    cor_route_destroy(&route);
    title_list_free(&arrived);
    return rc;
}

int ingest_titles(const cor_team *team, const ingest_input *in,
                  cor_progress *progress, cor_interactions *data,
                  cor_ingest_report *report)
{
    ingest_parsed parsed;
    title_list list = {0};
    COR_TRY(ingest_parse(team, in, progress, &parsed));
    report->titles_rejected = ingest_rejects_count(team, &parsed);
    int rc = list_titles(team, &data->item_id, &parsed, &list);
    ingest_parsed_free(&parsed);
    if (rc == COR_OK)
        rc = distribute(team, &list, data, &report->titles);
    title_list_free(&list);
    return rc;
}
