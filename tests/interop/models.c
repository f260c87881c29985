/* tests/interop/models.c - writes models in all number formats, with raw inputs and what our
 * interpreter makes of them, for matrix.py to compare with the real runtimes: .out with
 * tflite-micro's arithmetic, .litert with LiteRT's. Names are KIND_NAME_FORMAT.
 *     models FOLDER NETS           one operator each, and so many nets of random structure
 *     models FOLDER FILE.tflite NAME    a model that is there already */
#include "base/files/file.h"
#include "core/deploy/deploy.h"
#include "core/graph/units.h"
#include "tests/random_net.h"
#include "tests/value_nets.h"

#include <string.h>

enum { EXAMPLES = 20, EXAMPLES_OF_FILE = 100, CALIBRATION = 40, WIDTHS = 67, SEEDS = 2 };

typedef struct maker {
    nas_arena *arena;
    const char *folder;
    nas_err err;
} maker;

static void ok(maker *m, nas_status st) {
    if (st == NAS_OK) return;
    fprintf(stderr, "models: %s\n", m->err.text);
    exit(1);
}

static void save(maker *m, const char *name, const char *ending, const void *p, size_t n) {
    const char *path = nas_arena_format(m->arena, &m->err, "%s/%s.%s", m->folder, name, ending);
    if (!path) exit(1);
    ok(m, nas_file_write(path, p, n, &m->err));
}

/* Raw inputs: full-range int8, or floats around 0; the second is all zeros, the third positive. */
static void fill_inputs(nas_rng *rng, const nas_tensor *t, size_t examples, void *p) {
    const int64_t each = nas_tensor_count(t);
    for (int64_t i = 0; i < each * (int64_t)examples; i++) {
        const int64_t example = i / each;
        const float v = nas_rng_float(rng) * 4 - 2;
        if (t->dtype == NAS_I8)
            ((int8_t *)p)[i] = (int8_t)((int32_t)nas_rng_below(rng, 256) - 128);
        else
            ((float *)p)[i] = example == 1 ? 0 : example == 2 ? fabsf(v) : v;
    }
}

static void run_as(maker *m, const nas_graph *g, nas_runtime runtime, const char *name,
                   size_t examples, const uint8_t *x) {
    static const char *const endings[] = {
        [NAS_RUNTIME_TFLM] = "out", [NAS_RUNTIME_LITERT] = "litert"};
    const size_t in = (size_t)nas_tensor_bytes(&g->tensors[g->input]);
    const size_t out = (size_t)nas_tensor_bytes(&g->tensors[g->output]);
    nas_interp *it;
    uint8_t *y = nas_arena_alloc(m->arena, out * examples, &m->err);
    if (!y) exit(1);
    ok(m, nas_interp_open_as(g, runtime, &it, &m->err));
    for (size_t i = 0; i < examples; i++) nas_interp_run_raw(it, x + i * in, y + i * out);
    nas_interp_close(it);
    save(m, name, endings[runtime], y, out * examples);
}

static void run(maker *m, const char *name, const uint8_t *file, size_t bytes, size_t examples,
                uint32_t seed) {
    nas_graph g = nas_graph_start(m->arena);
    nas_rng rng = nas_rng_stream(seed, 0, NAS_PURPOSE_TEST, 1, 0, 0);
    ok(m, nas_tflite_read(file, bytes, &g, &m->err));
    const size_t in = (size_t)nas_tensor_bytes(&g.tensors[g.input]);
    uint8_t *x = nas_arena_alloc(m->arena, in * examples, &m->err);
    if (!x) exit(1);
    fill_inputs(&rng, &g.tensors[g.input], examples, x);
    save(m, name, "tflite", file, bytes);
    save(m, name, "in", x, in * examples);
    run_as(m, &g, NAS_RUNTIME_TFLM, name, examples, x);
    run_as(m, &g, NAS_RUNTIME_LITERT, name, examples, x);
}

/* What may be done to a graph in its number format before it is written. */
typedef void change_fn(nas_graph *g);

typedef nas_status format_fn(const nas_graph *g, nas_format format, const float *x, int32_t n,
                             nas_graph *out, nas_err *err);

/* The bytes of metadata and labels stand in all files that are large enough for them. */
static const nas_notes notes = {
    .description = "interop",
    .input = "noise",
    .n_labels = 2,
    .labels = (const char *const[]){"yes", "no"},
};

