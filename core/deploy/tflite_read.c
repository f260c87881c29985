/* core/deploy/tflite_read.c - the bytes of a .tflite file as a graph. Nothing is believed: every
 * place is checked against the file's length before it is read. */
#include "core/deploy/deploy.h"
#include "core/deploy/flat_read.h"
#include "core/deploy/tflite.h"
#include "core/graph/graph_int.h"

#include <string.h>

/* Scales that all tensors together may have: many tensors may name one vector. */
enum { MOST_SCALES = 1 << 20 };

typedef struct reader {
    nas_flat_in f;
    nas_graph *g;
    size_t scales;
} reader;

/* Items may name one table many times, so a small file could ask for much memory. */
static void check_count(reader *r, const nas_flat_in_vector *list, const char *what) {
    if (list->count > NAS_GRAPH_MOST)
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "%u %s; at most %d are supported", list->count, what,
                      NAS_GRAPH_MOST);
}

/* --- tensors ---------------------------------------------------------------------------------- */

static void read_shape(reader *r, const nas_flat_in_table *from, nas_tensor *t, uint32_t number) {
    const nas_flat_in_vector dims = nas_flat_field_vector(&r->f, from, TFL_TENSOR_SHAPE, 4);
    if (dims.count > NAS_MAX_RANK) {
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED,
                      "tensor %u has %u dimensions; at most %d are supported", number, dims.count,
                      NAS_MAX_RANK);
        return;
    }
    t->rank = (int32_t)dims.count;
    for (uint32_t k = 0; k < dims.count; k++)
        t->dims[k] = (int32_t)nas_flat_get_u32(&r->f, dims.at + 4 * k);
}

static void read_type(reader *r, const nas_flat_in_table *from, nas_tensor *t, uint32_t number) {
    t->dtype = (nas_dtype)nas_flat_field_u8(&r->f, from, TFL_TENSOR_TYPE);
    if (nas_dtype_bytes(t->dtype) == 0)
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "tensor %u has type %d, which is not supported",
                      number, (int)t->dtype);
    if (nas_flat_field(&r->f, from, TFL_TENSOR_SPARSITY, 4) ||
        nas_flat_field_u8(&r->f, from, TFL_TENSOR_VARIABLE))
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "tensor %u is sparse or a variable", number);
}

static void read_quantization(reader *r, const nas_flat_in_table *from, nas_tensor *t,
                              uint32_t number) {
    const nas_flat_in_table q = nas_flat_field_table(&r->f, from, TFL_TENSOR_QUANTIZATION);
    const nas_flat_in_vector scale = nas_flat_field_vector(&r->f, &q, TFL_QUANT_SCALE, 4);
    const nas_flat_in_vector zero = nas_flat_field_vector(&r->f, &q, TFL_QUANT_ZERO, 8);
    if (scale.count == 0) return;
    r->scales += scale.count;
    if (r->scales > MOST_SCALES) {
        nas_flat_fail(&r->f, NAS_EFORMAT, "there are more than %d scales", MOST_SCALES);
        return;
    }
    if (nas_flat_field_u8(&r->f, &q, TFL_QUANT_DETAILS)) {
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "tensor %u has a quantisation of its own", number);
        return;
    }
    if (scale.count != zero.count) {
        nas_flat_fail(&r->f, NAS_EFORMAT, "tensor %u has %u scales and %u zero points", number,
                      scale.count, zero.count);
        return;
    }
    float *scales = nas_arena_array(r->g->arena, scale.count, sizeof *scales, r->f.err);
    int32_t *zeros = nas_arena_array(r->g->arena, scale.count, sizeof *zeros, r->f.err);
    if (!scales || !zeros) {
        r->f.status = NAS_ENOMEM;
        return;
    }
    for (uint32_t k = 0; k < scale.count; k++) {
        const int64_t z = nas_flat_get_i64(&r->f, zero.at + 8 * (size_t)k);
        scales[k] = nas_flat_get_f32(&r->f, scale.at + 4 * (size_t)k);
        zeros[k] = z < INT32_MIN || z > INT32_MAX ? INT32_MAX : (int32_t)z;
    }
    t->n_scale = (int32_t)scale.count;
    t->scale = scales;
    t->zero_point = zeros;
    t->axis = scale.count > 1 ? nas_flat_field_i32(&r->f, &q, TFL_QUANT_AXIS, 0) : 0;
}

