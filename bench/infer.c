/* bench/infer.c - exported files for bench/infer.py, and how long one inference takes.
 *     infer models FOLDER     NET.tflite and NET_int8.tflite of each net; NET.txt, NET.f32: the
 *                             float operators and their weights, for other runtimes to be given
 *     infer serve FILE...     for each line "INDEX RUNS SECONDS" of the input: median seconds of a
 *                             run of that file, by the wall and by the processor, over samples of
 *                             so many runs
 *     infer steps FILE        microseconds of each operator
 *     infer exported FILE...  one inference by the interpreter, and by the C that is exported,
 *                             compiled for the smallest instruction set and for this machine: in
 *                             turn, medians of processor time */
#include "base/clock.h"
#include "base/files/file.h"
#include "core/deploy/deploy.h"
#include "core/deploy/interp/interp_int.h"
#include "tests/random_graph.h"

#include <dlfcn.h>
#include <string.h>

enum { CALIBRATION = 16, MOST_RUNS = 1 << 20, MOST_FILES = 128, CLASSES = 8 };

static nas_arena *arena;
static nas_err err;

static void ok(nas_status st) {
    if (st == NAS_OK) return;
    fprintf(stderr, "infer: %s\n", err.text);
    exit(1);
}

/* --- nets ------------------------------------------------------------------------------------- */

typedef enum family { CNN, DS_CNN, RESIDUAL, MIXED, OVER_TIME } family;

static void head(rg *b) {
    rg_mean(b, false);
    rg_dense(b, CLASSES, NAS_ACT_NONE, true);
    rg_unary(b, NAS_OP_SOFTMAX);
}

/* Bands are channels. */
static rg build_over_time(int32_t filters, int32_t frames, int32_t bands, int32_t blocks) {
    const rg_window first = {.kernel = {3, 1}, .stride = {2, 1}, .activation = NAS_ACT_RELU};
    const rg_window nine = {.kernel = {9, 1}, .activation = NAS_ACT_RELU}, one = {.kernel = {1, 1}};
    rg b = rg_start(arena, 1, 4, (int32_t[]){1, frames, 1, bands});
    rg_conv(&b, filters, first);
    for (int32_t i = 0; i < blocks; i++) {
        const int32_t before = b.last;
        rg_depthwise(&b, 1, nine);
        rg_conv(&b, filters, one);
        rg_join(&b, NAS_OP_ADD, before, NAS_ACT_RELU);
    }
    head(&b);
    return b;
}

static rg build(family kind, int32_t filters, int32_t h, int32_t w, int32_t blocks) {
    const rg_window three = {.kernel = {3, 3}, .activation = NAS_ACT_RELU};
    const rg_window one = {.kernel = {1, 1}, .activation = NAS_ACT_RELU};
    const rg_window plain = {.kernel = {1, 1}}, first = {.kernel = {3, 3},
                                                         .stride = {2, 2},
                                                         .padding = NAS_VALID,
                                                         .activation = NAS_ACT_RELU};
    const rg_window five = {.kernel = {5, 5}, .stride = {2, 2}, .activation = NAS_ACT_RELU};
    rg b = rg_start(arena, 1, 4, (int32_t[]){1, h, w, 1});
    rg_conv(&b, kind == MIXED ? 256 : filters, kind == RESIDUAL ? five : first);
    for (int32_t i = 0; i < blocks; i++) {
        const int32_t before = b.last;
        switch (kind) {
        case CNN:
        case MIXED: rg_conv(&b, filters, three); break;
        case DS_CNN:
            rg_depthwise(&b, 1, (rg_window){.kernel = {3, 3}});
            rg_conv(&b, filters, one);
            break;
        case RESIDUAL:
            rg_depthwise(&b, 1, three);
            rg_conv(&b, filters, plain);
            rg_join(&b, NAS_OP_ADD, before, NAS_ACT_RELU);
            break;
        case OVER_TIME: return build_over_time(filters, h, w, blocks);
        }
    }
    head(&b);
    return b;
}

