#include "neighbours.h"

#include "coracle/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void sparse_free(cor_sparse *rows)
{
    cor_free(rows->begin);
    cor_free(rows->index);
    cor_free(rows->value);
    *rows = (cor_sparse){0};
}

void neighbours_free(cor_neighbours **neighbours)
{
    if (!*neighbours)
        return;
    sparse_free(&(*neighbours)->user);
    sparse_free(&(*neighbours)->item);
    cor_free(*neighbours);
    *neighbours = NULL;
}

/* ---- on disk ---- */

const char *const neighbour_datasets[NEIGHBOUR_DATASETS] = {
    "/users/similar/begin",  "/users/similar/index",  "/users/similar/value",
    "/users/residual/begin", "/users/residual/index", "/users/residual/value",
    "/items/similar/begin",  "/items/similar/index",  "/items/similar/value",
    "/items/residual/begin", "/items/residual/index", "/items/residual/value"};

/* The three datasets of a side's rows: begin, index, value. */
static const char *const *names_of(const cor_neighbours *n, bool user)
{
    bool similar = n->between_users == user;
    return neighbour_datasets + (user ? 0 : 6) + (similar ? 0 : 3);
}

static const char *const kind_name[] = {[COR_PEARSON_BASELINE] =
                                            "pearson-baseline",
                                        [COR_COSINE] = "cosine",
                                        [COR_MSD] = "msd"};

static int put_attributes(cor_file *file, const cor_neighbours *n)
{
    const cor_similarity_options *s = &n->similarity;
    COR_TRY(cor_file_put_text(file, "between",
                              n->between_users ? "users" : "items"));
    COR_TRY(cor_file_put_text(file, "similarity", kind_name[s->kind]));
    COR_TRY(cor_file_put_double(file, "shrinkage", s->shrinkage));
    COR_TRY(cor_file_put_int64(file, "min_support", s->support));
    COR_TRY(cor_file_put_int64(file, "neighbors", n->most));
    COR_TRY(cor_file_put_int64(file, "min_neighbors", n->least));
    COR_TRY(cor_file_put_int64(file, "keep", n->keep));
    return cor_file_put_int64(file, "similarities", n->similarities);
}

/* The last rank has the end of all rows besides. */
static int write_begins(const cor_team *team, cor_file *file, const char *name,
                        const cor_model_side *side, const cor_sparse *rows,
                        int64_t before)
{
    bool last = cor_team_rank(team) == cor_team_size(team) - 1;
    int64_t *begin = NULL, count = side->count + last;
    int rc = cor_agree(
        team, cor_allocate(&begin, count, sizeof *begin, "beginnings of rows"));
    for (int64_t r = 0; rc == COR_OK && r < count; r++)
        begin[r] = before + rows->begin[r];
    if (rc == COR_OK)
        rc = cor_file_write(file, name, COR_INT64, 0, side->rows + 1, 0,
                            side->first, count, begin);
    cor_free(begin);
    return rc;
}

int sparse_write(const cor_team *team, cor_file *file,
                 const char *const names[3], const cor_model_side *side,
                 const cor_sparse *rows)
{
    int64_t entries = rows->begin[side->count], total;
    int64_t before = cor_team_before(team, entries, &total);
    COR_TRY(write_begins(team, file, names[0], side, rows, before));
    COR_TRY(cor_file_write(file, names[1], COR_INT32, 0, total, 0, before,
                           entries, rows->index));
    return cor_file_write(file, names[2], COR_FLOAT32, 0, total, 0, before,
                          entries, rows->value);
}

int neighbours_write(const cor_team *team, cor_file *file,
                     const cor_model *model)
{
    const cor_neighbours *n = model->neighbours;
    if (!n)
        return COR_OK;
    COR_TRY(put_attributes(file, n));
    COR_TRY(
        sparse_write(team, file, names_of(n, true), &model->user, &n->user));
    return sparse_write(team, file, names_of(n, false), &model->item, &n->item);
}

static int damaged(const cor_file *file, const char *what)
{
    return cor_fail(COR_EDATA,
                    "%s: %s; it is damaged: remove it and train again",
                    cor_file_path(file), what);
}

static int get_attributes(const cor_file *file, cor_neighbours *n)
{
    char word[32];
    cor_similarity_options *s = &n->similarity;
    COR_TRY(cor_file_get_text(file, "between", word, sizeof word));
    n->between_users = strcmp(word, "users") == 0;
    COR_TRY(cor_file_get_text(file, "similarity", word, sizeof word));
    while (s->kind < COR_MSD && strcmp(word, kind_name[s->kind]) != 0)
        s->kind++;
    COR_TRY(cor_file_get_double(file, "shrinkage", &s->shrinkage));
    COR_TRY(cor_file_get_int64(file, "min_support", &s->support));
    COR_TRY(cor_file_get_int64(file, "neighbors", &n->most));
    COR_TRY(cor_file_get_int64(file, "min_neighbors", &n->least));
    COR_TRY(cor_file_get_int64(file, "keep", &n->keep));
    COR_TRY(cor_file_get_int64(file, "similarities", &n->similarities));
    if (n->most < 1)
        return damaged(file, "the number of neighbours makes no sense");
    return COR_OK;
}

