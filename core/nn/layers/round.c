/* core/nn/layers/round.c - what storing an activation as int8 does to it, for training through it:
 * y = ((clamp(round(x / scale) + zero, -128, 127)) - zero) * scale; the gradient passes where x is
 * within the range. Jacob et al., CVPR 2018, section 3. The range is not trained; it comes from
 * nas_net_round. No operator: the scale goes to the tensor that is rounded. */
#include "core/nn/layers/conv_int.h"
#include "core/nn/net/round_int.h"

#include <math.h>

static const nas_key keys[] = {NAS_KEY_END};

enum { SCALE, ZERO };

/* A narrower range is widened to this, as for the file. */
static const float least_range = 1e-5f;

typedef struct round_own {
    float min, max;
    bool finite;
} round_own;

static nas_status round_plan(nas_node *node, nas_err *err) {
    (void)err;
    node->out_shape = node->in_shape[0];
    nas_node_weight(node, "scale", 1, 1, false, NAS_INIT_ONES);
    nas_node_weight(node, "zero", 1, 1, false, NAS_INIT_ZEROS);
    return NAS_OK;
}

static nas_status round_bind(nas_node *node, const nas_value *values, nas_arena *a, nas_err *err) {
    (void)values;
    node->own = nas_arena_alloc(a, sizeof(round_own), err);
    return node->own ? NAS_OK : NAS_ENOMEM;
}

static const float *row_of(const nas_map *m, int32_t image, int32_t y) {
    return m->at + image * m->image + y * m->row;
}
static float *row_to(const nas_map *m, int32_t image, int32_t y) {
    return m->at + image * m->image + y * m->row;
}

/* Channels that only fill up are 0 and lie in every range. */
static void watch(round_own *own, const nas_map *x, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        for (int32_t h = 0; h < x->h; h++) {
            const float *v = row_of(x, i, h);
            for (int32_t k = 0; k < x->w * x->cs; k++) {
                if (v[k] < own->min) own->min = v[k];
                if (v[k] > own->max) own->max = v[k];
                if (!isfinite(v[k])) own->finite = false;
            }
        }
}

/* The nearest integer of |v| < 2^22, ties to even. */
static float nearest(float v) {
    const float big = 12582912.0f; /* 1.5 * 2^23 */
    return (v + big) - big;
}

static void round_map(const nas_map *x, int32_t n, float scale, float zero, const nas_map *y) {
    const float lo = -128 - zero, hi = 127 - zero, inverse = 1 / scale;
    for (int32_t i = 0; i < n; i++)
        for (int32_t h = 0; h < x->h; h++) {
            const float *from = row_of(x, i, h);
            float *to = row_to(y, i, h);
            for (int32_t k = 0; k < x->w * x->cs; k++) {
                float v = from[k] * inverse;
                v = v < lo ? lo : v;
                v = v > hi ? hi : v;
                to[k] = nearest(v) * scale;
            }
        }
}

static void round_forward(const nas_node *node, const nas_run *run) {
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    if (run->net->watching) {
        watch(node->own, &x, run->n);
        run->kernel->add(&x, NULL, run->n, false, &y);
        return;
    }
    round_map(&x, run->n, *nas_node_param(node, SCALE, run->net),
              *nas_node_param(node, ZERO, run->net), &y);
}

static void round_backward(const nas_node *node, const nas_run *run) {
    if (!node->edge[0].wanted) return;
    const nas_map x = nas_node_x(node, 0, run), dy = nas_node_dy(node, run);
    const nas_map dx = nas_node_dx(node, 0, run);
    const float scale = *nas_node_param(node, SCALE, run->net);
    const float zero = *nas_node_param(node, ZERO, run->net);
    const float lo = (-128 - zero) * scale, hi = (127 - zero) * scale;
    for (int32_t i = 0; i < run->n; i++)
        for (int32_t h = 0; h < x.h; h++) {
            const float *v = row_of(&x, i, h), *from = row_of(&dy, i, h);
            float *to = row_to(&dx, i, h);
            for (int32_t k = 0; k < x.w * x.cs; k++) to[k] = v[k] < lo || v[k] > hi ? 0 : from[k];
        }
}

static nas_status round_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                              const int32_t in[2], int32_t *out, nas_err *err) {
    float *scale = nas_arena_alloc(g->arena, sizeof *scale, err);
    int32_t *zero = nas_arena_alloc(g->arena, sizeof *zero, err);
    if (!scale || !zero) return NAS_ENOMEM;
    *scale = *nas_node_param(node, SCALE, net);
    *zero = (int32_t)*nas_node_param(node, ZERO, net);
    nas_tensor *t = &g->tensors[ *out = in[0]];
    t->n_scale = 1;
    t->scale = scale;
    t->zero_point = zero;
    return NAS_OK;
}

const nas_layer_ops nas_layer_round = {.name = "round",
                                       .keys = keys,
                                       .channelwise = true,
                                       .is_cheap = true,
                                       .plan = round_plan,
                                       .bind = round_bind,
                                       .forward = round_forward,
                                       .backward = round_backward,
                                       .lower = round_lower};

void nas_round_forget(const nas_node *node) {
    *(round_own *)node->own = (round_own){.finite = true};
}

static const nas_node *maker(const nas_net *net, int32_t value) {
    return value ? &net->nodes.v[value - 1] : NULL;
}

/* The scale of what lies at a value: that of the last rounding before it. */
static float scale_at(const nas_net *net, int32_t value) {
    const nas_node *node = maker(net, value);
    while (node && node->ops != &nas_layer_round) node = maker(net, node->in[0]);
    return node ? *nas_node_param(node, SCALE, net) : 0;
}

/* Of the addition whose sum, with or without its ReLU, is rounded: the larger scale of what it
 * adds; 0: it is no sum. */
static float larger_scale(const nas_node *node, const nas_net *net) {
    const nas_node *from = maker(net, node->in[0]);
    while (from && (from->ops->is_relu || from->ops->is_idle)) from = maker(net, from->in[0]);
    if (!from || from->ops != &nas_layer_add) return 0;
    const float p = scale_at(net, from->in[0]), q = scale_at(net, from->in[1]);
    return p > q ? p : q;
}

/* Asymmetric, 0 included (Jacob et al. 2018, section 2.1), with the converter's numbers. */
bool nas_round_settle(const nas_node *node, const nas_net *net) {
    const round_own *own = node->own;
    float max = own->max - own->min < least_range ? own->min + least_range : own->max;
    const float width = nas_int8_add_width(max - own->min, larger_scale(node, net));
    if (width > max - own->min) max = own->min + width;
    const float scale = (max - own->min) / 255;
    const float zero = (float)(-128 - (double)own->min / (double)scale);
    *nas_node_param(node, SCALE, net) = scale;
    *nas_node_param(node, ZERO, net) = roundf(zero < -128 ? -128 : zero > 127 ? 127 : zero);
    return own->finite && isfinite(scale);
}
