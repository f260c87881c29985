/* core/deploy/emit/emit.c - a graph as C99 source: its constants, the parts of core/deploy/plain/
 * that its operators need, and a function that calls them in order on one planned piece of memory.
 */
#include "base/text/c_text.h"
#include "core/deploy/interp/hybrid.h"
#include "core/graph/graph_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* core/deploy/fixed.h and plain/kernels.c, line by line (Makefile). */
static const char *const lines[] = {
#include "core/deploy/plain.inc"
};
enum { LINES = sizeof lines / sizeof *lines };

typedef struct emitter {
    const nas_graph *g;
    nas_arena *arena;
    const int64_t *offsets;
    FILE *data, *calls;
    bool used[LINES]; /* at the first line of a part */
    int64_t codes;    /* bytes that hybrid operators need for the codes of their input */
    int32_t n;        /* the operator's number */
    nas_step step;    /* the operator with its operands; of activations no values */
    nas_err *err;
} emitter;

static nas_status unsupported(emitter *e, const char *why) {
    return nas_fail(e->err, NAS_EUNSUPPORTED, "C source: operator %d (%s): %s", e->n,
                    nas_op_name(e->step.op->kind), why);
}

/* --- parts ------------------------------------------------------------------------------------ */

static void need(emitter *e, const char *name, size_t length) {
    for (int32_t i = 0; i < LINES; i++) {
        const char *at = lines[i] + sizeof NAS_C_PART - 1;
        if (strncmp(lines[i], NAS_C_PART, sizeof NAS_C_PART - 1) != 0 ||
            strncmp(at, name, length) != 0 || !strchr(": ", at[length]))
            continue;
        e->used[i] = true;
        /* "name: others" */
        for (at += length + 1; at[-1] == ':' || at[-1] == ' '; at += length + 1) {
            at += strspn(at, " ");
            length = strcspn(at, " ");
            if (*at == '*') break;
            need(e, at, length);
        }
        return;
    }
}

static void write_parts(const emitter *e, FILE *out) {
    bool on = false;
    for (int32_t i = 0; i < LINES; i++) {
        if (strcmp(lines[i], NAS_C_END) == 0) {
            if (on) fputc('\n', out);
            on = false;
        } else if (e->used[i]) {
            on = true;
        } else if (on) {
            fprintf(out, "%s\n", lines[i]);
        }
    }
}

/* --- constants -------------------------------------------------------------------------------- */

static void item_fixed(char text[NAS_C_NUMBER], const void *values, int64_t i) {
    const nas_fixed f = ((const nas_fixed *)values)[i];
    snprintf(text, NAS_C_NUMBER, "{%d, %d}", f.mult, f.shift);
}

/* NAME_<number of the operator>. */
static void array(emitter *e, const char *type, const char *name, int64_t n, const void *values,
                  nas_c_item *item) {
    char whole[NAS_C_NUMBER];
    snprintf(whole, sizeof whole, "%s_%d", name, e->n);
    nas_c_array(e->data, type, whole, n, values, item);
}

static nas_status floats(emitter *e, const char *name, int64_t n, const float *v) {
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(v[i])) return unsupported(e, "a constant is not finite");
    array(e, "float", name, n, v, nas_c_f32);
    return NAS_OK;
}

/* --- operators -------------------------------------------------------------------------------- */

static void window(emitter *e, const int32_t size[2]) {
    const nas_op *o = e->step.op;
    const int32_t *x = e->step.in[0]->dims, *y = e->step.out->dims;
    int32_t before[2], dilation[2];
    for (int k = 0; k < 2; k++) {
        int32_t out;
        dilation[k] = o->dilation[k] > 0 ? o->dilation[k] : 1;
        nas_window_axis(o->padding, x[1 + k], size[k], o->stride[k], dilation[k], &out, &before[k]);
    }
    fprintf(e->data,
            "static const window window_%d = {{%d, %d, %d}, {%d, %d, %d}, {%d, %d}, {%d, %d}, "
            "{%d, %d}, {%d, %d}};\n",
            e->n, x[1], x[2], x[3], y[1], y[2], y[3], size[0], size[1], o->stride[0], o->stride[1],
            dilation[0], dilation[1], before[0], before[1]);
}