static void read_data(reader *r, const nas_flat_in_table *from, const nas_flat_in_vector *buffers,
                      nas_tensor *t, uint32_t number) {
    const uint32_t index = (uint32_t)nas_flat_field_i32(&r->f, from, TFL_TENSOR_BUFFER, 0);
    if (index == 0 || r->f.status != NAS_OK) return;
    if (index >= buffers->count) {
        nas_flat_fail(&r->f, NAS_EFORMAT, "tensor %u names buffer %u of %u", number, index,
                      buffers->count);
        return;
    }
    const nas_flat_in_table buffer = nas_flat_item_table(&r->f, buffers, index);
    const nas_flat_in_vector data = nas_flat_field_vector(&r->f, &buffer, TFL_BUFFER_DATA, 1);
    if (nas_flat_field(&r->f, &buffer, TFL_BUFFER_OFFSET, 8))
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "buffer %u lies outside the flatbuffer", index);
    if (data.count == 0) return;
    const int64_t bytes = nas_tensor_bytes(t);
    if (bytes < 0 || bytes > data.count)
        nas_flat_fail(&r->f, NAS_EFORMAT, "tensor %u is larger than its %u bytes of data", number,
                      data.count);
    if (data.at % (size_t)nas_dtype_bytes(t->dtype) != 0)
        nas_flat_fail(&r->f, NAS_EFORMAT, "tensor %u has data that is not aligned", number);
    if (r->f.status == NAS_OK) t->data = r->f.p + data.at;
}

static void read_tensors(reader *r, const nas_flat_in_table *graph,
                         const nas_flat_in_vector *buffers) {
    const nas_flat_in_vector list = nas_flat_field_vector(&r->f, graph, TFL_GRAPH_TENSORS, 4);
    check_count(r, &list, "tensors");
    for (uint32_t i = 0; i < list.count && r->f.status == NAS_OK; i++) {
        const nas_flat_in_table from = nas_flat_item_table(&r->f, &list, i);
        nas_tensor t = {0};
        int32_t index;
        if (r->f.status != NAS_OK) return;
        read_type(r, &from, &t, i);
        if (r->f.status != NAS_OK) return;
        read_shape(r, &from, &t, i);
        read_quantization(r, &from, &t, i);
        read_data(r, &from, buffers, &t, i);
        if (r->f.status == NAS_OK) r->f.status = nas_graph_tensor(r->g, &t, &index, r->f.err);
    }
}

/* --- operators -------------------------------------------------------------------------------- */

static nas_activation read_activation(reader *r, const nas_flat_in_table *from, uint32_t slot,
                                      uint32_t number) {
    const uint32_t a = nas_flat_field_u8(&r->f, from, slot);
    if (a != NAS_ACT_NONE && a != NAS_ACT_RELU && a != NAS_ACT_RELU6)
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "operator %u has the fused activation %u", number,
                      a);
    return (nas_activation)a;
}

static void read_strides(reader *r, const nas_flat_in_table *from, nas_op *o) {
    o->padding = (nas_padding)nas_flat_field_u8(&r->f, from, TFL_PADDING);
    o->stride[1] = nas_flat_field_i32(&r->f, from, TFL_STRIDE_W, 0);
    o->stride[0] = nas_flat_field_i32(&r->f, from, TFL_STRIDE_H, 0);
}

