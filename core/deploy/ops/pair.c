/* core/deploy/ops/pair.c - ADD and MUL. */
#include "core/deploy/ops/op.h"

static void read_pair(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *l) {
    l->o.activation = nas_read_activation(r, t, TFL_ELEMENTWISE_ACTIVATION, l);
}

static void write_pair(nas_flat *f, const nas_graph *g, const nas_op *o) {
    (void)g;
    nas_flat_u8(f, TFL_ELEMENTWISE_ACTIVATION, (uint8_t)o->activation, 0);
}

static nas_status pairs(nas_emitter *e) {
    const nas_step *s = &e->step;
    const bool is_float = s->out->dtype == NAS_F32, add = s->op->kind == NAS_OP_ADD;
    char name[NAS_C_NUMBER], text[NAS_C_NUMBER];
    if (s->x[0] && s->x[1]) return nas_emit_unsupported(e, "both operands are constants");
    nas_emit_pairs(e);
    NAS_TRY(nas_emit_constant(e));
    snprintf(name, sizeof name, "%s_%s", add ? "add" : "mul", is_float ? "f32" : "i8");
    nas_emit_begin(e, name);
    fprintf(e->calls, "&pairs_%d, ", e->n);
    nas_emit_limits(s->op->activation, text);
    if (is_float) {
        fprintf(e->calls, "%s, ", text);
    } else {
        nas_fixed scale[3];
        nas_emit_codes(e, s->op->activation);
        if (add)
            nas_add_scales(s, scale);
        else
            scale[0] = nas_mul_scale(s);
        nas_emit_array(e, "nas_fixed", "scale", add ? 3 : 1, scale, nas_emit_fixed);
        fprintf(e->calls, "&codes_%d, %d, scale_%d%s, ", e->n, s->in[1]->zero_point[0], e->n,
                add ? "" : "[0]");
    }
    nas_emit_end_pair(e);
    return NAS_OK;
}

const nas_deploy_op nas_deploy_add = {
    .options = 11,
    .read = read_pair,
    .write = write_pair,
    .shape = nas_loose_broadcast,
    .units = NAS_UNITS_ALL,
    .open = nas_step_add,
    .emit = pairs,
    .takes_constant = true,
};

const nas_deploy_op nas_deploy_mul = {
    .options = 21,
    .read = read_pair,
    .write = write_pair,
    .shape = nas_loose_broadcast,
    .open = nas_step_mul,
    .emit = pairs,
    .takes_constant = true,
};
