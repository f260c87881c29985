/* tests/search/test_sobol.c - Sobol's sequence to the bit of scipy's; scrambling keeps nets nets;
 * what the sampler makes of it; and keys that belong to one sampler. */
#include "base/rng.h"
#include "search/sampler/sampler.h"
#include "search/sampler/sobol.h"
#include "tests/open_space.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t directions[NAS_SOBOL_DIMENSIONS][NAS_SOBOL_BITS];

/* tests/golden/make_sobol.py */
static void test_golden(void **state) {
    (void)state;
    FILE *f = fopen("tests/golden/sobol.txt", "r");
    char line[128];
    int32_t n = 0;
    assert_non_null(f);
    nas_sobol_directions(NAS_SOBOL_DIMENSIONS, directions);
    while (fgets(line, sizeof line, f)) {
        uint32_t i, d, want;
        if (*line == '#') continue;
        assert_int_equal(sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &i, &d, &want), 3);
        assert_int_equal(nas_sobol_at(directions[d], i), want);
        n++;
    }
    fclose(f);
    assert_int_equal(n, 22 * 14);
}

/* Any 2^k points in a row from a multiple of 2^k have one in each of 2^k parts of each dimension:
 * so have scrambled ones, by either way, and a seed makes others of them. */
static void test_scrambled_nets(void **state) {
    (void)state;
    enum { N = 64 };
    nas_sobol_directions(NAS_SOBOL_DIMENSIONS, directions);
    nas_rng rng = nas_rng_stream(3, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    for (int32_t d = 0; d < NAS_SOBOL_DIMENSIONS; d++) {
        const uint32_t seed = nas_rng_u32(&rng);
        for (uint32_t begin = 0; begin < 4 * N; begin += N) {
            bool owen[N] = {false}, shift[N] = {false};
            for (uint32_t i = begin; i < begin + N; i++) {
                const uint32_t x = nas_sobol_at(directions[d], i);
                owen[nas_sobol_owen(x, seed) >> 26] = true;
                shift[(x ^ seed) >> 26] = true;
            }
            for (int i = 0; i < N; i++) assert_true(owen[i] && shift[i]);
        }
    }
    assert_true(nas_sobol_owen(12345, 1) != nas_sobol_owen(12345, 2));
}

/* Owen's scrambling is nested: the first k bits of what comes out depend on the first k alone. */
static void test_nested(void **state) {
    (void)state;
    nas_rng rng = nas_rng_stream(4, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    for (int i = 0; i < 10000; i++) {
        const uint32_t seed = nas_rng_u32(&rng), x = nas_rng_u32(&rng);
        const uint32_t k = 1 + nas_rng_u32(&rng) % 31, low = nas_rng_u32(&rng) >> k;
        const uint32_t a = nas_sobol_owen(x, seed), b = nas_sobol_owen(x ^ low, seed);
        assert_int_equal(a >> (32 - k), b >> (32 - k));
    }
}

static nas_status nobody(void *ctx, const nas_hash *candidate, bool *yes, nas_err *err) {
    (void)ctx;
    (void)candidate;
    (void)err;
    *yes = false;
    return NAS_OK;
}
static const nas_seen unseen = {.has = nobody};

static const char three[] =
    "{\"epochs\": {\"range\": [1, 64]}, \"batch_size\": {\"choice\": [2, 4]}, "
    "\"learning_rate\": {\"range\": [0.001, 0.1], \"log\": true}}";

static void draw(const char *search, uint64_t seed, int32_t n, double out[][3]) {
    nas_space *s = open_parts((space_parts){.train = three, .search = search});
    int64_t cursor = 0;
    nas_err err = {0};
    assert_int_equal(nas_space_params(s), 3);
    for (int32_t i = 0; i < n; i++) {
        nas_point p = {out[i]};
        nas_ask what;
        const nas_question q = {.space = s, .seed = seed, .n = i, .seen = &unseen};
        assert_int_equal(nas_sampler_next(&q, &cursor, &p, &what, &err), NAS_OK);
        assert_int_equal(what, NAS_ASK_POINT);
        assert_int_equal(cursor, i + 1);
    }
    nas_space_close(s);
}

/* 64 points: each of 64 whole numbers once, both options 32 times, each 64th of the logarithm once.
 */
static void test_even(void **state) {
    (void)state;
    static const char *const scrambles[] = {"owen", "shift", "none"};
    for (int k = 0; k < 3; k++) {
        double v[64][3];
        int epochs[65] = {0}, batch[2] = {0}, rate[64] = {0};
        draw(nas_arena_format(arena, NULL,
                              "{\"sampler\": \"sobol\", \"trials\": 64, \"scramble\": \"%s\"}",
                              scrambles[k]),
             7, 64, v);
        for (int i = 0; i < 64; i++) {
            epochs[(int)v[i][0]]++;
            batch[(int)v[i][1]]++;
            rate[(int)(log(v[i][2] / 0.001) / log(100) * 64)]++;
        }
        for (int i = 1; i <= 64; i++) assert_int_equal(epochs[i], 1);
        assert_int_equal(batch[0], 32);
        for (int i = 0; k != 2 && i < 64; i++) assert_int_equal(rate[i], 1);
    }
}

static void test_seeds(void **state) {
    (void)state;
    double a[64][3], b[64][3];
    static const char *const owen = "{\"sampler\": \"sobol\", \"trials\": 64}";
    draw(owen, 1, 64, a);
    draw("{\"sampler\": \"sobol\", \"trials\": 64, \"scramble\": \"owen\"}", 1, 64, b);
    assert_memory_equal(a, b, sizeof a);
    draw(owen, 2, 64, b);
    assert_memory_not_equal(a, b, sizeof a);
    draw("{\"sampler\": \"sobol\", \"trials\": 64, \"scramble\": \"shift\"}", 1, 64, b);
    assert_memory_not_equal(a, b, sizeof a);
    draw("{\"sampler\": \"sobol\", \"trials\": 64, \"scramble\": \"none\"}", 1, 64, a);
    draw("{\"sampler\": \"sobol\", \"trials\": 64, \"scramble\": \"none\"}", 2, 64, b);
    assert_memory_equal(a, b, sizeof a);
    assert_true(a[0][0] == 1 && a[0][1] == 0 && a[0][2] == 0.001);
    assert_true(a[1][0] == 33 && a[1][1] == 1 && a[1][2] == 0.01);
}

/* Without end, and all forbidden but a little: it comes to a point, or says that there is none. */
static void test_rare(void **state) {
    (void)state;
    nas_space *s =
        open_parts((space_parts){.train = three,
                                 .rest = "\"forbid\": [\"train.learning_rate > 0.00101\"],\n",
                                 .search = "{\"sampler\": \"sobol\", \"trials\": 3}"});
    double v[3];
    nas_point p = {v};
    nas_ask what;
    nas_err err = {0};
    int64_t cursor = 0;
    int asked = 0;
    const nas_question q = {.space = s, .seed = 5, .n = 0, .seen = &unseen};
    do {
        assert_int_equal(nas_sampler_next(&q, &cursor, &p, &what, &err), NAS_OK);
        asked++;
    } while (what == NAS_ASK_AGAIN);
    assert_int_equal(what, NAS_ASK_POINT);
    assert_true(v[2] <= 0.00101);
    nas_space_close(s);
    s = open_parts(
        (space_parts){.train = three,
                      .rest = "\"forbid\": [\"train.learning_rate != 0.05\"], \"try_first\": "
                              "[{\"train.learning_rate\": 0.05}],\n",
                      .search = "{\"sampler\": \"sobol\", \"trials\": 3}"});
    cursor = 1;
    asked = 0;
    const nas_question none = {.space = s, .seed = 5, .n = 1, .seen = &unseen};
    do {
        assert_int_equal(nas_sampler_next(&none, &cursor, &p, &what, &err), NAS_OK);
        asked++;
    } while (what == NAS_ASK_AGAIN);
    assert_int_equal(what, NAS_ASK_EXHAUSTED);
    assert_int_equal(asked, 16);
    nas_space_close(s);
}

static void test_own_keys(void **state) {
    (void)state;
    refuse((space_parts){.search = "{\"sampler\": \"random\", \"scramble\": \"owen\"}"},
           "search.scramble: belongs to the sampler \"sobol\"; leave it out, or take that sampler");
    refuse((space_parts){.search = "{\"sampler\": \"sobol\", \"scramble\": \"ownen\"}"},
           "search.scramble: expected \"owen\", \"shift\" or \"none\", got \"ownen\"; did you mean "
           "\"owen\"?");
    refuse((space_parts){.search = "{\"sampler\": \"sobol\", \"scrmble\": \"owen\"}"},
           "search.scrmble: unknown key; did you mean \"scramble\"?");
    refuse((space_parts){.search = "{\"sampler\": \"sobl\", \"scramble\": \"owen\"}"},
           "did you mean \"sobol\"?");
    /* What the keys say is part of the space. */
    nas_space *a = open_parts((space_parts){.search = "{\"sampler\": \"sobol\"}"});
    nas_space *b =
        open_parts((space_parts){.search = "{\"sampler\": \"sobol\", \"scramble\": \"none\"}"});
    const nas_hash x = nas_space_hash(a), y = nas_space_hash(b);
    assert_false(nas_hash_equal(&x, &y));
    nas_space_close(a);
    nas_space_close(b);
}

/* More parameters than the table has dimensions. */
static void test_too_many(void **state) {
    (void)state;
    char *layers = nas_arena_text(arena, "[", NULL);
    for (int i = 0; i < 257; i++)
        layers = nas_arena_format(
            arena, NULL, "%s{\"op\": \"dropout\", \"rate\": {\"choice\": [0.1, 0.2]}}, ", layers);
    layers = nas_arena_format(arena, NULL, "%s" LAYERS_END "]", layers);
    nas_space *s = open_parts(
        (space_parts){.layers = layers, .search = "{\"sampler\": \"sobol\", \"trials\": 2}"});
    nas_err err = {0};
    assert_int_equal(nas_space_params(s), 257);
    const nas_sampler *row = nas_sampler_at(nas_space_search(s)->sampler);
    assert_int_equal(row->check(s, 2, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "257 choices and ranges, and \"sobol\" takes at most 256"));
    nas_space_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_golden), TEST(test_scrambled_nets), TEST(test_nested),   TEST(test_even),
        TEST(test_seeds),  TEST(test_rare),           TEST(test_own_keys), TEST(test_too_many),
    };
    return cmocka_run_group_tests_name("sobol", tests, NULL, NULL);
}
