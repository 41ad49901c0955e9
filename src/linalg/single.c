#include "single.h"

#include <cblas.h>
#include <omp.h>
#include <pthread.h>

static pthread_once_t told = PTHREAD_ONCE_INIT;

static void tell(void)
{
    openblas_set_num_threads(1);
}

int single_begin(void)
{
    int kept = omp_get_max_threads();
    pthread_once(&told, tell);
    omp_set_num_threads(1);
    return kept;
}

void single_end(int kept)
{
    omp_set_num_threads(kept);
}
