#include "coracle/features.h"

#include "coracle/cut.h"
#include "coracle/memory.h"
#include "features_parts.h"
#include "need.h"

#include <string.h>

cor_features_options cor_features_default(void)
{
    return (cor_features_options){.label = "value", .timezone = "UTC"};
}

int features_label_column(const char *label, const char *name,
                          const cor_kept_columns *kept, const cor_kept **column,
                          const char **category)
{
    char text[COR_KEPT_NAME];
    const char *equals = strchr(label, '=');
    size_t length = equals ? (size_t)(equals - label) : strlen(label);
    *category = equals ? equals + 1 : NULL;
    *column = NULL;
    if (strcmp(label, "value") == 0)
        return COR_OK;
    if (length < sizeof text) {
        memcpy(text, label, length);
        text[length] = 0;
        *column = cor_kept_find(kept, text);
    }
    if (!*column)
        return cor_fail(COR_EUSAGE,
                        "--label %s: %s keeps no column %.*s; see `coracle "
                        "info`, and --keep of ingest",
                        label, name, (int)length, label);
    if ((*column)->category && !*category)
        return cor_fail(COR_EUSAGE,
                        "--label %s: %s holds categories; say which of them "
                        "is to be 1, as in %s=NAME",
                        label, label, label);
    if (!(*column)->category && *category)
        return cor_fail(COR_EUSAGE,
                        "--label %s: %s holds numbers, not categories; give "
                        "--label %s",
                        label, text, text);
    return COR_OK;
}

/* Which codes have a row in TRAIN. Collective. */
static int find_seen(const cor_team *team, const cor_kept *column, int64_t rows,
                     features_category *category)
{
    int64_t codes = column->names.total, *count = NULL;
    int rc = COR_NEW_ZEROED(&count, codes);
    if (rc == COR_OK)
        rc = COR_NEW(&category->seen, codes);
    rc = cor_agree(team, rc);
    for (int64_t r = 0; rc == COR_OK && r < rows; r++)
        if (column->code[r] >= 0)
            count[column->code[r]] = 1;
    if (rc == COR_OK)
        cor_team_max(team, count, codes);
    for (int64_t c = 0; rc == COR_OK && c < codes; c++)
        category->seen[c] = count[c] > 0;
    cor_free(count);
    return rc;
}

/* The columns of categories, but for that of the label. Collective. */
static int learn_categories(cor_features *f, const cor_interactions *train,
                            const cor_kept *label)
{
    const cor_kept_columns *kept = &train->kept;
    COR_TRY(cor_agree(f->team, COR_NEW_ZEROED(&f->category, kept->count)));
    for (int32_t k = 0; k < kept->count; k++) {
        const cor_kept *column = &kept->column[k];
        if (!column->category || column == label)
            continue;
        features_category *category = &f->category[f->categories++];
        memcpy(category->name, column->name, sizeof category->name);
        category->first = f->features;
        f->features += column->names.total;
        COR_TRY(
            cor_agree(f->team, cor_ids_copy(&column->names, &category->names)));
        COR_TRY(find_seen(f->team, column, train->rows, category));
    }
    return COR_OK;
}

/* Number the features. Collective. */
static int lay_out(cor_features *f, const char *name,
                   const cor_interactions *train)
{
    const cor_kept *label;
    const char *category;
    COR_TRY(cor_agree(f->team,
                      features_label_column(f->options.label, name,
                                            &train->kept, &label, &category)));
    f->label_seen =
        category && label && cor_kept_code(f->team, label, category) >= 0;
    f->features = f->users + f->items;
    COR_TRY(learn_categories(f, train, label));
    f->number = f->features;
    f->numbers = f->has_time ? FEATURES_NUMBERS : FEATURES_RECENCY;
    f->features += f->numbers;
    if (f->features > COR_FEATURES_LIMIT)
        return cor_fail(COR_EUSAGE,
                        "%lld features are more than the %lld that an example "
                        "may have",
                        (long long)f->features, (long long)COR_FEATURES_LIMIT);
    return COR_OK;
}

/* Keep who is known. Collective. */
static int keep_ids(cor_features *f, const cor_interactions *train)
{
    int rc = cor_shards_copy(train->user_shards, &f->user_shards);
    if (rc == COR_OK)
        rc = cor_ids_copy(&train->user_id, &f->user_id);
    if (rc == COR_OK)
        rc = cor_ids_copy(&train->item_id, &f->item_id);
    return cor_agree(f->team, rc);
}

static void find_newest(cor_features *f, const cor_interactions *train)
{
    f->newest = INT64_MIN;
    for (int64_t r = 0; f->has_time && r < train->rows; r++)
        if (train->time[r] > f->newest)
            f->newest = train->time[r];
    cor_team_max(f->team, &f->newest, 1);
}

int cor_features_learn(const cor_team *team, const char *name,
                       const cor_interactions *train,
                       const cor_features_options *options, cor_features **out)
{
    cor_features *f = NULL;
    features_links links = {0};
    *out = NULL;
    COR_TRY(cor_agree(team, COR_NEW_ZEROED(&f, 1)));
    f->team = team;
    f->options = *options;
    f->users = train->users;
    f->items = train->items;
    f->has_time = train->time != NULL;
    find_newest(f, train);
    int rc = keep_ids(f, train);
    if (rc == COR_OK)
        rc = lay_out(f, name, train);
    if (rc == COR_OK)
        rc = features_count(f, train);
    if (rc == COR_OK)
        rc = features_link(f, name, train, true, &links);
    if (rc == COR_OK)
        rc = features_find_scales(f, &links);
    features_unlink(&links);
    if (rc == COR_OK)
        *out = f;
    else
        cor_features_destroy(&f);
    return rc;
}

void cor_features_destroy(cor_features **features)
{
    cor_features *f = *features;
    if (!f)
        return;
    for (int32_t k = 0; k < f->categories; k++) {
        cor_ids_free(&f->category[k].names);
        cor_free(f->category[k].seen);
    }
    cor_free(f->category);
    cor_free(f->item);
    cor_free(f->user);
    cor_ids_free(&f->item_id);
    cor_ids_free(&f->user_id);
    cor_shards_destroy(&f->user_shards);
    cor_free(f);
    *features = NULL;
}

cor_plan cor_features_plan(const cor_team *team,
                           const cor_interactions_summary *train,
                           const cor_interactions_summary *store)
{
    const cor_interactions_summary *of[2] = {train, store};
    cor_plan plan = {0};
    for (int i = 0; i < 2; i++) {
        int64_t most = cor_need_rows(team, of[i]->interactions, of[i]->shards);
        int64_t column = cor_need_columns(of[i]->has_time) + of[i]->kept_bytes;
        int64_t bytes = most * column + (of[i]->users + of[i]->items) * 64 /
                                            cor_team_size(team);
        if (bytes > plan.bytes_rank)
            plan.bytes_rank = bytes;
        plan.rows_rank = most;
    }
    plan.bytes_rank += cor_plan_base() +
                       (train->users + train->items) * 64 / cor_team_size(team);
    /* begin and label; two ones, the numbers, a code is four bytes of a row */
    int64_t row = 8 + 4 + 8 * (2 + FEATURES_NUMBERS) + 2 * store->kept_bytes;
    int64_t batch =
        plan.rows_rank < FEATURES_BATCH ? plan.rows_rank : FEATURES_BATCH;
    plan.bytes_rank += batch * row;
    plan.bytes_disk =
        store->interactions * row + (train->users + train->items) * 16;
    return plan;
}
