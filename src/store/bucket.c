/* Sorting a bucket: its rows go to cells of a few users each, and those are
 * sorted in cache: user, time and place of a row make one key of 64 bits, which
 * a few radix passes sort; then the rows are fetched in that order.
 */
#include "bucket.h"

#include "coracle/memory.h"
#include "coracle/sort.h"

void cor_desk_close(cor_desk *desk)
{
    cor_free(desk->key);
    cor_free(desk->spare);
    cor_free(desk->record);
    cor_free(desk->cell);
    *desk = (cor_desk){0};
}

/* Make room for `count` elements, of which there is some for `held`; what was
   there is lost. */
static int reserve(void *pointer, int64_t *held, int64_t count, size_t width)
{
    void *block;
    if (count <= *held)
        return COR_OK;
    memcpy(&block, pointer, sizeof block);
    cor_free(block);
    *held = 0;
    COR_TRY(cor_allocate(pointer, count, width, "sorting rows"));
    *held = count;
    return COR_OK;
}

static int reserve_records(cor_desk *desk, int64_t words)
{
    return reserve(&desk->record, &desk->words, words, sizeof *desk->record);
}

/* One run of records: the only piece as it stands, or a copy of all. */
static int join(const cor_piece *piece, int64_t pieces, int words,
                cor_desk *desk, cor_piece *joined)
{
    *joined = (cor_piece){0};
    int64_t filled = 0;
    for (int64_t p = 0; p < pieces; p++) {
        filled += piece[p].rows > 0;
        joined->rows += piece[p].rows;
        if (piece[p].rows)
            joined->record = piece[p].record;
    }
    if (filled < 2)
        return COR_OK;
    COR_TRY(reserve_records(desk, joined->rows * words));
    uint32_t *next = desk->record;
    for (int64_t p = 0; p < pieces; p++)
        if (piece[p].rows) {
            size_t size = (size_t)(piece[p].rows * words);
            memcpy(next, piece[p].record, size * sizeof *next);
            next += size;
        }
    joined->record = desk->record;
    return COR_OK;
}

static int bits_of(uint64_t number)
{
    return number ? 64 - __builtin_clzll(number) : 0;
}

/* What a bucket's rows look like, and so how their keys are made. */
typedef struct shape {
    cor_words words;
    int user_bits, time_bits, place_bits;
    uint64_t first; /* least time, since the earliest of all */
} shape;

static shape shape_of(const cor_piece *rows, cor_words words, int user_bits)
{
    uint64_t least = UINT64_MAX, most = 0;
    for (int64_t i = 0; i < rows->rows; i++) {
        uint64_t since =
            cor_record_since(rows->record + i * words.all, words.base);
        least = since < least ? since : least;
        most = since > most ? since : most;
    }
    return (shape){.words = words,
                   .user_bits = user_bits,
                   .time_bits = bits_of(most - least),
                   .place_bits = bits_of((uint64_t)rows->rows - 1),
                   .first = least};
}

static uint64_t user_of(const shape *s, const uint32_t *record)
{
    return record[0] & ((UINT64_C(1) << s->user_bits) - 1);
}

/* User, time and place in one key. @return the sorted keys */
static const uint64_t *sort_keys(const cor_piece *rows, const shape *s,
                                 cor_desk *desk)
{
    const uint32_t *record = rows->record;
    for (int64_t i = 0; i < rows->rows; i++, record += s->words.all) {
        uint64_t since = cor_record_since(record, s->words.base) - s->first;
        desk->key[i] = (user_of(s, record) << s->time_bits | since)
                           << s->place_bits |
                       (uint64_t)i;
    }
    return cor_sort_by_bits(desk->key, desk->spare, rows->rows, s->place_bits,
                            s->user_bits + s->time_bits);
}

/* Times too wide for that: first time, then user, each stably. */
static int sort_twice(const cor_piece *rows, const shape *s, cor_desk *desk)
{
    int64_t *place = (int64_t *)desk->spare;
    for (int64_t i = 0; i < rows->rows; i++) {
        desk->key[i] =
            cor_record_since(rows->record + i * s->words.all, s->words.base);
        place[i] = i;
    }
    COR_TRY(cor_sort_pairs(desk->key, place, rows->rows));
    for (int64_t i = 0; i < rows->rows; i++)
        desk->key[i] = user_of(s, rows->record + place[i] * s->words.all);
    return cor_sort_pairs(desk->key, place, rows->rows);
}

/* The rows in the order of the places in the low bits of the keys. */
static inline void take_rows(const cor_piece *rows, const uint64_t *key,
                             uint64_t mask, int64_t earliest, cor_words words,
                             cor_interactions *data, int64_t begin)
{
    for (int64_t i = 0; i < rows->rows; i++)
        cor_record_take(rows->record + (int64_t)(key[i] & mask) * words.all,
                        earliest, words, data, begin + i);
}

