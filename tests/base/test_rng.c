/* tests/base/test_rng.c - Philox 4x32-10 beside the known answers that its authors give with
 * Random123 (Salmon et al., SC 2011), and what is made of its words. */
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Key, counter, block. */
static const uint32_t known[][10] = {
    {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
    {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e,
     0xa20bc7c6, 0x6d5451fd},
    {0xa4093822, 0x299f31d0, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xd16cfe09, 0x94fdcceb,
     0x5001e420, 0x24126ea1},
};

static void known_answers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        nas_rng r = {.left = 0};
        memcpy(r.key, known[i], sizeof r.key);
        memcpy(r.counter, known[i] + 2, sizeof r.counter);
        for (int k = 3; k >= 0; k--) assert_int_equal(nas_rng_u32(&r), known[i][6 + k]);
    }
}

/* Each part of a place gives other words; the same place the same ones. */
static void places_differ(void **state) {
    (void)state;
    const nas_rng streams[] = {
        nas_rng_stream(7, 0, NAS_PURPOSE_TEST, 0, 0, 0),
        nas_rng_stream(8, 0, NAS_PURPOSE_TEST, 0, 0, 0),
        nas_rng_stream(7, 1, NAS_PURPOSE_TEST, 0, 0, 0),
        nas_rng_stream(7, 0, NAS_PURPOSE_INIT, 0, 0, 0),
        nas_rng_stream(7, 0, NAS_PURPOSE_TEST, 1, 0, 0),
        nas_rng_stream(7, 0, NAS_PURPOSE_TEST, 0, 1, 0),
        nas_rng_stream(7, 0, NAS_PURPOSE_TEST, 0, 0, 1),
        nas_rng_stream(7ULL << 32, 0, NAS_PURPOSE_TEST, 0, 0, 0),
    };
    enum { N = sizeof streams / sizeof *streams };
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) {
            nas_rng x = streams[i], y = streams[k];
            const uint64_t a = nas_rng_u64(&x), b = nas_rng_u64(&y);
            assert_true((a == b) == (i == k));
        }
}

static void bounds_hold(void **state) {
    (void)state;
    nas_rng r = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    int count[6] = {0};
    for (int i = 0; i < 60000; i++) count[nas_rng_below(&r, 6)]++;
    /* Five standard deviations of a count of 60,000 at 1/6: sqrt(60000 / 6 * 5 / 6) = 91. */
    for (int i = 0; i < 6; i++) assert_in_range(count[i], 10000 - 457, 10000 + 457);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(nas_rng_below(&r, 1), 0);
        assert_true(nas_rng_below(&r, UINT64_MAX) < UINT64_MAX);
        const float f = nas_rng_float(&r);
        const double d = nas_rng_double(&r);
        assert_true(f >= 0 && f < 1 && d >= 0 && d < 1);
    }
}

static void shuffles_keep_items(void **state) {
    (void)state;
    nas_rng r = nas_rng_stream(3, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    uint32_t items[100], seen[100] = {0}, moved = 0;
    for (uint32_t i = 0; i < 100; i++) items[i] = i;
    nas_rng_shuffle(&r, items, 100);
    for (uint32_t i = 0; i < 100; i++) seen[items[i]]++;
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(seen[i], 1);
        moved += items[i] != i;
    }
    assert_true(moved > 80);
    nas_rng_shuffle(&r, items, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(places_differ),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(shuffles_keep_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
