/**
 * The structure of JSON text by simdjson: where its brackets, colons, commas,
 * strings and other values begin. The one place with C++ in it.
 */
#ifndef COR_STRUCTURE_H
#define COR_STRUCTURE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cor_structure cor_structure;

enum cor_structure_outcome {
    COR_STRUCTURE_FOUND,
    COR_STRUCTURE_BROKEN, /* not UTF-8, a string with a control character in
                             it, or one that is not closed */
    COR_STRUCTURE_MEMORY
};

/** NULL where there is no memory. The kernels are those of this processor; all
    of them find the same. */
cor_structure *cor_structure_create(void);
void cor_structure_destroy(cor_structure *structure);

/**
 * Find the tokens of `length` bytes, less than 4 GiB: each index is the offset
 * of a bracket, a colon, a comma, an opening quote, or of the first byte of a
 * run of other characters. Behind the last one stands `length`.
 * @param[out] index  borrowed until the next call
 */
enum cor_structure_outcome cor_structure_find(cor_structure *structure,
                                              const char *text, size_t length,
                                              const uint32_t **index);

#ifdef __cplusplus
}
#endif

#endif
