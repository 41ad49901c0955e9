#include "coracle/steps.h"

#include "kernels.h"

int64_t cor_step_tile(int64_t ld)
{
    enum { BYTES = 16384, LEAST = 8 };
    int64_t users = BYTES / (ld * (int64_t)sizeof(float));
    return users > LEAST ? users : LEAST;
}

void cor_step_block_run(const cor_step_rule *rule, const cor_step_block *block,
                        double sums[2])
{
    cor_kernels_used()->steps.run(rule, block, sums);
}

void cor_step_block_error(const cor_step_rule *rule,
                          const cor_step_block *block, double low, double high,
                          double sums[2])
{
    cor_kernels_used()->steps.error(rule, block, low, high, sums);
}

void cor_step_norms(const cor_step_rule *rule, const cor_step_rows *rows)
{
    cor_kernels_used()->steps.norms(rule, rows);
}
