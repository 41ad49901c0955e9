#define TEAM_TEST_MAIN
#include "scratch.h"

#include "coracle/file.h"
#include "coracle/interactions.h"
#include "coracle/random.h"

#include <sys/stat.h>

static const cor_file_options plain = {.command = "coracle test"};
static const cor_file_options forced = {.command = "coracle test",
                                        .force = true};

/* The message is one, on every rank, and says `words`. */
static bool says(const char *words)
{
    char first[COR_MESSAGE_SIZE];
    snprintf(first, sizeof first, "%s", cor_message());
    cor_team_share(team, first, sizeof first, 0);
    bool same = strcmp(first, cor_message()) == 0 && strstr(first, words);
    if (!same)
        fprintf(stderr, "message: %s\n", cor_message());
    return same;
}

/* A file with one dataset, and attributes to be spoilt. */
static int write_small(const char *path, const cor_file_options *options,
                       int64_t version, const char *format)
{
    cor_file *file;
    int64_t rows = 1000, one[1000] = {0};
    COR_TRY(cor_file_create(team, path, "test", options, &file));
    int rc = cor_file_write(file, "x", COR_INT64, 0, rows, 0, 0,
                            cor_team_rank(team) ? 0 : rows, one);
    if (rc == COR_OK)
        rc = cor_file_put_int64(file, "version", version);
    if (rc == COR_OK)
        rc = cor_file_put_text(file, "format", format);
    if (rc == COR_OK)
        return cor_file_commit(&file);
    cor_file_close(&file);
    return rc;
}

static void outputs_are_refused_early(void **state)
{
    (void)state;
    cor_file *file = (cor_file *)1;
    const char *path = in_scratch("kept.h5");
    CHECK_OK(write_small(path, &plain, 1, "coracle"));
    CHECK(cor_file_create(team, path, "test", &plain, &file) == COR_EIO);
    CHECK(file == NULL);
    CHECK(says("exists: give --force to replace it"));
    CHECK(cor_file_create(team, in_scratch("no/where.h5"), "test", &forced,
                          &file) == COR_EIO);
    CHECK(says("No such file or directory"));
    CHECK(cor_file_create(team, in_scratch("kept.h5/x.h5"), "test", &forced,
                          &file) == COR_EIO);
    CHECK(says("Not a directory"));
    CHECK(cor_file_create(team, scratch, "test", &forced, &file) == COR_EIO);
    CHECK(says("is a folder"));
    CHECK(cor_file_create(team, "", "test", &forced, &file) == COR_EIO);
    CHECK(!folder_has("\\.part-"));
}

static void a_failed_job_leaves_the_old_file(void **state)
{
    (void)state;
    cor_file *file;
    const char *path = in_scratch("old.h5");
    int64_t one[2] = {1, 2};
    CHECK_OK(write_small(path, &plain, 1, "coracle"));
    CHECK_OK(cor_file_create(team, path, "other", &forced, &file));
    CHECK_OK(cor_file_write(file, "y", COR_INT64, 0, 2, 0, 0,
                            cor_team_rank(team) ? 0 : 2, one));
    CHECK(folder_has("\\.part-"));
    cor_file_close(&file);
    CHECK(!folder_has("\\.part-"));
    CHECK_OK(cor_file_open(team, path, "test", &file));
    CHECK(cor_file_has(file, "x") && !cor_file_has(file, "y"));
    cor_file_close(&file);
    cor_file_close(&file); /* NULL is accepted */
}

static void a_folder_that_goes_is_noticed(void **state)
{
    (void)state;
    cor_file *file;
    char line[600];
    snprintf(line, sizeof line, "mkdir '%s/gone'", scratch);
    CHECK(shell(line) == 0);
    CHECK_OK(
        cor_file_create(team, in_scratch("gone/x.h5"), "test", &plain, &file));
    snprintf(line, sizeof line, "rm -r '%s/gone'", scratch);
    CHECK(shell(line) == 0);
    CHECK(cor_file_commit(&file) == COR_EIO);
    CHECK(file == NULL);
}

static void wrong_inputs_are_named(void **state)
{
    (void)state;
    cor_file *file = (cor_file *)1;
    char line[600];
    snprintf(line, sizeof line,
             "cd '%s' && echo user,item > text.csv && : > empty && head -c 100 "
             "text.csv > short",
             scratch);
    CHECK(shell(line) == 0);
    CHECK(cor_file_open(team, in_scratch("none.h5"), NULL, &file) == COR_EIO);
    CHECK(says("no such file") && file == NULL);
    CHECK(cor_file_open(team, scratch, NULL, &file) == COR_EIO);
    CHECK(says("is a folder"));
    CHECK(cor_file_open(team, in_scratch("text.csv"), NULL, &file) ==
          COR_EDATA);
    CHECK(says("is not an HDF5 file"));
    CHECK(cor_file_open(team, in_scratch("empty"), NULL, &file) == COR_EDATA);
    CHECK(says("is not an HDF5 file"));
}

