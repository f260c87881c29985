/* core/deploy/tflite/loose_dilate.c - dilation as TensorFlow writes it: blocks of the map go to the
 * batch, a plain convolution runs there, and they come back. One dilated convolution does the same:
 * its padding is what was padded less what is cropped (a crop of outputs is one of padded inputs).
 */
#include "core/deploy/tflite/loose.h"

enum { MOST_BLOCK = 1 << 15, MOST_PAD = 1 << 20 };

/* One axis of the map. */
typedef struct axis {
    int32_t size, block, before, after; /* what is padded beyond what is cropped */
} axis;

typedef struct found {
    nas_loose_op *apart, *pre, *conv, *post, *back; /* pre and post: of sequences [n,t,c] */
    int32_t n, along; /* axes that move: of sequences 1; where they begin in the map */
    axis axes[2];
} found;

/* The operator whose input it is, if nobody else reads it. */
static nas_loose_op *sole_reader(const nas_loose *l, int32_t tensor) {
    nas_loose_op *reader = NULL;
    if (tensor == l->g->output) return NULL;
    for (int32_t i = 0; i < l->n_ops; i++)
        for (int32_t k = 0; k < l->ops[i].n_in; k++) {
            if (l->ops[i].gone || l->ops[i].in[k] != tensor) continue;
            if (reader || k > 0) return NULL;
            reader = &l->ops[i];
        }
    return reader;
}

static bool is_convolution(const nas_loose_op *o) {
    return o && (o->code == NAS_OP_CONV_2D || o->code == NAS_OP_DEPTHWISE_CONV_2D);
}

static bool renames_axes(const nas_loose_op *o) {
    return o && (o->code == NAS_OP_RESHAPE || o->code == NAS_LOOSE_SQUEEZE ||
                 o->code == NAS_LOOSE_EXPAND_DIMS);
}

/* The operators between, as far as they are what is expected. */
static bool find_ops(const nas_loose *l, nas_loose_op *o, found *f) {
    nas_loose_op *next = sole_reader(l, o->out);
    f->apart = o;
    if (f->n == 1 && renames_axes(next)) {
        f->pre = next;
        next = sole_reader(l, next->out);
    }
    if (!is_convolution(next) || next->n_in < 2 || next->in[1] < 0) return false;
    f->conv = next;
    next = sole_reader(l, next->out);
    if (f->n == 1 && renames_axes(next)) {
        f->post = next;
        next = sole_reader(l, next->out);
    }
    f->back = next;
    const bool sequence = f->pre && f->post && f->pre->in[0] == o->out;
    return next && next->code == NAS_LOOSE_BATCH_TO_SPACE && (f->n == 2 || sequence);
}

/* Along which axis of the map the sequence lies: the other is the new one, of size 1. */
static bool find_along(const nas_loose *l, found *f) {
    int32_t at[NAS_LOOSE_LIST];
    f->along = 1;
    if (f->n == 2) return true;
    const nas_tensor *map = &l->g->tensors[f->pre->out];
    if (f->pre->code == NAS_LOOSE_EXPAND_DIMS) {
        if (f->pre->n_in != 2 || nas_loose_list(l, f->pre->in[1], at) != 1) return false;
        if (at[0] < 0) at[0] += 4;
        f->along = at[0] == 1 ? 2 : 1;
        return at[0] == 1 || at[0] == 2;
    }
    if (map->rank != 4) return false;
    f->along = map->dims[1] == 1 ? 2 : 1;
    return map->dims[1] == 1 || map->dims[2] == 1;
}