static const struct {
    const char *name;
    family kind;
    int32_t filters, h, w, blocks;
} nets[] = {
    {"cnn_32_49x10", CNN, 32, 49, 10, 2},
    {"cnn_77_49x10", CNN, 77, 49, 10, 2},
    {"cnn_128_49x10", CNN, 128, 49, 10, 2},
    {"ds_cnn_32_49x10", DS_CNN, 32, 49, 10, 2},
    {"ds_cnn_64_49x10", DS_CNN, 64, 49, 10, 2},
    {"ds_cnn_128_49x10", DS_CNN, 128, 49, 10, 2},
    {"ds_cnn_256_49x10", DS_CNN, 256, 49, 10, 2},
    {"residual_36_49x24", RESIDUAL, 36, 49, 24, 3},
    {"residual_48_49x24", RESIDUAL, 48, 49, 24, 4},
    {"residual_64_49x32", RESIDUAL, 64, 49, 32, 4},
    {"mixed_51_61x10", MIXED, 51, 61, 10, 2},
    {"mixed_77_61x10", MIXED, 77, 61, 10, 2},
    {"mixed_154_61x10", MIXED, 154, 61, 10, 2},
    {"mixed_51_30x10", MIXED, 51, 30, 10, 2},
    {"mixed_102_30x10", MIXED, 102, 30, 10, 2},
    {"mixed_154_30x10", MIXED, 154, 30, 10, 2},
    {"over_time_48_49x24", OVER_TIME, 48, 49, 24, 4},
};

/* One line an operator: name, inputs (constants: -), output, stride, padding, activation, shapes.
 */
static void describe(const nas_graph *g, FILE *text, FILE *weights) {
    fprintf(text, "input %d output %d\n", g->input, g->output);
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        fprintf(text, "%s", nas_op_name(o->kind));
        for (int32_t k = 0; k < NAS_OP_INPUTS; k++) {
            const bool there = k < o->n_in && o->in[k] >= 0;
            fprintf(text, " %d", there && !g->tensors[o->in[k]].data ? o->in[k] : -1);
        }
        fprintf(text, " %d %d %d %d %d", o->out, o->stride[0], o->stride[1], (int)o->padding,
                (int)o->activation);
        for (int32_t k = 0; k < o->n_in; k++) {
            const nas_tensor *t = o->in[k] < 0 ? NULL : &g->tensors[o->in[k]];
            if (!t || t->dtype != NAS_F32) continue;
            fprintf(text, " %d", t->rank);
            for (int32_t d = 0; d < t->rank; d++) fprintf(text, " %d", t->dims[d]);
            if (t->data) (void)fwrite(t->data, sizeof(float), (size_t)nas_tensor_count(t), weights);
        }
        fprintf(text, "\n");
    }
}

static FILE *create(const char *folder, const char *name, const char *ending) {
    const char *path = nas_arena_format(arena, &err, "%s/%s.%s", folder, name, ending);
    FILE *f = path ? fopen(path, "wb") : NULL;
    if (f) return f;
    fprintf(stderr, "infer: %s cannot be written\n", path ? path : name);
    exit(1);
}

static void ship(const rg *b, nas_format format, const char *folder, const char *name) {
    const int64_t n = nas_tensor_count(&b->g.tensors[b->g.input]) * CALIBRATION;
    nas_rng rng = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    float *x = nas_arena_array(arena, (size_t)n, sizeof *x, &err);
    nas_graph g = nas_graph_start(arena);
    uint8_t *file;
    size_t bytes;
    for (int64_t i = 0; i < n; i++) x[i] = nas_rng_float(&rng) * 4 - 2;
    ok(nas_format_ship(&b->g, format, x, CALIBRATION, &g, &err));
    ok(nas_tflite_write(&g, arena, &file, &bytes, &err));
    const char *ending = format == NAS_FORMAT_INT8 ? "_int8" : "";
    ok(nas_file_write(nas_arena_format(arena, &err, "%s/%s%s.tflite", folder, name, ending), file,
                      bytes, &err));
}

