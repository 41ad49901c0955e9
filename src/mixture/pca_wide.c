/**
 * Rows < columns: the Gram matrix of the rows, summed over columns. Columns are
 * cut into shards of their own; a route brings every rank the whole of its
 * columns, in units that travel as they lie. On one rank nothing travels, and
 * the tiles are read from the matrix itself.
 */
#include "coracle/cut.h"
#include "coracle/dense.h"
#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "pca_parts.h"

#include <omp.h>
#include <string.h>

/* Columns that travel together; a shard is whole units, some units long, and
   there are at most so many shards. */
enum { UNIT = 64, SHARD_UNITS = 8, MOST_SHARDS = 1024 };
/* What a rank sends at a time, in bytes. */
#define AT_A_TIME ((int64_t)256 << 20)

/* A variance of more than this of the greatest: its component is as good as
   that share of the digits that were squared away. */
static const double WELL_APART = 1e-5;

typedef struct wide {
    const cor_team *team;
    const cor_matrix *matrix;
    cor_shards *shards;        /* over columns */
    int64_t first, count;      /* my columns */
    int64_t first_unit, units; /* mine */
    void *column;              /* units x rows x UNIT, of the matrix's type;
                                  NULL on one rank */
    double *mean;              /* of all columns; I fill mine */
} wide;

static int64_t all_units(const cor_matrix *m)
{
    return (m->columns + UNIT - 1) / UNIT;
}

/* The same on every rank. */
static int cut_columns(wide *w)
{
    int64_t units = all_units(w->matrix), count = units / SHARD_UNITS;
    int64_t *begin = NULL;
    count = count < 1 ? 1 : count > MOST_SHARDS ? MOST_SHARDS : count;
    COR_TRY(cor_allocate(&begin, count + 1, sizeof *begin, "column shards"));
    for (int64_t s = 0; s <= count; s++)
        begin[s] = cor_cut_begin(units, s, count) * UNIT;
    begin[count] = w->matrix->columns;
    int rc = cor_shards_create(w->team, count, begin, &w->shards);
    cor_free(begin);
    return rc;
}

static int64_t first_unit(const wide *w, int rank)
{
    return (cor_shards_first_row(w->shards, rank) + UNIT - 1) / UNIT;
}

/* Bounds of the units that go to a rank in a round. */
static int64_t round_begin(const wide *w, int rank, int64_t round,
                           int64_t rounds)
{
    int64_t first = first_unit(w, rank), last = first_unit(w, rank + 1);
    return first + cor_cut_begin(last - first, round, rounds);
}

/* Pack the units of a round, those of a rank after those of the ranks before
   it, each with all of my rows; what is beyond the last column is zero. Where
   `packed` is NULL they are counted. */
static int64_t pack_round(const wide *w, int64_t round, int64_t rounds,
                          char *packed, int32_t *to)
{
    const cor_matrix *m = w->matrix;
    int64_t width = (int64_t)cor_type_size(m->type, 0), elements = 0;
    for (int q = 0; q < cor_team_size(w->team); q++) {
        int64_t last = round_begin(w, q, round + 1, rounds);
        for (int64_t u = round_begin(w, q, round, rounds); u < last; u++) {
            int64_t columns = m->columns - u * UNIT;
            columns = columns < UNIT ? columns : UNIT;
            for (int64_t r = 0; packed && r < m->count; r++) {
                char *out = packed + (elements + r) * UNIT * width;
                memcpy(out,
                       (const char *)m->value +
                           (r * m->columns + u * UNIT) * width,
                       (size_t)(columns * width));
                memset(out + columns * width, 0,
                       (size_t)((UNIT - columns) * width));
                to[elements + r] = q;
            }
            elements += m->count;
        }
    }
    return elements;
}

/* Put the units that arrived where they belong. */
static void place_round(const wide *w, int64_t round, int64_t rounds,
                        const char *arrived)
{
    const cor_matrix *m = w->matrix;
    int rank = cor_team_rank(w->team);
    int64_t bytes = UNIT * (int64_t)cor_type_size(m->type, 0),
            begin = round_begin(w, rank, round, rounds),
            end = round_begin(w, rank, round + 1, rounds);
    for (int q = 0; q < cor_team_size(w->team); q++) {
        int64_t first = cor_shards_first_row(m->shards, q),
                rows = cor_shards_first_row(m->shards, q + 1) - first;
        for (int64_t u = begin; u < end; u++, arrived += rows * bytes)
            memcpy((char *)w->column +
                       ((u - w->first_unit) * m->rows + first) * bytes,
                   arrived, (size_t)(rows * bytes));
    }
}

