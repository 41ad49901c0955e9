#include "plot_mixture.h"

#include "coracle/memory.h"
#include "coracle/random.h"

#include <math.h>
#include <stdio.h>

enum { ACROSS = 160, DOWN = 120 }; /* cells of the grid of densities */

/* A row as it is drawn. */
typedef struct point {
    double x, y, anomaly;
} point;

/* What is drawn, on rank 0. */
typedef struct picture {
    point *point;
    int64_t points;
    double low[2], high[2];
} picture;

static int mark(const cor_command *command, const plot_mixture *how,
                const cor_mixture *mixture, const cor_matrix *matrix,
                int8_t *anomaly)
{
    cor_densities densities;
    double *density = NULL;
    int rc = COR_NEW(&density, matrix->count);
    if (rc == COR_OK)
        rc = cor_mixture_score(command->team, mixture, matrix, 0, matrix->count,
                               &(cor_mixture_scores){.log_density = density});
    rc = cor_agree(command->team, rc);
    if (rc == COR_OK)
        rc = cor_mixture_judge(command->team, matrix, density, how->anomalies,
                               -INFINITY, anomaly, &densities);
    cor_free(density);
    return rc;
}

/* Some of my rows, by their numbers alone; all anomalies are among them. */
static int take_rows(const cor_command *command, const plot_mixture *how,
                     const cor_matrix *matrix, const int8_t *anomaly,
                     point **some, int64_t *count)
{
    double *row = NULL;
    double share = (double)how->points / (double)(matrix->rows + 1);
    COR_TRY(COR_NEW(&row, matrix->columns));
    int rc = COR_NEW(some, matrix->count);
    for (int64_t i = 0; rc == COR_OK && i < matrix->count; i++) {
        uint64_t number = (uint64_t)(matrix->first + i);
        double unit = cor_random_unit(cor_random_at(
            (uint64_t)command->seed, COR_STREAM_PICTURE, number, 0));
        if (unit >= share && !anomaly[i])
            continue;
        cor_matrix_tile(matrix, i, 1, row);
        (*some)[(*count)++] =
            (point){row[how->column[0]], row[how->column[1]], anomaly[i]};
    }
    cor_free(row);
    return rc;
}

static void find_range(picture *p)
{
    for (int a = 0; a < 2; a++) {
        p->low[a] = INFINITY;
        p->high[a] = -INFINITY;
    }
    for (int64_t i = 0; i < p->points; i++) {
        const double at[2] = {p->point[i].x, p->point[i].y};
        for (int a = 0; a < 2; a++) {
            p->low[a] = fmin(p->low[a], at[a]);
            p->high[a] = fmax(p->high[a], at[a]);
        }
    }
    for (int a = 0; a < 2; a++) {
        double margin = (p->high[a] - p->low[a]) * 0.06;
        if (!(margin > 0))
            margin = 1;
        p->low[a] -= margin;
        p->high[a] += margin;
    }
}

/* Log density and component at each cell of the grid. */
static int add_grid(const cor_command *command, const cor_mixture *marginal,
                    const picture *p, cor_plot *plot)
{
    static double cell[ACROSS * DOWN][2], density[ACROSS * DOWN];
    static int32_t label[ACROSS * DOWN];
    cor_matrix grid = {.rows = ACROSS * DOWN,
                       .columns = 2,
                       .type = COR_FLOAT64,
                       .count = ACROSS * DOWN,
                       .value = cell};
    for (int i = 0; i < ACROSS * DOWN; i++) {
        cell[i][0] = p->low[0] +
                     (p->high[0] - p->low[0]) * (i % ACROSS) / (ACROSS - 1.0);
        cell[i][1] =
            p->low[1] + (p->high[1] - p->low[1]) * (i / ACROSS) / (DOWN - 1.0);
    }
    COR_TRY(cor_mixture_score(
        command->team, marginal, &grid, 0, grid.count,
        &(cor_mixture_scores){.log_density = density, .label = label}));
    cor_plot_add(plot, "$grid << END\n");
    for (int i = 0; i < ACROSS * DOWN; i++)
        cor_plot_add(plot, "%.6g %.6g %.6g %d\n%s", cell[i][0], cell[i][1],
                     density[i], (int)label[i],
                     i % ACROSS == ACROSS - 1 ? "\n" : "");
    cor_plot_add(plot, "END\n");
    return COR_OK;
}

static void add_points(const picture *p, bool anomalies, cor_plot *plot)
{
    cor_plot_add(plot, "$%s << END\n", anomalies ? "anomalies" : "rows");
    for (int64_t i = 0; i < p->points; i++)
        if ((p->point[i].anomaly > 0) == anomalies)
            cor_plot_add(plot, "%.6g %.6g\n", p->point[i].x, p->point[i].y);
    cor_plot_add(plot, "END\n");
}

/* Ellipses of one and two standard deviations: the Cholesky factor of a 2 x 2
   covariance times the circle. */
