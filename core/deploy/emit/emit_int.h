/* core/deploy/emit/emit_int.h - what operators need to write themselves as C.
 * Thread safety: no shared state; one thread at a time for each emitter. */
#ifndef NAS_CORE_DEPLOY_EMIT_EMIT_INT_H
#define NAS_CORE_DEPLOY_EMIT_EMIT_INT_H

#include "base/text/c_text.h"
#include "core/deploy/interp/interp_int.h"

/* One operator at a time: its step has shapes, constants and scales; of activations no values.
 * Constants go to data, the call to calls. */
typedef struct nas_emitter {
    const nas_graph *g;
    nas_arena *arena;
    const int64_t *offsets; /* of nas_graph_plan */
    FILE *data, *calls;
    bool *used;    /* of each line of parts: at the first line of a part that is needed */
    int64_t codes; /* bytes that hybrid operators need for the codes of their input */
    int32_t n;     /* the operator's number */
    nas_step step;
    nas_err *err;
} nas_emitter;

/* "C source: operator 3 (ADD): why"; NAS_EUNSUPPORTED. */
nas_status nas_emit_unsupported(nas_emitter *e, const char *why);

/* The part `name` (of core/deploy/plain and core/deploy/ops) and what it needs are copied. */
void nas_emit_need(nas_emitter *e, const char *name);

/* static const TYPE NAME_<number of the operator>[n]. */
void nas_emit_array(nas_emitter *e, const char *type, const char *name, int64_t n,
                    const void *values, nas_c_item *item);
nas_c_item nas_emit_fixed; /* an item of nas_fixed */
/* As nas_emit_array, of float. Errors: NAS_EUNSUPPORTED when one is not finite. */
NAS_NODISCARD nas_status nas_emit_floats(nas_emitter *e, const char *name, int64_t n,
                                         const float *v);

/* window_N of these sizes, codes_N of zero points and what an activation leaves (plain/kernels.c),
 * "lo, hi" of an activation. */
void nas_emit_window(nas_emitter *e, const int32_t size[2]);
void nas_emit_codes(nas_emitter *e, nas_activation a);
void nas_emit_limits(nas_activation a, char text[NAS_C_NUMBER]);

/* How a tensor is called in the function. An operand that is a constant: constant_N, which
 * nas_emit_constant writes. Errors: NAS_EUNSUPPORTED a float of it is not finite. */
void nas_emit_value(const nas_emitter *e, int32_t tensor, char text[NAS_C_NUMBER]);
NAS_NODISCARD nas_status nas_emit_constant(nas_emitter *e);

/* The part that does it, and the call up to its own arguments; operand 0 and output end it. */
void nas_emit_begin(nas_emitter *e, const char *name);
void nas_emit_end(nas_emitter *e);
/* Operands 0 and 1 and output end it. */
void nas_emit_end_pair(nas_emitter *e);
/* scale_i8: codes in another scale, and what an activation leaves. */
void nas_emit_rescale(nas_emitter *e, nas_activation a, nas_fixed scale);
/* pairs_N of nas_pair_steps. */
void nas_emit_pairs(nas_emitter *e);

#endif
