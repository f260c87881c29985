/* core/nn/layers/dropout.c - Srivastava et al. 2014, inverted: while a net trains, each value is
 * dropped with probability rate, and what is left is divided by 1 - rate. Otherwise nothing
 * happens, and an exported net has no trace of it. What is dropped is a function of seed,
 * replicate, layer, step and place in the batch. */
#include "base/rng.h"
#include "core/nn/layers/conv_int.h"

static const nas_key keys[] = {{.name = "rate",
                                .kind = NAS_KEY_FLOAT,
                                .offset = offsetof(nas_layer_spec, rate),
                                .lo = 0,
                                .hi = 0.99,
                                .help = "fraction of the values that a training step drops"},
                               NAS_KEY_END};

static nas_status dropout_plan(nas_node *node, nas_err *err) {
    const double rate = node->spec->rate;
    node->out_shape = node->in_shape[0];
    if (!(rate >= 0 && rate < 1))
        return nas_fail(err, NAS_ESHAPE, "rate %g; it may be 0 to 0.99", rate);
    return NAS_OK;
}

/* The factors of a batch, kept for the way back. */
static nas_status dropout_bind(nas_node *node, const nas_value *values, nas_arena *a,
                               nas_err *err) {
    const nas_shape s = node->out_shape;
    (void)values;
    (void)a;
    (void)err;
    node->image_floats = (size_t)s.h * (size_t)s.w * (size_t)s.c;
    return NAS_OK;
}

static float *factors_of(const nas_node *node, const nas_run *run, int32_t i) {
    return node->work + (size_t)(run->first + i) * node->image_floats;
}

static void draw(const nas_node *node, const nas_run *run, int32_t i) {
    const nas_net *net = run->net;
    nas_rng rng =
        nas_rng_stream(net->seed, net->replicate, NAS_PURPOSE_DROPOUT, (uint32_t)node->number,
                       (uint32_t)net->step, (uint32_t)(run->first + i));
    const uint32_t least = (uint32_t)(node->spec->rate * 0x1p32);
    const float kept = (float)(1 / (1 - node->spec->rate));
    float *f = factors_of(node, run, i);
    for (size_t j = 0; j < node->image_floats; j++) f[j] = nas_rng_u32(&rng) < least ? 0 : kept;
}

/* y = x * f for one image. */
static void multiply(const nas_map *x, const float *f, int32_t i, const nas_map *y) {
    for (int32_t r = 0; r < x->h; r++)
        for (int32_t p = 0; p < x->w; p++, f += x->c) {
            const float *from = x->at + i * x->image + r * x->row + (ptrdiff_t)p * x->cs;
            float *to = y->at + i * y->image + r * y->row + (ptrdiff_t)p * y->cs;
            for (int32_t c = 0; c < x->c; c++) to[c] = from[c] * f[c];
        }
}

static void dropout_forward(const nas_node *node, const nas_run *run) {
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    if (!run->training) {
        run->kernel->add(&x, NULL, run->n, false, &y);
        return;
    }
    for (int32_t i = 0; i < run->n; i++) {
        draw(node, run, i);
        multiply(&x, factors_of(node, run, i), i, &y);
    }
}

static void dropout_backward(const nas_node *node, const nas_run *run) {
    if (!node->edge[0].wanted) return;
    const nas_map dy = nas_node_dy(node, run), dx = nas_node_dx(node, 0, run);
    for (int32_t i = 0; i < run->n; i++) multiply(&dy, factors_of(node, run, i), i, &dx);
}

const nas_layer_ops nas_layer_dropout = {.name = "dropout",
                                         .keys = keys,
                                         .is_idle = true,
                                         .channelwise = true,
                                         .plan = dropout_plan,
                                         .bind = dropout_bind,
                                         .forward = dropout_forward,
                                         .backward = dropout_backward,
                                         .lower = nas_nothing_lower};
