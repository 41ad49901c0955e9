#include "nearest.h"

#include <string.h>

enum { LONGEST = 63 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Letters to change, add, drop or swap with their neighbour to make one word
   the other (Damerau, "A technique for computer detection and correction of
   spelling errors", CACM 1964; each letter is edited once). */
static int edits(const char *a, const char *b)
{
    int n = (int)strlen(a), m = (int)strlen(b);
    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    int row[3][LONGEST + 1]; /* of the letters before, before that, now */
    for (int j = 0; j <= m; j++)
        row[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *now = row[i % 3], *before = row[(i + 2) % 3];
        const int *earlier = row[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            now[j] = before[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(now[j], least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

void cor_nearest_try(cor_nearest *nearest, const char *word)
{
    size_t length = strlen(nearest->text);
    int most = length < 4 ? 1 : length < 8 ? 2 : 3;
    int distance = edits(nearest->text, word);
    /* the beginning of a word is as good as one slip */
    if (length > 1 && strncmp(word, nearest->text, length) == 0)
        distance = least(distance, 1);
    if (distance > most || (nearest->best && distance >= nearest->distance))
        return;
    nearest->best = word;
    nearest->distance = distance;
}
