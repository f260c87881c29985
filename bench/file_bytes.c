/* bench/file_bytes.c - bytes of our files, raw and zipped, for the weights of float32 models.
 *     file_bytes FOLDER FILE.tflite...
 * For each FILE, and for a forecaster of 800 weights: every number format; dynamic and int8 also
 * with 80 % zeros ("pruned"), with 8 clusters on scales that are quarter powers of two, as
 * core/compress makes them ("clustered"), and with both. The files are left in FOLDER. */
#include "base/clock.h"
#include "base/files/file.h"
#include "core/deploy/deploy.h"
#include "tests/random_graph.h"

#include <string.h>
#include <zlib.h>

enum { CLUSTERS = 8, ROUNDS = 20, CALIBRATION = 64 };

static nas_arena *arena;
static nas_err err;
static const char *folder;

static void ok(nas_status st) {
    if (st == NAS_OK) return;
    fprintf(stderr, "file_bytes: %s\n", err.text);
    exit(1);
}

static int by_size(const void *a, const void *b) {
    const float p = fabsf(*(const float *)a), q = fabsf(*(const float *)b);
    return (p > q) - (p < q);
}

static void prune(float *w, int64_t n, double share) {
    float *sorted = nas_arena_array(arena, (size_t)n, sizeof *sorted, &err);
    memcpy(sorted, w, (size_t)n * sizeof *w);
    qsort(sorted, (size_t)n, sizeof *sorted, by_size);
    const float least = fabsf(sorted[(int64_t)((double)n * share)]);
    for (int64_t i = 0; i < n; i++)
        if (fabsf(w[i]) < least) w[i] = 0;
}

/* Lloyd's iterations on weight / channel scale; zero is a cluster of its own. */
static void cluster(float *w, int64_t n, int64_t each, const float *scale) {
    double centre[CLUSTERS - 1], sum[CLUSTERS - 1], count[CLUSTERS - 1];
    for (int32_t k = 0; k < CLUSTERS - 1; k++) centre[k] = -110 + 220.0 * k / (CLUSTERS - 2);
    for (int32_t round = 0; round < ROUNDS; round++) {
        memset(sum, 0, sizeof sum);
        memset(count, 0, sizeof count);
        for (int64_t i = 0; i < n; i++) {
            const double v = (double)w[i] / (double)scale[i / each];
            int32_t best = 0;
            if (w[i] == 0) continue;
            for (int32_t k = 1; k < CLUSTERS - 1; k++)
                if (fabs(v - centre[k]) < fabs(v - centre[best])) best = k;
            sum[best] += v;
            count[best]++;
            if (round == ROUNDS - 1) w[i] = scale[i / each] * (float)centre[best];
        }
        for (int32_t k = 0; k < CLUSTERS - 1; k++)
            if (count[k] > 0) centre[k] = sum[k] / count[k];
    }
}

/* Kernels of CONV_2D and FULLY_CONNECTED from 64 weights on. */
static void shrink(nas_graph *g, bool pruned, bool clustered) {
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        if (o->kind != NAS_OP_CONV_2D && o->kind != NAS_OP_FULLY_CONNECTED) continue;
        nas_tensor *t = &g->tensors[o->in[1]];
        const int64_t n = nas_tensor_count(t), each = n / t->dims[0];
        if (n < 64) continue;
        float *w = nas_arena_array(arena, (size_t)n, sizeof *w, &err);
        float *scale = nas_arena_array(arena, (size_t)t->dims[0], sizeof *scale, &err);
        memcpy(w, t->data, (size_t)n * sizeof *w);
        for (int64_t k = 0; k < n; k++) {
            float *s = &scale[k / each];
            if (fabsf(w[k]) / 127 > *s) *s = fabsf(w[k]) / 127;
        }
        if (pruned) prune(w, n, 0.8);
        t->data = w;
        if (!clustered) continue;
        for (int32_t c = 0; c < t->dims[0]; c++)
            scale[c] = (float)exp2(ceil(4 * log2((double)scale[c])) / 4);
        cluster(w, n, each, scale);
        t->n_scale = t->dims[0];
        t->scale = scale;
    }
}

static size_t plain_zlib(const uint8_t *p, size_t n) {
    uLongf room = compressBound(n);
    uint8_t *out = nas_arena_alloc(arena, room, &err);
    return compress2(out, &room, p, n, Z_BEST_COMPRESSION) == Z_OK ? room : 0;
}