static void codes(emitter *e, nas_activation a) {
    int32_t lo, hi;
    nas_clamp_i8(a, e->step.out, &lo, &hi);
    fprintf(e->data, "static const codes codes_%d = {%d, %d, %d, %d};\n", e->n,
            e->step.in[0]->zero_point[0], e->step.out->zero_point[0], lo, hi);
}

/* "lo, hi". */
static void limits(nas_activation a, char text[NAS_C_NUMBER]) {
    snprintf(text, NAS_C_NUMBER, "%s, %s", a == NAS_ACT_NONE ? "-FLT_MAX" : "0",
             a == NAS_ACT_RELU6 ? "6" : "FLT_MAX");
}

/* How a tensor is called in the function: x; t3; and what RESHAPE makes as what it was made of. */
static void value(const emitter *e, int32_t tensor, char text[NAS_C_NUMBER]) {
    for (int32_t i = e->g->n_ops; i-- > 0;)
        if (e->g->ops[i].kind == NAS_OP_RESHAPE && e->g->ops[i].out == tensor)
            tensor = e->g->ops[i].in[0];
    bool constant = false;
    for (int k = 0; k < 2; k++) constant |= e->step.op->in[k] == tensor && e->step.x[k];
    if (constant)
        snprintf(text, NAS_C_NUMBER, "constant_%d", e->n);
    else
        snprintf(text, NAS_C_NUMBER, tensor == e->g->input ? "x" : "t%d", tensor);
}

/* The part that does it, and the call up to its own arguments. */
static void begin_call(emitter *e, const char *name) {
    need(e, name, strlen(name));
    fprintf(e->calls, "    %s(", name);
}
static void end_call(emitter *e) {
    char x[NAS_C_NUMBER], y[NAS_C_NUMBER];
    value(e, e->step.op->in[0], x);
    value(e, e->step.op->out, y);
    fprintf(e->calls, "%s, %s);\n", x, y);
}

static nas_status biases(emitter *e, int32_t n) {
    const nas_step *s = &e->step;
    const void *v = s->x[2];
    if (!v) v = nas_arena_array(e->arena, (size_t)n, sizeof(float), e->err);
    if (!v) return NAS_ENOMEM;
    if (s->out->dtype == NAS_F32) return floats(e, "bias", n, v);
    array(e, "int32_t", "bias", n, v, nas_c_i32);
    return NAS_OK;
}

static bool has_one_scale(const emitter *e) {
    return e->step.op->kind == NAS_OP_FULLY_CONNECTED && e->step.in[1]->n_scale == 1;
}

static nas_status scales_i8(emitter *e, int32_t n) {
    nas_fixed *f = nas_arena_array(e->arena, (size_t)n, sizeof *f, e->err);
    if (!f) return NAS_ENOMEM;
    if (has_one_scale(e)) n = 1;
    for (int32_t c = 0; c < n; c++) f[c] = nas_weighted_scale(&e->step, c);
    array(e, "nas_fixed", "scale", n, f, item_fixed);
    return NAS_OK;
}

static nas_status scales_hybrid(emitter *e, int32_t n) {
    const nas_step *s = &e->step;
    char text[NAS_C_NUMBER];
    float *f = nas_arena_array(e->arena, (size_t)n, sizeof *f, e->err);
    if (!f) return NAS_ENOMEM;
    for (int32_t c = 0; c < n; c++) f[c] = s->in[1]->scale[s->in[1]->n_scale == 1 ? 0 : c];
    NAS_TRY(floats(e, "scale", n, f));
    limits(s->op->activation, text);
    fprintf(e->data, "static const hybrid hybrid_%d = {scale_%d, bias_%d, %d, %d, %s};\n", e->n,
            e->n, e->n, nas_hybrid_apart(s), nas_hybrid_symmetric(s), text);
    const int64_t rows = s->op->kind == NAS_OP_FULLY_CONNECTED ? s->out->dims[0] : 1;
    const int64_t each = nas_tensor_count(s->in[0]) / rows;
    if (each > e->codes) e->codes = each;
    return NAS_OK;
}

