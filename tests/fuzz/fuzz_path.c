/* Paths into JSON records: the first line is a path, the others are records. */
#include "json_input.h"

const char *const fuzz_words[] = {
    "a",     ".",  "[0]",  "[",     "]",     "`",     "``",      "`a.b`",
    "{",     "}",  ":",    ",",     "\"a\"", "\\u00", "\\ud83d", "null",
    "1e999", "-0", "true", "[1,2]", "\n",    "\\",    NULL};

static void check_fault(const cor_json_record *record)
{
    cor_json_fault again = cor_json_explain(record->begin, record->end);
    fuzz_must(record->fault.at >= record->begin &&
                  record->fault.at <= record->end,
              "a fault in its record");
    fuzz_must(again.what != NULL, "the same fault when it is explained");
}

static void read_records(const json_input *in, const cor_path *path)
{
    cor_json *json = NULL;
    cor_json_record record;
    fuzz_must(cor_json_create(path, 1, &json) == COR_OK, "a reader");
    cor_json_begin(json, in->text, in->length);
    for (;;) {
        fuzz_must(cor_json_next(json, &record) == COR_OK, "a record");
        if (!record.begin)
            break;
        fuzz_must(record.begin >= in->text &&
                      record.end <= in->text + in->length,
                  "a record in the text");
        if (record.fault.what)
            check_fault(&record);
        else
            json_check_field(&record, record.field);
    }
    cor_json_destroy(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    json_input in;
    cor_path path, again;
    size_t wrong = 0;
    json_split(bytes, length, &in);
    int rc = cor_path_parse(in.line, in.line_length, &path, &wrong);
    if (rc == COR_OK) {
        fuzz_must(path.parts > 0 && path.parts <= COR_PATH_LIMIT, "parts");
        fuzz_must(cor_path_parse(path.text, strlen(path.text), &again,
                                 &wrong) != COR_OK ||
                      strlen(path.text) < in.line_length ||
                      cor_path_equal(&path, &again),
                  "the path that its text gives");
        cor_path_free(&again);
        read_records(&in, &path);
    } else {
        fuzz_must(rc == COR_EUSAGE && wrong <= in.line_length &&
                      cor_message()[0],
                  "a mistake and its place");
    }
    cor_path_free(&path);
    json_free(&in);
    return 0;
}
