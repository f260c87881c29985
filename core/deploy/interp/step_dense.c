/* core/deploy/interp/step_dense.c - CONV_2D and FULLY_CONNECTED: every output takes all input
 * channels. */
#include "core/deploy/interp/hybrid.h"

#include <math.h>
#include <string.h>

typedef struct dense {
    nas_window win;
    nas_padded padded; /* of CONV_2D */
    bool direct;       /* the window reads the input where it is */
    float *map;
    int16_t *map16;
    uint8_t *map8; /* of FULLY_CONNECTED: sums are of products of bytes */
    nas_bytes bytes;
    const void *weights;
    const float *bias;
    float lo, hi;
    int32_t *acc;
    nas_requant q;
    nas_hybrid hybrid;
    const int32_t *lane; /* of each channel */
    const double *ratio; /* of FULLY_CONNECTED as LiteRT has it: of each channel */
} dense;

/* From [out][n_seg][run]. */
static nas_status pack_f32(const nas_step *s, dense *d, nas_arena *a, nas_err *err) {
    const nas_window *win = &d->win;
    const nas_lanes *l = &win->out;
    const int64_t taps = (int64_t)win->n_seg * win->run;
    const int32_t width = s->kernel->width, most = s->kernel->most_f32;
    float *w = nas_arena_array(a, (size_t)(taps * l->room), sizeof *w, err);
    d->bias = nas_lanes_f32(l, s->x[2], a, err);
    if (!w || !d->bias) return NAS_ENOMEM;
    const float *from = s->x[1];
    for (int32_t lane = 0; lane < l->room; lane++) {
        const int32_t c = nas_lanes_channel(l, lane);
        for (int64_t i = 0; c >= 0 && i < taps; i++)
            w[nas_infer_place(l, most, taps, i, lane / width) * width + lane % width] =
                from[c * taps + i];
    }
    d->weights = w;
    nas_clamp_f32(s->op->activation, &d->lo, &d->hi);
    return NAS_OK;
}

/* The same in pairs along runs, with run made even; win->run becomes it. */
static nas_status pack_i8(const nas_step *s, dense *d, nas_arena *a, nas_err *err) {
    nas_window *win = &d->win;
    const nas_lanes *l = &win->out;
    const int32_t run = win->run, pairs = (run + 1) / 2;
    const int32_t width = s->kernel->width, most = s->kernel->most_i8;
    const int64_t all = (int64_t)win->n_seg * pairs;
    const nas_tensor *kernel = s->in[1];
    const int32_t zp = kernel->n_scale == 1 ? kernel->zero_point[0] : 0;
    int16_t *w = nas_arena_array(a, (size_t)(all * 2 * l->room), sizeof *w, err);
    d->acc = nas_arena_array(a, (size_t)win->n_pix * (size_t)l->room, sizeof *d->acc, err);
    if (!w || !d->acc) return NAS_ENOMEM;
    const int8_t *from = s->x[1];
    for (int32_t lane = 0; lane < l->room; lane++) {
        const int32_t c = nas_lanes_channel(l, lane);
        for (int64_t g = 0; c >= 0 && g < win->n_seg; g++)
            for (int32_t i = 0; i < run; i++) {
                const int64_t at =
                    nas_infer_place(l, most, all, g * pairs + i / 2, lane / width) * width +
                    lane % width;
                w[2 * at + i % 2] = (int16_t)(from[(c * win->n_seg + g) * run + i] - zp);
            }
    }
    d->weights = w;
    win->run = 2 * pairs;
    return NAS_OK;
}

static void run_f32(const nas_step *s) {
    const dense *d = s->state;
    const float *x = s->x[0];
    if (!d->direct) {
        nas_pad_f32(&d->padded, x, d->map);
        x = d->map;
    }
    s->kernel->dense_f32(&d->win, x, d->weights, d->bias, d->lo, d->hi, s->y);
}

static void run_conv_i8(const nas_step *s) {
    const dense *d = s->state;
    nas_pad_i8(&d->padded, s->kernel, s->x[0], s->in[0]->zero_point[0], d->map16);
    /* A block of channels at a time, whose sums stay in the first cache. */
    const nas_lanes *all = &d->win.out;
    const int64_t each = (int64_t)d->win.n_seg * d->win.run;
    const int16_t *weights = d->weights;
    nas_window win = d->win;
    for (int32_t b = 1, v = 0; v < all->vectors; b++, v += win.out.vectors) {
        win.out = nas_lanes_part(all, v, nas_infer_block(all, s->kernel->most_i8, b));
        const int32_t lane = v * s->kernel->width;
        const nas_requant q = nas_requant_part(&d->q, lane);
        s->kernel->dense_i8(&win, d->map16, weights + lane * each, d->acc);
        s->kernel->requant(win.n_pix, &win.out, &q, d->acc, s->y);
    }
}

