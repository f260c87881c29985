/* core/compress/tune.c - fine-tuning that keeps zeros, clusters and rounding. The optimizer moves a
 * vector of values of its own: weights, or what the weights of a cluster share. The net's weights
 * are made of it after each step. */
#include "core/compress/tune.h"

#include "core/compress/compress_int.h"

#include <math.h>
#include <stdlib.h>

/* The values of one tensor. */
typedef struct part {
    nas_weight *w;
    float *param;
    const float *grad;
    float *values, *grads;
    size_t n;
    uint32_t *member; /* of each weight in Keras' order: its value; NULL: it has one of its own */
    bool *fixed;      /* of each value: it is zero and stays so; NULL: none is */
    nas_weight_rounding rounding;
    bool whole; /* one scale for all columns */
} part;

struct nas_tuner {
    nas_arena *arena;
    nas_net *net;
    nas_tuning tuning;
    int32_t n_parts;
    part *parts;
    size_t count;
    float *values, *grads;
    double *sums; /* room for the values of a part */
};

nas_status nas_check_folded(const nas_net *net, const char *what, nas_err *err) {
    for (int32_t i = 0; i < net->nodes.n; i++)
        if (net->nodes.v[i].ops->affine)
            return nas_fail(err, NAS_EINVAL, "%s: %s goes into a kernel; fold the net first", what,
                            net->nodes.v[i].label);
    return NAS_OK;
}

/* --- rounding --------------------------------------------------------------------------------- */

/* The nearest float16, halves to even, within +-65504. */
static float half_of(float v) {
    uint32_t bits;
    if (fabsf(v) < 0x1p-14f) return (v + 0.75f) - 0.75f; /* a float's unit at 0.75 is 2^-24 */
    v = v > 65504 ? 65504 : v < -65504 ? -65504 : v;
    memcpy(&bits, &v, sizeof bits);
    bits += 0xfff + (bits >> 13 & 1);
    bits &= ~UINT32_C(0x1fff);
    memcpy(&v, &bits, sizeof bits);
    return v;
}

static float code_of(float v) {
    const float code = roundf(v);
    return code > 127 ? 127 : code < -127 ? -127 : code;
}

static void share_largest(float *v, int32_t n) {
    for (int32_t c = 1; c < n; c++)
        if (v[c] > v[0]) v[0] = v[c];
    for (int32_t c = 1; c < n; c++) v[c] = v[0];
}

/* Each column, or all of them, by the largest of its values, which 127 shall mean. */
static void push_codes(const part *p) {
    const nas_weight *w = p->w;
    float *scales = w->coding.scales;
    memset(scales, 0, (size_t)w->cols * sizeof *scales);
    for (size_t i = 0, c = 0; i < p->n; i++, c = c + 1 < (size_t)w->cols ? c + 1 : 0)
        if (fabsf(p->values[i]) > scales[c]) scales[c] = fabsf(p->values[i]);
    if (p->whole) share_largest(scales, w->cols);
    for (int32_t c = 0; c < w->cols; c++) scales[c] = nas_code_scale(scales[c]);
    for (size_t r = 0, i = 0; r < (size_t)w->rows; r++)
        for (size_t c = 0; c < (size_t)w->cols; c++, i++)
            p->param[r * (size_t)w->stride + c] = code_of(p->values[i] / scales[c]) * scales[c];
}

static void push_clusters(const part *p) {
    const nas_weight *w = p->w;
    const float *scales = w->coding.scales;
    const uint32_t *member = p->member;
    for (size_t i = 0; scales && i < p->n; i++)
        p->values[i] = p->values[i] > 1 ? 1 : p->values[i] < -1 ? -1 : p->values[i];
    for (size_t r = 0; r < (size_t)w->rows; r++)
        for (size_t c = 0; c < (size_t)w->cols; c++) {
            const float v = p->values[*member++];
            float *to = &p->param[r * (size_t)w->stride + c];
            *to = scales                          ? code_of(127 * v) * scales[c]
                  : p->rounding == NAS_ROUND_HALF ? half_of(v)
                                                  : v;
        }
}

