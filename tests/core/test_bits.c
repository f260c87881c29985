/* Trained nets have the same bits from any compiler, at any level of optimisation, with sanitizers
 * or without: they are pinned for each row of kernels. tests/core/test_kernel.c says which kernel.
 */
#include "base/libm.h"
#include "core/compress/tune.h"
#include "core/data/augment.h"
#include "core/kernel/kernel.h"
#include "tests/nets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLASSES = 3, H = 26, W = 12, EXAMPLES = 44, BATCH = 20, VALUES = 4 };

static float examples_x[EXAMPLES * H * W], examples_values[EXAMPLES * VALUES];
static int32_t examples_y[EXAMPLES];

#define SAME(f) CONV(f, 3, 3, 1, 1, NAS_SAME, false)
#define ERROR \
    { .ops = &nas_layer_error }

enum { ROWS = 3 };
static const char *const rows[ROWS] = {"generic", "avx2", "avx512"};

typedef struct net_case {
    const char *what;
    nas_model model;
    nas_train_config config;
    double mixup;
    bool tuned; /* folded, then trained on through int8 rounding */
    uint64_t bits[ROWS];
} net_case;

#define RATE(r) .epochs = 2, .batch_size = BATCH, .learning_rate = {.from = r}

static const net_case cases[] = {
    {"values, with tiles of 4x4, adam",
     MODEL(H, W, 1, CONV(20, 3, 3, 2, 2, NAS_SAME, true), BN, RELU, SAME(40), BN, RELU, SAME(24),
           RELU, GAP, DENSE(VALUES), ERROR),
     {RATE(1e-3)},
     0,
     false,
     {0x4ab6d4a2ee7224c6U, 0x26466bf8462fa753U, 0xec5e3eb292abe035U}},
    {"values, over time, sgd with momentum, weight decay",
     MODEL(H, 1, W, CONV1D(48, 3, 1, 1, NAS_SAME), BN, RELU, CONV1D(32, 5, 2, 1, NAS_VALID), RELU,
           FLATTEN, DENSE(VALUES), ERROR),
     {RATE(1e-3), .optimizer = 1, .momentum = 0.9, .weight_decay = 0.1},
     0,
     false,
     {0x3fa8074c1222aa1aU, 0x7979a7dda789704cU, 0xb635a8e2bb8e4825U}},
    {"classes, depthwise, mixup, smoothed labels",
     MODEL(H, W, 1, CONV(24, 3, 3, 1, 2, NAS_SAME, false), BN, RELU,
           DEPTHWISE(3, 3, 1, 1, NAS_SAME, false), CONV(40, 1, 1, 1, 1, NAS_VALID, false), BN, RELU,
           DEPTHWISE(5, 3, 2, 2, NAS_SAME, true), RELU6, GAP, DENSE(CLASSES), SOFTMAX),
     {RATE(1e-3), .label_smoothing = 0.1},
     0.3,
     false,
     {0x8a3b2454904467e3U, 0x8721f5472a584560U, 0x86b2acdba9813104U}},
    {"classes, residual, dropout, tiles of 2x4, int8 fine-tuning",
     MODEL(6, H *W / 6, 1, CONV(24, 3, 3, 1, 2, NAS_SAME, true), BN, RELU,
           RESIDUAL(NAS_SHORTCUT_IDENTITY, SAME(24), BN, RELU, DROPOUT(0.3), SAME(24), BN), RELU,
           RESIDUAL(NAS_SHORTCUT_PROJECT, CONV(36, 3, 3, 2, 2, NAS_SAME, false), BN), RELU,
           MAX_POOL(2, 2, 2, 2, NAS_VALID), FLATTEN, DENSE(CLASSES), SOFTMAX),
     {RATE(1e-3)},
     0,
     true,
     {0xdeb5818ec503c965U, 0xd687b48b84e1d8a6U, 0x2d59856716aa16c2U}},
};
enum { CASES = sizeof cases / sizeof *cases };

static int make_examples(void **state) {
    (void)state;
    fill(examples_x, EXAMPLES * H * W, 1);
    fill(examples_values, EXAMPLES * VALUES, 2);
    for (int32_t i = 0; i < EXAMPLES; i++) examples_y[i] = i % CLASSES;
    return 0;
}

