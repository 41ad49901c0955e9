/* What the columns of a matrix hold, in two passes over memory: the first finds
 * range and mean, the second sums the distances from that mean and their
 * squares, which corrects the mean and gives the deviation (Chan, Golub,
 * LeVeque, "Algorithms for computing the sample variance", 1983). Memory
 * bandwidth is the ceiling. */
#include "coracle/matrix.h"

#include "coracle/memory.h"
#include "coracle/sum.h"
#include "matrix_parts.h"

#include <math.h>
#include <omp.h>
#include <string.h>

/* Numbers of a tile: few enough for the cache nearest to a core. */
enum { TILE = 2048 };

void cor_matrix_columns_free(cor_matrix_columns *columns)
{
    cor_free(columns->min);
    cor_free(columns->max);
    cor_free(columns->mean);
    cor_free(columns->deviation);
    *columns = (cor_matrix_columns){0};
}

int cor_matrix_columns_allocate(int64_t count, cor_matrix_columns *columns)
{
    *columns = (cor_matrix_columns){.columns = count};
    COR_TRY(COR_NEW_ZEROED(&columns->min, count));
    COR_TRY(COR_NEW_ZEROED(&columns->max, count));
    COR_TRY(COR_NEW_ZEROED(&columns->mean, count));
    return COR_NEW_ZEROED(&columns->deviation, count);
}

/* One pass over my shards. A thread's room: a tile, sums and squares of a
   shard, the least and the greatest. */
typedef struct column_pass {
    const cor_matrix *matrix;
    const double *about; /* subtracted from each row */
    cor_sum *sum;        /* of the distances, then of their squares */
    int64_t tile_rows, room;
    double *thread; /* threads x room */
} column_pass;

static double *sums_of(const column_pass *pass, int thread)
{
    return pass->thread + thread * pass->room +
           pass->tile_rows * pass->matrix->columns;
}

static double *range_of(const column_pass *pass, int thread)
{
    return sums_of(pass, thread) + 2 * pass->matrix->columns;
}

static void add_row(int64_t columns, const double *row, const double *about,
                    double *sum, double *square, double *min, double *max)
{
    for (int64_t c = 0; c < columns; c++) {
        double d = row[c] - about[c];
        sum[c] += d;
        square[c] += d * d;
        min[c] = row[c] < min[c] ? row[c] : min[c];
        max[c] = row[c] > max[c] ? row[c] : max[c];
    }
}

static int add_shard(const column_pass *pass, int64_t shard, int thread)
{
    const cor_matrix *matrix = pass->matrix;
    int64_t k = matrix->columns;
    int64_t row = cor_shards_begin(matrix->shards, shard) - matrix->first;
    int64_t end = cor_shards_begin(matrix->shards, shard + 1) - matrix->first;
    double *tile = pass->thread + thread * pass->room;
    double *sum = sums_of(pass, thread), *range = range_of(pass, thread);
    memset(sum, 0, (size_t)(2 * k) * sizeof *sum);
    for (int64_t count; row < end; row += count) {
        count = end - row < pass->tile_rows ? end - row : pass->tile_rows;
        cor_matrix_tile(matrix, row, count, tile);
        for (int64_t i = 0; i < count; i++)
            add_row(k, tile + i * k, pass->about, sum, sum + k, range,
                    range + k);
    }
    return cor_sum_add(pass->sum, shard, sum);
}

static void start_ranges(const column_pass *pass, int threads)
{
    int64_t k = pass->matrix->columns;
    for (int t = 0; t < threads; t++)
        for (int64_t c = 0; c < k; c++) {
            range_of(pass, t)[c] = INFINITY;
            range_of(pass, t)[k + c] = -INFINITY;
        }
}

