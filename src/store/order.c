/* My rows by user, then time, then the order they are in.
 *
 * First the columns are parted, in one stable pass each, into buckets of
 * neighbouring users that fit the cache; then each bucket is sorted where it
 * stands. So memory sees every column twice, and both times in runs; a sort of
 * the whole would jump about in it for every row and column. */
#include "order.h"

#include "coracle/cut.h"
#include "coracle/memory.h"
#include "coracle/sort.h"

#include <string.h>

enum { BUCKET_ROWS = 16384, MOST_BUCKETS = 4096 };

typedef struct buckets {
    cor_interactions *data;
    int64_t first_user;
    int shift; /* users of a bucket: 2^shift */
    int64_t count;
    int threads;
    int64_t *place; /* threads x count: where a thread's next row goes */
    int64_t *begin; /* count + 1 */
} buckets;

static bool in_order(const cor_interactions *data)
{
    for (int64_t i = 1; i < data->rows; i++)
        if (data->user[i] < data->user[i - 1] ||
            (data->time && data->user[i] == data->user[i - 1] &&
             data->time[i] < data->time[i - 1]))
            return false;
    return true;
}

static int64_t bucket_of(const buckets *b, int32_t user)
{
    return (user - b->first_user) >> b->shift;
}

/* As many users a bucket as have about BUCKET_ROWS rows. */
static int choose_buckets(buckets *b, int64_t users)
{
    int64_t wanted = b->data->rows / BUCKET_ROWS + 1;
    if (wanted > MOST_BUCKETS)
        wanted = MOST_BUCKETS;
    while (users >> b->shift >= wanted && users >> b->shift > 0)
        b->shift++;
    b->count = (users >> b->shift) + 1;
    COR_TRY(COR_NEW_ZEROED(&b->place, b->threads * b->count));
    return COR_NEW_ZEROED(&b->begin, b->count + 1);
}

/* Rows of each bucket in each thread's part become places: all threads' rows of
   a bucket side by side, in the order of the threads. */
static void find_places(buckets *b)
{
#pragma omp parallel for num_threads(b->threads) schedule(static, 1)
    for (int t = 0; t < b->threads; t++) {
        int64_t *seen = b->place + t * b->count;
        int64_t end = cor_cut_begin(b->data->rows, t + 1, b->threads);
        for (int64_t i = cor_cut_begin(b->data->rows, t, b->threads); i < end;
             i++)
            seen[bucket_of(b, b->data->user[i])]++;
    }
    int64_t next = 0;
    for (int64_t k = 0; k < b->count; k++) {
        b->begin[k] = next;
        for (int t = 0; t < b->threads; t++) {
            int64_t rows = b->place[t * b->count + k];
            b->place[t * b->count + k] = next;
            next += rows;
        }
    }
    b->begin[b->count] = next;
}

/* One thread's part of a column to its buckets; `next` is its own copy of its
   places. */
static void part_run(const buckets *b, int t, int64_t *next, size_t width,
                     const void *column, void *out)
{
    const int32_t *user = b->data->user;
    int64_t end = cor_cut_begin(b->data->rows, t + 1, b->threads);
    memcpy(next, b->place + t * b->count, (size_t)b->count * sizeof *next);
    for (int64_t i = cor_cut_begin(b->data->rows, t, b->threads); i < end;
         i++) {
        int64_t to = next[bucket_of(b, user[i])]++;
        if (width == 4)
            ((uint32_t *)out)[to] = ((const uint32_t *)column)[i];
        else
            ((uint64_t *)out)[to] = ((const uint64_t *)column)[i];
    }
}

static void part_column(const buckets *b, int64_t *work, size_t width,
                        const void *column, void *out)
{
#pragma omp parallel for num_threads(b->threads) schedule(static, 1)
    for (int t = 0; t < b->threads; t++)
        part_run(b, t, work + t * b->count, width, column, out);
}

/* A column and its parted copy change places: what was the column takes the
   next one's copy. Users come last, since all others go by them. */
static int part_columns(buckets *b)
{
    cor_interactions *data = b->data;
    uint32_t *spare = NULL;
    int64_t *work = NULL, *time = NULL;
    int rc = COR_NEW(&work, b->threads * b->count);
    if (rc == COR_OK)
        rc = COR_NEW(&spare, data->rows);
    if (rc == COR_OK && data->time)
        rc = COR_NEW(&time, data->rows);
    if (rc == COR_OK && data->time) {
        part_column(b, work, sizeof *time, data->time, time);
        cor_free(data->time);
        data->time = time;
    }
    void *columns[] = {&data->item, &data->value, &data->user};
    for (int c = 0; rc == COR_OK && c < 3; c++) {
        uint32_t *column;
        memcpy(&column, columns[c], sizeof column);
        part_column(b, work, sizeof *spare, column, spare);
        memcpy(columns[c], &spare, sizeof spare);
        spare = column;
    }
    cor_free(spare);
    cor_free(work);
    return rc;
}

