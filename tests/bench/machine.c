/*
 * What this machine can do at most, by programs that do one thing: multiply and
 * add in registers, multiply matrices, stream through memory, gather rows, look
 * at each byte of a file, read a file that is in the page cache. Prints one
 * JSON object.
 *
 *     bench_machine THREADS FILE [--tiny]
 */
#include <cblas.h>
#include <fcntl.h>
#include <omp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REPEATS = 5, ROW = 128 /* floats: 512 bytes */, AHEAD = 8 };

typedef float floats __attribute__((vector_size(64)));
typedef double doubles __attribute__((vector_size(64)));

static int threads;
static bool tiny;
static volatile double sink; /* what is computed must be wanted */

static double least(const double *time)
{
    double best = time[0];
    for (int i = 1; i < REPEATS; i++)
        best = time[i] < best ? time[i] : best;
    return best;
}

/* The least seconds of `work`, the first run being for warmth. */
static double seconds(void (*work)(void))
{
    double time[REPEATS];
    work();
    for (int i = 0; i < REPEATS; i++) {
        time[i] = -omp_get_wtime();
        work();
        time[i] += omp_get_wtime();
    }
    return least(time);
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* Memory in huge pages where the machine gives them. */
static void *take(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        fail("memory");
    madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
}

/* ---- multiply-add in registers ---- */

/* ACCUMULATORS independent chains hide the latency of one; 32 registers of
   AVX-512 hold more of them than 16 of AVX2, two of which make a vector here.
 */
static long rounds(void)
{
    return tiny ? 100000 : 20000000;
}

#define MULTIPLY_ADD(name, vector, accumulators)                               \
    static void name(double start)                                             \
    {                                                                          \
        vector a[accumulators], by = {0}, more = {0};                          \
        by += 0.5f;                                                            \
        more += 0.25f;                                                         \
        for (int i = 0; i < accumulators; i++)                                 \
            a[i] = by * (float)(start + i);                                    \
        for (long r = rounds(); r > 0; r--)                                    \
            _Pragma("GCC unroll 16") for (int i = 0; i < accumulators; i++)    \
                a[i] = a[i] * by + more;                                       \
        vector sum = a[0];                                                     \
        for (int i = 1; i < accumulators; i++)                                 \
            sum += a[i];                                                       \
        sink = (double)sum[0];                                                 \
    }

#if defined(__x86_64__)
#define WIDE __attribute__((target("arch=x86-64-v4,prefer-vector-width=512")))
#define NARROW __attribute__((target("arch=x86-64-v3")))
WIDE MULTIPLY_ADD(wide32, floats, 12) WIDE
    MULTIPLY_ADD(wide64, doubles, 12) NARROW
    MULTIPLY_ADD(narrow32, floats, 5) NARROW
    MULTIPLY_ADD(narrow64, doubles, 5) static bool is_wide(void)
{
    return __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512vl");
}
#else
MULTIPLY_ADD(wide32, floats, 5)
MULTIPLY_ADD(wide64, doubles, 5)
#define narrow32 wide32
#define narrow64 wide64
static bool is_wide(void)
{
    return false;
}
#endif

static void multiply_add32(void)
{
#pragma omp parallel num_threads(threads)
    (is_wide() ? wide32 : narrow32)(omp_get_thread_num());
}

static void multiply_add64(void)
{
#pragma omp parallel num_threads(threads)
    (is_wide() ? wide64 : narrow64)(omp_get_thread_num());
}

/* Operations of one run, in 1e9: two a lane of 64 bytes. */
static double multiply_adds(int lanes)
{
    int accumulators = is_wide() ? 12 : 5;
    return 2e-9 * lanes * accumulators * (double)rounds() * threads;
}

/* ---- matrices ---- */

static int order;
static float *a32, *b32, *c32;
static double *a64, *b64, *c64;

static void sgemm(void)
{
    cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, order, order, order,
                1, a32, order, b32, order, 0, c32, order);
}

static void dgemm(void)
{
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, order, order, order,
                1, a64, order, b64, order, 0, c64, order);
}

static void report_matrices(void)
{
    order = tiny ? 256 : 2048;
    size_t size = (size_t)order * (size_t)order;
    double *all = take(3 * size * sizeof *all);
    for (size_t i = 0; i < 3 * size; i++)
        all[i] = 1.0 / (double)(i % 1000 + 1);
    a64 = all, b64 = all + size, c64 = all + 2 * size;
    double flops = 2e-9 * order * (double)size;
    printf(", \"dgemm\": %.1f", flops / seconds(dgemm));
    a32 = (float *)all, b32 = a32 + size, c32 = a32 + 2 * size;
    for (size_t i = 0; i < 3 * size; i++)
        a32[i] = 1.0f / (float)(i % 1000 + 1);
    printf(", \"sgemm\": %.1f", flops / seconds(sgemm));
    munmap(all, 3 * size * sizeof *all);
}

/* ---- memory ---- */

static double *x, *y, *z;
static size_t length;

