/**
 * The screen: stderr as a person sees it, a bar that is drawn over itself or
 * lines one after the other.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include "coracle/progress.h"

enum screen_way { SCREEN_OFF, SCREEN_LINES, SCREEN_BAR };

typedef struct cor_screen {
    enum screen_way way;
    int columns; /* of the terminal */
    int drawn;   /* characters of the bar that stands there now */
} cor_screen;

/**
 * A bar where stderr is a terminal, lines elsewhere, nothing when quiet; the
 * environment variable CORACLE_PROGRESS (off, line, bar) decides otherwise.
 * Local. @return COR_OK; COR_EUSAGE for another word in that variable
 */
int cor_screen_open(cor_screen *screen, enum cor_loudness loudness);

/** Draw the bar over what stood there. */
void cor_screen_bar(cor_screen *screen, const char *text);
/** Take the bar away. */
void cor_screen_clear(cor_screen *screen);
/** A line of its own; the bar, if any, is taken away first. */
void cor_screen_line(cor_screen *screen, const char *text);

#endif
