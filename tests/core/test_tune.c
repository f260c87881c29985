/* Clustering, fine-tuning and training through rounding, against their definitions and against the
 * graphs and int8 files that come of them. */
#include "core/compress/centroids.h"
#include "core/compress/cluster.h"
#include "core/compress/prune.h"
#include "core/compress/tune.h"
#include "core/data/augment.h"
#include "core/deploy/deploy.h"
#include "core/deploy/half.h"
#include "tests/compress.h"

/* Every layer that a space can name. */
static const nas_model varied = MODEL(
    HIGH, WIDE, 1, CONV(8, 3, 3, 1, 1, NAS_SAME, true), BN, RELU6, MAX_POOL(2, 2, 2, 2, NAS_SAME),
    RESIDUAL(0, RELU, CONV(8, 3, 3, 1, 1, NAS_SAME, true)), DEPTHWISE(3, 3, 1, 1, NAS_SAME, true),
    DROPOUT(0.1), BN, AVERAGE_POOL(2, 2, 2, 2, NAS_SAME), RELU,
    RESIDUAL(1, CONV(12, 3, 2, 2, 2, NAS_SAME, true), BN), RELU, FLATTEN, RESHAPE(6, 1, 4),
    CONV1D(9, 3, 1, 1, NAS_VALID), BN, RELU, GAP, BN, DENSE(CLASSES), SOFTMAX);

static void check(nas_status st, const nas_err *err) {
    if (st != NAS_OK) fail_msg("%s", err->text);
}

/* A net that has learned the toy for some epochs, folded; sparsity 0: not pruned. */
static nas_net *learned(const nas_model *m, int32_t epochs, double sparsity) {
    const nas_examples e = toy();
    const nas_train_config config = {
        .epochs = epochs, .batch_size = BATCH, .learning_rate = {.from = 4e-3}};
    const nas_prune_config prune = {
        .on = true, .schedule = NAS_PRUNE_CONSTANT, .to = sparsity, .begin = 0.3, .interval = 1};
    nas_net *net = open_net(m);
    nas_pruner *p;
    nas_trainer *t;
    nas_train_end end;
    nas_err err = {0};
    check(nas_prune_open(&prune, net, nas_train_steps(&config, e.n), &p, &err), &err);
    const nas_train_hook hook = nas_prune_hook(p);
    const nas_trainer_options o = {
        .net = net, .config = &config, .train = &e, .seed = 5, .hook = &hook};
    check(nas_trainer_open(&o, &t, &err), &err);
    check(nas_trainer_run(t, nas_trainer_steps(t), NULL, NULL, NULL, &end, &err), &err);
    nas_trainer_close(t);
    nas_prune_close(p);
    nas_net *folded = fold(net);
    nas_net_close(net);
    return folded;
}

static double loss_of(nas_net *net) {
    const nas_examples e = toy();
    float p[EXAMPLES * CLASSES];
    double loss = 0;
    nas_net_predict(net, e.x, e.n, p);
    for (int32_t i = 0; i < e.n; i++) loss -= log((double)p[i * CLASSES + e.y[i]]);
    return loss / e.n;
}

static int rising(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Different values among n that are `step` apart. */
static int32_t distinct(const float *v, int64_t n, int64_t step) {
    float *s = malloc((size_t)n * sizeof *s);
    int32_t count = 1;
    for (int64_t i = 0; i < n; i++) s[i] = v[i * step];
    qsort(s, (size_t)n, sizeof *s, rising);
    for (int64_t i = 1; i < n; i++) count += s[i] != s[i - 1];
    free(s);
    return count;
}

/* --- centroids -------------------------------------------------------------------------------- */

static int rising_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check_settling(nas_cluster_init init, int32_t k, bool zero, bool clumped) {
    enum { N = 400 };
    float raw[N];
    double v[N];
    nas_rng rng = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, 3, 0, 0);
    fill(raw, N, 11);
    for (int i = 0; i < N; i++)
        v[i] = clumped ? floor(4 * (double)raw[i]) + (i % 97 ? 0 : 50)
                       : (double)raw[i] * fabs((double)raw[i]);
    qsort(v, N, sizeof *v, rising_doubles);
    nas_centroids c = {0};
    if (zero) c = (nas_centroids){1, {{0, true}}};
    nas_centroids_add(&c, k - zero, init, v, N, &rng);
    assert_true(c.n <= k);
    double before = HUGE_VAL;
    bool moved = true;
    for (int i = 0; moved; i++) {
        const double error = nas_centroids_move(&c, v, N, &moved);
        double by_hand = 0;
        if (!(error <= before * (1 + 1e-12)))
            fail_msg("iteration %d: %g after %g", i, error, before);
        before = error;
        assert_true(i < 300);
        for (int32_t j = 1; j < c.n; j++) assert_true(c.v[j - 1].at <= c.v[j].at);
        if (moved) continue;
        /* Settled: each value is at its nearest, each centroid in the middle of its values. */
        double sum[64] = {0}, count[64] = {0};
        for (int n = 0; n < N; n++) {
            int32_t best = 0;
            for (int32_t j = 1; j < c.n; j++)
                if (fabs(v[n] - c.v[j].at) < fabs(v[n] - c.v[best].at)) best = j;
            assert_int_equal(nas_centroids_find(&c, v[n]), best);
            by_hand += (v[n] - c.v[best].at) * (v[n] - c.v[best].at);
            sum[best] += v[n];
            count[best]++;
        }
        assert_true(fabs(by_hand - error) <= 1e-9 * (1 + error));
        for (int32_t j = 0; j < c.n; j++)
            if (c.v[j].fixed)
                assert_true(c.v[j].at == 0);
            else if (count[j] > 0)
                assert_true(fabs(sum[j] / count[j] - c.v[j].at) < 1e-9);
            else
                assert_true(error == 0); /* nobody is without values while some have far to go */
    }
}