/* Work space of a thread: the rows of one bucket. */
typedef struct desk {
    uint64_t *key;
    int64_t *order;
    uint64_t *aside;
} desk;

static int open_desk(desk *d, int64_t rows)
{
    COR_TRY(COR_NEW(&d->key, rows));
    COR_TRY(COR_NEW(&d->order, rows));
    return COR_NEW(&d->aside, rows);
}

static void close_desk(desk *d)
{
    cor_free(d->key);
    cor_free(d->order);
    cor_free(d->aside);
}

static void find_span(const int64_t *time, int64_t rows, int64_t *least,
                      uint64_t *span)
{
    int64_t most = *least = time[0];
    for (int64_t i = 1; i < rows; i++) {
        *least = time[i] < *least ? time[i] : *least;
        most = time[i] > most ? time[i] : most;
    }
    *span = (uint64_t)most - (uint64_t)*least;
}

/* The order of a bucket's rows: one key holds user and time where both fit, as
   they do for times of less than a hundred thousand years; else time first,
   then user, each stably. */
static int order_bucket(const buckets *b, int64_t begin, int64_t rows, desk *d)
{
    const int32_t *user = b->data->user + begin;
    const int64_t *time = b->data->time ? b->data->time + begin : NULL;
    int64_t first = b->first_user + (bucket_of(b, user[0]) << b->shift),
            least = 0;
    uint64_t span = 0;
    if (time)
        find_span(time, rows, &least, &span);
    bool fits = span < UINT64_MAX >> (b->shift + 1);
    for (int64_t i = 0; i < rows; i++) {
        uint64_t moment = time ? (uint64_t)time[i] - (uint64_t)least : 0;
        d->key[i] =
            fits ? (uint64_t)(user[i] - first) * (span + 1) + moment : moment;
        d->order[i] = i;
    }
    COR_TRY(cor_sort_pairs(d->key, d->order, rows));
    if (fits)
        return COR_OK;
    for (int64_t i = 0; i < rows; i++)
        d->key[i] = (uint64_t)(user[d->order[i]] - first);
    return cor_sort_pairs(d->key, d->order, rows);
}

static void gather4(void *column, int64_t begin, int64_t rows, desk *d)
{
    uint32_t *here = (uint32_t *)column + begin, *aside = (uint32_t *)d->aside;
    memcpy(aside, here, (size_t)rows * sizeof *here);
    for (int64_t i = 0; i < rows; i++)
        here[i] = aside[d->order[i]];
}

static void gather8(void *column, int64_t begin, int64_t rows, desk *d)
{
    uint64_t *here = (uint64_t *)column + begin;
    memcpy(d->aside, here, (size_t)rows * sizeof *here);
    for (int64_t i = 0; i < rows; i++)
        here[i] = d->aside[d->order[i]];
}

static int sort_bucket(const buckets *b, int64_t k, desk *d)
{
    cor_interactions *data = b->data;
    int64_t begin = b->begin[k], rows = b->begin[k + 1] - begin;
    if (rows == 0)
        return COR_OK;
    COR_TRY(order_bucket(b, begin, rows, d));
    gather4(data->user, begin, rows, d);
    gather4(data->item, begin, rows, d);
    gather4(data->value, begin, rows, d);
    if (data->time)
        gather8(data->time, begin, rows, d);
    return COR_OK;
}

static int64_t largest_bucket(const buckets *b)
{
    int64_t most = 0;
    for (int64_t k = 0; k < b->count; k++)
        if (b->begin[k + 1] - b->begin[k] > most)
            most = b->begin[k + 1] - b->begin[k];
    return most;
}

static int sort_buckets(const buckets *b)
{
    int64_t rows = largest_bucket(b), failed = 0;
#pragma omp parallel num_threads(b->threads) reduction(+ : failed)
    {
        desk d = {0};
        bool open = open_desk(&d, rows) == COR_OK;
        failed += !open;
#pragma omp for schedule(dynamic, 1)
        for (int64_t k = 0; k < b->count; k++)
            if (open)
                failed += sort_bucket(b, k, &d) != COR_OK;
        close_desk(&d);
    }
    return failed ? cor_fail(COR_EMEMORY, "out of memory: sorting a user's "
                                          "rows; use more ranks or nodes")
                  : COR_OK;
}

int cor_order_rows(cor_interactions *data, int64_t first_user, int64_t users,
                   int threads)
{
    buckets b = {.data = data, .first_user = first_user, .threads = threads};
    if (in_order(data))
        return COR_OK;
    int rc = choose_buckets(&b, users);
    if (rc == COR_OK) {
        find_places(&b);
        rc = part_columns(&b);
    }
    if (rc == COR_OK)
        rc = sort_buckets(&b);
    cor_free(b.place);
    cor_free(b.begin);
    return rc;
}
