#define TEAM_TEST_MAIN
#include "team_test.h"

#include "planted_model.h"

#include <math.h>

static const planted small = {
    .users = 23, .items = 17, .factors = 5, .bias = true, .titles = true};

static bool same_bytes(const void *a, const void *b, size_t bytes)
{
    return memcmp(a, b, bytes) == 0;
}

static bool same_ids(const cor_ids *a, const cor_ids *b)
{
    char one[64], other[64];
    bool same =
        a->total == b->total && a->first == b->first && a->count == b->count;
    for (int64_t i = 0; same && i < a->count; i++) {
        cor_ids_print(a, i, one, sizeof one);
        cor_ids_print(b, i, other, sizeof other);
        same = strcmp(one, other) == 0;
    }
    return same;
}

static bool same_side(const cor_model_side *a, const cor_model_side *b,
                      int64_t ld)
{
    size_t count = (size_t)a->count;
    return a->rows == b->rows && a->first == b->first && a->count == b->count &&
           cor_shards_count(a->shards) == cor_shards_count(b->shards) &&
           same_ids(&a->id, &b->id) &&
           same_bytes(a->ratings, b->ratings, count * 8) &&
           same_bytes(a->mean, b->mean, count * 4) &&
           same_bytes(a->bias, b->bias, count * 4) &&
           same_bytes(a->factor, b->factor, count * (size_t)ld * 4);
}

static bool same_model(const cor_model *a, const cor_model *b)
{
    return strcmp(a->kind, b->kind) == 0 && a->factors == b->factors &&
           a->ld == b->ld && a->bias == b->bias && a->mean == b->mean &&
           a->value_min == b->value_min && a->value_max == b->value_max &&
           a->reg == b->reg && a->reg_bias == b->reg_bias &&
           a->reg_by_count == b->reg_by_count &&
           same_side(&a->user, &b->user, a->ld) &&
           same_side(&a->item, &b->item, a->ld) &&
           same_ids(&a->item_title, &b->item_title);
}

static int write_planted(const cor_team *t, const planted *p, const char *path,
                         char digest[17])
{
    cor_model model;
    COR_TRY(plant_model(t, p, &model));
    cor_file_options options = {.force = true};
    int rc = cor_model_write(t, path, &options, &model);
    memcpy(digest, model.digest, sizeof model.digest);
    cor_model_free(&model);
    return rc;
}

/* Read what another number of ranks wrote, and compare with the rule. */
static int read_planted(const cor_team *t, const planted *p, const char *path,
                        bool *same)
{
    cor_model model, expected;
    COR_TRY(cor_model_read(t, path, &model));
    int rc = plant_model(t, p, &expected);
    *same = rc == COR_OK && same_model(&model, &expected);
    cor_model_free(&model);
    cor_model_free(&expected);
    return rc;
}

static void round_trip(const planted *p)
{
    char path[256], alone_path[280], digest[17], alone[17];
    planted_path(team, "model.h5", path, sizeof path);
    CHECK_OK(write_planted(team, p, path, digest));
    for (int parts = 1; parts <= 3; parts++) {
        cor_team *part;
        bool same = false;
        CHECK_OK(cor_team_split(team, cor_team_rank(team) % parts, &part));
        CHECK_OK(read_planted(part, p, path, &same));
        CHECK(same);
        cor_team_destroy(&part);
    }
    /* written by one rank alone: the same digest */
    cor_team *solo;
    CHECK_OK(cor_team_split(team, cor_team_rank(team), &solo));
    snprintf(alone_path, sizeof alone_path, "%s-%d", path, cor_team_rank(team));
    CHECK_OK(write_planted(solo, p, alone_path, alone));
    CHECK(strcmp(digest, alone) == 0 && strlen(digest) == 16);
    cor_team_destroy(&solo);
    unlink(alone_path);
    cor_team_barrier(team);
    unlink(path);
}

static void reads_what_was_written(void **state)
{
    (void)state;
    round_trip(&small);
}

static void texts_without_biases(void **state)
{
    (void)state;
    planted p = {.users = 40, .items = 9, .factors = 16, .text = true};
    round_trip(&p);
}

static void fewer_rows_than_ranks(void **state)
{
    (void)state;
    planted p = {.users = 2, .items = 1, .factors = 3, .bias = true};
    round_trip(&p);
}

static void no_factors_at_all(void **state)
{
    (void)state;
    planted p = {.users = 12, .items = 13, .bias = true};
    round_trip(&p);
}

/* The first number that is not finite keeps the model off the disk. */
static void refuses(float *(*place)(cor_model *), const char *says)
{
    char path[256];
    cor_model model;
    cor_file_options options = {0};
    planted_path(team, "bad.h5", path, sizeof path);
    CHECK_OK(plant_model(team, &small, &model));
    float *number = place(&model);
    if (number)
        *number = NAN;
    CHECK(cor_model_write(team, path, &options, &model) == COR_ENUMERIC);
    CHECK(strstr(cor_message(), says) != NULL);
    CHECK(access(path, F_OK) != 0);
    cor_model_free(&model);
}

/* User 12 has id 1027, item 10 has id 1045: see planted_id. */
static float *user_factor(cor_model *model)
{
    int64_t row = 12 - model->user.first;
    bool mine = row >= 0 && row < model->user.count;
    return mine ? model->user.factor + row * model->ld + 4 : NULL;
}

static float *item_bias(cor_model *model)
{
    int64_t row = 10 - model->item.first;
    bool mine = row >= 0 && row < model->item.count;
    return mine ? model->item.bias + row : NULL;
}

static void refuses_what_is_not_finite(void **state)
{
    (void)state;
    refuses(user_factor, "the factors of user 1027 ");
    refuses(item_bias, "the bias of item 1045 ");
}

static void says_what_is_no_model(void **state)
{
    (void)state;
    char path[256];
    cor_model model;
    cor_file *file;
    cor_file_options options = {0};
    planted_path(team, "other.h5", path, sizeof path);
    CHECK_OK(cor_file_create(team, path, "interactions", &options, &file));
    CHECK_OK(cor_file_commit(&file));
    CHECK(cor_model_read(team, path, &model) == COR_EDATA);
    cor_team_barrier(team);
    unlink(path);
    CHECK(cor_model_read(team, path, &model) == COR_EIO);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_what_was_written),
    cmocka_unit_test(texts_without_biases),
    cmocka_unit_test(fewer_rows_than_ranks),
    cmocka_unit_test(no_factors_at_all),
    cmocka_unit_test(refuses_what_is_not_finite),
    cmocka_unit_test(says_what_is_no_model),
};

TEAM_TESTS(tests)
