#include "coracle/memory.h"
#include "features_parts.h"

#include <math.h>

/* The most features of a row. */
enum { MOST = 2 + COR_KEPT_LIMIT + FEATURES_NUMBERS };

typedef struct example {
    int n;
    int32_t feature[MOST];
    float value[MOST];
} example;

static void add(example *e, int64_t feature, float value)
{
    e->feature[e->n] = (int32_t)feature;
    e->value[e->n++] = value;
}

/* The features of a row, ascending; what TRAIN does not know is counted. */
static void make_example(const features_links *l, int64_t row, example *e,
                         cor_features_unknown *unknown)
{
    const cor_features *f = l->features;
    int64_t user = features_user(l, row)->number;
    int64_t item = features_item(l, row)->number;
    bool strange = false;
    double number[FEATURES_NUMBERS];
    e->n = 0;
    if (user >= 0)
        add(e, user, 1);
    if (item >= 0)
        add(e, f->users + item, 1);
    for (int32_t k = 0; k < f->categories; k++) {
        int32_t code = l->code[k][row];
        if (code >= 0 && l->feature[k][code] >= 0)
            add(e, l->feature[k][code], 1);
        else
            strange = strange || code >= 0;
    }
    features_numbers(l, row, number);
    for (int k = 0; k < f->numbers; k++) {
        float scaled = (float)((number[k] - f->offset[k]) / f->scale[k]);
        if (scaled != 0)
            add(e, f->number + k, scaled);
    }
    unknown->users += user < 0;
    unknown->items += item < 0;
    unknown->categories += strange;
}

static float label_of(const features_label *label, int64_t row)
{
    if (label->value)
        return label->value[row];
    if (label->number)
        return (float)label->number[row];
    return label->code[row] >= 0 && label->code[row] == label->wanted;
}

/* What all rows have of features and of what is unknown; the first without a
   label stops the job. Collective. */
static int count(const features_links *l, const char *name, int64_t *nonzeros,
                 cor_features_unknown *unknown)
{
    const cor_team *team = l->features->team;
    int64_t n = 0, users = 0, items = 0, categories = 0;
    int64_t missing = INT64_MAX;
#pragma omp parallel for num_threads(cor_team_threads(team))                   \
    reduction(+ : n, users, items, categories) reduction(min : missing)
    for (int64_t row = 0; row < l->data->rows; row++) {
        example e;
        cor_features_unknown here = {0};
        make_example(l, row, &e, &here);
        n += e.n;
        users += here.users;
        items += here.items;
        categories += here.categories;
        if (isnan(label_of(&l->label, row)) && row < missing)
            missing = row;
    }
    *nonzeros = n;
    *unknown = (cor_features_unknown){users, items, categories};
    cor_team_sum(team, &unknown->users, 1);
    cor_team_sum(team, &unknown->items, 1);
    cor_team_sum(team, &unknown->categories, 1);
    if (missing == INT64_MAX)
        return cor_agree(team, COR_OK);
    int64_t first =
        cor_shards_first_row(l->data->row_shards, cor_team_rank(team));
    return cor_agree(team, cor_fail(COR_EDATA,
                                    "%s: interaction %lld has no %s, which is "
                                    "to be the label; filter such rows out",
                                    name, (long long)(first + missing + 1),
                                    l->label.name));
}

/* Rows [first, first + rows->count) of mine; there is room for all that they
   may have. */
static void make_rows(const features_links *l, int64_t first,
                      cor_examples_rows *rows)
{
    int threads = cor_team_threads(l->features->team);
    rows->begin[0] = 0;
#pragma omp parallel for num_threads(threads)
    for (int64_t i = 0; i < rows->count; i++) {
        example e;
        cor_features_unknown unknown = {0};
        make_example(l, first + i, &e, &unknown);
        rows->begin[i + 1] = e.n;
        rows->label[i] = label_of(&l->label, first + i);
    }
    for (int64_t i = 0; i < rows->count; i++)
        rows->begin[i + 1] += rows->begin[i];
#pragma omp parallel for num_threads(threads)
    for (int64_t i = 0; i < rows->count; i++) {
        example e;
        cor_features_unknown unknown = {0};
        make_example(l, first + i, &e, &unknown);
        for (int k = 0; k < e.n; k++) {
            rows->feature[rows->begin[i] + k] = e.feature[k];
            rows->value[rows->begin[i] + k] = e.value[k];
        }
    }
}

