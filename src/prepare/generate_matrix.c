/* Limit: two normal numbers cost a logarithm, a root and a sine, some 30
 * nanoseconds a number and thread. */
#include "coracle/generate_matrix.h"

#include "coracle/memory.h"
#include "coracle/random.h"

#include <math.h>

/* Directions along which the columns of a component move together. */
enum { DIRECTIONS = 3 };
/* Columns and components: their parameters stand on every rank. */
enum { COLUMNS_LIMIT = 1 << 20, COMPONENTS_LIMIT = 1 << 16 };
enum { ROOM = 4 << 20 }; /* of HDF5, while the store is written */

/* The planted mixture. */
typedef struct mixture {
    const cor_generate_matrix_options *options;
    double *until;     /* components: the weights up to each, in [0, 1] */
    double *mean;      /* components x columns */
    double *deviation; /* components x columns */
    double *direction; /* components x DIRECTIONS x columns */
} mixture;

int cor_generate_matrix_check(const cor_generate_matrix_options *options)
{
    if (options->rows < 1 || options->columns < 1 || options->components < 1)
        return cor_fail(COR_EUSAGE, "rows, columns and components must be at "
                                    "least 1");
    if (options->columns > COLUMNS_LIMIT ||
        options->components > COMPONENTS_LIMIT)
        return cor_fail(COR_EUSAGE,
                        "columns are at most %d, components at most %d",
                        COLUMNS_LIMIT, COMPONENTS_LIMIT);
    if (!(options->separation >= 0) || !isfinite(options->separation))
        return cor_fail(COR_EUSAGE, "the separation must be 0 or more");
    if (options->shards < 0 || options->shards > COR_SHARDS_LIMIT)
        return cor_fail(COR_EUSAGE,
                        "the shards must be from 1 to %d, or 0 to choose by "
                        "size",
                        COR_SHARDS_LIMIT);
    return COR_OK;
}

static void free_mixture(mixture *m)
{
    cor_free(m->until);
    cor_free(m->mean);
    cor_free(m->deviation);
    cor_free(m->direction);
}

/* `count` normal numbers of one stream and row, from a step on. */
static void draw_normals(uint64_t seed, uint32_t stream, uint64_t row,
                         uint32_t step, int64_t count, double *normal)
{
    double pair[2];
    for (int64_t i = 0; i < count; i += 2) {
        cor_random_normals(
            cor_random_at(seed, stream, row, step + (uint32_t)(i / 2)), pair);
        normal[i] = pair[0];
        if (i + 1 < count)
            normal[i + 1] = pair[1];
    }
}

/* Steps: 0 the weight, then means, deviations, directions. */
static void plant_component(const mixture *m, int64_t k)
{
    const cor_generate_matrix_options *o = m->options;
    uint64_t seed = (uint64_t)o->seed, row = (uint64_t)k;
    int64_t columns = o->columns;
    double *mean = m->mean + k * columns,
           *deviation = m->deviation + k * columns;
    double *direction = m->direction + k * DIRECTIONS * columns;
    const uint32_t stream = COR_STREAM_PLANTED_COMPONENT;
    uint32_t step = 1, each = (uint32_t)(columns / 2 + 1);
    draw_normals(seed, stream, row, step, columns, mean);
    step += each;
    for (int64_t c = 0; c < columns; c++) {
        cor_random bits = cor_random_at(seed, stream, row, step + (uint32_t)c);
        mean[c] *= o->separation;
        deviation[c] = 0.5 + cor_random_unit(bits);
    }
    step += (uint32_t)columns;
    for (int d = 0; d < DIRECTIONS; d++, step += each)
        draw_normals(seed, stream, row, step, columns, direction + d * columns);
    /* each column varies by about as much along them as by itself */
    for (int64_t i = 0; i < DIRECTIONS * columns; i++)
        direction[i] /= sqrt(DIRECTIONS);
}

static void plant_weights(const mixture *m)
{
    const cor_generate_matrix_options *o = m->options;
    double total = 0;
    for (int64_t k = 0; k < o->components; k++) {
        cor_random bits = cor_random_at(
            (uint64_t)o->seed, COR_STREAM_PLANTED_COMPONENT, (uint64_t)k, 0);
        total += 0.5 + cor_random_unit(bits);
        m->until[k] = total;
    }
    for (int64_t k = 0; k < o->components; k++)
        m->until[k] /= total;
}

