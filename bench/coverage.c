/* bench/coverage.c - how often bounds and claims hold, over simulated studies whose truth is known.
 * usage: coverage [STUDIES [SETTING]] */
#include "base/clock.h"
#include "tests/simulated.h"

#include <stdio.h>

#define KWS(name, speakers, trials) \
    { name, speakers, trials, 0.93, 0.015, 0.6, 0.15, 0.05, 0, NAN }

static const sim_setting settings[] = {
    KWS("145 speakers", 145, 1),
    KWS("145 speakers", 145, 12),
    KWS("145 speakers", 145, 24),
    KWS("145 speakers", 145, 40),
    KWS("145 speakers", 145, 100),
    KWS("100 speakers", 100, 12),
    KWS("20 speakers", 20, 1),
    KWS("20 speakers", 20, 40),
    KWS("40 speakers", 40, 40),
    KWS("600 speakers", 600, 40),
    {"no speaker effect", 145, 40, 0.93, 0.015, 0.6, 0, 0.05, 0, NAN},
    {"speaker effect 0.3", 145, 40, 0.93, 0.015, 0.6, 0.3, 0.05, 0, NAN},
    {"accuracies near 0.99", 145, 1, 0.99, 0.003, 0.6, 0.15, 0.05, 0, NAN},
    {"accuracies near 0.99", 145, 40, 0.99, 0.003, 0.6, 0.15, 0.05, 0, NAN},
    {"accuracies near 0.998", 145, 40, 0.998, 0.0005, 0.6, 0.15, 0.05, 0, NAN},
    {"equal trials", 145, 40, 0.93, 0, 0.6, 0.15, 0, 0, NAN},
    {"equal trials", 145, 100, 0.93, 0, 0.6, 0.15, 0, 0, NAN},
    {"equal, not alike", 145, 40, 0.93, 0, 0, 0.15, 0, 0, NAN},
    {"far apart", 145, 40, 0.85, 0.05, 0.6, 0.15, 0.05, 0, NAN},
    {"first above 0.90", 145, 40, 0.91, 0.015, 0.6, 0.15, 0.05, 0, 0.90},
    {"the same, sorted", 145, 40, 0.91, 0.005, 0.6, 0.15, 0.05, 0.05, 0.90},
};

static void print(const sim_setting *s, const sim_totals *t, double seconds) {
    const double n = t->studies, off = t->off / n;
    printf("%-21s %5d %+8.4f %+8.4f %7.4f  %6.3f %6.3f  %6.3f %6.3f  ", s->name, (int)s->trials,
           t->flattery / n, off, sqrt(fmax(0, t->off_squares / n - off * off)), t->one / n,
           t->one_hi / n, t->winner / n, t->winner_both / n);
    if (s->trials > 1)
        printf("%6.3f", t->pair / n);
    else
        printf("%6s", "-");
    printf("  %5.0f/%-5.0f %5.1f ms\n", t->sure_right, t->sure, 1e3 * seconds / n);
    (void)fflush(stdout);
}

/* Blocks of 24 forecasts whose errors and naive errors are large together; the skill is 0.3. */
static void draw_blocks(uint32_t number, int32_t blocks, int64_t *n, double *error, double *naive) {
    nas_rng r = nas_rng_stream(2, number, NAS_PURPOSE_TEST, 0, 0, 0);
    for (int32_t i = 0; i < blocks; i++) {
        const double both = nas_normal_quantile(nas_rng_double(&r) + 0x1p-54);
        const double own = nas_normal_quantile(nas_rng_double(&r) + 0x1p-54);
        n[i] = 24;
        naive[i] = 24 * exp(0.5 * both);
        error[i] = 24 * 0.7 * exp(0.5 * (0.8 * both + 0.6 * own));
    }
}

static bool cover_blocks(int32_t blocks, int32_t studies) {
    enum { MOST = 200 };
    int64_t n[MOST];
    double error[MOST], naive[MOST], skill = 0, mae = 0;
    for (int32_t i = 0; i < studies; i++) {
        nas_error_bound out[2];
        bool few;
        draw_blocks((uint32_t)i, blocks, n, error, naive);
        const nas_error_blocks b = {blocks, 1, n, error, naive};
        const nas_bound_rule rule = {0.95, NAS_BOUND_DRAWS, (uint64_t)i};
        if (nas_error_bounds(&b, &rule, out, &few, NULL) != NAS_OK) return false;
        skill += out[0].skill_lo <= 0.3;
        mae += out[0].mae_hi >= 0.7 * exp(0.125);
    }
    printf("%3d blocks: skill_lo %.3f, mae_hi %.3f\n", (int)blocks, skill / studies, mae / studies);
    return true;
}

int main(int argc, char **argv) {
    const int32_t studies = argc > 1 ? atoi(argv[1]) : 1000;
    const int only = argc > 2 ? atoi(argv[2]) : -1;
    printf("%-21s %5s %8s %8s %7s  %6s %6s  %6s %6s  %6s  %s\n", "", "", "observed", "claimed", "",
           "one", "one", "claim", "claim", "pair", "sure:");
    printf("%-21s %5s %8s %8s %7s  %6s %6s  %6s %6s  %6s  %s\n", "setting", "trials", "- truth",
           "- truth", "(s.d.)", "lo", "hi", "lo", "95 %", "95 %", "right/said");
    for (int i = 0; i < (int)(sizeof settings / sizeof *settings); i++) {
        sim_totals t;
        if (only >= 0 && i != only) continue;
        const double since = nas_clock_wall();
        if (sim_run(&settings[i], studies, 1, &t) != NAS_OK) return 1;
        print(&settings[i], &t, nas_clock_wall() - since);
    }
    for (int32_t blocks = 10; only < 0 && blocks <= 160; blocks *= 2)
        if (!cover_blocks(blocks, studies)) return 1;
    return 0;
}