static void models(const char *folder) {
    ok(nas_dir_make(folder, &err));
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        rg b = build(nets[i].kind, nets[i].filters, nets[i].h, nets[i].w, nets[i].blocks);
        FILE *text = create(folder, nets[i].name, "txt");
        FILE *weights = create(folder, nets[i].name, "f32");
        describe(&b.g, text, weights);
        (void)fclose(text);
        (void)fclose(weights);
        ship(&b, NAS_FORMAT_FLOAT32, folder, nets[i].name);
        ship(&b, NAS_FORMAT_INT8, folder, nets[i].name);
    }
}

/* --- times ------------------------------------------------------------------------------------ */

typedef struct model {
    nas_graph g;
    nas_interp *it;
    void *x, *y;
} model;

static void open_model(const char *path, model *m) {
    uint8_t *bytes;
    size_t n;
    m->g = nas_graph_start(arena);
    ok(nas_file_read(arena, path, 1 << 28, &bytes, &n, &err));
    ok(nas_tflite_read(bytes, n, &m->g, &err));
    ok(nas_interp_open(&m->g, &m->it, &err));
    const nas_tensor *in = &m->g.tensors[m->g.input];
    nas_rng rng = nas_rng_stream(2, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    m->x = nas_arena_alloc(arena, (size_t)nas_tensor_bytes(in), &err);
    m->y = nas_arena_alloc(arena, (size_t)nas_tensor_bytes(&m->g.tensors[m->g.output]), &err);
    for (int64_t i = 0; i < nas_tensor_count(in); i++)
        if (in->dtype == NAS_I8)
            ((int8_t *)m->x)[i] = (int8_t)((int32_t)nas_rng_below(&rng, 256) - 128);
        else
            ((float *)m->x)[i] = nas_rng_float(&rng) * 4 - 2;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(double *v, int32_t n) {
    qsort(v, (size_t)n, sizeof *v, by_value);
    return v[n / 2];
}

static void time_runs(const model *m, int32_t runs, double seconds) {
    static double wall[MOST_RUNS], cpu[MOST_RUNS];
    int32_t n = 0;
    for (int32_t i = 0; i < 3; i++) nas_interp_run_raw(m->it, m->x, m->y);
    const double begin = nas_clock_wall();
    while (n < 9 || (n < MOST_RUNS && nas_clock_wall() - begin < seconds)) {
        const double start = nas_clock_wall(), used = nas_clock_cpu();
        for (int32_t i = 0; i < runs; i++) nas_interp_run_raw(m->it, m->x, m->y);
        cpu[n] = (nas_clock_cpu() - used) / runs;
        wall[n++] = (nas_clock_wall() - start) / runs;
    }
    printf("%.9f %.9f\n", median_of(wall, n), median_of(cpu, n));
    (void)fflush(stdout);
}

static void serve(int n, char **paths) {
    static model all[MOST_FILES];
    char line[128];
    for (int i = 0; i < n && i < MOST_FILES; i++) open_model(paths[i], &all[i]);
    while (fgets(line, sizeof line, stdin)) {
        int index, runs;
        double seconds;
        if (sscanf(line, "%d %d %lf", &index, &runs, &seconds) != 3 || index < 0 || index >= n)
            exit(2);
        time_runs(&all[index], runs, seconds);
    }
}

/* Times from one operator's output to the next. */
enum { MOST_STEPS = 256, ROUNDS = 401 };
typedef struct steps {
    int32_t n;
    double last, took[MOST_STEPS][ROUNDS];
    int32_t round, tensor[MOST_STEPS];
} steps;

static void seen(void *ctx, int32_t tensor, const void *values) {
    steps *s = ctx;
    const double now = nas_clock_wall();
    (void)values;
    if (s->n < MOST_STEPS) {
        s->took[s->n][s->round] = now - s->last;
        s->tensor[s->n++] = tensor;
    }
    s->last = nas_clock_wall();
}

static void print_steps(const char *path) {
    static steps s;
    model m;
    open_model(path, &m);
    const int64_t n = nas_tensor_count(&m.g.tensors[m.g.input]);
    float *x = nas_arena_array(arena, (size_t)n, sizeof *x, &err);
    for (s.round = 0; s.round < ROUNDS; s.round++) {
        s.n = 0;
        nas_interp_watch(m.it, x, seen, &s);
    }
    for (int32_t i = 1; i < s.n; i++)
        for (int32_t k = 0; k < m.g.n_ops; k++)
            if (m.g.ops[k].out == s.tensor[i])
                printf("%-20s %8.2f us\n", nas_op_name(m.g.ops[k].kind),
                       1e6 * median_of(s.took[i], ROUNDS));
}

/* --- C -----------------------------------------------------------------------------------------*/

typedef void run_fn(const void *x, void *y);

static run_fn *compile(const nas_graph *g, const char *folder, const char *flags) {
    static int libraries;
    const char *header, *source;
    ok(nas_c_source(g, arena, &header, &source, &err));
    ok(nas_file_write(nas_arena_format(arena, &err, "%s/model.h", folder), header, strlen(header),
                      &err));
    ok(nas_file_write(nas_arena_format(arena, &err, "%s/model.c", folder), source, strlen(source),
                      &err));
    const char *library = nas_arena_format(arena, &err, "%s/%d.so", folder, libraries++);
    const char *command = nas_arena_format(
        arena, &err, "cc -std=c99 %s -fPIC -shared -o %s %s/model.c -lm", flags, library, folder);
    void *handle = NULL, *run = NULL;
    if (command && system(command) == 0 && (handle = dlopen(library, RTLD_NOW | RTLD_LOCAL)))
        run = dlsym(handle, "model_run");
    if (!run) {
        fprintf(stderr, "infer: the exported C could not be compiled or loaded\n");
        exit(1);
    }
    run_fn *out;
    memcpy(&out, &run, sizeof out);
    return out;
}

enum { WAYS = 3, TURNS = 41 };
static const char *const flags[WAYS] = {"", "-O2", "-O3 -march=native"};

static void time_exported(const char *path, const char *folder) {
    model m;
    open_model(path, &m);
    run_fn *run[WAYS] = {NULL, compile(&m.g, folder, flags[1]), compile(&m.g, folder, flags[2])};
    static double took[WAYS][TURNS];
    int32_t runs[WAYS];
    for (int w = 0; w < WAYS; w++) {
        const double start = nas_clock_cpu();
        for (runs[w] = 0; nas_clock_cpu() - start < 0.01; runs[w]++)
            w ? run[w](m.x, m.y) : nas_interp_run_raw(m.it, m.x, m.y);
    }
    for (int t = 0; t < TURNS; t++)
        for (int w = 0; w < WAYS; w++) {
            const double start = nas_clock_cpu();
            for (int32_t i = 0; i < runs[w]; i++)
                w ? run[w](m.x, m.y) : nas_interp_run_raw(m.it, m.x, m.y);
            took[w][t] = (nas_clock_cpu() - start) / runs[w];
        }
    const char *slash = strrchr(path, '/');
    printf("%-28s", slash ? slash + 1 : path);
    for (int w = 0; w < WAYS; w++) printf(" %18.1f", 1e6 * median_of(took[w], TURNS));
    putchar('\n');
    (void)fflush(stdout);
}

static void exported(int n, char **paths) {
    char folder[] = "/tmp/nas_infer_XXXXXX";
    if (!mkdtemp(folder)) exit(1);
    printf("%-28s %18s %18s %18s\n", "microseconds", "interpreter", flags[1], flags[2]);
    for (int i = 0; i < n; i++) time_exported(paths[i], folder);
    (void)!nas_dir_remove(folder, &err);
}

int main(int argc, char **argv) {
    ok(nas_arena_open(&arena, &err));
    if (argc == 3 && strcmp(argv[1], "models") == 0)
        models(argv[2]);
    else if (argc > 2 && strcmp(argv[1], "serve") == 0)
        serve(argc - 2, argv + 2);
    else if (argc == 3 && strcmp(argv[1], "steps") == 0)
        print_steps(argv[2]);
    else if (argc > 2 && strcmp(argv[1], "exported") == 0)
        exported(argc - 2, argv + 2);
    else {
        fprintf(stderr,
                "usage: infer models FOLDER | serve FILE... | steps FILE | exported FILE...\n");
        return 2;
    }
    nas_arena_close(arena);
    return 0;
}
