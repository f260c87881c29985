/* core/deploy/tflite/notes.c - names, the signature and the metadata of a .tflite file. */
#include "core/deploy/tflite/notes.h"
#include "core/deploy/tflite/tflite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

static const char input_name[] = "input", output_name[] = "output", labels_name[] = "labels.txt";

/* --- names and the signature ------------------------------------------------------------------ */

static void name_by(nas_flat *f, char what, int32_t op, nas_flat_ref *name) {
    char text[16];
    if (*name) return;
    snprintf(text, sizeof text, "%c%" PRId32, what, op);
    *name = nas_flat_text(f, text);
}

void nas_notes_names(const nas_graph *g, nas_flat *f, nas_flat_ref *names) {
    names[g->input] = nas_flat_text(f, input_name);
    if (!names[g->output]) names[g->output] = nas_flat_text(f, output_name);
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        name_by(f, 't', i, &names[o->out]);
        for (int32_t k = 0; k < o->n_in; k++) {
            const int further = k > 1 ? k - 1 : 0; /* c d e ... */
            const char what = !nas_op_is_weighted(o) ? (char)('c' + further) : k == 1 ? 'k' : 'b';
            if (o->in[k] >= 0) name_by(f, what, i, &names[o->in[k]]);
        }
    }
}

static nas_flat_ref write_port(nas_flat *f, const char *name, int32_t tensor) {
    nas_flat_link(f, TFL_PORT_NAME, nas_flat_text(f, name));
    nas_flat_i32(f, TFL_PORT_TENSOR, tensor, 0);
    const nas_flat_ref port = nas_flat_table(f);
    return nas_flat_refs(f, &port, 1);
}

nas_flat_ref nas_notes_signatures(const nas_graph *g, nas_flat *f) {
    const nas_flat_ref key = nas_flat_text(f, "serving_default");
    const nas_flat_ref in = write_port(f, input_name, g->input);
    const nas_flat_ref out = write_port(f, output_name, g->output);
    nas_flat_link(f, TFL_SIGNATURE_INPUTS, in);
    nas_flat_link(f, TFL_SIGNATURE_OUTPUTS, out);
    nas_flat_link(f, TFL_SIGNATURE_KEY, key);
    const nas_flat_ref signature = nas_flat_table(f);
    return nas_flat_refs(f, &signature, 1);
}

/* --- metadata --------------------------------------------------------------------------------- */

static nas_flat_ref list_of(nas_flat *f, nas_flat_ref item) {
    return item ? nas_flat_refs(f, &item, 1) : 0;
}

/* Where the labels are: a file in the archive, a label a line. */
static nas_flat_ref write_file(nas_flat *f) {
    nas_flat_link(f, TFL_FILE_NAME, nas_flat_text(f, labels_name));
    nas_flat_u8(f, TFL_FILE_TYPE, TFL_FILE_AXIS_LABELS, 0);
    return nas_flat_table(f);
}

static nas_flat_ref write_tensor(nas_flat *f, const char *name, const char *description,
                                 nas_flat_ref files) {
    const nas_flat_ref text = description ? nas_flat_text(f, description) : 0;
    nas_flat_link(f, TFL_ABOUT_NAME, nas_flat_text(f, name));
    nas_flat_link(f, TFL_ABOUT_DESCRIPTION, text);
    nas_flat_link(f, TFL_ABOUT_FILES, files);
    return nas_flat_table(f);
}

