#include "examples_record.h"

#include <math.h>
#include <string.h>

/* How a field is written. */
enum wire { WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_FIXED32 = 5 };

/* Fields of Record, of an entry of a map, of Value and of the tensors. */
enum { RECORD_FEATURES = 1, RECORD_LABEL = 2 };
enum { ENTRY_KEY = 1, ENTRY_VALUE = 2 };
enum { VALUE_FLOAT32 = 2, VALUE_FLOAT64 = 3, VALUE_INT32 = 7, VALUE_BYTES = 9 };
enum { TENSOR_VALUES = 1, TENSOR_KEYS = 2, TENSOR_SHAPE = 3 };

/* Some bytes of a record, which begins at `origin`, byte `offset` of its file.
 */
typedef struct run {
    const unsigned char *p, *end, *origin;
    int64_t offset;
} run;

typedef struct field {
    uint64_t number;
    int wire;
    run bytes; /* of WIRE_BYTES; else empty, where it stands */
} field;

/* A tensor, its lists as they are packed. */
typedef struct tensor {
    uint64_t kind; /* VALUE_..., 0: none yet */
    run values, keys, shape;
} tensor;

static int bad(const run *at, const char *what)
{
    return cor_fail(COR_EDATA, "byte %lld: %s",
                    (long long)(at->offset + (at->p - at->origin)), what);
}

