/* core/graph/cost.c - what one inference costs, from shapes alone. */
#include "core/graph/graph_int.h"

#include <stdlib.h>
#include <string.h>

static bool is_zero(const nas_tensor *t, int64_t i) {
    switch (t->dtype) {
    case NAS_F32: return ((const float *)t->data)[i] == 0;
    case NAS_F16: return (((const uint16_t *)t->data)[i] & 0x7fff) == 0;
    case NAS_I32: return ((const int32_t *)t->data)[i] == 0;
    case NAS_I64: return ((const int64_t *)t->data)[i] == 0;
    case NAS_I8: return ((const int8_t *)t->data)[i] == (t->n_scale == 1 ? t->zero_point[0] : 0);
    }
    return false;
}

static int64_t count_nonzero(const nas_tensor *t) {
    const int64_t n = nas_tensor_count(t);
    int64_t nonzero = 0;
    for (int64_t i = 0; i < n; i++) nonzero += !is_zero(t, i);
    return nonzero;
}

static nas_status cost_with(const nas_graph *g, nas_arena *scratch, nas_cost *out, nas_err *err) {
    bool *seen = nas_arena_array(scratch, (size_t)g->n_tensors, sizeof *seen, err);
    int64_t *offsets = nas_arena_array(scratch, (size_t)g->n_tensors, sizeof *offsets, err);
    if (!seen || !offsets) return NAS_ENOMEM;
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        out->macs += nas_op_macs(g, o);
        for (int32_t k = 0; k < o->n_in; k++) {
            if (o->in[k] < 0 || seen[o->in[k]] || nas_op_is_shape_operand(o, k)) continue;
            const nas_tensor *t = &g->tensors[o->in[k]];
            seen[o->in[k]] = true;
            if (!t->data) continue;
            out->constants += nas_tensor_count(t);
            out->nonzero += count_nonzero(t);
        }
    }
    NAS_TRY(nas_micro_arena(g, &out->arena_bytes, err));
    return nas_graph_plan(g, offsets, &out->ram_bytes, err);
}

nas_status nas_graph_cost(const nas_graph *g, nas_cost *out, nas_err *err) {
    *out = (nas_cost){0};
    NAS_TRY(nas_graph_check(g, err));
    nas_arena *scratch;
    NAS_TRY(nas_arena_open(&scratch, err));
    const nas_status st = cost_with(g, scratch, out, err);
    nas_arena_close(scratch);
    return st;
}

/* --- one constant ----------------------------------------------------------------------------- */

/* Equal for equal values. */
static int64_t key_of(const nas_tensor *t, int64_t i) {
    uint32_t bits;
    switch (t->dtype) {
    case NAS_F32:
        memcpy(&bits, (const float *)t->data + i, sizeof bits);
        return bits == 0x80000000u ? 0 : bits;
    case NAS_F16: bits = ((const uint16_t *)t->data)[i]; return bits == 0x8000 ? 0 : bits;
    case NAS_I32: return ((const int32_t *)t->data)[i];
    case NAS_I64: return ((const int64_t *)t->data)[i];
    case NAS_I8: return ((const int8_t *)t->data)[i];
    }
    return 0;
}

static int by_key(const void *a, const void *b) {
    const int64_t p = *(const int64_t *)a, q = *(const int64_t *)b;
    return (p > q) - (p < q);
}

nas_status nas_tensor_measure(const nas_tensor *t, nas_tensor_stats *out, nas_err *err) {
    *out = (nas_tensor_stats){0};
    const int64_t n = nas_tensor_count(t);
    if (!t->data || n < 1) return nas_fail(err, NAS_EINVAL, "statistics of what is no constant");
    int64_t *keys = malloc((size_t)n * sizeof *keys);
    if (!keys)
        return nas_fail(err, NAS_ENOMEM, "statistics: no room for %lld values", (long long)n);
    for (int64_t i = 0; i < n; i++) keys[i] = key_of(t, i);
    qsort(keys, (size_t)n, sizeof *keys, by_key);
    out->count = n;
    out->bytes = nas_tensor_bytes(t);
    out->zeros = n - count_nonzero(t);
    for (int64_t i = 0; i < n; i++) out->distinct += i == 0 || keys[i] != keys[i - 1];
    free(keys);
    return NAS_OK;
}
