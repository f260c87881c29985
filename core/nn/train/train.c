/* core/nn/train/train.c - the training loop. */
#include "core/nn/train/train.h"

#include "base/clock.h"
#include "base/flush.h"
#include "base/pages.h"
#include "base/team.h"
#include "core/nn/net/differences.h"
#include "core/nn/net/net_int.h"
#include "core/nn/train/optimizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 64 }; /* validation examples predicted at a time */

/* What keep and patience remember; all of it is state. */
typedef struct nas_best {
    double accuracy, loss;
    int32_t epoch;  /* from 1; 0: none has counted */
    int32_t waited; /* epochs that counted since then */
    int32_t ended;  /* patience is at its end */
    int32_t kept;   /* its weights are kept */
} nas_best;

struct nas_trainer {
    nas_trainer_options o;
    nas_train_config config;
    nas_train_hook hook;
    const nas_optimizer *optimizer;
    nas_differences *differences; /* NULL: weights move as they are */
    size_t moved;                 /* floats that the optimizer moves */
    int64_t epoch_steps, step;
    double loss_sum;     /* over the examples of the epoch so far */
    int32_t order_epoch; /* the epoch that order is of; -1: none */
    int32_t fresh_epoch; /* the epoch that refreshed examples are of; -1: none */
    nas_best best;
    void *block; /* all below */
    float *moments;
    float *best_params, *best_averages;
    float *x;             /* [batch or PIECE][h][w] */
    float *probabilities; /* [PIECE][classes] */
    float *values;        /* [batch][classes], with values in place of labels */
    int32_t *y;
    uint32_t *order;
    int32_t *others; /* of a maker that mixes, [batch] */
    float *shares;
    void *room; /* the maker's */
};

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static nas_status trainer_allocate(nas_trainer *t, nas_err *err) {
    const nas_net *net = t->o.net;
    const nas_examples *e = t->o.train;
    const size_t batch = (size_t)net->batch;
    const size_t kept = t->best.kept ? sizeof(float) : 0;
    const nas_batch_maker *m = &t->o.maker;
    const size_t mixed = m->mixes ? sizeof(float) : 0;
    const size_t sizes[] = {t->moved * (size_t)t->optimizer->moments * sizeof(float),
                            net->n_params * kept,
                            net->n_averages * kept,
                            larger(batch, PIECE) * (size_t)e->h * (size_t)e->w * sizeof(float),
                            PIECE * (size_t)net->classes * sizeof(float),
                            batch * sizeof(int32_t),
                            larger(1, (size_t)e->n) * sizeof(uint32_t),
                            e->y ? 0 : batch * (size_t)net->classes * sizeof(float),
                            batch * mixed,
                            batch * mixed,
                            m->room_bytes ? m->room_bytes(m->ctx, e) : 0};
    enum { N = sizeof sizes / sizeof *sizes };
    size_t at[N], total = 0;
    for (int i = 0; i < N; i++) {
        at[i] = total;
        total += (sizes[i] + 63) / 64 * 64;
    }
    char *p = nas_pages_alloc(total, &t->block);
    if (!p) return nas_fail(err, NAS_ENOMEM, "train: no room for %zu bytes", total);
    t->moments = (float *)(void *)(p + at[0]);
    t->best_params = (float *)(void *)(p + at[1]);
    t->best_averages = (float *)(void *)(p + at[2]);
    t->x = (float *)(void *)(p + at[3]);
    t->probabilities = (float *)(void *)(p + at[4]);
    t->y = (int32_t *)(void *)(p + at[5]);
    t->order = (uint32_t *)(void *)(p + at[6]);
    t->values = (float *)(void *)(p + at[7]);
    t->others = (int32_t *)(void *)(p + at[8]);
    t->shares = (float *)(void *)(p + at[9]);
    t->room = p + at[10];
    return NAS_OK;
}

