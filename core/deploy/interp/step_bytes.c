/* core/deploy/interp/step_bytes.c - int8 convolutions where the row of kernels sums products of
 * bytes: CONV_2D, and DEPTHWISE_CONV_2D of horizontal stride 1. */
#include "core/deploy/interp/interp_int.h"

#include <string.h>

/* --- CONV_2D ---------------------------------------------------------------------------------- */

typedef struct conv {
    nas_window win;
    nas_padded padded;
    nas_bytes bytes;
    uint8_t *map;
    int32_t *acc; /* where floats do not do */
    nas_requant q;
} conv;

static void fill_map(const nas_step *s, const conv *d) {
    const nas_padded *p = &d->padded;
    const int8_t *x = s->x[0];
    const int64_t line = (int64_t)p->in_w * p->c;
    uint8_t *to = d->map + ((int64_t)p->top * p->w + p->left) * p->c;
    if (p->w == p->in_w) {
        s->kernel->flip(p->in_h * line, x, to);
        return;
    }
    for (int32_t i = 0; i < p->in_h; i++, x += line, to += (int64_t)p->w * p->c)
        s->kernel->flip(line, x, to);
}

static void run_conv(const nas_step *s) {
    const conv *d = s->state;
    fill_map(s, d);
    s->kernel->dense_u8(&d->win, d->map, d->bytes.weights, d->bytes.first, &d->bytes.rounding,
                        d->bytes.room, s->y);
}

static void run_conv_fixed(const nas_step *s) {
    const conv *d = s->state;
    fill_map(s, d);
    s->kernel->dense_u8(&d->win, d->map, d->bytes.weights, d->bytes.first, NULL, d->bytes.room,
                        d->acc);
    s->kernel->requant(d->win.n_pix, &d->win.out, &d->q, d->acc, s->y);
}

nas_status nas_step_conv_bytes(nas_step *s, nas_arena *a, nas_err *err) {
    conv *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NAS_ENOMEM;
    const int32_t width = s->kernel->width, zero = 128 + s->in[0]->zero_point[0];
    NAS_TRY(nas_window_open(s, s->in[0]->dims[3], true, a, &d->padded, &d->win, err));
    NAS_TRY(nas_lanes_open(s->out->dims[3], width, width, a, &d->win.out, err));
    NAS_TRY(nas_bytes_pack(s, &d->win, a, &d->bytes, err));
    const nas_padded *p = &d->padded;
    const size_t items = (size_t)p->h * (size_t)p->w * (size_t)p->c + (size_t)s->kernel->run_unit;
    d->map = nas_arena_alloc(a, items, err);
    if (!d->map) return NAS_ENOMEM;
    memset(d->map, zero, items);
    s->state = d;
    s->run = run_conv;
    if (d->bytes.floats) return NAS_OK;
    s->run = run_conv_fixed;
    d->acc =
        nas_arena_array(a, (size_t)d->win.n_pix * (size_t)d->win.out.room, sizeof *d->acc, err);
    return d->acc ? nas_requant_open(s, &d->win.out, a, &d->q, err) : NAS_ENOMEM;
}

/* --- DEPTHWISE_CONV_2D ------------------------------------------------------------------------ */

typedef struct depthwise {
    nas_strips strips;
    nas_bytes bytes;
} depthwise;

static void run_depthwise(const nas_step *s) {
    const depthwise *d = s->state;
    s->kernel->strips_u8(&d->strips, &d->bytes.rounding, s->x[0], s->y);
}

