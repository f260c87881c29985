/* core/deploy/ops/concatenation.c - CONCATENATION: bytes are copied. */
#include "core/deploy/ops/op.h"

#include <string.h>

/* part join_bytes */
/* n times `each` bytes of x, `whole` apart in y from `at` on. */
static void join_bytes(int32_t n, int32_t each, int32_t whole, int32_t at, const void *x, void *y) {
    for (int32_t i = 0; i < n; i++)
        memcpy((char *)y + (ptrdiff_t)i * whole + at, (const char *)x + (ptrdiff_t)i * each,
               (size_t)each);
}
/* end */

/* Bytes of a tensor from the axis on. */
static int32_t bytes_from(const nas_tensor *t, int32_t axis) {
    int64_t n = nas_dtype_bytes(t->dtype);
    for (int32_t k = axis; k < t->rank; k++) n *= t->dims[k];
    return (int32_t)n;
}

static void run(const nas_step *s) {
    const int32_t axis = s->op->axis, whole = bytes_from(s->out, axis);
    const int32_t n = (int32_t)(nas_tensor_bytes(s->out) / whole);
    int32_t at = 0;
    for (int32_t k = 0; k < s->op->n_in; k++) {
        const int32_t each = bytes_from(s->in[k], axis);
        join_bytes(n, each, whole, at, s->x[k], s->y);
        at += each;
    }
}

static nas_status open_concatenation(nas_step *s, nas_arena *a, nas_err *err) {
    (void)a;
    (void)err;
    s->run = run;
    return NAS_OK;
}

static nas_status emit_concatenation(nas_emitter *e) {
    const nas_step *s = &e->step;
    const int32_t axis = s->op->axis, whole = bytes_from(s->out, axis);
    char x[NAS_C_NUMBER], y[NAS_C_NUMBER];
    int32_t at = 0;
    nas_emit_value(e, s->op->out, y);
    for (int32_t k = 0; k < s->op->n_in; k++) {
        const int32_t each = bytes_from(s->in[k], axis);
        if (s->x[k]) return nas_emit_unsupported(e, "an operand is a constant");
        nas_emit_value(e, s->op->in[k], x);
        nas_emit_begin(e, "join_bytes");
        fprintf(e->calls, "%lld, %d, %d, %d, %s, %s);\n",
                (long long)(nas_tensor_bytes(s->out) / whole), each, whole, at, x, y);
        at += each;
    }
    return NAS_OK;
}

static void read_concatenation(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *l) {
    l->axis = nas_flat_field_i32(&r->f, t, TFL_CONCATENATION_AXIS, 0);
    l->o.activation = nas_read_activation(r, t, TFL_CONCATENATION_ACTIVATION, l);
}

static void write_concatenation(nas_flat *f, const nas_graph *g, const nas_op *o) {
    (void)g;
    nas_flat_i32(f, TFL_CONCATENATION_AXIS, o->axis, 0);
}

static void shape_concatenation(nas_loose *l, const nas_loose_op *o) {
    const nas_tensor x = *nas_loose_operand(l, o, 0);
    int32_t dims[NAS_MAX_RANK] = {0};
    const int32_t axis = o->axis < 0 ? o->axis + x.rank : o->axis;
    if (axis < 0 || axis >= x.rank) return;
    memcpy(dims, x.dims, sizeof dims);
    dims[axis] = 0;
    for (int32_t k = 0; k < o->n_in; k++) {
        const nas_tensor *t = nas_loose_operand(l, o, k);
        if (!t || axis >= t->rank || __builtin_add_overflow(dims[axis], t->dims[axis], &dims[axis]))
            return;
    }
    nas_loose_set_dims(l, o->out, x.rank, dims);
}

static void settle_concatenation(const nas_loose *l, const nas_loose_op *o, nas_op *op) {
    op->axis = o->axis < 0 ? o->axis + l->g->tensors[o->out].rank : o->axis;
}

const nas_deploy_op nas_deploy_concatenation = {
    .options = 10,
    .read = read_concatenation,
    .write = write_concatenation,
    .shape = shape_concatenation,
    .settle = settle_concatenation,
    .units = NAS_UNITS_ALL,
    .open = open_concatenation,
    .emit = emit_concatenation,
};
