/* core/nn/layer_flatten.c - a map as one vector, channels innermost, without the padding that maps
 * are stored with. */
#include "core/nn/conv_int.h"

#include <string.h>

static const nas_key keys[] = {NAS_KEY_END};

/* Shape: in [h,w,c] -> out [1,1,h*w*c]. */
static nas_status flatten_plan(nas_node *node, nas_err *err) {
    const nas_shape in = node->in_shape[0];
    const int64_t c = (int64_t)in.h * in.w * in.c;
    if (c > (1 << 24))
        return nas_fail(err, NAS_ESHAPE, "%dx%dx%d is too long for a vector", in.h, in.w, in.c);
    node->out_shape = (nas_shape){1, 1, (int32_t)c};
    return NAS_OK;
}

static float *pixel(const nas_map *m, int32_t i, int32_t p) {
    return m->at + i * m->image + p / m->w * m->row + (ptrdiff_t)(p % m->w) * m->cs;
}

static void flatten_forward(const nas_node *node, const nas_run *run) {
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    const size_t c = (size_t)x.c;
    for (int32_t i = 0; i < run->n; i++)
        for (int32_t p = 0; p < x.h * x.w; p++)
            memcpy(y.at + i * y.image + (ptrdiff_t)p * x.c, pixel(&x, i, p), c * sizeof(float));
}

static void flatten_backward(const nas_node *node, const nas_run *run) {
    if (!node->edge[0].wanted) return;
    const nas_map dy = nas_node_dy(node, run), dx = nas_node_dx(node, 0, run);
    const size_t c = (size_t)dx.c;
    for (int32_t i = 0; i < run->n; i++)
        for (int32_t p = 0; p < dx.h * dx.w; p++)
            memcpy(pixel(&dx, i, p), dy.at + i * dy.image + (ptrdiff_t)p * dx.c, c * sizeof(float));
}

static nas_status flatten_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                                const int32_t in[2], int32_t *out, nas_err *err) {
    (void)net;
    *out = in[0];
    return nas_lower_rank(g, node->in_shape[0], true, out, err);
}

const nas_layer_ops nas_layer_flatten = {.name = "flatten",
                                         .keys = keys,
                                         .plan = flatten_plan,
                                         .forward = flatten_forward,
                                         .backward = flatten_backward,
                                         .lower = flatten_lower};
