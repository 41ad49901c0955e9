#include "coracle/exchange.h"

#include "comm.h"
#include "coracle/memory.h"
#include "runs.h"

#include <string.h>

struct cor_route {
    const cor_team *team;
    int64_t departures, arrivals;
    int32_t *to; /* NULL where rows already stand in the order of ranks */
    cor_runs send, receive;
};

static bool ascending(const int32_t *to, int64_t rows)
{
    for (int64_t i = 1; i < rows; i++)
        if (to[i] < to[i - 1])
            return false;
    return true;
}

/* A route without rows yet. */
static int allocate(const cor_team *team, cor_route **out)
{
    cor_route *route = NULL;
    int rc = cor_allocate_zeroed(&route, 1, sizeof *route, "route");
    *out = route;
    if (rc != COR_OK)
        return rc;
    route->team = team;
    COR_TRY(cor_runs_create(team, &route->send));
    return cor_runs_create(team, &route->receive);
}

static int plan(const int32_t *to, int64_t rows, cor_route *route)
{
    for (int64_t i = 0; i < rows; i++)
        route->send.count[to[i]]++;
    if (ascending(to, rows))
        return COR_OK;
    COR_TRY(cor_allocate(&route->to, rows, sizeof *to, "routes of rows"));
    memcpy(route->to, to, (size_t)rows * sizeof *to);
    return COR_OK;
}

/* From what each rank sends, once all are ready; `rc` is this rank's status so
   far. */
static int finish(const cor_team *team, int rc, cor_route **route)
{
    rc = cor_agree(team, rc);
    if (rc != COR_OK) {
        cor_route_destroy(route);
        return rc;
    }
    cor_runs *send = &(*route)->send, *receive = &(*route)->receive;
    MPI_Alltoall(send->count, 1, MPI_INT64_T, receive->count, 1, MPI_INT64_T,
                 cor_team_comm(team));
    cor_runs_offsets(team, send);
    cor_runs_offsets(team, receive);
    (*route)->departures = send->offset[cor_team_size(team)];
    (*route)->arrivals = receive->offset[cor_team_size(team)];
    return COR_OK;
}

int cor_route_create(const cor_team *team, const int32_t *to, int64_t rows,
                     cor_route **route)
{
    int rc = allocate(team, route);
    if (rc == COR_OK)
        rc = plan(to, rows, *route);
    return finish(team, rc, route);
}

int cor_route_create_in_order(const cor_team *team, const int64_t *count,
                              cor_route **route)
{
    int rc = allocate(team, route);
    if (rc == COR_OK)
        memcpy((*route)->send.count, count,
               (size_t)cor_team_size(team) * sizeof *count);
    return finish(team, rc, route);
}

void cor_route_destroy(cor_route **route)
{
    if (!*route)
        return;
    cor_runs_free(&(*route)->send);
    cor_runs_free(&(*route)->receive);
    cor_free((*route)->to);
    cor_free(*route);
    *route = NULL;
}

int64_t cor_route_arrivals(const cor_route *route)
{
    return route->arrivals;
}

int64_t cor_route_departures(const cor_route *route)
{
    return route->departures;
}

int64_t cor_route_arrivals_from(const cor_route *route, int rank)
{
    return route->receive.offset[rank];
}

/* Copy elements between the rows' own order and the order of ranks. Widths of
   4 and 8 bytes are most of the traffic and become plain loads and stores. */
#define COPY_ROWS(type)                                                        \
    do {                                                                       \
        const type *from = source;                                             \
        type *into = target;                                                   \
        if (pack)                                                              \
            for (int64_t i = 0; i < rows; i++)                                 \
                into[next[to[i]]++] = from[i];                                 \
        else                                                                   \
            for (int64_t i = 0; i < rows; i++)                                 \
                into[i] = from[next[to[i]]++];                                 \
    } while (0)

static void copy_rows(const int32_t *to, int64_t rows, int64_t *next,
                      size_t width, bool pack, const void *source, void *target)
{
    if (width == 4) {
        COPY_ROWS(uint32_t);
    } else if (width == 8) {
        COPY_ROWS(uint64_t);
    } else {
        for (int64_t i = 0; i < rows; i++) {
            int64_t at = next[to[i]]++;
            memcpy((char *)target + (size_t)(pack ? at : i) * width,
                   (const char *)source + (size_t)(pack ? i : at) * width,
                   width);
        }
    }
}

static int reorder(const cor_route *route, size_t width, bool pack,
                   const void *source, void *target)
{
    int64_t *next;
    int64_t size = cor_team_size(route->team);
    COR_TRY(cor_allocate(&next, size, sizeof *next, "run offsets"));
    memcpy(next, route->send.offset, (size_t)size * sizeof *next);
    copy_rows(route->to, route->departures, next, width, pack, source, target);
    cor_free(next);
    return COR_OK;
}

/* Whether a rank must reorder its rows is its own affair: all ranks make the
   same collective calls. */
int cor_route_send(const cor_route *route, const void *column, size_t width,
                   void *out)
{
    char *packed = NULL;
    int rc = COR_OK;
    if (route->to)
        rc = cor_allocate(&packed, route->departures, width, "rows to send");
    if (rc == COR_OK && packed)
        rc = reorder(route, width, true, column, packed);
    rc = cor_agree(route->team, rc);
    if (rc == COR_OK)
        cor_runs_exchange(route->team, width, cor_runs_piece,
                          packed ? packed : column, &route->send, out,
                          &route->receive);
    cor_free(packed);
    return rc;
}

