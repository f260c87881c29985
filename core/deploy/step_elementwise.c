/* core/deploy/step_elementwise.c - ADD and MUL with broadcasting, RELU and RELU6. */
#include "core/deploy/interp_int.h"

#include <math.h>
#include <string.h>

enum {
    ADD_BITS = 20, /* that int8 sums gain before they are scaled (reference/add.h) */
    BLOCK = 256    /* sums of two maps that are scaled at a time */
};

/* The output's dimensions with leading ones, and each operand's step along them, 0 where it is
 * broadcast. */
typedef struct elementwise {
    int32_t dims[4], step[2][4];
    float lo, hi;
    int32_t zero[2], zero_out, lo8, hi8;
    nas_fixed scale[2], scale_out;
    /* Of ADD in int8: each operand's scaled value by its code + 128, and how their sum becomes a
     * code, the same for all of a block. */
    const int32_t *scaled[2];
    nas_requant q;
} elementwise;

static void find_steps(const nas_step *s, elementwise *d) {
    for (int32_t k = 0; k < 4; k++) {
        const int32_t at = k - 4 + s->out->rank;
        d->dims[k] = at < 0 ? 1 : s->out->dims[at];
    }
    for (int32_t i = 0; i < 2; i++) {
        const nas_tensor *t = s->in[i];
        int32_t step = 1;
        for (int32_t k = 3; k >= 0; k--) {
            const int32_t at = k - 4 + t->rank, size = at < 0 ? 1 : t->dims[at];
            d->step[i][k] = size == 1 ? 0 : step;
            step *= size;
        }
    }
}

typedef void row_fn(const elementwise *d, const void *a, const void *b, void *y);

/* Calls row for each run along the last axis. */
static void walk(const nas_step *s, int32_t item, row_fn *row) {
    const elementwise *d = s->state;
    const char *a = s->x[0], *b = s->x[1];
    const int32_t *p = d->step[0], *q = d->step[1];
    char *y = s->y;
    for (int32_t i = 0; i < d->dims[0]; i++)
        for (int32_t j = 0; j < d->dims[1]; j++)
            for (int32_t k = 0; k < d->dims[2]; k++) {
                const int64_t at = (int64_t)i * p[0] + (int64_t)j * p[1] + (int64_t)k * p[2];
                const int64_t bt = (int64_t)i * q[0] + (int64_t)j * q[1] + (int64_t)k * q[2];
                row(d, a + at * item, b + bt * item, y);
                y += (int64_t)d->dims[3] * item;
            }
}

static float clamp_f32(const elementwise *d, float v) {
    const float low = v < d->lo ? d->lo : v;
    return low > d->hi ? d->hi : low;
}

static int8_t clamp_i8(const elementwise *d, int64_t v) {
    return (int8_t)(v < d->lo8 ? d->lo8 : v > d->hi8 ? d->hi8 : v);
}

static void add_row_f32(const elementwise *d, const void *a, const void *b, void *y) {
    const float *p = a, *q = b;
    float *out = y;
    for (int32_t c = 0; c < d->dims[3]; c++)
        out[c] = clamp_f32(d, p[c * d->step[0][3]] + q[c * d->step[1][3]]);
}

static void mul_row_f32(const elementwise *d, const void *a, const void *b, void *y) {
    const float *p = a, *q = b;
    float *out = y;
    for (int32_t c = 0; c < d->dims[3]; c++)
        out[c] = clamp_f32(d, p[c * d->step[0][3]] * q[c * d->step[1][3]]);
}

static void add_row_i8(const elementwise *d, const void *a, const void *b, void *y) {
    const int8_t *p = a, *q = b;
    int8_t *out = y;
    for (int32_t c = 0; c < d->dims[3]; c++) {
        const int32_t v = d->scaled[0][p[c * d->step[0][3]] + 128];
        const int32_t w = d->scaled[1][q[c * d->step[1][3]] + 128];
        out[c] = clamp_i8(d, (int64_t)nas_fixed_scale(v + w, d->scale_out) + d->zero_out);
    }
}

/* Two maps of one shape: the row's own loop scales the sums. */
static void add_maps_i8(const nas_step *s) {
    const elementwise *d = s->state;
    const int8_t *p = s->x[0], *q = s->x[1];
    int8_t *y = s->y;
    _Alignas(64) int32_t sum[BLOCK];
    for (int64_t n = nas_tensor_count(s->out); n > 0; n -= BLOCK) {
        const int32_t m = n < BLOCK ? (int32_t)n : BLOCK;
        for (int32_t i = 0; i < m; i++)
            sum[i] = d->scaled[0][p[i] + 128] + d->scaled[1][q[i] + 128];
        for (int32_t i = m; i < BLOCK; i++) sum[i] = 0;
        s->kernel->requant(1, m, BLOCK, &d->q, sum, y);
        p += m;
        q += m;
        y += m;
    }
}

static void mul_row_i8(const elementwise *d, const void *a, const void *b, void *y) {
    const int8_t *p = a, *q = b;
    int8_t *out = y;
    for (int32_t c = 0; c < d->dims[3]; c++) {
        const int32_t v = (p[c * d->step[0][3]] - d->zero[0]) * (q[c * d->step[1][3]] - d->zero[1]);
        out[c] = clamp_i8(d, (int64_t)nas_fixed_scale(v, d->scale_out) + d->zero_out);
    }
}

