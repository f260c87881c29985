/* core/deploy/ops/extreme.c - MINIMUM and MAXIMUM: of codes as of values. */
#include "core/deploy/ops/op.h"
#include "core/deploy/plain/pairs.h"

/* part extreme_i8: pairs */
static void extreme_i8(const pairs *p, int most, const int8_t *x, const int8_t *z, int8_t *y) {
    EACH_PAIR(p) {
        const int8_t a = x[OPERAND(p, 0)], b = z[OPERAND(p, 1)];
        *y++ = (most ? a > b : a < b) ? a : b;
    }
}
/* end */

/* part extreme_f32: pairs */
static void extreme_f32(const pairs *p, int most, const float *x, const float *z, float *y) {
    EACH_PAIR(p) {
        const float a = x[OPERAND(p, 0)], b = z[OPERAND(p, 1)];
        *y++ = (most ? a > b : a < b) ? a : b;
    }
}
/* end */

static bool is_most(const nas_step *s) {
    return s->op->kind == NAS_OP_MAXIMUM;
}

static void run_i8(const nas_step *s) {
    extreme_i8(s->state, is_most(s), s->x[0], s->x[1], s->y);
}

static void run_f32(const nas_step *s) {
    extreme_f32(s->state, is_most(s), s->x[0], s->x[1], s->y);
}

static nas_status open_extreme(nas_step *s, nas_arena *a, nas_err *err) {
    pairs *p = nas_arena_alloc(a, sizeof *p, err);
    if (!p) return NAS_ENOMEM;
    nas_pair_steps(s, p->size, p->step);
    s->state = p;
    s->run = s->out->dtype == NAS_F32 ? run_f32 : run_i8;
    return NAS_OK;
}

static nas_status emit_extreme(nas_emitter *e) {
    if (e->step.x[0] && e->step.x[1]) return nas_emit_unsupported(e, "both operands are constants");
    nas_emit_pairs(e);
    NAS_TRY(nas_emit_constant(e));
    nas_emit_begin(e, e->step.out->dtype == NAS_F32 ? "extreme_f32" : "extreme_i8");
    fprintf(e->calls, "&pairs_%d, %d, ", e->n, is_most(&e->step));
    nas_emit_end_pair(e);
    return NAS_OK;
}

#define EXTREME                                                                                    \
    {                                                                                              \
        .options = 39, .shape = nas_loose_broadcast, .units = NAS_UNITS_ALL, .open = open_extreme, \
        .emit = emit_extreme, .takes_constant = true                                               \
    }
const nas_deploy_op nas_deploy_minimum = EXTREME, nas_deploy_maximum = EXTREME;
