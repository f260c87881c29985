/* tests/core/test_formats.c - number formats: scales that were given, float16 and hybrid arithmetic
 * against golden values, what stands in each format's file. */
#include "core/deploy/deploy.h"
#include "core/deploy/half.h"
#include "core/deploy/interp/hybrid.h"
#include "tests/fixture.h"
#include "tests/random_net.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static nas_err err;

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

/* --- golden values ---------------------------------------------------------------------------- */

static float from_bits(uint32_t bits) {
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static uint32_t bits_of(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static uint32_t next_bits(char **at) {
    return (uint32_t)strtoul(*at, at, 16);
}

static void check_quantisation(bool symmetric, char *at) {
    static const char *const rows[] = {"reference", "generic", "avx2", "avx512", "avx512vnni"};
    const int64_t n = strtol(at, &at, 10);
    float x[64];
    int8_t want[64], q[65];
    for (int64_t i = 0; i < n; i++) x[i] = from_bits(next_bits(&at));
    const uint32_t want_scale = next_bits(&at);
    const int32_t want_zero = (int32_t)strtol(at, &at, 10);
    for (int64_t i = 0; i < n; i++) want[i] = (int8_t)strtol(at, &at, 10);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const nas_infer *k = nas_infer_find(rows[r]);
        float scale;
        int32_t zero;
        if (!k) continue;
        q[n] = 99;
        nas_hybrid_quantize(k, n, x, symmetric, q, &scale, &zero);
        assert_int_equal(bits_of(scale), want_scale);
        assert_int_equal(zero, want_zero);
        assert_memory_equal(q, want, (size_t)n);
        assert_int_equal(q[n], 99);
    }
}

static void test_golden(void **state) {
    (void)state;
    FILE *f = fopen("tests/golden/formats.txt", "r");
    char line[2048], name[16];
    int32_t lines = 0;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        int used = 0;
        assert_int_equal(sscanf(line, "%15s%n", name, &used), 1);
        char *at = line + used;
        if (strcmp(name, "half") == 0) {
            const float v = from_bits(next_bits(&at));
            assert_int_equal(nas_half_of(v), strtol(at, &at, 10));
        } else if (strcmp(name, "value") == 0) {
            const uint16_t h = (uint16_t)strtol(at, &at, 10);
            assert_int_equal(bits_of(nas_half_value(h)), next_bits(&at));
        } else {
            check_quantisation(strcmp(name, "symmetric") == 0, at);
        }
        lines++;
    }
    fclose(f);
    assert_true(lines > 350);
}

/* All float16 values come back as themselves. */
static void test_half_round_trip(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        if ((h & 0x7fff) > 0x7c00) {
            assert_true(isnan(nas_half_value((uint16_t)h)));
            continue;
        }
        const bool infinite = (h & 0x7fff) == 0x7c00;
        assert_int_equal(nas_half_of(nas_half_value((uint16_t)h)), infinite ? h - 1 : h);
    }
    assert_true(isnan(nas_half_value(nas_half_of(NAN))));
}

/* --- what stands in the file ------------------------------------------------------------------ */

static const nas_op *find_op(const nas_graph *g, nas_op_kind kind, int32_t skip) {
    for (int32_t i = 0; i < g->n_ops; i++)
        if (g->ops[i].kind == kind && skip-- == 0) return &g->ops[i];
    return NULL;
}

/* Every constant once, by the DEQUANTIZE before its first reader. */
static void test_float16_layout(void **state) {
    (void)state;
    rg b = rg_start(arena, 8, 2, (int32_t[]){1, 10});
    rg_dense(&b, 10, NAS_ACT_RELU, true);
    rg_dense(&b, 10, NAS_ACT_RELU, true);
    b.g.ops[1].in[1] = b.g.ops[0].in[1]; /* both take one kernel */
    const nas_graph q = formatted(&b.g, NAS_FORMAT_FLOAT16, NULL, 0);
    static const nas_op_kind kinds[] = {NAS_OP_DEQUANTIZE, NAS_OP_DEQUANTIZE,
                                        NAS_OP_FULLY_CONNECTED, NAS_OP_DEQUANTIZE,
                                        NAS_OP_FULLY_CONNECTED};
    assert_int_equal(q.n_ops, 5);
    for (int32_t i = 0; i < 5; i++) assert_int_equal(q.ops[i].kind, kinds[i]);
    for (int32_t i = 0; i < q.n_tensors; i++)
        if (q.tensors[i].data) assert_int_equal(q.tensors[i].dtype, NAS_F16);
    const float *w = b.g.tensors[b.g.ops[0].in[1]].data;
    const uint16_t *h = q.tensors[q.ops[0].in[0]].data;
    for (int32_t i = 0; i < 100; i++) assert_int_equal(h[i], nas_half_of(w[i]));
    int64_t offsets[16], total;
    assert_int_equal(nas_graph_plan(&q, offsets, &total, &err), NAS_OK);
    assert_int_equal(offsets[q.ops[0].out], -1);
    assert_int_equal(total, 2 * 48); /* of activations alone */
}