static int exchange_round(const wide *w, int64_t round, int64_t rounds)
{
    size_t bytes = UNIT * cor_type_size(w->matrix->type, 0);
    int64_t elements = pack_round(w, round, rounds, NULL, NULL);
    char *packed = NULL, *arrived = NULL;
    int32_t *to = NULL;
    cor_route *route = NULL;
    int rc = cor_allocate(&packed, elements, bytes, "columns to send");
    if (rc == COR_OK)
        rc = cor_allocate(&to, elements, sizeof *to, "columns to send");
    rc = cor_agree(w->team, rc);
    if (rc == COR_OK) {
        pack_round(w, round, rounds, packed, to);
        rc = cor_route_create(w->team, to, elements, &route);
    }
    if (rc == COR_OK)
        rc =
            cor_agree(w->team, cor_allocate(&arrived, cor_route_arrivals(route),
                                            bytes, "columns that arrive"));
    if (rc == COR_OK)
        rc = cor_route_send(route, packed, bytes, arrived);
    if (rc == COR_OK)
        place_round(w, round, rounds, arrived);
    cor_route_destroy(&route);
    cor_free(packed);
    cor_free(arrived);
    cor_free(to);
    return rc;
}

static int exchange(wide *w)
{
    const cor_matrix *m = w->matrix;
    int64_t width = (int64_t)cor_type_size(m->type, 0),
            rounds = m->count * m->columns * width / AT_A_TIME + 1;
    cor_team_max(w->team, &rounds, 1);
    int rc = cor_allocate(&w->column, w->units * m->rows,
                          (size_t)(UNIT * width), "whole columns");
    rc = cor_agree(w->team, rc);
    for (int64_t round = 0; rc == COR_OK && round < rounds; round++)
        rc = exchange_round(w, round, rounds);
    return rc;
}

/* Columns [begin, begin + count) of one unit, in row `row`, less `center`. */
static void load_row(const wide *w, int64_t row, int64_t begin, int64_t count,
                     const double *center, double *out)
{
    const cor_matrix *m = w->matrix;
    if (!w->column) {
        pca_less(m->type, m->value, row * m->columns + begin, count, center,
                 out);
        return;
    }
    for (int64_t c = 0; c < count; c += UNIT) {
        int64_t unit = (begin + c) / UNIT - w->first_unit,
                here = count - c < UNIT ? count - c : UNIT;
        pca_less(m->type, w->column, (unit * m->rows + row) * UNIT, here,
                 center + c, out + c);
    }
}

/* Columns less their means: about the first row, then about the mean of that,
   so that a constant column is zero to the last bit. */
static const double *load(const void *context, int64_t begin, int64_t count,
                          double *room)
{
    const wide *w = context;
    double base[PCA_TILE] = {0}, mean[PCA_TILE] = {0};
    int64_t rows = w->matrix->rows;
    load_row(w, 0, begin, count, mean, base);
    for (int64_t r = 0; r < rows; r++) {
        load_row(w, r, begin, count, base, room + r * count);
        for (int64_t c = 0; c < count; c++)
            mean[c] += room[r * count + c];
    }
    for (int64_t c = 0; c < count; c++) {
        mean[c] /= (double)rows;
        w->mean[begin + c] = base[c] + mean[c];
    }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < count; c++)
            room[r * count + c] -= mean[c];
    return room;
}

static int wide_create(const pca_fit *fit, wide *w)
{
    int rank = cor_team_rank(fit->team);
    *w = (wide){.team = fit->team, .matrix = fit->matrix};
    w->mean = fit->pca->mean;
    COR_TRY(cor_agree(w->team, cut_columns(w)));
    w->first = cor_shards_first_row(w->shards, rank);
    w->count = cor_shards_first_row(w->shards, rank + 1) - w->first;
    w->first_unit = first_unit(w, rank);
    w->units = first_unit(w, rank + 1) - w->first_unit;
    return cor_team_size(w->team) > 1 ? exchange(w) : COR_OK;
}

static void wide_free(wide *w)
{
    cor_shards_destroy(&w->shards);
    cor_free(w->column);
}

/* My columns of the components, times the singular values: u' X, so many rows
   of my columns. */
static void project(const wide *w, const cor_pca *pca, const double *vector,
                    const int64_t *tile, int64_t tiles, double *room, double *z)
{
    int64_t rows = w->matrix->rows;
#pragma omp parallel for num_threads(cor_team_threads(w->team))                \
    schedule(dynamic, 1)
    for (int64_t t = 0; t < tiles; t++) {
        int64_t count = tile[t + 1] - tile[t];
        double *mine = room + omp_get_thread_num() * PCA_TILE * rows;
        load(w, w->first + tile[t], count, mine);
        cor_dense_multiply(pca->components, count, rows,
                           (cor_dense_operand){vector, rows, false},
                           (cor_dense_operand){mine, count, false}, false,
                           z + tile[t], w->count);
    }
}

