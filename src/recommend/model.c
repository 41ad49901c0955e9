#include "coracle/model.h"

#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "neighbours.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Users and items are kept alike; only the names differ. */
typedef struct side_names {
    const char *group;  /* on disk */
    const char *shards; /* on disk */
    const char *one;    /* for people */
} side_names;

static const side_names users = {"users", "/shards/user", "user"};
static const side_names items = {"items", "/shards/item", "item"};

enum { NAME_SIZE = 64 };

static const char *dataset(char name[NAME_SIZE], const side_names *names,
                           const char *leaf)
{
    snprintf(name, NAME_SIZE, "/%s/%s", names->group, leaf);
    return name;
}

static void free_side(cor_model_side *side)
{
    cor_shards_destroy(&side->shards);
    cor_ids_free(&side->id);
    cor_free(side->ratings);
    cor_free(side->mean);
    cor_free(side->factor);
    cor_free(side->bias);
}

void cor_model_free(cor_model *model)
{
    free_side(&model->user);
    free_side(&model->item);
    cor_ids_free(&model->item_title);
    neighbours_free(&model->neighbours);
    *model = (cor_model){0};
}

/* A float is an infinity or a NaN where all bits of its exponent are set; an
   integer test over a row is a loop that the compiler can vectorise. */
static bool all_finite(const float *number, int64_t count)
{
    uint32_t bad = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, number + i, sizeof bits);
        bad |= (bits & 0x7f800000) == 0x7f800000;
    }
    return !bad;
}

static const char *not_finite(const cor_model *model,
                              const cor_model_side *side, int64_t row)
{
    if (!all_finite(side->factor + row * model->ld, model->factors))
        return "factors";
    if (!all_finite(side->bias + row, 1))
        return "bias";
    return all_finite(side->mean + row, 1) ? NULL : "mean rating";
}

/* The first of my rows that holds a NaN or an infinity ends the matter. */
static int check_side(const cor_model *model, const cor_model_side *side,
                      const side_names *names, int code, const char *path)
{
    for (int64_t row = 0; row < side->count; row++) {
        const char *what = not_finite(model, side, row);
        if (!what)
            continue;
        char id[128];
        cor_ids_print(&side->id, row, id, sizeof id);
        if (code == COR_EDATA)
            return cor_fail(code,
                            "%s: the %s of %s %s is not a finite number; "
                            "the model is damaged, train it again",
                            path, what, names->one, id);
        return cor_fail(code,
                        "%s not written: the %s of %s %s is not a finite "
                        "number: training diverged; raise --reg, or look "
                        "for values out of all proportion in the ratings",
                        path, what, names->one, id);
    }
    return COR_OK;
}

static int check(const cor_team *team, const cor_model *model, int code,
                 const char *path)
{
    int rc = COR_OK;
    if (!isfinite(model->mean) || !isfinite(model->value_min) ||
        !isfinite(model->value_max))
        rc = cor_fail(code,
                      "%s: the mean or the range of the ratings is not a "
                      "finite number; look for `nan` or `inf` in the "
                      "ratings and train again",
                      path);
    COR_TRY(cor_agree(team, rc));
    COR_TRY(
        cor_agree(team, check_side(model, &model->user, &users, code, path)));
    return cor_agree(team, check_side(model, &model->item, &items, code, path));
}

/* On disk a row is its factors alone, without the padding. */
static int write_factors(const cor_team *team, cor_file *file,
                         const cor_model *model, const cor_model_side *side,
                         const char *name)
{
    int64_t k = model->factors;
    float *packed = NULL;
    int rc = cor_agree(team, cor_allocate(&packed, side->count * k,
                                          sizeof *packed, "factors to write"));
    if (rc == COR_OK) {
        for (int64_t row = 0; row < side->count; row++)
            memcpy(packed + row * k, side->factor + row * model->ld,
                   (size_t)k * sizeof *packed);
        rc = cor_file_write(file, name, COR_FLOAT32, 0, side->rows, k,
                            side->first, side->count, packed);
    }
    cor_free(packed);
    return rc;
}

