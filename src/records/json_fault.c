/* Why simdjson finds no structure in a line. Slow and exact: seldom called. */
#include "coracle/json.h"
#include "coracle/text.h"

/* Bytes of the UTF-8 character at p, or 0 where it is none. */
static int character(const char *p, const char *end)
{
    unsigned char lead = (unsigned char)*p;
    int length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead < 0x80)
        return length;
    bool whole = end - p >= length && cor_text_is_utf8(p, p + length);
    return whole ? length : 0;
}

cor_json_fault cor_json_explain(const char *begin, const char *end)
{
    const char *open = NULL; /* the quote of the string that p is in */
    int length = 1;
    for (const char *p = begin; p < end; p += length) {
        length = character(p, end);
        if (length == 0)
            return (cor_json_fault){p, "this is not UTF-8"};
        if (open && (unsigned char)*p < 0x20)
            return (cor_json_fault){
                p, "a control character stands in a string, which wants \\n, "
                   "\\t or \\u00XX"};
        if (*p == '"')
            open = open ? NULL : p;
        else if (open && *p == '\\' && p + 1 < end)
            p++; /* what is escaped is one byte or begins as one */
    }
    if (open)
        return (cor_json_fault){
            open, "the string that begins here has no end in its line"};
    return (cor_json_fault){begin, "this is no JSON value"};
}