static void test_centroids(void **state) {
    (void)state;
    for (int32_t init = 0; init < 3; init++)
        for (int32_t k = 2; k <= 40; k += k < 8 ? 1 : 16)
            for (int bits = 0; bits < 4; bits++)
                check_settling((nas_cluster_init)init, k, bits & 1, bits & 2);
    const double three[] = {-1, -1, 0.5, 2, 2};
    nas_centroids c = {0};
    nas_centroids_add(&c, 3, NAS_CLUSTER_LINEAR, three, 5, NULL);
    assert_int_equal(c.n, 3);
    assert_true(c.v[0].at == -1 && c.v[1].at == 0.5 && c.v[2].at == 2);
    const double ten[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 100};
    c.n = 0;
    nas_centroids_add(&c, 5, NAS_CLUSTER_LINEAR, ten, 10, NULL);
    for (int i = 0; i < 5; i++) assert_true(c.v[i].at == 25 * i);
    c.n = 0;
    nas_centroids_add(&c, 5, NAS_CLUSTER_DENSITY, ten, 10, NULL);
    for (int i = 0; i < 4; i++) assert_true(c.v[i].at == 1 + 2 * i);
    assert_true(c.v[4].at == 100);
}

/* --- clusters --------------------------------------------------------------------------------- */

static const nas_cluster_config eight = {.on = true, .clusters = 8, .init = NAS_CLUSTER_KMEANS};

static void cluster(nas_net *net, const nas_cluster_config *c, bool scaled) {
    nas_err err = {0};
    check(nas_cluster_net(net, c, scaled, 7, 0, &err), &err);
}

static void test_clusters_float(void **state) {
    (void)state;
    for (int32_t init = 0; init < 3; init++) {
        nas_net *net = learned(&plain, 5, 0.6), *old;
        nas_cluster_config c = eight;
        const int32_t small = tensor_at(net, "6.conv2d.kernel");
        float *tiny = get(net, small); /* nearer to zero than to what is left */
        for (int i = 0; i < 540; i += 100) tiny[i] = tiny[i] == 0 ? 0 : 1e-4f;
        nas_net_tensor_set(net, small, tiny);
        free(tiny);
        old = fold(net);
        c.init = init;
        cluster(net, &c, false);
        for (int32_t i = 0; i < nas_net_tensors(net); i++) {
            const nas_net_tensor_info t = nas_net_tensor_at(net, i);
            float *v = get(net, i), *was = get(old, i);
            const bool clustered =
                strstr(t.name, "kernel") && !strstr(t.name, "depthwise") && t.count >= 64;
            if (!clustered) {
                assert_memory_equal(v, was, (size_t)t.count * sizeof *v);
            } else {
                if (distinct(v, t.count, 1) > 8) fail_msg("%s", t.name);
                assert_true(distinct(was, t.count, 1) > 30);
                assert_true(zeros_in(was, t.count) > 0);
                for (int64_t j = 0; j < t.count; j++) {
                    assert_true(was[j] != 0 || (v[j] == 0 && !signbit(v[j])));
                    for (int64_t k = 0; was[j] != 0 && k < t.count; k++)
                        assert_true(fabsf(was[j] - v[j]) <= fabsf(was[j] - v[k]) + 1e-7f);
                }
            }
            free(v);
            free(was);
        }
        nas_arena *a;
        assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
        const nas_graph g = graph_of(a, net);
        for (int32_t i = 0; i < g.n_tensors; i++) assert_int_equal(g.tensors[i].n_scale, 0);
        nas_arena_close(a);
        nas_net_close(net);
        nas_net_close(old);
    }
}

static void test_clusters_channel(void **state) {
    (void)state;
    nas_net *net = learned(&plain, 5, 0);
    const nas_cluster_config c = {
        .on = true, .clusters = 4, .init = NAS_CLUSTER_LINEAR, .scope = 1, .depthwise = true};
    cluster(net, &c, false);
    const struct {
        const char *name;
        int32_t channels;
    } kernels_of[] = {{"1.conv2d.kernel", 9},
                      {"3.depthwise_conv2d.kernel", 9},
                      {"6.conv2d.kernel", 12},
                      {"9.dense.kernel", 40}};
    for (int k = 0; k < 4; k++) {
        const int32_t i = tensor_at(net, kernels_of[k].name);
        const int64_t n = nas_net_tensor_at(net, i).count, step = kernels_of[k].channels;
        float *v = get(net, i);
        for (int64_t j = 0; j < step; j++) assert_int_equal(distinct(v + j, n / step, step), 4);
        assert_true(distinct(v, n, 1) > 4);
        free(v);
    }
    nas_net_close(net);
}

