#include "coracle/expand.h"

#include "coracle/memory.h"
#include "coracle/random.h"
#include "need.h"
#include "numbered.h"

#include <math.h>
#include <omp.h>

/* An expansion of my users. */
typedef struct expansion {
    const cor_interactions *data;
    const cor_expand_options *options;
    int32_t blocks;     /* copies of users x copies of items */
    uint32_t *limit;    /* blocks: words below it are kept */
    int64_t first_row;  /* mine, of the data */
    int64_t first_user; /* mine, of the data */
    int64_t users;      /* mine, of the data */
    int64_t *row;       /* users + 1: where their rows begin */
    int64_t *start;     /* users x copies + 1: where those of copies begin */
    int32_t *kept;      /* blocks, each thread */
    int threads;
    cor_interactions *out;
} expansion;

void cor_expand_rates(int64_t count, double *rate)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++)
        most = fmax(most, fabs(rate[i]));
    for (int64_t i = 0; i < count; i++) {
        double share = most > 0 ? fabs(rate[i]) / most : 1;
        rate[i] = fmin(fmax(share, COR_EXPAND_LEAST), COR_EXPAND_MOST);
    }
}

double cor_expand_count(int64_t interactions, const cor_expand_options *options)
{
    double sum = 0;
    for (int64_t i = 0; i < options->users * options->items; i++)
        sum += options->rate[i];
    return sum * (double)interactions;
}

int cor_expand_check(int64_t users, int64_t items,
                     const cor_expand_options *options)
{
    if (options->users < 1 || options->items < 1)
        return cor_fail(COR_EUSAGE, "users and items are each copied once at "
                                    "least");
    if (users > INT32_MAX / options->users ||
        items > INT32_MAX / options->items)
        return cor_fail(COR_EUSAGE,
                        "%lld times %lld users and %lld times %lld items would "
                        "be more than %d; ask for less",
                        (long long)options->users, (long long)users,
                        (long long)options->items, (long long)items, INT32_MAX);
    if (options->shards < 0 || options->shards > COR_SHARDS_LIMIT)
        return cor_fail(COR_EUSAGE,
                        "the shards must be from 1 to %d, or 0 to choose by "
                        "size",
                        COR_SHARDS_LIMIT);
    return COR_OK;
}

/* The blocks that have a copy of a row, ascending. */
static int32_t draw(const expansion *e, int64_t row, int32_t *kept)
{
    int32_t count = 0;
    for (int32_t b = 0; b < e->blocks; b += 4) {
        cor_random bits =
            cor_random_at((uint64_t)e->options->seed, COR_STREAM_BLOCK,
                          (uint64_t)row, (uint32_t)(b / 4));
        int32_t end = e->blocks - b < 4 ? e->blocks - b : 4;
        for (int32_t w = 0; w < end; w++) {
            kept[count] = b + w;
            count += bits.word[w] < e->limit[b + w];
        }
    }
    return count;
}

/* Count the rows of each copy of a user. */
static void count_user(const expansion *e, int64_t user, int32_t *kept)
{
    int64_t *count = e->start + user * e->options->users;
    int32_t items = (int32_t)e->options->items;
    for (int64_t i = 0; i < e->options->users; i++)
        count[i] = 0;
    for (int64_t r = e->row[user]; r < e->row[user + 1]; r++) {
        int32_t of_row = draw(e, e->first_row + r, kept);
        for (int32_t k = 0; k < of_row; k++)
            count[kept[k] / items]++;
    }
}

/* Make the rows of each copy of a user, in the order of its own. `start` of a
   copy becomes its end, which is the start of the next. */
static void make_user(const expansion *e, int64_t user, int32_t *kept)
{
    const cor_interactions *from = e->data;
    cor_interactions *out = e->out;
    int64_t copies = e->options->users, *start = e->start + user * copies;
    int32_t items = (int32_t)e->options->items;
    for (int64_t r = e->row[user]; r < e->row[user + 1]; r++) {
        int32_t of_row = draw(e, e->first_row + r, kept);
        for (int32_t k = 0; k < of_row; k++) {
            int32_t i = kept[k] / items;
            int64_t at = start[i]++;
            out->user[at] = (int32_t)((e->first_user + user) * copies + i);
            out->item[at] = from->item[r] * items + kept[k] % items;
            out->value[at] = from->value[r];
            if (out->time)
                out->time[at] = from->time[r];
        }
    }
}

