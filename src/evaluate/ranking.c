#include "coracle/ranking.h"

#include "coracle/exchange.h"
#include "coracle/halo.h"
#include "coracle/memory.h"
#include "coracle/recommend.h"
#include "coracle/sort.h"
#include "coracle/sum.h"

#include <math.h>
#include <string.h>

/* A user's sums; those of a cutoff follow each other. */
enum { PRECISION, RECALL, CAPPED, HIT, NDCG, MAP, PER_CUTOFF };

typedef struct judgement {
    const cor_team *team;
    const cor_model *model;
    const cor_interactions *test;
    int cutoffs;
    int64_t k[COR_CUTOFFS];
    uint64_t *wanted; /* local user << 32 | item of the model, ascending */
    int64_t *begin;   /* users + 1: where each user's begin */
    int64_t *count;   /* users: relevant items, unknown ones too */
    cor_queries queries;
    cor_toplists lists;
    int64_t *place; /* users: of the first relevant item; 0: none */
} judgement;

static void close_judgement(judgement *r)
{
    cor_free(r->wanted);
    cor_free(r->begin);
    cor_free(r->count);
    cor_free(r->place);
    cor_toplists_free(&r->lists);
    cor_queries_free(&r->queries);
}

static int64_t first_user(const judgement *r)
{
    return cor_shards_first_row(r->test->user_shards, cor_team_rank(r->team));
}

/* Keys of the relevant rows, by the numbers of the test store. */
static int64_t relevant_rows(const judgement *r, double least, uint64_t *key,
                             int64_t *row)
{
    const cor_interactions *test = r->test;
    int64_t count = 0;
    for (int64_t i = 0; i < test->rows; i++)
        if ((double)test->value[i] >= least) {
            int64_t user = test->user[i] - first_user(r);
            key[count] = (uint64_t)user << 32 | (uint32_t)test->item[i];
            row[count++] = i;
        }
    return count;
}

/* Each pair once; those of the model's items become keys by its rows. */
static int take_pairs(judgement *r, const uint64_t *key, const int64_t *row,
                      const int64_t *item, int64_t pairs)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < pairs; i++) {
        int64_t user = (int64_t)(key[i] >> 32), known = item[row[i]];
        if (i > 0 && key[i] == key[i - 1])
            continue;
        r->count[user]++;
        if (known < 0)
            continue;
        r->wanted[kept++] = (uint64_t)user << 32 | (uint32_t)known;
        r->begin[user + 1]++;
    }
    for (int64_t u = 0; u < r->queries.id.count; u++)
        r->begin[u + 1] += r->begin[u];
    return cor_sort_keys(r->wanted, kept);
}

static int sort_relevant(judgement *r, double least, const int64_t *item)
{
    uint64_t *key = NULL;
    int64_t *row = NULL, users = r->queries.id.count, rows = r->test->rows;
    int rc = COR_NEW(&key, rows);
    if (rc == COR_OK)
        rc = COR_NEW(&row, rows);
    if (rc == COR_OK)
        rc = COR_NEW(&r->wanted, rows);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&r->begin, users + 1);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&r->count, users);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&r->place, users);
    if (rc == COR_OK) {
        int64_t pairs = relevant_rows(r, least, key, row);
        rc = cor_sort_pairs(key, row, pairs);
        if (rc == COR_OK)
            rc = take_pairs(r, key, row, item, pairs);
    }
    cor_free(key);
    cor_free(row);
    return rc;
}

/* The relevant items of my users, as rows of the model. */
static int find_relevant(judgement *r, double least)
{
    int64_t *user = NULL, *item = NULL;
    int rc = COR_NEW(&user, r->test->rows);
    if (rc == COR_OK)
        rc = COR_NEW(&item, r->test->rows);
    rc = cor_agree(r->team, rc);
    if (rc == COR_OK)
        rc = cor_model_locate(r->team, r->model, r->test, user, item);
    cor_free(user);
    if (rc == COR_OK)
        rc = cor_agree(r->team, sort_relevant(r, least, item));
    cor_free(item);
    return rc;
}

