/* core/nn/whiten.c - kernels that read the examples move as if what they read were uncorrelated. */
#include "core/nn/whiten.h"

#include "core/nn/net_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KERNELS_MOST = 8, ROWS_MOST = 2048, EXAMPLES_MOST = 4096 };

/* Of the variance of an input: what varies less says nothing, and must not move weights much. */
static const double ridge = 1e-4;

typedef struct part {
    int32_t rows, stride, dilation;
    float *param, *grad;
    float *a;    /* [rows][rows], row i of A; lower triangle of the last row first */
    float *kept, *work; /* [rows][stride] */
} part;

struct nas_whitener {
    nas_arena *arena;
    int32_t n;
    part parts[KERNELS_MOST];
};

/* Does the node read the input of the net, or that in one row? */
static bool reads_input(const nas_net *net, const nas_node *node) {
    int32_t value = node->in[0];
    if (node->ops == &nas_layer_dense)
        while (value > 0 && net->nodes.v[value - 1].ops == &nas_layer_flatten)
            value = net->nodes.v[value - 1].in[0];
    return value == 0 && (node->ops == &nas_layer_dense || node->ops == &nas_layer_conv1d);
}

/* C [n][n] of the first rows that a kernel reads, last one first. A tap is a frame. */
static void add_covariance(const nas_examples *e, int32_t n, int32_t dilation, double *c) {
    const int32_t step = (e->n + EXAMPLES_MOST - 1) / EXAMPLES_MOST;
    const double share = step > 0 ? 1.0 / ((e->n + step - 1) / step) : 1;
    double x[ROWS_MOST];
    for (int32_t k = 0; k < e->n; k += step) {
        const float *from = nas_example_x(e, k);
        for (int32_t i = 0; i < n; i++) {
            const int32_t r = n - 1 - i;
            x[i] = (double)from[r / e->w * dilation * e->w + r % e->w];
        }
        for (int32_t i = 0; i < n; i++)
            for (int32_t j = 0; j <= i; j++)
                c[(size_t)i * (size_t)n + (size_t)j] += share * x[i] * x[j];
    }
    for (int32_t i = 0; i < n; i++) c[(size_t)i * (size_t)n + (size_t)i] += ridge;
}

/* The lower triangle becomes L, then its inverse. */
static void invert_root(double *c, int32_t n) {
    const size_t m = (size_t)n;
    for (size_t j = 0; j < m; j++)
        for (size_t i = j; i < m; i++) {
            double sum = c[i * m + j];
            for (size_t k = 0; k < j; k++) sum -= c[i * m + k] * c[j * m + k];
            c[i * m + j] = i == j ? sqrt(fmax(sum, ridge / 2)) : sum / c[j * m + j];
        }
    for (size_t j = 0; j < m; j++) {
        c[j * m + j] = 1 / c[j * m + j];
        for (size_t i = j + 1; i < m; i++) {
            double sum = 0;
            for (size_t k = j; k < i; k++) sum -= c[i * m + k] * c[k * m + j];
            c[i * m + j] = sum / c[i * m + i];
        }
    }
}

static nas_status add_part(nas_whitener *w, const nas_net *net, const nas_node *node,
                           const nas_examples *e, nas_err *err) {
    const nas_weight *k = &node->weights[0];
    part *p = &w->parts[w->n];
    const size_t n = (size_t)k->rows;
    *p = (part){.rows = k->rows,
                .stride = k->stride,
                .dilation = node->ops == &nas_layer_conv1d ? node->spec->dilation[0] : 1,
                .param = nas_node_param(node, 0, net),
                .grad = nas_node_grad(node, 0, net)};
    p->a = nas_arena_array(w->arena, n * n, sizeof *p->a, err);
    p->kept = nas_arena_array(w->arena, n * (size_t)k->stride, sizeof *p->kept, err);
    p->work = nas_arena_array(w->arena, n * (size_t)k->stride, sizeof *p->work, err);
    double *c = calloc(n * n, sizeof *c);
    if (!p->a || !p->kept || !p->work || !c) {
        free(c);
        return nas_fail(err, NAS_ENOMEM, "train: no room to whiten %d inputs", k->rows);
    }
    add_covariance(e, k->rows, p->dilation, c);
    invert_root(c, k->rows);
    for (size_t i = 0; i < n * n; i++) p->a[i] = (float)c[i];
    free(c);
    w->n++;
    return NAS_OK;
}

static nas_status add_parts(nas_whitener *w, const nas_net *net, const nas_examples *e,
                            nas_err *err) {
    NAS_TRY(nas_arena_open(&w->arena, err));
    for (int32_t i = 0; i < net->nodes.n && w->n < KERNELS_MOST; i++) {
        const nas_node *node = &net->nodes.v[i];
        const int32_t rows = node->n_weights ? node->weights[0].rows : 0;
        if (rows > 0 && rows <= ROWS_MOST && rows % e->w == 0 && reads_input(net, node))
            NAS_TRY(add_part(w, net, node, e, err));
    }
    return NAS_OK;
}

nas_status nas_whitener_open(nas_net *net, const nas_examples *e, nas_whitener **out,
                             nas_err *err) {
    *out = NULL;
    nas_whitener *w = calloc(1, sizeof *w);
    if (!w) return nas_fail(err, NAS_ENOMEM, "train: out of memory");
    const nas_status st = add_parts(w, net, e, err);
    if (st == NAS_OK)
        *out = w;
    else
        nas_whitener_close(w);
    return st;
}

void nas_whitener_close(nas_whitener *w) {
    if (!w) return;
    nas_arena_close(w->arena);
    free(w);
}

static void add_row(float by, const float *from, int32_t n, float *to) {
    for (int32_t c = 0; c < n; c++) to[c] += by * from[c];
}

/* m = A m, or with `back` A' m: row i of A has the inputs n - 1, n - 2, ... n - 1 - i. */
static void mix(const part *p, bool back, float *m) {
    const int32_t n = p->rows, s = p->stride;
    const size_t bytes = (size_t)n * (size_t)s * sizeof *m;
    memcpy(p->work, m, bytes);
    memset(m, 0, bytes);
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j <= i; j++) {
            const float by = p->a[(size_t)i * (size_t)n + (size_t)j];
            const size_t v = (size_t)i * (size_t)s, x = (size_t)(n - 1 - j) * (size_t)s;
            add_row(by, p->work + (back ? v : x), s, m + (back ? x : v));
        }
}

void nas_whitener_begin(nas_whitener *w) {
    for (int32_t i = 0; i < w->n; i++) mix(&w->parts[i], true, w->parts[i].param);
}

void nas_whitener_before(nas_whitener *w) {
    for (int32_t i = 0; i < w->n; i++) {
        const part *p = &w->parts[i];
        const size_t bytes = (size_t)p->rows * (size_t)p->stride * sizeof *p->param;
        mix(p, false, p->grad);
        memcpy(p->kept, p->param, bytes);
        memset(p->param, 0, bytes);
    }
}

void nas_whitener_after(nas_whitener *w) {
    for (int32_t i = 0; i < w->n; i++) {
        const part *p = &w->parts[i];
        mix(p, true, p->param);
        add_row(1, p->kept, p->rows * p->stride, p->param);
    }
}
