/* search/estimate/compare.c - finds neighbours, and what they differ by. */
#include "search/estimate/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double nas_student_central(double t, int32_t degrees) {
    const double n = degrees, theta = atan(t / sqrt(n)), c = cos(theta), s = sin(theta);
    double term, sum;
    if (degrees % 2) {
        if (degrees == 1) return 2 * theta / M_PI;
        sum = term = c;
        for (int32_t k = 3; k <= degrees - 2; k += 2) sum += term *= c * c * (k - 1) / k;
        return 2 / M_PI * (theta + s * sum);
    }
    sum = term = 1;
    for (int32_t k = 2; k <= degrees - 2; k += 2) sum += term *= c * c * (k - 1) / k;
    return s * sum;
}

double nas_student_quantile(double q, int32_t degrees) {
    double lo = 0, hi = 1;
    while (0.5 + nas_student_central(hi, degrees) / 2 < q && hi < 1e12) hi *= 2;
    for (int i = 0; i < 200 && hi - lo > 1e-12 * hi; i++) {
        const double mid = 0.5 * (lo + hi);
        *(0.5 + nas_student_central(mid, degrees) / 2 < q ? &lo : &hi) = mid;
    }
    return 0.5 * (lo + hi);
}

nas_paired nas_paired_mean(const double *values, int32_t n) {
    nas_paired p = {.pairs = n, .mean = (double)NAN, .lo = (double)NAN, .hi = (double)NAN};
    if (n < 1) return p;
    double sum = 0, squares = 0;
    for (int32_t i = 0; i < n; i++) sum += values[i];
    p.mean = sum / n;
    for (int32_t i = 0; i < n; i++) squares += (values[i] - p.mean) * (values[i] - p.mean);
    if (n < 2) return p;
    const double half = nas_student_quantile(0.975, n - 1) * sqrt(squares / (n - 1) / n);
    p.lo = p.mean - half;
    p.hi = p.mean + half;
    return p;
}

bool nas_value_equal(const nas_value *a, const nas_value *b) {
    if (a->is_null || b->is_null) return a->is_null && b->is_null;
    if (a->type == NAS_COLUMN_TEXT || b->type == NAS_COLUMN_TEXT)
        return a->type == b->type && strcmp(a->text, b->text) == 0;
    const double x = a->type == NAS_COLUMN_INTEGER ? (double)a->integer : a->real;
    const double y = b->type == NAS_COLUMN_INTEGER ? (double)b->integer : b->real;
    return x == y;
}

typedef struct pair {
    int32_t from, to, contrast;
} pair;

typedef struct finding {
    const nas_compare_table *t;
    nas_contrast *v;
    pair *pairs;
    int32_t n, room;
    int64_t n_pairs, pairs_room;
    int64_t *level; /* [rows][params] number of the value among all values of all parameters */
    bool *has;      /* [numbers][params] */
} finding;

static const nas_value *setting(const nas_compare_table *t, int32_t row, int32_t param) {
    return &t->param[(size_t)row * (size_t)t->params + (size_t)param];
}

static double figure(const nas_compare_table *t, int32_t row, int32_t metric) {
    return t->metric[(size_t)row * (size_t)t->metrics + (size_t)metric];
}

static bool grow(void **p, int64_t n, int64_t *room, size_t size) {
    if (n < *room) return true;
    const int64_t more = *room ? *room * 2 : 64;
    void *q = realloc(*p, (size_t)more * size);
    if (!q) return false;
    *p = q;
    *room = more;
    return true;
}

/* For each parameter and each of its values: which other parameters some row with it has. */
static bool find_levels(finding *f) {
    const nas_compare_table *t = f->t;
    const size_t params = (size_t)t->params, rows = (size_t)t->rows;
    f->level = malloc((rows * params + 1) * sizeof *f->level);
    int32_t *first = malloc((rows + 1) * sizeof *first); /* row of each level of one parameter */
    int64_t n = 0, room = 0;
    bool whole = f->level && first;
    for (int32_t p = 0; whole && p < t->params; p++) {
        const int64_t begin = n;
        for (int32_t r = 0; whole && r < t->rows; r++) {
            int64_t k = begin;
            while (k < n && !nas_value_equal(setting(t, r, p), setting(t, first[k - begin], p)))
                k++;
            if (k == n) {
                whole = grow((void **)&f->has, n, &room, params * sizeof *f->has);
                if (!whole) break;
                first[k - begin] = r;
                memset(f->has + (size_t)n++ * params, 0, params * sizeof *f->has);
            }
            f->level[(size_t)r * params + (size_t)p] = k;
            for (int32_t q = 0; q < t->params; q++)
                if (!setting(t, r, q)->is_null) f->has[(size_t)k * params + (size_t)q] = true;
        }
    }
    free(first);
    return whole;
}

