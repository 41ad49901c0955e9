/* A file whose bytes were damaged on their way: the reader of its kind says so,
   or what it reads can be used. HDF5 checks its own bookkeeping by sums; the
   rest is ours. */
#include "store_input.h"

const char *const fuzz_words[] = {"OHDR", "FRHP", "OCHK", "users", "id", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *path = fuzz_file(".h5", bytes, length);
    store_interactions(path);
    store_model(path);
    store_matrix(path);
    return 0;
}
