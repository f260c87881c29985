/* core/deploy/tflite/write.c - a graph as the bytes of a .tflite file. */
#include "core/deploy/deploy.h"
#include "core/deploy/ops/op.h"
#include "core/deploy/tflite/notes.h"
#include "core/graph/runtimes.h"

#include <string.h>

typedef struct writer {
    nas_flat f;
    const nas_graph *g;
    nas_arena *scratch;
    nas_flat_ref buffers, codes, tensors, ops;
    uint32_t *buffer_of;    /* a tensor's buffer; 0: it is no constant */
    int32_t *code_of;       /* an operator's entry in the list of codes */
    const nas_notes *notes; /* NULL: none */
    nas_flat_ref *names;    /* of tensors; 0: none */
    uint8_t *about;         /* [about_n] metadata */
    size_t about_n;
    int32_t about_buffer;
} writer;

static nas_flat_ref *new_refs(writer *w, int32_t n) {
    nas_flat_ref *refs = nas_arena_array(w->scratch, (size_t)n, sizeof *refs, w->f.err);
    if (!refs) w->f.status = NAS_ENOMEM;
    return refs;
}

/* Of the shape [1,h,w,c]. */
static bool is_depthwise(const nas_tensor *t) {
    return t->rank == 4 && t->dims[0] == 1;
}

static void write_buffers_of(writer *w, nas_dtype type, bool depthwise, nas_flat_ref *refs,
                             uint32_t *n) {
    const nas_graph *g = w->g;
    for (int32_t i = 0; i < g->n_tensors; i++) {
        const nas_tensor *t = &g->tensors[i];
        if (!t->data || t->dtype != type || is_depthwise(t) != depthwise) continue;
        nas_flat_link(&w->f, TFL_BUFFER_DATA,
                      nas_flat_vector(&w->f, t->data, (size_t)nas_tensor_bytes(t), 1, 16));
        const nas_flat_ref ref = nas_flat_table(&w->f);
        uint32_t k = 1;
        while (k < *n && refs[k] != ref) k++;
        refs[k] = ref;
        w->buffer_of[i] = k;
        if (k == *n) ++*n;
    }
}

/* Metadata is the last buffer. */
static void write_about(writer *w, nas_flat_ref *refs, uint32_t *n) {
    if (!w->about_n) return;
    nas_flat_link(&w->f, TFL_BUFFER_DATA, nas_flat_vector(&w->f, w->about, w->about_n, 1, 16));
    w->about_buffer = (int32_t)*n;
    refs[(*n)++] = nas_flat_table(&w->f);
}

/* Buffer 0 is empty; equal constants share one. Those of one type stand together, and so do
 * depthwise kernels, which nobody prunes, and all scales: bytes of one nature compress better side
 * by side. */
static void write_buffers(writer *w) {
    static const nas_dtype order[] = {NAS_I8, NAS_F16, NAS_F32, NAS_I32, NAS_I64};
    const nas_graph *g = w->g;
    nas_flat_ref *refs = new_refs(w, g->n_tensors + 2);
    uint32_t n = 1;
    if (!refs) return;
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        write_buffers_of(w, order[k], true, refs, &n);
        write_buffers_of(w, order[k], false, refs, &n);
    }
    for (int32_t i = 0; i < g->n_tensors; i++) {
        const nas_tensor *t = &g->tensors[i];
        if (t->n_scale > 1 && t->dtype != NAS_F32)
            (void)nas_flat_vector(&w->f, t->scale, (size_t)t->n_scale, 4, 4);
    }
    refs[0] = nas_flat_table(&w->f);
    write_about(w, refs, &n);
    w->buffers = nas_flat_refs(&w->f, refs, n);
}

/* Runtimes take the larger of the byte and the wide code; all of ours fit the byte. */
static void write_codes(writer *w) {
    const nas_graph *g = w->g;
    nas_flat_ref *refs = new_refs(w, g->n_ops);
    int32_t n = 0;
    if (!refs) return;
    for (int32_t i = 0; i < g->n_ops; i++) {
        nas_flat_u8(&w->f, TFL_CODE_BYTE, (uint8_t)g->ops[i].kind, 0);
        nas_flat_i32(&w->f, TFL_CODE_VERSION, nas_op_version(g, &g->ops[i]), 1);
        const nas_flat_ref ref = nas_flat_table(&w->f);
        int32_t k = 0;
        while (k < n && refs[k] != ref) k++;
        refs[k] = ref;
        w->code_of[i] = k;
        if (k == n) n++;
    }
    w->codes = nas_flat_refs(&w->f, refs, (size_t)n);
}

