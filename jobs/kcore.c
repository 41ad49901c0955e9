#include "jobs.h"

#include "coracle/kcore.h"
#include "coracle/memory.h"
#include "stores.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    int64_t users, items;
    bool distinct;
} set = {.users = 5, .items = 5};

static const cor_option options[] = {
    {"users", 0, COR_OPTION_INT, &set.users, "K",
     "least interactions of a user"},
    {"items", 0, COR_OPTION_INT, &set.items, "K",
     "least interactions of an item"},
    {"distinct", 0, COR_OPTION_FLAG, &set.distinct, NULL,
     "a repeated pair of user and item counts once"},
    COR_OPTIONS_END};

/* Where each input's core goes. */
typedef struct outputs {
    char (*path)[PATH_MAX];
    const char **name; /* the paths again, as a list */
    bool folder_made;
} outputs;

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* One input: -o itself. More: its file names in the folder -o. */
static int name_outputs(const cor_command *command, outputs *out)
{
    bool single = command->inputs == 1;
    COR_TRY(COR_NEW(&out->path, command->inputs));
    COR_TRY(COR_NEW(&out->name, command->inputs));
    for (int i = 0; i < command->inputs; i++) {
        const char *name = file_name(command->input[i]);
        out->name[i] = out->path[i];
        for (int j = 0; j < i; j++)
            if (strcmp(name, file_name(command->input[j])) == 0)
                return cor_fail(COR_EUSAGE,
                                "%s and %s have the same file name and would "
                                "take one place in %s",
                                command->input[j], command->input[i],
                                command->output);
        if (snprintf(out->path[i], PATH_MAX, "%s%s%s", command->output,
                     single ? "" : "/", single ? "" : name) >= PATH_MAX)
            return cor_fail(COR_EUSAGE, "the output %s is too long a path",
                            command->output);
    }
    return COR_OK;
}

/* With OTHERs the output is a folder, made where it is not there yet. */
static int make_folder(const cor_command *command, outputs *out)
{
    if (command->inputs == 1)
        return COR_OK;
    int rc = COR_OK;
    if (cor_team_rank(command->team) == 0) {
        out->folder_made = mkdir(command->output, 0777) == 0;
        if (!out->folder_made && errno != EEXIST)
            rc = cor_fail(COR_EIO, "cannot make the folder %s: %s",
                          command->output, strerror(errno));
    }
    return cor_agree(command->team, rc);
}

static int measure(const cor_command *command, cor_plan *most)
{
    *most = (cor_plan){0};
    for (int i = 0; i < command->inputs; i++) {
        cor_interactions_summary summary;
        COR_TRY(store_measure(command, command->input[i], &summary));
        cor_plan plan = cor_kcore_plan(command->team, &summary);
        most->bytes_disk += plan.bytes_disk;
        if (plan.rows_rank > most->rows_rank)
            most->rows_rank = plan.rows_rank;
        if (plan.bytes_rank > most->bytes_rank)
            most->bytes_rank = plan.bytes_rank;
    }
    return COR_OK;
}

static void report(const cor_kcore *core, int64_t interactions,
                   cor_result *result)
{
    cor_result *rounds = cor_result_list(result, "rounds");
    for (int64_t r = 0; r < core->rounds; r++) {
        cor_result *round = cor_result_append_list(rounds);
        cor_result_append_int(round, core->round[r].users);
        cor_result_append_int(round, core->round[r].items);
    }
    cor_result_int(result, "users", core->users);
    cor_result_int(result, "items", core->items);
    cor_result_int(result, "interactions", interactions);
}

static int cut_train(cor_command *command, const char *path, cor_kcore *core)
{
    const cor_kcore_options o = {set.users, set.items, set.distinct};
    cor_interactions data = {0};
    cor_interactions_summary summary;
    int rc = cor_interactions_read(command->team, command->input[0],
                                   &cor_interactions_all, &data);
    if (rc == COR_OK)
        rc = cor_kcore_find(command->team, &data, &o, command->progress, core);
    if (rc == COR_OK)
        rc = cor_kcore_cut(command->team, core, &data);
    if (rc == COR_OK)
        rc = cor_interactions_write(command->team, path, &command->file, &data,
                                    &summary);
    if (rc == COR_OK)
        report(core, summary.interactions, command->result);
    cor_interactions_free(&data);
    return rc;
}

static int cut_other(cor_command *command, int input, const char *path,
                     const cor_kcore *core)
{
    cor_interactions data = {0};
    cor_interactions_summary summary;
    int rc = cor_interactions_read(command->team, command->input[input],
                                   &cor_interactions_all, &data);
    if (rc == COR_OK)
        rc = cor_kcore_cut_other(command->team, core, &data);
    if (rc == COR_OK)
        rc = cor_interactions_write(command->team, path, &command->file, &data,
                                    &summary);
    cor_interactions_free(&data);
    return rc;
}

static int cut_all(cor_command *command, const outputs *out)
{
    cor_kcore core = {0};
    int written = 0;
    int rc = cut_train(command, out->path[0], &core);
    while (rc == COR_OK && ++written < command->inputs)
        rc = cut_other(command, written, out->path[written], &core);
    if (rc != COR_OK)
        store_remove_outputs(command, out->name, written);
    cor_kcore_free(&core);
    return rc;
}

static int write_all(cor_command *command, outputs *out)
{
    int rc = make_folder(command, out);
    for (int i = 0; rc == COR_OK && i < command->inputs; i++)
        rc = store_try_output(command, out->path[i]);
    if (rc == COR_OK)
        rc = cut_all(command, out);
    if (rc != COR_OK && out->folder_made)
        rmdir(command->output);
    return rc;
}

static int run(cor_command *command)
{
    cor_plan plan;
    outputs out = {0};
    COR_TRY(cor_command_inputs(command, 1, INT_MAX));
    COR_TRY(cor_command_needs_output(command));
    COR_TRY(measure(command, &plan));
    COR_TRY(cor_command_plan(command, &plan));
    int rc = cor_agree(command->team, name_outputs(command, &out));
    if (rc == COR_OK)
        rc = write_all(command, &out);
    cor_free(out.name);
    cor_free(out.path);
    return rc;
}

const cor_job cor_job_kcore = {
    .name = "kcore",
    .summary = "keep users and items that have enough interactions",
    .usage = "[options] TRAIN [OTHER...] -o STORE|FOLDER",
    .description =
        "Drops users with fewer than --users interactions and items with "
        "fewer than --items, all at once, and again, until every one that is "
        "left has enough. Users and items are numbered anew in their old "
        "order. `rounds` tells how many users and items were left after each "
        "round; the last one changed nothing.\n"
        "\n"
        "  coracle kcore ratings.h5 -o core.h5 --users 10 --items 10\n"
        "\n"
        "OTHER stores (validation, test) are cut to the users and items that "
        "stay in TRAIN and numbered alike; then -o is a folder, made where it "
        "is not there, and the file names are kept.\n"
        "\n"
        "  coracle kcore ml.train.h5 ml.valid.h5 ml.test.h5 -o core/\n"
        "\n"
        "A user who has an item twice has two interactions, unless "
        "--distinct.",
    .options = options,
    .run = run};
