/* Pruning and folding, against their definitions. */
#include "core/compress/prune.h"
#include "tests/compress.h"

/* --- pruning ---------------------------------------------------------------------------------- */

typedef struct pruned_run {
    nas_net *net;
    nas_pruner *pruner;
    nas_train_hook hook;
    nas_train_config config;
    nas_examples examples;
    nas_trainer *trainer;
} pruned_run;

static void start(pruned_run *r, const nas_model *m, const nas_prune_config *prune,
                  int32_t epochs) {
    *r = (pruned_run){.net = open_net(m), .examples = toy()};
    r->config =
        (nas_train_config){.epochs = epochs, .batch_size = BATCH, .learning_rate = {.from = 2e-3}};
    nas_trainer_options o = {.net = r->net, .config = &r->config, .train = &r->examples, .seed = 5};
    if (prune) {
        const int64_t steps = nas_train_steps(&r->config, EXAMPLES);
        assert_int_equal(nas_prune_open(prune, r->net, steps, &r->pruner, NULL), NAS_OK);
        r->hook = nas_prune_hook(r->pruner);
        o.hook = &r->hook;
    }
    assert_int_equal(nas_trainer_open(&o, &r->trainer, NULL), NAS_OK);
}

static void train_to(pruned_run *r, int64_t step) {
    nas_train_end end;
    assert_int_equal(nas_trainer_run(r->trainer, step, NULL, NULL, NULL, &end, NULL), NAS_OK);
    assert_int_equal(end, NAS_TRAIN_DONE);
    assert_int_equal(nas_trainer_step(r->trainer), step);
}

static void finish(pruned_run *r) {
    nas_trainer_close(r->trainer);
    nas_prune_close(r->pruner);
    nas_net_close(r->net);
}

static const nas_prune_config gradual = {.on = true,
                                         .schedule = NAS_PRUNE_POLYNOMIAL,
                                         .from = 0.2,
                                         .to = 0.83,
                                         .begin = 0.15,
                                         .end = 0.7,
                                         .power = 3,
                                         .interval = 6};

typedef struct weighed {
    float size;
    int64_t at;
} weighed;

