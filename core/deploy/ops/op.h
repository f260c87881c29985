/* core/deploy/ops/op.h - what deploy knows of an operator: the twin of its row in core/graph/ops.
 * One file here and one line of NAS_OP_LIST; reader, writer, interpreter and writer of C ask it.
 * Thread safety: the rows are constant; functions share no state. */
#ifndef NAS_CORE_DEPLOY_OPS_OP_H
#define NAS_CORE_DEPLOY_OPS_OP_H

#include "core/deploy/emit/emit_int.h"
#include "core/deploy/interp/interp_int.h"
#include "core/deploy/tflite/flat.h"
#include "core/deploy/tflite/loose.h"
#include "core/deploy/tflite/read_int.h"
#include "core/deploy/tflite/tflite.h"
#include "core/graph/op_row.h"

/* How the units of an int8 operator's tensors hang together (format/units.c). */
typedef enum nas_unit_rule {
    NAS_UNITS_PINNED, /* they mean something: all stay */
    NAS_UNITS_FREE,   /* a kernel between makes up for any */
    NAS_UNITS_IN_OUT, /* input and output keep their ratio */
    NAS_UNITS_ALL     /* so do all operands and the output */
} nas_unit_rule;

typedef struct nas_deploy_op {
    uint8_t options; /* number of its options in TFLite's union BuiltinOptions; 0: none */
    /* Options of a file; t may be empty (defaults). Failures go to r->f. NULL: none. */
    void (*read)(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *o);
    /* Fields of the options' table; what they refer to is written first. NULL: all defaults. */
    void (*write)(nas_flat *f, const nas_graph *g, const nas_op *o);
    /* Output dimensions that a file leaves open; NULL: the input's. */
    void (*shape)(nas_loose *l, const nas_loose_op *o);
    /* What of an operator's options is known once its shapes are; NULL: nothing. */
    void (*settle)(const nas_loose *l, const nas_loose_op *o, nas_op *op);
    nas_unit_rule units;
    /* Prepares a step. */
    nas_step_open *open;
    /* Its constants and its call as C; NULL: nothing is to be done. Errors: NAS_EUNSUPPORTED,
     * NAS_ENOMEM. */
    nas_status (*emit)(nas_emitter *e);
    bool takes_constant; /* emit knows what to do when its first operand is one */
} nas_deploy_op;

/* NULL: the project has no such operator. */
const nas_deploy_op *nas_deploy_op_of(int32_t code);

/* --- of readers ------------------------------------------------------------------------------- */

nas_activation nas_read_activation(nas_reader *r, const nas_flat_in_table *from, uint32_t slot,
                                   const nas_loose_op *o);
/* Padding and strides, which all windows have in the same slots. */
void nas_read_strides(nas_reader *r, const nas_flat_in_table *from, nas_op *o);
void nas_write_strides(nas_flat *f, const nas_op *o);
/* A list of at most NAS_MAX_RANK numbers into o->dims. */
void nas_read_dims(nas_reader *r, const nas_flat_in_table *from, uint32_t slot, nas_loose_op *o);

/* Shapes: NULL where an operand is left out. */
const nas_tensor *nas_loose_operand(const nas_loose *l, const nas_loose_op *o, int32_t slot);
void nas_loose_set_dims(nas_loose *l, int32_t t, int32_t rank, const int32_t *dims);
/* A window over a map [n,h,w,c]. */
void nas_loose_window(nas_loose *l, const nas_loose_op *o, const int32_t *kernel,
                      const int32_t *dilation, int32_t channels);
/* What two operands broadcast to; the input without the axes that operand 1 lists. */
void nas_loose_broadcast(nas_loose *l, const nas_loose_op *o);
void nas_loose_reduce(nas_loose *l, const nas_loose_op *o);

/* --- of codes one by one ---------------------------------------------------------------------- */

/* An int8 operator that makes of each code another: what it makes of `code`. */
typedef int8_t nas_code_fn(const nas_step *s, int32_t code);
/* A step, and C, by a table of all 256, in arena a. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_table_open(nas_step *s, nas_code_fn *f, nas_arena *a, nas_err *err);
void nas_table_emit(nas_emitter *e, nas_code_fn *f);

#endif