static int allocate(const features_links *l, cor_examples_rows *rows)
{
    int64_t most =
        l->data->rows < FEATURES_BATCH ? l->data->rows : FEATURES_BATCH;
    int64_t wide = 2 + l->features->categories + l->features->numbers;
    COR_TRY(COR_NEW(&rows->begin, most + 1));
    COR_TRY(COR_NEW(&rows->label, most));
    COR_TRY(COR_NEW(&rows->feature, most * wide));
    return COR_NEW(&rows->value, most * wide);
}

/* All my rows, batch by batch. Collective. */
static int append(const features_links *l, cor_progress *progress,
                  cor_examples_writer *writer)
{
    const cor_team *team = l->features->team;
    cor_examples_rows rows = {0};
    int64_t all = l->data->rows,
            batches = (all + FEATURES_BATCH - 1) / FEATURES_BATCH;
    cor_team_max(team, &batches, 1);
    int rc = cor_agree(team, allocate(l, &rows));
    cor_progress_begin(progress, "features", all);
    for (int64_t b = 0; rc == COR_OK && b < batches; b++) {
        int64_t first = b * FEATURES_BATCH < all ? b * FEATURES_BATCH : all;
        rows.count =
            all - first < FEATURES_BATCH ? all - first : FEATURES_BATCH;
        make_rows(l, first, &rows);
        rc = cor_examples_append(writer, &rows);
        cor_progress_update(progress, first + rows.count);
    }
    cor_progress_end(progress);
    cor_examples_rows_free(&rows);
    return rc;
}

/* What others need to make such features themselves. Collective. */
static int write_scales(const cor_features *f, cor_file *file)
{
    static const char *const scale[] = {[COR_SCALE_NONE] = "none",
                                        [COR_SCALE_STANDARD] = "standard",
                                        [COR_SCALE_MINMAX] = "minmax"};
    int64_t all = f->numbers;
    int64_t mine = cor_team_rank(f->team) == 0 ? all : 0;
    COR_TRY(cor_file_write(file, "scales/offset", COR_FLOAT64, 0, all, 0, 0,
                           mine, f->offset));
    COR_TRY(cor_file_write(file, "scales/scale", COR_FLOAT64, 0, all, 0, 0,
                           mine, f->scale));
    COR_TRY(cor_file_put_text(file, "scales/kind", scale[f->options.scale]));
    COR_TRY(cor_file_put_int64(file, "scales/first", f->number));
    COR_TRY(cor_file_put_text(file, "scales/label", f->options.label));
    if (!f->has_time)
        return COR_OK;
    COR_TRY(cor_file_put_int64(file, "scales/newest", f->newest));
    return cor_file_put_text(file, "scales/timezone", f->options.timezone);
}

static int write_rows(const features_links *l, int64_t nonzeros,
                      const char *path, const cor_file_options *file,
                      cor_progress *progress, cor_examples_summary *summary)
{
    const cor_features *f = l->features;
    cor_ids name = {0};
    cor_examples_writer *writer = NULL;
    int rc = features_name(f, &name);
    if (rc == COR_OK)
        rc = cor_examples_create(f->team, path, file, l->data->row_shards,
                                 f->features, nonzeros, &writer);
    if (rc == COR_OK)
        rc = append(l, progress, writer);
    if (rc == COR_OK)
        rc = write_scales(f, cor_examples_file(writer));
    if (rc == COR_OK)
        rc = cor_examples_finish(&writer, &name, summary);
    cor_examples_abandon(&writer);
    cor_ids_free(&name);
    return rc;
}

int cor_features_write(const cor_features *features, const char *name,
                       const cor_interactions *data, bool same,
                       const char *path, const cor_file_options *file,
                       cor_progress *progress, cor_examples_summary *summary,
                       cor_features_unknown *unknown)
{
    features_links links = {0};
    int64_t nonzeros = 0;
    int rc = features_link(features, name, data, same, &links);
    if (rc == COR_OK)
        rc = count(&links, name, &nonzeros, unknown);
    if (rc == COR_OK)
        rc = write_rows(&links, nonzeros, path, file, progress, summary);
    features_unlink(&links);
    return rc;
}
