/* Writing examples, a batch at a time. The disk, or the memory that its cache
   is in, is the ceiling: rows are checked and summed on their way. */
#include "examples.h"

#include "coracle/memory.h"
#include "coracle/sum.h"

#include <math.h>

struct cor_examples_writer {
    const cor_team *team;
    cor_file *file;
    cor_shards *shards;
    int64_t features;
    int64_t rows, nonzeros;    /* all */
    int64_t next_row, end_row; /* mine that are still to come */
    int64_t next_nonzero, end_nonzero;
    double *sum; /* of the labels of my shards */
    double low, high;
};

static int check_shape(const cor_shards *shards, int64_t features,
                       int64_t nonzeros)
{
    if (features < 0 || features > COR_FEATURES_LIMIT)
        return cor_fail(COR_EUSAGE,
                        "%lld features are more than the %d that examples "
                        "may have: number them anew, or hash them",
                        (long long)features, COR_FEATURES_LIMIT);
    if (nonzeros < 0 || !shards)
        return cor_fail(COR_EDEFECT, "examples without shards");
    return COR_OK;
}

/* All but the file. */
static int prepare(const cor_team *team, const cor_shards *shards,
                   cor_examples_writer *w)
{
    int rank = cor_team_rank(team);
    w->rows = cor_shards_rows(shards);
    w->next_row = cor_shards_first_row(shards, rank);
    w->end_row = cor_shards_first_row(shards, rank + 1);
    COR_TRY(cor_shards_copy(shards, &w->shards));
    return COR_NEW_ZEROED(&w->sum, cor_shards_first(shards, rank + 1) -
                                       cor_shards_first(shards, rank));
}

int cor_examples_create(const cor_team *team, const char *path,
                        const cor_file_options *options,
                        const cor_shards *shards, int64_t features,
                        int64_t nonzeros, cor_examples_writer **writer)
{
    cor_examples_writer *w = NULL;
    *writer = NULL;
    int rc = check_shape(shards, features, nonzeros);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&w, 1);
    if (rc == COR_OK) {
        w->team = team;
        w->features = features;
        w->low = INFINITY;
        w->high = -INFINITY;
        rc = prepare(team, shards, w);
    }
    rc = cor_agree(team, rc);
    if (rc == COR_OK) {
        w->next_nonzero = cor_team_before(team, nonzeros, &w->nonzeros);
        w->end_nonzero = w->next_nonzero + nonzeros;
        rc = cor_file_create(team, path, "examples", options, &w->file);
    }
    *writer = w;
    if (rc != COR_OK)
        cor_examples_abandon(writer);
    return rc;
}

void cor_examples_abandon(cor_examples_writer **writer)
{
    cor_examples_writer *w = *writer;
    *writer = NULL;
    if (!w)
        return;
    cor_file_close(&w->file);
    cor_shards_destroy(&w->shards);
    cor_free(w->sum);
    cor_free(w);
}

static int check_rows(const cor_examples_writer *w,
                      const cor_examples_rows *rows)
{
    if (rows->count == 0)
        return COR_OK;
    if (rows->count > w->end_row - w->next_row ||
        rows->begin[rows->count] > w->end_nonzero - w->next_nonzero)
        return cor_fail(COR_EDEFECT, "more examples than there were to be");
    cor_examples_fault fault =
        cor_examples_find_fault(cor_team_threads(w->team), rows, w->features);
    if (fault.row == INT64_MAX)
        return COR_OK;
    return cor_fail(fault.finite ? COR_ENUMERIC : COR_EDEFECT,
                    "example %lld (from 1): %s: the examples are not written",
                    (long long)(w->next_row + fault.row + 1), fault.what);
}

/* A shard's labels are added in row order, however they come in batches. */
static void add_labels(cor_examples_writer *w, const cor_examples_rows *rows)
{
    int64_t first = cor_shards_first(w->shards, cor_team_rank(w->team));
    for (int64_t i = 0; i < rows->count;) {
        int64_t shard = cor_shards_shard_of(w->shards, w->next_row + i);
        int64_t end = cor_shards_begin(w->shards, shard + 1) - w->next_row;
        double sum = w->sum[shard - first];
        for (end = end < rows->count ? end : rows->count; i < end; i++) {
            double label = (double)rows->label[i];
            sum += label;
            w->low = fmin(w->low, label);
            w->high = fmax(w->high, label);
        }
        w->sum[shard - first] = sum;
    }
}

/* Where my rows begin in the whole. */
static int write_begins(const cor_examples_writer *w,
                        const cor_examples_rows *rows)
{
    int64_t *begin = NULL;
    COR_TRY(cor_agree(w->team, COR_NEW(&begin, rows->count)));
    for (int64_t i = 0; i < rows->count; i++)
        begin[i] = w->next_nonzero + rows->begin[i];
    int rc = cor_file_write(w->file, "examples/begin", COR_INT64, 0,
                            w->rows + 1, 0, w->next_row, rows->count, begin);
    cor_free(begin);
    return rc;
}

