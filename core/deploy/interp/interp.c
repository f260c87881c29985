/* core/deploy/interp/interp.c - the interpreter of the exported file. */
#include "core/deploy/ops/op.h"
#include "core/graph/graph_int.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A file promises constants and activations; what steps keep beside them (maps with borders, packed
 * kernels, sums) may be so many times that. */
enum { MOST_SHARE = 256, LEAST_BYTES = 1 << 16 };

struct nas_interp {
    nas_arena *arena;
    const nas_graph *g;
    nas_runtime runtime;
    bool plain; /* floats are summed one by one: asked for, or an operator is hybrid. It rounds
                   activations to codes, and a last bit may decide */
    int32_t n_steps;
    nas_step *steps;
    uint8_t *memory;        /* of activations, as planned */
    const void **constants; /* the values of each tensor that never changes; else NULL */
    void *input, *output;
    const nas_tensor *in, *out;
    float *result; /* of nas_interp_class */
};

void nas_clamp_f32(nas_activation a, float *lo, float *hi) {
    *lo = a == NAS_ACT_NONE ? -FLT_MAX : 0;
    *hi = a == NAS_ACT_RELU6 ? 6 : FLT_MAX;
}

void nas_clamp_i8(nas_activation a, const nas_tensor *y, int32_t *lo, int32_t *hi) {
    const int32_t zp = y->zero_point[0];
    *lo = -128;
    *hi = 127;
    if (a != NAS_ACT_NONE && zp > *lo) *lo = zp;
    if (a != NAS_ACT_RELU6) return;
    const float six = roundf(6.0f / y->scale[0]);
    if (six < 255 && zp + (int32_t)six < *hi) *hi = zp + (int32_t)six;
}

static void *place_of(const nas_interp *it, const int64_t *offsets, int32_t tensor) {
    return it->memory + offsets[tensor];
}

static nas_status open_step(nas_interp *it, const int64_t *offsets, const nas_op *o, nas_step *s,
                            nas_err *err) {
    const nas_graph *g = it->g;
    *s = (nas_step){
        .op = o, .runtime = it->runtime, .kernel = nas_infer_choose(), .out = &g->tensors[o->out]};
    if (it->plain && nas_op_is_weighted(o) && g->tensors[o->in[1]].dtype != NAS_I8)
        s->kernel = &nas_infer_plain;
    s->y = place_of(it, offsets, o->out);
    for (int32_t k = 0; k < o->n_in; k++) {
        if (o->in[k] < 0) continue;
        s->in[k] = &g->tensors[o->in[k]];
        s->x[k] = it->constants[o->in[k]];
        if (!s->x[k]) s->x[k] = place_of(it, offsets, o->in[k]);
    }
    return nas_deploy_op_of((int32_t)o->kind)->open(s, it->arena, err);
}

/* What DEQUANTIZE makes of a constant is computed once. */
static nas_status open_constant(nas_interp *it, const nas_op *o, nas_err *err) {
    const nas_tensor *from = &it->g->tensors[o->in[0]];
    float *values = nas_arena_array(it->arena, (size_t)nas_tensor_count(from), sizeof *values, err);
    if (!values) return NAS_ENOMEM;
    nas_dequantize(from, from->data, values);
    it->constants[o->out] = values;
    return NAS_OK;
}

static size_t declared_bytes(const nas_graph *g, int64_t activations) {
    size_t n = (size_t)activations + LEAST_BYTES;
    for (int32_t i = 0; i < g->n_tensors; i++)
        if (g->tensors[i].data) n += (size_t)nas_tensor_bytes(&g->tensors[i]);
    return n;
}

static nas_status check_room(const nas_interp *it, size_t declared, const nas_op *o, nas_err *err) {
    if (nas_arena_bytes(it->arena) / MOST_SHARE <= declared) return NAS_OK;
    return nas_fail(err, NAS_EUNSUPPORTED,
                    "interpreter: %s: more memory than %d times what the graph declares",
                    nas_op_name(o->kind), MOST_SHARE);
}

static bool has_hybrid(const nas_graph *g) {
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        if (nas_op_is_weighted(o) && g->tensors[o->in[0]].dtype == NAS_F32 &&
            g->tensors[o->in[1]].dtype == NAS_I8)
            return true;
    }
    return false;
}

static nas_status open_steps(nas_interp *it, const int64_t *offsets, int64_t total, nas_err *err) {
    const nas_graph *g = it->g;
    const size_t declared = declared_bytes(g, total);
    it->plain |= has_hybrid(g);
    for (int32_t i = 0; i < g->n_tensors; i++) it->constants[i] = g->tensors[i].data;
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        if (nas_op_makes_constant(g, o))
            NAS_TRY(open_constant(it, o, err));
        else
            NAS_TRY(open_step(it, offsets, o, &it->steps[it->n_steps++], err));
        NAS_TRY(check_room(it, declared, o, err));
    }
    return NAS_OK;
}

