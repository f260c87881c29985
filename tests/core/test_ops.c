/* tests/core/test_ops.c - operators that only files of others have: equal to tflite-micro in int8,
 * to the bit, and close to the reference kernels in float (tests/golden/make_ops.py). */
#include "core/deploy/deploy.h"
#include "core/graph/op_row.h"
#include "tests/fixture.h"
#include "tests/foreign.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static nas_err err;
static sample samples[MOST_SAMPLES];

static int32_t load(void) {
    const int32_t n = read_samples_of(arena, "tests/golden/ops.bin", samples, &err);
    if (n < 1) fail_msg("%s", err.text);
    assert_in_range(n, 1, MOST_SAMPLES);
    return n;
}

static void same(const sample *s, const nas_tensor *t, const uint8_t *y, const uint8_t *z) {
    for (int64_t i = 0; i < nas_tensor_count(t); i++) {
        if (t->dtype == NAS_I8 && y[i] != z[i])
            fail_msg("%s: value %d is %d, not %d", s->name, (int)i, (int8_t)y[i], (int8_t)z[i]);
        float a, b;
        if (t->dtype != NAS_F32) continue;
        memcpy(&a, y + 4 * i, sizeof a);
        memcpy(&b, z + 4 * i, sizeof b);
        if (!(fabsf(a - b) <= 1e-5f * (1 + fabsf(b))))
            fail_msg("%s: value %d is %g, not %g", s->name, (int)i, (double)a, (double)b);
    }
}

static void run(const sample *s, const nas_graph *g) {
    const size_t in = (size_t)nas_tensor_bytes(&g->tensors[g->input]);
    const size_t out = (size_t)nas_tensor_bytes(&g->tensors[g->output]);
    uint8_t *y = nas_arena_alloc(arena, out, &err);
    nas_interp *it;
    if (nas_interp_open(g, &it, &err) != NAS_OK) fail_msg("%s: %s", s->name, err.text);
    const int32_t n = s->in_n / (int32_t)in;
    assert_int_equal(n, 3);
    assert_int_equal(n * (int32_t)out, s->out_n);
    for (int32_t k = 0; k < n; k++) {
        nas_interp_run_raw(it, s->in + (size_t)k * in, y);
        same(s, &g->tensors[g->output], y, s->out + (size_t)k * out);
    }
    nas_interp_close(it);
}

/* As read, and as read again from what we write. */
static void test_equal(void **state) {
    (void)state;
    const int32_t n = load();
    for (int32_t i = 0; i < n; i++) {
        const sample *s = &samples[i];
        uint8_t *file;
        size_t bytes;
        nas_graph g = nas_graph_start(arena), again = nas_graph_start(arena);
        if (nas_tflite_read(s->file, (size_t)s->file_n, &g, &err) != NAS_OK)
            fail_msg("%s: %s", s->name, err.text);
        run(s, &g);
        assert_int_equal(nas_tflite_write(&g, arena, &file, &bytes, &err), NAS_OK);
        if (nas_tflite_read(file, bytes, &again, &err) != NAS_OK)
            fail_msg("%s: %s", s->name, err.text);
        run(s, &again);
    }
}

/* Each row says what it is called and who knows it; the table has as many as the list. */
static void test_rows(void **state) {
    (void)state;
    int32_t n = 0, listed = 0;
    for (int32_t k = 0; k < 256; k++) {
        const nas_op_row *row = nas_op_row_of((nas_op_kind)k);
        if (!row) continue;
        n++;
        assert_string_equal(row->name, nas_op_name((nas_op_kind)k));
        assert_non_null(row->check);
        assert_in_range(row->operands, 1, NAS_OP_INPUTS);
        assert_true(row->releases[0].version > 0);
        assert_int_equal(row->releases[NAS_OP_RELEASES - 1].version, 0);
    }
#define COUNT(NAME, name, code) listed++;
    NAS_OP_LIST(COUNT)
#undef COUNT
    assert_int_equal(n, listed);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_equal), cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
