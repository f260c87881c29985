/* Training steps of the nets that small models are made of: samples/s and GFLOP/s, one thread.
 *   build/gcc/bench/train_speed [seconds a net]      NAS_KERNEL=avx2 ... for another row */
#include "base/clock.h"
#include "core/nn/train.h"
#include "tests/nets.h"

#include <stdio.h>
#include <stdlib.h>

enum { CLASSES = 8, H = 49, W = 10 };

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void time_net(const char *name, const nas_model *m, int32_t batch, const nas_kernel *kernel,
                     double seconds) {
    nas_err err = {0};
    nas_net *net;
    nas_trainer *trainer;
    nas_model_cost cost;
    float *x = malloc((size_t)batch * H * W * sizeof *x);
    int32_t *y = malloc((size_t)batch * sizeof *y);
    fill(x, (int64_t)batch * H * W, 0);
    for (int32_t i = 0; i < batch; i++) y[i] = i % CLASSES;
    const nas_examples examples = {.x = x, .y = y, .n = batch, .h = H, .w = W};
    const nas_train_config config = {
        .epochs = 100000, .batch_size = batch, .learning_rate = {.from = 1e-3}};
    const nas_trainer_options options = {.config = &config, .train = &examples};
    nas_trainer_options o = options;
    if (nas_model_check(m, CLASSES, &cost, &err) != NAS_OK ||
        nas_net_open(m, CLASSES, batch, kernel, &net, &err) != NAS_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    o.net = net;
    nas_net_init(net, 1, 0);
    if (nas_trainer_open(&o, &trainer, &err) != NAS_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    enum { MOST = 20000 };
    static double times[MOST];
    int n = 0;
    for (int i = 0; i < 5; i++) (void)nas_trainer_step_on(trainer, x, y, batch);
    const double start = nas_clock_wall();
    while (n < MOST && (n < 7 || nas_clock_wall() - start < seconds)) {
        const double before = nas_clock_wall();
        (void)nas_trainer_step_on(trainer, x, y, batch);
        times[n++] = nas_clock_wall() - before;
    }
    qsort(times, (size_t)n, sizeof *times, by_value);
    const double step = times[n / 2];
    printf("%-10s b=%-3d %9.3f ms/step %9.0f samples/s %7.1f GFLOP/s\n", name, batch, step * 1e3,
           batch / step, 6e-9 * (double)cost.macs * batch / step);
    fflush(stdout);
    nas_trainer_close(trainer);
    nas_net_close(net);
    free(x);
    free(y);
}

static void cnn(const char *name, int32_t f, int32_t batch, const nas_kernel *k, double seconds) {
    const nas_model m =
        MODEL(H, W, 1, CONV(f, 3, 3, 2, 2, NAS_VALID, false), BN, RELU,
              CONV(f, 3, 3, 1, 1, NAS_SAME, false), BN, RELU, CONV(f, 3, 3, 1, 1, NAS_SAME, false),
              BN, RELU, GAP, DENSE(CLASSES), SOFTMAX);
    time_net(name, &m, batch, k, seconds);
}

#define BLOCK(f) \
    DEPTHWISE(3, 3, 1, 1, NAS_SAME, false), CONV(f, 1, 1, 1, 1, NAS_VALID, false), BN, RELU

static void ds_cnn(const char *name, int32_t f, int32_t batch, const nas_kernel *k,
                   double seconds) {
    const nas_model m = MODEL(H, W, 1, CONV(f, 3, 3, 2, 2, NAS_VALID, false), BN, RELU, BLOCK(f),
                              BLOCK(f), GAP, DENSE(CLASSES), SOFTMAX);
    time_net(name, &m, batch, k, seconds);
}

int main(int argc, char **argv) {
    const double seconds = argc > 1 ? atof(argv[1]) : 1;
    const nas_kernel *k;
    nas_err err = {0};
    if (nas_kernel_choose(&k, &err) != NAS_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    printf("kernels: %s; FLOPs: 6 a multiply-accumulate of one inference\n", nas_kernel_name(k));
    static const int32_t batches[] = {20, 32};
    for (int i = 0; i < 2; i++) {
        cnn("cnn 32", 32, batches[i], k, seconds);
        cnn("cnn 77", 77, batches[i], k, seconds);
        cnn("cnn 128", 128, batches[i], k, seconds);
        ds_cnn("ds-cnn 32", 32, batches[i], k, seconds);
        ds_cnn("ds-cnn 64", 64, batches[i], k, seconds);
    }
    return 0;
}
