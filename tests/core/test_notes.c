/* tests/core/test_notes.c - what a .tflite file holds for tools and people: options of all
 * operators, names, the signature, the description, metadata and labels. The real tools' word on
 * them is tests/interop's. */
#include "core/deploy/ops/op.h"
#include "core/deploy/tflite/flat_read.h"
#include "core/deploy/tflite/inspect.h"
#include "tests/fixture.h"
#include "tests/random_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static nas_err err;

typedef struct file {
    nas_graph g;
    uint8_t *p;
    size_t n;
    nas_flat_in in;
    nas_flat_in_table model, graph;
} file;

static const nas_notes notes = {
    .description = "nas, training 5",
    .input = "log_mel",
    .n_labels = 3,
    .labels = (const char *const[]){"yes", "no", "go"},
};

static void open_file(file *f) {
    f->in = (nas_flat_in){.p = f->p, .n = f->n, .err = &err};
    f->model = nas_flat_table_at(&f->in, nas_flat_follow(&f->in, 0));
    const nas_flat_in_vector graphs = nas_flat_field_vector(&f->in, &f->model, TFL_MODEL_GRAPHS, 4);
    f->graph = nas_flat_item_table(&f->in, &graphs, 0);
    assert_int_equal(f->in.status, NAS_OK);
}

static file write_of(rg *b, nas_format format, const nas_notes *with) {
    file f = {.g = nas_graph_start(arena)};
    nas_graph back = nas_graph_start(arena);
    const size_t n = (size_t)nas_tensor_count(&b->g.tensors[b->g.input]);
    float *x = nas_arena_array(arena, n, sizeof *x, &err);
    for (size_t i = 0; i < n; i++) x[i] = (float)(i % 5) - 2;
    assert_int_equal(nas_format_apply(&b->g, format, x, 1, &f.g, &err), NAS_OK);
    assert_int_equal(nas_tflite_write_noted(&f.g, with, arena, &f.p, &f.n, &err), NAS_OK);
    assert_int_equal(nas_tflite_read(f.p, f.n, &back, &err), NAS_OK);
    assert_int_equal(back.n_tensors, f.g.n_tensors);
    open_file(&f);
    return f;
}

static file net(int32_t variant, nas_format format, const nas_notes *with) {
    rg b = rg_net(arena, 7, variant, true);
    assert_int_equal(nas_graph_fold(&b.g, &err), NAS_OK);
    return write_of(&b, format, with);
}

/* A dense layer whose constants are large beside the metadata. */
static file large(nas_format format) {
    rg b = rg_start(arena, 1, 2, (int32_t[]){1, 200});
    rg_dense(&b, 100, NAS_ACT_RELU, true);
    rg_dense(&b, 3, NAS_ACT_NONE, true);
    return write_of(&b, format, &notes);
}

static const char *text_at(file *f, const nas_flat_in_table *t, uint32_t slot) {
    const nas_flat_in_vector v = nas_flat_field_vector(&f->in, t, slot, 1);
    if (!v.at) return "";
    assert_int_equal(f->p[v.at + v.count], 0);
    return (const char *)f->p + v.at;
}

/* --- options ---------------------------------------------------------------------------------- */

/* Numbers of BuiltinOptions in schema.fbs; RELU and RELU6 have none. */
static uint32_t options_of(nas_op_kind kind) {
    switch (kind) {
    case NAS_OP_PAD: return 22;
    case NAS_OP_DEQUANTIZE: return 38;
    case NAS_OP_QUANTIZE: return 89;
    default: return nas_deploy_op_of((int32_t)kind)->options;
    }
}

static void test_all_operators_have_options(void **state) {
    (void)state;
    int32_t empty = 0;
    for (int32_t k = 0; k < 4 * rg_variants; k++) {
        file f = net(k / 4, (nas_format)(k % 4), k % 8 < 4 ? NULL : &notes);
        const nas_flat_in_vector ops = nas_flat_field_vector(&f.in, &f.graph, TFL_GRAPH_OPS, 4);
        for (int32_t i = 0; i < f.g.n_ops; i++) {
            const nas_op_kind kind = f.g.ops[i].kind;
            const nas_flat_in_table o = nas_flat_item_table(&f.in, &ops, (uint32_t)i);
            const nas_flat_in_table t = nas_flat_field_table(&f.in, &o, TFL_OP_OPTIONS);
            assert_int_equal(nas_flat_field_u8(&f.in, &o, TFL_OP_OPTIONS_TYPE), options_of(kind));
            assert_int_equal(t.at != 0, options_of(kind) != 0);
            empty += kind == NAS_OP_DEQUANTIZE || kind == NAS_OP_PAD;
        }
        assert_int_equal(f.in.status, NAS_OK);
    }
    assert_true(empty > 0);
}