static int by_size(const void *a, const void *b) {
    const weighed *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* Which of n weights a mask of that sparsity sets to zero. */
static bool *expected_zeros(const float *v, int64_t n, double sparsity) {
    weighed *w = malloc((size_t)n * sizeof *w);
    bool *zero = calloc((size_t)n, sizeof *zero);
    for (int64_t i = 0; i < n; i++) w[i] = (weighed){fabsf(v[i]), i};
    qsort(w, (size_t)n, sizeof *w, by_size);
    const int64_t zeros = (int64_t)floor(sparsity * (double)n + 0.5);
    for (int64_t i = 0; i < zeros; i++) zero[w[i].at] = true;
    free(w);
    return zero;
}

/* 30 steps: the first mask at step 4, then 10, 16, the last at 21. */
static void test_schedule(void **state) {
    (void)state;
    pruned_run r;
    start(&r, &plain, &gradual, 6);
    assert_int_equal(nas_trainer_steps(r.trainer), 30);
    assert_int_equal(nas_prune_begin(&gradual, 30), 4);
    assert_int_equal(nas_prune_end(&gradual, 30), 21);
    assert_int_equal(r.hook.counts_from, 22);
    const int32_t tensor = tensor_at(r.net, "8.conv2d.kernel");
    const int64_t n = nas_net_tensor_at(r.net, tensor).count;
    bool *zero = calloc((size_t)n, sizeof *zero);
    for (int64_t step = 0; step < 30; step++) {
        float *before = get(r.net, tensor);
        const bool due = step >= 4 && step <= 21 && ((step - 4) % 6 == 0 || step == 21);
        if (due) {
            const double p = (double)(step - 4) / 17;
            free(zero);
            zero = expected_zeros(before, n, 0.83 + (0.2 - 0.83) * (1 - p) * (1 - p) * (1 - p));
        }
        train_to(&r, step + 1);
        float *after = get(r.net, tensor);
        for (int64_t i = 0; i < n; i++)
            if ((after[i] == 0) != zero[i])
                fail_msg("step %d: weight %d is %g", (int)step, (int)i, (double)after[i]);
        free(before);
        free(after);
    }
    assert_int_equal(zeros_in((float[]){0, -0.0f, 1}, 3), 2);
    assert_int_equal(zeros_of(r.net, "8.conv2d.kernel"), 448); /* floor(0.83 * 540 + 0.5) */
    assert_int_equal(zeros_of(r.net, "1.conv2d.kernel"), 67);  /* of 81 */
    assert_int_equal(zeros_of(r.net, "12.dense.kernel"), 398); /* of 480 */
    assert_int_equal(zeros_of(r.net, "14.dense.kernel"), 100); /* of 120 */
    assert_int_equal(zeros_of(r.net, "4.depthwise_conv2d.kernel"), 0);
    assert_int_equal(zeros_of(r.net, "6.conv2d.kernel"), 0); /* 45 weights */
    free(zero);
    finish(&r);
}

static void test_constant(void **state) {
    (void)state;
    const nas_prune_config c = {.on = true,
                                .schedule = NAS_PRUNE_CONSTANT,
                                .to = 0.5,
                                .begin = 0.5,
                                .interval = 1,
                                .depthwise = true};
    pruned_run r;
    start(&r, &plain, &c, 2);
    train_to(&r, 5);
    assert_int_equal(zeros_of(r.net, "8.conv2d.kernel"), 0);
    train_to(&r, 6);
    float *first = get(r.net, tensor_at(r.net, "8.conv2d.kernel"));
    assert_int_equal(zeros_in(first, 540), 270);
    train_to(&r, 10);
    float *last = get(r.net, tensor_at(r.net, "8.conv2d.kernel"));
    for (int i = 0; i < 540; i++) assert_int_equal(first[i] == 0, last[i] == 0);
    assert_int_equal(zeros_of(r.net, "4.depthwise_conv2d.kernel"), 41); /* floor(40.5 + 0.5) */
    assert_int_equal(zeros_of(r.net, "6.conv2d.kernel"), 23);
    free(first);
    free(last);
    finish(&r);
}

/* Fractions of 1 mean the last step; all of a kernel may go. */
static void test_extremes(void **state) {
    (void)state;
    nas_prune_config c = gradual;
    c.end = 1;
    c.to = 1;
    pruned_run r;
    start(&r, &plain, &c, 2);
    train_to(&r, 10);
    assert_int_equal(zeros_of(r.net, "8.conv2d.kernel"), 540);
    finish(&r);
    c.begin = 1;
    assert_int_equal(nas_prune_begin(&c, 10), 9);
    assert_int_equal(nas_prune_end(&c, 10), 9);
    assert_true(nas_prune_sparsity(&c, 0.6, 9, 10) == 0.6);
    c.begin = 0.29;
    assert_int_equal(nas_prune_begin(&c, 10), 2);
}

/* Equal magnitudes go in the order of Keras' layout, whatever their signs. */
static void test_ties(void **state) {
    (void)state;
    const nas_prune_config c = {
        .on = true, .schedule = NAS_PRUNE_CONSTANT, .to = 0.25, .interval = 1};
    pruned_run r;
    start(&r, &plain, &c, 1);
    const int32_t tensor = tensor_at(r.net, "12.dense.kernel");
    float *v = get(r.net, tensor);
    for (int i = 0; i < 480; i++) v[i] = i % 10 == 9 ? 0.01f : i % 2 ? 0.1f : -0.1f;
    nas_net_tensor_set(r.net, tensor, v);
    r.hook.before(r.hook.ctx, 0);
    nas_net_tensor_get(r.net, tensor, v);
    int32_t others = 72; /* 120 zeros, 48 of them the small ones */
    for (int i = 0; i < 480; i++) {
        const bool goes = i % 10 == 9 || others > 0;
        others -= i % 10 != 9 && others > 0;
        assert_int_equal(v[i] == 0, goes);
    }
    free(v);
    finish(&r);
}

static void test_own_sparsity(void **state) {
    (void)state;
    nas_layer_spec layers[15];
    memcpy(layers, plain.layers, sizeof layers);
    layers[0].sparsity = 0;
    layers[5].sparsity = 0.4; /* asked for, though small */
    layers[7].sparsity = 0.91;
    const nas_model m = {.input = plain.input, .n_layers = 15, .layers = layers};
    pruned_run r;
    start(&r, &m, &gradual, 6);
    train_to(&r, 30);
    assert_int_equal(zeros_of(r.net, "1.conv2d.kernel"), 0);
    assert_int_equal(zeros_of(r.net, "6.conv2d.kernel"), 18);
    assert_int_equal(zeros_of(r.net, "8.conv2d.kernel"), 491);
    assert_int_equal(zeros_of(r.net, "12.dense.kernel"), 398);
    finish(&r);
}

static void *state_of(const nas_trainer *t, size_t *bytes) {
    *bytes = nas_trainer_state_bytes(t);
    void *p = calloc(1, *bytes);
    nas_trainer_save(t, p);
    return p;
}

/* A run cut after any step goes on with the same bits; up to the first mask its states are those of
 * a run that is not pruned. */
static void test_cut(void **state) {
    (void)state;
    pruned_run whole;
    size_t bytes, end_bytes;
    start(&whole, &plain, &gradual, 6);
    train_to(&whole, 30);
    void *end = state_of(whole.trainer, &end_bytes);
    for (int64_t cut = 0; cut < 30; cut += cut < 4 ? 4 : 3) {
        pruned_run a, b, dense;
        start(&a, &plain, &gradual, 6);
        train_to(&a, cut);
        void *at = state_of(a.trainer, &bytes);
        start(&dense, &plain, NULL, 6);
        if (cut <= 4) {
            train_to(&dense, cut);
            size_t same;
            void *other = state_of(dense.trainer, &same);
            assert_int_equal(same, bytes);
            assert_memory_equal(other, at, bytes);
            free(other);
        } else {
            assert_int_equal(nas_trainer_load(dense.trainer, at, bytes, NULL), NAS_EFORMAT);
        }
        start(&b, &plain, &gradual, 6);
        train_to(&b, 13); /* what it had done is forgotten */
        assert_int_equal(nas_trainer_load(b.trainer, at, bytes, NULL), NAS_OK);
        train_to(&b, 30);
        void *got = state_of(b.trainer, &bytes);
        assert_int_equal(bytes, end_bytes);
        assert_memory_equal(got, end, bytes);
        free(at);
        free(got);
        finish(&a);
        finish(&b);
        finish(&dense);
    }
    free(end);
    finish(&whole);
}

/* --- folding ---------------------------------------------------------------------------------- */

/* Tensors may stand in another order: compares what the operators see. */
static void assert_same_graph(const nas_graph *a, const nas_graph *b) {
    assert_int_equal(a->n_ops, b->n_ops);
    for (int32_t i = 0; i < a->n_ops; i++) {
        const nas_op *p = &a->ops[i], *q = &b->ops[i];
        assert_int_equal(p->kind, q->kind);
        assert_int_equal(p->activation, q->activation);
        assert_int_equal(p->n_in, q->n_in);
        for (int32_t k = 0; k < p->n_in; k++) {
            const nas_tensor *x = &a->tensors[p->in[k]], *y = &b->tensors[q->in[k]];
            assert_int_equal(nas_tensor_count(x), nas_tensor_count(y));
            assert_int_equal(x->data != NULL, y->data != NULL);
            if (!x->data || x->dtype != NAS_F32) continue;
            const float *v = x->data, *w = y->data;
            for (int64_t j = 0; j < nas_tensor_count(x); j++)
                if (!(fabsf(v[j] - w[j]) <= 1e-6f * (1 + fabsf(v[j]))))
                    fail_msg("%s %d: %g and %g", nas_op_name(p->kind), i, (double)v[j],
                             (double)w[j]);
        }
    }
}

static void check_fold(const nas_model *m, int32_t rest) {
    const nas_examples e = toy();
    nas_net *net = open_net(m), *folded;
    float a[EXAMPLES * CLASSES], b[EXAMPLES * CLASSES];
    nas_arena *arena;
    disturb(net);
    folded = fold(net);
    nas_net_predict(net, e.x, EXAMPLES, a);
    nas_net_predict(folded, e.x, EXAMPLES, b);
    for (int i = 0; i < EXAMPLES * CLASSES; i++)
        if (!(fabsf(a[i] - b[i]) <= 1e-5f))
            fail_msg("%d: %g and %g", i, (double)a[i], (double)b[i]);
    for (int32_t i = 0; i < folded->nodes.n; i++) {
        assert_ptr_not_equal(folded->nodes.v[i].ops, &nas_layer_batch_norm);
        rest -= folded->nodes.v[i].ops == &nas_layer_affine;
    }
    assert_int_equal(rest, 0);
    assert_int_equal(nas_arena_open(&arena, NULL), NAS_OK);
    const nas_graph g = graph_of(arena, net), h = graph_of(arena, folded);
    assert_same_graph(&g, &h);
    nas_arena_close(arena);
    nas_net_close(net);
    nas_net_close(folded);
}

/* knotted: before the first convolution, after a ReLU, twice first in a residual, after an
 * addition, after pooling. */
static void test_fold(void **state) {
    (void)state;
    check_fold(&plain, 0);
    check_fold(&knotted, 6);
}

static void test_fold_keeps_zeros(void **state) {
    (void)state;
    pruned_run r;
    start(&r, &plain, &gradual, 6);
    train_to(&r, 30);
    disturb(r.net);
    nas_net *folded = fold(r.net);
    float *v = get(folded, tensor_at(folded, "6.conv2d.kernel"));
    assert_int_equal(zeros_in(v, 540), 448);
    for (int i = 0; i < 540; i++) assert_false(v[i] == 0 && signbit(v[i]));
    free(v);
    nas_net_close(folded);
    finish(&r);
}

/* Central differences of the mean loss, with respect to every trained tensor of a folded net. */
static void test_fold_gradients(void **state) {
    (void)state;
    const nas_examples e = toy();
    nas_net *net = open_net(&knotted), *folded;
    disturb(net);
    folded = fold(net);
    for (int32_t i = 0; i < nas_net_tensors(folded); i++) {
        const nas_net_tensor_info t = nas_net_tensor_at(folded, i);
        if (!t.trainable) continue;
        float *v = get(folded, i), *g = malloc((size_t)t.count * sizeof *g), *d;
        d = malloc((size_t)t.count * sizeof *d);
        (void)nas_net_step(folded, e.x, e.y, BATCH, 0.1);
        nas_net_tensor_grad(folded, i, g);
        /* Along the gradient the loss changes by its length. */
        double length = 0;
        for (int64_t j = 0; j < t.count; j++) length += (double)g[j] * (double)g[j];
        length = sqrt(length);
        double loss[2];
        const double h = 2e-3;
        for (int s = 0; s < 2; s++) {
            for (int64_t j = 0; j < t.count; j++)
                d[j] = (float)((double)v[j] + (s ? h : -h) * (double)g[j] / length);
            nas_net_tensor_set(folded, i, d);
            loss[s] = nas_net_step(folded, e.x, e.y, BATCH, 0.1);
        }
        nas_net_tensor_set(folded, i, v);
        const double slope = (loss[1] - loss[0]) / (2 * h);
        if (!(fabs(slope - length) <= 2e-2 * length))
            fail_msg("%s: slope %g, gradient %g", t.name, slope, length);
        free(v);
        free(g);
        free(d);
    }
    nas_net_close(net);
    nas_net_close(folded);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedule),       cmocka_unit_test(test_constant),
        cmocka_unit_test(test_extremes),       cmocka_unit_test(test_ties),
        cmocka_unit_test(test_own_sparsity),   cmocka_unit_test(test_cut),
        cmocka_unit_test(test_fold),           cmocka_unit_test(test_fold_keeps_zeros),
        cmocka_unit_test(test_fold_gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