static nas_status check_examples(const nas_net *net, const nas_examples *e, const char *part,
                                 nas_err *err) {
    const nas_shape in = net->nodes.input;
    if (in.h != e->h || in.w * in.c != e->w)
        return nas_fail(err, NAS_ESHAPE, "the model takes %dx%dx%d, but the %s examples are %dx%d",
                        in.h, in.w, in.c, part, e->h, e->w);
    if (nas_model_gives_values(&net->model) != !e->y || (!e->y && e->outputs != net->classes))
        return nas_fail(err, NAS_EINVAL,
                        "the %s examples have not what the model is to learn: %d values each", part,
                        net->classes);
    for (int32_t i = 0; e->y && i < e->n; i++)
        if (e->y[i] < 0 || e->y[i] >= net->classes)
            return nas_fail(err, NAS_EINVAL, "%s example %d has label %d, but there are %d classes",
                            part, i, e->y[i], net->classes);
    return NAS_OK;
}

static nas_status trainer_check(const nas_trainer *t, nas_err *err) {
    const nas_train_config *c = &t->config;
    if (c->epochs < 1 || c->batch_size < 1)
        return nas_fail(err, NAS_EINVAL, "train: %d epochs of batches of %d", c->epochs,
                        c->batch_size);
    if (t->o.train->n < 1) return nas_fail(err, NAS_EINVAL, "train: no training examples");
    if (c->batch_size > t->o.net->batch && t->o.train->n > t->o.net->batch)
        return nas_fail(err, NAS_EINVAL,
                        "train: batches of %d of %d examples, but the net was planned for %d",
                        c->batch_size, t->o.train->n, t->o.net->batch);
    if (!t->optimizer)
        return nas_fail(err, NAS_EINVAL, "train: there is no optimizer %d", c->optimizer);
    if (t->o.maker.mixes && !t->o.train->y)
        return nas_fail(err, NAS_EINVAL, "train: mixup is of labelled examples");
    if (c->weight_decay > 0 && t->hook.count)
        return nas_fail(err, NAS_EINVAL, "train: a hook's own values have no weight decay");
    if (!(c->warm_up_epochs >= 0 && c->warm_up_epochs < c->epochs))
        return nas_fail(err, NAS_EINVAL, "train: %g epochs of warm-up in %d epochs",
                        c->warm_up_epochs, c->epochs);
    const nas_schedule *rate = &c->learning_rate;
    if (rate->kind == NAS_SCHEDULE_EXPONENTIAL && !(rate->from > 0 && rate->to > 0))
        return nas_fail(err, NAS_EINVAL,
                        "train: an exponential learning rate from %g to %g; both "
                        "must be above 0",
                        rate->from, rate->to);
    NAS_TRY(check_examples(t->o.net, t->o.train, "training", err));
    if (t->o.validation) return check_examples(t->o.net, t->o.validation, "validation", err);
    return NAS_OK;
}

static nas_status open_differences(nas_trainer *t, nas_err *err) {
    NAS_TRY(nas_differences_open(t->o.net, t->o.train, &t->differences, err));
    nas_differences_begin(t->differences);
    return NAS_OK;
}

nas_status nas_trainer_open(const nas_trainer_options *o, nas_trainer **out, nas_err *err) {
    *out = NULL;
    nas_trainer *t = calloc(1, sizeof *t);
    if (!t) return nas_fail(err, NAS_ENOMEM, "train: out of memory");
    t->o = *o;
    t->config = *o->config;
    if (o->hook) t->hook = *o->hook;
    t->moved = t->hook.count ? t->hook.count : o->net->n_params;
    t->optimizer = nas_optimizer_at(o->config->optimizer);
    t->order_epoch = t->fresh_epoch = -1;
    t->best.kept = o->config->keep == 1;
    nas_status st = trainer_check(t, err);
    if (st == NAS_OK) {
        t->epoch_steps = nas_train_steps(&t->config, o->train->n) / t->config.epochs;
        st = trainer_allocate(t, err);
    }
    if (st == NAS_OK && t->config.differences && !t->hook.count) st = open_differences(t, err);
    if (st == NAS_OK)
        *out = t;
    else
        nas_trainer_close(t);
    return st;
}

void nas_trainer_close(nas_trainer *t) {
    if (!t) return;
    nas_differences_close(t->differences);
    free(t->block);
    free(t);
}

