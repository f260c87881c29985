/* core/deploy/step_bytes.c - int8 convolutions where the row of kernels sums products of bytes:
 * CONV_2D, and DEPTHWISE_CONV_2D of horizontal stride 1. */
#include "core/deploy/interp_int.h"

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
                        s->y);
}

static void run_conv_fixed(const nas_step *s) {
    const conv *d = s->state;
    fill_map(s, d);
    s->kernel->dense_u8(&d->win, d->map, d->bytes.weights, d->bytes.first, NULL, d->acc);
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
    const size_t items = (size_t)p->h * (size_t)p->w * (size_t)p->c + 3;
    d->map = nas_arena_alloc(a, items, err);
    if (!d->map) return NAS_ENOMEM;
    memset(d->map, zero, items);
    s->state = d;
    s->run = run_conv;
    if (d->bytes.floats) return NAS_OK;
    s->run = run_conv_fixed;
    d->acc = nas_arena_array(a, (size_t)d->win.n_pix * (size_t)d->win.out.room, sizeof *d->acc,
                             err);
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

static void plan(const nas_step *s, nas_strips *t) {
    const nas_op *o = s->op;
    const int32_t *kernel = &s->in[1]->dims[1], *out = s->out->dims, c = out[3];
    const int32_t groups = (kernel[0] + 3) / 4, width = s->kernel->width;
    t->pitch = (t->padded.w * c + 63) / 64 * 64;
    t->out_h = out[1];
    t->out_n = out[2] * c;
    t->stride = o->stride[0];
    t->dilation = o->dilation[0];
    t->groups = groups;
    t->taps = kernel[1];
    t->step = o->dilation[1] * c;
    t->period = c / common_divisor(c, width);
    t->ring = 4 * (groups - 1) * t->dilation + 1;
    const int32_t reach = (out[1] - 1) * t->stride + (4 * groups - 1) * t->dilation + 1;
    t->rows = reach > t->padded.h ? reach : t->padded.h;
}

/* [vector of the pattern][group of rows][column][lane][row] */
static int8_t *pack(const nas_step *s, const nas_strips *t, int32_t lanes, const int32_t *channel,
                    nas_arena *a, nas_err *err) {
    const int32_t width = s->kernel->width, c = s->out->dims[3], rows = s->in[1]->dims[1];
    const int64_t each = (int64_t)t->groups * t->taps;
    const int8_t *from = s->x[1];
    int8_t *w = nas_arena_array(a, (size_t)(each * lanes), 4, err);
    for (int32_t i = 0; w && i < lanes; i++)
        for (int32_t y = 0; y < rows; y++)
            for (int32_t x = 0; x < t->taps; x++) {
                const int64_t at = i / width * each + y / 4 * t->taps + x;
                w[4 * (at * width + i % width) + y % 4] =
                    from[((int64_t)y * t->taps + x) * c + channel[i]];
            }
    return w;
}

static bool suits(const nas_step *s) {
    enum { MOST_DILATION = 64 };
    const nas_op *o = s->op;
    return nas_bytes_suit(s) && o->stride[1] == 1 && s->out->dims[3] == s->in[0]->dims[3] &&
           o->dilation[0] <= MOST_DILATION && s->in[1]->dims[1] <= 4 * NAS_STRIP_GROUPS;
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
    const size_t pitch = (size_t)t->pitch, map = (size_t)t->rows * pitch;
    t->map = nas_arena_alloc(a, map, err);
    t->lane = nas_arena_alloc(a, pitch, err);
    t->quads = nas_arena_array(a, (size_t)t->ring * pitch + 64, sizeof *t->quads, err);
    t->weights = pack(s, t, lanes, channel, a, err);
    if (!t->map || !t->lane || !t->quads || !t->weights) return NAS_ENOMEM;
    memset(t->map, 128 + s->in[0]->zero_point[0], map);
    memset(t->lane, 128 + s->in[0]->zero_point[0], pitch);
    t->first = d->bytes.first;
    s->state = d;
    s->run = run_depthwise;
    *there = true;
    return NAS_OK;
}
