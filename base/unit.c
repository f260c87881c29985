/* base/unit.c - the units of metrics, a row each. */
#include "base/unit.h"

typedef struct row {
    const char *text;
    bool size, ratio;
} row;

static const row rows[] = {
    [NAS_UNIT_NONE] = {"", false, false},     [NAS_UNIT_FRACTION] = {"fraction", false, false},
    [NAS_UNIT_BYTES] = {"bytes", true, true}, [NAS_UNIT_COUNT] = {"count", true, true},
    [NAS_UNIT_MS] = {"ms", false, true},      [NAS_UNIT_OWN] = {"own", false, false},
};
_Static_assert(sizeof rows / sizeof *rows == NAS_UNITS, "a row for each unit");

const char *nas_unit_text(nas_unit u) {
    return rows[u].text;
}

bool nas_unit_is_size(nas_unit u) {
    return rows[u].size;
}

bool nas_unit_is_ratio(nas_unit u) {
    return rows[u].ratio;
}
