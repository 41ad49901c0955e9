/** Neighbourhoods against their definition: every pair of things compared,
 * every rating predicted, one by one. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/file.h"
#include "coracle/knn.h"
#include "coracle/scores.h"
#include "coracle/stop.h"
#include "rated.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { USERS = 45, ITEMS = 33, MOST = 45, SHARDS = 64 };

static rated input, data; /* data: user by user */

/* Half stars, or values of no grid; two who rated twice; an item that
   everybody rated, a user with one rating, users and items without any. */
static void make_input(bool stars)
{
    input = (rated){.users = USERS, .items = ITEMS};
    rated_random(&input, 450, 9, 0.5f, stars ? 0.5f : 0.3f, 10);
    int64_t kept = 0;
    for (int64_t i = 0; i < input.count; i++)
        if (input.user[i] < USERS - 3 && input.item[i] < ITEMS - 2) {
            input.user[kept] = input.user[i];
            input.item[kept] = input.item[i];
            input.value[kept++] = input.value[i];
        }
    input.count = kept;
    for (int32_t u = 0; u < USERS - 3; u++)
        rated_add(&input, u, 5, (float)(1 + u % 5));
    rated_add(&input, USERS - 3, 2, 4);
    rated_add(&input, 0, 5, 2);
    rated_by_user(&input, &data);
}

/* ---- the definition ---- */

typedef struct plain {
    const cor_knn_options *o;
    double mean, user[USERS], item[ITEMS], low, high;
    bool known_user[USERS], known_item[ITEMS];
    int things;
    int rank[MOST]; /* which of equally similar things counts first */
    float similarity[MOST][MOST];
    bool kept[MOST][MOST]; /* in the row of the first */
} plain;

static int thing_of(const plain *p, int64_t i)
{
    return p->o->between_users ? data.user[i] : data.item[i];
}

static int rater_of(const plain *p, int64_t i)
{
    return p->o->between_users ? data.item[i] : data.user[i];
}

static double residual(const plain *p, int64_t i)
{
    return (double)(float)((double)data.value[i] - p->mean -
                           p->user[data.user[i]] - p->item[data.item[i]]);
}

/* The model's own baseline: it has a test of its own. */
static int take_baseline(const cor_model *model, plain *p)
{
    const cor_model_side *sides[] = {&model->user, &model->item};
    double *to[] = {p->user, p->item};
    p->mean = model->mean;
    p->low = model->value_min;
    p->high = model->value_max;
    for (int s = 0; s < 2; s++) {
        float *all;
        int64_t total;
        COR_TRY(cor_team_collect(team, sides[s]->bias, sides[s]->count,
                                 sizeof *all, &all, &total));
        for (int64_t r = 0; r < total; r++)
            to[s][r] = (double)all[r];
        cor_free(all);
    }
    for (int64_t i = 0; i < data.count; i++)
        p->known_user[data.user[i]] = p->known_item[data.item[i]] = true;
    return COR_OK;
}

static void compare(plain *p, int a, int b)
{
    const cor_similarity_options *s = &p->o->similarity;
    bool pearson = s->kind == COR_PEARSON_BASELINE;
    double ab = 0, aa = 0, bb = 0, n = 0, least = pearson ? 2 : 1, r = 0;
    for (int64_t i = 0; i < data.count; i++)
        for (int64_t j = 0; thing_of(p, i) == a && j < data.count; j++) {
            if (thing_of(p, j) != b || rater_of(p, i) != rater_of(p, j))
                continue;
            double x = pearson ? residual(p, i) : (double)data.value[i];
            double y = pearson ? residual(p, j) : (double)data.value[j];
            ab += x * y, aa += x * x, bb += y * y, n++;
        }
    if (n < least || n < (double)s->support)
        return;
    if (s->kind == COR_MSD)
        r = 1 / (1 + (aa + bb - 2 * ab) / n);
    else if (aa * bb > 0)
        r = ab / sqrt(aa * bb);
    if (pearson)
        r *= (n - 1) / (n - 1 + s->shrinkage);
    p->similarity[a][b] = (float)r;
}