static bool is_wanted(const judgement *r, int64_t user, int32_t item)
{
    uint64_t key = (uint64_t)user << 32 | (uint32_t)item;
    int64_t low = r->begin[user], high = r->begin[user + 1];
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (r->wanted[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < r->begin[user + 1] && r->wanted[low] == key;
}

static bool is_evaluated(const judgement *r, int64_t user)
{
    return r->count[user] > 0 && r->queries.known[user];
}

static double discount(int64_t place)
{
    return 1 / log2((double)place + 1);
}

/* What one cutoff gives for one user, added to sums[PER_CUTOFF]. */
static void add_cutoff(const judgement *r, int64_t user, int64_t k,
                       double *sums)
{
    const int32_t *item = r->lists.item + user * r->lists.n;
    int64_t relevant = r->count[user], hits = 0;
    int64_t capped = relevant < k ? relevant : k;
    double gain = 0, ideal = 0, precisions = 0;
    for (int64_t place = 1; place <= k; place++) {
        ideal += place <= capped ? discount(place) : 0;
        if (place > r->lists.n || item[place - 1] < 0 ||
            !is_wanted(r, user, item[place - 1]))
            continue;
        hits++;
        gain += discount(place);
        precisions += (double)hits / (double)place;
    }
    sums[PRECISION] += (double)hits / (double)k;
    sums[RECALL] += (double)hits / (double)relevant;
    sums[CAPPED] += (double)hits / (double)capped;
    sums[HIT] += hits > 0;
    sums[NDCG] += gain / ideal;
    sums[MAP] += precisions / (double)capped;
}

/* Sums over users: inside a shard in row order, then up the tree. */
static int sum_users(const judgement *r, cor_ranking *ranking)
{
    const cor_shards *shards = r->test->user_shards;
    int length = 1 + r->cutoffs * PER_CUTOFF;
    double sums[1 + COR_CUTOFFS * PER_CUTOFF];
    cor_sum *sum = NULL;
    int rc = cor_sum_create(r->team, shards, length, &sum);
    int64_t last = cor_shards_first(shards, cor_team_rank(r->team) + 1);
    for (int64_t s = cor_shards_first(shards, cor_team_rank(r->team));
         rc == COR_OK && s < last; s++) {
        memset(sums, 0, sizeof sums);
        for (int64_t u = cor_shards_begin(shards, s) - first_user(r);
             u < cor_shards_begin(shards, s + 1) - first_user(r); u++) {
            if (!is_evaluated(r, u))
                continue;
            sums[0] += r->place[u] > 0 ? 1 / (double)r->place[u] : 0;
            for (int c = 0; c < r->cutoffs; c++)
                add_cutoff(r, u, r->k[c], sums + 1 + c * PER_CUTOFF);
        }
        rc = cor_sum_add(sum, s, sums);
    }
    rc = cor_agree(r->team, rc);
    if (rc == COR_OK)
        rc = cor_sum_total(sum, sums);
    cor_sum_destroy(&sum);
    COR_TRY(rc);
    double users = ranking->users > 0 ? (double)ranking->users : 1;
    ranking->mrr = sums[0] / users;
    for (int c = 0; c < r->cutoffs; c++) {
        const double *at = sums + 1 + c * PER_CUTOFF;
        ranking->at[c] = (cor_ranking_at){.k = r->k[c],
                                          .precision = at[PRECISION] / users,
                                          .recall = at[RECALL] / users,
                                          .recall_capped = at[CAPPED] / users,
                                          .hit_rate = at[HIT] / users,
                                          .ndcg = at[NDCG] / users,
                                          .map = at[MAP] / users};
    }
    return COR_OK;
}

static void count_users(const judgement *r, cor_ranking *ranking)
{
    int64_t number[6] = {0};
    for (int64_t u = 0; u < r->queries.id.count; u++) {
        bool evaluated = is_evaluated(r, u);
        int64_t known = r->begin[u + 1] - r->begin[u];
        number[0] += evaluated;
        number[1] += r->count[u] == 0;
        number[2] += r->count[u] > 0 && !evaluated;
        number[3] += evaluated ? r->count[u] : 0;
        number[4] += evaluated ? r->count[u] - known : 0;
    }
    for (int64_t i = 0; i < r->model->item.count; i++)
        number[5] += r->model->item.ratings[i] > 0;
    cor_team_sum(r->team, number, 6);
    ranking->users = number[0];
    ranking->users_without = number[1];
    ranking->users_unknown = number[2];
    ranking->relevant = number[3];
    ranking->items_unknown = number[4];
    ranking->catalogue = number[5];
}

/* The places at which my lists name items: item and place, sorted. */
static int64_t named_items(const judgement *r, uint64_t *named)
{
    int64_t count = 0;
    for (int64_t u = 0; u < r->queries.id.count; u++) {
        const int32_t *item = r->lists.item + u * r->lists.n;
        for (int64_t i = 0; is_evaluated(r, u) && i < r->lists.n; i++)
            if (item[i] >= 0)
                named[count++] = (uint64_t)item[i] << 32 | (uint64_t)i;
    }
    return count;
}

/* Of each item its best place, to the rank that owns the item; and how often it
   is named before each cutoff there. */
typedef struct name {
    int64_t item, best;
    int64_t times[COR_CUTOFFS];
} name;

static int64_t gather_names(const judgement *r, const uint64_t *named,
                            int64_t count, name *out)
{
    int64_t names = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t item = (int64_t)(named[i] >> 32);
        int64_t at = (int64_t)(named[i] & UINT32_MAX);
        if (names == 0 || out[names - 1].item != item)
            out[names++] = (name){.item = item, .best = at};
        for (int c = 0; c < r->cutoffs; c++)
            out[names - 1].times[c] += at < r->k[c];
    }
    return names;
}

/* At the owners: distinct items, and training counts times how often named. */
static int count_names(const judgement *r, const name *arrived, int64_t count,
                       int64_t *number)
{
    const cor_model_side *side = &r->model->item;
    int64_t *best = NULL;
    COR_TRY(COR_NEW(&best, side->count));
    for (int64_t i = 0; i < side->count; i++)
        best[i] = INT64_MAX;
    for (int64_t j = 0; j < count; j++) {
        int64_t i = arrived[j].item - side->first;
        best[i] = arrived[j].best < best[i] ? arrived[j].best : best[i];
        for (int c = 0; c < r->cutoffs; c++) {
            number[COR_CUTOFFS + c] += side->ratings[i] * arrived[j].times[c];
            number[2 * COR_CUTOFFS + c] += arrived[j].times[c];
        }
    }
    for (int64_t i = 0; i < side->count; i++)
        for (int c = 0; c < r->cutoffs; c++)
            number[c] += best[i] < r->k[c];
    cor_free(best);
    return COR_OK;
}

static int send_names(const judgement *r, const name *names, int64_t count,
                      int64_t *number)
{
    int32_t *to = NULL;
    name *arrived = NULL;
    cor_route *route = NULL;
    int rc = COR_NEW(&to, count);
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        to[i] = cor_shards_owner(r->model->item.shards, names[i].item);
    rc = cor_agree(r->team, rc);
    if (rc == COR_OK)
        rc = cor_route_create(r->team, to, count, &route);
    if (rc == COR_OK)
        rc = cor_agree(r->team, COR_NEW(&arrived, cor_route_arrivals(route)));
    if (rc == COR_OK)
        rc = cor_route_send(route, names, sizeof *names, arrived);
    if (rc == COR_OK)
        rc = cor_agree(r->team, count_names(r, arrived,
                                            cor_route_arrivals(route), number));
    cor_route_destroy(&route);
    cor_free(arrived);
    cor_free(to);
    return rc;
}

/* Coverage and popularity of the lists. */
static int measure_names(const judgement *r, cor_ranking *ranking)
{
    int64_t number[3 * COR_CUTOFFS] = {0}, count = 0, names = 0;
    int64_t most = r->queries.id.count * r->lists.n;
    uint64_t *named = NULL;
    name *name_of = NULL;
    int rc = COR_NEW(&named, most);
    if (rc == COR_OK) {
        count = named_items(r, named);
        rc = cor_sort_keys(named, count);
    }
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        names += i == 0 || named[i] >> 32 != named[i - 1] >> 32;
    if (rc == COR_OK)
        rc = COR_NEW(&name_of, names);
    if (rc == COR_OK)
        gather_names(r, named, count, name_of);
    cor_free(named);
    rc = cor_agree(r->team, rc);
    if (rc == COR_OK)
        rc = send_names(r, name_of, names, number);
    cor_free(name_of);
    COR_TRY(rc);
    cor_team_sum(r->team, number, 3 * COR_CUTOFFS);
    for (int c = 0; c < r->cutoffs; c++) {
        double catalogue = (double)ranking->catalogue;
        double times = (double)number[2 * COR_CUTOFFS + c];
        ranking->at[c].coverage =
            ranking->catalogue > 0 ? (double)number[c] / catalogue : 0;
        ranking->at[c].popularity =
            times > 0 ? (double)number[COR_CUTOFFS + c] / times : 0;
    }
    return COR_OK;
}

static int evaluate(judgement *r, const cor_interactions *seen, double least,
                    cor_progress *progress, cor_ranking *ranking)
{
    int64_t most = 0;
    for (int c = 0; c < r->cutoffs; c++)
        most = r->k[c] > most ? r->k[c] : most;
    COR_TRY(cor_queries_of_table(r->team, r->model, &r->test->user_id, false,
                                 &r->queries));
    COR_TRY(find_relevant(r, least));
    if (seen)
        COR_TRY(cor_queries_see(r->team, r->model, seen, &r->queries));
    COR_TRY(cor_recommend(r->team, r->model, &r->queries, most, progress,
                          &r->lists));
    COR_TRY(cor_recommend_places(r->team, r->model, &r->queries, r->wanted,
                                 r->begin, &r->lists, progress, r->place));
    count_users(r, ranking);
    COR_TRY(sum_users(r, ranking));
    return measure_names(r, ranking);
}

int cor_evaluate_ranking(const cor_team *team, const cor_model *model,
                         const cor_interactions *test,
                         const cor_interactions *seen, double least,
                         const int64_t *k, int cutoffs, cor_progress *progress,
                         cor_ranking *result)
{
    judgement r = {
        .team = team, .model = model, .test = test, .cutoffs = cutoffs};
    *result = (cor_ranking){.cutoffs = cutoffs};
    memcpy(r.k, k, (size_t)cutoffs * sizeof *k);
    int rc = evaluate(&r, seen, least, progress, result);
    close_judgement(&r);
    return rc;
}
