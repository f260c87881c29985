/* core/deploy/step_depthwise.c - DEPTHWISE_CONV_2D: one kernel for each channel. */
#include "core/deploy/hybrid.h"

#include <string.h>

typedef struct depthwise {
    nas_window win;
    nas_border border; /* channels repeated by the depth multiplier */
    float *map, *weights, *bias;
    float lo, hi;
    int16_t *map16, *weights16;
    int32_t *acc;
    nas_requant q;
    nas_hybrid hybrid;
} depthwise;

static void run_f32(const nas_step *s) {
    const depthwise *d = s->state;
    nas_border_f32(&d->border, s->x[0], d->map);
    s->kernel->depth_f32(&d->win, d->map, d->weights, d->bias, d->lo, d->hi, s->y);
}

static void run_i8(const nas_step *s) {
    const depthwise *d = s->state;
    nas_border_i8(&d->border, s->kernel, s->x[0], s->in[0]->zero_point[0], d->map16);
    s->kernel->depth_i8(&d->win, d->map16, d->weights16, d->acc);
    s->kernel->requant(d->win.n_pix, &d->win.out, &d->q, d->acc, s->y);
}

static void run_hybrid(const nas_step *s) {
    const depthwise *d = s->state;
    const nas_hybrid *h = &d->hybrid;
    float scale;
    int32_t zp;
    nas_hybrid_quantize(s->kernel, nas_tensor_count(s->in[0]), s->x[0], h->symmetric, h->codes,
                        &scale, &zp);
    nas_border_i8(&d->border, s->kernel, h->codes, zp, d->map16);
    s->kernel->depth_i8(&d->win, d->map16, d->weights16, d->acc);
    nas_hybrid_finish(h, s, d->win.n_pix, &d->win.out, scale, d->acc, s->y);
}

/* Weights [tap][channel] in the order of lanes. */
static nas_status open_f32(nas_step *s, depthwise *d, size_t items, nas_arena *a, nas_err *err) {
    const nas_window *win = &d->win;
    const nas_lanes *l = &win->out;
    const float *from = s->x[1];
    d->map = nas_arena_array(a, items, sizeof *d->map, err);
    d->weights = nas_arena_array(a, (size_t)win->n_seg * (size_t)l->room, sizeof(float), err);
    d->bias = nas_lanes_f32(l, s->x[2], a, err);
    if (!d->map || !d->weights || !d->bias) return NAS_ENOMEM;
    for (int64_t k = 0; k < win->n_seg; k++)
        for (int32_t i = 0; i < l->room; i++) {
            const int32_t c = nas_lanes_channel(l, i);
            if (c >= 0) d->weights[k * l->room + i] = from[k * l->c + c];
        }
    nas_clamp_f32(s->op->activation, &d->lo, &d->hi);
    s->run = run_f32;
    return NAS_OK;
}

static nas_status open_i8(nas_step *s, depthwise *d, size_t items, nas_arena *a, nas_err *err) {
    const nas_window *win = &d->win;
    const nas_lanes *l = &win->out;
    const int8_t *from = s->x[1];
    d->map16 = nas_arena_array(a, items, sizeof *d->map16, err);
    d->weights16 =
        nas_arena_array(a, (size_t)win->n_seg * (size_t)l->room, sizeof *d->weights16, err);
    d->acc = nas_arena_array(a, (size_t)win->n_pix * (size_t)l->room, sizeof *d->acc, err);
    if (!d->map16 || !d->weights16 || !d->acc) return NAS_ENOMEM;
    for (int64_t k = 0; k < win->n_seg; k++)
        for (int32_t i = 0; i < l->room; i++) {
            const int32_t c = nas_lanes_channel(l, i);
            if (c >= 0) d->weights16[k * l->room + i] = from[k * l->c + c];
        }
    if (nas_step_is_hybrid(s)) {
        s->run = run_hybrid;
        const int64_t n = nas_tensor_count(s->in[0]);
        return nas_hybrid_open(s, l, n, a, &d->hybrid, err);
    }
    s->run = run_i8;
    return nas_requant_open(s, l, a, &d->q, err);
}

nas_status nas_step_depthwise(nas_step *s, nas_arena *a, nas_err *err) {
    const nas_infer *k = s->kernel;
    const bool is_float = s->in[1]->dtype == NAS_F32;
    const int32_t c = s->out->dims[3];
    depthwise *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NAS_ENOMEM;
    NAS_TRY(nas_window_open(s, c, c / s->in[0]->dims[3], false, a, &d->border, &d->win, err));
    NAS_TRY(nas_lanes_open(c, k->width, is_float ? k->width : k->depth_unit, a, &d->win.out, err));
    s->state = d;
    /* Vectors may reach beyond the last pixel. */
    const size_t items = (size_t)d->border.h * (size_t)d->border.w * (size_t)c + (size_t)k->width;
    return is_float ? open_f32(s, d, items, a, err) : open_i8(s, d, items, a, err);
}
