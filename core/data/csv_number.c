/* core/data/csv_number.c - numbers of a table, fast where that is exact. */
#include "core/data/csv_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What strtod says of the text with a point in place of its decimal comma. */
static bool slow_number(const char *p, size_t n, bool comma, double *out) {
    char text[128], *end;
    if (!n || n >= sizeof text || memchr(p, '\0', n)) return false;
    for (size_t i = 0; i < n; i++) {
        const char b = p[i];
        /* Neither "nan", "inf" nor hexadecimal. */
        if (!((b >= '0' && b <= '9') || strchr("+-.eE", b) || (comma && b == ','))) return false;
        text[i] = comma && b == ',' ? '.' : b;
    }
    text[n] = '\0';
    *out = strtod(text, &end);
    return end == text + n && isfinite(*out);
}

bool nas_csv_number(const nas_csv *c, nas_cell cell, double *out) {
    /* Digits that fit 53 bits, over a power of ten that is exact: one rounding, so the nearest
     * double (Clinger, "How to read floating point numbers accurately", 1990, section 3). */
    static const double powers[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    enum { DIGITS = 15 };
    const bool comma = nas_csv_delimiter(c) != ',';
    const char *p = cell.p, *end = cell.p + cell.n;
    while (p < end && (*p == ' ' || *p == '\t')) p++;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t')) end--;
    const char *start = p;
    const bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    int64_t digits = 0;
    int32_t n = 0, after = 0;
    bool point = false;
    for (; p < end; p++) {
        if (*p >= '0' && *p <= '9') {
            digits = digits * 10 + (*p - '0');
            after += point;
            if (++n > DIGITS) break;
        } else if (!point && (*p == '.' || (comma && *p == ','))) {
            point = true;
        } else {
            break;
        }
    }
    if (p < end || n == 0) return slow_number(start, (size_t)(end - start), comma, out);
    const double v = (double)digits / powers[after];
    *out = negative ? -v : v;
    return true;
}