/* The int8 file of a net, calibrated on the toy. */
static nas_graph int8_of(nas_arena *a, const nas_net *net) {
    const nas_examples e = toy();
    nas_graph g = graph_of(a, net), out = nas_graph_start(a);
    nas_err err = {0};
    check(nas_format_apply(&g, NAS_FORMAT_INT8, e.x, e.n, &out, &err), &err);
    return out;
}

/* Different codes and zeros of an operator's int8 kernel, over all of it. */
static int32_t codes_of(const nas_graph *g, int32_t op, int64_t *zeros, int64_t *count) {
    const nas_tensor *t = &g->tensors[g->ops[op].in[1]];
    const int8_t *v = t->data;
    bool seen[256] = {false};
    int32_t n = 0;
    *zeros = 0;
    *count = nas_tensor_count(t);
    for (int64_t i = 0; i < *count; i++) {
        n += !seen[v[i] + 128];
        seen[v[i] + 128] = true;
        *zeros += v[i] == 0;
    }
    return n;
}

static void check_codes(const nas_net *net, int32_t most, double sparsity) {
    nas_arena *a;
    int64_t zeros, count;
    int32_t kernels_seen = 0;
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    const nas_graph g = int8_of(a, net);
    for (int32_t i = 0; i < g.n_ops; i++) {
        if (g.ops[i].kind != NAS_OP_CONV_2D && g.ops[i].kind != NAS_OP_FULLY_CONNECTED) continue;
        const int32_t codes = codes_of(&g, i, &zeros, &count);
        if (count < 64) continue;
        kernels_seen++;
        if (codes > most) fail_msg("operator %d: %d codes", i, codes);
        assert_true(zeros >= (int64_t)floor(sparsity * (double)count + 0.5));
    }
    assert_int_equal(kernels_seen, 4);
    nas_arena_close(a);
}

/* Each channel has its own scale, the codes of the whole kernel few values. */
static void test_clusters_scaled(void **state) {
    (void)state;
    nas_net *net = learned(&plain, 5, 0.6), *old = fold(net);
    cluster(net, &eight, true);
    const int32_t i = tensor_at(net, "6.conv2d.kernel");
    float *v = get(net, i), *was = get(old, i), *codes = malloc(540 * sizeof *codes);
    assert_true(distinct(v, 540, 1) > 8);
    double error = 0, size = 0;
    const float *scales = net->nodes.v[5].weights[0].coding.scales;
    for (int c = 0; c < 12; c++) {
        float most = 0;
        for (int j = c; j < 540; j += 12) most = fmaxf(most, fabsf(was[j]));
        const float spare = 127 * scales[c] / most;
        assert_true(spare > 0.99999f && spare < 1.1893f);
        const double power = 4 * log2((double)scales[c]);
        assert_true(fabs(power - round(power)) < 1e-5);
        for (int j = c; j < 540; j += 12) {
            codes[j] = roundf(v[j] / scales[c]);
            assert_true(fabsf(v[j] / scales[c] - codes[j]) < 1e-3f);
            assert_true(was[j] != 0 || v[j] == 0);
            error += (double)((v[j] - was[j]) * (v[j] - was[j]));
            size += (double)(was[j] * was[j]);
        }
    }
    assert_true(distinct(codes, 540, 1) <= 8);
    assert_true(error < 0.05 * size);
    check_codes(net, 8, 0.6);
    free(v);
    free(was);
    free(codes);
    nas_net_close(net);
    nas_net_close(old);
}

static void assert_same_net(const nas_net *a, const nas_net *b, bool same) {
    assert_int_equal(a->n_params, b->n_params);
    assert_int_equal(!memcmp(a->params, b->params, a->n_params * sizeof(float)), same);
}

static void test_clusters_repeat(void **state) {
    (void)state;
    nas_net *a = learned(&plain, 3, 0.5), *b = fold(a), *c = fold(a);
    nas_err err = {0};
    cluster(a, &eight, true);
    cluster(b, &eight, true);
    assert_same_net(a, b, true);
    check(nas_cluster_net(c, &eight, true, 8, 0, &err), &err);
    assert_same_net(a, c, false);
    nas_net_close(a);
    nas_net_close(b);
    nas_net_close(c);
    a = open_net(&plain);
    assert_int_equal(nas_cluster_net(a, &eight, true, 8, 0, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "fold the net first"));
    nas_net_close(a);
}

/* --- fine-tuning ------------------------------------------------------------------------------ */

static void tune_as(nas_net *net, const nas_tuning *tuning, int32_t epochs, double rate,
                    nas_train_config config, const nas_augment *augment) {
    static nas_examples e;
    e = toy();
    config.epochs = 1;
    config.batch_size = BATCH;
    config.learning_rate.from = 1;
    const nas_tune_run how = {
        .trainer = {.config = &config, .maker = nas_augment_maker(augment), .train = &e, .seed = 5},
        .epochs = epochs,
        .learning_rate = rate};
    nas_train_end end;
    nas_err err = {0};
    check(nas_tune(net, tuning, &how, &end, &err), &err);
    assert_int_equal(end, NAS_TRAIN_DONE);
}

static void tune(nas_net *net, const nas_tuning *tuning, int32_t epochs, double rate) {
    tune_as(net, tuning, epochs, rate, (nas_train_config){0}, NULL);
}

