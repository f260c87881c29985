/* core/deploy/interp/rounding.c - fixed-point scaling by floats where that gives the same value for
 * every sum that there can be, and what sums of bytes begin with. */
#include "core/deploy/interp/interp_int.h"

#include <math.h>

/* Sums that a float has exactly. */
enum { MOST_SUM = 1 << 24 };

typedef struct scaling {
    nas_fixed fixed;
    float high, low, half;
    int32_t bias, zeros; /* zeros: (128 + zero point) times the sum of its weights, modulo 2^32 */
} scaling;

static float rounded_up(double v) {
    const float f = (float)v;
    return (double)f < v ? nextafterf(f, INFINITY) : f;
}

/* What nas_rounding says, less the zero point. Products and their sums with a third are exact in
 * double here: sums and `high` have 24 bits, scales are 2^-21 at least. */
static int32_t by_floats(const scaling *s, int32_t sum) {
    const double v = sum, half = sum < 0 ? (double)-s->half : (double)s->half;
    const double low = (double)rounded_up(v * (double)s->low + half);
    return (int32_t)(v * (double)s->high + low);
}

/* The least sum whose exact value is `value` or more. */
static int32_t first_sum(nas_fixed f, int32_t value) {
    const double real = ldexp(f.mult, f.shift - 31);
    const double guess = floor(((double)value - 0.5) / real);
    int32_t sum = (int32_t)(guess < -MOST_SUM ? -MOST_SUM : guess > MOST_SUM ? MOST_SUM : guess);
    while (sum < MOST_SUM && nas_fixed_scale(sum, f) < value) sum++;
    while (sum > -MOST_SUM && nas_fixed_scale(sum - 1, f) >= value) sum--;
    return sum;
}

/* Both ways go up with the sum, so they are the same if they are at each step. Outside lo..hi both
 * are clamped. */
static bool same(const scaling *s, int32_t most, int32_t lo, int32_t hi) {
    for (int32_t v = lo + 1; v <= hi; v++) {
        const int32_t sum = first_sum(s->fixed, v);
        if (sum > most) return by_floats(s, most) < v;
        if (by_floats(s, sum > -most ? sum : -most) < v) return false;
        if (sum > -most && by_floats(s, sum - 1) >= v) return false;
    }
    return true;
}

/* The scale as two floats, the first of them not above it, and a half with half of what the fixed
 * point's first rounding adds. A scale of few bits has sums that come to a half exactly, which go
 * up whatever their sign: half is a last bit smaller then, and what `low` adds makes that up for
 * sums above 0 only, as it is rounded up. */
static bool find(nas_fixed f, int32_t most, int32_t lo, int32_t hi, scaling *s) {
    enum { LEAST_SHIFT = -20, BITS = 7, TRIES = 4 };
    s->fixed = f;
    if (f.mult == 0) return true;
    if (f.shift >= 0 || f.shift < LEAST_SHIFT) return false;
    const int32_t rest = f.mult % (1 << BITS);
    const float half = (float)(0.5 + ldexp(1, f.shift - 1));
    s->high = (float)ldexp((double)f.mult - rest, f.shift - 31);
    s->low = rest ? (float)ldexp(rest, f.shift - 31) : 0x1p-48F;
    s->half = rest ? half : nextafterf(half, 0.0F);
    for (int32_t i = 0; i < TRIES; i++) {
        if (same(s, most, lo, hi)) return true;
        s->half = nextafterf(s->half, i % 2 ? 1.0F : 0.0F);
    }
    return false;
}

bool nas_bytes_suit(const nas_step *s) {
    const nas_tensor *w = s->in[1];
    if (!s->kernel->dense_u8 || w->dtype != NAS_I8 || s->in[0]->dtype != NAS_I8) return false;
    for (int32_t i = 0; i < w->n_scale; i++)
        if (w->zero_point[i] != 0) return false;
    return true;
}