static void read_options(reader *r, const nas_flat_in_table *from, nas_op *o, uint32_t number) {
    const uint32_t type = nas_flat_field_u8(&r->f, from, TFL_OP_OPTIONS_TYPE);
    nas_flat_in_table t = {0};
    if (type && type == tfl_options_type(o->kind))
        t = nas_flat_field_table(&r->f, from, TFL_OP_OPTIONS);
    if (type && tfl_options_type(o->kind) && type != tfl_options_type(o->kind))
        nas_flat_fail(&r->f, NAS_EFORMAT, "operator %u (%s) has options of another kind, %u",
                      number, nas_op_name(o->kind), type);
    switch (o->kind) {
    case NAS_OP_CONV_2D:
        read_strides(r, &t, o);
        o->activation = read_activation(r, &t, TFL_CONV_ACTIVATION, number);
        o->dilation[1] = nas_flat_field_i32(&r->f, &t, TFL_CONV_DILATION_W, 1);
        o->dilation[0] = nas_flat_field_i32(&r->f, &t, TFL_CONV_DILATION_H, 1);
        break;
    case NAS_OP_DEPTHWISE_CONV_2D:
        read_strides(r, &t, o);
        o->activation = read_activation(r, &t, TFL_DEPTHWISE_ACTIVATION, number);
        o->dilation[1] = nas_flat_field_i32(&r->f, &t, TFL_DEPTHWISE_DILATION_W, 1);
        o->dilation[0] = nas_flat_field_i32(&r->f, &t, TFL_DEPTHWISE_DILATION_H, 1);
        break;
    case NAS_OP_AVERAGE_POOL_2D:
    case NAS_OP_MAX_POOL_2D:
        read_strides(r, &t, o);
        o->window[1] = nas_flat_field_i32(&r->f, &t, TFL_POOL_WINDOW_W, 0);
        o->window[0] = nas_flat_field_i32(&r->f, &t, TFL_POOL_WINDOW_H, 0);
        o->activation = read_activation(r, &t, TFL_POOL_ACTIVATION, number);
        break;
    case NAS_OP_FULLY_CONNECTED:
        o->activation = read_activation(r, &t, TFL_FC_ACTIVATION, number);
        if (nas_flat_field_u8(&r->f, &t, TFL_FC_WEIGHTS_FORMAT))
            nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "operator %u has shuffled weights", number);
        o->asymmetric = nas_flat_field_u8(&r->f, &t, TFL_FC_ASYMMETRIC) != 0;
        break;
    case NAS_OP_SOFTMAX: {
        const size_t at = nas_flat_field(&r->f, &t, TFL_SOFTMAX_BETA, 4);
        o->beta = at ? nas_flat_get_f32(&r->f, at) : 0;
        break;
    }
    case NAS_OP_ADD:
    case NAS_OP_MUL:
        o->activation = read_activation(r, &t, TFL_ELEMENTWISE_ACTIVATION, number);
        break;
    case NAS_OP_MEAN: o->keep_dims = nas_flat_field_u8(&r->f, &t, TFL_MEAN_KEEP_DIMS) != 0; break;
    case NAS_OP_DEQUANTIZE:
    case NAS_OP_PAD:
    case NAS_OP_RELU:
    case NAS_OP_RELU6:
    case NAS_OP_RESHAPE:
    case NAS_OP_QUANTIZE: break;
    }
}

static void read_kind(reader *r, const nas_flat_in_vector *codes, const nas_flat_in_table *from,
                      nas_op *o, uint32_t number) {
    const uint32_t index = (uint32_t)nas_flat_field_i32(&r->f, from, TFL_OP_CODE, 0);
    if (r->f.status == NAS_OK && index >= codes->count)
        nas_flat_fail(&r->f, NAS_EFORMAT, "operator %u names code %u of %u", number, index,
                      codes->count);
    if (r->f.status != NAS_OK) return;
    const nas_flat_in_table code = nas_flat_item_table(&r->f, codes, index);
    const int32_t narrow = (int8_t)nas_flat_field_u8(&r->f, &code, TFL_CODE_BYTE);
    const int32_t wide = nas_flat_field_i32(&r->f, &code, TFL_CODE_WIDE, 0);
    o->kind = (nas_op_kind)(narrow > wide ? narrow : wide);
    o->version = nas_flat_field_i32(&r->f, &code, TFL_CODE_VERSION, 1);
    if (!nas_op_name(o->kind))
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "operator %u has code %d, which is not supported",
                      number, narrow > wide ? narrow : wide);
}

