/* Rows in no order, to their ranks and in order.
 *
 * Users are cut into buckets of neighbours, each of a few huge pages of rows; a
 * bucket is one rank's alone. One pass writes my rows as records, bucket by
 * bucket and so rank by rank; records of other ranks' buckets travel, my own
 * stay; each bucket is then cut into cells that fit the second-level cache,
 * sorted there and becomes columns. What is read is given back page by page, so
 * that rows never stand twice in memory: fresh pages are dearer than the work,
 * and few places to write to at a time keep those of the buckets few. The limit
 * is memory: a row is read and written twice. */
#include "order.h"

#include "bucket.h"
#include "coracle/cut.h"
#include "coracle/exchange.h"
#include "coracle/memory.h"

/* A bucket's records take about eight megabytes, or less where ranks would have
   too few of them. Every rank counts all buckets, of which each rank has some.
 */
enum {
    BUCKET_ROWS = 1 << 19,
    MOST_BUCKETS = 4096,
    MOST_OF_RANK = 64,
    LEAST_OF_RANK = 8
};

/* Rows that are packed before the columns that they stood in are given back. */
enum { PACK_STEP = 1 << 18 };

/* How users are cut into buckets: at every 2^shift users, and where a rank's
   end. The same on all ranks. */
typedef struct buckets {
    int shift;
    int64_t count;
    int32_t *of_cell; /* first bucket of each 2^shift users */
    int32_t *end;     /* count: the user behind its last */
    int64_t *of_rank; /* ranks + 1: first bucket of each */
} buckets;

typedef struct ordering {
    const cor_team *team;
    cor_interactions *data;
    int threads;
    cor_words words;
    int64_t earliest; /* time of all rows */
    buckets cut;
    int64_t *place;  /* threads x buckets: where a thread's next row goes */
    int64_t *packed; /* buckets + 1: first of my records of each */
    uint32_t *mine, *others;
    int64_t buckets;  /* that I own */
    cor_piece *piece; /* my buckets x ranks: what each rank has of them */
    int64_t *begin;   /* my buckets + 1: rows before each */
    bool *sorted;     /* my buckets */
    int64_t given;    /* those whose records are given back: the first ones */
} ordering;

static void ordering_free(ordering *o)
{
    cor_free(o->cut.of_cell);
    cor_free(o->cut.end);
    cor_free(o->cut.of_rank);
    cor_free(o->place);
    cor_free(o->packed);
    cor_free(o->mine);
    cor_free(o->others);
    cor_free(o->piece);
    cor_free(o->begin);
    cor_free(o->sorted);
}

/* ---- buckets ---- */

/* So many users in 2^shift that a bucket has about BUCKET_ROWS rows. */
static int choose_shift(int64_t users, int64_t rows, int ranks)
{
    int64_t wanted = rows / BUCKET_ROWS + 1, most = MOST_BUCKETS;
    int64_t cells = rows / CELL_ROWS + 1, few = (int64_t)LEAST_OF_RANK * ranks;
    int shift = 0;
    if (wanted < few)
        wanted = cells < few ? cells : few;
    if (most < (int64_t)MOST_OF_RANK * ranks)
        most = (int64_t)MOST_OF_RANK * ranks;
    if (wanted > most)
        wanted = most;
    while (users >> shift >= wanted && users >> shift > 0)
        shift++;
    return shift;
}

static int cut_users(const cor_team *team, const cor_interactions *data,
                     buckets *cut)
{
    const cor_shards *shards = data->user_shards;
    int ranks = cor_team_size(team);
    cut->shift =
        choose_shift(data->users, cor_shards_rows(data->row_shards), ranks);
    int64_t cells = (data->users >> cut->shift) + 1;
    COR_TRY(COR_NEW(&cut->of_cell, cells));
    COR_TRY(COR_NEW(&cut->end, cells + ranks));
    COR_TRY(COR_NEW(&cut->of_rank, ranks + 1));
    for (int rank = 0; rank < ranks; rank++) {
        int64_t user = cor_shards_first_row(shards, rank);
        int64_t end = cor_shards_first_row(shards, rank + 1);
        cut->of_rank[rank] = cut->count;
        while (user < end) {
            int64_t cell = user >> cut->shift;
            int64_t stop = (cell + 1) << cut->shift;
            if (user == cell << cut->shift)
                cut->of_cell[cell] = (int32_t)cut->count;
            user = stop < end ? stop : end;
            cut->end[cut->count++] = (int32_t)user;
        }
    }
    cut->of_rank[ranks] = cut->count;
    return COR_OK;
}

