/* core/nn/layers/batch_norm.c - batch normalisation. Ioffe and Szegedy 2015, algorithm 1 and the
 * gradients of section 3; running averages as in Keras: of the same (biased) variance.
 * Weights in the order gamma, beta, running mean, running variance. */
#include "core/nn/layers/conv_int.h"

#include <math.h>
#include <string.h>

static const nas_key keys[] = {{.name = "momentum",
                                .kind = NAS_KEY_FLOAT,
                                .offset = offsetof(nas_layer_spec, momentum),
                                .lo = 0,
                                .hi = 1,
                                .def = "0.99",
                                .help = "of the running averages"},
                               {.name = "epsilon",
                                .kind = NAS_KEY_FLOAT,
                                .offset = offsetof(nas_layer_spec, epsilon),
                                .lo = 1e-12,
                                .hi = 1,
                                .def = "0.001",
                                .help = "added to the variance"},
                               NAS_KEY_END};

enum { GAMMA, BETA, MEAN, VARIANCE };

/* Vectors of cs entries in node->work. */
typedef struct bn_work {
    float *scale, *shift;  /* y = x * scale + shift */
    float *slope, *offset; /* dx = scale * dz + slope * x + offset */
    float *mean, *rstd;    /* of the batch */
} bn_work;

/* The same, once for each part of a batch. */
typedef struct bn_part {
    float *sum, *dot, *from; /* of a chunk */
    double *total, *second;  /* over the chunks: mean and squared deviations; sum and dot */
} bn_part;

enum {
    BN_VECTORS = 6,
    BN_DOUBLE = sizeof(double) / sizeof(float),
    BN_PART_VECTORS = 4 + 2 * BN_DOUBLE /* one that keeps parts apart */
};

static bn_work work_of(const nas_node *node) {
    const size_t cs = (size_t)node->weights[GAMMA].stride;
    float *f = node->work;
    return (bn_work){.scale = f,
                     .shift = f + cs,
                     .slope = f + 2 * cs,
                     .offset = f + 3 * cs,
                     .mean = f + 4 * cs,
                     .rstd = f + 5 * cs};
}

static bn_part part_of(const nas_node *node, int32_t part) {
    const size_t cs = (size_t)node->weights[GAMMA].stride;
    float *f = node->work + (BN_VECTORS + (size_t)part * BN_PART_VECTORS) * cs;
    double *d = (double *)(void *)(f + 3 * cs);
    return (bn_part){.sum = f, .dot = f + cs, .from = f + 2 * cs, .total = d, .second = d + cs};
}

static nas_status bn_plan(nas_node *node, nas_err *err) {
    const nas_shape s = node->out_shape = node->in_shape[0];
    (void)err;
    nas_node_weight(node, "gamma", 1, s.c, true, NAS_INIT_ONES);
    nas_node_weight(node, "beta", 1, s.c, true, NAS_INIT_ZEROS);
    nas_node_weight(node, "mean", 1, s.c, false, NAS_INIT_ZEROS);
    nas_node_weight(node, "variance", 1, s.c, false, NAS_INIT_ONES);
    return NAS_OK;
}

static nas_status bn_bind(nas_node *node, const nas_value *values, nas_arena *a, nas_err *err) {
    (void)values;
    (void)a;
    (void)err;
    node->work_floats =
        (BN_VECTORS + NAS_PARTS * BN_PART_VECTORS) * (size_t)node->weights[GAMMA].stride;
    return NAS_OK;
}

static double pixels_of(const nas_map *m, int32_t n) {
    return (double)m->h * m->w * n;
}

static void bn_prepare(const nas_node *node, const nas_run *run) {
    if (run->training) return;
    const bn_work b = work_of(node);
    const float *gamma = nas_node_param(node, GAMMA, run->net);
    const float *beta = nas_node_param(node, BETA, run->net);
    const float *mean = nas_node_param(node, MEAN, run->net);
    const float *variance = nas_node_param(node, VARIANCE, run->net);
    for (int32_t c = 0; c < node->weights[GAMMA].stride; c++) {
        b.scale[c] = gamma[c] / sqrtf(variance[c] + (float)node->spec->epsilon);
        b.shift[c] = beta[c] - mean[c] * b.scale[c];
    }
}

