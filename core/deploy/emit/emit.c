/* core/deploy/emit/emit.c - a graph as C99 source: its constants, the parts of core/deploy/plain/
 * that its operators need, and a function that calls them in order on one planned piece of memory.
 */
#include "core/deploy/emit/emit_int.h"
#include "core/deploy/ops/op.h"
#include "core/graph/graph_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The parts of core/deploy/fixed.h, plain and ops, line by line (Makefile). */
static const char *const lines[] = {
#include "core/deploy/plain.inc"
};
enum { LINES = sizeof lines / sizeof *lines };

nas_status nas_emit_unsupported(nas_emitter *e, const char *why) {
    return nas_fail(e->err, NAS_EUNSUPPORTED, "C source: operator %d (%s): %s", e->n,
                    nas_op_name(e->step.op->kind), why);
}

/* --- parts ------------------------------------------------------------------------------------ */

static void need(nas_emitter *e, const char *name, size_t length) {
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

void nas_emit_need(nas_emitter *e, const char *name) {
    need(e, name, strlen(name));
}

static void write_parts(const nas_emitter *e, FILE *out) {
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

void nas_emit_fixed(char text[NAS_C_NUMBER], const void *values, int64_t i) {
    const nas_fixed f = ((const nas_fixed *)values)[i];
    snprintf(text, NAS_C_NUMBER, "{%d, %d}", f.mult, f.shift);
}

/* NAME_<number of the operator>. */
void nas_emit_array(nas_emitter *e, const char *type, const char *name, int64_t n,
                    const void *values, nas_c_item *item) {
    char whole[NAS_C_NUMBER];
    snprintf(whole, sizeof whole, "%s_%d", name, e->n);
    nas_c_array(e->data, type, whole, n, values, item);
}

nas_status nas_emit_floats(nas_emitter *e, const char *name, int64_t n, const float *v) {
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(v[i])) return nas_emit_unsupported(e, "a constant is not finite");
    nas_emit_array(e, "float", name, n, v, nas_c_f32);
    return NAS_OK;
}

/* --- operators -------------------------------------------------------------------------------- */

void nas_emit_window(nas_emitter *e, const int32_t size[2]) {
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

void nas_emit_codes(nas_emitter *e, nas_activation a) {
    int32_t lo, hi;
    nas_clamp_i8(a, e->step.out, &lo, &hi);
    fprintf(e->data, "static const codes codes_%d = {%d, %d, %d, %d};\n", e->n,
            e->step.in[0]->zero_point[0], e->step.out->zero_point[0], lo, hi);
}

/* "lo, hi". */
void nas_emit_limits(nas_activation a, char text[NAS_C_NUMBER]) {
    snprintf(text, NAS_C_NUMBER, "%s, %s", a == NAS_ACT_NONE ? "-FLT_MAX" : "0",
             a == NAS_ACT_RELU6 ? "6" : "FLT_MAX");
}

/* How a tensor is called in the function: x; t3; and what RESHAPE makes as what it was made of. */
void nas_emit_value(const nas_emitter *e, int32_t tensor, char text[NAS_C_NUMBER]) {
    for (int32_t i = e->g->n_ops; i-- > 0;)
        if (nas_op_row_of(e->g->ops[i].kind)->renames && e->g->ops[i].out == tensor)
            tensor = e->g->ops[i].in[0];
    bool constant = false;
    for (int k = 0; k < 2; k++) constant |= e->step.op->in[k] == tensor && e->step.x[k];
    if (constant)
        snprintf(text, NAS_C_NUMBER, "constant_%d", e->n);
    else
        snprintf(text, NAS_C_NUMBER, tensor == e->g->input ? "x" : "t%d", tensor);
}

/* The part that does it, and the call up to its own arguments. */
void nas_emit_begin(nas_emitter *e, const char *name) {
    nas_emit_need(e, name);
    fprintf(e->calls, "    %s(", name);
}
void nas_emit_end(nas_emitter *e) {
    char x[NAS_C_NUMBER], y[NAS_C_NUMBER];
    nas_emit_value(e, e->step.op->in[0], x);
    nas_emit_value(e, e->step.op->out, y);
    fprintf(e->calls, "%s, %s);\n", x, y);
}

nas_status nas_emit_constant(nas_emitter *e) {
    for (int k = 0; k < 2; k++) {
        const nas_tensor *t = e->step.in[k];
        if (!e->step.x[k]) continue;
        if (t->dtype == NAS_F32)
            return nas_emit_floats(e, "constant", nas_tensor_count(t), e->step.x[k]);
        nas_emit_array(e, "int8_t", "constant", nas_tensor_count(t), e->step.x[k], nas_c_i8);
    }
    return NAS_OK;
}

void nas_emit_rescale(nas_emitter *e, nas_activation a, nas_fixed scale) {
    nas_emit_begin(e, "scale_i8");
    nas_emit_codes(e, a);
    nas_emit_array(e, "nas_fixed", "scale", 1, &scale, nas_emit_fixed);
    fprintf(e->calls, "%lld, &codes_%d, scale_%d[0], ", (long long)nas_tensor_count(e->step.out),
            e->n, e->n);
    nas_emit_end(e);
}

void nas_emit_end_pair(nas_emitter *e) {
    char text[NAS_C_NUMBER];
    for (int k = 0; k < 2; k++) {
        nas_emit_value(e, e->step.op->in[k], text);
        fprintf(e->calls, "%s, ", text);
    }
    nas_emit_value(e, e->step.op->out, text);
    fprintf(e->calls, "%s);\n", text);
}

void nas_emit_pairs(nas_emitter *e) {
    int32_t d[4], p[2][4];
    nas_pair_steps(&e->step, d, p);
    fprintf(e->data,
            "static const pairs pairs_%d = {{%d, %d, %d, %d}, {{%d, %d, %d, %d}, {%d, %d, %d, "
            "%d}}};\n",
            e->n, d[0], d[1], d[2], d[3], p[0][0], p[0][1], p[0][2], p[0][3], p[1][0], p[1][1],
            p[1][2], p[1][3]);
}

/* The values of a constant; those of what DEQUANTIZE makes of one are made here. */
static nas_status constant(nas_emitter *e, int32_t tensor, const void **out) {
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

static nas_status operators(nas_emitter *e) {
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
        const nas_deploy_op *row = nas_deploy_op_of((int32_t)o->kind);
        if (e->step.x[0] && !row->takes_constant)
            return nas_emit_unsupported(e, "its input is a constant");
        if (row->emit) NAS_TRY(row->emit(e));
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

static void write_header(const nas_emitter *e, int64_t total, FILE *out) {
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

static void write_source(const nas_emitter *e, int64_t total, const char *data, const char *calls,
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
        if (nas_op_row_of(g->ops[i].kind)->renames || nas_op_makes_constant(g, &g->ops[i]))
            continue;
        fprintf(out, "    %s *const t%d = (void *)(memory.at + %lld);\n", type_of(&g->tensors[t]),
                t, (long long)e->offsets[t]);
    }
    nas_emit_value(e, g->output, text);
    fprintf(out, "%s    memcpy(y, %s, %lld);\n}\n", calls, text,
            (long long)nas_tensor_bytes(&g->tensors[g->output]));
}

enum { DATA, CALLS, HEADER, SOURCE, TEXTS };

static nas_status write_texts(const nas_graph *g, nas_arena *a, nas_stream t[TEXTS], nas_err *err) {
    int64_t total, *offsets = nas_arena_array(a, (size_t)g->n_tensors, sizeof *offsets, err);
    nas_emitter *e = nas_arena_alloc(a, sizeof *e, err);
    const char *data, *calls;
    bool *used = nas_arena_array(a, LINES, sizeof *used, err);
    if (!offsets || !e || !used) return NAS_ENOMEM;
    for (int i = 0; i < TEXTS; i++) NAS_TRY(nas_stream_open(&t[i], err));
    NAS_TRY(nas_graph_plan(g, offsets, &total, err));
    e->g = g;
    e->arena = a;
    e->used = used;
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
