/* core/deploy/ops/weighted.c - CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED. */
#include "core/deploy/interp/hybrid.h"
#include "core/deploy/ops/op.h"

#include <string.h>

/* --- files ---------------------------------------------------------------------------------------
 */

static void read_conv_at(nas_reader *r, const nas_flat_in_table *t, uint32_t activation,
                         uint32_t dilation, nas_loose_op *l) {
    nas_read_strides(r, t, &l->o);
    l->o.activation = nas_read_activation(r, t, activation, l);
    l->o.dilation[1] = nas_flat_field_i32(&r->f, t, dilation, 1);
    l->o.dilation[0] = nas_flat_field_i32(&r->f, t, dilation + 2, 1);
}

static void read_conv(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *l) {
    read_conv_at(r, t, TFL_CONV_ACTIVATION, TFL_CONV_DILATION_W, l);
}

static void read_depthwise(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *l) {
    read_conv_at(r, t, TFL_DEPTHWISE_ACTIVATION, TFL_DEPTHWISE_DILATION_W, l);
}

static void read_dense(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *l) {
    l->o.activation = nas_read_activation(r, t, TFL_FC_ACTIVATION, l);
    if (nas_flat_field_u8(&r->f, t, TFL_FC_WEIGHTS_FORMAT))
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "operator %d (FULLY_CONNECTED) has shuffled weights",
                      l->number);
    l->keep_dims = nas_flat_field_u8(&r->f, t, TFL_FC_KEEP_DIMS) != 0;
    l->o.asymmetric = nas_flat_field_u8(&r->f, t, TFL_FC_ASYMMETRIC) != 0;
}

static void write_conv(nas_flat *f, const nas_graph *g, const nas_op *o) {
    (void)g;
    nas_write_strides(f, o);
    nas_flat_u8(f, TFL_CONV_ACTIVATION, (uint8_t)o->activation, 0);
    nas_flat_i32(f, TFL_CONV_DILATION_W, o->dilation[1], 1);
    nas_flat_i32(f, TFL_CONV_DILATION_H, o->dilation[0], 1);
}

static void write_depthwise(nas_flat *f, const nas_graph *g, const nas_op *o) {
    nas_write_strides(f, o);
    nas_flat_i32(f, TFL_DEPTHWISE_MULTIPLIER,
                 g->tensors[o->out].dims[3] / g->tensors[o->in[0]].dims[3], 0);
    nas_flat_u8(f, TFL_DEPTHWISE_ACTIVATION, (uint8_t)o->activation, 0);
    nas_flat_i32(f, TFL_DEPTHWISE_DILATION_W, o->dilation[1], 1);
    nas_flat_i32(f, TFL_DEPTHWISE_DILATION_H, o->dilation[0], 1);
}

static void write_dense(nas_flat *f, const nas_graph *g, const nas_op *o) {
    (void)g;
    nas_flat_u8(f, TFL_FC_ACTIVATION, (uint8_t)o->activation, 0);
    nas_flat_u8(f, TFL_FC_ASYMMETRIC, o->asymmetric, 0);
}

static void convolution(nas_loose *l, const nas_loose_op *o) {
    const nas_tensor *w = nas_loose_operand(l, o, 1);
    if (!w || w->rank != 4) return;
    nas_loose_window(l, o, &w->dims[1], o->o.dilation, w->dims[o->code == NAS_OP_CONV_2D ? 0 : 3]);
}

static void fully_connected(nas_loose *l, const nas_loose_op *o) {
    const nas_tensor *x = nas_loose_operand(l, o, 0), *w = nas_loose_operand(l, o, 1);
    const int64_t n = nas_tensor_count(x);
    int32_t dims[NAS_MAX_RANK];
    if (!w || w->rank != 2 || w->dims[1] < 1 || n < 1 || n / w->dims[1] > INT32_MAX) return;
    if (!o->keep_dims || x->rank < 1) {
        dims[0] = (int32_t)(n / w->dims[1]);
        dims[1] = w->dims[0];
        nas_loose_set_dims(l, o->out, 2, dims);
        return;
    }
    memcpy(dims, x->dims, sizeof dims);
    dims[x->rank - 1] = w->dims[0];
    nas_loose_set_dims(l, o->out, x->rank, dims);
}

/* --- C -------------------------------------------------------------------------------------------
 */

static nas_status biases(nas_emitter *e, int32_t n) {
    const nas_step *s = &e->step;
    const void *v = s->x[2];
    if (!v) v = nas_arena_array(e->arena, (size_t)n, sizeof(float), e->err);
    if (!v) return NAS_ENOMEM;
    if (s->out->dtype == NAS_F32) return nas_emit_floats(e, "bias", n, v);
    nas_emit_array(e, "int32_t", "bias", n, v, nas_c_i32);
    return NAS_OK;
}

static bool has_one_scale(const nas_emitter *e) {
    return e->step.op->kind == NAS_OP_FULLY_CONNECTED && e->step.in[1]->n_scale == 1;
}

static nas_status scales_i8(nas_emitter *e, int32_t n) {
    nas_fixed *f = nas_arena_array(e->arena, (size_t)n, sizeof *f, e->err);
    if (!f) return NAS_ENOMEM;
    if (has_one_scale(e)) n = 1;
    for (int32_t c = 0; c < n; c++) f[c] = nas_weighted_scale(&e->step, c);
    nas_emit_array(e, "nas_fixed", "scale", n, f, nas_emit_fixed);
    return NAS_OK;
}