/* Joins the moments of `here` pixels to those of `before` others (Chan, Golub and LeVeque 1979,
 * eq. 2.1). */
static void join(double *total, double *second, double before, double mean, double deviations,
                 double here) {
    const double delta = mean - *total;
    *total += delta * here / (before + here);
    *second += deviations + delta * delta * before * here / (before + here);
}

static void bn_reduce(const nas_node *node, const nas_run *run) {
    const bn_part b = part_of(node, run->part);
    const nas_map x = nas_node_x(node, 0, run);
    run->kernel->moments(&x, run->n, b.from, b.sum, b.dot);
    const double before = pixels_of(&x, run->done), here = pixels_of(&x, run->n);
    for (int32_t c = 0; c < x.cs; c++) {
        const double part = (double)b.sum[c] / here;
        const double mean = (double)b.from[c] + part;
        const double second = (double)b.dot[c] - part * (double)b.sum[c];
        if (run->opens) {
            b.total[c] = mean;
            b.second[c] = second;
        } else {
            join(&b.total[c], &b.second[c], before, mean, second, here);
        }
    }
}

/* Joins the parts to the first. */
static void join_parts(const nas_node *node, const nas_run *run, const nas_map *x) {
    const bn_part b = part_of(node, 0);
    const int32_t parts = nas_net_parts(run->net, run->batch);
    for (int32_t p = 1; p < parts; p++) {
        const bn_part other = part_of(node, p);
        const int32_t start = nas_part_start(run->batch, parts, p);
        const int32_t end = nas_part_start(run->batch, parts, p + 1);
        const double before = pixels_of(x, start), here = pixels_of(x, end - start);
        for (int32_t c = 0; c < x->cs; c++)
            join(&b.total[c], &b.second[c], before, other.total[c], other.second[c], here);
    }
}

static void bn_finish(const nas_node *node, const nas_run *run) {
    const bn_work b = work_of(node);
    const bn_part sums = part_of(node, 0);
    const nas_map x = run->net->values[node->in[0]].x;
    const double n = pixels_of(&x, run->batch);
    join_parts(node, run, &x);
    const float keep = (float)node->spec->momentum, take = (float)(1 - node->spec->momentum);
    const float *gamma = nas_node_param(node, GAMMA, run->net);
    const float *beta = nas_node_param(node, BETA, run->net);
    float *mean = nas_node_param(node, MEAN, run->net);
    float *variance = nas_node_param(node, VARIANCE, run->net);
    for (int32_t c = 0; c < x.c; c++) {
        /* A comparison that lets a NaN through. */
        const double v = sums.second[c] < 0 ? 0 : sums.second[c] / n;
        b.mean[c] = (float)sums.total[c];
        b.rstd[c] = (float)(1 / sqrt(v + node->spec->epsilon));
        b.scale[c] = gamma[c] * b.rstd[c];
        b.shift[c] = beta[c] - b.mean[c] * b.scale[c];
        mean[c] = mean[c] * keep + b.mean[c] * take;
        variance[c] = variance[c] * keep + (float)v * take;
    }
    const size_t rest = (size_t)(x.cs - x.c) * sizeof(float);
    memset(b.mean + x.c, 0, rest);
    memset(b.scale + x.c, 0, rest);
    memset(b.shift + x.c, 0, rest);
}

static void bn_forward(const nas_node *node, const nas_run *run) {
    const bn_work b = work_of(node);
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    run->kernel->affine(&x, run->n, b.scale, b.shift, node->relu, &y);
}

static void bn_dreduce(const nas_node *node, const nas_run *run) {
    const bn_work b = work_of(node);
    const nas_map x = nas_node_x(node, 0, run), dy = nas_node_dy(node, run);
    const bn_part p = part_of(node, run->part);
    run->kernel->affine_sums(&x, &dy, run->n, b.scale, b.shift, node->relu, b.mean, p.sum, p.dot);
    for (int32_t c = 0; c < x.c; c++) {
        p.total[c] = (run->opens ? 0 : p.total[c]) + (double)p.sum[c];
        p.second[c] = (run->opens ? 0 : p.second[c]) + (double)p.dot[c];
    }
}

