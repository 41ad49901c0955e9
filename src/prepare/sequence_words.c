#include "sequence_words.h"

#include "coracle/memory.h"
#include "touched.h"

#include <string.h>

int cor_words_check(const char *name, const char *what, const cor_ids *ids)
{
    char id[COR_ID_LIMIT + 1];
    for (int64_t i = 0; ids->text && i < ids->count; i++) {
        cor_ids_print(ids, i, id, sizeof id);
        if (!*id || id[strcspn(id, " \t\r\n\v\f")])
            return cor_fail(COR_EDATA,
                            "%s: the %s \"%s\" %s, which a line of ids can't "
                            "hold: take --ids dense",
                            name, what, id,
                            *id ? "has a blank in it" : "is an empty id");
    }
    return COR_OK;
}

int cor_words_create(const cor_ids *ids, cor_words *words)
{
    char one[COR_ID_LIMIT + 1];
    int64_t width = ids->text ? ids->width : 20; /* a sign and 19 digits */
    *words = (cor_words){0};
    COR_TRY(COR_NEW(&words->begin, ids->count + 1));
    COR_TRY(cor_allocate(&words->bytes, ids->count, (size_t)width + 1, "ids"));
    words->begin[0] = 0;
    for (int64_t i = 0; i < ids->count; i++) {
        int64_t at = words->begin[i];
        cor_ids_print(ids, i, one, sizeof one);
        int64_t length = (int64_t)strlen(one);
        memcpy(words->bytes + at, one, (size_t)length);
        words->begin[i + 1] = at + length;
    }
    return COR_OK;
}

void cor_words_free(cor_words *words)
{
    cor_free(words->begin);
    cor_free(words->bytes);
    *words = (cor_words){0};
}

/* The rows of the table that the slots stand for. Collective. */
static int fetch_ids(const cor_touched *touched, const cor_ids *table,
                     cor_ids *ids)
{
    bool text = table->text;
    *ids = (cor_ids){.text = text,
                     .width = text ? table->width : (int64_t)sizeof(int64_t),
                     .total = touched->slots,
                     .count = touched->slots};
    int rc =
        text ? cor_allocate(&ids->bytes, ids->count, (size_t)ids->width, "ids")
             : COR_NEW(&ids->number, ids->count);
    COR_TRY(cor_agree(touched->team, rc));
    return cor_touched_ask(touched, text ? (void *)table->bytes : table->number,
                           (size_t)ids->width,
                           text ? (void *)ids->bytes : ids->number);
}

int cor_words_fetch(const cor_team *team, const cor_ids *table, int64_t rows,
                    int32_t *item, cor_words *words)
{
    cor_touched touched;
    cor_ids ids = {0};
    int rc = cor_touched_create(team, table->total, rows, item, &touched);
    if (rc == COR_OK)
        rc = fetch_ids(&touched, table, &ids);
    if (rc == COR_OK)
        rc = cor_agree(team, cor_words_create(&ids, words));
    for (int64_t r = 0; rc == COR_OK && r < rows; r++)
        item[r] = cor_touched_slot(&touched, item[r]);
    cor_ids_free(&ids);
    cor_touched_free(&touched);
    return rc;
}

/* ---- one ---- */

static int digits(uint32_t number)
{
    int count = 1;
    while (number >= 10) {
        number /= 10;
        count++;
    }
    return count;
}

int64_t cor_words_length(const cor_words *words, int64_t row)
{
    if (words->begin)
        return words->begin[row + 1] - words->begin[row];
    return digits((uint32_t)(words->first + row + 1));
}

char *cor_words_put(const cor_words *words, int64_t row, char *out)
{
    int64_t length = cor_words_length(words, row);
    if (words->begin) {
        memcpy(out, words->bytes + words->begin[row], (size_t)length);
    } else {
        uint32_t number = (uint32_t)(words->first + row + 1);
        for (int64_t i = length; i-- > 0; number /= 10)
            out[i] = (char)('0' + number % 10);
    }
    return out + length;
}
