/** Scoring rows: the expectation step alone. */
#include "fit.h"

#include "coracle/memory.h"

#include <omp.h>

static int check_columns(const cor_mixture *mixture, const cor_matrix *matrix)
{
    if (mixture->columns == matrix->columns)
        return COR_OK;
    return cor_fail(COR_EUSAGE,
                    "the matrix has %lld columns, the mixture was fitted to "
                    "%lld; give a matrix of the same columns",
                    (long long)matrix->columns, (long long)mixture->columns);
}

/* The most responsible component of row z of a tile. */
static int32_t label_of(const place *p, int64_t z, int64_t components)
{
    int64_t best = 0;
    for (int64_t k = 1; k < components; k++)
        if (p->r[k * p->tile.ld + z] > p->r[best * p->tile.ld + z])
            best = k;
    return (int32_t)best;
}

static void give_scores(const place *p, int64_t at, int64_t components,
                        const cor_mixture_scores *scores)
{
    for (int64_t z = 0; z < p->tile.rows; z++) {
        if (scores->log_density)
            scores->log_density[at + z] = p->density[z];
        if (scores->label)
            scores->label[at + z] = label_of(p, z, components);
        for (int64_t k = 0; scores->responsibility && k < components; k++)
            scores->responsibility[(at + z) * components + k] =
                p->r[k * p->tile.ld + z];
    }
}

int cor_mixture_score(const cor_team *team, const cor_mixture *mixture,
                      const cor_matrix *matrix, int64_t first, int64_t count,
                      const cor_mixture_scores *scores)
{
    int threads = cor_team_threads(team);
    int64_t k = mixture->components, rows = place_rows(mixture->columns, k);
    ready r = {0};
    place *places = NULL;
    COR_TRY(check_columns(mixture, matrix));
    int rc = ready_create(mixture, NULL, READY_SCORE_FLOOR, &r);
    if (rc == COR_OK)
        rc = places_create(matrix, r.center, k, ready_apart(mixture), threads,
                           &places);
    int64_t end = rc == COR_OK ? count : 0;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t at = 0; at < end; at += rows) {
        place *p = &places[omp_get_thread_num()];
        place_load(p, first + at, count - at < rows ? count - at : rows);
        ready_expect(&r, p);
        give_scores(p, at, k, scores);
    }
    places_destroy(threads, &places);
    ready_free(&r);
    return rc;
}

static void add_densities(void *context, place *p, double *sums)
{
    ready_expect(context, p);
    cor_tile_sums(&p->tile, 1, p->density, sums);
}

int cor_mixture_mean_density(const cor_team *team, const cor_mixture *mixture,
                             const cor_matrix *matrix, double *mean)
{
    ready r = {0};
    int rc = check_columns(mixture, matrix);
    if (rc == COR_OK)
        rc = ready_create(mixture, NULL, READY_SCORE_FLOOR, &r);
    COR_TRY(cor_agree(team, rc));
    pass p = {.team = team,
              .matrix = matrix,
              .center = r.center,
              .components = mixture->components,
              .apart = ready_apart(mixture),
              .length = 1};
    rc = pass_run(&p, add_densities, &r, mean);
    if (matrix->rows > 0)
        *mean /= (double)matrix->rows;
    ready_free(&r);
    return rc;
}
