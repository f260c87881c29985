/* core/graph/units.c - means and deviations of columns go into kernels and biases. */
#include "core/graph/units.h"

#include "core/graph/graph_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int32_t count_readers(const nas_graph *g, int32_t tensor, int32_t *reader) {
    int32_t n = g->output == tensor;
    for (int32_t i = 0; i < g->n_ops; i++)
        for (int32_t k = 0; k < g->ops[i].n_in; k++) {
            if (g->ops[i].in[k] != tensor) continue;
            *reader = i;
            n++;
        }
    return n;
}

static bool is_kernel(const nas_op *o) {
    return o->kind == NAS_OP_FULLY_CONNECTED || o->kind == NAS_OP_CONV_2D;
}

/* Does a window of o stand over the edge anywhere? */
static bool is_padded(const nas_graph *g, const nas_op *o) {
    if (o->kind != NAS_OP_CONV_2D || o->padding == NAS_VALID) return false;
    const nas_tensor *x = &g->tensors[o->in[0]], *k = &g->tensors[o->in[1]];
    for (int a = 0; a < 2; a++) {
        int32_t out, before;
        nas_window_axis(NAS_SAME, x->dims[a + 1], k->dims[a + 1], o->stride[a], o->dilation[a],
                        &out, &before);
        const int32_t span = (k->dims[a + 1] - 1) * o->dilation[a] + 1;
        if (before || (out - 1) * o->stride[a] + span > x->dims[a + 1]) return true;
    }
    return false;
}

static int32_t last_dim(const nas_tensor *t) {
    return t->dims[t->rank - 1];
}

/* The kernel that reads the input first; -1: it takes no units. */
static int32_t first_kernel(const nas_graph *g, int32_t columns) {
    int32_t tensor = g->input, reader = -1;
    while (count_readers(g, tensor, &reader) == 1 && reader >= 0) {
        const nas_op *o = &g->ops[reader];
        if (o->kind == NAS_OP_RESHAPE) {
            tensor = o->out;
            continue;
        }
        const bool fits = is_kernel(o) && o->in[0] == tensor && !is_padded(g, o) &&
                          last_dim(&g->tensors[o->in[1]]) % columns == 0;
        return fits ? reader : -1;
    }
    return -1;
}

static int32_t last_kernel(const nas_graph *g, int32_t columns) {
    int32_t tensor = g->output, ignored = -1;
    for (int32_t i = g->n_ops; i-- > 0;) {
        const nas_op *o = &g->ops[i];
        if (o->out != tensor) continue;
        if (count_readers(g, tensor, &ignored) != 1) return -1;
        if (o->kind == NAS_OP_RESHAPE) {
            tensor = o->in[0];
            continue;
        }
        const bool fits = is_kernel(o) && o->activation == NAS_ACT_NONE &&
                          g->tensors[o->in[1]].dims[0] % columns == 0;
        return fits ? i : -1;
    }
    return -1;
}

bool nas_graph_takes_units(const nas_graph *g, int32_t inputs, int32_t outputs) {
    return first_kernel(g, inputs) >= 0 && last_kernel(g, outputs) >= 0;
}

/* A kernel [rows][cols], cols with the input's channels innermost, and its bias [rows]. */
typedef struct affine {
    int32_t rows, cols;
    float *kernel, *bias;
} affine;

/* Copies of the operator's constants, which the new tensors then hold. */
static nas_status take_constants(nas_graph *g, nas_op *o, affine *out, nas_err *err) {
    nas_tensor k = g->tensors[o->in[1]];
    const int64_t n = nas_tensor_count(&k);
    assert(k.data && k.dtype == NAS_F32);
    out->rows = k.dims[0];
    out->cols = (int32_t)(n / out->rows);
    out->kernel = nas_arena_array(g->arena, (size_t)n, sizeof *out->kernel, err);
    out->bias = nas_arena_array(g->arena, (size_t)out->rows, sizeof *out->bias, err);
    if (!out->kernel || !out->bias) return NAS_ENOMEM;
    memcpy(out->kernel, k.data, (size_t)n * sizeof *out->kernel);
    if (o->n_in == 3 && o->in[2] >= 0)
        memcpy(out->bias, g->tensors[o->in[2]].data, (size_t)out->rows * sizeof *out->bias);
    k.n_scale = 0;
    k.data = out->kernel;
    NAS_TRY(nas_graph_tensor(g, &k, &o->in[1], err));
    const nas_tensor bias = {.dtype = NAS_F32, .rank = 1, .dims = {out->rows}, .data = out->bias};
    o->n_in = 3;
    return nas_graph_tensor(g, &bias, &o->in[2], err);
}

/* w ((x - mean) / deviation) + b = (w / deviation) x + (b - sum of w mean / deviation) */
static nas_status give_input(nas_graph *g, nas_op *o, const nas_columns *c, nas_err *err) {
    affine a;
    NAS_TRY(take_constants(g, o, &a, err));
    for (int32_t r = 0; r < a.rows; r++) {
        double bias = (double)a.bias[r];
        for (int32_t i = 0; i < a.cols; i++) {
            float *w = &a.kernel[(size_t)r * (size_t)a.cols + (size_t)i];
            const double v = (double)*w / (double)c->deviation[i % c->n];
            *w = *w != 0 ? (float)v : 0;
            /* As the file rounds the kernel, so that it gives 0 for the mean. */
            bias -= (double)*w * (double)c->mean[i % c->n];
        }
        a.bias[r] = (float)bias;
    }
    return NAS_OK;
}

static nas_status give_output(nas_graph *g, nas_op *o, const nas_columns *c, nas_err *err) {
    affine a;
    NAS_TRY(take_constants(g, o, &a, err));
    for (int32_t r = 0; r < a.rows; r++) {
        const double deviation = (double)c->deviation[r % c->n];
        for (int32_t i = 0; i < a.cols; i++) {
            float *w = &a.kernel[(size_t)r * (size_t)a.cols + (size_t)i];
            *w = *w != 0 ? (float)((double)*w * deviation) : 0;
        }
        a.bias[r] = (float)((double)a.bias[r] * deviation + (double)c->mean[r % c->n]);
    }
    return NAS_OK;
}

nas_status nas_graph_give_units(nas_graph *g, const nas_columns *in, const nas_columns *out,
                                nas_err *err) {
    const int32_t first = first_kernel(g, in->n), last = last_kernel(g, out->n);
    assert(first >= 0 && last >= 0);
    NAS_TRY(give_input(g, &g->ops[first], in, err));
    NAS_TRY(give_output(g, &g->ops[last], out, err));
    return nas_graph_sweep(g, err);
}