static void make_by(maker *m, format_fn *apply, rg *b, const char *name, nas_format format,
                    change_fn *change) {
    const int64_t n = nas_tensor_count(&b->g.tensors[b->g.input]) * CALIBRATION;
    nas_rng rng = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, 2, 0, 0);
    nas_graph g = nas_graph_start(m->arena);
    uint8_t *file;
    size_t bytes;
    float *x = nas_arena_array(m->arena, (size_t)n, sizeof *x, &m->err);
    if (!x) exit(1);
    for (int64_t i = 0; i < n; i++) x[i] = nas_rng_float(&rng) * 4 - 2;
    ok(m, apply(&b->g, format, x, CALIBRATION, &g, &m->err));
    if (change) change(&g);
    ok(m, nas_tflite_write_noted(&g, &notes, m->arena, &file, &bytes, &m->err));
    const char *whole =
        nas_arena_format(m->arena, &m->err, "%s_%s", name, nas_format_names[format]);
    if (!whole) exit(1);
    run(m, whole, file, bytes, EXAMPLES, (uint32_t)n);
}

static void make_format(maker *m, rg *b, const char *name, nas_format format, change_fn *change) {
    make_by(m, nas_format_apply, b, name, format, change);
}

static void make(maker *m, rg *b, const char *kind, int32_t number) {
    const char *name = nas_arena_format(m->arena, &m->err, "%s_%03d", kind, number);
    if (!name) exit(1);
    for (int32_t f = 0; nas_format_names[f]; f++) make_format(m, b, name, (nas_format)f, NULL);
}

/* --- one operator ----------------------------------------------------------------------------- */

static const nas_activation activations[] = {NAS_ACT_NONE, NAS_ACT_RELU, NAS_ACT_RELU6};

/* Window number i of many: kernels, strides, paddings, dilations and activations in turn. */
static rg_window window(int32_t i, const int32_t *in) {
    rg_window w = {.kernel = {1 + i % 5, 1 + i / 2 % 4},
                   .stride = {1 + i % 3, 1 + i / 3 % 3},
                   .padding = i % 4 ? NAS_SAME : NAS_VALID,
                   .activation = activations[i % 3]};
    if (i % 5 == 1) {
        w.dilation[0] = 1 + i % 3;
        w.dilation[1] = 1 + i % 4;
        w.stride[0] = w.stride[1] = 1;
    }
    for (int k = 0; k < 2; k++)
        if ((w.kernel[k] - 1) * (w.dilation[k] ? w.dilation[k] : 1) + 1 > in[1 + k])
            w.padding = NAS_SAME;
    return w;
}

static void make_windows(maker *m) {
    for (int32_t i = 1; i <= WIDTHS; i++) {
        const int32_t in[4] = {1, 5 + i % 9, 3 + i % 11, 1 + i * 7 % 23};
        rg b = rg_start(m->arena, (uint32_t)i, 4, in);
        rg_conv(&b, i, window(i, in));
        make(m, &b, "conv", i);

        const int32_t deep[4] = {1, 4 + i % 13, 6 + i % 7, i};
        rg d = rg_start(m->arena, (uint32_t)i, 4, deep);
        rg_depthwise(&d, i < 20 ? 1 + i % 3 : 1, window(i + 1, deep));
        make(m, &d, "depthwise", i);

        rg_window w = window(i, deep);
        w.dilation[0] = w.dilation[1] = 0;
        rg p = rg_start(m->arena, (uint32_t)i, 4, deep);
        rg_pool(&p, i % 2 ? NAS_OP_MAX_POOL_2D : NAS_OP_AVERAGE_POOL_2D, w);
        make(m, &p, "pool", i);
    }
}

static void make_dense(maker *m) {
    for (int32_t i = 1; i <= WIDTHS; i++) {
        const int32_t rows = i % 4 ? 1 : 1 + i % 5, in = 1 + i * 31 % 203;
        rg b = rg_start(m->arena, (uint32_t)i, 2, (int32_t[]){rows, in});
        nas_op o = {.kind = NAS_OP_FULLY_CONNECTED, .n_in = 2 + i % 2};
        o.activation = activations[i % 3];
        o.in[1] = rg_constant(&b, 2, (int32_t[]){i, in}, 0, 0.3f);
        if (i % 2) o.in[2] = rg_constant(&b, 1, &i, 0, 0.3f);
        rg_op(&b, o, 2, (int32_t[]){rows, i});
        make(m, &b, "dense", i);
    }
}

/* As converters write it: the output has a scale of its own. */
static void other_scale(nas_graph *g) {
    static const float scale = 0.0235f;
    static const int32_t zero = -128;
    g->tensors[g->output].scale = &scale;
    g->tensors[g->output].zero_point = &zero;
}