int cor_route_send_others(const cor_route *route, const void *column,
                          size_t width, void *out)
{
    const cor_team *team = route->team;
    int rank = cor_team_rank(team);
    size_t counts = (size_t)cor_team_size(team) * sizeof(int64_t);
    cor_runs send = {0}, receive = {0};
    int rc = cor_runs_create(team, &send);
    if (rc == COR_OK)
        rc = cor_runs_create(team, &receive);
    rc = cor_agree(team, rc);
    if (rc == COR_OK) {
        memcpy(send.count, route->send.count, counts);
        memcpy(send.offset, route->send.offset, counts + sizeof(int64_t));
        memcpy(receive.count, route->receive.count, counts);
        send.count[rank] = receive.count[rank] = 0;
        cor_runs_offsets(team, &receive);
        cor_runs_exchange(team, width, cor_runs_piece, column, &send, out,
                          &receive);
    }
    cor_runs_free(&send);
    cor_runs_free(&receive);
    return rc;
}

int cor_route_reply(const cor_route *route, const void *answer, size_t width,
                    void *out)
{
    char *packed = NULL;
    int rc = COR_OK;
    if (route->to)
        rc = cor_allocate(&packed, route->departures, width, "answers");
    rc = cor_agree(route->team, rc);
    if (rc == COR_OK) {
        cor_runs_exchange(route->team, width, cor_runs_piece, answer,
                          &route->receive, packed ? packed : out, &route->send);
        if (packed)
            rc = reorder(route, width, false, packed, out);
        rc = cor_agree(route->team, rc);
    }
    cor_free(packed);
    return rc;
}

static int64_t text_length(const int64_t *end, int64_t i)
{
    return end[i] - (i ? end[i - 1] : 0);
}

/* Lengths and bytes in the order of ranks, and how many bytes go to each. */
static int pack_text(const cor_route *route, const char *bytes,
                     const int64_t *end, int64_t *length, char **packed,
                     cor_runs *send)
{
    int64_t rows = route->departures;
    const int32_t *to = route->to;
    COR_TRY(cor_allocate(packed, rows ? end[rows - 1] : 0, 1, "texts to send"));
    int rank = 0;
    for (int64_t i = 0; i < rows; i++) {
        while (!to && i >= route->send.offset[rank + 1])
            rank++;
        length[i] = text_length(end, i);
        send->count[to ? to[i] : rank] += length[i];
    }
    cor_runs_offsets(route->team, send);
    if (!to) {
        if (rows) /* else there may be no bytes at all to point at */
            memcpy(*packed, bytes, (size_t)end[rows - 1]);
        return COR_OK;
    }
    int64_t *next;
    int64_t size = cor_team_size(route->team);
    COR_TRY(cor_allocate(&next, size, sizeof *next, "run offsets"));
    memcpy(next, send->offset, (size_t)size * sizeof *next);
    for (int64_t i = 0; i < rows; i++) {
        memcpy(*packed + next[to[i]], bytes + (end[i] - length[i]),
               (size_t)length[i]);
        next[to[i]] += length[i];
    }
    cor_free(next);
    return COR_OK;
}

/* From the lengths that arrived: where each text ends, bytes from each rank. */
static void unpack_lengths(const cor_route *route, int64_t *end,
                           cor_runs *receive)
{
    int rank = 0;
    int64_t total = 0;
    for (int64_t i = 0; i < route->arrivals; i++) {
        while (i >= route->receive.offset[rank + 1])
            rank++;
        receive->count[rank] += end[i];
        end[i] = total += end[i];
    }
    cor_runs_offsets(route->team, receive);
}

int cor_route_send_text(const cor_route *route, const char *bytes,
                        const int64_t *end, char **out_bytes, int64_t **out_end)
{
    const cor_team *team = route->team;
    int64_t *length = NULL;
    char *packed = NULL;
    cor_runs send = {0}, receive = {0};
    *out_bytes = NULL;
    *out_end = NULL;
    int rc = cor_runs_create(team, &send);
    if (rc == COR_OK)
        rc = cor_runs_create(team, &receive);
    if (rc == COR_OK)
        rc = cor_allocate(&length, route->departures, 8, "text lengths");
    if (rc == COR_OK)
        rc = cor_allocate(out_end, route->arrivals, 8, "text lengths");
    if (rc == COR_OK)
        rc = pack_text(route, bytes, end, length, &packed, &send);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_route_send(route, length, sizeof *length, *out_end);
    if (rc == COR_OK) {
        unpack_lengths(route, *out_end, &receive);
        rc = cor_allocate(out_bytes, receive.offset[cor_team_size(team)], 1,
                          "texts");
        rc = cor_agree(team, rc);
    }
    if (rc == COR_OK)
        cor_runs_exchange(team, 1, cor_runs_piece, packed, &send, *out_bytes,
                          &receive);
    cor_free(length);
    cor_free(packed);
    cor_runs_free(&send);
    cor_runs_free(&receive);
    if (rc != COR_OK) {
        cor_free(*out_bytes);
        cor_free(*out_end);
        *out_bytes = NULL;
        *out_end = NULL;
    }
    return rc;
}
