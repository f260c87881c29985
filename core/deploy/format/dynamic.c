/* core/deploy/format/dynamic.c - dynamic range: int8 kernels, everything else float. */
#include "core/deploy/format/int.h"
#include "core/graph/graph_int.h"
#include "core/graph/op_row.h"

/* A kernel is quantised when its file gets smaller: 3 bytes saved a weight, 12 spent a scale
 * and its zero point, and some on their tables. Smaller kernels stay float, as those that an
 * int32 sum could not hold. */
enum { TABLES = 64, LEAST = 64 };

static bool is_worth_it(const nas_tensor *w, int32_t axis, bool whole) {
    const int64_t n = nas_tensor_count(w), channels = w->dims[axis];
    if (n / channels > NAS_MOST_INT8_SUM) return false;
    if (w->n_scale > 0) return true;
    return n >= LEAST && 3 * n > 12 * (whole ? 1 : channels) + TABLES;
}

/* done[t]: the int8 form of kernel t along done_axis[t]; 0: none yet. */
typedef struct kernels {
    int32_t *done, *done_axis;
} kernels;

static nas_status change_kernel(const nas_graph *g, nas_graph *out, nas_op *o, int32_t axis,
                                kernels *k, nas_err *err) {
    const int32_t from = o->in[1];
    const bool whole = nas_kernel_is_whole(g, o);
    nas_tensor t = g->tensors[from];
    if (!is_worth_it(&t, axis, whole)) return NAS_OK;
    if (!nas_all_finite(&t))
        return nas_fail(err, NAS_EINVAL, "dynamic: a %s has weights that are not finite",
                        nas_op_name(o->kind));
    o->asymmetric = o->kind == NAS_OP_FULLY_CONNECTED;
    if (k->done[from] && k->done_axis[from] == axis) {
        o->in[1] = k->done[from];
        return NAS_OK;
    }
    NAS_TRY(nas_quantize_kernel(&t, axis, whole, NULL, out->arena, err));
    /* Of equal scales of a CONV_2D the runtimes take the first, or (TensorFlow 2.16 and
     * tflite-runtime 2.14) none and give wrong values. */
    if (o->kind == NAS_OP_CONV_2D && nas_scales_are_equal(&t)) {
        t.n_scale = 1;
        t.axis = 0;
    }
    NAS_TRY(nas_graph_tensor(out, &t, &o->in[1], err));
    k->done[from] = o->in[1];
    k->done_axis[from] = axis;
    return NAS_OK;
}

static nas_status apply_dynamic(const nas_graph *g, const float *x, int32_t n, nas_graph *out,
                                nas_err *err) {
    kernels k = {.done = nas_arena_array(out->arena, (size_t)g->n_tensors, sizeof *k.done, err)};
    k.done_axis = nas_arena_array(out->arena, (size_t)g->n_tensors, sizeof *k.done_axis, err);
    if (!k.done || !k.done_axis) return NAS_ENOMEM;
    NAS_TRY(nas_format_copy(g, x, n, out, err));
    for (int32_t i = 0; i < out->n_ops; i++) {
        nas_op *o = &out->ops[i];
        const nas_op_row *row = nas_op_row_of(o->kind);
        if (row->weighted) NAS_TRY(change_kernel(g, out, o, row->kernel_axis, &k, err));
    }
    NAS_TRY(nas_graph_sweep(out, err));
    return nas_graph_check(out, err);
}

const nas_format_ops nas_format_dynamic = {
    .name = "dynamic", .apply = apply_dynamic, .rounding = NAS_ROUND_CODES, .least = LEAST};