static nas_flat_ref write_quantization(writer *w, const nas_tensor *t) {
    const size_t n = (size_t)t->n_scale;
    if (n == 0 || t->dtype == NAS_F32) return 0;
    int64_t *zero = nas_arena_array(w->scratch, n, sizeof *zero, w->f.err);
    if (!zero) {
        w->f.status = NAS_ENOMEM;
        return 0;
    }
    for (size_t i = 0; i < n; i++) zero[i] = t->zero_point[i];
    nas_flat_link(&w->f, TFL_QUANT_SCALE, nas_flat_vector(&w->f, t->scale, n, 4, 4));
    nas_flat_link(&w->f, TFL_QUANT_ZERO, nas_flat_vector(&w->f, zero, n, 8, 8));
    nas_flat_i32(&w->f, TFL_QUANT_AXIS, n > 1 ? t->axis : 0, 0);
    return nas_flat_table(&w->f);
}

static void write_tensors(writer *w) {
    const nas_graph *g = w->g;
    nas_flat_ref *refs = new_refs(w, g->n_tensors);
    if (!refs) return;
    for (int32_t i = 0; i < g->n_tensors; i++) {
        const nas_tensor *t = &g->tensors[i];
        const nas_flat_ref quantization = write_quantization(w, t);
        const nas_flat_ref shape = nas_flat_vector(&w->f, t->dims, (size_t)t->rank, 4, 4);
        nas_flat_link(&w->f, TFL_TENSOR_SHAPE, shape);
        nas_flat_u8(&w->f, TFL_TENSOR_TYPE, (uint8_t)t->dtype, NAS_F32);
        nas_flat_i32(&w->f, TFL_TENSOR_BUFFER, (int32_t)w->buffer_of[i], 0);
        nas_flat_link(&w->f, TFL_TENSOR_NAME, w->names[i]);
        nas_flat_link(&w->f, TFL_TENSOR_QUANTIZATION, quantization);
        refs[i] = nas_flat_table(&w->f);
    }
    w->tensors = nas_flat_refs(&w->f, refs, (size_t)g->n_tensors);
}

void nas_write_strides(nas_flat *f, const nas_op *o) {
    nas_flat_u8(f, TFL_PADDING, (uint8_t)o->padding, NAS_SAME);
    nas_flat_i32(f, TFL_STRIDE_W, o->stride[1], 0);
    nas_flat_i32(f, TFL_STRIDE_H, o->stride[0], 0);
}

/* An operator's options, also where all have their default: Vela reads none without a table. 0: an
 * operator that has none. */
static nas_flat_ref write_options(writer *w, const nas_op *o) {
    const nas_deploy_op *row = nas_deploy_op_of((int32_t)o->kind);
    if (row->write) row->write(&w->f, w->g, o);
    return row->options ? nas_flat_table(&w->f) : 0;
}

static void write_ops(writer *w) {
    const nas_graph *g = w->g;
    nas_flat_ref *refs = new_refs(w, g->n_ops);
    if (!refs) return;
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        const nas_flat_ref options = write_options(w, o);
        const nas_flat_ref inputs = nas_flat_vector(&w->f, o->in, (size_t)o->n_in, 4, 4);
        const nas_flat_ref outputs = nas_flat_vector(&w->f, &o->out, 1, 4, 4);
        nas_flat_i32(&w->f, TFL_OP_CODE, w->code_of[i], 0);
        nas_flat_link(&w->f, TFL_OP_INPUTS, inputs);
        nas_flat_link(&w->f, TFL_OP_OUTPUTS, outputs);
        nas_flat_u8(&w->f, TFL_OP_OPTIONS_TYPE, nas_deploy_op_of((int32_t)o->kind)->options, 0);
        nas_flat_link(&w->f, TFL_OP_OPTIONS, options);
        refs[i] = nas_flat_table(&w->f);
    }
    w->ops = nas_flat_refs(&w->f, refs, (size_t)g->n_ops);
}

static nas_flat_ref write_metadata(writer *w) {
    if (!w->about_n) return 0;
    nas_flat_link(&w->f, TFL_METADATA_NAME, nas_flat_text(&w->f, "TFLITE_METADATA"));
    nas_flat_i32(&w->f, TFL_METADATA_BUFFER, w->about_buffer, 0);
    const nas_flat_ref entry = nas_flat_table(&w->f);
    return nas_flat_refs(&w->f, &entry, 1);
}

