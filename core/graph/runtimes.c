/* core/graph/runtimes.c - the table of runtimes. Releases of TensorFlow: runtime_version.cc of its
 * versioning tools. tflite-micro looks at no version; what it refuses was seen with its wheels of
 * 2023-10 and 2026-10, the dates between are those of its commits. */
#include "core/graph/runtimes.h"

#include <inttypes.h>
#include <stdio.h>

/* What an operator computes with. */
typedef enum form {
    FLOAT,
    INT8,
    BY_CHANNEL, /* an int8 dense layer with a scale for each output */
    RESCALED,   /* a RELU6 whose int8 output has another scale than its input */
    HYBRID,     /* an int8 kernel with a float input */
    HALF        /* a float16 constant */
} form;

enum { UNKNOWN = INT16_MAX }; /* a release that is newer than the table */

#define RELEASE(major, minor) ((major)*100 + (minor))

/* An operator's version, and the first TensorFlow (and tflite-runtime) that knows it. LiteRT, whose
 * first release followed TensorFlow 2.17, knows all; its reference kernels a few later. */
typedef struct row {
    nas_op_kind kind;
    form form;
    int16_t version;
    int16_t tensorflow, reference; /* reference: 0 from the first on */
} row;

static const row rows[] = {
    {NAS_OP_ADD, FLOAT, 1, RELEASE(1, 5), 0},
    {NAS_OP_ADD, INT8, 2, RELEASE(1, 14), 0},
    {NAS_OP_AVERAGE_POOL_2D, FLOAT, 1, RELEASE(1, 5), 0},
    {NAS_OP_AVERAGE_POOL_2D, INT8, 2, RELEASE(1, 14), 0},
    {NAS_OP_CONV_2D, FLOAT, 1, RELEASE(1, 5), 0},
    {NAS_OP_CONV_2D, HYBRID, 2, RELEASE(1, 14), 0},
    {NAS_OP_CONV_2D, HYBRID, 5, RELEASE(2, 4), 0},
    {NAS_OP_CONV_2D, INT8, 3, RELEASE(1, 14), 0},
    {NAS_OP_DEPTHWISE_CONV_2D, FLOAT, 1, RELEASE(1, 5), 0},
    {NAS_OP_DEPTHWISE_CONV_2D, FLOAT, 2, RELEASE(1, 12), 0},
    {NAS_OP_DEPTHWISE_CONV_2D, INT8, 3, RELEASE(1, 14), 0},
    {NAS_OP_DEPTHWISE_CONV_2D, HYBRID, 4, RELEASE(2, 2), 0},
    {NAS_OP_DEPTHWISE_CONV_2D, HYBRID, 6, RELEASE(2, 3), 0},
    {NAS_OP_DEQUANTIZE, INT8, 2, RELEASE(1, 14), 0},
    {NAS_OP_DEQUANTIZE, HALF, 3, RELEASE(1, 15), 0},
    {NAS_OP_FULLY_CONNECTED, FLOAT, 1, RELEASE(1, 5), 0},
    {NAS_OP_FULLY_CONNECTED, FLOAT, 5, RELEASE(2, 0), 0},
    {NAS_OP_FULLY_CONNECTED, FLOAT, 6, RELEASE(2, 1), 0},
    {NAS_OP_FULLY_CONNECTED, INT8, 4, RELEASE(1, 14), 0},
    {NAS_OP_FULLY_CONNECTED, INT8, 5, RELEASE(2, 0), 0},
    {NAS_OP_FULLY_CONNECTED, INT8, 6, RELEASE(2, 1), 0},
    {NAS_OP_FULLY_CONNECTED, BY_CHANNEL, 4, RELEASE(1, 14), 0},
    {NAS_OP_FULLY_CONNECTED, BY_CHANNEL, 5, RELEASE(2, 0), 0},
    {NAS_OP_FULLY_CONNECTED, BY_CHANNEL, 6, RELEASE(2, 1), 0},
    {NAS_OP_FULLY_CONNECTED, HYBRID, 3, RELEASE(1, 14), 0},
    {NAS_OP_FULLY_CONNECTED, HYBRID, 9, RELEASE(2, 3), 0},
    {NAS_OP_FULLY_CONNECTED, HYBRID, 12, RELEASE(2, 17), RELEASE(2, 1)},
    {NAS_OP_MAX_POOL_2D, FLOAT, 1, RELEASE(1, 5), 0},
    {NAS_OP_MAX_POOL_2D, INT8, 2, RELEASE(1, 14), 0},
    {NAS_OP_MEAN, FLOAT, 1, RELEASE(1, 6), 0},
    {NAS_OP_MEAN, INT8, 2, RELEASE(1, 14), 0},
    {NAS_OP_MUL, FLOAT, 1, RELEASE(1, 5), 0},
    {NAS_OP_MUL, INT8, 2, RELEASE(1, 14), 0},
    {NAS_OP_MUL, INT8, 3, RELEASE(1, 15), 0},
    {NAS_OP_PAD, FLOAT, 1, RELEASE(1, 5), 0},
    {NAS_OP_PAD, INT8, 2, RELEASE(1, 14), 0},
    {NAS_OP_QUANTIZE, FLOAT, 1, RELEASE(1, 14), 0},
    {NAS_OP_QUANTIZE, INT8, 1, RELEASE(1, 14), 0},
    {NAS_OP_QUANTIZE, INT8, 2, RELEASE(1, 15), 0},
    {NAS_OP_RELU, FLOAT, 1, RELEASE(1, 5), 0},
    {NAS_OP_RELU, INT8, 2, RELEASE(2, 1), 0},
    {NAS_OP_RELU6, FLOAT, 1, RELEASE(1, 5), 0},
    {NAS_OP_RELU6, INT8, 2, RELEASE(1, 14), 0},
    {NAS_OP_RELU6, RESCALED, 2, RELEASE(1, 14), 0},
    {NAS_OP_RESHAPE, FLOAT, 1, RELEASE(1, 5), 0},
    {NAS_OP_RESHAPE, INT8, 1, RELEASE(1, 5), 0},
    {NAS_OP_SOFTMAX, FLOAT, 1, RELEASE(1, 5), 0},
    {NAS_OP_SOFTMAX, INT8, 2, RELEASE(1, 14), 0},
};

