/* core/deploy/format/format.c - the table of number formats, and float32. */
#include "core/deploy/format/int.h"
#include "core/graph/graph_int.h"

#include <string.h>

/* In the order of nas_format. */
static const struct {
    const char *name;
    nas_format_fn *apply;
} formats[] = {
    [NAS_FORMAT_FLOAT32] = {"float32", nas_format_float32},
    [NAS_FORMAT_FLOAT16] = {"float16", nas_format_float16},
    [NAS_FORMAT_DYNAMIC] = {"dynamic", nas_format_dynamic},
    [NAS_FORMAT_INT8] = {"int8", nas_format_int8},
};

const char *const nas_format_names[] = {"float32", "float16", "dynamic", "int8", NULL};

nas_status nas_format_apply(const nas_graph *g, nas_format format, const float *x, int32_t n,
                            nas_graph *out, nas_err *err) {
    const size_t i = (size_t)format;
    *out = nas_graph_start(out->arena);
    if (i >= sizeof formats / sizeof *formats)
        return nas_fail(err, NAS_EINVAL, "number format %d does not exist", (int)format);
    NAS_TRY(nas_graph_check(g, err));
    for (int32_t k = 0; k < g->n_tensors; k++) {
        const nas_tensor *t = &g->tensors[k];
        if (t->dtype != NAS_F32 && !(t->dtype == NAS_I32 && t->data))
            return nas_fail(err, NAS_EINVAL, "%s: tensor %d is not float32", formats[i].name, k);
    }
    return formats[i].apply(g, x, n, out, err);
}

nas_status nas_format_float32(const nas_graph *g, const float *x, int32_t n, nas_graph *out,
                              nas_err *err) {
    (void)x;
    (void)n;
    for (int32_t i = 0; i < g->n_tensors; i++) {
        nas_tensor t = g->tensors[i];
        const size_t bytes = (size_t)nas_tensor_bytes(&t);
        int32_t index;
        t.n_scale = 0;
        if (t.data) {
            void *copy = nas_arena_alloc(out->arena, bytes, err);
            if (!copy) return NAS_ENOMEM;
            t.data = memcpy(copy, t.data, bytes);
        }
        NAS_TRY(nas_graph_tensor(out, &t, &index, err));
    }
    for (int32_t i = 0; i < g->n_ops; i++) NAS_TRY(nas_graph_add_op(out, &g->ops[i], err));
    out->input = g->input;
    out->output = g->output;
    return nas_graph_check(out, err);
}
