/* tests/core/test_c_source.c - models and front ends written as C, compiled and run, beside our
 * own. */
#include "base/files/file.h"
#include "core/audio/frontend.h"
#include "core/deploy/interp/interp_int.h"
#include "core/kernel/level.h"
#include "tests/fixture.h"
#include "tests/mlperf.h"
#include "tests/random_net.h"

#include <dlfcn.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { INPUTS = 1 << 14, OUTPUTS = 1 << 14, EXAMPLES = 6 };

static nas_err err;
static char folder[] = "/tmp/nas_c_XXXXXX";

static void put(const char *name, const char *text) {
    char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (nas_file_write(path, text, strlen(text), &err) != NAS_OK) fail_msg("%s", err.text);
}

typedef void run_fn(const void *x, void *y);

/* As strict as C99 compilers can be asked to be. Returns <stem>_run of the library *handle. */
static run_fn *compile(const char *stem, const char *header, const char *source, void **handle) {
    static int libraries;
    char name[32], command[512], library[64];
    const char *cc = getenv("CC");
    run_fn *run;
    snprintf(name, sizeof name, "%s.h", stem);
    put(name, header);
    snprintf(name, sizeof name, "%s.c", stem);
    put(name, source);
    snprintf(library, sizeof library, "%s/%d.so", folder, libraries++);
    snprintf(command, sizeof command,
             "%s -std=c99 -pedantic -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes "
             "-Werror -fPIC -shared -o %s %s/%s -lm",
             cc && *cc ? cc : "cc", library, folder, name);
    assert_int_equal(system(command), 0);
    *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!*handle) fail_msg("%s", dlerror());
    snprintf(name, sizeof name, "%s_run", stem);
    *(void **)&run = dlsym(*handle, name);
    assert_non_null(run);
    return run;
}

/* Everything as the graph's own types. */
static void fill(const nas_tensor *t, rg *b, void *x) {
    for (int64_t i = 0; i < nas_tensor_count(t); i++)
        if (t->dtype == NAS_F32)
            ((float *)x)[i] = rg_uniform(b, -2, 2);
        else
            ((int8_t *)x)[i] = (int8_t)(int32_t)rg_uniform(b, -128, 127.99f);
}

static double distance(const float *a, const float *b, int64_t n) {
    double worst = 0, most = 1e-3;
    for (int64_t i = 0; i < n; i++) {
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
        most = fmax(most, fabs((double)b[i]));
    }
    return worst / most;
}

/* Sums of floats go another way where they may: only then not the bits. */
static void check_fast(nas_interp *it, const nas_graph *g, const void *x, const char *got,
                       const char *what) {
    static _Alignas(16) char want[OUTPUTS];
    const nas_tensor *out = &g->tensors[g->output];
    nas_interp_run_raw(it, x, want);
    if (out->dtype == NAS_I8) {
        if (memcmp(want, got, (size_t)nas_tensor_bytes(out)) != 0)
            fail_msg("%s: other codes", what);
        return;
    }
    const double off = distance((const float *)(const void *)got, (const float *)(const void *)want,
                                nas_tensor_count(out));
    if (!(off <= 2e-5)) fail_msg("%s: off by %g", what, off);
}

static void check(const nas_graph *g, rg *b, const char *what) {
    static _Alignas(16) char x[INPUTS], want[OUTPUTS], got[OUTPUTS];
    const nas_tensor *in = &g->tensors[g->input], *out = &g->tensors[g->output];
    const int64_t n = nas_tensor_bytes(out);
    const char *header, *source;
    void *handle;
    nas_interp *it, *fast;
    assert_true(nas_tensor_bytes(in) <= INPUTS && n <= OUTPUTS);
    if (nas_c_source(g, arena, &header, &source, &err) != NAS_OK) fail_msg("%s", err.text);
    run_fn *run = compile("model", header, source, &handle);
    assert_int_equal(nas_interp_open_plain(g, &it, &err), NAS_OK);
    assert_int_equal(nas_interp_open(g, &fast, &err), NAS_OK);
    for (int i = 0; i < EXAMPLES; i++) {
        if (i == 0)
            memset(x, 0, sizeof x); /* what a hybrid operator has a rule of its own for */
        else
            fill(in, b, x);
        nas_interp_run_raw(it, x, want);
        run(x, got);
        if (memcmp(want, got, (size_t)n) != 0) fail_msg("%s: other bits", what);
        check_fast(fast, g, x, got, what);
    }
    nas_interp_close(fast);
    nas_interp_close(it);
    dlclose(handle);
}

