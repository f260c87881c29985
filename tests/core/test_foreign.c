/* tests/core/test_foreign.c - files as TensorFlow's converter leaves them: opened, and equal to its
 * reference kernels (tests/golden/make_foreign.py); what is refused is named. */
#include "core/deploy/deploy.h"
#include "core/deploy/tflite/flat_read.h"
#include "core/deploy/tflite/inspect.h"
#include "core/deploy/tflite/tflite.h"
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
static int32_t n_samples;

static void load(void) {
    n_samples = read_samples(arena, samples, &err);
    if (n_samples < 0) fail_msg("%s", err.text);
    assert_in_range(n_samples, 1, MOST_SAMPLES);
}

static const sample *sample_of(const char *name) {
    load();
    for (int32_t i = 0; i < n_samples; i++)
        if (strcmp(samples[i].name, name) == 0) return &samples[i];
    fail_msg("no sample %s", name);
    return NULL;
}

static nas_graph open_sample(const sample *s) {
    nas_graph g = nas_graph_start(arena);
    if (nas_tflite_read(s->file, (size_t)s->file_n, &g, &err) != NAS_OK)
        fail_msg("%s: %s", s->name, err.text);
    return g;
}

static void same_values(const sample *s, const nas_tensor *t, const uint8_t *y, const uint8_t *z,
                        uint8_t shift) {
    for (int64_t i = 0; i < nas_tensor_count(t); i++) {
        if (t->dtype == NAS_I8 && (y[i] ^ shift) != z[i])
            fail_msg("%s: value %d is %d, not %d", s->name, (int)i, y[i] ^ shift, z[i]);
        float a, b;
        if (t->dtype != NAS_F32) continue;
        memcpy(&a, y + 4 * i, sizeof a);
        memcpy(&b, z + 4 * i, sizeof b);
        if (!(fabsf(a - b) <= 1e-5f * (1 + fabsf(b))))
            fail_msg("%s: value %d is %g, not %g", s->name, (int)i, (double)a, (double)b);
    }
}

static void compare(const sample *s) {
    const nas_graph g = open_sample(s);
    const size_t in = (size_t)nas_tensor_bytes(&g.tensors[g.input]);
    const size_t out = (size_t)nas_tensor_bytes(&g.tensors[g.output]);
    const uint8_t shift = (uint8_t)(g.changes & NAS_CHANGED_UINT8 ? 0x80 : 0);
    uint8_t *x = nas_arena_alloc(arena, in, &err), *y = nas_arena_alloc(arena, out, &err);
    nas_interp *it;
    if (nas_interp_open(&g, &it, &err) != NAS_OK) fail_msg("%s: %s", s->name, err.text);
    const int32_t n = s->in_n / (int32_t)in;
    assert_int_equal(n, 3);
    assert_int_equal(n * (int32_t)out, s->out_n);
    for (int32_t k = 0; k < n; k++) {
        for (size_t i = 0; i < in; i++) x[i] = s->in[(size_t)k * in + i] ^ shift;
        nas_interp_run_raw(it, x, y);
        same_values(s, &g.tensors[g.output], y, s->out + (size_t)k * out, shift);
    }
    nas_interp_close(it);
}

static void test_equal(void **state) {
    (void)state;
    load();
    for (int32_t i = 0; i < n_samples; i++)
        if (samples[i].out_n) compare(&samples[i]);
}

/* --- what is folded --------------------------------------------------------------------------- */

static void folds(const char *name, uint32_t changes, const nas_op_kind *kinds, int32_t n) {
    const nas_graph g = open_sample(sample_of(name));
    if (g.changes != changes) fail_msg("%s: changes %u", name, g.changes);
    for (int32_t i = 0; i < g.n_ops && i < n; i++)
        if (g.ops[i].kind != kinds[i])
            fail_msg("%s: operator %d is %s", name, i, nas_op_name(g.ops[i].kind));
    assert_int_equal(g.n_ops, n);
}
#define FOLDS(name, changes, ...)                            \
    folds(name, changes, (const nas_op_kind[]){__VA_ARGS__}, \
          (int32_t)(sizeof((const nas_op_kind[]){__VA_ARGS__}) / sizeof(nas_op_kind)))

enum {
    BATCH = NAS_CHANGED_BATCH,
    SHAPES = NAS_CHANGED_BATCH | NAS_CHANGED_SHAPES,
    DILATION = NAS_CHANGED_BATCH | NAS_CHANGED_DILATION
};

static void test_folded(void **state) {
    (void)state;
    FOLDS("bias_axis", BATCH, NAS_OP_DEPTHWISE_CONV_2D, NAS_OP_CONV_2D, NAS_OP_RESHAPE);
    FOLDS("shape_rank_2", SHAPES, NAS_OP_DEPTHWISE_CONV_2D, NAS_OP_CONV_2D, NAS_OP_RESHAPE);
    FOLDS("dilated_2d", DILATION, NAS_OP_CONV_2D, NAS_OP_ADD);
    FOLDS("dilated_2d_int8", DILATION, NAS_OP_CONV_2D, NAS_OP_ADD);
    FOLDS("dilated_1d_same", DILATION, NAS_OP_RESHAPE, NAS_OP_CONV_2D, NAS_OP_RESHAPE, NAS_OP_ADD);
    FOLDS("reshape_int8", SHAPES, NAS_OP_RESHAPE, NAS_OP_CONV_2D, NAS_OP_RESHAPE);
    FOLDS("keep_num_dims", 0, NAS_OP_FULLY_CONNECTED, NAS_OP_RESHAPE);
    FOLDS("keep_dims", SHAPES, NAS_OP_RESHAPE, NAS_OP_FULLY_CONNECTED, NAS_OP_RESHAPE, NAS_OP_ADD,
          NAS_OP_RESHAPE, NAS_OP_FULLY_CONNECTED, NAS_OP_RESHAPE, NAS_OP_ADD);
    FOLDS("uint8", BATCH | NAS_CHANGED_UINT8, NAS_OP_CONV_2D, NAS_OP_MAX_POOL_2D);
    FOLDS("squeeze", SHAPES, NAS_OP_RESHAPE, NAS_OP_MUL, NAS_OP_ADD, NAS_OP_RESHAPE);
}

