/* core/deploy/ops/log_softmax.c - LOG_SOFTMAX over the last axis
 * (kernels/internal/reference/integer_ops/log_softmax.h, kernels/internal/common.h). */
#include "core/deploy/ops/op.h"

#include <math.h>

enum { CODES = 256 };

/* part log_softmax_f32 */
static void log_softmax_f32(int32_t rows, int32_t depth, const float *x, float *y) {
    for (int32_t r = 0; r < rows; r++, x += depth, y += depth) {
        float most = x[0], sum = 0;
        for (int32_t c = 1; c < depth; c++) most = most < x[c] ? x[c] : most;
        for (int32_t c = 0; c < depth; c++) sum += expf(x[c] - most);
        const float log_sum = logf(sum);
        for (int32_t c = 0; c < depth; c++) y[c] = x[c] - most - log_sum;
    }
}
/* end */

/* part fixed_log: fixed_high fixed_shift fixed_reciprocal */
static int32_t zeros_before(int32_t v) {
    int32_t n = 0;
    while (n < 31 && !((uint32_t)v << n & 0x80000000u)) n++;
    return n;
}

/* log(v) with 5 integer bits of v >= 1 with 12: v is 2^(e + 1/4) or 2^(e - 1/4) times r, whichever
 * is nearer to the fourth root of 1/2; log(r) is a quotient of polynomials in r less that root. */
static int32_t fixed_log(int32_t v) {
    const int32_t root = 1518500250, fourth_root = 1805811301, quarter = 1 << 23;
    const int32_t a_zeros = zeros_before(v);
    const int32_t a = nas_fixed_left(nas_fixed_high(nas_fixed_left(v, a_zeros - 1), root), 1);
    const int32_t a_power = (12 - a_zeros) * (1 << 25) + quarter;
    const int32_t b_zeros = zeros_before(nas_fixed_high(v, root)) - 1;
    const int32_t b = nas_fixed_left(v, b_zeros);
    const int32_t b_power = (12 - b_zeros) * (1 << 25) - quarter;
    const int32_t r = a < b ? a : b, power = a_power > b_power ? a_power : b_power;
    const int32_t p = (int32_t)(((int64_t)r + fourth_root + 1) / 2);
    const int32_t q = 2 * (r - fourth_root), square = nas_fixed_high(q, q);
    const int32_t above =
        nas_fixed_high(q, r) + nas_fixed_high(nas_fixed_high(q, square), 117049297);
    const int32_t below = nas_fixed_high(p, 1057819769 + q + nas_fixed_high(127690142, square)) +
                          nas_fixed_high(638450708, q);
    const int32_t part = nas_fixed_high(nas_fixed_shift(above, 6), nas_fixed_reciprocal(below));
    return nas_fixed_left(nas_fixed_high(power, 1488522236) + part, 1);
}
/* end */

/* part log_softmax_i8: fixed_log fixed_scale */
/* Of the 256 differences to the largest code: with 5 integer bits, and their exponentials as
 * fractions of 31 bits, 0 below `least`. back: from there to codes. */
static void log_softmax_i8(int32_t rows, int32_t depth, const int32_t *scaled,
                           const int32_t *exponential, int32_t least, nas_fixed back,
                           const int8_t *x, int8_t *y) {
    for (int32_t r = 0; r < rows; r++, x += depth, y += depth) {
        int32_t most = -128, sum = 0; /* sum has 12 integer bits */
        for (int32_t c = 0; c < depth; c++) most = most < x[c] ? x[c] : most;
        for (int32_t c = 0; c < depth; c++) sum += nas_fixed_shift(exponential[most - x[c]], 12);
        const int32_t log_sum = fixed_log(sum);
        const int32_t end = nas_fixed_scale((int32_t)((uint32_t)log_sum + 0x80000000u), back);
        const int32_t below = end > least - 1 ? end : least - 1;
        for (int32_t c = 0; c < depth; c++) {
            int32_t v = -128;
            if (x[c] - most > below) v = nas_fixed_shift(scaled[most - x[c]] - log_sum, 22) + 127;
            y[c] = (int8_t)(v < -128 ? -128 : v > 127 ? 127 : v);
        }
    }
}
/* end */

typedef struct tables {
    int32_t scaled[CODES], exponential[CODES], least;
    nas_fixed back;
} tables;

static void fill(const nas_step *s, tables *t) {
    const double real = (double)s->in[0]->scale[0] * 0x1p26;
    const nas_fixed scale = nas_fixed_of(real < 0x1p31 - 1 ? real : 0x1p31 - 1);
    t->least = -(int32_t)floor(31 * 0x1p26 / ldexp(1, scale.shift));
    t->back = nas_fixed_of(ldexp(1, 31 - scale.shift) / (double)scale.mult);
    for (int32_t i = 0; i < CODES; i++) {
        t->scaled[i] = nas_fixed_scale(-i, scale);
        t->exponential[i] = -i < t->least ? 0 : nas_fixed_exp(t->scaled[i]);
    }
}

static int32_t depth_of(const nas_step *s) {
    return s->out->dims[s->out->rank - 1];
}

static int32_t rows_of(const nas_step *s) {
    return (int32_t)(nas_tensor_count(s->out) / depth_of(s));
}

static void run_f32(const nas_step *s) {
    log_softmax_f32(rows_of(s), depth_of(s), s->x[0], s->y);
}

static void run_i8(const nas_step *s) {
    const tables *t = s->state;
    log_softmax_i8(rows_of(s), depth_of(s), t->scaled, t->exponential, t->least, t->back, s->x[0],
                   s->y);
}

static nas_status open_log_softmax(nas_step *s, nas_arena *a, nas_err *err) {
    s->run = run_f32;
    if (s->out->dtype == NAS_F32) return NAS_OK;
    tables *t = nas_arena_alloc(a, sizeof *t, err);
    if (!t) return NAS_ENOMEM;
    fill(s, t);
    s->state = t;
    s->run = run_i8;
    return NAS_OK;
}

static nas_status emit_log_softmax(nas_emitter *e) {
    const nas_step *s = &e->step;
    if (s->out->dtype == NAS_F32) {
        nas_emit_begin(e, "log_softmax_f32");
        fprintf(e->calls, "%d, %d, ", rows_of(s), depth_of(s));
    } else {
        tables t;
        fill(s, &t);
        nas_emit_begin(e, "log_softmax_i8");
        nas_emit_array(e, "int32_t", "scaled", CODES, t.scaled, nas_c_i32);
        nas_emit_array(e, "int32_t", "exponential", CODES, t.exponential, nas_c_i32);
        nas_emit_array(e, "nas_fixed", "back", 1, &t.back, nas_emit_fixed);
        fprintf(e->calls, "%d, %d, scaled_%d, exponential_%d, %d, back_%d[0], ", rows_of(s),
                depth_of(s), e->n, e->n, t.least, e->n);
    }
    nas_emit_end(e);
    return NAS_OK;
}

const nas_deploy_op nas_deploy_log_softmax = {
    .options = 36,
    .open = open_log_softmax,
    .emit = emit_log_softmax,
};
