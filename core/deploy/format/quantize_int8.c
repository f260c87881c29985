/* core/deploy/format/quantize_int8.c - a float graph as a full-integer one, with the converter's
 * numbers (tools/optimize/quantization_utils.cc). Jacob et al., CVPR 2018. */
#include "core/deploy/format/int.h"
#include "core/deploy/interp/interp_int.h"
#include "core/graph/graph_int.h"
#include "core/graph/op_row.h"

#include <math.h>
#include <string.h>

/* A narrower range of an activation is widened to this: its scale must leave SOFTMAX its bits. */
static const float least_range = 1e-5f;

typedef struct range {
    float min, max;
    bool seen;
} range;

typedef struct quantizer {
    const nas_graph *g;
    nas_graph *out;
    range *ranges; /* of the float graph's tensors */
    bool finite;
    int32_t *to; /* the int8 tensor of each float one; -1: none yet */
    nas_arena *scratch;
    nas_err *err;
} quantizer;

/* --- calibration ------------------------------------------------------------------------------ */

static void watch(void *ctx, int32_t tensor, const void *values) {
    quantizer *q = ctx;
    range *r = &q->ranges[tensor];
    const nas_tensor *t = &q->g->tensors[tensor];
    const int64_t n = nas_tensor_count(t);
    const float *v = values;
    if (t->dtype != NAS_F32) return;
    if (!r->seen) *r = (range){v[0], v[0], true};
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(v[i])) q->finite = false;
        if (v[i] < r->min) r->min = v[i];
        if (v[i] > r->max) r->max = v[i];
    }
}

static bool all_given(const nas_graph *g) {
    for (int32_t i = 0; i < g->n_tensors; i++)
        if (g->tensors[i].dtype == NAS_F32 && !g->tensors[i].data && !g->tensors[i].n_scale)
            return false;
    return true;
}

static nas_status calibrate(quantizer *q, const float *x, int32_t n) {
    if (all_given(q->g)) return NAS_OK;
    const int64_t step = nas_tensor_count(&q->g->tensors[q->g->input]);
    nas_interp *it;
    NAS_TRY(nas_interp_open(q->g, &it, q->err));
    q->finite = true;
    for (int32_t i = 0; i < n; i++) nas_interp_watch(it, x + i * step, watch, q);
    nas_interp_close(it);
    if (q->finite) return NAS_OK;
    return nas_fail(q->err, NAS_EINVAL,
                    "int8: the float model gives values that are not finite on the calibration "
                    "inputs; it cannot be quantised");
}

/* --- tensors ---------------------------------------------------------------------------------- */

static nas_status give_scales(quantizer *q, nas_tensor *t, int32_t n, float **scale) {
    *scale = nas_arena_array(q->out->arena, (size_t)n, sizeof **scale, q->err);
    int32_t *zero = nas_arena_array(q->out->arena, (size_t)n, sizeof *zero, q->err);
    if (!*scale || !zero) return NAS_ENOMEM;
    t->n_scale = n;
    t->scale = *scale;
    t->zero_point = zero;
    return NAS_OK;
}

static nas_status set_scale(quantizer *q, nas_tensor *t, float scale, int32_t zero_point) {
    float *s;
    NAS_TRY(give_scales(q, t, 1, &s));
    s[0] = scale;
    ((int32_t *)t->zero_point)[0] = zero_point;
    return NAS_OK;
}

/* Asymmetric, 0 included. larger: of an ADD, the larger scale of its operands; else 0. */
static nas_status set_range(quantizer *q, nas_tensor *t, range r, float larger) {
    const float min = r.min < 0 ? r.min : 0;
    float max = r.max > 0 ? r.max : 0;
    if (max - min < least_range) max = min + least_range;
    const float width = nas_int8_add_width(max - min, larger);
    if (width > max - min) max = min + width;
    const float scale = (max - min) / 255;
    const float zero = (float)(-128 - (double)min / (double)scale);
    const float z = roundf(zero < -128 ? -128 : zero > 127 ? 127 : zero);
    return set_scale(q, t, scale, (int32_t)z);
}

/* A given scale, unless it is too small for an ADD of operands with these scales. */
static nas_status set_given(quantizer *q, nas_tensor *t, float larger) {
    const float scale = t->scale[0], zero = (float)t->zero_point[0];
    if (!(nas_int8_add_width(255 * scale, larger) > 255 * scale))
        return set_scale(q, t, scale, t->zero_point[0]);
    return set_range(q, t, (range){(-128 - zero) * scale, (127 - zero) * scale, true}, larger);
}

/* like: the scale that the runtime forces; else the given one, else that of the range seen.
 * larger: as for set_range. */
