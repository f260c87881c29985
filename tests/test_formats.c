/* tests/test_formats.c - number formats: scales that were given, float16 and hybrid arithmetic
 * against golden values, what stands in each format's file. */
#include "core/deploy/deploy.h"
#include "tests/random_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static nas_arena *arena;
static nas_err err;

static int setup(void **state) {
    (void)state;
    return nas_arena_open(&arena, &err) != NAS_OK;
}

static int teardown(void **state) {
    (void)state;
    nas_arena_close(arena);
    return 0;
}

static nas_graph formatted(const nas_graph *g, nas_format format, const float *x, int32_t n) {
    nas_graph out = nas_graph_start(arena);
    if (nas_format_apply(g, format, x, n, &out, &err) != NAS_OK) fail_msg("%s", err.text);
    return out;
}

/* --- given scales ----------------------------------------------------------------------------- */

enum { FILTERS = 9, UNITS = 4 };

/* input -> CONV (with scales) -> MAX_POOL -> FULLY_CONNECTED (with scales) -> SOFTMAX; every
 * activation has a scale too. */
typedef struct given {
    rg b;
    float conv[FILTERS], dense[UNITS], activation[5];
    int32_t zero[5];
    float x[8 * 6 * 2];
} given;

static void give_scale(nas_tensor *t, const float *scale, const int32_t *zero) {
    t->n_scale = 1;
    t->scale = scale;
    t->zero_point = zero;
}

static given *make_given(void) {
    given *v = nas_arena_alloc(arena, sizeof *v, &err);
    v->b = rg_start(arena, 4, 4, (int32_t[]){1, 8, 6, 2});
    rg_conv(&v->b, FILTERS, (rg_window){.kernel = {3, 3}, .activation = NAS_ACT_RELU});
    rg_pool(&v->b, NAS_OP_MAX_POOL_2D, (rg_window){.kernel = {2, 2}, .stride = {2, 2}});
    rg_dense(&v->b, UNITS, NAS_ACT_NONE, true);
    rg_unary(&v->b, NAS_OP_SOFTMAX);
    nas_graph *g = &v->b.g;
    nas_tensor *w = &g->tensors[g->ops[0].in[1]], *d = &g->tensors[g->ops[2].in[1]];
    for (int32_t c = 0; c < FILTERS; c++) v->conv[c] = 0.002f + 0.0003f * (float)c;
    for (int32_t c = 0; c < UNITS; c++) v->dense[c] = 0.011f - 0.002f * (float)c;
    w->n_scale = FILTERS;
    w->scale = v->conv;
    d->n_scale = UNITS;
    d->scale = v->dense;
    for (int32_t k = 0; k < 5; k++) {
        v->activation[k] = 0.01f * (float)(k + 1);
        v->zero[k] = 3 * k - 7;
        give_scale(&g->tensors[k == 0 ? g->input : g->ops[k - 1].out], &v->activation[k],
                   &v->zero[k]);
    }
    for (size_t i = 0; i < sizeof v->x / sizeof *v->x; i++) v->x[i] = rg_uniform(&v->b, -2, 2);
    return v;
}

/* By the definition, in double: the nearest code, halves away from zero. */
static void check_codes(const nas_tensor *w, const nas_tensor *q, const float *scale) {
    const int32_t n = w->dims[0];
    const int64_t each = nas_tensor_count(w) / n;
    assert_int_equal(q->dtype, NAS_I8);
    assert_int_equal(q->n_scale, n);
    assert_int_equal(q->axis, 0);
    for (int32_t c = 0; c < n; c++) {
        assert_true(q->scale[c] == scale[c]);
        for (int64_t i = c * each; i < (c + 1) * each; i++) {
            const double v = (double)((const float *)w->data)[i] / (double)scale[c];
            double code = floor(fabs(v) + 0.5);
            if (code > 127) code = 127;
            assert_int_equal(((const int8_t *)q->data)[i], v < 0 ? -code : code);
        }
    }
}

static void test_given_scales(void **state) {
    (void)state;
    const given *v = make_given();
    const nas_graph *g = &v->b.g;
    assert_int_equal(nas_graph_check(g, &err), NAS_OK);
    const nas_graph q = formatted(g, NAS_FORMAT_INT8, v->x, 1);
    for (int32_t k = 0; k < 4; k += 2)
        check_codes(&g->tensors[g->ops[k].in[1]], &q.tensors[q.ops[k].in[1]],
                    k == 0 ? v->conv : v->dense);
    const nas_tensor *t = q.tensors;
    static const int32_t from[4] = {0, 1, 1, 3}; /* the pool has its input's */
    for (int32_t k = 0; k < 4; k++) {
        const nas_tensor *y = &t[k == 0 ? q.input : q.ops[k - 1].out];
        assert_true(y->scale[0] == v->activation[from[k]]);
        assert_int_equal(y->zero_point[0], v->zero[from[k]]);
    }
    assert_true(t[q.output].scale[0] == 1.0f / 256);
    assert_int_equal(t[q.output].zero_point[0], -128);
}