static void run_add_f32(const nas_step *s) {
    walk(s, sizeof(float), add_row_f32);
}
static void run_mul_f32(const nas_step *s) {
    walk(s, sizeof(float), mul_row_f32);
}
static void run_add_i8(const nas_step *s) {
    const nas_tensor *a = s->in[0], *b = s->in[1];
    const bool alike = a->rank == b->rank && !memcmp(a->dims, b->dims, sizeof a->dims);
    if (alike)
        add_maps_i8(s);
    else
        walk(s, 1, add_row_i8);
}
static void run_mul_i8(const nas_step *s) {
    walk(s, 1, mul_row_i8);
}

static elementwise *open_elementwise(nas_step *s, nas_arena *a, nas_err *err) {
    elementwise *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NULL;
    find_steps(s, d);
    s->state = d;
    nas_clamp_f32(s->op->activation, &d->lo, &d->hi);
    if (s->out->dtype == NAS_F32) return d;
    for (int32_t i = 0; i < 2; i++) d->zero[i] = s->in[i]->zero_point[0];
    d->zero_out = s->out->zero_point[0];
    nas_clamp_i8(s->op->activation, s->out, &d->lo8, &d->hi8);
    return d;
}

static nas_status open_add_i8(elementwise *d, nas_arena *a, nas_err *err) {
    int32_t *tables = nas_arena_array(a, 2 * 256, sizeof *tables, err);
    int32_t *rows = nas_arena_array(a, 4 * BLOCK, sizeof *rows, err);
    if (!tables || !rows) return NAS_ENOMEM;
    for (int32_t k = 0; k < 2; k++) {
        int32_t *table = tables + 256 * k;
        for (int32_t i = 0; i < 256; i++)
            table[i] = nas_fixed_scale((i - 128 - d->zero[k]) * (1 << ADD_BITS), d->scale[k]);
        d->scaled[k] = table;
    }
    int32_t *bias = rows, *mult = rows + BLOCK, *before = mult + BLOCK, *after = before + BLOCK;
    for (int32_t i = 0; i < BLOCK; i++) {
        mult[i] = d->scale_out.mult;
        before[i] = d->scale_out.shift > 0 ? d->scale_out.shift : 0;
        after[i] = d->scale_out.shift > 0 ? 0 : -d->scale_out.shift;
    }
    d->q = (nas_requant){.bias = bias,
                         .mult = mult,
                         .before = before,
                         .after = after,
                         .zero_point = d->zero_out,
                         .lo = d->lo8,
                         .hi = d->hi8};
    return NAS_OK;
}

nas_status nas_step_add(nas_step *s, nas_arena *a, nas_err *err) {
    elementwise *d = open_elementwise(s, a, err);
    if (!d) return NAS_ENOMEM;
    s->run = s->out->dtype == NAS_F32 ? run_add_f32 : run_add_i8;
    if (s->out->dtype == NAS_F32) return NAS_OK;
    const float p = s->in[0]->scale[0], q = s->in[1]->scale[0];
    const double twice = (double)(2 * (p > q ? p : q));
    d->scale[0] = nas_fixed_of((double)p / twice);
    d->scale[1] = nas_fixed_of((double)q / twice);
    d->scale_out = nas_fixed_of(twice / (double)((float)(1 << ADD_BITS) * s->out->scale[0]));
    return open_add_i8(d, a, err);
}

nas_status nas_step_mul(nas_step *s, nas_arena *a, nas_err *err) {
    elementwise *d = open_elementwise(s, a, err);
    if (!d) return NAS_ENOMEM;
    s->run = s->out->dtype == NAS_F32 ? run_mul_f32 : run_mul_i8;
    if (s->out->dtype == NAS_F32) return NAS_OK;
    const float ratio = s->in[0]->scale[0] * s->in[1]->scale[0] / s->out->scale[0];
    d->scale_out = nas_fixed_of((double)ratio);
    return NAS_OK;
}

static void run_relu_f32(const nas_step *s) {
    const elementwise *d = s->state;
    const int64_t n = nas_tensor_count(s->out);
    const float *x = s->x[0];
    float *y = s->y;
    for (int64_t i = 0; i < n; i++) y[i] = clamp_f32(d, x[i]);
}

static void run_relu_i8(const nas_step *s) {
    const elementwise *d = s->state;
    const int64_t n = nas_tensor_count(s->out);
    const int8_t *x = s->x[0];
    int8_t *y = s->y;
    for (int64_t i = 0; i < n; i++)
        y[i] = clamp_i8(d, (int64_t)nas_fixed_scale(x[i] - d->zero[0], d->scale_out) + d->zero_out);
}

nas_status nas_step_relu(nas_step *s, nas_arena *a, nas_err *err) {
    const nas_activation act = s->op->kind == NAS_OP_RELU ? NAS_ACT_RELU : NAS_ACT_RELU6;
    elementwise *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NAS_ENOMEM;
    s->state = d;
    s->run = s->out->dtype == NAS_F32 ? run_relu_f32 : run_relu_i8;
    nas_clamp_f32(act, &d->lo, &d->hi);
    if (s->out->dtype == NAS_F32) return NAS_OK;
    d->zero[0] = s->in[0]->zero_point[0];
    d->zero_out = s->out->zero_point[0];
    nas_clamp_i8(act, s->out, &d->lo8, &d->hi8);
    d->scale_out = nas_fixed_of((double)(s->in[0]->scale[0] / s->out->scale[0]));
    return NAS_OK;
}
