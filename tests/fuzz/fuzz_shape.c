/*
 * Files that HDF5 finds nothing wrong with and that no coracle has written: a
 * whole store, model or matrix, of which datasets and attributes are left out,
 * have another type, length or shape, or hold other numbers. The first byte is
 * the kind, every four that follow one change.
 */
#include "store_input.h"

const char *const fuzz_words[] = {NULL};

enum { NUMBERS = 12, ROWS_MOST = 300, WIDTH_MOST = 64, ATTRIBUTE = 100 };

/* A dataset of `rows` x `columns` numbers, or an attribute of one. */
typedef struct part {
    const char *name;
    int type;
    int64_t rows, columns, width;
    int64_t number[NUMBERS];
    bool left_out;
} part;

static const part store_parts[] = {
    {"interactions/user", COR_INT32, 6, 0, 0, {0, 0, 1, 1, 2, 2}, false},
    {"interactions/item", COR_INT32, 6, 0, 0, {0, 1, 1, 2, 0, 2}, false},
    {"interactions/value", COR_FLOAT32, 6, 0, 0, {1, 2, 3, 4, 5, 1}, false},
    {"interactions/time", COR_INT64, 6, 0, 0, {1, 2, 1, 2, 1, 2}, false},
    {"users/id", COR_INT64, 3, 0, 0, {7, 8, 9}, false},
    {"items/id", COR_TEXT, 3, 0, 4, {65, 66, 67}, false},
    {"items/title", COR_TEXT, 3, 0, 9, {97, 98, 99}, false},
    {"shards/row", COR_INT64, 3, 0, 0, {0, 4, 6}, false},
    {"shards/user", COR_INT64, 3, 0, 0, {0, 2, 3}, false},
    {"interactions/users", ATTRIBUTE + COR_INT64, 1, 0, 0, {3}, false},
    {"interactions/items", ATTRIBUTE + COR_INT64, 1, 0, 0, {3}, false},
    {"interactions/value_min", ATTRIBUTE + COR_FLOAT64, 1, 0, 0, {1}, false},
    {"interactions/value_max", ATTRIBUTE + COR_FLOAT64, 1, 0, 0, {5}, false},
    {"interactions/value_mean", ATTRIBUTE + COR_FLOAT64, 1, 0, 0, {2}, false},
    {"interactions/time_min", ATTRIBUTE + COR_INT64, 1, 0, 0, {1}, false},
    {"interactions/time_max", ATTRIBUTE + COR_INT64, 1, 0, 0, {2}, false},
    {"digest", ATTRIBUTE + COR_TEXT, 1, 0, 0, {65}, false},
};

static const part model_parts[] = {
    {"users/id", COR_INT64, 3, 0, 0, {7, 8, 9}, false},
    {"users/count", COR_INT64, 3, 0, 0, {1, 2, 3}, false},
    {"users/mean", COR_FLOAT32, 3, 0, 0, {1, 2, 3}, false},
    {"users/bias", COR_FLOAT32, 3, 0, 0, {1, 2, 3}, false},
    {"users/factors", COR_FLOAT32, 3, 2, 0, {1, 2, 3, 4, 5, 6}, false},
    {"items/id", COR_TEXT, 2, 0, 4, {65, 66}, false},
    {"items/title", COR_TEXT, 2, 0, 4, {65, 66}, false},
    {"items/count", COR_INT64, 2, 0, 0, {1, 2}, false},
    {"items/mean", COR_FLOAT32, 2, 0, 0, {1, 2}, false},
    {"items/bias", COR_FLOAT32, 2, 0, 0, {1, 2}, false},
    {"items/factors", COR_FLOAT32, 2, 2, 0, {1, 2, 3, 4}, false},
    {"shards/user", COR_INT64, 3, 0, 0, {0, 2, 3}, false},
    {"shards/item", COR_INT64, 3, 0, 0, {0, 1, 2}, false},
    {"model", ATTRIBUTE + COR_TEXT, 1, 0, 0, {65}, false},
    {"factors", ATTRIBUTE + COR_INT64, 1, 0, 0, {2}, false},
    {"bias", ATTRIBUTE + COR_INT64, 1, 0, 0, {1}, false},
    {"mean", ATTRIBUTE + COR_FLOAT64, 1, 0, 0, {1}, false},
    {"value_min", ATTRIBUTE + COR_FLOAT64, 1, 0, 0, {1}, false},
    {"value_max", ATTRIBUTE + COR_FLOAT64, 1, 0, 0, {5}, false},
    {"reg", ATTRIBUTE + COR_FLOAT64, 1, 0, 0, {1}, false},
    {"reg_bias", ATTRIBUTE + COR_FLOAT64, 1, 0, 0, {1}, false},
    {"reg_scale", ATTRIBUTE + COR_TEXT, 1, 0, 0, {65}, false},
    {"digest", ATTRIBUTE + COR_TEXT, 1, 0, 0, {65}, false},
};

