#include "rows.h"

#include "coracle/memory.h"

#include <string.h>

/* Passes that the rows at the start pay for; the same for each row that ends.
   Making lists takes about as long as twelve passes, so whichever turns out to
   have been wrong costs at most twice what was right. */
enum { CREDIT = 12 };

static uint32_t slot_gone(const uint64_t *gone, int32_t slot)
{
    return gone[(uint32_t)slot >> 6] >> ((uint32_t)slot & 63) & 1;
}

/* ---- making ---- */

/* The data is sorted by user: where each one's rows begin. `user` has one
   entry more than there are users. */
static void find_users(const cor_interactions *data, int64_t first_user,
                       int64_t users, cor_living *user)
{
    memset(user, 0, (size_t)(users + 1) * sizeof *user);
    for (int64_t r = 0; r < data->rows; r++)
        user[data->user[r] - first_user + 1].begin = (uint32_t)(r + 1);
    for (int64_t u = 0; u < users; u++) {
        if (user[u + 1].begin < user[u].begin) /* a user without rows */
            user[u + 1].begin = user[u].begin;
        user[u].length = user[u].alive = user[u + 1].begin - user[u].begin;
        user[u].user = (int32_t)u;
    }
}

/* A user's repeated items are left out; last[slot] is the last user, counted
   from 1, who had it. */
static void leave_repeats_out(cor_rows *rows, int32_t *last)
{
    for (int64_t u = 0; u < rows->living; u++) {
        cor_living *user = &rows->user[u];
        const int32_t *from = rows->row + user->begin;
        int32_t *to = rows->own_row + user->begin;
        uint32_t kept = 0;
        for (uint32_t i = 0; i < user->length; i++) {
            int32_t slot = from[i];
            bool fresh = last[slot] != (int32_t)(u + 1);
            last[slot] = (int32_t)(u + 1);
            to[kept] = slot;
            kept += fresh;
        }
        user->length = user->alive = kept;
    }
}

/* Slots stand in for items; where they are the same the data's own column
   serves until rows end. */
static int take_slots(const cor_interactions *data, const cor_touched *touched,
                      bool distinct, cor_rows *rows)
{
    rows->row = data->item;
    if (!touched->seen && !distinct)
        return COR_OK;
    COR_TRY(COR_NEW(&rows->own_row, data->rows));
    if (touched->seen) {
#pragma omp parallel for num_threads(rows->threads)
        for (int64_t r = 0; r < data->rows; r++)
            rows->own_row[r] = cor_touched_slot(touched, data->item[r]);
        rows->row = rows->own_row;
    }
    if (!distinct)
        return COR_OK;
    int32_t *last = NULL;
    COR_TRY(COR_NEW_ZEROED(&last, rows->slots));
    leave_repeats_out(rows, last);
    rows->row = rows->own_row;
    cor_free(last);
    return COR_OK;
}

static int allocate(cor_rows *rows, int64_t users)
{
    COR_TRY(COR_NEW(&rows->user, users + 1));
    COR_TRY(COR_NEW_ZEROED(&rows->gone, users));
    COR_TRY(COR_NEW(&rows->dying_at, users));
    COR_TRY(COR_NEW_ZEROED(&rows->slot_gone, rows->slots / 64 + 1));
    COR_TRY(COR_NEW_ZEROED(&rows->tally, rows->slots));
    return COR_NEW(&rows->tallied_slot, rows->slots);
}

/* ---- the tally ---- */

/* Count the rows of users from place to place of those listed in `at`, or of
   all where it is NULL. Into bytes, since a table four times as small as the
   tally stays in a nearer cache; what they can't hold goes to the tally, which
   threads share. */
static void count_rows(const cor_rows *rows, const int32_t *at, int64_t from,
                       int64_t to, uint8_t *seen)
{
    for (int64_t i = from; i < to; i++) {
        const cor_living *user = &rows->user[at ? at[i] : i];
        const int32_t *row = rows->row + user->begin;
        for (uint32_t j = 0; j < user->length; j++)
            if (++seen[row[j]] == 0) {
#pragma omp atomic
                rows->tally[row[j]] += UINT8_MAX + 1;
            }
    }
}