static int write_column(cor_file *file, const cor_model_side *side,
                        const char *name, enum cor_type type, const void *data)
{
    return cor_file_write(file, name, type, 0, side->rows, 0, side->first,
                          side->count, data);
}

static int write_side(const cor_team *team, cor_file *file,
                      const cor_model *model, const cor_model_side *side,
                      const side_names *names)
{
    char name[NAME_SIZE];
    COR_TRY(cor_file_put_shards(file, names->shards, side->shards));
    COR_TRY(cor_ids_write(file, dataset(name, names, "id"), &side->id));
    COR_TRY(write_column(file, side, dataset(name, names, "count"), COR_INT64,
                         side->ratings));
    COR_TRY(write_column(file, side, dataset(name, names, "mean"), COR_FLOAT32,
                         side->mean));
    if (model->bias)
        COR_TRY(write_column(file, side, dataset(name, names, "bias"),
                             COR_FLOAT32, side->bias));
    if (model->factors == 0)
        return COR_OK;
    return write_factors(team, file, model, side,
                         dataset(name, names, "factors"));
}

static const char *const form_name[] = {"no", "confidence", "unobserved"};

/* Only models of implicit feedback have these. */
static int put_implicit(cor_file *file, const cor_implicit *how)
{
    if (how->form == COR_EXPLICIT)
        return COR_OK;
    COR_TRY(cor_file_put_text(file, "implicit", form_name[how->form]));
    COR_TRY(cor_file_put_double(file, "alpha", how->alpha));
    COR_TRY(cor_file_put_double(file, "unobserved_weight", how->unobserved));
    return cor_file_put_double(file, "reg_exponent", how->reg_exponent);
}

static int write_attributes(cor_file *file, const cor_model *model)
{
    COR_TRY(cor_file_put_text(file, "model", model->kind));
    COR_TRY(cor_file_put_int64(file, "factors", model->factors));
    COR_TRY(cor_file_put_int64(file, "bias", model->bias));
    COR_TRY(cor_file_put_double(file, "mean", model->mean));
    COR_TRY(cor_file_put_double(file, "value_min", model->value_min));
    COR_TRY(cor_file_put_double(file, "value_max", model->value_max));
    COR_TRY(cor_file_put_double(file, "reg", model->reg));
    COR_TRY(cor_file_put_double(file, "reg_bias", model->reg_bias));
    if (model->reg_bias_item != model->reg_bias)
        COR_TRY(
            cor_file_put_double(file, "reg_bias_item", model->reg_bias_item));
    COR_TRY(put_implicit(file, &model->implicit));
    COR_TRY(cor_file_put_text(file, "reg_scale",
                              model->reg_by_count ? "count" : "none"));
    return cor_file_put_text(file, "family",
                             cor_family_name(cor_family_used()));
}

static int write_digest(cor_file *file, cor_model *model)
{
    static const char *const all[] = {
        "/users/id",      "/users/count",   "/users/mean",  "/users/bias",
        "/users/factors", "/items/id",      "/items/count", "/items/mean",
        "/items/bias",    "/items/factors", "/items/title"};
    const char *held[sizeof all / sizeof *all + NEIGHBOUR_DATASETS];
    int count = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (cor_file_has(file, all[i]))
            held[count++] = all[i];
    for (int i = 0; i < NEIGHBOUR_DATASETS; i++)
        if (cor_file_has(file, neighbour_datasets[i]))
            held[count++] = neighbour_datasets[i];
    COR_TRY(cor_file_digest(file, held, count, model->digest));
    return cor_file_put_text(file, "digest", model->digest);
}

