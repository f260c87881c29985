/* core/data/table/numbers.c - columns of numbers: cells, gaps, and what float32 keeps of them. */
#include "core/data/table/numbers.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double largest = 1e30; /* so that squares of differences are floats */

nas_status nas_numbers_open(const nas_csv *csv, const char *path, const nas_missing_config *missing,
                            int32_t columns, int32_t room, nas_numbers *out, nas_err *err) {
    *out = (nas_numbers){.csv = csv, .path = path, .missing = missing, .room = room};
    out->column = calloc((size_t)columns + 1, sizeof *out->column);
    return out->column ? NAS_OK : nas_fail(err, NAS_ENOMEM, "%s: out of memory", path);
}

void nas_numbers_close(nas_numbers *s) {
    for (int32_t i = 0; i < s->n; i++) {
        free(s->column[i].v);
        free(s->column[i].filled);
    }
    free(s->column);
    *s = (nas_numbers){0};
}

int32_t nas_numbers_add(nas_numbers *s, const char *name, nas_err *err) {
    double *v = malloc((size_t)s->room * sizeof *v);
    if (!v) {
        (void)nas_fail(err, NAS_ENOMEM, "%s: out of memory", s->path);
        return -1;
    }
    s->column[s->n] = (nas_number_column){.name = name, .v = v};
    return s->n++;
}

static bool is_none(const nas_numbers *s, const char *column, double v) {
    for (int32_t i = 0; i < s->missing->n_none; i++) {
        const nas_none *x = &s->missing->none[i];
        if (!(x->value < v) && !(x->value > v) && (!x->column || strcmp(x->column, column) == 0))
            return true;
    }
    return false;
}

/* Why a cell has no number, and what to do about it. */
static nas_status refuse(const nas_numbers *s, const nas_number_column *c, int64_t line,
                         nas_cell cell, bool none, nas_err *err) {
    char core[64], text[160] = "";
    const char *drop = "";
    double v;
    if (none)
        snprintf(text, sizeof text,
                 ", which task.missing_values names; set task.missing to \"drop\", \"previous\" or "
                 "\"interpolate\"");
    else if (nas_csv_number(s->csv, cell, &v))
        snprintf(text, sizeof text,
                 ", beyond %g; if it stands for a missing value, set task.missing to \"drop\"",
                 largest);
    else if (nas_csv_almost(s->csv, cell, core))
        snprintf(text, sizeof text,
                 "; that number is written otherwise than numbers of this table are (decimal %s, "
                 "no units, no signs around it): write %.40s",
                 nas_csv_comma(s->csv) ? "comma" : "point", core);
    else
        drop = " (\"missing\": \"drop\" in task leaves such rows out, \"previous\" and "
               "\"interpolate\" fill short gaps)";
    return nas_fail(err, NAS_EFORMAT,
                    "%s:%lld: column \"%.100s\": expected a number%s, got \"%.*s\"%s", s->path,
                    (long long)line, c->name, drop, cell.n < 40 ? cell.n : 40, cell.p, text);
}

nas_status nas_numbers_take(nas_numbers *s, int32_t column, int64_t line, nas_cell cell,
                            nas_err *err) {
    nas_number_column *c = &s->column[column];
    double *v = &c->v[s->rows], found;
    const bool number = nas_csv_number(s->csv, cell, &found);
    const bool none = number && s->missing->n_none && is_none(s, c->name, found);
    *v = number && !none && fabs(found) <= largest ? found : (double)NAN;
    if (!isnan(*v)) return NAS_OK;
    if (s->missing->how == NAS_MISSING_ERROR) return refuse(s, c, line, cell, none, err);
    if (!c->missing++) c->first = line;
    if (none && !c->none++) c->none_first = line;
    char core[64];
    if (!number && cell.n && nas_csv_almost(s->csv, cell, core) && !c->almost++) {
        c->almost_first = line;
        snprintf(c->almost_cell, sizeof c->almost_cell, "%.*s", cell.n < 40 ? cell.n : 40, cell.p);
        memcpy(c->almost_core, core, sizeof core);
    }
    return NAS_OK;
}

/* --- gaps ---------------------------------------------------------------------------------------
 */

/* Rows [begin, end) between two numbers, or behind one. */
static void fill(nas_number_column *c, nas_missing how, int32_t begin, int32_t end) {
    const double before = c->v[begin - 1];
    const double step = (c->v[end] - before) / (end - begin + 1);
    for (int32_t i = begin; i < end; i++) {
        c->v[i] = how == NAS_MISSING_PREVIOUS ? before : before + step * (i - begin + 1);
        c->filled[i] = 1;
    }
}

