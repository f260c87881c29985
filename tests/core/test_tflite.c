/* tests/core/test_tflite.c - writing and reading .tflite files, also damaged ones. What the real
 * runtime says about our files is checked by tests/interop. */
#include "base/files/file.h"
#include "core/deploy/deploy.h"
#include "tests/fixture.h"
#include "tests/random_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static nas_err err;

typedef struct file {
    uint8_t *p;
    size_t n;
} file;

static file write_graph(const nas_graph *g) {
    file f;
    if (nas_tflite_write(g, arena, &f.p, &f.n, &err) != NAS_OK) fail_msg("%s", err.text);
    return f;
}

static nas_graph formatted(rg *b, nas_format format) {
    nas_graph g = nas_graph_start(arena);
    const size_t n = (size_t)nas_tensor_count(&b->g.tensors[b->g.input]);
    float *x = nas_arena_array(arena, n * 8, sizeof *x, &err);
    for (size_t i = 0; i < n * 8; i++) x[i] = rg_uniform(b, -2, 2);
    if (nas_format_apply(&b->g, format, x, 8, &g, &err) != NAS_OK) fail_msg("%s", err.text);
    return g;
}

static file net_file(int32_t variant, nas_format format) {
    rg b = rg_net(arena, 7, variant, true);
    assert_int_equal(nas_graph_fold(&b.g, &err), NAS_OK);
    const nas_graph g = formatted(&b, format);
    return write_graph(&g);
}

/* --- the same graph comes back ---------------------------------------------------------------- */

static void assert_same_tensor(const nas_tensor *a, const nas_tensor *b) {
    assert_int_equal(a->dtype, b->dtype);
    assert_int_equal(a->rank, b->rank);
    assert_memory_equal(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims);
    assert_int_equal(a->data != NULL, b->data != NULL);
    if (a->data) assert_memory_equal(a->data, b->data, (size_t)nas_tensor_bytes(a));
    assert_int_equal(a->n_scale, b->n_scale);
    if (a->n_scale) assert_memory_equal(a->scale, b->scale, (size_t)a->n_scale * sizeof(float));
    if (a->n_scale)
        assert_memory_equal(a->zero_point, b->zero_point, (size_t)a->n_scale * sizeof(int32_t));
    if (a->n_scale > 1) assert_int_equal(a->axis, b->axis);
}

static void assert_same_op(const nas_op *a, const nas_op *b) {
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->n_in, b->n_in);
    assert_memory_equal(a->in, b->in, (size_t)a->n_in * sizeof *a->in);
    assert_int_equal(a->out, b->out);
    assert_int_equal(a->padding, b->padding);
    assert_memory_equal(a->stride, b->stride, sizeof a->stride);
    assert_memory_equal(a->dilation, b->dilation, sizeof a->dilation);
    assert_memory_equal(a->window, b->window, sizeof a->window);
    assert_int_equal(a->activation, b->activation);
    assert_true(a->beta == b->beta);
    assert_int_equal(a->keep_dims, b->keep_dims);
    assert_int_equal(a->asymmetric, b->asymmetric);
}

static void test_round_trip(void **state) {
    (void)state;
    static const nas_format formats[] = {NAS_FORMAT_FLOAT32, NAS_FORMAT_FLOAT16, NAS_FORMAT_DYNAMIC,
                                         NAS_FORMAT_INT8};
    for (int32_t variant = 0; variant < rg_variants; variant++)
        for (size_t k = 0; k < sizeof formats / sizeof *formats; k++) {
            rg b = rg_net(arena, 3, variant, true);
            const nas_graph g = formatted(&b, formats[k]);
            const file f = write_graph(&g), again = write_graph(&g);
            assert_int_equal(f.n, again.n);
            assert_memory_equal(f.p, again.p, f.n);

            nas_graph back = nas_graph_start(arena);
            if (nas_tflite_read(f.p, f.n, &back, &err) != NAS_OK) fail_msg("%s", err.text);
            assert_int_equal(g.n_tensors, back.n_tensors);
            assert_int_equal(g.n_ops, back.n_ops);
            assert_int_equal(g.input, back.input);
            assert_int_equal(g.output, back.output);
            for (int32_t i = 0; i < g.n_tensors; i++)
                assert_same_tensor(&g.tensors[i], &back.tensors[i]);
            for (int32_t i = 0; i < g.n_ops; i++) assert_same_op(&g.ops[i], &back.ops[i]);
        }
}

/* Wherever the bytes stand in memory. */
static void test_reads_from_any_address(void **state) {
    (void)state;
    const file f = net_file(2, NAS_FORMAT_INT8);
    uint8_t *moved = nas_arena_alloc(arena, f.n + 8, &err);
    for (size_t shift = 0; shift < 8; shift++) {
        nas_graph g = nas_graph_start(arena);
        nas_interp *it;
        memcpy(moved + shift, f.p, f.n);
        assert_int_equal(nas_tflite_read(moved + shift, f.n, &g, &err), NAS_OK);
        assert_int_equal(nas_interp_open(&g, &it, &err), NAS_OK);
        float x[12 * 11 * 5] = {1}, y[5];
        nas_interp_run(it, x, y);
        nas_interp_close(it);
    }
}