/* What goes over windows in int8 calls a function for each sum: it, as an argument. */
static const char *sum_argument(emitter *e) {
    const bool conv = e->step.op->kind == NAS_OP_CONV_2D;
    const char *name = conv ? "conv_sum" : "depth_sum";
    if (e->step.op->kind == NAS_OP_FULLY_CONNECTED) return "";
    need(e, name, strlen(name));
    return conv ? "conv_sum, " : "depth_sum, ";
}

static nas_status arguments_f32(emitter *e) {
    char text[NAS_C_NUMBER];
    limits(e->step.op->activation, text);
    fprintf(e->calls, "kernel_%d, bias_%d, %s, ", e->n, e->n, text);
    end_call(e);
    return NAS_OK;
}

static nas_status arguments_i8(emitter *e, int32_t out) {
    codes(e, e->step.op->activation);
    NAS_TRY(scales_i8(e, out));
    fprintf(e->calls, "&codes_%d, %skernel_%d, bias_%d, scale_%d, ", e->n, sum_argument(e), e->n,
            e->n, e->n);
    if (e->step.op->kind == NAS_OP_FULLY_CONNECTED)
        fputs(has_one_scale(e) ? "0, " : "1, ", e->calls);
    end_call(e);
    return NAS_OK;
}

static nas_status arguments_hybrid(emitter *e, int32_t out) {
    char x[NAS_C_NUMBER], y[NAS_C_NUMBER];
    NAS_TRY(scales_hybrid(e, out));
    value(e, e->step.op->in[0], x);
    value(e, e->step.op->out, y);
    fprintf(e->calls, "&hybrid_%d, %skernel_%d, %s, code, %s);\n", e->n, sum_argument(e), e->n, x,
            y);
    return NAS_OK;
}

/* CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED in float, int8 or both. */
static nas_status weighted(emitter *e) {
    const nas_step *s = &e->step;
    const nas_tensor *w = s->in[1];
    const bool dense = s->op->kind == NAS_OP_FULLY_CONNECTED, is_float = w->dtype == NAS_F32;
    const bool hybrid = nas_step_is_hybrid(s);
    const int32_t out = dense ? w->dims[0] : s->out->dims[3];
    const char *floating = s->op->kind == NAS_OP_CONV_2D ? "conv" : "depthwise";
    char name[NAS_C_NUMBER];
    if (!s->x[1]) return unsupported(e, "its kernel is no constant");
    if (!is_float && w->zero_point && w->n_scale == 1 && w->zero_point[0])
        return unsupported(e, "its kernel has a zero point");
    snprintf(name, sizeof name, "%s_%s",
             dense      ? "dense"
             : is_float ? floating
                        : "window",
             is_float ? "f32"
             : hybrid ? "hybrid"
                      : "i8");
    begin_call(e, name);
    if (is_float)
        NAS_TRY(floats(e, "kernel", nas_tensor_count(w), s->x[1]));
    else
        array(e, "int8_t", "kernel", nas_tensor_count(w), s->x[1], nas_c_i8);
    NAS_TRY(biases(e, out));
    if (dense) {
        fprintf(e->calls, "%d, %d, %d, ", s->out->dims[0], w->dims[1], out);
    } else {
        window(e, &w->dims[1]);
        fprintf(e->calls, "&window_%d, ", e->n);
    }
    return is_float ? arguments_f32(e) : hybrid ? arguments_hybrid(e, out) : arguments_i8(e, out);
}