static nas_status fill_gaps(const nas_numbers *s, nas_number_column *c, const int32_t *run,
                            const nas_log *log, nas_err *err) {
    const nas_missing how = s->missing->how;
    int64_t filled = 0;
    if (how < NAS_MISSING_PREVIOUS || !c->missing) return NAS_OK;
    c->filled = calloc((size_t)s->rows + 1, 1);
    if (!c->filled) return nas_fail(err, NAS_ENOMEM, "%s: out of memory", s->path);
    for (int32_t i = 0, end; i < s->rows; i = end) {
        end = i + 1;
        if (!isnan(c->v[i])) continue;
        while (end < s->rows && isnan(c->v[end]) && run[end] == run[i]) end++;
        const bool from = i > 0 && run[i - 1] == run[i];
        const bool to = end < s->rows && run[end] == run[i];
        if (!from || (how == NAS_MISSING_INTERPOLATE && !to)) continue;
        if (end - i > s->missing->longest) continue;
        if (to) {
            fill(c, how, i, end);
        } else {
            for (int32_t k = i; k < end; k++) c->v[k] = c->v[i - 1], c->filled[k] = 1;
        }
        filled += end - i;
    }
    nas_warn(
        log,
        "%s: column \"%.100s\": %lld of %lld missing cells are filled (%s) in gaps of up to %d "
        "rows, the first missing one in line %lld; the longest gap to fill is "
        "task.missing_longest",
        s->path, c->name, (long long)filled, (long long)c->missing,
        how == NAS_MISSING_PREVIOUS ? "the value before" : "interpolated", s->missing->longest,
        (long long)c->first);
    return NAS_OK;
}

static void warn_of_cells(const nas_numbers *s, const nas_number_column *c, const nas_log *log) {
    if (c->none)
        nas_warn(log,
                 "%s: column \"%.100s\": %lld of %d cells hold a number that task.missing_values "
                 "names, the first in line %lld; they count as missing",
                 s->path, c->name, (long long)c->none, s->rows, (long long)c->none_first);
    if (c->almost)
        nas_warn(log,
                 "%s: column \"%.100s\": %lld of %d cells count as missing only because of how "
                 "their numbers are written, as \"%s\" in line %lld; write %s",
                 s->path, c->name, (long long)c->almost, s->rows, c->almost_cell,
                 (long long)c->almost_first, c->almost_core);
}

/* --- what float32 keeps -------------------------------------------------------------------------
 */

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What a column is made of. */
typedef struct extent {
    double lo, hi;   /* of its numbers */
    double rounding; /* the most that float32 changes one */
    double smallest; /* step that is not 0 from one number to the next; 0: there is none */
} extent;

static extent measure(const double *v, int32_t rows) {
    extent x = {.lo = (double)INFINITY, .hi = -(double)INFINITY};
    double last = (double)NAN;
    for (int32_t i = 0; i < rows; i++) {
        if (isnan(v[i])) continue;
        const double step = fabs(v[i] - last); /* NaN at first */
        x.lo = fmin(x.lo, v[i]);
        x.hi = fmax(x.hi, v[i]);
        x.rounding = fmax(x.rounding, fabs(v[i] - (double)(float)v[i]));
        if (step > 0 && (!(x.smallest > 0) || step < x.smallest)) x.smallest = step;
        last = v[i];
    }
    return x;
}

/* The median of the steps that are not 0. */
static nas_status usual_step(const nas_numbers *s, const double *v, double *out, nas_err *err) {
    double *steps = malloc((size_t)(s->rows + 1) * sizeof *steps), last = (double)NAN;
    size_t n = 0;
    if (!steps) return nas_fail(err, NAS_ENOMEM, "%s: out of memory", s->path);
    for (int32_t i = 0; i < s->rows; i++) {
        if (isnan(v[i])) continue;
        if (fabs(v[i] - last) > 0) steps[n++] = fabs(v[i] - last);
        last = v[i];
    }
    qsort(steps, n, sizeof *steps, compare);
    *out = n ? steps[n / 2] : 0;
    free(steps);
    return NAS_OK;
}

/* float32 next to v lies so far away. */
static double spacing(double v) {
    return v > 0 ? ldexp((double)FLT_EPSILON, ilogb(v)) : 0;
}

/* A counter of 48,123,456 that rises by 0.2 keeps its steps only as a distance from the middle of
 * its range. Steps are told when they are changed by less than 1/64, and a net that takes the
 * numbers themselves can do it when they are 16 times the distance between floats. */
static nas_status find_base(const nas_numbers *s, nas_number_column *c, const nas_log *log,
                            nas_err *err) {
    const extent x = measure(c->v, s->rows);
    const double apart = spacing(fmax(fabs(x.lo), fabs(x.hi)));
    double step = 0;
    if (!(x.smallest > 0)) { /* one number: of a table that a model is tried on */
        if (x.rounding > 0) c->base = x.lo;
        return NAS_OK;
    }
    if (x.rounding <= x.smallest / 64 && apart <= x.smallest / 16) return NAS_OK;
    NAS_TRY(usual_step(s, c->v, &step, err));
    if (x.rounding <= step / 64 && apart <= step / 16) return NAS_OK;
    const double half = (x.hi - x.lo) / 2, middle = x.lo + half, left = spacing(half);
    /* Else it would take no digits away. */
    if (fabs(middle) > 2 * half) c->base = middle;
    if (left > step / 16 && !c->odd)
        nas_warn(log,
                 "%s: column \"%.100s\" runs from %.17g to %.17g in steps of %g or so; float32, "
                 "which nets are trained in, tells no steps below %g there. A column of its "
                 "differences would keep them",
                 s->path, c->name, x.lo, x.hi, step, left);
    return NAS_OK;
}

nas_status nas_numbers_finish(nas_numbers *s, const int32_t *run, const nas_log *log,
                              nas_err *err) {
    NAS_TRY(nas_numbers_warn_of_odd(s, log, err));
    for (int32_t i = 0; i < s->n; i++) {
        nas_number_column *c = &s->column[i];
        warn_of_cells(s, c, log);
        NAS_TRY(fill_gaps(s, c, run, log, err));
        NAS_TRY(find_base(s, c, log, err));
    }
    return NAS_OK;
}
