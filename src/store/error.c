#include "handle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The innermost entry of HDF5's error stack says what really happened. */
static herr_t keep_first(unsigned n, const H5E_error2_t *entry, void *reason)
{
    if (n == 0 && entry->desc)
        snprintf(reason, 256, "%s", entry->desc);
    return 0;
}

int cor_hdf5_fail(int code, const char *format, ...)
{
    char message[COR_MESSAGE_SIZE / 2], reason[256] = "no reason given";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, reason);
    return cor_fail(code, "%s: %s", message, reason);
}

static herr_t find_filter(unsigned n, const H5E_error2_t *entry, void *found)
{
    (void)n;
    if (entry->maj_num == H5E_PLINE)
        *(bool *)found = true;
    return 0;
}

bool cor_hdf5_unpacking(void)
{
    bool found = false;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, find_filter, &found);
    return found;
}

void cor_hdf5_quiet(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

const char *cor_file_version(void)
{
    static char line[64];
    unsigned major, minor, release;
    H5get_libversion(&major, &minor, &release);
    snprintf(line, sizeof line, "HDF5 %u.%u.%u, parallel", major, minor,
             release);
    return line;
}
