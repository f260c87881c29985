/* cli/text/show_file.c - nas show FILE.tflite: operators, constants, activations, bytes. */
#include "cli/text/show_file.h"
#include "cli/cli.h"

#include "base/files/file.h"
#include "base/files/folder.h"
#include "core/deploy/tflite/inspect.h"
#include "core/graph/runtimes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT = 64 };

/* A file and all that is printed of it; lives in the arena. */
typedef struct sheet {
    nas_arena *arena;
    const char *path;
    uint8_t *bytes, *zlib;
    size_t n, zlib_n;
    nas_graph g;
    nas_cost cost;
    int64_t *offsets;
    uint8_t *kinds;  /* [n] */
    uint32_t *costs; /* [n] bits in the zlib stream */
} sheet;

static void cell_number(cli_table *t, int64_t v) {
    char text[32];
    cli_table_cell(t, nas_thousands(v, text), true);
}

static void cell_share(cli_table *t, double part, double whole) {
    char text[TEXT];
    snprintf(text, sizeof text, "%.1f %%", whole > 0 ? 100 * part / whole : 0);
    cli_table_cell(t, text, true);
}

/* A first row; right: of the columns that hold numbers. */
static cli_table *start_table(const char *title, const char *const *heads, const char *right) {
    cli_table *t = cli_table_open();
    printf("\n%s\n", title);
    for (int32_t i = 0; heads[i]; i++) cli_table_cell(t, heads[i], right[i] == 'r');
    cli_table_row(t);
    return t;
}

static void end_table(cli_table *t) {
    cli_table_print(t);
    cli_table_close(t);
}

static const char *shape_text(const nas_tensor *t, char out[TEXT]) {
    int n = 0;
    out[0] = '\0';
    for (int32_t i = 0; i < t->rank && n < TEXT; i++)
        n += snprintf(out + n, (size_t)(TEXT - n), "%s%" PRId32, i ? "x" : "", t->dims[i]);
    return t->rank ? out : "scalar";
}

static const char *numbers_text(const nas_tensor *t, char out[TEXT]) {
    if (t->n_scale == 1)
        snprintf(out, TEXT, "%.6g", (double)t->scale[0]);
    else
        snprintf(out, TEXT, "%" PRId32, t->n_scale);
    return t->n_scale ? out : "";
}

/* --- operators -------------------------------------------------------------------------------- */

static bool is_pool(const nas_op *o) {
    return o->kind == NAS_OP_AVERAGE_POOL_2D || o->kind == NAS_OP_MAX_POOL_2D;
}

static bool has_window(const nas_op *o) {
    return o->kind == NAS_OP_CONV_2D || o->kind == NAS_OP_DEPTHWISE_CONV_2D || is_pool(o);
}

/* "3x3 /2x1 *2x2 same": kernel, strides and dilations where they are not 1, padding. */
static const char *window_text(const nas_graph *g, const nas_op *o, char out[TEXT]) {
    out[0] = '\0';
    if (!has_window(o)) return out;
    const int32_t *k = is_pool(o) ? o->window : g->tensors[o->in[1]].dims + 1;
    int n = snprintf(out, TEXT, "%" PRId32 "x%" PRId32, k[0], k[1]);
    if (o->stride[0] != 1 || o->stride[1] != 1)
        n += snprintf(out + n, (size_t)(TEXT - n), " /%" PRId32 "x%" PRId32, o->stride[0],
                      o->stride[1]);
    if (!is_pool(o) && (o->dilation[0] != 1 || o->dilation[1] != 1))
        n += snprintf(out + n, (size_t)(TEXT - n), " *%" PRId32 "x%" PRId32, o->dilation[0],
                      o->dilation[1]);
    snprintf(out + n, (size_t)(TEXT - n), "%s", o->padding == NAS_SAME ? " same" : "");
    return out;
}

static const char *activation_text(nas_activation a) {
    return a == NAS_ACT_RELU ? "relu" : a == NAS_ACT_RELU6 ? "relu6" : "";
}

static void print_operators(const sheet *s) {
    static const char *const heads[] = {"  ",  "operator", "window", "output",
                                        "act", "MACs",     "share",  NULL};
    cli_table *t = start_table("operators", heads, "rlllrrr");
    char text[TEXT];
    for (int32_t i = 0; i < s->g.n_ops; i++) {
        const nas_op *o = &s->g.ops[i];
        const int64_t macs = nas_op_macs(&s->g, o);
        cell_number(t, i);
        cli_table_cell(t, nas_op_name(o->kind), false);
        cli_table_cell(t, window_text(&s->g, o, text), false);
        cli_table_cell(t, shape_text(&s->g.tensors[o->out], text), false);
        cli_table_cell(t, activation_text(o->activation), false);
        if (macs) {
            cell_number(t, macs);
            cell_share(t, (double)macs, (double)s->cost.macs);
        }
        cli_table_row(t);
    }
    end_table(t);
}

/* --- tensors ---------------------------------------------------------------------------------- */