static void make_relu6(maker *m) {
    for (int32_t i = 1; i <= 4; i++) {
        rg b = rg_start(m->arena, (uint32_t)i, 4, (int32_t[]){1, 3, 5, 3 * i});
        const char *name = nas_arena_format(m->arena, &m->err, "foreign_%02drelu6", i);
        if (!name) exit(1);
        rg_unary(&b, NAS_OP_RELU6);
        make_format(m, &b, name, NAS_FORMAT_INT8, other_scale);
    }
}

static void make_elementwise(maker *m) {
    for (int32_t i = 1; i <= 24; i++) {
        const nas_op_kind kind = i % 2 ? NAS_OP_ADD : NAS_OP_MUL;
        const int32_t dims[4] = {1, 1 + i % 5, 3 + i % 7, i * 11 % 67 + 1};
        rg b = rg_start(m->arena, (uint32_t)i, 4, dims);
        if (i % 3 == 0) rg_affine(&b, kind, i % 4 < 2);
        if (i % 3 == 1) rg_join(&b, kind, b.last, activations[i % 3]);
        if (i % 3 == 2) rg_unary(&b, i % 4 < 2 ? NAS_OP_RELU : NAS_OP_RELU6);
        make(m, &b, "elementwise", i);

        rg r = rg_start(m->arena, (uint32_t)i, 4, dims);
        rg_mean(&r, i % 2);
        make(m, &r, "mean", i);

        rg s = rg_start(m->arena, (uint32_t)i, 2, (int32_t[]){1, i * 3 - 2});
        rg_unary(&s, NAS_OP_SOFTMAX);
        make(m, &s, "softmax", i);

        rg f = rg_start(m->arena, (uint32_t)i, 4, dims);
        rg_flatten(&f);
        make(m, &f, "reshape", i);
    }
}

/* The newest activation, `factor` times. */
static void times(rg *b, float factor) {
    const nas_tensor t = *rg_top(b);
    nas_op o = {.kind = NAS_OP_MUL, .n_in = 2};
    o.in[1] = rg_constant(b, 1, (int32_t[]){1}, factor, 0);
    rg_op(b, o, t.rank, t.dims);
}

/* No weights: float16 and dynamic are float32. */
static void make_two(maker *m, rg *b, int32_t number) {
    const char *name = nas_arena_format(m->arena, &m->err, "others_%03d", number);
    if (!name) exit(1);
    make_format(m, b, name, NAS_FORMAT_FLOAT32, NULL);
    make_format(m, b, name, NAS_FORMAT_INT8, NULL);
}

/* Operators that only files of others have, each at many scales. */
static void make_others(maker *m) {
    static const nas_op_kind unary[] = {NAS_OP_LOGISTIC, NAS_OP_TANH, NAS_OP_HARD_SWISH,
                                        NAS_OP_LEAKY_RELU, NAS_OP_LOG_SOFTMAX};
    static const nas_op_kind pair[] = {NAS_OP_SUB, NAS_OP_MINIMUM, NAS_OP_MAXIMUM};
    for (int32_t i = 1; i <= 48; i++) {
        const int32_t dims[4] = {1, 2 + i % 4, 3 + i % 5, i * 11 % 23 + 2};
        const float factor = expf(0.3f * (float)(i % 24 - 10));
        rg u = rg_start(m->arena, (uint32_t)i, 4, dims);
        times(&u, factor);
        nas_op o = {.kind = unary[i % 5], .n_in = 1, .alpha = 0.03f * (float)(i % 40)};
        rg_op(&u, o, 4, dims);
        make_two(m, &u, i);

        rg p = rg_start(m->arena, (uint32_t)i, 4, dims);
        const int32_t first = p.last;
        times(&p, factor);
        if (i % 4) rg_unary(&p, i % 4 < 2 ? NAS_OP_RELU : NAS_OP_TANH);
        if (i % 3 == 0) rg_affine(&p, pair[i / 3 % 3], i % 2);
        rg_join(&p, pair[i % 3], first, i % 3 ? NAS_ACT_NONE : activations[i / 3 % 3]);
        make_two(m, &p, 100 + i);

        rg c = rg_start(m->arena, (uint32_t)i, 4, dims);
        times(&c, factor);
        if (i % 2) rg_concat(&c, first, 1 + i % 3);
        if (i % 3) rg_slice(&c);
        if (i % 4) rg_transpose(&c, (int32_t[]){0, 1 + i % 3, 1 + (i + 1) % 3, 1 + (i + 2) % 3});
        make_two(m, &c, 200 + i);
    }
}