/* --- the file is small ------------------------------------------------------------------------ */

static void test_no_byte_too_many(void **state) {
    (void)state;
    rg b = rg_start(arena, 1, 2, (int32_t[]){1, 8});
    rg_dense(&b, 4, NAS_ACT_NONE, true);
    const file f = write_graph(&b.g);
    assert_memory_equal(f.p + 4, "TFL3", 4);
    assert_in_range(f.n - (8 * 4 + 4) * sizeof(float), 100, 368);
}

/* Equal constants are stored once. */
static void test_equal_constants_share(void **state) {
    (void)state;
    size_t sizes[2];
    for (int32_t k = 0; k < 2; k++) {
        rg b = rg_start(arena, 1, 2, (int32_t[]){1, 32});
        rg_dense(&b, 32, NAS_ACT_RELU, false);
        const int32_t first = b.g.ops[0].in[1];
        rg_dense(&b, 32, NAS_ACT_RELU, false);
        if (k == 1) b.g.tensors[b.g.ops[1].in[1]].data = b.g.tensors[first].data;
        sizes[k] = write_graph(&b.g).n;
    }
    assert_true(sizes[0] - sizes[1] >= 32 * 32 * sizeof(float));
}

/* --- damaged files ---------------------------------------------------------------------------- */

static int64_t accepted;

/* Read, and if it is a graph then use it. bytes is a block of exactly n, so that the sanitizer sees
 * each step outside. */
static void use(const uint8_t *bytes, size_t n) {
    nas_arena *own;
    nas_cost cost;
    assert_int_equal(nas_arena_open(&own, &err), NAS_OK);
    nas_graph g = nas_graph_start(own);
    err.text[0] = '\0';
    const nas_status st = nas_tflite_read(bytes, n, &g, &err);
    if (st != NAS_OK) {
        assert_true(st == NAS_EFORMAT || st == NAS_EUNSUPPORTED || st == NAS_ENOMEM);
        assert_true(err.text[0] != '\0');
    } else if (nas_graph_cost(&g, &cost, &err) == NAS_OK && cost.macs < 3000000 &&
               cost.ram_bytes < 1 << 20) {
        static float x[1 << 20], y[1 << 20];
        nas_interp *it;
        accepted++;
        if (nas_interp_open(&g, &it, &err) == NAS_OK) {
            nas_interp_run(it, x, y);
            nas_interp_close(it);
        }
        uint8_t *again;
        size_t again_n;
        assert_int_equal(nas_tflite_write(&g, own, &again, &again_n, &err), NAS_OK);
    }
    nas_arena_close(own);
}

static void test_truncated(void **state) {
    (void)state;
    for (int32_t k = 0; nas_format_names[k]; k++) {
        const file f = net_file(3, (nas_format)k);
        for (size_t n = 0; n < f.n; n++) {
            uint8_t *cut = malloc(n + 1);
            memcpy(cut, f.p, n);
            uint8_t *exact = realloc(cut, n ? n : 1);
            nas_graph g = nas_graph_start(arena);
            nas_arena_mark mark = nas_arena_here(arena);
            err.text[0] = '\0';
            const nas_status st = nas_tflite_read(exact, n, &g, &err);
            if (st != NAS_OK) assert_true(err.text[0] != '\0');
            if (n < f.n - 16) assert_int_not_equal(st, NAS_OK);
            nas_arena_back(arena, mark);
            free(exact);
        }
    }
}

static void test_random_damage(void **state) {
    (void)state;
    nas_rng rng = nas_rng_stream(11, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    static const int32_t variants[] = {1, 3, 4, 5, 7, 12};
    accepted = 0;
    for (int32_t v = 0; v < 24; v++) {
        const file f = net_file(variants[v / 4], (nas_format)(v % 4));
        uint8_t *bytes = malloc(f.n);
        assert_non_null(bytes);
        for (int32_t round = 0; round < 800; round++) {
            memcpy(bytes, f.p, f.n);
            const uint64_t hits = 1 + nas_rng_below(&rng, 4);
            for (uint64_t k = 0; k < hits; k++) {
                /* The tables stand before the constants; aim at them more often. */
                const size_t most = nas_rng_below(&rng, 4) ? (f.n < 1200 ? f.n : 1200) : f.n;
                const size_t at = (size_t)nas_rng_below(&rng, most);
                const uint32_t how = (uint32_t)nas_rng_below(&rng, 3);
                if (how == 0) bytes[at] ^= (uint8_t)(1u << nas_rng_below(&rng, 8));
                if (how == 1) bytes[at] = (uint8_t)nas_rng_u32(&rng);
                if (how == 2) bytes[at] = nas_rng_below(&rng, 2) ? 0xff : 0;
            }
            use(bytes, f.n);
        }
        free(bytes);
    }
    assert_true(accepted > 1000);
}

/* A window that reaches far beyond its map asks for a border that no tensor declares. */
static void test_undeclared_memory(void **state) {
    (void)state;
    nas_interp *it;
    rg small = rg_start(arena, 1, 4, (int32_t[]){1, 9, 9, 2});
    rg_conv(&small, 3, (rg_window){.kernel = {3, 3}, .dilation = {64, 64}});
    assert_int_equal(nas_interp_open(&small.g, &it, &err), NAS_OK);
    nas_interp_close(it);
    rg large = rg_start(arena, 1, 4, (int32_t[]){1, 9, 9, 2});
    rg_conv(&large, 3, (rg_window){.kernel = {3, 3}, .dilation = {1500, 1500}});
    assert_int_equal(nas_interp_open(&large.g, &it, &err), NAS_ENOMEM);
    assert_non_null(strstr(err.text, "its padded map is too large"));
    assert_null(it);
    /* Many of them, each below that. */
    rg many = rg_start(arena, 1, 4, (int32_t[]){1, 1, 1, 1});
    for (int i = 0; i < 120; i++)
        rg_conv(&many, 1, (rg_window){.kernel = {2, 2}, .dilation = {500, 500}});
    assert_int_equal(nas_interp_open(&many.g, &it, &err), NAS_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "more memory than"));
}

