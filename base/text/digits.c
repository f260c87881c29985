/* base/text/digits.c - large numbers as people read them. */
#include "base/text/digits.h"

#include <inttypes.h>
#include <stdio.h>

const char *nas_thousands(int64_t v, char out[32]) {
    char digits[32];
    const uint64_t size = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    const int n = snprintf(digits, sizeof digits, "%" PRIu64, size);
    char *p = out;
    if (v < 0) *p++ = '-';
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0) *p++ = ',';
        *p++ = digits[i];
    }
    *p = '\0';
    return out;
}