/* Kernels from 64 weights on whose scales cost less than they save; never biases. */
static void check_dynamic_layout(bool dense_by_channel) {
    rg b = rg_start(arena, 8, 4, (int32_t[]){1, 9, 9, 1});
    b.g.dense_by_channel = dense_by_channel;
    rg_conv(&b, 8, (rg_window){.kernel = {3, 3}});      /* 72 weights */
    rg_depthwise(&b, 1, (rg_window){.kernel = {3, 3}}); /* 72 */
    rg_depthwise(&b, 8, (rg_window){.kernel = {2, 1}}); /* 128, but 2 each */
    rg_mean(&b, false);                                 /* 64 values */
    rg_dense(&b, 5, NAS_ACT_RELU, true);                /* 320 */
    rg_dense(&b, 4, NAS_ACT_NONE, true);                /* 20 */
    const nas_graph q = formatted(&b.g, NAS_FORMAT_DYNAMIC, NULL, 0);
    const struct {
        nas_op_kind kind;
        int32_t nth, scales, axis;
    } want[] = {{NAS_OP_CONV_2D, 0, 8, 0},
                {NAS_OP_DEPTHWISE_CONV_2D, 0, 8, 3},
                {NAS_OP_DEPTHWISE_CONV_2D, 1, 0, 0},
                {NAS_OP_FULLY_CONNECTED, 0, dense_by_channel ? 5 : 1, 0},
                {NAS_OP_FULLY_CONNECTED, 1, 0, 0}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const nas_op *o = find_op(&q, want[i].kind, want[i].nth);
        const nas_tensor *w = &q.tensors[o->in[1]], *bias = &q.tensors[o->in[2]];
        assert_int_equal(w->dtype, want[i].scales ? NAS_I8 : NAS_F32);
        assert_int_equal(w->n_scale, want[i].scales);
        if (want[i].scales) assert_int_equal(w->axis, want[i].axis);
        assert_int_equal(bias->dtype, NAS_F32);
        assert_int_equal(o->asymmetric, want[i].scales && o->kind == NAS_OP_FULLY_CONNECTED);
    }
    assert_int_equal(q.n_tensors, b.g.n_tensors); /* none is left over */
}

static void test_dynamic_layout(void **state) {
    (void)state;
    check_dynamic_layout(false);
    check_dynamic_layout(true);
}

/* The same given scales as int8 takes; even where a kernel is small. */
static void test_dynamic_takes_given_scales(void **state) {
    (void)state;
    given *v = make_given();
    nas_graph *g = &v->b.g;
    const nas_graph q = formatted(g, NAS_FORMAT_DYNAMIC, NULL, 0);
    for (int32_t k = 0; k < 4; k += 2)
        check_codes(&g->tensors[g->ops[k].in[1]], &q.tensors[q.ops[k].in[1]],
                    k == 0 ? v->conv : v->dense);
    for (int32_t i = 0; i < q.n_tensors; i++)
        if (!q.tensors[i].data) assert_int_equal(q.tensors[i].n_scale, 0);

    rg b = rg_start(arena, 8, 2, (int32_t[]){1, 3});
    const float scale[2] = {0.01f, 0.02f};
    rg_dense(&b, 2, NAS_ACT_NONE, false);
    nas_tensor *w = &b.g.tensors[b.g.ops[0].in[1]];
    w->n_scale = 2;
    w->scale = scale;
    const nas_graph small = formatted(&b.g, NAS_FORMAT_DYNAMIC, NULL, 0);
    check_codes(w, &small.tensors[small.ops[0].in[1]], scale);
}

static void test_weights_that_are_not_finite(void **state) {
    (void)state;
    rg b = rg_start(arena, 8, 2, (int32_t[]){1, 100});
    rg_dense(&b, 8, NAS_ACT_NONE, true);
    ((float *)(uintptr_t)b.g.tensors[b.g.ops[0].in[1]].data)[7] = INFINITY;
    nas_graph q = nas_graph_start(arena);
    assert_int_equal(nas_format_apply(&b.g, NAS_FORMAT_DYNAMIC, NULL, 0, &q, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "not finite"));
}

/* --- units ------------------------------------------------------------------------------------ */

static void run_raw(const nas_graph *g, const int8_t *x, int8_t *y) {
    nas_interp *it;
    if (nas_interp_open(g, &it, &err) != NAS_OK) fail_msg("%s", err.text);
    nas_interp_run_raw(it, x, y);
    nas_interp_close(it);
}