/* float input -> int8 inside -> float output: what QUANTIZE and DEQUANTIZE are for. */
static void make_float_ports(maker *m) {
    rg b = rg_start(m->arena, 1, 2, (int32_t[]){1, 50});
    const float scales[2] = {0.017f, 0.031f};
    const int32_t zeros[2] = {-7, 12};
    int32_t q[2], y;
    uint8_t *file;
    size_t bytes;
    for (int32_t k = 0; k < 2; k++) {
        nas_tensor t = {.dtype = NAS_I8, .rank = 2, .dims = {1, 50}, .n_scale = 1};
        t.scale = &scales[k];
        t.zero_point = &zeros[k];
        ok(m, nas_graph_tensor(&b.g, &t, &q[k], &m->err));
    }
    ok(m, nas_graph_activation(&b.g, NAS_F32, 2, (int32_t[]){1, 50}, &y, &m->err));
    const nas_op ops[3] = {
        {.kind = NAS_OP_QUANTIZE, .n_in = 1, .in = {b.g.input}, .out = q[0]},
        {.kind = NAS_OP_QUANTIZE, .n_in = 1, .in = {q[0]}, .out = q[1]},
        {.kind = NAS_OP_DEQUANTIZE, .n_in = 1, .in = {q[1]}, .out = y},
    };
    for (int32_t k = 0; k < 3; k++) ok(m, nas_graph_op(&b.g, &ops[k], &m->err));
    b.g.output = y;
    ok(m, nas_tflite_write_noted(&b.g, &notes, m->arena, &file, &bytes, &m->err));
    run(m, "ports_0_float32", file, bytes, EXAMPLES, 1);
}

/* --- scales that were given, and what only files of others have --------------------------------
 */

/* Kernels get scales: their largest weight over 90, times up to 2, or the same for all. */
static void give_scales(maker *m, rg *b, bool equal) {
    for (int32_t i = 0; i < b->g.n_ops; i++) {
        const nas_op *o = &b->g.ops[i];
        const bool deep = o->kind == NAS_OP_DEPTHWISE_CONV_2D;
        if (!deep && o->kind != NAS_OP_CONV_2D && o->kind != NAS_OP_FULLY_CONNECTED) continue;
        nas_tensor *w = &b->g.tensors[o->in[1]];
        const float *v = w->data;
        float most = 0;
        for (int64_t k = 0; k < nas_tensor_count(w); k++) most = fmaxf(most, fabsf(v[k]));
        w->axis = deep ? 3 : 0;
        w->n_scale = w->dims[w->axis];
        float *scale = nas_arena_array(m->arena, (size_t)w->n_scale, sizeof *scale, &m->err);
        if (!scale) exit(1);
        for (int32_t c = 0; c < w->n_scale; c++)
            scale[c] = most / 90 * (equal ? 1 : 1 + nas_rng_float(&b->rng));
        w->scale = scale;
    }
}

static void symmetric_inputs(nas_graph *g) {
    for (int32_t i = 0; i < g->n_ops; i++) g->ops[i].asymmetric = false;
}

static void one_scale(nas_graph *g) {
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op_kind kind = g->ops[i].kind;
        nas_tensor *w = g->ops[i].n_in > 1 ? &g->tensors[g->ops[i].in[1]] : NULL;
        if (w && w->dtype == NAS_I8 && kind != NAS_OP_DEPTHWISE_CONV_2D) w->n_scale = 1;
    }
}

static void symmetric_one_scale(nas_graph *g) {
    symmetric_inputs(g);
    one_scale(g);
}

static void make_scales(maker *m) {
    static const nas_format formats[] = {NAS_FORMAT_DYNAMIC, NAS_FORMAT_INT8};
    static const struct {
        const char *name;
        change_fn *change;
    } foreign[] = {{"symmetric", symmetric_inputs},
                   {"tensor", one_scale},
                   {"symmetrictensor", symmetric_one_scale}};
    for (int32_t variant = 0; variant < rg_variants; variant++) {
        for (int32_t equal = 0; equal < 2; equal++) {
            rg b = rg_net(m->arena, 3, variant, true);
            ok(m, nas_graph_fold(&b.g, &m->err));
            give_scales(m, &b, equal);
            const char *name =
                nas_arena_format(m->arena, &m->err, "given_%02d%s", variant, equal ? "equal" : "");
            if (!name) exit(1);
            for (size_t f = 0; f < 2; f++) make_format(m, &b, name, formats[f], NULL);
        }
        for (size_t k = 0; k < sizeof foreign / sizeof *foreign; k++) {
            rg b = rg_net(m->arena, 4, variant, variant % 2);
            const char *name =
                nas_arena_format(m->arena, &m->err, "foreign_%02d%s", variant, foreign[k].name);
            if (!name) exit(1);
            make_format(m, &b, name, NAS_FORMAT_DYNAMIC, foreign[k].change);
        }
    }
}

