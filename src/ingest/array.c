/* What kind of file it is, and what its numbers are as doubles. */
#include "array.h"

#include <string.h>
#include <unistd.h>

enum { HEAD = 1 << 16 };

int ingest_array_set_shape(const char *path, int64_t rows, int64_t columns,
                           int64_t total, ingest_array *array)
{
    int64_t width = array->width;
    if (rows < 1 || columns < 1)
        return cor_fail(COR_EDATA, "%s has no %s: its shape is %lld x %lld",
                        path, rows < 1 ? "rows" : "columns", (long long)rows,
                        (long long)columns);
    bool huge = columns > INT32_MAX || rows > INT64_MAX / columns / width;
    if (huge || (total >= 0 && rows * columns * width > total - array->begin))
        return cor_fail(COR_EDATA,
                        "%s is cut short: its header tells of %lld x %lld "
                        "numbers of %lld bytes, more than the file holds: "
                        "copy or make it again",
                        path, (long long)rows, (long long)columns,
                        (long long)width);
    array->rows = rows;
    array->columns = columns;
    return COR_OK;
}

/* FILE.h5:/DATASET: the colon before the last part that begins with a slash
   and behind a file's name. */
static const char *dataset_in(const char *path)
{
    if (access(path, F_OK) == 0)
        return NULL;
    for (const char *p = path; (p = strstr(p, ":/")); p++)
        if (p > path)
            return p;
    return NULL;
}

static int find_dataset(const char *path, const char *colon,
                        ingest_array *array)
{
    if (strlen(colon + 1) >= sizeof array->dataset)
        return cor_fail(COR_EUSAGE, "the name of the dataset of %s is too long",
                        path);
    strcpy(array->dataset, colon + 1);
    array->hdf5 = true;
    return COR_OK;
}

/* The first bytes, unpacked. */
static int read_head(const cor_source *file, enum cor_decode_kind kind,
                     char *bytes, int64_t *count)
{
    cor_decode *stream;
    COR_TRY(cor_decode_open(file, kind, &stream));
    int rc = cor_decode_read(stream, bytes, HEAD, count);
    cor_decode_close(&stream);
    return rc;
}

static bool begins_with(const char *bytes, int64_t count, const char *magic,
                        size_t length)
{
    return (size_t)count >= length && memcmp(bytes, magic, length) == 0;
}

static int look(const char *path, char *bytes, ingest_array *array, bool *found)
{
    int64_t count, total = array->file.size;
    COR_TRY(read_head(&array->file, COR_DECODE_PLAIN, bytes, &count));
    if (begins_with(bytes, count, "\x89HDF\r\n\x1a\n", 8))
        return cor_fail(COR_EDATA,
                        "%s is an HDF5 file: name the dataset too, as "
                        "%s:/DATASET (a matrix of coracle's is %s:/matrix)",
                        path, path, path);
    array->packed = cor_decode_kind_of(bytes, count);
    if (array->packed != COR_DECODE_PLAIN) {
        COR_TRY(read_head(&array->file, array->packed, bytes, &count));
        total = -1;
    }
    *found = true;
    if (begins_with(bytes, count, "\x93NUMPY", 6))
        COR_TRY(ingest_npy_read(path, bytes, count, total, array));
    else if (ingest_idx_is(bytes, count))
        COR_TRY(ingest_idx_read(path, bytes, count, total, array));
    else if (array->packed == COR_DECODE_PLAIN)
        *found = false;
    else
        return cor_fail(COR_EDATA,
                        "%s is packed, and what is in it is no .npy or IDX "
                        "file: unpack it first",
                        path);
    if (array->packed != COR_DECODE_PLAIN && array->fortran)
        return cor_fail(COR_EDATA,
                        "%s is packed and in Fortran order: unpack it first",
                        path);
    return COR_OK;
}

int ingest_array_find(const char *path, ingest_array *array, bool *found)
{
    *array = (ingest_array){0};
    const char *colon = dataset_in(path);
    *found = colon != NULL;
    if (colon)
        return find_dataset(path, colon, array);
    char *bytes = NULL;
    COR_TRY(cor_source_find(path, &array->file));
    COR_TRY(cor_allocate(&bytes, HEAD, 1, "beginning of a file"));
    int rc = look(path, bytes, array, found);
    cor_free(bytes);
    return rc;
}

static void swap(unsigned char *p, int32_t width)
{
    for (int i = 0; i < width / 2; i++) {
        unsigned char c = p[i];
        p[i] = p[width - 1 - i];
        p[width - 1 - i] = c;
    }
}

/* One loop a type; the order of the bytes is looked at outside of it. */
#define DEFINE_READ(type)                                                      \
    static void read_##type(const char *from, int64_t stride, int64_t count,   \
                            bool swapped, double *to)                          \
    {                                                                          \
        type number;                                                           \
        for (int64_t i = 0; !swapped && i < count; i++) {                      \
            memcpy(&number, from + i * stride, sizeof number);                 \
            to[i] = (double)number;                                            \
        }                                                                      \
        for (int64_t i = 0; swapped && i < count; i++) {                       \
            unsigned char bytes[sizeof number];                                \
            memcpy(bytes, from + i * stride, sizeof number);                   \
            swap(bytes, sizeof number);                                        \
            memcpy(&number, bytes, sizeof number);                             \
            to[i] = (double)number;                                            \
        }                                                                      \
    }
DEFINE_READ(int8_t)
DEFINE_READ(int16_t)
DEFINE_READ(int32_t)
DEFINE_READ(int64_t)
DEFINE_READ(uint8_t)
DEFINE_READ(uint16_t)
DEFINE_READ(uint32_t)
DEFINE_READ(uint64_t)
DEFINE_READ(float)
DEFINE_READ(double)

void ingest_elements_read(const ingest_array *array, const void *from,
                          int64_t stride, int64_t count, double *to)
{
    typedef void reads(const char *, int64_t, int64_t, bool, double *);
    static reads *const table[3][4] = {
        [ELEMENT_INT] = {read_int8_t, read_int16_t, read_int32_t, read_int64_t},
        [ELEMENT_UINT] = {read_uint8_t, read_uint16_t, read_uint32_t,
                          read_uint64_t},
        [ELEMENT_REAL] = {NULL, NULL, read_float, read_double}};
    int size = array->width == 8 ? 3 : array->width / 2;
    table[array->element_class][size](from, stride, count, array->swapped, to);
}
