/**
 * Pictures of numbers that jobs wrote as text. Local: one rank reads the file
 * and builds the script.
 */
#ifndef PLOT_NUMBERS_H
#define PLOT_NUMBERS_H

#include "coracle/plot.h"

/** A log: a panel a metric, over the steps, or the criteria of mixtures over
    their components. @return COR_OK; COR_EIO; COR_EDATA: no metrics in it */
int plot_log(const char *path, cor_plot *plot);

/** The table of a search, as tune writes it: a panel a setting, the metric over
    its values. @return COR_OK; COR_EIO; COR_EDATA: another table */
int plot_table(const char *path, cor_plot *plot);

#endif
