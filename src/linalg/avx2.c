/** The kernels for x86-64-v3: 8 lanes, 16 registers, fused multiply-add. */
#define COR_LANES 8
#define COR_TABLE cor_kernels_avx2
#include "family.h"