static nas_status pool(emitter *e) {
    const nas_op *o = e->step.op;
    const bool is_float = e->step.out->dtype == NAS_F32;
    char name[NAS_C_NUMBER], text[NAS_C_NUMBER];
    snprintf(name, sizeof name, "%s_pool_%s", o->kind == NAS_OP_MAX_POOL_2D ? "max" : "average",
             is_float ? "f32" : "i8");
    begin_call(e, name);
    window(e, o->window);
    fprintf(e->calls, "&window_%d, ", e->n);
    limits(o->activation, text);
    if (is_float)
        fprintf(e->calls, "%s, ", text);
    else {
        /* Scale and zero point are the input's. */
        const nas_tensor *y = e->step.out;
        int32_t lo, hi;
        nas_clamp_i8(o->activation, y, &lo, &hi);
        fprintf(e->data, "static const codes codes_%d = {0, 0, %d, %d};\n", e->n, lo, hi);
        fprintf(e->calls, "&codes_%d, ", e->n);
    }
    end_call(e);
    return NAS_OK;
}

static nas_status mean(emitter *e) {
    const nas_mean m = nas_mean_of(&e->step);
    if (!m.pixels) return unsupported(e, "it is not the mean over all pixels");
    if (e->step.out->dtype == NAS_F32) {
        begin_call(e, "mean_f32");
        fprintf(e->calls, "%d, %d, ", m.pixels, m.dims[3]);
    } else {
        begin_call(e, "mean_i8");
        codes(e, NAS_ACT_NONE);
        array(e, "nas_fixed", "scale", 1, &m.scale, item_fixed);
        fprintf(e->calls, "%d, %d, &codes_%d, scale_%d[0], ", m.pixels, m.dims[3], e->n, e->n);
    }
    end_call(e);
    return NAS_OK;
}

static nas_status constant_operand(emitter *e) {
    for (int k = 0; k < 2; k++) {
        const nas_tensor *t = e->step.in[k];
        if (!e->step.x[k]) continue;
        if (t->dtype == NAS_F32) return floats(e, "constant", nas_tensor_count(t), e->step.x[k]);
        array(e, "int8_t", "constant", nas_tensor_count(t), e->step.x[k], nas_c_i8);
    }
    return NAS_OK;
}

static nas_status pairs(emitter *e) {
    const nas_step *s = &e->step;
    const bool is_float = s->out->dtype == NAS_F32, add = s->op->kind == NAS_OP_ADD;
    int32_t d[4], p[2][4];
    char name[NAS_C_NUMBER], text[NAS_C_NUMBER];
    if (s->x[0] && s->x[1]) return unsupported(e, "both operands are constants");
    nas_pair_steps(s, d, p);
    fprintf(e->data,
            "static const pairs pairs_%d = {{%d, %d, %d, %d}, {{%d, %d, %d, %d}, {%d, %d, %d, "
            "%d}}};\n",
            e->n, d[0], d[1], d[2], d[3], p[0][0], p[0][1], p[0][2], p[0][3], p[1][0], p[1][1],
            p[1][2], p[1][3]);
    NAS_TRY(constant_operand(e));
    snprintf(name, sizeof name, "%s_%s", add ? "add" : "mul", is_float ? "f32" : "i8");
    begin_call(e, name);
    fprintf(e->calls, "&pairs_%d, ", e->n);
    limits(s->op->activation, text);
    if (is_float) {
        fprintf(e->calls, "%s, ", text);
    } else {
        nas_fixed scale[3];
        codes(e, s->op->activation);
        if (add)
            nas_add_scales(s, scale);
        else
            scale[0] = nas_mul_scale(s);
        array(e, "nas_fixed", "scale", add ? 3 : 1, scale, item_fixed);
        fprintf(e->calls, "&codes_%d, %d, scale_%d%s, ", e->n, s->in[1]->zero_point[0], e->n,
                add ? "" : "[0]");
    }
    for (int k = 0; k < 2; k++) {
        value(e, s->op->in[k], text);
        fprintf(e->calls, "%s, ", text);
    }
    value(e, s->op->out, text);
    fprintf(e->calls, "%s);\n", text);
    return NAS_OK;
}