/* Where my rows begin, counted from the first of them. */
static int read_begins(const cor_team *team, const cor_file *file,
                       const char *name, const cor_model_side *side,
                       int64_t entries, cor_sparse *rows, int64_t *before)
{
    enum cor_type type;
    int64_t width, count, columns;
    COR_TRY(cor_file_shape(file, name, &type, &width, &count, &columns));
    if (count != side->rows + 1 || columns != 0)
        return damaged(file, "its tables are not of one shape");
    COR_TRY(cor_agree(team,
                      cor_allocate(&rows->begin, side->count + 1,
                                   sizeof *rows->begin, "beginnings of rows")));
    COR_TRY(cor_file_read(file, name, COR_INT64, 0, 0, side->first,
                          side->count + 1, rows->begin));
    *before = rows->begin[0];
    bool sound = *before >= 0 && rows->begin[side->count] <= entries;
    for (int64_t r = 0; sound && r < side->count; r++)
        sound = rows->begin[r] <= rows->begin[r + 1];
    for (int64_t r = 0; sound && r <= side->count; r++)
        rows->begin[r] -= *before;
    return cor_agree(team, sound ? COR_OK
                                 : damaged(file, "its rows are in disorder"));
}

static bool sound_entries(const cor_sparse *rows, int64_t count, int64_t things)
{
    for (int64_t e = 0; e < count; e++)
        if (rows->index[e] < 0 || rows->index[e] >= things ||
            !isfinite(rows->value[e]))
            return false;
    return true;
}

int sparse_read(const cor_team *team, const cor_file *file,
                const char *const names[3], const cor_model_side *side,
                int64_t things, cor_sparse *rows)
{
    enum cor_type type;
    int64_t width, entries, others, columns, before = 0;
    COR_TRY(cor_file_shape(file, names[1], &type, &width, &entries, &columns));
    COR_TRY(cor_file_shape(file, names[2], &type, &width, &others, &columns));
    if (entries != others)
        return damaged(file, "its tables are not of one shape");
    COR_TRY(read_begins(team, file, names[0], side, entries, rows, &before));
    int64_t count = rows->begin[side->count];
    int rc = COR_NEW(&rows->index, count);
    if (rc == COR_OK)
        rc = COR_NEW(&rows->value, count);
    COR_TRY(cor_agree(team, rc));
    COR_TRY(cor_file_read(file, names[1], COR_INT32, 0, 0, before, count,
                          rows->index));
    COR_TRY(cor_file_read(file, names[2], COR_FLOAT32, 0, 0, before, count,
                          rows->value));
    bool sound = sound_entries(rows, count, things);
    return cor_agree(team, sound ? COR_OK
                                 : damaged(file, "its neighbours are not of "
                                                 "this model"));
}

int neighbours_read(const cor_team *team, const cor_file *file,
                    cor_model *model)
{
    if (!cor_file_has_attribute(file, "between"))
        return COR_OK;
    COR_TRY(cor_agree(team, cor_allocate_zeroed(&model->neighbours, 1,
                                                sizeof *model->neighbours,
                                                "neighbours")));
    cor_neighbours *n = model->neighbours;
    COR_TRY(get_attributes(file, n));
    int64_t things = n->between_users ? model->user.rows : model->item.rows;
    COR_TRY(sparse_read(team, file, names_of(n, true), &model->user, things,
                        &n->user));
    return sparse_read(team, file, names_of(n, false), &model->item, things,
                       &n->item);
}

/* ---- a rating ---- */

/* The k-th greatest of some similarities, which are put out of order. */
static float greatest(float *value, int64_t count, int64_t k)
{
    int64_t low = 0, high = count - 1, at = k - 1;
    while (low < high) {
        float pivot = value[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (value[i] > pivot)
                i++;
            while (value[j] < pivot)
                j--;
            if (i > j)
                break;
            float swapped = value[i];
            value[i++] = value[j];
            value[j--] = swapped;
        }
        if (at <= j)
            high = j;
        else if (at >= i)
            low = i;
        else
            break;
    }
    return value[at];
}

double neighbours_mean(const cor_neighbours *how, const neighbour *near,
                       int64_t count, float *work)
{
    double weighted = 0, weight = 0;
    float least = 0;   /* what is less similar does not count */
    int64_t equal = 0; /* how many of just that similarity do */
    if (count < how->least)
        return 0;
    if (count > how->most) {
        for (int64_t i = 0; i < count; i++)
            work[i] = near[i].similarity;
        least = greatest(work, count, how->most);
        equal = how->most;
        for (int64_t i = 0; i < count; i++)
            equal -= near[i].similarity > least;
    }
    for (int64_t i = 0; i < count; i++) {
        double similarity = near[i].similarity;
        if (near[i].similarity < least ||
            (near[i].similarity == least && equal-- <= 0))
            continue;
        weighted += similarity * (double)near[i].residual;
        weight += similarity;
    }
    return weight > 0 ? weighted / weight : 0;
}