/* --- names and the signature ------------------------------------------------------------------ */

static const char *tensor_name(file *f, uint32_t i) {
    const nas_flat_in_vector list = nas_flat_field_vector(&f->in, &f->graph, TFL_GRAPH_TENSORS, 4);
    const nas_flat_in_table t = nas_flat_item_table(&f->in, &list, i);
    return text_at(f, &t, TFL_TENSOR_NAME);
}

static void test_names(void **state) {
    (void)state;
    for (int32_t k = 0; k < 4 * rg_variants; k++) {
        file f = net(k / 4, (nas_format)(k % 4), &notes);
        for (uint32_t i = 0; i < (uint32_t)f.g.n_tensors; i++) {
            assert_true(*tensor_name(&f, i) != 0);
            for (uint32_t j = 0; j < i; j++)
                assert_string_not_equal(tensor_name(&f, i), tensor_name(&f, j));
        }
        assert_string_equal(tensor_name(&f, (uint32_t)f.g.input), "input");
        assert_string_equal(tensor_name(&f, (uint32_t)f.g.output), "output");
        file again = net(k / 4, (nas_format)(k % 4), &notes);
        assert_int_equal(again.n, f.n);
        assert_memory_equal(again.p, f.p, f.n);
    }
}

static void assert_port(file *f, const nas_flat_in_table *s, uint32_t slot, const char *name,
                        int32_t tensor) {
    const nas_flat_in_vector ports = nas_flat_field_vector(&f->in, s, slot, 4);
    assert_int_equal(ports.count, 1);
    const nas_flat_in_table p = nas_flat_item_table(&f->in, &ports, 0);
    assert_string_equal(text_at(f, &p, TFL_PORT_NAME), name);
    assert_int_equal(nas_flat_field_i32(&f->in, &p, TFL_PORT_TENSOR, 0), tensor);
}

static void test_signature_and_description(void **state) {
    (void)state;
    file f = net(3, NAS_FORMAT_INT8, &notes);
    const nas_flat_in_vector list = nas_flat_field_vector(&f.in, &f.model, TFL_MODEL_SIGNATURES, 4);
    assert_int_equal(list.count, 1);
    const nas_flat_in_table s = nas_flat_item_table(&f.in, &list, 0);
    assert_string_equal(text_at(&f, &s, TFL_SIGNATURE_KEY), "serving_default");
    assert_port(&f, &s, TFL_SIGNATURE_INPUTS, "input", f.g.input);
    assert_port(&f, &s, TFL_SIGNATURE_OUTPUTS, "output", f.g.output);
    assert_string_equal(text_at(&f, &f.model, TFL_MODEL_DESCRIPTION), notes.description);
}

/* Without notes there is none of it. */
static void test_bare(void **state) {
    (void)state;
    file f = net(3, NAS_FORMAT_INT8, NULL), noted = net(3, NAS_FORMAT_INT8, &notes);
    for (uint32_t i = 0; i < (uint32_t)f.g.n_tensors; i++)
        assert_string_equal(tensor_name(&f, i), "");
    assert_int_equal(nas_flat_field_vector(&f.in, &f.model, TFL_MODEL_SIGNATURES, 4).at, 0);
    assert_int_equal(nas_flat_field_vector(&f.in, &f.model, TFL_MODEL_DESCRIPTION, 1).at, 0);
    assert_true(f.n < noted.n);
}

/* --- metadata --------------------------------------------------------------------------------- */

static nas_flat_in_table first(file *f, const nas_flat_in_table *t, uint32_t slot) {
    const nas_flat_in_vector v = nas_flat_field_vector(&f->in, t, slot, 4);
    assert_int_equal(v.count, 1);
    return nas_flat_item_table(&f->in, &v, 0);
}