/* Add what the threads' bytes hold to the tally, and list whom it holds. */
static void sum_counts(cor_rows *rows, const uint8_t *seen, int threads)
{
    int64_t count = 0;
    for (int64_t s = 0; s < rows->slots; s++) {
        for (int t = 0; t < threads; t++)
            rows->tally[s] += seen[t * rows->slots + s];
        rows->tallied_slot[count] = (int32_t)s;
        count += rows->tally[s] > 0;
    }
    rows->tallied = count;
}

/* Many rows, by as many threads as they are worth. */
static int tally_many(cor_rows *rows, const int32_t *at, int64_t count,
                      int64_t ending)
{
    int64_t worth = 1 + ending / (4 * rows->slots + 1);
    int threads = worth < rows->threads ? (int)worth : rows->threads;
    uint8_t *seen;
    COR_TRY(COR_NEW_ZEROED(&seen, threads * rows->slots));
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++)
        count_rows(rows, at, count * t / threads, count * (t + 1) / threads,
                   seen + t * rows->slots);
    sum_counts(rows, seen, threads);
    cor_free(seen);
    return COR_OK;
}

/* Few rows: what they touch is listed as they go. */
static void tally_few(cor_rows *rows)
{
    for (int64_t i = 0; i < rows->dying; i++) {
        const cor_living *user = &rows->user[rows->dying_at[i]];
        const int32_t *row = rows->row + user->begin;
        for (uint32_t j = 0; j < user->length; j++)
            if (rows->tally[row[j]]++ == 0)
                rows->tallied_slot[rows->tallied++] = row[j];
    }
}

void cor_rows_told(cor_rows *rows)
{
    for (int64_t i = 0; i < rows->tallied; i++)
        rows->tally[rows->tallied_slot[i]] = 0;
    rows->tallied = 0;
}

/* ---- users ---- */

/* Close the gaps of those who have gone, and list those with too few rows. */
static void find_dying(cor_rows *rows)
{
    int64_t living = 0, dying = 0;
    for (int64_t i = 0; i < rows->living; i++) {
        cor_living user = rows->user[i];
        rows->user[living] = user;
        rows->dying_at[dying] = (int32_t)living;
        living += user.user >= 0;
        dying += user.user >= 0 && (int64_t)user.alive < rows->least;
    }
    rows->living = living;
    rows->dying = dying;
}

int cor_rows_drop_users(cor_rows *rows)
{
    int64_t ending = 0, alive = 0;
    for (int64_t i = 0; i < rows->dying; i++) {
        ending += rows->user[rows->dying_at[i]].length;
        alive += rows->user[rows->dying_at[i]].alive;
    }
    if (ending > rows->slots / 8)
        COR_TRY(tally_many(rows, rows->dying_at, rows->dying, ending));
    else
        tally_few(rows);
    for (int64_t i = 0; i < rows->dying; i++) {
        cor_living *user = &rows->user[rows->dying_at[i]];
        rows->gone[user->user] = 1;
        user->user = -1;
    }
    rows->left -= alive;
    rows->credit += CREDIT * alive;
    rows->dying = 0;
    return COR_OK;
}

int cor_rows_create(const cor_interactions *data, const cor_touched *touched,
                    int64_t first_user, int64_t users, int64_t least,
                    bool distinct, int threads, cor_rows *rows)
{
    *rows = (cor_rows){.threads = threads,
                       .living = users,
                       .slots = touched->slots,
                       .least = least};
    if (data->rows >= UINT32_MAX)
        return cor_fail(COR_EUSAGE,
                        "%lld interactions on one rank are too many to count; "
                        "use more ranks",
                        (long long)data->rows);
    COR_TRY(allocate(rows, users));
    find_users(data, first_user, users, rows->user);
    COR_TRY(take_slots(data, touched, distinct, rows));
    for (int64_t u = 0; u < users; u++)
        rows->left += rows->user[u].length;
    rows->credit = CREDIT * (rows->left + users);
    COR_TRY(tally_many(rows, NULL, users, rows->left));
    find_dying(rows);
    return COR_OK;
}

void cor_rows_free(cor_rows *rows)
{
    cor_free(rows->own_row);
    cor_free(rows->user);
    cor_free(rows->gone);
    cor_free(rows->dying_at);
    cor_free(rows->slot_gone);
    cor_free(rows->tally);
    cor_free(rows->tallied_slot);
    cor_free(rows->list_begin);
    cor_free(rows->list_at);
    *rows = (cor_rows){0};
}

/* ---- slots ---- */

static uint32_t count_gone(const int32_t *row, uint32_t count,
                           const uint64_t *gone)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += slot_gone(gone, row[i]);
    return sum;
}