static void check_formats(rg *b, bool fold, const char *what) {
    const int64_t n = nas_tensor_count(&b->g.tensors[b->g.input]);
    float *x = nas_arena_array(arena, (size_t)n * 8, sizeof *x, &err);
    assert_non_null(x);
    for (int64_t i = 0; i < n * 8; i++) x[i] = rg_uniform(b, -2, 2);
    if (fold) assert_int_equal(nas_graph_fold(&b->g, &err), NAS_OK);
    for (int32_t k = 0; nas_format_names[k]; k++) {
        char name[64];
        nas_graph g = nas_graph_start(arena);
        snprintf(name, sizeof name, "%s, %s", what, nas_format_names[k]);
        assert_int_equal(nas_format_apply(&b->g, (nas_format)k, x, 8, &g, &err), NAS_OK);
        check(&g, b, name);
    }
    char name[64];
    nas_graph g = nas_graph_start(arena);
    snprintf(name, sizeof name, "%s, a scale for each output", what);
    b->g.dense_by_channel = true;
    assert_int_equal(nas_format_apply(&b->g, NAS_FORMAT_INT8, x, 8, &g, &err), NAS_OK);
    check(&g, b, name);
}

static void test_operators(void **state) {
    (void)state;
    for (int32_t variant = 0; variant < rg_variants; variant++) {
        const nas_arena_mark mark = nas_arena_here(arena);
        char name[32];
        snprintf(name, sizeof name, "variant %d", variant);
        rg b = rg_net(arena, 11, variant, true);
        check_formats(&b, false, name);
        nas_arena_back(arena, mark);
    }
}

static void test_nets(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < 5; seed++) {
        const nas_arena_mark mark = nas_arena_here(arena);
        char name[32];
        snprintf(name, sizeof name, "net %u", seed);
        rg b = rnet(arena, seed);
        check_formats(&b, true, name);
        nas_arena_back(arena, mark);
    }
}

/* A model of somebody else: LiteRT's outputs. */
static void test_mlperf(void **state) {
    (void)state;
    const char *path = mlperf_path(), *header, *source;
    if (!path) skip();
    uint8_t *bytes;
    size_t n;
    void *handle;
    nas_graph g = nas_graph_start(arena);
    assert_int_equal(nas_file_read(arena, path, 1 << 20, &bytes, &n, &err), NAS_OK);
    assert_int_equal(nas_tflite_read(bytes, n, &g, &err), NAS_OK);
    if (nas_c_source(&g, arena, &header, &source, &err) != NAS_OK) fail_msg("%s", err.text);
    run_fn *run = compile("model", header, source, &handle);
    FILE *f = fopen("tests/golden/mlperf_kws.txt", "r");
    assert_non_null(f);
    for (int64_t k = 0; k < MLPERF_EXAMPLES; k++) {
        int8_t x[MLPERF_INPUT], y[MLPERF_OUTPUT];
        mlperf_input(k, x);
        run(x, y);
        for (int32_t c = 0; c < MLPERF_OUTPUT; c++) {
            int want;
            assert_int_equal(fscanf(f, "%d", &want), 1);
            assert_int_equal(y[c], want);
        }
    }
    fclose(f);
    dlclose(handle);
}

/* Nothing but other shapes: no memory is needed. */
static void test_reshape(void **state) {
    (void)state;
    static const int32_t dims[] = {1, 3, 4, 5};
    rg b = rg_start(arena, 2, 4, dims);
    rg_flatten(&b);
    check(&b.g, &b, "RESHAPE");
}

