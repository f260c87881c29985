/* core/deploy/ops/mean.c - MEAN. */
#include "core/deploy/ops/op.h"

static void read_mean(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *l) {
    l->o.keep_dims = nas_flat_field_u8(&r->f, t, TFL_MEAN_KEEP_DIMS) != 0;
}

static void write_mean(nas_flat *f, const nas_graph *g, const nas_op *o) {
    (void)g;
    nas_flat_u8(f, TFL_MEAN_KEEP_DIMS, o->keep_dims, 0);
}

static nas_status mean(nas_emitter *e) {
    const nas_mean m = nas_mean_of(&e->step);
    if (!m.pixels) return nas_emit_unsupported(e, "it is not the mean over all pixels");
    if (e->step.out->dtype == NAS_F32) {
        nas_emit_begin(e, "mean_f32");
        fprintf(e->calls, "%d, %d, ", m.pixels, m.dims[3]);
    } else {
        nas_emit_begin(e, "mean_i8");
        nas_emit_codes(e, NAS_ACT_NONE);
        nas_emit_array(e, "nas_fixed", "scale", 1, &m.scale, nas_emit_fixed);
        fprintf(e->calls, "%d, %d, &codes_%d, scale_%d[0], ", m.pixels, m.dims[3], e->n, e->n);
    }
    nas_emit_end(e);
    return NAS_OK;
}

const nas_deploy_op nas_deploy_mean = {
    .options = 27,
    .read = read_mean,
    .write = write_mean,
    .shape = nas_loose_reduce,
    .units = NAS_UNITS_IN_OUT,
    .open = nas_step_mean,
    .emit = mean,
};
