/** Products by BLAS. */
#include "coracle/dense.h"

#include "single.h"

#include <cblas.h>

/* Below this order half of a whole product takes less time than the routine
   for the triangle. */
enum { WHOLE_BELOW = 56 };

static CBLAS_TRANSPOSE turn(bool turned)
{
    return turned ? CblasTrans : CblasNoTrans;
}

void cor_dense_multiply(int64_t m, int64_t n, int64_t k, cor_dense_operand a,
                        cor_dense_operand b, bool add, double *c, int64_t ld)
{
    if (m == 0 || n == 0)
        return;
    int kept = single_begin();
    cblas_dgemm(CblasRowMajor, turn(a.turned), turn(b.turned), (blasint)m,
                (blasint)n, (blasint)k, 1, a.value, (blasint)a.ld, b.value,
                (blasint)b.ld, add, c, (blasint)ld);
    single_end(kept);
}

void cor_dense_gram(int64_t n, int64_t k, cor_dense_operand a, double *c,
                    int64_t ld)
{
    cor_dense_operand other = a;
    other.turned = !a.turned;
    if (n < WHOLE_BELOW) {
        cor_dense_multiply(n, n, k, a, other, true, c, ld);
        return;
    }
    int kept = single_begin();
    cblas_dsyrk(CblasRowMajor, CblasLower, turn(a.turned), (blasint)n,
                (blasint)k, 1, a.value, (blasint)a.ld, 1, c, (blasint)ld);
    single_end(kept);
}