static void push(void *ctx) {
    nas_tuner *t = ctx;
    for (int32_t k = 0; k < t->n_parts; k++) {
        const part *p = &t->parts[k];
        if (p->member) {
            push_clusters(p);
        } else if (p->rounding == NAS_ROUND_CODES) {
            push_codes(p);
        } else {
            for (size_t i = 0; i < p->n; i++)
                p->param[nas_weight_place(p->w, i)] =
                    p->rounding == NAS_ROUND_HALF ? half_of(p->values[i]) : p->values[i];
        }
    }
    t->net->ready = false;
}

/* --- gradients -------------------------------------------------------------------------------- */

/* The sum over a cluster's weights; those on a scale move by their channel's largest weight. */
static void pull_clusters(const nas_tuner *t, const part *p) {
    const nas_weight *w = p->w;
    const float *scales = w->coding.scales;
    const uint32_t *member = p->member;
    memset(t->sums, 0, p->n * sizeof *t->sums);
    for (size_t r = 0; r < (size_t)w->rows; r++)
        for (size_t c = 0; c < (size_t)w->cols; c++) {
            const double g = (double)p->grad[r * (size_t)w->stride + c];
            t->sums[*member++] += scales ? g * 127 * (double)scales[c] : g;
        }
    for (size_t i = 0; i < p->n; i++) p->grads[i] = (float)t->sums[i];
}

static void pull(void *ctx) {
    const nas_tuner *t = ctx;
    for (int32_t k = 0; k < t->n_parts; k++) {
        const part *p = &t->parts[k];
        if (p->member)
            pull_clusters(t, p);
        else
            for (size_t i = 0; i < p->n; i++) p->grads[i] = p->grad[nas_weight_place(p->w, i)];
        for (size_t i = 0; p->fixed && i < p->n; i++)
            if (p->fixed[i]) p->grads[i] = 0;
    }
}

/* --- clusters, read off the net --------------------------------------------------------------- */

static int rising(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static uint32_t place_of(const float *keys, size_t n, float key) {
    size_t lo = 0, hi = n;
    while (hi - lo > 1) {
        const size_t i = lo + (hi - lo) / 2;
        if (keys[i] > key)
            hi = i;
        else
            lo = i;
    }
    return (uint32_t)lo;
}

/* What tells the clusters of a kernel apart: weights, or codes. */
static float key_of(const part *p, size_t i) {
    const float v = p->param[nas_weight_place(p->w, i)];
    const float *scales = p->w->coding.scales;
    return scales ? code_of(v / scales[i % (size_t)p->w->cols]) : v;
}

/* Columns first .. end share their values: the distinct keys, in order, from *at on. */
static void find_group(part *p, size_t first, size_t end, float *keys, float *at, size_t *n_at) {
    const size_t cols = (size_t)p->w->cols, rows = (size_t)p->w->rows;
    size_t n = 0, distinct = 0;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = first; c < end; c++) keys[n++] = key_of(p, r * cols + c);
    qsort(keys, n, sizeof *keys, rising);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || keys[i] != keys[i - 1]) keys[distinct++] = keys[i];
    for (size_t r = 0; r < rows; r++)
        for (size_t c = first; c < end; c++) {
            const size_t i = r * cols + c;
            p->member[i] = (uint32_t)*n_at + place_of(keys, distinct, key_of(p, i));
        }
    memcpy(at + *n_at, keys, distinct * sizeof *keys);
    *n_at += distinct;
}

