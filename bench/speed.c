/* Training steps of the nets that small models are made of, one thread, beside what this machine
 * could do at most.
 *   speed                    the usual nets, inputs and batches; writes build/bench/kernels.json
 *   speed --all              all of them
 *   speed --net ds_cnn --filters 64 --input 49x10 --batch 32      that one
 *   speed --net over_time --filters 48 --input 49x24 --batch 20      frames x bands
 *         --layers           time of each layer and direction
 *         --exact            only convolutions with the error of the direct one
 *         --direct           only direct convolutions
 *         --seconds S        for each net (0.4)
 *         --threads N        (1)
 *         --json             one line of JSON a net, nothing else (no peak is measured)
 *         --peak             the peak as JSON, nothing else
 * The forecaster (conv1d, dense) takes other windows of a series for each step.
 * FLOPs are nominal: 6 a multiply-accumulate of one inference. NAS_KERNEL=avx2 for another row. */
#include "base/clock.h"
#include "bench/machine.h"
#include "core/kernel/threads.h"
#include "core/nn/net/net_int.h"
#include "core/nn/train/train.h"
#include "tests/nets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CLASSES = 8, MOST_STEPS = 20000 };

typedef struct bench_case {
    const char *net;
    int32_t filters, h, w, batch;
} bench_case;

typedef struct options {
    const char *net;
    int32_t filters, h, w, batch;
    int threads;
    double seconds;
    bool layers, exact, direct, json, all, peak;
} options;

typedef struct machine {
    double peak; /* GFLOP/s; 0: not measured */
    const nas_kernel *kernel;
} machine;

