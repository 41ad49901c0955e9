/*
 * Why the bound holds for what is computed and not for real numbers alone. With
 * n = ld, u = 2^-24, D = |x| |y|: the chain of multiply-adds, fused or not,
 * errs by at most g D + n 2^-149 where g = n u / (1 - n u) (Higham, "Accuracy
 * and stability of numerical algorithms", section 3.1; the sum of |x_f y_f| is
 * at most D; the last term is of underflow), and adding the bias by u times the
 * result. A computed score is thus at most
 *
 *   b + u |b| + (1 + g) (1 + u) D + (n + 1) 2^-149.
 *
 * slack = (n + 8) 2^-23 is twice what u and g need, for any n below a million;
 * the other half, 2^-20 and more, is far beyond the roundings of the lengths,
 * of the lines, and of where a user stands, which are done in doubles and are
 * some (n + 4) 2^-53 of the same b and D. A chord's own rounding, some 2^-51 of
 * its ends, is not bounded by b and D where the ends cancel: reach_misses adds
 * 2^-44 of both.
 *
 * Partial sums are at most (1 + g) D: where D at the node above a user is below
 * a quarter of what a float holds none of them overflows, and a sum with the
 * bias that does has a bound above that quarter. Beyond it nothing is missed.
 */
#include "reach.h"

#include <float.h>
#include <math.h>

static const double greatest = (double)FLT_MAX / 4;

double reach_length(const float *row, int64_t ld)
{
    double sum = 0;
    for (int64_t f = 0; f < ld; f++)
        sum += (double)row[f] * (double)row[f];
    return sqrt(sum);
}

reach_nodes reach_nodes_to(double most)
{
    reach_nodes nodes = {{0}};
    double length = most;
    for (int k = REACH_NODES - 1; k > 0; k--, length *= sqrt(0.5))
        nodes.length[k] = length;
    return nodes;
}

reach_place reach_find(const reach_nodes *nodes, double length)
{
    const double *node = nodes->length;
    reach_place place = {0, 0};
    if (!(length <= node[REACH_NODES - 1]))
        return (reach_place){0, (double)NAN};
    while (place.node < REACH_NODES - 2 && length > node[place.node + 1])
        place.node++;
    double low = node[place.node], high = node[place.node + 1];
    if (high > low)
        place.part = (length - low) / (high - low);
    return place;
}

reach reach_none(void)
{
    reach set;
    for (int k = 0; k < REACH_NODES; k++)
        set.at[k] = (double)-INFINITY;
    return set;
}

void reach_add(reach *set, const reach_nodes *nodes, int64_t ld, double length,
               float bias)
{
    double slack = (double)(ld + 8) * 0x1p-23, b = (double)bias;
    b += slack * fabs(b) + (double)(ld + 2) * (double)FLT_MIN;
    for (int k = 0; k < REACH_NODES; k++) {
        double product = length * (1 + slack) * nodes->length[k];
        double line = product < greatest ? b + product : (double)INFINITY;
        if (line > set->at[k])
            set->at[k] = line;
    }
}

void reach_join(reach *set, const reach *other)
{
    for (int k = 0; k < REACH_NODES; k++)
        if (other->at[k] > set->at[k])
            set->at[k] = other->at[k];
}

bool reach_misses(const reach *set, reach_place place, float least)
{
    double low = set->at[place.node], high = set->at[place.node + 1];
    double bound = low + place.part * (high - low);
    bound += 0x1p-44 * (fabs(low) + fabs(high));
    return bound < (double)least && bound < greatest;
}
