#include "coracle/cells.h"

const cor_quotes cor_quotes_none = {
    {COR_AT_FIELD, COR_IN_FIELD, COR_IN_QUOTES, COR_AFTER_QUOTE}};

/* Bytes without a quote, the last of which is c. */
static void pass_plain(const cor_dialect *d, char c, cor_quotes *quotes)
{
    uint8_t outside = cor_ends_field(d, c) ? COR_AT_FIELD : COR_IN_FIELD;
    for (int s = 0; s < COR_QUOTE_STATES; s++)
        if (quotes->to[s] != COR_IN_QUOTES)
            quotes->to[s] = outside;
}

void cor_quotes_pass(const cor_dialect *d, const char *p, const char *end,
                     cor_quotes *quotes)
{
    while (p < end) {
        const char *quote = memchr(p, '"', (size_t)(end - p));
        const char *stop = quote ? quote : end;
        if (stop > p)
            pass_plain(d, stop[-1], quotes);
        if (quote)
            for (int s = 0; s < COR_QUOTE_STATES; s++)
                quotes->to[s] = (uint8_t)cor_quote_step(
                    d, (enum cor_quote_state)quotes->to[s], '"');
        p = stop + 1;
    }
}