int64_t nas_train_steps(const nas_train_config *c, int32_t examples) {
    const int64_t b = c->batch_size;
    return c->epochs * ((examples + b - 1) / b);
}

int64_t nas_trainer_steps(const nas_trainer *t) {
    return t->config.epochs * t->epoch_steps;
}

int64_t nas_trainer_step(const nas_trainer *t) {
    return t->step;
}

/* A zero among weights that cancel each other leaves a sum where a difference was: under masks they
 * move one by one, and what the optimiser remembers of the others is forgotten. */
static bool moves_differences(nas_trainer *t, int64_t step) {
    if (!t->differences || (t->hook.masks && step > t->hook.masked_from)) return false;
    if (!t->hook.masks || step < t->hook.masked_from) return true;
    for (int32_t m = 0; m < t->optimizer->moments; m++)
        nas_differences_forget(t->differences, t->moments + (size_t)m * t->moved);
    return false;
}

typedef struct move {
    const nas_trainer *t;
    double rate;
} move;

static void move_slice(void *ctx, int32_t slice, int32_t lane) {
    const move *m = ctx;
    const nas_trainer *t = m->t;
    const nas_net *net = t->o.net;
    const nas_train_hook *h = &t->hook;
    (void)lane;
    t->optimizer->update(net->kernel, t->moved, (size_t)slice * NAS_SLICE,
                         nas_slice(t->moved, slice), h->count ? h->values : net->params,
                         h->count ? h->grads : net->grads, t->moments, m->rate, t->step,
                         t->config.momentum);
}

/* The step (from 0) that is under way has its gradients. */
static void update(nas_trainer *t, double rate, int32_t threads) {
    const nas_train_hook *h = &t->hook;
    const bool differences = moves_differences(t, t->step - 1);
    move m = {t, rate};
    if (h->gradients) h->gradients(h->ctx);
    if (differences) nas_differences_before(t->differences);
    nas_team_run(threads, nas_slices(t->moved), move_slice, &m);
    if (differences) nas_differences_after(t->differences);
    if (t->config.weight_decay > 0)
        nas_net_decay(t->o.net, (float)(t->config.weight_decay * rate), threads);
    if (h->after) h->after(h->ctx);
}

bool nas_trainer_done(const nas_trainer *t) {
    return t->best.ended || t->step == nas_trainer_steps(t);
}

static nas_loss loss_of(const nas_train_config *c) {
    return c->loss ? (nas_loss)c->loss : NAS_LOSS_SQUARED;
}

double nas_trainer_step_values(nas_trainer *t, const float *x, const float *values, int32_t n) {
    t->o.net->targets = values;
    t->o.net->loss_kind = loss_of(&t->config);
    t->o.net->delta = t->config.huber_delta;
    return nas_trainer_step_on(t, x, NULL, n);
}

double nas_trainer_step_on(nas_trainer *t, const float *x, const int32_t *y, int32_t n) {
    nas_net *net = t->o.net;
    const uint64_t mode = nas_flush_begin();
    if (t->hook.before) t->hook.before(t->hook.ctx, t->step);
    net->seed = t->o.seed;
    net->replicate = t->o.replicate;
    net->step = t->step;
    const double loss = nas_net_step(net, x, y, n, t->config.label_smoothing);
    if (isfinite(loss)) {
        const double rate = nas_train_rate(&t->config, t->step, nas_trainer_steps(t));
        t->step++;
        update(t, rate, nas_net_threads(net, n));
    }
    nas_flush_end(mode);
    return loss;
}

double nas_trainer_step_mixed(nas_trainer *t, const float *x, const int32_t *y, nas_mix mix,
                              int32_t n) {
    t->o.net->mix = mix;
    const double loss = nas_trainer_step_on(t, x, y, n);
    t->o.net->mix = (nas_mix){0};
    return loss;
}