/* My shards, each by one thread. The range of thread 0 takes in the others. */
static int add_shards(const cor_team *team, const column_pass *pass)
{
    int threads = cor_team_threads(team), rank = cor_team_rank(team);
    int64_t k = pass->matrix->columns;
    int64_t first = cor_shards_first(pass->matrix->shards, rank), failed = 0;
    int64_t end = cor_shards_first(pass->matrix->shards, rank + 1);
    start_ranges(pass, threads);
#pragma omp parallel for num_threads(threads) schedule(dynamic)                \
    reduction(+ : failed)
    for (int64_t s = first; s < end; s++)
        failed += add_shard(pass, s, omp_get_thread_num()) != COR_OK;
    for (int t = 1; t < threads; t++)
        for (int64_t c = 0; c < k; c++) {
            double *to = range_of(pass, 0), *from = range_of(pass, t);
            to[c] = fmin(to[c], from[c]);
            to[k + c] = fmax(to[k + c], from[k + c]);
        }
    return failed ? cor_fail(COR_EMEMORY, "not enough memory for the sums of "
                                          "the columns")
                  : COR_OK;
}

/* @param[out] total  2 x columns: sums and squares of the distances */
static int run_pass(const cor_team *team, const column_pass *pass,
                    double *total)
{
    COR_TRY(cor_agree(team, add_shards(team, pass)));
    return cor_sum_total(pass->sum, total);
}

/* Sums that overflow would give a mean that is no number. */
static int check_sums(const cor_matrix *matrix, const double *total)
{
    for (int64_t i = 0; i < 2 * matrix->columns; i++)
        if (!isfinite(total[i]))
            return cor_fail(COR_ENUMERIC,
                            "column %lld of the matrix holds a number that is "
                            "not finite or too large for sums of squares: "
                            "scale the column down",
                            (long long)(i % matrix->columns + 1));
    return COR_OK;
}

static int both_passes(const cor_team *team, column_pass *pass, double *total,
                       cor_matrix_columns *columns)
{
    int64_t k = columns->columns;
    double rows = (double)pass->matrix->rows;
    pass->about = columns->mean; /* zeros so far */
    COR_TRY(run_pass(team, pass, total));
    memcpy(columns->min, range_of(pass, 0), (size_t)k * sizeof(double));
    memcpy(columns->max, range_of(pass, 0) + k, (size_t)k * sizeof(double));
    cor_team_min_double(team, columns->min, k);
    cor_team_max_double(team, columns->max, k);
    memset(total + k, 0, (size_t)k * sizeof *total); /* squares about 0 */
    COR_TRY(check_sums(pass->matrix, total));
    for (int64_t c = 0; c < k; c++)
        columns->mean[c] = total[c] / rows;
    COR_TRY(run_pass(team, pass, total));
    COR_TRY(check_sums(pass->matrix, total));
    for (int64_t c = 0; c < k; c++) {
        double off = total[c] / rows;
        double square = total[k + c] / rows - off * off;
        columns->min[c] += 0.0; /* -0 or 0: whichever a thread met first */
        columns->max[c] += 0.0;
        bool constant = columns->min[c] == columns->max[c];
        columns->mean[c] = constant ? columns->min[c] : columns->mean[c] + off;
        columns->deviation[c] = constant ? 0 : sqrt(fmax(square, 0));
    }
    return COR_OK;
}

int cor_matrix_describe(const cor_team *team, const cor_matrix *matrix,
                        cor_matrix_columns *columns)
{
    int64_t k = matrix->columns;
    column_pass pass = {.matrix = matrix, .tile_rows = k < TILE ? TILE / k : 1};
    pass.room = pass.tile_rows * k + 4 * k;
    double *total = NULL;
    int rc = cor_matrix_columns_allocate(k, columns);
    if (rc == COR_OK)
        rc = cor_allocate(&pass.thread, cor_team_threads(team),
                          (size_t)pass.room * sizeof(double),
                          "sums of the columns");
    if (rc == COR_OK)
        rc = COR_NEW(&total, 2 * k);
    if (rc == COR_OK)
        rc = cor_sum_create(team, matrix->shards, 2 * k, &pass.sum);
    rc = cor_agree(team, rc);
    if (rc == COR_OK && matrix->rows > 0)
        rc = both_passes(team, &pass, total, columns);
    cor_sum_destroy(&pass.sum);
    cor_free(total);
    cor_free(pass.thread);
    if (rc != COR_OK)
        cor_matrix_columns_free(columns);
    return rc;
}
