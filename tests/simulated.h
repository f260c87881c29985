/* tests/simulated.h - studies whose truth is known, without training: speakers with unequal numbers
 * of clips, clips that are hard for all trials, three nets a trial. */
#ifndef NAS_TESTS_SIMULATED_H
#define NAS_TESTS_SIMULATED_H

#include "base/rng.h"
#include "search/estimate/estimate.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SIM_NORMALS = 65536, SIM_FOLDS = 3 };

/* A clip is right where level + speaker + clip > 0 (a probit): all of variance 1, `like` of it the
 * same for all trials, `speaker` of it the same for all clips of a speaker. */
typedef struct sim_setting {
    const char *name;
    int32_t speakers, trials;
    double mean, spread; /* of the trials' true accuracies */
    double like, speaker;
    double fold;  /* standard deviation of a fold's net, on the scale of the probit */
    double slope; /* the last trial's true accuracy less the first's, beside the spread */
    double bound; /* NaN: the best accuracy wins; else the first whose accuracy_lo is above it */
} sim_setting;

typedef struct sim_totals {
    int32_t studies;
    double flattery, off,
        off_squares; /* sums: best observed, and claimed, less the winner's truth */
    double one, one_hi, winner, winner_both, pair; /* times that truth lay within the bound */
    double sure,
        sure_right; /* claims with meets >= 0.95 of one accuracy, and those that were true */
} sim_totals;

typedef struct sim_study {
    const sim_setting *set;
    float *normal; /* [SIM_NORMALS] quantiles */
    int32_t clips, *n, *group;
    double *truth, *need;
    float *shared;
    uint8_t *bits; /* [trials][bytes] */
    int32_t *right, *only[2];
    size_t bytes;
} sim_study;

static float sim_normal(const sim_study *s, nas_rng *r) {
    return s->normal[nas_rng_u32(r) >> 16];
}

static void *sim_room(size_t n, size_t size) {
    void *p = calloc(n, size);
    if (!p) abort();
    return p;
}

/* Quantiles of a lognormal distribution of mean 13, from 1 to 100 clips. */
static void sim_sizes(sim_study *s) {
    const int32_t speakers = s->set->speakers;
    for (int32_t i = 0; i < speakers; i++) {
        const double z = nas_normal_quantile((i + 0.5) / speakers);
        s->n[i] = (int32_t)lround(fmin(100, fmax(1, 13 * exp(z - 0.5))));
        s->clips += s->n[i];
    }
    s->group = sim_room((size_t)s->clips, sizeof *s->group);
    for (int32_t i = 0, clip = 0; i < speakers; i++)
        for (int32_t k = 0; k < s->n[i]; k++) s->group[clip++] = i;
}

static void sim_open(sim_study *s, const sim_setting *set) {
    const size_t speakers = (size_t)set->speakers, trials = (size_t)set->trials;
    *s = (sim_study){.set = set};
    s->normal = sim_room(SIM_NORMALS, sizeof *s->normal);
    for (int32_t i = 0; i < SIM_NORMALS; i++)
        s->normal[i] = (float)nas_normal_quantile((i + 0.5) / SIM_NORMALS);
    s->n = sim_room(speakers, sizeof *s->n);
    sim_sizes(s);
    s->bytes = ((size_t)s->clips + 7) / 8;
    s->truth = sim_room(trials, sizeof *s->truth);
    s->need = sim_room(trials, sizeof *s->need);
    s->shared = sim_room((size_t)s->clips, sizeof *s->shared);
    s->bits = sim_room(trials, s->bytes);
    s->right = sim_room(trials * speakers, sizeof *s->right);
    for (int i = 0; i < 2; i++) s->only[i] = sim_room(speakers, sizeof *s->only[i]);
}

static void sim_close(sim_study *s) {
    free(s->normal);
    free(s->n);
    free(s->group);
    free(s->truth);
    free(s->need);
    free(s->shared);
    free(s->bits);
    free(s->right);
    free(s->only[0]);
    free(s->only[1]);
}

/* x[clips] = size * (speaker's and clip's own part). */
static void sim_hardness(const sim_study *s, nas_rng *r, double size, float *x) {
    const float of_speaker = (float)(size * sqrt(s->set->speaker));
    const float of_clip = (float)(size * sqrt(1 - s->set->speaker));
    for (int32_t g = 0, clip = 0; g < s->set->speakers; g++) {
        const float all = of_speaker * sim_normal(s, r);
        for (int32_t k = 0; k < s->n[g]; k++) x[clip++] = all + of_clip * sim_normal(s, r);
    }
}