/* How many things come before b among those similar to a. */
static int before(const plain *p, int a, int b)
{
    int count = 0;
    for (int c = 0; c < p->things; c++)
        count +=
            c != a && (p->similarity[a][c] > p->similarity[a][b] ||
                       (p->similarity[a][c] == p->similarity[a][b] && c < b));
    return count;
}

static int define(const cor_model *model, const cor_knn_options *o, plain *p)
{
    *p = (plain){.o = o, .things = o->between_users ? USERS : ITEMS};
    uint64_t key[MOST];
    COR_TRY(take_baseline(model, p));
    for (int a = 0; a < p->things; a++)
        for (int b = 0; b < p->things; b++)
            if (a != b)
                compare(p, a, b);
    for (int a = 0; a < p->things; a++)
        for (int b = 0; b < p->things; b++)
            p->kept[a][b] = p->similarity[a][b] > 0 &&
                            (o->keep == 0 || before(p, a, b) < o->keep);
    for (int a = 0; a < p->things; a++) {
        cor_random bits = cor_random_at((uint64_t)o->seed, COR_STREAM_NEIGHBOUR,
                                        (uint64_t)a, 0);
        key[a] = (uint64_t)bits.word[0] << 32 | bits.word[1];
    }
    for (int a = 0; a < p->things; a++)
        for (int b = 0; b < p->things; b++)
            p->rank[a] += key[b] < key[a];
    return COR_OK;
}

/* A neighbour of a rating: its similarity, and where it stands among equals. */
typedef struct candidate {
    float similarity;
    int64_t place;
    double residual;
} candidate;

static double beyond(const plain *p, int user, int item)
{
    candidate found[RATED_MOST];
    int thing = p->o->between_users ? user : item, count = 0;
    int rater = p->o->between_users ? item : user;
    bool as_input = p->o->input_order && !p->o->between_users;
    for (int64_t i = 0; i < data.count; i++) {
        int other = thing_of(p, i);
        if (rater_of(p, i) != rater ||
            (other != thing && !p->kept[thing][other]))
            continue;
        bool self = other == thing;
        bool first = as_input || (self && p->o->between_users);
        found[count++] = (candidate){
            self ? 1 : p->similarity[thing][other],
            (first ? 0 : p->rank[other] + 1) * (int64_t)RATED_MOST + i,
            residual(p, i)};
    }
    double weighted = 0, weight = 0;
    int taken = 0;
    for (int i = 0; i < count; i++) {
        int ahead = 0;
        for (int j = 0; j < count; j++)
            ahead += found[j].similarity > found[i].similarity ||
                     (found[j].similarity == found[i].similarity &&
                      found[j].place < found[i].place);
        if (ahead >= p->o->most)
            continue;
        weighted += (double)found[i].similarity * found[i].residual;
        weight += (double)found[i].similarity;
        taken++;
    }
    return taken >= p->o->least && weight > 0 ? weighted / weight : 0;
}

static double predict(const plain *p, int user, int item)
{
    double rating = p->mean + p->user[user] + p->item[item];
    if (p->known_user[user] && p->known_item[item])
        rating += beyond(p, user, item);
    return rating;
}

/* ---- the model ---- */

static bool same_rows(const cor_model *model, const plain *p)
{
    const cor_neighbours *n = model->neighbours;
    bool users = p->o->between_users, good = true;
    const cor_model_side *side = users ? &model->user : &model->item;
    const cor_sparse *rows = users ? &n->user : &n->item;
    for (int64_t r = 0; r < side->count; r++) {
        int a = (int)(side->first + r), expected = 0;
        for (int b = 0; b < p->things; b++)
            expected += p->kept[a][b];
        good = good && rows->begin[r + 1] - rows->begin[r] == expected;
        for (int64_t e = rows->begin[r]; e < rows->begin[r + 1]; e++) {
            int b = rows->index[e];
            float right = p->similarity[a][b];
            good =
                good && p->kept[a][b] && fabsf(rows->value[e] - right) <= 2e-7f;
        }
    }
    return good;
}

