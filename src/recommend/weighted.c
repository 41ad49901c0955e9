#include "weighted.h"

#include "coracle/failure.h"
#include "coracle/memory.h"
#include "coracle/sum.h"

#include <math.h>

enum { CHUNK = 1024 }; /* rows that a thread turns at a time */

int weighted_open(weighted *room, int64_t values, int64_t factors)
{
    int64_t ld = cor_padded(factors);
    COR_TRY(COR_NEW(&room->weight, values));
    COR_TRY(COR_NEW(&room->target, values));
    COR_TRY(COR_NEW_ZEROED(&room->scale, ld));
    COR_TRY(COR_NEW_ZEROED(&room->ones, ld));
    for (int64_t f = 0; f < factors; f++)
        room->ones[f] = 1;
    return COR_OK;
}

void weighted_close(weighted *room)
{
    cor_free(room->weight);
    cor_free(room->target);
    cor_free(room->scale);
    cor_free(room->ones);
    *room = (weighted){0};
}

double weighted_values(const cor_implicit *how, const cor_ridge_row *values,
                       weighted *room, cor_ridge_row *row)
{
    /* d - d^2 / a a value, which is - d / a in the one form, 0 in the other */
    float alpha = (float)how->alpha, besides = how->form == COR_CONFIDENCE;
    double constant = 0;
    *row = *values;
    row->reg = 1;
    if (how->form == COR_EXPLICIT)
        return 0;
    for (int64_t j = 0; j < row->count; j++) {
        float value = values->value[j];
        float weight = alpha > 0 ? alpha * fabsf(value) : (float)(value != 0);
        room->weight[j] = sqrtf(weight);
        room->target[j] = value > 0 ? (weight + besides) / weight : 0;
        constant -= (double)(besides * room->target[j]);
    }
    row->weight = room->weight;
    row->value = room->target;
    return constant;
}

void weighted_scale(const cor_implicit *how, const cor_basis *basis,
                    int64_t factors, double reg, weighted *room)
{
    const double *weight = basis ? cor_basis_weight(basis) : NULL;
    if (reg == room->reg) /* mostly the same as for the row before */
        return;
    room->reg = reg;
    for (int64_t f = 0; f < factors; f++) {
        double all = weight ? how->unobserved * weight[f] : 0;
        room->scale[f] = (float)(1 / sqrt(reg + all));
    }
}

double weighted_reg(const cor_implicit *how, double reg, bool by_count,
                    int64_t count, int64_t known)
{
    double frequency = (double)count;
    if (by_count)
        reg *= frequency;
    if (how->reg_exponent == 0)
        return reg;
    if (how->form != COR_EXPLICIT)
        frequency += how->unobserved * (double)known;
    return reg * pow(frequency, how->reg_exponent);
}

/* My shards' Gram matrices into the ordered sum. */
static int add_grams(const cor_team *team, const cor_shards *shards,
                     const float *factor, int64_t ld, cor_ridge *ridge,
                     cor_sum *sum, double *packed)
{
    int64_t first = cor_shards_first(shards, cor_team_rank(team));
    int64_t last = cor_shards_first(shards, cor_team_rank(team) + 1);
    int64_t origin = cor_shards_begin(shards, first);
    for (int64_t s = first; s < last; s++) {
        int64_t begin = cor_shards_begin(shards, s);
        cor_ridge_gram(ridge, factor + (begin - origin) * ld,
                       cor_shards_begin(shards, s + 1) - begin, packed);
        COR_TRY(cor_sum_add(sum, s, packed));
    }
    return COR_OK;
}

/* One rank decomposes for all, since ranks on unlike processors might differ in
   the last bits. */
static int decompose(const cor_team *team, int64_t factors,
                     const double *packed, cor_basis **basis)
{
    int64_t bytes;
    COR_TRY(cor_agree(team, cor_basis_create(factors, packed, basis)));
    void *numbers = cor_basis_numbers(*basis, &bytes);
    cor_team_share(team, numbers, bytes, 0);
    return COR_OK;
}

int weighted_basis(const cor_team *team, const cor_shards *shards,
                   const float *factor, int64_t factors, cor_ridge *ridge,
                   cor_basis **basis)
{
    int64_t length = factors * (factors + 1) / 2;
    cor_sum *sum = NULL;
    double *packed = NULL;
    *basis = NULL;
    int rc = cor_sum_create(team, shards, length, &sum);
    if (rc == COR_OK)
        rc = COR_NEW(&packed, length);
    if (rc == COR_OK)
        rc = add_grams(team, shards, factor, cor_padded(factors), ridge, sum,
                       packed);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_sum_total(sum, packed);
    if (rc == COR_OK)
        rc = decompose(team, factors, packed, basis);
    cor_sum_destroy(&sum);
    cor_free(packed);
    return rc;
}

int weighted_turn(const cor_team *team, const cor_basis *basis, float *factor,
                  int64_t rows, int64_t ld)
{
    cor_failure failure = COR_NO_FAILURE;
    int threads = cor_team_threads(team);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t r = 0; r < rows; r += CHUNK) {
        int rc = cor_basis_turn(basis, factor + r * ld,
                                rows - r < CHUNK ? rows - r : CHUNK);
        if (rc != COR_OK)
            cor_failure_note(&failure, rc, r);
    }
    return cor_failure_raise(&failure);
}
