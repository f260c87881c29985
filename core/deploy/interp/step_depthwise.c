/* core/deploy/interp/step_depthwise.c - DEPTHWISE_CONV_2D: one kernel for each channel. A unit of
 * channels at a time goes through all of it, so that its map and sums stay in the first cache. */
#include "core/deploy/interp/hybrid.h"

#include <string.h>

typedef struct depthwise {
    nas_window win; /* over the map of one unit; out: the first */
    nas_lanes all;
    nas_padded padded;
    float *map, *weights, *bias; /* weights [unit][tap][lane] */
    float lo, hi;
    int16_t *map16, *weights16;
    int32_t *acc; /* of one unit */
    nas_requant q;
    nas_hybrid hybrid;
    int32_t repeat; /* the depth multiplier */
    void *wide;     /* where that is not 1: the input with its channels repeated */
} depthwise;

/* The next unit: the first where *lane is -1; false: there is none. */
static bool next_unit(const depthwise *d, nas_window *win, int32_t *lane) {
    if (*lane < 0)
        *win = d->win;
    else
        win->out.start += win->out.vectors;
    *lane = *lane < 0 ? 0 : *lane + win->out.room;
    return *lane < d->all.room;
}

static const void *repeated(const depthwise *d, const void *x, size_t size) {
    if (d->repeat == 1) return x;
    const char *from = x;
    char *to = d->wide;
    const int64_t n = (int64_t)d->padded.in_h * d->padded.in_w * d->padded.in_c;
    for (int64_t i = 0; i < n; i += d->repeat, from += size)
        for (int32_t r = 0; r < d->repeat; r++, to += size) memcpy(to, from, size);
    return d->wide;
}

static void run_f32(const nas_step *s) {
    const depthwise *d = s->state;
    const float *x = repeated(d, s->x[0], sizeof *x);
    nas_window win;
    for (int32_t lane = -1; next_unit(d, &win, &lane);) {
        s->kernel->plane_f32(&d->padded, &win.out, x, d->map);
        s->kernel->depth_f32(&win, d->map, d->weights + (int64_t)lane * win.n_seg, d->bias + lane,
                             d->lo, d->hi, s->y);
    }
}

static void unit_i8(const nas_step *s, const nas_window *win, int32_t lane, const int8_t *x,
                    int32_t zero_point) {
    const depthwise *d = s->state;
    s->kernel->plane_i8(&d->padded, &win->out, x, zero_point, d->map16);
    s->kernel->depth_i8(win, d->map16, d->weights16 + (int64_t)lane * win->n_seg, d->acc);
}

static void run_i8(const nas_step *s) {
    const depthwise *d = s->state;
    const int8_t *x = repeated(d, s->x[0], sizeof *x);
    nas_window win;
    for (int32_t lane = -1; next_unit(d, &win, &lane);) {
        const nas_requant q = nas_requant_part(&d->q, lane);
        unit_i8(s, &win, lane, x, s->in[0]->zero_point[0]);
        s->kernel->requant(win.n_pix, &win.out, &q, d->acc, s->y);
    }
}

static void run_hybrid(const nas_step *s) {
    const depthwise *d = s->state;
    const nas_hybrid *h = &d->hybrid;
    float scale;
    int32_t zp;
    nas_hybrid_quantize(s->kernel, nas_tensor_count(s->in[0]), s->x[0], h->symmetric, h->codes,
                        &scale, &zp);
    const int8_t *x = repeated(d, h->codes, sizeof *x);
    nas_window win;
    for (int32_t lane = -1; next_unit(d, &win, &lane);) {
        const nas_hybrid part = nas_hybrid_part(h, lane);
        unit_i8(s, &win, lane, x, zp);
        nas_hybrid_finish(&part, s, win.n_pix, &win.out, scale, d->acc, s->y);
    }
}

/* Where lane's weight of a tap stands. */
static int64_t place(const depthwise *d, int32_t tap, int32_t lane) {
    const int32_t room = d->win.out.room;
    return ((int64_t)(lane / room) * d->win.n_seg + tap) * room + lane % room;
}

static nas_status open_f32(nas_step *s, depthwise *d, size_t items, nas_arena *a, nas_err *err) {
    const nas_lanes *l = &d->all;
    const float *from = s->x[1];
    d->map = nas_arena_array(a, items, sizeof *d->map, err);
    d->weights = nas_arena_array(a, (size_t)d->win.n_seg * (size_t)l->room, sizeof(float), err);
    d->bias = nas_lanes_f32(l, s->x[2], a, err);
    if (!d->map || !d->weights || !d->bias) return NAS_ENOMEM;
    for (int32_t k = 0; k < d->win.n_seg; k++)
        for (int32_t i = 0; i < l->room; i++) {
            const int32_t c = nas_lanes_channel(l, i);
            if (c >= 0) d->weights[place(d, k, i)] = from[(int64_t)k * l->c + c];
        }
    nas_clamp_f32(s->op->activation, &d->lo, &d->hi);
    s->run = run_f32;
    return NAS_OK;
}

static nas_status open_i8(nas_step *s, depthwise *d, size_t items, nas_arena *a, nas_err *err) {
    const nas_window *win = &d->win;
    const nas_lanes *l = &d->all;
    const int8_t *from = s->x[1];
    d->map16 = nas_arena_array(a, items, sizeof *d->map16, err);
    d->weights16 =
        nas_arena_array(a, (size_t)win->n_seg * (size_t)l->room, sizeof *d->weights16, err);
    d->acc = nas_arena_array(a, (size_t)win->n_pix * (size_t)win->out.room, sizeof *d->acc, err);
    if (!d->map16 || !d->weights16 || !d->acc) return NAS_ENOMEM;
    for (int32_t k = 0; k < win->n_seg; k++)
        for (int32_t i = 0; i < l->room; i++) {
            const int32_t c = nas_lanes_channel(l, i);
            if (c >= 0) d->weights16[place(d, k, i)] = from[(int64_t)k * l->c + c];
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
    const int32_t c = s->out->dims[3], unit = c < k->depth_unit ? k->width : k->depth_unit;
    const bool is_float = s->in[1]->dtype == NAS_F32;
    bool strips;
    NAS_TRY(nas_step_strips(s, a, &strips, err));
    if (strips) return NAS_OK;
    depthwise *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NAS_ENOMEM;
    NAS_TRY(nas_lanes_open(c, k->width, k->depth_unit, a, &d->all, err));
    const nas_lanes first = nas_lanes_part(&d->all, 0, unit / k->width);
    NAS_TRY(nas_window_open(s, first.room, false, a, &d->padded, &d->win, err));
    d->win.out = first;
    d->repeat = c / s->in[0]->dims[3];
    d->padded.in_c = c;
    if (d->repeat > 1) {
        const size_t size = is_float ? sizeof(float) : sizeof(int8_t);
        d->wide = nas_arena_array(a, (size_t)d->padded.in_h * (size_t)d->padded.in_w * (size_t)c,
                                  size, err);
        if (!d->wide) return NAS_ENOMEM;
    }
    s->state = d;
    const size_t items = (size_t)d->padded.h * (size_t)d->padded.w * (size_t)first.room;
    return is_float ? open_f32(s, d, items, a, err) : open_i8(s, d, items, a, err);
}