static void sim_trial(sim_study *s, nas_rng *r, int32_t t, float *own) {
    const sim_setting *set = s->set;
    const double mean = set->mean + set->slope * ((t + 0.5) / set->trials - 0.5);
    const double p = fmin(0.9995, fmax(0.5, mean + set->spread * sim_normal(s, r)));
    float level[SIM_FOLDS];
    s->truth[t] = 0;
    for (int f = 0; f < SIM_FOLDS; f++) {
        level[f] = (float)(nas_normal_quantile(p) + set->fold * sim_normal(s, r));
        s->truth[t] += nas_normal_mass(level[f]) / SIM_FOLDS;
    }
    uint8_t *bits = s->bits + (size_t)t * s->bytes;
    sim_hardness(s, r, sqrt(1 - set->like), own);
    memset(bits, 0, s->bytes);
    for (int32_t i = 0; i < s->clips; i++) {
        const bool right = level[s->group[i] % SIM_FOLDS] + s->shared[i] + own[i] > 0;
        bits[i / 8] |= (uint8_t)(right << (i % 8));
    }
    nas_outcomes_count(bits, s->group, s->clips, set->speakers,
                       s->right + (size_t)t * (size_t)set->speakers, NULL);
}

static void sim_draw(sim_study *s, uint64_t seed, uint32_t number) {
    nas_rng r = nas_rng_stream(seed, number, NAS_PURPOSE_TEST, 0, 0, 0);
    float *own = sim_room((size_t)s->clips, sizeof *own);
    sim_hardness(s, &r, sqrt(s->set->like), s->shared);
    for (int32_t t = 0; t < s->set->trials; t++) sim_trial(s, &r, t, own);
    free(own);
}

static nas_status sim_needs(sim_study *s, const nas_groups *g, const nas_bound_rule *rule) {
    for (int32_t t = 0; t < s->set->trials; t++) {
        nas_accuracy a;
        NAS_TRY(nas_accuracy_bound(g, s->right + (size_t)t * (size_t)g->groups, rule, &a, NULL));
        s->need[t] = s->set->bound + a.accuracy - a.lo;
    }
    return NAS_OK;
}

/* What bounds say of one study, and what is true. */
static nas_status sim_judge(sim_study *s, uint64_t seed, sim_totals *sum) {
    const nas_groups g = {s->set->speakers, s->n};
    const nas_bound_rule rule = {0.95, NAS_BOUND_DRAWS, seed};
    const bool needs = !isnan(s->set->bound);
    nas_accuracy one;
    nas_winner_claim c;
    nas_pair_difference d;
    NAS_TRY(nas_accuracy_bound(&g, s->right, &rule, &one, NULL));
    if (needs) NAS_TRY(sim_needs(s, &g, &rule));
    const nas_contest all = {
        .groups = &g, .trials = s->set->trials, .right = s->right, .need = needs ? s->need : NULL};
    NAS_TRY(nas_claim_winner(&all, &rule, needs ? s->set->bound : s->set->mean, &c, NULL, NULL));
    const double truth = s->truth[c.winner], off = c.claimed - truth;
    sum->studies++;
    sum->flattery += c.observed - truth;
    sum->off += off;
    sum->off_squares += off * off;
    sum->one += one.lo <= s->truth[0];
    sum->one_hi += one.hi >= s->truth[0];
    sum->winner += c.lo <= truth;
    sum->winner_both += c.low <= truth && truth <= c.high;
    sum->sure += c.meets >= 0.95;
    sum->sure_right += c.meets >= 0.95 && truth > (needs ? s->set->bound : s->set->mean) - 1e-6;
    if (s->set->trials < 2) return NAS_OK;
    nas_outcomes_differ(s->bits, s->bits + s->bytes, s->group, s->clips, g.groups, s->only[0],
                        s->only[1]);
    nas_pair_compare(&g, s->only[0], s->only[1], &d);
    const double difference = s->truth[0] - s->truth[1];
    sum->pair += d.lo <= difference && difference <= d.hi;
    return NAS_OK;
}

static nas_status sim_run(const sim_setting *set, int32_t studies, uint64_t seed, sim_totals *sum) {
    sim_study s;
    nas_status st = NAS_OK;
    *sum = (sim_totals){0};
    sim_open(&s, set);
    for (int32_t i = 0; st == NAS_OK && i < studies; i++) {
        sim_draw(&s, seed, (uint32_t)i);
        st = sim_judge(&s, seed + (uint64_t)i, sum);
    }
    sim_close(&s);
    return st;
}

#endif
