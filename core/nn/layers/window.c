/* core/nn/layers/window.c - windows on bordered maps as lists of taps. */
#include "core/nn/layers/conv_int.h"

/* k: what the window covers, gaps included. */
static void axis(int32_t padding, int32_t in, int32_t k, int32_t s, int32_t *out, int32_t *before) {
    *before = 0;
    if (padding == NAS_VALID) {
        *out = (in - k) / s + 1;
        return;
    }
    *out = (in + s - 1) / s;
    const int32_t need = (*out - 1) * s + k - in;
    if (padding == NAS_CAUSAL)
        *before = k - 1;
    else if (need > 0)
        *before = need / 2;
}

static int32_t reach(const nas_window *w, int32_t i) {
    return (w->kernel[i] - 1) * w->dilation[i] + 1;
}

nas_status nas_window_plan(const nas_layer_spec *spec, nas_shape in, nas_window *out,
                           nas_shape *shape, nas_err *err) {
    for (int32_t i = 0; i < 2; i++) {
        out->kernel[i] = spec->kernel[i];
        out->stride[i] = spec->stride[i];
        out->dilation[i] = spec->dilation[i] ? spec->dilation[i] : 1;
        if (spec->kernel[i] < 1 || spec->kernel[i] > NAS_MAX_KERNEL || spec->stride[i] < 1 ||
            spec->stride[i] > NAS_MAX_KERNEL || out->dilation[i] < 1 ||
            out->dilation[i] > NAS_MAX_KERNEL)
            return nas_fail(err, NAS_ESHAPE, "kernel, stride and dilation must be from 1 to %d",
                            NAS_MAX_KERNEL);
    }
    const int32_t h = reach(out, 0), w = reach(out, 1);
    if (h > in.h || w > in.w)
        return nas_fail(err, NAS_ESHAPE, "kernel %dx%d is larger than its input %dx%d%s", h, w,
                        in.h, in.w,
                        h > out->kernel[0] || w > out->kernel[1] ? ", with its dilation" : "");
    axis(spec->padding, in.h, h, out->stride[0], &shape->h, &out->before[0]);
    axis(spec->padding, in.w, w, out->stride[1], &shape->w, &out->before[1]);
    return NAS_OK;
}

nas_window nas_window_of(const nas_node *node, const nas_layer_spec *spec) {
    nas_window w;
    nas_shape s;
    (void)!nas_window_plan(spec, node->in_shape[0], &w, &s, NULL);
    return w;
}

static int32_t larger(int32_t a, int32_t b) {
    return a > b ? a : b;
}

/* Rows beyond n that the forward window reads. */
static int32_t after(const nas_window *w, int32_t i, int32_t in, int32_t out) {
    return larger(0, (out - 1) * w->stride[i] + reach(w, i) - w->before[i] - in);
}

/* Rows of dy before the first, and after the last, from which some dx would take. */
static int32_t grad_before(const nas_window *w, int32_t i) {
    return larger(0, reach(w, i) - 1 - w->before[i]) / w->stride[i];
}
static int32_t grad_after(const nas_window *w, int32_t i, int32_t in, int32_t out) {
    return larger(0, (in - 1 + w->before[i]) / w->stride[i] - (out - 1));
}

void nas_border_widen(nas_border *b, int32_t top, int32_t left, int32_t bottom, int32_t right) {
    b->top = larger(b->top, top);
    b->left = larger(b->left, left);
    b->bottom = larger(b->bottom, bottom);
    b->right = larger(b->right, right);
}

void nas_window_borders(const nas_window *w, nas_value *in, nas_value *out) {
    const nas_shape x = in->shape, y = out->shape;
    nas_border_widen(&in->border, w->before[0], w->before[1], after(w, 0, x.h, y.h),
                     after(w, 1, x.w, y.w));
    if (!in->has_grad) return;
    nas_border_widen(&out->grad_border, grad_before(w, 0), grad_before(w, 1),
                     grad_after(w, 0, x.h, y.h), grad_after(w, 1, x.w, y.w));
}

static nas_status room(nas_arena *a, nas_conv *c, int32_t taps, ptrdiff_t **at, int32_t **tap,
                       nas_err *err) {
    c->taps = 0;
    c->at = *at = nas_arena_array(a, (size_t)taps, sizeof **at, err);
    c->tap = *tap = nas_arena_array(a, (size_t)taps, sizeof **tap, err);
    return c->at && c->tap ? NAS_OK : NAS_ENOMEM;
}

