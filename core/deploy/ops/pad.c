/* core/deploy/ops/pad.c - PAD. */
#include "core/deploy/ops/op.h"

static void shape_pad(nas_loose *l, const nas_loose_op *o) {
    const nas_tensor *x = nas_loose_operand(l, o, 0);
    int32_t widths[NAS_LOOSE_LIST], dims[NAS_MAX_RANK];
    const int32_t n = o->n_in > 1 ? nas_loose_list(l, o->in[1], widths) : -1;
    if (n != 2 * x->rank) return;
    for (int32_t k = 0; k < x->rank; k++)
        if (__builtin_add_overflow(x->dims[k], widths[2 * k], &dims[k]) ||
            __builtin_add_overflow(dims[k], widths[2 * k + 1], &dims[k]))
            return;
    nas_loose_set_dims(l, o->out, x->rank, dims);
}

static nas_status pad(nas_emitter *e) {
    const nas_pad p = nas_pad_of(&e->step);
    const int64_t *rows[] = {p.in, p.out, p.before};
    static const char *const names[] = {"in", "out", "before"};
    nas_emit_begin(e, "pad");
    for (int k = 0; k < 3; k++) {
        fprintf(e->data, "static const int32_t %s_%d[4] = {%d, %d, %d, %d};\n", names[k], e->n,
                (int)rows[k][0], (int)rows[k][1], (int)rows[k][2], (int)rows[k][3]);
        fprintf(e->calls, "%s_%d, ", names[k], e->n);
    }
    fprintf(e->calls, "%d, ", p.fill);
    nas_emit_end(e);
    return NAS_OK;
}

const nas_deploy_op nas_deploy_pad = {
    .options = 22,
    .shape = shape_pad,
    .units = NAS_UNITS_IN_OUT,
    .open = nas_step_pad,
    .emit = pad,
};
