/* Examples of text, LIBSVM's and CSV: a byte chooses the options, the rest is
   the file, now and then several times over, so that it is cut. */
#include "examples_input.h"

#include <stdlib.h>

const char *const fuzz_words[] = {
    " ",          "\t",      "\n",    "\r\n", ":",  "1:1", " 2:0.5",
    "qid:3",      "#",       "# 7:7", "-1",   "+1", "0:0", "2147483646",
    "2147483647", "nan",     "1e39",  "-0",   ",",  "\"",  "\xef\xbb\xbf",
    "label",      "1.5e-46", NULL};

enum { REPEATED = 40 << 10 };

/* The bytes as often as makes several windows of them. */
static const char *repeat(const uint8_t *bytes, size_t length)
{
    size_t times = REPEATED / (length + 1) + 1;
    uint8_t *all = malloc(times * (length + 1));
    fuzz_must(all != NULL, "memory");
    for (size_t i = 0; i < times; i++)
        memcpy(all + i * length, bytes, length);
    const char *path = fuzz_file(".txt", all, times * length);
    free(all);
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const char *const labels[] = {NULL, "1", "2", "label"};
    unsigned a = fuzz_byte(&bytes, &length);
    cor_ingest_examples_options options = {
        .skip = a & 1,
        .label = labels[a >> 1 & 3],
        .header = (enum cor_ingest_header)((a >> 3) % 3),
        .shards = 3};
    const char *path =
        a & 128 ? repeat(bytes, length) : fuzz_file(".txt", bytes, length);
    examples_check(path, 2 + (int)(a >> 6 & 1) * 5, &options);
    return 0;
}
