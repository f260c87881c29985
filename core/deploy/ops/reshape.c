/* core/deploy/ops/reshape.c - RESHAPE: another name for the same place. */
#include "core/deploy/ops/op.h"

static void read_reshape(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *l) {
    nas_read_dims(r, t, TFL_RESHAPE_SHAPE, l);
}

static void write_reshape(nas_flat *f, const nas_graph *g, const nas_op *o) {
    const nas_tensor *y = &g->tensors[o->out];
    if (o->n_in > 1) return;
    nas_flat_link(f, TFL_RESHAPE_SHAPE, nas_flat_vector(f, y->dims, (size_t)y->rank, 4, 4));
}

const nas_deploy_op nas_deploy_reshape = {
    .options = 17,
    .read = read_reshape,
    .write = write_reshape,
    .units = NAS_UNITS_IN_OUT,
    .open = nas_step_reshape,
};
