/* The rows of a store stand where its shards say; those of a history travel to
 * the owners of their users under the numbers of the store. From there on each
 * rank is alone with its users. */
#include "coracle/sequences.h"

#include "coracle/cut.h"
#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "match.h"
#include "need.h"
#include "sequence_text.h"
#include "touched.h"

#include <string.h>

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
    if (options->min_length < 1)
        return cor_fail(COR_EUSAGE,
                        "the least length of a prefix is %lld; it "
                        "must be 1 or more",
                        (long long)options->min_length);
    if (options->max_length != 0 && options->max_length < least)
        return cor_fail(COR_EUSAGE,
                        "the greatest length is %lld; it must be %lld or more, "
                        "as the least is, or 0 for no bound",
                        (long long)options->max_length, (long long)least);
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

/* Rows of a history: mine under the numbers of the store, then those that
   arrived. An item that the store does not have is -1 - its own number. */
typedef struct moving {
    int64_t rows;
    int32_t *user, *item, *to;
} moving;

static void moving_free(moving *m)
{
    cor_free(m->user);
    cor_free(m->item);
    cor_free(m->to);
}

static int moving_create(int64_t rows, bool to, moving *m)
{
    *m = (moving){0};
    COR_TRY(COR_NEW(&m->user, rows));
    COR_TRY(COR_NEW(&m->item, rows));
    return to ? COR_NEW(&m->to, rows) : COR_OK;
}

/* What the items of my even part are in the store. Collective. */
static int number_items(const cor_sequences *s, const cor_interactions *history,
                        int32_t **number)
{
    const cor_ids *ids = &history->item_id;
    int64_t *row = NULL;
    int rc = COR_NEW(&row, ids->count);
    if (rc == COR_OK)
        rc = COR_NEW(number, ids->count);
    rc = cor_agree(s->team, rc);
    if (rc == COR_OK)
        rc = cor_match_ids(s->team, &s->data->item_id, ids, row);
    for (int64_t i = 0; rc == COR_OK && i < ids->count; i++)
        (*number)[i] = (int32_t)(row[i] >= 0 ? row[i] : -1 - (ids->first + i));
    cor_free(row);
    return rc;
}

/* What the items that my rows touch are in the store. Collective. */
static int number_slots(const cor_sequences *s, const cor_interactions *history,
                        const cor_touched *touched, int32_t **slot)
{
    int32_t *number = NULL;
    int rc = cor_agree(s->team, COR_NEW(slot, touched->slots));
    if (rc == COR_OK)
        rc = number_items(s, history, &number);
    if (rc == COR_OK)
        rc = cor_touched_ask(touched, number, sizeof *number, *slot);
    cor_free(number);
    return rc;
}

/* My rows whose user the store knows, and who owns it. */
static void number_rows(const cor_sequences *s, const cor_interactions *history,
                        const int64_t *user, const cor_touched *touched,
                        const int32_t *slot, moving *m)
{
    const cor_ids *ids = &history->user_id;
    int32_t last = -1, owner = 0;
    for (int64_t r = 0; r < history->rows; r++) {
        int64_t number = user[history->user[r] - ids->first];
        if (number < 0)
            continue;
        if (history->user[r] != last)
            owner = cor_shards_owner(s->data->user_shards, number);
        last = history->user[r];
        m->user[m->rows] = (int32_t)number;
        m->item[m->rows] = slot[cor_touched_slot(touched, history->item[r])];
        m->to[m->rows++] = owner;
    }
}

/* Collective. */
static int prepare_rows(const cor_sequences *s, const cor_interactions *history,
                        moving *m)
{
    cor_touched touched;
    int64_t *user = NULL;
    int32_t *slot = NULL;
    int rc = COR_NEW(&user, history->user_id.count);
    if (rc == COR_OK)
        rc = moving_create(history->rows, true, m);
    rc = cor_agree(s->team, rc);
    if (rc == COR_OK)
        rc = cor_match_ids(s->team, &s->data->user_id, &history->user_id, user);
    if (rc == COR_OK) {
        rc = cor_touched_create(s->team, history->items, history->rows,
                                history->item, &touched);
        if (rc == COR_OK)
            rc = number_slots(s, history, &touched, &slot);
        if (rc == COR_OK)
            number_rows(s, history, user, &touched, slot, m);
        cor_touched_free(&touched);
    }
    cor_free(slot);
    cor_free(user);
    return rc;
}