/* Fine-tuning mixes as training does; decay and warm-up are training's own. */
static void test_tune_recipe(void **state) {
    (void)state;
    static const nas_augment mixed = {.mixup = 0.3};
    const nas_train_config recipe = {.weight_decay = 0.5, .warm_up_epochs = 0.9};
    const nas_tuning all = {.all = true};
    nas_net *a = learned(&plain, 4, 0.5), *b = fold(a), *c = fold(a), *d = fold(a);
    nas_net *first = fold(a);
    tune(first, &all, 2, 1e-3);
    tune_as(b, &all, 2, 1e-3, recipe, NULL);
    assert_same_net(first, b, true);
    tune_as(c, &all, 2, 1e-3, recipe, &mixed);
    tune_as(d, &all, 2, 1e-3, recipe, &mixed);
    assert_same_net(c, d, true);
    assert_same_net(c, b, false);
    nas_net_close(a);
    nas_net_close(b);
    nas_net_close(c);
    nas_net_close(d);
    nas_net_close(first);
}

/* Loss falls; what was equal stays equal, zeros stay zeros, the rest does not move. */
static void check_cluster_tune(bool scaled) {
    const nas_tuning clusters_only = {.all = false};
    nas_net *net = learned(&plain, 6, 0.5);
    const nas_cluster_config c = {.on = true, .clusters = 5, .init = NAS_CLUSTER_DENSITY};
    cluster(net, &c, scaled);
    nas_net *old = fold(net), *again = fold(net);
    const double before = loss_of(net);
    tune(net, &clusters_only, 12, scaled ? 1e-2 : 1e-3);
    if (!(loss_of(net) < 0.95 * before)) fail_msg("loss %g after %g", loss_of(net), before);
    for (int32_t i = 0; i < nas_net_tensors(net); i++) {
        const nas_net_tensor_info t = nas_net_tensor_at(net, i);
        float *v = get(net, i), *was = get(old, i);
        const bool kernel = strstr(t.name, "kernel");
        if (kernel && (t.count < 64 || strstr(t.name, "depthwise"))) {
            assert_memory_equal(v, was, (size_t)t.count * sizeof *v);
        } else if (!kernel) {
            assert_memory_not_equal(v, was, (size_t)t.count * sizeof *v);
        } else {
            assert_memory_not_equal(v, was, (size_t)t.count * sizeof *v);
            for (int64_t j = 0; j < t.count; j++) assert_int_equal(v[j] == 0, was[j] == 0);
            if (!scaled)
                for (int64_t j = 1; j < t.count; j++)
                    for (int64_t k = 0; k < j; k++)
                        if (was[j] == was[k]) assert_true(v[j] == v[k]);
        }
        free(v);
        free(was);
    }
    tune(again, &clusters_only, 12, scaled ? 1e-2 : 1e-3);
    assert_same_net(net, again, true);
    if (scaled) check_codes(net, 5, 0.5);
    nas_net_close(net);
    nas_net_close(old);
    nas_net_close(again);
}

static void test_cluster_tune(void **state) {
    (void)state;
    check_cluster_tune(false);
    check_cluster_tune(true);
}

/* Central differences of the loss with respect to each cluster's value and each bias. */
static void test_cluster_gradients(void **state) {
    (void)state;
    const nas_examples e = toy();
    const nas_tuning clusters_only = {.all = false};
    nas_net *net = learned(&plain, 4, 0.5);
    nas_tuner *t;
    nas_err err = {0};
    cluster(net, &eight, false);
    check(nas_tune_open(net, &clusters_only, &t, &err), &err);
    const nas_train_hook h = nas_tune_hook(t);
    (void)nas_net_step(net, e.x, e.y, BATCH, 0);
    h.gradients(h.ctx);
    float *g = malloc(h.count * sizeof *g);
    memcpy(g, h.grads, h.count * sizeof *g);
    int32_t compared = 0;
    for (size_t i = 0; i < h.count; i++) {
        if (fabsf(g[i]) < 2e-2f) continue; /* lost in the rounding of the loss */
        const float v = h.values[i], step = 2e-4f;
        double loss[2];
        for (int s = 0; s < 2; s++) {
            h.values[i] = s ? v + step : v - step;
            h.after(h.ctx);
            loss[s] = nas_net_step(net, e.x, e.y, BATCH, 0);
        }
        h.values[i] = v;
        h.after(h.ctx);
        const double slope = (loss[1] - loss[0]) / (2 * (double)step);
        /* A ReLU may change sides in between. */
        if (!(fabs(slope - (double)g[i]) <= 0.06 * fabs((double)g[i]) + 5e-3))
            fail_msg("value %zu: %g, gradient %g", i, slope, (double)g[i]);
        compared++;
    }
    assert_true(compared > 20);
    free(g);
    nas_tune_close(t);
    nas_net_close(net);
}