static _Noreturn void die(const char *text) {
    fprintf(stderr, "speed: %s\n", text);
    exit(2);
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_layers(const nas_net *net, int32_t steps) {
    double sum = 0;
    for (int32_t i = 0; i < net->nodes.n; i++)
        for (int32_t d = 0; d < 2; d++) sum += net->seconds[i][d];
    for (int32_t i = 0; i < net->nodes.n; i++) {
        const double *t = net->seconds[i];
        if (t[0] + t[1] < 0.001 * sum) continue;
        printf("    %-24s %8.1f us forward %8.1f us backward %5.1f %%\n", net->nodes.v[i].path,
               1e6 * t[0] / steps, 1e6 * t[1] / steps, 100 * (t[0] + t[1]) / sum);
    }
}

/* Median seconds of a step, on the wall and of the processor; their mean on the wall. */
typedef struct timing {
    double wall, cpu, mean;
    int steps;
} timing;

static timing time_steps(nas_trainer *trainer, const float *x, const int32_t *y, int32_t batch,
                         double seconds) {
    static double wall[MOST_STEPS], cpu[MOST_STEPS];
    const double start = nas_clock_wall();
    int n = 0;
    while (n < MOST_STEPS && (n < 7 || nas_clock_wall() - start < seconds)) {
        const double at = nas_clock_wall(), used = nas_clock_cpu();
        (void)nas_trainer_step_on(trainer, x, y, batch);
        cpu[n] = nas_clock_cpu() - used;
        wall[n++] = nas_clock_wall() - at;
    }
    const double mean = (nas_clock_wall() - start) / n;
    qsort(wall, (size_t)n, sizeof *wall, by_value);
    qsort(cpu, (size_t)n, sizeof *cpu, by_value);
    return (timing){.wall = wall[n / 2], .cpu = cpu[n / 2], .mean = mean, .steps = n};
}

static void report(const bench_case *b, const machine *m, const options *o, timing step,
                   double macs, FILE *out) {
    const double gflops = 6e-9 * macs * b->batch / step.wall;
    if (!o->json)
        printf("%-10s %3d  %dx%-2d b=%-3d %9.3f ms/step (cpu %9.3f) %9.0f samples/s %7.1f GFLOP/s "
               "%5.1f %% (cpu %7.1f, %5.1f %%)\n",
               b->net, b->filters, b->h, b->w, b->batch, step.wall * 1e3, step.cpu * 1e3,
               b->batch / step.wall, gflops, 100 * gflops / m->peak, gflops * step.wall / step.cpu,
               100 * gflops * step.wall / step.cpu / m->peak);
    FILE *to = o->json ? stdout : out;
    if (!to) return;
    fprintf(to,
            "{\"net\": \"%s\", \"filters\": %d, \"input\": \"%dx%d\", \"batch\": %d, \"threads\": "
            "%d, \"kernel\": \"%s\", \"exact\": %s, \"direct\": %s, \"samples_per_s\": %.1f, "
            "\"cpu_samples_per_s\": %.1f, \"mean_samples_per_s\": "
            "%.1f, \"gflops\": %.2f, \"peak_share\": ",
            b->net, b->filters, b->h, b->w, b->batch, o->threads, nas_kernel_name(m->kernel),
            o->exact ? "true" : "false", o->direct ? "true" : "false", b->batch / step.wall,
            b->batch / step.cpu, b->batch / step.mean, gflops);
    if (m->peak > 0)
        fprintf(to, "%.4f}", gflops / m->peak);
    else
        fprintf(to, "null}");
    if (o->json) fprintf(to, "\n");
    fflush(stdout);
}

static void time_net(const bench_case *b, const nas_model *m, const machine *on, const options *o,
                     FILE *out) {
    nas_err err = {0};
    nas_net *net;
    nas_trainer *trainer;
    nas_model_cost cost;
    nas_model model = *m;
    model.exact = o->exact;
    model.direct = o->direct;
    const int64_t values = (int64_t)b->batch * b->h * b->w;
    float *x = malloc((size_t)values * sizeof *x);
    int32_t *y = malloc((size_t)b->batch * sizeof *y);
    if (!x || !y) die("out of memory");
    fill(x, values, 0);
    for (int32_t i = 0; i < b->batch; i++) y[i] = i % CLASSES;
    const nas_examples examples = {.x = x, .y = y, .n = b->batch, .h = b->h, .w = b->w};
    const nas_train_config config = {
        .epochs = 100000, .batch_size = b->batch, .learning_rate = {.from = 1e-3}};
    if (nas_model_check(&model, CLASSES, &cost, &err) != NAS_OK ||
        nas_net_open(&model, CLASSES, b->batch, on->kernel, &net, &err) != NAS_OK)
        die(err.text);
    nas_net_init(net, 1, 0);
    const nas_trainer_options t = {.net = net, .config = &config, .train = &examples};
    if (nas_trainer_open(&t, &trainer, &err) != NAS_OK) die(err.text);
    for (int i = 0; i < 5; i++) (void)nas_trainer_step_on(trainer, x, y, b->batch);
    const timing step = time_steps(trainer, x, y, b->batch, o->seconds);
    report(b, on, o, step, (double)cost.macs, out);
    if (o->layers && !o->json) {
        net->seconds = calloc((size_t)net->nodes.n, sizeof *net->seconds);
        if (!net->seconds) die("out of memory");
        print_layers(net, time_steps(trainer, x, y, b->batch, o->seconds).steps);
        free(net->seconds);
    }
    nas_trainer_close(trainer);
    nas_net_close(net);
    free(x);
    free(y);
}

/* A step of the trainer's own, which gathers its windows: too short for the clock, so many at once.
 */
static timing time_run(nas_trainer *t, double seconds) {
    enum { AT_ONCE = 64, MOST_RUNS = 4096 };
    static double wall[MOST_RUNS], cpu[MOST_RUNS];
    nas_err err = {0};
    nas_train_end end;
    const double start = nas_clock_wall();
    int n = 0;
    while (n < MOST_RUNS && (n < 8 || nas_clock_wall() - start < seconds)) {
        const double at = nas_clock_wall(), used = nas_clock_cpu();
        if (nas_trainer_run(t, nas_trainer_step(t) + AT_ONCE, NULL, NULL, NULL, &end, &err) !=
            NAS_OK)
            die(err.text);
        cpu[n] = (nas_clock_cpu() - used) / AT_ONCE;
        wall[n++] = (nas_clock_wall() - at) / AT_ONCE;
    }
    const double mean = (nas_clock_wall() - start) / n / AT_ONCE;
    qsort(wall, (size_t)n, sizeof *wall, by_value);
    qsort(cpu, (size_t)n, sizeof *cpu, by_value);
    return (timing){.wall = wall[n / 2], .cpu = cpu[n / 2], .mean = mean, .steps = n * AT_ONCE};
}

static void time_forecaster(const bench_case *b, const machine *on, const options *o, FILE *out) {
    enum { WINDOWS = 20000, WINDOW = 6, COLUMNS = 2, OUTPUTS = 12 };
    static float series[(WINDOWS + 2 * WINDOW) * COLUMNS];
    static int32_t first[WINDOWS];
    const nas_model m = MODEL(WINDOW, 1, COLUMNS, CONV1D(b->filters, 3, 1, 1, NAS_VALID), RELU,
                              FLATTEN, DENSE(OUTPUTS), {.ops = nas_layer_values()});
    nas_err err = {0};
    nas_net *net;
    nas_trainer *trainer;
    nas_model_cost cost;
    fill(series, (WINDOWS + 2 * WINDOW) * COLUMNS, 0);
    for (int32_t i = 0; i < WINDOWS; i++) first[i] = i;
    const nas_examples e = {.x = series,
                            .n = WINDOWS,
                            .h = WINDOW,
                            .w = COLUMNS,
                            .first = first,
                            .values = series + WINDOW * COLUMNS,
                            .outputs = OUTPUTS,
                            .values_row = COLUMNS};
    const nas_train_config config = {
        .epochs = 100000, .batch_size = b->batch, .learning_rate = {.from = 1e-3}};
    if (nas_model_check(&m, OUTPUTS, &cost, &err) != NAS_OK ||
        nas_net_open(&m, OUTPUTS, b->batch, on->kernel, &net, &err) != NAS_OK)
        die(err.text);
    nas_net_init(net, 1, 0);
    const nas_trainer_options t = {.net = net, .config = &config, .train = &e};
    if (nas_trainer_open(&t, &trainer, &err) != NAS_OK) die(err.text);
    (void)time_run(trainer, 0.01);
    report(b, on, o, time_run(trainer, o->seconds), (double)cost.macs, out);
    nas_trainer_close(trainer);
    nas_net_close(net);
}

#define BLOCK(f) \
    DEPTHWISE(3, 3, 1, 1, NAS_SAME, false), CONV(f, 1, 1, 1, 1, NAS_VALID, false), BN, RELU
#define CONV3(f) CONV(f, 3, 3, 1, 1, NAS_SAME, false), BN, RELU
#define HEAD     GAP, DENSE(CLASSES), SOFTMAX
/* A net over time has its bands as channels. */
#define OVER_TIME(f)                                                                  \
    RESIDUAL(NAS_SHORTCUT_IDENTITY, DEPTHWISE(9, 1, 1, 1, NAS_SAME, false), BN, RELU, \
             CONV(f, 1, 1, 1, 1, NAS_VALID, false), BN),                              \
        RELU

static void time_over_time(const bench_case *b, const machine *on, const options *o, FILE *out) {
    const int32_t f = b->filters;
    nas_layer_spec first = CONV1D(f, 3, 2, 1, NAS_SAME);
    first.bias = false;
    const nas_model m = MODEL(b->h, 1, b->w, first, BN, RELU, OVER_TIME(f), OVER_TIME(f),
                              OVER_TIME(f), OVER_TIME(f), HEAD);
    time_net(b, &m, on, o, out);
}

static void time_case(const bench_case *b, const machine *on, const options *o, FILE *out) {
    const int32_t f = b->filters;
    const nas_layer_spec first = CONV(f, 3, 3, 2, 2, NAS_VALID, false);
    if (!strcmp(b->net, "cnn")) {
        const nas_model m = MODEL(b->h, b->w, 1, first, BN, RELU, CONV3(f), CONV3(f), HEAD);
        time_net(b, &m, on, o, out);
    } else if (!strcmp(b->net, "ds_cnn")) {
        const nas_model m = MODEL(b->h, b->w, 1, first, BN, RELU, BLOCK(f), BLOCK(f), HEAD);
        time_net(b, &m, on, o, out);
    } else if (!strcmp(b->net, "res")) {
        const nas_model m = MODEL(
            b->h, b->w, 1, first, BN, RELU,
            RESIDUAL(NAS_SHORTCUT_IDENTITY, CONV3(f), CONV(f, 3, 3, 1, 1, NAS_SAME, false), BN),
            RELU,
            RESIDUAL(NAS_SHORTCUT_IDENTITY, CONV3(f), CONV(f, 3, 3, 1, 1, NAS_SAME, false), BN),
            RELU, HEAD);
        time_net(b, &m, on, o, out);
    } else if (!strcmp(b->net, "over_time")) {
        time_over_time(b, on, o, out);
    } else if (!strcmp(b->net, "forecaster")) {
        time_forecaster(b, on, o, out);
    } else {
        die("--net is cnn, ds_cnn, res, over_time or forecaster");
    }
}

static const struct {
    const char *net;
    int32_t filters;
} nets[] = {{"cnn", 32},    {"cnn", 77},     {"cnn", 128},    {"cnn", 256}, {"ds_cnn", 32},
            {"ds_cnn", 64}, {"ds_cnn", 128}, {"ds_cnn", 256}, {"res", 32}};
static const int32_t inputs[][2] = {{49, 10}, {62, 10}, {49, 40}};
static const int32_t batches[] = {20, 32, 256};
static const int32_t over_time[] = {36, 48, 64};
static const int32_t over_time_inputs[][2] = {{49, 24}, {98, 40}};
static const int32_t over_time_batches[] = {20, 32};
static const int32_t forecasters[] = {64, 15};

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static bool wanted(const bench_case *b, const options *o) {
    if (o->net && strcmp(o->net, b->net) != 0) return false;
    if (o->filters && o->filters != b->filters) return false;
    if (o->h && (o->h != b->h || o->w != b->w)) return false;
    if (o->batch) return o->batch == b->batch;
    /* Seconds a step are left to --all. */
    return o->all || o->h || b->filters < 256 || b->batch < 256;
}

typedef struct case_list {
    bench_case v[LENGTH(nets) * LENGTH(inputs) * LENGTH(batches) +
                 LENGTH(over_time) * LENGTH(over_time_inputs) * LENGTH(over_time_batches) +
                 LENGTH(forecasters) * LENGTH(batches)];
    size_t n;
} case_list;

static void add_case(case_list *l, const bench_case *b, const options *o) {
    if (wanted(b, o)) l->v[l->n++] = *b;
}

static void add_over_time(case_list *l, const options *o) {
    for (size_t n = 0; n < LENGTH(over_time); n++)
        for (size_t i = 0; i < LENGTH(over_time_inputs); i++)
            for (size_t j = 0; j < LENGTH(over_time_batches); j++)
                add_case(l,
                         &(bench_case){"over_time", over_time[n], over_time_inputs[i][0],
                                       over_time_inputs[i][1], over_time_batches[j]},
                         o);
}

static case_list list_cases(const options *o) {
    case_list l = {.n = 0};
    for (size_t n = 0; n < LENGTH(nets); n++)
        for (size_t i = 0; i < LENGTH(inputs); i++)
            for (size_t j = 0; j < LENGTH(batches); j++)
                add_case(&l,
                         &(bench_case){nets[n].net, nets[n].filters, inputs[i][0], inputs[i][1],
                                       batches[j]},
                         o);
    add_over_time(&l, o);
    for (size_t n = 0; n < LENGTH(forecasters); n++)
        for (size_t j = 0; j < LENGTH(batches); j++)
            add_case(&l, &(bench_case){"forecaster", forecasters[n], 6, 2, batches[j]}, o);
    if (!l.n) /* a shape that is not in the list */
        l.v[l.n++] = (bench_case){o->net ? o->net : "cnn", o->filters ? o->filters : 32,
                                  o->h ? o->h : 49, o->w ? o->w : 10, o->batch ? o->batch : 32};
    return l;
}

static void all_cases(const machine *on, const options *o, FILE *out) {
    const case_list l = list_cases(o);
    for (size_t i = 0; i < l.n; i++) {
        if (out && i) fprintf(out, ",\n");
        time_case(&l.v[i], on, o, out);
    }
}

static options read_options(int argc, char **argv) {
    options o = {.seconds = 0.4, .threads = 1};
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(a, "--layers"))
            o.layers = true;
        else if (!strcmp(a, "--exact"))
            o.exact = true;
        else if (!strcmp(a, "--direct"))
            o.direct = true;
        else if (!strcmp(a, "--json"))
            o.json = true;
        else if (!strcmp(a, "--all"))
            o.all = true;
        else if (!strcmp(a, "--peak"))
            o.peak = true;
        else {
            i++;
            if (!strcmp(a, "--net"))
                o.net = v;
            else if (!strcmp(a, "--filters"))
                o.filters = atoi(v);
            else if (!strcmp(a, "--batch"))
                o.batch = atoi(v);
            else if (!strcmp(a, "--threads"))
                o.threads = atoi(v);
            else if (!strcmp(a, "--seconds"))
                o.seconds = atof(v);
            else if (strcmp(a, "--input") != 0 || sscanf(v, "%dx%d", &o.h, &o.w) != 2)
                die("known: --net --filters --input HxW --batch --threads --seconds --layers "
                    "--exact "
                    "--direct --json --peak --all");
        }
    }
    return o;
}