static void test_foreign_files(void **state) {
    (void)state;
    nas_graph g = nas_graph_start(arena);
    static const char text[64] = "This is a text, and no model at all.";
    assert_int_equal(nas_tflite_read((const uint8_t *)text, sizeof text, &g, &err), NAS_EFORMAT);
    assert_non_null(strstr(err.text, "TFL3"));
    assert_int_equal(nas_tflite_read((const uint8_t *)text, 0, &g, &err), NAS_EFORMAT);
}

/* --- number formats --------------------------------------------------------------------------- */

static void test_formats(void **state) {
    (void)state;
    rg b = rg_net(arena, 1, 8, true);
    nas_graph out = nas_graph_start(arena);
    assert_int_equal(nas_format_apply(&b.g, NAS_FORMAT_INT8, NULL, 0, &out, &err), NAS_EINVAL);
    assert_string_equal(nas_format_names[NAS_FORMAT_FLOAT32], "float32");
    assert_string_equal(nas_format_names[NAS_FORMAT_INT8], "int8");
    for (int32_t i = 0; nas_format_names[i]; i++) {
        const float x[33] = {1, -1};
        nas_graph again = nas_graph_start(arena);
        assert_int_equal(nas_format_apply(&b.g, (nas_format)i, x, 1, &out, &err), NAS_OK);
        if (i == NAS_FORMAT_FLOAT32) continue;
        /* What is no float graph any more is refused. */
        assert_int_equal(nas_format_apply(&out, (nas_format)i, x, 1, &again, &err), NAS_EINVAL);
        assert_non_null(strstr(err.text, nas_format_names[i]));
    }
}

/* --- latency ---------------------------------------------------------------------------------- */

static void count_up(void *ctx) {
    volatile int32_t *n = ctx;
    *n += 1;
}

static void test_latency(void **state) {
    (void)state;
    int32_t n = 0;
    nas_latency l;
    assert_int_equal(nas_latency_measure(count_up, &n, 30, &l, &err), NAS_OK);
    assert_true(l.runs >= 30 && n > l.runs);
    assert_true(l.lo_ms >= 0 && l.median_ms >= l.lo_ms && l.hi_ms >= l.median_ms);
    assert_true(l.p95_ms >= l.hi_ms && l.median_ms < 1);
    assert_int_equal(nas_latency_measure(count_up, &n, 0, &l, &err), NAS_EINVAL);
}

/* Of n runs that take 1, 2, ... n ms, the longest first: ranks as SciPy has them. */
static void test_ranks(void **state) {
    (void)state;
    FILE *f = fopen("tests/golden/ranks.txt", "r");
    assert_non_null(f);
    int32_t n, lo, hi, p95, lines = 0;
    for (; fscanf(f, "%d %d %d %d", &n, &lo, &hi, &p95) == 4; lines++) {
        double *ms = nas_arena_array(arena, (size_t)n, sizeof *ms, &err);
        for (int32_t i = 0; i < n; i++) ms[i] = n - i;
        nas_latency l;
        nas_latency_summarise(ms, n, &l);
        if (l.lo_ms != lo || l.hi_ms != hi || l.p95_ms != p95)
            fail_msg("%d runs: %g .. %g, p95 %g; SciPy: %d .. %d, %d", n, l.lo_ms, l.hi_ms,
                     l.p95_ms, lo, hi, p95);
        assert_true(l.median_ms == 0.5 * (n + 1) && l.runs == n);
    }
    fclose(f);
    assert_int_equal(lines, 132);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),        cmocka_unit_test(test_reads_from_any_address),
        cmocka_unit_test(test_no_byte_too_many),  cmocka_unit_test(test_equal_constants_share),
        cmocka_unit_test(test_truncated),         cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_foreign_files),     cmocka_unit_test(test_formats),
        cmocka_unit_test(test_latency),           cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_undeclared_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