/* On a scale a value moves each weight by 127 of its channel's codes. */
static void test_scaled_gradients(void **state) {
    (void)state;
    const nas_examples e = toy();
    const nas_tuning clusters_only = {.all = false};
    nas_net *net = learned(&plain, 4, 0.5);
    nas_tuner *t;
    nas_err err = {0};
    cluster(net, &eight, true);
    check(nas_tune_open(net, &clusters_only, &t, &err), &err);
    const nas_train_hook h = nas_tune_hook(t);
    (void)nas_net_step(net, e.x, e.y, BATCH, 0);
    h.gradients(h.ctx);
    const int32_t i = tensor_at(net, "1.conv2d.kernel");
    const nas_weight *w = &net->nodes.v[0].weights[0];
    float *v = get(net, i), g[81];
    double sum[255] = {0};
    nas_net_tensor_grad(net, i, g);
    for (int j = 0; j < 81; j++) {
        const double scale = (double)w->coding.scales[j % 9];
        sum[lround((double)v[j] / scale) + 127] += (double)g[j] * 127 * scale;
    }
    size_t at = 0; /* values stand in the order of their codes, those of the first kernel first */
    for (int code = 0; code < 255; code++) {
        bool there = false;
        for (int j = 0; j < 81; j++)
            there |= lround((double)v[j] / (double)w->coding.scales[j % 9]) == code - 127;
        if (!there) continue;
        assert_true(fabs((double)h.values[at] - (code - 127) / 127.0) < 1e-6);
        const double expected = code == 127 ? 0 : sum[code];
        assert_true(fabs((double)h.grads[at] - expected) < 1e-5 * (1 + fabs(expected)));
        at++;
    }
    assert_true(at > 4 && at <= 8);
    free(v);
    nas_tune_close(t);
    nas_net_close(net);
}

/* --- rounding --------------------------------------------------------------------------------- */

static nas_net *rounded(const nas_net *net, int32_t examples) {
    const nas_examples e = toy();
    nas_net *out;
    nas_err err = {0};
    check(nas_net_round(net, e.x, examples, &out, &err), &err);
    return out;
}

/* Rows say rightly what becomes of a ReLU behind them, and of their scale in int8. */
static void test_rows(void **state) {
    (void)state;
    nas_layer_spec one = {.filters = 5,
                          .kernel = {2, 1},
                          .stride = {1, 1},
                          .dilation = {1, 1},
                          .shape = {1, 1, 6},
                          .padding = NAS_VALID,
                          .bias = true,
                          .rate = 0.2,
                          .sparsity = (double)NAN};
    nas_layer_spec inner = CONV(6, 1, 1, 1, 1, NAS_SAME, true);
    for (int i = 0; nas_layer_at(i); i++) {
        one.ops = nas_layer_at(i);
        if (one.ops == &nas_layer_softmax || one.ops == &nas_layer_batch_norm) continue;
        one.layers = one.ops->has_body ? &inner : NULL;
        one.n_layers = one.ops->has_body;
        const bool flat = one.ops == &nas_layer_dense || one.ops == &nas_layer_reshape;
        nas_layer_spec layers[] = {one, RELU, FLATTEN, DENSE(CLASSES), SOFTMAX};
        const nas_model m = {.input = {flat ? 1 : 4, 1, 6}, .n_layers = 5, .layers = layers};
        nas_net *net = open_net(&m);
        nas_arena *a;
        assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
        const nas_graph g = graph_of(a, net);
        bool alone = false, keeps = false, fused = false;
        for (int32_t k = 0; k < g.n_ops; k++) {
            const nas_op *o = &g.ops[k];
            alone |= o->kind == NAS_OP_RELU;
            fused |= o->activation == NAS_ACT_RELU;
            keeps |= k == 0 && (o->kind == NAS_OP_MAX_POOL_2D || o->kind == NAS_OP_AVERAGE_POOL_2D);
        }
        if (one.ops->is_idle || one.ops->is_relu || one.ops == &nas_layer_flatten ||
            one.ops == &nas_layer_reshape || one.ops == &nas_layer_global_average_pool) {
            assert_true(alone || one.ops == &nas_layer_relu);
            assert_false(one.ops->fuses_relu);
        } else if (!(fused && !alone && one.ops->fuses_relu)) {
            fail_msg("%s: a ReLU behind it", one.ops->name);
        }
        const bool shape = one.ops == &nas_layer_flatten || one.ops == &nas_layer_reshape;
        assert_int_equal(one.ops->keeps_scale, keeps || shape);
        assert_int_equal(one.ops->is_relu, !strncmp(one.ops->name, "relu", 4));
        assert_int_equal(one.ops->is_idle, one.ops == &nas_layer_dropout);
        assert_int_equal(one.ops->has_kernel, net->nodes.v[0].n_weights > 0 &&
                                                  nas_layer_keys(one.ops)->name != NULL &&
                                                  !one.ops->has_body);
        nas_arena_close(a);
        nas_net_close(net);
    }
}

/* Each activation that int8 stores with a scale of its own carries it, and no other does. */
static void check_scales(const nas_model *m) {
    nas_net *net = open_net(m);
    nas_arena *a;
    disturb(net);
    nas_net *folded = fold(net), *r = rounded(folded, EXAMPLES);
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    const nas_graph g = graph_of(a, r);
    assert_int_equal(g.tensors[g.input].n_scale, 1);
    const nas_examples e = toy();
    float lo = 0, hi = 0;
    for (int i = 0; i < EXAMPLES * HIGH * WIDE; i++) {
        lo = fminf(lo, e.x[i]);
        hi = fmaxf(hi, e.x[i]);
    }
    assert_true(g.tensors[g.input].scale[0] == (hi - lo) / 255);
    for (int32_t i = 0; i < g.n_ops; i++) {
        const nas_op *o = &g.ops[i];
        const bool forced = o->kind == NAS_OP_MAX_POOL_2D || o->kind == NAS_OP_AVERAGE_POOL_2D ||
                            o->kind == NAS_OP_RESHAPE || o->kind == NAS_OP_SOFTMAX ||
                            o->kind == NAS_OP_PAD || o->kind == NAS_OP_MUL;
        if ((g.tensors[o->out].n_scale == 1) == forced)
            fail_msg("operator %d (%s): %d scales", i, nas_op_name(o->kind),
                     g.tensors[o->out].n_scale);
    }
    nas_arena_close(a);
    nas_net_close(net);
    nas_net_close(folded);
    nas_net_close(r);
}