static void triad(void)
{
#pragma omp parallel for num_threads(threads) schedule(static)
    for (size_t i = 0; i < length; i++)
        x[i] = y[i] + 3.0 * z[i];
}

static void report_triad(void)
{
    length = (tiny ? 1u : 32u) << 20;
    x = take(length * 24);
    y = x + length;
    z = y + length;
    triad(); /* the pages come to be here, by the threads that use them */
    printf(", \"triad\": %.2f", 24e-9 * (double)length / seconds(triad));
    munmap(x, length * 24);
}

static float *table;
static uint32_t *place;
static size_t places;

static void gather(void)
{
    double total = 0;
#pragma omp parallel for num_threads(threads) reduction(+ : total)
    for (size_t i = 0; i < places; i++) {
        const float *row = table + (size_t)place[i] * ROW;
        const char *next =
            (const char *)(table + (size_t)place[i + AHEAD] * ROW);
        for (size_t b = 0; b < ROW * sizeof *row; b += 64)
            __builtin_prefetch(next + b);
        floats sum = {0};
        for (int f = 0; f < ROW; f += 16)
            sum += *(const floats *)(row + f);
        total += (double)sum[0];
    }
    sink = total;
}

/* Rows of 512 bytes, in no order, from a table of so many bytes. */
static void report_gather(const char *name, size_t bytes)
{
    size_t rows = bytes / (ROW * sizeof *table);
    uint64_t state = 88172645463325252u; /* xorshift */
    places = tiny ? 1u << 16 : 1u << 22;
    table = take(bytes);
    place = take((places + AHEAD) * sizeof *place);
    memset(table, 0, bytes);
    for (size_t i = 0; i < places + AHEAD; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        place[i] = (uint32_t)((state >> 11) % rows);
    }
    printf(", \"%s\": %.2f", name,
           1e-9 * (double)places * ROW * sizeof *table / seconds(gather));
    munmap(table, bytes);
    munmap(place, (places + AHEAD) * sizeof *place);
}

/* ---- a file ---- */

static const char *path;
static const unsigned char *text;
static int64_t text_length;

/* The least that a parser does: see each byte, tell digits from the rest. */
static void scan_text(void)
{
    int64_t total = 0;
#pragma omp parallel for num_threads(threads) reduction(+ : total)
    for (int t = 0; t < threads; t++) {
        int64_t begin = text_length * t / threads;
        int64_t end = text_length * (t + 1) / threads;
        uint64_t number = 0;
        for (int64_t i = begin; i < end; i++) {
            unsigned digit = text[i] - (unsigned)'0';
            if (digit < 10) {
                number = number * 10 + digit;
            } else {
                total += (int64_t)(number & 255);
                number = 0;
            }
        }
    }
    sink = (double)total;
}

static void count_lines(void)
{
    int64_t lines = 0;
#pragma omp parallel for num_threads(threads) reduction(+ : lines)
    for (int64_t i = 0; i < text_length; i++)
        lines += text[i] == '\n';
    sink = (double)lines;
}

static void read_cached(void)
{
    enum { PIECE = 1 << 20 };
    int file = open(path, O_RDONLY);
    if (file < 0)
        fail(path);
#pragma omp parallel num_threads(threads)
    {
        char *buffer = malloc(PIECE);
#pragma omp for schedule(dynamic)
        for (int64_t at = 0; at < text_length; at += PIECE)
            if (!buffer || pread(file, buffer, PIECE, at) < 0)
                fail(path);
        free(buffer);
    }
    close(file);
}

static void report_file(void)
{
    struct stat status;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &status) != 0)
        fail(path);
    text_length = status.st_size;
    text = mmap(NULL, (size_t)text_length, PROT_READ, MAP_PRIVATE, file, 0);
    if (text == MAP_FAILED)
        fail(path);
    close(file);
    double bytes = (double)text_length;
    printf(", \"page_cache\": %.2f", 1e-9 * bytes / seconds(read_cached));
    printf(", \"count_lines\": %.2f", 1e-9 * bytes / seconds(count_lines));
    printf(", \"scan_text\": %.2f", 1e-9 * bytes / seconds(scan_text));
    munmap((void *)text, (size_t)text_length);
}

int main(int count, char **word)
{
    if (count < 3 || (threads = atoi(word[1])) < 1) {
        fprintf(stderr, "usage: bench_machine THREADS FILE [--tiny]\n");
        return 2;
    }
    path = word[2];
    tiny = count > 3 && strcmp(word[3], "--tiny") == 0;
    omp_set_num_threads(threads);
    printf("{\"threads\": %d", threads);
    printf(", \"fma32\": %.1f", multiply_adds(16) / seconds(multiply_add32));
    printf(", \"fma64\": %.1f", multiply_adds(8) / seconds(multiply_add64));
    report_matrices();
    report_triad();
    report_gather("gather_large", tiny ? 16u << 20 : 2048u << 20);
    report_gather("gather_small", tiny ? 1u << 20 : 14u << 20);
    report_file();
    printf("}\n");
    return 0;
}
