/**
 * The part of a row or a record, by the seed and its number.
 */
#ifndef COR_SPLIT_RULE_H
#define COR_SPLIT_RULE_H

#include "coracle/random.h"
#include "coracle/split.h"

typedef struct cor_split_rule {
    uint64_t seed, cut[2];
    uint8_t middle; /* the part between the cuts */
} cor_split_rule;

cor_split_rule cor_split_rule_of(const cor_split_options *options);

/** Four numbers share the four words of one step. */
static inline cor_random cor_split_rule_four(const cor_split_rule *rule,
                                             int64_t four)
{
    return cor_random_at(rule->seed, COR_STREAM_SPLIT, (uint64_t)four, 0);
}

static inline uint8_t cor_split_rule_word(const cor_split_rule *rule,
                                          uint32_t word)
{
    uint8_t later = word < rule->cut[1] ? rule->middle : COR_TEST;
    return word < rule->cut[0] ? COR_TRAIN : later;
}

static inline uint8_t cor_split_rule_part(const cor_split_rule *rule,
                                          int64_t number)
{
    cor_random bits = cor_split_rule_four(rule, number / 4);
    return cor_split_rule_word(rule, bits.word[number % 4]);
}

#endif
