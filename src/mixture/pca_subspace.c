/**
 * Rows and columns both many: a subspace of the row space, improved by
 * multiplying with X' X and made orthonormal again, and the components in it.
 * With Omega whole on every rank, Y = X Omega is a product of my own rows, and
 * X' Y a sum over shards; columns are summed a panel at a time.
 */
#include "coracle/cut.h"
#include "coracle/dense.h"
#include "coracle/failure.h"
#include "coracle/memory.h"
#include "coracle/random.h"
#include "coracle/sum.h"
#include "pca_parts.h"

#include <math.h>
#include <omp.h>
#include <string.h>

/* Columns of a panel, and of the least shard of columns. */
enum { PANEL = 4096, COLUMN_SHARD = 512, MOST_SHARDS = 1024 };

typedef struct subspace {
    const pca_fit *fit;
    const cor_matrix *matrix;
    int64_t width;      /* directions */
    cor_shards *shards; /* over columns */
    double *omega;      /* columns x width */
    double *y;          /* my rows x width */
    int64_t *tile;      /* where my tiles of rows begin */
    int64_t tiles;
    double *room; /* each thread: a tile of a panel, and its sum */
    int64_t room_length, sum_length;
} subspace;

/* Y = X Omega, block of columns after block of columns. */
static void multiply(subspace *s)
{
    const cor_matrix *m = s->matrix;
    int64_t n = s->width;
#pragma omp parallel for num_threads(cor_team_threads(s->fit->team))           \
    schedule(dynamic, 1)
    for (int64_t t = 0; t < s->tiles; t++) {
        int64_t rows = s->tile[t + 1] - s->tile[t];
        double *block = s->room + omp_get_thread_num() * s->room_length;
        for (int64_t c = 0; c < m->columns; c += PCA_BLOCK) {
            int64_t columns =
                m->columns - c < PCA_BLOCK ? m->columns - c : PCA_BLOCK;
            pca_block(m, s->tile[t], rows, c, columns, s->fit->pca->mean, block,
                      columns);
            cor_dense_multiply(rows, n, columns,
                               (cor_dense_operand){block, columns, false},
                               (cor_dense_operand){s->omega + c * n, n, false},
                               c > 0, s->y + s->tile[t] * n, n);
        }
    }
}

/* One shard's part of X' Y for the columns of a panel. */
static void sum_shard(const subspace *s, int64_t shard, int64_t column,
                      int64_t columns, double *room, double *sum)
{
    const cor_matrix *m = s->matrix;
    int64_t n = s->width, end = cor_shards_begin(m->shards, shard + 1);
    memset(sum, 0, (size_t)(columns * n) * sizeof *sum);
    for (int64_t at = cor_shards_begin(m->shards, shard); at < end;
         at += PCA_TILE) {
        int64_t rows = end - at < PCA_TILE ? end - at : PCA_TILE;
        pca_block(m, at - m->first, rows, column, columns, s->fit->pca->mean,
                  room, columns);
        cor_dense_multiply(
            columns, n, rows, (cor_dense_operand){room, columns, true},
            (cor_dense_operand){s->y + (at - m->first) * n, n, false}, true,
            sum, n);
    }
}

static int add_shards(const subspace *s, int64_t column, int64_t columns,
                      cor_sum *sum)
{
    const cor_team *team = s->fit->team;
    const cor_shards *shards = s->matrix->shards;
    int64_t first = cor_shards_first(shards, cor_team_rank(team)),
            last = cor_shards_first(shards, cor_team_rank(team) + 1);
    cor_failure failed = COR_NO_FAILURE;
#pragma omp parallel for num_threads(cor_team_threads(team))                   \
    schedule(dynamic, 1)
    for (int64_t shard = first; shard < last; shard++) {
        double *room = s->room + omp_get_thread_num() * s->room_length,
               *mine = room + s->room_length - s->sum_length;
        if (cor_shards_begin(shards, shard) ==
            cor_shards_begin(shards, shard + 1))
            continue;
        sum_shard(s, shard, column, columns, room, mine);
        int rc = cor_sum_add(sum, shard, mine);
        if (rc != COR_OK)
            cor_failure_note(&failed, rc, shard);
    }
    return cor_failure_raise(&failed);
}

/* Omega = X' Y, panel after panel of columns. */
static int multiply_back(subspace *s)
{
    const cor_team *team = s->fit->team;
    int64_t columns = s->matrix->columns;
    int rc = COR_OK;
    for (int64_t c = 0; rc == COR_OK && c < columns; c += PANEL) {
        int64_t here = columns - c < PANEL ? columns - c : PANEL;
        cor_sum *sum = NULL;
        rc = cor_sum_create(team, s->matrix->shards, here * s->width, &sum);
        if (rc == COR_OK)
            rc = add_shards(s, c, here, sum);
        rc = cor_agree(team, rc);
        if (rc == COR_OK)
            rc = cor_sum_total(sum, s->omega + c * s->width);
        cor_sum_destroy(&sum);
    }
    return rc;
}