static bool read_axes(const nas_loose *l, found *f) {
    int32_t block[NAS_LOOSE_LIST], again[NAS_LOOSE_LIST], pads[NAS_LOOSE_LIST],
        crops[NAS_LOOSE_LIST];
    const nas_loose_op *o = f->apart, *b = f->back;
    if (o->n_in != 3 || b->n_in != 3 || nas_loose_list(l, o->in[1], block) != f->n ||
        nas_loose_list(l, b->in[1], again) != f->n ||
        nas_loose_list(l, o->in[2], pads) != 2 * f->n ||
        nas_loose_list(l, b->in[2], crops) != 2 * f->n)
        return false;
    const nas_tensor *x = &l->g->tensors[o->in[0]];
    for (int32_t k = 0; k < f->n; k++) {
        const int32_t *p = &pads[2 * k], *c = &crops[2 * k];
        if (block[k] != again[k] || block[k] < 1 || block[k] > MOST_BLOCK) return false;
        if (x->dims[1 + k] < 1 || x->dims[1 + k] > NAS_MOST_ITEMS) return false;
        if (c[0] < 0 || c[1] < 0 || p[0] < c[0] || p[1] < c[1] || p[0] > MOST_PAD ||
            p[1] > MOST_PAD || ((int64_t)x->dims[1 + k] + p[0] + p[1]) % block[k] != 0)
            return false;
        f->axes[k] = (axis){x->dims[1 + k], block[k], p[0] - c[0], p[1] - c[1]};
    }
    return true;
}

static bool same_scale(const nas_loose *l, int32_t a, int32_t b) {
    const nas_tensor *p = &l->g->tensors[a], *q = &l->g->tensors[b];
    return p->dtype == q->dtype && p->n_scale == q->n_scale && p->n_scale <= 1 &&
           (p->n_scale == 0 ||
            (p->scale[0] == q->scale[0] && p->zero_point[0] == q->zero_point[0]));
}

/* Does the convolution see each block by itself, with nothing added at its border? */
static bool is_plain(const nas_loose *l, const found *f) {
    const nas_op *c = &f->conv->o;
    const nas_tensor *w = &l->g->tensors[f->conv->in[1]];
    if (w->rank != 4 || c->stride[0] != 1 || c->stride[1] != 1 || c->dilation[0] != 1 ||
        c->dilation[1] != 1)
        return false;
    return c->padding == NAS_VALID || (w->dims[1] == 1 && w->dims[2] == 1);
}

/* The padding of the dilated convolution; NAS_VALID and true: PAD must come before it. */
static nas_padding padding_of(const nas_loose *l, const found *f, bool *pad) {
    const nas_tensor *w = &l->g->tensors[f->conv->in[1]];
    bool none = true, same = true;
    for (int32_t k = 0; k < f->n; k++) {
        const axis *a = &f->axes[k];
        int32_t out, before;
        nas_window_axis(NAS_SAME, a->size, w->dims[f->along + k], 1, a->block, &out, &before);
        const int64_t all = ((int64_t)w->dims[f->along + k] - 1) * a->block;
        none = none && a->before == 0 && a->after == 0;
        same = same && a->before == before && a->after == all - before;
    }
    /* The axis that a sequence lacks is of size 1: nothing may be added to it. */
    same = same && (f->n == 2 || w->dims[3 - f->along] == 1);
    *pad = !none && !same;
    return same && !none ? NAS_SAME : NAS_VALID;
}

static nas_status become_pad(nas_loose *l, found *f) {
    nas_loose_op *o = f->apart;
    const nas_tensor x = l->g->tensors[o->in[0]];
    int32_t widths[2 * NAS_MAX_RANK] = {0}, dims[2] = {x.rank, 2};
    for (int32_t k = 0; k < f->n; k++) {
        widths[2 * (1 + k)] = f->axes[k].before;
        widths[2 * (1 + k) + 1] = f->axes[k].after;
    }
    NAS_TRY(nas_loose_constant(l, 2, dims, widths, &o->in[1]));
    nas_tensor *y = &l->g->tensors[o->out];
    y->rank = x.rank;
    for (int32_t k = 0; k < x.rank; k++) y->dims[k] = x.dims[k] + widths[2 * k] + widths[2 * k + 1];
    o->code = NAS_OP_PAD;
    o->n_in = 2;
    return NAS_OK;
}

