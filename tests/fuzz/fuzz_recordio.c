/* RecordIO-protobuf: after a byte of options the file as it is, or, so that
   changes reach the records, pieces of the input each in a frame of its own. */
#include "examples_input.h"

const char *const fuzz_words[] = {"values",
                                  "\x0a\x23\xd7\xce",
                                  "\x0a\x06values\x12",
                                  "\x12\x06",
                                  "\x1a\x01\x05",
                                  "\xff\xff\xff\xff\x0f",
                                  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                                  "\x0a\x04\x01\x01\x80\x3f",
                                  "\x0a\x04\xff\xff\x7f\x7f",
                                  NULL};

enum { FRAMED_MOST = 1 << 16 };

static void put_word(uint8_t *to, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(word >> (8 * i));
}

/* A record's length is the byte before it; 255 takes all that is left. */
static const char *framed(const uint8_t *bytes, size_t length)
{
    static uint8_t all[FRAMED_MOST];
    size_t filled = 0;
    while (length > 0 && filled + length + 16 < FRAMED_MOST) {
        size_t most = fuzz_byte(&bytes, &length);
        size_t record = most == 255 || most > length ? length : most;
        put_word(all + filled, UINT32_C(0xced7230a));
        put_word(all + filled + 4, (uint32_t)record);
        memset(all + filled + 8, 0, record + 4);
        memcpy(all + filled + 8, bytes, record);
        filled += 8 + (record + 3) / 4 * 4;
        bytes += record;
        length -= record;
    }
    return fuzz_file(".rec", all, filled);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const cor_ingest_examples_options options = {
        .format = COR_EXAMPLES_RECORDIO, .shards = 3};
    unsigned a = fuzz_byte(&bytes, &length);
    const char *path =
        a & 1 ? framed(bytes, length) : fuzz_file(".rec", bytes, length);
    examples_check(path, 2 + (int)(a >> 1 & 1) * 5, &options);
    return 0;
}