static void check(nas_status st, const nas_err *err) {
    if (st != NAS_OK) fail_msg("%s", err->text);
}

static uint64_t hash_of(const void *p, size_t n, uint64_t hash) {
    for (size_t b = 0; b < n; b++) hash = (hash ^ ((const uint8_t *)p)[b]) * 0x100000001b3U;
    return hash;
}

/* Of weights, averages, moments and losses; the tag at the start is no result. */
static uint64_t state_hash(const nas_trainer *t) {
    const size_t bytes = nas_trainer_state_bytes(t);
    uint8_t *state = malloc(bytes);
    assert_non_null(state);
    nas_trainer_save(t, state);
    const uint64_t hash = hash_of(state + 8, bytes - 8, 0xcbf29ce484222325U);
    free(state);
    return hash;
}

/* Answers of the net after an epoch through int8 rounding. */
static uint64_t tuned_hash(nas_net *net, const nas_trainer_options *o, uint64_t hash) {
    const nas_tuning tuning = {.all = true, .rounding = NAS_ROUND_CODES};
    const nas_tune_run how = {.trainer = *o, .epochs = 1, .learning_rate = 1e-3};
    nas_err err = {0};
    nas_net *folded;
    nas_train_end end;
    float p[EXAMPLES * CLASSES];
    check(nas_net_fold(net, &folded, &err), &err);
    check(nas_tune(folded, &tuning, &how, &end, &err), &err);
    assert_int_equal(end, NAS_TRAIN_DONE);
    nas_net_predict(folded, examples_x, EXAMPLES, p);
    nas_net_close(folded);
    return hash_of(p, sizeof p, hash);
}

static uint64_t train(const net_case *c, const nas_kernel *k) {
    const bool classes = !nas_model_gives_values(&c->model);
    const nas_examples e = {.x = examples_x,
                            .y = classes ? examples_y : NULL,
                            .n = EXAMPLES,
                            .h = c->model.input.h,
                            .w = H * W / c->model.input.h,
                            .values = classes ? NULL : examples_values,
                            .outputs = classes ? 0 : VALUES,
                            .values_row = classes ? 0 : VALUES};
    const nas_augment augment = {.mixup = c->mixup};
    nas_err err = {0};
    nas_net *net;
    nas_trainer *t;
    nas_train_end end;
    check(nas_net_open(&c->model, classes ? CLASSES : VALUES, BATCH, k, &net, &err), &err);
    nas_net_init(net, 5, 0);
    const nas_trainer_options o = {.net = net,
                                   .config = &c->config,
                                   .maker = nas_augment_maker(&augment),
                                   .train = &e,
                                   .seed = 3};
    check(nas_trainer_open(&o, &t, &err), &err);
    check(nas_trainer_run(t, INT64_MAX, NULL, NULL, NULL, &end, &err), &err);
    assert_int_equal(end, NAS_TRAIN_DONE);
    uint64_t hash = state_hash(t);
    nas_trainer_close(t);
    if (c->tuned) hash = tuned_hash(net, &o, hash);
    nas_net_close(net);
    return hash;
}

/* Losses, rates and Adam call exp, log and pow, whose bits depend on the system. */
static void test_pinned(void **state) {
    (void)state;
    int others = 0;
    char libm[NAS_LIBM_TEXT];
    nas_libm_text("", libm);
    if (*libm) {
        print_message("SKIPPED: %s gives others than the pinned bits\n", libm);
        skip();
    }
#ifdef __aarch64__
    skip(); /* generic fuses there */
#endif
    for (int i = 0; i < CASES; i++)
        for (int r = 0; r < ROWS; r++) {
            const nas_kernel *k = nas_kernel_find(rows[r]);
            if (!k) continue;
            const uint64_t got = train(&cases[i], k);
            if (got == cases[i].bits[r]) continue;
            others++;
            print_message("%s, %s: other bits, 0x%llxU\n", rows[r], cases[i].what,
                          (unsigned long long)got);
        }
    if (others)
        fail_msg("%d of the trainings above: raise NAS_TRAIN_VERSION, or for fine-tuning alone "
                 "NAS_TUNE_VERSION, and pin them here",
                 others);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pinned)};
    return cmocka_run_group_tests_name("bits", tests, make_examples, NULL);
}
