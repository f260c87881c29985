/* search/estimate/blocks.c - errors and skills of forecasts, over blocks of time. */
#include "search/estimate/estimate_int.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* As many blocks of equal length. */
static int32_t blocks_like(const nas_error_blocks *b) {
    double n = 0, squares = 0;
    for (int32_t i = 0; i < b->blocks; i++) {
        n += (double)b->n[i];
        squares += (double)b->n[i] * (double)b->n[i];
    }
    return nas_groups_like(b->blocks, n, squares);
}

typedef struct sums {
    double n, *error, *naive; /* [targets] */
} sums;

static void add(const nas_error_blocks *b, const int32_t *times, sums *s) {
    const size_t targets = (size_t)b->targets;
    s->n = 0;
    memset(s->error, 0, targets * sizeof *s->error);
    memset(s->naive, 0, targets * sizeof *s->naive);
    for (size_t i = 0; i < (size_t)b->blocks; i++) {
        const double often = times ? times[i] : 1;
        s->n += often * (double)b->n[i];
        for (size_t t = 0; t < targets; t++) {
            s->error[t] += often * b->error[i * targets + t];
            if (b->naive_error) s->naive[t] += often * b->naive_error[i * targets + t];
        }
    }
}

/* Against a naive forecast without errors only one without errors is no worse. */
static double skill(double error, double naive) {
    if (naive > 0) return 1 - error / naive;
    return error > 0 ? -(double)INFINITY : 0;
}

/* mae[targets + 1], score[targets + 1]: the means last. */
static void judge(const nas_error_blocks *b, const sums *s, double *mae, double *score) {
    const int32_t targets = b->targets;
    mae[targets] = score[targets] = 0;
    for (int32_t t = 0; t < targets; t++) {
        mae[t] = s->error[t] / s->n;
        score[t] = b->naive_error ? skill(s->error[t], s->naive[t]) : (double)NAN;
        mae[targets] += mae[t] / targets;
        score[targets] += score[t] / targets;
    }
}

/* What all draws came to, each figure's in a row: v[2][targets + 1][draws]. */
static void draw_all(const nas_error_blocks *b, const nas_bound_rule *rule, sums *s, int32_t *times,
                     double *one, double *v) {
    const size_t figures = 2 * ((size_t)b->targets + 1), draws = (size_t)rule->draws;
    for (size_t k = 0; k < draws; k++) {
        nas_groups_draw(rule->seed, (int32_t)k, b->blocks, times);
        add(b, times, s);
        judge(b, s, one, one + figures / 2);
        for (size_t i = 0; i < figures; i++) v[i * draws + k] = one[i];
    }
}

static void bound(const nas_error_blocks *b, const nas_bound_rule *rule, const double *all,
                  double *v, nas_error_bound *out) {
    const double tail = nas_tail_expand(1 - rule->confidence, blocks_like(b));
    const size_t figures = (size_t)b->targets + 1, draws = (size_t)rule->draws;
    for (size_t i = 0; i < figures; i++) {
        double *mae = v + i * draws, *score = v + (figures + i) * draws;
        out[i] = (nas_error_bound){.mae = all[i], .skill = all[figures + i]};
        nas_doubles_sort(mae, rule->draws);
        out[i].mae_hi = nas_percentile(mae, rule->draws, 1 - tail);
        out[i].skill_lo = (double)NAN;
        if (!b->naive_error) continue;
        nas_doubles_sort(score, rule->draws);
        out[i].skill_lo = nas_percentile(score, rule->draws, tail);
    }
}

nas_status nas_error_bounds(const nas_error_blocks *b, const nas_bound_rule *rule,
                            nas_error_bound *out, bool *few, nas_err *err) {
    assert(b->blocks > 0 && b->targets > 0 && rule->draws > 1);
    const size_t targets = (size_t)b->targets, figures = 2 * (targets + 1);
    int32_t *times = malloc((size_t)b->blocks * sizeof *times);
    double *room = malloc((2 * targets + figures) * sizeof *room);
    double *v = malloc(figures * (size_t)rule->draws * sizeof *v);
    const bool whole = times && room && v;
    *few = blocks_like(b) < NAS_BOUND_FEW;
    if (whole) {
        sums s = {.error = room, .naive = room + targets};
        double *one = room + 2 * targets;
        draw_all(b, rule, &s, times, one, v);
        add(b, NULL, &s);
        judge(b, &s, one, one + targets + 1);
        bound(b, rule, one, v, out);
    }
    free(times);
    free(room);
    free(v);
    return whole ? NAS_OK : nas_fail(err, NAS_ENOMEM, "bounds of errors: out of memory");
}
