#include "id_list.h"
#include "jobs.h"
#include "ratings_in.h"
#include "user_lists_file.h"

static struct {
    const char *users, *seen, *ratings, *columns;
    bool all;
    int64_t number;
} set = {.number = 10};

static user_lists_words words = {.result = "recommendations",
                                 .who = "user",
                                 .mark = "popular",
                                 .format = "auto"};

static const cor_option options[] = {
    {"users", 0, COR_OPTION_TEXT, &set.users, "ID,ID", "for these users"},
    {"all", 0, COR_OPTION_FLAG, &set.all, NULL, "for all users of the model"},
    {"number", 'n', COR_OPTION_INT, &set.number, "N", "items a user"},
    {"seen", 0, COR_OPTION_TEXT, &set.seen, "STORE",
     "leave out what users have in here"},
    {"ratings", 0, COR_OPTION_TEXT, &set.ratings, "FILE",
     "fold in users by these ratings, a text file or a store"},
    {"columns", 0, COR_OPTION_TEXT, &set.columns, "NAME=COLUMN,...",
     "where user, item and value stand in --ratings"},
    {"format", 0, COR_OPTION_WORDS, &words.format, USER_LISTS_FORMATS,
     USER_LISTS_FORMAT_HELP},
    COR_OPTIONS_END};

static int ask_for_users(const cor_command *command, const cor_model *model,
                         cor_queries *queries)
{
    cor_ids table = {0};
    int rc = id_list_read(command->team, "users", set.users, &table);
    if (rc == COR_OK)
        rc = cor_queries_of_ids(command->team, model, &table, queries);
    cor_ids_free(&table);
    return rc;
}

/* What users have rated anew or seen, then their lists. */
static int make_lists(const cor_command *command, const cor_model *model,
                      const cor_interactions *fresh,
                      const cor_interactions *seen, cor_foldin *folded,
                      user_lists *p)
{
    const cor_team *team = command->team;
    cor_foldin own = {0};
    if (fresh)
        COR_TRY(cor_queries_fold_in(team, model, fresh, COR_FOLDIN_REPLACE,
                                    &p->queries, &own));
    *folded =
        (cor_foldin){folded->users + own.users, folded->ratings + own.ratings,
                     folded->ignored + own.ignored};
    if (seen)
        COR_TRY(cor_queries_see(team, model, seen, &p->queries));
    COR_TRY(cor_recommend(team, model, &p->queries, set.number,
                          command->progress, &p->lists));
    return cor_names_create(team, &model->item.id, &model->item_title,
                            p->lists.item, p->lists.count * p->lists.n,
                            &p->names);
}

static void report(cor_command *command, const user_lists *parts, int count,
                   const cor_foldin *folded)
{
    int64_t number[2] = {0, 0}; /* users, popular */
    for (int i = 0; i < count; i++)
        for (int64_t q = 0; q < parts[i].lists.count; q++) {
            number[0]++;
            number[1] += !parts[i].queries.known[q];
        }
    cor_team_sum(command->team, number, 2);
    cor_result_int(command->result, "users", number[0]);
    cor_result_int(command->result, "popular", number[1]);
    if (number[1] && !set.all)
        cor_progress_note(command->progress,
                          "nothing is known of %lld of %lld users: they get "
                          "the popular list",
                          (long long)number[1], (long long)number[0]);
    if (!set.ratings)
        return;
    cor_result_int(command->result, "folded_in", folded->users);
    cor_result_int(command->result, "ignored", folded->ignored);
    if (folded->ignored)
        cor_progress_note(command->progress,
                          "%lld ratings of items that the model does not know "
                          "were left out",
                          (long long)folded->ignored);
}

/* Who asks: those named, or all of the model; and, unless some are named, all
   whose ratings are new. */
static int find_queries(const cor_command *command, cor_model *model,
                        const cor_interactions *fresh, user_lists *parts,
                        int *count)
{
    cor_queries *one = &parts[0].queries;
    if (set.users || set.all)
        COR_TRY(set.users ? ask_for_users(command, model, one)
                          : cor_queries_of_model(command->team, model, one));
    *count = set.users || set.all;
    if (!fresh || set.users)
        return COR_OK;
    one = &parts[(*count)++].queries;
    return cor_queries_of_table(command->team, model, &fresh->user_id, set.all,
                                one);
}

static int recommend(cor_command *command, cor_model *model,
                     const cor_interactions *fresh,
                     const cor_interactions *seen)
{
    user_lists parts[2] = {0};
    cor_foldin folded = {0};
    int count = 0;
    int rc = find_queries(command, model, fresh, parts, &count);
    for (int i = 0; rc == COR_OK && i < count; i++)
        rc = make_lists(command, model, fresh, seen, &folded, &parts[i]);
    if (rc == COR_OK) {
        report(command, parts, count, &folded);
        rc = user_lists_deliver(command, model, &words, parts, count);
    }
    for (int i = 0; i < 2; i++)
        user_lists_free(&parts[i]);
    return rc;
}

