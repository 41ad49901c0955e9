/* Reading examples: each rank the rows it wants, and a check that they are what
   a writer leaves, so that nothing later meets a wild index. */
#include "examples.h"

#include "coracle/cut.h"
#include "coracle/memory.h"

static int damaged(const cor_file *file, const char *what)
{
    return cor_fail(COR_EDATA, "%s is damaged: %s: make it again",
                    cor_file_path(file), what);
}

/* The length of a column, which must be of the type wanted. */
static int length_of(const cor_file *file, const char *name, enum cor_type want,
                     int64_t *length)
{
    enum cor_type type;
    int64_t width, columns;
    COR_TRY(cor_file_shape(file, name, &type, &width, length, &columns));
    return type == want && columns == 0
               ? COR_OK
               : damaged(file, "a column is of another type");
}

static int find_lengths(const cor_file *file, cor_examples_summary *s)
{
    int64_t begins, values, entries;
    COR_TRY(length_of(file, "examples/label", COR_FLOAT32, &s->rows));
    COR_TRY(length_of(file, "examples/begin", COR_INT64, &begins));
    COR_TRY(length_of(file, "examples/feature", COR_INT32, &s->nonzeros));
    COR_TRY(length_of(file, "examples/value", COR_FLOAT32, &values));
    COR_TRY(length_of(file, "shards/row", COR_INT64, &entries));
    s->shards = entries - 1;
    if (begins != s->rows + 1 || values != s->nonzeros)
        return damaged(file, "its columns differ in length");
    return COR_OK;
}

int cor_examples_summarise(const cor_file *file, cor_examples_summary *summary)
{
    cor_examples_summary s = {0};
    COR_TRY(find_lengths(file, &s));
    COR_TRY(cor_file_get_int64(file, "examples/features", &s.features));
    COR_TRY(cor_file_get_double(file, "examples/label_min", &s.label_min));
    COR_TRY(cor_file_get_double(file, "examples/label_max", &s.label_max));
    COR_TRY(cor_file_get_double(file, "examples/label_mean", &s.label_mean));
    COR_TRY(cor_file_get_text(file, "digest", s.digest, sizeof s.digest));
    s.named = cor_file_has(file, "features/name");
    if (s.features < 0 || s.features > COR_FEATURES_LIMIT)
        return damaged(file, "it has no sound number of features");
    *summary = s;
    return COR_OK;
}

/* Beginnings in the whole become those of mine. */
static int rebase(const cor_file *file, const cor_examples_summary *s,
                  int64_t first, cor_examples_rows *rows, int64_t *base)
{
    int64_t *begin = rows->begin, count = rows->count;
    bool sound = begin[0] >= 0 && begin[count] <= s->nonzeros;
    for (int64_t i = 0; i < count; i++)
        sound = sound && begin[i] <= begin[i + 1];
    sound = sound && (first > 0 || begin[0] == 0);
    sound = sound && (first + count < s->rows || begin[count] == s->nonzeros);
    if (!sound)
        return damaged(file, "its rows don't cover its features");
    *base = begin[0];
    for (int64_t i = 0; i <= count; i++)
        begin[i] -= *base;
    return COR_OK;
}

static int read_begins(const cor_team *team, const cor_file *file,
                       const cor_examples_summary *s, int64_t first,
                       cor_examples_rows *rows, int64_t *base)
{
    COR_TRY(cor_agree(team, COR_NEW(&rows->begin, rows->count + 1)));
    COR_TRY(cor_file_read(file, "examples/begin", COR_INT64, 0, 0, first,
                          rows->count + 1, rows->begin));
    return cor_agree(team, rebase(file, s, first, rows, base));
}

static int allocate(cor_examples_rows *rows)
{
    int64_t nonzeros = rows->begin[rows->count];
    COR_TRY(COR_NEW(&rows->feature, nonzeros));
    COR_TRY(COR_NEW(&rows->value, nonzeros));
    return COR_NEW(&rows->label, rows->count);
}

static int check(const cor_team *team, const cor_file *file,
                 const cor_examples_rows *rows, int64_t first, int64_t features)
{
    cor_examples_fault fault =
        cor_examples_find_fault(cor_team_threads(team), rows, features);
    if (fault.row == INT64_MAX)
        return COR_OK;
    return cor_fail(
        COR_EDATA, "%s is damaged: example %lld (from 1): %s: make it again",
        cor_file_path(file), (long long)(first + fault.row + 1), fault.what);
}

static int read_rows(const cor_team *team, const cor_file *file,
                     const cor_examples_summary *summary, int64_t first,
                     cor_examples_rows *rows)
{
    int64_t base = 0;
    COR_TRY(read_begins(team, file, summary, first, rows, &base));
    COR_TRY(cor_agree(team, allocate(rows)));
    int64_t nonzeros = rows->begin[rows->count];
    COR_TRY(cor_file_read(file, "examples/feature", COR_INT32, 0, 0, base,
                          nonzeros, rows->feature));
    COR_TRY(cor_file_read(file, "examples/value", COR_FLOAT32, 0, 0, base,
                          nonzeros, rows->value));
    COR_TRY(cor_file_read(file, "examples/label", COR_FLOAT32, 0, 0, first,
                          rows->count, rows->label));
    return cor_agree(team, check(team, file, rows, first, summary->features));
}

int cor_examples_read_rows(const cor_team *team, const cor_file *file,
                           const cor_examples_summary *summary, int64_t first,
                           int64_t count, cor_examples_rows *rows)
{
    *rows = (cor_examples_rows){.count = count};
    int rc = read_rows(team, file, summary, first, rows);
    if (rc != COR_OK)
        cor_examples_rows_free(rows);
    return rc;
}

static int read_mine(const cor_team *team, const cor_file *file,
                     cor_examples *data)
{
    cor_examples_summary summary;
    int rank = cor_team_rank(team);
    COR_TRY(cor_examples_summarise(file, &summary));
    data->features = summary.features;
    COR_TRY(cor_file_get_shards(file, "shards/row", summary.rows, NULL,
                                &data->shards));
    data->first = cor_shards_first_row(data->shards, rank);
    int64_t end = cor_shards_first_row(data->shards, rank + 1);
    return cor_examples_read_rows(team, file, &summary, data->first,
                                  end - data->first, &data->mine);
}

int cor_examples_read(const cor_team *team, const char *path,
                      cor_examples *data)
{
    cor_file *file = NULL;
    *data = (cor_examples){0};
    COR_TRY(cor_file_open(team, path, "examples", &file));
    int rc = read_mine(team, file, data);
    cor_file_close(&file);
    if (rc != COR_OK)
        cor_examples_free(data);
    return rc;
}

int cor_examples_read_names(const cor_team *team, const cor_file *file,
                            cor_ids *name)
{
    int rank = cor_team_rank(team), size = cor_team_size(team);
    cor_examples_summary summary;
    *name = (cor_ids){0};
    COR_TRY(cor_examples_summarise(file, &summary));
    if (!summary.named)
        return COR_OK;
    int64_t first = cor_cut_begin(summary.features, rank, size);
    int64_t end = cor_cut_begin(summary.features, rank + 1, size);
    COR_TRY(cor_ids_read(file, "features/name", first, end - first, name));
    if (name->total == summary.features)
        return COR_OK;
    cor_ids_free(name);
    return damaged(file, "it has not as many names as features");
}