static void run_conv_hybrid(const nas_step *s) {
    const dense *d = s->state;
    const nas_hybrid *h = &d->hybrid;
    float scale;
    int32_t zp;
    nas_hybrid_quantize(s->kernel, nas_tensor_count(s->in[0]), s->x[0], h->symmetric, h->codes,
                        &scale, &zp);
    nas_pad_i8(&d->padded, s->kernel, h->codes, zp, d->map16);
    s->kernel->dense_i8(&d->win, d->map16, d->weights, d->acc);
    nas_hybrid_finish(h, s, d->win.n_pix, &d->win.out, scale, d->acc, s->y);
}

static nas_status open_lanes(const nas_step *s, int32_t c, dense *d, nas_arena *a, nas_err *err) {
    return nas_lanes_open(c, s->kernel->width, s->kernel->width, a, &d->win.out, err);
}

nas_status nas_step_conv(nas_step *s, nas_arena *a, nas_err *err) {
    if (nas_bytes_suit(s)) return nas_step_conv_bytes(s, a, err);
    if (nas_tiles_suit(s)) return nas_step_tiles(s, a, err);
    dense *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NAS_ENOMEM;
    NAS_TRY(nas_window_open(s, s->in[0]->dims[3], true, a, &d->padded, &d->win, err));
    NAS_TRY(open_lanes(s, s->out->dims[3], d, a, err));
    s->state = d;
    const nas_padded *b = &d->padded;
    const size_t items = (size_t)b->h * (size_t)b->w * (size_t)b->c + 2;
    if (s->in[1]->dtype == NAS_F32) {
        s->run = run_f32;
        d->direct = nas_padded_is_plain(b);
        if (!d->direct) d->map = nas_arena_array(a, items, sizeof *d->map, err);
        if (!d->direct && !d->map) return NAS_ENOMEM;
        return pack_f32(s, d, a, err);
    }
    s->run = run_conv_i8;
    d->map16 = nas_arena_array(a, items, sizeof *d->map16, err);
    if (!d->map16) return NAS_ENOMEM;
    NAS_TRY(pack_i8(s, d, a, err));
    if (nas_step_is_hybrid(s)) {
        s->run = run_conv_hybrid;
        const int64_t n = nas_tensor_count(s->in[0]);
        return nas_hybrid_open(s, &d->win.out, n, a, &d->hybrid, err);
    }
    return nas_requant_open(s, &d->win.out, a, &d->q, err);
}

/* Sums of FULLY_CONNECTED without the bias, to acc. */
static void sum_fully_connected_i8(const nas_step *s) {
    const dense *d = s->state;
    const nas_infer *k = s->kernel;
    const int64_t n = nas_tensor_count(s->in[0]);
    if (d->map8) {
        k->flip(n, s->x[0], d->map8);
        k->dense_u8(&d->win, d->map8, d->bytes.weights, d->bytes.first, NULL, d->bytes.room,
                    d->acc);
        return;
    }
    k->widen(n, s->x[0], s->in[0]->zero_point[0], d->map16);
    k->dense_i8(&d->win, d->map16, d->weights, d->acc);
}

static void run_fully_connected_bytes(const nas_step *s) {
    const dense *d = s->state;
    s->kernel->flip(nas_tensor_count(s->in[0]), s->x[0], d->map8);
    s->kernel->dense_u8(&d->win, d->map8, d->bytes.weights, d->bytes.first, &d->bytes.rounding,
                        d->bytes.room, s->y);
}

static void run_fully_connected_i8(const nas_step *s) {
    const dense *d = s->state;
    sum_fully_connected_i8(s);
    s->kernel->requant(d->win.n_pix, &d->win.out, &d->q, d->acc, s->y);
}

/* LiteRT scales these sums in double, unlike those of CONV_2D (kernels/internal/reference/
 * integer_ops/fully_connected.h, since 2025). */
static void run_fully_connected_litert(const nas_step *s) {
    const dense *d = s->state;
    const nas_lanes *l = &d->win.out;
    const int32_t *bias = s->x[2], *acc = d->acc;
    int8_t *y = s->y;
    sum_fully_connected_i8(s);
    for (int32_t p = 0; p < d->win.n_pix; p++, acc += l->room)
        for (int32_t c = 0; c < l->c; c++) {
            const uint32_t sum = (uint32_t)acc[d->lane[c]] + (bias ? (uint32_t)bias[c] : 0);
            double v = round((double)(int32_t)sum * d->ratio[c]) + d->q.zero_point;
            v = v < d->q.lo ? d->q.lo : v;
            *y++ = (int8_t)(v > d->q.hi ? d->q.hi : v);
        }
}

