/* search/estimate/recall.c - recalls of classes, and the bounds of their mean and of the lowest. */
#include "search/estimate/estimate_int.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One class, or the mean of all, and what draws of groups made of it. */
typedef struct figure {
    int64_t n, right;
    double value;  /* of all groups */
    double *drawn; /* [draws] at most */
    int32_t draws; /* in which there are examples */
} figure;

typedef struct room {
    figure *class; /* [classes] */
    double *drawn; /* [classes + 1][draws] */
    int32_t *times, *n, *right;
    int64_t *sum; /* [2][classes] */
} room;

static void close_room(room *r) {
    free(r->class);
    free(r->drawn);
    free(r->times);
    free(r->n);
    free(r->right);
    free(r->sum);
}

static bool open_room(const nas_class_groups *g, int32_t draws, room *r) {
    const size_t classes = (size_t)g->classes, groups = (size_t)g->groups;
    r->class = calloc(classes, sizeof *r->class);
    r->drawn = malloc((classes + 1) * (size_t)draws * sizeof *r->drawn);
    r->times = malloc(groups * sizeof *r->times);
    r->n = malloc(groups * sizeof *r->n);
    r->right = malloc(groups * sizeof *r->right);
    r->sum = malloc(2 * classes * sizeof *r->sum);
    return r->class && r->drawn && r->times && r->n && r->right && r->sum;
}

static void count(const nas_class_groups *g, int32_t draws, room *r, nas_recalls *out) {
    int64_t all = 0, most = 0;
    *out = (nas_recalls){.worst = INFINITY, .commonest = -1};
    for (int32_t k = 0; k < g->classes; k++) {
        figure *c = &r->class[k];
        c->drawn = r->drawn + (size_t)k * (size_t)draws;
        for (int32_t i = 0; i < g->groups; i++) {
            c->n += g->n[i * g->classes + k];
            c->right += g->right[i * g->classes + k];
        }
        if (!c->n) continue;
        c->value = (double)c->right / (double)c->n;
        out->classes++;
        out->balanced += c->value;
        out->worst = fmin(out->worst, c->value);
        all += c->n;
        if (c->n > most) out->commonest = k;
        most = c->n > most ? c->n : most;
    }
    assert(all > 0);
    out->balanced /= out->classes;
    out->majority = (double)most / (double)all;
}

/* Each class's recall, and their mean, on each draw of groups; classes without examples there are
 * left out of it. */
static void draw_all(const nas_class_groups *g, const nas_bound_rule *rule, room *r, figure *mean) {
    const size_t classes = (size_t)g->classes;
    for (int32_t b = 0; b < rule->draws; b++) {
        memset(r->sum, 0, 2 * classes * sizeof *r->sum);
        nas_groups_draw(rule->seed, b, g->groups, r->times);
        for (size_t i = 0; i < (size_t)g->groups; i++)
            for (size_t k = 0; r->times[i] && k < classes; k++) {
                r->sum[k] += (int64_t)r->times[i] * g->n[i * classes + k];
                r->sum[classes + k] += (int64_t)r->times[i] * g->right[i * classes + k];
            }
        double total = 0;
        int32_t there = 0;
        for (size_t k = 0; k < classes; k++) {
            figure *c = &r->class[k];
            if (!r->sum[k]) continue;
            c->drawn[c->draws] = (double)r->sum[classes + k] / (double)r->sum[k];
            total += c->drawn[c->draws++];
            there++;
        }
        mean->drawn[mean->draws++] = total / there;
    }
}

static double lower_end(figure *f, double n, double deff, int32_t like, double confidence) {
    nas_doubles_sort(f->drawn, f->draws);
    const double tail = nas_tail_expand(1 - confidence, like);
    const double z = nas_tail_quantile(1 - confidence, like);
    return fmin(nas_wilson_lo(f->value, n / deff, z), nas_percentile(f->drawn, f->draws, tail));
}

/* As nas_accuracy_bound does, on the groups that have the class. */
static double class_end(const nas_class_groups *g, int32_t k, double confidence, room *r) {
    figure *c = &r->class[k];
    nas_groups of = {.n = r->n};
    for (int32_t i = 0; i < g->groups; i++) {
        if (!g->n[i * g->classes + k]) continue;
        r->n[of.groups] = g->n[i * g->classes + k];
        r->right[of.groups++] = g->right[i * g->classes + k];
    }
    nas_accuracy a = {.n = c->n, .right = c->right};
    nas_deff_estimate(&of, r->right, &a);
    return lower_end(c, (double)c->n, a.deff, nas_groups_equal(&of), confidence);
}

/* Variance of the mean of recalls over groups, linearised, beside that of independent examples. */
static double variance_ratio(const nas_class_groups *g, const room *r, int32_t classes) {
    double squares = 0, alone = 0;
    for (int32_t i = 0; i < g->groups; i++) {
        double off = 0;
        for (int32_t k = 0; k < g->classes; k++) {
            const figure *c = &r->class[k];
            const size_t at = (size_t)i * (size_t)g->classes + (size_t)k;
            if (c->n) off += (g->right[at] - c->value * g->n[at]) / (double)c->n / classes;
        }
        squares += off * off;
    }
    for (int32_t k = 0; k < g->classes; k++) {
        const figure *c = &r->class[k];
        if (c->n) alone += c->value * (1 - c->value) / (double)c->n / classes / classes;
    }
    return g->groups < 2 || alone == 0 ? 1 : squares * g->groups / (g->groups - 1) / alone;
}

/* As many examples, were they one class, would say as much: K^2 / sum 1/n. */
static double mean_end(const nas_class_groups *g, figure *mean, double confidence, int32_t classes,
                       room *r) {
    double inverse = 0;
    nas_groups all = {.groups = g->groups, .n = r->n};
    for (int32_t i = 0; i < g->groups; i++) {
        r->n[i] = 0;
        for (int32_t k = 0; k < g->classes; k++) r->n[i] += g->n[i * g->classes + k];
        mean->n += r->n[i];
    }
    for (int32_t k = 0; k < g->classes; k++) {
        mean->right += r->class[k].right;
        if (r->class[k].n) inverse += 1 / (double)r->class[k].n;
    }
    const double deff = nas_deff_shrink(&all, variance_ratio(g, r, classes), mean->n, mean->right);
    return lower_end(mean, (double)classes * classes / inverse, deff, nas_groups_equal(&all),
                     confidence);
}

nas_status nas_recall_bounds(const nas_class_groups *g, const nas_bound_rule *rule,
                             nas_recalls *out, nas_err *err) {
    assert(g->groups > 0 && g->classes > 0 && rule->draws > 1);
    room r = {0};
    const bool whole = open_room(g, rule->draws, &r);
    if (whole) {
        count(g, rule->draws, &r, out);
        figure mean = {.value = out->balanced,
                       .drawn = r.drawn + (size_t)g->classes * (size_t)rule->draws};
        draw_all(g, rule, &r, &mean);
        out->worst_lo = INFINITY;
        for (int32_t k = 0; k < g->classes; k++)
            if (r.class[k].n)
                out->worst_lo = fmin(out->worst_lo, class_end(g, k, rule->confidence, &r));
        out->balanced_lo = mean_end(g, &mean, rule->confidence, out->classes, &r);
    }
    close_room(&r);
    return whole ? NAS_OK : nas_fail(err, NAS_ENOMEM, "bounds of recalls: out of memory");
}