/* Sort one run of records. */
static int sort_run(const cor_piece *rows, cor_words words, int user_bits,
                    int64_t earliest, cor_desk *desk, cor_interactions *data,
                    int64_t begin)
{
    if (rows->rows == 0)
        return COR_OK;
    COR_TRY(reserve(&desk->key, &desk->keys, rows->rows, sizeof *desk->key));
    COR_TRY(
        reserve(&desk->spare, &desk->spares, rows->rows, sizeof *desk->spare));
    shape s = shape_of(rows, words, user_bits);
    const uint64_t *key = desk->spare;
    uint64_t mask = UINT64_MAX;
    if (s.user_bits + s.time_bits + s.place_bits <= 64 &&
        rows->rows <= UINT32_MAX) {
        key = sort_keys(rows, &s, desk);
        mask = (UINT64_C(1) << s.place_bits) - 1;
    } else {
        COR_TRY(sort_twice(rows, &s, desk));
    }
    /* constants, so that each usual kind of record gets a loop of its own */
    if (words.all > words.base)
        take_rows(rows, key, mask, earliest, words, data, begin);
    else if (words.base == RECORD_BARE)
        take_rows(rows, key, mask, earliest, COR_BARE, data, begin);
    else if (words.base == RECORD_TIMED)
        take_rows(rows, key, mask, earliest, COR_TIMED, data, begin);
    else
        take_rows(rows, key, mask, earliest, COR_WIDE, data, begin);
    return COR_OK;
}

/* ---- cells ---- */

static inline int64_t cell_of(const uint32_t *record, int user_bits, int shift)
{
    return (record[0] & ((UINT64_C(1) << user_bits) - 1)) >> shift;
}

/* Users of a cell, as a shift, so that it has about CELL_ROWS rows. */
static int choose_shift(int64_t rows, int user_bits)
{
    int shift = 0;
    while (shift < user_bits &&
           INT64_C(1) << (user_bits - shift) > rows / CELL_ROWS)
        shift++;
    return shift;
}

/* Count the rows of each cell; cell[c] is then the first row of cell c.
   @return the rows of the largest */
static int64_t count_cells(const cor_piece *piece, int64_t pieces,
                           cor_words words, int user_bits, int shift,
                           int64_t *cell)
{
    int64_t cells = INT64_C(1) << (user_bits - shift), next = 0, most = 0;
    memset(cell, 0, (size_t)(cells + 1) * sizeof *cell);
    for (int64_t p = 0; p < pieces; p++)
        for (int64_t i = 0; i < piece[p].rows; i++)
            cell[cell_of(piece[p].record + i * words.all, user_bits, shift)]++;
    for (int64_t c = 0; c <= cells; c++) {
        int64_t here = cell[c];
        cell[c] = next;
        next += here;
        most = here > most ? here : most;
    }
    return most;
}

/* Copy the records to their cells; cell[c] is then the end of cell c. */
static inline void fill_cells(const cor_piece *piece, int64_t pieces, int words,
                              int user_bits, int shift, cor_desk *desk)
{
    for (int64_t p = 0; p < pieces; p++) {
        const uint32_t *record = piece[p].record;
        for (int64_t i = 0; i < piece[p].rows; i++, record += words)
            memcpy(desk->record +
                       desk->cell[cell_of(record, user_bits, shift)]++ * words,
                   record, (size_t)words * sizeof *record);
    }
}

static int sort_cells(cor_words words, int shift, int64_t cells,
                      int64_t earliest, cor_desk *desk, cor_interactions *data,
                      int64_t begin)
{
    for (int64_t c = 0; c < cells; c++) {
        int64_t first = c ? desk->cell[c - 1] : 0;
        cor_piece rows = {desk->record + first * words.all,
                          desk->cell[c] - first};
        COR_TRY(
            sort_run(&rows, words, shift, earliest, desk, data, begin + first));
    }
    return COR_OK;
}

int cor_bucket_sort(const cor_piece *piece, int64_t pieces, cor_words words,
                    int user_bits, int64_t earliest, cor_desk *desk,
                    cor_interactions *data, int64_t begin)
{
    cor_piece rows;
    int64_t all = 0;
    for (int64_t p = 0; p < pieces; p++)
        all += piece[p].rows;
    int shift = choose_shift(all, user_bits);
    int64_t cells = INT64_C(1) << (user_bits - shift);
    bool cut = cells > 1;
    if (cut) {
        COR_TRY(
            reserve(&desk->cell, &desk->cells, cells + 1, sizeof *desk->cell));
        /* a copy is not worth it where a few users have most of the rows */
        cut = count_cells(piece, pieces, words, user_bits, shift, desk->cell) <=
              all / 2;
    }
    if (!cut) {
        COR_TRY(join(piece, pieces, words.all, desk, &rows));
        return sort_run(&rows, words, user_bits, earliest, desk, data, begin);
    }
    COR_TRY(reserve_records(desk, all * words.all));
    if (words.all == RECORD_TIMED)
        fill_cells(piece, pieces, RECORD_TIMED, user_bits, shift, desk);
    else
        fill_cells(piece, pieces, words.all, user_bits, shift, desk);
    return sort_cells(words, shift, cells, earliest, desk, data, begin);
}
