#include "coracle/plot.h"

#include "coracle/memory.h"
#include "coracle/part.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { PATH_SIZE = 4096, SAID = 400 };

static int make_room(cor_plot *plot, int64_t more)
{
    int64_t capacity = plot->capacity ? plot->capacity : 4096;
    while (capacity < plot->length + more)
        capacity *= 2;
    if (capacity == plot->capacity)
        return COR_OK;
    COR_TRY(cor_reallocate(&plot->text, plot->capacity, capacity, 1, "a plot"));
    plot->capacity = capacity;
    return COR_OK;
}

void cor_plot_add(cor_plot *plot, const char *format, ...)
{
    va_list words;
    va_start(words, format);
    int length = vsnprintf(NULL, 0, format, words);
    va_end(words);
    if (plot->status == COR_OK)
        plot->status = make_room(plot, length + 1);
    if (plot->status != COR_OK)
        return;
    va_start(words, format);
    vsnprintf(plot->text + plot->length, (size_t)length + 1, format, words);
    va_end(words);
    plot->length += length;
}

void cor_plot_quote(cor_plot *plot, const char *text)
{
    cor_plot_add(plot, "'");
    for (; *text; text++)
        if (*text == '\'')
            cor_plot_add(plot, "''");
        else
            cor_plot_add(plot, "%c", *text == '\n' ? ' ' : *text);
    cor_plot_add(plot, "'");
}

void cor_plot_free(cor_plot *plot)
{
    cor_free(plot->text);
    *plot = (cor_plot){0};
}

static const char *terminal(const char *path)
{
    const char *dot = strrchr(path, '.');
    if (dot && strcmp(dot, ".svg") == 0)
        return "svg size 900,600 noenhanced font 'sans,14' background 'white'";
    if (dot && strcmp(dot, ".png") == 0)
        return "pngcairo size 900,600 noenhanced font 'sans,11'";
    return NULL;
}

int cor_plot_check(const char *path)
{
    return terminal(path) ? COR_OK
                          : cor_fail(COR_EUSAGE,
                                     "%s is no picture that can be drawn: give "
                                     "a path that ends in .svg or .png",
                                     path);
}

/* A file without a name: what gnuplot reads, and what it says. */
static int nameless(int *file)
{
    char path[PATH_SIZE];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/coracle-plot-XXXXXX",
             folder ? folder : "/tmp");
    *file = mkstemp(path);
    if (*file < 0)
        return cor_fail(COR_EIO, "%s cannot be made: %s", path,
                        strerror(errno));
    unlink(path);
    return COR_OK;
}

static int write_script(const cor_plot *plot, const char *path, int file)
{
    char head[256];
    int length = snprintf(head, sizeof head,
                          "set terminal %s\nset encoding "
                          "utf8\n",
                          terminal(path));
    if (write(file, head, (size_t)length) != length ||
        write(file, plot->text, (size_t)plot->length) != plot->length ||
        lseek(file, 0, SEEK_SET) != 0)
        return cor_fail(COR_EIO, "the plot's script cannot be written: %s",
                        strerror(errno));
    return COR_OK;
}

/* gnuplot with these for its input, output and complaints. */
static int run(int script, int picture, int said, int *code)
{
    char *words[] = {(char *)"gnuplot", NULL};
    posix_spawn_file_actions_t files;
    pid_t child;
    if (posix_spawn_file_actions_init(&files) != 0)
        return cor_fail(COR_EMEMORY, "out of memory to start gnuplot");
    posix_spawn_file_actions_adddup2(&files, script, 0);
    posix_spawn_file_actions_adddup2(&files, picture, 1);
    posix_spawn_file_actions_adddup2(&files, said, 2);
    int failed = posix_spawnp(&child, "gnuplot", &files, NULL, words, environ);
    posix_spawn_file_actions_destroy(&files);
    if (failed)
        return cor_fail(COR_EIO,
                        "gnuplot cannot be started (%s); install it, on Debian "
                        "and Ubuntu as gnuplot-nox",
                        strerror(failed));
    while (waitpid(child, code, 0) < 0)
        if (errno != EINTR)
            return cor_fail(COR_EIO, "gnuplot was lost: %s", strerror(errno));
    return COR_OK;
}

/* What gnuplot complained of, on one line. */
static int complain(int said)
{
    char text[SAID + 1] = "";
    lseek(said, 0, SEEK_SET);
    ssize_t length = read(said, text, SAID);
    text[length > 0 ? length : 0] = 0;
    for (char *p = text; *p; p++)
        if (*p == '\n')
            *p = ' ';
    return cor_fail(COR_EIO, "gnuplot could not draw this: %s", text);
}

static int draw(const cor_plot *plot, const char *path, const char *part)
{
    int script = -1, said = -1, code = 0, rc;
    int picture = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (picture < 0)
        return cor_fail(COR_EIO, "%s cannot be written: %s", part,
                        strerror(errno));
    rc = nameless(&script);
    if (rc == COR_OK)
        rc = nameless(&said);
    if (rc == COR_OK)
        rc = write_script(plot, path, script);
    if (rc == COR_OK)
        rc = run(script, picture, said, &code);
    if (rc == COR_OK && code != 0)
        rc = complain(said);
    if (rc == COR_OK && lseek(picture, 0, SEEK_END) == 0)
        rc = complain(said);
    if (close(picture) != 0 && rc == COR_OK)
        rc = cor_fail(COR_EIO, "%s cannot be written: %s", part,
                      strerror(errno));
    if (script >= 0)
        close(script);
    if (said >= 0)
        close(said);
    return rc;
}

int cor_plot_draw(const cor_plot *plot, const char *path)
{
    char *part;
    COR_TRY(cor_plot_check(path));
    COR_TRY(plot->status);
    COR_TRY(cor_part_create(path, &part));
    int rc = draw(plot, path, part);
    if (rc == COR_OK && rename(part, path) != 0)
        rc = cor_fail(COR_EIO, "%s cannot be written: %s", path,
                      strerror(errno));
    if (rc != COR_OK)
        unlink(part);
    cor_part_end(&part);
    return rc;
}
