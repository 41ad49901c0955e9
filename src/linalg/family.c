/** Which family of kernels runs: the processor's best, or a lesser one. */
#include "coracle/linalg.h"
#include "kernels.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { UNDECIDED = -1 };

static _Atomic int used = UNDECIDED;

static enum cor_family processor_best(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4"))
        return COR_FAMILY_AVX512;
    if (__builtin_cpu_supports("x86-64-v3"))
        return COR_FAMILY_AVX2;
#endif
    return COR_FAMILY_BASE;
}

const char *cor_family_name(enum cor_family family)
{
#if defined(__aarch64__)
    static const char *const name[] = {"neon"};
#else
    static const char *const name[] = {"base", "avx2", "avx512"};
#endif
    return name[family];
}

enum cor_family cor_family_best(void)
{
    enum cor_family best = processor_best();
    const char *asked = getenv("CORACLE_FAMILY");
    for (int f = COR_FAMILY_BASE; asked && f < (int)best; f++)
        if (strcmp(asked, cor_family_name(f)) == 0)
            return f;
    return best;
}

void cor_family_use(enum cor_family family)
{
    enum cor_family best = cor_family_best();
    atomic_store_explicit(&used, family < best ? family : best,
                          memory_order_relaxed);
}

enum cor_family cor_family_used(void)
{
    int family = atomic_load_explicit(&used, memory_order_relaxed);
    if (family == UNDECIDED) {
        /* Threads that come here at once all store the same. */
        family = cor_family_best();
        atomic_store_explicit(&used, family, memory_order_relaxed);
    }
    return family;
}

void cor_family_agree(const cor_team *team)
{
    int64_t family = cor_family_used();
    cor_team_min(team, &family, 1);
    cor_family_use((enum cor_family)family);
}

const cor_kernels *cor_kernels_used(void)
{
    switch (cor_family_used()) {
#if defined(__x86_64__)
    case COR_FAMILY_AVX512:
        return &cor_kernels_avx512;
    case COR_FAMILY_AVX2:
        return &cor_kernels_avx2;
#endif
    default:
        return &cor_kernels_base;
    }
}

float cor_dot(const float *a, const float *b, int64_t ld)
{
    return cor_kernels_used()->dot(a, b, ld);
}

void cor_score_tile(const float *user, int64_t users, const float *item,
                    int64_t items, int64_t ld, float *score)
{
    cor_kernels_used()->score(user, users, item, items, ld, score);
}

void cor_panel_fill(const float *table, int64_t ld, const int32_t *index,
                    float *panel)
{
    cor_kernels_used()->gather_columns(table, ld, index, COR_PANEL, NULL, panel,
                                       COR_PANEL);
}

void cor_panel_score(const float *const *user, int64_t users,
                     const float *panel, int64_t ld, const float *bias,
                     const float *least, float *score, bool *reaches)
{
    cor_kernels_used()->panel_score(user, users, panel, ld, bias, least, score,
                                    reaches);
}
