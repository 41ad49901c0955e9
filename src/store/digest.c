/* Digests of content: each element is hashed together with its place, and the
 * hashes are added modulo 2^64. The sum is exact in any order, so it is the
 * same on any ranks and can be taken while the rows are being written. */
#include "coracle/file.h"

#include "coracle/cut.h"
#include "coracle/map.h"
#include "coracle/memory.h"
#include "handle.h"

#include <stdio.h>
#include <string.h>

/* What a thread takes, and what is read at a time where it must be read. */
enum { PIECE_ELEMENTS = 64 << 10, PIECE_BYTES = 8 << 20 };

/* The place is spread over 64 bits before it meets the value, then both go
   through the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). In
   line, so that the loops below are vectorised. */
static inline uint64_t at_place(uint64_t bits, uint64_t place)
{
    uint64_t h = bits ^ (place + 1) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
    return h ^ h >> 31;
}

/* Elements [begin, end) of a rank's rows, whose element 0 is at `place`. */
#define DEFINE_SUM_OF(word)                                                    \
    static uint64_t sum_of_##word(const void *data, int64_t begin,             \
                                  int64_t end, uint64_t place)                 \
    {                                                                          \
        const word##_t *element = data;                                        \
        uint64_t sum = 0;                                                      \
        for (int64_t i = begin; i < end; i++)                                  \
            sum += at_place(element[i], place + (uint64_t)i);                  \
        return sum;                                                            \
    }
DEFINE_SUM_OF(uint8)
DEFINE_SUM_OF(uint32)
DEFINE_SUM_OF(uint64)

/* Texts without their padding, so that the width does not matter. */
static uint64_t sum_of_text(const char *text, int64_t width, int64_t begin,
                            int64_t end, uint64_t place)
{
    uint64_t sum = 0;
    for (int64_t i = begin; i < end; i++) {
        const char *t = text + i * width;
        sum += at_place(cor_hash_bytes(t, strnlen(t, (size_t)width)),
                        place + (uint64_t)i);
    }
    return sum;
}

static uint64_t sum_of_piece(enum cor_type type, int64_t width,
                             const void *data, int64_t begin, int64_t end,
                             uint64_t place)
{
    if (type == COR_TEXT)
        return sum_of_text(data, width, begin, end, place);
    switch (cor_type_size(type, width)) {
    case 1:
        return sum_of_uint8(data, begin, end, place);
    case 4:
        return sum_of_uint32(data, begin, end, place);
    default:
        return sum_of_uint64(data, begin, end, place);
    }
}

static uint64_t sum_of(enum cor_type type, int64_t width, int64_t columns,
                       int64_t first, int64_t count, const void *data,
                       int threads)
{
    int64_t across = columns ? columns : 1, elements = count * across;
    uint64_t place = (uint64_t)first * (uint64_t)across, sum = 0;
#pragma omp parallel for reduction(+ : sum) num_threads(threads)
    for (int64_t i = 0; i < elements; i += PIECE_ELEMENTS)
        sum += sum_of_piece(type, width, data, i,
                            i + PIECE_ELEMENTS < elements ? i + PIECE_ELEMENTS
                                                          : elements,
                            place);
    return sum;
}

static const char *plain(const char *name)
{
    return name + strspn(name, "/");
}

static cor_content *find_content(const cor_file *file, const char *name)
{
    for (int64_t i = 0; i < file->contents; i++)
        if (strcmp(plain(file->content[i].name), plain(name)) == 0)
            return &file->content[i];
    return NULL;
}

static int new_content(cor_file *file, const char *name, cor_content **content)
{
    char *copy = NULL;
    COR_TRY(cor_allocate(&copy, (int64_t)strlen(name) + 1, 1, "name"));
    strcpy(copy, name);
    int rc = cor_reallocate(&file->content, file->contents, file->contents + 1,
                            sizeof *file->content, "datasets");
    if (rc != COR_OK) {
        cor_free(copy);
        return rc;
    }
    *content = &file->content[file->contents++];
    **content = (cor_content){.name = copy};
    return COR_OK;
}

int cor_content_add(cor_file *file, const char *name, enum cor_type type,
                    int64_t width, int64_t rows, int64_t columns, int64_t first,
                    int64_t count, const void *data)
{
    cor_content *content = find_content(file, name);
    if (!content)
        COR_TRY(new_content(file, name, &content));
    content->type = type;
    content->rows = rows;
    content->columns = columns;
    if (count)
        content->sum += sum_of(type, width, columns, first, count, data,
                               cor_team_threads(file->team));
    return COR_OK;
}

/* Read my even part of a dataset and hash it. Local, not agreed. */
static int read_content(const cor_file *file, const char *name,
                        const cor_extent *extent, cor_content *content)
{
    int rank = cor_team_rank(file->team), size = cor_team_size(file->team);
    int64_t across = extent->columns ? extent->columns : 1;
    int64_t bytes =
        across * (int64_t)cor_type_size(extent->type, extent->width);
    int64_t piece = PIECE_BYTES / bytes + 1;
    int64_t begin = cor_cut_begin(extent->rows, rank, size);
    int64_t end = cor_cut_begin(extent->rows, rank + 1, size);
    char *data = NULL;
    COR_TRY(cor_allocate(&data, piece, (size_t)bytes, "rows for the digest"));
    int rc = COR_OK;
    for (int64_t i = begin; i < end && rc == COR_OK; i += piece) {
        int64_t count = end - i < piece ? end - i : piece;
        rc = cor_extent_read(file, name, extent, extent->type, extent->width,
                             extent->columns, i, count, data);
        if (rc == COR_OK)
            content->sum +=
                sum_of(extent->type, extent->width, extent->columns, i, count,
                       data, cor_team_threads(file->team));
    }
    cor_free(data);
    return rc;
}

/* The content of a dataset with my part of the sum. Collective, agreed. */
static int content_of(const cor_file *file, const char *name,
                      cor_content *content)
{
    const cor_content *known = find_content(file, name);
    if (known) {
        *content = *known;
        return COR_OK;
    }
    cor_extent extent;
    COR_TRY(cor_extent_open(file, name, &extent));
    *content = (cor_content){
        .type = extent.type, .rows = extent.rows, .columns = extent.columns};
    int rc = read_content(file, name, &extent, content);
    H5Dclose(extent.id);
    return cor_agree(file->team, rc);
}

int cor_file_digest(const cor_file *file, const char *const *name, int names,
                    char digest[17])
{
    uint64_t so_far = 0;
    digest[0] = 0;
    for (int i = 0; i < names; i++) {
        cor_content content;
        COR_TRY(content_of(file, name[i], &content));
        /* halves, so that the total over ranks stays within 64 bits */
        int64_t half[2] = {(int64_t)(content.sum & UINT32_MAX),
                           (int64_t)(content.sum >> 32)};
        cor_team_sum(file->team, half, 2);
        uint64_t sum = (uint64_t)half[0] + ((uint64_t)half[1] << 32);
        uint64_t word[] = {so_far, (uint64_t)content.type,
                           (uint64_t)content.rows, (uint64_t)content.columns,
                           sum};
        so_far = cor_hash_bytes(word, sizeof word);
    }
    snprintf(digest, 17, "%016llx", (unsigned long long)so_far);
    return COR_OK;
}
