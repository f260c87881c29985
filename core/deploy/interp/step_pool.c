/* core/deploy/interp/step_pool.c - AVERAGE_POOL_2D, MAX_POOL_2D and MEAN. */
#include "core/deploy/interp/interp_int.h"

#include <float.h>

typedef struct pool {
    int32_t before[2];
    float lo, hi;
    int32_t lo8, hi8;
    int32_t *acc; /* of one pixel */
} pool;

/* The part of a window that lies in the map. */
typedef struct rect {
    int32_t top, bottom, left, right;
} rect;

static void clip_axis(int32_t start, int32_t window, int32_t in, int32_t *from, int32_t *to) {
    *from = start < 0 ? 0 : start;
    *to = start + window > in ? in : start + window;
}

static rect window_at(const nas_step *s, int32_t y, int32_t x) {
    const pool *d = s->state;
    const nas_op *o = s->op;
    rect r;
    clip_axis(y * o->stride[0] - d->before[0], o->window[0], s->in[0]->dims[1], &r.top, &r.bottom);
    clip_axis(x * o->stride[1] - d->before[1], o->window[1], s->in[0]->dims[2], &r.left, &r.right);
    return r;
}

static void pixel_f32(const nas_step *s, rect r, float *y) {
    const pool *d = s->state;
    const int32_t w = s->in[0]->dims[2], channels = s->in[0]->dims[3];
    const bool max = s->op->kind == NAS_OP_MAX_POOL_2D;
    const float count = (float)((r.bottom - r.top) * (r.right - r.left));
    for (int32_t c = 0; c < channels; c++) y[c] = max ? -FLT_MAX : 0;
    for (int32_t i = r.top; i < r.bottom; i++)
        for (int32_t j = r.left; j < r.right; j++) {
            const float *x = (const float *)s->x[0] + ((int64_t)i * w + j) * channels;
            if (max)
                for (int32_t c = 0; c < channels; c++) y[c] = y[c] < x[c] ? x[c] : y[c];
            else
                for (int32_t c = 0; c < channels; c++) y[c] += x[c];
        }
    for (int32_t c = 0; c < channels; c++) {
        const float v = max ? y[c] : y[c] / count;
        const float low = v < d->lo ? d->lo : v;
        y[c] = low > d->hi ? d->hi : low;
    }
}

static void pixel_i8(const nas_step *s, rect r, int8_t *y) {
    const pool *d = s->state;
    const int32_t w = s->in[0]->dims[2], channels = s->in[0]->dims[3];
    const bool max = s->op->kind == NAS_OP_MAX_POOL_2D;
    const int32_t n = (r.bottom - r.top) * (r.right - r.left);
    for (int32_t c = 0; c < channels; c++) d->acc[c] = max ? -128 : 0;
    for (int32_t i = r.top; i < r.bottom; i++)
        for (int32_t j = r.left; j < r.right; j++) {
            const int8_t *x = (const int8_t *)s->x[0] + ((int64_t)i * w + j) * channels;
            if (max)
                for (int32_t c = 0; c < channels; c++)
                    d->acc[c] = d->acc[c] < x[c] ? x[c] : d->acc[c];
            else
                for (int32_t c = 0; c < channels; c++) d->acc[c] += x[c];
        }
    for (int32_t c = 0; c < channels; c++) {
        int32_t v = d->acc[c];
        if (!max) v = v > 0 ? (v + n / 2) / n : (v - n / 2) / n;
        y[c] = (int8_t)(v < d->lo8 ? d->lo8 : v > d->hi8 ? d->hi8 : v);
    }
}

static void run_pool(const nas_step *s) {
    const int32_t *out = s->out->dims;
    for (int32_t y = 0; y < out[1]; y++)
        for (int32_t x = 0; x < out[2]; x++) {
            const int64_t at = ((int64_t)y * out[2] + x) * out[3];
            if (s->in[0]->dtype == NAS_F32)
                pixel_f32(s, window_at(s, y, x), (float *)s->y + at);
            else
                pixel_i8(s, window_at(s, y, x), (int8_t *)s->y + at);
        }
}

nas_status nas_step_pool(nas_step *s, nas_arena *a, nas_err *err) {
    const nas_op *o = s->op;
    pool *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NAS_ENOMEM;
    for (int32_t k = 0; k < 2; k++) {
        int32_t out;
        nas_window_axis(o->padding, s->in[0]->dims[1 + k], o->window[k], o->stride[k], 1, &out,
                        &d->before[k]);
    }
    s->state = d;
    s->run = run_pool;
    if (s->in[0]->dtype == NAS_F32) {
        nas_clamp_f32(o->activation, &d->lo, &d->hi);
        return NAS_OK;
    }
    nas_clamp_i8(o->activation, s->out, &d->lo8, &d->hi8);
    d->acc = nas_arena_array(a, (size_t)s->in[0]->dims[3], sizeof *d->acc, err);
    return d->acc ? NAS_OK : NAS_ENOMEM;
}

