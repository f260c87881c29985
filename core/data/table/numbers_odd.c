/* core/data/table/numbers_odd.c - numbers that may stand for none: -9999 among temperatures. */
#include "core/data/table/numbers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fewer cells or values say nothing of what is usual. */
enum { CELLS_LEAST = 16, VALUES_LEAST = 8, ODD_MOST = 8 };

typedef struct odd {
    double value, near; /* near: the next one of the others */
    int64_t cells;
} odd;

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Nines (-99.9, 9999) and numbers beyond all measurements are what programs write for none. */
static bool is_code(double v) {
    char text[40];
    int32_t nines = 0;
    if (fabs(v) >= 1e19) return true;
    snprintf(text, sizeof text, "%.6g", fabs(v));
    for (const char *p = text; *p; p++) {
        if (*p != '9' && *p != '.') return false;
        nines += *p == '9';
    }
    return nines >= 3;
}

static bool has_many_values(const double *v, int32_t n) {
    int32_t values = 1;
    for (int32_t i = 1; i < n && values < VALUES_LEAST; i++) values += v[i] > v[i - 1];
    return values >= VALUES_LEAST;
}

/* Are `cells` cells of `value` far from v[0 .. n), which rises? Further from the nearest than that
 * one is from the median (than four times that where the value itself is not suspicious: of rain
 * two of the heaviest days may be alike), and than half of what nearly all the others span. */
static bool is_odd(double value, int64_t cells, const double *v, int32_t n) {
    if (n < CELLS_LEAST || !has_many_values(v, n)) return false;
    const double near = value < v[0] ? v[0] : v[n - 1];
    const double span = v[n - 1 - n / 100] - v[n / 100];
    const double gap = fabs(value - near), side = fabs(near - v[n / 2]);
    /* -200 where nothing else is below 0. */
    if (value < 0 && v[0] >= 0 && cells > 1 && !(fmod(value, 1) < 0) && gap > span / 10)
        return true;
    if (!(gap > side) || !(gap > span / 2)) return false;
    const bool code = is_code(value);
    if (cells < 2 || code) return code;
    /* An off state is often 0. */
    return gap > 4 * side && cells * (fabs(value) > 0 ? 10 : 100) <= n;
}

/* Odd values from the ends of v[0 .. n), which rises, inwards. Returns how many. */
static int32_t find_odd(const double *v, int32_t n, odd out[ODD_MOST]) {
    int32_t found = 0, begin = 0, end = n;
    for (bool more = true; more && found < ODD_MOST;) {
        more = false;
        for (int side = 0; side < 2 && found < ODD_MOST; side++) {
            int32_t k = side ? end : begin;
            if (side)
                while (k > begin && !(v[k - 1] < v[end - 1])) k--;
            else
                while (k < end && !(v[k] > v[begin])) k++;
            const int32_t from = side ? begin : k, to = side ? k : end;
            if (from >= to) return found;
            const odd x = {side ? v[end - 1] : v[begin], side ? v[to - 1] : v[from],
                           (end - begin) - (to - from)};
            if (!is_odd(x.value, x.cells, v + from, to - from)) continue;
            out[found++] = x;
            begin = from;
            end = to;
            more = true;
        }
    }
    return found;
}

/* Without sorting: could the value at an end be odd? It is not where more than half of the others
 * are further from their nearest than that is from it, but for the only one below 0. */
static bool may_have_odd(const double *v, int32_t n) {
    for (int side = -1; side <= 1; side += 2) {
        double end = -(double)INFINITY, near = end;
        int32_t cells = 0, close = 0;
        for (int32_t i = 0; i < n; i++) end = fmax(end, side * v[i]);
        for (int32_t i = 0; i < n; i++) {
            cells += !(side * v[i] < end);
            if (side * v[i] < end) near = fmax(near, side * v[i]);
        }
        for (int32_t i = 0; i < n; i++)
            close += side * v[i] < end && near - side * v[i] < end - near;
        if (close * 2 >= n - cells || (side < 0 && end > 0 && !(near > 0) && cells > 1))
            return true;
    }
    return false;
}

static void warn(const nas_numbers *s, const nas_number_column *c, const odd *x,
                 const nas_log *log) {
    int32_t line = INT32_MAX; /* rows stand by group */
    for (int32_t r = 0; r < s->rows; r++)
        if (!(c->v[r] < x->value) && !(c->v[r] > x->value) && !isnan(c->v[r]) && s->line[r] < line)
            line = s->line[r];
    nas_warn(log,
             "%s: column \"%.100s\": %lld of %d cells hold %.10g, far from all others, the nearest "
             "of which is %.6g; the first is in line %d. If it stands for a missing value, set "
             "task.missing_values to [%.10g] and task.missing to \"drop\"",
             s->path, c->name, (long long)x->cells, s->rows, x->value, x->near, line, x->value);
}

nas_status nas_numbers_warn_of_odd(nas_numbers *s, const nas_log *log, nas_err *err) {
    double *v = malloc((size_t)(s->rows + 1) * sizeof *v);
    if (!v) return nas_fail(err, NAS_ENOMEM, "%s: out of memory", s->path);
    for (int32_t i = 0; i < s->n; i++) {
        nas_number_column *c = &s->column[i];
        odd found[ODD_MOST];
        int32_t n = 0;
        for (int32_t k = 0; k < s->rows; k++)
            if (!isnan(c->v[k])) v[n++] = c->v[k];
        if (!may_have_odd(v, n)) continue;
        qsort(v, (size_t)n, sizeof *v, compare);
        const int32_t odds = find_odd(v, n, found);
        c->odd = odds > 0;
        for (int32_t k = 0; k < odds; k++) warn(s, c, &found[k], log);
    }
    free(v);
    return NAS_OK;
}