static inline bool read_varint(run *r, uint64_t *number)
{
    *number = 0;
    for (int shift = 0; shift < 64 && r->p < r->end; shift += 7) {
        unsigned char byte = *r->p++;
        if (shift == 63 && byte > 1)
            return false;
        *number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* Take `length` bytes off the front. */
static int take(run *r, uint64_t length, const run *start, run *bytes)
{
    if (length > (uint64_t)(r->end - r->p))
        return bad(start, "a field is longer than what holds it");
    *bytes = (run){r->p, r->p + length, r->origin, r->offset};
    r->p += length;
    return COR_OK;
}

static int next_field(run *r, field *f)
{
    run start = *r;
    uint64_t tag, length = 0;
    if (!read_varint(r, &tag) || tag >> 3 == 0 || tag >> 32)
        return bad(&start, "there is no tag of a field");
    f->number = tag >> 3;
    f->wire = (int)(tag & 7);
    if (f->wire == WIRE_FIXED32 || f->wire == WIRE_FIXED64)
        length = f->wire == WIRE_FIXED32 ? 4 : 8;
    else if (f->wire != WIRE_VARINT && f->wire != WIRE_BYTES)
        return bad(&start, "a field has a wire type that is not read");
    else if (!read_varint(r, &length))
        return bad(&start, "a field's number has no end");
    if (f->wire == WIRE_VARINT)
        length = 0;
    return take(r, length, &start, &f->bytes);
}

/* The next field of a message all of whose known fields are bytes. */
static int next_bytes(run *r, uint64_t known, field *f)
{
    run start = *r;
    COR_TRY(next_field(r, f));
    bool wanted = f->number < 64 && known >> f->number & 1;
    if (wanted && f->wire != WIRE_BYTES)
        return bad(&start, "a field has the wrong wire type: 2 is needed");
    return COR_OK;
}

#define FIELD(number) (UINT64_C(1) << (number))

/* ---- messages ---- */

static int set_once(run *list, const run *bytes)
{
    if (list->p)
        return bad(bytes, "a list of a tensor is given twice");
    *list = *bytes;
    return COR_OK;
}

static int read_lists(run r, tensor *t)
{
    const uint64_t known =
        FIELD(TENSOR_VALUES) | FIELD(TENSOR_KEYS) | FIELD(TENSOR_SHAPE);
    field f;
    while (r.p < r.end) {
        COR_TRY(next_bytes(&r, known, &f));
        if (f.number == TENSOR_VALUES)
            COR_TRY(set_once(&t->values, &f.bytes));
        if (f.number == TENSOR_KEYS)
            COR_TRY(set_once(&t->keys, &f.bytes));
        if (f.number == TENSOR_SHAPE)
            COR_TRY(set_once(&t->shape, &f.bytes));
    }
    return COR_OK;
}

static int read_value(run r, tensor *t)
{
    const uint64_t known = FIELD(VALUE_FLOAT32) | FIELD(VALUE_FLOAT64) |
                           FIELD(VALUE_INT32) | FIELD(VALUE_BYTES);
    field f;
    while (r.p < r.end) {
        COR_TRY(next_bytes(&r, known, &f));
        if (f.number == VALUE_BYTES)
            return bad(&f.bytes, "there are bytes where a tensor is needed");
        if (f.number >= 64 || !(known >> f.number & 1))
            continue;
        if (t->kind)
            return bad(&f.bytes, "there is a second tensor");
        t->kind = f.number;
        COR_TRY(read_lists(f.bytes, t));
    }
    return COR_OK;
}

/* An entry of `features` or `label`, whose only key may be "values". */
static int read_entry(run r, tensor *t)
{
    static const char name[] = "values";
    const uint64_t known = FIELD(ENTRY_KEY) | FIELD(ENTRY_VALUE);
    const run start = r;
    run key = {0};
    field f;
    while (r.p < r.end) {
        COR_TRY(next_bytes(&r, known, &f));
        if (f.number == ENTRY_KEY)
            key = f.bytes;
        if (f.number == ENTRY_VALUE)
            COR_TRY(read_value(f.bytes, t));
    }
    if (key.end - key.p != sizeof name - 1 ||
        memcmp(key.p, name, sizeof name - 1) != 0)
        return bad(&start, "a tensor is not named \"values\"");
    return COR_OK;
}

/* ---- numbers ---- */

static inline uint64_t fixed(const unsigned char *p, int bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < bytes; i++)
        number |= (uint64_t)p[i] << (8 * i);
    return number;
}

/* The next number of a list, as single precision. */
static inline bool read_number(uint64_t kind, run *r, float *number)
{
    uint64_t bits;
    uint32_t low;
    double wide;
    int bytes = kind == VALUE_FLOAT32 ? 4 : 8;
    if (kind == VALUE_INT32) {
        bool there = read_varint(r, &bits);
        *number = (float)(int32_t)(uint32_t)bits;
        return there;
    }
    if (r->end - r->p < bytes)
        return false;
    bits = fixed(r->p, bytes);
    r->p += bytes;
    low = (uint32_t)bits;
    if (kind == VALUE_FLOAT32)
        memcpy(number, &low, sizeof low);
    else {
        memcpy(&wide, &bits, sizeof wide);
        *number = (float)wide;
    }
    return true;
}

static int next_number(uint64_t kind, run *r, float *number)
{
    run start = *r;
    if (!read_number(kind, r, number))
        return bad(&start, "a number is cut short");
    if (!isfinite(*number))
        return bad(&start, "a value is not a finite number of single "
                           "precision");
    return COR_OK;
}

/* How many features a tensor says there are; -1: it does not say. */
static int read_shape(run r, int64_t *features)
{
    uint64_t size, product = 1;
    *features = -1;
    while (r.p < r.end) {
        run start = r;
        if (!read_varint(&r, &size))
            return bad(&start, "a number of the shape is cut short");
        if (size > COR_FEATURES_LIMIT)
            return bad(&start, "the shape is too large: at most 2147483647 "
                               "features are read");
        product *= size;
        if (product > COR_FEATURES_LIMIT)
            return bad(&start, "the shape is too large: at most 2147483647 "
                               "features are read");
        *features = (int64_t)product;
    }
    return COR_OK;
}

static int add_sparse(const tensor *t, int64_t features, example_rows *rows)
{
    run values = t->values, keys = t->keys;
    int64_t last = -1, limit = features < 0 ? COR_FEATURES_LIMIT : features;
    while (keys.p < keys.end) {
        run start = keys;
        uint64_t key;
        float value;
        if (!read_varint(&keys, &key))
            return bad(&start, "a key is cut short");
        if (key >= (uint64_t)limit)
            return bad(&start, features < 0
                                   ? "a key is too large: the greatest is "
                                     "2147483646"
                                   : "a key is beyond the tensor's shape");
        if ((int64_t)key <= last)
            return bad(&start, (int64_t)key == last ? "a key is given twice"
                                                    : "keys do not ascend");
        if (values.p == values.end)
            return bad(&start, "there are more keys than values");
        COR_TRY(next_number(t->kind, &values, &value));
        COR_TRY(example_add(rows, (int32_t)key, value));
        last = (int64_t)key;
    }
    return values.p == values.end
               ? COR_OK
               : bad(&values, "there are more values than keys");
}

/* @param[out] count  of its values */
static int add_dense(const tensor *t, example_rows *rows, int64_t *count)
{
    run values = t->values;
    for (*count = 0; values.p < values.end; (*count)++) {
        float value;
        if (*count == COR_FEATURES_LIMIT)
            return bad(&values, "there are too many values");
        COR_TRY(next_number(t->kind, &values, &value));
        if (value != 0)
            COR_TRY(example_add(rows, (int32_t)*count, value));
    }
    return COR_OK;
}

static int add_features(const run *record, const tensor *t, example_rows *rows)
{
    int64_t features, count = 0;
    COR_TRY(read_shape(t->shape, &features));
    if (t->keys.p < t->keys.end) {
        COR_TRY(add_sparse(t, features, rows));
    } else {
        COR_TRY(add_dense(t, rows, &count));
        if (features >= 0 && count > 0 && count != features)
            return bad(record, "a dense tensor has not as many values as its "
                               "shape says");
        features = features > count ? features : count;
    }
    rows->features = features > rows->features ? features : rows->features;
    return COR_OK;
}

static int read_label(const run *record, const tensor *t, float *label)
{
    run values = t->values;
    if (values.p == values.end)
        return bad(record, "the label is missing");
    COR_TRY(next_number(t->kind, &values, label));
    return values.p == values.end
               ? COR_OK
               : bad(&values, "there is more than one label");
}

int example_parse_record(const unsigned char *begin, const unsigned char *end,
                         int64_t offset, example_rows *rows)
{
    const uint64_t known = FIELD(RECORD_FEATURES) | FIELD(RECORD_LABEL);
    const run record = {begin, end, begin, offset};
    run r = record;
    tensor features = {0}, label = {0};
    field f;
    float number;
    while (r.p < r.end) {
        COR_TRY(next_bytes(&r, known, &f));
        if (f.number == RECORD_FEATURES)
            COR_TRY(read_entry(f.bytes, &features));
        if (f.number == RECORD_LABEL)
            COR_TRY(read_entry(f.bytes, &label));
    }
    if (!features.kind)
        return bad(&record, "there are no features");
    example_begin(rows);
    COR_TRY(read_label(&record, &label, &number));
    COR_TRY(add_features(&record, &features, rows));
    return example_end(rows, number);
}
