/* examples/train_net.c - trains one net on the public headers of core/: two classes of noisy
 * stripes.
 *
 *   build/gcc/examples/train_net
 */
#include "base/rng.h"
#include "core/nn/train/train.h"

#include <stdio.h>
#include <stdlib.h>

enum { H = 12, W = 8, CLASSES = 2, TRAIN = 400, VALIDATION = 100 };

/* Class 0 has horizontal stripes, class 1 vertical ones, under noise. */
static void make_examples(uint32_t part, int32_t n, float *x, int32_t *y) {
    nas_rng r = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, part, 0, 0);
    for (int32_t i = 0; i < n; i++) {
        y[i] = (int32_t)nas_rng_below(&r, CLASSES);
        for (int32_t h = 0; h < H; h++)
            for (int32_t w = 0; w < W; w++) {
                const int32_t stripe = (y[i] ? w : h) / 2 % 2;
                *x++ = (float)stripe + 3.0f * (nas_rng_float(&r) - 0.5f);
            }
    }
}

static void print_epoch(void *ctx, const nas_epoch *e) {
    (void)ctx;
    printf("epoch %2d  loss %.4f  validation accuracy %.3f\n", e->epoch, e->loss, e->val_accuracy);
}

/* A layer's settings are those of its row of docs/SPACES.md, in the members of nas_layer_spec. */
static nas_status open_net(const nas_kernel *kernel, nas_net **net, nas_err *err) {
    nas_layer_spec layers[] = {
        {.ops = nas_layer_find("conv2d"),
         .filters = 8,
         .kernel = {3, 3},
         .stride = {2, 2},
         .dilation = {1, 1},
         .scale = true},
        {.ops = nas_layer_find("batch_norm"), .momentum = 0.99, .epsilon = 1e-3},
        {.ops = nas_layer_find("relu")},
        {.ops = nas_layer_find("global_average_pool")},
        {.ops = nas_layer_find("dense"), .filters = CLASSES, .bias = true},
        {.ops = nas_layer_find("softmax")},
    };
    const nas_model model = {
        .input = {H, W, 1}, .n_layers = sizeof layers / sizeof *layers, .layers = layers};
    return nas_net_open(&model, CLASSES, 20, kernel, net, err);
}

static nas_status train(nas_net *net, nas_err *err) {
    static float x[TRAIN * H * W], vx[VALIDATION * H * W];
    static int32_t y[TRAIN], vy[VALIDATION];
    make_examples(0, TRAIN, x, y);
    make_examples(1, VALIDATION, vx, vy);
    const nas_examples examples = {.x = x, .y = y, .n = TRAIN, .h = H, .w = W};
    const nas_examples validation = {.x = vx, .y = vy, .n = VALIDATION, .h = H, .w = W};
    const nas_train_config config = {
        .epochs = 10,
        .batch_size = 20,
        .learning_rate = {.kind = NAS_SCHEDULE_POLYNOMIAL, .from = 0.01, .to = 1e-4, .power = 1},
    };
    const nas_trainer_options options = {
        .net = net, .config = &config, .train = &examples, .validation = &validation, .seed = 7};
    nas_trainer *t = NULL;
    nas_train_end end;
    nas_net_init(net, options.seed, options.replicate);
    NAS_TRY(nas_trainer_open(&options, &t, err));
    const nas_status st =
        nas_trainer_run(t, nas_trainer_steps(t), print_epoch, NULL, NULL, &end, err);
    nas_trainer_close(t);
    return st;
}

int main(void) {
    nas_err err = {0};
    const nas_kernel *kernel;
    nas_net *net = NULL;
    nas_status st = nas_kernel_choose(&kernel, &err);
    if (st == NAS_OK) st = open_net(kernel, &net, &err);
    if (st == NAS_OK) st = train(net, &err);
    nas_net_close(net);
    if (st == NAS_OK) return 0;
    fprintf(stderr, "%s\n", err.text);
    return 1;
}
