/**
 * Kept columns: what else the input says of each interaction, as numbers or as
 * categories, such as a price or the kind of an interaction.
 */
#ifndef CORACLE_KEPT_H
#define CORACLE_KEPT_H

#include "coracle/ids.h"

/** More columns serve nobody; bytes of a name with its final zero. */
enum { COR_KEPT_LIMIT = 32, COR_KEPT_NAME = 128 };

/** One column of the rows that a rank holds. Plain data. */
typedef struct cor_kept {
    char name[COR_KEPT_NAME];
    bool category;
    double *number; /* rows; NaN: the row has none. NULL for a category */
    int32_t *code;  /* rows; -1: the row has none. NULL for numbers */
    /* The names of the codes, in order of first appearance in the input: my
       even part of them (total 0 for numbers). */
    cor_ids names;
} cor_kept;

/** The columns of some interactions. */
typedef struct cor_kept_columns {
    int32_t count; /* equal on all ranks */
    cor_kept *column;
} cor_kept_columns;

void cor_kept_free(cor_kept_columns *kept);

/** Columns such as those of `from`, for `rows` rows to be filled in, with
    copies of the tables of names. Local. @param[out] to  for cor_kept_free,
    also after a failure */
int cor_kept_create_like(const cor_kept_columns *from, int64_t rows,
                         cor_kept_columns *to);

/** Copy row `row` of `from` as row `at`; columns may be the same ones. */
static inline void cor_kept_copy(const cor_kept_columns *from, int64_t row,
                                 cor_kept_columns *to, int64_t at)
{
    for (int32_t k = 0; k < from->count; k++)
        if (from->column[k].category)
            to->column[k].code[at] = from->column[k].code[row];
        else
            to->column[k].number[at] = from->column[k].number[row];
}

/** The column of this name, borrowed; NULL: there is none. Local. */
const cor_kept *cor_kept_find(const cor_kept_columns *kept, const char *name);

/** The code of a category by its name; -1: there is none. Collective. */
int32_t cor_kept_code(const cor_team *team, const cor_kept *kept,
                      const char *name);

/** What a store's column is, without its rows. */
typedef struct cor_kept_kind {
    char name[COR_KEPT_NAME];
    bool category;
    int64_t categories; /* names; 0 for numbers */
} cor_kept_kind;

/** The columns that a store keeps, in the order of the input's --keep.
    Collective. @param[out] kind  room for COR_KEPT_LIMIT
    @return COR_OK; COR_EDATA: the store is damaged */
int cor_kept_list(const cor_file *file, cor_kept_kind *kind, int32_t *count);

static inline enum cor_type cor_kept_type(bool category)
{
    return category ? COR_INT32 : COR_FLOAT64;
}

/** Where a column's rows and a category's names are in a store. */
enum { COR_KEPT_PATH = COR_KEPT_NAME + 16 };
void cor_kept_path(const char *name, char path[COR_KEPT_PATH]);
void cor_kept_names_path(const char *name, char path[COR_KEPT_PATH]);

#endif