static nas_status add_activation(quantizer *q, int32_t tensor, const nas_tensor *like,
                                 float larger) {
    nas_tensor t = q->g->tensors[tensor];
    if (t.dtype == NAS_F32) {
        t.dtype = NAS_I8;
        if (like)
            NAS_TRY(set_scale(q, &t, like->scale[0], like->zero_point[0]));
        else if (t.n_scale)
            NAS_TRY(set_given(q, &t, larger));
        else
            NAS_TRY(set_range(q, &t, q->ranges[tensor], larger));
    }
    return nas_graph_tensor(q->out, &t, &q->to[tensor], q->err);
}

/* A constant operand of ADD or MUL: one scale. */
static nas_status add_constant(quantizer *q, int32_t tensor) {
    nas_tensor t = q->g->tensors[tensor];
    const float *v = t.data;
    const int64_t n = nas_tensor_count(&t);
    range r = {v[0], v[0], true};
    for (int64_t i = 0; i < n; i++) {
        if (v[i] < r.min) r.min = v[i];
        if (v[i] > r.max) r.max = v[i];
    }
    int8_t *codes = nas_arena_alloc(q->out->arena, (size_t)n, q->err);
    if (!codes) return NAS_ENOMEM;
    NAS_TRY(set_range(q, &t, r, 0));
    for (int64_t i = 0; i < n; i++) codes[i] = nas_quantize_i8(v[i], t.scale[0], t.zero_point[0]);
    t.dtype = NAS_I8;
    t.data = codes;
    return nas_graph_tensor(q->out, &t, &q->to[tensor], q->err);
}

/* Shapes and axes. */
static nas_status copy_operand(quantizer *q, int32_t tensor) {
    nas_tensor t = q->g->tensors[tensor];
    const size_t bytes = (size_t)nas_tensor_bytes(&t);
    void *copy = nas_arena_alloc(q->out->arena, bytes, q->err);
    if (!copy) return NAS_ENOMEM;
    t.data = memcpy(copy, t.data, bytes);
    return nas_graph_tensor(q->out, &t, &q->to[tensor], q->err);
}

/* --- weights ---------------------------------------------------------------------------------- */

/* Below this scale of a channel's weights an int32 could not hold its bias in units of input *
 * weight scale. */
static float least_scale(float bias, float in_scale) {
    const double half = INT32_MAX / 2;
    return (float)(fabs((double)bias) / half / (double)in_scale);
}

static nas_status add_kernel(quantizer *q, const nas_op *o, int32_t axis, const float *bias,
                             nas_op *to) {
    const float in_scale = q->out->tensors[to->in[0]].scale[0];
    nas_tensor t = q->g->tensors[o->in[1]];
    const int32_t n = t.dims[axis];
    float *least = nas_arena_array(q->scratch, (size_t)n, sizeof *least, q->err);
    if (!least) return NAS_ENOMEM;
    for (int32_t c = 0; bias && c < n; c++) least[c] = least_scale(bias[c], in_scale);
    NAS_TRY(nas_quantize_kernel(&t, axis, nas_kernel_is_whole(q->g, o), bias ? least : NULL,
                                q->out->arena, q->err));
    return nas_graph_tensor(q->out, &t, &to->in[1], q->err);
}

static nas_status add_bias(quantizer *q, const nas_op *o, nas_op *to) {
    nas_tensor t = q->g->tensors[o->in[2]];
    const nas_tensor *w = &q->out->tensors[to->in[1]];
    const float *b = t.data;
    const double in_scale = (double)q->out->tensors[to->in[0]].scale[0];
    const int32_t n = (int32_t)nas_tensor_count(&t);
    const double most = INT32_MAX / 2; /* given scales may be too small for a bias: it saturates */
    float *scale;
    t.rank = 1;
    t.dims[0] = n;
    int32_t *codes = nas_arena_array(q->out->arena, (size_t)n, sizeof *codes, q->err);
    if (!codes) return NAS_ENOMEM;
    NAS_TRY(give_scales(q, &t, w->n_scale, &scale));
    for (int32_t k = 0; k < w->n_scale; k++) scale[k] = (float)(in_scale * (double)w->scale[k]);
    for (int32_t c = 0; c < n; c++) {
        const float unit = scale[w->n_scale == 1 ? 0 : c];
        const double v = (double)roundf(b[c] * (float)(1.0 / (double)unit));
        codes[c] = (int32_t)(v < -most ? -most : v > most ? most : v);
    }
    t.dtype = NAS_I32;
    t.data = codes;
    return nas_graph_tensor(q->out, &t, &to->in[2], q->err);
}

/* --- operators -------------------------------------------------------------------------------- */

