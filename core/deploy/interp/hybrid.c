/* core/deploy/interp/hybrid.c - dynamic-range arithmetic (TFLite kernels/conv.cc,
 * depthwise_conv.cc, fully_connected.cc; optimized/neon_tensor_utils.cc). */
#include "core/deploy/interp/hybrid.h"

#include <math.h>
#include <string.h>

static void quantize_symmetric(const nas_infer *k, int64_t n, const float *x, float range,
                               int8_t *q, float *scale) {
    *scale = range / 127;
    k->quantize(n, x, 127 / range, 0, -127, q);
}

/* The zero point is rounded from the end of the range with the smaller rounding error. */
static int32_t zero_point_of(double lo, double hi, double scale) {
    const double from_lo = -128 - lo / scale, from_hi = 127 - hi / scale;
    const double z = 128 + fabs(lo / scale) < 127 + fabs(hi / scale) ? from_lo : from_hi;
    if (!(z > -128)) return -128; /* an infinite range has none */
    return z >= 127 ? 127 : (int32_t)round(z);
}

void nas_hybrid_quantize(const nas_infer *k, int64_t n, const float *x, bool symmetric, int8_t *q,
                         float *scale, int32_t *zero_point) {
    float lo, hi;
    k->range(n, x, &lo, &hi);
    *scale = 1;
    *zero_point = 0;
    if (lo == hi) {
        memset(q, 0, (size_t)n);
    } else if (symmetric) {
        quantize_symmetric(k, n, x, -lo > hi ? -lo : hi, q, scale);
    } else {
        const double exact = (double)(hi - lo) / 255;
        *zero_point = zero_point_of((double)lo, (double)hi, exact);
        *scale = (float)exact;
        const float inverse = *scale == 0 ? 0 : (float)(1 / (double)*scale);
        k->quantize(n, x, inverse, *zero_point, -128, q);
    }
}

/* CONV_2D whose channels all have one scale takes another way than one whose scales differ. */
static bool scales_differ(const nas_tensor *w) {
    for (int32_t c = 1; c < w->n_scale; c++)
        if (w->scale[c] != w->scale[0]) return true;
    return false;
}

bool nas_hybrid_apart(const nas_step *s) {
    return s->op->kind == NAS_OP_CONV_2D && scales_differ(s->in[1]);
}

bool nas_hybrid_symmetric(const nas_step *s) {
    return s->op->kind == NAS_OP_CONV_2D           ? !nas_hybrid_apart(s)
           : s->op->kind == NAS_OP_FULLY_CONNECTED ? !s->op->asymmetric
                                                   : false;
}

nas_status nas_hybrid_open(const nas_step *s, const nas_lanes *l, int64_t most, nas_arena *a,
                           nas_hybrid *h, nas_err *err) {
    const nas_tensor *w = s->in[1];
    float *kernel = nas_arena_array(a, (size_t)l->room, sizeof *kernel, err);
    float *bias = nas_lanes_f32(l, s->x[2], a, err);
    *h = (nas_hybrid){.kernel = kernel, .rescale = {.bias = bias, .scale = 1}};
    h->factor = nas_arena_array(a, (size_t)l->room, sizeof *h->factor, err);
    h->codes = nas_arena_alloc(a, (size_t)most, err);
    if (!kernel || !bias || !h->factor || !h->codes) return NAS_ENOMEM;
    for (int32_t i = 0; i < l->room; i++) {
        const int32_t c = nas_lanes_channel(l, i);
        if (c >= 0) kernel[i] = w->scale[w->n_scale == 1 ? 0 : c];
    }
    h->apart = nas_hybrid_apart(s);
    h->symmetric = nas_hybrid_symmetric(s);
    nas_clamp_f32(s->op->activation, &h->rescale.lo, &h->rescale.hi);
    return NAS_OK;
}

nas_hybrid nas_hybrid_part(const nas_hybrid *h, int32_t lane) {
    nas_hybrid part = *h;
    part.kernel += lane;
    part.factor += lane;
    part.rescale.bias += lane;
    return part;
}

void nas_hybrid_finish(const nas_hybrid *h, const nas_step *s, int32_t n_pix, const nas_lanes *l,
                       float scale, const int32_t *acc, float *y) {
    nas_rescale r = h->rescale;
    r.factor = h->kernel;
    if (h->apart) {
        r.scale = scale;
    } else {
        for (int32_t i = 0; i < l->room; i++) h->factor[i] = h->kernel[i] * scale;
        r.factor = h->factor;
    }
    s->kernel->rescale(n_pix, l, &r, acc, y);
}
