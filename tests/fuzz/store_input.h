/**
 * A file of coracle, whatever became of it, read as each kind. What a reader
 * gives must be good enough for those who use it.
 */
#ifndef FUZZ_STORE_INPUT_H
#define FUZZ_STORE_INPUT_H

#include "fuzz.h"

#include "coracle/examples.h"
#include "coracle/interactions.h"
#include "coracle/matrix.h"
#include "coracle/memory.h"
#include "coracle/model.h"

#include <string.h>

/* A file is what it is: reading never ends in a defect. */
static inline bool store_good(int rc)
{
    fuzz_must(rc != COR_EDEFECT, "no defect");
    fuzz_must(rc == COR_OK || cor_message()[0], "a message");
    return rc == COR_OK;
}

static inline void store_print(const cor_ids *ids)
{
    char text[64];
    for (int64_t i = 0; i < ids->count; i++)
        cor_ids_print(ids, i, text, sizeof text);
}

/* Every id is found, though of equal ones only one. */
static inline void store_find(cor_team *team, const cor_ids *ids)
{
    cor_directory *directory = NULL;
    int64_t *row = NULL;
    bool found = true;
    int rc = cor_directory_create(team, ids, &directory);
    if (rc == COR_OK)
        rc = COR_NEW(&row, ids->count);
    if (rc == COR_OK)
        rc = cor_directory_find(directory, ids, row);
    for (int64_t i = 0; rc == COR_OK && i < ids->count; i++)
        found &= row[i] >= 0 && row[i] < ids->total;
    fuzz_must(!store_good(rc) || found, "every id is found");
    cor_free(row);
    cor_directory_destroy(&directory);
}

static inline void store_interactions(const char *path)
{
    cor_team *team = fuzz_team();
    cor_interactions data;
    cor_interactions_summary summary;
    cor_file *file = NULL;
    if (store_good(cor_file_open(team, path, NULL, &file)))
        store_good(cor_interactions_summarise(team, file, &summary));
    cor_file_close(&file);
    if (!store_good(
            cor_interactions_read(team, path, &cor_interactions_all, &data)))
        return;
    for (int64_t i = 0; i < data.rows; i++)
        fuzz_must(data.user[i] >= 0 && data.user[i] < data.users &&
                      data.item[i] >= 0 && data.item[i] < data.items,
                  "users and items that exist");
    store_print(&data.user_id);
    store_print(&data.item_title);
    store_find(team, &data.item_id);
    cor_interactions_free(&data);
}

static inline void store_model(const char *path)
{
    cor_team *team = fuzz_team();
    cor_model model;
    cor_predictor *predictor = NULL;
    if (!store_good(cor_model_read(team, path, &model)))
        return;
    int64_t user[2] = {0, -1}, item[2] = {model.item.rows - 1, -1};
    float rating[2];
    if (model.user.rows > 0 && model.item.rows > 0 &&
        store_good(
            cor_predictor_create(team, &model, user, item, 2, &predictor)))
        store_good(cor_predictor_run(predictor, rating));
    cor_predictor_destroy(&predictor);
    store_print(&model.item_title);
    store_find(team, &model.user.id);
    cor_model_free(&model);
}

static inline void store_matrix(const char *path)
{
    cor_matrix matrix;
    double tile[8];
    if (!store_good(cor_matrix_read(fuzz_team(), path, &matrix)))
        return;
    if (matrix.count > 0 && matrix.columns <= 8)
        cor_matrix_tile(&matrix, matrix.count - 1, 1, tile);
    store_print(&matrix.name);
    cor_matrix_free(&matrix);
}

static inline void store_examples(const char *path)
{
    cor_examples data;
    cor_file *file = NULL;
    cor_ids name;
    if (!store_good(cor_examples_read(fuzz_team(), path, &data)))
        return;
    const cor_examples_rows *rows = &data.mine;
    for (int64_t j = 0; j < rows->begin[rows->count]; j++)
        fuzz_must(rows->feature[j] >= 0 && rows->feature[j] < data.features,
                  "features that exist");
    cor_examples_free(&data);
    if (!store_good(cor_file_open(fuzz_team(), path, "examples", &file)))
        return;
    if (store_good(cor_examples_read_names(fuzz_team(), file, &name)))
        store_print(&name);
    cor_ids_free(&name);
    cor_file_close(&file);
}

#endif
