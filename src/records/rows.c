/* Where records begin and end, when a quoted field may hold newlines. */
#include "reader.h"

char *records_row_end(const cor_dialect *d, enum cor_quote_state *state,
                      char *p, char *end)
{
    if (!d->quotes) {
        char *line = memchr(p, '\n', (size_t)(end - p));
        return line ? line + 1 : NULL;
    }
    while (p < end) {
        if (*state == COR_IN_QUOTES) {
            char *quote = memchr(p, '"', (size_t)(end - p));
            if (!quote)
                return NULL;
            *state = COR_AFTER_QUOTE;
            p = quote + 1;
            continue;
        }
        *state = cor_quote_step(d, *state, *p++);
        if (p[-1] == '\n' && *state == COR_AT_FIELD)
            return p;
    }
    return NULL;
}

/* Behind the last newline of [begin, end), or NULL. */
static char *last_newline(char *begin, char *end)
{
    while (end > begin && end[-1] != '\n')
        end--;
    return end > begin ? end : NULL;
}

char *records_last_end(const cor_dialect *d, char *begin, char *end)
{
    if (!d->quotes)
        return last_newline(begin, end);
    enum cor_quote_state state = COR_AT_FIELD;
    char *last = NULL;
    for (char *p = begin; p < end;) {
        char *quote = memchr(p, '"', (size_t)(end - p));
        char *stop = quote ? quote : end;
        if (state != COR_IN_QUOTES && stop > p) {
            char *line = last_newline(p, stop);
            last = line ? line : last;
            state = cor_ends_field(d, stop[-1]) ? COR_AT_FIELD : COR_IN_FIELD;
        }
        if (quote)
            state = cor_quote_step(d, state, '"');
        p = stop + 1;
    }
    return last;
}

bool records_is_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
        p++;
    return p == end;
}

int64_t records_count(const cor_dialect *dialect, char *p, char *end)
{
    cor_dialect d = *dialect;
    enum cor_quote_state state = COR_AT_FIELD;
    int64_t count = 0;
    d.quotes = d.quotes && memchr(p, '"', (size_t)(end - p));
    while (p < end) {
        char *next = records_row_end(&d, &state, p, end);
        count += !records_is_blank(p, next);
        p = next;
    }
    return count;
}
