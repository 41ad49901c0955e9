/* Where the shards of a store begin, as a dataset. */
#include "coracle/file.h"

#include "coracle/memory.h"
#include "handle.h"

int cor_file_put_shards(cor_file *file, const char *name,
                        const cor_shards *shards)
{
    int64_t count = cor_shards_count(shards) + 1, *begin = NULL;
    COR_TRY(cor_agree(file->team, COR_NEW(&begin, count)));
    for (int64_t s = 0; s < count; s++)
        begin[s] = cor_shards_begin(shards, s);
    /* all know it, one gives it */
    int rc = cor_file_write(file, name, COR_INT64, 0, count, 0, 0,
                            cor_team_rank(file->team) == 0 ? count : 0, begin);
    cor_free(begin);
    return rc;
}

static int damaged(const cor_file *file, const char *what)
{
    return cor_fail(COR_EDATA, "%s is damaged: its shards %s: make it again",
                    cor_file_path(file), what);
}

/* Rank 0 reads, all get it. The caller frees. */
static int read_begins(const cor_file *file, const char *name, int64_t count,
                       int64_t rows, int64_t **begin)
{
    int rc = cor_agree(file->team, COR_NEW(begin, count));
    if (rc == COR_OK)
        rc = cor_file_read(file, name, COR_INT64, 0, 0, 0,
                           cor_team_rank(file->team) == 0 ? count : 0, *begin);
    COR_TRY(rc);
    cor_team_share(file->team, *begin, count * (int64_t)sizeof **begin, 0);
    bool fits = (*begin)[0] == 0 && (*begin)[count - 1] == rows;
    for (int64_t s = 1; s < count; s++)
        fits = fits && (*begin)[s - 1] <= (*begin)[s];
    return fits ? COR_OK : damaged(file, "do not cover its rows");
}

int cor_file_get_shards(const cor_file *file, const char *name, int64_t rows,
                        const cor_shards *like, cor_shards **shards)
{
    enum cor_type type;
    int64_t width, count, columns, *begin = NULL;
    *shards = NULL;
    COR_TRY(cor_file_shape(file, name, &type, &width, &count, &columns));
    if (columns != 0 || count < 2 || count - 1 > COR_SHARDS_LIMIT)
        return damaged(file, "are none, or too many");
    if (like && count != cor_shards_count(like) + 1)
        return damaged(file, "differ in number");
    int rc = read_begins(file, name, count, rows, &begin);
    if (rc == COR_OK)
        rc = cor_agree(
            file->team,
            like ? cor_shards_create_like(like, begin, shards)
                 : cor_shards_create(file->team, count - 1, begin, shards));
    cor_free(begin);
    if (rc != COR_OK)
        cor_shards_destroy(shards);
    return rc;
}
