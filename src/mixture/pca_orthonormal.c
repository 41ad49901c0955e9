#include "coracle/dense.h"
#include "coracle/failure.h"
#include "coracle/memory.h"
#include "coracle/random.h"
#include "pca_parts.h"

#include <math.h>
#include <omp.h>
#include <string.h>

enum { MOST_ROUNDS = 8 };

/* Of a column of length 1, the square of what those before it leave of it:
   below DEPENDENT that is rounding; above SETTLED all were orthonormal, and are
   now to the last digits. */
static const double DEPENDENT = 1e-12, SETTLED = 0.5;

typedef struct columns {
    const cor_team *team;
    const cor_shards *shards;
    int64_t count; /* columns */
    int64_t first; /* my first row */
    double *z;     /* my rows x count */
    double *gram;  /* count x count; then what z is multiplied by */
    double *scale; /* count: 1 / length */
    bool *replace; /* count */
    int64_t *tile; /* where my tiles of rows begin */
    int64_t tiles;
    double *room; /* a tile each thread */
} columns;

static const double *load(const void *context, int64_t begin, int64_t count,
                          double *room)
{
    const columns *c = context;
    (void)count;
    (void)room;
    return c->z + (begin - c->first) * c->count;
}

static double dot(const double *a, const double *b, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Row i of the factor of the scaled Gram matrix, over its row i. A column that
   depends on those before it gets the row of a column that has no part in the
   others. Returns what is left of the column, 0 where it is replaced. */
static double factor_row(columns *c, int64_t i)
{
    double *row = c->gram + i * c->count;
    for (int64_t j = 0; j < i; j++) {
        const double *other = c->gram + j * c->count;
        double g = row[j] * c->scale[i] * c->scale[j];
        row[j] = c->replace[j] ? 0 : (g - dot(row, other, j)) / other[j];
    }
    double left = c->scale[i] > 0 ? 1 - dot(row, row, i) : 0;
    c->replace[i] = !(left > DEPENDENT);
    if (c->replace[i])
        memset(row, 0, (size_t)i * sizeof *row);
    row[i] = c->replace[i] ? 1 : sqrt(left);
    memset(row + i + 1, 0, (size_t)(c->count - 1 - i) * sizeof *row);
    return c->replace[i] ? 0 : left;
}

/* What z is to be multiplied by from the right, transposed, over the Gram
   matrix; the least that was left of a column. */
static int factor(columns *c, double *least)
{
    int64_t n = c->count;
    for (int64_t i = 0; i < n; i++)
        c->scale[i] = c->gram[i * n + i] > 0 ? 1 / sqrt(c->gram[i * n + i]) : 0;
    *least = 1;
    for (int64_t i = 0; i < n; i++)
        *least = fmin(*least, factor_row(c, i));
    COR_TRY(cor_dense_triangle_invert(n, c->gram));
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++)
            c->gram[i * n + j] *= c->scale[j];
    return COR_OK;
}

/* z times the factor, tile by tile; a replaced column is random. */
static void multiply(columns *c, int64_t round, int64_t seed)
{
    int64_t n = c->count;
#pragma omp parallel for num_threads(cor_team_threads(c->team))                \
    schedule(dynamic, 1)
    for (int64_t t = 0; t < c->tiles; t++) {
        int64_t rows = c->tile[t + 1] - c->tile[t];
        double *z = c->z + c->tile[t] * n,
               *room = c->room + omp_get_thread_num() * PCA_TILE * n;
        memcpy(room, z, (size_t)(rows * n) * sizeof *z);
        cor_dense_multiply(rows, n, n, (cor_dense_operand){room, n, false},
                           (cor_dense_operand){c->gram, n, true}, false, z, n);
        for (int64_t r = 0; r < rows; r++)
            for (int64_t k = 0; k < n; k++)
                if (c->replace[k])
                    z[r * n + k] = pca_random(seed, c->first + c->tile[t] + r,
                                              (round + 1) * n + k);
    }
}

double pca_random(int64_t seed, int64_t row, int64_t step)
{
    double pair[2];
    cor_random_normals(cor_random_at((uint64_t)seed, COR_STREAM_DIRECTION,
                                     (uint64_t)row, (uint32_t)(step / 2)),
                       pair);
    return pair[step % 2];
}

/* Bring the greatest number to about 1, exactly, so that squares neither
   overflow nor vanish. Collective. */
static int rescale(columns *c)
{
    double most = 0;
    int64_t length = c->tile[c->tiles] * c->count;
    for (int64_t i = 0; i < length; i++)
        most = fabs(c->z[i]) <= most ? most : fabs(c->z[i]);
    int64_t finite = isfinite(most);
    cor_team_min(c->team, &finite, 1);
    if (!finite)
        return pca_too_large();
    cor_team_max_double(c->team, &most, 1);
    int exponent = most > 0 ? -ilogb(most) : 0;
    for (int64_t i = 0; exponent != 0 && i < length; i++)
        c->z[i] = ldexp(c->z[i], exponent);
    return COR_OK;
}

static int columns_create(columns *c)
{
    int64_t n = c->count, threads = cor_team_threads(c->team);
    c->first = cor_shards_first_row(c->shards, cor_team_rank(c->team));
    COR_TRY(cor_allocate(&c->gram, n * n, sizeof *c->gram, "products"));
    COR_TRY(cor_allocate(&c->scale, n, sizeof *c->scale, "lengths"));
    COR_TRY(cor_allocate(&c->replace, n, sizeof *c->replace, "marks"));
    COR_TRY(cor_allocate(&c->room, threads * PCA_TILE * n, sizeof *c->room,
                         "tiles of rows"));
    return pca_tiles(c->team, c->shards, &c->tile, &c->tiles);
}

/* One round; `settled` where it found them orthonormal already. */
static int improve(columns *c, int64_t round, int64_t seed, bool *settled)
{
    pca_vectors rows = {
        .order = c->count, .shards = c->shards, .load = load, .context = c};
    double least = 0;
    COR_TRY(pca_gram(c->team, &rows, c->gram));
    COR_TRY(cor_agree(c->team, factor(c, &least)));
    multiply(c, round, seed);
    *settled = least > SETTLED;
    return COR_OK;
}

int pca_orthonormalise(const cor_team *team, const cor_shards *shards,
                       int64_t count, int64_t seed, double *z)
{
    columns c = {.team = team, .shards = shards, .count = count, .z = z};
    bool settled = false;
    int rc = cor_agree(team, columns_create(&c));
    if (rc == COR_OK)
        rc = rescale(&c);
    for (int64_t round = 0; rc == COR_OK && !settled; round++)
        rc = round < MOST_ROUNDS
                 ? improve(&c, round, seed, &settled)
                 : cor_fail(COR_ENUMERIC,
                            "the directions of the components do not become "
                            "orthogonal: the numbers of the matrix are too "
                            "large or too small; standardise the columns");
    cor_free(c.gram);
    cor_free(c.scale);
    cor_free(c.replace);
    cor_free(c.room);
    cor_free(c.tile);
    return rc;
}
