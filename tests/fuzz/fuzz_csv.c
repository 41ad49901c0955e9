/* Delimited text: two bytes choose the options, the rest is the file, which is
   its own file of titles where there are titles. */
#include "text_input.h"

const char *const fuzz_words[] = {",",          "\"",
                                  "\"\"",       "\n",
                                  "\r\n",       ";",
                                  "\t",         "::",
                                  "userId",     "item",
                                  "timestamp",  "\xef\xbb\xbf",
                                  "1e309",      "-0",
                                  "007",        "nan",
                                  "2147483648", "9223372036854775808",
                                  "1.5e-400",   "2018-09-23T04:05:06Z",
                                  "\"a\nb\"",   "\xc3\xa9",
                                  NULL};

static const char *const delimiters[] = {NULL, ",", ";",  "tab",
                                         "::", "|", "ab", " "};
static const char *const columns[] = {
    NULL,
    "user=1,item=2,value=3,time=4",
    "user=2,item=1",
    "user=userId,item=item,value=,time=timestamp",
    "value=",
    "user=9,item=300",
    "user=1,item=2,time=3,value=",
    "x"};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    cor_ingest_options options = cor_ingest_options_default();
    unsigned a = fuzz_byte(&bytes, &length), b = fuzz_byte(&bytes, &length);
    options.skip = a & 1;
    options.sorted = a & 2;
    options.pairs = a & 4;
    options.header = (enum cor_ingest_header)((a >> 3) % 3);
    options.format = (enum cor_ingest_format)((a >> 5) % 4);
    options.delimiter = delimiters[b % 8];
    options.columns = columns[(b >> 3) % 8];
    options.shards = 3;
    const char *path = fuzz_file(".csv", bytes, length);
    if (b & 64)
        options.titles = path;
    text_check(path, 2 + (int)(b >> 7) * 5, &options);
    return 0;
}