/* --- MEAN ------------------------------------------------------------------------------------- */

typedef struct mean {
    nas_mean of;
    int32_t *acc;
} mean;

static void mean_f32(const nas_step *s) {
    const nas_mean *d = &((const mean *)s->state)->of;
    const float *x = s->x[0];
    float *y = s->y;
    for (int64_t i = 0; i < d->outputs; i++) y[i] = 0;
    if (d->pixels) s->kernel->sum_f32(d->pixels, d->dims[3], x, y);
    for (int32_t i = 0; !d->pixels && i < d->dims[0]; i++)
        for (int32_t j = 0; j < d->dims[1]; j++)
            for (int32_t k = 0; k < d->dims[2]; k++) {
                float *to = y + i * d->step[0] + j * d->step[1] + k * d->step[2];
                for (int32_t c = 0; c < d->dims[3]; c++) to[c * d->step[3]] += *x++;
            }
    for (int64_t i = 0; i < d->outputs; i++) y[i] /= (float)d->count;
}

static void mean_i8(const nas_step *s) {
    const mean *m = s->state;
    const nas_mean *d = &m->of;
    const int32_t from = s->in[0]->zero_point[0] * d->count, zp = s->out->zero_point[0];
    const int8_t *x = s->x[0];
    int8_t *y = s->y;
    for (int64_t i = 0; i < d->outputs; i++) m->acc[i] = 0;
    if (d->pixels) s->kernel->sum_i8(d->pixels, d->dims[3], x, m->acc);
    for (int32_t i = 0; !d->pixels && i < d->dims[0]; i++)
        for (int32_t j = 0; j < d->dims[1]; j++)
            for (int32_t k = 0; k < d->dims[2]; k++) {
                int32_t *to = m->acc + i * d->step[0] + j * d->step[1] + k * d->step[2];
                for (int32_t c = 0; c < d->dims[3]; c++) to[c * d->step[3]] += *x++;
            }
    for (int64_t i = 0; i < d->outputs; i++) {
        const int64_t v = (int64_t)nas_fixed_scale(m->acc[i] - from, d->scale) + zp;
        y[i] = (int8_t)(v < -128 ? -128 : v > 127 ? 127 : v);
    }
}

/* in/out divided by the count, with as many bits as int64 allows (reference/reduce.h). */
static nas_fixed mean_scale(const nas_step *s, int32_t count) {
    nas_fixed f = nas_fixed_of((double)s->in[0]->scale[0] / (double)s->out->scale[0]);
    int32_t bits = 31 - __builtin_clz((unsigned)count);
    if (bits > 32) bits = 32;
    if (bits > 31 + f.shift) bits = 31 + f.shift;
    f.mult = (int32_t)((int64_t)((uint64_t)f.mult << bits) / count);
    f.shift -= bits;
    return f;
}

nas_mean nas_mean_of(const nas_step *s) {
    const nas_tensor *x = s->in[0];
    const int32_t *axes = s->x[1], lead = 4 - x->rank;
    bool gone[4] = {false};
    for (int64_t k = 0; k < nas_tensor_count(s->in[1]); k++)
        gone[lead + (axes[k] < 0 ? axes[k] + x->rank : axes[k])] = true;
    int32_t step = 1;
    nas_mean d = {.count = 1};
    for (int32_t k = 3; k >= 0; k--) {
        d.dims[k] = k < lead ? 1 : x->dims[k - lead];
        d.step[k] = gone[k] ? 0 : step;
        if (gone[k])
            d.count *= d.dims[k];
        else
            step *= d.dims[k];
    }
    d.outputs = step;
    d.pixels = d.step[3] == 1 && d.outputs == d.dims[3] ? d.count : 0;
    if (x->dtype != NAS_F32) d.scale = mean_scale(s, d.count);
    return d;
}

nas_status nas_step_mean(nas_step *s, nas_arena *a, nas_err *err) {
    mean *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NAS_ENOMEM;
    d->of = nas_mean_of(s);
    s->state = d;
    s->run = mean_f32;
    if (s->in[0]->dtype == NAS_F32) return NAS_OK;
    s->run = mean_i8;
    d->acc = nas_arena_array(a, (size_t)d->of.outputs, sizeof *d->acc, err);
    return d->acc ? NAS_OK : NAS_ENOMEM;
}
