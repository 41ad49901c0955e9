#include "coracle/ids.h"

#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "handle.h"

#include <stdio.h>
#include <string.h>

void cor_ids_free(cor_ids *ids)
{
    cor_free(ids->number);
    cor_free(ids->bytes);
    *ids = (cor_ids){0};
}

int cor_ids_copy(const cor_ids *from, cor_ids *to)
{
    *to = *from;
    to->number = NULL;
    to->bytes = NULL;
    if (from->number) {
        COR_TRY(COR_NEW(&to->number, from->count));
        memcpy(to->number, from->number,
               (size_t)from->count * sizeof *to->number);
    }
    if (from->bytes) {
        COR_TRY(
            cor_allocate(&to->bytes, from->count, (size_t)from->width, "ids"));
        memcpy(to->bytes, from->bytes, (size_t)(from->count * from->width));
    }
    return COR_OK;
}

int cor_ids_write(cor_file *file, const char *name, const cor_ids *ids)
{
    if (!ids->text)
        return cor_file_write(file, name, COR_INT64, 0, ids->total, 0,
                              ids->first, ids->count, ids->number);
    int64_t width = ids->width ? ids->width : 1; /* all texts are empty */
    if (ids->width)
        return cor_file_write(file, name, COR_TEXT, width, ids->total, 0,
                              ids->first, ids->count, ids->bytes);
    char *empty = NULL;
    int rc = cor_allocate_zeroed(&empty, ids->count, 1, "empty texts");
    rc = rc == COR_OK ? cor_file_write(file, name, COR_TEXT, width, ids->total,
                                       0, ids->first, ids->count, empty)
                      : rc;
    cor_free(empty);
    return rc;
}

int cor_ids_read(const cor_file *file, const char *name, int64_t first,
                 int64_t count, cor_ids *ids)
{
    enum cor_type type;
    int64_t columns;
    *ids = (cor_ids){.first = first, .count = count};
    COR_TRY(
        cor_file_shape(file, name, &type, &ids->width, &ids->total, &columns));
    if (columns != 0)
        return cor_fail(COR_EDATA,
                        "%s is damaged: %s is a matrix: make it again",
                        cor_file_path(file), name);
    ids->text = type == COR_TEXT;
    int rc = ids->text ? cor_allocate(&ids->bytes, count, (size_t)ids->width,
                                      "texts of ids")
                       : COR_NEW(&ids->number, count);
    rc = cor_agree(file->team, rc);
    if (rc == COR_OK)
        rc = cor_file_read(file, name, ids->text ? COR_TEXT : COR_INT64,
                           ids->width, 0, first, count,
                           ids->text ? (void *)ids->bytes : ids->number);
    if (rc != COR_OK)
        cor_ids_free(ids);
    return rc;
}

void cor_ids_print(const cor_ids *ids, int64_t row, char *out, size_t size)
{
    if (!ids->text) {
        snprintf(out, size, "%lld", (long long)ids->number[row]);
        return;
    }
    const char *text = ids->bytes + row * ids->width;
    snprintf(out, size, "%.*s", (int)strnlen(text, (size_t)ids->width), text);
}

static bool same_texts(const cor_ids *a, const cor_ids *b)
{
    size_t wide_a = (size_t)a->width, wide_b = (size_t)b->width;
    for (int64_t i = 0; i < a->count; i++) {
        const char *x = a->bytes + i * a->width, *y = b->bytes + i * b->width;
        size_t length = strnlen(x, wide_a);
        if (length != strnlen(y, wide_b) || memcmp(x, y, length) != 0)
            return false;
    }
    return true;
}

bool cor_ids_equal(const cor_team *team, const cor_ids *a, const cor_ids *b)
{
    int64_t equal = a->total == b->total && a->text == b->text &&
                    a->first == b->first && a->count == b->count;
    if (equal && a->count)
        equal = a->text ? same_texts(a, b)
                        : memcmp(a->number, b->number,
                                 (size_t)a->count * sizeof *a->number) == 0;
    cor_team_min(team, &equal, 1);
    return equal;
}

/* The rank of each of my rows, when rank r is to hold those before end[r]. */
static int route_rows(const cor_team *team, const cor_ids *ids, int64_t end,
                      cor_route **route)
{
    int64_t *ends = NULL;
    int32_t *to = NULL;
    int size = cor_team_size(team), rank = 0;
    int rc = COR_NEW(&ends, size);
    if (rc == COR_OK)
        rc = COR_NEW(&to, ids->count);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        cor_team_gather(team, &end, sizeof end, ends);
    for (int64_t i = 0; rc == COR_OK && i < ids->count; i++) {
        while (rank < size && ids->first + i >= ends[rank])
            rank++;
        if (rank == size)
            rc = cor_fail(COR_EDEFECT,
                          "row %lld of a table of ids has no "
                          "rank to go to",
                          (long long)(ids->first + i));
        else
            to[i] = rank;
    }
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_route_create(team, to, ids->count, route);
    cor_free(to);
    cor_free(ends);
    return rc;
}

static int send_rows(const cor_team *team, const cor_route *route, cor_ids *ids,
                     int64_t count)
{
    size_t width = ids->text ? (size_t)ids->width : sizeof *ids->number;
    void *arrived = NULL;
    int rc = cor_allocate(&arrived, count, width, "ids");
    if (rc == COR_OK && cor_route_arrivals(route) != count)
        rc = cor_fail(COR_EDEFECT, "%lld ids arrive where %lld belong",
                      (long long)cor_route_arrivals(route), (long long)count);
    rc = cor_agree(team, rc);
    if (rc == COR_OK && width)
        rc = cor_route_send(route, ids->text ? (void *)ids->bytes : ids->number,
                            width, arrived);
    if (rc != COR_OK) {
        cor_free(arrived);
        return rc;
    }
    cor_free(ids->text ? (void *)ids->bytes : ids->number);
    ids->number = ids->text ? NULL : arrived;
    ids->bytes = ids->text ? arrived : NULL;
    return COR_OK;
}

int cor_ids_move(const cor_team *team, cor_ids *ids, int64_t first,
                 int64_t count)
{
    int64_t in_place =
        ids->count == count && (count == 0 || ids->first == first);
    cor_team_min(team, &in_place, 1);
    int rc = COR_OK;
    if (!in_place) {
        cor_route *route = NULL;
        COR_TRY(route_rows(team, ids, first + count, &route));
        rc = send_rows(team, route, ids, count);
        cor_route_destroy(&route);
    }
    if (rc == COR_OK) {
        ids->first = first;
        ids->count = count;
    }
    return rc;
}