/* Is q absent wherever p has the value that it has in this row? */
static bool hangs(const finding *f, int32_t row, int32_t p, int32_t q) {
    const size_t params = (size_t)f->t->params;
    const int64_t level = f->level[(size_t)row * params + (size_t)p];
    return !f->has[(size_t)level * params + (size_t)q];
}

/* The one parameter in which two rows differ, whatever hangs on it; -1: none, or several. A switch
 * stands before what hangs on it, and null may be one of its values. */
static int32_t differs_in(const finding *f, int32_t a, int32_t b) {
    const nas_compare_table *t = f->t;
    int32_t both = -1, either = -1;
    for (int32_t i = 0; i < t->params; i++) {
        const nas_value *x = setting(t, a, i), *y = setting(t, b, i);
        if (nas_value_equal(x, y)) continue;
        if (either < 0) either = i;
        if (x->is_null || y->is_null) continue;
        if (both >= 0) return -1;
        both = i;
    }
    const int32_t param = both >= 0 ? both : either;
    for (int32_t i = 0; param >= 0 && i < t->params; i++) {
        const nas_value *x = setting(t, a, i), *y = setting(t, b, i);
        if (i == param || nas_value_equal(x, y)) continue;
        if (!hangs(f, x->is_null ? a : b, param, i)) return -1;
    }
    return param;
}

/* Do two rows have one level of a parameter, against a row of the other side? What the other side
 * lacks belongs to the level. */
static bool same_level(const nas_compare_table *t, int32_t param, int32_t a, int32_t b,
                       int32_t other_a, int32_t other_b) {
    if (!nas_value_equal(setting(t, a, param), setting(t, b, param))) return false;
    for (int32_t i = 0; i < t->params; i++) {
        if (i == param) continue;
        const bool hangs_a = setting(t, other_a, i)->is_null && !setting(t, a, i)->is_null;
        const bool hangs_b = setting(t, other_b, i)->is_null && !setting(t, b, i)->is_null;
        if (hangs_a != hangs_b) return false;
        if (hangs_a && !nas_value_equal(setting(t, a, i), setting(t, b, i))) return false;
    }
    return true;
}

static bool add_pair(finding *f, int32_t param, int32_t a, int32_t b) {
    int32_t k = 0;
    bool turned = false;
    for (; k < f->n; k++) {
        const nas_contrast *c = &f->v[k];
        if (c->param != param) continue;
        if (same_level(f->t, param, a, c->from, b, c->to) &&
            same_level(f->t, param, b, c->to, a, c->from))
            break;
        turned = same_level(f->t, param, b, c->from, a, c->to) &&
                 same_level(f->t, param, a, c->to, b, c->from);
        if (turned) break;
    }
    int64_t room = f->room;
    if (k == f->n) {
        if (!grow((void **)&f->v, f->n, &room, sizeof *f->v)) return false;
        f->room = (int32_t)room;
        f->v[f->n++] = (nas_contrast){.param = param, .from = a, .to = b};
    }
    if (!grow((void **)&f->pairs, f->n_pairs, &f->pairs_room, sizeof *f->pairs)) return false;
    f->pairs[f->n_pairs++] = turned ? (pair){.from = b, .to = a, .contrast = k}
                                    : (pair){.from = a, .to = b, .contrast = k};
    f->v[k].pairs++;
    return true;
}

static bool find_pairs(finding *f) {
    for (int32_t a = 0; a < f->t->rows; a++)
        for (int32_t b = a + 1; b < f->t->rows; b++) {
            const int32_t param = differs_in(f, a, b);
            if (param >= 0 && !add_pair(f, param, a, b)) return false;
        }
    return true;
}

