/* base/unit.h - the units of metrics: one table of words. Thread safety: functions of their
 * arguments. */
#ifndef NAS_BASE_UNIT_H
#define NAS_BASE_UNIT_H

#include <stdbool.h>

typedef enum nas_unit {
    NAS_UNIT_NONE,     /* a plain number, or a unit that is not known */
    NAS_UNIT_FRACTION, /* at most 1 */
    NAS_UNIT_BYTES,
    NAS_UNIT_COUNT,
    NAS_UNIT_MS,  /* milliseconds */
    NAS_UNIT_OWN, /* that of a column of the data */
    NAS_UNITS
} nas_unit;

/* As docs/SPACES.md has it: "" fraction bytes count ms own. */
const char *nas_unit_text(nas_unit u);
/* Is it one of sizes, which are whole numbers? bytes and count */
bool nas_unit_is_size(nas_unit u);
/* Has it a zero of its own, below which nothing is, so that one figure is a multiple of another?
 * Sizes and times. */
bool nas_unit_is_ratio(nas_unit u);

#endif