/* What one example may be: what the float forms of run can convert. */
static nas_status check_port(const nas_tensor *t, const char *which, nas_err *err) {
    if (t->dtype == NAS_F32 || (t->dtype == NAS_I8 && t->n_scale == 1)) return NAS_OK;
    return nas_fail(err, NAS_EUNSUPPORTED,
                    "interpreter: the graph's %s is neither float32 nor int8 with one scale",
                    which);
}

static nas_status open_all(nas_interp *it, nas_err *err) {
    const nas_graph *g = it->g;
    int64_t total = 0;
    it->in = &g->tensors[g->input];
    it->out = &g->tensors[g->output];
    NAS_TRY(check_port(it->in, "input", err));
    NAS_TRY(check_port(it->out, "output", err));
    int64_t *offsets = nas_arena_array(it->arena, (size_t)g->n_tensors, sizeof *offsets, err);
    it->steps = nas_arena_array(it->arena, (size_t)g->n_ops, sizeof *it->steps, err);
    it->result = nas_arena_array(it->arena, (size_t)nas_tensor_count(it->out), sizeof(float), err);
    it->constants = nas_arena_array(it->arena, (size_t)g->n_tensors, sizeof *it->constants, err);
    if (!offsets || !it->steps || !it->result || !it->constants) return NAS_ENOMEM;
    NAS_TRY(nas_graph_plan(g, offsets, &total, err));
    it->memory = nas_arena_alloc(it->arena, (size_t)total, err);
    if (!it->memory) return NAS_ENOMEM;
    it->input = place_of(it, offsets, g->input);
    it->output = place_of(it, offsets, g->output);
    return open_steps(it, offsets, total, err);
}

const char *const nas_runtime_names[] = {"tflite-micro", "litert", NULL};

static nas_status open_as(const nas_graph *g, nas_runtime runtime, bool plain, nas_interp **out,
                          nas_err *err) {
    *out = NULL;
    NAS_TRY(nas_graph_check(g, err));
    nas_interp *it = calloc(1, sizeof *it);
    if (!it) return nas_fail(err, NAS_ENOMEM, "interpreter: out of memory");
    it->g = g;
    it->runtime = runtime;
    it->plain = plain;
    nas_status st = nas_arena_open(&it->arena, err);
    if (st == NAS_OK) st = open_all(it, err);
    if (st == NAS_OK)
        *out = it;
    else
        nas_interp_close(it);
    return st;
}

nas_status nas_interp_open(const nas_graph *g, nas_interp **out, nas_err *err) {
    return open_as(g, NAS_RUNTIME_TFLM, false, out, err);
}

nas_status nas_interp_open_as(const nas_graph *g, nas_runtime runtime, nas_interp **out,
                              nas_err *err) {
    return open_as(g, runtime, false, out, err);
}

nas_status nas_interp_open_plain(const nas_graph *g, nas_interp **out, nas_err *err) {
    return open_as(g, NAS_RUNTIME_TFLM, true, out, err);
}

void nas_interp_close(nas_interp *it) {
    if (!it) return;
    nas_arena_close(it->arena);
    free(it);
}

static void run_steps(nas_interp *it) {
    for (int32_t i = 0; i < it->n_steps; i++) it->steps[i].run(&it->steps[i]);
}

static void put_input(nas_interp *it, const float *x) {
    const int64_t n = nas_tensor_count(it->in);
    if (it->in->dtype == NAS_F32) {
        memcpy(it->input, x, (size_t)n * sizeof *x);
        return;
    }
    int8_t *q = it->input;
    for (int64_t i = 0; i < n; i++)
        q[i] = nas_quantize_i8(x[i], it->in->scale[0], it->in->zero_point[0]);
}

static void get_output(const nas_interp *it, float *y) {
    const int64_t n = nas_tensor_count(it->out);
    if (it->out->dtype == NAS_F32) {
        memcpy(y, it->output, (size_t)n * sizeof *y);
        return;
    }
    nas_dequantize(it->out, it->output, y);
}

void nas_interp_run(nas_interp *it, const float *x, float *y) {
    put_input(it, x);
    run_steps(it);
    get_output(it, y);
}

void nas_interp_run_raw(nas_interp *it, const void *x, void *y) {
    memcpy(it->input, x, (size_t)nas_tensor_bytes(it->in));
    run_steps(it);
    memcpy(y, it->output, (size_t)nas_tensor_bytes(it->out));
}

void nas_interp_watch(nas_interp *it, const float *x, nas_seen_fn seen, void *ctx) {
    put_input(it, x);
    seen(ctx, it->g->input, it->input);
    for (int32_t i = 0; i < it->n_steps; i++) {
        it->steps[i].run(&it->steps[i]);
        seen(ctx, it->steps[i].op->out, it->steps[i].y);
    }
}

int32_t nas_interp_class(nas_interp *it, const float *x, float *share) {
    const int64_t n = nas_tensor_count(it->out);
    int32_t best = 0;
    nas_interp_run(it, x, it->result);
    for (int32_t i = 1; i < n; i++)
        if (it->result[i] > it->result[best]) best = i;
    if (share) *share = it->result[best];
    return best;
}
