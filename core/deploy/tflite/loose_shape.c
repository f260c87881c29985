/* core/deploy/tflite/loose_shape.c - the sizes of outputs, where a file leaves them open. */
#include "core/deploy/ops/op.h"

#include <string.h>

static bool is_open(const nas_loose *l, int32_t t) {
    return t < l->n_read && l->tensors[t].open;
}

void nas_loose_set_dims(nas_loose *l, int32_t t, int32_t rank, const int32_t *dims) {
    nas_tensor *y = &l->g->tensors[t];
    if (y->data) return; /* nothing makes a constant: nas_graph_check refuses it */
    y->rank = rank;
    for (int32_t k = 0; k < rank; k++) y->dims[k] = dims[k];
}

/* --- operators that only rename axes: all become RESHAPE without an operand ------------------- */

static void become_reshape(nas_loose *l, nas_loose_op *o, int32_t rank, const int32_t *dims) {
    nas_loose_set_dims(l, o->out, rank, dims);
    o->code = NAS_OP_RESHAPE;
    o->n_in = 1;
    l->g->changes |= NAS_CHANGED_SHAPES;
}

static nas_status expand(nas_loose *l, nas_loose_op *o) {
    const nas_tensor x = l->g->tensors[o->in[0]];
    int32_t axis[NAS_LOOSE_LIST], dims[NAS_MAX_RANK + 1];
    if (o->n_in != 2 || nas_loose_list(l, o->in[1], axis) != 1 || x.rank >= NAS_MAX_RANK)
        return nas_loose_fail(l, o, "its axis must be one constant number, its output of rank %d",
                              NAS_MAX_RANK);
    const int32_t at = axis[0] < 0 ? axis[0] + x.rank + 1 : axis[0];
    if (at < 0 || at > x.rank) return nas_loose_fail(l, o, "axis %d", axis[0]);
    for (int32_t k = 0; k <= x.rank; k++) dims[k] = k < at ? x.dims[k] : k > at ? x.dims[k - 1] : 1;
    become_reshape(l, o, x.rank + 1, dims);
    return NAS_OK;
}

static nas_status squeeze(nas_loose *l, nas_loose_op *o) {
    const nas_tensor x = l->g->tensors[o->in[0]];
    int32_t dims[NAS_MAX_RANK], rank = 0;
    bool out[NAS_MAX_RANK] = {false};
    for (int32_t k = 0; k < o->n_dims; k++) {
        const int32_t at = o->dims[k] < 0 ? o->dims[k] + x.rank : o->dims[k];
        if (at < 0 || at >= x.rank || x.dims[at] != 1)
            return nas_loose_fail(l, o, "axis %d is not of size 1", o->dims[k]);
        out[at] = true;
    }
    for (int32_t k = 0; k < x.rank; k++)
        if (o->n_dims ? !out[k] : x.dims[k] != 1) dims[rank++] = x.dims[k];
    become_reshape(l, o, rank, dims);
    return NAS_OK;
}

/* One size may be -1: what is left. False: they are not those of n values. */
static bool fill_rest(int32_t rank, int32_t *dims, int64_t n) {
    int64_t known = 1;
    int32_t rest = -1;
    for (int32_t k = 0; k < rank; k++) {
        if (dims[k] == -1 && rest < 0) {
            rest = k;
            continue;
        }
        if (dims[k] < 1 || __builtin_mul_overflow(known, (int64_t)dims[k], &known)) return false;
    }
    if (rest < 0) return known == n;
    if (n < 1 || n % known != 0 || n / known > INT32_MAX) return false;
    dims[rest] = (int32_t)(n / known);
    return true;
}

/* Is the operand such as nas_graph_check takes it beside y? */
static bool operand_says(const nas_tensor *s, const int32_t *v, int32_t n, const nas_tensor *y) {
    bool says = s->rank <= 1 && n == y->rank;
    for (int32_t k = 0; says && k < n; k++) says = v[k] == -1 || v[k] == y->dims[k];
    return says;
}

/* The shape is the operand's, else the options', else the output's own. What does not fit is left
 * for nas_graph_check. */
