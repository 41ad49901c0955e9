#include "keyed.h"

#include "coracle/memory.h"
#include "touched.h"

#include <md5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* A third printed in full has 16; 10 to the power of 18 times 16 is the most
   that 64 bits hold. */
enum { DECIMALS = 18 };

/* The decimal that was typed: the fewest digits that give the number. */
cor_keyed_ratio cor_keyed_ratio_of(double fraction)
{
    char text[DECIMALS + 8];
    uint64_t power = 1;
    for (int d = 0; d <= DECIMALS; d++, power *= 10) {
        snprintf(text, sizeof text, "%.*f", d, fraction);
        if (strtod(text, NULL) == fraction)
            return (cor_keyed_ratio){
                strtoull(d > 0 ? text + 2 : text, NULL, 10), power};
    }
    return (cor_keyed_ratio){0, 0};
}

int cor_keyed_check(double fraction)
{
    if (!(fraction > 0.0 && fraction < 1.0))
        return cor_fail(COR_EUSAGE,
                        "the fraction in test is %g; it must be between 0 and "
                        "1",
                        fraction);
    if (cor_keyed_ratio_of(fraction).denominator == 0)
        return cor_fail(COR_EUSAGE,
                        "the fraction in test is %.17g; give at most %d "
                        "decimals",
                        fraction, DECIMALS);
    return COR_OK;
}

/* MD5 as a big-endian integer, modulo the denominator. */
bool cor_keyed_in_test(const char *text, size_t length, cor_keyed_ratio ratio)
{
    uint8_t digest[MD5_DIGEST_LENGTH];
    MD5_CTX context;
    MD5Init(&context);
    MD5Update(&context, (const uint8_t *)text, length);
    MD5Final(digest, &context);
    uint64_t rest = 0;
    for (int i = 0; i < MD5_DIGEST_LENGTH; i++) {
        rest = (rest * 16 + (digest[i] >> 4)) % ratio.denominator;
        rest = (rest * 16 + (digest[i] & 15)) % ratio.denominator;
    }
    return rest < ratio.numerator;
}

static int find_parts(const cor_ids *ids, cor_keyed_ratio ratio, int threads,
                      int32_t **part)
{
    COR_TRY(COR_NEW(part, ids->count));
#pragma omp parallel for num_threads(threads)
    for (int64_t i = 0; i < ids->count; i++) {
        char text[COR_ID_LIMIT + 1];
        cor_ids_print(ids, i, text, sizeof text);
        (*part)[i] =
            cor_keyed_in_test(text, strlen(text), ratio) ? COR_TEST : COR_TRAIN;
    }
    return COR_OK;
}

static void split_by_user(const cor_interactions *data, int threads,
                          const int32_t *part_of_user, uint8_t *part)
{
    int64_t first = data->user_id.first;
#pragma omp parallel for num_threads(threads)
    for (int64_t r = 0; r < data->rows; r++)
        part[r] = (uint8_t)part_of_user[data->user[r] - first];
}

static int split_by_item(const cor_team *team, const cor_interactions *data,
                         const int32_t *part_of_item, uint8_t *part)
{
    cor_touched touched;
    int32_t *slot = NULL;
    int rc =
        cor_touched_create(team, data->items, data->rows, data->item, &touched);
    if (rc == COR_OK)
        rc = cor_agree(team, COR_NEW(&slot, touched.slots));
    if (rc == COR_OK)
        rc = cor_touched_ask(&touched, part_of_item, sizeof *slot, slot);
    for (int64_t r = 0; rc == COR_OK && r < data->rows; r++)
        part[r] = (uint8_t)slot[cor_touched_slot(&touched, data->item[r])];
    cor_free(slot);
    cor_touched_free(&touched);
    return rc;
}

int cor_keyed_split(const cor_team *team, const cor_interactions *data,
                    const cor_split_options *options, uint8_t *part)
{
    int threads = cor_team_threads(team);
    const cor_ids *ids = options->item_key ? &data->item_id : &data->user_id;
    int32_t *part_of_id = NULL;
    int rc = cor_agree(team, find_parts(ids, cor_keyed_ratio_of(options->test),
                                        threads, &part_of_id));
    if (rc == COR_OK && options->item_key)
        rc = split_by_item(team, data, part_of_id, part);
    else if (rc == COR_OK)
        split_by_user(data, threads, part_of_id, part);
    cor_free(part_of_id);
    return rc;
}
