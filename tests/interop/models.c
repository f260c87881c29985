/* tests/interop/models.c - writes small random models in all number formats, with raw inputs and
 * what our interpreter makes of them, for check.py to compare with the real runtime. models FOLDER
 * [SEEDS]            the random models models FOLDER FILE.tflite        a model that is there
 * already */
#include "base/file.h"
#include "core/deploy/deploy.h"
#include "tests/random_graph.h"

#include <string.h>

enum { EXAMPLES = 12, CALIBRATION = 40 };

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

/* Raw inputs: full-range int8, or floats around 0. */
static void fill(nas_rng *rng, const nas_tensor *t, void *p) {
    const int64_t n = nas_tensor_count(t) * EXAMPLES;
    for (int64_t i = 0; i < n; i++) {
        if (t->dtype == NAS_I8)
            ((int8_t *)p)[i] = (int8_t)((int32_t)nas_rng_below(rng, 256) - 128);
        else
            ((float *)p)[i] = nas_rng_float(rng) * 4 - 2;
    }
}

static void run(maker *m, const char *name, const uint8_t *file, size_t bytes, uint32_t seed) {
    nas_graph g = nas_graph_start(m->arena);
    nas_interp *it;
    nas_rng rng = nas_rng_stream(seed, 0, NAS_PURPOSE_TEST, 1, 0, 0);
    ok(m, nas_tflite_read(file, bytes, &g, &m->err));
    ok(m, nas_interp_open(&g, &it, &m->err));
    const size_t in = (size_t)nas_tensor_bytes(&g.tensors[g.input]);
    const size_t out = (size_t)nas_tensor_bytes(&g.tensors[g.output]);
    uint8_t *x = nas_arena_alloc(m->arena, in * EXAMPLES, &m->err);
    uint8_t *y = nas_arena_alloc(m->arena, out * EXAMPLES, &m->err);
    if (!x || !y) exit(1);
    fill(&rng, &g.tensors[g.input], x);
    for (size_t i = 0; i < EXAMPLES; i++) nas_interp_run_raw(it, x + i * in, y + i * out);
    nas_interp_close(it);
    save(m, name, "tflite", file, bytes);
    save(m, name, "in", x, in * EXAMPLES);
    save(m, name, "out", y, out * EXAMPLES);
}

static void make_one(maker *m, uint32_t seed, int32_t variant, bool fold) {
    rg b = rg_net(m->arena, seed, variant, seed % 2 == 0);
    static const nas_format formats[] = {NAS_FORMAT_FLOAT32, NAS_FORMAT_FLOAT16, NAS_FORMAT_DYNAMIC,
                                         NAS_FORMAT_INT8};
    const int64_t n = nas_tensor_count(&b.g.tensors[b.g.input]) * CALIBRATION;
    float *x = nas_arena_array(m->arena, (size_t)n, sizeof *x, &m->err);
    if (!x) exit(1);
    for (int64_t i = 0; i < n; i++) x[i] = rg_uniform(&b, -2, 2);
    if (fold) ok(m, nas_graph_fold(&b.g, &m->err));
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        nas_graph g = nas_graph_start(m->arena);
        uint8_t *file;
        size_t bytes;
        ok(m, nas_format_apply(&b.g, formats[i], x, CALIBRATION, &g, &m->err));
        ok(m, nas_tflite_write(&g, m->arena, &file, &bytes, &m->err));
        const char *name =
            nas_arena_format(m->arena, &m->err, "net%02d_%s_seed%u_%s", variant,
                             fold ? "folded" : "plain", seed, nas_format_names[formats[i]]);
        if (!name) exit(1);
        run(m, name, file, bytes, seed);
    }
}

/* float input -> int8 inside -> float output: what QUANTIZE and DEQUANTIZE are for. */
static void make_float_ports(maker *m, uint32_t seed) {
    rg b = rg_start(m->arena, seed, 2, (int32_t[]){1, 50});
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
    ok(m, nas_tflite_write(&b.g, m->arena, &file, &bytes, &m->err));
    run(m, "ports_float32", file, bytes, seed);
}

static void make_all(maker *m, uint32_t seeds) {
    make_float_ports(m, 1);
    for (uint32_t seed = 1; seed <= seeds; seed++)
        for (int32_t variant = 0; variant < rg_variants; variant++) {
            make_one(m, seed, variant, true);
            if (variant == 0 || variant == 6) make_one(m, seed, variant, false);
        }
}

int main(int argc, char **argv) {
    maker m = {.folder = argc > 1 ? argv[1] : NULL};
    if (argc < 2) {
        fprintf(stderr, "usage: models FOLDER [SEEDS | FILE.tflite]\n");
        return 2;
    }
    ok(&m, nas_arena_open(&m.arena, &m.err));
    ok(&m, nas_dir_make(m.folder, &m.err));
    if (argc > 2 && strstr(argv[2], ".tflite")) {
        uint8_t *file;
        size_t bytes;
        ok(&m, nas_file_read(m.arena, argv[2], 1 << 28, &file, &bytes, &m.err));
        run(&m, "given", file, bytes, 1);
    } else {
        make_all(&m, argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 3);
    }
    nas_arena_close(m.arena);
    return 0;
}
