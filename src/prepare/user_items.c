#include "user_items.h"

#include "coracle/memory.h"

#include <string.h>

int cor_user_items_create(int64_t first, int64_t users, cor_user_items *of)
{
    *of = (cor_user_items){.first = first, .users = users};
    COR_TRY(COR_NEW_ZEROED(&of->begin, users + 1));
    return COR_NEW(&of->item, 0);
}

void cor_user_items_free(cor_user_items *of)
{
    cor_free(of->begin);
    cor_free(of->item);
    *of = (cor_user_items){0};
}

/* Where each user will begin, by counting. */
static void count_rows(const cor_user_items *of, int64_t rows,
                       const int32_t *user, int64_t *begin)
{
    for (int64_t r = 0; r < rows; r++)
        begin[user[r] - of->first + 1]++;
    for (int64_t u = 0; u < of->users; u++)
        begin[u + 1] += begin[u] + cor_user_items_count(of, u);
}

/* `next` ends up as where each user ends. */
static void place_rows(const cor_user_items *of, int64_t rows,
                       const int32_t *user, const int32_t *item, int64_t *next,
                       int32_t *out)
{
    for (int64_t u = 0; u < of->users; u++) {
        int64_t count = cor_user_items_count(of, u);
        memcpy(out + next[u], of->item + of->begin[u],
               (size_t)count * sizeof *out);
        next[u] += count;
    }
    for (int64_t r = 0; r < rows; r++)
        out[next[user[r] - of->first]++] = item[r];
}

int cor_user_items_append(cor_user_items *of, int64_t rows, const int32_t *user,
                          const int32_t *item)
{
    cor_user_items grown = {.first = of->first, .users = of->users};
    int64_t users = of->users;
    int rc = COR_NEW_ZEROED(&grown.begin, users + 1);
    if (rc == COR_OK)
        rc = COR_NEW(&grown.item, of->begin[users] + rows);
    if (rc != COR_OK) {
        cor_user_items_free(&grown);
        return rc;
    }
    count_rows(of, rows, user, grown.begin);
    place_rows(of, rows, user, item, grown.begin, grown.item);
    /* each begins where the one before it ended */
    memmove(grown.begin + 1, grown.begin, (size_t)users * sizeof *grown.begin);
    grown.begin[0] = 0;
    cor_user_items_free(of);
    *of = grown;
    return COR_OK;
}

void cor_user_items_keep(cor_user_items *of, const int64_t *keep)
{
    int64_t at = 0, begin = 0;
    for (int64_t u = 0; u < of->users; u++) {
        int64_t end = of->begin[u + 1];
        int64_t count = end - begin < keep[u] ? end - begin : keep[u];
        memmove(of->item + at, of->item + end - count,
                (size_t)count * sizeof *of->item);
        begin = end;
        at += count;
        of->begin[u + 1] = at;
    }
}