/* A reader of another scale, and back to float: no format makes them, files may have them. */
static void test_converters(void **state) {
    (void)state;
    static const float scale[] = {0.02f, 0.05f};
    static const int32_t zero[] = {-7, 12}, dims[] = {1, 40};
    nas_graph g = nas_graph_start(arena);
    nas_tensor t[4] = {
        {.dtype = NAS_F32}, {.dtype = NAS_I8}, {.dtype = NAS_I8}, {.dtype = NAS_F32}};
    int32_t at[4];
    for (int i = 0; i < 4; i++) {
        t[i].rank = 2;
        memcpy(t[i].dims, dims, sizeof dims);
        t[i].n_scale = t[i].dtype == NAS_I8;
        t[i].scale = &scale[i == 2];
        t[i].zero_point = &zero[i == 2];
        assert_int_equal(nas_graph_tensor(&g, &t[i], &at[i], &err), NAS_OK);
    }
    for (int i = 0; i < 3; i++) {
        const nas_op o = {.kind = i < 2 ? NAS_OP_QUANTIZE : NAS_OP_DEQUANTIZE,
                          .n_in = 1,
                          .in = {at[i]},
                          .out = at[i + 1]};
        assert_int_equal(nas_graph_op(&g, &o, &err), NAS_OK);
    }
    g.input = at[0];
    g.output = at[3];
    rg b = rg_start(arena, 3, 2, dims);
    check(&g, &b, "converters");
}

/* Operands of other zero points and shapes, on both sides. */
static void check_pair(rg *b, nas_op_kind kind, nas_dtype dtype, int32_t rank, bool first) {
    static const float scale[] = {0.02f, 0.03f, 0.04f};
    static const int32_t zero[] = {-7, 12, -30}, dims[] = {1, 3, 4, 5};
    nas_graph g = nas_graph_start(arena);
    int32_t at[3];
    for (int i = 0; i < 3; i++) {
        nas_tensor t = {.dtype = dtype, .rank = i == 1 ? rank : 4};
        memcpy(t.dims, dims + 4 - t.rank, (size_t)t.rank * sizeof *dims);
        t.n_scale = dtype == NAS_I8;
        t.scale = &scale[i];
        t.zero_point = &zero[i];
        if (i == 1) {
            void *v = nas_arena_alloc(arena, (size_t)nas_tensor_bytes(&t), &err);
            fill(&t, b, v);
            t.data = v;
        }
        assert_int_equal(nas_graph_tensor(&g, &t, &at[i], &err), NAS_OK);
    }
    const nas_op o = {.kind = kind,
                      .n_in = 2,
                      .in = {first ? at[1] : at[0], first ? at[0] : at[1]},
                      .out = at[2],
                      .activation = rank == 1 ? NAS_ACT_RELU : NAS_ACT_NONE};
    assert_int_equal(nas_graph_op(&g, &o, &err), NAS_OK);
    g.input = at[0];
    g.output = at[2];
    check(&g, b, kind == NAS_OP_ADD ? "ADD" : "MUL");
}

static void test_pairs(void **state) {
    (void)state;
    static const int32_t dims[] = {1, 1};
    rg b = rg_start(arena, 3, 2, dims);
    for (int i = 0; i < 16; i++)
        check_pair(&b, i & 1 ? NAS_OP_MUL : NAS_OP_ADD, i & 2 ? NAS_I8 : NAS_F32, i & 4 ? 4 : 1,
                   i & 8);
}

/* Sines and noise that grow and end in silence. */
static void fill_clip(rg *b, int32_t n, float *pcm) {
    for (int32_t i = 0; i < n; i++) {
        const float size = i < n * 3 / 4 ? (float)i / (float)n : 0;
        pcm[i] = size * (0.5f * sinf(0.05f * (float)i) + rg_uniform(b, -0.4f, 0.4f));
    }
}

/* The bits of the gain; without a level there is none. */
static void check_gain(const nas_frontend_config *c, int32_t samples, const float *pcm,
                       void *handle) {
    float (*gain)(const float *);
    *(void **)&gain = dlsym(handle, "frontend_gain");
    assert_int_equal(gain != NULL, c->level != NAS_LEVEL_NONE);
    if (!gain) return;
    const float want = nas_level_gain(c->level, pcm, samples), got = gain(pcm);
    assert_memory_equal(&got, &want, sizeof got);
}