static void rescale(emitter *e, nas_activation a, nas_fixed scale) {
    begin_call(e, "scale_i8");
    codes(e, a);
    array(e, "nas_fixed", "scale", 1, &scale, item_fixed);
    fprintf(e->calls, "%lld, &codes_%d, scale_%d[0], ", (long long)nas_tensor_count(e->step.out),
            e->n, e->n);
    end_call(e);
}

static nas_status relu(emitter *e) {
    const nas_activation a = e->step.op->kind == NAS_OP_RELU ? NAS_ACT_RELU : NAS_ACT_RELU6;
    char text[NAS_C_NUMBER];
    if (e->step.out->dtype == NAS_I8) {
        const nas_fixed scale = nas_relu_scale(&e->step);
        e->step.out = nas_relu_units(&e->step);
        rescale(e, a, scale);
        return NAS_OK;
    }
    begin_call(e, "clamp_all");
    limits(a, text);
    fprintf(e->calls, "%lld, %s, ", (long long)nas_tensor_count(e->step.out), text);
    end_call(e);
    return NAS_OK;
}

static nas_status softmax(emitter *e) {
    const nas_tensor *x = e->step.in[0];
    const int32_t depth = x->dims[x->rank - 1];
    const int64_t rows = nas_tensor_count(x) / depth;
    if (x->dtype == NAS_F32) {
        char text[NAS_C_NUMBER];
        if (!isfinite(e->step.op->beta)) return unsupported(e, "beta is not finite");
        nas_c_float(text, e->step.op->beta);
        begin_call(e, "softmax_f32");
        fprintf(e->calls, "%lld, %d, %s, ", (long long)rows, depth, text);
    } else {
        int32_t v[256];
        for (int32_t i = 0; i < 256; i++) v[i] = nas_softmax_exp(&e->step, -i);
        begin_call(e, "softmax_i8");
        array(e, "int32_t", "exponential", 256, v, nas_c_i32);
        fprintf(e->calls, "%lld, %d, exponential_%d, ", (long long)rows, depth, e->n);
    }
    end_call(e);
    return NAS_OK;
}

static nas_status pad(emitter *e) {
    const nas_pad p = nas_pad_of(&e->step);
    const int64_t *rows[] = {p.in, p.out, p.before};
    static const char *const names[] = {"in", "out", "before"};
    begin_call(e, "pad");
    for (int k = 0; k < 3; k++) {
        fprintf(e->data, "static const int32_t %s_%d[4] = {%d, %d, %d, %d};\n", names[k], e->n,
                (int)rows[k][0], (int)rows[k][1], (int)rows[k][2], (int)rows[k][3]);
        fprintf(e->calls, "%s_%d, ", names[k], e->n);
    }
    fprintf(e->calls, "%d, ", p.fill);
    end_call(e);
    return NAS_OK;
}

/* Between float and int8, or from one scale of int8 to another. */
static nas_status convert(emitter *e) {
    const bool makes = e->step.op->kind == NAS_OP_QUANTIZE;
    const nas_tensor *of = makes ? e->step.out : e->step.in[0];
    if (makes && e->step.in[0]->dtype == NAS_I8) {
        rescale(e, NAS_ACT_NONE, nas_quantize_scale(&e->step));
        return NAS_OK;
    }
    if (of->dtype != NAS_I8) return unsupported(e, "only int8 is converted as it runs");
    char text[NAS_C_NUMBER];
    nas_c_float(text, of->scale[0]);
    begin_call(e, makes ? "quantize" : "dequantize");
    fprintf(e->calls, "%lld, %s, %d, ", (long long)nas_tensor_count(of), text, of->zero_point[0]);
    end_call(e);
    return NAS_OK;
}