static int read_and_recommend(cor_command *command)
{
    cor_model model = {0};
    cor_interactions fresh = {0}, seen = {0};
    int rc = cor_model_read(command->team, command->input[0], &model);
    if (rc == COR_OK && set.ratings)
        rc = ratings_in_read(command, set.ratings, set.columns, false, &fresh);
    if (rc == COR_OK && set.seen)
        rc = ratings_in_read(command, set.seen, NULL, true, &seen);
    if (rc == COR_OK)
        rc = recommend(command, &model, set.ratings ? &fresh : NULL,
                       set.seen ? &seen : NULL);
    cor_interactions_free(&seen);
    cor_interactions_free(&fresh);
    cor_model_free(&model);
    return rc;
}

/* A place of a list: an entry of the heap, item and score. */
enum { PLACE_BYTES = 8 + 4 + 8 };

/* As text: who asks, rank, score and commas or names of members, and the item,
   whose title is half as long as the longest in the mean. */
static int64_t text_bytes(const cor_model_size *size, const char *output)
{
    bool csv = list_format_of(words.format, output) == LISTS_CSV;
    return (csv ? 24 : 40) + size->name_bytes / 2;
}

/* Those who ask, and what is read for them. */
static int plan_queries(const cor_command *command, const cor_model_size *size,
                        cor_plan *plan, int64_t *users)
{
    int64_t fresh = 0;
    *users = set.all ? size->users : 0;
    if (set.ratings) {
        COR_TRY(ratings_in_plan(command, set.ratings, set.columns, plan));
        COR_TRY(ratings_in_users(command, set.ratings, set.columns, &fresh));
        plan->bytes_rank +=
            fresh / cor_team_size(command->team) * (size->item_bytes + 48);
    }
    if (!set.users)
        *users += fresh;
    return set.seen ? ratings_in_plan(command, set.seen, NULL, plan) : COR_OK;
}

static int plan(const cor_command *command, cor_plan *plan)
{
    cor_model_size size;
    COR_TRY(cor_model_measure(command->team, command->input[0], &size));
    COR_TRY(ratings_in_plan_model(command, command->input[0], plan));
    int64_t users, ranks = cor_team_size(command->team);
    int64_t n = set.number < size.items ? set.number : size.items;
    COR_TRY(plan_queries(command, &size, plan, &users));
    int64_t places = (users + ranks - 1) / ranks * n;
    plan->bytes_rank += places * PLACE_BYTES;
    if (!command->output)
        return COR_OK;
    bool text = list_format_of(words.format, command->output) != LISTS_HDF5;
    plan->bytes_rank +=
        text ? 2 * places * text_bytes(&size, command->output) : LISTS_ROOM;
    plan->bytes_disk =
        users * n *
        (text ? text_bytes(&size, command->output) : 12 + size.name_bytes);
    return COR_OK;
}

static int check(const cor_command *command)
{
    COR_TRY(cor_command_inputs(command, 1, 1));
    if (set.users && set.all)
        return cor_fail(COR_EUSAGE, "--users and --all exclude each other");
    if (!set.users && !set.all && !set.ratings)
        return cor_fail(COR_EUSAGE, "for whom? give --users ID,ID or --all, or "
                                    "--ratings FILE for the users in there");
    if (set.number < 1)
        return cor_fail(COR_EUSAGE, "-n must be 1 or more");
    return COR_OK;
}

static int run(cor_command *command)
{
    cor_plan needs;
    COR_TRY(check(command));
    COR_TRY(plan(command, &needs));
    COR_TRY(cor_command_plan(command, &needs));
    COR_TRY(cor_command_try_output(command));
    return read_and_recommend(command);
}

const cor_job cor_job_recommend = {
    .name = "recommend",
    .summary = "the best items for users, without what they have seen",
    .usage = "[options] MODEL --users ID,ID|--all",
    .description =
        "Ranks all items that had training ratings by the score that the "
        "model gives them, not clipped to the range of ratings. --seen leaves "
        "out what a user has in that store, as a rule the training data. "
        "Without -o the lists are part of the result, with -o FILE.csv they "
        "are written as user, rank, item, title, score, "
        "popular. " USER_LISTS_FILES "\n"
        "\n"
        "  coracle recommend model.h5 --users 1,42 -n 5 --seen train.h5\n"
        "  coracle recommend model.h5 --all --seen train.h5 -o lists.jsonl\n"
        "  coracle recommend model.h5 --ratings new.csv -n 5\n"
        "\n"
        "--ratings folds users in: their factors are found from these ratings "
        "alone, with the items' factors as they are, and what they rated is "
        "left out. Without --users or --all the lists are for them; a user "
        "that the model has is replaced by the new ratings.\n"
        "\n"
        "A user of whom nothing is known gets what is popular, marked by "
        "`popular`: as `popular --damping 10` has it, or by count where all "
        "values are equal or no ratings.",
    .options = options,
    .run = run};