/* What is predicted depends on which of two almost equal similarities is the
   greater, so from here on they are the model's own. */
static int take_similarities(const cor_model *model, plain *p)
{
    typedef struct entry {
        int64_t row, thing;
        float value;
    } entry;
    bool users = p->o->between_users;
    const cor_model_side *side = users ? &model->user : &model->item;
    const cor_sparse *rows =
        users ? &model->neighbours->user : &model->neighbours->item;
    int64_t count = rows->begin[side->count], total;
    entry *mine, *all;
    COR_TRY(cor_agree(team, COR_NEW(&mine, count)));
    for (int64_t r = 0; r < side->count; r++)
        for (int64_t e = rows->begin[r]; e < rows->begin[r + 1]; e++)
            mine[e] = (entry){side->first + r, rows->index[e], rows->value[e]};
    int rc = cor_team_collect(team, mine, count, sizeof *mine, &all, &total);
    for (int64_t i = 0; rc == COR_OK && i < total; i++)
        p->similarity[all[i].row][all[i].thing] = all[i].value;
    cor_free(mine);
    cor_free(all);
    return rc;
}

/* All pairs, dealt to the ranks. */
static bool same_predictions(const cor_model *model, const plain *p)
{
    int64_t user[USERS * ITEMS], item[USERS * ITEMS], count = 0;
    float rating[USERS * ITEMS];
    bool good = true;
    for (int at = cor_team_rank(team); at < USERS * ITEMS;
         at += cor_team_size(team)) {
        user[count] = at / ITEMS;
        item[count++] = at % ITEMS;
    }
    cor_predictor *predictor = NULL;
    int rc = cor_predictor_create(team, model, user, item, count, &predictor);
    if (rc == COR_OK)
        rc = cor_predictor_run(predictor, rating);
    for (int64_t i = 0; rc == COR_OK && i < count; i++) {
        double right = predict(p, (int)user[i], (int)item[i]);
        right = fmin(fmax(right, p->low), p->high);
        if (fabs((double)rating[i] - right) > 2e-5) {
            fprintf(stderr, "pair %d %d: %.7f, not %.7f\n", (int)user[i],
                    (int)item[i], (double)rating[i], right);
            good = false;
        }
    }
    cor_predictor_destroy(&predictor);
    return rc == COR_OK && good;
}

typedef struct watch {
    const cor_model *model;
    const cor_queries *queries;
    const plain *p;
    int64_t seen;
    bool good;
} watch;

/* Scores are what is predicted, not clipped. One thread. */
static void look(void *context, const cor_scores_tile *tile)
{
    watch *w = context;
    for (int64_t q = 0; q < tile->queries; q++)
        for (int64_t i = 0; i < tile->items; i++) {
            int64_t query = tile->query + q;
            int user = (int)(w->queries->id.first + query);
            int item = (int)(tile->item + i);
            double offset = cor_scores_offset(w->model, w->queries, query);
            double score = offset + (double)tile->score[q * tile->items + i];
            w->seen++;
            if (!w->p->known_item[item])
                w->good = w->good && isinf(score);
            else if (w->p->known_user[user])
                w->good =
                    w->good && fabs(score - predict(w->p, user, item)) < 2e-5;
        }
}

static bool same_scores(cor_model *model, const plain *p)
{
    cor_queries queries;
    if (cor_queries_of_model(team, model, &queries) != COR_OK)
        return false;
    watch w = {.model = model, .queries = &queries, .p = p, .good = true};
    int rc = cor_scores_run(team, model, &queries, NULL, look, &w);
    bool all = w.seen == queries.id.count * ITEMS;
    cor_queries_free(&queries);
    return rc == COR_OK && w.good && all;
}