static void test_scales(void **state) {
    (void)state;
    check_scales(&plain);
    check_scales(&knotted);
    check_scales(&varied);
}

/* The net that trains through rounding is the int8 file, up to the rounding of its integers. */
static void check_like_file(const nas_model *m) {
    const nas_examples e = toy();
    const nas_tuning int8 = {.all = true, .rounding = NAS_ROUND_CODES};
    nas_net *folded = learned(m, 8, 0), *r = rounded(folded, EXAMPLES);
    nas_arena *a;
    nas_interp *it;
    float p[EXAMPLES * CLASSES], q[CLASSES];
    tune(r, &int8, 2, 1e-3);
    nas_net_predict(r, e.x, e.n, p);
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    const nas_graph f = graph_of(a, r), g = int8_of(a, r);
    double far = 0;
    assert_int_equal(nas_interp_open(&g, &it, NULL), NAS_OK);
    for (int32_t i = 0; i < e.n; i++) {
        nas_interp_run(it, e.x + i * HIGH * WIDE, q);
        for (int c = 0; c < CLASSES; c++) far += fabs((double)(p[i * CLASSES + c] - q[c]));
    }
    nas_interp_close(it);
    far /= EXAMPLES * CLASSES;
    if (!(far < 0.006)) fail_msg("%g away on average", far);
    /* Codes and scales are those that were trained with. */
    int32_t kernels_seen = 0;
    for (int32_t i = 0; i < f.n_ops; i++) {
        const nas_tensor *t = &f.tensors[f.ops[i].in[1]];
        if (f.ops[i].n_in < 2 || !t->data || t->n_scale == 0) continue;
        for (int32_t k = 0; k < g.n_ops; k++) {
            const nas_tensor *u = &g.tensors[g.ops[k].in[1]];
            if (g.ops[k].kind != f.ops[i].kind || nas_tensor_count(u) != nas_tensor_count(t) ||
                memcmp(u->scale, t->scale, (size_t)t->n_scale * sizeof(float)))
                continue;
            const int64_t n = nas_tensor_count(t), inner = n / t->dims[t->axis];
            for (int64_t j = 0; j < n; j++) {
                const float s = t->scale[t->axis == 0 ? j / inner : j % t->dims[t->axis]];
                assert_true((float)((const int8_t *)u->data)[j] * s == ((const float *)t->data)[j]);
            }
            kernels_seen++;
        }
    }
    assert_true(kernels_seen >= 4);
    nas_arena_close(a);
    nas_net_close(folded);
    nas_net_close(r);
}

static void test_like_file(void **state) {
    (void)state;
    check_like_file(&plain);
    check_like_file(&varied);
}

static const nas_model dead = MODEL(HIGH, WIDE, 1, CONV(4, 3, 3, 2, 2, NAS_SAME, true), RELU,
                                    RESIDUAL(0, CONV(4, 1, 1, 1, 1, NAS_SAME, true)), DROPOUT(0.1),
                                    RELU, GAP, DENSE(CLASSES), SOFTMAX);

/* A sum that a ReLU makes 0 throughout still has a scale that the runtime can add in, and the file
 * has the one that was trained with. */
static void test_dead_sum(void **state) {
    (void)state;
    nas_net *net = open_net(&dead), *folded, *r;
    const int32_t bias = tensor_at(net, "3.residual.1.conv2d.bias");
    nas_net_tensor_set(net, bias, (float[]){-900, -900, -900, -900});
    folded = fold(net);
    r = rounded(folded, EXAMPLES);
    nas_arena *a;
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    const nas_graph plain_file = int8_of(a, folded), file = int8_of(a, r);
    const nas_graph *files[] = {&plain_file, &file};
    float scale[2] = {0};
    for (int i = 0; i < 2; i++)
        for (int32_t k = 0; k < files[i]->n_ops; k++)
            if (files[i]->ops[k].kind == NAS_OP_ADD)
                scale[i] = files[i]->tensors[files[i]->ops[k].out].scale[0];
    float trained;
    nas_net_tensor_get(r, tensor_at(r, "8.round.scale"), &trained);
    assert_true(scale[0] > 1e-6f && scale[0] < 1e-4f);
    assert_true(scale[1] == trained && scale[1] > 1e-6f && scale[1] < 1e-4f);
    nas_arena_close(a);
    nas_net_close(r);
    nas_net_close(folded);
    nas_net_close(net);
}

/* Gradients through the rounding point where those of the smooth net do; none comes from beyond the
 * range. */
