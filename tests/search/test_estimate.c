/* tests/search/test_estimate.c - bounds and claims beside statsmodels, SciPy and NumPy; what must
 * hold of them at the edges; how often they hold in simulated studies. */
#include "search/estimate/estimate_int.h"
#include "tests/simulated.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { TRIALS = 16, GROUPS = 64, EXAMPLES = 1024, BLOCKS = 64 };

typedef struct golden {
    int32_t groups, examples, trials, blocks;
    int32_t n[GROUPS], group[EXAMPLES], right[TRIALS][GROUPS];
    uint8_t bits[TRIALS][EXAMPLES / 8];
    int64_t count[BLOCKS];
    double error[2 * BLOCKS], naive[2 * BLOCKS];
    int lines, kinds;
} golden;

static const nas_bound_rule usual = {0.95, NAS_BOUND_DRAWS, 7};

static void near(const char *what, double got, double want) {
    if (!(fabs(got - want) <= 1e-9 * (1e-12 + fabs(want)) || fabs(got - want) <= 1e-14))
        fail_msg("%s: %.15g, expected %.15g", what, got, want);
}

/* The numbers that follow the word of a line. */
static int numbers(const char *line, double *v, int most) {
    int n = 0, used = 0;
    for (line += strcspn(line, " "); n < most && sscanf(line, "%lf%n", &v[n], &used) == 1; n++)
        line += used;
    return n;
}

static nas_groups groups_of(const golden *g) {
    return (nas_groups){g->groups, g->n};
}

static void take_sizes(golden *g, const double *v) {
    g->groups = (int32_t)v[0];
    for (int32_t i = 0; i < g->groups; i++)
        for (int32_t k = 0; k < (int32_t)v[i + 1]; k++) g->group[g->examples++] = i;
}

static void take_bits(golden *g, const char *digits) {
    for (int32_t i = 0; i < g->examples; i++)
        g->bits[g->trials][i / 8] |= (uint8_t)((digits[i] == '1') << (i % 8));
    nas_outcomes_count(g->bits[g->trials], g->group, g->examples, g->groups, g->right[g->trials],
                       g->n);
    g->trials++;
}

static void expect_drawn(const golden *g, const double *v) {
    int32_t times[GROUPS];
    nas_groups_draw(usual.seed, 0, g->groups, times);
    for (int32_t i = 0; i < g->groups; i++) assert_int_equal(times[i], (int)v[i]);
}

static void expect_accuracy(const golden *g, const double *v) {
    const nas_groups of = groups_of(g);
    const nas_bound_rule rule = {v[1], usual.draws, usual.seed};
    nas_accuracy a;
    assert_int_equal(nas_accuracy_bound(&of, g->right[(int)v[0]], &rule, &a, NULL), NAS_OK);
    assert_int_equal(a.n, g->examples);
    near("lo", a.lo, v[2]);
    near("hi", a.hi, v[3]);
    near("deff", a.deff, v[4]);
    near("wilson_lo", a.wilson_lo, v[5]);
    near("wilson_hi", a.wilson_hi, v[6]);
    near("bootstrap_lo", a.bootstrap_lo, v[7]);
    near("bootstrap_hi", a.bootstrap_hi, v[8]);
}

static nas_winner_claim claim_of(const nas_contest *c, double bound, double *wins) {
    nas_winner_claim out;
    assert_int_equal(nas_claim_winner(c, &usual, bound, &out, wins, NULL), NAS_OK);
    return out;
}

static void expect_claim(const golden *g, const char *line) {
    static const int32_t reversed[] = {7, 6, 5, 4, 3, 2, 1, 0}, sizes[] = {3, 4, 5, 6, 2, 1, 0};
    static const double need[] = {0.86, 0.87, 0.86, 0.87, 0.86, 0.87, 0.86};
    const nas_groups of = groups_of(g);
    char kind[16];
    double v[32], wins[TRIALS];
    int32_t right[TRIALS * GROUPS];
    assert_int_equal(sscanf(line, "claim %15s", kind), 1);
    assert_true(numbers(line + 6, v, 32) > 9);
    nas_contest c = {.groups = &of, .trials = (int32_t)v[0], .right = right};
    const int32_t first = strcmp(kind, "weak") == 0 ? 9 : 0;
    for (int32_t i = 0; i < c.trials * g->groups; i++)
        right[i] = g->right[first + i / g->groups][i % g->groups];
    if (strcmp(kind, "ranked") == 0) c.rank = reversed;
    if (strcmp(kind, "needed") == 0) c = (nas_contest){&of, c.trials, right, NULL, sizes, need};
    const nas_winner_claim got = claim_of(&c, v[4], wins);
    assert_int_equal(got.winner, (int)v[1]);
    near("observed", got.observed, v[2]);
    near("claimed", got.claimed, v[3]);
    near("optimism", got.optimism, v[2] - v[3]);
    near("lo", got.lo, v[4]);
    near("low", got.low, v[5]);
    near("high", got.high, v[6]);
    near("deff", got.deff, v[7]);
    /* At its own lower ends the claim is as sure as those are. */
    near("meets", got.meets, 0.95);
    near("meets at low", claim_of(&c, v[5], NULL).meets, 0.975);
    for (int32_t t = 0; t < c.trials; t++) near("wins", wins[t], v[8 + t]);
}