static const part matrix_parts[] = {
    {"matrix", COR_FLOAT64, 3, 2, 0, {1, 2, 3, 4, 5, 6}, false},
    {"shards/row", COR_INT64, 3, 0, 0, {0, 2, 3}, false},
    {"columns/name", COR_TEXT, 2, 0, 3, {65, 66}, false},
    {"columns/min", COR_FLOAT64, 2, 0, 0, {1, 2}, false},
    {"columns/max", COR_FLOAT64, 2, 0, 0, {5, 6}, false},
    {"columns/mean", COR_FLOAT64, 2, 0, 0, {3, 4}, false},
    {"columns/deviation", COR_FLOAT64, 2, 0, 0, {2, 2}, false},
    {"columns/offset", COR_FLOAT64, 2, 0, 0, {0, 0}, false},
    {"columns/scale", COR_FLOAT64, 2, 0, 0, {1, 1}, false},
    {"digest", ATTRIBUTE + COR_TEXT, 1, 0, 0, {65}, false},
};

static const part examples_parts[] = {
    {"examples/begin", COR_INT64, 4, 0, 0, {0, 2, 2, 3}, false},
    {"examples/feature", COR_INT32, 3, 0, 0, {0, 2, 1}, false},
    {"examples/value", COR_FLOAT32, 3, 0, 0, {1, 2, 3}, false},
    {"examples/label", COR_FLOAT32, 3, 0, 0, {1, 0, 1}, false},
    {"features/name", COR_TEXT, 3, 0, 2, {65, 66, 67}, false},
    {"shards/row", COR_INT64, 3, 0, 0, {0, 1, 3}, false},
    {"examples/features", ATTRIBUTE + COR_INT64, 1, 0, 0, {3}, false},
    {"examples/label_min", ATTRIBUTE + COR_FLOAT64, 1, 0, 0, {0}, false},
    {"examples/label_max", ATTRIBUTE + COR_FLOAT64, 1, 0, 0, {1}, false},
    {"examples/label_mean", ATTRIBUTE + COR_FLOAT64, 1, 0, 0, {1}, false},
    {"digest", ATTRIBUTE + COR_TEXT, 1, 0, 0, {65}, false},
};

#define COUNT(parts) ((int)(sizeof(parts) / sizeof *(parts)))

static const struct {
    const char *kind;
    const part *parts;
    int count;
    void (*read)(const char *path);
} kinds[] = {
    {"interactions", store_parts, COUNT(store_parts), store_interactions},
    {"model", model_parts, COUNT(model_parts), store_model},
    {"matrix", matrix_parts, COUNT(matrix_parts), store_matrix},
    {"examples", examples_parts, COUNT(examples_parts), store_examples}};

static int64_t limited(int64_t number, int64_t most)
{
    return number < 0 ? 0 : number > most ? most : number;
}

