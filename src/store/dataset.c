/* Datasets: how they lie in the file, and the calls that move their rows.
 *
 * Rows travel in windows at fixed places, whole chunks and at most a gigabyte
 * each. Compressed chunks are packed by all ranks together, since a chunk may
 * hold rows of two of them. All else moves independently: each rank moves long
 * runs of bytes, and MPI-IO's collective path only adds copies to that. */
#include "coracle/file.h"

#include "coracle/memory.h"
#include "handle.h"

#include <stdio.h>
#include <string.h>

/* A narrow text is padded little; a wide one would waste the disk. */
enum { TEXT_UNPACKED = 16, DEFLATE_LEVEL = 1 };
/* Bytes that HDF5 writes about a chunk, at most. */
enum { ABOUT_CHUNK = 128 };
enum { CHUNK_ELEMENTS = 256 << 10, CHUNK_TEXT_BYTES = 1 << 20 };
/* From so many bytes on the disk is told at once. */
enum { HASTEN_BYTES = 4 << 20 };
static const int64_t CALL_BYTES = INT64_C(1) << 30; /* MPI-IO breaks at 2 */
static const int64_t PACKED_CALL_BYTES = INT64_C(16) << 20; /* held packed */

size_t cor_type_size(enum cor_type type, int64_t width)
{
    switch (type) {
    case COR_INT8:
        return 1;
    case COR_INT32:
    case COR_FLOAT32:
        return 4;
    case COR_INT64:
    case COR_FLOAT64:
        return 8;
    case COR_TEXT:
        break;
    }
    return (size_t)width;
}

/* Texts of so many bytes; negative if HDF5 has no room. */
static hid_t text_of(int64_t width)
{
    hid_t text = H5Tcopy(H5T_C_S1);
    if (text < 0 || (H5Tset_size(text, (size_t)width) >= 0 &&
                     H5Tset_cset(text, H5T_CSET_UTF8) >= 0 &&
                     H5Tset_strpad(text, H5T_STR_NULLPAD) >= 0))
        return text;
    H5Tclose(text);
    return H5I_INVALID_HID;
}

