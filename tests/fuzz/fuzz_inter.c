/* RecBole's .inter: a byte chooses the options, the rest is the file. */
#include "text_input.h"

const char *const fuzz_words[] = {"\t",
                                  "\n",
                                  "\r\n",
                                  ":token",
                                  ":float",
                                  ":token_seq",
                                  "user_id:token",
                                  "item_id:token",
                                  "rating:float",
                                  "timestamp:float",
                                  "1e400",
                                  "00",
                                  "-1",
                                  "9223372036854775807",
                                  "1262304000.9",
                                  "\"",
                                  "\xff",
                                  NULL};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    cor_ingest_options options = cor_ingest_options_default();
    unsigned a = fuzz_byte(&bytes, &length);
    options.format = COR_FORMAT_INTER;
    options.skip = a & 1;
    options.sorted = a & 2;
    options.pairs = a & 4;
    options.time_format = (enum cor_time_format)((a >> 3) % 4);
    text_check(fuzz_file(".inter", bytes, length), 2 + (int)(a >> 5), &options);
    return 0;
}
