/* tests/fuzz/seeds.c - small files for the fuzzer to begin with: seeds FOLDER. All operators, in
 * all number formats; and files as TensorFlow leaves them. */
#include "base/files/file.h"
#include "core/deploy/deploy.h"
#include "tests/foreign.h"
#include "tests/random_net.h"

enum { CALIBRATION = 4, NETS = 60, MOST_BYTES = 6000 };

static void ok(nas_status st, const nas_err *err) {
    if (st == NAS_OK) return;
    fprintf(stderr, "seeds: %s\n", err->text);
    exit(1);
}

static void save(rg *b, const char *folder, int32_t net, int32_t format) {
    nas_arena *a = b->g.arena;
    const size_t n = (size_t)nas_tensor_count(&b->g.tensors[b->g.input]);
    nas_graph g = nas_graph_start(a);
    uint8_t *bytes;
    size_t length;
    float *x = nas_arena_array(a, n * CALIBRATION, sizeof *x, &b->err);
    if (!x) exit(1);
    for (size_t i = 0; i < n * CALIBRATION; i++) x[i] = rg_uniform(b, -2, 2);
    ok(nas_format_apply(&b->g, (nas_format)format, x, CALIBRATION, &g, &b->err), &b->err);
    static const char *const labels[] = {"yes"};
    const nas_notes notes = {.description = "a seed", .n_labels = 1, .labels = labels};
    ok(nas_tflite_write_noted(&g, net % 2 ? &notes : NULL, a, &bytes, &length, &b->err), &b->err);
    const char *path = nas_arena_format(a, &b->err, "%s/%02d_%s.tflite", folder, (int)net,
                                        nas_format_names[format]);
    if (!path) exit(1);
    if (length <= MOST_BYTES) ok(nas_file_write(path, bytes, length, &b->err), &b->err);
}

static void save_samples(const char *folder, const char *of) {
    static sample samples[MOST_SAMPLES];
    nas_err err = {0};
    nas_arena *a;
    ok(nas_arena_open(&a, &err), &err);
    const int32_t n = read_samples_of(a, of, samples, &err);
    for (int32_t i = 0; i < n; i++) {
        const char *path = nas_arena_format(a, &err, "%s/%s.tflite", folder, samples[i].name);
        if (!path) exit(1);
        ok(nas_file_write(path, samples[i].file, (size_t)samples[i].file_n, &err), &err);
    }
    nas_arena_close(a);
    if (n < 1) exit(1);
}

int main(int argc, char **argv) {
    nas_err err = {0};
    if (argc != 2) {
        fputs("usage: seeds FOLDER\n", stderr);
        return 2;
    }
    ok(nas_dir_make(argv[1], &err), &err);
    save_samples(argv[1], "tests/golden/foreign.bin");
    save_samples(argv[1], "tests/golden/ops.bin");
    for (int32_t net = 0; net < NETS; net++)
        for (int32_t format = 0; nas_format_names[format]; format++) {
            nas_arena *a;
            ok(nas_arena_open(&a, &err), &err);
            rg b = net < rg_variants ? rg_net(a, 3, net, true) : rnet(a, (uint32_t)net);
            ok(nas_graph_fold(&b.g, &err), &err);
            save(&b, argv[1], net, format);
            nas_arena_close(a);
        }
    return 0;
}
