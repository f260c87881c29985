/* tests/core/test_maker.c - who fills a trainer's batches: what it is told, and that the net learns
 * from what it wrote. */
#include "core/nn/layers/conv_int.h"
#include "core/nn/train/train.h"
#include "tests/nets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 20, H = 6, W = 4, SIZE = H * W, CLASSES = 3, BATCH = 8, EPOCHS = 3 };

static float plain_x[N * SIZE], doubled_x[N * SIZE];
static int32_t all_y[N];
static const nas_examples plain = {.x = plain_x, .y = all_y, .n = N, .h = H, .w = W};
static const nas_examples doubled = {.x = doubled_x, .y = all_y, .n = N, .h = H, .w = W};
static const nas_model model = MODEL(H, W, 1, CONV(4, 3, 3, 1, 1, NAS_SAME, false), BN, RELU,
                                     FLATTEN, DENSE(CLASSES), SOFTMAX);
static const nas_train_config config = {
    .epochs = EPOCHS, .batch_size = BATCH, .learning_rate = {.from = 0.01}};

static int make_examples(void **state) {
    (void)state;
    fill(plain_x, N * SIZE, 5);
    for (int i = 0; i < N * SIZE; i++) doubled_x[i] = 2 * plain_x[i];
    for (int i = 0; i < N; i++) all_y[i] = i * 7 % CLASSES;
    return 0;
}

/* What a maker saw. */
typedef struct seen {
    int begun, batches, examples;
    int32_t epoch, next;
} seen;

static seen now;

static size_t room_bytes(const void *ctx, const nas_examples *e) {
    (void)ctx;
    return (size_t)e->n * sizeof(float);
}

static void begin(const void *ctx, const nas_batch *b) {
    float *room = b->room;
    assert_ptr_equal(ctx, &config);
    assert_int_equal(b->n, 0);
    for (int32_t i = 0; i < b->from->n; i++) room[i] = 2;
    now.begun++;
    now.epoch = b->epoch;
    now.next = 0;
}

static void twice(const void *ctx, const nas_batch *b) {
    const float *room = b->room;
    assert_ptr_equal(ctx, &config);
    assert_int_equal(b->epoch, now.epoch);
    assert_int_equal(b->first, now.next);
    assert_int_equal(b->seed, 3);
    assert_null(b->others);
    nas_batch_gather(b);
    for (int32_t i = 0; i < b->n * SIZE; i++) b->x[i] *= room[b->first + i / SIZE];
    now.next += b->n;
    now.batches++;
    now.examples += b->n;
}

/* The state after all steps. Owner: the caller frees it. */
static char *train(const nas_examples *e, nas_batch_maker maker, size_t *bytes) {
    nas_net *net;
    nas_trainer *t;
    nas_train_end end;
    nas_err err = {0};
    assert_int_equal(nas_net_open(&model, CLASSES, BATCH, nas_kernel_find("generic"), &net, &err),
                     NAS_OK);
    nas_net_init(net, 3, 0);
    const nas_trainer_options o = {
        .net = net, .config = &config, .train = e, .maker = maker, .seed = 3};
    assert_int_equal(nas_trainer_open(&o, &t, &err), NAS_OK);
    assert_int_equal(nas_trainer_run(t, 1000, NULL, NULL, NULL, &end, &err), NAS_OK);
    assert_int_equal(end, NAS_TRAIN_DONE);
    *bytes = nas_trainer_state_bytes(t);
    char *state = malloc(*bytes);
    nas_trainer_save(t, state);
    nas_trainer_close(t);
    nas_net_close(net);
    return state;
}

static void test_maker(void **state) {
    (void)state;
    size_t n, m;
    const nas_batch_maker maker = {
        .ctx = &config, .room_bytes = room_bytes, .begin = begin, .fill = twice};
    now = (seen){0};
    char *by_maker = train(&plain, maker, &n);
    assert_int_equal(now.begun, EPOCHS);
    assert_int_equal(now.batches, EPOCHS * 3); /* of 8, 8 and 4 */
    assert_int_equal(now.examples, EPOCHS * N);
    char *by_examples = train(&doubled, (nas_batch_maker){0}, &m);
    assert_int_equal(n, m);
    assert_memory_equal(by_maker, by_examples, n);
    char *others = train(&plain, (nas_batch_maker){0}, &m);
    assert_memory_not_equal(by_maker, others, n);
    free(by_maker);
    free(by_examples);
    free(others);
}

/* Labels and shares that a maker writes: one's own share of 1 is no mixing. */
static void own_share(const void *ctx, const nas_batch *b) {
    (void)ctx;
    nas_batch_gather(b);
    for (int32_t i = 0; i < b->n; i++) {
        b->others[i] = (b->y[i] + 1) % CLASSES;
        b->shares[i] = ctx ? 0.75f : 1;
    }
}

static void test_shares(void **state) {
    (void)state;
    size_t n;
    char *alone = train(&plain, (nas_batch_maker){0}, &n);
    char *whole = train(&plain, (nas_batch_maker){.mixes = true, .fill = own_share}, &n);
    char *mixed =
        train(&plain, (nas_batch_maker){.ctx = &config, .mixes = true, .fill = own_share}, &n);
    assert_memory_equal(alone, whole, n);
    assert_memory_not_equal(alone, mixed, n);
    free(alone);
    free(whole);
    free(mixed);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_maker), cmocka_unit_test(test_shares)};
    return cmocka_run_group_tests_name("maker", tests, make_examples, NULL);
}
