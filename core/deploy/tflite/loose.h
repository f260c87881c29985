/* core/deploy/tflite/loose.h - a file as converters leave it, on its way to a graph: sizes that are
 * open or computed, operators around a net that compute nothing, uint8.
 * Thread safety: no shared state; one thread at a time for each nas_loose.
 * Errors, where none are named: NAS_EUNSUPPORTED, naming the operator and what of it cannot be
 * resolved; NAS_ENOMEM. The graph is then not to be used. */
#ifndef NAS_CORE_DEPLOY_TFLITE_LOOSE_H
#define NAS_CORE_DEPLOY_TFLITE_LOOSE_H

#include "core/graph/graph.h"

/* Values are TFLite's BuiltinOperator: what goes while a file is opened. */
typedef enum nas_loose_kind {
    NAS_LOOSE_GATHER = 36, /* of sizes */
    NAS_LOOSE_BATCH_TO_SPACE = 37,
    NAS_LOOSE_SPACE_TO_BATCH = 38,
    NAS_LOOSE_SQUEEZE = 43,
    NAS_LOOSE_SPLIT = 49,
    NAS_LOOSE_EXPAND_DIMS = 70,
    NAS_LOOSE_SHAPE = 77,
    NAS_LOOSE_REDUCE_PROD = 81, /* of sizes */
    NAS_LOOSE_PACK = 83,        /* of sizes */
    NAS_LOOSE_SPLIT_V = 102
} nas_loose_kind;

enum { NAS_LOOSE_INPUTS = NAS_OP_INPUTS };

/* An operator of the file. */
typedef struct nas_loose_op {
    int32_t code, number; /* a nas_op_kind or nas_loose_kind; its place in the file */
    int32_t n_in, in[NAS_LOOSE_INPUTS], out;
    int32_t n_out, outs[NAS_LOOSE_INPUTS]; /* out is the first; more have SPLIT and SPLIT_V */
    nas_op o;                              /* the options of what nas has */
    bool keep_dims; /* of FULLY_CONNECTED: all dimensions but the last stay */
    int32_t n_dims; /* RESHAPE: those of its options; SQUEEZE: its axes, 0: all of size 1 */
    int32_t dims[NAS_MAX_RANK];
    int32_t other_masks; /* of STRIDED_SLICE: those that the graph has not */
    int32_t axis;        /* of PACK, CONCATENATION, GATHER, SPLIT */
    bool gone;
} nas_loose_op;

/* A tensor's state beside what the graph holds of it. */
typedef struct nas_loose_tensor {
    uint8_t open; /* axes whose size the file leaves open, a bit each */
    bool was_uint8;
} nas_loose_tensor;

typedef struct nas_loose {
    nas_graph *g;     /* tensors, input and output as read; operators come when all is resolved */
    nas_arena *arena; /* of the arrays here */
    int32_t n_read;   /* tensors of the file; those that are made come after them */
    nas_loose_tensor *tensors;
    int32_t n_ops;
    nas_loose_op *ops;
    int32_t *same; /* of each tensor of the file: whose values it has */
    nas_err *err;
} nas_loose;

/* The graph's operators from the file's. What was changed goes to g->changes. */
NAS_NODISCARD nas_status nas_loose_resolve(nas_loose *l);

/* --- within --- */

/* "operator 3 (RESHAPE): ..."; NAS_EUNSUPPORTED. */
nas_status nas_loose_fail(const nas_loose *l, const nas_loose_op *o, const char *fmt, ...)
    NAS_PRINTF(3, 4);

/* The values of a constant list (or single value) of at most NAS_LOOSE_LIST int32; their number, or
 * -1: it is none. */
enum { NAS_LOOSE_LIST = 16 };
int32_t nas_loose_list(const nas_loose *l, int32_t tensor, int32_t out[NAS_LOOSE_LIST]);

/* Sizes that the file computes: makes the output a constant. */
NAS_NODISCARD nas_status nas_loose_sizes(nas_loose *l, nas_loose_op *o);

/* The output's dimensions from the operands', where the file leaves them open. */
NAS_NODISCARD nas_status nas_loose_shape(nas_loose *l, nas_loose_op *o);

/* SPACE_TO_BATCH_ND, a convolution and BATCH_TO_SPACE_ND become a dilated convolution. o: the
 * first. */
NAS_NODISCARD nas_status nas_loose_dilate(nas_loose *l, nas_loose_op *o);

/* SPLIT and SPLIT_V: the shapes of the outputs; then STRIDED_SLICE of `input` for each of them. */
NAS_NODISCARD nas_status nas_loose_split(nas_loose *l, nas_loose_op *o);
NAS_NODISCARD nas_status nas_loose_add_split(nas_loose *l, const nas_loose_op *o, int32_t input);

/* A constant int32 tensor [dims] of the graph; values are copied. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_loose_constant(nas_loose *l, int32_t rank, const int32_t *dims,
                                            const int32_t *values, int32_t *index);

#endif
