/**
 * Files for the tests: rank 0 writes, all know the path.
 */
#ifndef TEXT_FILE_H
#define TEXT_FILE_H

#include "team_test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Text that grows; equal on all ranks. */
typedef struct text_buffer {
    char *bytes;
    size_t length, capacity;
} text_buffer;

static inline void text_put_bytes(text_buffer *t, const char *bytes,
                                  size_t length)
{
    if (t->length + length + 1 > t->capacity) {
        t->capacity = 2 * (t->length + length) + 64;
        t->bytes = realloc(t->bytes, t->capacity);
        assert_non_null(t->bytes);
    }
    memcpy(t->bytes + t->length, bytes, length);
    t->length += length;
    t->bytes[t->length] = 0;
}

static inline void text_put(text_buffer *t, const char *text)
{
    text_put_bytes(t, text, strlen(text));
}

/** A folder that all ranks know. */
static inline void text_folder(char path[64])
{
    memset(path, 0, 64);
    if (cor_team_rank(team) == 0) {
        strcpy(path, "/tmp/coracle-test-XXXXXX");
        if (!mkdtemp(path))
            path[0] = 0;
    }
    cor_team_share(team, path, 64, 0);
    assert_true(path[0]);
}

static inline void text_write(const char *path, const char *bytes,
                              size_t length)
{
    bool good = true;
    if (cor_team_rank(team) == 0) {
        FILE *file = fopen(path, "wb");
        good = file && fwrite(bytes, 1, length, file) == length;
        good = file && fclose(file) == 0 && good;
    }
    cor_team_barrier(team);
    CHECK(good);
}

/** Remove what a test left, in rank 0's time. */
static inline void text_remove(const char *path)
{
    cor_team_barrier(team);
    if (cor_team_rank(team) == 0 && unlink(path) != 0)
        rmdir(path);
    cor_team_barrier(team);
}

#endif
