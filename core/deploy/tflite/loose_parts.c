/* core/deploy/tflite/loose_parts.c - what rewriting of any operator needs: constants, and how it
 * fails. */
#include "core/deploy/tflite/loose.h"
#include "core/deploy/tflite/names.h"
#include "core/graph/graph_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

nas_status nas_loose_fail(const nas_loose *l, const nas_loose_op *o, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return nas_fail(l->err, NAS_EUNSUPPORTED, "operator %d (%s): %s", o->number,
                    tfl_operator_name(o->code), text);
}

nas_status nas_loose_constant(nas_loose *l, int32_t rank, const int32_t *dims,
                              const int32_t *values, int32_t *index) {
    nas_tensor t = {.dtype = NAS_I32, .rank = rank};
    memcpy(t.dims, dims, (size_t)rank * sizeof *dims);
    const size_t n = (size_t)nas_tensor_count(&t);
    int32_t *copy = nas_arena_array(l->g->arena, n, sizeof *copy, l->err);
    if (!copy) return NAS_ENOMEM;
    memcpy(copy, values, n * sizeof *copy);
    t.data = copy;
    return nas_graph_tensor(l->g, &t, index, l->err);
}

int32_t nas_loose_list(const nas_loose *l, int32_t tensor, int32_t out[NAS_LOOSE_LIST]) {
    if (tensor < 0 || tensor >= l->g->n_tensors) return -1;
    const nas_tensor *t = &l->g->tensors[tensor];
    if (t->dtype != NAS_I32 || !t->data) return -1;
    const int64_t n = nas_tensor_count(t);
    if (n < 0 || n > NAS_LOOSE_LIST) return -1;
    memcpy(out, t->data, (size_t)n * sizeof *out);
    return (int32_t)n;
}