static nas_status scales_hybrid(nas_emitter *e, int32_t n) {
    const nas_step *s = &e->step;
    char text[NAS_C_NUMBER];
    float *f = nas_arena_array(e->arena, (size_t)n, sizeof *f, e->err);
    if (!f) return NAS_ENOMEM;
    for (int32_t c = 0; c < n; c++) f[c] = s->in[1]->scale[s->in[1]->n_scale == 1 ? 0 : c];
    NAS_TRY(nas_emit_floats(e, "scale", n, f));
    nas_emit_limits(s->op->activation, text);
    fprintf(e->data, "static const hybrid hybrid_%d = {scale_%d, bias_%d, %d, %d, %s};\n", e->n,
            e->n, e->n, nas_hybrid_apart(s), nas_hybrid_symmetric(s), text);
    const int64_t rows = s->op->kind == NAS_OP_FULLY_CONNECTED ? s->out->dims[0] : 1;
    const int64_t each = nas_tensor_count(s->in[0]) / rows;
    if (each > e->codes) e->codes = each;
    return NAS_OK;
}

/* What goes over windows in int8 calls a function for each sum: it, as an argument. */
static const char *sum_argument(nas_emitter *e) {
    const bool conv = e->step.op->kind == NAS_OP_CONV_2D;
    const char *name = conv ? "conv_sum" : "depth_sum";
    if (e->step.op->kind == NAS_OP_FULLY_CONNECTED) return "";
    nas_emit_need(e, name);
    return conv ? "conv_sum, " : "depth_sum, ";
}

static nas_status arguments_f32(nas_emitter *e) {
    char text[NAS_C_NUMBER];
    nas_emit_limits(e->step.op->activation, text);
    fprintf(e->calls, "kernel_%d, bias_%d, %s, ", e->n, e->n, text);
    nas_emit_end(e);
    return NAS_OK;
}

static nas_status arguments_i8(nas_emitter *e, int32_t out) {
    nas_emit_codes(e, e->step.op->activation);
    NAS_TRY(scales_i8(e, out));
    fprintf(e->calls, "&codes_%d, %skernel_%d, bias_%d, scale_%d, ", e->n, sum_argument(e), e->n,
            e->n, e->n);
    if (e->step.op->kind == NAS_OP_FULLY_CONNECTED)
        fputs(has_one_scale(e) ? "0, " : "1, ", e->calls);
    nas_emit_end(e);
    return NAS_OK;
}

static nas_status arguments_hybrid(nas_emitter *e, int32_t out) {
    char x[NAS_C_NUMBER], y[NAS_C_NUMBER];
    NAS_TRY(scales_hybrid(e, out));
    nas_emit_value(e, e->step.op->in[0], x);
    nas_emit_value(e, e->step.op->out, y);
    fprintf(e->calls, "&hybrid_%d, %skernel_%d, %s, code, %s);\n", e->n, sum_argument(e), e->n, x,
            y);
    return NAS_OK;
}

/* CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED in float, int8 or both. */
static nas_status weighted(nas_emitter *e) {
    const nas_step *s = &e->step;
    const nas_tensor *w = s->in[1];
    const bool dense = s->op->kind == NAS_OP_FULLY_CONNECTED, is_float = w->dtype == NAS_F32;
    const bool hybrid = nas_step_is_hybrid(s);
    const int32_t out = dense ? w->dims[0] : s->out->dims[3];
    const char *floating = s->op->kind == NAS_OP_CONV_2D ? "conv" : "depthwise";
    char name[NAS_C_NUMBER];
    if (!s->x[1]) return nas_emit_unsupported(e, "its kernel is no constant");
    if (!is_float && w->zero_point && w->n_scale == 1 && w->zero_point[0])
        return nas_emit_unsupported(e, "its kernel has a zero point");
    snprintf(name, sizeof name, "%s_%s",
             dense      ? "dense"
             : is_float ? floating
                        : "window",
             is_float ? "f32"
             : hybrid ? "hybrid"
                      : "i8");
    nas_emit_begin(e, name);
    if (is_float)
        NAS_TRY(nas_emit_floats(e, "kernel", nas_tensor_count(w), s->x[1]));
    else
        nas_emit_array(e, "int8_t", "kernel", nas_tensor_count(w), s->x[1], nas_c_i8);
    NAS_TRY(biases(e, out));
    if (dense) {
        fprintf(e->calls, "%d, %d, %d, ", s->out->dims[0], w->dims[1], out);
    } else {
        nas_emit_window(e, &w->dims[1]);
        fprintf(e->calls, "&window_%d, ", e->n);
    }
    return is_float ? arguments_f32(e) : hybrid ? arguments_hybrid(e, out) : arguments_i8(e, out);
}

/* --- rows ----------------------------------------------------------------------------------------
 */

const nas_deploy_op nas_deploy_conv_2d = {
    .options = 1,
    .read = read_conv,
    .write = write_conv,
    .shape = convolution,
    .units = NAS_UNITS_FREE,
    .open = nas_step_conv,
    .emit = weighted,
};

const nas_deploy_op nas_deploy_depthwise_conv_2d = {
    .options = 2,
    .read = read_depthwise,
    .write = write_depthwise,
    .shape = convolution,
    .units = NAS_UNITS_FREE,
    .open = nas_step_depthwise,
    .emit = weighted,
};

const nas_deploy_op nas_deploy_fully_connected = {
    .options = 8,
    .read = read_dense,
    .write = write_dense,
    .shape = fully_connected,
    .units = NAS_UNITS_FREE,
    .open = nas_step_fully_connected,
    .emit = weighted,
};
