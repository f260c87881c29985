/* base/relation.c - the comparison operators, a row each. */
#include "base/relation.h"

#include <math.h>
#include <string.h>

typedef struct row {
    const char *text;
    int direction;
    bool below, equal, above; /* holds for a value that is so */
} row;

static const row rows[] = {
    [NAS_ABOVE] = {">", 1, false, false, true},  [NAS_AT_LEAST] = {">=", 1, false, true, true},
    [NAS_BELOW] = {"<", -1, true, false, false}, [NAS_AT_MOST] = {"<=", -1, true, true, false},
    [NAS_EQUAL] = {"==", 0, false, true, false}, [NAS_UNEQUAL] = {"!=", 0, true, false, true},
};
_Static_assert(sizeof rows / sizeof *rows == NAS_RELATIONS, "a row for each relation");

const char *nas_relation_text(nas_relation r) {
    return rows[r].text;
}

nas_relation nas_relation_of(const char *text) {
    int r = 0;
    while (text && r < NAS_RELATIONS && strcmp(rows[r].text, text) != 0) r++;
    return text ? (nas_relation)r : NAS_RELATIONS;
}

nas_relation nas_relation_at(const char *text) {
    size_t longest = 0;
    nas_relation best = NAS_RELATIONS;
    for (int r = 0; r < NAS_RELATIONS; r++) {
        const size_t n = strlen(rows[r].text);
        if (n <= longest || strncmp(text, rows[r].text, n) != 0) continue;
        longest = n;
        best = (nas_relation)r;
    }
    return best;
}

bool nas_relation_holds(nas_relation r, double v, double bound) {
    if (isnan(v) || isnan(bound)) return false;
    return v < bound ? rows[r].below : v > bound ? rows[r].above : rows[r].equal;
}

int nas_relation_direction(nas_relation r) {
    return rows[r].direction;
}
