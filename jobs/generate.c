#include "jobs.h"

#include "coracle/generate.h"
#include "coracle/postings.h"
#include "expand_like.h"
#include "matrix_in.h"
#include "stores.h"

#include <string.h>

static struct {
    int64_t users, items, interactions, rank, shards, records;
    int64_t rows, columns, components;
    double noise, separation;
    const char *type, *like, *scale;
    bool titles;
} set = {.users = 10000,
         .items = 2000,
         .interactions = 1000000,
         .rank = 16,
         .noise = 0.75,
         .columns = 16,
         .components = 8,
         .separation = 4,
         .type = "float64"};

static const cor_option options[] = {
    {"users", 0, COR_OPTION_INT, &set.users, "U", "users"},
    {"items", 0, COR_OPTION_INT, &set.items, "I", "items"},
    {"interactions", 0, COR_OPTION_INT, &set.interactions, "N",
     "interactions, exactly; a user has an item once"},
    {"rank", 0, COR_OPTION_INT, &set.rank, "K", "factors of the planted model"},
    {"noise", 0, COR_OPTION_REAL, &set.noise, "S",
     "standard deviation of what the planted model can't explain"},
    {"shards", 0, COR_OPTION_INT, &set.shards, "N",
     "shards of the store; 0: by size, at least 64"},
    {"titles", 0, COR_OPTION_FLAG, &set.titles, NULL,
     "give the items titles: Item 17"},
    {"like", 0, COR_OPTION_TEXT, &set.like, "STORE",
     "instead: expand the interactions of a real store"},
    {"scale", 0, COR_OPTION_TEXT, &set.scale, "AxB",
     "with --like: A times the users, B times the items"},
    {"records", 0, COR_OPTION_INT, &set.records, "N",
     "instead: N postings of jobs as JSON lines"},
    {"rows", 0, COR_OPTION_INT, &set.rows, "N",
     "instead: a matrix of N rows drawn from a Gaussian mixture"},
    {"columns", 0, COR_OPTION_INT, &set.columns, "D", "columns of the matrix"},
    {"components", 0, COR_OPTION_INT, &set.components, "K",
     "components of the mixture, each with a full covariance"},
    {"separation", 0, COR_OPTION_REAL, &set.separation, "S",
     "standard deviation of the components' means in each column"},
    {"type", 0, COR_OPTION_WORDS, &set.type, "float64|float32",
     "numbers of the matrix"},
    COR_OPTIONS_END};

static int generate(cor_command *command, const cor_generate_options *o)
{
    cor_interactions data = {0};
    cor_interactions_summary summary;
    int rc = cor_generate(command->team, o, command->progress, &data);
    if (rc == COR_OK)
        rc = cor_interactions_write(command->team, command->output,
                                    &command->file, &data, &summary);
    cor_interactions_free(&data);
    if (rc == COR_OK)
        store_report(&summary, command->result);
    return rc;
}

/* About what a record has, for the plan. */
enum { RECORD_BYTES = 2048 };

static int generate_records(cor_command *command)
{
    int64_t bytes;
    cor_plan plan = {
        .rows_rank = set.records / cor_team_size(command->team) + 1,
        .bytes_rank = cor_plan_base() + cor_postings_memory(command->team),
        .bytes_disk = set.records * RECORD_BYTES};
    COR_TRY(cor_command_plan(command, &plan));
    COR_TRY(cor_postings_write(command->team, set.records, command->seed,
                               command->output, command->force,
                               command->progress, &bytes));
    cor_result_int(command->result, "records", set.records);
    cor_result_int(command->result, "bytes", bytes);
    return COR_OK;
}

static int generate_matrix(const cor_command *command)
{
    bool narrow = strcmp(set.type, "float32") == 0;
    const cor_generate_matrix_options o = {.rows = set.rows,
                                           .columns = set.columns,
                                           .components = set.components,
                                           .separation = set.separation,
                                           .type = narrow ? COR_FLOAT32
                                                          : COR_FLOAT64,
                                           .shards = set.shards,
                                           .seed = command->seed};
    return matrix_in_generate(command, &o);
}

