#include "coracle/field.h"

#include "coracle/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

enum { ID_LIMIT = 1024 }; /* bytes of the longest id */

static const char *pass_digits(const char *p, const char *end)
{
    while (p < end && (unsigned)(*p - '0') < 10)
        p++;
    return p;
}

/* Whether the whole text is a decimal number, of whatever length and size. */
static bool is_decimal(const char *p, const char *end)
{
    p += p < end && (*p == '+' || *p == '-');
    const char *digits = p;
    p = pass_digits(p, end);
    int64_t count = p - digits;
    if (p < end && *p == '.') {
        digits = ++p;
        p = pass_digits(p, end);
        count += p - digits;
    }
    if (count > 0 && p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '+' || *p == '-');
        digits = p;
        p = pass_digits(p, end);
        count = p - digits;
    }
    return count > 0 && p == end;
}

/* The nearest double of a decimal of any length. strtod reads on to a byte that
   is in no number: a quote, a comma, a newline. Behind an id there may be none,
   and another one begins. */
static double nearest(const char *begin, const char *end)
{
    char id[ID_LIMIT + 1];
    size_t length = (size_t)(end - begin);
    if (length > ID_LIMIT)
        return strtod(begin, NULL);
    memcpy(id, begin, length);
    id[length] = '\0';
    return strtod(id, NULL);
}

/* Bytes that mean themselves. */
static bool number_of(const char *begin, const char *end, cor_number *number)
{
    *number = (cor_number){0};
    number->whole = cor_text_int64(begin, end, &number->integer);
    if (number->whole) {
        number->real = (double)number->integer;
        return true;
    }
    if (!cor_text_double(begin, end, &number->real)) {
        if (!is_decimal(begin, end))
            return false;
        number->real = nearest(begin, end);
    }
    if (number->real == floor(number->real) && fabs(number->real) < 0x1p53) {
        number->whole = true;
        number->integer = (int64_t)number->real;
    }
    return true;
}

/* The rare text that spells a number with escapes. */
static bool number_of_escaped(const cor_field *field, cor_number *number)
{
    cor_csv scratch = {0};
    const char *begin, *end;
    bool is = cor_field_text(field, &scratch, &begin, &end) == COR_OK;
    if (is)
        cor_csv_bytes(&scratch, "", 1);
    is = is && scratch.status == COR_OK &&
         number_of(scratch.bytes, scratch.bytes + scratch.length - 1, number);
    cor_csv_free(&scratch);
    return is;
}

bool cor_field_number(const cor_field *field, cor_number *number)
{
    if (field->form == COR_FORM_NATIVE) {
        *number = field->number;
        return true;
    }
    if (field->kind != COR_FIELD_NUMBER && field->kind != COR_FIELD_TEXT)
        return false;
    if (field->form == COR_FORM_PLAIN)
        return number_of(field->begin, field->end, number);
    return number_of_escaped(field, number);
}

int cor_number_compare(cor_number a, cor_number b)
{
    if (a.whole && b.whole)
        return (a.integer > b.integer) - (a.integer < b.integer);
    if (a.single || b.single)
        return ((float)a.real > (float)b.real) -
               ((float)a.real < (float)b.real);
    return (a.real > b.real) - (a.real < b.real);
}

/* ---- texts ---- */

static uint32_t four_hex(const char *p)
{
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        uint32_t digit = (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        code = code << 4 | digit;
    }
    return code;
}

static void add_utf8(cor_csv *out, uint32_t code)
{
    char bytes[4];
    int length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (int i = length - 1; i > 0; i--, code >>= 6)
        bytes[i] = (char)(0x80 | (code & 0x3f));
    bytes[0] = (char)(lead[length] | code);
    cor_csv_bytes(out, bytes, length);
}

