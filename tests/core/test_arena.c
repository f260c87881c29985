/* tests/core/test_arena.c - the arena of TensorFlow Lite for Microcontrollers, beside what its own
 * allocator printed (tests/golden/make_arena.py). */
#include "core/deploy/deploy.h"
#include "tests/fixture.h"
#include "tests/random_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CALIBRATION = 40 };

static nas_err err;

static int32_t format_of(const char *name) {
    int32_t f = 0;
    while (nas_format_names[f] && strcmp(nas_format_names[f], name) != 0) f++;
    assert_non_null(nas_format_names[f]);
    return f;
}

/* The net of a seed as tests/interop/models.c makes it, written in a format and read back. */
static nas_graph net_of(uint32_t seed, nas_format format) {
    rg b = rnet(arena, seed);
    if (seed % 4) assert_int_equal(nas_graph_fold(&b.g, &err), NAS_OK);
    const int64_t n = nas_tensor_count(&b.g.tensors[b.g.input]) * CALIBRATION;
    nas_rng rng = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, 2, 0, 0);
    nas_graph g = nas_graph_start(arena), read = nas_graph_start(arena);
    uint8_t *file;
    size_t bytes;
    float *x = nas_arena_array(arena, (size_t)n, sizeof *x, &err);
    assert_non_null(x);
    for (int64_t i = 0; i < n; i++) x[i] = nas_rng_float(&rng) * 4 - 2;
    assert_int_equal(nas_format_apply(&b.g, format, x, CALIBRATION, &g, &err), NAS_OK);
    assert_int_equal(nas_tflite_write(&g, arena, &file, &bytes, &err), NAS_OK);
    assert_int_equal(nas_tflite_read(file, bytes, &read, &err), NAS_OK);
    return read;
}

static void test_golden(void **state) {
    (void)state;
    FILE *f = fopen("tests/golden/arena.txt", "r");
    char format[16], head[32];
    int seed, n = 0, refused = 0;
    assert_non_null(f);
    while (fscanf(f, "%d %15s %31s", &seed, format, head) == 3) {
        const nas_arena_mark mark = nas_arena_here(arena);
        const nas_graph g = net_of((uint32_t)seed, (nas_format)format_of(format));
        int64_t bytes;
        assert_int_equal(nas_micro_arena(&g, &bytes, &err), NAS_OK);
        const int64_t want = strcmp(head, "-") == 0 ? -1 : atoll(head);
        if (bytes != want)
            fail_msg("net %d, %s: %lld bytes, the runtime has %s", seed, format, (long long)bytes,
                     head);
        n++;
        refused += want < 0;
        nas_arena_back(arena, mark);
    }
    fclose(f);
    assert_int_equal(n, 240);
    assert_true(refused > 60 && refused < 180);
}

/* A map of 40 values and its flat twin live at once there; here they are one. */
static void test_reshape(void **state) {
    (void)state;
    rg b = rg_start(arena, 1, 4, (int32_t[]){1, 4, 5, 2});
    rg_flatten(&b);
    rg_dense(&b, 3, NAS_ACT_NONE, true);
    nas_cost cost;
    assert_int_equal(nas_graph_cost(&b.g, &cost, &err), NAS_OK);
    assert_int_equal(cost.ram_bytes, 40 * 4 + 16);
    assert_int_equal(cost.arena_bytes, 2 * 40 * 4);
}

/* Besides its tensors MEAN has the sums, a place in its input and the axes. */
static void test_scratch(void **state) {
    (void)state;
    rg b = rg_start(arena, 1, 4, (int32_t[]){1, 3, 3, 2});
    rg_mean(&b, false);
    nas_cost cost;
    assert_int_equal(nas_graph_cost(&b.g, &cost, &err), NAS_OK);
    assert_int_equal(cost.ram_bytes, 80 + 16);
    assert_int_equal(cost.arena_bytes, 80 + 16 + 16 + 16);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_reshape),
        cmocka_unit_test(test_scratch),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