static inline int64_t bucket_of(const buckets *cut, int32_t user)
{
    int32_t bucket = cut->of_cell[user >> cut->shift];
    while (user >= cut->end[bucket])
        bucket++;
    return bucket;
}

/* ---- packing ---- */

static int64_t first_of_thread(const ordering *o, int t)
{
    return cor_cut_begin(o->data->rows, t, o->threads);
}

/* Rows of each bucket in each thread's part become places: all threads' rows of
   a bucket side by side, in the order of the threads. */
static void find_places(ordering *o)
{
#pragma omp parallel for num_threads(o->threads) schedule(static, 1)
    for (int t = 0; t < o->threads; t++) {
        int64_t *seen = o->place + t * o->cut.count;
        for (int64_t i = first_of_thread(o, t); i < first_of_thread(o, t + 1);
             i++)
            seen[bucket_of(&o->cut, o->data->user[i])]++;
    }
    int64_t next = 0;
    for (int64_t b = 0; b < o->cut.count; b++) {
        o->packed[b] = next;
        for (int t = 0; t < o->threads; t++) {
            int64_t rows = o->place[t * o->cut.count + b];
            o->place[t * o->cut.count + b] = next;
            next += rows;
        }
    }
    o->packed[o->cut.count] = next;
}

static inline void pack_some(const ordering *o, int64_t begin, int64_t end,
                             int64_t *place, cor_words words)
{
    for (int64_t i = begin; i < end; i++)
        cor_record_put(o->data, i, o->earliest, words,
                       o->mine + place[bucket_of(&o->cut, o->data->user[i])]++ *
                                     words.all);
}

/* Of a part of the columns that begins at row `first`: rows before `end` are
   packed, those before `begin` were given back. */
static void give_back_packed(cor_interactions *data, int64_t first,
                             int64_t begin, int64_t end)
{
    int64_t before = begin - first, used = end - first;
    cor_give_back(data->user + first, 4 * before, 4 * used);
    cor_give_back(data->item + first, 4 * before, 4 * used);
    cor_give_back(data->value + first, 4 * before, 4 * used);
    if (data->time)
        cor_give_back(data->time + first, 8 * before, 8 * used);
    for (int32_t k = 0; k < data->kept.count; k++) {
        cor_kept *column = &data->kept.column[k];
        if (column->category)
            cor_give_back(column->code + first, 4 * before, 4 * used);
        else
            cor_give_back(column->number + first, 8 * before, 8 * used);
    }
}

static inline void pack_part(const ordering *o, int t, cor_words words)
{
    int64_t *place = o->place + t * o->cut.count;
    int64_t first = first_of_thread(o, t), end = first_of_thread(o, t + 1);
    for (int64_t i = first, next; i < end; i = next) {
        next = end - i < PACK_STEP ? end : i + PACK_STEP;
        pack_some(o, i, next, place, words);
        give_back_packed(o->data, first, i, next);
    }
}

/* Constants, so that each usual kind of record gets a loop of its own. */
static void pack_rows(const ordering *o)
{
#pragma omp parallel for num_threads(o->threads) schedule(static, 1)
    for (int t = 0; t < o->threads; t++)
        if (o->words.all > o->words.base)
            pack_part(o, t, o->words);
        else if (o->words.base == RECORD_BARE)
            pack_part(o, t, COR_BARE);
        else if (o->words.base == RECORD_TIMED)
            pack_part(o, t, COR_TIMED);
        else
            pack_part(o, t, COR_WIDE);
}

/* The kind of record that all times fit. Collective. */
static void choose_record(ordering *o, bool has_time)
{
    int64_t least = INT64_MAX, most = INT64_MIN;
    const int64_t *time = o->data->time;
    for (int64_t i = 0; time && i < o->data->rows; i++) {
        least = time[i] < least ? time[i] : least;
        most = time[i] > most ? time[i] : most;
    }
    cor_team_min(o->team, &least, 1);
    cor_team_max(o->team, &most, 1);
    o->earliest = least;
    o->words.base = RECORD_BARE;
    if (has_time)
        o->words.base = (uint64_t)most - (uint64_t)least <= UINT32_MAX
                            ? RECORD_TIMED
                            : RECORD_WIDE;
    o->words.all = o->words.base;
    for (int32_t k = 0; k < o->data->kept.count; k++)
        o->words.all += o->data->kept.column[k].category ? 1 : 2;
}