nas_status nas_notes_metadata(const nas_notes *notes, nas_arena *a, uint8_t **bytes, size_t *n,
                              nas_err *err) {
    nas_flat f = nas_flat_start(a, err);
    *bytes = NULL;
    *n = 0;
    if (!notes->input && !notes->n_labels) return NAS_OK;
    const nas_flat_ref files = notes->n_labels ? list_of(&f, write_file(&f)) : 0;
    const nas_flat_ref in = list_of(&f, write_tensor(&f, input_name, notes->input, 0));
    const nas_flat_ref out = list_of(&f, write_tensor(&f, output_name, NULL, files));
    nas_flat_link(&f, TFL_ABOUT_GRAPH_INPUTS, in);
    nas_flat_link(&f, TFL_ABOUT_GRAPH_OUTPUTS, out);
    const nas_flat_ref graphs = list_of(&f, nas_flat_table(&f));
    nas_flat_link(&f, TFL_ABOUT_MODEL_GRAPHS, graphs);
    nas_flat_link(&f, TFL_ABOUT_MODEL_PARSER, nas_flat_text(&f, "1.0.0"));
    return nas_flat_end(&f, nas_flat_table(&f), "M001", bytes, n);
}

/* --- labels ----------------------------------------------------------------------------------- */

/* The fields that both headers of a zip entry share, and its end (PKWARE's APPNOTE.TXT 4.3). */
enum { ZIP_LOCAL = 0x04034b50, ZIP_CENTRAL = 0x02014b50, ZIP_END = 0x06054b50 };
enum { ZIP_NEEDS = 10, ZIP_1980 = 0x21 /* its first day */, ZIP_MOST = 512 };

typedef struct bytes_out {
    uint8_t *p;
    size_t n;
} bytes_out;

static void put(bytes_out *o, size_t bytes, uint64_t v) {
    for (size_t i = 0; i < bytes; i++) o->p[o->n++] = (uint8_t)(v >> (8 * i));
}

static void put_text(bytes_out *o, const char *text, size_t n) {
    memcpy(o->p + o->n, text, n);
    o->n += n;
}

/* What follows the version that reads it. Nothing is compressed. */
static void put_entry(bytes_out *o, uint32_t sum, size_t size) {
    put(o, 2, ZIP_NEEDS);
    put(o, 6, 0);
    put(o, 2, ZIP_1980);
    put(o, 4, sum);
    put(o, 4, size);
    put(o, 4, size);
    put(o, 2, strlen(labels_name));
    put(o, 2, 0);
}

static void put_archive(bytes_out *o, size_t before, const char *text, size_t n) {
    const uint32_t sum = (uint32_t)crc32(0, (const Bytef *)text, (uInt)n);
    put(o, 4, ZIP_LOCAL);
    put_entry(o, sum, n);
    put_text(o, labels_name, strlen(labels_name));
    put_text(o, text, n);
    const size_t directory = o->n;
    put(o, 4, ZIP_CENTRAL);
    put(o, 2, ZIP_NEEDS);
    put_entry(o, sum, n);
    put(o, 8, 0);
    put(o, 2, 0);
    put(o, 4, before);
    put_text(o, labels_name, strlen(labels_name));
    const size_t end = o->n;
    put(o, 4, ZIP_END);
    put(o, 4, 0);
    put(o, 2, 1);
    put(o, 2, 1);
    put(o, 4, end - directory);
    put(o, 4, before + directory);
    put(o, 2, 0);
}

nas_status nas_notes_archive(const nas_notes *notes, size_t before, nas_arena *a, uint8_t **bytes,
                             size_t *n, nas_err *err) {
    size_t length = 0, at = 0;
    *bytes = NULL;
    *n = 0;
    if (!notes->n_labels) return NAS_OK;
    for (int32_t i = 0; i < notes->n_labels; i++) length += strlen(notes->labels[i]) + 1;
    char *text = nas_arena_alloc(a, length, err);
    bytes_out out = {.p = text ? nas_arena_alloc(a, length + ZIP_MOST, err) : NULL};
    if (!out.p) return NAS_ENOMEM;
    for (int32_t i = 0; i < notes->n_labels; i++) {
        const size_t own = strlen(notes->labels[i]);
        memcpy(text + at, notes->labels[i], own);
        text[at + own] = '\n';
        at += own + 1;
    }
    put_archive(&out, before, text, length);
    *bytes = out.p;
    *n = out.n;
    return NAS_OK;
}
