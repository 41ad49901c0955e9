/** The kernels for x86-64-v4: 16 lanes, 32 registers, fused multiply-add. */
#define COR_LANES 16
#define COR_TABLE cor_kernels_avx512
#include "family.h"
