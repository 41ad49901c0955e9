/* IDX, the format of the MNIST files: two zeros, the type, the number of
   dimensions, each as 32 bits, then the numbers; all with the high byte first.
 */
#include "array.h"

enum { HEAD = 4, SIZE = 4, MOST_DIMENSIONS = 16 };

static const struct {
    char code;
    int32_t element_class, width;
} element_types[] = {{0x08, ELEMENT_UINT, 1}, {0x09, ELEMENT_INT, 1},
                     {0x0b, ELEMENT_INT, 2},  {0x0c, ELEMENT_INT, 4},
                     {0x0d, ELEMENT_REAL, 4}, {0x0e, ELEMENT_REAL, 8}};
enum { TYPES = sizeof element_types / sizeof *element_types };

static int type_of(char code)
{
    int t = 0;
    while (t < TYPES && element_types[t].code != code)
        t++;
    return t;
}

bool ingest_idx_is(const char *bytes, int64_t count)
{
    return count > HEAD && !bytes[0] && !bytes[1] &&
           type_of(bytes[2]) < TYPES && bytes[3] >= 1 &&
           bytes[3] <= MOST_DIMENSIONS;
}

int ingest_idx_read(const char *path, const char *bytes, int64_t count,
                    int64_t total, ingest_array *array)
{
    int type = type_of(bytes[2]), dimensions = bytes[3];
    int64_t rows = 0, columns = 1;
    array->begin = HEAD + dimensions * SIZE;
    if (array->begin > count)
        return cor_fail(COR_EDATA, "%s is cut short within its header", path);
    for (int d = 0; d < dimensions; d++) {
        const unsigned char *p = (const unsigned char *)bytes + HEAD + d * SIZE;
        int64_t size = (int64_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
        if (d == 0)
            rows = size;
        else
            columns = columns <= INT32_MAX ? columns * size : columns;
    }
    const uint16_t one = 1;
    array->swapped = *(const unsigned char *)&one == 1;
    array->element_class = element_types[type].element_class;
    array->width = element_types[type].width;
    array->fits_float32 =
        array->width <= (array->element_class == ELEMENT_REAL ? 4 : 2);
    return ingest_array_set_shape(path, rows, columns, total, array);
}
