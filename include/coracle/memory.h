/**
 * Memory: allocation that reports, is aligned for vectors, and uses huge pages
 * where a block is large enough to gain from them. The last few large blocks
 * released are kept for the next that fit.
 */
#ifndef CORACLE_MEMORY_H
#define CORACLE_MEMORY_H

#include "coracle/status.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * Allocate `count` elements of `width` bytes, aligned to 64 bytes, contents
 * unspecified; 0 elements give a valid pointer. The caller owns the block and
 * gives it to cor_free (or free).
 *
 * @param[out] pointer  address of a pointer of any type; NULL on failure
 * @param[in]  what     the field's word for it, for the message
 * @return COR_OK; COR_EMEMORY (also where count * width overflows)
 */
int cor_allocate(void *pointer, int64_t count, size_t width, const char *what);

/** As cor_allocate, all bytes zero. */
int cor_allocate_zeroed(void *pointer, int64_t count, size_t width,
                        const char *what);

/**
 * Change the number of elements of a block of cor_allocate; the first
 * min(old, new) elements are kept. On failure the old block stays.
 */
int cor_reallocate(void *pointer, int64_t old_count, int64_t count,
                   size_t width, const char *what);

/**
 * Copy `bytes` bytes between blocks, and give back what is read, so that there
 * is never twice as much. Afterwards `from` holds nothing; it is still to be
 * released.
 */
void cor_move(void *to, void *from, int64_t bytes);

/**
 * Give back the pages of what is not needed any more of a block that is still
 * in use: the bytes before `used`, of which those before `before` were given
 * back earlier (0 at first). They then hold anything. Where the block is read
 * from end to end, and what is made of it written meanwhile, there is never
 * twice as much.
 */
void cor_give_back(void *block, int64_t before, int64_t used);

/** Copy bytes; none may be copied from or to where no memory was taken, which
    memcpy leaves undefined. */
static inline void cor_copy(void *to, const void *from, int64_t bytes)
{
    if (bytes > 0)
        memcpy(to, from, (size_t)bytes);
}

/** Release a block; NULL is accepted. */
void cor_free(void *block);

/** Typed forms: `COR_NEW(&ratings, n)` allocates n elements of *ratings. */
#define COR_NEW(pointer, count)                                                \
    cor_allocate((pointer), (count), sizeof **(pointer), &#pointer[1])
#define COR_NEW_ZEROED(pointer, count)                                         \
    cor_allocate_zeroed((pointer), (count), sizeof **(pointer), &#pointer[1])

/** Highest resident size of this process so far, in bytes. */
int64_t cor_memory_peak(void);

/** Bytes that are left on this machine: the lesser of what the kernel says is
    available and what the control group's limit leaves. */
int64_t cor_memory_available(void);

/** Bytes that this process may still take under its own limit of address space
    (ulimit -v); INT64_MAX where it has none. */
int64_t cor_memory_allowed(void);

#endif
