/* core/compress/even.c - hidden values of dense layers in other units. */
#include "core/compress/even.h"

#include "core/compress/compress_int.h"

#include <math.h>

enum { PASSES = 4 }; /* a kernel between two others is in two pairs */

/* The only node that reads what node i makes, past those that do nothing; -1: none, or several. */
static int32_t reader_of(const nas_net *net, int32_t i) {
    int32_t reader = -1;
    for (int32_t k = 0; k < net->nodes.n; k++)
        for (int32_t j = 0; j < net->nodes.v[k].n_in; j++) {
            if (net->nodes.v[k].in[j] != net->nodes.v[i].out) continue;
            if (reader >= 0) return -1;
            reader = k;
        }
    if (reader >= 0 && net->nodes.v[reader].ops->is_idle) return reader_of(net, reader);
    return reader;
}

/* The dense node behind dense node i and its ReLU; NULL: none. */
static nas_node *partner_of(const nas_net *net, int32_t i) {
    const int32_t relu = reader_of(net, i);
    if (relu < 0 || !net->nodes.v[relu].ops->is_plain_relu) return NULL;
    const int32_t next = reader_of(net, relu);
    return next >= 0 && nas_shares_scale(&net->nodes.v[next]) ? &net->nodes.v[next] : NULL;
}

/* n values, `step` apart. */
static float largest(const float *v, int32_t n, size_t step) {
    float most = 0;
    for (int32_t i = 0; i < n; i++) most = fmaxf(most, fabsf(v[(size_t)i * step]));
    return most;
}

static void scale(float *v, int32_t n, size_t step, float factor) {
    for (int32_t i = 0; i < n; i++) v[(size_t)i * step] *= factor;
}

static void even_pair(const nas_net *net, nas_node *a, nas_node *b) {
    const nas_weight *w = &a->weights[0], *next = &b->weights[0];
    float *from = nas_node_param(a, 0, net), *to = nas_node_param(b, 0, net);
    float *bias = a->n_weights > 1 ? nas_node_param(a, 1, net) : NULL;
    for (int32_t c = 0; c < w->cols; c++) {
        float *row = to + (size_t)c * (size_t)next->stride;
        const float in = largest(from + c, w->rows, (size_t)w->stride);
        const float out = largest(row, next->cols, 1);
        const float s = sqrtf(out / in);
        if (!(in > 0) || !(out > 0) || !isfinite(s) || !isfinite(1 / s)) continue;
        scale(from + c, w->rows, (size_t)w->stride, s);
        if (bias) bias[c] *= s;
        scale(row, next->cols, 1, 1 / s);
    }
}

void nas_net_even(nas_net *net) {
    for (int pass = 0; pass < PASSES; pass++)
        for (int32_t i = 0; i < net->nodes.n; i++) {
            nas_node *next = nas_shares_scale(&net->nodes.v[i]) ? partner_of(net, i) : NULL;
            if (next) even_pair(net, &net->nodes.v[i], next);
        }
    net->ready = false;
}