static nas_status find_clusters(nas_tuner *t, part *p, nas_err *err) {
    const size_t count = nas_weight_count(p->w), cols = (size_t)p->w->cols;
    if (t->tuning.rounding == NAS_ROUND_CODES && !p->w->coding.scales)
        return nas_fail(err, NAS_EINVAL,
                        "fine-tuning: codes of clusters that were found on plain weights");
    p->member = nas_arena_array(t->arena, count, sizeof *p->member, err);
    float *keys = nas_arena_array(t->arena, count, sizeof *keys, err);
    float *values = nas_arena_array(t->arena, count, sizeof *values, err);
    if (!p->member || !keys || !values) return NAS_ENOMEM;
    const size_t wide = p->w->coding.by_channel ? 1 : cols;
    for (size_t c = 0; c < cols; c += wide) find_group(p, c, c + wide, keys, values, &p->n);
    p->fixed = nas_arena_array(t->arena, p->n, sizeof *p->fixed, err);
    if (!p->fixed) return NAS_ENOMEM;
    for (size_t i = 0; i < p->n; i++) {
        p->fixed[i] = values[i] == 0;
        if (p->w->coding.scales) values[i] /= 127;
    }
    p->values = values;
    return NAS_OK;
}

/* --- opening ---------------------------------------------------------------------------------- */

static nas_status take_weights(nas_tuner *t, part *p, bool kernel, nas_err *err) {
    p->n = nas_weight_count(p->w);
    p->values = nas_arena_array(t->arena, p->n, sizeof *p->values, err);
    if (kernel) p->fixed = nas_arena_array(t->arena, p->n, sizeof *p->fixed, err);
    if (!p->values || (kernel && !p->fixed)) return NAS_ENOMEM;
    for (size_t i = 0; i < p->n; i++) {
        p->values[i] = p->param[nas_weight_place(p->w, i)];
        if (kernel) p->fixed[i] = p->values[i] == 0;
    }
    p->rounding = t->tuning.rounding;
    if (p->rounding != NAS_ROUND_CODES) return NAS_OK;
    if (kernel && (p->w->coding.scales || (int64_t)p->n >= t->tuning.least))
        return nas_net_give_scales(t->net, p->w, err);
    p->rounding = NAS_ROUND_NONE;
    return NAS_OK;
}

static nas_status add_part(nas_tuner *t, nas_node *node, int32_t i, nas_err *err) {
    nas_weight *w = &node->weights[i];
    const bool kernel = nas_is_kernel(w);
    if (!w->trainable || (kernel && !w->coding.clusters && !t->tuning.all)) return NAS_OK;
    part *p = &t->parts[t->n_parts++];
    *p = (part){.w = w,
                .param = nas_node_param(node, i, t->net),
                .grad = nas_node_grad(node, i, t->net),
                .rounding = t->tuning.rounding,
                .whole = nas_shares_scale(node) && !t->tuning.dense_by_channel};
    NAS_TRY(w->coding.clusters ? find_clusters(t, p, err) : take_weights(t, p, kernel, err));
    t->count += p->n;
    return NAS_OK;
}

/* One vector for all parts, as the optimizer wants it. */
static nas_status join_parts(nas_tuner *t, nas_err *err) {
    size_t at = 0, most = 0;
    t->count = (t->count + NAS_CHANNELS) / NAS_CHANNELS * NAS_CHANNELS;
    t->values = nas_arena_array(t->arena, t->count, sizeof *t->values, err);
    t->grads = nas_arena_array(t->arena, t->count, sizeof *t->grads, err);
    for (int32_t k = 0; k < t->n_parts; k++)
        if (t->parts[k].n > most) most = t->parts[k].n;
    t->sums = nas_arena_array(t->arena, most, sizeof *t->sums, err);
    if (!t->values || !t->grads || !t->sums) return NAS_ENOMEM;
    for (int32_t k = 0; k < t->n_parts; k++) {
        part *p = &t->parts[k];
        memcpy(t->values + at, p->values, p->n * sizeof *p->values);
        p->values = t->values + at;
        p->grads = t->grads + at;
        at += p->n;
    }
    return NAS_OK;
}

