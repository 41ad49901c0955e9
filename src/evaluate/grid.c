#include "coracle/memory.h"
#include "coracle/random.h"
#include "coracle/search.h"
#include "coracle/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES = 256, VALUE_SIZE = 64 };

typedef struct axis {
    char name[VALUE_SIZE];
    int count;
    char value[VALUES][VALUE_SIZE];
    bool range, logarithmic; /* range: of numbers between two */
    double low, high;
} axis;

struct cor_grid {
    int axes;
    axis *axis;
    int64_t points;
    char (*drawn)[VALUE_SIZE]; /* points x axes, when points are drawn */
};

static int malformed(const char *text)
{
    return cor_fail(COR_EUSAGE,
                    "--grid \"%s\": write NAME=VALUE,VALUE,... or, for points "
                    "drawn at random, NAME=LOW:HIGH or NAME=LOW:HIGH:log",
                    text);
}

static bool read_number(const char *text, char end, double *value,
                        const char **rest)
{
    char *stop;
    *value = strtod(text, &stop);
    *rest = stop;
    return stop != text && *stop == end && isfinite(*value);
}

/* LOW:HIGH or LOW:HIGH:log */
static int read_range(const char *text, const char *values, axis *a)
{
    const char *rest;
    a->range = true;
    if (!read_number(values, ':', &a->low, &rest))
        return malformed(text);
    bool plain = read_number(rest + 1, 0, &a->high, &rest);
    a->logarithmic = !plain && strcmp(rest, ":log") == 0;
    if ((!plain && !a->logarithmic) || !(a->low < a->high) ||
        (a->logarithmic && !(a->low > 0)))
        return malformed(text);
    return COR_OK;
}

static int read_values(const char *text, const char *values, axis *a)
{
    for (const char *at = values; at;) {
        size_t length = strcspn(at, ",");
        if (length == 0 || length >= VALUE_SIZE || a->count == VALUES)
            return malformed(text);
        memcpy(a->value[a->count++], at, length);
        at = at[length] ? at + length + 1 : NULL;
    }
    return COR_OK;
}

static int read_axis(const char *text, bool draw, axis *a)
{
    size_t length = strcspn(text, "=");
    if (length == 0 || length >= VALUE_SIZE || text[length] == 0)
        return malformed(text);
    memcpy(a->name, text, length);
    const char *values = text + length + 1;
    if (draw && strchr(values, ':'))
        return read_range(text, values, a);
    return read_values(text, values, a);
}

static void draw_value(const axis *a, double unit, char *out)
{
    if (!a->range) {
        memcpy(out, a->value[(int)(unit * a->count)], VALUE_SIZE);
        return;
    }
    double value = a->logarithmic ? a->low * pow(a->high / a->low, unit)
                                  : a->low + (a->high - a->low) * unit;
    snprintf(out, VALUE_SIZE, "%.6g", value);
}

static int draw(cor_grid *g, int64_t seed)
{
    COR_TRY(cor_allocate(&g->drawn, g->points * g->axes, VALUE_SIZE, "points"));
    for (int64_t p = 0; p < g->points; p++)
        for (int a = 0; a < g->axes; a++) {
            double unit = cor_random_unit(cor_random_at(
                (uint64_t)seed, COR_STREAM_POINT, (uint64_t)p, (uint32_t)a));
            draw_value(&g->axis[a], unit, g->drawn[p * g->axes + a]);
        }
    return COR_OK;
}

static int count_points(cor_grid *g)
{
    g->points = 1;
    for (int a = 0; a < g->axes; a++) {
        g->points *= g->axis[a].count;
        if (g->points > 1000000)
            return cor_fail(COR_EUSAGE,
                            "the grid has more than a million points; draw "
                            "some of them with --random N");
    }
    return COR_OK;
}

static int fill(cor_grid *g, const char *const *text, int64_t draws,
                int64_t seed)
{
    COR_TRY(COR_NEW_ZEROED(&g->axis, g->axes));
    for (int a = 0; a < g->axes; a++) {
        COR_TRY(read_axis(text[a], draws > 0, &g->axis[a]));
        for (int b = 0; b < a; b++)
            if (strcmp(g->axis[a].name, g->axis[b].name) == 0)
                return cor_fail(COR_EUSAGE, "--grid names %s twice",
                                g->axis[a].name);
    }
    if (draws == 0)
        return count_points(g);
    g->points = draws;
    return draw(g, seed);
}

int cor_grid_create(const char *const *text, int axes, int64_t draws,
                    int64_t seed, cor_grid **grid)
{
    cor_grid *g = NULL;
    *grid = NULL;
    if (axes < 1 || axes > COR_AXES)
        return cor_fail(COR_EUSAGE,
                        "give --grid NAME=VALUE,VALUE,... for each setting to "
                        "try, at most %d of them",
                        COR_AXES);
    COR_TRY(COR_NEW_ZEROED(&g, 1));
    g->axes = axes;
    int rc = fill(g, text, draws, seed);
    if (rc != COR_OK)
        cor_grid_destroy(&g);
    *grid = g;
    return rc;
}

void cor_grid_destroy(cor_grid **grid)
{
    if (!*grid)
        return;
    cor_free((*grid)->axis);
    cor_free((*grid)->drawn);
    cor_free(*grid);
    *grid = NULL;
}

int cor_grid_axes(const cor_grid *grid)
{
    return grid->axes;
}

int64_t cor_grid_points(const cor_grid *grid)
{
    return grid->points;
}

const char *cor_grid_name(const cor_grid *grid, int a)
{
    return grid->axis[a].name;
}

const char *cor_grid_value(const cor_grid *grid, int64_t point, int a)
{
    if (grid->drawn)
        return grid->drawn[point * grid->axes + a];
    for (int later = grid->axes - 1; later > a; later--)
        point /= grid->axis[later].count;
    return grid->axis[a].value[point % grid->axis[a].count];
}