/* A sequence as a map: a size of 1 beside its length. */
static void become_map(nas_loose *l, const found *f, int32_t from) {
    const nas_tensor x = l->g->tensors[from];
    nas_tensor *y = &l->g->tensors[f->pre->out];
    y->rank = 4;
    y->dims[0] = x.dims[0];
    y->dims[f->along] = x.dims[1];
    y->dims[3 - f->along] = 1;
    y->dims[3] = x.dims[2];
    f->pre->code = f->post->code = NAS_OP_RESHAPE;
    f->pre->n_in = f->post->n_in = 1;
    f->pre->n_dims = f->post->n_dims = 0;
    f->pre->in[0] = from;
}

/* [n,t,c] or [n,h,w,c] of what comes back, and the map that the convolution makes. */
static void set_outputs(nas_loose *l, const found *f) {
    const nas_tensor *w = &l->g->tensors[f->conv->in[1]];
    nas_tensor *map = &l->g->tensors[f->conv->out], *y = &l->g->tensors[f->back->out];
    const nas_tensor *x = &l->g->tensors[f->conv->in[0]];
    int32_t before;
    map->rank = 4;
    map->dims[0] = x->dims[0];
    map->dims[3] = w->dims[f->conv->code == NAS_OP_CONV_2D ? 0 : 3];
    for (int32_t k = 0; k < 2; k++)
        nas_window_axis(f->conv->o.padding, x->dims[1 + k], w->dims[1 + k], 1,
                        f->conv->o.dilation[k], &map->dims[1 + k], &before);
    y->rank = f->n + 2;
    y->dims[0] = map->dims[0];
    for (int32_t k = 0; k < f->n; k++) y->dims[1 + k] = map->dims[f->along + k];
    y->dims[f->n + 1] = map->dims[3];
}

static nas_status rewrite(nas_loose *l, found *f) {
    bool pad;
    int32_t from = f->apart->in[0];
    f->conv->o.padding = padding_of(l, f, &pad);
    for (int32_t k = 0; k < f->n; k++) f->conv->o.dilation[f->along - 1 + k] = f->axes[k].block;
    f->apart->gone = !pad;
    if (pad) {
        NAS_TRY(become_pad(l, f));
        from = f->apart->out;
    }
    if (f->n == 1) {
        become_map(l, f, from);
        set_outputs(l, f);
        f->post->out = f->back->out;
    } else {
        f->conv->in[0] = from;
        set_outputs(l, f);
        f->conv->out = f->back->out;
    }
    f->back->gone = true;
    l->g->changes |= NAS_CHANGED_DILATION;
    if (l->g->tensors[f->conv->in[0]].dtype == NAS_F32 &&
        l->g->tensors[f->conv->in[1]].dtype == NAS_I8)
        l->g->changes |= NAS_CHANGED_CODES;
    return NAS_OK;
}

nas_status nas_loose_dilate(nas_loose *l, nas_loose_op *o) {
    found f = {.n = 0};
    if (o->n_in < 1 || o->in[0] < 0) return nas_loose_fail(l, o, "it has no input");
    f.n = l->g->tensors[o->in[0]].rank - 2;
    if ((f.n != 1 && f.n != 2) || !find_ops(l, o, &f) || !find_along(l, &f) || !is_plain(l, &f))
        return nas_loose_fail(
            l, o,
            "only a CONV_2D or DEPTHWISE_CONV_2D without stride and padding and a "
            "BATCH_TO_SPACE_ND after it are run as a dilated convolution");
    if (!read_axes(l, &f))
        return nas_loose_fail(l, o, "its block, padding or the crop after it does not fit");
    if (!same_scale(l, o->in[0], o->out) || !same_scale(l, f.conv->out, f.back->out))
        return nas_loose_fail(l, o, "its input and output must have the same scale");
    return rewrite(l, &f);
}