/* Cross-entropy as it is trained on; is the largest output the label? */
static double judge_label(const nas_trainer *t, const float *p, int32_t label, bool *right) {
    const int32_t classes = t->o.net->classes;
    const double low = t->config.label_smoothing / classes;
    const double high = low + (1 - t->config.label_smoothing);
    int32_t best = 0;
    double loss = 0;
    for (int32_t c = 0; c < classes; c++) {
        if (p[c] > p[best]) best = c;
        const double target = c == label ? high : low;
        /* Keras' bound below; a NaN passes. */
        if (target > 0) loss -= target * log(p[c] < 1e-7f ? 1e-7 : (double)p[c]);
    }
    *right = best == label;
    return loss;
}

static double judge_values(const nas_trainer *t, const float *p, const float *target) {
    const int32_t n = t->o.net->classes;
    double loss = 0, slope;
    for (int32_t c = 0; c < n; c++)
        loss += nas_error_of(loss_of(&t->config), t->config.huber_delta,
                             (double)p[c] - (double)target[c], &slope);
    return loss / n;
}

/* Loss as it is trained on, and the share of examples whose largest output is their label. */
static void validate(nas_trainer *t, nas_epoch *e) {
    const nas_examples *v = t->o.validation;
    const size_t example = (size_t)v->h * (size_t)v->w, classes = (size_t)t->o.net->classes;
    double loss = 0;
    int64_t right = 0;
    for (int32_t first = 0; first < v->n; first += PIECE) {
        const int32_t n = v->n - first < PIECE ? v->n - first : PIECE;
        for (int32_t i = 0; i < n; i++)
            memcpy(t->x + (size_t)i * example, nas_example_x(v, first + i), example * sizeof *t->x);
        nas_net_predict(t->o.net, t->x, n, t->probabilities);
        for (int32_t i = 0; i < n; i++) {
            const float *p = t->probabilities + (size_t)i * classes;
            bool yes = false;
            loss += v->y ? judge_label(t, p, v->y[first + i], &yes)
                         : judge_values(t, p, nas_example_values(v, first + i));
            right += yes;
        }
    }
    e->val_loss = loss / v->n;
    if (v->y) e->val_accuracy = (double)right / v->n;
}

static void judge_epoch(nas_trainer *t, const nas_epoch *e) {
    nas_best *b = &t->best;
    const nas_net *net = t->o.net;
    if (!t->o.validation || !t->o.validation->n) return;
    if (e->step - t->epoch_steps < t->hook.counts_from) return;
    const double accuracy = t->o.validation->y ? e->val_accuracy : 0;
    const bool better =
        isfinite(e->val_loss) &&
        (!b->epoch || accuracy > b->accuracy || (accuracy >= b->accuracy && e->val_loss < b->loss));
    if (!better) {
        b->waited++;
        b->ended = t->config.patience > 0 && b->waited >= t->config.patience;
        return;
    }
    b->accuracy = accuracy;
    b->loss = e->val_loss;
    b->epoch = e->epoch;
    b->waited = 0;
    if (!b->kept) return;
    memcpy(t->best_params, net->params, net->n_params * sizeof(float));
    memcpy(t->best_averages, net->averages, net->n_averages * sizeof(float));
}

static void restore_best(nas_trainer *t) {
    nas_net *net = t->o.net;
    if (!t->best.kept || !t->best.epoch) return;
    memcpy(net->params, t->best_params, net->n_params * sizeof(float));
    memcpy(net->averages, t->best_averages, net->n_averages * sizeof(float));
    net->ready = false;
}

static void finish_epoch(nas_trainer *t, double seconds, nas_epoch *e) {
    *e = (nas_epoch){.epoch = (int32_t)(t->step / t->epoch_steps),
                     .step = t->step,
                     .loss = t->loss_sum / t->o.train->n,
                     .val_loss = (double)NAN,
                     .val_accuracy = (double)NAN};
    t->loss_sum = 0;
    const double start = nas_clock_wall();
    const uint64_t mode = nas_flush_begin();
    if (t->o.validation && t->o.validation->n > 0) validate(t, e);
    nas_flush_end(mode);
    judge_epoch(t, e);
    e->seconds = seconds + nas_clock_wall() - start;
}

