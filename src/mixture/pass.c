/*
 * Passes over the rows of a matrix. A thread takes a shard, brings tile after
 * tile into its cache, and everything that is computed of a tile stays there;
 * only the sums of the shard leave. The bound is what the visit does, or
 * reading the matrix once where that is little.
 */
#include "fit.h"

#include "coracle/failure.h"
#include "coracle/memory.h"
#include "coracle/sum.h"

#include <omp.h>
#include <string.h>

/* Bytes of a tile and what is computed of it that a core's own cache holds. */
static const int64_t CACHE = 400 << 10;
enum { MOST_ROWS = 256, LEAST_ROWS = 64 };

int64_t place_rows(int64_t columns, int64_t components)
{
    int64_t rows = MOST_ROWS;
    while (rows > LEAST_ROWS && 16 * rows * (columns + components) > CACHE)
        rows /= 2;
    return rows;
}

static int create_place(place *p, int64_t components, bool apart)
{
    int64_t d = p->matrix->columns;
    int64_t rows = place_rows(d, components), ld = cor_tile_ld(rows);
    p->tile = (cor_tile){.rows = rows, .columns = d, .ld = ld};
    COR_TRY(cor_allocate(&p->tile.x, d * ld, sizeof(double), "a tile"));
    if (p->matrix->type != COR_FLOAT64)
        COR_TRY(cor_allocate(&p->copy, rows * d, sizeof(double), "a tile"));
    COR_TRY(cor_allocate(&p->q, components * ld, sizeof(double), "a tile"));
    p->r = p->q;
    if (apart)
        COR_TRY(cor_allocate(&p->r, components * ld, sizeof(double), "a tile"));
    COR_TRY(cor_allocate(&p->density, 3 * ld, sizeof(double), "a tile"));
    p->entropy = p->density + ld;
    p->least = p->entropy + ld;
    COR_TRY(cor_allocate(&p->label, ld, sizeof *p->label, "a tile"));
    return cor_allocate(&p->work, cor_covariance_work(&p->tile), sizeof(double),
                        "a tile");
}

int places_create(const cor_matrix *matrix, const double *center,
                  int64_t components, bool apart, int count, place **places)
{
    COR_TRY(cor_allocate_zeroed(places, count, sizeof **places, "tiles"));
    int rc = COR_OK;
    for (int i = 0; i < count && rc == COR_OK; i++) {
        (*places)[i] = (place){.matrix = matrix, .center = center};
        rc = create_place(&(*places)[i], components, apart);
    }
    if (rc != COR_OK)
        places_destroy(count, places);
    return rc;
}

void places_destroy(int count, place **places)
{
    for (int i = 0; *places && i < count; i++) {
        place *p = &(*places)[i];
        cor_free(p->tile.x);
        cor_free(p->copy);
        if (p->r != p->q)
            cor_free(p->r);
        cor_free(p->q);
        cor_free(p->density);
        cor_free(p->label);
        cor_free(p->work);
    }
    cor_free(*places);
    *places = NULL;
}

/* The rows after `first`, as many as in a tile: they are most likely next. */
static void look_ahead(place *p, int64_t first, int64_t count)
{
    const cor_matrix *m = p->matrix;
    int64_t bytes = m->columns * (int64_t)cor_type_size(m->type, 0);
    int64_t left = m->count - first;
    p->tile.next = left > 0 ? (const char *)m->value + first * bytes : NULL;
    p->tile.next_bytes = (left < count ? left : count) * bytes;
}

void place_load(place *p, int64_t first, int64_t count)
{
    p->first = first;
    look_ahead(p, first + count, count);
    p->tile.rows = count;
    p->row = p->copy;
    if (p->copy)
        cor_matrix_tile(p->matrix, first, count, p->copy);
    else
        p->row = (const double *)p->matrix->value + first * p->tile.columns;
    cor_tile_turn(&p->tile, p->row, p->center);
}

/* All tiles of one shard, in row order. */
static void visit_shard(const pass *p, place *at, int64_t shard,
                        pass_visit *visit, void *context, double *sums)
{
    const cor_shards *shards = p->matrix->shards;
    int64_t rows = place_rows(p->matrix->columns, p->components);
    int64_t from = cor_shards_begin(shards, shard) - p->matrix->first;
    int64_t to = cor_shards_begin(shards, shard + 1) - p->matrix->first;
    memset(sums, 0, (size_t)p->length * sizeof *sums);
    for (int64_t row = from; row < to; row += rows) {
        place_load(at, row, to - row < rows ? to - row : rows);
        visit(context, at, sums);
    }
}

/* The sums of my shards: into `sum`, or kept in `mine` where there is none. */
static int visit_all(const pass *p, place *places, pass_visit *visit,
                     void *context, cor_sum *sum, double *mine)
{
    int threads = cor_team_threads(p->team);
    const cor_shards *shards = p->matrix->shards;
    int64_t first = cor_shards_first(shards, cor_team_rank(p->team));
    int64_t last = cor_shards_first(shards, cor_team_rank(p->team) + 1);
    cor_failure f = COR_NO_FAILURE;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t s = first; s < last; s++) {
        int t = omp_get_thread_num();
        double *sums = mine + (sum ? t : s - first) * p->length;
        visit_shard(p, &places[t], s, visit, context, sums);
        int rc = sum ? cor_sum_add(sum, s, sums) : COR_OK;
        if (rc != COR_OK)
            cor_failure_note(&f, rc, s);
    }
    return cor_failure_raise(&f);
}

int pass_run(const pass *p, pass_visit *visit, void *context, double *total)
{
    int threads = cor_team_threads(p->team);
    place *places = NULL;
    cor_sum *sum = NULL;
    double *sums = NULL;
    int rc = places_create(p->matrix, p->center, p->components, p->apart,
                           threads, &places);
    if (rc == COR_OK)
        rc = cor_allocate(&sums, threads * p->length, sizeof *sums, "sums");
    if (rc == COR_OK)
        rc = cor_sum_create(p->team, p->matrix->shards, p->length, &sum);
    if (rc == COR_OK)
        rc = visit_all(p, places, visit, context, sum, sums);
    rc = cor_agree(p->team, rc);
    if (rc == COR_OK)
        rc = cor_sum_total(sum, total);
    cor_sum_destroy(&sum);
    cor_free(sums);
    places_destroy(threads, &places);
    return rc;
}

int pass_run_shards(const pass *p, pass_visit *visit, void *context,
                    double *sums)
{
    int threads = cor_team_threads(p->team);
    place *places = NULL;
    int rc = places_create(p->matrix, p->center, p->components, p->apart,
                           threads, &places);
    if (rc == COR_OK)
        rc = visit_all(p, places, visit, context, NULL, sums);
    places_destroy(threads, &places);
    return cor_agree(p->team, rc);
}