static int write_content(const cor_team *team, cor_file *file, cor_model *model)
{
    COR_TRY(write_attributes(file, model));
    COR_TRY(write_side(team, file, model, &model->user, &users));
    COR_TRY(write_side(team, file, model, &model->item, &items));
    if (model->item_title.total)
        COR_TRY(cor_ids_write(file, "/items/title", &model->item_title));
    COR_TRY(neighbours_write(team, file, model));
    return write_digest(file, model);
}

int cor_model_write(const cor_team *team, const char *path,
                    const cor_file_options *options, cor_model *model)
{
    COR_TRY(check(team, model, COR_ENUMERIC, path));
    cor_file *file = NULL;
    COR_TRY(cor_file_create(team, path, "model", options, &file));
    int rc = write_content(team, file, model);
    if (rc == COR_OK)
        rc = cor_file_commit(&file);
    cor_file_close(&file);
    return rc;
}

static int damaged(const cor_file *file, const char *what)
{
    return cor_fail(COR_EDATA, "%s: %s; the model is damaged, train it again",
                    cor_file_path(file), what);
}

static int get_implicit(const cor_file *file, cor_implicit *how)
{
    char form[16];
    if (!cor_file_has_attribute(file, "implicit"))
        return COR_OK;
    COR_TRY(cor_file_get_text(file, "implicit", form, sizeof form));
    how->form = strcmp(form, form_name[COR_CONFIDENCE]) == 0 ? COR_CONFIDENCE
                                                             : COR_UNOBSERVED;
    COR_TRY(cor_file_get_double(file, "alpha", &how->alpha));
    COR_TRY(cor_file_get_double(file, "unobserved_weight", &how->unobserved));
    return cor_file_get_double(file, "reg_exponent", &how->reg_exponent);
}

static int read_attributes(const cor_file *file, cor_model *model)
{
    int64_t bias;
    char scale[16];
    COR_TRY(cor_file_get_text(file, "model", model->kind, sizeof model->kind));
    COR_TRY(cor_file_get_int64(file, "factors", &model->factors));
    COR_TRY(cor_file_get_int64(file, "bias", &bias));
    COR_TRY(cor_file_get_double(file, "mean", &model->mean));
    COR_TRY(cor_file_get_double(file, "value_min", &model->value_min));
    COR_TRY(cor_file_get_double(file, "value_max", &model->value_max));
    COR_TRY(cor_file_get_double(file, "reg", &model->reg));
    COR_TRY(cor_file_get_double(file, "reg_bias", &model->reg_bias));
    model->reg_bias_item = model->reg_bias;
    if (cor_file_has_attribute(file, "reg_bias_item"))
        COR_TRY(
            cor_file_get_double(file, "reg_bias_item", &model->reg_bias_item));
    COR_TRY(cor_file_get_text(file, "reg_scale", scale, sizeof scale));
    COR_TRY(get_implicit(file, &model->implicit));
    COR_TRY(
        cor_file_get_text(file, "digest", model->digest, sizeof model->digest));
    if (model->factors < 0 || model->factors > INT32_MAX)
        return damaged(file, "the number of factors makes no sense");
    model->bias = bias != 0;
    model->ld = cor_padded(model->factors);
    model->reg_by_count = strcmp(scale, "count") == 0;
    return COR_OK;
}

static int check_shapes(const cor_file *file, const cor_model *model,
                        const side_names *names, const cor_model_side *side)
{
    static const char *const leaf[] = {"count", "mean", "bias", "factors"};
    const bool wanted[] = {true, true, model->bias, model->factors > 0};
    for (int i = 0; i < 4; i++) {
        char name[NAME_SIZE];
        enum cor_type type;
        int64_t width, rows, columns;
        if (!wanted[i])
            continue;
        COR_TRY(cor_file_shape(file, dataset(name, names, leaf[i]), &type,
                               &width, &rows, &columns));
        if (rows != side->rows || columns != (i == 3 ? model->factors : 0))
            return damaged(file, "its tables are not of one shape");
    }
    return COR_OK;
}