/* Without them nothing is the same; half of them is enough for what they are given for. */
static void test_scales_not_given(void **state) {
    (void)state;
    given *v = make_given();
    nas_graph *g = &v->b.g;
    nas_tensor *w = &g->tensors[g->ops[0].in[1]];
    w->n_scale = 0;
    g->tensors[g->ops[0].out].n_scale = 0;
    const nas_graph q = formatted(g, NAS_FORMAT_INT8, v->x, 1);
    const nas_tensor *k = &q.tensors[q.ops[0].in[1]];
    for (int32_t c = 0; c < FILTERS; c++) {
        float most = 0;
        for (int32_t i = 0; i < 18; i++)
            most = fmaxf(most, fabsf(((const float *)w->data)[c * 18 + i]));
        assert_true(k->scale[c] == most / 127);
    }
    assert_true(q.tensors[q.ops[0].out].scale[0] != v->activation[1]);
    check_codes(&g->tensors[g->ops[2].in[1]], &q.tensors[q.ops[2].in[1]], v->dense);
}

/* A channel of zeros has no use for its scale, its bias has. */
static void test_given_scale_of_an_empty_channel(void **state) {
    (void)state;
    given *v = make_given();
    nas_graph *g = &v->b.g;
    float *w = (float *)(uintptr_t)g->tensors[g->ops[0].in[1]].data;
    float *bias = (float *)(uintptr_t)g->tensors[g->ops[0].in[2]].data;
    memset(w + 18, 0, 18 * sizeof *w);
    v->conv[1] = 1e-12f;
    bias[1] = 0.3f;
    v->activation[1] = 0.01f;
    v->zero[1] = -128;
    const nas_graph q = formatted(g, NAS_FORMAT_INT8, v->x, 1);
    nas_interp *it;
    int8_t map[8 * 6 * FILTERS];
    nas_graph first = q;
    first.n_ops = 1;
    first.output = q.ops[0].out;
    assert_int_equal(nas_interp_open(&first, &it, &err), NAS_OK);
    nas_interp_run_raw(it, v->x, map);
    nas_interp_close(it);
    for (int32_t p = 0; p < 8 * 6; p++) assert_int_equal(map[p * FILTERS + 1], -128 + 30);
}

static void test_float_formats_drop_scales(void **state) {
    (void)state;
    const given *v = make_given();
    static const nas_format formats[] = {NAS_FORMAT_FLOAT32, NAS_FORMAT_FLOAT16};
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        const nas_graph q = formatted(&v->b.g, formats[f], NULL, 0);
        for (int32_t i = 0; i < q.n_tensors; i++) assert_int_equal(q.tensors[i].n_scale, 0);
    }
    /* As a file too. */
    nas_graph back = nas_graph_start(arena);
    uint8_t *bytes;
    size_t n;
    assert_int_equal(nas_tflite_write(&v->b.g, arena, &bytes, &n, &err), NAS_OK);
    assert_int_equal(nas_tflite_read(bytes, n, &back, &err), NAS_OK);
    for (int32_t i = 0; i < back.n_tensors; i++) assert_int_equal(back.tensors[i].n_scale, 0);
}

static void test_check_of_given_scales(void **state) {
    (void)state;
    given *v = make_given();
    nas_graph *g = &v->b.g;
    nas_tensor *w = &g->tensors[g->ops[0].in[1]], *y = &g->tensors[g->ops[0].out];
#define REFUSED(place, value)                                    \
    do {                                                         \
        const __typeof__(place) kept = place;                    \
        place = (value);                                         \
        assert_int_equal(nas_graph_check(g, &err), NAS_EFORMAT); \
        place = kept;                                            \
        assert_int_equal(nas_graph_check(g, &err), NAS_OK);      \
    } while (0)
    REFUSED(w->n_scale, FILTERS - 1);
    REFUSED(w->axis, 1);
    REFUSED(w->scale, NULL);
    REFUSED(v->conv[3], 0);
    REFUSED(v->conv[3], NAN);
    REFUSED(y->zero_point, NULL);
    REFUSED(v->zero[1], 128);
    REFUSED(y->n_scale, FILTERS);
#undef REFUSED
}

/* Folding keeps the scales of what it does not touch, and drops those of a kernel that it scales.
 */
static void test_fold_and_scales(void **state) {
    (void)state;
    for (int32_t k = 0; k < 3; k++) { /* nothing to fold into the kernel, an ADD, a MUL */
        rg b = rg_start(arena, 6, 4, (int32_t[]){1, 5, 5, 3});
        const float one[FILTERS] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, half = 0.5f;
        const int32_t zero = 4;
        rg_conv(&b, FILTERS, (rg_window){.kernel = {3, 3}});
        const int32_t conv = b.last;
        if (k > 0) rg_affine(&b, k == 1 ? NAS_OP_ADD : NAS_OP_MUL, false);
        rg_unary(&b, NAS_OP_RELU);
        nas_tensor *w = &b.g.tensors[b.g.ops[0].in[1]];
        w->n_scale = FILTERS;
        w->scale = one;
        give_scale(&b.g.tensors[conv], &one[0], &zero);
        give_scale(&b.g.tensors[b.last], &half, &zero);
        assert_int_equal(nas_graph_fold(&b.g, &err), NAS_OK);
        assert_int_equal(b.g.n_ops, 1);
        assert_int_equal(b.g.tensors[b.g.ops[0].in[1]].n_scale, k == 2 ? 0 : FILTERS);
        const nas_tensor *y = &b.g.tensors[b.g.output];
        assert_int_equal(y->n_scale, 1);
        assert_true(y->scale[0] == half);
        assert_int_equal(y->zero_point[0], 4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_given_scales),
        cmocka_unit_test(test_scales_not_given),
        cmocka_unit_test(test_given_scale_of_an_empty_channel),
        cmocka_unit_test(test_float_formats_drop_scales),
        cmocka_unit_test(test_check_of_given_scales),
        cmocka_unit_test(test_fold_and_scales),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
