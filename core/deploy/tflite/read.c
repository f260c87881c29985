/* core/deploy/tflite/read.c - the bytes of a .tflite file as a graph. Nothing is believed: every
 * place is checked against the file's length before it is read. */
#include "core/deploy/deploy.h"
#include "core/deploy/tflite/names.h"
#include "core/deploy/tflite/read_int.h"
#include "core/deploy/tflite/tflite.h"
#include "core/graph/graph_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Scales that all tensors together may have: many tensors may name one vector. */
enum { MOST_SCALES = 1 << 20, UINT8 = 3 };

/* Items may name one table many times, so a small file could ask for much memory. */
static void check_count(nas_reader *r, const nas_flat_in_vector *list, const char *what) {
    if (list->count > NAS_GRAPH_MOST)
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "%u %s; at most %d are supported", list->count, what,
                      NAS_GRAPH_MOST);
}

/* --- tensors ---------------------------------------------------------------------------------- */

static void read_shape(nas_reader *r, const nas_flat_in_table *from, nas_tensor *t,
                       uint32_t number) {
    const nas_flat_in_vector dims = nas_flat_field_vector(&r->f, from, TFL_TENSOR_SHAPE, 4);
    const nas_flat_in_vector signature =
        nas_flat_field_vector(&r->f, from, TFL_TENSOR_SIGNATURE, 4);
    if (dims.count > NAS_MAX_RANK) {
        r->unfit[number] = NAS_UNFIT_RANK;
        return;
    }
    t->rank = (int32_t)dims.count;
    for (uint32_t k = 0; k < dims.count; k++)
        t->dims[k] = (int32_t)nas_flat_get_u32(&r->f, dims.at + 4 * k);
    for (uint32_t k = 0; k < signature.count && k < 8; k++)
        if ((int32_t)nas_flat_get_u32(&r->f, signature.at + 4 * k) < 0)
            r->l.tensors[number].open |= (uint8_t)(1u << k);
}

static void read_type(nas_reader *r, const nas_flat_in_table *from, nas_tensor *t,
                      uint32_t number) {
    r->types[number] = (uint8_t)nas_flat_field_u8(&r->f, from, TFL_TENSOR_TYPE);
    r->l.tensors[number].was_uint8 = r->types[number] == UINT8;
    t->dtype = r->types[number] == UINT8 ? NAS_I8 : (nas_dtype)r->types[number];
    if (nas_dtype_bytes(t->dtype) == 0) r->unfit[number] = NAS_UNFIT_TYPE;
    if (nas_flat_field(&r->f, from, TFL_TENSOR_SPARSITY, 4)) r->unfit[number] = NAS_UNFIT_SPARSE;
    if (nas_flat_field_u8(&r->f, from, TFL_TENSOR_VARIABLE)) r->unfit[number] = NAS_UNFIT_VARIABLE;
}

static void read_quantization(nas_reader *r, const nas_flat_in_table *from, nas_tensor *t,
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
        r->unfit[number] = NAS_UNFIT_QUANTISATION;
        return;
    }
    if (scale.count != zero.count) {
        nas_flat_fail(&r->f, NAS_EFORMAT, "tensor %u has %u scales and %u zero points", number,
                      scale.count, zero.count);
        return;
    }
    float *scales = nas_arena_array(r->l.g->arena, scale.count, sizeof *scales, r->f.err);
    int32_t *zeros = nas_arena_array(r->l.g->arena, scale.count, sizeof *zeros, r->f.err);
    if (!scales || !zeros) {
        r->f.status = NAS_ENOMEM;
        return;
    }
    for (uint32_t k = 0; k < scale.count; k++) {
        int64_t z = nas_flat_get_i64(&r->f, zero.at + 8 * (size_t)k);
        scales[k] = nas_flat_get_f32(&r->f, scale.at + 4 * (size_t)k);
        z -= r->l.tensors[number].was_uint8 ? 128 : 0;
        zeros[k] = z < INT32_MIN || z > INT32_MAX ? INT32_MAX : (int32_t)z;
    }
    t->n_scale = (int32_t)scale.count;
    t->scale = scales;
    t->zero_point = zeros;
    /* Of a list there is no other axis, whatever the file says (as of tflite-micro's own). */
    t->axis = scale.count > 1 && t->rank > 1 ? nas_flat_field_i32(&r->f, &q, TFL_QUANT_AXIS, 0) : 0;
}

/* The bytes of a buffer as int8: codes shifted by 128. */
static const uint8_t *shift_codes(nas_reader *r, uint32_t buffer, const nas_flat_in_vector *data) {
    if (r->shifted[buffer]) return r->shifted[buffer];
    uint8_t *to = nas_arena_alloc(r->l.g->arena, data->count, r->f.err);
    if (!to) {
        r->f.status = NAS_ENOMEM;
        return NULL;
    }
    for (uint32_t i = 0; i < data->count; i++) to[i] = r->f.p[data->at + i] ^ 0x80;
    return r->shifted[buffer] = to;
}

