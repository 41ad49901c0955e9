/* Datasets of files that others wrote. */
#include "coracle/table.h"

#include "comm.h"
#include "coracle/memory.h"
#include "handle.h"

#include <stdio.h>
#include <string.h>

struct cor_table {
    cor_file *file;
    char *name;
    cor_extent extent;
    bool fits_float32;
};

/* Datasets that could have been meant, as far as they fit a message. */
enum { NAMES_SIZE = 256 };

static herr_t add_name(hid_t id, const char *name, const H5O_info_t *about,
                       void *names)
{
    (void)id;
    char *text = names;
    size_t length = strlen(text);
    if (about->type == H5O_TYPE_DATASET)
        snprintf(text + length, NAMES_SIZE - length, "%s/%s",
                 length ? ", " : "", name);
    return 0;
}

static int no_dataset(hid_t id, const char *path, const char *dataset)
{
    char names[NAMES_SIZE] = "";
    H5Ovisit2(id, H5_INDEX_NAME, H5_ITER_INC, add_name, names, H5O_INFO_BASIC);
    if (!*names)
        return cor_fail(COR_EDATA, "%s has no dataset at all", path);
    return cor_fail(COR_EDATA, "%s has no dataset %s: it has %s", path, dataset,
                    names);
}

/* Rank 0 looks first, so that one rank says what is wrong, in words. */
static int look(const char *path, const char *dataset)
{
    hid_t id = cor_hdf5_open(MPI_COMM_SELF, path, H5F_ACC_RDONLY);
    if (id < 0)
        return cor_hdf5_fail(COR_EDATA,
                             "%s is no HDF5 file, cut short or damaged", path);
    int rc = COR_OK;
    if (!*dataset || strcmp(dataset, "/") == 0 ||
        !cor_hdf5_exists(id, H5P_DEFAULT, dataset))
        rc = no_dataset(id, path, dataset);
    H5Fclose(id);
    return rc;
}

static int open_file(const cor_team *team, const char *path, cor_file **out)
{
    COR_TRY(cor_agree(team, cor_file_allocate(team, path, out)));
    (*out)->id = cor_hdf5_open(cor_team_comm(team), path, H5F_ACC_RDONLY);
    int rc = COR_OK;
    if ((*out)->id < 0)
        rc = cor_hdf5_fail(COR_EIO, "cannot read %s", path);
    return cor_agree(team, rc);
}

/* Whether it holds numbers; what they become in memory is chosen by reading. */
static bool learn_type(cor_table *table)
{
    hid_t type = H5Dget_type(table->extent.id);
    H5T_class_t class = H5Tget_class(type);
    size_t size = H5Tget_size(type);
    H5Tclose(type);
    table->fits_float32 = size <= (class == H5T_FLOAT ? 4 : 2);
    table->extent.type = table->fits_float32 ? COR_FLOAT32 : COR_FLOAT64;
    return class == H5T_FLOAT || class == H5T_INTEGER;
}

static bool learn_shape(cor_table *table)
{
    hsize_t dims[2] = {0, 0};
    hid_t space = H5Dget_space(table->extent.id);
    int rank = H5Sget_simple_extent_ndims(space);
    bool known = (rank == 1 || rank == 2) &&
                 H5Sget_simple_extent_dims(space, dims, NULL) == rank;
    H5Sclose(space);
    table->extent.rows = (int64_t)dims[0];
    table->extent.columns = (int64_t)dims[1];
    return known && (rank == 1 || dims[1] > 0);
}

/* Local half of opening the dataset. */
static int open_dataset(cor_table *table)
{
    const cor_file *file = table->file;
    table->extent.id = H5Dopen2(file->id, table->name, file->dataset);
    if (table->extent.id < 0)
        return cor_hdf5_fail(COR_EDATA, "%s: %s is no dataset", file->path,
                             table->name);
    if (!learn_type(table))
        return cor_fail(COR_EDATA,
                        "%s: dataset %s holds no numbers: give one of "
                        "integers or reals",
                        file->path, table->name);
    if (!learn_shape(table))
        return cor_fail(COR_EDATA,
                        "%s: dataset %s has not one or two dimensions, rows "
                        "and columns",
                        file->path, table->name);
    if (!cor_extent_layout(&table->extent))
        return cor_hdf5_fail(COR_EIO, "cannot read %s", file->path);
    return COR_OK;
}

static int allocate(const char *dataset, cor_table **table)
{
    COR_TRY(cor_allocate_zeroed(table, 1, sizeof **table, "table"));
    (*table)->extent.id = H5I_INVALID_HID;
    COR_TRY(cor_allocate(&(*table)->name, (int64_t)strlen(dataset) + 1, 1,
                         "name of a dataset"));
    strcpy((*table)->name, dataset);
    return COR_OK;
}

int cor_table_open(const cor_team *team, const char *path, const char *dataset,
                   cor_table **table)
{
    *table = NULL;
    int rc = cor_team_rank(team) == 0 ? look(path, dataset) : COR_OK;
    if (rc == COR_OK)
        rc = allocate(dataset, table);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = open_file(team, path, &(*table)->file);
    if (rc == COR_OK)
        rc = cor_agree(team, open_dataset(*table));
    if (rc != COR_OK)
        cor_table_close(table);
    return rc;
}

void cor_table_close(cor_table **table)
{
    if (!*table)
        return;
    if ((*table)->extent.id >= 0)
        H5Dclose((*table)->extent.id);
    cor_file_close(&(*table)->file);
    cor_free((*table)->name);
    cor_free(*table);
    *table = NULL;
}

int64_t cor_table_rows(const cor_table *table)
{
    return table->extent.rows;
}

int64_t cor_table_columns(const cor_table *table)
{
    return table->extent.columns ? table->extent.columns : 1;
}

bool cor_table_fits_float32(const cor_table *table)
{
    return table->fits_float32;
}

int64_t cor_table_block(const cor_table *table)
{
    return table->extent.chunk_rows;
}

int cor_table_read(const cor_table *table, int64_t first, int64_t count,
                   enum cor_type type, void *data)
{
    return cor_extent_read(table->file, table->name, &table->extent, type, 0,
                           table->extent.columns, first, count, data);
}