static nas_status reshape(nas_loose *l, nas_loose_op *o) {
    const nas_tensor *y = &l->g->tensors[o->out];
    const int64_t count = nas_tensor_count(&l->g->tensors[o->in[0]]);
    int32_t v[NAS_LOOSE_LIST], n = o->n_dims, dims[NAS_LOOSE_LIST];
    const bool operand = o->n_in > 1 && o->in[1] >= 0;
    memcpy(v, o->dims, sizeof o->dims);
    if (operand) n = nas_loose_list(l, o->in[1], v);
    if (n < 0) return nas_loose_fail(l, o, "its shape is computed from values");
    if (!operand && n == 0) return NAS_OK;
    memcpy(dims, v, sizeof v);
    const bool fits = n <= NAS_MAX_RANK && fill_rest(n, dims, count);
    const bool same = fits && n == y->rank && memcmp(dims, y->dims, (size_t)n * sizeof *dims) == 0;
    if (!same && !(fits && is_open(l, o->out))) return NAS_OK;
    nas_loose_set_dims(l, o->out, n, dims);
    if (operand && !operand_says(&l->g->tensors[o->in[1]], v, n, &l->g->tensors[o->out]))
        become_reshape(l, o, n, dims);
    return NAS_OK;
}

/* --- the others ------------------------------------------------------------------------------- */

const nas_tensor *nas_loose_operand(const nas_loose *l, const nas_loose_op *o, int32_t slot) {
    if (slot >= o->n_in || o->in[slot] < 0) return NULL;
    return &l->g->tensors[o->in[slot]];
}

/* A window over a map [n,h,w,c]. */
void nas_loose_window(nas_loose *l, const nas_loose_op *o, const int32_t *kernel,
                      const int32_t *dilation, int32_t channels) {
    const nas_tensor *x = nas_loose_operand(l, o, 0);
    int32_t dims[4] = {x->dims[0], 0, 0, channels}, before;
    if (x->rank != 4) return;
    for (int32_t k = 0; k < 2; k++)
        nas_window_axis(o->o.padding, x->dims[1 + k], kernel[k], o->o.stride[k], dilation[k],
                        &dims[1 + k], &before);
    nas_loose_set_dims(l, o->out, 4, dims);
}

void nas_loose_broadcast(nas_loose *l, const nas_loose_op *o) {
    const nas_tensor *a = nas_loose_operand(l, o, 0), *b = nas_loose_operand(l, o, 1);
    int32_t dims[NAS_MAX_RANK];
    if (!b) return;
    const int32_t rank = a->rank > b->rank ? a->rank : b->rank;
    for (int32_t k = 1; k <= rank; k++) {
        const int32_t p = k <= a->rank ? a->dims[a->rank - k] : 1;
        const int32_t q = k <= b->rank ? b->dims[b->rank - k] : 1;
        dims[rank - k] = p > q ? p : q;
    }
    nas_loose_set_dims(l, o->out, rank, dims);
}

void nas_loose_reduce(nas_loose *l, const nas_loose_op *o) {
    const nas_tensor *x = nas_loose_operand(l, o, 0);
    int32_t axes[NAS_LOOSE_LIST], dims[NAS_MAX_RANK], rank = 0;
    const int32_t n = o->n_in > 1 ? nas_loose_list(l, o->in[1], axes) : -1;
    bool gone[NAS_MAX_RANK] = {false};
    for (int32_t k = 0; k < n; k++) {
        const int32_t at = axes[k] < 0 ? axes[k] + x->rank : axes[k];
        if (at < 0 || at >= x->rank) return;
        gone[at] = true;
    }
    for (int32_t k = 0; k < x->rank; k++)
        if (!gone[k] || o->o.keep_dims) dims[rank++] = gone[k] ? 1 : x->dims[k];
    nas_loose_set_dims(l, o->out, rank, dims);
}

static void infer(nas_loose *l, const nas_loose_op *o) {
    const nas_deploy_op *row = nas_deploy_op_of(o->code);
    const nas_tensor x = *nas_loose_operand(l, o, 0);
    if (row && row->shape)
        row->shape(l, o);
    else
        nas_loose_set_dims(l, o->out, x.rank, x.dims);
}

nas_status nas_loose_shape(nas_loose *l, nas_loose_op *o) {
    if (!nas_loose_operand(l, o, 0)) return NAS_OK;
    switch (o->code) {
    case NAS_LOOSE_EXPAND_DIMS: return expand(l, o);
    case NAS_LOOSE_SQUEEZE: return squeeze(l, o);
    case NAS_OP_RESHAPE: return reshape(l, o);
    default:
        if (is_open(l, o->out)) infer(l, o);
        return NAS_OK;
    }
}
