/* core/deploy/format/float32.c - everything as it was trained. */
#include "core/deploy/format/int.h"
#include "core/graph/graph_int.h"

#include <string.h>

nas_status nas_format_copy(const nas_graph *g, const float *x, int32_t n, nas_graph *out,
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

const nas_format_ops nas_format_float32 = {.name = "float32", .apply = nas_format_copy};