/* Fresh columns of as many rows, to be filled in. */
static int replace_kept(cor_interactions *data, int64_t rows)
{
    for (int32_t k = 0; k < data->kept.count; k++) {
        cor_kept *column = &data->kept.column[k];
        cor_free(column->code);
        cor_free(column->number);
        column->code = NULL;
        column->number = NULL;
        COR_TRY(column->category
                    ? cor_allocate(&column->code, rows, sizeof *column->code,
                                   "kept categories")
                    : cor_allocate(&column->number, rows,
                                   sizeof *column->number, "kept numbers"));
    }
    return COR_OK;
}

/* Records are what is kept of the rows afterwards. */
static int pack(ordering *o)
{
    cor_interactions *data = o->data;
    COR_TRY(COR_NEW_ZEROED(&o->place, o->threads * o->cut.count));
    COR_TRY(COR_NEW(&o->packed, o->cut.count + 1));
    COR_TRY(COR_NEW(&o->mine, data->rows * o->words.all));
    find_places(o);
    pack_rows(o);
    cor_free(data->user);
    cor_free(data->item);
    cor_free(data->value);
    cor_free(data->time);
    data->user = data->item = NULL;
    data->value = NULL;
    data->time = NULL;
    return replace_kept(data, 0);
}

/* ---- sending ---- */

/* Rows of my buckets on each rank, rank by rank. Collective. */
static int count_arriving(const ordering *o, int64_t **rows)
{
    const int64_t *first = o->cut.of_rank;
    int ranks = cor_team_size(o->team);
    int64_t *here = NULL, *count = NULL;
    cor_route *route = NULL;
    int rc = COR_NEW(&here, o->cut.count);
    if (rc == COR_OK)
        rc = COR_NEW(&count, ranks);
    if (rc == COR_OK)
        rc = COR_NEW(rows, ranks * o->buckets);
    rc = cor_agree(o->team, rc);
    for (int64_t b = 0; rc == COR_OK && b < o->cut.count; b++)
        here[b] = o->packed[b + 1] - o->packed[b];
    for (int r = 0; rc == COR_OK && r < ranks; r++)
        count[r] = first[r + 1] - first[r];
    if (rc == COR_OK)
        rc = cor_route_create_in_order(o->team, count, &route);
    if (rc == COR_OK)
        rc = cor_route_send(route, here, sizeof *here, *rows);
    cor_route_destroy(&route);
    cor_free(count);
    cor_free(here);
    return rc;
}

/* Records that have left. */
static void give_back_sent(ordering *o)
{
    int rank = cor_team_rank(o->team);
    int64_t bytes = o->words.all * (int64_t)sizeof *o->mine;
    int64_t first = o->packed[o->cut.of_rank[rank]];
    int64_t end = o->packed[o->cut.of_rank[rank + 1]];
    cor_give_back(o->mine, 0, first * bytes);
    cor_give_back(o->mine + end * o->words.all, 0,
                  (o->packed[o->cut.count] - end) * bytes);
}

/* The records of other ranks' buckets leave, those of mine arrive. */
static int send_records(ordering *o)
{
    const int64_t *first = o->cut.of_rank;
    int ranks = cor_team_size(o->team), rank = cor_team_rank(o->team);
    int64_t *count = NULL;
    cor_route *route = NULL;
    int rc = cor_agree(o->team, COR_NEW(&count, ranks));
    for (int r = 0; rc == COR_OK && r < ranks; r++)
        count[r] = o->packed[first[r + 1]] - o->packed[first[r]];
    if (rc == COR_OK)
        rc = cor_route_create_in_order(o->team, count, &route);
    if (rc == COR_OK)
        rc = cor_agree(o->team, COR_NEW(&o->others, (cor_route_arrivals(route) -
                                                     count[rank]) *
                                                        o->words.all));
    if (rc == COR_OK)
        rc = cor_route_send_others(
            route, o->mine, sizeof *o->mine * (size_t)o->words.all, o->others);
    if (rc == COR_OK)
        give_back_sent(o);
    cor_route_destroy(&route);
    cor_free(count);
    return rc;
}

