/* MADV_HUGEPAGE is Linux's own, hidden by strict POSIX */
#define _DEFAULT_SOURCE
#include "coracle/memory.h"

#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* Random row reads of a table run 1.3 to 2 times faster on huge pages; below a
   few of them the rounding would waste more than is gained. */
enum { HUGE_PAGE = 2 << 20, HUGE_FROM = 4 * HUGE_PAGE, VECTOR = 64 };

/*
 * Large blocks that were released are kept for the next that asks: the kernel
 * clears every fresh page, which for columns that live for one step costs as
 * much as the step itself. A block is taken again where it fits within a half;
 * and before fresh memory is asked for, at least as much is given back, so that
 * keeping raises the peak little (by an eighth in ingest).
 */
#if defined(__SANITIZE_ADDRESS__)
enum { REUSE = 0 }; /* it shall see what is used after its release */
#else
enum { REUSE = 1 };
#endif
enum { KEPT = 8 };
static struct {
    pthread_mutex_t lock;
    void *block[KEPT]; /* in order of their release */
    int blocks;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *remove_kept(int i)
{
    void *block = kept.block[i];
    kept.blocks--;
    memmove(kept.block + i, kept.block + i + 1,
            (size_t)(kept.blocks - i) * sizeof *kept.block);
    return block;
}

static void keep(void *block)
{
    pthread_mutex_lock(&kept.lock);
    void *oldest = kept.blocks == KEPT ? remove_kept(0) : NULL;
    kept.block[kept.blocks++] = block;
    pthread_mutex_unlock(&kept.lock);
    free(oldest);
}

/* A kept block for so many bytes, or NULL, and then as many bytes of kept ones
   are free. */
static void *take_kept(size_t bytes)
{
    void *found = NULL;
    pthread_mutex_lock(&kept.lock);
    for (int i = kept.blocks - 1; i >= 0 && !found; i--) {
        size_t size = malloc_usable_size(kept.block[i]);
        if (size >= bytes && size / 3 * 2 <= bytes)
            found = remove_kept(i);
    }
    for (size_t freed = 0; !found && kept.blocks && freed < bytes;) {
        void *block = remove_kept(0);
        freed += malloc_usable_size(block);
        free(block);
    }
    pthread_mutex_unlock(&kept.lock);
    return found;
}

static int fail(int64_t count, size_t width, const char *what)
{
    return cor_fail(COR_EMEMORY,
                    "out of memory: %s needs %.1f MiB (%lld x %zu bytes); "
                    "use more ranks or nodes, or ask --plan what is needed",
                    what, (double)count * (double)width / (1 << 20),
                    (long long)count, width);
}

int cor_allocate(void *pointer, int64_t count, size_t width, const char *what)
{
    void *block = NULL;
    memcpy(pointer, &block, sizeof block);
    if (count < 0 || (uint64_t)count > (SIZE_MAX / 2) / (width ? width : 1))
        return fail(count, width, what);
    size_t bytes = (size_t)count * width;
    bool huge = bytes >= HUGE_FROM;
    if (huge)
        block = take_kept(bytes);
    if (!block) {
        if (posix_memalign(&block, huge ? HUGE_PAGE : VECTOR,
                           bytes ? bytes : 1) != 0)
            return fail(count, width, what);
        if (huge)
            madvise(block, bytes, MADV_HUGEPAGE); /* advice: may be refused */
    }
    memcpy(pointer, &block, sizeof block);
    return COR_OK;
}

int cor_allocate_zeroed(void *pointer, int64_t count, size_t width,
                        const char *what)
{
    COR_TRY(cor_allocate(pointer, count, width, what));
    void *block;
    memcpy(&block, pointer, sizeof block);
    memset(block, 0, (size_t)count * width);
    return COR_OK;
}

/* Whole huge pages alone: to give back less would only break them up. */
void cor_give_back(void *block, int64_t before, int64_t used)
{
    const uintptr_t page = HUGE_PAGE, begin = (uintptr_t)block;
    uintptr_t from = (begin + (uintptr_t)before) / page * page;
    uintptr_t to = (begin + (uintptr_t)used) / page * page;
    if (from < begin)
        from = (begin + page - 1) / page * page;
    if (from < to)
        madvise((char *)block + (from - begin), to - from, MADV_DONTNEED);
}

void cor_move(void *to, void *from, int64_t bytes)
{
    const int64_t step = 4 * HUGE_PAGE;
    for (int64_t done = 0; done < bytes; done += step) {
        int64_t more = bytes - done < step ? bytes - done : step;
        memcpy((char *)to + done, (char *)from + done, (size_t)more);
        cor_give_back(from, done, done + more);
    }
}

int cor_reallocate(void *pointer, int64_t old_count, int64_t count,
                   size_t width, const char *what)
{
    void *old, *block;
    memcpy(&old, pointer, sizeof old);
    COR_TRY(cor_allocate(&block, count, width, what));
    if (old)
        cor_move(block, old,
                 (old_count < count ? old_count : count) * (int64_t)width);
    cor_free(old);
    memcpy(pointer, &block, sizeof block);
    return COR_OK;
}

void cor_free(void *block)
{
    if (REUSE && block && malloc_usable_size(block) >= HUGE_FROM)
        keep(block);
    else
        free(block);
}

int64_t cor_memory_peak(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_maxrss * 1024;
}

/* The number after `key` in a file of "key: value kB" lines, or of one number
   where key is NULL; -1 if there is none. */
static int64_t number_in(const char *path, const char *key)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return -1;
    char line[256];
    long long number = -1;
    while (number < 0 && fgets(line, sizeof line, file)) {
        size_t skip = key ? strlen(key) : 0;
        if (!key || strncmp(line, key, skip) == 0)
            if (sscanf(line + skip, "%lld", &number) != 1)
                number = -1;
    }
    fclose(file);
    return number;
}

int64_t cor_memory_available(void)
{
    int64_t least = INT64_MAX;
    int64_t kernel = number_in("/proc/meminfo", "MemAvailable:");
    if (kernel >= 0)
        least = kernel * 1024;
    int64_t limit = number_in("/sys/fs/cgroup/memory.max", NULL);
    int64_t used = number_in("/sys/fs/cgroup/memory.current", NULL);
    if (limit >= 0 && used >= 0 && limit - used < least)
        least = limit > used ? limit - used : 0;
    return least;
}

int64_t cor_memory_allowed(void)
{
    struct rlimit space;
    if (getrlimit(RLIMIT_AS, &space) != 0 || space.rlim_cur == RLIM_INFINITY)
        return INT64_MAX;
    int64_t pages = number_in("/proc/self/statm", NULL);
    int64_t taken = (pages > 0 ? pages : 0) * sysconf(_SC_PAGESIZE);
    int64_t limit = (int64_t)space.rlim_cur;
    return limit > taken ? limit - taken : 0;
}
