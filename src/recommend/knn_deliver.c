/* Similarities from the ranks that found them to the owners of their things. */
#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "coracle/sort.h"
#include "knn_state.h"
#include "neighbours.h"

#include <omp.h>
#include <string.h>

/* Rows on their way, and as they arrive: by the rank that found them. */
typedef struct parcel {
    int64_t rows, entries;
    int32_t *row_to, *entry_to;
    int64_t *thing, *length; /* rows */
    int32_t *index;          /* entries */
    float *value;
} parcel;

static void parcel_free(parcel *p)
{
    cor_free(p->row_to);
    cor_free(p->entry_to);
    cor_free(p->thing);
    cor_free(p->length);
    cor_free(p->index);
    cor_free(p->value);
    *p = (parcel){0};
}

/* Takes the entries of what was found. */
static int pack(knn_found *found, parcel *p)
{
    cor_sparse *rows = &found->row;
    p->rows = found->count;
    p->entries = rows->begin[found->count];
    p->index = rows->index;
    p->value = rows->value;
    rows->index = NULL;
    rows->value = NULL;
    COR_TRY(COR_NEW(&p->thing, p->rows));
    COR_TRY(COR_NEW(&p->length, p->rows));
    for (int64_t r = 0; r < p->rows; r++) {
        p->thing[r] = found->first + r;
        p->length[r] = rows->begin[r + 1] - rows->begin[r];
    }
    return COR_OK;
}

static int address(const cor_shards *owners, parcel *p)
{
    int64_t at = 0;
    COR_TRY(COR_NEW(&p->row_to, p->rows));
    COR_TRY(COR_NEW(&p->entry_to, p->entries));
    for (int64_t r = 0; r < p->rows; r++) {
        p->row_to[r] = cor_shards_owner(owners, p->thing[r]);
        for (int64_t end = at + p->length[r]; at < end; at++)
            p->entry_to[at] = p->row_to[r];
    }
    return COR_OK;
}

static int send_rows(const cor_team *team, const parcel *out, parcel *in)
{
    cor_route *route = NULL;
    COR_TRY(cor_route_create(team, out->row_to, out->rows, &route));
    in->rows = cor_route_arrivals(route);
    int rc = COR_NEW(&in->thing, in->rows);
    if (rc == COR_OK)
        rc = COR_NEW(&in->length, in->rows);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_route_send(route, out->thing, sizeof *out->thing, in->thing);
    if (rc == COR_OK)
        rc =
            cor_route_send(route, out->length, sizeof *out->length, in->length);
    cor_route_destroy(&route);
    return rc;
}

static int send_entries(const cor_team *team, const parcel *out, parcel *in)
{
    cor_route *route = NULL;
    COR_TRY(cor_route_create(team, out->entry_to, out->entries, &route));
    in->entries = cor_route_arrivals(route);
    int rc = COR_NEW(&in->index, in->entries);
    if (rc == COR_OK)
        rc = COR_NEW(&in->value, in->entries);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_route_send(route, out->index, sizeof *out->index, in->index);
    if (rc == COR_OK)
        rc = cor_route_send(route, out->value, sizeof *out->value, in->value);
    cor_route_destroy(&route);
    return rc;
}

static void copy_row(cor_sparse *to, int64_t at, const int32_t *index,
                     const float *value, int64_t count)
{
    cor_copy(to->index + at, index, count * (int64_t)sizeof *index);
    cor_copy(to->value + at, value, count * (int64_t)sizeof *value);
}

/* The rows of a thing follow each other: what was there before, then what
   came, in the order of who found it. */
static void copy_rows(const parcel *in, const cor_sparse *before, int64_t first,
                      int64_t count, int64_t *next, cor_sparse *out)
{
    int64_t from = 0;
    for (int64_t r = 0; r < count; r++) {
        int64_t length = before->begin[r + 1] - before->begin[r];
        copy_row(out, out->begin[r], before->index + before->begin[r],
                 before->value + before->begin[r], length);
        next[r] = out->begin[r] + length;
    }
    for (int64_t r = 0; r < in->rows; r++) {
        int64_t *at = &next[in->thing[r] - first];
        copy_row(out, *at, in->index + from, in->value + from, in->length[r]);
        *at += in->length[r];
        from += in->length[r];
    }
}

static int join(const parcel *in, int64_t first, int64_t count,
                cor_sparse *rows)
{
    cor_sparse out = {0};
    int64_t *next = NULL, entries = in->entries + rows->begin[count];
    int rc = COR_NEW(&out.begin, count + 1);
    if (rc == COR_OK)
        rc = COR_NEW(&out.index, entries);
    if (rc == COR_OK)
        rc = COR_NEW(&out.value, entries);
    if (rc == COR_OK)
        rc = COR_NEW(&next, count);
    if (rc == COR_OK) {
        memcpy(out.begin, rows->begin, (size_t)(count + 1) * sizeof *next);
        for (int64_t r = count; r > 0; r--) /* lengths */
            out.begin[r] -= out.begin[r - 1];
        for (int64_t r = 0; r < in->rows; r++)
            out.begin[in->thing[r] - first + 1] += in->length[r];
        for (int64_t r = 0; r < count; r++)
            out.begin[r + 1] += out.begin[r];
        copy_rows(in, rows, first, count, next, &out);
        sparse_free(rows);
        *rows = out;
    } else {
        sparse_free(&out);
    }
    cor_free(next);
    return rc;
}