/* The kernels whose bias has their scales, by values. */
static int32_t count_shared(const nas_graph *g) {
    int32_t n = 0;
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        if (o->n_in < 3 || o->in[2] < 0) continue;
        const nas_tensor *w = &g->tensors[o->in[1]], *b = &g->tensors[o->in[2]];
        const double in = (double)g->tensors[o->in[0]].scale[0];
        for (int32_t c = 0; c < b->n_scale; c++)
            assert_true(b->scale[c] == (float)(in * (double)w->scale[c]));
        n += memcmp(w->scale, b->scale, (size_t)w->n_scale * sizeof(float)) == 0;
    }
    return n;
}

/* The same codes of the same inputs, up to the last bit of a multiplier. */
static void test_units_keep_the_outputs(void **state) {
    (void)state;
    int64_t outputs = 0, different = 0, before = 0, after = 0;
    for (uint32_t seed = 1; seed <= 120; seed++) {
        const nas_arena_mark mark = nas_arena_here(arena);
        rg b = rnet(arena, seed);
        if (seed % 3) assert_int_equal(nas_graph_fold(&b.g, &err), NAS_OK);
        const size_t n = (size_t)nas_tensor_count(&b.g.tensors[b.g.input]);
        float *x = nas_arena_array(arena, n, sizeof *x, &err);
        int8_t *q = nas_arena_alloc(arena, n, &err), y[2][128];
        for (size_t i = 0; i < n; i++) {
            x[i] = rg_uniform(&b, -2, 2);
            q[i] = (int8_t)((int32_t)nas_rng_below(&b.rng, 256) - 128);
        }
        nas_graph g = formatted(&b.g, NAS_FORMAT_INT8, x, 1);
        const nas_tensor in = g.tensors[g.input], out = g.tensors[g.output];
        before += count_shared(&g);
        run_raw(&g, q, y[0]);
        assert_int_equal(nas_int8_units(&g, &err), NAS_OK);
        after += count_shared(&g);
        run_raw(&g, q, y[1]);
        assert_true(g.tensors[g.input].scale[0] == in.scale[0]);
        assert_true(g.tensors[g.output].scale[0] == out.scale[0]);
        for (int64_t i = 0; i < nas_tensor_count(&out); i++) {
            outputs++;
            different += y[0][i] != y[1][i];
            assert_true(abs(y[0][i] - y[1][i]) <= 1);
        }
        nas_arena_back(arena, mark);
    }
    assert_int_equal(before, 0);
    assert_true(after > 100);
    assert_true(outputs > 3000 && different * 500 < outputs);
}

/* A range that float32 cannot hold is no reason to leave the codes. */
static void test_hybrid_of_infinite_ranges(void **state) {
    (void)state;
    const float inputs[][4] = {
        {-FLT_MAX, FLT_MAX, 0, 1}, {-INFINITY, 2, 0, 1}, {0, INFINITY, 1, 2}};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        int8_t q[4];
        float scale;
        int32_t zero_point;
        nas_hybrid_quantize(nas_infer_choose(), 4, inputs[i], false, q, &scale, &zero_point);
        assert_in_range(zero_point + 128, 0, 255);
    }
}

/* --- what ships ------------------------------------------------------------------------------- */

static bool is_short(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return (bits & 0x3ffff) == 0;
}

static int by_value(const void *a, const void *b) {
    const float p = *(const float *)a, q = *(const float *)b;
    return (p > q) - (p < q);
}

/* Channels may have changed places. */
static const float *sorted(const nas_tensor *t) {
    float *s = nas_arena_array(arena, (size_t)t->n_scale, sizeof *s, &err);
    memcpy(s, t->scale, (size_t)t->n_scale * sizeof *s);
    qsort(s, (size_t)t->n_scale, sizeof *s, by_value);
    return s;
}

/* The kernel scales of one file beside those of the converter's numbers, in units of the output
 * over the input. Raised, by 1/32 at the most; the input's own scale too. */
