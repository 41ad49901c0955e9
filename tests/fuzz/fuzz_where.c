/* Conditions: the first line is one, the others are records that it is put
   to. */
#include "json_input.h"

#include "coracle/where.h"

const char *const fuzz_words[] = {
    "a",       "b[1]",  " = ",      " != ",        " < ",     " >= ",
    " and ",   " or ",  "not ",     "(",           ")",       " contains ",
    " in ",    "\"x\"", "'y'",      " icontains ", " exists", " matches ",
    "null",    "true",  "1e999",    "`a b`",       ",",       "\"(a+)+$\"",
    "{\"a\":", "}",     "[1,\"\"]", "\n",          NULL};

static void put_to_records(const json_input *in, const cor_where *where)
{
    int paths;
    const cor_path *path = cor_where_paths(where, &paths);
    cor_json *json = NULL;
    cor_where_scratch *scratch = NULL;
    cor_json_record record;
    fuzz_must(cor_json_create(path, paths, &json) == COR_OK &&
                  cor_where_scratch_create(true, &scratch) == COR_OK,
              "a reader");
    cor_json_begin(json, in->text, in->length);
    for (;;) {
        bool fits = false, again = false;
        fuzz_must(cor_json_next(json, &record) == COR_OK, "a record");
        if (!record.begin)
            break;
        if (record.fault.what)
            continue;
        int rc = cor_where_test(where, scratch, record.field, &fits);
        fuzz_must(rc == COR_OK || rc == COR_EDATA, "an answer");
        fuzz_must(cor_where_test(where, scratch, record.field, &again) == rc &&
                      fits == again,
                  "the same answer once more");
    }
    cor_where_scratch_destroy(&scratch);
    cor_json_destroy(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    json_input in;
    cor_where *where = NULL;
    json_split(bytes, length, &in);
    int rc = cor_where_compile(in.line, "--where", &where);
    if (rc == COR_OK)
        put_to_records(&in, where);
    else
        fuzz_must(rc == COR_EUSAGE && cor_message()[0] && !where,
                  "a mistake and its place");
    cor_where_destroy(&where);
    json_free(&in);
    return 0;
}