static void test_round_gradients(void **state) {
    (void)state;
    const nas_examples e = toy();
    nas_net *folded = learned(&plain, 3, 0), *r = rounded(folded, EXAMPLES);
    (void)nas_net_step(folded, e.x, e.y, BATCH, 0);
    (void)nas_net_step(r, e.x, e.y, BATCH, 0);
    assert_int_equal(folded->n_params, r->n_params);
    double dot = 0, a = 0, b = 0;
    for (size_t i = 0; i < r->n_params; i++) {
        dot += (double)folded->grads[i] * (double)r->grads[i];
        a += (double)folded->grads[i] * (double)folded->grads[i];
        b += (double)r->grads[i] * (double)r->grads[i];
    }
    if (!(dot > 0.98 * sqrt(a * b))) fail_msg("cosine %g", dot / sqrt(a * b));
    /* The first convolution's ReLU stores next to nothing: all it gives is beyond that. */
    float bias[9];
    nas_net_tensor_grad(r, tensor_at(r, "2.conv2d.bias"), bias);
    assert_int_equal(zeros_in(bias, 9), 0);
    nas_net_tensor_set(r, tensor_at(r, "4.round.scale"), (float[]){1e-8f});
    nas_net_tensor_set(r, tensor_at(r, "4.round.zero"), (float[]){-128});
    (void)nas_net_step(r, e.x, e.y, BATCH, 0);
    nas_net_tensor_grad(r, tensor_at(r, "2.conv2d.bias"), bias);
    assert_int_equal(zeros_in(bias, 9), 9);
    nas_net_close(r);
    nas_err err = {0};
    assert_int_equal(nas_net_round(folded, e.x, 0, &r, &err), NAS_EINVAL);
    assert_null(r);
    nas_net_close(folded);
}

/* Logits lie on the grid of their scale, so their differences do. */
static void test_round_grid(void **state) {
    (void)state;
    const nas_examples e = toy();
    nas_net *folded = learned(&plain, 8, 0), *r = rounded(folded, EXAMPLES);
    float p[EXAMPLES * CLASSES], scale;
    nas_net_tensor_get(r, tensor_at(r, "19.round.scale"), &scale);
    nas_net_predict(r, e.x, e.n, p);
    for (int i = 0; i < EXAMPLES * CLASSES; i++) {
        const int of = i / CLASSES * CLASSES;
        const double steps = log((double)p[i] / (double)p[of]) / (double)scale;
        assert_true(fabs(steps - round(steps)) < 0.01);
    }
    nas_net_close(folded);
    nas_net_close(r);
}

static double int8_loss(const nas_net *net) {
    const nas_examples e = toy();
    nas_arena *a;
    nas_interp *it;
    float q[CLASSES];
    double loss = 0;
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    const nas_graph g = int8_of(a, net);
    assert_int_equal(nas_interp_open(&g, &it, NULL), NAS_OK);
    for (int32_t i = 0; i < e.n; i++) {
        nas_interp_run(it, e.x + i * HIGH * WIDE, q);
        loss -= log(fmax((double)q[e.y[i]], 1.0 / 512));
    }
    nas_interp_close(it);
    nas_arena_close(a);
    return loss / e.n;
}

/* Training through the rounding makes the int8 file better, and keeps zeros and clusters. */
static void test_int8_tune(void **state) {
    (void)state;
    const nas_tuning int8 = {.all = true, .rounding = NAS_ROUND_CODES};
    nas_net *net = learned(&plain, 5, 0.5);
    nas_net *r = rounded(net, EXAMPLES);
    const double before = int8_loss(net);
    tune(r, &int8, 8, 1e-3);
    if (!(int8_loss(r) < before)) fail_msg("%g after %g", int8_loss(r), before);
    check_codes(r, 255, 0.5);
    nas_net_close(r);
    const nas_cluster_config c = {.on = true, .clusters = 4, .init = NAS_CLUSTER_KMEANS};
    cluster(net, &c, true);
    r = rounded(net, EXAMPLES);
    const double clustered = int8_loss(net);
    tune(r, &int8, 8, 1e-2);
    if (!(int8_loss(r) < clustered)) fail_msg("%g after %g", int8_loss(r), clustered);
    check_codes(r, 4, 0.5);
    nas_net_close(r);
    nas_net_close(net);
}

/* Smaller kernels than `least` stay float; a plain clustering has no codes. */
static void test_least(void **state) {
    (void)state;
    const nas_tuning dynamic = {.all = true, .rounding = NAS_ROUND_CODES, .least = 500};
    nas_net *net = learned(&plain, 2, 0);
    tune(net, &dynamic, 1, 1e-3);
    nas_arena *a;
    int32_t with = 0;
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    const nas_graph g = graph_of(a, net);
    for (int32_t i = 0; i < g.n_tensors; i++) {
        if (!g.tensors[i].n_scale) continue;
        assert_int_equal(nas_tensor_count(&g.tensors[i]), 540);
        with++;
    }
    assert_int_equal(with, 1);
    nas_arena_close(a);
    nas_net_close(net);
    net = learned(&plain, 1, 0);
    cluster(net, &eight, false);
    nas_tuner *t;
    assert_int_equal(nas_tune_open(net, &dynamic, &t, NULL), NAS_EINVAL);
    assert_null(t);
    nas_net_close(net);
}

