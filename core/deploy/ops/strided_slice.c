/* core/deploy/ops/strided_slice.c - STRIDED_SLICE and TRANSPOSE: values in another order. */
#include "core/deploy/ops/op.h"

#include <string.h>

/* part pick */
/* Values of `bytes` bytes: of the output's four axes, from x on with a step along each. */
static void pick(const int32_t size[4], const int32_t step[4], int32_t from, int32_t bytes,
                 const void *x, void *y) {
    char *to = y;
    for (int32_t i = 0; i < size[0]; i++)
        for (int32_t j = 0; j < size[1]; j++)
            for (int32_t k = 0; k < size[2]; k++)
                for (int32_t c = 0; c < size[3]; c++, to += bytes) {
                    const ptrdiff_t at = (ptrdiff_t)i * step[0] + (ptrdiff_t)j * step[1] +
                                         (ptrdiff_t)k * step[2] + (ptrdiff_t)c * step[3];
                    memcpy(to, (const char *)x + (from + at) * bytes, (size_t)bytes);
                }
}
/* end */

typedef struct picked {
    int32_t size[4], step[4], from;
} picked;

/* How far apart neighbours along axis k of t are. */
static int32_t stride_of(const nas_tensor *t, int32_t k) {
    int32_t n = 1;
    while (++k < t->rank) n *= t->dims[k];
    return n;
}

static picked picked_of(const nas_step *s) {
    const nas_tensor *x = s->in[0];
    const int32_t lead = 4 - x->rank;
    picked p = {.size = {1, 1, 1, 1}};
    for (int32_t k = 0; k < x->rank; k++) {
        if (s->op->kind == NAS_OP_TRANSPOSE) {
            const int32_t axis = ((const int32_t *)s->x[1])[k];
            p.size[lead + k] = x->dims[axis];
            p.step[lead + k] = stride_of(x, axis);
            continue;
        }
        int32_t part[3], first;
        for (int32_t i = 0; i < 3; i++) part[i] = ((const int32_t *)s->x[1 + i])[k];
        nas_slice_axis(s->op, k, x->dims[k], part, &first, &p.size[lead + k]);
        p.step[lead + k] = p.size[lead + k] > 1 ? part[2] * stride_of(x, k) : 0;
        p.from += first * stride_of(x, k);
    }
    return p;
}

static void run(const nas_step *s) {
    const picked *p = s->state;
    pick(p->size, p->step, p->from, nas_dtype_bytes(s->out->dtype), s->x[0], s->y);
}

static nas_status open_picked(nas_step *s, nas_arena *a, nas_err *err) {
    picked *p = nas_arena_alloc(a, sizeof *p, err);
    if (!p) return NAS_ENOMEM;
    *p = picked_of(s);
    s->state = p;
    s->run = run;
    return NAS_OK;
}

static nas_status emit_picked(nas_emitter *e) {
    const picked p = picked_of(&e->step);
    nas_emit_begin(e, "pick");
    nas_emit_array(e, "int32_t", "size", 4, p.size, nas_c_i32);
    nas_emit_array(e, "int32_t", "step", 4, p.step, nas_c_i32);
    fprintf(e->calls, "size_%d, step_%d, %d, %d, ", e->n, e->n, p.from,
            nas_dtype_bytes(e->step.out->dtype));
    nas_emit_end(e);
    return NAS_OK;
}

static void read_slice(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *l) {
    l->o.begin_mask = nas_flat_field_i32(&r->f, t, TFL_SLICE_BEGIN_MASK, 0);
    l->o.end_mask = nas_flat_field_i32(&r->f, t, TFL_SLICE_END_MASK, 0);
    l->o.shrink_mask = nas_flat_field_i32(&r->f, t, TFL_SLICE_SHRINK_MASK, 0);
    l->other_masks = nas_flat_field_i32(&r->f, t, TFL_SLICE_ELLIPSIS_MASK, 0) |
                     nas_flat_field_i32(&r->f, t, TFL_SLICE_NEW_AXIS_MASK, 0) |
                     (int32_t)nas_flat_field_u8(&r->f, t, TFL_SLICE_OFFSET);
}

static void write_slice(nas_flat *f, const nas_graph *g, const nas_op *o) {
    (void)g;
    nas_flat_i32(f, TFL_SLICE_BEGIN_MASK, o->begin_mask, 0);
    nas_flat_i32(f, TFL_SLICE_END_MASK, o->end_mask, 0);
    nas_flat_i32(f, TFL_SLICE_SHRINK_MASK, o->shrink_mask, 0);
}

static void shape_slice(nas_loose *l, const nas_loose_op *o) {
    const nas_tensor x = *nas_loose_operand(l, o, 0);
    int32_t list[3][NAS_LOOSE_LIST], dims[NAS_MAX_RANK], rank = 0;
    for (int32_t i = 0; i < 3; i++)
        if (o->n_in != 4 || nas_loose_list(l, o->in[1 + i], list[i]) != x.rank) return;
    for (int32_t k = 0; k < x.rank; k++) {
        int32_t first, count;
        if (list[2][k] == 0) return;
        nas_slice_axis(&o->o, k, x.dims[k], (int32_t[]){list[0][k], list[1][k], list[2][k]}, &first,
                       &count);
        if (!(o->o.shrink_mask >> k & 1)) dims[rank++] = count;
    }
    nas_loose_set_dims(l, o->out, rank, dims);
}

static void shape_transpose(nas_loose *l, const nas_loose_op *o) {
    const nas_tensor x = *nas_loose_operand(l, o, 0);
    int32_t order[NAS_LOOSE_LIST], dims[NAS_MAX_RANK];
    if (o->n_in != 2 || nas_loose_list(l, o->in[1], order) != x.rank) return;
    for (int32_t k = 0; k < x.rank; k++) {
        if (order[k] < 0 || order[k] >= x.rank) return;
        dims[k] = x.dims[order[k]];
    }
    nas_loose_set_dims(l, o->out, x.rank, dims);
}

const nas_deploy_op nas_deploy_strided_slice = {
    .options = 32,
    .read = read_slice,
    .write = write_slice,
    .shape = shape_slice,
    .units = NAS_UNITS_IN_OUT,
    .open = open_picked,
    .emit = emit_picked,
};

const nas_deploy_op nas_deploy_transpose = {
    .options = 26,
    .shape = shape_transpose,
    .units = NAS_UNITS_IN_OUT,
    .open = open_picked,
    .emit = emit_picked,
};
