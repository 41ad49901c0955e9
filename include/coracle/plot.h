/**
 * Pictures, drawn by gnuplot, which is started where a plot is made and nowhere
 * else. Local: one rank builds the script and draws.
 */
#ifndef CORACLE_PLOT_H
#define CORACLE_PLOT_H

#include "coracle/status.h"

#include <stdbool.h>
#include <stdint.h>

/** A script that grows. Starts as {0}; running out of memory is remembered and
    reported by cor_plot_draw. The owner calls cor_plot_free. */
typedef struct cor_plot {
    char *text;
    int64_t length, capacity;
    int status;
} cor_plot;

/** Append to the script. */
void cor_plot_add(cor_plot *plot, const char *format, ...) COR_PRINTF(2, 3);
/** Append a text as gnuplot quotes it, so that nothing in it is taken for
    markup or an end. */
void cor_plot_quote(cor_plot *plot, const char *text);
void cor_plot_free(cor_plot *plot);

/** COR_EUSAGE unless the path ends in .svg or .png. */
int cor_plot_check(const char *path);

/**
 * Draw a picture, SVG or PNG by the path's ending; it stands beside its final
 * name until it is whole. The same script gives the same bytes.
 * @return COR_OK; COR_EUSAGE: another ending; COR_EIO: gnuplot is not installed
 * or fails (with its own words), or the path cannot be written; COR_EMEMORY
 */
int cor_plot_draw(const cor_plot *plot, const char *path);

/** Numbers of a log that a job wrote (--log), by stage and name; of a job that
    chose among mixtures the criteria by covariance and name, over the numbers
    of components. */
typedef struct cor_series {
    char stage[48], name[48];
    int64_t count;
    double *step, *value; /* count each */
} cor_series;

/** The series of a log of JSON lines, or of a result that was printed with
    --json, in the order in which they begin.
    @param[out] series  takes a block, for cor_series_free
    @return COR_OK; COR_EIO; COR_EDATA: a line that is no JSON object */
int cor_series_read(const char *path, cor_series **series, int64_t *count);
void cor_series_free(cor_series *series, int64_t count);

#endif
