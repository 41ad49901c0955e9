/**
 * The picture of a mixture over two columns of the rows it describes.
 */
#ifndef PLOT_MIXTURE_H
#define PLOT_MIXTURE_H

#include "coracle/command.h"
#include "coracle/mixture.h"
#include "coracle/plot.h"

typedef struct plot_mixture {
    int64_t column[2]; /* from 0 */
    int64_t points;    /* at most; drawn from the rows by number */
    double anomalies;  /* percent; 0: none */
} plot_mixture;

/** Build the script on rank 0. Collective. */
int plot_mixture_build(const cor_command *command, const plot_mixture *how,
                       const cor_mixture *mixture, const cor_matrix *matrix,
                       cor_plot *plot);

#endif
