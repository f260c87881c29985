/* search/metrics/bound.c - "metric op number", and what people write in its place. */
#include "search/metrics/bound.h"

#include "search/json/json.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *blanks(const char *p) {
    return p + strspn(p, " \t\n");
}

static nas_status NAS_PRINTF(4, 5)
    wrong(const char *text, const char *at, nas_err *err, const char *fmt, ...) {
    char what[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return nas_fail(err, NAS_EINVAL, "character %d: %s", (int)(at - text) + 1, what);
}

/* The comparison that was meant by other signs; NAS_RELATIONS: none known. */
static nas_relation meant_op(const char *p) {
    static const struct {
        const char *sign;
        nas_relation op;
    } rows[] = {{"=<", NAS_AT_MOST},           {"=>", NAS_AT_LEAST},
                {"<>", NAS_UNEQUAL},           {"~=", NAS_UNEQUAL},
                {"\xE2\x89\xA4", NAS_AT_MOST}, {"\xE2\x89\xA5", NAS_AT_LEAST},
                {"\xE2\x89\xA0", NAS_UNEQUAL}, {"=", NAS_EQUAL}};
    if (nas_relation_at(p) == NAS_EQUAL) return NAS_RELATIONS;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(p, rows[i].sign, strlen(rows[i].sign)) == 0) return rows[i].op;
    return NAS_RELATIONS;
}

/* "25,000", "25_000", "25'000": the number that is meant; NaN: no thousands. */
static double thousands(const char *number) {
    char plain[64];
    size_t n = 0;
    const char *p = number;
    for (; isdigit((unsigned char)*p) && n < 4; p++) plain[n++] = *p;
    if (n == 0 || n > 3 || *number == '0') return (double)NAN; /* "0,950" is a fraction */
    while ((*p == ',' || *p == '_' || *p == '\'') && strspn(p + 1, "0123456789") == 3 && n < 60) {
        memcpy(plain + n, p + 1, 3);
        n += 3;
        p += 4;
    }
    plain[n] = '\0';
    return *blanks(p) == '\0' ? strtod(plain, NULL) : (double)NAN;
}

static nas_status after_number(const char *text, const char *number, const char *at, double bound,
                               nas_err *err) {
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{"kib", 1024}, {"mib", 1048576}, {"kb", 1e3}, {"mb", 1e6},
                 {"%", 0.01},   {"k", 1e3},       {"m", 1e6}};
    const double whole = thousands(number);
    char write[32];
    if (!isnan(whole)) {
        nas_json_number(whole, write);
        return wrong(text, at, err, "thousands take no separator; write %s", write);
    }
    if (*at == ',' && isdigit((unsigned char)at[1]))
        return wrong(text, at, err, "the decimal sign is a point; write %.*s.%.*s",
                     (int)(at - number), number, (int)strspn(at + 1, "0123456789"), at + 1);
    const char *rest = blanks(at);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const size_t n = strlen(units[i].unit);
        if (strncasecmp(rest, units[i].unit, n) != 0 || *blanks(rest + n)) continue;
        nas_json_number(*rest == '%' ? bound / 100 : bound * units[i].factor, write);
        return wrong(text, rest, err, "a bound has no unit of its own; write %s", write);
    }
    return wrong(text, rest, err,
                 "expected the end after the number; its unit is that of the metric: bytes, ms, a "
                 "fraction");
}

nas_status nas_bound_parse(nas_arena *a, const char *text, const char **metric, nas_relation *op,
                           double *bound, nas_err *err) {
    const char *name = blanks(text), *p = name;
    while (isalnum((unsigned char)*p) || *p == '_' || *p == '.') p++;
    if (!isalpha((unsigned char)*name))
        return wrong(text, name, err, "expected a metric, as in \"accuracy > 0.9\"");
    if (!(*metric = nas_arena_format(a, err, "%.*s", (int)(p - name), name))) return NAS_ENOMEM;
    p = blanks(p);
    const nas_relation meant = meant_op(p);
    *op = nas_relation_at(p);
    if (meant != NAS_RELATIONS || *op == NAS_RELATIONS)
        return wrong(text, p, err, "expected one of > >= < <= == != after the metric%s%s",
                     meant != NAS_RELATIONS ? "; write " : "",
                     meant != NAS_RELATIONS ? nas_relation_text(meant) : "");
    const char *number = blanks(p + strlen(nas_relation_text(*op)));
    char *end = NULL;
    *bound = strtod(number, &end);
    if (!(isdigit((unsigned char)*number) || *number == '-' || *number == '.') || end == number ||
        !isfinite(*bound))
        return wrong(text, number, err, "expected a number after the comparison");
    return *blanks(end) ? after_number(text, number, end, *bound, err) : NAS_OK;
}