/* The buffer of metadata as a file of its own. */
static file about_of(file *f) {
    const nas_flat_in_table m = first(f, &f->model, TFL_MODEL_METADATA);
    assert_string_equal(text_at(f, &m, TFL_METADATA_NAME), "TFLITE_METADATA");
    const uint32_t index = (uint32_t)nas_flat_field_i32(&f->in, &m, TFL_METADATA_BUFFER, 0);
    const nas_flat_in_vector buffers =
        nas_flat_field_vector(&f->in, &f->model, TFL_MODEL_BUFFERS, 4);
    const nas_flat_in_table b = nas_flat_item_table(&f->in, &buffers, index);
    const nas_flat_in_vector v = nas_flat_field_vector(&f->in, &b, TFL_BUFFER_DATA, 1);
    file about = {.p = f->p + v.at, .n = v.count};
    about.in = (nas_flat_in){.p = about.p, .n = about.n, .err = &err};
    assert_memory_equal(about.p + 4, "M001", 4);
    about.model = nas_flat_table_at(&about.in, nas_flat_follow(&about.in, 0));
    return about;
}

static void test_metadata(void **state) {
    (void)state;
    file f = large(NAS_FORMAT_INT8), about = about_of(&f);
    const nas_flat_in_table g = first(&about, &about.model, TFL_ABOUT_MODEL_GRAPHS);
    const nas_flat_in_table in = first(&about, &g, TFL_ABOUT_GRAPH_INPUTS);
    const nas_flat_in_table out = first(&about, &g, TFL_ABOUT_GRAPH_OUTPUTS);
    const nas_flat_in_table labels = first(&about, &out, TFL_ABOUT_FILES);
    assert_string_equal(text_at(&about, &in, TFL_ABOUT_NAME), "input");
    assert_string_equal(text_at(&about, &in, TFL_ABOUT_DESCRIPTION), "log_mel");
    assert_string_equal(text_at(&about, &out, TFL_ABOUT_NAME), "output");
    assert_string_equal(text_at(&about, &labels, TFL_FILE_NAME), "labels.txt");
    assert_int_equal(nas_flat_field_u8(&about.in, &labels, TFL_FILE_TYPE), TFL_FILE_AXIS_LABELS);
}

/* The whole archive, byte by byte as Info-ZIP's `unzip -t` accepts it. The sum is zlib.crc32 of
 * Python. */
static void test_labels(void **state) {
    (void)state;
    static const uint8_t head[30] = {'P',  'K',  3,    4,  10, 0, 0, 0,  0, 0, 0, 0,  0x21, 0, 0xf3,
                                     0xe6, 0x84, 0x70, 10, 0,  0, 0, 10, 0, 0, 0, 10, 0,    0, 0};
    file f = large(NAS_FORMAT_FLOAT32);
    const size_t whole = 30 + 10 + 10 + 46 + 10 + 22, at = f.n - whole;
    assert_memory_equal(f.p + at, head, sizeof head);
    assert_memory_equal(f.p + at + 30, "labels.txtyes\nno\ngo\n", 20);
    assert_memory_equal(f.p + at + 50, "PK\1\2", 4);
    assert_int_equal(nas_flat_get_u32(&f.in, at + 50 + 42), at);
    assert_memory_equal(f.p + at + 106, "PK\5\6", 4);
    assert_int_equal(nas_flat_get_u32(&f.in, at + 106 + 12), 56);
    assert_int_equal(nas_flat_get_u32(&f.in, at + 106 + 16), at + 50);
}

/* Metadata is never more than its part of a file; the archive counts as metadata. */
static void test_what_it_costs(void **state) {
    (void)state;
    for (int32_t i = 0; i < 2; i++) {
        file f = i ? large(NAS_FORMAT_INT8) : net(3, NAS_FORMAT_INT8, &notes);
        uint8_t *kinds = nas_arena_alloc(arena, f.n, &err);
        nas_graph back = nas_graph_start(arena);
        assert_int_equal(nas_tflite_read(f.p, f.n, &back, &err), NAS_OK);
        assert_int_equal(nas_tflite_kinds(f.p, f.n, &back, kinds, &err), NAS_OK);
        assert_int_equal(kinds[f.n - 1] == NAS_BYTES_METADATA, i);
        assert_int_equal(nas_flat_field_vector(&f.in, &f.model, TFL_MODEL_METADATA, 4).at != 0, i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_operators_have_options),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_signature_and_description),
        cmocka_unit_test(test_bare),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_what_it_costs),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