/* Each change has its words. */
static void test_words(void **state) {
    (void)state;
    for (uint32_t bit = 1; bit <= NAS_CHANGED_SPLIT; bit <<= 1)
        assert_true(strlen(nas_tflite_change_text(bit)) > 20);
}

/* Written and read again it is the same graph, and nothing is left to fold; kinds of bytes can be
 * told although operators went. */
static void test_written_again(void **state) {
    (void)state;
    load();
    for (int32_t i = 0; i < n_samples; i++) {
        const sample *s = &samples[i];
        if (!s->out_n) continue;
        const nas_graph g = open_sample(s);
        uint8_t *kinds = nas_arena_alloc(arena, (size_t)s->file_n, &err), *bytes;
        size_t n;
        assert_int_equal(nas_tflite_kinds(s->file, (size_t)s->file_n, &g, kinds, &err), NAS_OK);
        if (nas_tflite_write(&g, arena, &bytes, &n, &err) != NAS_OK) fail_msg("%s", err.text);
        nas_graph again = nas_graph_start(arena);
        if (nas_tflite_read(bytes, n, &again, &err) != NAS_OK) fail_msg("%s", err.text);
        assert_int_equal(again.changes, 0);
        assert_int_equal(again.n_ops, g.n_ops);
    }
}

/* --- what is refused -------------------------------------------------------------------------- */

static void refuses(const char *name, const char *text) {
    const sample *s = sample_of(name);
    nas_graph g = nas_graph_start(arena);
    assert_int_equal(nas_tflite_read(s->file, (size_t)s->file_n, &g, &err), NAS_EUNSUPPORTED);
    if (!strstr(err.text, text)) fail_msg("%s: no \"%s\" in: %s", name, text, err.text);
}

static void test_refused_by_name(void **state) {
    (void)state;
    refuses("no_open_time", "the input, tensor 0 (\"serving_default_input_");
    refuses("no_open_time", "leaves more open than its batch");
    refuses("no_int16", "operator 0 is CAST, which nas does not run");
}

/* LOGISTIC and TANH of a file become LSTM and SVDF. */
static void test_all_are_named(void **state) {
    (void)state;
    const sample *s = sample_of("no_sigmoid");
    uint8_t *bytes = nas_arena_alloc(arena, (size_t)s->file_n, &err);
    nas_graph g = nas_graph_start(arena);
    memcpy(bytes, s->file, (size_t)s->file_n);
    nas_flat_in f = {.p = bytes, .n = (size_t)s->file_n, .err = &err};
    const nas_flat_in_table model = nas_flat_table_at(&f, nas_flat_follow(&f, 0));
    const nas_flat_in_vector codes = nas_flat_field_vector(&f, &model, TFL_MODEL_CODES, 4);
    for (uint32_t i = 0; i < codes.count; i++) {
        const nas_flat_in_table code = nas_flat_item_table(&f, &codes, i);
        const size_t at[] = {nas_flat_field(&f, &code, TFL_CODE_BYTE, 1),
                             nas_flat_field(&f, &code, TFL_CODE_WIDE, 4)};
        for (size_t k = 0; k < 2; k++) {
            if (at[k] && bytes[at[k]] == NAS_OP_LOGISTIC) bytes[at[k]] = 16;
            if (at[k] && bytes[at[k]] == NAS_OP_TANH) bytes[at[k]] = 27;
        }
    }
    assert_int_equal(nas_tflite_read(bytes, (size_t)s->file_n, &g, &err), NAS_EUNSUPPORTED);
    const char *text = "operator 1 is LSTM, which nas does not run; nor does it run SVDF";
    if (!strstr(err.text, text)) fail_msg("no \"%s\" in: %s", text, err.text);
    assert_int_equal(nas_tflite_read(s->file, (size_t)s->file_n, &g, &err), NAS_OK);
}

/* The first byte of the only place in the file where these bytes stand. */
static uint8_t *find(uint8_t *bytes, int32_t n, const char *text) {
    for (int32_t i = 0; i + (int32_t)strlen(text) <= n; i++)
        if (memcmp(bytes + i, text, strlen(text)) == 0) return bytes + i;
    fail_msg("no %s", text);
    return NULL;
}

/* A name of the file cannot steer the terminal. */
static void test_names_are_visible(void **state) {
    (void)state;
    const sample *s = sample_of("no_open_time");
    uint8_t *bytes = nas_arena_alloc(arena, (size_t)s->file_n, &err);
    nas_graph g = nas_graph_start(arena);
    memcpy(bytes, s->file, (size_t)s->file_n);
    find(bytes, s->file_n, "serving_default_input")[3] = 27;
    assert_int_equal(nas_tflite_read(bytes, (size_t)s->file_n, &g, &err), NAS_EUNSUPPORTED);
    assert_null(strchr(err.text, 27));
    assert_non_null(strstr(err.text, "ser\\x1bing_default"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),           cmocka_unit_test(test_folded),
        cmocka_unit_test(test_words),           cmocka_unit_test(test_written_again),
        cmocka_unit_test(test_refused_by_name), cmocka_unit_test(test_names_are_visible),
        cmocka_unit_test(test_all_are_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