static nas_batch batch_of(const nas_trainer *t, int32_t epoch, int32_t first, int32_t n) {
    const bool mixes = t->o.maker.mixes;
    return (nas_batch){.from = t->o.train,
                       .seed = t->o.seed,
                       .replicate = t->o.replicate,
                       .epoch = epoch,
                       .order = t->order,
                       .first = first,
                       .n = n,
                       .x = t->x,
                       .y = t->y,
                       .others = mixes ? t->others : NULL,
                       .shares = mixes ? t->shares : NULL,
                       .room = t->room};
}

static void go_to_epoch(nas_trainer *t, int32_t epoch) {
    const nas_trainer_options *o = &t->o;
    if (t->order_epoch == epoch) return;
    nas_batch_order(o->seed, o->replicate, epoch, o->train->n, t->order);
    const nas_batch b = batch_of(t, epoch, 0, 0);
    if (o->maker.begin) o->maker.begin(o->maker.ctx, &b);
    t->order_epoch = epoch;
}

/* A step on examples first .. first + n of the epoch's order. */
static double step_in_epoch(nas_trainer *t, int32_t epoch, int32_t first, int32_t n) {
    const nas_batch_maker *m = &t->o.maker;
    const nas_batch b = batch_of(t, epoch, first, n);
    if (m->fill)
        m->fill(m->ctx, &b);
    else
        nas_batch_gather(&b);
    if (!b.from->y) {
        nas_batch_values(&b, t->values);
        return nas_trainer_step_values(t, t->x, t->values, n);
    }
    if (!m->mixes) return nas_trainer_step_on(t, t->x, t->y, n);
    return nas_trainer_step_mixed(t, t->x, t->y, (nas_mix){t->others, t->shares}, n);
}

/* The next step of the run; false: its loss was not finite. */
static bool run_step(nas_trainer *t) {
    const int32_t epoch = (int32_t)(t->step / t->epoch_steps);
    const int32_t first = (int32_t)(t->step % t->epoch_steps) * t->config.batch_size;
    const int32_t left = t->o.train->n - first;
    const int32_t n = left < t->config.batch_size ? left : t->config.batch_size;
    go_to_epoch(t, epoch);
    const double loss = step_in_epoch(t, epoch, first, n);
    if (!isfinite(loss)) return false;
    t->loss_sum += loss * n;
    return true;
}

/* Brings examples that change from epoch to epoch to the epoch of the next step. */
static nas_status refresh(nas_trainer *t, nas_err *err) {
    const int32_t epoch = (int32_t)(t->step / t->epoch_steps);
    if (!t->o.refresh || t->fresh_epoch == epoch) return NAS_OK;
    t->fresh_epoch = -1;
    NAS_TRY(t->o.refresh(t->o.refresh_ctx, epoch, err));
    t->fresh_epoch = epoch;
    return NAS_OK;
}

static bool params_finite(const nas_net *net) {
    for (size_t i = 0; i < net->n_params; i++)
        if (!isfinite(net->params[i])) return false;
    return true;
}

nas_status nas_trainer_run(nas_trainer *t, int64_t until, nas_epoch_fn on_epoch, void *ctx,
                           const nas_log *log, nas_train_end *end, nas_err *err) {
    const int64_t steps = nas_trainer_steps(t);
    if (until > steps) until = steps;
    *end = NAS_TRAIN_DONE;
    double seconds = 0;
    while (t->step < until && !t->best.ended) {
        if (nas_should_stop(log))
            return nas_fail(err, NAS_ESTOP, "training stopped after step %lld of %lld",
                            (long long)t->step, (long long)steps);
        const double start = nas_clock_wall();
        NAS_TRY(refresh(t, err));
        if (!run_step(t)) {
            *end = NAS_TRAIN_DIVERGED;
            return NAS_OK;
        }
        seconds += nas_clock_wall() - start;
        if (t->step % t->epoch_steps) continue;
        nas_epoch e;
        finish_epoch(t, seconds, &e);
        seconds = 0;
        if (on_epoch) on_epoch(ctx, &e);
    }
    if (!nas_trainer_done(t)) return NAS_OK;
    restore_best(t);
    /* The last update is followed by no loss that would show it. */
    if (!params_finite(t->o.net)) *end = NAS_TRAIN_DIVERGED;
    return NAS_OK;
}

