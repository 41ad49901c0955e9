#include "coracle/random.h"

#include <Random123/philox.h>
#include <math.h>

cor_random cor_random_at(uint64_t seed, uint32_t stream, uint64_t row,
                         uint32_t step)
{
    philox4x32_ctr_t counter = {
        {(uint32_t)row, (uint32_t)(row >> 32), stream, step}};
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    philox4x32_ctr_t bits = philox4x32(counter, key);
    return (cor_random){{bits.v[0], bits.v[1], bits.v[2], bits.v[3]}};
}

static double unit(uint32_t high, uint32_t low)
{
    uint64_t bits = ((uint64_t)high << 32 | low) >> 11;
    return (double)bits * 0x1p-53;
}

double cor_random_unit(cor_random bits)
{
    return unit(bits.word[0], bits.word[1]);
}

void cor_random_units(cor_random bits, double out[2])
{
    out[0] = unit(bits.word[0], bits.word[1]);
    out[1] = unit(bits.word[2], bits.word[3]);
}

void cor_random_normals(cor_random bits, double normal[2])
{
    double u[2];
    cor_random_units(bits, u);
    double radius = sqrt(-2.0 * log1p(-u[0])); /* 1 - u is never 0 */
    double angle = 6.283185307179586477 * u[1];
    normal[0] = radius * cos(angle);
    normal[1] = radius * sin(angle);
}
