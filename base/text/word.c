/* base/text/word.c - words that nearly are others. */
#include "base/text/word.h"

#include <stddef.h>
#include <string.h>

/* Optimal string alignment: insertions, deletions, changes, and neighbours that changed places. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m) {
    enum { MOST = 64 };
    if (n >= MOST || m >= MOST) return MOST;
    size_t d[MOST][MOST];
    for (size_t i = 0; i <= n; i++) d[i][0] = i;
    for (size_t k = 0; k <= m; k++) d[0][k] = k;
    for (size_t i = 1; i <= n; i++)
        for (size_t k = 1; k <= m; k++) {
            size_t best = d[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
            if (d[i - 1][k] + 1 < best) best = d[i - 1][k] + 1;
            if (d[i][k - 1] + 1 < best) best = d[i][k - 1] + 1;
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
                d[i - 2][k - 2] + 1 < best)
                best = d[i - 2][k - 2] + 1;
            d[i][k] = best;
        }
    return d[n][m];
}

const char *nas_nearest(const char *word, const char *const *list) {
    const size_t n = strlen(word);
    const char *best = NULL;
    size_t least = n / 3 + 1;
    for (; *list; list++) {
        const size_t d = edit_distance(word, n, *list, strlen(*list));
        if (d >= least) continue;
        least = d;
        best = *list;
    }
    return best;
}

bool nas_word_in(const char *word, const char *const *list) {
    for (; *list; list++)
        if (strcmp(word, *list) == 0) return true;
    return false;
}