static int plant(const cor_generate_matrix_options *options, mixture *m)
{
    int64_t components = options->components;
    int64_t numbers = components * options->columns;
    *m = (mixture){.options = options};
    COR_TRY(COR_NEW(&m->until, components));
    COR_TRY(COR_NEW(&m->mean, numbers));
    COR_TRY(COR_NEW(&m->deviation, numbers));
    COR_TRY(COR_NEW(&m->direction, DIRECTIONS * numbers));
    plant_weights(m);
    for (int64_t k = 0; k < components; k++)
        plant_component(m, k);
    return COR_OK;
}

static int64_t component_of(const mixture *m, cor_random bits)
{
    double unit = cor_random_unit(bits);
    int64_t k = 0;
    while (k + 1 < m->options->components && unit >= m->until[k])
        k++;
    return k;
}

/* Step 0 says the component, 1 and 2 how far along its directions. */
static void draw_row(const mixture *m, int64_t row, double *number)
{
    const uint32_t stream = COR_STREAM_PLANTED_ROW;
    uint64_t seed = (uint64_t)m->options->seed, r = (uint64_t)row;
    int64_t columns = m->options->columns;
    double along[DIRECTIONS];
    int64_t k = component_of(m, cor_random_at(seed, stream, r, 0));
    const double *mean = m->mean + k * columns;
    const double *deviation = m->deviation + k * columns;
    const double *direction = m->direction + k * DIRECTIONS * columns;
    draw_normals(seed, stream, r, 1, DIRECTIONS, along);
    draw_normals(seed, stream, r, 1 + DIRECTIONS, columns, number);
    for (int64_t c = 0; c < columns; c++) {
        number[c] = mean[c] + deviation[c] * number[c];
        for (int d = 0; d < DIRECTIONS; d++)
            number[c] += along[d] * direction[d * columns + c];
    }
}

static int draw_rows(const cor_team *team, const mixture *m, cor_matrix *matrix)
{
    int threads = cor_team_threads(team);
    int64_t columns = matrix->columns;
    double *room = NULL;
    COR_TRY(cor_allocate(&room, threads, (size_t)columns * sizeof *room,
                         "rows that are made"));
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int t = 0; t < threads; t++) {
        double *number = room + t * columns;
        for (int64_t i = t; i < matrix->count; i += threads) {
            draw_row(m, matrix->first + i, number);
            for (int64_t c = 0; c < columns; c++)
                if (matrix->type == COR_FLOAT32)
                    ((float *)matrix->value)[i * columns + c] =
                        (float)number[c];
                else
                    ((double *)matrix->value)[i * columns + c] = number[c];
        }
    }
    cor_free(room);
    return COR_OK;
}

int cor_generate_matrix(const cor_team *team,
                        const cor_generate_matrix_options *options,
                        cor_matrix *matrix)
{
    mixture m = {0};
    *matrix = (cor_matrix){0};
    COR_TRY(cor_generate_matrix_check(options));
    int rc = plant(options, &m);
    if (rc == COR_OK)
        rc = cor_matrix_create(team, options->shards, options->rows,
                               options->columns, options->type, matrix);
    if (rc == COR_OK)
        rc = draw_rows(team, &m, matrix);
    rc = cor_agree(team, rc);
    free_mixture(&m);
    if (rc != COR_OK)
        cor_matrix_free(matrix);
    return rc;
}

cor_plan cor_generate_matrix_plan(const cor_team *team,
                                  const cor_generate_matrix_options *options)
{
    int64_t size = cor_team_size(team), rows = options->rows;
    int64_t row = options->columns * (int64_t)cor_type_size(options->type, 0);
    int64_t planted = options->components * options->columns *
                      (2 + DIRECTIONS) * (int64_t)sizeof(double);
    cor_plan plan = {.rows_rank = (rows + size - 1) / size,
                     .bytes_disk = rows * row};
    plan.bytes_rank = cor_plan_base() + plan.rows_rank * row + planted + ROOM;
    return plan;
}
