/* core/deploy/format/weights.c - kernels as int8, symmetric, one scale for each output channel or
 * for all.
 */
#include "core/deploy/format/int.h"

#include <math.h>

/* Where channel c's values are: n of them, `step` apart. */
typedef struct channel {
    int64_t first, step, n;
} channel;

static channel channel_of(const nas_tensor *w, int32_t axis, int32_t c) {
    const int64_t n = nas_tensor_count(w) / w->dims[axis];
    return axis == 0 ? (channel){c * n, 1, n} : (channel){c, w->dims[axis], n};
}

static int8_t clamp_code(float v) {
    return (int8_t)(v < -127 ? -127 : v > 127 ? 127 : v);
}

/* The converter's numbers (tools/optimize/quantization_utils.cc). */
static float own_scale(const float *w, channel at, float least, int8_t *codes) {
    float most = 0;
    for (int64_t i = 0, k = at.first; i < at.n; i++, k += at.step)
        if (fabsf(w[k]) > most) most = fabsf(w[k]);
    const float from_range = most > 0 ? most / 127 : 1e-6f / 254;
    const float scale = from_range < least ? least : from_range;
    const float inverse = (float)(1.0 / (double)scale);
    for (int64_t i = 0, k = at.first; i < at.n; i++, k += at.step)
        codes[k] = clamp_code(roundf(w[k] * inverse));
    return scale;
}

/* Where all codes are 0 the scale says nothing, so it may be raised. */
static float given_scale(const float *w, channel at, float scale, float least, int8_t *codes) {
    bool empty = true;
    for (int64_t i = 0, k = at.first; i < at.n; i++, k += at.step) {
        codes[k] = clamp_code(roundf(w[k] / scale));
        if (codes[k] != 0) empty = false;
    }
    return empty && scale < least ? least : scale;
}

bool nas_scales_are_equal(const nas_tensor *t) {
    for (int32_t c = 1; c < t->n_scale; c++)
        if (t->scale[c] != t->scale[0]) return false;
    return true;
}

static float largest(const float *v, int32_t n) {
    float most = v[0];
    for (int32_t i = 1; i < n; i++)
        if (v[i] > most) most = v[i];
    return most;
}

nas_status nas_quantize_kernel(nas_tensor *t, int32_t axis, bool whole, const float *least,
                               nas_arena *a, nas_err *err) {
    const nas_tensor from = *t;
    const float *w = from.data;
    whole = whole && nas_scales_are_equal(&from);
    const int32_t n = whole ? 1 : from.dims[axis];
    int8_t *codes = nas_arena_alloc(a, (size_t)nas_tensor_count(&from), err);
    float *scale = nas_arena_array(a, (size_t)n, sizeof *scale, err);
    int32_t *zero = nas_arena_array(a, (size_t)n, sizeof *zero, err);
    if (!codes || !scale || !zero) return NAS_ENOMEM;
    if (from.n_scale > 1 && from.axis != axis)
        return nas_fail(err, NAS_EINVAL, "a kernel's given scales are along axis %d, not %d",
                        from.axis, axis);
    for (int32_t c = 0; c < n; c++) {
        const channel at =
            whole ? (channel){0, 1, nas_tensor_count(&from)} : channel_of(&from, axis, c);
        const float floor = !least ? 0 : whole ? largest(least, from.dims[axis]) : least[c];
        const float given = from.n_scale ? from.scale[from.n_scale > 1 ? c : 0] : 0;
        scale[c] =
            from.n_scale ? given_scale(w, at, given, floor, codes) : own_scale(w, at, floor, codes);
    }
    t->dtype = NAS_I8;
    t->data = codes;
    t->n_scale = n;
    t->scale = scale;
    t->zero_point = zero;
    t->axis = n > 1 ? axis : 0;
    return NAS_OK;
}

bool nas_all_finite(const nas_tensor *t) {
    const float *v = t->data;
    for (int64_t i = nas_tensor_count(t); i > 0; i--)
        if (!isfinite(v[i - 1])) return false;
    return true;
}
