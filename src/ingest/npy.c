/* NumPy's format, versions 1 to 3: a magic, the length of a header, the header
   as a Python dictionary of three keys, then the numbers. */
#include "array.h"

#include <string.h>

enum { MAGIC = 6, MOST_DIMENSIONS = 2 };

/* The header's text while it is taken apart. */
typedef struct header {
    const char *path;
    const char *begin, *end;
} header;

static int bad_header(const header *h, const char *what)
{
    return cor_fail(COR_EDATA, "%s: the header of the .npy file %s", h->path,
                    what);
}

/* The value behind a key, or NULL. Keys are written in quotes of either kind.
 */
static const char *value_of(const header *h, const char *key)
{
    size_t length = strlen(key);
    for (const char *p = h->begin; p + length + 2 < h->end; p++) {
        if ((*p != '\'' && *p != '"') || memcmp(p + 1, key, length) != 0 ||
            p[length + 1] != *p)
            continue;
        p += length + 2;
        while (p < h->end && (*p == ' ' || *p == ':'))
            p++;
        return p < h->end ? p : NULL;
    }
    return NULL;
}

/* "<f8": byte order, kind, bytes. */
static int read_descr(const header *h, ingest_array *array)
{
    static const char order[] = "<>=|", kinds[] = "iufb";
    const char *p = value_of(h, "descr");
    if (!p || h->end - p < 5 || (*p != '\'' && *p != '"'))
        return bad_header(h, "names no plain type: save one table of numbers, "
                             "not records");
    const char *kind = strchr(kinds, p[2]);
    int width = p[3] - '0';
    bool known = strchr(order, p[1]) && p[2] && kind && p[4] == *p &&
                 (width == 1 || width == 2 || width == 4 || width == 8) &&
                 (p[2] != 'f' || width >= 4) && (p[2] != 'b' || width == 1);
    if (!known)
        return cor_fail(COR_EDATA,
                        "%s: numbers of type %.*s are not read: save it as "
                        "float64, float32 or integers",
                        h->path, (int)strcspn(p + 1, "'\""), p + 1);
    const uint16_t one = 1;
    bool big_host = *(const unsigned char *)&one == 0;
    array->width = width;
    array->element_class = p[2] == 'f'   ? ELEMENT_REAL
                           : p[2] == 'i' ? ELEMENT_INT
                                         : ELEMENT_UINT;
    array->swapped = p[1] == (big_host ? '<' : '>');
    array->fits_float32 = width <= (p[2] == 'f' ? 4 : 2);
    return COR_OK;
}

static int read_order(const header *h, ingest_array *array)
{
    const char *p = value_of(h, "fortran_order");
    bool yes = p && h->end - p >= 4 && memcmp(p, "True", 4) == 0;
    if (!yes && !(p && h->end - p >= 5 && memcmp(p, "False", 5) == 0))
        return bad_header(h, "does not say in which order its numbers are");
    array->fortran = yes;
    return COR_OK;
}

/* "(150, 4)" or "(150,)". */
static int read_shape(const header *h, int64_t size[MOST_DIMENSIONS],
                      int *dimensions)
{
    const char *p = value_of(h, "shape");
    *dimensions = 0;
    if (!p || *p++ != '(')
        return bad_header(h, "has no shape");
    while (p < h->end && *p != ')') {
        if (*p < '0' || *p > '9') {
            p++;
            continue;
        }
        int64_t number = 0;
        for (; p < h->end && *p >= '0' && *p <= '9'; p++)
            if (number < INT64_MAX / 100)
                number = number * 10 + (*p - '0');
        if (*dimensions < MOST_DIMENSIONS)
            size[*dimensions] = number;
        (*dimensions)++;
    }
    return p < h->end ? COR_OK : bad_header(h, "has no end of its shape");
}

int ingest_npy_read(const char *path, const char *bytes, int64_t count,
                    int64_t total, ingest_array *array)
{
    header h = {.path = path};
    const unsigned char *head = (const unsigned char *)bytes;
    int64_t size[MOST_DIMENSIONS] = {0, 1}, length, at = MAGIC + 4;
    int dimensions;
    if (count < MAGIC + 6 || head[MAGIC] < 1 || head[MAGIC] > 3)
        return bad_header(&h, "is of a version that is not known");
    length = head[8] | head[9] << 8;
    if (head[MAGIC] > 1) {
        length |= (int64_t)head[10] << 16 | (int64_t)head[11] << 24;
        at += 2;
    }
    if (length > count - at)
        return bad_header(&h, "is cut short, or longer than is sensible");
    h.begin = bytes + at;
    h.end = h.begin + length;
    array->begin = at + length;
    COR_TRY(read_descr(&h, array));
    COR_TRY(read_order(&h, array));
    COR_TRY(read_shape(&h, size, &dimensions));
    if (dimensions < 1 || dimensions > MOST_DIMENSIONS)
        return cor_fail(COR_EDATA,
                        "%s has %d dimensions: save it with two, rows and "
                        "columns (array.reshape(len(array), -1))",
                        path, dimensions);
    array->fortran &= dimensions == 2;
    return ingest_array_set_shape(path, size[0], size[1], total, array);
}
