/* core/deploy/tflite/inspect.c - a walk over all of a file that has a meaning. */
#include "core/deploy/tflite/inspect.h"
#include "core/deploy/tflite/flat_read.h"
#include "core/deploy/tflite/tflite.h"

#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

const char *const nas_byte_kind_names[NAS_BYTE_KINDS] = {
    [NAS_BYTES_TABLES] = "tables",
    [NAS_BYTES_KERNELS] = "kernels",
    [NAS_BYTES_BIASES] = "biases",
    [NAS_BYTES_CONSTANTS] = "other constants",
    [NAS_BYTES_SCALES] = "scales",
    [NAS_BYTES_ZERO_POINTS] = "zero points",
    [NAS_BYTES_RANGES] = "minima and maxima",
    [NAS_BYTES_NAMES] = "names",
    [NAS_BYTES_METADATA] = "metadata",
};

typedef struct walk {
    nas_flat_in f;
    const nas_graph *g;
    uint8_t *kinds, *roles; /* of bytes; of the graph's tensors */
    size_t left;            /* steps that the walk may still take */
} walk;

/* Tables that share their parts a thousandfold are nobody's model: the walk ends. */
static bool may_step(walk *w, size_t n) {
    if (w->left < n) w->left = 0;
    if (w->left == 0) return false;
    w->left -= n;
    return true;
}

/* What is marked at both ends was walked before. */
static void mark(walk *w, size_t at, size_t n, nas_byte_kind kind) {
    if (w->kinds[at] != NAS_BYTES_TABLES && w->kinds[at + n - 1] != NAS_BYTES_TABLES) return;
    if (!may_step(w, n)) return;
    for (size_t i = at; i < at + n; i++)
        if (w->kinds[i] == NAS_BYTES_TABLES) w->kinds[i] = (uint8_t)kind;
}

static void mark_vector(walk *w, const nas_flat_in_table *t, uint32_t slot, size_t bytes,
                        nas_byte_kind kind) {
    const nas_flat_in_vector v = nas_flat_field_vector(&w->f, t, slot, bytes);
    if (w->f.status == NAS_OK && v.count) mark(w, v.at, v.count * bytes, kind);
}

static void mark_table(walk *w, const nas_flat_in_table *t, nas_byte_kind kind) {
    if (w->f.status == NAS_OK && t->at) mark(w, t->at, t->bytes, kind);
}

/* What each tensor is to the first operator that reads it; a float16 constant is what DEQUANTIZE
 * makes of it. */
static void find_roles(const nas_graph *g, uint8_t *roles) {
    memset(roles, NAS_BYTES_CONSTANTS, (size_t)g->n_tensors);
    for (int32_t i = g->n_ops; i-- > 0;) {
        const nas_op *o = &g->ops[i];
        if (o->kind == NAS_OP_DEQUANTIZE && o->out != o->in[0]) roles[o->in[0]] = roles[o->out];
        for (int32_t k = o->n_in; nas_op_is_weighted(o) && k-- > 1;)
            if (o->in[k] >= 0) roles[o->in[k]] = k == 1 ? NAS_BYTES_KERNELS : NAS_BYTES_BIASES;
    }
}

static void walk_tensor(walk *w, const nas_flat_in_table *t, const nas_flat_in_vector *buffers,
                        int32_t number) {
    const nas_flat_in_table q = nas_flat_field_table(&w->f, t, TFL_TENSOR_QUANTIZATION);
    const uint32_t index = (uint32_t)nas_flat_field_i32(&w->f, t, TFL_TENSOR_BUFFER, 0);
    mark_vector(w, &q, TFL_QUANT_SCALE, 4, NAS_BYTES_SCALES);
    mark_vector(w, &q, TFL_QUANT_ZERO, 8, NAS_BYTES_ZERO_POINTS);
    mark_vector(w, &q, TFL_QUANT_MIN, 4, NAS_BYTES_RANGES);
    mark_vector(w, &q, TFL_QUANT_MAX, 4, NAS_BYTES_RANGES);
    mark_vector(w, t, TFL_TENSOR_NAME, 1, NAS_BYTES_NAMES);
    if (index == 0 || index >= buffers->count || number >= w->g->n_tensors) return;
    const nas_flat_in_table buffer = nas_flat_item_table(&w->f, buffers, index);
    mark_vector(w, &buffer, TFL_BUFFER_DATA, 1, (nas_byte_kind)w->roles[number]);
}

static void walk_graph(walk *w, const nas_flat_in_table *model, const nas_flat_in_vector *buffers) {
    const nas_flat_in_vector graphs = nas_flat_field_vector(&w->f, model, TFL_MODEL_GRAPHS, 4);
    if (w->f.status != NAS_OK || graphs.count != 1) return;
    const nas_flat_in_table graph = nas_flat_item_table(&w->f, &graphs, 0);
    const nas_flat_in_vector tensors = nas_flat_field_vector(&w->f, &graph, TFL_GRAPH_TENSORS, 4);
    for (uint32_t i = 0; i < tensors.count && w->f.status == NAS_OK; i++) {
        const nas_flat_in_table t = nas_flat_item_table(&w->f, &tensors, i);
        walk_tensor(w, &t, buffers, (int32_t)i);
    }
    mark_vector(w, &graph, TFL_GRAPH_NAME, 1, NAS_BYTES_NAMES);
}

