/* Sparse rows to whoever asks for them. */
#include "neighbours.h"

#include "coracle/memory.h"

#include <string.h>

/* Entries on their way back, each to the rank that asked for its row. */
typedef struct parcel {
    int64_t count;
    int32_t *to, *index;
    float *value;
} parcel;

static void parcel_free(parcel *p)
{
    cor_free(p->to);
    cor_free(p->index);
    cor_free(p->value);
}

static int parcel_pack(const cor_team *team, const sparse_request *request,
                       const cor_sparse *own, parcel *p)
{
    int64_t arrivals = cor_route_arrivals(request->route);
    for (int64_t j = 0; j < arrivals; j++) {
        int64_t row = request->asked[j];
        p->count += own->begin[row + 1] - own->begin[row];
    }
    COR_TRY(COR_NEW(&p->to, p->count));
    COR_TRY(COR_NEW(&p->index, p->count));
    COR_TRY(COR_NEW(&p->value, p->count));
    int64_t at = 0;
    for (int rank = 0; rank < cor_team_size(team); rank++) {
        int64_t from = cor_route_arrivals_from(request->route, rank);
        int64_t to = cor_route_arrivals_from(request->route, rank + 1);
        for (int64_t j = from; j < to; j++) {
            int64_t begin = own->begin[request->asked[j]];
            int64_t count = own->begin[request->asked[j] + 1] - begin;
            for (int64_t e = 0; e < count; e++)
                p->to[at + e] = rank;
            memcpy(p->index + at, own->index + begin,
                   (size_t)count * sizeof *p->index);
            memcpy(p->value + at, own->value + begin,
                   (size_t)count * sizeof *p->value);
            at += count;
        }
    }
    return COR_OK;
}

/* Lengths of the rows I asked for. Collective. */
static int ask_lengths(const cor_team *team, const sparse_request *request,
                       const cor_sparse *own, int64_t *length)
{
    int64_t arrivals = cor_route_arrivals(request->route), *answer = NULL;
    int rc = cor_agree(
        team, cor_allocate(&answer, arrivals, sizeof *answer, "sparse rows"));
    for (int64_t j = 0; rc == COR_OK && j < arrivals; j++) {
        int64_t row = request->asked[j];
        answer[j] = own->begin[row + 1] - own->begin[row];
    }
    if (rc == COR_OK)
        rc = cor_route_reply(request->route, answer, sizeof *answer, length);
    cor_free(answer);
    return rc;
}

static int allocate_rows(const sparse_request *request, const int64_t *length,
                         cor_sparse *out)
{
    COR_TRY(cor_allocate_zeroed(&out->begin, request->rows + 1,
                                sizeof *out->begin, "sparse rows"));
    for (int64_t i = 0; i < request->count; i++)
        out->begin[request->place[i] + 1] = length[i];
    for (int64_t r = 0; r < request->rows; r++)
        out->begin[r + 1] += out->begin[r];
    COR_TRY(COR_NEW(&out->index, out->begin[request->rows]));
    return COR_NEW(&out->value, out->begin[request->rows]);
}

/* Entries arrive by rank, then in the order I asked that rank. */
static int sort_in(const cor_team *team, const sparse_request *request,
                   const int64_t *length, const parcel *arrived,
                   cor_sparse *out)
{
    int64_t *next = NULL;
    int size = cor_team_size(team);
    COR_TRY(cor_allocate_zeroed(&next, size + 1, sizeof *next, "sparse rows"));
    for (int64_t i = 0; i < request->count; i++)
        next[request->to[i] + 1] += length[i];
    for (int rank = 0; rank < size; rank++)
        next[rank + 1] += next[rank];
    for (int64_t i = 0; i < request->count; i++) {
        int64_t *from = &next[request->to[i]];
        int64_t at = out->begin[request->place[i]];
        memcpy(out->index + at, arrived->index + *from,
               (size_t)length[i] * sizeof *out->index);
        memcpy(out->value + at, arrived->value + *from,
               (size_t)length[i] * sizeof *out->value);
        *from += length[i];
    }
    cor_free(next);
    return COR_OK;
}

static int send_back(const cor_team *team, const parcel *mine, parcel *arrived)
{
    cor_route *route = NULL;
    COR_TRY(cor_route_create(team, mine->to, mine->count, &route));
    arrived->count = cor_route_arrivals(route);
    int rc = COR_NEW(&arrived->index, arrived->count);
    if (rc == COR_OK)
        rc = COR_NEW(&arrived->value, arrived->count);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_route_send(route, mine->index, sizeof *mine->index,
                            arrived->index);
    if (rc == COR_OK)
        rc = cor_route_send(route, mine->value, sizeof *mine->value,
                            arrived->value);
    cor_route_destroy(&route);
    return rc;
}

int sparse_fetch(const cor_team *team, const sparse_request *request,
                 const cor_sparse *own, cor_sparse *out)
{
    parcel mine = {0}, arrived = {0};
    int64_t *length = NULL;
    *out = (cor_sparse){0};
    int rc = cor_agree(team, cor_allocate(&length, request->count,
                                          sizeof *length, "sparse rows"));
    if (rc == COR_OK)
        rc = ask_lengths(team, request, own, length);
    if (rc == COR_OK) {
        rc = allocate_rows(request, length, out);
        if (rc == COR_OK)
            rc = parcel_pack(team, request, own, &mine);
        rc = cor_agree(team, rc);
    }
    if (rc == COR_OK)
        rc = send_back(team, &mine, &arrived);
    if (rc == COR_OK)
        rc = cor_agree(team, sort_in(team, request, length, &arrived, out));
    parcel_free(&mine);
    parcel_free(&arrived);
    cor_free(length);
    if (rc != COR_OK)
        sparse_free(out);
    return rc;
}
