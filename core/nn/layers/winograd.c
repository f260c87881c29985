/* core/nn/layers/winograd.c - which convolutions go by tiles, by which, and how they lie on the
 * maps. */
#include "core/nn/layers/conv_int.h"

enum {
    LEAST_CHANNELS = 16, /* below, vectors would be filled with zeros */
    TRANSFORM = 6,       /* cost of a value's transforms, in multiplications of the direct way */
    GROUP_TILES = 24     /* worked on at a time for every 64 channels: fewer would wait for the
                            weights, more for their own values */
};

static int32_t tiles_of(int32_t pixels, int32_t tile) {
    return (pixels + tile - 1) / tile;
}

/* Multiplications of an image, transforms included. */
static double cost_of(nas_shape y, double in, double out, int32_t th, int32_t tw) {
    const double tiles = (double)tiles_of(y.h, th) * tiles_of(y.w, tw);
    return tiles * (th + 2) * (tw + 2) * (in * out + TRANSFORM * (in + out));
}

void nas_winograd_choose(nas_node *node, const nas_window *w, bool exact) {
    const nas_shape x = node->in_shape[0], y = node->out_shape;
    node->tile[0] = node->tile[1] = 0;
    for (int32_t i = 0; i < 2; i++)
        if (w->kernel[i] != 3 || w->stride[i] != 1 || w->dilation[i] != 1 || w->before[i] > 2)
            return;
    if (x.c < LEAST_CHANNELS || y.c < LEAST_CHANNELS || !node->in[0]) return;
    const double in = nas_channels_stored(x.c), out = nas_channels_stored(y.c);
    double best = 0.8 * 9 * y.h * y.w * in * out;
    const int32_t most = exact ? 2 : 4;
    for (int32_t th = 2; th <= most; th += 2)
        for (int32_t tw = 2; tw <= most; tw += 2) {
            const double cost = cost_of(y, in, out, th, tw);
            if (cost >= best) continue;
            best = cost;
            node->tile[0] = th;
            node->tile[1] = tw;
        }
}

int32_t nas_winograd_images(const nas_node *node) {
    const nas_shape y = node->out_shape;
    const int32_t tiles = tiles_of(y.h, node->tile[0]) * tiles_of(y.w, node->tile[1]);
    const int32_t channels = y.c > node->in_shape[0].c ? y.c : node->in_shape[0].c;
    return tiles_of(GROUP_TILES * (channels < 128 ? 1 : channels / 64), tiles);
}

static int32_t larger(int32_t a, int32_t b) {
    return a > b ? a : b;
}

/* As far as tiles reach beyond the map: of x going forward, of dy going back or for the weights. */
void nas_winograd_borders(const nas_node *node, const nas_window *w, nas_value *in,
                          nas_value *out) {
    const nas_shape x = in->shape, y = out->shape;
    const int32_t xs[2] = {x.h, x.w}, ys[2] = {y.h, y.w};
    int32_t after[2], grad_after[2];
    for (int32_t i = 0; i < 2; i++) {
        const int32_t m = node->tile[i];
        after[i] = tiles_of(ys[i], m) * m + 2 - w->before[i] - xs[i];
        grad_after[i] =
            larger(tiles_of(xs[i], m) * m + w->before[i], tiles_of(ys[i], m) * m) - ys[i];
    }
    nas_border_widen(&in->border, w->before[0], w->before[1], after[0], after[1]);
    nas_border_widen(&out->grad_border, 2 - w->before[0], 2 - w->before[1], grad_after[0],
                     grad_after[1]);
}

static nas_winograd tiles_on(const nas_node *node, const nas_map *x, const nas_map *y) {
    return (nas_winograd){.conv = {.h = y->h,
                                   .w = y->w,
                                   .x_image = x->image,
                                   .x_row = x->row,
                                   .x_pixel = x->cs,
                                   .y_image = y->image,
                                   .y_row = y->row,
                                   .y_pixel = y->cs,
                                   .depth = x->c,
                                   .out = y->cs,
                                   .used = y->c},
                          .tile = {node->tile[0], node->tile[1]},
                          .tiles = {tiles_of(y->h, node->tile[0]), tiles_of(y->w, node->tile[1])},
                          .images = nas_winograd_images(node)};
}

nas_winograd nas_winograd_forward(const nas_node *node, const nas_window *w, const nas_map *x,
                                  const nas_map *y) {
    nas_winograd p = tiles_on(node, x, y);
    p.conv.w_out = 1;
    p.conv.w_depth = y->cs;
    p.conv.w_tap = (ptrdiff_t)y->cs * x->c;
    p.at = -w->before[0] * x->row - (ptrdiff_t)w->before[1] * x->cs;
    for (int32_t t = 0; t < 9; t++) p.tap[t] = t;
    return p;
}

/* The window is turned around, and the kernel's two channels change places. */
nas_winograd nas_winograd_backward(const nas_node *node, const nas_window *w, const nas_map *dy,
                                   const nas_map *dx) {
    nas_winograd p = tiles_on(node, dy, dx);
    p.conv.w_out = dy->cs;
    p.conv.w_depth = 1;
    p.conv.w_tap = (ptrdiff_t)dy->cs * dx->c;
    p.at = (w->before[0] - 2) * dy->row + (ptrdiff_t)(w->before[1] - 2) * dy->cs;
    for (int32_t t = 0; t < 9; t++) p.tap[t] = 8 - t;
    return p;
}