/* Where the rows of my buckets stand, as each rank sent them. */
static int find_pieces(ordering *o, const int64_t *rows)
{
    int ranks = cor_team_size(o->team), rank = cor_team_rank(o->team);
    COR_TRY(COR_NEW(&o->piece, o->buckets * ranks));
    COR_TRY(COR_NEW_ZEROED(&o->begin, o->buckets + 1));
    COR_TRY(COR_NEW_ZEROED(&o->sorted, o->buckets));
    const uint32_t *arrived = o->others;
    for (int r = 0; r < ranks; r++) {
        const uint32_t *next =
            r == rank ? o->mine + o->packed[o->cut.of_rank[rank]] * o->words.all
                      : arrived;
        for (int64_t b = 0; b < o->buckets; b++) {
            int64_t here = rows[r * o->buckets + b];
            o->piece[b * ranks + r] = (cor_piece){next, here};
            o->begin[b + 1] += here;
            next += here * o->words.all;
        }
        if (r != rank)
            arrived = next;
    }
    for (int64_t b = 0; b < o->buckets; b++)
        o->begin[b + 1] += o->begin[b];
    return COR_OK;
}

static int exchange(ordering *o)
{
    int rank = cor_team_rank(o->team);
    int64_t *rows = NULL;
    o->buckets = o->cut.of_rank[rank + 1] - o->cut.of_rank[rank];
    int rc = count_arriving(o, &rows);
    if (rc == COR_OK && cor_team_size(o->team) > 1)
        rc = send_records(o);
    if (rc == COR_OK)
        rc = cor_agree(o->team, find_pieces(o, rows));
    cor_free(rows);
    return rc;
}

/* ---- sorting ---- */

static int make_columns(ordering *o)
{
    cor_interactions *data = o->data;
    data->rows = o->begin[o->buckets];
    COR_TRY(COR_NEW(&data->user, data->rows));
    COR_TRY(COR_NEW(&data->item, data->rows));
    COR_TRY(COR_NEW(&data->value, data->rows));
    COR_TRY(replace_kept(data, data->rows));
    return o->words.base == RECORD_BARE ? COR_OK
                                        : COR_NEW(&data->time, data->rows);
}

/* Give back the records of the buckets before `end`. */
static void give_back_sorted(ordering *o, int64_t end)
{
    int ranks = cor_team_size(o->team), rank = cor_team_rank(o->team);
    for (int r = 0; r < ranks; r++) {
        const cor_piece *last = &o->piece[(end - 1) * ranks + r];
        uint32_t *records = r == rank ? o->mine : o->others;
        int64_t first = o->piece[r].record - records;
        int64_t before = o->piece[o->given * ranks + r].record - records;
        int64_t used = last->record + last->rows * o->words.all - records;
        const int64_t size = sizeof *records;
        cor_give_back(records + first, (before - first) * size,
                      (used - first) * size);
    }
    o->given = end;
}

/* Bucket b is sorted: give back what all threads have done with. */
static void finish_bucket(ordering *o, int64_t b)
{
#pragma omp critical(cor_order_finish)
    {
        int64_t end = o->given;
        o->sorted[b] = true;
        while (end < o->buckets && o->sorted[end])
            end++;
        if (end > o->given)
            give_back_sorted(o, end);
    }
}

static int sort_buckets(ordering *o)
{
    int ranks = cor_team_size(o->team);
    int64_t failed = 0;
#pragma omp parallel num_threads(o->threads) reduction(+ : failed)
    {
        cor_desk desk = {0};
#pragma omp for schedule(dynamic, 1)
        for (int64_t b = 0; b < o->buckets; b++) {
            failed += cor_bucket_sort(o->piece + b * ranks, ranks, o->words,
                                      o->cut.shift, o->earliest, &desk, o->data,
                                      o->begin[b]) != COR_OK;
            finish_bucket(o, b);
        }
        cor_desk_close(&desk);
    }
    return failed ? cor_fail(COR_EMEMORY, "out of memory: sorting a user's "
                                          "rows; use more ranks or nodes")
                  : COR_OK;
}

int cor_order_rows(const cor_team *team, bool has_time, cor_interactions *data)
{
    ordering o = {
        .team = team, .data = data, .threads = cor_team_threads(team)};
    choose_record(&o, has_time);
    int rc = cut_users(team, data, &o.cut);
    if (rc == COR_OK)
        rc = pack(&o);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = exchange(&o);
    if (rc == COR_OK)
        rc = make_columns(&o);
    if (rc == COR_OK)
        rc = sort_buckets(&o);
    rc = cor_agree(team, rc);
    ordering_free(&o);
    return rc;
}
