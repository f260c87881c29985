/* core/deploy/tflite/loose_sizes.c - sizes that a file computes from sizes: known once its batch
 * is. */
#include "core/deploy/tflite/loose.h"

#include <string.h>

static nas_status put(nas_loose *l, nas_loose_op *o, int32_t rank, int32_t n, const int32_t *v) {
    nas_tensor *y = &l->g->tensors[o->out];
    int32_t *copy = nas_arena_array(l->g->arena, (size_t)n, sizeof *copy, l->err);
    if (!copy) return NAS_ENOMEM;
    if (n) memcpy(copy, v, (size_t)n * sizeof *copy);
    *y = (nas_tensor){.dtype = NAS_I32, .rank = rank, .dims = {n}, .data = copy};
    o->gone = true;
    l->g->changes |= NAS_CHANGED_SHAPES;
    return NAS_OK;
}

/* Where a slice of n items begins or ends: negative from the end, then within what the step can
 * reach. */
static int64_t slice_end(int64_t at, int64_t n, int64_t step) {
    if (at < 0) at += n;
    const int64_t lo = step > 0 ? 0 : -1, hi = step > 0 ? n : n - 1;
    return at < lo ? lo : at > hi ? hi : at;
}

/* Of a list: one axis. */
static nas_status slice(nas_loose *l, nas_loose_op *o, int32_t n, const int32_t *v) {
    int32_t begin[NAS_LOOSE_LIST], end[NAS_LOOSE_LIST], step[NAS_LOOSE_LIST], out[NAS_LOOSE_LIST];
    if (o->n_in != 4 || nas_loose_list(l, o->in[1], begin) != 1 ||
        nas_loose_list(l, o->in[2], end) != 1 || nas_loose_list(l, o->in[3], step) != 1 ||
        step[0] == 0 || o->other_masks)
        return nas_loose_fail(l, o, "begin, end and stride must be one constant number each");
    const int64_t s = step[0];
    const int64_t first = o->o.begin_mask & 1 ? (s > 0 ? 0 : n - 1) : slice_end(begin[0], n, s);
    const int64_t last = o->o.end_mask & 1 ? (s > 0 ? n : -1) : slice_end(end[0], n, s);
    int32_t count = 0;
    if (o->o.shrink_mask & 1) {
        if (first < 0 || first >= n) return nas_loose_fail(l, o, "item %d of %d", begin[0], n);
        return put(l, o, 0, 1, &v[first]);
    }
    for (int64_t i = first; s > 0 ? i < last : i > last; i += s) out[count++] = v[i];
    return put(l, o, 1, count, out);
}

static nas_status gather(nas_loose *l, nas_loose_op *o, int32_t n, const int32_t *v) {
    int32_t at[NAS_LOOSE_LIST], out[NAS_LOOSE_LIST];
    const int32_t count = o->n_in == 2 ? nas_loose_list(l, o->in[1], at) : -1;
    if (count < 0) return nas_loose_fail(l, o, "what it takes of sizes is not constant");
    for (int32_t i = 0; i < count; i++) {
        if (at[i] < 0 || at[i] >= n) return nas_loose_fail(l, o, "item %d of %d", at[i], n);
        out[i] = v[at[i]];
    }
    return put(l, o, l->g->tensors[o->in[1]].rank > 0, count, out);
}

static nas_status product(nas_loose *l, nas_loose_op *o, int32_t n, const int32_t *v) {
    int32_t all = 1;
    for (int32_t i = 0; i < n; i++)
        if (__builtin_mul_overflow(all, v[i], &all))
            return nas_loose_fail(l, o, "a product of sizes is too large");
    return put(l, o, o->o.keep_dims, 1, &all);
}

static nas_status join(nas_loose *l, nas_loose_op *o) {
    int32_t out[NAS_LOOSE_INPUTS * NAS_LOOSE_LIST], n = 0;
    for (int32_t k = 0; k < o->n_in; k++) {
        const int32_t more = nas_loose_list(l, o->in[k], out + n);
        if (more < 0 || (o->code == NAS_LOOSE_PACK && more != 1))
            return nas_loose_fail(l, o, "it joins what are not sizes");
        n += more;
    }
    if (o->axis != 0 && o->axis != -1) return nas_loose_fail(l, o, "axis %d of sizes", o->axis);
    if (n > NAS_LOOSE_LIST) return nas_loose_fail(l, o, "it joins %d sizes", n);
    return put(l, o, 1, n, out);
}

nas_status nas_loose_sizes(nas_loose *l, nas_loose_op *o) {
    int32_t v[NAS_LOOSE_LIST];
    if (o->n_in < 1 || o->in[0] < 0) return NAS_OK;
    const nas_tensor *x = &l->g->tensors[o->in[0]];
    if (o->code == NAS_LOOSE_SHAPE) return put(l, o, 1, x->rank, x->dims);
    const int32_t n = nas_loose_list(l, o->in[0], v);
    if (n < 0) return NAS_OK; /* of values: not ours */
    switch (o->code) {
    case NAS_OP_STRIDED_SLICE: return slice(l, o, n, v);
    case NAS_LOOSE_GATHER: return gather(l, o, n, v);
    case NAS_LOOSE_REDUCE_PROD: return product(l, o, n, v);
    default: return join(l, o);
    }
}