static void other_files_are_refused(void **state)
{
    (void)state;
    cor_file *file;
    const char *path = in_scratch("x.h5");
    CHECK_OK(write_small(path, &forced, 2, "coracle"));
    CHECK(cor_file_open(team, path, NULL, &file) == COR_EDATA);
    CHECK(says("has version 2 of the format"));
    CHECK_OK(write_small(path, &forced, 1, "another"));
    CHECK(cor_file_open(team, path, NULL, &file) == COR_EDATA);
    CHECK(says("is an HDF5 file but not one of coracle"));
    CHECK_OK(write_small(path, &forced, 1, "coracle"));
    CHECK(cor_file_open(team, path, "model", &file) == COR_EDATA);
    CHECK(says("holds test, but model is wanted here"));
}

static void files_cut_short_are_refused(void **state)
{
    (void)state;
    cor_file *file;
    const char *path = in_scratch("cut.h5");
    CHECK_OK(write_small(path, &forced, 1, "coracle"));
    struct stat there = {0};
    CHECK(stat(path, &there) == 0);
    for (int64_t keep = there.st_size - 1; keep > 8; keep /= 2) {
        int64_t cut = cor_team_rank(team) ? 0 : truncate(path, keep);
        cor_team_barrier(team);
        CHECK(cut == 0);
        CHECK(cor_file_open(team, path, NULL, &file) == COR_EDATA);
        CHECK(says("is cut short or damaged"));
    }
}

/* Noise, which does not pack: three times what the disk holds. */
static int fill_disk(const char *path, const cor_file_options *options)
{
    cor_file *file;
    int64_t size = cor_team_size(team), rank = cor_team_rank(team);
    int64_t rows = 1 << 20, first = rows * rank / size;
    int64_t count = rows * (rank + 1) / size - first;
    uint64_t *noise = malloc((size_t)count * 8);
    for (int64_t i = 0; i < count; i++) {
        cor_random bits =
            cor_random_at(1, COR_STREAM_TEST, (uint64_t)(first + i), 0);
        noise[i] = (uint64_t)bits.word[0] << 32 | bits.word[1];
    }
    int rc = cor_file_create(team, path, "test", options, &file);
    if (rc == COR_OK) {
        for (int i = 0; i < 4 && rc == COR_OK; i++) {
            char name[16];
            snprintf(name, sizeof name, "x%d", i);
            rc = cor_file_write(file, name, COR_INT64, 0, rows, 0, first, count,
                                noise);
        }
        if (rc == COR_OK)
            rc = cor_file_commit(&file);
        cor_file_close(&file);
    }
    free(noise);
    return rc;
}

static void full_disks_end_the_job(void **state)
{
    (void)state;
    char line[1024], folder[300];
    snprintf(folder, sizeof folder, "%s/full", scratch);
    snprintf(line, sizeof line,
             "mkdir '%s' && mount -t tmpfs -o size=20m tmpfs '%s' 2>/dev/null",
             folder, folder);
    if (shell(line) != 0) {
        if (cor_team_rank(team) == 0)
            fprintf(stderr, "skipped: no right to mount a small disk\n");
        skip();
    }
    cor_file_options packing = {.compress = true};
    double begin = cor_team_seconds();
    int first = fill_disk(in_scratch("full/a.h5"), &plain);
    bool said = says("No space left on device");
    int second = fill_disk(in_scratch("full/b.h5"), &packing);
    bool said_again = says("No space left on device");
    snprintf(line, sizeof line, "ls '%s' | grep -q .", folder);
    int left = shell(line);
    snprintf(line, sizeof line, "umount '%s'", folder);
    CHECK(shell(line) == 0);
    CHECK(first == COR_EIO && said);
    CHECK(second == COR_EIO && said_again);
    CHECK(left != 0);
    CHECK(cor_team_seconds() - begin < 30);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(outputs_are_refused_early),
    cmocka_unit_test(a_failed_job_leaves_the_old_file),
    cmocka_unit_test(a_folder_that_goes_is_noticed),
    cmocka_unit_test(wrong_inputs_are_named),
    cmocka_unit_test(other_files_are_refused),
    cmocka_unit_test(files_cut_short_are_refused),
    cmocka_unit_test(full_disks_end_the_job),
};
STORE_TESTS(tests)