static void read_operands(reader *r, const nas_flat_in_table *from, nas_op *o, uint32_t number) {
    const nas_flat_in_vector in = nas_flat_field_vector(&r->f, from, TFL_OP_INPUTS, 4);
    const nas_flat_in_vector out = nas_flat_field_vector(&r->f, from, TFL_OP_OUTPUTS, 4);
    if (r->f.status != NAS_OK) return;
    if (in.count > NAS_OP_INPUTS || out.count != 1) {
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "operator %u (%s) has %u inputs and %u outputs",
                      number, nas_op_name(o->kind), in.count, out.count);
        return;
    }
    o->n_in = (int32_t)in.count;
    for (uint32_t k = 0; k < in.count; k++)
        o->in[k] = (int32_t)nas_flat_get_u32(&r->f, in.at + 4 * k);
    o->out = (int32_t)nas_flat_get_u32(&r->f, out.at);
}

static void read_ops(reader *r, const nas_flat_in_table *model, const nas_flat_in_table *graph) {
    const nas_flat_in_vector codes = nas_flat_field_vector(&r->f, model, TFL_MODEL_CODES, 4);
    const nas_flat_in_vector list = nas_flat_field_vector(&r->f, graph, TFL_GRAPH_OPS, 4);
    check_count(r, &list, "operators");
    for (uint32_t i = 0; i < list.count && r->f.status == NAS_OK; i++) {
        const nas_flat_in_table from = nas_flat_item_table(&r->f, &list, i);
        nas_op o = {0};
        read_kind(r, &codes, &from, &o, i);
        if (r->f.status != NAS_OK) return;
        read_operands(r, &from, &o, i);
        read_options(r, &from, &o, i);
        if (r->f.status == NAS_OK) r->f.status = nas_graph_add_op(r->g, &o, r->f.err);
    }
}

/* --- file ------------------------------------------------------------------------------------- */

static int32_t read_port(reader *r, const nas_flat_in_table *graph, uint32_t slot,
                         const char *which) {
    const nas_flat_in_vector v = nas_flat_field_vector(&r->f, graph, slot, 4);
    if (v.count != 1)
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "the model has %u %s; one is supported", v.count,
                      which);
    return r->f.status == NAS_OK ? (int32_t)nas_flat_get_u32(&r->f, v.at) : -1;
}

static void read_model(reader *r) {
    if (r->f.n < 8 || memcmp(r->f.p + 4, "TFL3", 4) != 0) {
        nas_flat_fail(&r->f, NAS_EFORMAT, "not a .tflite file: the letters TFL3 are missing");
        return;
    }
    const nas_flat_in_table model = nas_flat_table_at(&r->f, nas_flat_follow(&r->f, 0));
    const int32_t version = nas_flat_field_i32(&r->f, &model, TFL_MODEL_VERSION, 0);
    if (version != TFL_SCHEMA)
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "schema version %d; %d is supported", version,
                      TFL_SCHEMA);
    const nas_flat_in_vector graphs = nas_flat_field_vector(&r->f, &model, TFL_MODEL_GRAPHS, 4);
    const nas_flat_in_vector buffers = nas_flat_field_vector(&r->f, &model, TFL_MODEL_BUFFERS, 4);
    if (graphs.count != 1)
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "the file has %u graphs; one is supported",
                      graphs.count);
    if (r->f.status != NAS_OK) return;
    const nas_flat_in_table graph = nas_flat_item_table(&r->f, &graphs, 0);
    read_tensors(r, &graph, &buffers);
    read_ops(r, &model, &graph);
    r->g->input = read_port(r, &graph, TFL_GRAPH_INPUTS, "inputs");
    r->g->output = read_port(r, &graph, TFL_GRAPH_OUTPUTS, "outputs");
}

nas_status nas_tflite_read(const uint8_t *bytes, size_t n, nas_graph *out, nas_err *err) {
    reader r = {.f = {.p = bytes, .n = n, .err = err}, .g = out};
    *out = nas_graph_start(out->arena);
    if ((uintptr_t)bytes % sizeof(int64_t) != 0 && n < SIZE_MAX / 4) {
        uint8_t *aligned = nas_arena_alloc(out->arena, n, err);
        if (!aligned) return NAS_ENOMEM;
        memcpy(aligned, bytes, n);
        r.f.p = aligned;
    }
    read_model(&r);
    NAS_TRY(r.f.status);
    nas_status st = nas_graph_check(out, err);
    return st == NAS_OK ? st : nas_fail_in(err, st, "tflite");
}