static void expect_pair(const golden *g, const double *v) {
    const nas_groups of = groups_of(g);
    int32_t only_a[GROUPS], only_b[GROUPS];
    nas_pair_difference d;
    nas_outcomes_differ(g->bits[(int)v[0]], g->bits[(int)v[1]], g->group, g->examples, g->groups,
                        only_a, only_b);
    nas_pair_compare(&of, only_a, only_b, &d);
    near("difference", d.difference, v[2]);
    near("its lo", d.lo, v[3]);
    near("its hi", d.hi, v[4]);
    near("its p", d.p, v[5]);
}

static void expect_mcnemar(const double *v) {
    const int32_t n = 2000, a = (int32_t)v[0], b = (int32_t)v[1];
    const nas_groups one = {1, &n};
    nas_pair_difference d;
    nas_pair_compare(&one, &a, &b, &d);
    near("mcnemar_p", d.mcnemar_p, v[2]);
    assert_true(d.p == 1 && d.few);
}

static void take_block(golden *g, const double *v) {
    g->count[g->blocks] = (int64_t)v[0];
    for (int i = 0; i < 2; i++) {
        g->error[2 * g->blocks + i] = v[1 + i];
        g->naive[2 * g->blocks + i] = v[3 + i];
    }
    g->blocks++;
}

static void expect_errors(const golden *g, const double *v) {
    nas_error_blocks b = {g->blocks, 2, g->count, g->error, g->naive};
    nas_error_bound out[3];
    const int t = (int)v[0];
    bool few;
    assert_int_equal(nas_error_bounds(&b, &usual, out, &few, NULL), NAS_OK);
    assert_false(few);
    near("mae", out[t].mae, v[1]);
    near("mae_hi", out[t].mae_hi, v[2]);
    near("skill", out[t].skill, v[3]);
    near("skill_lo", out[t].skill_lo, v[4]);
    b.naive_error = NULL;
    assert_int_equal(nas_error_bounds(&b, &usual, out, &few, NULL), NAS_OK);
    near("mae_hi alone", out[t].mae_hi, v[2]);
    assert_true(isnan(out[t].skill) && isnan(out[t].skill_lo));
}

static void expect_line(golden *g, const char *line) {
    double v[GROUPS] = {0};
    const bool digits = strncmp(line, "bits ", 5) == 0;
    if (!digits) numbers(line, v, GROUPS);
    if (digits)
        take_bits(g, line + 5);
    else if (strncmp(line, "size ", 5) == 0)
        take_sizes(g, v);
    else if (strncmp(line, "drawn ", 6) == 0)
        expect_drawn(g, v);
    else if (strncmp(line, "accuracy ", 9) == 0)
        expect_accuracy(g, v);
    else if (strncmp(line, "claim ", 6) == 0)
        expect_claim(g, line);
    else if (strncmp(line, "pair ", 5) == 0)
        expect_pair(g, v);
    else if (strncmp(line, "mcnemar ", 8) == 0)
        expect_mcnemar(v);
    else if (strncmp(line, "block ", 6) == 0)
        take_block(g, v);
    else if (strncmp(line, "errors ", 7) == 0)
        expect_errors(g, v);
    else if (strncmp(line, "needed ", 7) == 0)
        assert_int_equal(nas_examples_needed(v[0], v[1], v[2], v[3]), (int64_t)v[4]);
    else if (strncmp(line, "wilson ", 7) == 0) {
        near("wilson lo", nas_wilson_lo(v[0], v[1], nas_normal_quantile(v[2])), v[3]);
        near("wilson hi", nas_wilson_hi(v[0], v[1], nas_normal_quantile(v[2])), v[4]);
    } else
        fail_msg("no such line: %s", line);
}

