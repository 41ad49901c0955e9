/**
 * JSON lines and what is asked of them: an input whose first line is a path or
 * a condition, the rest records.
 */
#ifndef FUZZ_JSON_INPUT_H
#define FUZZ_JSON_INPUT_H

#include "fuzz.h"

#include "coracle/json.h"

#include <stdlib.h>
#include <string.h>

typedef struct json_input {
    char *line; /* with a zero behind it */
    size_t line_length;
    char *text; /* whole lines, and what must be readable behind them */
    size_t length;
} json_input;

static inline void json_split(const uint8_t *bytes, size_t length,
                              json_input *in)
{
    const uint8_t *end = length ? memchr(bytes, '\n', length) : NULL;
    in->line_length = end ? (size_t)(end - bytes) : length;
    size_t rest = end ? length - in->line_length - 1 : 0;
    in->line = malloc(in->line_length + 1);
    in->text = calloc(1, rest + 1 + COR_JSON_PADDING);
    fuzz_must(in->line && in->text, "memory");
    memcpy(in->line, bytes, in->line_length);
    in->line[in->line_length] = 0;
    if (rest)
        memcpy(in->text, end + 1, rest);
    in->text[rest] = '\n';
    in->length = rest + 1;
}

static inline void json_free(json_input *in)
{
    free(in->line);
    free(in->text);
}

/** A field lies in its record, and can be asked for all it may be. */
static inline void json_check_field(const cor_json_record *record,
                                    const cor_field *field)
{
    cor_number number;
    cor_csv scratch = {0};
    cor_field element;
    const char *begin, *end, *at = NULL;
    if (field->kind == COR_FIELD_MISSING)
        return;
    fuzz_must(field->begin >= record->begin && field->begin <= field->end &&
                  field->end <= record->end,
              "a field in its record");
    (void)cor_field_number(field, &number);
    if (field->kind == COR_FIELD_TEXT) {
        fuzz_must(cor_field_text(field, &scratch, &begin, &end) == COR_OK &&
                      begin <= end,
                  "a text");
    }
    while (field->kind == COR_FIELD_ARRAY &&
           cor_field_element(field, &at, &element))
        fuzz_must(element.begin >= field->begin && element.end <= field->end,
                  "an element in its array");
    cor_csv_free(&scratch);
}

#endif
