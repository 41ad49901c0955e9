#include "plot_numbers.h"

#include "coracle/memory.h"

#include <string.h>

/* Colours that stay apart for all eyes: Wong, "Points of view: color
   blindness", Nature Methods 2011. */
static const char *const colour[] = {"#0072b2", "#d55e00", "#009e73",
                                     "#cc79a7", "#e69f00", "#56b4e9"};
enum { COLOURS = sizeof colour / sizeof *colour };

static void add_series(const cor_series *s, int64_t index, cor_plot *plot)
{
    cor_plot_add(plot, "$series%lld << END\n", (long long)index);
    for (int64_t i = 0; i < s->count; i++)
        cor_plot_add(plot, "%.9g %.9g\n", s->step[i], s->value[i]);
    cor_plot_add(plot, "END\n");
}

/* The first series of its name has the panel that all of the name are in. */
static bool has_panel(const cor_series *s, int64_t index)
{
    for (int64_t i = 0; i < index; i++)
        if (strcmp(s[i].name, s[index].name) == 0)
            return false;
    return true;
}

static void add_panel(const cor_series *s, int64_t count, int64_t first,
                      cor_plot *plot)
{
    int64_t lines = 0;
    cor_plot_add(plot, "set ylabel ");
    cor_plot_quote(plot, s[first].name);
    cor_plot_add(plot, "\nplot ");
    for (int64_t i = first; i < count; i++) {
        if (strcmp(s[i].name, s[first].name) != 0)
            continue;
        cor_plot_add(plot,
                     "%s$series%lld with %s lw 2 pt 7 ps .5 lc rgb '%s' title ",
                     lines > 0 ? ", " : "", (long long)i,
                     s[i].count > 100 ? "lines" : "linespoints",
                     colour[lines % COLOURS]);
        cor_plot_quote(plot, s[i].stage);
        lines++;
    }
    cor_plot_add(plot, "\n");
}

/* A panel a metric, below each other: their units differ. */
static void add_panels(const cor_series *s, int64_t count, cor_plot *plot)
{
    int64_t panels = 0;
    for (int64_t i = 0; i < count; i++)
        panels += has_panel(s, i);
    cor_plot_add(plot,
                 "set multiplot layout %lld,1\n"
                 "set grid lc rgb '#eeeeee'\nset xlabel '%s'\n"
                 "set lmargin 14\n",
                 (long long)panels,
                 strcmp(s[0].name, "bic") == 0 ? "components" : "step");
    if (panels == count)
        cor_plot_add(plot, "unset key\n");
    for (int64_t i = 0; i < count; i++)
        if (has_panel(s, i))
            add_panel(s, count, i, plot);
    cor_plot_add(plot, "unset multiplot\n");
}

int plot_log(const char *path, cor_plot *plot)
{
    cor_series *series = NULL;
    int64_t count = 0;
    COR_TRY(cor_series_read(path, &series, &count));
    int rc = COR_OK;
    if (count == 0)
        rc = cor_fail(COR_EDATA,
                      "%s has no metrics: give a log of a job that iterates",
                      path);
    for (int64_t i = 0; i < count; i++)
        add_series(&series[i], i, plot);
    if (rc == COR_OK)
        add_panels(series, count, plot);
    cor_series_free(series, count);
    return rc;
}