/* Users asked for by their ids get the same rows as all do. */
static bool same_by_id(cor_model *model)
{
    cor_queries all, some;
    cor_toplists of_all, of_some;
    cor_ids id = {.total = model->user.rows,
                  .first = model->user.first,
                  .count = model->user.count};
    if (COR_NEW(&id.number, id.count) != COR_OK)
        return false;
    for (int64_t r = 0; r < id.count; r++) /* from the last to the first */
        id.number[r] = 1000 + USERS - 1 - (id.first + r);
    int rc = cor_queries_of_ids(team, model, &id, &some);
    if (rc == COR_OK)
        rc = cor_recommend(team, model, &some, 5, NULL, &of_some);
    if (rc == COR_OK)
        rc = cor_queries_of_model(team, model, &all);
    if (rc == COR_OK)
        rc = cor_recommend(team, model, &all, 5, NULL, &of_all);
    if (rc != COR_OK)
        return false;
    int64_t sum[2] = {0};
    for (int64_t q = 0; q < of_all.count; q++)
        for (int i = 0; i < 5; i++) {
            sum[0] +=
                (all.id.first + q + 1) * (i + 2) * (of_all.item[q * 5 + i] + 1);
            sum[1] += (USERS - (some.id.first + q)) * (i + 2) *
                      (of_some.item[q * 5 + i] + 1);
        }
    cor_team_sum(team, sum, 2);
    cor_toplists_free(&of_all);
    cor_toplists_free(&of_some);
    cor_queries_free(&all);
    cor_queries_free(&some);
    return sum[0] == sum[1];
}

static void against_definition(const cor_knn_options *o)
{
    static plain p;
    cor_interactions train;
    cor_model model;
    cor_knn_fit fit;
    CHECK_OK(rated_make(team, &input, SHARDS, &train));
    CHECK_OK(cor_knn_train(team, &train, NULL, o, NULL, &model, &fit));
    CHECK_OK(define(&model, o, &p));
    int64_t kept = 0;
    for (int a = 0; a < p.things; a++)
        for (int b = 0; b < p.things; b++)
            kept += p.kept[a][b];
    CHECK(fit.similarities == kept && model.neighbours->similarities == kept);
    CHECK(kept > 0);
    CHECK(same_rows(&model, &p));
    CHECK_OK(take_similarities(&model, &p));
    CHECK(same_predictions(&model, &p));
    CHECK(same_scores(&model, &p));
    CHECK(same_by_id(&model));
    cor_knn_fit_free(&fit);
    cor_model_free(&model);
    cor_interactions_free(&train);
}

static void every_similarity(cor_knn_options *o)
{
    for (int kind = COR_PEARSON_BASELINE; kind <= COR_MSD; kind++) {
        o->similarity.kind = (enum cor_similarity)kind;
        against_definition(o);
    }
}

static void all_are_kept(void **state)
{
    (void)state;
    for (int users = 0; users < 2; users++) {
        make_input(users == 0);
        cor_knn_options o = cor_knn_options_default();
        o.between_users = users;
        o.most = 6;
        o.similarity.shrinkage = 10;
        every_similarity(&o);
        o.input_order = true;
        o.least = 3;
        o.similarity.support = 3;
        every_similarity(&o);
    }
}

static void the_strongest_are_kept(void **state)
{
    (void)state;
    for (int users = 0; users < 2; users++) {
        make_input(users == 1);
        cor_knn_options o = cor_knn_options_default();
        o.between_users = users;
        o.most = 4;
        o.keep = 7;
        every_similarity(&o);
        o.keep = 1000; /* more than there are */
        o.most = 40;
        every_similarity(&o);
    }
}

/* Where all values are equal nothing is beyond the baseline, and everything is
   alike. */
static void all_values_equal(void **state)
{
    (void)state;
    make_input(true);
    for (int64_t i = 0; i < input.count; i++)
        input.value[i] = 3;
    rated_by_user(&input, &data);
    cor_knn_options o = cor_knn_options_default();
    for (int kind = COR_COSINE; kind <= COR_MSD; kind++) {
        o.similarity.kind = (enum cor_similarity)kind;
        against_definition(&o);
    }
}

