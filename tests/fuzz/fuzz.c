#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cor_team *alone;
static char folder[64];

/* The files go with the folder; of unknown names is only what a job made. */
static void tidy_up(void)
{
    char line[128];
    snprintf(line, sizeof line, "rm -rf '%s'", folder);
    if (system(line) != 0)
        fprintf(stderr, "cannot remove %s\n", folder);
    cor_team_stop(&alone);
}

static void set_up(void)
{
    fuzz_must(cor_team_start(1, &alone) == COR_OK, "a team");
    strcpy(folder, "/dev/shm/coracle-fuzz-XXXXXX");
    if (!mkdtemp(folder)) {
        strcpy(folder, "/tmp/coracle-fuzz-XXXXXX");
        fuzz_must(mkdtemp(folder), "a folder for the inputs");
    }
    atexit(tidy_up);
}

cor_team *fuzz_team(void)
{
    if (!alone)
        set_up();
    return alone;
}

const char *fuzz_file(const char *ending, const uint8_t *bytes, size_t length)
{
    static char path[128];
    fuzz_team();
    snprintf(path, sizeof path, "%s/input%s", folder, ending);
    FILE *file = fopen(path, "wb");
    bool good = file && fwrite(bytes, 1, length, file) == length;
    good = file && fclose(file) == 0 && good;
    fuzz_must(good, "to write the input");
    return path;
}

void fuzz_must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fuzz: must be: %s: %s\n", what, cor_message());
    abort();
}