static nas_status operator_of(emitter *e) {
    switch (e->step.op->kind) {
    case NAS_OP_CONV_2D:
    case NAS_OP_DEPTHWISE_CONV_2D:
    case NAS_OP_FULLY_CONNECTED: return weighted(e);
    case NAS_OP_AVERAGE_POOL_2D:
    case NAS_OP_MAX_POOL_2D: return pool(e);
    case NAS_OP_MEAN: return mean(e);
    case NAS_OP_ADD:
    case NAS_OP_MUL: return pairs(e);
    case NAS_OP_RELU:
    case NAS_OP_RELU6: return relu(e);
    case NAS_OP_SOFTMAX: return softmax(e);
    case NAS_OP_PAD: return pad(e);
    case NAS_OP_QUANTIZE:
    case NAS_OP_DEQUANTIZE: return convert(e);
    case NAS_OP_RESHAPE: return NAS_OK; /* another name for the same place */
    }
    return unsupported(e, "not known");
}

/* The values of a constant; those of what DEQUANTIZE makes of one are made here. */
static nas_status constant(emitter *e, int32_t tensor, const void **out) {
    const nas_graph *g = e->g;
    *out = g->tensors[tensor].data;
    for (int32_t i = 0; !*out && i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        if (o->out != tensor || !nas_op_makes_constant(g, o)) continue;
        const nas_tensor *from = &g->tensors[o->in[0]];
        const size_t n = (size_t)nas_tensor_count(from);
        float *v = nas_arena_array(e->arena, n, sizeof *v, e->err);
        if (!v) return NAS_ENOMEM;
        nas_dequantize(from, from->data, v);
        *out = v;
    }
    return NAS_OK;
}

static nas_status operators(emitter *e) {
    const nas_graph *g = e->g;
    for (e->n = 0; e->n < g->n_ops; e->n++) {
        const nas_op *o = &g->ops[e->n];
        if (nas_op_makes_constant(g, o)) continue;
        e->step = (nas_step){.op = o, .out = &g->tensors[o->out]};
        for (int32_t k = 0; k < o->n_in; k++) {
            if (o->in[k] < 0) continue;
            e->step.in[k] = &g->tensors[o->in[k]];
            NAS_TRY(constant(e, o->in[k], &e->step.x[k]));
        }
        if (e->step.x[0] && o->kind != NAS_OP_ADD && o->kind != NAS_OP_MUL)
            return unsupported(e, "its input is a constant");
        NAS_TRY(operator_of(e));
    }
    return NAS_OK;
}

/* --- the two files ---------------------------------------------------------------------------- */

static const char *type_of(const nas_tensor *t) {
    return t->dtype == NAS_F32 ? "float" : "int8_t";
}

static void shape(const nas_tensor *t, FILE *out) {
    fputs(" /* [", out);
    for (int32_t k = 0; k < t->rank; k++) fprintf(out, "%s%d", k ? ", " : "", t->dims[k]);
    fputs("] */\n", out);
}

static void port(const nas_tensor *t, const char *name, FILE *out) {
    fprintf(out, "#define MODEL_%s %lld", name, (long long)nas_tensor_count(t));
    shape(t, out);
    if (t->dtype == NAS_F32) return;
    char text[NAS_C_NUMBER];
    nas_c_float(text, t->scale[0]);
    fprintf(out, "#define MODEL_%s_SCALE %s\n#define MODEL_%s_ZERO_POINT (%d)\n", name, text, name,
            t->zero_point[0]);
}

