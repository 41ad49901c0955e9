/* JSON lines, lists, and columns that are kept: two bytes choose the options,
   the rest is the file. */
#include "text_input.h"

const char *const fuzz_words[] = {"{\"user\":1,\"item\":\"a\",\"value\":2}\n",
                                  "\"user\":",
                                  "\"item\":",
                                  "\"value\":",
                                  "\"time\":",
                                  "\"k\":",
                                  "\\u00e9",
                                  "\\\"",
                                  "null",
                                  "true",
                                  "[",
                                  "{",
                                  "}",
                                  ",",
                                  " ",
                                  "\n",
                                  "\r\n",
                                  "1e400",
                                  "-0.5",
                                  "\"7\"",
                                  "09 13, 2009",
                                  "user,item,k\n",
                                  "\xef\xbb\xbf",
                                  "\xff",
                                  NULL};

static const enum cor_ingest_format formats[] = {
    COR_FORMAT_JSONL, COR_FORMAT_LISTS, COR_FORMAT_CSV, COR_FORMAT_AUTO};
static const char *const keeps[] = {NULL,        "k",       "k,n", "n:float=k",
                                    "n:token=k", "k,w=`k`", "k=3", "k=3,n=4"};
static const char *const columns[] = {NULL, "user=user,item=item",
                                      "value=", "user=a.b[1],item=k"};
static const char *const patterns[] = {NULL, "%m %d, %Y", "%s", "%FT%T%z"};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    cor_ingest_options options = cor_ingest_options_default();
    unsigned a = fuzz_byte(&bytes, &length), b = fuzz_byte(&bytes, &length);
    options.format = formats[a % 4];
    options.skip = a & 4;
    options.sorted = a & 8;
    options.columns = columns[(a >> 4) % 4];
    options.time_pattern = patterns[a >> 6];
    options.keep = keeps[b % 8];
    options.delimiter = b & 8 ? "," : NULL;
    options.shards = 3;
    text_check(fuzz_file(".any", bytes, length), 2 + (int)(b >> 6), &options);
    return 0;
}
