/* core/deploy/tflite_read.c - the bytes of a .tflite file as a graph. Nothing is believed: every
 * place is checked against the file's length before it is read. */
#include "core/deploy/deploy.h"
#include "core/deploy/tflite.h"
#include "core/graph/graph_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Scales that all tensors together may have: many tensors may name one vector. */
enum { MOST_SCALES = 1 << 20 };

typedef struct reader {
    const uint8_t *p;
    size_t n;
    nas_graph *g;
    nas_err *err;
    nas_status status; /* sticky; after a failure all reads give 0 */
    size_t scales;
} reader;

/* at 0: absent. */
typedef struct table {
    size_t at, vtable;
    uint32_t bytes, vtable_bytes;
} table;

typedef struct vector {
    size_t at; /* of the first item */
    uint32_t count;
} vector;

static void fail(reader *r, nas_status code, const char *fmt, ...) NAS_PRINTF(3, 4);
static void fail(reader *r, nas_status code, const char *fmt, ...) {
    char text[256];
    if (r->status != NAS_OK) return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    r->status = nas_fail(r->err, code, "tflite: %s", text);
}

static bool fits(reader *r, size_t at, size_t bytes) {
    if (r->status != NAS_OK) return false;
    if (at <= r->n && bytes <= r->n - at) return true;
    fail(r, NAS_EFORMAT, "cut off or damaged: %zu bytes at %zu of a file of %zu", bytes, at, r->n);
    return false;
}

static uint32_t get_u16(reader *r, size_t at) {
    return fits(r, at, 2) ? (uint32_t)r->p[at] | (uint32_t)r->p[at + 1] << 8 : 0;
}

static uint32_t get_u32(reader *r, size_t at) {
    return fits(r, at, 4) ? get_u16(r, at) | get_u16(r, at + 2) << 16 : 0;
}

static int64_t get_i64(reader *r, size_t at) {
    return (int64_t)(get_u32(r, at) | (uint64_t)get_u32(r, at + 4) << 32);
}