static int32_t compare_scales(const nas_graph *own, const nas_graph *file) {
    int32_t n = 0;
    for (int32_t i = 0; i < own->n_ops; i++) {
        const nas_op *p = &own->ops[i], *q = &file->ops[i];
        if (p->n_in < 2 || p->in[1] < 0) continue;
        const nas_tensor *v = &own->tensors[p->in[1]], *w = &file->tensors[q->in[1]];
        const nas_tensor *x = &own->tensors[p->in[0]], *y = &file->tensors[q->in[0]];
        if (v->dtype != NAS_I8 || !v->data || p->kind == NAS_OP_ADD || p->kind == NAS_OP_MUL)
            continue;
        double unit = 1;
        if (x->dtype == NAS_I8)
            unit = (double)x->scale[0] / (double)y->scale[0] *
                   (double)file->tensors[q->out].scale[0] / (double)own->tensors[p->out].scale[0];
        const float *from = sorted(v), *to = sorted(w);
        /* A CONV_2D of a dynamic file never has several that are all equal. */
        assert_true(w->n_scale == v->n_scale || (w->n_scale == 1 && p->kind == NAS_OP_CONV_2D));
        if (x->dtype == NAS_F32 && p->kind == NAS_OP_CONV_2D && w->n_scale > 1)
            assert_true(to[0] < to[w->n_scale - 1]);
        for (int32_t c = 0; c < v->n_scale; c++, n++) {
            const float scale = to[w->n_scale == 1 ? 0 : c];
            const double ratio = (double)scale / (unit * (double)from[c]);
            assert_true(is_short(scale));
            assert_true(ratio > 1 - 1e-5 && ratio < 1 + 2.0 / 31);
        }
    }
    return n;
}

static void test_shipped_scales_are_short(void **state) {
    (void)state;
    static const nas_format formats[] = {NAS_FORMAT_DYNAMIC, NAS_FORMAT_INT8};
    int32_t compared = 0;
    for (uint32_t seed = 1; seed <= 60; seed++)
        for (int32_t f = 0; f < 2; f++) {
            const nas_arena_mark mark = nas_arena_here(arena);
            rg b = rnet(arena, seed);
            assert_int_equal(nas_graph_fold(&b.g, &err), NAS_OK);
            const size_t n = (size_t)nas_tensor_count(&b.g.tensors[b.g.input]);
            float *x = nas_arena_array(arena, n, sizeof *x, &err);
            for (size_t i = 0; i < n; i++) x[i] = rg_uniform(&b, -2, 2);
            const nas_graph own = formatted(&b.g, formats[f], x, 1);
            nas_graph file = nas_graph_start(arena);
            assert_int_equal(nas_format_ship(&b.g, formats[f], x, 1, &file, &err), NAS_OK);
            compared += compare_scales(&own, &file);
            if (f == 1) assert_true(is_short(file.tensors[file.input].scale[0]));
            nas_arena_back(arena, mark);
        }
    assert_true(compared > 4000);
}

/* What training gave ships as it is. */
static void test_shipped_scales_that_were_given(void **state) {
    (void)state;
    const given *v = make_given();
    const nas_graph own = formatted(&v->b.g, NAS_FORMAT_DYNAMIC, v->x, 1);
    nas_graph file = nas_graph_start(arena);
    assert_int_equal(nas_format_ship(&v->b.g, NAS_FORMAT_DYNAMIC, v->x, 1, &file, &err), NAS_OK);
    const nas_tensor *a = &own.tensors[own.ops[0].in[1]], *b = &file.tensors[file.ops[0].in[1]];
    assert_memory_equal(a->scale, b->scale, FILTERS * sizeof(float));
    assert_memory_equal(a->data, b->data, (size_t)nas_tensor_count(a));
    nas_graph int8 = nas_graph_start(arena);
    assert_int_equal(nas_format_ship(&v->b.g, NAS_FORMAT_INT8, v->x, 1, &int8, &err), NAS_OK);
    assert_true(int8.tensors[int8.input].scale[0] == v->activation[0]);
    assert_int_equal(int8.tensors[int8.input].zero_point[0], v->zero[0]);
}

static void test_units_of_float_graphs(void **state) {
    (void)state;
    for (int32_t k = 0; k < NAS_FORMAT_INT8; k++) {
        rg b = rg_net(arena, 3, 1, true);
        nas_graph g = formatted(&b.g, (nas_format)k, NULL, 0), same = g;
        assert_int_equal(nas_int8_units(&g, &err), NAS_OK);
        assert_memory_equal(&g, &same, sizeof g);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_units_keep_the_outputs),
        cmocka_unit_test(test_units_of_float_graphs),
        cmocka_unit_test(test_hybrid_of_infinite_ranges),
        cmocka_unit_test(test_shipped_scales_are_short),
        cmocka_unit_test(test_shipped_scales_that_were_given),
        cmocka_unit_test(test_half_round_trip),
        cmocka_unit_test(test_float16_layout),
        cmocka_unit_test(test_dynamic_layout),
        cmocka_unit_test(test_dynamic_takes_given_scales),
        cmocka_unit_test(test_weights_that_are_not_finite),
        cmocka_unit_test(test_given_scales),
        cmocka_unit_test(test_scales_not_given),
        cmocka_unit_test(test_given_scale_of_an_empty_channel),
        cmocka_unit_test(test_float_formats_drop_scales),
        cmocka_unit_test(test_check_of_given_scales),
        cmocka_unit_test(test_fold_and_scales),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