/* ---- stops ---- */

/* What a fit leaves, and in how many goes. */
static void digest_of(cor_knn_options *o, const char *folder, char *digest,
                      int *goes)
{
    cor_interactions train;
    cor_model model = {0};
    cor_knn_fit fit;
    bool stopped = true;
    char path[128];
    snprintf(path, sizeof path, "%s.h5", folder);
    for (*goes = 0; stopped; (*goes)++) {
        CHECK_OK(rated_make(team, &input, SHARDS, &train));
        CHECK_OK(cor_knn_train(team, &train, NULL, o, NULL, &model, &fit));
        cor_interactions_free(&train);
        stopped = fit.stopped;
        if (!stopped) {
            const cor_file_options file = {.force = true, .command = "test"};
            CHECK_OK(cor_model_write(team, path, &file, &model));
            memcpy(digest, model.digest, sizeof model.digest);
        }
        cor_model_free(&model);
        cor_knn_fit_free(&fit);
    }
    cor_team_barrier(team);
    if (cor_team_rank(team) == 0)
        unlink(path);
}

static void forget(const char *folder)
{
    char path[128];
    cor_team_barrier(team);
    if (cor_team_rank(team) == 0) {
        snprintf(path, sizeof path, "%s/knn.h5", folder);
        unlink(path);
        snprintf(path, sizeof path, "%s/knn.previous.h5", folder);
        unlink(path);
        rmdir(folder);
    }
    cor_team_barrier(team);
}

/* A fit that is asked to stop at once, again and again, or that writes a
   checkpoint wherever it can, comes to the bits of one that is left alone. */
static void stopped_wherever_it_can_be(void **state)
{
    (void)state;
    char folder[64], straight[17], stopped[17], timed[17];
    int goes;
    snprintf(folder, sizeof folder, "/tmp/coracle-knn-%ld", (long)getpid());
    cor_team_share(team, folder, sizeof folder, 0);
    make_input(true);
    CHECK_OK(cor_stop_on_signal("USR2"));
    for (int way = 0; way < 4; way += 3) {
        cor_knn_options o = cor_knn_options_default();
        o.between_users = way & 1;
        o.keep = way & 2 ? 7 : 0;
        o.similarity.kind = way & 1 ? COR_MSD : COR_PEARSON_BASELINE;
        o.baseline.epochs = 3;
        digest_of(&o, folder, straight, &goes);
        CHECK(goes == 1);
        o.course.checkpoint = folder;
        o.course.resume = true;
        if (way == 0) { /* before anybody asks to stop */
            o.course.checkpoint_minutes = 1e-9;
            digest_of(&o, folder, timed, &goes);
            CHECK(goes == 1 && strcmp(timed, straight) == 0);
            digest_of(&o, folder, timed, &goes); /* from its last checkpoint */
            CHECK(goes == 1 && strcmp(timed, straight) == 0);
            o.course.checkpoint_minutes = 0;
            forget(folder);
            CHECK(raise(SIGUSR2) == 0);
        }
        digest_of(&o, folder, stopped, &goes);
        CHECK(goes > 3 + 3);
        CHECK(strcmp(stopped, straight) == 0);
        if (way == 0) {
            o.keep = 9; /* the similarities of another run */
            cor_interactions train;
            cor_model model;
            cor_knn_fit fit;
            CHECK_OK(rated_make(team, &input, SHARDS, &train));
            CHECK(cor_knn_train(team, &train, NULL, &o, NULL, &model, &fit) ==
                  COR_EUSAGE);
            cor_interactions_free(&train);
        }
        forget(folder);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_are_kept),
    cmocka_unit_test(the_strongest_are_kept),
    cmocka_unit_test(all_values_equal),
    cmocka_unit_test(stopped_wherever_it_can_be),
};

TEAM_TESTS(tests)
