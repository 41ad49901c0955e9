/*
 * The main program of a target where no libFuzzer is: runs the inputs of a
 * corpus, then changed ones, for so many seconds or runs. Built with COR_TRACE
 * it keeps what reaches new edges of the program and goes on from there;
 * without it changes the corpus blindly. The input in hand lies in NAME.input
 * in the working folder and stays there if it ends the program.
 */
#include "fuzz.h"
#include "mutate.h"
#include "trace.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    POOL_MOST = 1 << 14,
    PATIENCE = 20 /* seconds a run */
};

static struct {
    const char *name;
    double seconds;
    int64_t runs;
    uint64_t seed;
    const char *keep; /* folder for inputs that reached something new */
} set = {.seconds = 10, .runs = INT64_MAX, .seed = 1};

static struct {
    fuzz_input *input;
    int64_t count, capacity;
} pool;

/* ---- where a run has been ---- */

static uint8_t beaten[EDGES]; /* bits of how often in any */
static int64_t edges;

/* 1, 2, 3, 4-7, 8-15, 16-31, 32-127 and more are told apart. */
static uint8_t how_often(uint8_t count)
{
    static const uint8_t least[] = {128, 32, 16, 8, 4, 3, 2, 1};
    for (int i = 0; i < 8; i++)
        if (count >= least[i])
            return (uint8_t)(128 >> i);
    return 0;
}

/* Whether the last run went where none was before; forgets it. */
static bool was_new(void)
{
    bool found = false;
    for (int i = 0; i < EDGES; i++) {
        if (!fuzz_edge[i])
            continue;
        uint8_t bit = how_often(fuzz_edge[i]);
        edges += beaten[i] == 0;
        found |= (beaten[i] & bit) == 0;
        beaten[i] |= bit;
        fuzz_edge[i] = 0;
    }
    return found;
}

/* ---- one run ---- */

static int in_hand = -1; /* the file of it */
static char in_hand_path[256];

static void open_in_hand(void)
{
    snprintf(in_hand_path, sizeof in_hand_path, "%s.input", set.name);
    in_hand = open(in_hand_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    fuzz_must(in_hand >= 0, "to write the input");
}

static void end_of_patience(int number)
{
    static const char text[] = "fuzz: no end: the input takes too long\n";
    (void)number;
    (void)!write(2, text, sizeof text - 1);
    abort();
}

static void run_once(const fuzz_input *input)
{
    bool written = pwrite(in_hand, input->bytes, input->length, 0) ==
                       (ssize_t)input->length &&
                   ftruncate(in_hand, (off_t)input->length) == 0;
    fuzz_must(written, "to write the input");
    alarm(PATIENCE);
    LLVMFuzzerTestOneInput(input->bytes, input->length);
    alarm(0);
}

/* ---- the pool ---- */

static void add(const fuzz_input *input)
{
    if (pool.count == pool.capacity) {
        pool.capacity = pool.capacity ? 2 * pool.capacity : 64;
        pool.input =
            realloc(pool.input, (size_t)pool.capacity * sizeof *pool.input);
        fuzz_must(pool.input, "memory");
    }
    uint8_t *bytes = malloc(input->length + 1);
    fuzz_must(bytes, "memory");
    memcpy(bytes, input->bytes, input->length);
    pool.input[pool.count++] =
        (fuzz_input){.bytes = bytes, .length = input->length};
}

static void save(const fuzz_input *input)
{
    char path[512];
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (size_t i = 0; i < input->length; i++)
        hash = (hash ^ input->bytes[i]) * 0x100000001b3u;
    snprintf(path, sizeof path, "%s/%016llx", set.keep,
             (unsigned long long)hash);
    FILE *file = fopen(path, "wb");
    fuzz_must(file, "to keep an input");
    fwrite(input->bytes, 1, input->length, file);
    fclose(file);
}

/* The input of a file, run and added; of a folder all. */
static void load(const char *path)
{
    struct stat about;
    DIR *folder = opendir(path);
    if (folder) {
        struct dirent **entry = NULL;
        int count = scandir(path, &entry, NULL, alphasort);
        for (int i = 0; i < count; i++) {
            char inside[1024];
            snprintf(inside, sizeof inside, "%s/%s", path, entry[i]->d_name);
            if (entry[i]->d_name[0] != '.')
                load(inside);
            free(entry[i]);
        }
        free(entry);
        closedir(folder);
        return;
    }
    FILE *file = fopen(path, "rb");
    fuzz_must(file && fstat(fileno(file), &about) == 0, path);
    uint8_t *bytes = malloc(INPUT_MOST);
    fuzz_must(bytes, "memory");
    fuzz_input input = {.bytes = bytes,
                        .length = fread(bytes, 1, INPUT_MOST, file)};
    fclose(file);
    run_once(&input);
    was_new();
    add(&input);
    free(bytes);
}

/* ---- the loop ---- */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Half of the time one of those that were found last. */
static const fuzz_input *choose(uint64_t *state)
{
    uint64_t drawn = fuzz_random(state);
    int64_t few = pool.count < 16 ? pool.count : 16;
    if (drawn % 2)
        return &pool.input[pool.count - 1 - (int64_t)((drawn >> 8) % few)];
    return &pool.input[(drawn >> 8) % pool.count];
}

static int64_t change_and_run(uint64_t state)
{
    static uint8_t room[INPUT_MOST];
    double end = now() + set.seconds;
    int64_t runs = 0;
    for (; runs < set.runs && now() < end; runs++) {
        const fuzz_input *from = choose(&state);
        fuzz_input input = {.bytes = room, .length = from->length};
        memcpy(room, from->bytes, from->length);
        fuzz_mutate(&input, choose(&state), &state);
        run_once(&input);
        if (!was_new() || pool.count == POOL_MOST)
            continue;
        add(&input);
        if (set.keep)
            save(&input);
    }
    return runs;
}

static int usage(void)
{
    fprintf(stderr,
            "usage: %s [--seconds S] [--runs N] [--seed N] [--keep FOLDER] "
            "[FILE | FOLDER]...\n",
            set.name);
    return 2;
}

static bool take_option(const char *word, const char *value)
{
    if (strcmp(word, "--seconds") == 0)
        set.seconds = atof(value);
    else if (strcmp(word, "--runs") == 0)
        set.runs = atoll(value);
    else if (strcmp(word, "--seed") == 0)
        set.seed = strtoull(value, NULL, 10);
    else if (strcmp(word, "--keep") == 0)
        set.keep = value;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    set.name = slash ? slash + 1 : argv[0];
    int at = 1;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at += 2)
        if (at + 1 == argc || !take_option(argv[at], argv[at + 1]))
            return usage();
    open_in_hand();
    signal(SIGALRM, end_of_patience);
    fuzz_input nothing = {.bytes = (uint8_t[1]){0}};
    run_once(&nothing);
    was_new();
    add(&nothing);
    for (; at < argc; at++)
        load(argv[at]);
    int64_t runs = change_and_run(set.seed);
    printf("%s: %lld runs, %lld inputs, %lld edges\n", set.name,
           (long long)runs, (long long)pool.count, (long long)edges);
    for (int64_t i = 0; i < pool.count; i++)
        free(pool.input[i].bytes);
    free(pool.input);
    unlink(in_hand_path);
    return 0;
}
