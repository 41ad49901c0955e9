/** Tiles of rows in columns against plain loops, in every family of kernels. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/gaussian.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/random.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MOST_ROWS = 77, MOST_COLUMNS = 21, MOST_COMPONENTS = 11 };
enum { LD = 88, ROOM = 28 * LD };

/* Everything of a tile, with room around it. */
typedef struct bench {
    cor_tile tile;
    double row[MOST_ROWS * MOST_COLUMNS], center[MOST_COLUMNS];
    double x[ROOM], q[ROOM], r[ROOM], y[ROOM], density[LD], entropy[LD];
    double mean[MOST_COMPONENTS * MOST_COLUMNS];
    double scale[MOST_COMPONENTS * MOST_COLUMNS];
    double upper[MOST_COLUMNS * MOST_COLUMNS];
    double packed[MOST_COLUMNS * MOST_COLUMNS];
    double count[MOST_COMPONENTS], dot[MOST_COMPONENTS];
    double first[MOST_COMPONENTS * MOST_COLUMNS], about[MOST_COLUMNS];
    double own[MOST_COMPONENTS * MOST_COLUMNS];
    double square[MOST_COMPONENTS * MOST_COLUMNS];
    double second[MOST_COLUMNS * MOST_COLUMNS];
} bench;

static double number(uint64_t row, uint32_t step)
{
    double normal[2];
    cor_random_normals(cor_random_at(7, COR_STREAM_TEST, row, step), normal);
    return normal[0];
}

static bench b;

static void fill(int64_t rows, int64_t columns)
{
    b.tile = (cor_tile){
        .rows = rows, .columns = columns, .ld = cor_tile_ld(rows), .x = b.x};
    for (int64_t i = 0; i < rows * columns; i++)
        b.row[i] = 100 + number((uint64_t)i, 0);
    for (int64_t j = 0; j < columns; j++)
        b.center[j] = 100 + number((uint64_t)j, 1);
    for (int64_t i = 0; i < MOST_COMPONENTS * columns; i++) {
        b.mean[i] = number((uint64_t)i, 2);
        b.scale[i] = 1 + fabs(number((uint64_t)i, 3));
    }
    for (int64_t i = 0; i < columns; i++)
        for (int64_t j = 0; j < columns; j++)
            b.upper[i * columns + j] =
                j < i ? 0 : number((uint64_t)(i * columns + j), 4);
    for (int64_t i = 0; i < ROOM; i++)
        b.x[i] = b.q[i] = b.r[i] = NAN; /* what is not written is not read */
    cor_tile_turn(&b.tile, b.row, b.center);
}

/* Row z of the tile about the center. */
static double entry(int64_t z, int64_t j)
{
    int64_t at = z * b.tile.columns + j;
    return z < b.tile.rows ? b.row[at] - b.center[j] : 0;
}

static bool near(double a, double right, double size)
{
    return fabs(a - right) <= 1e-13 * size;
}

static int64_t wrong_turns(void)
{
    int64_t wrong = 0, whole = (b.tile.rows + 7) / 8 * 8;
    for (int64_t j = 0; j < b.tile.columns; j++)
        for (int64_t z = 0; z < whole; z++)
            wrong += b.x[j * b.tile.ld + z] != entry(z, j);
    return wrong;
}

static int64_t wrong_whitening(void)
{
    int64_t wrong = 0, columns = b.tile.columns, ld = b.tile.ld;
    cor_whitening_pack(columns, b.upper, b.mean, b.packed);
    cor_tile_whiten(&b.tile, b.packed, b.y);
    cor_tile_whitened_square(&b.tile, b.packed, b.q);
    for (int64_t z = 0; z < b.tile.rows; z++) {
        double square = 0;
        for (int64_t i = 0; i < columns; i++) {
            double y = 0;
            for (int64_t j = 0; j <= i; j++)
                y += (entry(z, j) - b.mean[j]) * b.upper[j * columns + i];
            wrong += !near(b.y[i * ld + z], y, 30);
            square += y * y;
        }
        wrong += !near(b.q[z], square, 30 * square + 30);
    }
    return wrong;
}

static int64_t wrong_distances(const double *scale)
{
    int64_t wrong = 0, columns = b.tile.columns, ld = b.tile.ld;
    int64_t label[LD];
    double least[LD];
    cor_tile_distances(&b.tile, MOST_COMPONENTS, scale, b.mean, b.q);
    cor_tile_nearest(&b.tile, MOST_COMPONENTS, b.q, label, least);
    for (int64_t z = 0; z < b.tile.rows; z++) {
        int64_t best = 0;
        for (int64_t k = 0; k < MOST_COMPONENTS; k++) {
            double square = 0;
            for (int64_t j = 0; j < columns; j++) {
                int64_t at = k * columns + j;
                double d = entry(z, j) * (scale ? scale[at] : 1) - b.mean[at];
                square += d * d;
            }
            wrong += !near(b.q[k * ld + z], square, 10 * square + 10);
            best = b.q[k * ld + z] < b.q[best * ld + z] ? k : best;
        }
        wrong += label[z] != best || least[z] != b.q[best * ld + z];
    }
    return wrong;
}

