/** Products, by the kernels of the family in use. */
#include "coracle/dense.h"

#include "kernels.h"

#include <string.h>

void cor_dense_multiply(int64_t m, int64_t n, int64_t k, cor_dense_operand a,
                        cor_dense_operand b, bool add, double *c, int64_t ld)
{
    const cor_product p = {.m = m,
                           .n = n,
                           .k = k,
                           .a = a.value,
                           .a_row = a.turned ? 1 : a.ld,
                           .a_step = a.turned ? a.ld : 1,
                           .b = b.value,
                           .b_step = b.turned ? 1 : b.ld,
                           .b_column = b.turned ? b.ld : 1,
                           .add = add,
                           .c = c,
                           .ld = ld};
    for (int64_t i = 0; k == 0 && !add && i < m; i++)
        memset(c + i * ld, 0, (size_t)n * sizeof *c);
    cor_kernels_used()->multiply(&p);
}

void cor_dense_gram(int64_t n, int64_t k, cor_dense_operand a, double *c,
                    int64_t ld)
{
    const cor_product p = {.m = n,
                           .n = n,
                           .k = k,
                           .a = a.value,
                           .a_row = a.turned ? 1 : a.ld,
                           .a_step = a.turned ? a.ld : 1,
                           .b = a.value,
                           .b_step = a.turned ? a.ld : 1,
                           .b_column = a.turned ? 1 : a.ld,
                           .add = true,
                           .lower = true,
                           .c = c,
                           .ld = ld};
    cor_kernels_used()->multiply(&p);
}