/* Copy the rows whose slot is left; without branches, for which ones go can't
   be foreseen. `to` may be `from`, and then most users lose nothing. */
static uint32_t keep_left(const int32_t *from, uint32_t count,
                          const uint64_t *gone, int32_t *to)
{
    uint32_t kept = 0;
    if (to == from && count_gone(from, count, gone) == 0)
        return count;
    for (uint32_t i = 0; i < count; i++) {
        int32_t slot = from[i];
        to[kept] = slot;
        kept += 1 - slot_gone(gone, slot);
    }
    return kept;
}

/* While `row` is the data's own column, the rows that are left need a place:
   one user after the other, as many as there are. */
static int find_places(cor_rows *rows, uint32_t *place)
{
    uint32_t next = 0;
    for (int64_t i = 0; i < rows->living; i++) {
        place[i] = next;
        next += rows->user[i].user >= 0 ? rows->user[i].length : 0;
    }
    return COR_NEW(&rows->own_row, next);
}

/* Pass over all rows of the users who have not gone; place[i] is where those
   of the i-th go, NULL: where they are. */
static void filter(cor_rows *rows, const uint32_t *place)
{
    int64_t left = 0;
#pragma omp parallel for num_threads(rows->threads) schedule(dynamic, 1024)    \
    reduction(+ : left)
    for (int64_t i = 0; i < rows->living; i++) {
        cor_living *user = &rows->user[i];
        if (user->user < 0)
            continue;
        uint32_t to = place ? place[i] : user->begin;
        user->length = user->alive =
            keep_left(rows->row + user->begin, user->length, rows->slot_gone,
                      rows->own_row + to);
        user->begin = to;
        left += user->length;
    }
    rows->credit += CREDIT * (rows->left - left);
    rows->left = left;
    rows->row = rows->own_row;
}

static int pass(cor_rows *rows)
{
    uint32_t *place = NULL;
    int rc = COR_OK;
    if (!rows->own_row) {
        rc = COR_NEW(&place, rows->living);
        if (rc == COR_OK)
            rc = find_places(rows, place);
    }
    if (rc == COR_OK) {
        filter(rows, place);
        find_dying(rows);
    }
    cor_free(place);
    return rc;
}

/* Lists of the users of each slot that is left: a counting sort. */
static void fill_lists(cor_rows *rows)
{
    int64_t *begin = rows->list_begin, end = 0;
    for (int64_t i = 0; i < rows->living; i++) {
        cor_living user = rows->user[i];
        for (uint32_t j = 0; user.user >= 0 && j < user.length; j++)
            begin[rows->row[user.begin + j]]++;
    }
    for (int64_t s = 0; s <= rows->slots; s++) {
        end += begin[s];
        begin[s] = end; /* filled from there downwards */
    }
    for (int64_t i = 0; i < rows->living; i++) {
        cor_living user = rows->user[i];
        for (uint32_t j = 0; user.user >= 0 && j < user.length; j++)
            rows->list_at[--begin[rows->row[user.begin + j]]] = (int32_t)i;
    }
}

static int make_lists(cor_rows *rows)
{
    COR_TRY(COR_NEW_ZEROED(&rows->list_begin, rows->slots + 1));
    COR_TRY(COR_NEW(&rows->list_at, rows->left));
    fill_lists(rows);
    return COR_OK;
}

static void drop_listed(cor_rows *rows, int32_t slot)
{
    for (int64_t i = rows->list_begin[slot]; i < rows->list_begin[slot + 1];
         i++) {
        cor_living *user = &rows->user[rows->list_at[i]];
        if (user->user < 0)
            continue;
        rows->left--;
        if ((int64_t)user->alive-- == rows->least)
            rows->dying_at[rows->dying++] = rows->list_at[i];
    }
}

int cor_rows_drop_slots(cor_rows *rows, const int32_t *slot, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        rows->slot_gone[slot[i] >> 6] |= UINT64_C(1) << (slot[i] & 63);
    int64_t cost = rows->left + rows->living;
    if (count > 0 && !rows->list_begin && rows->credit >= cost) {
        rows->credit -= cost;
        return pass(rows);
    }
    if (count > 0 && !rows->list_begin)
        COR_TRY(make_lists(rows));
    for (int64_t i = 0; i < count; i++)
        drop_listed(rows, slot[i]);
    return COR_OK;
}