static int64_t wrong_mixture(int64_t components)
{
    int64_t wrong = 0, ld = b.tile.ld;
    double constant[MOST_COMPONENTS], slope[MOST_COMPONENTS];
    cor_tile_mix mix = {components, constant, slope, -700};
    for (int64_t k = 0; k < components; k++) {
        constant[k] = -(double)k;
        slope[k] = -.5 - (double)k / 100;
    }
    cor_tile_distances(&b.tile, components, NULL, b.mean, b.q);
    cor_tile_mixture(&b.tile, &mix, b.q, b.r, b.density, b.entropy);
    for (int64_t z = 0; z < b.tile.rows; z++) {
        double sum = 0, most = -INFINITY, mixed = 0;
        for (int64_t k = 0; k < components; k++)
            most = fmax(most, constant[k] + slope[k] * b.q[k * ld + z]);
        for (int64_t k = 0; k < components; k++)
            sum += exp(constant[k] + slope[k] * b.q[k * ld + z] - most);
        for (int64_t k = 0; k < components; k++) {
            double log_r =
                constant[k] + slope[k] * b.q[k * ld + z] - most - log(sum);
            mixed += log_r * exp(log_r);
            wrong += !near(b.r[k * ld + z], exp(log_r), 10);
        }
        wrong += !near(b.density[z], most + log(sum), 10 * fabs(most) + 10);
        wrong += !near(b.entropy[z], mixed, 100);
    }
    for (int64_t z = b.tile.rows; z < (b.tile.rows + 7) / 8 * 8; z++)
        for (int64_t k = 0; k < components; k++)
            wrong += b.r[k * ld + z] != 0;
    return wrong;
}

/* What cor_tile_variances says of one component. */
static int64_t wrong_variances(int64_t k)
{
    int64_t wrong = 0, columns = b.tile.columns;
    for (int64_t at = k * columns; at < (k + 1) * columns; at++) {
        double m = 3, s = 3;
        for (int64_t z = 0; z < b.tile.rows; z++) {
            double d = entry(z, at - k * columns) - b.mean[at];
            m += b.r[k * b.tile.ld + z] * d;
            s += b.r[k * b.tile.ld + z] * d * d;
        }
        wrong += !near(b.own[at], m, 300) + !near(b.square[at], s, 1000);
    }
    return wrong;
}

/* Totals with the responsibilities of wrong_mixture, some groups of the first
   component zero. */
static int64_t wrong_totals(int64_t components)
{
    int64_t wrong = 0, columns = b.tile.columns, ld = b.tile.ld;
    for (int64_t z = 8; z < 16 && z < b.tile.rows; z++)
        b.r[z] = 0;
    for (int64_t z = 0; columns % 3 == 0 && z < b.tile.rows; z++)
        b.r[z] *= z % 5 == 0;
    for (int64_t i = 0; i < MOST_COMPONENTS * MOST_COLUMNS; i++)
        b.first[i] = b.own[i] = b.square[i] = 3;
    for (int64_t i = 0; i < MOST_COMPONENTS; i++)
        b.count[i] = b.dot[i] = 3;
    for (int64_t i = 0; i < MOST_COLUMNS; i++)
        b.about[i] = 3;
    for (int64_t i = 0; i < MOST_COLUMNS * MOST_COLUMNS; i++)
        b.second[i] = 3;
    cor_tile_sums(&b.tile, components, b.r, b.count);
    cor_tile_dots(&b.tile, components, b.r, b.q, b.dot);
    cor_tile_means(&b.tile, components, b.r, b.first);
    cor_tile_variances(&b.tile, components, b.r, b.mean, b.own, b.square);
    cor_tile_covariance(&b.tile, b.r, b.mean, b.y, b.about, b.second);
    for (int64_t k = 0; k < components; k++) {
        double n = 3, d = 3;
        for (int64_t z = 0; z < b.tile.rows; z++) {
            n += b.r[k * ld + z];
            d += b.r[k * ld + z] * b.q[k * ld + z];
        }
        wrong += !near(b.count[k], n, 100) + !near(b.dot[k], d, 10 * d);
        for (int64_t j = 0; j < columns; j++) {
            double m = 3;
            for (int64_t z = 0; z < b.tile.rows; z++)
                m += b.r[k * ld + z] * entry(z, j);
            wrong += !near(b.first[k * columns + j], m, 100);
        }
        wrong += wrong_variances(k);
    }
    for (int64_t i = 0, at = 0; i < columns; i++) {
        double m = 3;
        for (int64_t z = 0; z < b.tile.rows; z++)
            m += b.r[z] * (entry(z, i) - b.mean[i]);
        wrong += !near(b.about[i], m, 300);
        for (int64_t j = i; j < columns; j++, at++) {
            double s = 3;
            for (int64_t z = 0; z < b.tile.rows; z++)
                s += b.r[z] * (entry(z, i) - b.mean[i]) *
                     (entry(z, j) - b.mean[j]);
            wrong += !near(b.second[at], s, 1000);
        }
    }
    return wrong + (b.second[cor_packed_length(columns)] != 3);
}