/* The type in the file, or in memory; the caller closes it. */
static hid_t type_of(enum cor_type type, int64_t width, bool memory)
{
    switch (type) {
    case COR_INT8:
        return H5Tcopy(memory ? H5T_NATIVE_INT8 : H5T_STD_I8LE);
    case COR_INT32:
        return H5Tcopy(memory ? H5T_NATIVE_INT32 : H5T_STD_I32LE);
    case COR_INT64:
        return H5Tcopy(memory ? H5T_NATIVE_INT64 : H5T_STD_I64LE);
    case COR_FLOAT32:
        return H5Tcopy(memory ? H5T_NATIVE_FLOAT : H5T_IEEE_F32LE);
    case COR_FLOAT64:
        return H5Tcopy(memory ? H5T_NATIVE_DOUBLE : H5T_IEEE_F64LE);
    case COR_TEXT:
        break;
    }
    return text_of(width);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t row_bytes(const cor_extent *extent)
{
    return most(extent->columns, 1) *
           (int64_t)cor_type_size(extent->type, extent->width);
}

/* Chunks of whole rows; an empty dataset has none. */
static herr_t set_layout(const cor_extent *extent, hid_t list)
{
    if (H5Pset_fill_time(list, H5D_FILL_TIME_NEVER) < 0 ||
        H5Pset_obj_track_times(list, 0) < 0)
        return -1;
    int64_t columns = most(extent->columns, 1);
    if (extent->rows == 0)
        return 0;
    hsize_t chunk[2] = {(hsize_t)extent->chunk_rows,
                        (hsize_t)least(columns, CHUNK_ELEMENTS)};
    if (H5Pset_chunk(list, extent->columns ? 2 : 1, chunk) < 0)
        return -1;
    if (!extent->filtered)
        return 0;
    if (extent->type != COR_TEXT && H5Pset_shuffle(list) < 0)
        return -1;
    return H5Pset_deflate(list, DEFLATE_LEVEL);
}

static void choose_chunk(cor_extent *extent)
{
    int64_t columns = most(extent->columns, 1), rows;
    if (extent->type == COR_TEXT)
        rows = CHUNK_TEXT_BYTES / row_bytes(extent);
    else
        rows = CHUNK_ELEMENTS / columns;
    extent->chunk_rows = least(most(rows, 1), most(extent->rows, 1));
}

/* Of a dataset that is not packed the size is known; each call that writes
   packed chunks reserves for itself. */
static int reserve_dataset(cor_file *file, const char *name,
                           const cor_extent *extent)
{
    int64_t chunks = extent->rows / extent->chunk_rows + 1;
    int64_t bytes = extent->filtered ? 0 : extent->rows * row_bytes(extent);
    return cor_file_reserve(file, name, bytes + chunks * ABOUT_CHUNK, false);
}

static int cannot_write(const cor_file *file, const char *name)
{
    return cor_hdf5_fail(COR_EIO, "cannot write %s to %s", name, file->path);
}

/* What a rank makes for itself before all make the dataset. */
typedef struct pieces {
    hid_t list, type, space;
} pieces;

static int make_pieces(cor_file *file, const char *name,
                       const cor_extent *extent, pieces *made)
{
    hsize_t dims[2] = {(hsize_t)extent->rows, (hsize_t)extent->columns};
    made->list = H5Pcreate(H5P_DATASET_CREATE);
    made->type = type_of(extent->type, extent->width, false);
    made->space = H5Screate_simple(extent->columns ? 2 : 1, dims, NULL);
    if (made->list < 0 || made->type < 0 || made->space < 0 ||
        set_layout(extent, made->list) < 0)
        return cannot_write(file, name);
    return reserve_dataset(file, name, extent);
}

static int create_dataset(cor_file *file, const char *name, const pieces *made,
                          cor_extent *extent)
{
    extent->id = H5I_INVALID_HID;
    if (cor_hdf5_make_groups(file, name) >= 0)
        extent->id = H5Dcreate2(file->id, name, made->type, made->space,
                                H5P_DEFAULT, made->list, file->dataset);
    return extent->id < 0 ? cannot_write(file, name) : COR_OK;
}

static int create_extent(cor_file *file, const char *name, cor_extent *extent)
{
    pieces made;
    extent->filtered =
        extent->rows > 0 && (file->compress || (extent->type == COR_TEXT &&
                                                extent->width > TEXT_UNPACKED));
    choose_chunk(extent);
    int rc = cor_agree(file->team, make_pieces(file, name, extent, &made));
    if (rc == COR_OK)
        rc = cor_agree(file->team, create_dataset(file, name, &made, extent));
    H5Sclose(made.space);
    H5Tclose(made.type);
    H5Pclose(made.list);
    return rc;
}

/* A dataset may be written in several calls: the first one makes it. */
static int dataset_for(cor_file *file, const char *name,
                       const cor_extent *wanted, cor_extent *extent)
{
    if (!cor_file_has(file, name)) {
        *extent = *wanted;
        return create_extent(file, name, extent);
    }
    COR_TRY(cor_extent_open(file, name, extent));
    if (extent->rows == wanted->rows && extent->columns == wanted->columns &&
        extent->type == wanted->type && extent->width == wanted->width)
        return COR_OK;
    H5Dclose(extent->id);
    return cor_fail(COR_EDEFECT, "%s of %s is written with two shapes", name,
                    file->path);
}

/* Rows of one call: whole chunks of at most the limit. */
static int64_t window_rows(const cor_extent *extent)
{
    int64_t bytes = extent->filtered ? PACKED_CALL_BYTES : CALL_BYTES;
    int64_t rows = most(bytes / row_bytes(extent), 1);
    return most(rows / extent->chunk_rows * extent->chunk_rows,
                least(rows, extent->chunk_rows));
}

/* Select rows of the dataset, all columns, and memory of the same shape. */
static herr_t select_rows(const cor_extent *extent, int64_t first,
                          int64_t count, hid_t *inside, hid_t *memory)
{
    hsize_t start[2] = {(hsize_t)first, 0};
    hsize_t size[2] = {(hsize_t)count, (hsize_t)extent->columns};
    *memory = H5Screate_simple(extent->columns ? 2 : 1, size, NULL);
    *inside = H5Dget_space(extent->id);
    if (*memory < 0 || *inside < 0)
        return -1;
    if (count == 0)
        return H5Sselect_none(*inside) < 0 || H5Sselect_none(*memory) < 0 ? -1
                                                                          : 0;
    return H5Sselect_hyperslab(*inside, H5S_SELECT_SET, start, NULL, size,
                               NULL);
}

static herr_t read_rows(const cor_extent *extent, hid_t type, int64_t first,
                        int64_t count, void *data)
{
    hid_t inside, memory;
    herr_t done = select_rows(extent, first, count, &inside, &memory);
    if (done >= 0)
        done = H5Dread(extent->id, type, memory, inside, H5P_DEFAULT, data);
    hid_t reason = done < 0 ? H5Eget_current_stack() : H5I_INVALID_HID;
    H5Sclose(inside);
    H5Sclose(memory);
    if (done < 0)
        H5Eset_current_stack(reason);
    return done;
}

/* The window of number `index` among those that rows [first, first + count)
   touch; empty beyond the last. */
static int64_t window_at(int64_t window, int64_t first, int64_t count,
                         int64_t index, int64_t *begin)
{
    int64_t origin = first / window * window + index * window;
    *begin = most(origin, first);
    return most(least(origin + window, first + count) - *begin, 0);
}

static int64_t windows(int64_t window, int64_t first, int64_t count)
{
    return count ? (first + count - 1) / window - first / window + 1 : 0;
}

/* Room for one collective call: each chunk that any rank's rows touch is
   written once, and deflate may add a little to what does not pack. */
static int reserve_call(cor_file *file, const char *name,
                        const cor_extent *extent, int64_t rows)
{
    int64_t touched = rows ? rows + extent->chunk_rows : 0;
    cor_team_sum(file->team, &touched, 1);
    touched = least(touched, extent->rows + extent->chunk_rows);
    int64_t bytes = touched * row_bytes(extent);
    return cor_file_reserve(file, name, bytes + bytes / 64, true);
}

/* How rows of a dataset are written: together where they are packed. */
typedef struct writing {
    const char *name;
    const cor_extent *extent;
    hid_t type, list;
} writing;

static int write_window(cor_file *file, const writing *w, int64_t begin,
                        int64_t rows, const void *data)
{
    bool together = w->extent->filtered;
    hid_t inside, memory;
    int rc = COR_OK, reserved = COR_OK;
    if (together)
        reserved = reserve_call(file, w->name, w->extent, rows);
    if (select_rows(w->extent, begin, rows, &inside, &memory) < 0)
        rc = cannot_write(file, w->name);
    rc = reserved != COR_OK ? reserved : rc;
    if (together)
        rc = cor_agree(file->team, rc);
    if (rc == COR_OK) {
        if (H5Dwrite(w->extent->id, w->type, memory, inside, w->list, data) < 0)
            rc = cannot_write(file, w->name);
        if (together)
            rc = cor_agree(file->team, rc);
    }
    H5Sclose(inside);
    H5Sclose(memory);
    return rc;
}

static int write_windows(cor_file *file, const writing *w, int64_t first,
                         int64_t count, const void *data)
{
    int64_t window = window_rows(w->extent), begin;
    int64_t calls = windows(window, first, count);
    if (w->extent->filtered)
        cor_team_max(file->team, &calls, 1);
    int rc = COR_OK;
    for (int64_t i = 0; i < calls && rc == COR_OK; i++) {
        int64_t rows = window_at(window, first, count, i, &begin);
        int64_t offset = rows ? (begin - first) * row_bytes(w->extent) : 0;
        rc = write_window(file, w, begin, rows, (const char *)data + offset);
    }
    return rc;
}

static int write_rows(cor_file *file, const char *name,
                      const cor_extent *extent, int64_t first, int64_t count,
                      const void *data)
{
    writing w = {.name = name,
                 .extent = extent,
                 .type = type_of(extent->type, extent->width, true),
                 .list = H5Pcreate(H5P_DATASET_XFER)};
    int rc = COR_OK;
    if (w.type < 0 || w.list < 0 ||
        H5Pset_dxpl_mpio(w.list, extent->filtered ? H5FD_MPIO_COLLECTIVE
                                                  : H5FD_MPIO_INDEPENDENT) < 0)
        rc = cannot_write(file, name);
    rc = cor_agree(file->team, rc);
    if (rc == COR_OK) {
        cor_file_guard(file, extent->filtered);
        rc = write_windows(file, &w, first, count, data);
        cor_file_guard(file, true);
        rc = cor_agree(file->team, rc);
    }
    H5Pclose(w.list);
    H5Tclose(w.type);
    return rc;
}

static int check_run(const cor_file *file, const char *name, int64_t width,
                     enum cor_type type, int64_t total, int64_t first,
                     int64_t count)
{
    if (first < 0 || count < 0 || first > total - count || total < 0)
        return cor_fail(COR_EDEFECT,
                        "%s of %s: rows %lld to %lld are not among its %lld",
                        name, file->path, (long long)first,
                        (long long)(first + count), (long long)total);
    if (type == COR_TEXT && width < 1)
        return cor_fail(COR_EDEFECT, "%s of %s: texts of no width", name,
                        file->path);
    return COR_OK;
}

int cor_file_write(cor_file *file, const char *name, enum cor_type type,
                   int64_t width, int64_t total, int64_t columns, int64_t first,
                   int64_t count, const void *data)
{
    cor_extent extent, wanted = {.type = type,
                                 .width = type == COR_TEXT ? width : 0,
                                 .rows = total,
                                 .columns = columns};
    if (count == 0)
        first = 0;
    int rc = check_run(file, name, width, type, total, first, count);
    if (rc == COR_OK)
        rc = cor_content_add(file, name, type, width, total, columns, first,
                             count, data);
    COR_TRY(cor_agree(file->team, rc));
    COR_TRY(dataset_for(file, name, &wanted, &extent));
    rc = write_rows(file, name, &extent, first, count, data);
    if (H5Dclose(extent.id) < 0 && rc == COR_OK)
        rc = cannot_write(file, name);
    rc = cor_agree(file->team, rc);
    if (rc == COR_OK && count * row_bytes(&extent) >= HASTEN_BYTES)
        cor_file_hasten(file);
    return rc;
}

static bool known_type(hid_t type, enum cor_type *known, int64_t *width)
{
    size_t size = H5Tget_size(type);
    *width = 0;
    switch (H5Tget_class(type)) {
    case H5T_INTEGER:
        *known = size == 1 ? COR_INT8 : size == 4 ? COR_INT32 : COR_INT64;
        return H5Tget_sign(type) == H5T_SGN_2 &&
               (size == 1 || size == 4 || size == 8);
    case H5T_FLOAT:
        *known = size == 4 ? COR_FLOAT32 : COR_FLOAT64;
        return size == 4 || size == 8;
    case H5T_STRING:
        *known = COR_TEXT;
        *width = (int64_t)size;
        return H5Tis_variable_str(type) == 0;
    default:
        return false;
    }
}

bool cor_extent_layout(cor_extent *extent)
{
    hid_t list = H5Dget_create_plist(extent->id);
    hsize_t chunk[2] = {1, 1};
    H5D_layout_t layout = H5Pget_layout(list);
    int filters = H5Pget_nfilters(list);
    bool known = layout != H5D_LAYOUT_ERROR && filters >= 0 &&
                 (layout != H5D_CHUNKED || H5Pget_chunk(list, 2, chunk) >= 0);
    extent->chunk_rows = (int64_t)chunk[0];
    extent->filtered = filters > 0;
    H5Pclose(list);
    return known;
}

/* Local half of cor_extent_open. */
static int open_extent(const cor_file *file, const char *name,
                       cor_extent *extent)
{
    if (!cor_hdf5_exists(file->id, file->link, name))
        return cor_fail(COR_EDATA,
                        "%s is damaged: dataset %s is missing: make it again",
                        file->path, name);
    extent->id = H5Dopen2(file->id, name, file->dataset);
    if (extent->id < 0)
        return cor_hdf5_fail(COR_EDATA, "%s is damaged: cannot open %s",
                             file->path, name);
    hid_t space = H5Dget_space(extent->id), type = H5Dget_type(extent->id);
    hsize_t dims[2] = {0, 0};
    int rank = H5Sget_simple_extent_ndims(space);
    bool known = (rank == 1 || rank == 2) &&
                 H5Sget_simple_extent_dims(space, dims, NULL) == rank &&
                 known_type(type, &extent->type, &extent->width) &&
                 cor_extent_layout(extent);
    H5Tclose(type);
    H5Sclose(space);
    extent->rows = (int64_t)dims[0];
    extent->columns = (int64_t)dims[1];
    if (known)
        return COR_OK;
    return cor_fail(COR_EDATA,
                    "%s is damaged: dataset %s has a type or shape that "
                    "coracle does not write: make it again",
                    file->path, name);
}

int cor_extent_open(const cor_file *file, const char *name, cor_extent *extent)
{
    extent->id = H5I_INVALID_HID;
    int rc = cor_agree(file->team, open_extent(file, name, extent));
    if (rc != COR_OK && extent->id >= 0)
        H5Dclose(extent->id);
    return rc;
}

int cor_file_shape(const cor_file *file, const char *name, enum cor_type *type,
                   int64_t *width, int64_t *rows, int64_t *columns)
{
    cor_extent extent;
    COR_TRY(cor_extent_open(file, name, &extent));
    *type = extent.type;
    *width = extent.width;
    *rows = extent.rows;
    *columns = extent.columns;
    H5Dclose(extent.id);
    return COR_OK;
}

bool cor_file_has(const cor_file *file, const char *name)
{
    int64_t there = cor_hdf5_exists(file->id, file->link, name);
    cor_team_min(file->team, &there, 1);
    return there;
}

static int read_failure(const cor_file *file, const char *name)
{
    if (cor_hdf5_unpacking())
        return cor_hdf5_fail(COR_EDATA, "%s is damaged: cannot unpack %s",
                             file->path, name);
    return cor_hdf5_fail(COR_EDATA,
                         "%s is damaged or unreadable: cannot read "
                         "%s: make it again, or look at its disk",
                         file->path, name);
}

int cor_extent_read(const cor_file *file, const char *name,
                    const cor_extent *extent, enum cor_type type, int64_t width,
                    int64_t columns, int64_t first, int64_t count, void *data)
{
    if (first < 0 || count < 0 || first > extent->rows - count)
        return cor_fail(COR_EDATA,
                        "%s is damaged: %s ends at row %lld, before row %lld: "
                        "make it again",
                        file->path, name, (long long)extent->rows,
                        (long long)(first + count));
    if (columns != extent->columns)
        return cor_fail(COR_EDATA,
                        "%s is damaged: rows of %s have %lld columns where "
                        "%lld belong: make it again",
                        file->path, name, (long long)extent->columns,
                        (long long)columns);
    if (count == 0)
        return COR_OK;
    if ((type == COR_TEXT) != (extent->type == COR_TEXT))
        return cor_fail(COR_EDATA,
                        "%s is damaged: %s has %s where %s belong: make it "
                        "again",
                        file->path, name,
                        type == COR_TEXT ? "numbers" : "texts",
                        type == COR_TEXT ? "texts" : "numbers");
    cor_extent memory = *extent;
    memory.type = type;
    memory.width = width;
    int64_t window = least(window_rows(extent), window_rows(&memory)), begin;
    hid_t as = type_of(type, width, true);
    int rc = COR_OK;
    for (int64_t i = 0; i < windows(window, first, count) && rc == COR_OK;
         i++) {
        int64_t rows = window_at(window, first, count, i, &begin);
        char *to = (char *)data + (begin - first) * row_bytes(&memory);
        if (read_rows(extent, as, begin, rows, to) < 0)
            rc = read_failure(file, name);
    }
    H5Tclose(as);
    return rc;
}

int cor_file_read(const cor_file *file, const char *name, enum cor_type type,
                  int64_t width, int64_t columns, int64_t first, int64_t count,
                  void *data)
{
    cor_extent extent;
    COR_TRY(cor_extent_open(file, name, &extent));
    int rc = cor_extent_read(file, name, &extent, type, width, columns,
                             count ? first : 0, count, data);
    H5Dclose(extent.id);
    return cor_agree(file->team, rc);
}