static nas_status add_weights(quantizer *q, const nas_op *o, int32_t axis, nas_op *to) {
    const bool biased = o->n_in == 3 && o->in[2] >= 0;
    const nas_tensor *w = &q->g->tensors[o->in[1]];
    const nas_tensor *b = biased ? &q->g->tensors[o->in[2]] : NULL;
    if (!nas_all_finite(w) || (b && !nas_all_finite(b)))
        return nas_fail(q->err, NAS_EINVAL, "int8: a %s has weights that are not finite",
                        nas_op_name(o->kind));
    NAS_TRY(add_kernel(q, o, axis, b ? b->data : NULL, to));
    return b ? add_bias(q, o, to) : NAS_OK;
}

static nas_status add_operand(quantizer *q, const nas_op *o, int32_t k, nas_op *to) {
    const int32_t tensor = o->in[k];
    if (tensor < 0) return NAS_OK;
    if (q->to[tensor] < 0) {
        const nas_tensor *t = &q->g->tensors[tensor];
        if (t->dtype == NAS_F32 && !nas_all_finite(t))
            return nas_fail(q->err, NAS_EINVAL, "int8: a constant of %s is not finite",
                            nas_op_name(o->kind));
        NAS_TRY(t->dtype == NAS_F32 ? add_constant(q, tensor) : copy_operand(q, tensor));
    }
    to->in[k] = q->to[tensor];
    return NAS_OK;
}

static float larger_scale(const nas_graph *g, const nas_op *add) {
    const float p = g->tensors[add->in[0]].scale[0], q = g->tensors[add->in[1]].scale[0];
    return p > q ? p : q;
}

static nas_status add_output(quantizer *q, const nas_op *o, nas_op *to) {
    const nas_op_row *row = nas_op_row_of(o->kind);
    nas_tensor own = {0};
    float larger = 0;
    if (row->scale == NAS_SCALE_INPUT) own = q->out->tensors[to->in[0]];
    if (row->scale == NAS_SCALE_FIXED)
        NAS_TRY(set_scale(q, &own, row->fixed_scale, row->fixed_zero_point));
    if (o->kind == NAS_OP_ADD) larger = larger_scale(q->out, to);
    NAS_TRY(add_activation(q, o->out, own.n_scale ? &own : NULL, larger));
    to->out = q->to[o->out];
    return NAS_OK;
}

static nas_status add_op(quantizer *q, const nas_op *o) {
    const nas_op_row *row = nas_op_row_of(o->kind);
    nas_op to = *o;
    if (row->formats)
        return nas_fail(q->err, NAS_EINVAL, "int8: the graph has a %s already", row->name);
    NAS_TRY(add_operand(q, o, 0, &to));
    if (row->weighted) NAS_TRY(add_weights(q, o, row->kernel_axis, &to));
    for (int32_t k = 1; k < o->n_in && !row->weighted; k++) NAS_TRY(add_operand(q, o, k, &to));
    NAS_TRY(add_output(q, o, &to));
    return nas_graph_add_op(q->out, &to, q->err);
}

static nas_status quantize(quantizer *q, const float *x, int32_t n) {
    const nas_graph *g = q->g;
    q->ranges = nas_arena_array(q->scratch, (size_t)g->n_tensors, sizeof *q->ranges, q->err);
    q->to = nas_arena_array(q->scratch, (size_t)g->n_tensors, sizeof *q->to, q->err);
    if (!q->ranges || !q->to) return NAS_ENOMEM;
    for (int32_t i = 0; i < g->n_tensors; i++) q->to[i] = -1;
    NAS_TRY(calibrate(q, x, n));
    NAS_TRY(add_activation(q, g->input, NULL, 0));
    for (int32_t i = 0; i < g->n_ops; i++) NAS_TRY(add_op(q, &g->ops[i]));
    q->out->input = q->to[g->input];
    q->out->output = q->to[g->output];
    return nas_graph_check(q->out, q->err);
}

static nas_status apply_int8(const nas_graph *g, const float *x, int32_t n, nas_graph *out,
                             nas_err *err) {
    quantizer q = {.g = g, .out = out, .err = err};
    if (n < 1 || !x)
        return nas_fail(err, NAS_EINVAL, "int8: without calibration inputs there are no ranges");
    if (g->tensors[g->input].dtype != NAS_F32)
        return nas_fail(err, NAS_EINVAL, "int8: the graph's input is not float32");
    NAS_TRY(nas_arena_open(&q.scratch, err));
    const nas_status st = quantize(&q, x, n);
    nas_arena_close(q.scratch);
    return st;
}

const nas_format_ops nas_format_int8 = {
    .name = "int8", .apply = apply_int8, .rounding = NAS_ROUND_CODES, .integer = true};
