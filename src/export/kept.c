#include "kept.h"

#include "coracle/cut.h"
#include "coracle/memory.h"
#include "coracle/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int open_column(const cor_team *team, const char *store,
                       const cor_file *file, int64_t block,
                       export_kept_column *column)
{
    int rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t names = column->kind.categories;
    int64_t first = cor_cut_begin(names, rank, size);
    char path[COR_KEPT_PATH], dataset[COR_KEPT_PATH + 1];
    cor_kept_path(column->kind.name, path);
    snprintf(dataset, sizeof dataset, "/%s", path);
    COR_TRY(cor_table_open(team, store, dataset, &column->table));
    if (!column->kind.category)
        return cor_agree(team, COR_NEW(&column->number, block));
    cor_kept_names_path(column->kind.name, path);
    COR_TRY(cor_ids_read(file, path, first,
                         cor_cut_begin(names, rank + 1, size) - first,
                         &column->names));
    return cor_agree(team, COR_NEW(&column->code, block));
}

int export_kept_open(const cor_team *team, const char *store,
                     const cor_file *file, int64_t block, export_kept *kept)
{
    cor_kept_kind kind[COR_KEPT_LIMIT];
    *kept = (export_kept){0};
    COR_TRY(cor_kept_list(file, kind, &kept->count));
    for (int32_t k = 0; k < kept->count; k++) {
        kept->column[k].kind = kind[k];
        COR_TRY(open_column(team, store, file, block, &kept->column[k]));
    }
    return COR_OK;
}

void export_kept_close(export_kept *kept)
{
    export_kept_forget(kept);
    for (int32_t k = 0; k < kept->count; k++) {
        cor_table_close(&kept->column[k].table);
        cor_ids_free(&kept->column[k].names);
        cor_free(kept->column[k].code);
        cor_free(kept->column[k].number);
    }
    *kept = (export_kept){0};
}

static int check_codes(const export_kept_column *column, int64_t rows,
                       const char *store)
{
    for (int64_t i = 0; i < rows; i++)
        if (column->code[i] < -1 || column->code[i] >= column->kind.categories)
            return cor_fail(COR_EDATA,
                            "%s is damaged: a row has a category of %s that "
                            "does not exist: make it again",
                            store, column->kind.name);
    return COR_OK;
}

int export_kept_read(const export_kept *kept, const char *store,
                     export_block mine)
{
    for (int32_t k = 0; k < kept->count; k++) {
        const export_kept_column *column = &kept->column[k];
        if (column->kind.category) {
            COR_TRY(cor_table_read(column->table, mine.first, mine.count,
                                   COR_INT32, column->code));
            COR_TRY(check_codes(column, mine.count, store));
        } else {
            COR_TRY(cor_table_read(column->table, mine.first, mine.count,
                                   COR_FLOAT64, column->number));
        }
    }
    return COR_OK;
}

int export_kept_fetch(const cor_team *team, export_kept *kept,
                      export_block mine)
{
    for (int32_t k = 0; k < kept->count; k++) {
        export_kept_column *column = &kept->column[k];
        if (column->kind.categories)
            COR_TRY(cor_names_create(team, &column->names, NULL, column->code,
                                     mine.count, &column->text));
    }
    return COR_OK;
}

void export_kept_forget(export_kept *kept)
{
    for (int32_t k = 0; k < kept->count; k++)
        cor_names_destroy(&kept->column[k].text);
}

int export_put_plain(const cor_export_job *job, const char *what,
                     const char *text, cor_csv *out)
{
    if (strpbrk(text, "\t\r\n"))
        return cor_fail(COR_EDATA,
                        "%s: the %s \"%s\" has a tab or a newline in it, which "
                        ".inter can't hold: export it as CSV",
                        job->store, what, text);
    cor_csv_bytes(out, text, (int64_t)strlen(text));
    return COR_OK;
}

/* A text as one more field. */
static int put_text(const cor_export_job *job, const char *what,
                    const char *text, cor_csv *out)
{
    if (job->format == COR_EXPORT_INTER) {
        cor_csv_bytes(out, "\t", 1);
        return export_put_plain(job, what, text, out);
    }
    out->in_row = true;
    cor_csv_text(out, text);
    return COR_OK;
}

static int put_category(const export_kept_column *column,
                        const cor_export_job *job, int64_t row, cor_csv *out)
{
    char text[COR_ID_LIMIT + 1] = "";
    if (column->code[row] >= 0)
        cor_ids_print(cor_names_id(column->text), column->code[row], text,
                      sizeof text);
    return put_text(job, "category", text, out);
}

static void put_number(double number, bool inter, cor_csv *out)
{
    char text[1 + COR_NUMBER_SIZE] = {inter ? '\t' : ','};
    int length = 1;
    if (!isnan(number))
        length += cor_text_print_double(number, text + 1);
    cor_csv_bytes(out, text, length);
}

int export_kept_put(const export_kept *kept, const cor_export_job *job,
                    int64_t row, cor_csv *out)
{
    for (int32_t k = 0; k < kept->count; k++) {
        const export_kept_column *column = &kept->column[k];
        if (column->kind.category)
            COR_TRY(put_category(column, job, row, out));
        else
            put_number(column->number[row], job->format == COR_EXPORT_INTER,
                       out);
    }
    return COR_OK;
}

int export_kept_header(const export_kept *kept, const cor_export_job *job,
                       cor_csv *out)
{
    for (int32_t k = 0; k < kept->count; k++) {
        const cor_kept_kind *kind = &kept->column[k].kind;
        COR_TRY(put_text(job, "column", kind->name, out));
        if (job->format == COR_EXPORT_INTER)
            cor_csv_bytes(out, kind->category ? ":token" : ":float", 6);
    }
    return COR_OK;
}
