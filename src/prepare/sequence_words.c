#include "sequence_text.h"

#include "coracle/memory.h"

#include <string.h>

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