/* State: a head, then the parts below as stored, then the hook's. */
typedef struct state_head {
    char tag[8];
    uint64_t bytes, n_params, n_averages;
    int64_t step, steps;
    double loss_sum;
    int32_t batch_size, moments;
    nas_best best;
} state_head;

static const char state_tag[8] = {'n', 'a', 's', 't', 'r', 'n', '0' + NAS_TRAIN_VERSION, 0};

typedef struct state_part {
    float *at;
    size_t bytes;
} state_part;

enum { PARTS = 5 };

static void parts_of(const nas_trainer *t, state_part parts[PARTS]) {
    const nas_net *net = t->o.net;
    const size_t params = net->n_params * sizeof(float);
    const size_t averages = net->n_averages * sizeof(float);
    parts[0] = (state_part){net->params, params};
    parts[1] = (state_part){net->averages, averages};
    parts[2] = (state_part){t->moments, t->moved * sizeof(float) * (size_t)t->optimizer->moments};
    parts[3] = (state_part){t->best_params, t->best.kept ? params : 0};
    parts[4] = (state_part){t->best_averages, t->best.kept ? averages : 0};
}

static size_t state_bytes_at(const nas_trainer *t, int64_t step) {
    state_part parts[PARTS];
    size_t sum = sizeof(state_head);
    parts_of(t, parts);
    for (int i = 0; i < PARTS; i++) sum += parts[i].bytes;
    return sum + (t->hook.state_bytes ? t->hook.state_bytes(t->hook.ctx, step) : 0);
}

size_t nas_trainer_state_bytes(const nas_trainer *t) {
    return state_bytes_at(t, t->step);
}

static state_head head_of(const nas_trainer *t) {
    state_head h = {.bytes = nas_trainer_state_bytes(t),
                    .n_params = t->o.net->n_params,
                    .n_averages = t->o.net->n_averages,
                    .step = t->step,
                    .steps = nas_trainer_steps(t),
                    .loss_sum = t->loss_sum,
                    .batch_size = t->config.batch_size,
                    .moments = t->optimizer->moments,
                    .best = t->best};
    memcpy(h.tag, state_tag, sizeof h.tag);
    return h;
}

void nas_trainer_save(const nas_trainer *t, void *out) {
    const state_head h = head_of(t);
    state_part parts[PARTS];
    char *p = out;
    parts_of(t, parts);
    memcpy(p, &h, sizeof h);
    p += sizeof h;
    for (int i = 0; i < PARTS; p += parts[i++].bytes) memcpy(p, parts[i].at, parts[i].bytes);
    if (t->hook.save) t->hook.save(t->hook.ctx, t->step, p);
}

nas_status nas_trainer_load(nas_trainer *t, const void *in, size_t bytes, nas_err *err) {
    state_head h;
    const state_head mine = head_of(t);
    if (bytes < sizeof h)
        return nas_fail(err, NAS_EFORMAT, "training state: only %zu bytes", bytes);
    memcpy(&h, in, sizeof h);
    if (memcmp(h.tag, mine.tag, sizeof h.tag) || h.n_params != mine.n_params ||
        h.n_averages != mine.n_averages || h.steps != mine.steps ||
        h.batch_size != mine.batch_size || h.moments != mine.moments || h.step < 0 ||
        h.step > h.steps || h.best.kept != mine.best.kept)
        return nas_fail(err, NAS_EFORMAT,
                        "training state: made by another version, model or training configuration");
    const size_t expected = state_bytes_at(t, h.step);
    if (bytes != expected || h.bytes != expected)
        return nas_fail(err, NAS_EFORMAT,
                        "training state: %zu bytes, expected %zu for this model and optimizer",
                        bytes, expected);
    state_part parts[PARTS];
    const char *p = (const char *)in + sizeof h;
    parts_of(t, parts);
    for (int i = 0; i < PARTS; p += parts[i++].bytes) memcpy(parts[i].at, p, parts[i].bytes);
    if (t->hook.load) t->hook.load(t->hook.ctx, h.step, p);
    t->step = h.step;
    t->loss_sum = h.loss_sum;
    t->best = h.best;
    t->o.net->ready = false;
    return NAS_OK;
}