/* Each row has an input scale of its own. */
static void run_fully_connected_hybrid(const nas_step *s) {
    const dense *d = s->state;
    const nas_hybrid *h = &d->hybrid;
    nas_window row = d->win;
    const int32_t in = s->in[1]->dims[1];
    const float *x = s->x[0];
    float *y = s->y;
    row.n_pix = 1;
    for (int32_t p = 0; p < d->win.n_pix; p++, x += in, y += row.out.c) {
        float scale;
        int32_t zp;
        nas_hybrid_quantize(s->kernel, in, x, h->symmetric, h->codes, &scale, &zp);
        s->kernel->widen(in, h->codes, zp, d->map16);
        s->kernel->dense_i8(&row, d->map16, d->weights, d->acc);
        nas_hybrid_finish(h, s, 1, &row.out, scale, d->acc, y);
    }
}

static nas_status open_bytes(const nas_step *s, dense *d, nas_arena *a, nas_err *err) {
    const size_t items = (size_t)nas_tensor_count(s->in[0]) + (size_t)s->kernel->run_unit;
    NAS_TRY(nas_bytes_pack(s, &d->win, a, &d->bytes, err));
    d->map8 = nas_arena_alloc(a, items, err);
    d->acc =
        nas_arena_array(a, (size_t)d->win.n_pix * (size_t)d->win.out.room, sizeof *d->acc, err);
    return d->map8 && d->acc ? NAS_OK : NAS_ENOMEM;
}

static nas_status open_ratio(const nas_step *s, dense *d, nas_arena *a, nas_err *err) {
    const nas_lanes *l = &d->win.out;
    double *ratio = nas_arena_array(a, (size_t)l->c, sizeof *ratio, err);
    int32_t *lane = nas_arena_array(a, (size_t)l->c, sizeof *lane, err);
    if (!ratio || !lane) return NAS_ENOMEM;
    for (int32_t i = 0; i < l->room; i++) {
        const int32_t c = nas_lanes_channel(l, i);
        if (c >= 0) lane[c] = i;
    }
    d->lane = lane;
    for (int32_t c = 0; c < l->c; c++) ratio[c] = nas_weighted_ratio(s, c);
    d->ratio = ratio;
    d->q.zero_point = s->out->zero_point[0];
    nas_clamp_i8(s->op->activation, s->out, &d->q.lo, &d->q.hi);
    return NAS_OK;
}

nas_status nas_step_fully_connected(nas_step *s, nas_arena *a, nas_err *err) {
    const int32_t rows = s->out->dims[0], in = s->in[1]->dims[1];
    dense *d = nas_arena_alloc(a, sizeof *d, err);
    int32_t *at = nas_arena_array(a, (size_t)rows, sizeof *at, err);
    int32_t *seg = nas_arena_alloc(a, sizeof *seg, err);
    if (!d || !at || !seg) return NAS_ENOMEM;
    for (int32_t r = 0; r < rows; r++) at[r] = r * in;
    d->win = (nas_window){.n_pix = rows, .n_seg = 1, .run = in, .at = at, .seg = seg};
    NAS_TRY(open_lanes(s, s->out->dims[1], d, a, err));
    d->direct = true;
    s->state = d;
    if (s->in[1]->dtype == NAS_F32) {
        s->run = run_f32;
        return pack_f32(s, d, a, err);
    }
    const bool litert = s->runtime == NAS_RUNTIME_LITERT;
    s->run = litert ? run_fully_connected_litert : run_fully_connected_i8;
    if (nas_bytes_suit(s)) {
        NAS_TRY(open_bytes(s, d, a, err));
        if (d->bytes.floats) s->run = run_fully_connected_bytes;
    } else {
        d->map16 = nas_arena_array(a, (size_t)rows * (size_t)in + 2, sizeof *d->map16, err);
        if (!d->map16) return NAS_ENOMEM;
        NAS_TRY(pack_i8(s, d, a, err));
    }
    if (nas_step_is_hybrid(s)) {
        s->run = run_fully_connected_hybrid;
        return nas_hybrid_open(s, &d->win.out, in, a, &d->hybrid, err);
    }
    if (litert) return open_ratio(s, d, a, err);
    return nas_requant_open(s, &d->win.out, a, &d->q, err);
}