/* What names, signature and description add, then metadata and labels too, in a file and its
 * stream. */
static void measure_notes(const nas_graph *g, size_t bare, size_t bare_zip) {
    static const char *const labels[] = {"down", "go", "left", "no", "right", "stop", "up", "yes"};
    nas_notes notes = {.description = "nas, training 5, inference 5 quantize \"int8\""};
    for (int i = 0; i < 2; i++) {
        uint8_t *file, *zip;
        size_t n, zip_n;
        ok(nas_tflite_write_noted(g, &notes, arena, &file, &n, &err));
        ok(nas_zlib_stream(file, n, NAS_ZLIB_SHORT, arena, &zip, &zip_n, &err));
        printf("    %-16s %7zu raw %7zu ours\n", i ? "and metadata" : "names", n - bare,
               zip_n - bare_zip);
        notes.input = "log_mel of 1 s at 16000 Hz: 49 frames of 40 ms, 20 ms apart; 40 mel bands, "
                      "20 to 4000 Hz; normalised";
        notes.n_labels = 8;
        notes.labels = labels;
    }
}

static void measure(const nas_graph *g, const char *name, const char *how, nas_format format) {
    const int64_t in = nas_tensor_count(&g->tensors[g->input]);
    nas_rng rng = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    float *x = nas_arena_array(arena, (size_t)(in * CALIBRATION), sizeof *x, &err);
    for (int64_t i = 0; i < in * CALIBRATION; i++) x[i] = nas_rng_float(&rng) * 4 - 2;
    nas_graph out = nas_graph_start(arena);
    uint8_t *file, *zip;
    size_t n, zip_n;
    ok(nas_format_ship(g, format, x, CALIBRATION, &out, &err));
    ok(nas_tflite_write(&out, arena, &file, &n, &err));
    const double begin = nas_clock_cpu();
    ok(nas_zlib_stream(file, n, NAS_ZLIB_SHORT, arena, &zip, &zip_n, &err));
    const double ms = (nas_clock_cpu() - begin) * 1e3;
    const char *path = nas_arena_format(arena, &err, "%s/%s_%s_%s.tflite", folder, name, how,
                                        nas_format_names[format]);
    ok(nas_file_write(path, file, n, &err));
    ok(nas_file_write(nas_arena_format(arena, &err, "%s.zlib", path), zip, zip_n, &err));
    const size_t plain = plain_zlib(file, n);
    printf("%-12s %-16s %-8s %7zu raw %7zu level 9 %7zu ours %6.2f %% less  %6.1f ms\n", name, how,
           nas_format_names[format], n, plain, zip_n, 100 * (1 - (double)zip_n / (double)plain),
           ms);
    measure_notes(&out, n, zip_n);
}

static void measure_all(const nas_graph *g, const char *name) {
    for (int32_t f = 0; nas_format_names[f]; f++) measure(g, name, "dense", (nas_format)f);
    for (int32_t k = 1; k < 4; k++) {
        static const char *const how[] = {"", "pruned", "clustered", "pruned-clustered"};
        nas_graph copy = nas_graph_start(arena);
        ok(nas_format_apply(g, NAS_FORMAT_FLOAT32, NULL, 0, &copy, &err));
        shrink(&copy, k & 1, k & 2);
        measure(&copy, name, how[k], NAS_FORMAT_DYNAMIC);
        measure(&copy, name, how[k], NAS_FORMAT_INT8);
    }
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: file_bytes FOLDER FILE.tflite...\n");
        return 2;
    }
    folder = argv[1];
    ok(nas_arena_open(&arena, &err));
    ok(nas_dir_make(folder, &err));
    rg b = rg_start(arena, 1, 2, (int32_t[]){1, 24});
    rg_dense(&b, 24, NAS_ACT_RELU, true);
    rg_dense(&b, 8, NAS_ACT_NONE, true);
    measure_all(&b.g, "forecaster");
    for (int i = 2; i < argc; i++) {
        nas_graph g = nas_graph_start(arena);
        uint8_t *bytes;
        size_t n;
        ok(nas_file_read(arena, argv[i], 1 << 28, &bytes, &n, &err));
        ok(nas_tflite_read(bytes, n, &g, &err));
        const char *slash = strrchr(argv[i], '/');
        char *name = nas_arena_text(arena, slash ? slash + 1 : argv[i], &err);
        name[strcspn(name, ".")] = '\0';
        measure_all(&g, name);
    }
    nas_arena_close(arena);
    return 0;
}