static nas_flat_ref write_model(writer *w) {
    nas_flat *f = &w->f;
    const nas_flat_ref inputs = nas_flat_vector(f, &w->g->input, 1, 4, 4);
    const nas_flat_ref outputs = nas_flat_vector(f, &w->g->output, 1, 4, 4);
    nas_flat_link(f, TFL_GRAPH_TENSORS, w->tensors);
    nas_flat_link(f, TFL_GRAPH_INPUTS, inputs);
    nas_flat_link(f, TFL_GRAPH_OUTPUTS, outputs);
    nas_flat_link(f, TFL_GRAPH_OPS, w->ops);
    const nas_flat_ref graph = nas_flat_table(f);
    const nas_flat_ref graphs = nas_flat_refs(f, &graph, 1);
    const nas_flat_ref metadata = write_metadata(w);
    const nas_flat_ref signatures = w->notes ? nas_notes_signatures(w->g, f) : 0;
    const char *description = w->notes ? w->notes->description : NULL;
    const nas_flat_ref text = description ? nas_flat_text(f, description) : 0;
    nas_flat_i32(f, TFL_MODEL_VERSION, TFL_SCHEMA, 0);
    nas_flat_link(f, TFL_MODEL_CODES, w->codes);
    nas_flat_link(f, TFL_MODEL_GRAPHS, graphs);
    nas_flat_link(f, TFL_MODEL_DESCRIPTION, text);
    nas_flat_link(f, TFL_MODEL_BUFFERS, w->buffers);
    nas_flat_link(f, TFL_MODEL_METADATA, metadata);
    nas_flat_link(f, TFL_MODEL_SIGNATURES, signatures);
    return nas_flat_table(f);
}

static int64_t constant_bytes(const nas_graph *g) {
    int64_t n = 0;
    for (int32_t i = 0; i < g->n_tensors; i++)
        if (g->tensors[i].data) n += nas_tensor_bytes(&g->tensors[i]);
    return n;
}

/* Metadata, if it is small enough beside the model; *archive_n: of its labels. */
static nas_status make_metadata(writer *w, size_t *archive_n) {
    uint8_t *archive;
    *archive_n = 0;
    if (!w->notes) return NAS_OK;
    NAS_TRY(nas_notes_metadata(w->notes, w->scratch, &w->about, &w->about_n, w->f.err));
    NAS_TRY(nas_notes_archive(w->notes, 0, w->scratch, &archive, archive_n, w->f.err));
    if ((int64_t)(w->about_n + *archive_n) * NAS_METADATA_PART <= constant_bytes(w->g))
        return NAS_OK;
    w->about_n = *archive_n = 0;
    return NAS_OK;
}

static nas_status write_all(writer *w, uint8_t **bytes, size_t *n) {
    if (w->notes) nas_notes_names(w->g, &w->f, w->names);
    write_buffers(w);
    write_codes(w);
    write_tensors(w);
    write_ops(w);
    const nas_flat_ref model = write_model(w);
    return nas_flat_end(&w->f, model, "TFL3", bytes, n);
}

/* The flatbuffer, then the archive, whose places count from the file's begin. */
static nas_status write_file(writer *w, nas_arena *a, uint8_t **bytes, size_t *n) {
    uint8_t *own, *archive = NULL;
    size_t own_n, archive_n;
    NAS_TRY(make_metadata(w, &archive_n));
    NAS_TRY(write_all(w, &own, &own_n));
    if (archive_n)
        NAS_TRY(nas_notes_archive(w->notes, own_n, w->scratch, &archive, &archive_n, w->f.err));
    *bytes = nas_arena_alloc(a, own_n + archive_n, w->f.err);
    if (!*bytes) return NAS_ENOMEM;
    memcpy(*bytes, own, own_n);
    if (archive_n) memcpy(*bytes + own_n, archive, archive_n);
    *n = own_n + archive_n;
    return NAS_OK;
}

nas_status nas_tflite_write_noted(const nas_graph *g, const nas_notes *notes, nas_arena *a,
                                  uint8_t **bytes, size_t *n, nas_err *err) {
    writer w = {.g = g, .notes = notes};
    *bytes = NULL;
    *n = 0;
    NAS_TRY(nas_graph_check(g, err));
    NAS_TRY(nas_arena_open(&w.scratch, err));
    w.f = nas_flat_start(w.scratch, err);
    w.buffer_of = nas_arena_array(w.scratch, (size_t)g->n_tensors, sizeof *w.buffer_of, err);
    w.code_of = nas_arena_array(w.scratch, (size_t)g->n_ops, sizeof *w.code_of, err);
    w.names = nas_arena_array(w.scratch, (size_t)g->n_tensors, sizeof *w.names, err);
    const nas_status st =
        w.buffer_of && w.code_of && w.names ? write_file(&w, a, bytes, n) : NAS_ENOMEM;
    nas_arena_close(w.scratch);
    return st;
}

nas_status nas_tflite_write(const nas_graph *g, nas_arena *a, uint8_t **bytes, size_t *n,
                            nas_err *err) {
    return nas_tflite_write_noted(g, NULL, a, bytes, n, err);
}