/* Bytes of the zlib stream that a constant's data cost; 0: reading made it. */
static double zlib_bytes(const sheet *s, const nas_tensor *t) {
    uint64_t bits = 0;
    const uintptr_t at = (uintptr_t)t->data, start = (uintptr_t)s->bytes;
    const size_t from = at - start, n = (size_t)nas_tensor_bytes(t);
    if (at < start || from > s->n || n > s->n - from) return 0;
    for (size_t i = from; i < from + n; i++) bits += s->costs[i];
    return (double)bits / 8;
}

static nas_status constant_row(const sheet *s, cli_table *t, int32_t op, const char *what,
                               const nas_tensor *c, nas_err *err) {
    nas_tensor_stats stats;
    char text[TEXT];
    NAS_TRY(nas_tensor_measure(c, &stats, err));
    cell_number(t, op);
    cli_table_cell(t, what, false);
    cli_table_cell(t, shape_text(c, text), false);
    cli_table_cell(t, nas_dtype_name(c->dtype), false);
    cli_table_cell(t, numbers_text(c, text), true);
    cell_number(t, stats.zeros);
    cell_share(t, (double)stats.zeros, (double)stats.count);
    cell_number(t, stats.distinct);
    cell_number(t, stats.bytes);
    cell_number(t, (int64_t)(zlib_bytes(s, c) + 0.5));
    cli_table_row(t);
    return NAS_OK;
}

static const char *operand_name(const nas_op *o, int32_t k) {
    const bool weighted = o->kind == NAS_OP_CONV_2D || o->kind == NAS_OP_DEPTHWISE_CONV_2D ||
                          o->kind == NAS_OP_FULLY_CONNECTED;
    if (weighted) return k == 1 ? "kernel" : "bias";
    if (o->kind == NAS_OP_DEQUANTIZE) return "halves";
    return o->kind == NAS_OP_RESHAPE ? "shape" : "operand";
}

/* Each tensor once, at the first operator that reads it. */
static nas_status print_constants(const sheet *s, nas_err *err) {
    static const char *const heads[] = {"of",    "what",   "shape", "type", "scale", "zeros",
                                        "share", "values", "bytes", "zlib", NULL};
    bool *seen = nas_arena_array(s->arena, (size_t)s->g.n_tensors, sizeof *seen, err);
    if (!seen) return NAS_ENOMEM;
    cli_table *t = start_table("constants (scale: the one, or how many; values: how many differ)",
                               heads, "rlllrrrrrr");
    nas_status st = NAS_OK;
    for (int32_t i = 0; i < s->g.n_ops; i++) {
        const nas_op *o = &s->g.ops[i];
        for (int32_t k = 0; st == NAS_OK && k < o->n_in; k++) {
            const int32_t c = o->in[k];
            if (c < 0 || seen[c] || !s->g.tensors[c].data) continue;
            seen[c] = true;
            st = constant_row(s, t, i, operand_name(o, k), &s->g.tensors[c], err);
        }
    }
    if (st == NAS_OK) cli_table_print(t);
    cli_table_close(t);
    return st;
}

static void activation_row(const sheet *s, cli_table *t, const char *of, int32_t index) {
    const nas_tensor *a = &s->g.tensors[index];
    char text[TEXT];
    if (s->offsets[index] < 0) return; /* what DEQUANTIZE makes of a constant */
    cli_table_cell(t, of, true);
    cli_table_cell(t, shape_text(a, text), false);
    cli_table_cell(t, nas_dtype_name(a->dtype), false);
    cli_table_cell(t, numbers_text(a, text), true);
    if (a->n_scale)
        cell_number(t, a->zero_point[0]);
    else
        cli_table_cell(t, "", true);
    cell_number(t, nas_tensor_bytes(a));
    cell_number(t, s->offsets[index]);
    cli_table_row(t);
}