static int32_t common_divisor(int32_t a, int32_t b) {
    while (b) {
        const int32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Along one axis: where the kernel's taps stand, four to a quad. */
static void plan_axes(const nas_step *s, nas_strips *t) {
    const nas_op *o = s->op;
    const int32_t *kernel = &s->in[1]->dims[1], c = s->out->dims[3];
    if (t->across) {
        t->groups = kernel[0];
        t->group_step = o->dilation[0];
        t->taps = (kernel[1] + 3) / 4;
        t->step = 4 * o->dilation[1] * c;
        t->down = (int64_t)o->dilation[1] * c;
    } else {
        t->groups = (kernel[0] + 3) / 4;
        t->group_step = 4 * o->dilation[0];
        t->taps = kernel[1];
        t->step = o->dilation[1] * c;
        t->down = (int64_t)o->dilation[0] * t->pitch;
    }
}

/* A map one pixel wide is one row, its window lies in it. */
static void turn(const nas_step *s, nas_strips *t) {
    const int32_t c = s->out->dims[3];
    const nas_padded p = t->padded;
    t->padded = (nas_padded){
        .in_h = 1, .in_w = p.in_h, .in_c = p.in_c, .h = 1, .w = p.h, .c = p.c, .left = p.top};
    t->across = true;
    t->out_h = t->stride = t->groups = t->group_step = 1;
    t->out_n = s->out->dims[1] * c;
    t->taps = (s->in[1]->dims[1] + 3) / 4;
    t->step = 4 * s->op->dilation[0] * c;
    t->down = (int64_t)s->op->dilation[0] * c;
}

static bool turns(const nas_step *s) {
    return s->in[0]->dims[2] == 1 && s->out->dims[2] == 1 && s->in[1]->dims[2] == 1 &&
           s->op->stride[0] == 1;
}

static int32_t whole(int64_t n) {
    return (int32_t)((n + 63) / 64 * 64);
}

static void plan(const nas_step *s, nas_strips *t) {
    const int32_t *out = s->out->dims, c = out[3];
    t->pitch = whole((int64_t)t->padded.w * c);
    t->out_h = out[1];
    t->out_n = out[2] * c;
    t->stride = s->op->stride[0];
    t->across = s->in[1]->dims[1] == 1;
    plan_axes(s, t);
    if (turns(s)) turn(s, t);
    t->pitch = whole((int64_t)t->padded.w * c);
    t->quad_pitch = whole(t->out_n + (int64_t)(t->taps - 1) * t->step);
    t->period = c / common_divisor(c, s->kernel->width);
    t->ring = (t->groups - 1) * t->group_step + 1;
    const int32_t reach = (t->out_h - 1) * t->stride + t->ring;
    t->rows = reach > t->padded.h ? reach : t->padded.h;
    t->border = (uint8_t)(128 + s->in[0]->zero_point[0]);
}

/* [vector of the pattern][group][tap][lane][place in the quad] */
static int8_t *pack(const nas_step *s, const nas_strips *t, int32_t lanes, const int32_t *channel,
                    nas_arena *a, nas_err *err) {
    const int32_t width = s->kernel->width, c = s->out->dims[3];
    const int32_t columns = s->in[1]->dims[2], rows = s->in[1]->dims[1];
    const int32_t each = t->groups * t->taps;
    const int8_t *from = s->x[1];
    int8_t *w = nas_arena_array(a, (size_t)each * (size_t)lanes, 4, err);
    for (int32_t i = 0; w && i < lanes; i++)
        for (int32_t k = 0; k < rows * columns; k++) {
            const bool turned = turns(s);
            const int32_t y = turned ? 0 : k / columns, x = turned ? k : k % columns;
            const int32_t tap = t->across ? y * t->taps + x / 4 : y / 4 * t->taps + x;
            const int64_t at = ((int64_t)(i / width) * each + tap) * width + i % width;
            w[4 * at + (t->across ? x : y) % 4] = from[(int64_t)k * c + channel[i]];
        }
    return w;
}

static bool suits(const nas_step *s) {
    enum { MOST_DILATION = 64, MOST_ITEMS = 1 << 28 };
    const nas_op *o = s->op;
    const int32_t *kernel = &s->in[1]->dims[1], c = s->out->dims[3];
    const int64_t wide = (int64_t)c * (kernel[1] + 3) * o->dilation[1];
    const int64_t high = (int64_t)c * (kernel[0] + 3) * o->dilation[0];
    return nas_bytes_suit(s) && o->stride[1] == 1 && c == s->in[0]->dims[3] &&
           o->dilation[0] <= MOST_DILATION && o->dilation[1] <= MOST_DILATION &&
           wide < MOST_ITEMS && high < MOST_ITEMS && kernel[0] <= 4 * NAS_STRIP_GROUPS;
}

nas_status nas_step_strips(nas_step *s, nas_arena *a, bool *there, nas_err *err) {
    *there = false;
    if (!suits(s)) return NAS_OK;
    const int32_t c = s->out->dims[3], width = s->kernel->width;
    nas_window unused;
    depthwise *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NAS_ENOMEM;
    nas_strips *t = &d->strips;
    NAS_TRY(nas_window_open(s, c, false, a, &t->padded, &unused, err));
    plan(s, t);
    const int32_t lanes = (t->period + 3) * width;
    int32_t *channel = nas_arena_array(a, (size_t)lanes, sizeof *channel, err);
    if (!channel) return NAS_ENOMEM;
    for (int32_t i = 0; i < lanes; i++) channel[i] = i % c;
    NAS_TRY(nas_bytes_open(s, c, lanes, channel, a, &d->bytes, err));
    if (!d->bytes.floats) return NAS_OK;
    const size_t map =
        (size_t)t->rows * (size_t)t->pitch + (size_t)(3 * t->down) + (size_t)t->quad_pitch;
    const size_t quads = (size_t)t->ring * (size_t)t->quad_pitch + 64;
    t->map = nas_arena_alloc(a, map, err);
    t->quads = nas_arena_array(a, quads, sizeof *t->quads, err);
    t->weights = pack(s, t, lanes, channel, a, err);
    if (!t->map || !t->quads || !t->weights) return NAS_ENOMEM;
    memset(t->map, t->border, map);
    t->first = d->bytes.first;
    s->state = d;
    s->run = run_depthwise;
    *there = true;
    return NAS_OK;
}
