/** The kernels for what every processor of this kind has (4 lanes). */
#define COR_LANES 4
#define COR_TABLE cor_kernels_base
#include "family.h"