static nas_status plan_forward(const nas_window *w, const nas_value *in, const nas_value *out,
                               bool depthwise, nas_arena *a, nas_taps *t, nas_err *err) {
    const nas_map *x = &in->x, *y = &out->x;
    const int32_t kh = w->kernel[0], kw = w->kernel[1];
    /* Without padding between pixels the taps of a row are one longer vector. */
    const bool joined = !depthwise && x->cs == x->c && w->dilation[1] == 1;
    const int32_t across = joined ? 1 : kw;
    nas_conv *c = &t->forward;
    *c = (nas_conv){.h = y->h,
                    .w = y->w,
                    .x_image = x->image,
                    .x_row = w->stride[0] * x->row,
                    .x_pixel = (ptrdiff_t)w->stride[1] * x->cs,
                    .y_image = y->image,
                    .y_row = y->row,
                    .y_pixel = y->cs,
                    .depth = x->c * (joined ? kw : 1),
                    .out = y->cs,
                    .w_out = 1,
                    .w_depth = y->cs,
                    .w_tap = (ptrdiff_t)y->cs * x->c * (joined ? kw : 1),
                    .used = y->c};
    ptrdiff_t *at;
    int32_t *tap;
    NAS_TRY(room(a, c, kh * across, &at, &tap, err));
    for (int32_t i = 0; i < kh; i++)
        for (int32_t j = 0; j < across; j++) {
            at[c->taps] = (i * w->dilation[0] - w->before[0]) * x->row +
                          (ptrdiff_t)(j * w->dilation[1] - w->before[1]) * x->cs;
            tap[c->taps] = c->taps;
            c->taps++;
        }
    t->packed = (size_t)c->taps * (size_t)c->depth * (size_t)c->out;
    return NAS_OK;
}

/* dx at row s * q + r takes dy at row (s * q + r + before - k) / s for each k (of dilated taps)
 * that divides. */
static nas_status plan_phase(const nas_window *w, int32_t rh, int32_t rw, const nas_map *dx,
                             const nas_map *dy, nas_arena *a, nas_phase *p, nas_err *err) {
    const int32_t sh = w->stride[0], sw = w->stride[1], kh = w->kernel[0], kw = w->kernel[1];
    nas_conv *c = &p->conv;
    *c = (nas_conv){.h = (dx->h - rh + sh - 1) / sh,
                    .w = (dx->w - rw + sw - 1) / sw,
                    .x_image = dy->image,
                    .x_row = dy->row,
                    .x_pixel = dy->cs,
                    .y_image = dx->image,
                    .y_row = sh * dx->row,
                    .y_pixel = (ptrdiff_t)sw * dx->cs,
                    .depth = dy->c,
                    .out = dx->cs,
                    .w_out = dy->cs,
                    .w_depth = 1,
                    .w_tap = (ptrdiff_t)dx->c * dy->cs,
                    .used = dx->c};
    p->dx = rh * dx->row + (ptrdiff_t)rw * dx->cs;
    ptrdiff_t *at;
    int32_t *tap;
    NAS_TRY(room(a, c, kh * kw, &at, &tap, err));
    for (int32_t i = 0; i < kh; i++)
        for (int32_t j = 0; j < kw; j++) {
            const int32_t y = rh + w->before[0] - i * w->dilation[0];
            const int32_t x = rw + w->before[1] - j * w->dilation[1];
            if (y % sh || x % sw) continue;
            at[c->taps] = y / sh * dy->row + (ptrdiff_t)(x / sw) * dy->cs;
            tap[c->taps++] = i * kw + j;
        }
    return NAS_OK;
}

nas_status nas_taps_plan(const nas_window *w, const nas_value *in, const nas_value *out,
                         const nas_map *dx, bool depthwise, nas_arena *a, nas_taps *t,
                         nas_err *err) {
    *t = (nas_taps){0};
    NAS_TRY(plan_forward(w, in, out, depthwise, a, t, err));
    if (!dx) return NAS_OK;
    t->phases = nas_arena_array(a, (size_t)(w->stride[0] * w->stride[1]), sizeof *t->phases, err);
    if (!t->phases) return NAS_ENOMEM;
    for (int32_t i = 0; i < w->stride[0] && i < dx->h; i++)
        for (int32_t j = 0; j < w->stride[1] && j < dx->w; j++) {
            nas_phase *p = &t->phases[t->n_phases++];
            NAS_TRY(plan_phase(w, i, j, dx, &out->dx, a, p, err));
            p->packed = t->packed_phases;
            t->packed_phases += (size_t)p->conv.taps * (size_t)p->conv.depth * (size_t)p->conv.out;
        }
    return NAS_OK;
}
