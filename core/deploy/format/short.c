/* core/deploy/format/short.c - scales of few bits. A kernel's scale of 24 bits is noise to a
 * compressor; one of 6 leaves two bytes of zeros. It is raised by 3.1 % at the most, and the codes
 * are made for it, so the rounding of weights is coarser by as much. */
#include "core/deploy/deploy.h"
#include "core/deploy/format/int.h"
#include "core/deploy/format/reorder.h"
#include "core/graph/graph_int.h"

#include <math.h>
#include <string.h>

enum { DROPPED = 18 }; /* of a float32's 24 bits */

float nas_scale_short(float v) {
    uint32_t bits;
    float up;
    memcpy(&bits, &v, sizeof bits);
    bits = (bits + ((1u << DROPPED) - 1)) & ~((1u << DROPPED) - 1);
    memcpy(&up, &bits, sizeof up);
    return isfinite(up) ? up : v;
}

/* What a restated scale is short of by rounding. */
float nas_scale_snap(float v) {
    uint32_t bits;
    float near;
    memcpy(&bits, &v, sizeof bits);
    bits = (bits + (1u << (DROPPED - 1))) & ~((1u << DROPPED) - 1);
    memcpy(&near, &bits, sizeof near);
    return fabsf(near - v) <= v * 1e-6f ? near : v;
}

/* own: as the number format chose it; file: as it stands in the file. */
static nas_status shorten_kernel(nas_graph *g, int32_t kernel, const nas_tensor *own,
                                 const nas_tensor *file, nas_err *err) {
    const int32_t n = own->n_scale;
    float *scale = nas_arena_array(g->arena, (size_t)n, sizeof *scale, err);
    if (!scale) return NAS_ENOMEM;
    for (int32_t c = 0; c < n; c++) {
        const double up = (double)nas_scale_short(file->scale[c]) / (double)file->scale[c];
        scale[c] = (float)((double)own->scale[c] * up);
    }
    nas_tensor *t = &g->tensors[kernel];
    t->n_scale = n;
    t->scale = scale;
    t->axis = own->axis;
    return NAS_OK;
}

/* Calibration happens once: what it found is given from then on. */
static void give_activation(nas_graph *g, int32_t to, const nas_tensor *from) {
    nas_tensor *t = &g->tensors[to];
    if (t->data || t->dtype != NAS_F32 || from->dtype != NAS_I8) return;
    t->n_scale = 1;
    t->scale = from->scale;
    t->zero_point = from->zero_point;
}

/* The input's scale is in those of the first biases. Its range
 * stays inside, but for half a step below. */
static nas_status shorten_input(nas_graph *g, const nas_tensor *own, nas_err *err) {
    nas_tensor *t = &g->tensors[g->input];
    if (own->dtype != NAS_I8 || t->n_scale) return NAS_OK;
    float *scale = nas_arena_alloc(g->arena, sizeof *scale, err);
    int32_t *zero = nas_arena_alloc(g->arena, sizeof *zero, err);
    if (!scale || !zero) return NAS_ENOMEM;
    *scale = nas_scale_short(own->scale[0]);
    const double below = (own->zero_point[0] + 128) * (double)own->scale[0] / (double)*scale;
    *zero = (int32_t)round(below) - 128;
    t->n_scale = 1;
    t->scale = scale;
    t->zero_point = zero;
    return NAS_OK;
}

/* The operators of all three stand in one order. */
static nas_status shorten_all(nas_graph *g, const nas_graph *own, const nas_graph *file,
                              nas_err *err) {
    NAS_TRY(shorten_input(g, &own->tensors[own->input], err));
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        give_activation(g, o->out, &own->tensors[own->ops[i].out]);
        if (!nas_op_is_weighted(o) || g->tensors[o->in[1]].n_scale) continue;
        const nas_tensor *w = &own->tensors[own->ops[i].in[1]];
        if (w->dtype != NAS_I8) continue;
        NAS_TRY(shorten_kernel(g, o->in[1], w, &file->tensors[file->ops[i].in[1]], err));
    }
    return NAS_OK;
}

static nas_status copy_tensors(const nas_graph *g, nas_graph *out, nas_err *err) {
    *out = *g;
    out->tensors = nas_arena_array(g->arena, (size_t)g->n_tensors, sizeof *g->tensors, err);
    if (!out->tensors) return NAS_ENOMEM;
    out->tensor_room = out->n_tensors;
    memcpy(out->tensors, g->tensors, (size_t)g->n_tensors * sizeof *g->tensors);
    return NAS_OK;
}

static nas_status copy_graph(const nas_graph *g, nas_graph *out, nas_err *err) {
    NAS_TRY(copy_tensors(g, out, err));
    out->ops = nas_arena_array(g->arena, (size_t)g->n_ops, sizeof *g->ops, err);
    if (!out->ops) return NAS_ENOMEM;
    out->op_room = out->n_ops;
    memcpy(out->ops, g->ops, (size_t)g->n_ops * sizeof *g->ops);
    return NAS_OK;
}

nas_status nas_format_ship(const nas_graph *g, nas_format format, const float *x, int32_t n,
                           nas_graph *out, nas_err *err) {
    nas_graph own = nas_graph_start(out->arena), file, given = nas_graph_start(out->arena);
    const nas_format_ops *row = nas_format_at(format);
    if (!row || row->rounding != NAS_ROUND_CODES)
        return nas_format_apply(g, format, x, n, out, err);
    NAS_TRY(nas_format_apply(g, format, x, n, &own, err));
    NAS_TRY(copy_graph(&own, &file, err));
    NAS_TRY(nas_int8_units(&file, err));
    given.arena = out->arena;
    nas_graph copy = *g;
    copy.arena = out->arena;
    NAS_TRY(copy_tensors(&copy, &given, err));
    NAS_TRY(shorten_all(&given, &own, &file, err));
    NAS_TRY(nas_format_apply(&given, format, x, n, out, err));
    NAS_TRY(nas_int8_units(out, err));
    return nas_channels_reorder(out, err);
}