/* --- nets ------------------------------------------------------------------------------------- */

static void make_nets(maker *m, uint32_t nets) {
    for (uint32_t seed = 1; seed <= SEEDS; seed++)
        for (int32_t variant = 0; variant < rg_variants; variant++) {
            rg plain = rg_net(m->arena, seed, variant, seed % 2 == 0);
            make(m, &plain, variant < rg_own ? "plain" : "others", (int32_t)seed * 1000 + variant);
            rg folded = rg_net(m->arena, seed, variant, seed % 2 == 0);
            ok(m, nas_graph_fold(&folded.g, &m->err));
            make(m, &folded, variant < rg_own ? "folded" : "others",
                 (int32_t)seed * 1000 + 100 + variant);
        }
    for (uint32_t seed = 1; seed <= nets; seed++) {
        const nas_arena_mark mark = nas_arena_here(m->arena);
        rg b = rnet(m->arena, seed);
        if (seed % 4) ok(m, nas_graph_fold(&b.g, &m->err));
        make(m, &b, "random", (int32_t)seed);
        const char *name = nas_arena_format(m->arena, &m->err, "shipped_%03u", seed);
        if (!name) exit(1);
        make_by(m, nas_format_ship, &b, name, NAS_FORMAT_INT8, NULL);
        make_by(m, nas_format_ship, &b, name, NAS_FORMAT_DYNAMIC, NULL);
        name = nas_arena_format(m->arena, &m->err, "bychannel_%03u", seed);
        if (!name) exit(1);
        b.g.dense_by_channel = true;
        make_by(m, nas_format_ship, &b, name, NAS_FORMAT_INT8, NULL);
        make_by(m, nas_format_ship, &b, name, NAS_FORMAT_DYNAMIC, NULL);
        nas_arena_back(m->arena, mark);
    }
}

/* Nets of forecasts: as they are in all formats, and in the units of a table in the float formats.
 */
static void make_forecasts(maker *m) {
    static const float mean[] = {9.5f, 76}, deviation[] = {8.4f, 16.4f};
    const nas_columns columns = {2, mean, deviation};
    for (int i = 0; i < VALUE_NETS; i++)
        for (int units = 0; units < 2; units++) {
            bool own;
            nas_net *net;
            const nas_model model = value_net(i, &own);
            if (units && !own) continue;
            ok(m, nas_net_open(&model, VALUES, 1, nas_kernel_find("reference"), &net, &m->err));
            nas_net_init(net, 5, 0);
            rg b = rg_start(m->arena, (uint32_t)i, 0, NULL);
            b.g = nas_graph_start(m->arena);
            ok(m, nas_net_lower(net, &b.g, &m->err));
            ok(m, nas_graph_fold(&b.g, &m->err));
            if (units) ok(m, nas_graph_give_units(&b.g, &columns, &columns, &m->err));
            nas_net_close(net);
            const char *name =
                nas_arena_format(m->arena, &m->err, "forecast_%d%s", i, units ? "own" : "");
            if (!name) exit(1);
            for (int32_t f = 0; nas_format_names[f]; f++)
                if (!units || f == NAS_FORMAT_FLOAT32 || f == NAS_FORMAT_FLOAT16)
                    make_format(m, &b, name, (nas_format)f, NULL);
        }
}

int main(int argc, char **argv) {
    maker m = {.folder = argc > 1 ? argv[1] : NULL};
    const bool is_file = argc == 4; /* NAME: what its files are called */
    if (argc != 3 && !is_file) {
        fprintf(stderr, "usage: models FOLDER (NETS | FILE.tflite NAME)\n");
        return 2;
    }
    ok(&m, nas_arena_open(&m.arena, &m.err));
    ok(&m, nas_dir_make(m.folder, &m.err));
    if (is_file) {
        uint8_t *file;
        size_t bytes;
        ok(&m, nas_file_read(m.arena, argv[2], 1 << 28, &file, &bytes, &m.err));
        run(&m, argv[3], file, bytes, EXAMPLES_OF_FILE, 1);
    } else {
        make_windows(&m);
        make_dense(&m);
        make_elementwise(&m);
        make_others(&m);
        make_relu6(&m);
        make_float_ports(&m);
        make_scales(&m);
        make_forecasts(&m);
        make_nets(&m, (uint32_t)strtoul(argv[2], NULL, 10));
    }
    nas_arena_close(m.arena);
    return 0;
}