static void test_golden(void **state) {
    (void)state;
    static golden g;
    char line[2048];
    FILE *f = fopen("tests/golden/estimate.txt", "r");
    assert_non_null(f);
    for (; fgets(line, sizeof line, f); g.lines++) expect_line(&g, line);
    (void)fclose(f);
    assert_int_equal(g.lines, 112);
}

/* One trial, or equal ones: nothing was chosen, so nothing is taken off. */
static void test_no_choice(void **state) {
    (void)state;
    static const int32_t n[] = {10, 3, 25, 1, 8, 8, 14, 9, 11, 2};
    static const int32_t right[] = {9, 3, 22, 1, 8, 5, 14, 8, 10, 2,
                                    9, 3, 22, 1, 8, 5, 14, 8, 10, 2};
    const nas_groups g = {10, n};
    nas_accuracy a;
    double wins[2];
    nas_contest c = {.groups = &g, .trials = 1, .right = right};
    assert_int_equal(nas_accuracy_bound(&g, right, &usual, &a, NULL), NAS_OK);
    for (c.trials = 1; c.trials <= 2; c.trials++) {
        const nas_winner_claim got = claim_of(&c, (double)NAN, wins);
        assert_int_equal(got.winner, 0);
        assert_true(got.claimed == got.observed && got.optimism == 0 && isnan(got.meets));
        assert_true(got.observed == a.accuracy);
        near("lo", got.lo, a.lo);
        near("deff", got.deff, a.deff);
        assert_true(wins[0] == 1);
    }
    const bool second[] = {false, true};
    c = (nas_contest){.groups = &g, .trials = 2, .right = right, .feasible = second};
    assert_int_equal(claim_of(&c, 0.5, wins).winner, 1);
    assert_true(wins[0] == 0 && wins[1] == 1);
}

/* Where all is right no draw says more; few errors are never worth less than more of them. */
static void test_near_one(void **state) {
    (void)state;
    int32_t n[40], right[40];
    const nas_groups g = {40, n};
    double last = 1;
    nas_accuracy a;
    for (int i = 0; i < 40; i++) n[i] = right[i] = 20 + i;
    for (int wrong = 0; wrong < 60; wrong++) {
        assert_int_equal(nas_accuracy_bound(&g, right, &usual, &a, NULL), NAS_OK);
        assert_true(a.lo > 0 && a.lo < last && a.lo < a.accuracy && a.deff >= 1);
        if (wrong == 0) assert_true(a.bootstrap_lo == 1 && a.hi == 1 && a.lo == a.wilson_lo);
        last = a.lo;
        right[1 + wrong % 39]--;
    }
    const nas_contest c = {.groups = &g, .trials = 1, .right = n};
    const nas_winner_claim got = claim_of(&c, 0.9, NULL);
    assert_true(got.claimed == 1 && got.lo < 1 && got.high == 1 && got.meets > 0.5);
}

/* One group that outweighs all others leaves few of them. */
static void test_large_group(void **state) {
    (void)state;
    int32_t n[40], right[40];
    const nas_groups g = {40, n};
    const nas_contest c = {.groups = &g, .trials = 1, .right = right};
    nas_accuracy a;
    for (int i = 0; i < 40; i++) {
        n[i] = i ? 20 : 2000000000;
        right[i] = n[i] / 20 * 19;
    }
    right[1] = 10;
    assert_int_equal(nas_accuracy_bound(&g, right, &usual, &a, NULL), NAS_OK);
    const nas_winner_claim got = claim_of(&c, 0.9, NULL);
    assert_true(a.few && got.few && a.n == 2000000780);
    assert_true(a.lo >= 0 && a.lo < 0.95 && a.hi > 0.95 && a.deff >= 1);
    near("lo", got.lo, a.lo);
    /* Student's t with one degree of freedom. */
    near("wilson_lo", a.wilson_lo,
         nas_wilson_lo(a.accuracy, (double)a.n / a.deff, tan(0.45 * M_PI)));
}

static void test_few(void **state) {
    (void)state;
    static const int32_t n[] = {50, 40}, right[] = {45, 38, 44, 39};
    for (int32_t groups = 1; groups <= 2; groups++) {
        const nas_groups g = {groups, n};
        nas_accuracy a;
        const nas_contest c = {.groups = &g, .trials = groups, .right = right};
        assert_int_equal(nas_accuracy_bound(&g, right, &usual, &a, NULL), NAS_OK);
        assert_true(a.few && a.lo >= 0 && a.lo < a.accuracy && a.hi > a.accuracy && a.hi <= 1);
        if (groups == 1)
            near("one group", a.lo,
                 nas_wilson_lo(0.9, (double)a.n / a.deff, nas_normal_quantile(0.95)));
        const nas_winner_claim got = claim_of(&c, 0.8, NULL);
        assert_true(got.few && got.lo >= 0 && got.lo < got.claimed && got.meets > 0.5);
        assert_true(got.claimed <= got.observed && got.high <= 1);
    }
}