static float get_f32(reader *r, size_t at) {
    const uint32_t bits = get_u32(r, at);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static size_t follow(reader *r, size_t at) {
    const uint32_t offset = get_u32(r, at);
    return fits(r, at, offset) ? at + offset : 0;
}

static table table_at(reader *r, size_t at) {
    table t = {.at = at};
    const int64_t vtable = (int64_t)at - (int32_t)get_u32(r, at);
    if (vtable < 0) fail(r, NAS_EFORMAT, "damaged: a table at %zu without a vtable", at);
    if (r->status != NAS_OK) return (table){0};
    t.vtable = (size_t)vtable;
    t.vtable_bytes = get_u16(r, t.vtable);
    t.bytes = get_u16(r, t.vtable + 2);
    if (t.vtable_bytes < 4 || t.bytes < 4)
        fail(r, NAS_EFORMAT, "damaged: a vtable at %zu", t.vtable);
    if (!fits(r, t.vtable, t.vtable_bytes) || !fits(r, at, t.bytes)) return (table){0};
    return t;
}

/* The place of a field of so many bytes; 0: absent. */
static size_t field(reader *r, const table *t, uint32_t slot, uint32_t bytes) {
    if (t->at == 0 || slot + 2 > t->vtable_bytes) return 0;
    const uint32_t offset = get_u16(r, t->vtable + slot);
    if (offset == 0) return 0;
    if (offset < 4 || offset + bytes > t->bytes) {
        fail(r, NAS_EFORMAT, "damaged: a field outside its table at %zu", t->at);
        return 0;
    }
    return t->at + offset;
}

static uint32_t field_u8(reader *r, const table *t, uint32_t slot) {
    const size_t at = field(r, t, slot, 1);
    return at ? r->p[at] : 0;
}

static int32_t field_i32(reader *r, const table *t, uint32_t slot, int32_t def) {
    const size_t at = field(r, t, slot, 4);
    return at ? (int32_t)get_u32(r, at) : def;
}

static table field_table(reader *r, const table *t, uint32_t slot) {
    const size_t at = field(r, t, slot, 4);
    return at ? table_at(r, follow(r, at)) : (table){0};
}

static vector field_vector(reader *r, const table *t, uint32_t slot, size_t bytes) {
    const size_t at = field(r, t, slot, 4);
    if (!at) return (vector){0};
    const size_t start = follow(r, at);
    const vector v = {.at = start + 4, .count = get_u32(r, start)};
    if (v.count > r->n / bytes || !fits(r, v.at, v.count * bytes)) {
        fail(r, NAS_EFORMAT, "damaged: a list of %u items at %zu", v.count, start);
        return (vector){0};
    }
    return v;
}

static table item_table(reader *r, const vector *v, uint32_t i) {
    return table_at(r, follow(r, v->at + 4 * (size_t)i));
}

/* --- tensors ---------------------------------------------------------------------------------- */

static void read_shape(reader *r, const table *from, nas_tensor *t, uint32_t number) {
    const vector dims = field_vector(r, from, TFL_TENSOR_SHAPE, 4);
    if (dims.count > NAS_MAX_RANK) {
        fail(r, NAS_EUNSUPPORTED, "tensor %u has %u dimensions; at most %d are supported", number,
             dims.count, NAS_MAX_RANK);
        return;
    }
    t->rank = (int32_t)dims.count;
    for (uint32_t k = 0; k < dims.count; k++) t->dims[k] = (int32_t)get_u32(r, dims.at + 4 * k);
}

static void read_type(reader *r, const table *from, nas_tensor *t, uint32_t number) {
    t->dtype = (nas_dtype)field_u8(r, from, TFL_TENSOR_TYPE);
    if (nas_dtype_bytes(t->dtype) == 0)
        fail(r, NAS_EUNSUPPORTED, "tensor %u has type %d, which is not supported", number,
             (int)t->dtype);
    if (field(r, from, TFL_TENSOR_SPARSITY, 4) || field_u8(r, from, TFL_TENSOR_VARIABLE))
        fail(r, NAS_EUNSUPPORTED, "tensor %u is sparse or a variable", number);
}

static void read_quantization(reader *r, const table *from, nas_tensor *t, uint32_t number) {
    const table q = field_table(r, from, TFL_TENSOR_QUANTIZATION);
    const vector scale = field_vector(r, &q, TFL_QUANT_SCALE, 4);
    const vector zero = field_vector(r, &q, TFL_QUANT_ZERO, 8);
    if (scale.count == 0) return;
    r->scales += scale.count;
    if (scale.count != zero.count || r->scales > MOST_SCALES ||
        field_u8(r, &q, TFL_QUANT_DETAILS)) {
        fail(r, NAS_EFORMAT, "tensor %u has %u scales and %u zero points", number, scale.count,
             zero.count);
        return;
    }
    float *scales = nas_arena_array(r->g->arena, scale.count, sizeof *scales, r->err);
    int32_t *zeros = nas_arena_array(r->g->arena, scale.count, sizeof *zeros, r->err);
    if (!scales || !zeros) {
        r->status = NAS_ENOMEM;
        return;
    }
    for (uint32_t k = 0; k < scale.count; k++) {
        const int64_t z = get_i64(r, zero.at + 8 * (size_t)k);
        scales[k] = get_f32(r, scale.at + 4 * (size_t)k);
        zeros[k] = z < INT32_MIN || z > INT32_MAX ? INT32_MAX : (int32_t)z;
    }
    t->n_scale = (int32_t)scale.count;
    t->scale = scales;
    t->zero_point = zeros;
    t->axis = scale.count > 1 ? field_i32(r, &q, TFL_QUANT_AXIS, 0) : 0;
}

static void read_data(reader *r, const table *from, const vector *buffers, nas_tensor *t,
                      uint32_t number) {
    const uint32_t index = (uint32_t)field_i32(r, from, TFL_TENSOR_BUFFER, 0);
    if (index == 0 || r->status != NAS_OK) return;
    if (index >= buffers->count) {
        fail(r, NAS_EFORMAT, "tensor %u names buffer %u of %u", number, index, buffers->count);
        return;
    }
    const table buffer = item_table(r, buffers, index);
    const vector data = field_vector(r, &buffer, TFL_BUFFER_DATA, 1);
    if (field(r, &buffer, TFL_BUFFER_OFFSET, 8))
        fail(r, NAS_EUNSUPPORTED, "buffer %u lies outside the flatbuffer", index);
    if (data.count == 0) return;
    const int64_t bytes = nas_tensor_bytes(t);
    if (bytes < 0 || bytes > data.count)
        fail(r, NAS_EFORMAT, "tensor %u is larger than its %u bytes of data", number, data.count);
    if (data.at % (size_t)nas_dtype_bytes(t->dtype) != 0)
        fail(r, NAS_EFORMAT, "tensor %u has data that is not aligned", number);
    if (r->status == NAS_OK) t->data = r->p + data.at;
}

static void read_tensors(reader *r, const table *graph, const vector *buffers) {
    const vector list = field_vector(r, graph, TFL_GRAPH_TENSORS, 4);
    for (uint32_t i = 0; i < list.count && r->status == NAS_OK; i++) {
        const table from = item_table(r, &list, i);
        nas_tensor t = {0};
        int32_t index;
        if (r->status != NAS_OK) return;
        read_type(r, &from, &t, i);
        if (r->status != NAS_OK) return;
        read_shape(r, &from, &t, i);
        read_quantization(r, &from, &t, i);
        read_data(r, &from, buffers, &t, i);
        if (r->status == NAS_OK) r->status = nas_graph_tensor(r->g, &t, &index, r->err);
    }
}

/* --- operators -------------------------------------------------------------------------------- */

static nas_activation read_activation(reader *r, const table *from, uint32_t slot,
                                      uint32_t number) {
    const uint32_t a = field_u8(r, from, slot);
    if (a != NAS_ACT_NONE && a != NAS_ACT_RELU && a != NAS_ACT_RELU6)
        fail(r, NAS_EUNSUPPORTED, "operator %u has the fused activation %u", number, a);
    return (nas_activation)a;
}

static void read_strides(reader *r, const table *from, nas_op *o) {
    o->padding = (nas_padding)field_u8(r, from, TFL_PADDING);
    o->stride[1] = field_i32(r, from, TFL_STRIDE_W, 0);
    o->stride[0] = field_i32(r, from, TFL_STRIDE_H, 0);
}

static void read_options(reader *r, const table *from, nas_op *o, uint32_t number) {
    const uint32_t type = field_u8(r, from, TFL_OP_OPTIONS_TYPE);
    table t = {0};
    if (type && type == tfl_options_type(o->kind)) t = field_table(r, from, TFL_OP_OPTIONS);
    if (type && tfl_options_type(o->kind) && type != tfl_options_type(o->kind))
        fail(r, NAS_EFORMAT, "operator %u (%s) has options of another kind, %u", number,
             nas_op_name(o->kind), type);
    switch (o->kind) {
    case NAS_OP_CONV_2D:
        read_strides(r, &t, o);
        o->activation = read_activation(r, &t, TFL_CONV_ACTIVATION, number);
        o->dilation[1] = field_i32(r, &t, TFL_CONV_DILATION_W, 1);
        o->dilation[0] = field_i32(r, &t, TFL_CONV_DILATION_H, 1);
        break;
    case NAS_OP_DEPTHWISE_CONV_2D:
        read_strides(r, &t, o);
        o->activation = read_activation(r, &t, TFL_DEPTHWISE_ACTIVATION, number);
        o->dilation[1] = field_i32(r, &t, TFL_DEPTHWISE_DILATION_W, 1);
        o->dilation[0] = field_i32(r, &t, TFL_DEPTHWISE_DILATION_H, 1);
        break;
    case NAS_OP_AVERAGE_POOL_2D:
    case NAS_OP_MAX_POOL_2D:
        read_strides(r, &t, o);
        o->window[1] = field_i32(r, &t, TFL_POOL_WINDOW_W, 0);
        o->window[0] = field_i32(r, &t, TFL_POOL_WINDOW_H, 0);
        o->activation = read_activation(r, &t, TFL_POOL_ACTIVATION, number);
        break;
    case NAS_OP_FULLY_CONNECTED:
        o->activation = read_activation(r, &t, TFL_FC_ACTIVATION, number);
        if (field_u8(r, &t, TFL_FC_WEIGHTS_FORMAT))
            fail(r, NAS_EUNSUPPORTED, "operator %u has shuffled weights", number);
        o->asymmetric = field_u8(r, &t, TFL_FC_ASYMMETRIC) != 0;
        break;
    case NAS_OP_SOFTMAX: {
        const size_t at = field(r, &t, TFL_SOFTMAX_BETA, 4);
        o->beta = at ? get_f32(r, at) : 0;
        break;
    }
    case NAS_OP_ADD:
    case NAS_OP_MUL:
        o->activation = read_activation(r, &t, TFL_ELEMENTWISE_ACTIVATION, number);
        break;
    case NAS_OP_MEAN: o->keep_dims = field_u8(r, &t, TFL_MEAN_KEEP_DIMS) != 0; break;
    case NAS_OP_DEQUANTIZE:
    case NAS_OP_PAD:
    case NAS_OP_RELU:
    case NAS_OP_RELU6:
    case NAS_OP_RESHAPE:
    case NAS_OP_QUANTIZE: break;
    }
}

static void read_kind(reader *r, const vector *codes, const table *from, nas_op *o,
                      uint32_t number) {
    const uint32_t index = (uint32_t)field_i32(r, from, TFL_OP_CODE, 0);
    if (r->status == NAS_OK && index >= codes->count)
        fail(r, NAS_EFORMAT, "operator %u names code %u of %u", number, index, codes->count);
    if (r->status != NAS_OK) return;
    const table code = item_table(r, codes, index);
    const int32_t narrow = (int8_t)field_u8(r, &code, TFL_CODE_BYTE);
    const int32_t wide = field_i32(r, &code, TFL_CODE_WIDE, 0);
    o->kind = (nas_op_kind)(narrow > wide ? narrow : wide);
    if (!nas_op_name(o->kind))
        fail(r, NAS_EUNSUPPORTED, "operator %u has code %d, which is not supported", number,
             narrow > wide ? narrow : wide);
}

static void read_operands(reader *r, const table *from, nas_op *o, uint32_t number) {
    const vector in = field_vector(r, from, TFL_OP_INPUTS, 4);
    const vector out = field_vector(r, from, TFL_OP_OUTPUTS, 4);
    if (r->status != NAS_OK) return;
    if (in.count > NAS_OP_INPUTS || out.count != 1) {
        fail(r, NAS_EUNSUPPORTED, "operator %u (%s) has %u inputs and %u outputs", number,
             nas_op_name(o->kind), in.count, out.count);
        return;
    }
    o->n_in = (int32_t)in.count;
    for (uint32_t k = 0; k < in.count; k++) o->in[k] = (int32_t)get_u32(r, in.at + 4 * k);
    o->out = (int32_t)get_u32(r, out.at);
}

static void read_ops(reader *r, const table *model, const table *graph) {
    const vector codes = field_vector(r, model, TFL_MODEL_CODES, 4);
    const vector list = field_vector(r, graph, TFL_GRAPH_OPS, 4);
    for (uint32_t i = 0; i < list.count && r->status == NAS_OK; i++) {
        const table from = item_table(r, &list, i);
        nas_op o = {0};
        read_kind(r, &codes, &from, &o, i);
        if (r->status != NAS_OK) return;
        read_operands(r, &from, &o, i);
        read_options(r, &from, &o, i);
        if (r->status == NAS_OK) r->status = nas_graph_add_op(r->g, &o, r->err);
    }
}

/* --- file ------------------------------------------------------------------------------------- */

static int32_t read_port(reader *r, const table *graph, uint32_t slot, const char *which) {
    const vector v = field_vector(r, graph, slot, 4);
    if (v.count != 1)
        fail(r, NAS_EUNSUPPORTED, "the model has %u %s; one is supported", v.count, which);
    return r->status == NAS_OK ? (int32_t)get_u32(r, v.at) : -1;
}

static void read_model(reader *r) {
    if (r->n < 8 || memcmp(r->p + 4, "TFL3", 4) != 0) {
        fail(r, NAS_EFORMAT, "not a .tflite file: the letters TFL3 are missing");
        return;
    }
    const table model = table_at(r, follow(r, 0));
    const int32_t version = field_i32(r, &model, TFL_MODEL_VERSION, 0);
    if (version != TFL_SCHEMA)
        fail(r, NAS_EUNSUPPORTED, "schema version %d; %d is supported", version, TFL_SCHEMA);
    const vector graphs = field_vector(r, &model, TFL_MODEL_GRAPHS, 4);
    const vector buffers = field_vector(r, &model, TFL_MODEL_BUFFERS, 4);
    if (graphs.count != 1)
        fail(r, NAS_EUNSUPPORTED, "the file has %u graphs; one is supported", graphs.count);
    if (r->status != NAS_OK) return;
    const table graph = item_table(r, &graphs, 0);
    read_tensors(r, &graph, &buffers);
    read_ops(r, &model, &graph);
    r->g->input = read_port(r, &graph, TFL_GRAPH_INPUTS, "inputs");
    r->g->output = read_port(r, &graph, TFL_GRAPH_OUTPUTS, "outputs");
}

nas_status nas_tflite_read(const uint8_t *bytes, size_t n, nas_graph *out, nas_err *err) {
    reader r = {.p = bytes, .n = n, .g = out, .err = err};
    *out = nas_graph_start(out->arena);
    if ((uintptr_t)bytes % sizeof(int64_t) != 0 && n < SIZE_MAX / 4) {
        uint8_t *aligned = nas_arena_alloc(out->arena, n, err);
        if (!aligned) return NAS_ENOMEM;
        memcpy(aligned, bytes, n);
        r.p = aligned;
    }
    read_model(&r);
    NAS_TRY(r.status);
    nas_status st = nas_graph_check(out, err);
    return st == NAS_OK ? st : nas_fail_in(err, st, "tflite");
}