static void check_front_end(const nas_frontend_config *c, int32_t samples) {
    static const int32_t dims[] = {1, 1};
    nas_frontend_sizes s;
    nas_frontend *f;
    const char *header, *source;
    void *handle;
    rg b = rg_start(arena, 1, 2, dims);
    if (nas_frontend_plan(c, samples, &s, &err) != NAS_OK) fail_msg("%s", err.text);
    const size_t bins = (size_t)s.bins, n = (size_t)s.frames * bins;
    float *pcm = nas_arena_array(arena, (size_t)samples, sizeof *pcm, &err);
    float *want = nas_arena_array(arena, n, sizeof *want, &err);
    float *got = nas_arena_array(arena, n, sizeof *got, &err);
    float *mean = nas_arena_array(arena, bins, sizeof *mean, &err);
    float *deviation = nas_arena_array(arena, bins, sizeof *deviation, &err);
    assert_true(pcm && want && got && mean && deviation);
    fill_clip(&b, samples, pcm);
    assert_int_equal(nas_frontend_open(c, samples, &f, &err), NAS_OK);
    nas_frontend_run(f, pcm, want);
    nas_frontend_close(f);
    nas_frontend_moments(want, (size_t)s.frames, s.bins, mean, deviation);
    deviation[0] = 0; /* counts as 1 */
    if (c->normalize) nas_frontend_normalize(mean, deviation, s.bins, want, n);
    if (nas_frontend_source(c, samples, mean, deviation, arena, &header, &source, &err) != NAS_OK)
        fail_msg("%s", err.text);
    run_fn *run = compile("frontend", header, source, &handle);
    run(pcm, got);
    check_gain(c, samples, pcm, handle);
    dlclose(handle);
    const double off = distance(got, want, (int64_t)n);
    if (!(off < 2e-5)) fail_msg("%d points: off by %g", s.fft, off);
}

static void test_front_ends(void **state) {
    (void)state;
    static const struct {
        int32_t kind, rate, fft, mel, coefficients, normalize, level;
        double length, step, lower, upper;
    } cases[] = {
        {NAS_MFCC, 16000, 0, 40, 10, 1, NAS_LEVEL_NONE, 40, 20, 20, 7600}, /* 1,024 points */
        {NAS_MFCC, 16000, 640, 40, 40, 0, NAS_LEVEL_RMS, 40, 40, 20, 4000},
        {NAS_LOG_MEL, 16000, 700, 24, 0, 1, NAS_LEVEL_PEAK, 30, 20, 0, 8000},     /* 7 */
        {NAS_LOG_MEL, 8000, 346, 64, 0, 0, NAS_LEVEL_NONE, 32.2, 7.3, 125, 3800}, /* a prime */
        {NAS_LOG_MEL, 1003, 346, 64, 0, 1, NAS_LEVEL_RMS, 32.2, 7.3, 12, 500},    /* empty bands */
        {NAS_MFCC, 1000, 2, 3, 2, 0, NAS_LEVEL_PEAK, 2, 5, 100, 500},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const nas_frontend_config c = {.kind = cases[i].kind,
                                       .sample_rate_hz = cases[i].rate,
                                       .level = cases[i].level,
                                       .frame_length_ms = cases[i].length,
                                       .frame_step_ms = cases[i].step,
                                       .fft_length = cases[i].fft,
                                       .mel_bins = cases[i].mel,
                                       .lower_hz = cases[i].lower,
                                       .upper_hz = cases[i].upper,
                                       .coefficients = cases[i].coefficients,
                                       .normalize = cases[i].normalize};
        check_front_end(&c, cases[i].rate);
    }
}

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}
static int drop_folder(void **state) {
    (void)state;
    return nas_dir_remove(folder, &err) == NAS_OK ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_operators, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mlperf, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reshape, setup, teardown),
        cmocka_unit_test_setup_teardown(test_converters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pairs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_front_ends, setup, teardown),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