static int exchange(const cor_team *team, const cor_shards *owners,
                    parcel *found, parcel *in)
{
    COR_TRY(cor_agree(team, address(owners, found)));
    COR_TRY(send_rows(team, found, in));
    return send_entries(team, found, in);
}

/* Keys of 64 bits; `key` has room for twice as many. */
static const uint64_t *sort_keys(uint64_t *key, int64_t count)
{
    enum { SMALL = 32 }; /* then nothing is allocated */
    if (count > SMALL)
        return cor_sort_by_bits(key, key + count, count, 0, 64);
    cor_sort_keys(key, count);
    return key;
}

/* The most similar first, equal ones in an order. Keys: what is missing to the
   greatest bits of a float, then the rank of the thing. */
static void sort_row(const knn_order *order, cor_sparse *rows, int64_t begin,
                     int64_t count, uint64_t *key)
{
    for (int64_t e = 0; e < count; e++) {
        uint32_t bits;
        int32_t thing = rows->index[begin + e];
        memcpy(&bits, &rows->value[begin + e], sizeof bits);
        key[e] = (uint64_t)~bits << 32 |
                 (uint32_t)(order->rank ? order->rank[thing] : thing);
    }
    const uint64_t *sorted = sort_keys(key, count);
    for (int64_t e = 0; e < count; e++) {
        uint32_t bits = ~(uint32_t)(sorted[e] >> 32);
        int32_t rank = (int32_t)(sorted[e] & UINT32_MAX);
        rows->index[begin + e] = order->thing ? order->thing[rank] : rank;
        memcpy(&rows->value[begin + e], &bits, sizeof bits);
    }
}

static int sort_rows(const knn *k, const knn_order *order, int64_t count,
                     cor_sparse *rows)
{
    int threads = cor_team_threads(k->team);
    int64_t most = 0;
    uint64_t *key = NULL;
    for (int64_t r = 0; r < count; r++)
        if (rows->begin[r + 1] - rows->begin[r] > most)
            most = rows->begin[r + 1] - rows->begin[r];
    COR_TRY(
        cor_allocate(&key, threads * 2 * most, sizeof *key, "similarities"));
#pragma omp parallel for num_threads(threads) schedule(dynamic, 64)
    for (int64_t r = 0; r < count; r++)
        sort_row(order, rows, rows->begin[r],
                 rows->begin[r + 1] - rows->begin[r],
                 key + omp_get_thread_num() * 2 * most);
    cor_free(key);
    return COR_OK;
}

/* Of each row what is kept, which comes first. */
static void cut_rows(int64_t keep, int64_t count, cor_sparse *rows)
{
    int64_t at = 0, from = 0;
    for (int64_t r = 0; r < count; r++) {
        int64_t length = rows->begin[r + 1] - from;
        int64_t kept = length < keep ? length : keep;
        memmove(rows->index + at, rows->index + from,
                (size_t)kept * sizeof *rows->index);
        memmove(rows->value + at, rows->value + from,
                (size_t)kept * sizeof *rows->value);
        at += kept;
        from += length;
        rows->begin[r + 1] = at;
    }
}

int knn_order_rows(const knn *k, const knn_order *order, int64_t count,
                   cor_sparse *rows)
{
    return k->options->between_users ? sort_rows(k, order, count, rows)
                                     : COR_OK;
}

static int keep_strongest(const knn *k, int64_t count, cor_sparse *rows)
{
    const knn_order by_number = {0};
    if (k->options->keep == 0)
        return COR_OK;
    COR_TRY(sort_rows(k, &by_number, count, rows));
    cut_rows(k->options->keep, count, rows);
    return COR_OK;
}

int knn_deliver(const knn *k, const cor_shards *owners, knn_found *found,
                cor_sparse *similar)
{
    parcel out = {0}, in = {0};
    int64_t first = cor_shards_first_row(owners, cor_team_rank(k->team));
    int64_t count =
        cor_shards_first_row(owners, cor_team_rank(k->team) + 1) - first;
    bool alone = cor_team_size(k->team) == 1;
    int rc = COR_OK;
    if (alone && similar->begin[count] == 0) { /* it is of all things */
        sparse_free(similar);
        *similar = found->row;
        found->row = (cor_sparse){0};
    } else {
        rc = cor_agree(k->team, pack(found, &out));
        if (rc == COR_OK && !alone)
            rc = exchange(k->team, owners, &out, &in);
        if (!alone)
            parcel_free(&out);
        if (rc == COR_OK)
            rc = cor_agree(k->team,
                           join(alone ? &out : &in, first, count, similar));
    }
    parcel_free(&out);
    parcel_free(&in);
    if (rc == COR_OK)
        rc = cor_agree(k->team, keep_strongest(k, count, similar));
    return rc;
}