int main(int argc, char **argv) {
    const options o = read_options(argc, argv);
    machine on = {0};
    nas_threads_set(o.threads);
    nas_err err = {0};
    if (nas_kernel_choose(&on.kernel, &err) != NAS_OK) die(err.text);
    if (o.peak) {
        printf("{\"kernel\": \"%s\", \"peak\": %.2f}\n", nas_kernel_name(on.kernel),
               bench_peak(nas_kernel_name(on.kernel)));
        return 0;
    }
    if (o.json) {
        all_cases(&on, &o, NULL);
        return 0;
    }
    on.peak = bench_peak(nas_kernel_name(on.kernel));
    printf("kernels: %s; peak %.1f GFLOP/s; triad %.0f GB/s in 512 KB, %.0f in 8 MB, %.0f in 128 "
           "MB\n",
           nas_kernel_name(on.kernel), on.peak, bench_triad((size_t)1 << 19),
           bench_triad((size_t)1 << 23), bench_triad((size_t)1 << 27));
    FILE *out = NULL;
    if (!o.net && !o.filters && !o.h && !o.batch) {
        (void)mkdir("build/bench", 0777);
        out = fopen("build/bench/kernels.json", "w");
        if (!out) die("build/bench/kernels.json cannot be written");
        fprintf(out, "[\n");
    }
    all_cases(&on, &o, out);
    if (out) {
        fprintf(out, "\n]\n");
        if (fclose(out) != 0) die("build/bench/kernels.json cannot be written");
    }
    return 0;
}