static void each_user(const expansion *e, cor_progress *progress,
                      void (*work)(const expansion *, int64_t, int32_t *))
{
#pragma omp parallel for num_threads(e->threads) schedule(dynamic, 64)
    for (int64_t u = 0; u < e->users; u++) {
        int thread = omp_get_thread_num();
        work(e, u, e->kept + (int64_t)thread * e->blocks);
        if (thread == 0 && u % 64 == 0)
            cor_progress_update(progress, u);
    }
}

/* Counts of copies become where their rows begin. */
static void run_on(expansion *e)
{
    int64_t before = 0, copies = e->users * e->options->users;
    for (int64_t i = 0; i < copies; i++) {
        int64_t count = e->start[i];
        e->start[i] = before;
        before += count;
    }
    e->out->rows = before;
}

static int prepare(expansion *e)
{
    const cor_interactions *data = e->data;
    COR_TRY(COR_NEW(&e->limit, e->blocks));
    COR_TRY(COR_NEW(&e->kept, (int64_t)e->threads * e->blocks));
    COR_TRY(COR_NEW_ZEROED(&e->row, e->users + 1));
    COR_TRY(COR_NEW(&e->start, e->users * e->options->users));
    for (int32_t b = 0; b < e->blocks; b++) {
        double limit = e->options->rate[b] * 4294967296.0;
        e->limit[b] = limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
    }
    for (int64_t r = 0; r < data->rows; r++)
        e->row[data->user[r] - e->first_user + 1]++;
    for (int64_t u = 0; u < e->users; u++)
        e->row[u + 1] += e->row[u];
    return COR_OK;
}

static int make_mine(expansion *e, cor_progress *progress)
{
    cor_interactions *out = e->out;
    COR_TRY(prepare(e));
    each_user(e, NULL, count_user);
    run_on(e);
    COR_TRY(COR_NEW(&out->user, out->rows));
    COR_TRY(COR_NEW(&out->item, out->rows));
    COR_TRY(COR_NEW(&out->value, out->rows));
    if (e->data->time)
        COR_TRY(COR_NEW(&out->time, out->rows));
    each_user(e, progress, make_user);
    return COR_OK;
}

static void expansion_free(expansion *e)
{
    cor_free(e->start);
    cor_free(e->row);
    cor_free(e->kept);
    cor_free(e->limit);
}

int cor_expand(const cor_team *team, const cor_interactions *data,
               const cor_expand_options *options, cor_progress *progress,
               cor_interactions *out)
{
    *out = (cor_interactions){0};
    COR_TRY(cor_expand_check(data->users, data->items, options));
    out->users = data->users * options->users;
    out->items = data->items * options->items;
    int rank = cor_team_rank(team);
    expansion e = {.data = data,
                   .options = options,
                   .blocks = (int32_t)(options->users * options->items),
                   .threads = cor_team_threads(team),
                   .out = out};
    e.first_row = cor_shards_first_row(data->row_shards, rank);
    e.first_user = cor_shards_first_row(data->user_shards, rank);
    e.users = cor_shards_first_row(data->user_shards, rank + 1) - e.first_user;
    cor_progress_begin(progress, "expand", e.users);
    int rc = cor_agree(team, make_mine(&e, progress));
    cor_progress_end(progress);
    expansion_free(&e);
    int64_t rows = out->rows, shards = options->shards;
    cor_team_sum(team, &rows, 1);
    if (shards == 0)
        shards = cor_shards_default_count(rows);
    if (rc == COR_OK)
        rc = cor_interactions_arrange(team, shards, out);
    if (rc == COR_OK)
        rc = cor_numbered_names(team, options->titles, out);
    return rc;
}

cor_plan cor_expand_plan(const cor_team *team,
                         const cor_interactions_summary *store,
                         const cor_expand_options *options)
{
    int64_t rows = (int64_t)cor_expand_count(store->interactions, options);
    int64_t shards = options->shards;
    if (shards == 0)
        shards = cor_shards_default_count(rows);
    int64_t most = cor_need_rows(team, rows, shards);
    int64_t users = store->users * options->users;
    int64_t items = store->items * options->items;
    int64_t names = (users * 24 + items * 8) / cor_team_size(team);
    int64_t read = cor_need_rows(team, store->interactions, store->shards);
    return (cor_plan){
        .rows_rank = most,
        .bytes_rank = cor_plan_base() + names +
                      (read + most) * cor_need_columns(store->has_time),
        .bytes_disk = cor_need_disk(rows, users, items, store->has_time)};
}
