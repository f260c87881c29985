/* tests/core/test_inspect.c - where the bytes of a file and of its stream go. */
#include "core/deploy/tflite/flat.h"
#include "core/deploy/tflite/inspect.h"
#include "core/deploy/tflite/tflite.h"
#include "tests/fixture.h"
#include "tests/random_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static nas_err err;

typedef struct file {
    nas_graph g;
    uint8_t *p;
    size_t n;
} file;

static file write_net(int32_t variant, nas_format format) {
    rg b = rg_net(arena, 7, variant, true);
    file f = {.g = nas_graph_start(arena)};
    nas_graph out = nas_graph_start(arena);
    const size_t n = (size_t)nas_tensor_count(&b.g.tensors[b.g.input]);
    float *x = nas_arena_array(arena, n, sizeof *x, &err);
    for (size_t i = 0; i < n; i++) x[i] = rg_uniform(&b, -2, 2);
    assert_int_equal(nas_graph_fold(&b.g, &err), NAS_OK);
    assert_int_equal(nas_format_apply(&b.g, format, x, 1, &out, &err), NAS_OK);
    assert_int_equal(nas_tflite_write(&out, arena, &f.p, &f.n, &err), NAS_OK);
    assert_int_equal(nas_tflite_read(f.p, f.n, &f.g, &err), NAS_OK);
    return f;
}

/* Bytes of distinct places in the file: equal constants share one. */
static int64_t distinct_bytes(const nas_graph *g, int32_t slot) {
    const void *seen[64];
    int32_t n = 0;
    int64_t bytes = 0;
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        const bool weighted = o->kind == NAS_OP_CONV_2D || o->kind == NAS_OP_DEPTHWISE_CONV_2D ||
                              o->kind == NAS_OP_FULLY_CONNECTED;
        if (!weighted || slot >= o->n_in || o->in[slot] < 0) continue;
        const nas_tensor *t = &g->tensors[o->in[slot]];
        for (int32_t k = 0; !t->data && k < g->n_ops; k++)
            if (g->ops[k].out == o->in[slot]) t = &g->tensors[g->ops[k].in[0]];
        int32_t k = 0;
        while (k < n && seen[k] != t->data) k++;
        if (k < n) continue;
        assert_true(n < 64);
        seen[n++] = t->data;
        bytes += nas_tensor_bytes(t);
    }
    return bytes;
}

static void test_kinds(void **state) {
    (void)state;
    for (int32_t k = 0; k < 4 * rg_variants; k++) {
        const file f = write_net(k / 4, (nas_format)(k % 4));
        uint8_t *kinds = nas_arena_alloc(arena, f.n, &err);
        int64_t n[NAS_BYTE_KINDS] = {0};
        assert_int_equal(nas_tflite_kinds(f.p, f.n, &f.g, kinds, &err), NAS_OK);
        for (size_t i = 0; i < f.n; i++) n[kinds[i]]++;
        assert_int_equal(n[NAS_BYTES_KERNELS], distinct_bytes(&f.g, 1));
        assert_int_equal(n[NAS_BYTES_BIASES], distinct_bytes(&f.g, 2));
        assert_int_equal(n[NAS_BYTES_NAMES] + n[NAS_BYTES_METADATA] + n[NAS_BYTES_RANGES], 0);
        assert_int_equal(n[NAS_BYTES_SCALES] > 0, k % 4 >= 2 && n[NAS_BYTES_ZERO_POINTS] > 0);
    }
}

/* 40,000,000,000 ports in 1.6 MB: the walk ends before them. */
static void test_shared_a_thousandfold(void **state) {
    (void)state;
    enum { MANY = 200000 };
    nas_flat f = nas_flat_start(arena, &err);
    nas_flat_ref *refs = nas_arena_array(arena, MANY, sizeof *refs, &err);
    const nas_graph g = nas_graph_start(arena);
    uint8_t *p;
    size_t n;
    nas_flat_link(&f, TFL_PORT_NAME, nas_flat_vector(&f, "port", 4, 1, 4));
    const nas_flat_ref port = nas_flat_table(&f);
    for (int32_t i = 0; i < MANY; i++) refs[i] = port;
    nas_flat_link(&f, TFL_SIGNATURE_INPUTS, nas_flat_refs(&f, refs, MANY));
    const nas_flat_ref signature = nas_flat_table(&f);
    for (int32_t i = 0; i < MANY; i++) refs[i] = signature;
    nas_flat_link(&f, TFL_MODEL_SIGNATURES, nas_flat_refs(&f, refs, MANY));
    const nas_flat_ref model = nas_flat_table(&f);
    assert_int_equal(nas_flat_end(&f, model, "TFL3", &p, &n), NAS_OK);
    uint8_t *kinds = nas_arena_alloc(arena, n, &err);
    assert_int_equal(nas_tflite_kinds(p, n, &g, kinds, &err), NAS_OK);
    int64_t metadata = 0;
    for (size_t i = 0; i < n; i++) metadata += kinds[i] == NAS_BYTES_METADATA;
    assert_true(metadata > 0 && metadata < 100);
}

/* Of streams of others too: stored, of fixed codes, of matches over far distances. */
static void test_bits(void **state) {
    (void)state;
    static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED};
    for (int32_t k = 0; k < 40; k++) {
        const file f = write_net(k % rg_variants, (nas_format)(k % 4));
        uint8_t *zip = nas_arena_alloc(arena, f.n + 1000, &err);
        uint32_t *bits = nas_arena_array(arena, f.n, sizeof *bits, &err);
        z_stream s = {.next_in = f.p, .avail_in = (uInt)f.n};
        assert_int_equal(deflateInit2(&s, k % 10, Z_DEFLATED, 15, 8, strategies[k / 10]), Z_OK);
        s.next_out = zip;
        s.avail_out = (uInt)f.n + 1000;
        assert_int_equal(deflate(&s, Z_FINISH), Z_STREAM_END);
        const size_t zip_n = s.total_out;
        deflateEnd(&s);
        assert_int_equal(nas_zlib_bits(zip, zip_n, f.n, bits, &err), NAS_OK);
        uint64_t sum = 0;
        for (size_t i = 0; i < f.n; i++) sum += bits[i];
        /* Beside them: the end of the block, the rest of a byte, a check of four bytes. */
        assert_true(sum <= 8 * zip_n && sum + 32 + 7 + 15 >= 8 * zip_n);
        assert_int_equal(nas_zlib_bits(zip, zip_n, f.n + 1, bits, &err), NAS_EFORMAT);
        assert_int_not_equal(nas_zlib_bits(zip, zip_n / 4, f.n, bits, &err), NAS_OK);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_shared_a_thousandfold),
        cmocka_unit_test(test_bits),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
