/* core/data/table/csv_number.c - numbers of a table, fast where that is exact. */
#include "core/data/table/csv_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 128 };

static bool is_digit(char b) {
    return b >= '0' && b <= '9';
}

int32_t nas_csv_group_sign(const char *p, const char *end, char decimal) {
    static const char *const signs[] = {" ",   "'", "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x99",
                                        "\xa0"};
    if (p == end) return 0;
    if (*p == (decimal == '.' ? ',' : '.')) return 1;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        const size_t n = strlen(signs[i]);
        if ((size_t)(end - p) >= n && memcmp(p, signs[i], n) == 0) return (int32_t)n;
    }
    return 0;
}

/* Copies the digits before the fraction without what parts thousands: one to three digits, then
 * threes. NULL: they are parted otherwise. */
static const char *take_whole(const char *p, const char *end, char decimal, char *to, int32_t *n) {
    int32_t digits = 0;
    bool parted = false;
    for (;;) {
        if (p < end && is_digit(*p)) {
            to[(*n)++] = *p++;
            digits++;
            continue;
        }
        const int32_t sign = nas_csv_group_sign(p, end, decimal);
        if (!sign) return parted && digits != 3 ? NULL : p;
        if (!digits || digits > 3 || (parted && digits != 3)) return NULL;
        parted = true;
        digits = 0;
        p += sign;
    }
}

/* What strtod says of the text with a point for its decimal sign, and no signs in its thousands. */
static bool slow_number(const char *p, const char *end, char decimal, double *out) {
    char text[TEXT], *stop;
    int32_t n = 0;
    if (p == end || end - p >= TEXT || memchr(p, '\0', (size_t)(end - p))) return false;
    if (*p == '-' || *p == '+') text[n++] = *p++;
    if (!(p = take_whole(p, end, decimal, text, &n))) return false;
    for (; p < end; p++) {
        /* Neither "nan", "inf" nor hexadecimal. */
        if (!is_digit(*p) && *p != '+' && *p != '-' && *p != 'e' && *p != 'E' && *p != decimal)
            return false;
        text[n++] = *p == decimal ? '.' : *p;
    }
    text[n] = '\0';
    *out = strtod(text, &stop);
    return n > 0 && stop == text + n && isfinite(*out);
}

static void trim(const char **p, const char **end) {
    while (*p < *end && (**p == ' ' || **p == '\t')) ++*p;
    while (*end > *p && ((*end)[-1] == ' ' || (*end)[-1] == '\t')) --*end;
}

static bool number(const char *p, const char *end, char decimal, double *out) {
    /* Digits that fit 53 bits, over a power of ten that is exact: one rounding, so the nearest
     * double (Clinger, "How to read floating point numbers accurately", 1990, section 3). */
    static const double powers[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    enum { DIGITS = 15 };
    const char *start = p;
    const bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    int64_t digits = 0;
    int32_t n = 0, after = 0;
    bool point = false;
    for (; p < end; p++) {
        if (is_digit(*p)) {
            digits = digits * 10 + (*p - '0');
            after += point;
            if (++n > DIGITS) break;
        } else if (!point && *p == decimal) {
            point = true;
        } else {
            break;
        }
    }
    if (p < end || n == 0) return slow_number(start, end, decimal, out);
    const double v = (double)digits / powers[after];
    *out = negative ? -v : v;
    return true;
}

bool nas_csv_number(const nas_csv *c, nas_cell cell, double *out) {
    const char *p = cell.p, *end = cell.p + cell.n;
    trim(&p, &end);
    return number(p, end, nas_csv_decimal(c), out);
}

/* --- numbers that are none only by their writing ------------------------------------------------
 */

/* Signs that may stand before a number, in bytes; 0: this is none of them. */
static int32_t before_number(const char *p, const char *end) {
    static const char *const signs[] = {
        "+", "-", "\xe2\x88\x92" /* minus */, "\xe2\x80\x93" /* en dash */, "(", "<", ">", "~", "$",
        " ", "=", "\xe2\x82\xac" /* euro */,  "\xc2\xa3" /* pound */,       "'"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        const size_t n = strlen(signs[i]);
        if ((size_t)(end - p) >= n && memcmp(p, signs[i], n) == 0) return (int32_t)n;
    }
    return 0;
}

/* Do the signs p[0 .. end) before a number make it negative? */
static bool is_minus(const char *p, const char *end) {
    const size_t n = (size_t)(end - p);
    return memchr(p, '-', n) || memchr(p, '(', n) || memmem(p, n, "\xe2\x88\x92", 3) ||
           memmem(p, n, "\xe2\x80\x93", 3);
}

bool nas_csv_comma(const nas_csv *c) {
    return nas_csv_decimal(c) == ',';
}

bool nas_csv_almost(const nas_csv *c, nas_cell cell, char core[64]) {
    enum { UNIT = 12 }; /* the longest that stands behind a number */
    const char decimal = nas_csv_decimal(c), other = decimal == '.' ? ',' : '.';
    const char *p = cell.p, *all = cell.p + cell.n, *end = all;
    double v;
    for (int32_t n; p < all && (n = before_number(p, all));) p += n;
    while (end > p && !is_digit(end[-1])) end--;
    const size_t n = (size_t)(end - p);
    if (!n || n >= 60 || all - end > UNIT) return false;
    const bool negative = p > cell.p && is_minus(cell.p, p);
    core[0] = '-';
    memcpy(core + negative, p, n);
    core[negative + n] = '\0';
    for (char *x = core + 1; *x; x++) /* Fortran's exponent */
        if (*x == 'D' || *x == 'd') *x = 'e';
    end = core + strlen(core);
    if (!number(core, end, decimal, &v) && !number(core, end, other, &v)) return false;
    snprintf(core, 64, "%.15g", v);
    for (char *x = core; *x; x++)
        if (*x == '.') *x = decimal;
    return true;
}
