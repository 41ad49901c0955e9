#define _DEFAULT_SOURCE /* the size of a terminal is not in POSIX 2008 */
#include "screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* mpirun gives its ranks pipes for stderr and copies them to its own: where a
   rank's parent is mpirun, the parent's stderr is the one that counts. */
static bool launcher_has_terminal(void)
{
    if (!getenv("OMPI_COMM_WORLD_SIZE"))
        return false;
    char path[64], target[64] = "";
    snprintf(path, sizeof path, "/proc/%ld/fd/2", (long)getppid());
    if (readlink(path, target, sizeof target - 1) < 0)
        return false;
    return strncmp(target, "/dev/pts/", 9) == 0 ||
           strncmp(target, "/dev/tty", 8) == 0;
}

static int terminal_columns(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return columns && atoi(columns) > 20 ? atoi(columns) : 80;
}

int cor_screen_open(cor_screen *screen, enum cor_loudness loudness)
{
    *screen = (cor_screen){.way = SCREEN_LINES, .columns = terminal_columns()};
    if (isatty(STDERR_FILENO) || launcher_has_terminal())
        screen->way = SCREEN_BAR;
    const char *asked = getenv("CORACLE_PROGRESS");
    static const char *const word[] = {"off", "line", "bar"};
    int known = 0;
    while (asked && *asked && known < 3 && strcmp(asked, word[known]) != 0)
        known++;
    if (known == 3)
        return cor_fail(COR_EUSAGE,
                        "the environment variable CORACLE_PROGRESS is \"%s\"; "
                        "use off, line or bar",
                        asked);
    if (asked && *asked)
        screen->way = (enum screen_way)known;
    if (loudness == COR_QUIET)
        screen->way = SCREEN_OFF;
    return COR_OK;
}

void cor_screen_bar(cor_screen *screen, const char *text)
{
    int most = screen->columns - 1;
    int length = (int)strlen(text) < most ? (int)strlen(text) : most;
    int rest = screen->drawn > length ? screen->drawn - length : 0;
    fprintf(stderr, "\r%.*s%*s", length, text, rest, "");
    fflush(stderr);
    screen->drawn = length;
}

void cor_screen_clear(cor_screen *screen)
{
    if (screen->drawn > 0)
        fprintf(stderr, "\r%*s\r", screen->drawn, "");
    screen->drawn = 0;
}

void cor_screen_line(cor_screen *screen, const char *text)
{
    cor_screen_clear(screen);
    if (screen->way != SCREEN_OFF)
        fprintf(stderr, "%s\n", text);
}
