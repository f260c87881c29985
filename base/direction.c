/* base/direction.c - the directions, a row each. */
#include "base/direction.h"

static const char *const rows[] = {[NAS_MINIMIZE] = "minimize", [NAS_MAXIMIZE] = "maximize"};
_Static_assert(sizeof rows / sizeof *rows == NAS_DIRECTIONS, "a row for each direction");

const char *nas_direction_text(nas_direction d) {
    return d < NAS_DIRECTIONS ? rows[d] : "";
}
