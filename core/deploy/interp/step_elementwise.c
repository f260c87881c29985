/* core/deploy/interp/step_elementwise.c - ADD and MUL with broadcasting, RELU and RELU6. */
#include "core/deploy/interp/interp_int.h"

#include <math.h>
#include <string.h>

typedef struct elementwise {
    int32_t dims[4], step[2][4]; /* nas_pair_steps */
    float lo, hi;
    int32_t zero[2], zero_out, lo8, hi8;
    nas_fixed scale[2], scale_out;
    nas_add add; /* of ADD in int8: two maps of one shape, no left shift */
    nas_add_floats near;
} elementwise;

void nas_pair_steps(const nas_step *s, int32_t dims[4], int32_t steps[2][4]) {
    for (int32_t k = 0; k < 4; k++) {
        const int32_t at = k - 4 + s->out->rank;
        dims[k] = at < 0 ? 1 : s->out->dims[at];
    }
    for (int32_t i = 0; i < 2; i++) {
        const nas_tensor *t = s->in[i];
        int32_t step = 1;
        for (int32_t k = 3; k >= 0; k--) {
            const int32_t at = k - 4 + t->rank, size = at < 0 ? 1 : t->dims[at];
            steps[i][k] = size == 1 ? 0 : step;
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

/* NAS_ADD_BITS and the scales: reference/add.h. */
static void add_row_i8(const elementwise *d, const void *a, const void *b, void *y) {
    const int8_t *p = a, *q = b;
    int8_t *out = y;
    for (int32_t c = 0; c < d->dims[3]; c++) {
        const int32_t v = (p[c * d->step[0][3]] - d->zero[0]) * (1 << NAS_ADD_BITS);
        const int32_t w = (q[c * d->step[1][3]] - d->zero[1]) * (1 << NAS_ADD_BITS);
        const int32_t sum = nas_fixed_scale(v, d->scale[0]) + nas_fixed_scale(w, d->scale[1]);
        out[c] = clamp_i8(d, (int64_t)nas_fixed_scale(sum, d->scale_out) + d->zero_out);
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

static bool alike(const nas_step *s) {
    const nas_tensor *a = s->in[0], *b = s->in[1];
    return a->rank == b->rank && !memcmp(a->dims, b->dims, sizeof a->dims);
}

static void run_add_f32(const nas_step *s) {
    const elementwise *d = s->state;
    if (alike(s))
        s->kernel->add_f32(nas_tensor_count(s->out), s->x[0], s->x[1], d->lo, d->hi, s->y);
    else
        walk(s, sizeof(float), add_row_f32);
}
static void run_mul_f32(const nas_step *s) {
    walk(s, sizeof(float), mul_row_f32);
}
static void run_add_i8(const nas_step *s) {
    walk(s, 1, add_row_i8);
}
static void run_add_maps_i8(const nas_step *s) {
    const elementwise *d = s->state;
    s->kernel->add_i8(nas_tensor_count(s->out), &d->add, s->x[0], s->x[1], s->y);
}
static void run_add_near_i8(const nas_step *s) {
    const elementwise *d = s->state;
    s->kernel->add_near(nas_tensor_count(s->out), &d->near, s->x[0], s->x[1], s->y);
}
static void run_mul_i8(const nas_step *s) {
    walk(s, 1, mul_row_i8);
}

static elementwise *open_elementwise(nas_step *s, nas_arena *a, nas_err *err) {
    elementwise *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NULL;
    nas_pair_steps(s, d->dims, d->step);
    s->state = d;
    nas_clamp_f32(s->op->activation, &d->lo, &d->hi);
    if (s->out->dtype == NAS_F32) return d;
    for (int32_t i = 0; i < 2; i++) d->zero[i] = s->in[i]->zero_point[0];
    d->zero_out = s->out->zero_point[0];
    nas_clamp_i8(s->op->activation, s->out, &d->lo8, &d->hi8);
    return d;
}

static void open_add_maps(nas_step *s, elementwise *d) {
    const nas_fixed *f = d->scale;
    if (!alike(s) || f[0].shift > 0 || f[1].shift > 0 || d->scale_out.shift > 0) return;
    d->add = (nas_add){.zero = {d->zero[0], d->zero[1]},
                       .in = {{f[0].mult, -f[0].shift}, {f[1].mult, -f[1].shift}},
                       .out = {d->scale_out.mult, -d->scale_out.shift},
                       .zero_point = d->zero_out,
                       .lo = d->lo8,
                       .hi = d->hi8};
    s->run = run_add_maps_i8;
    if (s->kernel->add_near && nas_add_near(&d->add, &d->near)) s->run = run_add_near_i8;
}

nas_status nas_step_add(nas_step *s, nas_arena *a, nas_err *err) {
    elementwise *d = open_elementwise(s, a, err);
    if (!d) return NAS_ENOMEM;
    s->run = s->out->dtype == NAS_F32 ? run_add_f32 : run_add_i8;
    if (s->out->dtype == NAS_F32) return NAS_OK;
    nas_fixed scale[3];
    nas_add_scales(s, scale);
    d->scale[0] = scale[0];
    d->scale[1] = scale[1];
    d->scale_out = scale[2];
    open_add_maps(s, d);
    return NAS_OK;
}

nas_status nas_step_mul(nas_step *s, nas_arena *a, nas_err *err) {
    elementwise *d = open_elementwise(s, a, err);
    if (!d) return NAS_ENOMEM;
    s->run = s->out->dtype == NAS_F32 ? run_mul_f32 : run_mul_i8;
    if (s->out->dtype == NAS_F32) return NAS_OK;
    d->scale_out = nas_mul_scale(s);
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
    const nas_tensor *units = nas_relu_units(s);
    d->zero_out = units->zero_point[0];
    nas_clamp_i8(act, units, &d->lo8, &d->hi8);
    d->scale_out = nas_relu_scale(s);
    return NAS_OK;
}