static void add_ellipses(const cor_mixture *m, cor_plot *plot)
{
    enum { STEPS = 72 };
    cor_plot_add(plot, "$ellipses << END\n");
    for (int64_t k = 0; k < m->components; k++)
        for (int radius = 1; m->weight[k] > 1e-3 && radius <= 2; radius++) {
            const double *c = m->covariance + 4 * k, *mean = m->mean + 2 * k;
            double a = sqrt(c[0]), b = c[1] / a, d = sqrt(c[3] - b * b);
            for (int s = 0; s <= STEPS; s++) {
                double turn = 2 * 3.14159265358979 * s / STEPS;
                double x = radius * cos(turn), y = radius * sin(turn);
                cor_plot_add(plot, "%.6g %.6g\n", mean[0] + a * x,
                             mean[1] + b * x + d * y);
            }
            cor_plot_add(plot, "\n");
        }
    cor_plot_add(plot, "END\n$means << END\n");
    for (int64_t k = 0; k < m->components; k++)
        if (m->weight[k] > 1e-3)
            cor_plot_add(plot, "%.6g %.6g\n", m->mean[2 * k],
                         m->mean[2 * k + 1]);
    cor_plot_add(plot, "END\n");
}

static void add_label(const cor_mixture *m, const char *axis, int64_t column,
                      cor_plot *plot)
{
    char name[COR_ID_LIMIT + 1];
    if (m->name.total > 0)
        cor_ids_print(&m->name, column, name, sizeof name);
    else
        snprintf(name, sizeof name, "column %lld", (long long)column + 1);
    cor_plot_add(plot, "set %slabel ", axis);
    cor_plot_quote(plot, name);
    cor_plot_add(plot, "\n");
}

/* Colours that colour-blind people tell apart: Okabe, Ito, "Color universal
   design", 2008. */
static void add_drawing(const picture *p, const plot_mixture *how,
                        const cor_mixture *mixture, cor_plot *plot)
{
    add_label(mixture, "x", how->column[0], plot);
    add_label(mixture, "y", how->column[1], plot);
    cor_plot_add(
        plot,
        "set title 'Gaussian mixture: %lld components, covariance %s'\n"
        "set contour base\nunset surface\nset cntrparam cubicspline\n"
        "set cntrparam levels auto 12\n"
        "set table $contours\nsplot $grid using 1:2:3\nunset table\n"
        "set cntrparam linear\nset cntrparam levels incremental .5,1,%lld\n"
        "set table $borders\nsplot $grid using 1:2:4\nunset table\n"
        "unset contour\nset surface\n"
        "set xrange [%.6g:%.6g]\nset yrange [%.6g:%.6g]\n"
        "set key outside bottom center horizontal\nset grid lc rgb '#eeeeee'\n",
        (long long)mixture->components,
        cor_covariance_name(mixture->covariance_type),
        (long long)mixture->components, p->low[0], p->high[0], p->low[1],
        p->high[1]);
    cor_plot_add(
        plot,
        "plot $rows with points pt 7 ps .35 lc rgb '#80999999' title 'rows', "
        "$contours with lines lc rgb '#56b4e9' lw 1 title 'log density', ");
    if (mixture->components > 1)
        cor_plot_add(plot, "$borders with lines lc rgb '#000000' dt 2 lw 1.5 "
                           "title 'borders', ");
    cor_plot_add(plot,
                 "$ellipses with lines lc rgb '#0072b2' lw 2 title '1 and 2 "
                 "standard deviations', "
                 "$means with points pt 2 ps 1.4 lw 2 lc rgb '#0072b2' title "
                 "'means'");
    if (how->anomalies > 0)
        cor_plot_add(plot,
                     ", $anomalies with points pt 6 ps 1 lw 1.5 lc rgb "
                     "'#d55e00' title 'anomalies (%g %%)'",
                     how->anomalies);
    cor_plot_add(plot, "\n");
}

static int build(const cor_command *command, const plot_mixture *how,
                 const cor_mixture *mixture, picture *p, cor_plot *plot)
{
    cor_mixture marginal;
    COR_TRY(cor_mixture_marginal(mixture, how->column, &marginal));
    find_range(p);
    add_points(p, false, plot);
    if (how->anomalies > 0)
        add_points(p, true, plot);
    add_ellipses(&marginal, plot);
    int rc = add_grid(command, &marginal, p, plot);
    add_drawing(p, how, mixture, plot);
    cor_mixture_free(&marginal);
    return rc;
}

int plot_mixture_build(const cor_command *command, const plot_mixture *how,
                       const cor_mixture *mixture, const cor_matrix *matrix,
                       cor_plot *plot)
{
    const cor_team *team = command->team;
    picture p = {0};
    int8_t *anomaly = NULL;
    point *some = NULL;
    int64_t count = 0;
    int rc = cor_agree(team, COR_NEW_ZEROED(&anomaly, matrix->count));
    if (rc == COR_OK && how->anomalies > 0)
        rc = mark(command, how, mixture, matrix, anomaly);
    if (rc == COR_OK)
        rc = cor_agree(team,
                       take_rows(command, how, matrix, anomaly, &some, &count));
    if (rc == COR_OK)
        rc = cor_team_collect_at(team, 0, some, count, sizeof *some, &p.point,
                                 &p.points);
    if (rc == COR_OK && cor_team_rank(team) == 0)
        rc = build(command, how, mixture, &p, plot);
    cor_free(anomaly);
    cor_free(some);
    cor_free(p.point);
    return cor_agree(team, rc);
}
