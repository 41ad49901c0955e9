#include "coracle/top.h"

#include "coracle/memory.h"
#include "coracle/select.h"
#include "coracle/sort.h"

#include <math.h>
#include <string.h>

/* A number is two words: its double, and what a whole one has beyond it. Then
   the place. In the order of words, each least first, the better is before. */
enum { WORDS = 2 * COR_TOP_BY + 2, FIRST_HEAP = 64 };

typedef struct top_entry {
    uint64_t word[WORDS];
    int64_t begin, length; /* of its text among those of its slot */
    int32_t slot, rank;
} top_entry;

/* What one slot holds: a heap whose root is the worst. */
typedef struct top_heap {
    top_entry *entry;
    int64_t count, capacity;
    cor_csv text;
    int64_t lost; /* bytes of texts that are wanted no more */
} top_heap;

struct cor_top {
    const cor_team *team;
    cor_top_options options;
    top_heap *heap;
    int slots;
    top_entry *best; /* of all ranks, after the finish */
    int64_t count;
    cor_place *mine;
    int64_t mine_count;
};

/* ---- words ---- */

static uint64_t key_of_double(double value)
{
    uint64_t bits;
    value += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double double_of_key(uint64_t key)
{
    double value;
    uint64_t bits = key >> 63 ? key & ~(UINT64_C(1) << 63) : ~key;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* A whole number less its double, which is whole too. */
static int64_t beyond_double(cor_number value)
{
    if (!value.whole)
        return 0;
    /* 2^63 is the one double near 64-bit numbers that is none itself */
    int64_t near = value.real < 0x1p63 ? (int64_t)value.real : INT64_MAX;
    return value.integer - near - (value.real >= 0x1p63);
}

static void set_words(const cor_top_options *o, const cor_number *value,
                      cor_place place, uint64_t *word)
{
    memset(word, 0, WORDS * sizeof *word);
    for (int i = 0; i < o->by; i++) {
        uint64_t turn = o->lowest ? 0 : ~UINT64_C(0);
        word[2 * i] = key_of_double(value[i].real) ^ turn;
        word[2 * i + 1] = cor_sort_key_int64(beyond_double(value[i])) ^ turn;
    }
    word[WORDS - 2] = (uint64_t)place.file;
    word[WORDS - 1] = (uint64_t)place.offset;
}

static bool before(const uint64_t *a, const uint64_t *b)
{
    int w = 0;
    while (w < WORDS - 1 && a[w] == b[w])
        w++;
    return a[w] < b[w];
}

/* ---- heaps ---- */

int cor_top_create(const cor_team *team, int slots,
                   const cor_top_options *options, cor_top **top)
{
    *top = NULL;
    if (options->most < 1)
        return cor_fail(COR_EUSAGE, "-n must be 1 or more, not %lld",
                        (long long)options->most);
    COR_TRY(COR_NEW_ZEROED(top, 1));
    (*top)->team = team;
    (*top)->options = *options;
    (*top)->slots = slots;
    int rc = COR_NEW_ZEROED(&(*top)->heap, slots);
    if (rc != COR_OK)
        cor_top_destroy(top);
    return rc;
}

void cor_top_destroy(cor_top **top)
{
    cor_top *t = *top;
    if (!t)
        return;
    for (int s = 0; t->heap && s < t->slots; s++) {
        cor_free(t->heap[s].entry);
        cor_csv_free(&t->heap[s].text);
    }
    cor_free(t->heap);
    cor_free(t->best);
    cor_free(t->mine);
    cor_free(t);
    *top = NULL;
}

static void sink_root(top_heap *h)
{
    top_entry moving = h->entry[0];
    int64_t at = 0;
    for (int64_t child; (child = 2 * at + 1) < h->count; at = child) {
        if (child + 1 < h->count &&
            before(h->entry[child].word, h->entry[child + 1].word))
            child++;
        if (!before(moving.word, h->entry[child].word))
            break;
        h->entry[at] = h->entry[child];
    }
    h->entry[at] = moving;
}

static void raise_last(top_heap *h)
{
    int64_t at = h->count - 1;
    top_entry moving = h->entry[at];
    while (at > 0 && before(h->entry[(at - 1) / 2].word, moving.word)) {
        h->entry[at] = h->entry[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    h->entry[at] = moving;
}

/* Texts that are wanted no more leave where they are most of all. */
static int compact(top_heap *h)
{
    cor_csv kept = {0};
    for (int64_t i = 0; i < h->count; i++) {
        top_entry *e = &h->entry[i];
        int64_t begin = kept.length;
        cor_csv_bytes(&kept, h->text.bytes + e->begin, e->length);
        e->begin = begin;
    }
    cor_csv_free(&h->text);
    h->text = kept;
    h->lost = 0;
    return kept.status;
}

static int keep_text(top_heap *h, top_entry *entry, const char *text,
                     int64_t length)
{
    enum { SMALL = 1 << 20 };
    if (h->lost > SMALL && h->lost > h->text.length / 2)
        COR_TRY(compact(h));
    entry->begin = h->text.length;
    entry->length = length;
    cor_csv_bytes(&h->text, text, length);
    return h->text.status;
}

static int grow(top_heap *h)
{
    if (h->count < h->capacity)
        return COR_OK;
    int64_t capacity = h->capacity ? 2 * h->capacity : FIRST_HEAP;
    COR_TRY(cor_reallocate(&h->entry, h->count, capacity, sizeof *h->entry,
                           "the best so far"));
    h->capacity = capacity;
    return COR_OK;
}

int cor_top_offer(cor_top *top, int slot, const cor_number *value,
                  cor_place place, const char *text, int64_t length)
{
    top_heap *h = &top->heap[slot];
    top_entry entry = {.slot = slot};
    set_words(&top->options, value, place, entry.word);
    bool full = h->count == top->options.most;
    if (full && !before(entry.word, h->entry[0].word))
        return COR_OK;
    if (!full) {
        COR_TRY(grow(h));
    } else { /* the worst leaves, with its text */
        h->lost += h->entry[0].length;
        h->entry[0].length = 0;
    }
    if (top->options.texts)
        COR_TRY(keep_text(h, &entry, text, length));
    h->entry[full ? 0 : h->count++] = entry;
    if (full)
        sink_root(h);
    else
        raise_last(h);
    return COR_OK;
}

/* ---- the best of all ranks ---- */

/* Sort by radix, the last word first. */
static int sort(top_entry *entry, int64_t count)
{
    uint64_t *key = NULL;
    int64_t *index = NULL;
    top_entry *sorted = NULL;
    int rc = COR_NEW(&key, count);
    if (rc == COR_OK)
        rc = COR_NEW(&index, count);
    if (rc == COR_OK)
        rc = COR_NEW(&sorted, count);
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        index[i] = i;
    for (int w = WORDS - 1; rc == COR_OK && w >= 0; w--) {
        for (int64_t i = 0; i < count; i++)
            key[i] = entry[index[i]].word[w];
        rc = cor_sort_pairs(key, index, count);
    }
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        sorted[i] = entry[index[i]];
    if (rc == COR_OK && count > 0)
        memcpy(entry, sorted, (size_t)count * sizeof *entry);
    cor_free(key);
    cor_free(index);
    cor_free(sorted);
    return rc;
}

/* What my slots hold, as one list. */
static int gather_slots(const cor_top *t, top_entry **all, int64_t *count)
{
    *count = 0;
    for (int s = 0; s < t->slots; s++)
        *count += t->heap[s].count;
    COR_TRY(COR_NEW(all, *count));
    int64_t at = 0;
    for (int s = 0; s < t->slots; s++)
        for (int64_t i = 0; i < t->heap[s].count; i++) {
            (*all)[at] = t->heap[s].entry[i];
            (*all)[at++].rank = cor_team_rank(t->team);
        }
    return COR_OK;
}

/* Of the entries [*first, *count) those whose word is below the threshold move
   to the front, those above it drop out. */
static void part(top_entry *all, int w, uint64_t threshold, int64_t *first,
                 int64_t *count)
{
    int64_t kept = *first, equal = 0;
    for (int64_t i = *first; i < *count; i++) {
        top_entry e = all[i];
        if (e.word[w] > threshold)
            continue;
        all[i] = all[kept + equal];
        if (e.word[w] == threshold) {
            all[kept + equal++] = e;
        } else {
            all[kept + equal] = all[kept];
            all[kept++] = e;
        }
    }
    *first = kept;
    *count = kept + equal;
}

/* Cut the lists of all ranks to the best of all: word by word the one that the
   last of them has is found. */
static int cut(const cor_top *t, top_entry *all, int64_t *count)
{
    int64_t *key = NULL, first = 0, total = *count, left = t->options.most;
    cor_team_sum(t->team, &total, 1);
    COR_TRY(cor_agree(t->team, COR_NEW(&key, *count)));
    int rc = COR_OK;
    for (int w = 0; rc == COR_OK && w < WORDS && total > left; w++) {
        int64_t last = left - 1, threshold = 0, before_it = first;
        for (int64_t i = first; i < *count; i++)
            key[i - first] = cor_sort_int64_of_key(all[i].word[w]);
        rc = cor_select_int64(t->team, key, *count - first, 1, &last,
                              &threshold);
        if (rc != COR_OK)
            break;
        part(all, w, cor_sort_key_int64(threshold), &first, count);
        int64_t now[2] = {first - before_it, *count - first};
        cor_team_sum(t->team, now, 2);
        left -= now[0];
        total = now[1];
    }
    cor_free(key);
    return rc;
}

static int list_mine(cor_top *t, const top_entry *all, int64_t count)
{
    COR_TRY(COR_NEW(&t->mine, count));
    t->mine_count = count;
    for (int64_t i = 0; i < count; i++)
        t->mine[i] = (cor_place){(int64_t)all[i].word[WORDS - 2],
                                 (int64_t)all[i].word[WORDS - 1]};
    return COR_OK;
}

int cor_top_finish(cor_top *t)
{
    top_entry *all = NULL;
    int64_t count;
    int rc = cor_agree(t->team, gather_slots(t, &all, &count));
    if (rc == COR_OK)
        rc = cut(t, all, &count);
    if (rc == COR_OK) {
        rc = sort(all, count);
        if (rc == COR_OK)
            rc = list_mine(t, all, count);
        rc = cor_agree(t->team, rc);
    }
    if (rc == COR_OK)
        rc = cor_team_collect(t->team, all, count, sizeof *all, &t->best,
                              &t->count);
    if (rc == COR_OK)
        rc = cor_agree(t->team, sort(t->best, t->count));
    cor_free(all);
    return rc;
}

/* ---- what was found ---- */

int cor_top_by(const cor_top *top)
{
    return top->options.by;
}

int64_t cor_top_count(const cor_top *top)
{
    return top->count;
}

cor_number cor_top_value(const cor_top *top, int64_t index, int by)
{
    const uint64_t *word = top->best[index].word;
    uint64_t turn = top->options.lowest ? 0 : ~UINT64_C(0);
    double real = double_of_key(word[2 * by] ^ turn);
    int64_t beyond = cor_sort_int64_of_key(word[2 * by + 1] ^ turn);
    cor_number number = {.real = real};
    number.whole = real == floor(real) && real >= -0x1p63 &&
                   (real < 0x1p63 || (real == 0x1p63 && beyond < 0));
    if (number.whole)
        number.integer =
            real < 0x1p63 ? (int64_t)real + beyond : INT64_MAX + (beyond + 1);
    return number;
}

const cor_place *cor_top_mine(const cor_top *top, int64_t *count)
{
    *count = top->mine_count;
    return top->mine;
}

static const char *text_of(const cor_top *t, const top_entry *e)
{
    return t->heap[e->slot].text.bytes + e->begin;
}

/* Each of my texts where it belongs among those of all. */
static int write_mine(const cor_top *t, cor_output *output, int64_t at)
{
    for (int64_t i = 0; i < t->count; i++) {
        const top_entry *e = &t->best[i];
        if (e->rank == cor_team_rank(t->team))
            COR_TRY(cor_output_write(output, text_of(t, e), e->length, at));
        at += e->length;
    }
    return COR_OK;
}

int cor_top_write(const cor_top *t, const char *header, int64_t header_bytes,
                  const char *path, bool force)
{
    cor_output *output;
    COR_TRY(cor_output_begin(t->team, path, force, &output));
    int rc = COR_OK;
    if (cor_team_rank(t->team) == 0)
        rc = cor_output_write(output, header, header_bytes, 0);
    if (rc == COR_OK)
        rc = write_mine(t, output, header_bytes);
    rc = cor_agree(t->team, rc);
    if (rc == COR_OK)
        rc = cor_output_commit(&output);
    cor_output_abandon(&output);
    return rc;
}

/* My texts, one after the other. */
static int append_mine(const cor_top *t, cor_csv *texts)
{
    for (int64_t i = 0; i < t->count; i++) {
        const top_entry *e = &t->best[i];
        if (e->rank == cor_team_rank(t->team))
            cor_csv_bytes(texts, text_of(t, e), e->length);
    }
    return texts->status;
}

/* From the order of ranks to that of the best. */
static int order_texts(const cor_top *t, const char *all, char **bytes,
                       int64_t **end)
{
    int size = cor_team_size(t->team);
    int64_t *next = NULL, total = 0, at = 0;
    int rc = COR_NEW_ZEROED(&next, size + 1);
    for (int64_t i = 0; rc == COR_OK && i < t->count; i++) {
        next[t->best[i].rank + 1] += t->best[i].length;
        total += t->best[i].length;
    }
    for (int r = 0; rc == COR_OK && r < size; r++)
        next[r + 1] += next[r];
    if (rc == COR_OK)
        rc = cor_allocate(bytes, total, 1, "records");
    if (rc == COR_OK)
        rc = COR_NEW(end, t->count);
    for (int64_t i = 0; rc == COR_OK && i < t->count; i++) {
        const top_entry *e = &t->best[i];
        memcpy(*bytes + at, all + next[e->rank], (size_t)e->length);
        next[e->rank] += e->length;
        (*end)[i] = at += e->length;
    }
    cor_free(next);
    return rc;
}

int cor_top_texts(const cor_top *t, char **bytes, int64_t **end)
{
    cor_csv mine = {0};
    char *all = NULL;
    int64_t total;
    *bytes = NULL;
    *end = NULL;
    int rc = cor_agree(t->team, append_mine(t, &mine));
    if (rc == COR_OK)
        rc = cor_team_collect_at(t->team, 0, mine.bytes, mine.length, 1, &all,
                                 &total);
    if (rc == COR_OK) {
        bool first = cor_team_rank(t->team) == 0;
        rc = cor_agree(t->team,
                       first ? order_texts(t, all, bytes, end) : COR_OK);
    }
    cor_csv_free(&mine);
    cor_free(all);
    return rc;
}