int cor_examples_append(cor_examples_writer *w, const cor_examples_rows *rows)
{
    int64_t nonzeros = rows->count ? rows->begin[rows->count] : 0;
    COR_TRY(cor_agree(w->team, check_rows(w, rows)));
    COR_TRY(write_begins(w, rows));
    COR_TRY(cor_file_write(w->file, "examples/feature", COR_INT32, 0,
                           w->nonzeros, 0, w->next_nonzero, nonzeros,
                           rows->feature));
    COR_TRY(cor_file_write(w->file, "examples/value", COR_FLOAT32, 0,
                           w->nonzeros, 0, w->next_nonzero, nonzeros,
                           rows->value));
    COR_TRY(cor_file_write(w->file, "examples/label", COR_FLOAT32, 0, w->rows,
                           0, w->next_row, rows->count, rows->label));
    add_labels(w, rows);
    w->next_row += rows->count;
    w->next_nonzero += nonzeros;
    return COR_OK;
}

cor_file *cor_examples_file(cor_examples_writer *writer)
{
    return writer->file;
}

static int check_whole(const cor_examples_writer *w, const cor_ids *name)
{
    if (w->next_row != w->end_row || w->next_nonzero != w->end_nonzero)
        return cor_fail(COR_EDEFECT, "fewer examples than there were to be");
    if (name && name->total && name->total != w->features)
        return cor_fail(COR_EDEFECT, "%lld names for %lld features",
                        (long long)name->total, (long long)w->features);
    return COR_OK;
}

static int find_labels(cor_examples_writer *w, cor_examples_summary *summary)
{
    double total;
    COR_TRY(cor_sum_shards(w->team, w->shards, 1, w->sum, &total));
    cor_team_min_double(w->team, &w->low, 1);
    cor_team_max_double(w->team, &w->high, 1);
    if (w->rows == 0)
        return COR_OK;
    summary->label_min = w->low + 0.0; /* -0 or 0: whichever was met first */
    summary->label_max = w->high + 0.0;
    summary->label_mean = total / (double)w->rows;
    return COR_OK;
}

/* The last beginning is the end; all know it, one gives it. With no batch at
   all the datasets are made here. */
static int write_ends(cor_examples_writer *w)
{
    int64_t mine = cor_team_rank(w->team) == 0;
    cor_examples_rows none = {0};
    COR_TRY(cor_examples_append(w, &none));
    return cor_file_write(w->file, "examples/begin", COR_INT64, 0, w->rows + 1,
                          0, w->rows, mine, &w->nonzeros);
}

static int write_attributes(cor_file *file, const cor_examples_summary *s)
{
    COR_TRY(cor_file_put_int64(file, "examples/features", s->features));
    COR_TRY(cor_file_put_double(file, "examples/label_min", s->label_min));
    COR_TRY(cor_file_put_double(file, "examples/label_max", s->label_max));
    return cor_file_put_double(file, "examples/label_mean", s->label_mean);
}

static int write_digest(cor_file *file, cor_examples_summary *summary)
{
    static const char *const name[] = {"examples/begin", "examples/feature",
                                       "examples/value", "examples/label",
                                       "features/name"};
    COR_TRY(
        cor_file_digest(file, name, summary->named ? 5 : 4, summary->digest));
    return cor_file_put_text(file, "digest", summary->digest);
}

static int write_rest(cor_examples_writer *w, const cor_ids *name,
                      cor_examples_summary *summary)
{
    COR_TRY(cor_agree(w->team, check_whole(w, name)));
    *summary = (cor_examples_summary){.rows = w->rows,
                                      .features = w->features,
                                      .nonzeros = w->nonzeros,
                                      .shards = cor_shards_count(w->shards),
                                      .named = name && name->total};
    COR_TRY(find_labels(w, summary));
    COR_TRY(write_ends(w));
    if (summary->named)
        COR_TRY(cor_ids_write(w->file, "features/name", name));
    COR_TRY(cor_file_put_shards(w->file, "shards/row", w->shards));
    COR_TRY(write_attributes(w->file, summary));
    return write_digest(w->file, summary);
}

int cor_examples_finish(cor_examples_writer **writer, const cor_ids *name,
                        cor_examples_summary *summary)
{
    *summary = (cor_examples_summary){0};
    int rc = write_rest(*writer, name, summary);
    if (rc == COR_OK)
        rc = cor_file_commit(&(*writer)->file);
    cor_examples_abandon(writer);
    return rc;
}

int cor_examples_write(const cor_team *team, const char *path,
                       const cor_file_options *options,
                       const cor_examples *data, cor_examples_summary *summary)
{
    cor_examples_writer *writer;
    const cor_examples_rows *mine = &data->mine;
    COR_TRY(cor_examples_create(
        team, path, options, data->shards, data->features,
        mine->count ? mine->begin[mine->count] : 0, &writer));
    int rc = cor_examples_append(writer, mine);
    if (rc == COR_OK)
        return cor_examples_finish(&writer, &data->name, summary);
    cor_examples_abandon(&writer);
    return rc;
}
