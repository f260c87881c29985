/* search/estimate/claim.c - what the best of many is expected to be on other groups. */
#include "search/estimate/compare.h"
#include "search/estimate/estimate_int.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct work {
    const nas_contest *c;
    int32_t *times;  /* [groups] */
    double *column;  /* [groups][trials] right: trials lie side by side for the sums over draws */
    double *sum;     /* [trials] */
    double *ratio;   /* [draws] the winner's accuracy on the drawn groups */
    int64_t *picked; /* [trials] */
    int32_t like;    /* nas_groups_equal */
    double n_like;   /* independent examples that would say as much of the winner */
} work;

static bool open_work(const nas_contest *c, int32_t draws, work *w) {
    const size_t groups = (size_t)c->groups->groups, trials = (size_t)c->trials;
    *w = (work){.c = c,
                .times = malloc(groups * sizeof *w->times),
                .column = malloc(groups * trials * sizeof *w->column),
                .sum = malloc(trials * sizeof *w->sum),
                .ratio = malloc((size_t)draws * sizeof *w->ratio),
                .picked = calloc(trials, sizeof *w->picked)};
    if (!w->times || !w->column || !w->sum || !w->ratio || !w->picked) return false;
    for (size_t t = 0; t < trials; t++)
        for (size_t g = 0; g < groups; g++) w->column[g * trials + t] = c->right[t * groups + g];
    return true;
}

static void close_work(work *w) {
    free(w->times);
    free(w->column);
    free(w->sum);
    free(w->ratio);
    free(w->picked);
}

/* Right examples of every trial among the drawn groups; all examples there. Sums of whole numbers
 * are exact, so equal trials stay equal. */
static double add_drawn(work *w) {
    const nas_groups *g = w->c->groups;
    const size_t trials = (size_t)w->c->trials;
    double n = 0;
    memset(w->sum, 0, trials * sizeof *w->sum);
    for (size_t i = 0; i < (size_t)g->groups; i++) {
        if (!w->times[i]) continue;
        const double often = w->times[i], *column = w->column + i * trials;
        double *sum = w->sum;
        n += often * g->n[i];
        for (size_t t = 0; t < trials; t++) sum[t] += often * column[t];
    }
    return n;
}

static bool ranks_before(const nas_contest *c, int32_t a, int32_t b) {
    return c->rank && c->rank[a] != c->rank[b] ? c->rank[a] < c->rank[b] : a < b;
}

/* Is a picked rather than b? */
static bool beats(const work *w, int32_t a, int32_t b, double n) {
    const nas_contest *c = w->c;
    if (!c->need) return w->sum[a] != w->sum[b] ? w->sum[a] > w->sum[b] : ranks_before(c, a, b);
    const double over_a = w->sum[a] / n - c->need[a], over_b = w->sum[b] / n - c->need[b];
    if (over_a >= 0 && over_b >= 0) return ranks_before(c, a, b);
    return over_a != over_b ? over_a > over_b : ranks_before(c, a, b);
}

static int32_t pick(const work *w, double n) {
    int32_t best = -1;
    for (int32_t t = 0; t < w->c->trials; t++) {
        if (w->c->feasible && !w->c->feasible[t]) continue;
        if (best < 0 || beats(w, t, best, n)) best = t;
    }
    assert(best >= 0);
    return best;
}

/* Right examples of trial t among the groups that were not drawn; *n: all examples there. */
static int64_t left_out(const work *w, int32_t t, int64_t *n) {
    const nas_groups *g = w->c->groups;
    const int32_t *right = w->c->right + (size_t)t * (size_t)g->groups;
    int64_t sum = 0;
    *n = 0;
    for (int32_t i = 0; i < g->groups; i++) {
        if (w->times[i]) continue;
        *n += g->n[i];
        sum += right[i];
    }
    return sum;
}

static double accuracy_of(const work *w, int32_t t, int64_t n) {
    const size_t groups = (size_t)w->c->groups->groups;
    int64_t sum = 0;
    for (size_t i = 0; i < groups; i++) sum += w->c->right[(size_t)t * groups + i];
    return (double)sum / (double)n;
}

/* What a pick lost on the groups that did not pick it. Where the best is picked, beside the winner;
 * where the first that is good enough is, beside itself: another one may be better by far. */
static double loss_of(const work *w, int32_t picked, int32_t winner, int64_t all) {
    int64_t n, unused;
    const int64_t right = left_out(w, picked, &n);
    if (!n) return 0;
    if (w->c->need) return accuracy_of(w, picked, all) - (double)right / (double)n;
    return (double)(left_out(w, winner, &unused) - right) / (double)n;
}