/* Of output channel c; false: floats do not do. */
static bool open_channel(const nas_step *s, int32_t c, int32_t channels, const nas_rounding *r,
                         scaling *out) {
    const int64_t taps = nas_tensor_count(s->in[1]) / channels;
    const bool last = s->op->kind == NAS_OP_DEPTHWISE_CONV_2D; /* channels are the last axis */
    const int8_t *w = (const int8_t *)s->x[1] + (last ? c : c * taps);
    int64_t sum = 0, most = 0;
    *out = (scaling){.bias = s->x[2] ? ((const int32_t *)s->x[2])[c] : 0};
    for (int64_t i = 0; i < taps; i++, w += last ? channels : 1) {
        sum += *w;
        most += *w < 0 ? -*w : *w;
    }
    out->zeros = (int32_t)(uint32_t)((128 + s->in[0]->zero_point[0]) * sum);
    most = 255 * most + (out->bias < 0 ? -(int64_t)out->bias : out->bias);
    const bool fixed = s->op->kind != NAS_OP_FULLY_CONNECTED || s->runtime == NAS_RUNTIME_TFLM;
    return fixed && most < MOST_SUM &&
           find(nas_weighted_scale(s, c), (int32_t)most, r->lo - r->zero_point,
                r->hi - r->zero_point, out);
}

nas_status nas_bytes_open(const nas_step *s, int32_t channels, int32_t lanes,
                          const int32_t *channel, nas_arena *a, nas_bytes *b, nas_err *err) {
    const size_t n = (size_t)lanes;
    scaling *all = nas_arena_array(a, (size_t)channels, sizeof *all, err);
    float *high = nas_arena_array(a, n, sizeof *high, err);
    float *low = nas_arena_array(a, n, sizeof *low, err);
    float *half = nas_arena_array(a, n, sizeof *half, err);
    int32_t *first = nas_arena_array(a, n, sizeof *first, err);
    if (!all || !high || !low || !half || !first) return NAS_ENOMEM;
    *b = (nas_bytes){.first = first, .floats = true};
    b->rounding =
        (nas_rounding){.high = high, .low = low, .half = half, .zero_point = s->out->zero_point[0]};
    nas_clamp_i8(s->op->activation, s->out, &b->rounding.lo, &b->rounding.hi);
    for (int32_t c = 0; c < channels; c++)
        if (!open_channel(s, c, channels, &b->rounding, &all[c])) b->floats = false;
    for (int32_t i = 0; i < lanes; i++) {
        if (channel[i] < 0) continue;
        const scaling *from = &all[channel[i]];
        const uint32_t bias = b->floats ? (uint32_t)from->bias : 0;
        first[i] = (int32_t)(bias - (uint32_t)from->zeros);
        high[i] = from->high;
        low[i] = from->low;
        half[i] = from->half;
    }
    return NAS_OK;
}

/* Tiles take long runs, and some time to begin. */
static int32_t run_unit(const nas_infer *k, const nas_window *win) {
    enum { LEAST_PIXELS = 32, LEAST_TAPS = 56 };
    const int32_t unit = k->run_unit, whole = (win->run + unit - 1) / unit * unit;
    const bool few = win->n_pix < LEAST_PIXELS || win->n_seg * win->run < LEAST_TAPS;
    return few || whole - win->run > win->run / 2 ? 4 : unit;
}

nas_status nas_bytes_pack(const nas_step *s, nas_window *win, nas_arena *a, nas_bytes *b,
                          nas_err *err) {
    const nas_lanes *l = &win->out;
    const int32_t run = win->run, unit = run_unit(s->kernel, win), width = s->kernel->width;
    win->run = (run + unit - 1) / unit * unit;
    const int32_t quads = win->run / 4, most = nas_infer_most_u8(s->kernel, win);
    const int64_t all = (int64_t)win->n_seg * quads;
    const size_t room = (size_t)s->kernel->copy_pixels * (size_t)(4 * all);
    int8_t *w = nas_arena_array(a, (size_t)(all * 4 * l->room), sizeof *w, err);
    int32_t *channel = nas_arena_array(a, (size_t)l->room, sizeof *channel, err);
    uint8_t *copies = nas_infer_by_tiles(s->kernel, win) ? nas_arena_alloc(a, room, err) : NULL;
    if (!w || !channel || (!copies && nas_infer_by_tiles(s->kernel, win))) return NAS_ENOMEM;
    const int8_t *from = s->x[1];
    for (int32_t lane = 0; lane < l->room; lane++) {
        const int32_t c = channel[lane] = nas_lanes_channel(l, lane);
        for (int64_t g = 0; c >= 0 && g < win->n_seg; g++)
            for (int32_t i = 0; i < run; i++) {
                const int64_t at =
                    nas_infer_place(l, most, all, g * quads + i / 4, lane / width) * width;
                w[4 * (at + lane % width) + i % 4] = from[(c * win->n_seg + g) * run + i];
            }
    }
    NAS_TRY(nas_bytes_open(s, l->c, l->room, channel, a, b, err));
    b->weights = w;
    b->room = copies;
    return NAS_OK;
}
