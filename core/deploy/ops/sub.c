/* core/deploy/ops/sub.c - SUB: an ADD of what is turned round, whose multipliers come from
 * quotients of floats (kernels/sub.cc). */
#include "core/deploy/ops/op.h"
#include "core/deploy/plain/pairs.h"

/* part sub_i8: pairs codes fixed_scale */
/* q->in is the first operand's zero point; scale: of both, and of the difference. */
static void sub_i8(const pairs *p, const codes *q, int32_t other, const nas_fixed scale[3],
                   const int8_t *x, const int8_t *z, int8_t *y) {
    EACH_PAIR(p) {
        const int32_t a = (x[OPERAND(p, 0)] - q->in) * (1 << 20);
        const int32_t b = (z[OPERAND(p, 1)] - other) * (1 << 20);
        const int32_t rest = nas_fixed_scale(a, scale[0]) - nas_fixed_scale(b, scale[1]);
        *y++ = code_of(nas_fixed_scale(rest, scale[2]), q);
    }
}
/* end */

/* part sub_f32: pairs clamp_f32 */
static void sub_f32(const pairs *p, float lo, float hi, const float *x, const float *z, float *y) {
    EACH_PAIR(p) *y++ = clamp_f32(x[OPERAND(p, 0)] - z[OPERAND(p, 1)], lo, hi);
}
/* end */

typedef struct sub {
    pairs of;
    codes codes;
    nas_fixed scale[3];
    float lo, hi;
} sub;

static void scales(const nas_step *s, nas_fixed scale[3]) {
    const float p = s->in[0]->scale[0], q = s->in[1]->scale[0];
    const float twice = 2 * (p > q ? p : q);
    scale[0] = nas_fixed_of((double)(p / twice));
    scale[1] = nas_fixed_of((double)(q / twice));
    scale[2] = nas_fixed_of((double)(twice / ((float)(1 << NAS_ADD_BITS) * s->out->scale[0])));
}

static void run_i8(const nas_step *s) {
    const sub *d = s->state;
    sub_i8(&d->of, &d->codes, s->in[1]->zero_point[0], d->scale, s->x[0], s->x[1], s->y);
}

static void run_f32(const nas_step *s) {
    const sub *d = s->state;
    sub_f32(&d->of, d->lo, d->hi, s->x[0], s->x[1], s->y);
}

static nas_status open_sub(nas_step *s, nas_arena *a, nas_err *err) {
    sub *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NAS_ENOMEM;
    nas_pair_steps(s, d->of.size, d->of.step);
    nas_clamp_f32(s->op->activation, &d->lo, &d->hi);
    s->state = d;
    s->run = run_f32;
    if (s->out->dtype == NAS_F32) return NAS_OK;
    s->run = run_i8;
    d->codes.in = s->in[0]->zero_point[0];
    d->codes.out = s->out->zero_point[0];
    nas_clamp_i8(s->op->activation, s->out, &d->codes.lo, &d->codes.hi);
    scales(s, d->scale);
    return NAS_OK;
}

static nas_status emit_sub(nas_emitter *e) {
    const nas_step *s = &e->step;
    char text[NAS_C_NUMBER];
    if (s->x[0] && s->x[1]) return nas_emit_unsupported(e, "both operands are constants");
    nas_emit_pairs(e);
    NAS_TRY(nas_emit_constant(e));
    nas_emit_begin(e, s->out->dtype == NAS_F32 ? "sub_f32" : "sub_i8");
    fprintf(e->calls, "&pairs_%d, ", e->n);
    if (s->out->dtype == NAS_F32) {
        nas_emit_limits(s->op->activation, text);
        fprintf(e->calls, "%s, ", text);
    } else {
        nas_fixed scale[3];
        scales(s, scale);
        nas_emit_codes(e, s->op->activation);
        nas_emit_array(e, "nas_fixed", "scale", 3, scale, nas_emit_fixed);
        fprintf(e->calls, "&codes_%d, %d, scale_%d, ", e->n, s->in[1]->zero_point[0], e->n);
    }
    nas_emit_end_pair(e);
    return NAS_OK;
}

static void read_sub(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *l) {
    l->o.activation = nas_read_activation(r, t, TFL_ELEMENTWISE_ACTIVATION, l);
}

static void write_sub(nas_flat *f, const nas_graph *g, const nas_op *o) {
    (void)g;
    nas_flat_u8(f, TFL_ELEMENTWISE_ACTIVATION, (uint8_t)o->activation, 0);
}

const nas_deploy_op nas_deploy_sub = {
    .options = 28,
    .read = read_sub,
    .write = write_sub,
    .shape = nas_loose_broadcast,
    .units = NAS_UNITS_ALL,
    .open = open_sub,
    .emit = emit_sub,
    .takes_constant = true,
};