static int allocate_side(const cor_model *model, cor_model_side *side)
{
    COR_TRY(COR_NEW(&side->ratings, side->count));
    COR_TRY(COR_NEW(&side->mean, side->count));
    COR_TRY(COR_NEW_ZEROED(&side->bias, side->count));
    return COR_NEW(&side->factor, side->count * model->ld);
}

/* From the last row to the first each moves to where it belongs, and its
   padding is filled with zeros. */
static void spread_factors(const cor_model *model, cor_model_side *side)
{
    int64_t k = model->factors, ld = model->ld;
    for (int64_t row = side->count - 1; row >= 0; row--) {
        float *at = side->factor + row * ld;
        memmove(at, side->factor + row * k, (size_t)k * sizeof *at);
        memset(at + k, 0, (size_t)(ld - k) * sizeof *at);
    }
}

static int read_column(const cor_file *file, const cor_model_side *side,
                       const char *name, enum cor_type type, int64_t columns,
                       void *data)
{
    return cor_file_read(file, name, type, 0, columns, side->first, side->count,
                         data);
}

static int read_columns(const cor_file *file, const cor_model *model,
                        const side_names *names, cor_model_side *side)
{
    char name[NAME_SIZE];
    COR_TRY(cor_ids_read(file, dataset(name, names, "id"), side->first,
                         side->count, &side->id));
    COR_TRY(read_column(file, side, dataset(name, names, "count"), COR_INT64, 0,
                        side->ratings));
    COR_TRY(read_column(file, side, dataset(name, names, "mean"), COR_FLOAT32,
                        0, side->mean));
    if (model->bias)
        COR_TRY(read_column(file, side, dataset(name, names, "bias"),
                            COR_FLOAT32, 0, side->bias));
    if (model->factors)
        COR_TRY(read_column(file, side, dataset(name, names, "factors"),
                            COR_FLOAT32, model->factors, side->factor));
    spread_factors(model, side);
    return COR_OK;
}

static int read_side(const cor_team *team, const cor_file *file,
                     const cor_model *model, const side_names *names,
                     cor_model_side *side)
{
    char name[NAME_SIZE];
    enum cor_type type;
    int64_t width, columns;
    COR_TRY(cor_file_shape(file, dataset(name, names, "id"), &type, &width,
                           &side->rows, &columns));
    COR_TRY(check_shapes(file, model, names, side));
    COR_TRY(cor_file_get_shards(file, names->shards, side->rows, NULL,
                                &side->shards));
    int rank = cor_team_rank(team);
    side->first = cor_shards_first_row(side->shards, rank);
    side->count = cor_shards_first_row(side->shards, rank + 1) - side->first;
    COR_TRY(cor_agree(team, allocate_side(model, side)));
    return read_columns(file, model, names, side);
}

static int read_content(const cor_team *team, const cor_file *file,
                        cor_model *model)
{
    COR_TRY(read_attributes(file, model));
    COR_TRY(read_side(team, file, model, &users, &model->user));
    COR_TRY(read_side(team, file, model, &items, &model->item));
    if (cor_file_has(file, "/items/title"))
        COR_TRY(cor_ids_read(file, "/items/title", model->item.first,
                             model->item.count, &model->item_title));
    if (model->item_title.total && model->item_title.total != model->item.rows)
        return damaged(file, "its tables are not of one shape");
    COR_TRY(neighbours_read(team, file, model));
    return check(team, model, COR_EDATA, cor_file_path(file));
}

int cor_model_read(const cor_team *team, const char *path, cor_model *model)
{
    *model = (cor_model){0};
    cor_file *file = NULL;
    COR_TRY(cor_file_open(team, path, "model", &file));
    int rc = read_content(team, file, model);
    cor_file_close(&file);
    if (rc == COR_OK)
        cor_family_agree(team);
    else
        cor_model_free(model);
    return rc;
}