/* Each rank does its columns of Omega, and all get all. */
static int orthonormalise(subspace *s)
{
    const cor_team *team = s->fit->team;
    int rank = cor_team_rank(team);
    int64_t first = cor_shards_first_row(s->shards, rank), total,
            mine = cor_shards_first_row(s->shards, rank + 1) - first;
    double *part = s->omega + first * s->width, *all = NULL;
    COR_TRY(pca_orthonormalise(team, s->shards, s->width, s->fit->options->seed,
                               part));
    COR_TRY(cor_team_collect(team, part, mine, (size_t)s->width * sizeof *part,
                             &all, &total));
    cor_free(s->omega);
    s->omega = all;
    return COR_OK;
}

/* The means of the columns, and the sum of all squares about them. */
static int measure(const pca_fit *fit, double *total)
{
    cor_matrix_columns c;
    COR_TRY(cor_matrix_describe(fit->team, fit->matrix, &c));
    *total = 0;
    for (int64_t i = 0; i < c.columns; i++)
        *total += c.deviation[i] * c.deviation[i] * (double)fit->matrix->rows;
    memcpy(fit->pca->mean, c.mean, (size_t)c.columns * sizeof *c.mean);
    cor_matrix_columns_free(&c);
    return *total > 0 ? COR_OK : pca_no_variance();
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int subspace_create(const pca_fit *fit, subspace *s)
{
    const cor_matrix *m = fit->matrix;
    int64_t threads = cor_team_threads(fit->team), n,
            shards = least(m->columns / COLUMN_SHARD + 1, MOST_SHARDS),
            panel = least(m->columns, PANEL);
    n = least(fit->pca->components + fit->options->oversample,
              least(m->rows, m->columns));
    *s = (subspace){.fit = fit, .matrix = m, .width = n};
    s->sum_length = panel * n;
    s->room_length = PCA_TILE * panel + s->sum_length;
    COR_TRY(cor_shards_create_even(fit->team, shards, m->columns, &s->shards));
    COR_TRY(cor_allocate(&s->omega, m->columns * n, sizeof *s->omega,
                         "directions"));
    COR_TRY(cor_allocate(&s->y, m->count * n, sizeof *s->y, "projections"));
    COR_TRY(cor_allocate(&s->room, threads * s->room_length, sizeof *s->room,
                         "tiles of rows"));
    return pca_tiles(fit->team, m->shards, &s->tile, &s->tiles);
}

static void subspace_free(subspace *s)
{
    cor_shards_destroy(&s->shards);
    cor_free(s->omega);
    cor_free(s->y);
    cor_free(s->tile);
    cor_free(s->room);
}

static int improve(subspace *s)
{
    const pca_fit *fit = s->fit;
    int64_t rounds = fit->options->power_iterations + 1;
#pragma omp parallel for num_threads(cor_team_threads(fit->team))
    for (int64_t c = 0; c < s->matrix->columns; c++)
        for (int64_t k = 0; k < s->width; k++)
            s->omega[c * s->width + k] = pca_random(fit->options->seed, c, k);
    cor_progress_begin(fit->progress, "power iterations", rounds);
    for (int64_t round = 0; round < rounds; round++) {
        multiply(s);
        COR_TRY(multiply_back(s));
        COR_TRY(orthonormalise(s));
        cor_progress_step(fit->progress, round + 1);
    }
    cor_progress_end(fit->progress);
    multiply(s);
    return COR_OK;
}

static const double *load(const void *context, int64_t begin, int64_t count,
                          double *room)
{
    const subspace *s = context;
    (void)count;
    (void)room;
    return s->y + (begin - s->matrix->first) * s->width;
}

/* The components: Omega w, with w the eigenvectors of Y' Y. */
static void combine(const subspace *s, const double *vector)
{
    cor_pca *pca = s->fit->pca;
    int64_t n = s->width;
#pragma omp parallel for num_threads(cor_team_threads(s->fit->team))
    for (int64_t c = 0; c < pca->columns; c += PCA_BLOCK)
        cor_dense_multiply(pca->components, least(PCA_BLOCK, pca->columns - c),
                           n, (cor_dense_operand){vector, n, false},
                           (cor_dense_operand){s->omega + c * n, n, true},
                           false, pca->component + c, pca->columns);
}

/* Rayleigh and Ritz: the components within the subspace. */
static int rotate(const subspace *s, double total)
{
    cor_pca *pca = s->fit->pca;
    const cor_team *team = s->fit->team;
    int64_t n = s->width;
    double *gram = NULL, *vector = NULL;
    pca_vectors rows = {
        .order = n, .shards = s->matrix->shards, .load = load, .context = s};
    int rc =
        cor_agree(team, cor_allocate(&gram, n * n, sizeof *gram, "products"));
    if (rc == COR_OK)
        rc = pca_gram(team, &rows, gram);
    if (rc == COR_OK)
        rc = pca_decompose(s->fit, n, gram, total, &vector);
    cor_free(gram);
    if (rc == COR_OK)
        rc = cor_agree(
            team, cor_allocate(&pca->component, pca->components * pca->columns,
                               sizeof *pca->component, "components"));
    if (rc == COR_OK)
        combine(s, vector);
    cor_free(vector);
    return rc;
}

int pca_by_random(const pca_fit *fit)
{
    subspace s = {0};
    double total;
    COR_TRY(measure(fit, &total));
    int rc = cor_agree(fit->team, subspace_create(fit, &s));
    if (rc == COR_OK)
        rc = improve(&s);
    if (rc == COR_OK)
        rc = rotate(&s, total);
    subspace_free(&s);
    return rc;
}