/* dx = gamma * rstd * (dz - mean(dz) - (x - mean) * rstd^2 * mean(dz * (x - mean))). */
static void bn_dfinish(const nas_node *node, const nas_run *run) {
    const bn_work b = work_of(node);
    const bn_part sums = part_of(node, 0);
    const nas_map x = run->net->values[node->in[0]].x;
    const double n = pixels_of(&x, run->batch);
    const int32_t parts = nas_net_parts(run->net, run->batch);
    for (int32_t p = 1; p < parts; p++)
        for (int32_t c = 0; c < x.c; c++) {
            sums.total[c] += part_of(node, p).total[c];
            sums.second[c] += part_of(node, p).second[c];
        }
    float *dgamma = nas_node_grad(node, GAMMA, run->net);
    float *dbeta = nas_node_grad(node, BETA, run->net);
    for (int32_t c = 0; c < x.c; c++) {
        const double rstd = (double)b.rstd[c], dot = sums.second[c] * rstd;
        dgamma[c] += (float)dot;
        dbeta[c] += (float)sums.total[c];
        const double slope = -(double)b.scale[c] * rstd * dot / n;
        b.slope[c] = (float)slope;
        b.offset[c] = (float)(-(double)b.scale[c] * sums.total[c] / n - slope * (double)b.mean[c]);
    }
}

static void bn_backward(const nas_node *node, const nas_run *run) {
    if (!node->edge[0].wanted) return;
    const bn_work b = work_of(node);
    const nas_map x = nas_node_x(node, 0, run), dy = nas_node_dy(node, run);
    const nas_map dx = nas_node_dx(node, 0, run);
    run->kernel->affine_grad(&x, &dy, run->n, b.scale, b.shift, node->relu, b.slope, b.offset, &dx);
}

static nas_status bn_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                           const int32_t in[2], int32_t *out, nas_err *err) {
    const nas_shape s = node->out_shape;
    const float *gamma = nas_node_param(node, GAMMA, net), *beta = nas_node_param(node, BETA, net);
    const float *mean = nas_node_param(node, MEAN, net);
    const float *variance = nas_node_param(node, VARIANCE, net);
    float *v = nas_arena_array(g->arena, (size_t)s.c * 2, sizeof *v, err);
    if (!v) return NAS_ENOMEM;
    for (int32_t c = 0; c < s.c; c++) {
        const double scale = (double)gamma[c] / sqrt((double)variance[c] + node->spec->epsilon);
        v[c] = (float)scale;
        v[s.c + c] = (float)((double)beta[c] - (double)mean[c] * scale);
    }
    const bool flat = g->tensors[in[0]].rank == 2;
    nas_op mul = {.kind = NAS_OP_MUL, .n_in = 2, .in = {in[0]}};
    nas_op add = {.kind = NAS_OP_ADD, .n_in = 2};
    NAS_TRY(nas_graph_constant(g, 1, &s.c, v, &mul.in[1], err));
    NAS_TRY(nas_graph_constant(g, 1, &s.c, v + s.c, &add.in[1], err));
    NAS_TRY(nas_lower_op(g, mul, s, flat, &add.in[0], err));
    return nas_lower_op(g, add, s, flat, out, err);
}

/* As it is lowered. */
static void bn_affine(const nas_node *node, const nas_net *net, int32_t c, float *scale,
                      float *shift) {
    const double variance = (double)nas_node_param(node, VARIANCE, net)[c];
    const double s =
        (double)nas_node_param(node, GAMMA, net)[c] / sqrt(variance + node->spec->epsilon);
    const double mean = (double)nas_node_param(node, MEAN, net)[c];
    *scale = (float)s;
    *shift = (float)((double)nas_node_param(node, BETA, net)[c] - mean * s);
}

const nas_layer_ops nas_layer_batch_norm = {.name = "batch_norm",
                                            .keys = keys,
                                            .can_relu = true,
                                            .folded = &nas_layer_affine,
                                            .channelwise = true,
                                            .is_cheap = true,
                                            .plan = bn_plan,
                                            .bind = bn_bind,
                                            .prepare = bn_prepare,
                                            .forward = bn_forward,
                                            .backward = bn_backward,
                                            .reduce = bn_reduce,
                                            .finish = bn_finish,
                                            .dreduce = bn_dreduce,
                                            .dfinish = bn_dfinish,
                                            .lower = bn_lower,
                                            .affine = bn_affine};