static void print_activations(const sheet *s) {
    static const char *const heads[] = {"of",         "shape", "type", "scale",
                                        "zero point", "bytes", "at",   NULL};
    cli_table *t = start_table("activations (at: their place in RAM)", heads, "rllrrrr");
    char text[32];
    activation_row(s, t, "input", s->g.input);
    for (int32_t i = 0; i < s->g.n_ops; i++)
        activation_row(s, t, nas_thousands(i, text), s->g.ops[i].out);
    end_table(t);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void print_bytes(const sheet *s) {
    static const char *const heads[] = {"", "bytes", "share", "zlib", "share", NULL};
    cli_table *t = start_table("where the bytes go", heads, "lrrrr");
    int64_t bytes[NAS_BYTE_KINDS] = {0}, bits[NAS_BYTE_KINDS] = {0};
    for (size_t i = 0; i < s->n; i++) {
        bytes[s->kinds[i]]++;
        bits[s->kinds[i]] += s->costs[i];
    }
    for (int32_t k = 0; k < NAS_BYTE_KINDS; k++) {
        if (!bytes[k]) continue;
        char name[TEXT];
        snprintf(name, sizeof name, "  %s", nas_byte_kind_names[k]);
        cli_table_cell(t, name, false);
        cell_number(t, bytes[k]);
        cell_share(t, (double)bytes[k], (double)s->n);
        cell_number(t, (bits[k] + 4) / 8);
        cell_share(t, (double)bits[k] / 8, (double)s->zlib_n);
        cli_table_row(t);
    }
    end_table(t);
}

static void print_port(const char *what, const nas_tensor *t) {
    char shape[TEXT];
    printf("  %-12s %s %s", what, shape_text(t, shape), nas_dtype_name(t->dtype));
    if (t->n_scale)
        printf(", scale %.6g, zero point %" PRId32, (double)t->scale[0], *t->zero_point);
    putchar('\n');
}

static void print_head(const sheet *s) {
    char a[32], b[32];
    cli_print_visible(stdout, s->path, false);
    printf("\n  %-12s %s bytes, %s as a zlib stream\n", "file", nas_thousands((int64_t)s->n, a),
           nas_thousands((int64_t)s->zlib_n, b));
    print_port("input", &s->g.tensors[s->g.input]);
    print_port("output", &s->g.tensors[s->g.output]);
    printf("  %-12s %s\n", "MACs", nas_thousands(s->cost.macs, a));
    printf("  %-12s %s bytes of activations\n", "RAM", nas_thousands(s->cost.ram_bytes, a));
    if (s->cost.arena_bytes >= 0)
        printf("  %-12s %s bytes of TensorFlow Lite for Microcontrollers' arena\n", "arena",
               nas_thousands(s->cost.arena_bytes, a));
    printf("  %-12s %s weights and biases, %s of them not zero\n", "constants",
           nas_thousands(s->cost.constants, a), nas_thousands(s->cost.nonzero, b));
    for (uint32_t bit = 1; bit <= s->g.changes; bit <<= 1)
        if (s->g.changes & bit) printf("  %-12s %s\n", "read", nas_tflite_change_text(bit));
}

/* --- runtimes --------------------------------------------------------------------------------- */

static void print_runtimes(const sheet *s) {
    nas_runs runs[NAS_RUNTIMES];
    nas_runs_in(&s->g, runs);
    puts("\nruns in (docs/DEVICE.md has what was tried)");
    for (int32_t i = 0; i < NAS_RUNTIMES; i++) {
        printf("  %-38s %s\n", runs[i].runtime, runs[i].verdict);
        if (*runs[i].why) printf("    %s\n", runs[i].why);
    }
}

/* --- the file --------------------------------------------------------------------------------- */

static nas_status check_letters(const sheet *s, nas_err *err) {
    if (s->n >= 8 && memcmp(s->bytes + 4, "TFL3", 4) == 0) return NAS_OK;
    return nas_fail(err, NAS_EFORMAT, "%s: not a .tflite file: the letters TFL3 are missing",
                    s->path);
}

static nas_status read_sheet(sheet *s, nas_err *err) {
    nas_arena *a = s->arena;
    nas_folder_held held;
    if (nas_path_is_dir(s->path)) s->path = nas_arena_format(a, err, "%s/model.tflite", s->path);
    if (!s->path) return NAS_ENOMEM;
    NAS_TRY(nas_folder_hold_of(s->path, &held, err));
    const nas_status got = nas_file_read(a, s->path, NAS_TFLITE_MOST, &s->bytes, &s->n, err);
    nas_folder_let(&held);
    NAS_TRY(got);
    NAS_TRY(check_letters(s, err));
    s->g = nas_graph_start(a);
    const nas_status st = nas_tflite_read(s->bytes, s->n, &s->g, err);
    if (st != NAS_OK) return nas_fail_in(err, st, "%s", s->path);
    s->offsets = nas_arena_array(a, (size_t)s->g.n_tensors, sizeof *s->offsets, err);
    s->kinds = nas_arena_alloc(a, s->n, err);
    s->costs = nas_arena_array(a, s->n, sizeof *s->costs, err);
    if (!s->offsets || !s->kinds || !s->costs) return NAS_ENOMEM;
    int64_t total;
    NAS_TRY(nas_graph_plan(&s->g, s->offsets, &total, err));
    NAS_TRY(nas_graph_cost(&s->g, &s->cost, err));
    NAS_TRY(nas_zlib_stream(s->bytes, s->n, NAS_ZLIB_SHORT, a, &s->zlib, &s->zlib_n, err));
    NAS_TRY(nas_zlib_bits(s->zlib, s->zlib_n, s->n, s->costs, err));
    return nas_tflite_kinds(s->bytes, s->n, &s->g, s->kinds, err);
}

int cli_show_file(const char *path) {
    sheet s = {.path = path};
    nas_err err = {0};
    nas_status st = nas_arena_open(&s.arena, &err);
    if (st == NAS_OK) st = read_sheet(&s, &err);
    if (st == NAS_OK) {
        print_head(&s);
        print_runtimes(&s);
        print_operators(&s);
        st = print_constants(&s, &err);
    }
    if (st == NAS_OK) {
        print_activations(&s);
        print_bytes(&s);
    }
    nas_arena_close(s.arena);
    return st == NAS_OK ? CLI_OK : cli_fail(&err);
}