/* Fills claimed and optimism, and the winner's accuracies in all draws. */
static void draw_all(work *w, const nas_bound_rule *rule, int64_t all, nas_winner_claim *out) {
    double loss = 0;
    for (int32_t b = 0; b < rule->draws; b++) {
        nas_groups_draw(rule->seed, b, w->c->groups->groups, w->times);
        const double n = add_drawn(w);
        const int32_t picked = pick(w, n);
        w->picked[picked]++;
        w->ratio[b] = w->sum[out->winner] / n;
        loss += loss_of(w, picked, out->winner, all);
    }
    out->optimism = fmin(out->observed, fmax(0, loss / rule->draws));
    out->claimed = out->observed - out->optimism;
    nas_doubles_sort(w->ratio, rule->draws);
}

/* The model's own bounds, moved to the claimed figure. */
static double end_low(const work *w, const nas_winner_claim *c, int32_t draws, double tail) {
    const double drawn = nas_percentile(w->ratio, draws, nas_tail_expand(tail, w->like));
    const double z = nas_tail_quantile(tail, w->like);
    return fmax(0, fmin(drawn - c->optimism, nas_wilson_lo(c->claimed, w->n_like, z)));
}

/* The claim is on the side of caution: its upper end is the one of the observed figure. */
static double end_high(const work *w, const nas_winner_claim *c, int32_t draws, double tail) {
    const double drawn = nas_percentile(w->ratio, draws, 1 - nas_tail_expand(tail, w->like));
    return fmax(drawn, nas_wilson_hi(c->observed, w->n_like, nas_tail_quantile(tail, w->like)));
}

/* The confidence at which the lower end is the bound. */
static double meets(const work *w, const nas_winner_claim *c, int32_t draws, double bound) {
    if (isnan(bound)) return (double)NAN;
    if (bound <= 0) return 1;
    if (bound >= 1) return 0;
    const double below = nas_share_below(w->ratio, draws, bound + c->optimism);
    const double score = (c->claimed - bound) / sqrt(bound * (1 - bound) / w->n_like);
    const double half = nas_student_central(fabs(score), w->like - 1) / 2;
    return fmin(1 - nas_tail_shrink(below, w->like),
                w->like < 2 ? nas_normal_mass(score) : 0.5 + copysign(half, score));
}

/* The deff of those that are picked: the winner's own is low by luck where it wins by luck. */
static double picked_deff(const work *w, nas_accuracy *one, int32_t draws) {
    const nas_groups *g = w->c->groups;
    double sum = 0;
    for (int32_t t = 0; t < w->c->trials; t++) {
        if (!w->picked[t]) continue;
        const int32_t *right = w->c->right + (size_t)t * (size_t)g->groups;
        one->right = 0;
        for (int32_t i = 0; i < g->groups; i++) one->right += right[i];
        nas_deff_estimate(g, right, one);
        sum += one->deff * (double)w->picked[t] / draws;
    }
    return sum;
}

static void conclude(work *w, const nas_bound_rule *rule, double bound, nas_winner_claim *out) {
    const nas_groups *g = w->c->groups;
    nas_accuracy one = {.groups = g->groups};
    for (int32_t i = 0; i < g->groups; i++) {
        assert(g->n[i] > 0);
        one.n += g->n[i];
        w->times[i] = 1;
    }
    out->winner = pick(w, add_drawn(w));
    one.right = (int64_t)w->sum[out->winner];
    out->observed = (double)one.right / (double)one.n;
    draw_all(w, rule, one.n, out);
    out->deff = picked_deff(w, &one, rule->draws);
    w->like = nas_groups_equal(g);
    out->few = w->like < NAS_BOUND_FEW;
    w->n_like = (double)one.n / out->deff;
    out->lo = end_low(w, out, rule->draws, 1 - rule->confidence);
    out->low = end_low(w, out, rule->draws, 0.025);
    out->high = end_high(w, out, rule->draws, 0.025);
    out->meets = meets(w, out, rule->draws, bound);
}

nas_status nas_claim_winner(const nas_contest *c, const nas_bound_rule *rule, double bound,
                            nas_winner_claim *out, double *wins, nas_err *err) {
    assert(c->trials > 0 && c->groups->groups > 0 && rule->draws > 1);
    work w;
    *out = (nas_winner_claim){0};
    const bool whole = open_work(c, rule->draws, &w);
    if (whole) conclude(&w, rule, bound, out);
    for (int32_t t = 0; whole && wins && t < c->trials; t++)
        wins[t] = (double)w.picked[t] / rule->draws;
    close_work(&w);
    return whole ? NAS_OK : nas_fail(err, NAS_ENOMEM, "the claim for a winner: out of memory");
}