static int project_all(const wide *w, const cor_pca *pca, const double *vector,
                       double **z)
{
    int64_t *tile = NULL, tiles = 0, threads = cor_team_threads(w->team);
    double *room = NULL;
    int rc = cor_allocate(&room, threads * PCA_TILE * w->matrix->rows,
                          sizeof *room, "tiles of columns");
    if (rc == COR_OK)
        rc = cor_allocate(z, w->count * pca->components, sizeof **z,
                          "components");
    if (rc == COR_OK)
        rc = pca_tiles(w->team, w->shards, &tile, &tiles);
    if (rc == COR_OK)
        project(w, pca, vector, tile, tiles, room, *z);
    cor_free(tile);
    cor_free(room);
    return cor_agree(w->team, rc);
}

/* Rows that are no longer orthogonal to the last digits are made so. */
static int orthonormalise(const wide *w, const pca_fit *fit, double *z)
{
    int64_t k = fit->pca->components;
    double *turned = NULL;
    int rc = cor_agree(w->team, cor_allocate(&turned, w->count * k,
                                             sizeof *turned, "components"));
    if (rc == COR_OK) {
        pca_turn(w->team, k, w->count, z, turned);
        rc = pca_orthonormalise(w->team, w->shards, k, fit->options->seed,
                                turned);
    }
    if (rc == COR_OK)
        pca_turn(w->team, w->count, k, turned, z);
    cor_free(turned);
    return rc;
}

/* Rows of length 1. Where the least singular value is far above rounding they
   are orthogonal as they are. */
static int normalise(const wide *w, const pca_fit *fit, double *z)
{
    const cor_pca *pca = fit->pca;
    int64_t k = pca->components;
    if (!(pca->variance[k - 1] > WELL_APART * pca->variance[0]))
        return orthonormalise(w, fit, z);
    for (int64_t j = 0; j < k; j++)
        for (int64_t c = 0; c < w->count; c++)
            z[j * w->count + c] /= pca->singular[j];
    return COR_OK;
}

/* Everybody's columns side by side. */
static void join(const wide *w, int64_t components, const double *part,
                 double *all)
{
    int64_t columns = w->matrix->columns;
    for (int q = 0; q < cor_team_size(w->team); q++) {
        int64_t first = cor_shards_first_row(w->shards, q),
                count = cor_shards_first_row(w->shards, q + 1) - first;
        for (int64_t k = 0; k < components; k++, part += count)
            memcpy(all + k * columns + first, part,
                   (size_t)count * sizeof *all);
    }
}

/* Everybody's columns to everybody; takes z. */
static int share_components(const wide *w, cor_pca *pca, double **z)
{
    int64_t k = pca->components, total;
    double *all = NULL, *mean = NULL;
    if (cor_team_size(w->team) == 1) {
        pca->component = *z;
        *z = NULL;
        return COR_OK;
    }
    int rc = cor_team_collect(w->team, *z, w->count, (size_t)k * sizeof **z,
                              &all, &total);
    if (rc == COR_OK)
        rc = cor_team_collect(w->team, pca->mean + w->first, w->count,
                              sizeof *mean, &mean, &total);
    if (rc == COR_OK)
        rc = cor_agree(w->team,
                       cor_allocate(&pca->component, k * pca->columns,
                                    sizeof *pca->component, "components"));
    if (rc == COR_OK) {
        memcpy(pca->mean, mean, (size_t)total * sizeof *mean);
        join(w, k, all, pca->component);
    }
    cor_free(all);
    cor_free(mean);
    return rc;
}

int pca_by_small(const pca_fit *fit)
{
    wide w;
    int64_t rows = fit->matrix->rows;
    double *gram = NULL, *vector = NULL, *z = NULL;
    int rc = wide_create(fit, &w);
    if (rc == COR_OK && cor_team_rank(fit->team) == 0)
        rc = cor_allocate(&gram, rows * rows, sizeof *gram, "products of rows");
    rc = cor_agree(fit->team, rc);
    pca_vectors columns = {.order = rows,
                           .shards = w.shards,
                           .standing = true,
                           .load = load,
                           .context = &w};
    if (rc == COR_OK)
        rc = pca_gram(fit->team, &columns, gram);
    if (rc == COR_OK)
        rc = pca_decompose(fit, rows, gram, 0, &vector);
    cor_free(gram);
    if (rc == COR_OK)
        rc = project_all(&w, fit->pca, vector, &z);
    cor_free(vector);
    if (rc == COR_OK)
        rc = normalise(&w, fit, z);
    if (rc == COR_OK)
        rc = share_components(&w, fit->pca, &z);
    cor_free(z);
    wide_free(&w);
    return rc;
}
