/* The rows of a store stand where its shards say; those of a history travel to
 * the owners of their users under the numbers of the store. From there on each
 * rank is alone with its users. */
#include "coracle/sequences.h"

#include "coracle/memory.h"
#include "moved.h"
#include "need.h"
#include "sequence_text.h"

struct cor_sequences {
    const cor_team *team;
    const char *name;
    const cor_interactions *data;
    int64_t *own;         /* by my users: rows of the store itself */
    cor_user_items items; /* of the histories; of all when written */
};

cor_sequences_options cor_sequences_default(void)
{
    return (cor_sequences_options){.min_length = 1};
}

int cor_sequences_check(const cor_sequences_options *options)
{
    int64_t least = options->prefixes ? options->min_length : 1;
    int64_t most = options->max_length;
    if (least < 1)
        return cor_fail(COR_EUSAGE,
                        "the least length of a prefix is %lld; it must be 1 or "
                        "more",
                        (long long)least);
    if (most != 0 && (most < least || most > INT32_MAX))
        return cor_fail(COR_EUSAGE,
                        "the greatest length is %lld; it must be %lld or more, "
                        "as the least is, and below 2^31; 0 is no bound",
                        (long long)most, (long long)least);
    return COR_OK;
}

/* ---- the store ---- */

static int count_own(cor_sequences *s)
{
    const cor_interactions *data = s->data;
    int rank = cor_team_rank(s->team);
    int64_t first = cor_shards_first_row(data->user_shards, rank);
    int64_t users = cor_shards_first_row(data->user_shards, rank + 1) - first;
    COR_TRY(cor_user_items_create(first, users, &s->items));
    COR_TRY(COR_NEW_ZEROED(&s->own, users));
    for (int64_t r = 0; r < data->rows; r++)
        s->own[data->user[r] - first]++;
    return COR_OK;
}

int cor_sequences_create(const cor_team *team, const char *name,
                         const cor_interactions *data, cor_sequences **out)
{
    *out = NULL;
    int rc = COR_NEW_ZEROED(out, 1);
    if (rc == COR_OK) {
        **out = (cor_sequences){.team = team, .name = name, .data = data};
        rc = count_own(*out);
    }
    rc = cor_agree(team, rc);
    if (rc != COR_OK)
        cor_sequences_destroy(out);
    return rc;
}

void cor_sequences_destroy(cor_sequences **sequences)
{
    cor_sequences *s = *sequences;
    if (!s)
        return;
    cor_user_items_free(&s->items);
    cor_free(s->own);
    cor_free(s);
    *sequences = NULL;
}

/* ---- a history ---- */

/* Users without rows in the store have no line. */
static void drop_others(const cor_sequences *s, cor_moved *m)
{
    int64_t kept = 0;
    for (int64_t r = 0; r < m->rows; r++) {
        m->user[kept] = m->user[r];
        m->item[kept] = m->item[r];
        kept += s->own[m->user[r] - s->items.first] > 0;
    }
    m->rows = kept;
}

/* Of the items that the store does not have, the first is named by the rank
   that holds its id. Collective. */
static int check_items(const cor_sequences *s, const char *name,
                       const cor_interactions *history, const cor_moved *m)
{
    const cor_ids *ids = &history->item_id;
    int64_t missing = INT64_MAX;
    for (int64_t r = 0; r < m->rows; r++)
        if (m->item[r] < 0 && -1 - m->item[r] < missing)
            missing = -1 - m->item[r];
    cor_team_min(s->team, &missing, 1);
    int rc = COR_OK;
    if (missing >= ids->first && missing < ids->first + ids->count) {
        char id[COR_ID_LIMIT + 1];
        cor_ids_print(ids, missing - ids->first, id, sizeof id);
        rc = cor_fail(COR_EDATA,
                      "%s has the item \"%s\", which %s does not number: make "
                      "both by one split, or cut them alike: coracle kcore "
                      "TRAIN OTHER... -o FOLDER",
                      name, id, s->name);
    }
    return cor_agree(s->team, rc);
}

int cor_sequences_precede(cor_sequences *s, const char *name,
                          const cor_interactions *history)
{
    cor_moved moved;
    int rc = cor_moved_bring(s->team, history, s->data, &moved);
    if (rc == COR_OK) {
        drop_others(s, &moved);
        rc = check_items(s, name, history, &moved);
    }
    if (rc == COR_OK)
        rc = cor_agree(s->team, cor_user_items_append(&s->items, moved.rows,
                                                      moved.user, moved.item));
    cor_moved_free(&moved);
    return rc;
}