static void write_header(const emitter *e, int64_t total, FILE *out) {
    const nas_graph *g = e->g;
    const nas_tensor *x = &g->tensors[g->input], *y = &g->tensors[g->output];
    fprintf(out, "/* model.h - the model of a .tflite file as C99 that needs no runtime. */\n"
                 "#ifndef MODEL_H\n#define MODEL_H\n\n#include <stdint.h>\n\n"
                 "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    port(x, "INPUT", out);
    port(y, "OUTPUT", out);
    if (x->dtype == NAS_I8)
        fputs("/* A code q stands for (q - ZERO_POINT) * SCALE. A value v has the code round(v / "
              "SCALE) + ZERO_POINT,\n * cut to -128 .. 127. */\n",
              out);
    for (uint32_t bit = 1; bit <= g->changes; bit <<= 1)
        if (g->changes & bit) fprintf(out, "/* As read: %s. */\n", nas_tflite_change_text(bit));
    fprintf(
        out,
        "\n/* One example. It works in %lld bytes of its own memory, so one call at a time. */\n"
        "void model_run(const %s x[MODEL_INPUT], %s y[MODEL_OUTPUT]);\n\n"
        "#ifdef __cplusplus\n}\n#endif\n\n#endif\n",
        (long long)(total + e->codes), type_of(x), type_of(y));
}

static void write_source(const emitter *e, int64_t total, const char *data, const char *calls,
                         FILE *out) {
    const nas_graph *g = e->g;
    char text[NAS_C_NUMBER];
    fprintf(out,
            "/* model.c - what model.h declares, written by nas. */\n"
            "#include \"model.h\"\n\n#include <float.h>\n#include <math.h>\n#include <stddef.h>\n"
            "#include <string.h>\n\n");
    write_parts(e, out);
    fputs(data, out);
    if (calls[0])
        fprintf(out,
                "\n/* Of activations: %lld bytes. */\nstatic union {\n    double align;\n"
                "    int8_t at[%lld];\n} memory;\n",
                (long long)total, (long long)total);
    if (e->codes) fprintf(out, "static int8_t code[%lld];\n", (long long)e->codes);
    fprintf(out, "\nvoid model_run(const %s x[MODEL_INPUT], %s y[MODEL_OUTPUT]) {\n",
            type_of(&g->tensors[g->input]), type_of(&g->tensors[g->output]));
    for (int32_t i = 0; i < g->n_ops; i++) {
        const int32_t t = g->ops[i].out;
        if (g->ops[i].kind == NAS_OP_RESHAPE || nas_op_makes_constant(g, &g->ops[i])) continue;
        fprintf(out, "    %s *const t%d = (void *)(memory.at + %lld);\n", type_of(&g->tensors[t]),
                t, (long long)e->offsets[t]);
    }
    value(e, g->output, text);
    fprintf(out, "%s    memcpy(y, %s, %lld);\n}\n", calls, text,
            (long long)nas_tensor_bytes(&g->tensors[g->output]));
}

enum { DATA, CALLS, HEADER, SOURCE, TEXTS };

static nas_status write_texts(const nas_graph *g, nas_arena *a, nas_stream t[TEXTS], nas_err *err) {
    int64_t total, *offsets = nas_arena_array(a, (size_t)g->n_tensors, sizeof *offsets, err);
    emitter *e = nas_arena_alloc(a, sizeof *e, err);
    const char *data, *calls;
    if (!offsets || !e) return NAS_ENOMEM;
    for (int i = 0; i < TEXTS; i++) NAS_TRY(nas_stream_open(&t[i], err));
    NAS_TRY(nas_graph_plan(g, offsets, &total, err));
    e->g = g;
    e->arena = a;
    e->offsets = offsets;
    e->data = t[DATA].to;
    e->calls = t[CALLS].to;
    e->err = err;
    NAS_TRY(operators(e));
    NAS_TRY(nas_stream_take(&t[DATA], a, &data, err));
    NAS_TRY(nas_stream_take(&t[CALLS], a, &calls, err));
    write_header(e, total, t[HEADER].to);
    write_source(e, total, data, calls, t[SOURCE].to);
    return NAS_OK;
}

nas_status nas_c_source(const nas_graph *g, nas_arena *a, const char **header, const char **source,
                        nas_err *err) {
    nas_stream t[TEXTS] = {{0}};
    NAS_TRY(nas_graph_check(g, err));
    nas_status st = write_texts(g, a, t, err);
    if (st == NAS_OK) st = nas_stream_take(&t[HEADER], a, header, err);
    if (st == NAS_OK) st = nas_stream_take(&t[SOURCE], a, source, err);
    for (int i = 0; i < TEXTS; i++) nas_stream_drop(&t[i]);
    return st;
}
