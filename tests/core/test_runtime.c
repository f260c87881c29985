/* Whose arithmetic the interpreter has: outputs of the real packages, to the bit
 * (tests/golden/make_runtimes.py), with every row of kernels. */
#include "core/deploy/deploy.h"
#include "core/kernel/infer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EXAMPLES = 20, MODELS = 14 };

typedef struct bytes {
    uint8_t *p;
    size_t n;
} bytes;

static nas_arena *arena;
static nas_err err;

static int open_arena(void **state) {
    (void)state;
    return nas_arena_open(&arena, &err) == NAS_OK ? 0 : 1;
}

static int close_arena(void **state) {
    (void)state;
    nas_arena_close(arena);
    return 0;
}

/* "name hex". false: the end. */
static bool read_line(FILE *f, const char *name, bytes *out) {
    char *line = NULL;
    size_t room = 0;
    const long n = getline(&line, &room, f);
    if (n > 0) {
        const size_t skip = *name ? strlen(name) + 1 : 0;
        assert_memory_equal(line, name, strlen(name));
        out->n = ((size_t)n - 1 - skip) / 2;
        out->p = nas_arena_alloc(arena, out->n + 1, &err);
        assert_non_null(out->p);
        for (size_t i = 0; *name && i < out->n; i++) {
            const char two[3] = {line[skip + 2 * i], line[skip + 2 * i + 1], 0};
            out->p[i] = (uint8_t)strtol(two, NULL, 16);
        }
    }
    free(line);
    return n > 0;
}

/* How many outputs are not those of the package. */
static size_t wrong(const nas_graph *g, nas_runtime runtime, bytes in, bytes out) {
    const size_t x = (size_t)nas_tensor_bytes(&g->tensors[g->input]);
    const size_t y = (size_t)nas_tensor_bytes(&g->tensors[g->output]);
    uint8_t *got = nas_arena_alloc(arena, out.n, &err);
    nas_interp *it;
    size_t bad = 0;
    assert_non_null(got);
    assert_int_equal(in.n, EXAMPLES * x);
    assert_int_equal(out.n, EXAMPLES * y);
    assert_int_equal(nas_interp_open_as(g, runtime, &it, &err), NAS_OK);
    for (size_t i = 0; i < EXAMPLES; i++) nas_interp_run_raw(it, in.p + i * x, got + i * y);
    nas_interp_close(it);
    for (size_t i = 0; i < out.n; i++) bad += got[i] != out.p[i];
    return bad;
}

static void check_model(int number, const bytes *file, bytes in, const bytes out[2],
                        size_t *apart) {
    static const char *const rows[] = {"reference", "generic", "avx2", "avx512", "avx512vnni"};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        if (!nas_infer_find(rows[r])) continue;
        setenv("NAS_KERNEL", rows[r], 1);
        nas_graph g = nas_graph_start(arena);
        assert_int_equal(nas_tflite_read(file->p, file->n, &g, &err), NAS_OK);
        for (int k = 0; k < 2; k++) {
            const size_t bad = wrong(&g, (nas_runtime)k, in, out[k]);
            if (bad)
                fail_msg("model %d, %s, %s: %zu of %zu values differ", number, rows[r],
                         nas_runtime_names[k], bad, out[k].n);
        }
        unsetenv("NAS_KERNEL");
    }
    for (size_t i = 0; i < out[0].n; i++) *apart += out[0].p[i] != out[1].p[i];
}

static void test_golden(void **state) {
    (void)state;
    FILE *f = fopen("tests/golden/runtimes.txt", "r");
    bytes name, file, in, out[2];
    size_t apart = 0;
    int n = 0;
    assert_non_null(f);
    while (read_line(f, "", &name)) {
        assert_true(read_line(f, "file", &file) && read_line(f, "in", &in));
        for (int k = 0; k < 2; k++) assert_true(read_line(f, nas_runtime_names[k], &out[k]));
        check_model(n++, &file, in, out, &apart);
    }
    fclose(f);
    assert_int_equal(n, MODELS);
    assert_true(apart > 900); /* RELU6 in all of its values, dense layers in some */
}

/* Where nobody names one it is the device's. */
static void test_default(void **state) {
    (void)state;
    assert_int_equal(NAS_RUNTIME_TFLM, 0);
    assert_string_equal(nas_runtime_names[0], "tflite-micro");
    assert_string_equal(nas_runtime_names[1], "litert");
    assert_null(nas_runtime_names[2]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_default),
    };
    return cmocka_run_group_tests_name("runtime", tests, open_arena, close_arena);
}
