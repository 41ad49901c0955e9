/*
 * The stages of a job by themselves, without starting, reading and writing:
 * what the library takes for the work alone. Seconds of the slowest rank, on
 * the wall and of processors (_cpu), as one JSON object.
 *
 *     bench_stages ingest FILE STORE
 *     bench_stages kcore STORE K
 *     bench_stages split STORE
 *     bench_stages recommend MODEL SEEN N
 */
#include "coracle/ingest.h"
#include "coracle/kcore.h"
#include "coracle/recommend.h"
#include "coracle/split.h"
#include "coracle/team.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const cor_team *team;
static double since;
static clock_t used; /* processor time of all threads */

/* Begin to count. */
static void begin(void)
{
    cor_team_barrier(team);
    since = cor_team_seconds();
    used = clock();
}

/* Print the seconds, and those of processors, of the slowest rank; begin anew.
 */
static void end(const char *stage)
{
    double spent[2] = {cor_team_seconds() - since,
                       (double)(clock() - used) / CLOCKS_PER_SEC};
    cor_team_max_double(team, spent, 2);
    if (cor_team_rank(team) == 0)
        printf(", \"%s\": %.6f, \"%s_cpu\": %.6f", stage, spent[0], stage,
               spent[1]);
    begin();
}

/* `parse` is a part of `ingest`. */
static int ingest(char **word)
{
    const char *file = word[0];
    cor_ingest_options options = cor_ingest_options_default();
    cor_file_options how = {.force = true};
    cor_interactions data = {0};
    cor_interactions_summary summary;
    cor_ingest_report report;
    int rc = cor_ingest(team, &file, 1, &options, NULL, &data, &report);
    end("ingest");
    if (cor_team_rank(team) == 0)
        printf(", \"parse\": %.6f", report.seconds_parse);
    if (rc == COR_OK)
        rc = cor_interactions_write(team, word[1], &how, &data, &summary);
    end("write");
    cor_interactions_free(&data);
    return rc;
}

static int kcore(char **word)
{
    cor_kcore_options options = {atoll(word[1]), atoll(word[1]), false};
    cor_interactions data = {0};
    cor_kcore core = {0};
    int rc = cor_interactions_read(team, word[0], &cor_interactions_all, &data);
    end("read");
    if (rc == COR_OK)
        rc = cor_kcore_find(team, &data, &options, NULL, &core);
    end("find");
    if (rc == COR_OK)
        rc = cor_kcore_cut(team, &core, &data);
    end("cut");
    cor_kcore_free(&core);
    cor_interactions_free(&data);
    return rc;
}

static int split(char **word)
{
    cor_split_options options = cor_split_default();
    cor_interactions data = {0};
    cor_split parts = {0};
    int rc = cor_interactions_read(team, word[0], &cor_interactions_all, &data);
    end("read");
    if (rc == COR_OK)
        rc = cor_split_find(team, &data, &options, &parts);
    end("find");
    cor_split_free(&parts);
    cor_interactions_free(&data);
    return rc;
}

static int recommend(char **word)
{
    cor_model model = {0};
    cor_interactions seen = {0};
    cor_queries queries = {0};
    cor_toplists lists = {0};
    int rc = cor_model_read(team, word[0], &model);
    if (rc == COR_OK)
        rc = cor_interactions_read(team, word[1], &cor_interactions_all, &seen);
    if (rc == COR_OK)
        rc = cor_queries_of_model(team, &model, &queries);
    end("read");
    if (rc == COR_OK)
        rc = cor_queries_see(team, &model, &seen, &queries);
    end("see");
    if (rc == COR_OK)
        rc =
            cor_recommend(team, &model, &queries, atoll(word[2]), NULL, &lists);
    end("score");
    double share = (double)lists.scored /
                   ((double)queries.id.count * (double)model.item.rows + 1);
    if (cor_team_rank(team) == 0)
        printf(", \"products\": %.4f", share);
    cor_toplists_free(&lists);
    cor_queries_free(&queries);
    cor_interactions_free(&seen);
    cor_model_free(&model);
    return rc;
}

static const struct {
    const char *name;
    int words;
    int (*run)(char **word);
} job[] = {{"ingest", 2, ingest},
           {"kcore", 2, kcore},
           {"split", 1, split},
           {"recommend", 3, recommend}};

static int run(int count, char **word)
{
    for (size_t j = 0; j < sizeof job / sizeof *job; j++)
        if (count > 1 && strcmp(word[1], job[j].name) == 0 &&
            count == job[j].words + 2)
            return job[j].run(word + 2);
    return cor_fail(COR_EUSAGE,
                    "usage: bench_stages ingest FILE STORE | kcore STORE K | "
                    "split STORE | recommend MODEL SEEN N");
}

int main(int count, char **word)
{
    cor_team *own = NULL;
    if (cor_team_start(0, &own) != COR_OK)
        return 1;
    team = own;
    bool speaks = cor_team_rank(team) == 0;
    if (speaks)
        printf("{\"ranks\": %d", cor_team_size(team));
    begin();
    int rc = run(count, word);
    if (speaks)
        printf("}\n");
    if (speaks && rc != COR_OK)
        fprintf(stderr, "bench_stages: %s\n", cor_message());
    cor_team_stop(&own);
    return rc == COR_OK ? 0 : 1;
}