/* What tflite-micro and Vela do with a form, whichever the operator. */
static const struct {
    const char *what;
    const char *micro; /* NULL: all that were tried; "": none; else the first day */
    bool refused;      /* said when the file is opened; else results are wrong */
    bool npu;
} forms[] = {
    [FLOAT] = {"float32", NULL, false, false},
    [INT8] = {"int8", NULL, false, true},
    /* Before 2024-05-29 it was taken, with wrong results. */
    [BY_CHANNEL] = {"a scale for each output", "2024-09-27", true, true},
    [RESCALED] = {"to another scale (wrong results)", "", false, true},
    [HYBRID] = {"int8 kernels with float inputs", "", true, false},
    [HALF] = {"float16 constants", "", true, false},
};

static bool is_rescaled(const nas_graph *g, const nas_op *o) {
    const nas_tensor *x = &g->tensors[o->in[0]], *y = &g->tensors[o->out];
    return x->scale[0] != y->scale[0] || x->zero_point[0] != y->zero_point[0];
}

static form form_of(const nas_graph *g, const nas_op *o) {
    const nas_tensor *x = &g->tensors[o->in[0]];
    if (x->dtype == NAS_F16) return HALF;
    if (o->kind == NAS_OP_RELU6 && x->dtype == NAS_I8) return is_rescaled(g, o) ? RESCALED : INT8;
    if (!nas_op_is_weighted(o)) return x->dtype == NAS_I8 ? INT8 : FLOAT;
    const nas_tensor *w = &g->tensors[o->in[1]];
    if (w->dtype != NAS_I8) return FLOAT;
    if (x->dtype != NAS_I8) return HYBRID;
    return o->kind == NAS_OP_FULLY_CONNECTED && w->n_scale > 1 ? BY_CHANNEL : INT8;
}

int32_t nas_op_version(const nas_graph *g, const nas_op *o) {
    const nas_tensor *x = &g->tensors[o->in[0]], *y = &g->tensors[o->out];
    const bool int8 = x->dtype == NAS_I8, hybrid = form_of(g, o) == HYBRID;
    const bool per_channel = hybrid && g->tensors[o->in[1]].n_scale > 1;
    switch (o->kind) {
    case NAS_OP_CONV_2D:
        if (hybrid) return per_channel ? 5 : 2;
        return int8 ? 3 : 1;
    case NAS_OP_DEPTHWISE_CONV_2D:
        if (hybrid) return per_channel ? 6 : 4;
        return int8 ? 3 : o->dilation[0] > 1 || o->dilation[1] > 1 ? 2 : 1;
    case NAS_OP_FULLY_CONNECTED:
        if (hybrid) return per_channel ? 12 : o->asymmetric ? 9 : 3;
        if (o->n_in < 3 || o->in[2] < 0) return 6;
        return int8 ? 4 : 1;
    case NAS_OP_MUL:
        if (!int8) return 1;
        return x->scale[0] * g->tensors[o->in[1]].scale[0] / y->scale[0] >= 1 ? 3 : 2;
    case NAS_OP_DEQUANTIZE: return int8 ? 2 : 3;
    case NAS_OP_RESHAPE:
    case NAS_OP_QUANTIZE: return 1;
    case NAS_OP_ADD:
    case NAS_OP_AVERAGE_POOL_2D:
    case NAS_OP_MAX_POOL_2D:
    case NAS_OP_PAD:
    case NAS_OP_RELU:
    case NAS_OP_RELU6:
    case NAS_OP_SOFTMAX:
    case NAS_OP_MEAN: break;
    }
    return int8 ? 2 : 1;
}