/* The code of \uXXXX at p, a pair of surrogates as one; the byte after it. */
static const char *unicode_escape(const char *p, const char *end,
                                  uint32_t *code)
{
    *code = four_hex(p + 2);
    p += 6;
    if (*code < 0xd800 || *code > 0xdfff)
        return p;
    uint32_t low =
        end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? four_hex(p + 2) : 0;
    if (*code > 0xdbff || low < 0xdc00 || low > 0xdfff) {
        *code = 0xfffd; /* without its other half */
        return p;
    }
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return p + 6;
}

static void unescape_json(const char *p, const char *end, cor_csv *out)
{
    static const char letter[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        const char *stop = slash ? slash : end;
        cor_csv_bytes(out, p, stop - p);
        p = stop;
        if (!slash)
            return;
        if (p[1] == 'u') {
            uint32_t code;
            p = unicode_escape(p, end, &code);
            add_utf8(out, code);
        } else {
            cor_csv_bytes(out, meant + (strchr(letter, p[1]) - letter), 1);
            p += 2;
        }
    }
}

static void unescape_quotes(const char *p, const char *end, cor_csv *out)
{
    while (p < end) {
        const char *quote = memchr(p, '"', (size_t)(end - p));
        const char *stop = quote ? quote + 1 : end;
        cor_csv_bytes(out, p, stop - p);
        p = stop + (quote != NULL);
    }
}

int cor_field_text(const cor_field *field, cor_csv *scratch, const char **begin,
                   const char **end)
{
    *begin = field->begin;
    *end = field->end;
    if (field->form != COR_FORM_JSON && field->form != COR_FORM_QUOTES)
        return COR_OK;
    scratch->length = 0;
    if (field->form == COR_FORM_JSON)
        unescape_json(field->begin, field->end, scratch);
    else
        unescape_quotes(field->begin, field->end, scratch);
    *begin = scratch->length ? scratch->bytes : "";
    *end = *begin + scratch->length;
    return scratch->status;
}

/* ---- arrays ---- */

static const char *pass_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
        p++;
    return p;
}

/* The closing quote of a string that opens at p. */
static const char *closing_quote(const char *p)
{
    for (p++; *p != '"'; p++)
        p += *p == '\\';
    return p;
}

/* Behind the bracket that closes the one at p. */
static const char *pass_brackets(const char *p)
{
    int64_t depth = 0;
    do {
        if (*p == '"')
            p = closing_quote(p);
        depth += *p == '[' || *p == '{';
        depth -= *p == ']' || *p == '}';
        p++;
    } while (depth > 0);
    return p;
}

static const char *pass_scalar(const char *p)
{
    while (!strchr(",]} \t\r\n", *p))
        p++;
    return p;
}

static enum cor_field_kind kind_of(char c)
{
    switch (c) {
    case '"':
        return COR_FIELD_TEXT;
    case '[':
        return COR_FIELD_ARRAY;
    case '{':
        return COR_FIELD_OBJECT;
    case 't':
        return COR_FIELD_TRUE;
    case 'f':
        return COR_FIELD_FALSE;
    case 'n':
        return COR_FIELD_NULL;
    default:
        return COR_FIELD_NUMBER;
    }
}

/* The array is known to be valid. */
bool cor_field_element(const cor_field *array, const char **at,
                       cor_field *element)
{
    const char *p = pass_blanks(*at ? *at : array->begin + 1);
    if (*p == ']')
        return false;
    if (*at && *p == ',')
        p = pass_blanks(p + 1);
    *element = (cor_field){.kind = kind_of(*p), .begin = p};
    if (*p == '"') {
        element->begin++;
        element->end = closing_quote(p);
        size_t length = (size_t)(element->end - element->begin);
        if (memchr(element->begin, '\\', length))
            element->form = COR_FORM_JSON;
        *at = element->end + 1;
    } else {
        *at = *p == '[' || *p == '{' ? pass_brackets(p) : pass_scalar(p);
        element->end = *at;
    }
    return true;
}