static void test_half(void **state) {
    (void)state;
    const nas_tuning half = {.all = true, .rounding = NAS_ROUND_HALF};
    nas_net *net = learned(&plain, 2, 0.5);
    const int32_t at = tensor_at(net, "9.dense.bias");
    float odd[40];
    fill(odd, 40, 3);
    const float hard[] = {1e-9f,          -3e-8f,           65519,    70000,    -1e6f,
                          1.00048828125f, 5.96e-8f,         6.1e-5f,  2048,     2049,
                          2051,           -0.333333f,       8.94e-8f, 6.10e-5f, 65504,
                          -65520,         1.0014648437500f, 2.98e-8f};
    memcpy(odd, hard, sizeof hard);
    nas_net_tensor_set(net, at, odd);
    tune(net, &half, 0, 0);
    float *v = get(net, at);
    for (int i = 0; i < 40; i++) {
        const float expected = nas_half_value(nas_half_of(odd[i]));
        if (v[i] != expected)
            fail_msg("%.9g becomes %.9g, not %.9g", (double)odd[i], (double)v[i], (double)expected);
    }
    free(v);
    nas_net_close(net);
    net = learned(&plain, 2, 0.5);
    tune(net, &half, 2, 1e-3);
    for (int32_t i = 0; i < nas_net_tensors(net); i++) {
        const nas_net_tensor_info t = nas_net_tensor_at(net, i);
        v = get(net, i);
        for (int64_t j = 0; t.trainable && j < t.count; j++)
            assert_true(v[j] == nas_half_value(nas_half_of(v[j])));
        if (!strcmp(t.name, "6.conv2d.kernel")) assert_int_equal(zeros_in(v, t.count), 270);
        free(v);
    }
    nas_net_close(net);
}

/* A run of fine-tuning that is cut goes on with the same bits. */
static void test_tune_cut(void **state) {
    (void)state;
    const nas_examples e = toy();
    const nas_tuning int8 = {.all = true, .rounding = NAS_ROUND_CODES};
    const nas_train_config config = {
        .epochs = 2, .batch_size = BATCH, .learning_rate = {.from = 1e-3}};
    nas_net *folded = learned(&plain, 2, 0.5), *nets[2];
    nas_tuner *t[2];
    nas_trainer *trainer[2];
    nas_train_hook hook[2];
    nas_train_end end;
    nas_err err = {0};
    cluster(folded, &eight, true);
    for (int i = 0; i < 2; i++) {
        nets[i] = rounded(folded, EXAMPLES);
        check(nas_tune_open(nets[i], &int8, &t[i], &err), &err);
        hook[i] = nas_tune_hook(t[i]);
        const nas_trainer_options o = {
            .net = nets[i], .config = &config, .train = &e, .seed = 5, .hook = &hook[i]};
        check(nas_trainer_open(&o, &trainer[i], &err), &err);
    }
    check(nas_trainer_run(trainer[0], 3, NULL, NULL, NULL, &end, &err), &err);
    check(nas_trainer_run(trainer[1], 6, NULL, NULL, NULL, &end, &err), &err);
    const size_t bytes = nas_trainer_state_bytes(trainer[0]);
    void *state_at = malloc(bytes);
    nas_trainer_save(trainer[0], state_at);
    check(nas_trainer_load(trainer[1], state_at, bytes, &err), &err);
    assert_same_net(nets[0], nets[1], true);
    for (int i = 0; i < 2; i++)
        check(nas_trainer_run(trainer[i], 10, NULL, NULL, NULL, &end, &err), &err);
    assert_same_net(nets[0], nets[1], true);
    free(state_at);
    for (int i = 0; i < 2; i++) {
        nas_trainer_close(trainer[i]);
        nas_tune_close(t[i]);
        nas_net_close(nets[i]);
    }
    nas_net_close(folded);
}

static void test_net_state(void **state) {
    (void)state;
    nas_net *a = learned(&plain, 2, 0.5), *b = learned(&plain, 1, 0);
    cluster(a, &eight, true);
    const size_t bytes = nas_net_state_bytes(a);
    void *p = malloc(bytes), *q = malloc(bytes);
    nas_err err = {0};
    nas_net_save(a, p);
    check(nas_net_load(b, p, bytes, &err), &err);
    assert_int_equal(nas_net_state_bytes(b), bytes);
    nas_net_save(b, q);
    assert_memory_equal(p, q, bytes);
    check_codes(b, 8, 0.5);
    assert_int_equal(nas_net_load(b, p, bytes - 4, &err), NAS_EFORMAT);
    nas_net *other = open_net(&varied);
    assert_int_equal(nas_net_load(other, p, bytes, &err), NAS_EFORMAT);
    free(p);
    free(q);
    nas_net_close(a);
    nas_net_close(b);
    nas_net_close(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_centroids),
        cmocka_unit_test(test_clusters_float),
        cmocka_unit_test(test_clusters_channel),
        cmocka_unit_test(test_clusters_scaled),
        cmocka_unit_test(test_clusters_repeat),
        cmocka_unit_test(test_tune_recipe),
        cmocka_unit_test(test_cluster_tune),
        cmocka_unit_test(test_cluster_gradients),
        cmocka_unit_test(test_scaled_gradients),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_scales),
        cmocka_unit_test(test_like_file),
        cmocka_unit_test(test_dead_sum),
        cmocka_unit_test(test_round_gradients),
        cmocka_unit_test(test_int8_tune),
        cmocka_unit_test(test_least),
        cmocka_unit_test(test_half),
        cmocka_unit_test(test_tune_cut),
        cmocka_unit_test(test_net_state),
        cmocka_unit_test(test_round_grid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