static void read_data(nas_reader *r, const nas_flat_in_table *from,
                      const nas_flat_in_vector *buffers, nas_tensor *t, uint32_t number) {
    const uint32_t index = (uint32_t)nas_flat_field_i32(&r->f, from, TFL_TENSOR_BUFFER, 0);
    if (index == 0 || r->f.status != NAS_OK) return;
    if (index >= buffers->count) {
        nas_flat_fail(&r->f, NAS_EFORMAT, "tensor %u names buffer %u of %u", number, index,
                      buffers->count);
        return;
    }
    const nas_flat_in_table buffer = nas_flat_item_table(&r->f, buffers, index);
    const nas_flat_in_vector data = nas_flat_field_vector(&r->f, &buffer, TFL_BUFFER_DATA, 1);
    if (nas_flat_field(&r->f, &buffer, TFL_BUFFER_OFFSET, 8)) r->unfit[number] = NAS_UNFIT_PLACE;
    if (data.count == 0) return;
    const int64_t bytes = nas_tensor_bytes(t);
    if (bytes < 0 || bytes > data.count)
        nas_flat_fail(&r->f, NAS_EFORMAT, "tensor %u is larger than its %u bytes of data", number,
                      data.count);
    if (data.at % (size_t)nas_dtype_bytes(t->dtype) != 0)
        nas_flat_fail(&r->f, NAS_EFORMAT, "tensor %u has data that is not aligned", number);
    if (r->f.status != NAS_OK) return;
    t->data = r->l.tensors[number].was_uint8 ? shift_codes(r, index, &data) : r->f.p + data.at;
}

static void read_tensor(nas_reader *r, const nas_flat_in_vector *buffers, uint32_t number) {
    const nas_flat_in_table from = nas_flat_item_table(&r->f, &r->tensors, number);
    nas_tensor t = {0};
    int32_t index;
    if (r->f.status != NAS_OK) return;
    read_type(r, &from, &t, number);
    if (!r->unfit[number]) read_shape(r, &from, &t, number);
    if (!r->unfit[number]) read_quantization(r, &from, &t, number);
    if (!r->unfit[number]) read_data(r, &from, buffers, &t, number);
    if (r->unfit[number]) t = (nas_tensor){.dtype = NAS_F32};
    if (r->f.status == NAS_OK) r->f.status = nas_graph_tensor(r->l.g, &t, &index, r->f.err);
}

static void *new_array(nas_reader *r, uint32_t count, size_t size) {
    void *p = nas_arena_array(r->l.arena, (size_t)count + 1, size, r->f.err);
    if (!p) r->f.status = NAS_ENOMEM;
    return p;
}

static void read_tensors(nas_reader *r, const nas_flat_in_vector *buffers) {
    const uint32_t n = r->tensors.count;
    check_count(r, &r->tensors, "tensors");
    if (r->f.status != NAS_OK) return;
    r->unfit = new_array(r, n, sizeof *r->unfit);
    r->types = new_array(r, n, sizeof *r->types);
    r->shifted = new_array(r, buffers->count, sizeof *r->shifted);
    r->l.tensors = new_array(r, n, sizeof *r->l.tensors);
    r->l.same = new_array(r, n, sizeof *r->l.same);
    r->l.n_read = (int32_t)n;
    for (uint32_t i = 0; i < n && r->f.status == NAS_OK; i++) {
        r->l.same[i] = (int32_t)i;
        read_tensor(r, buffers, i);
    }
}

/* --- file ------------------------------------------------------------------------------------- */

static int32_t read_port(nas_reader *r, const nas_flat_in_table *graph, uint32_t slot,
                         const char *which) {
    const nas_flat_in_vector v = nas_flat_field_vector(&r->f, graph, slot, 4);
    char who[32];
    if (v.count != 1)
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "the model has %u %ss; one is supported", v.count,
                      which);
    if (r->f.status != NAS_OK) return -1;
    const int32_t port = (int32_t)nas_flat_get_u32(&r->f, v.at);
    snprintf(who, sizeof who, "the %s", which);
    nas_read_demand(r, port, who);
    return port;
}

/* An input's open batch is one example. */
static void close_batch(nas_reader *r) {
    nas_graph *g = r->l.g;
    char text[NAS_READ_NAME];
    if (r->f.status != NAS_OK || !r->l.tensors[g->input].open) return;
    if (r->l.tensors[g->input].open != 1 || g->tensors[g->input].rank < 1) {
        nas_flat_fail(
            &r->f, NAS_EUNSUPPORTED,
            "the input, %s, leaves more open than its batch, which is taken as 1; convert "
            "the model with a fixed input shape",
            nas_read_tensor_text(r, (uint32_t)g->input, text));
        return;
    }
    g->tensors[g->input].dims[0] = 1;
    g->changes |= NAS_CHANGED_BATCH;
}

