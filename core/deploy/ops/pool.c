/* core/deploy/ops/pool.c - AVERAGE_POOL_2D and MAX_POOL_2D. */
#include "core/deploy/ops/op.h"

static void read_pool(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *l) {
    nas_read_strides(r, t, &l->o);
    l->o.window[1] = nas_flat_field_i32(&r->f, t, TFL_POOL_WINDOW_W, 0);
    l->o.window[0] = nas_flat_field_i32(&r->f, t, TFL_POOL_WINDOW_H, 0);
    l->o.activation = nas_read_activation(r, t, TFL_POOL_ACTIVATION, l);
}

static void write_pool(nas_flat *f, const nas_graph *g, const nas_op *o) {
    (void)g;
    nas_write_strides(f, o);
    nas_flat_i32(f, TFL_POOL_WINDOW_W, o->window[1], 0);
    nas_flat_i32(f, TFL_POOL_WINDOW_H, o->window[0], 0);
    nas_flat_u8(f, TFL_POOL_ACTIVATION, (uint8_t)o->activation, 0);
}

static void shape_pool(nas_loose *l, const nas_loose_op *o) {
    const int32_t one[2] = {1, 1};
    const nas_tensor *x = nas_loose_operand(l, o, 0);
    if (x->rank == 4) nas_loose_window(l, o, o->o.window, one, x->dims[3]);
}

static nas_status pool(nas_emitter *e) {
    const nas_op *o = e->step.op;
    const bool is_float = e->step.out->dtype == NAS_F32;
    char name[NAS_C_NUMBER], text[NAS_C_NUMBER];
    snprintf(name, sizeof name, "%s_pool_%s", o->kind == NAS_OP_MAX_POOL_2D ? "max" : "average",
             is_float ? "f32" : "i8");
    nas_emit_begin(e, name);
    nas_emit_window(e, o->window);
    fprintf(e->calls, "&window_%d, ", e->n);
    nas_emit_limits(o->activation, text);
    if (is_float)
        fprintf(e->calls, "%s, ", text);
    else {
        /* Scale and zero point are the input's. */
        const nas_tensor *y = e->step.out;
        int32_t lo, hi;
        nas_clamp_i8(o->activation, y, &lo, &hi);
        fprintf(e->data, "static const codes codes_%d = {0, 0, %d, %d};\n", e->n, lo, hi);
        fprintf(e->calls, "&codes_%d, ", e->n);
    }
    nas_emit_end(e);
    return NAS_OK;
}

/* Both pools differ in what a step does, and in nothing else. */
#define POOL                                                                       \
    {                                                                              \
        .options = 5, .read = read_pool, .write = write_pool, .shape = shape_pool, \
        .units = NAS_UNITS_IN_OUT, .open = nas_step_pool, .emit = pool             \
    }
const nas_deploy_op nas_deploy_average_pool_2d = POOL, nas_deploy_max_pool_2d = POOL;