static int generate_like(const cor_command *command)
{
    const expand_like_options o = {.like = set.like,
                                   .scale = set.scale,
                                   .shards = set.shards,
                                   .titles = set.titles};
    return expand_like(command, &o);
}

static int run(cor_command *command)
{
    COR_TRY(cor_command_inputs(command, 0, 0));
    COR_TRY(cor_command_needs_output(command));
    if ((set.records != 0) + (set.rows != 0) + (set.like != NULL) > 1)
        return cor_fail(COR_EUSAGE,
                        "--records, --rows and --like make different things: "
                        "give one of them");
    if (set.scale && !set.like)
        return cor_fail(COR_EUSAGE, "--scale needs --like: the store to be "
                                    "expanded");
    if (set.like)
        return generate_like(command);
    if (set.records)
        return generate_records(command);
    if (set.rows)
        return generate_matrix(command);
    cor_generate_options o = {.users = set.users,
                              .items = set.items,
                              .interactions = set.interactions,
                              .rank = set.rank,
                              .noise = set.noise,
                              .shards = set.shards,
                              .seed = command->seed,
                              .titles = set.titles};
    COR_TRY(cor_generate_check(&o));
    cor_plan plan = cor_generate_plan(command->team, &o);
    COR_TRY(cor_command_plan(command, &plan));
    COR_TRY(store_try_output(command, command->output));
    return generate(command, &o);
}

const cor_job cor_job_generate = {
    .name = "generate",
    .summary = "make interactions, records or a matrix of any size",
    .usage = "[options] -o STORE --users U --items I --interactions N",
    .description =
        "Makes a store whose users and items follow power laws (a few have "
        "many interactions, most have few) and whose values come from a "
        "planted model: 3.5, plus a bias of the user and one of the item, "
        "plus a product of their --rank factors, plus --noise, rounded to "
        "half stars from 0.5 to 5. A model that finds all there is to find "
        "has an error a little above --noise.\n"
        "\n"
        "  mpirun -n 4 coracle generate -o demo.h5 --users 100000 \\\n"
        "      --items 20000 --interactions 10000000\n"
        "\n"
        "Ids are 1, 2, 3, ... Every user has an interaction where there are "
        "as many as users, and every item where there are as many as items. "
        "Times lie between 1995 and 2015. The same --seed gives the same "
        "store on any number of ranks, each of which makes its own users "
        "alone: memory falls with the ranks.\n"
        "\n"
        "  mpirun -n 4 coracle generate --like ratings.h5 --scale 4x8 \\\n"
        "      -o large.h5\n"
        "\n"
        "expands a real store instead: each user becomes 4 users and each item "
        "8 items, and each interaction has a copy in each of the 32 blocks, "
        "kept at the block's rate: a fractal expansion (Belletti, Chen, Chi "
        "2019). The rates are the magnitudes of a 4 x 8 matrix that is like "
        "the real one, with its greatest singular values, over the greatest of "
        "them, between 0.01 and 0.95. So the lengths of users' rows and the "
        "popularity of items are distributed, on a logarithmic scale, as the "
        "real ones; values and times are the real ones, further columns stay "
        "behind. A copy may be left "
        "without interactions. `expected` is how many interactions the rates "
        "let expect, `rates` (with --json) what they are. --plan reads STORE "
        "and finds the rates, on which all depends.\n"
        "\n"
        "  coracle generate -o postings.jsonl --records 1000000\n"
        "\n"
        "makes a file of nested JSON instead, for filter, sample, top, count "
        "and split: postings with a title, an organization (4,095 of them, few "
        "of which have most), a place, a salary (as texts, missing in one of "
        "five), lists, and a description of one to forty sentences.\n"
        "\n"
        "  mpirun -n 4 coracle generate -o blobs.h5 --rows 1000000 \\\n"
        "      --columns 16 --components 16\n"
        "\n"
        "makes a matrix: each row belongs to one of --components Gaussians, "
        "whose weights, means and full covariances follow from --seed.",
    .options = options,
    .run = run};
