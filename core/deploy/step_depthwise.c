/* core/deploy/step_depthwise.c - DEPTHWISE_CONV_2D: one kernel for each channel. */
#include "core/deploy/hybrid.h"

#include <string.h>

typedef struct depthwise {
    nas_window win;
    nas_border border; /* channels padded to room, repeated by the depth multiplier */
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
    nas_border_i8(&d->border, s->x[0], s->in[0]->zero_point[0], d->map16);
    s->kernel->depth_i8(&d->win, d->map16, d->weights16, d->acc);
    s->kernel->requant(d->win.n_pix, d->win.c, d->win.room, &d->q, d->acc, s->y);
}

static void run_hybrid(const nas_step *s) {
    const depthwise *d = s->state;
    const nas_hybrid *h = &d->hybrid;
    float scale;
    int32_t zp;
    nas_hybrid_quantize(s->kernel, nas_tensor_count(s->in[0]), s->x[0], h->symmetric, h->codes,
                        &scale, &zp);
    nas_border_i8(&d->border, h->codes, zp, d->map16);
    s->kernel->depth_i8(&d->win, d->map16, d->weights16, d->acc);
    nas_hybrid_finish(h, s, &d->win, scale, d->acc, s->y);
}

static nas_status open_f32(nas_step *s, depthwise *d, size_t items, nas_arena *a, nas_err *err) {
    const nas_window *win = &d->win;
    const float *from = s->x[1];
    d->map = nas_arena_array(a, items, sizeof *d->map, err);
    d->weights = nas_arena_array(a, (size_t)win->n_seg * (size_t)win->room, sizeof(float), err);
    d->bias = nas_arena_array(a, (size_t)win->room, sizeof *d->bias, err);
    if (!d->map || !d->weights || !d->bias) return NAS_ENOMEM;
    for (int64_t k = 0; k < win->n_seg; k++)
        memcpy(d->weights + k * win->room, from + k * win->c, (size_t)win->c * sizeof *from);
    if (s->x[2]) memcpy(d->bias, s->x[2], (size_t)win->c * sizeof *d->bias);
    nas_clamp_f32(s->op->activation, &d->lo, &d->hi);
    s->run = run_f32;
    return NAS_OK;
}

static nas_status open_i8(nas_step *s, depthwise *d, size_t items, nas_arena *a, nas_err *err) {
    const nas_window *win = &d->win;
    const int8_t *from = s->x[1];
    d->map16 = nas_arena_array(a, items, sizeof *d->map16, err);
    d->weights16 =
        nas_arena_array(a, (size_t)win->n_seg * (size_t)win->room, sizeof *d->weights16, err);
    d->acc = nas_arena_array(a, (size_t)win->n_pix * (size_t)win->room, sizeof *d->acc, err);
    if (!d->map16 || !d->weights16 || !d->acc) return NAS_ENOMEM;
    for (int64_t k = 0; k < win->n_seg; k++)
        for (int32_t c = 0; c < win->c; c++) d->weights16[k * win->room + c] = *from++;
    if (nas_step_is_hybrid(s)) {
        s->run = run_hybrid;
        const int64_t n = nas_tensor_count(s->in[0]);
        return nas_hybrid_open(s, win->c, win->room, n, a, &d->hybrid, err);
    }
    s->run = run_i8;
    return nas_requant_open(s, win->c, win->room, a, &d->q, err);
}

nas_status nas_step_depthwise(nas_step *s, nas_arena *a, nas_err *err) {
    const int32_t c = s->out->dims[3], room = nas_room(c, s->kernel->width);
    depthwise *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NAS_ENOMEM;
    const int32_t repeat = c / s->in[0]->dims[3];
    NAS_TRY(nas_window_open(s, room, repeat, false, a, &d->border, &d->win, err));
    d->win.room = room;
    s->state = d;
    const size_t items = (size_t)d->border.h * (size_t)d->border.w * (size_t)room;
    if (s->in[1]->dtype == NAS_F32) return open_f32(s, d, items, a, err);
    return open_i8(s, d, items, a, err);
}
