#include "coracle/shards.h"

#include "coracle/cut.h"
#include "coracle/memory.h"

#include <string.h>

struct cor_shards {
    int64_t count;
    int64_t *begin; /* count + 1 rows */
    int64_t *first; /* size + 1 shards */
    int size;
};

static int create(int64_t count, int size, cor_shards **out)
{
    cor_shards *shards = NULL;
    *out = NULL;
    COR_TRY(cor_allocate_zeroed(&shards, 1, sizeof *shards, "shards"));
    shards->count = count;
    shards->size = size;
    int rc = cor_allocate_zeroed(&shards->begin, count + 1, 8, "shards");
    if (rc == COR_OK)
        rc = cor_allocate_zeroed(&shards->first, size + 1, 8, "shards");
    if (rc != COR_OK)
        cor_shards_destroy(&shards);
    *out = shards;
    return rc;
}

/* Rank r begins at the shard boundary nearest to its even portion of the rows;
   without rows, of the shards. */
static void choose_owners(cor_shards *shards)
{
    int64_t rows = shards->begin[shards->count];
    for (int r = 1; r < shards->size; r++) {
        int64_t shard;
        if (rows == 0) {
            shard = cor_cut_begin(shards->count, r, shards->size);
        } else {
            int64_t want = cor_cut_begin(rows, r, shards->size);
            shard = cor_cut_find(shards->begin, shards->count + 1, want);
            if (shard < shards->count &&
                shards->begin[shard + 1] - want < want - shards->begin[shard])
                shard++;
        }
        if (shard < shards->first[r - 1])
            shard = shards->first[r - 1];
        shards->first[r] = shard;
    }
    shards->first[shards->size] = shards->count;
}

int cor_shards_create(const cor_team *team, int64_t count, const int64_t *begin,
                      cor_shards **out)
{
    COR_TRY(create(count, cor_team_size(team), out));
    memcpy((*out)->begin, begin, (size_t)(count + 1) * sizeof *begin);
    choose_owners(*out);
    return COR_OK;
}

int cor_shards_create_like(const cor_shards *like, const int64_t *begin,
                           cor_shards **out)
{
    COR_TRY(create(like->count, like->size, out));
    memcpy((*out)->begin, begin, (size_t)(like->count + 1) * sizeof *begin);
    memcpy((*out)->first, like->first,
           (size_t)(like->size + 1) * sizeof *like->first);
    return COR_OK;
}

int cor_shards_copy(const cor_shards *shards, cor_shards **copy)
{
    return cor_shards_create_like(shards, shards->begin, copy);
}

int cor_shards_create_even(const cor_team *team, int64_t count, int64_t rows,
                           cor_shards **out)
{
    COR_TRY(create(count, cor_team_size(team), out));
    for (int64_t s = 0; s <= count; s++)
        (*out)->begin[s] = cor_cut_begin(rows, s, count);
    choose_owners(*out);
    return COR_OK;
}

void cor_shards_destroy(cor_shards **shards)
{
    if (!*shards)
        return;
    cor_free((*shards)->begin);
    cor_free((*shards)->first);
    cor_free(*shards);
    *shards = NULL;
}

int64_t cor_shards_default_count(int64_t rows)
{
    int64_t count = 64;
    while (count < rows >> 20)
        count *= 2;
    return count;
}

int64_t cor_shards_count(const cor_shards *shards)
{
    return shards->count;
}

int64_t cor_shards_rows(const cor_shards *shards)
{
    return shards->begin[shards->count];
}

int64_t cor_shards_begin(const cor_shards *shards, int64_t shard)
{
    return shards->begin[shard];
}

int64_t cor_shards_first(const cor_shards *shards, int rank)
{
    return shards->first[rank];
}

int64_t cor_shards_first_row(const cor_shards *shards, int rank)
{
    return shards->begin[shards->first[rank]];
}

int64_t cor_shards_shard_of(const cor_shards *shards, int64_t row)
{
    return cor_cut_find(shards->begin, shards->count + 1, row);
}

int cor_shards_owner_of_shard(const cor_shards *shards, int64_t shard)
{
    return (int)cor_cut_find(shards->first, shards->size, shard);
}

int cor_shards_owner(const cor_shards *shards, int64_t row)
{
    /* the last rank that begins at or before the row: empty ranks before it
       begin at the same shard but own nothing */
    int low = 0, high = shards->size;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (shards->begin[shards->first[middle]] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}
