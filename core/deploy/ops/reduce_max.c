/* core/deploy/ops/reduce_max.c - REDUCE_MAX over axes. */
#include "core/deploy/ops/op.h"

#include <math.h>

/* part reduce_max */
/* The input's four axes, and the output's step along them, 0 where it is reduced; n: outputs. */
#define REDUCE_MAX(name, type)                                                            \
    static void name(const int32_t size[4], const int32_t step[4], int32_t n, type least, \
                     const type *x, type *y) {                                            \
        for (int32_t i = 0; i < n; i++) y[i] = least;                                     \
        for (int32_t i = 0; i < size[0]; i++)                                             \
            for (int32_t j = 0; j < size[1]; j++)                                         \
                for (int32_t k = 0; k < size[2]; k++) {                                   \
                    type *to = y + (i * step[0] + j * step[1] + k * step[2]);             \
                    for (int32_t c = 0; c < size[3]; c++, x++)                            \
                        if (*x > to[c * step[3]]) to[c * step[3]] = *x;                   \
                }                                                                         \
    }
/* end */

/* part max_f32: reduce_max */
REDUCE_MAX(max_f32, float)
/* end */

/* part max_i8: reduce_max */
REDUCE_MAX(max_i8, int8_t)
/* end */

static void run_f32(const nas_step *s) {
    const nas_mean *m = s->state;
    max_f32(m->dims, m->step, (int32_t)m->outputs, -INFINITY, s->x[0], s->y);
}

static void run_i8(const nas_step *s) {
    const nas_mean *m = s->state;
    max_i8(m->dims, m->step, (int32_t)m->outputs, -128, s->x[0], s->y);
}

static nas_status open_max(nas_step *s, nas_arena *a, nas_err *err) {
    nas_mean *m = nas_arena_alloc(a, sizeof *m, err);
    if (!m) return NAS_ENOMEM;
    *m = nas_mean_of(s);
    s->state = m;
    s->run = s->out->dtype == NAS_F32 ? run_f32 : run_i8;
    return NAS_OK;
}

static nas_status emit_max(nas_emitter *e) {
    const nas_mean m = nas_mean_of(&e->step);
    const bool floats = e->step.out->dtype == NAS_F32;
    nas_emit_begin(e, floats ? "max_f32" : "max_i8");
    nas_emit_array(e, "int32_t", "size", 4, m.dims, nas_c_i32);
    nas_emit_array(e, "int32_t", "step", 4, m.step, nas_c_i32);
    fprintf(e->calls, "size_%d, step_%d, %lld, %s, ", e->n, e->n, (long long)m.outputs,
            floats ? "-HUGE_VALF" : "-128");
    nas_emit_end(e);
    return NAS_OK;
}

static void read_max(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *l) {
    l->o.keep_dims = nas_flat_field_u8(&r->f, t, TFL_MEAN_KEEP_DIMS) != 0;
}

static void write_max(nas_flat *f, const nas_graph *g, const nas_op *o) {
    (void)g;
    nas_flat_u8(f, TFL_MEAN_KEEP_DIMS, o->keep_dims, 0);
}

const nas_deploy_op nas_deploy_reduce_max = {
    .options = 27,
    .read = read_max,
    .write = write_max,
    .shape = nas_loose_reduce,
    .units = NAS_UNITS_IN_OUT,
    .open = open_max,
    .emit = emit_max,
};