static void change(part *p, unsigned how, uint8_t a, uint8_t b)
{
    static const int64_t limits[] = {-1,        0,         1,         2,
                                     255,       INT32_MAX, INT32_MIN, 1LL << 31,
                                     INT64_MAX, INT64_MIN, 1LL << 53, 3};
    int64_t limit = limits[b % COUNT(limits)];
    int64_t *number = &p->number[a % NUMBERS];
    switch (how % 7) {
    case 0:
        p->left_out = true;
        break;
    case 1:
        p->type = p->type / ATTRIBUTE * ATTRIBUTE + a % (COR_TEXT + 1);
        p->width = 1 + b % WIDTH_MOST;
        break;
    case 2:
        p->rows = limited(p->rows + (int8_t)a, ROWS_MOST);
        break;
    case 3:
        p->columns = a % 5;
        break;
    case 4:
        *number = limit;
        break;
    case 5:
        *number = (int64_t)((uint64_t)*number + (uint64_t)(int8_t)b);
        break;
    default:
        for (int i = 0; i < NUMBERS; i++)
            p->number[i] = limit;
    }
}

/* A number as an element of any type; the limits of integers make infinity and
   not-a-number of reals. */
static void put(int type, int64_t width, int64_t number, void *to)
{
    double real = number == INT64_MAX   ? 1.0 / 0.0
                  : number == INT64_MIN ? 0.0 / 0.0
                                        : (double)number;
    float single = (float)real;
    if (type == COR_FLOAT32)
        memcpy(to, &single, sizeof single);
    else if (type == COR_FLOAT64)
        memcpy(to, &real, sizeof real);
    else
        memcpy(to, &number, (size_t)(width < 8 ? width : 8));
}

static int write_dataset(cor_file *file, const part *p)
{
    static uint8_t data[ROWS_MOST * 4 * (WIDTH_MOST + 8)];
    int64_t width = (int64_t)cor_type_size((enum cor_type)p->type, p->width);
    int64_t each = p->columns ? p->columns : 1;
    memset(data, 0, sizeof data);
    for (int64_t i = 0; i < p->rows * each; i++)
        put(p->type, width, p->number[i % NUMBERS], data + i * width);
    return cor_file_write(file, p->name, (enum cor_type)p->type,
                          p->type == COR_TEXT ? p->width : 0, p->rows,
                          p->columns, 0, p->rows, data);
}

static int write_part(cor_file *file, const part *p)
{
    char text[COR_MESSAGE_SIZE];
    double real = 0;
    if (p->left_out)
        return COR_OK;
    switch (p->type) {
    case ATTRIBUTE + COR_TEXT:
        memset(text, 'a', sizeof text);
        text[p->width * 8] = 0;
        return cor_file_put_text(file, p->name, text);
    case ATTRIBUTE + COR_FLOAT32:
    case ATTRIBUTE + COR_FLOAT64:
        put(COR_FLOAT64, 8, p->number[0], &real);
        return cor_file_put_double(file, p->name, real);
    default:
        return p->type >= ATTRIBUTE
                   ? cor_file_put_int64(file, p->name, p->number[0])
                   : write_dataset(file, p);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const cor_file_options options = {.force = true, .command = "fuzz"};
    part parts[32];
    int kind = fuzz_byte(&bytes, &length) % COUNT(kinds);
    int count = kinds[kind].count;
    memcpy(parts, kinds[kind].parts, (size_t)count * sizeof *parts);
    for (; length >= 4; bytes += 4, length -= 4)
        change(&parts[bytes[0] % count], bytes[1], bytes[2], bytes[3]);
    const char *path = fuzz_file(".h5", bytes, 0);
    cor_file *file = NULL;
    fuzz_must(cor_file_create(fuzz_team(), path, kinds[kind].kind, &options,
                              &file) == COR_OK,
              "to write a file");
    for (int i = 0; i < count; i++)
        fuzz_must(write_part(file, &parts[i]) == COR_OK, parts[i].name);
    fuzz_must(cor_file_commit(&file) == COR_OK, "to finish a file");
    kinds[kind].read(path);
    return 0;
}