/* Collective. */
static int send_rows(const cor_team *team, const moving *mine, moving *arrived)
{
    cor_route *route = NULL;
    COR_TRY(cor_route_create(team, mine->to, mine->rows, &route));
    int64_t rows = cor_route_arrivals(route);
    int rc = cor_agree(team, moving_create(rows, false, arrived));
    if (rc == COR_OK)
        rc = cor_route_send(route, mine->user, sizeof *mine->user,
                            arrived->user);
    if (rc == COR_OK)
        rc = cor_route_send(route, mine->item, sizeof *mine->item,
                            arrived->item);
    arrived->rows = rows;
    cor_route_destroy(&route);
    return rc;
}

/* Users without rows in the store have no line. */
static void drop_others(const cor_sequences *s, moving *m)
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
                       const cor_interactions *history, const moving *m)
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
    moving mine = {0}, arrived = {0};
    int rc = prepare_rows(s, history, &mine);
    if (rc == COR_OK)
        rc = send_rows(s->team, &mine, &arrived);
    moving_free(&mine);
    if (rc == COR_OK) {
        drop_others(s, &arrived);
        rc = check_items(s, name, history, &arrived);
    }
    if (rc == COR_OK)
        rc = cor_agree(s->team,
                       cor_user_items_append(&s->items, arrived.rows,
                                             arrived.user, arrived.item));
    moving_free(&arrived);
    return rc;
}

/* ---- ids ---- */

/* Lines are cut at blanks, so an id must not have one. */
static int check_ids(const char *name, const char *what, const cor_ids *ids)
{
    char id[COR_ID_LIMIT + 1];
    for (int64_t i = 0; ids->text && i < ids->count; i++) {
        cor_ids_print(ids, i, id, sizeof id);
        if (!*id || id[strcspn(id, " \t\r\n\v\f")])
            return cor_fail(COR_EDATA,
                            "%s: the %s \"%s\" %s, which a line of ids can't "
                            "hold: take --ids dense",
                            name, what, id,
                            *id ? "has a blank in it" : "is an empty id");
    }
    return COR_OK;
}

/* All ids of the store are looked at, so that the answer does not depend on
   which of them a rank's rows touch. Collective. */
static int check_tables(const cor_sequences *s)
{
    COR_TRY(cor_agree(s->team, check_ids(s->name, "user", &s->data->user_id)));
    return cor_agree(s->team, check_ids(s->name, "item", &s->data->item_id));
}

/* The ids of the items that my rows touch, whose numbers become rows of that
   table. Collective. */
static int fetch_item_ids(cor_sequences *s, cor_ids *ids)
{
    cor_touched touched;
    const cor_ids *all = &s->data->item_id;
    int64_t rows = s->items.begin[s->items.users];
    int rc = cor_touched_create(s->team, s->data->items, rows, s->items.item,
                                &touched);
    *ids = (cor_ids){.text = all->text,
                     .width = all->text ? all->width : (int64_t)sizeof(int64_t),
                     .total = touched.slots,
                     .count = touched.slots};
    if (rc == COR_OK)
        rc = cor_agree(s->team, all->text
                                    ? cor_allocate(&ids->bytes, ids->count,
                                                   (size_t)ids->width, "ids")
                                    : COR_NEW(&ids->number, ids->count));
    if (rc == COR_OK)
        rc = cor_touched_ask(
            &touched, all->text ? (void *)all->bytes : all->number,
            (size_t)ids->width, all->text ? (void *)ids->bytes : ids->number);
    for (int64_t r = 0; rc == COR_OK && r < rows; r++)
        s->items.item[r] = cor_touched_slot(&touched, s->items.item[r]);
    cor_touched_free(&touched);
    return rc;
}

/* Collective. */
static int find_words(cor_sequences *s, bool original, cor_words *user,
                      cor_words *item)
{
    cor_ids ids = {0};
    *user = (cor_words){.first = s->items.first};
    *item = (cor_words){0};
    if (!original)
        return COR_OK;
    int rc = check_tables(s);
    if (rc == COR_OK)
        rc = fetch_item_ids(s, &ids);
    if (rc == COR_OK) {
        rc = cor_words_create(&s->data->user_id, user);
        if (rc == COR_OK)
            rc = cor_words_create(&ids, item);
        rc = cor_agree(s->team, rc);
    }
    cor_ids_free(&ids);
    return rc;
}

/* ---- writing ---- */

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
    cor_words user = {0}, item = {0};
    cor_sequence_text text = {0};
    COR_TRY(cor_sequences_check(options));
    cor_progress_begin(progress, "write", 0);
    int rc = cor_agree(s->team, join_own(s, options));
    if (rc == COR_OK)
        rc = find_words(s, options->original, &user, &item);
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