/* Metadata names buffers; signatures hold names of ports. */
static void walk_metadata(walk *w, const nas_flat_in_table *model,
                          const nas_flat_in_vector *buffers) {
    const nas_flat_in_vector list = nas_flat_field_vector(&w->f, model, TFL_MODEL_METADATA, 4);
    for (uint32_t i = 0; i < list.count && w->f.status == NAS_OK; i++) {
        const nas_flat_in_table m = nas_flat_item_table(&w->f, &list, i);
        const uint32_t index = (uint32_t)nas_flat_field_i32(&w->f, &m, TFL_METADATA_BUFFER, 0);
        mark_table(w, &m, NAS_BYTES_METADATA);
        mark_vector(w, &m, TFL_METADATA_NAME, 1, NAS_BYTES_METADATA);
        if (index == 0 || index >= buffers->count) continue;
        const nas_flat_in_table buffer = nas_flat_item_table(&w->f, buffers, index);
        mark_vector(w, &buffer, TFL_BUFFER_DATA, 1, NAS_BYTES_METADATA);
    }
    mark_vector(w, model, TFL_MODEL_DESCRIPTION, 1, NAS_BYTES_METADATA);
}

static void walk_ports(walk *w, const nas_flat_in_table *signature, uint32_t slot) {
    const nas_flat_in_vector ports = nas_flat_field_vector(&w->f, signature, slot, 4);
    for (uint32_t i = 0; i < ports.count && w->f.status == NAS_OK && may_step(w, 4); i++) {
        const nas_flat_in_table p = nas_flat_item_table(&w->f, &ports, i);
        mark_table(w, &p, NAS_BYTES_METADATA);
        mark_vector(w, &p, TFL_PORT_NAME, 1, NAS_BYTES_METADATA);
    }
}

static void walk_signatures(walk *w, const nas_flat_in_table *model) {
    const nas_flat_in_vector list = nas_flat_field_vector(&w->f, model, TFL_MODEL_SIGNATURES, 4);
    for (uint32_t i = 0; i < list.count && w->f.status == NAS_OK; i++) {
        const nas_flat_in_table s = nas_flat_item_table(&w->f, &list, i);
        mark_table(w, &s, NAS_BYTES_METADATA);
        mark_vector(w, &s, TFL_SIGNATURE_KEY, 1, NAS_BYTES_METADATA);
        walk_ports(w, &s, TFL_SIGNATURE_INPUTS);
        walk_ports(w, &s, TFL_SIGNATURE_OUTPUTS);
    }
}

/* Files that metadata names stand in a zip archive behind the flatbuffer: from its first entry to
 * its end (PKWARE's APPNOTE.TXT 4.3.12, 4.3.16), all of one disk and without a comment. */
static void walk_archive(walk *w) {
    enum { END = 22, ENTRY = 46, END_LETTERS = 0x06054b50, ENTRY_LETTERS = 0x02014b50 };
    if (w->f.status != NAS_OK || w->f.n < END + ENTRY) return;
    const size_t end = w->f.n - END;
    if (nas_flat_get_u32(&w->f, end) != END_LETTERS) return;
    const size_t directory = nas_flat_get_u32(&w->f, end + 16);
    if (directory > end - ENTRY || nas_flat_get_u32(&w->f, directory) != ENTRY_LETTERS) return;
    const size_t first = nas_flat_get_u32(&w->f, directory + 42);
    if (first < directory) mark(w, first, w->f.n - first, NAS_BYTES_METADATA);
}

nas_status nas_tflite_kinds(const uint8_t *bytes, size_t n, const nas_graph *g, uint8_t *kinds,
                            nas_err *err) {
    walk w = {.f = {.p = bytes, .n = n, .err = err}, .g = g, .kinds = kinds, .left = 4 * n};
    memset(kinds, NAS_BYTES_TABLES, n);
    if (!(w.roles = malloc((size_t)g->n_tensors + 1)))
        return nas_fail(err, NAS_ENOMEM, "out of memory");
    find_roles(g, w.roles);
    const nas_flat_in_table model = nas_flat_table_at(&w.f, nas_flat_follow(&w.f, 0));
    const nas_flat_in_vector buffers = nas_flat_field_vector(&w.f, &model, TFL_MODEL_BUFFERS, 4);
    walk_graph(&w, &model, &buffers);
    walk_metadata(&w, &model, &buffers);
    walk_signatures(&w, &model);
    walk_archive(&w);
    free(w.roles);
    return w.f.status;
}

/* zlib reads the code of a symbol before it asks for room, so what is consumed when there is none
 * pays for the byte to come. */
static int count_bits(z_stream *s, size_t n, uint32_t *bits) {
    uint8_t byte;
    uint64_t before = 0;
    for (size_t i = 0; i <= n; i++) {
        s->next_out = &byte;
        s->avail_out = i > 0;
        const int rc = inflate(s, Z_NO_FLUSH);
        if (rc != Z_OK && rc != Z_BUF_ERROR && rc != Z_STREAM_END) return rc;
        if (i > 0 && s->avail_out) return Z_DATA_ERROR;
        const uint64_t used = 8 * (uint64_t)s->total_in - (uint64_t)(s->data_type & 31);
        if (i < n) bits[i] = (uint32_t)(used - before);
        before = used;
    }
    return Z_OK;
}

nas_status nas_zlib_bits(const uint8_t *stream, size_t stream_n, size_t n, uint32_t *bits,
                         nas_err *err) {
    z_stream s = {.next_in = stream, .avail_in = (uInt)stream_n};
    if (stream_n > UINT32_MAX / 4) return nas_fail(err, NAS_EFORMAT, "zlib: a stream too long");
    int rc = inflateInit(&s);
    if (rc == Z_OK) {
        rc = count_bits(&s, n, bits);
        inflateEnd(&s);
    }
    if (rc == Z_OK) return NAS_OK;
    return nas_fail(err, rc == Z_MEM_ERROR ? NAS_ENOMEM : NAS_EFORMAT,
                    "zlib: not a stream of %zu bytes (%d)", n, rc);
}