/* Differences of one metric over the pairs of a contrast. */
static nas_paired summarise(const finding *f, int32_t k, int32_t metric, double *values) {
    const bool ratio = f->t->ratio[metric];
    int32_t n = 0;
    for (int64_t i = 0; i < f->n_pairs; i++) {
        if (f->pairs[i].contrast != k) continue;
        const double from = figure(f->t, f->pairs[i].from, metric);
        const double to = figure(f->t, f->pairs[i].to, metric);
        const double d = !ratio ? to - from : from > 0 && to > 0 ? log(to / from) : (double)NAN;
        if (isfinite(d)) values[n++] = d;
    }
    nas_paired p = nas_paired_mean(values, n);
    if (!ratio) return p;
    p = (nas_paired){.pairs = n, .mean = exp(p.mean), .lo = exp(p.lo), .hi = exp(p.hi)};
    return p;
}

static void turn(nas_contrast *c) {
    const int32_t from = c->from;
    c->from = c->to;
    c->to = from;
}

/* Told from the costlier side: by the product of all quotients. */
static void orient(finding *f, double *values) {
    for (int32_t k = 0; k < f->n; k++) {
        double growth = 0;
        for (int32_t m = 0; m < f->t->metrics; m++) {
            const double by =
                f->t->ratio[m] && f->t->size[m] ? log(summarise(f, k, m, values).mean) : 0;
            if (isfinite(by)) growth += by;
        }
        if (!(growth > 0)) continue;
        turn(&f->v[k]);
        for (int64_t i = 0; i < f->n_pairs; i++) {
            pair *q = &f->pairs[i];
            if (q->contrast == k) *q = (pair){.from = q->to, .to = q->from, .contrast = k};
        }
    }
}

/* The level that most contrasts of a parameter begin at. */
static void find_bases(finding *f) {
    for (int32_t k = 0; k < f->n; k++) {
        const nas_contrast *c = &f->v[k];
        int32_t best = -1, most = -1;
        for (int32_t i = 0; i < f->n; i++) {
            if (f->v[i].param != c->param) continue;
            int32_t begins = 0;
            for (int32_t j = 0; j < f->n; j++)
                begins +=
                    f->v[j].param == c->param &&
                    same_level(f->t, c->param, f->v[j].from, f->v[i].from, f->v[j].to, f->v[j].to);
            if (begins > most) {
                most = begins;
                best = i;
            }
        }
        f->v[k].from_base = same_level(f->t, c->param, c->from, f->v[best].from, c->to, c->to);
    }
}

static int in_order(const void *x, const void *y) {
    const nas_contrast *a = x, *b = y;
    if (a->param != b->param) return a->param < b->param ? -1 : 1;
    if (a->from_base != b->from_base) return a->from_base ? -1 : 1;
    if (a->from != b->from) return a->from < b->from ? -1 : 1;
    return (a->to > b->to) - (a->to < b->to);
}

nas_status nas_compare_trials(const nas_compare_table *t, nas_arena *a, nas_contrast **out,
                              int32_t *n, nas_err *err) {
    finding f = {.t = t};
    *out = NULL;
    *n = 0;
    bool whole = find_levels(&f) && find_pairs(&f);
    double *values = malloc(((size_t)f.n_pairs + 1) * sizeof *values);
    whole = whole && values;
    if (whole) {
        orient(&f, values);
        find_bases(&f);
        for (int32_t k = 0; k < f.n; k++)
            for (int32_t m = 0; m < t->metrics; m++) f.v[k].by[m] = summarise(&f, k, m, values);
        if (f.n) qsort(f.v, (size_t)f.n, sizeof *f.v, in_order);
        *out = nas_arena_array(a, (size_t)f.n + 1, sizeof **out, err);
        whole = *out != NULL;
    }
    if (whole && f.n) memcpy(*out, f.v, (size_t)f.n * sizeof **out);
    *n = whole ? f.n : 0;
    free(values);
    free(f.v);
    free(f.pairs);
    free(f.level);
    free(f.has);
    return whole ? NAS_OK : nas_fail(err, NAS_ENOMEM, "compare: out of memory");
}