/* ---- writing ---- */

/* The ids of users and items. All of the store are looked at, so that the
   answer does not depend on which of them a rank's rows touch. Collective. */
static int find_ids(cor_sequences *s, cor_words *user, cor_words *item)
{
    const cor_ids *users = &s->data->user_id, *items = &s->data->item_id;
    COR_TRY(cor_agree(s->team, cor_words_check(s->name, "user", users)));
    COR_TRY(cor_agree(s->team, cor_words_check(s->name, "item", items)));
    COR_TRY(cor_agree(s->team, cor_words_create(users, user)));
    return cor_words_fetch(s->team, items, s->items.begin[s->items.users],
                           s->items.item, item);
}

/* The store's own rows go behind the histories; what no line will show is left
   out. */
static int join_own(cor_sequences *s, const cor_sequences_options *options)
{
    const cor_interactions *data = s->data;
    int64_t *keep = NULL, most = options->max_length;
    COR_TRY(
        cor_user_items_append(&s->items, data->rows, data->user, data->item));
    if (!most)
        return COR_OK;
    COR_TRY(COR_NEW(&keep, s->items.users));
    for (int64_t u = 0; u < s->items.users; u++)
        keep[u] = options->prefixes && s->own[u] ? s->own[u] + most : most;
    cor_user_items_keep(&s->items, keep);
    cor_free(keep);
    return COR_OK;
}

static int write_text(const cor_sequences *s, const cor_sequence_text *text,
                      const char *path, bool force,
                      const cor_sequences_options *options,
                      cor_sequences_count *count)
{
    cor_output *output = NULL;
    COR_TRY(cor_output_begin(s->team, path, force, &output));
    int rc =
        cor_sequence_text_write(s->team, text, options, s->own, output, count);
    if (rc == COR_OK)
        rc = cor_output_commit(&output);
    cor_output_abandon(&output);
    return rc;
}

int cor_sequences_write(cor_sequences *s, const char *path, bool force,
                        const cor_sequences_options *options,
                        cor_progress *progress, cor_sequences_count *count)
{
    cor_words user = {.first = s->items.first}, item = {0};
    cor_sequence_text text = {0};
    COR_TRY(cor_sequences_check(options));
    cor_progress_begin(progress, "write", 0);
    int rc = cor_agree(s->team, join_own(s, options));
    if (rc == COR_OK && options->original)
        rc = find_ids(s, &user, &item);
    if (rc == COR_OK)
        rc = cor_agree(s->team, cor_sequence_text_create(
                                    &s->items, &user, &item,
                                    cor_team_threads(s->team), &text));
    if (rc == COR_OK)
        rc = write_text(s, &text, path, force, options, count);
    cor_progress_end(progress);
    cor_sequence_text_free(&text);
    cor_words_free(&item);
    cor_words_free(&user);
    return rc;
}

/* ---- the plan ---- */

/* An id and what stands behind it. */
enum { WORD = 8 };

/* While a history is on its way its columns stand three times: as they were
   read, under new numbers and where they arrive. Later there are the columns of
   the store, all items, where the text of each begins, and the text. */
cor_plan cor_sequences_plan(const cor_team *team,
                            const cor_interactions_summary *store,
                            const cor_interactions_summary *history,
                            int histories, const cor_sequences_options *options)
{
    int64_t rows = store->interactions, widest = 0;
    int64_t most = cor_need_rows(team, rows, store->shards);
    int64_t users = store->users / cor_team_size(team) + 1;
    int64_t items = most;
    for (int h = 0; h < histories; h++) {
        int64_t more =
            cor_need_rows(team, history[h].interactions, history[h].shards);
        rows += history[h].interactions;
        items += more;
        widest = more > widest ? more : widest;
    }
    int64_t travel = widest * (8 + 12 + 8) + items * 2 * 4;
    int64_t writing = items * (4 + 8 + WORD);
    int64_t line = options->max_length ? options->max_length * WORD : WORD;
    return (cor_plan){
        .rows_rank = most,
        .bytes_rank = cor_plan_base() + most * 8 + users * (8 + 8 + 8) +
                      (travel > writing ? travel : writing),
        .bytes_disk = options->prefixes
                          ? store->interactions * (line + 2 * WORD)
                          : rows * WORD + store->users * WORD};
}