static nas_status open_in(nas_tuner *t, nas_err *err) {
    nas_net *net = t->net;
    NAS_TRY(nas_check_folded(net, "fine-tuning", err));
    NAS_TRY(nas_arena_open(&t->arena, err));
    t->parts = nas_arena_array(t->arena, (size_t)nas_net_tensors(net), sizeof *t->parts, err);
    if (!t->parts) return NAS_ENOMEM;
    for (int32_t i = 0; i < net->nodes.n; i++)
        for (int32_t j = 0; j < net->nodes.v[i].n_weights; j++)
            NAS_TRY(add_part(t, &net->nodes.v[i], j, err));
    NAS_TRY(join_parts(t, err));
    push(t);
    return NAS_OK;
}

nas_status nas_tune_open(nas_net *net, const nas_tuning *tuning, nas_tuner **out, nas_err *err) {
    *out = NULL;
    nas_tuner *t = calloc(1, sizeof *t);
    if (!t) return nas_fail(err, NAS_ENOMEM, "fine-tuning: out of memory");
    t->net = net;
    t->tuning = *tuning;
    const nas_status st = open_in(t, err);
    if (st == NAS_OK)
        *out = t;
    else
        nas_tune_close(t);
    return st;
}

void nas_tune_close(nas_tuner *t) {
    if (!t) return;
    nas_arena_close(t->arena);
    free(t);
}

/* --- in the training loop --------------------------------------------------------------------- */

static size_t tune_state_bytes(const void *ctx, int64_t step) {
    const nas_tuner *t = ctx;
    (void)step;
    return t->count * sizeof *t->values;
}

static void tune_save(const void *ctx, int64_t step, void *out) {
    const nas_tuner *t = ctx;
    memcpy(out, t->values, tune_state_bytes(ctx, step));
}

static void tune_load(void *ctx, int64_t step, const void *in) {
    nas_tuner *t = ctx;
    memcpy(t->values, in, tune_state_bytes(ctx, step));
    push(t);
}

nas_train_hook nas_tune_hook(nas_tuner *t) {
    return (nas_train_hook){.ctx = t,
                            .after = push,
                            .count = t->count,
                            .values = t->values,
                            .grads = t->grads,
                            .gradients = pull,
                            .state_bytes = tune_state_bytes,
                            .save = tune_save,
                            .load = tune_load};
}

static nas_status run(nas_net *net, nas_tuner *tuner, const nas_tune_run *how, nas_train_end *end,
                      nas_err *err) {
    const nas_train_config *as = how->trainer.config;
    const nas_train_config config = {
        .epochs = how->epochs,
        .batch_size = as->batch_size,
        .label_smoothing = as->label_smoothing,
        .loss = as->loss,
        .huber_delta = as->huber_delta,
        .exact = as->exact,
        .patience = -1,
        .learning_rate = {.kind = NAS_SCHEDULE_CONSTANT, .from = how->learning_rate}};
    const nas_train_hook hook = nas_tune_hook(tuner);
    nas_trainer_options o = how->trainer;
    nas_trainer *trainer;
    o.net = net;
    o.config = &config;
    o.hook = &hook;
    NAS_TRY(nas_trainer_open(&o, &trainer, err));
    const nas_status st = nas_trainer_run(trainer, nas_trainer_steps(trainer), how->on_epoch,
                                          how->ctx, how->log, end, err);
    nas_trainer_close(trainer);
    return st;
}

nas_status nas_tune(nas_net *net, const nas_tuning *tuning, const nas_tune_run *how,
                    nas_train_end *end, nas_err *err) {
    nas_tuner *t;
    *end = NAS_TRAIN_DONE;
    NAS_TRY(nas_tune_open(net, tuning, &t, err));
    const nas_status st = how->epochs > 0 ? run(net, t, how, end, err) : NAS_OK;
    nas_tune_close(t);
    return st;
}
