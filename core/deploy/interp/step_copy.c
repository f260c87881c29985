/* core/deploy/interp/step_copy.c - RESHAPE, PAD, QUANTIZE and DEQUANTIZE. */
#include "core/deploy/half.h"
#include "core/deploy/interp/interp_int.h"

#include <math.h>
#include <string.h>

static void run_reshape(const nas_step *s) {
    if (s->y != s->x[0]) memcpy(s->y, s->x[0], (size_t)nas_tensor_bytes(s->out));
}

nas_status nas_step_reshape(nas_step *s, nas_arena *a, nas_err *err) {
    (void)a;
    (void)err;
    s->run = run_reshape;
    return NAS_OK;
}

static void run_pad(const nas_step *s) {
    const nas_pad *d = s->state;
    const char *x = s->x[0];
    char *y = s->y;
    memset(y, d->fill, (size_t)nas_tensor_bytes(s->out));
    for (int64_t i = 0; i < d->in[0]; i++)
        for (int64_t j = 0; j < d->in[1]; j++)
            for (int64_t k = 0; k < d->in[2]; k++, x += d->in[3]) {
                const int64_t row = ((i + d->before[0]) * d->out[1] + j + d->before[1]) * d->out[2];
                memcpy(y + (row + k + d->before[2]) * d->out[3] + d->before[3], x,
                       (size_t)d->in[3]);
            }
}

nas_pad nas_pad_of(const nas_step *s) {
    const nas_tensor *x = s->in[0];
    const int32_t *widths = s->x[1], lead = 4 - x->rank, bytes = nas_dtype_bytes(x->dtype);
    nas_pad d = {.fill = x->dtype == NAS_I8 ? s->out->zero_point[0] : 0};
    for (int32_t k = 0; k < 4; k++) {
        const int32_t unit = k == 3 ? bytes : 1;
        d.in[k] = d.out[k] = unit;
        if (k < lead) continue;
        d.in[k] = (int64_t)x->dims[k - lead] * unit;
        d.out[k] = (int64_t)s->out->dims[k - lead] * unit;
        d.before[k] = (int64_t)widths[2 * (k - lead)] * unit;
    }
    return d;
}

nas_status nas_step_pad(nas_step *s, nas_arena *a, nas_err *err) {
    nas_pad *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NAS_ENOMEM;
    *d = nas_pad_of(s);
    s->state = d;
    s->run = run_pad;
    return NAS_OK;
}

static void run_quantize(const nas_step *s) {
    const int64_t n = nas_tensor_count(s->out);
    const float *x = s->x[0];
    int8_t *y = s->y;
    for (int64_t i = 0; i < n; i++)
        y[i] = nas_quantize_i8(x[i], s->out->scale[0], s->out->zero_point[0]);
}

static void run_requantize(const nas_step *s) {
    const int64_t n = nas_tensor_count(s->out);
    const nas_fixed *scale = s->state;
    const int32_t from = s->in[0]->zero_point[0], to = s->out->zero_point[0];
    const int8_t *x = s->x[0];
    int8_t *y = s->y;
    for (int64_t i = 0; i < n; i++) {
        const int64_t v = (int64_t)nas_fixed_scale(x[i] - from, *scale) + to;
        y[i] = (int8_t)(v < -128 ? -128 : v > 127 ? 127 : v);
    }
}

nas_status nas_step_quantize(nas_step *s, nas_arena *a, nas_err *err) {
    s->run = run_quantize;
    if (s->in[0]->dtype == NAS_F32) return NAS_OK;
    nas_fixed *scale = nas_arena_alloc(a, sizeof *scale, err);
    if (!scale) return NAS_ENOMEM;
    *scale = nas_quantize_scale(s);
    s->state = scale;
    s->run = run_requantize;
    return NAS_OK;
}

int8_t nas_quantize_i8(float v, float scale, int32_t zero_point) {
    const float q = roundf(v / scale);
    if (!(q > -1024)) return -128;
    if (q > 1024) return 127;
    const int32_t i = (int32_t)q + zero_point;
    return (int8_t)(i < -128 ? -128 : i > 127 ? 127 : i);
}

void nas_dequantize(const nas_tensor *t, const void *x, float *y) {
    const int64_t n = nas_tensor_count(t);
    if (t->dtype == NAS_F16) {
        const uint16_t *half = x;
        for (int64_t i = 0; i < n; i++) y[i] = nas_half_value(half[i]);
        return;
    }
    const double scale = (double)t->scale[0];
    const int32_t zp = t->zero_point[0];
    const int8_t *q = x;
    for (int64_t i = 0; i < n; i++) y[i] = (float)(scale * (q[i] - zp));
}

static void run_dequantize(const nas_step *s) {
    nas_dequantize(s->in[0], s->x[0], s->y);
}

nas_status nas_step_dequantize(nas_step *s, nas_arena *a, nas_err *err) {
    (void)a;
    (void)err;
    s->run = run_dequantize;
    return NAS_OK;
}