/* Examples of their own: the design effect is that of chance, and Wilson's bound that of all. */
static void test_no_groups(void **state) {
    (void)state;
    enum { N = 500 };
    int32_t n[N], right[N];
    uint8_t bits[(N + 7) / 8];
    nas_accuracy a;
    memset(bits, 0xdf, sizeof bits);
    nas_outcomes_count(bits, NULL, N, N, right, n);
    const nas_groups g = {N, n};
    assert_int_equal(nas_accuracy_bound(&g, right, &usual, &a, NULL), NAS_OK);
    assert_int_equal(a.right, 438);
    assert_true(a.deff >= 1 && a.deff < 1.01);
    assert_true(fabs(a.wilson_lo - nas_wilson_lo(a.accuracy, N, 1.6479)) < 1e-4);
}

/* All that is drawn is a function of the seed. */
static void test_seed(void **state) {
    (void)state;
    static const int32_t n[] = {10, 3, 25, 1, 8, 8, 14, 9, 11, 2};
    static const int32_t right[] = {9, 3, 22, 1, 7, 5, 14, 8, 9, 2, 8, 3, 23, 1, 8, 6, 14, 7, 9, 1};
    const nas_groups g = {10, n};
    const nas_contest c = {.groups = &g, .trials = 2, .right = right};
    nas_bound_rule rule = usual;
    nas_winner_claim a, b, other;
    assert_int_equal(nas_claim_winner(&c, &rule, 0.8, &a, NULL, NULL), NAS_OK);
    assert_int_equal(nas_claim_winner(&c, &rule, 0.8, &b, NULL, NULL), NAS_OK);
    rule.seed = 8;
    assert_int_equal(nas_claim_winner(&c, &rule, 0.8, &other, NULL, NULL), NAS_OK);
    assert_true(a.claimed == b.claimed && a.lo == b.lo && a.meets == b.meets);
    assert_true(a.claimed != other.claimed);
}

static void test_needed(void **state) {
    (void)state;
    const double z = nas_normal_quantile(0.95);
    assert_int_equal(nas_examples_needed(0.9, 0.9, 1, 0.95), 0);
    assert_int_equal(nas_examples_needed(0.89, 0.9, 1, 0.95), 0);
    assert_int_equal(nas_examples_needed(0.9 + 1e-12, 0.9, 1, 0.95), 0);
    for (double p = 0.901; p < 1; p += 0.007) {
        const int64_t n = nas_examples_needed(p, 0.9, 1.7, 0.95);
        assert_true(nas_wilson_lo(p, (double)n / 1.7, z) > 0.9);
        assert_true(nas_wilson_lo(p, (double)(n - 1) / 1.7, z) <= 0.9);
    }
}

static void between(const char *what, double got, double lo, double hi) {
    if (!(got >= lo && got <= hi)) fail_msg("%s: %.4f is not in [%g, %g]", what, got, lo, hi);
}

/* bench/coverage.c has more studies and settings; so few tell 0.95 to 0.02 or so. */
static void test_coverage(void **state) {
    (void)state;
    static const sim_setting kws = {"", 100, 12, 0.93, 0.015, 0.6, 0.15, 0.05, 0, NAN};
    static const sim_setting equal = {"", 60, 24, 0.93, 0, 0.2, 0.15, 0, 0, NAN};
    const sim_setting *const all[] = {&kws, &equal};
    for (int i = 0; i < 2; i++) {
        sim_totals t;
        assert_int_equal(sim_run(all[i], 600, 5, &t), NAS_OK);
        const double n = t.studies;
        between("one", t.one / n, 0.92, 0.98);
        between("winner", t.winner / n, 0.92, 0.985);
        between("winner, both ends", t.winner_both / n, 0.92, 1);
        between("pair", t.pair / n, 0.92, 0.98);
        between("claimed - truth", t.off / n, -0.01, 0.005);
        between("observed - truth", t.flattery / n, i ? 0.015 : 0.003, 0.05);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),      cmocka_unit_test(test_no_choice),
        cmocka_unit_test(test_near_one),    cmocka_unit_test(test_few),
        cmocka_unit_test(test_no_groups),   cmocka_unit_test(test_seed),
        cmocka_unit_test(test_large_group), cmocka_unit_test(test_needed),
        cmocka_unit_test(test_coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
