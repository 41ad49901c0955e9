#include "coracle/cut.h"
#include "coracle/interactions.h"

/* The first of my users before whom there are at least `target` rows. */
static int64_t first_reaching(const int64_t *row_of_user, int64_t count,
                              int64_t target)
{
    int64_t low = 0, high = count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (row_of_user[middle] >= target)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Both columns ascend with the users, so the least candidate over the ranks is
   the one that belongs to the first user. */
int cor_interactions_cut(const cor_team *team, int64_t shard_count,
                         int64_t users, int64_t total_rows, int64_t first_user,
                         int64_t count, const int64_t *row_of_user,
                         int64_t *row_begin, int64_t *user_begin)
{
    if (shard_count < 1)
        return cor_fail(COR_EUSAGE, "%lld shards: give at least 1",
                        (long long)shard_count);
    for (int64_t s = 0; s <= shard_count; s++) {
        row_begin[s] = total_rows;
        user_begin[s] = users;
        /* the least integer not below the even share */
        int64_t target = total_rows - cor_cut_begin(total_rows, shard_count - s,
                                                    shard_count);
        int64_t at = first_reaching(row_of_user, count, target);
        if (s < shard_count && at < count) {
            row_begin[s] = row_of_user[at];
            user_begin[s] = first_user + at;
        }
        if (total_rows == 0) /* nothing to balance but the users */
            user_begin[s] = cor_cut_begin(users, s, shard_count);
    }
    user_begin[0] = row_begin[0] = 0;
    cor_team_min(team, row_begin, shard_count + 1);
    cor_team_min(team, user_begin, shard_count + 1);
    return COR_OK;
}