static void note_uint8(nas_reader *r) {
    for (int32_t i = 0; r->f.status == NAS_OK && i < r->l.n_ops; i++)
        for (int32_t k = 0; k <= r->l.ops[i].n_in; k++) {
            const int32_t t = k < r->l.ops[i].n_in ? r->l.ops[i].in[k] : r->l.ops[i].out;
            if (t >= 0 && r->l.tensors[t].was_uint8) r->l.g->changes |= NAS_CHANGED_UINT8;
        }
}

static void read_model(nas_reader *r) {
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
    if (r->f.status == NAS_OK && graphs.count < 1)
        nas_flat_fail(&r->f, NAS_EFORMAT, "the file has no graph");
    if (r->f.status != NAS_OK) return;
    const nas_flat_in_table graph = nas_flat_item_table(&r->f, &graphs, 0);
    r->codes = nas_flat_field_vector(&r->f, &model, TFL_MODEL_CODES, 4);
    r->ops = nas_flat_field_vector(&r->f, &graph, TFL_GRAPH_OPS, 4);
    r->tensors = nas_flat_field_vector(&r->f, &graph, TFL_GRAPH_TENSORS, 4);
    check_count(r, &r->ops, "operators");
    nas_read_codes(r); /* what calls other graphs is not known here */
    if (graphs.count > 1)
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "the file has %u graphs; one is supported",
                      graphs.count);
    read_tensors(r, &buffers);
    nas_read_ops(r);
    if (r->f.status != NAS_OK) return;
    r->l.g->input = read_port(r, &graph, TFL_GRAPH_INPUTS, "input");
    r->l.g->output = read_port(r, &graph, TFL_GRAPH_OUTPUTS, "output");
    close_batch(r);
    note_uint8(r);
    if (r->f.status == NAS_OK) r->f.status = nas_loose_resolve(&r->l);
}

/* What a check says of a tensor by its number, by its name as well. */
static void name_tensor(const nas_reader *r, nas_status st) {
    char text[NAS_READ_NAME];
    const char *at = r->f.err ? strstr(r->f.err->text, "tensor ") : NULL;
    if (!at || at[7] < '0' || at[7] > '9') return;
    const unsigned long number = strtoul(at + 7, NULL, 10);
    if (number >= r->tensors.count) return;
    (void)nas_read_tensor_text(r, (uint32_t)number, text);
    if (strchr(text, '(')) (void)nas_fail_after(r->f.err, st, " [%s]", text);
}

static nas_status read_all(nas_reader *r) {
    read_model(r);
    if (r->f.status != NAS_OK) return r->f.status;
    const nas_status st = nas_graph_check(r->l.g, r->f.err);
    if (st != NAS_OK) name_tensor(r, st);
    return st;
}

nas_status nas_tflite_read(const uint8_t *bytes, size_t n, nas_graph *out, nas_err *err) {
    nas_reader r = {.f = {.p = bytes, .n = n, .err = err}, .l = {.g = out, .err = err}};
    *out = nas_graph_start(out->arena);
    if ((uintptr_t)bytes % sizeof(int64_t) != 0 && n < SIZE_MAX / 4) {
        uint8_t *aligned = nas_arena_alloc(out->arena, n, err);
        if (!aligned) return NAS_ENOMEM;
        memcpy(aligned, bytes, n);
        r.f.p = aligned;
    }
    NAS_TRY(nas_arena_open(&r.l.arena, err));
    const nas_status st = read_all(&r);
    nas_arena_close(r.l.arena);
    if (st == NAS_OK || (err && strncmp(err->text, "tflite: ", 8) == 0)) return st;
    return nas_fail_in(err, st, "tflite");
}

const char *nas_tflite_change_text(uint32_t bit) {
    switch (bit) {
    case NAS_CHANGED_BATCH: return "its batch, which the file leaves open, is taken as 1";
    case NAS_CHANGED_SHAPES: return "operators that only compute or rename shapes are folded away";
    case NAS_CHANGED_DILATION:
        return "SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND around a convolution are its dilation";
    case NAS_CHANGED_UINT8:
        return "uint8 is int8 here: each code, also of input and output, is 128 less than the "
               "file's, and so is each zero point";
    case NAS_CHANGED_CODES:
        return "a dilated convolution of float inputs and int8 kernels gives its inputs one scale "
               "where runtimes give each block its own: outputs differ by that rounding";
    case NAS_CHANGED_SPLIT: return "SPLIT and SPLIT_V are a slice for each of their outputs";
    default: return "changed";
    }
}
