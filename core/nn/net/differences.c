/* core/nn/net/differences.c - kernels that read the examples move as if they read differences. */
#include "core/nn/net/differences.h"

#include "core/nn/net/net_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KERNELS_MOST = 8, EXAMPLES_MOST = 4096 };

/* Below it, as a share of the inputs' own deviation, a difference is taken for noise. */
static const double least = 1e-2;

typedef struct part {
    int32_t taps, channels, stride; /* rows of the kernel: taps x channels */
    float *param, *grad;
    size_t at;    /* floats before param in the net's */
    float *scale; /* [channels] 1 / deviation of the difference */
    float *kept;  /* [taps * channels][stride] */
} part;

struct nas_differences {
    nas_arena *arena;
    int32_t n;
    part parts[KERNELS_MOST];
};

/* Does the node read the input of the net, its frames as they are or in one row? */
static bool reads_input(const nas_net *net, const nas_node *node) {
    const nas_frames reads = node->ops->reads;
    const nas_shape in = net->nodes.input, x = node->in_shape[0];
    int32_t value = node->in[0];
    if (reads == NAS_FRAMES_NONE) return false;
    if (reads == NAS_FRAMES_MAP && (x.h != in.h || x.w != 1 || x.c != in.w * in.c)) return false;
    while (value > 0 && net->nodes.v[value - 1].ops->renames == reads)
        value = net->nodes.v[value - 1].in[0];
    return value == 0;
}

/* Differences of frames that are `dilation` apart. */
static void find_scale(const nas_examples *e, int32_t dilation, float *scale) {
    const int32_t step = (e->n + EXAMPLES_MOST - 1) / EXAMPLES_MOST;
    for (int32_t c = 0; c < e->w; c++) {
        double squares = 0;
        int64_t n = 0;
        for (int32_t k = 0; k < e->n; k += step) {
            const float *x = nas_example_x(e, k) + c;
            for (int32_t t = 0; t + dilation < e->h; t++, n++) {
                const double d = (double)x[(t + dilation) * e->w] - (double)x[t * e->w];
                squares += d * d;
            }
        }
        scale[c] = (float)(1 / fmax(n ? sqrt(squares / (double)n) : 1, least));
    }
}

static nas_status add_part(nas_differences *d, const nas_net *net, const nas_node *node,
                           const nas_examples *e, nas_err *err) {
    const nas_weight *k = &node->weights[0];
    part *p = &d->parts[d->n];
    *p = (part){.taps = k->rows / e->w,
                .channels = e->w,
                .stride = k->stride,
                .param = nas_node_param(node, 0, net),
                .grad = nas_node_grad(node, 0, net),
                .at = k->at};
    p->scale = nas_arena_array(d->arena, (size_t)e->w, sizeof *p->scale, err);
    p->kept = nas_arena_array(d->arena, (size_t)k->rows * (size_t)k->stride, sizeof *p->kept, err);
    if (!p->scale || !p->kept) return NAS_ENOMEM;
    find_scale(e, node->ops->reads == NAS_FRAMES_MAP ? node->spec->dilation[0] : 1, p->scale);
    d->n++;
    return NAS_OK;
}

static nas_status add_parts(nas_differences *d, const nas_net *net, const nas_examples *e,
                            nas_err *err) {
    NAS_TRY(nas_arena_open(&d->arena, err));
    for (int32_t i = 0; i < net->nodes.n && d->n < KERNELS_MOST; i++) {
        const nas_node *node = &net->nodes.v[i];
        if (reads_input(net, node) && node->weights[0].rows % e->w == 0)
            NAS_TRY(add_part(d, net, node, e, err));
    }
    return NAS_OK;
}

nas_status nas_differences_open(nas_net *net, const nas_examples *e, nas_differences **out,
                                nas_err *err) {
    *out = NULL;
    nas_differences *d = calloc(1, sizeof *d);
    if (!d) return nas_fail(err, NAS_ENOMEM, "train: out of memory");
    const nas_status st = add_parts(d, net, e, err);
    if (st == NAS_OK)
        *out = d;
    else
        nas_differences_close(d);
    return st;
}

void nas_differences_close(nas_differences *d) {
    if (!d) return;
    nas_arena_close(d->arena);
    free(d);
}

/* v = A v in place: row t becomes (row t + 1 - row t) * scale, the last stays. */
static void apply(const part *p, float *v) {
    const size_t s = (size_t)p->stride, frame = s * (size_t)p->channels;
    for (int32_t t = 0; t + 1 < p->taps; t++)
        for (int32_t c = 0; c < p->channels; c++) {
            float *row = v + (size_t)t * frame + (size_t)c * s;
            for (size_t i = 0; i < s; i++) row[i] = (row[i + frame] - row[i]) * p->scale[c];
        }
}

/* v = A' v in place: row t becomes row t - 1 * scale - row t * scale, the last without scale. */
static void apply_back(const part *p, float *v) {
    const size_t s = (size_t)p->stride, frame = s * (size_t)p->channels;
    for (int32_t t = p->taps; t-- > 0;)
        for (int32_t c = 0; c < p->channels; c++) {
            float *row = v + (size_t)t * frame + (size_t)c * s;
            const float own = t + 1 < p->taps ? -p->scale[c] : 1;
            for (size_t i = 0; i < s; i++) {
                row[i] *= own;
                if (t > 0) row[i] += row[i - frame] * p->scale[c];
            }
        }
}

void nas_differences_begin(const nas_differences *d) {
    for (int32_t i = 0; i < d->n; i++) apply_back(&d->parts[i], d->parts[i].param);
}

static size_t floats_of(const part *p) {
    return (size_t)p->taps * (size_t)p->channels * (size_t)p->stride;
}

void nas_differences_before(const nas_differences *d) {
    for (int32_t i = 0; i < d->n; i++) {
        const part *p = &d->parts[i];
        apply(p, p->grad);
        memcpy(p->kept, p->param, floats_of(p) * sizeof *p->kept);
        memset(p->param, 0, floats_of(p) * sizeof *p->param);
    }
}

void nas_differences_after(const nas_differences *d) {
    for (int32_t i = 0; i < d->n; i++) {
        const part *p = &d->parts[i];
        apply_back(p, p->param);
        for (size_t k = 0; k < floats_of(p); k++) p->param[k] += p->kept[k];
    }
}

void nas_differences_forget(const nas_differences *d, float *moments) {
    for (int32_t i = 0; i < d->n; i++)
        memset(moments + d->parts[i].at, 0, floats_of(&d->parts[i]) * sizeof *moments);
}
