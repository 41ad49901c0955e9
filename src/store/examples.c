/* Tables of examples: their memory, whether they are sound, and how they come
   to the ranks that own their rows. Each is one pass at memory's speed. */
#include "examples.h"

#include "coracle/exchange.h"
#include "coracle/memory.h"

#include <math.h>
#include <string.h>

void cor_examples_rows_free(cor_examples_rows *rows)
{
    cor_free(rows->begin);
    cor_free(rows->feature);
    cor_free(rows->value);
    cor_free(rows->label);
    *rows = (cor_examples_rows){0};
}

void cor_examples_free(cor_examples *data)
{
    cor_shards_destroy(&data->shards);
    cor_examples_rows_free(&data->mine);
    cor_ids_free(&data->name);
    *data = (cor_examples){0};
}

int cor_examples_rows_allocate(int64_t count, int64_t nonzeros,
                               cor_examples_rows *rows)
{
    *rows = (cor_examples_rows){.count = count};
    int rc = COR_NEW(&rows->begin, count + 1);
    if (rc == COR_OK)
        rc = COR_NEW(&rows->feature, nonzeros);
    if (rc == COR_OK)
        rc = COR_NEW(&rows->value, nonzeros);
    if (rc == COR_OK)
        rc = COR_NEW(&rows->label, count);
    if (rc == COR_OK)
        rows->begin[0] = 0;
    else
        cor_examples_rows_free(rows);
    return rc;
}

static bool is_sound(const cor_examples_rows *rows, int64_t i, int64_t features)
{
    int64_t last = -1;
    bool sound = isfinite(rows->label[i]);
    for (int64_t j = rows->begin[i]; j < rows->begin[i + 1]; j++) {
        sound &= rows->feature[j] > last && rows->feature[j] < features;
        sound &= isfinite(rows->value[j]) != 0;
        last = rows->feature[j];
    }
    return sound;
}

static cor_examples_fault fault_of(const cor_examples_rows *rows, int64_t i,
                                   int64_t features)
{
    cor_examples_fault fault = {.row = i, .finite = true};
    if (!isfinite(rows->label[i])) {
        fault.what = "its label is not a finite number";
        return fault;
    }
    int64_t last = -1;
    for (int64_t j = rows->begin[i]; j < rows->begin[i + 1]; j++) {
        fault.finite = false;
        if (rows->feature[j] < 0 || rows->feature[j] >= features)
            fault.what = "it has a feature that does not exist";
        else if (rows->feature[j] <= last)
            fault.what = "its features do not ascend";
        else if ((fault.finite = !isfinite(rows->value[j])))
            fault.what = "it has a value that is not a finite number";
        if (fault.what)
            return fault;
        last = rows->feature[j];
    }
    return fault;
}

cor_examples_fault cor_examples_find_fault(int threads,
                                           const cor_examples_rows *rows,
                                           int64_t features)
{
    int64_t first = INT64_MAX;
#pragma omp parallel for num_threads(threads) schedule(static)                 \
    reduction(min                                                              \
              : first)
    for (int64_t i = 0; i < rows->count; i++)
        if (i < first && !is_sound(rows, i, features))
            first = i;
    if (first == INT64_MAX)
        return (cor_examples_fault){.row = first};
    return fault_of(rows, first, features);
}

/* Send a column along and put what arrives in its place. Collective. */
static int send_column(const cor_team *team, const cor_route *route,
                       size_t width, void *column)
{
    void *old, *arrived = NULL;
    memcpy(&old, column, sizeof old);
    int rc = cor_agree(team, cor_allocate(&arrived, cor_route_arrivals(route),
                                          width, "examples"));
    if (rc == COR_OK)
        rc = cor_route_send(route, old, width, arrived);
    if (rc != COR_OK) {
        cor_free(arrived);
        return rc;
    }
    cor_free(old);
    memcpy(column, &arrived, sizeof arrived);
    return COR_OK;
}

/* How many of my `count` elements, in the order of the rows, each rank gets;
   at[i] is the first element of row i. */
static void count_to(const cor_team *team, const cor_examples *data,
                     const int64_t *at, int64_t *to)
{
    int64_t end = data->first + data->mine.count;
    for (int r = 0; r < cor_team_size(team); r++) {
        int64_t from = cor_shards_first_row(data->shards, r);
        int64_t stop = cor_shards_first_row(data->shards, r + 1);
        from = from < data->first ? data->first : from;
        stop = stop > end ? end : stop;
        to[r] = 0;
        if (from < stop)
            to[r] = at ? at[stop - data->first] - at[from - data->first]
                       : stop - from;
    }
}

/* Lengths of the rows stand in begin[1 ...]; they become sums. */
static void sum_lengths(cor_examples_rows *rows)
{
    rows->begin[0] = 0;
    for (int64_t i = 0; i < rows->count; i++)
        rows->begin[i + 1] += rows->begin[i];
}

/* Columns of a number a row. */
static int send_rows(const cor_team *team, const cor_route *route,
                     cor_examples_rows *rows)
{
    int64_t *begin = NULL, count = cor_route_arrivals(route);
    for (int64_t i = 0; i < rows->count; i++) /* lengths travel */
        rows->begin[i] = rows->begin[i + 1] - rows->begin[i];
    COR_TRY(cor_agree(team, COR_NEW(&begin, count + 1)));
    int rc = cor_route_send(route, rows->begin, sizeof *begin, begin + 1);
    cor_free(rows->begin);
    rows->begin = begin;
    COR_TRY(rc);
    COR_TRY(send_column(team, route, sizeof *rows->label, &rows->label));
    rows->count = count;
    sum_lengths(rows);
    return COR_OK;
}

static int move_rows(const cor_team *team, cor_examples *data)
{
    int64_t *to = NULL;
    cor_route *of_rows = NULL, *of_nonzeros = NULL;
    cor_examples_rows *mine = &data->mine;
    int rc = cor_agree(team, COR_NEW(&to, cor_team_size(team)));
    if (rc == COR_OK) {
        count_to(team, data, NULL, to);
        rc = cor_route_create_in_order(team, to, &of_rows);
    }
    if (rc == COR_OK) {
        count_to(team, data, mine->begin, to);
        rc = cor_route_create_in_order(team, to, &of_nonzeros);
    }
    if (rc == COR_OK)
        rc = send_column(team, of_nonzeros, sizeof *mine->feature,
                         &mine->feature);
    if (rc == COR_OK)
        rc = send_column(team, of_nonzeros, sizeof *mine->value, &mine->value);
    if (rc == COR_OK)
        rc = send_rows(team, of_rows, mine);
    cor_route_destroy(&of_nonzeros);
    cor_route_destroy(&of_rows);
    cor_free(to);
    return rc;
}

int cor_examples_arrange(const cor_team *team, int64_t shards,
                         cor_examples *data)
{
    int64_t rows;
    data->first = cor_team_before(team, data->mine.count, &rows);
    if (shards == 0)
        shards = cor_shards_default_count(rows);
    COR_TRY(cor_agree(
        team, cor_shards_create_even(team, shards, rows, &data->shards)));
    COR_TRY(move_rows(team, data));
    data->first = cor_shards_first_row(data->shards, cor_team_rank(team));
    return COR_OK;
}
