/**
 * Which items a user has: distinct draws by popularity. An item's place in the
 * order of popularity is a secret of the seed, so that popular items do not
 * have small numbers.
 */
#ifndef COR_CHOICE_H
#define COR_CHOICE_H

#include <stdint.h>

typedef struct cor_choice cor_choice;

/** Everything needed to draw for users of at most `most` rows; one a thread.
    @return COR_OK; COR_EMEMORY */
int cor_choice_create(uint64_t seed, int64_t items, int64_t interactions,
                      int64_t most, cor_choice **choice);
void cor_choice_destroy(cor_choice **choice);

/**
 * The items of a user that has rows [first, first + count) of all, in the order
 * of its times. @param[out] item count distinct items
 */
void cor_choice_draw(cor_choice *choice, int64_t user, int64_t first,
                     int64_t count, int32_t *item);

#endif
