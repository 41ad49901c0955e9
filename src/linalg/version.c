/** What the BLAS library says of itself. */
#include "coracle/linalg.h"

#include <cblas.h>
#include <stdio.h>

const char *cor_linalg_version(void)
{
    static _Thread_local char line[256];
    static const char *const threading[] = {"serial", "pthread", "OpenMP"};
    int parallel = openblas_get_parallel();
    snprintf(line, sizeof line, "%s (%s, kernel %s)", openblas_get_config(),
             parallel >= 0 && parallel < 3 ? threading[parallel] : "threads",
             openblas_get_corename());
    return line;
}
