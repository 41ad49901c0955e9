/**
 * What a mistyped word may have meant.
 */
#ifndef NEAREST_H
#define NEAREST_H

/** The search: start with {.text = word}, show it every word there is. */
typedef struct cor_nearest {
    const char *text;
    const char *best; /* NULL: nothing is near */
    int distance;
} cor_nearest;

/** Keep `word` (borrowed) if it is near and nearer than all before. */
void cor_nearest_try(cor_nearest *nearest, const char *word);

#endif
