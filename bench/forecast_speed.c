/* How long a table takes to be read, and how many windows a second small forecasting nets are
 * trained on (gathering included), one thread.
 *   build/gcc/bench/forecast_speed TABLE.csv [seconds a net]     NAS_KERNEL=avx2 ... another row
 * The table has the columns of the Jena weather station (examples/make_climate.c). */
#include "base/clock.h"
#include "core/data/table/series.h"
#include "core/nn/train/train.h"
#include "tests/nets.h"

#include <stdio.h>
#include <stdlib.h>

enum { WINDOW = 6, HORIZON = 6, COLUMNS = 2, OUTPUTS = HORIZON * COLUMNS };

static void give_up(const nas_err *err) {
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

static void time_net(const char *name, const nas_model *m, const nas_examples *e,
                     const nas_kernel *kernel, double seconds) {
    nas_err err = {0};
    nas_net *net;
    nas_trainer *t;
    nas_train_end end;
    const nas_train_config config = {.epochs = 1000,
                                     .batch_size = 32,
                                     .loss = NAS_LOSS_ABSOLUTE,
                                     .learning_rate = {.from = 1e-3}};
    if (nas_net_open(m, OUTPUTS, config.batch_size, kernel, &net, &err) != NAS_OK) give_up(&err);
    nas_net_init(net, 1, 0);
    const nas_trainer_options o = {.net = net, .config = &config, .train = e};
    if (nas_trainer_open(&o, &t, &err) != NAS_OK) give_up(&err);
    const double start = nas_clock_wall(), cpu = nas_clock_cpu();
    while (nas_clock_wall() - start < seconds)
        if (nas_trainer_run(t, nas_trainer_step(t) + 200, NULL, NULL, NULL, &end, &err) != NAS_OK)
            give_up(&err);
    const double wall = nas_clock_wall() - start, busy = nas_clock_cpu() - cpu;
    const double windows = (double)nas_trainer_step(t) * config.batch_size;
    printf("%-12s %10.0f windows/s, %10.0f a second of processor time\n", name, windows / wall,
           windows / busy);
    nas_trainer_close(t);
    nas_net_close(net);
}

int main(int argc, char **argv) {
    static const char *const columns[] = {"T (degC)", "rh (%)"};
    static const char *const names[] = {"temperature", "humidity"};
    static const nas_series_config k = {.n_inputs = COLUMNS,
                                        .n_targets = COLUMNS,
                                        .inputs = columns,
                                        .targets = columns,
                                        .names = names,
                                        .window = WINDOW,
                                        .horizon = HORIZON};
    const double seconds = argc > 2 ? atof(argv[2]) : 2;
    const nas_kernel *kernel;
    nas_arena *a;
    nas_series *s;
    nas_windows w;
    nas_scaling z;
    nas_err err = {0};
    if (argc < 2) {
        fputs("usage: forecast_speed TABLE.csv [seconds a net]\n", stderr);
        return 2;
    }
    if (nas_kernel_choose(&kernel, &err) != NAS_OK || nas_arena_open(&a, &err) != NAS_OK)
        give_up(&err);
    for (int i = 0; i < 3; i++) {
        const double start = nas_clock_wall(), cpu = nas_clock_cpu();
        if (nas_series_open(argv[1], &k, NULL, &s, &err) != NAS_OK) give_up(&err);
        printf("%d rows read in %.3f s, %.3f s of processor time\n", s->rows,
               nas_clock_wall() - start, nas_clock_cpu() - cpu);
        if (i < 2) nas_series_close(s);
    }
    float *x = nas_arena_array(a, (size_t)s->rows * COLUMNS, sizeof *x, &err);
    if (!x || nas_windows_find(s, 0, s->rows, a, &w, &err) != NAS_OK ||
        nas_scaling_find(s, 0, s->rows, a, &z, &err) != NAS_OK)
        give_up(&err);
    nas_scaling_apply(z.mean, z.deviation, s->rows, COLUMNS, s->inputs, x);
    const nas_examples e = {.x = x,
                            .n = w.n,
                            .h = WINDOW,
                            .w = COLUMNS,
                            .first = w.first,
                            .values = x + WINDOW * COLUMNS,
                            .outputs = OUTPUTS,
                            .values_row = COLUMNS};
    printf("kernels: %s; batches of 32\n", nas_kernel_name(kernel));
#define END \
    { .ops = nas_layer_values() }
    const nas_model conv = MODEL(WINDOW, 1, COLUMNS, CONV1D(16, 3, 1, 1, NAS_VALID), RELU, FLATTEN,
                                 DENSE(OUTPUTS), END);
    const nas_model mlp = MODEL(WINDOW, 1, COLUMNS, FLATTEN, DENSE(32), RELU, DENSE(OUTPUTS), END);
    const nas_model wide = MODEL(WINDOW, 1, COLUMNS, CONV1D(64, 2, 1, 1, NAS_VALID), RELU, FLATTEN,
                                 DENSE(OUTPUTS), END);
    time_net("conv1d 16", &conv, &e, kernel, seconds);
    time_net("mlp 32", &mlp, &e, kernel, seconds);
    time_net("conv1d 64", &wide, &e, kernel, seconds);
    nas_series_close(s);
    nas_arena_close(a);
    return 0;
}
