/*
 * The search for similar things, in rounds: between two of them the ranks meet,
 * and what is found so far may go into a checkpoint. Rounds are of equal work,
 * so that nobody waits long, and few: each costs a meeting.
 */
#include "coracle/memory.h"
#include "knn_state.h"
#include "neighbours.h"

typedef struct search {
    knn *k;
    knn_course *course;
    const knn_finder *finder;
    void *state; /* of the finder */
    knn_batches *batches;
} search;

/* Additions of a thread in a round, some seconds; a small search has rounds,
   too. One is enough where nobody may stop it. */
static int64_t rounds_of(const knn *k)
{
    const double additions = (double)(INT64_C(1) << 31);
    const int64_t least = 4, most = 100000;
    double work = 0;
    if (!k->options->course.checkpoint)
        return 1;
    for (int64_t x = 0; x < k->things; x++)
        work += knn_work_of(k, x);
    if (work == 0) /* all was done already */
        return 1;
    work /= cor_team_size(k->team);
    work /= cor_team_threads(k->team);
    cor_team_max_double(k->team, &work, 1); /* ranks' threads may differ */
    int64_t rounds = least + (int64_t)(work / additions);
    return rounds < most ? rounds : most;
}

/* My range by equal work. */
static int cut_rounds(knn *k)
{
    double total = 0, sum = 0;
    int64_t round = 0;
    k->rounds = rounds_of(k);
    COR_TRY(cor_agree(k->team, COR_NEW(&k->cut, k->rounds + 1)));
    for (int64_t x = k->first; x < k->end; x++)
        total += knn_work_of(k, x);
    for (int64_t x = k->first; x < k->end; x++) {
        while (round < k->rounds &&
               sum >= total * (double)round / (double)k->rounds)
            k->cut[round++] = x;
        sum += knn_work_of(k, x);
    }
    while (round <= k->rounds)
        k->cut[round++] = k->end;
    return COR_OK;
}

static int compare_round(search *s, int64_t round)
{
    knn_batch batch;
    for (;;) {
        knn_batches_next(s->batches, round, &batch);
        if (batch.from == batch.to)
            return COR_OK;
        COR_TRY(s->finder->compare(s->state, &batch));
        cor_progress_update(s->course->progress, batch.to - s->k->first);
    }
}

/* What is found goes to the owners of its things. */
static int hand_over(search *s)
{
    knn_found found = {0};
    int rc = cor_agree(s->k->team, s->finder->take(s->state, &found));
    s->finder->close(&s->state);
    if (rc == COR_OK)
        rc = knn_deliver(s->k, s->course->thing->shards, &found,
                         &s->course->similar);
    sparse_free(&found.row);
    return rc;
}

/* The things of all ranks before the end of a round are done. */
static int mark_compared(search *s, int64_t round)
{
    int64_t mine[2] = {s->k->first, s->k->cut[round + 1]}, *all = NULL;
    int64_t size = cor_team_size(s->k->team);
    COR_TRY(cor_agree(s->k->team, COR_NEW(&all, 2 * size)));
    cor_team_gather(s->k->team, mine, sizeof mine, all);
    for (int64_t r = 0; r < size; r++)
        for (int64_t x = all[2 * r]; x < all[2 * r + 1]; x++)
            s->course->compared[x] = 1;
    cor_free(all);
    return COR_OK;
}

static int pause(search *s, int64_t round)
{
    COR_TRY(hand_over(s));
    COR_TRY(mark_compared(s, round));
    COR_TRY(knn_course_write(s->course));
    if (s->course->fit->stopped)
        return COR_OK;
    return cor_agree(s->k->team, s->finder->open(s->k, &s->state));
}

static int run(search *s)
{
    knn *k = s->k;
    int rc = knn_batches_create(k, &s->batches);
    if (rc == COR_OK)
        rc = s->finder->open(k, &s->state);
    COR_TRY(cor_agree(k->team, rc));
    for (int64_t r = 0; r < k->rounds && !s->course->fit->stopped; r++) {
        COR_TRY(cor_agree(k->team, compare_round(s, r)));
        if (r + 1 < k->rounds && knn_course_due(s->course))
            COR_TRY(pause(s, r));
    }
    return COR_OK;
}

int knn_search(knn *k, knn_course *c)
{
    search s = {
        .k = k, .course = c, .finder = k->whole ? &knn_all : &knn_nearest};
    int rc = knn_rows_create(k);
    if (rc == COR_OK)
        rc = cut_rounds(k);
    cor_progress_begin(c->progress, "similarities", k->end - k->first);
    if (rc == COR_OK)
        rc = run(&s);
    cor_progress_end(c->progress);
    knn_batches_destroy(&s.batches);
    knn_rows_destroy(&k->rows);
    if (rc == COR_OK && !c->fit->stopped)
        rc = hand_over(&s);
    s.finder->close(&s.state);
    return rc;
}