static void tiles_are_what_plain_loops_say(void **state)
{
    (void)state;
    static const int64_t rows[] = {1, 7, 8, 9, 31, 40, 77};
    for (int family = 0; family <= (int)cor_family_best(); family++) {
        cor_family_use(family);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            for (int64_t columns = 1; columns < MOST_COLUMNS; columns++) {
                fill(rows[i], columns);
                CHECK(wrong_turns() == 0);
                CHECK(wrong_whitening() == 0);
                CHECK(wrong_distances(NULL) == 0);
                CHECK(wrong_distances(b.scale) == 0);
                CHECK(wrong_mixture(1 + columns % MOST_COMPONENTS) == 0);
                CHECK(wrong_totals(1 + columns % MOST_COMPONENTS) == 0);
            }
    }
    cor_family_use(cor_family_best());
}

/* With two components of which the second has log density x less than the
   first, r1 / r0 = exp(x) and the log density is log(1 + exp(x)). */
static double worst_error(double from, double to, bool of_log)
{
    static double q[2 * LD], r[2 * LD], density[LD], entropy[LD];
    double one[2] = {0, 0}, slope[2] = {0, 1}, worst = 0;
    cor_tile tile = {.rows = 80, .columns = 1, .ld = LD};
    cor_tile_mix mix = {2, one, slope, -708};
    for (int64_t step = 0; step < 500; step++) {
        for (int64_t z = 0; z < 80; z++)
            q[LD + z] = from + (to - from) * (double)(step * 80 + z) / 40000;
        cor_tile_mixture(&tile, &mix, q, r, density, entropy);
        for (int64_t z = 0; z < 80; z++) {
            long double e = expl((long double)q[LD + z]);
            long double right = of_log ? log1pl(e) : e;
            double got = of_log ? density[z] : r[LD + z] / r[z];
            double error = (double)(fabsl(got - right) / right);
            worst = error > worst ? error : worst;
        }
    }
    return worst;
}

static void exponentials_and_logarithms_are_exact_to_a_unit(void **state)
{
    (void)state;
    for (int family = 0; family <= (int)cor_family_best(); family++) {
        cor_family_use(family);
        /* two products and a quotient round too */
        CHECK(worst_error(-708, 0, false) < 2.5 * DBL_EPSILON);
        CHECK(worst_error(-1, 0, false) < 2.5 * DBL_EPSILON);
        /* the exponential and the sum round too */
        CHECK(worst_error(-.9, 0, true) < 2 * DBL_EPSILON);
    }
    cor_family_use(cor_family_best());
}

/* Logarithms of sums as large as the components are many. */
static void logarithms_of_many_equal_components(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    double *q = NULL, *r = NULL, density[8], entropy[8];
    CHECK_OK(COR_NEW_ZEROED(&q, COUNT * 8));
    CHECK_OK(COR_NEW_ZEROED(&r, COUNT * 8));
    for (int64_t components = 1; components <= COUNT; components++) {
        cor_tile tile = {.rows = 8, .columns = 1, .ld = 8};
        cor_tile_mix mix = {components, q, q, -708};
        cor_tile_mixture(&tile, &mix, q, r, density, entropy);
        double right = log((double)components);
        assert_true(fabs(density[3] - right) <= DBL_EPSILON * right);
    }
    cor_free(q);
    cor_free(r);
}

static void families_that_fuse_give_the_same_bits(void **state)
{
    (void)state;
    if (cor_family_best() < COR_FAMILY_AVX512)
        skip();
    static bench other;
    for (int64_t columns = 1; columns < MOST_COLUMNS; columns++) {
        cor_family_use(COR_FAMILY_AVX2);
        memset(&b, 0, sizeof b);
        fill(61, columns);
        CHECK(wrong_whitening() + wrong_mixture(5) + wrong_totals(5) == 0);
        other = b;
        cor_family_use(COR_FAMILY_AVX512);
        memset(&b, 0, sizeof b);
        fill(61, columns);
        CHECK(wrong_whitening() + wrong_mixture(5) + wrong_totals(5) == 0);
        CHECK(memcmp(&b, &other, sizeof b) == 0);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tiles_are_what_plain_loops_say),
    cmocka_unit_test(exponentials_and_logarithms_are_exact_to_a_unit),
    cmocka_unit_test(logarithms_of_many_equal_components),
    cmocka_unit_test(families_that_fuse_give_the_same_bits),
};

TEAM_TESTS(tests)