static int32_t version_in_file(const nas_graph *g, const nas_op *o) {
    return o->version ? o->version : nas_op_version(g, o);
}

/* The row of the lowest version that is not below the file's: a release that knows that one knows
 * those before. NULL: a version that is newer than the table. */
static const row *find_row(const nas_graph *g, const nas_op *o) {
    const form f = form_of(g, o);
    const int32_t version = version_in_file(g, o);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].kind == o->kind && rows[i].form == f && rows[i].version >= version)
            return &rows[i];
    return NULL;
}

const char *nas_micro_refuses(const nas_graph *g, const nas_op *o) {
    const form f = form_of(g, o);
    return forms[f].micro && !*forms[f].micro && forms[f].refused ? forms[f].what : NULL;
}

/* --- a graph ---------------------------------------------------------------------------------- */

static nas_runs taken(const char *runtime) {
    return (nas_runs){.runtime = runtime, .all = true, .verdict = "yes"};
}

/* "operator 3 is FULLY_CONNECTED version 12, int8 kernels with float inputs" */
static void blame(const nas_graph *g, int32_t i, nas_runs *r) {
    const nas_op *o = &g->ops[i];
    r->all = false;
    snprintf(r->why, sizeof r->why, "operator %" PRId32 " is %s version %" PRId32 ", %s", i,
             nas_op_name(o->kind), version_in_file(g, o), forms[form_of(g, o)].what);
}

/* The newest release that an operator asks for, if it is above `tried`: all from there on were. */
static nas_runs by_release(const nas_graph *g, const char *runtime, bool reference, int32_t tried) {
    nas_runs r = taken(runtime);
    int32_t newest = tried;
    for (int32_t i = 0; i < g->n_ops; i++) {
        const row *found = find_row(g, &g->ops[i]);
        const int32_t since = !found ? UNKNOWN : reference ? found->reference : found->tensorflow;
        if (since <= newest) continue;
        newest = since;
        blame(g, i, &r);
    }
    if (newest == UNKNOWN)
        snprintf(r.verdict, sizeof r.verdict, "not known");
    else if (!r.all)
        snprintf(r.verdict, sizeof r.verdict, "since %" PRId32 ".%" PRId32, newest / 100,
                 newest % 100);
    return r;
}

static nas_runs by_micro(const nas_graph *g) {
    nas_runs r = taken("TensorFlow Lite for Microcontrollers");
    for (int32_t i = 0; i < g->n_ops; i++) {
        const char *since = forms[form_of(g, &g->ops[i])].micro;
        if (!since || (!r.all && *since)) continue;
        blame(g, i, &r);
        snprintf(r.verdict, sizeof r.verdict, "%s%s", *since ? "since " : "no", since);
        if (!*since) return r;
    }
    return r;
}

static nas_runs by_vela(const nas_graph *g) {
    nas_runs r = taken("Vela 5.2 (Arm Ethos-U)");
    int32_t n = 0;
    for (int32_t i = 0; i < g->n_ops; i++) n += forms[form_of(g, &g->ops[i])].npu;
    if (n == g->n_ops) return r;
    r.all = false;
    snprintf(r.verdict, sizeof r.verdict, n ? "in part" : "to no use");
    snprintf(r.why, sizeof r.why,
             "%" PRId32 " of %" PRId32 " operators are int8; the others stay on the CPU", n,
             g->n_ops);
    return r;
}

void nas_runs_in(const nas_graph *g, nas_runs out[NAS_RUNTIMES]) {
    out[0] = by_release(g, "LiteRT 1.0 and later", true, UNKNOWN - 1);
    out[1] = by_release(g, "its reference kernels", true, RELEASE(1, 0));
    out[2] = by_release(g, "TensorFlow, tflite-runtime", false, RELEASE(2, 4));
    out[3] = by_micro(g);
    out[4] = by_vela(g);
    out[5] = taken("model.c, C99");
}
