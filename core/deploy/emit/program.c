/* core/deploy/emit/program.c - a program that holds inputs and what the interpreter makes of them,
 * and compares that with what an exported model.c does where it is compiled. */
#include "base/rng.h"
#include "base/text/c_text.h"
#include "core/deploy/interp/interp_int.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* plain/model_test.c, line by line, among others (Makefile). */
static const char *const lines[] = {
#include "core/deploy/plain.inc"
};
enum { LINES = sizeof lines / sizeof *lines };

/* Inputs and outputs are constants on a device: so many bytes, and one example at the least. */
enum { EXAMPLES_MOST = 4, BYTES_MOST = 1 << 13 };
/* Of that many inputs the one whose outputs differ most; fewer where an inference is long. */
enum { ATTEMPTS_MOST = 8, MACS_MOST = 1 << 28 };

typedef struct examples {
    const nas_tensor *in, *out;
    const nas_tensor *codes; /* the int8 tensor that the input is, or becomes; NULL: floats */
    int32_t n;
    uint8_t *x, *y; /* [n] rows of the graph's own types */
} examples;

static const nas_tensor *find_codes(const nas_graph *g) {
    if (g->tensors[g->input].dtype == NAS_I8) return &g->tensors[g->input];
    for (int32_t i = 0; i < g->n_ops; i++)
        if (g->ops[i].kind == NAS_OP_QUANTIZE && g->ops[i].in[0] == g->input)
            return &g->tensors[g->ops[i].out];
    return NULL;
}

/* Around zero: all codes, then fewer, for a net that answers "yes" or "no" to large inputs. Floats
 * without codes are multiples of 1/64 up to 4, 1, 1/4 and 1/16. */
static void fill(const examples *e, int32_t k, int32_t attempt, void *x) {
    static const int32_t reach[EXAMPLES_MOST] = {255, 64, 16, 4};
    nas_rng r = nas_rng_stream(0, 0, NAS_PURPOSE_TEST, (uint32_t)k, (uint32_t)attempt, 0);
    const int32_t zero = e->codes ? e->codes->zero_point[0] : 0;
    int32_t lo = zero - reach[k], hi = zero + reach[k];
    if (e->codes && lo < -128) lo = -128;
    if (e->codes && hi > 127) hi = 127;
    for (int64_t i = 0; i < nas_tensor_count(e->in); i++) {
        const int32_t q = lo + (int32_t)nas_rng_below(&r, (uint64_t)(hi - lo + 1));
        if (e->in->dtype == NAS_I8)
            ((int8_t *)x)[i] = (int8_t)q;
        else
            ((float *)x)[i] = (float)(q - zero) * (e->codes ? e->codes->scale[0] : 1.0f / 64);
    }
}

/* How often an output differs from the one before it. */
static int64_t count_changes(const nas_tensor *t, const uint8_t *y) {
    const size_t each = (size_t)nas_dtype_bytes(t->dtype);
    int64_t n = 0;
    for (int64_t i = 1; i < nas_tensor_count(t); i++)
        n += memcmp(y + (size_t)i * each, y + (size_t)(i - 1) * each, each) != 0;
    return n;
}

static nas_status run_examples(const nas_graph *g, nas_arena *a, examples *e, nas_err *err) {
    const size_t in = (size_t)nas_tensor_bytes(e->in), out = (size_t)nas_tensor_bytes(e->out);
    nas_cost cost;
    nas_interp *it;
    NAS_TRY(nas_graph_cost(g, &cost, err));
    const int64_t attempts = MACS_MOST / (cost.macs + 1) + 1;
    uint8_t *x = nas_arena_alloc(a, in, err), *y = nas_arena_alloc(a, out, err);
    e->x = nas_arena_array(a, (size_t)e->n, in, err);
    e->y = nas_arena_array(a, (size_t)e->n, out, err);
    if (!x || !y || !e->x || !e->y) return NAS_ENOMEM;
    NAS_TRY(nas_interp_open_plain(g, &it, err));
    for (int32_t k = 0; k < e->n; k++) {
        int64_t most = -1;
        for (int32_t i = 0; i < attempts && i < ATTEMPTS_MOST; i++) {
            fill(e, k, i, x);
            nas_interp_run_raw(it, x, y);
            const int64_t changes = count_changes(e->out, y);
            if (changes <= most) continue;
            most = changes;
            memcpy(e->x + (size_t)k * in, x, in);
            memcpy(e->y + (size_t)k * out, y, out);
        }
    }
    nas_interp_close(it);
    return NAS_OK;
}

/* --- the text --------------------------------------------------------------------------------- */

/* Is all arithmetic that of integers, but for codes of floats at the ends? */
static bool is_exact(const nas_graph *g) {
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op_kind k = g->ops[i].kind;
        const bool ends = k == NAS_OP_QUANTIZE || k == NAS_OP_DEQUANTIZE || k == NAS_OP_RESHAPE;
        if (!ends && g->tensors[g->ops[i].out].dtype != NAS_I8) return false;
    }
    return true;
}

static void item_any(char text[NAS_C_NUMBER], const void *values, int64_t i) {
    const float v = ((const float *)values)[i];
    if (isfinite(v))
        nas_c_float(text, v);
    else
        strcpy(text, isnan(v) ? "NAN" : v < 0 ? "-INFINITY" : "INFINITY");
}

static void put_values(const nas_tensor *t, const char *name, int32_t n, const void *v, FILE *out) {
    const bool is_float = t->dtype == NAS_F32;
    nas_c_array(out, is_float ? "float" : "int8_t", name, n * nas_tensor_count(t), v,
                is_float ? item_any : nas_c_i8);
}

/* Of the outputs; of codes the unit is one. */
static float largest(const examples *e) {
    const float *y = (const float *)(const void *)e->y;
    float most = 0;
    if (e->out->dtype == NAS_I8) return 255;
    for (int64_t i = 0; i < e->n * nas_tensor_count(e->out); i++)
        if (isfinite(y[i]) && fabsf(y[i]) > most) most = fabsf(y[i]);
    return most;
}

static void put_part(const char *name, FILE *out) {
    nas_c_part(lines, LINES, name, out);
}

static void write_text(const nas_graph *g, const examples *e, FILE *out) {
    const bool exact = is_exact(g);
    put_part("test_head", out);
    fprintf(out, "\n#define EXAMPLES %" PRId32 "\n", e->n);
    if (!exact) {
        char text[NAS_C_NUMBER];
        nas_c_float(text, largest(e));
        fprintf(out, "#define LARGEST (double)%s\n", text);
    }
    put_part(exact ? "test_exact" : "test_floats", out);
    fprintf(out, "\ntypedef %s value;\n\n", e->out->dtype == NAS_F32 ? "float" : "int8_t");
    put_values(e->in, "input", e->n, e->x, out);
    put_values(e->out, "expected", e->n, e->y, out);
    fputc('\n', out);
    put_part("model_test", out);
}

nas_status nas_c_test(const nas_graph *g, nas_arena *a, const char **test, nas_err *err) {
    examples e = {.in = &g->tensors[g->input], .out = &g->tensors[g->output]};
    nas_stream t;
    const int64_t each = nas_tensor_bytes(e.in) + nas_tensor_bytes(e.out);
    const int64_t room = BYTES_MOST / each;
    e.n = (int32_t)(room < 1 ? 1 : room > EXAMPLES_MOST ? EXAMPLES_MOST : room);
    e.codes = find_codes(g);
    NAS_TRY(run_examples(g, a, &e, err));
    NAS_TRY(nas_stream_open(&t, err));
    write_text(g, &e, t.to);
    return nas_stream_take(&t, a, test, err);
}
