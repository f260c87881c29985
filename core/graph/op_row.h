/* core/graph/op_row.h - what a graph knows of an operator: a row, and what checks share. A row is
 * one file in core/graph/ops and one line of NAS_OP_LIST; whatever walks over operators asks it.
 * Thread safety: the rows are constant; functions share no state. */
#ifndef NAS_CORE_GRAPH_OP_ROW_H
#define NAS_CORE_GRAPH_OP_ROW_H

#include "core/graph/graph.h"

/* Strides, dilations and pool windows; a dilated window along one axis. */
enum { NAS_MOST_WINDOW = 1 << 16, NAS_MOST_REACH = 1 << 24 };

/* --- checks ----------------------------------------------------------------------------------- */

/* An operator that is looked at: its operands and output exist, and stand in order. */
typedef struct nas_check {
    const nas_graph *g;
    int32_t number; /* of the operator, in the file if it was read from one */
    const nas_op *o;
    const nas_tensor *x, *y; /* operand 0, output */
    const bool *fixed;       /* the tensors that are constants or are made of one */
    nas_err *err;
} nas_check;

/* "graph: operator 3 (ADD): ..."; NAS_EFORMAT. */
nas_status nas_check_bad(const nas_check *c, const char *fmt, ...) NAS_PRINTF(2, 3);

/* Operand `slot`; NULL: left out. */
const nas_tensor *nas_check_operand(const nas_check *c, int32_t slot);

/* Is it a constant, or made of one? */
bool nas_check_fixed(const nas_check *c, int32_t slot);

bool nas_same_shape(const nas_tensor *a, const nas_tensor *b);
bool nas_shape_is(const nas_tensor *t, int32_t rank, const int32_t *dims);
/* The same scale and zero point, or none. */
bool nas_same_parameters(const nas_tensor *a, const nas_tensor *b);

/* Each answers NAS_EFORMAT unless ... the multiplier of a scale has at most 30 bits before the
 * point; input and output are float32, or int8 with one scale each; ... with the same scale; the
 * fused activation is known; input and output are [1,h,w,c]; operand 1 is a constant list of int32;
 * the output's shape is what two operands broadcast to; ... the input's. */
NAS_NODISCARD nas_status nas_check_multiplier(const nas_check *c, double real);
NAS_NODISCARD nas_status nas_check_activations(const nas_check *c);
NAS_NODISCARD nas_status nas_check_same_scale(const nas_check *c);
NAS_NODISCARD nas_status nas_check_activation_kind(const nas_check *c);
NAS_NODISCARD nas_status nas_check_map(const nas_check *c);
NAS_NODISCARD nas_status nas_check_list(const nas_check *c, const nas_tensor *s);
NAS_NODISCARD nas_status nas_check_broadcast(const nas_check *c, const nas_tensor *a,
                                             const nas_tensor *b);
NAS_NODISCARD nas_status nas_check_same_shape(const nas_check *c);
/* The output's shape is that of a window over the input's map, with so many channels. Errors:
 * NAS_EFORMAT. */
NAS_NODISCARD nas_status nas_check_window(const nas_check *c, const int32_t kernel[2],
                                          const int32_t dilation[2], int32_t channels);

/* --- rows ------------------------------------------------------------------------------------- */

/* What an operator computes with. */
typedef enum nas_form {
    NAS_FORM_FLOAT,
    NAS_FORM_INT8,
    NAS_FORM_BY_CHANNEL, /* an int8 dense layer with a scale for each output */
    NAS_FORM_RESCALED,   /* a RELU6 whose int8 output has another scale than its input */
    NAS_FORM_HYBRID,     /* an int8 kernel with a float input */
    NAS_FORM_HALF        /* a float16 constant */
} nas_form;

#define NAS_RELEASE(major, minor) ((major)*100 + (minor))

/* A version of an operator, and the first TensorFlow (and tflite-runtime) that knows it
 * (tools/versioning/runtime_version.cc). LiteRT, whose first release followed TensorFlow 2.17,
 * knows all; its reference kernels a few later (0: from the first on). */
typedef struct nas_op_release {
    nas_form form;
    int16_t version, tensorflow, reference;
} nas_op_release;

/* The scale of an int8 output. */
typedef enum nas_scale_rule {
    NAS_SCALE_OWN,   /* that of its values */
    NAS_SCALE_INPUT, /* its input's */
    NAS_SCALE_ALL,   /* all operands and the output have one */
    NAS_SCALE_FIXED  /* the row's */
} nas_scale_rule;

enum { NAS_OP_RELEASES = 13, NAS_OP_SCRATCH = 3 };

typedef struct nas_op_row {
    const char *name;
    int32_t operands;     /* at most */
    uint32_t lists;       /* operands that are constant int32 (shape, axes, widths): a bit each */
    bool weighted;        /* in[1] is a kernel, in[2] a bias */
    int32_t kernel_axis;  /* of a kernel: its output channels */
    bool fuses;           /* may have a fused activation */
    nas_activation is;    /* the activation that this is alone; else NAS_ACT_NONE */
    bool renames;         /* its output is its input, in the same place */
    bool exact;           /* copies or compares codes: alike in uint8 and in int8 */
    bool formats;         /* from one number format to another: not in a graph to be quantised */
    bool adds;            /* in int8 its output's scale is bounded (nas_int8_add_width) */
    nas_scale_rule scale; /* of its output in int8 */
    float fixed_scale;    /* for NAS_SCALE_FIXED */
    int32_t fixed_zero_point;
    /* May it run? Operands, output and their order were looked at. Errors: NAS_EFORMAT. */
    nas_status (*check)(const nas_check *c);
    /* What a runtime demands and *o leaves out; NULL: nothing. Errors: NAS_ENOMEM. */
    nas_status (*complete)(nas_graph *g, nas_op *o, nas_err *err);
    /* Products of one inference; NULL: none that are counted. */
    int64_t (*macs)(const nas_graph *g, const nas_op *o);
    /* What tflite-micro's reference kernel asks for beside its tensors, in its order: bytes of so
     * many buffers; NULL: nothing. */
    int32_t (*scratch)(const nas_graph *g, const nas_op *o, int64_t bytes[NAS_OP_SCRATCH]);
    /* The form of what is read; NULL: int8 or float, as the input is. */
    nas_form (*form)(const nas_graph *g, const nas_op *o);
    /* nas_op_version; NULL: 2 in int8, else 1. */
    int32_t (*version)(const nas_graph *g, const nas_op *o);
    nas_op_release releases[NAS_OP_RELEASES]; /* of a form those of lower versions first; version 0:
                                                 no more */
} nas_op_row;

/* NULL: the project has no such operator. */
const nas_op_row *nas_op_row_of(nas_op_kind kind);

/* The form of what has a kernel, and of any other operator. */
nas_form nas_form_of(const nas_graph *g, const nas_op *o);
bool nas_op_is_int8(const nas_graph *g, const nas_op *o); /* its input */

/* A constant int32 [n], whose values are copied, in g's arena. Errors: NAS_ENOMEM; NAS_ESHAPE n is
 * below 0. */
NAS_NODISCARD nas_status nas_graph_list(nas_graph *g, int32_t n, const int32_t *values,
                                        int32_t *index, nas_err *err);
/* Strides and dilations that are 0 become 1. */
void nas_op_at_least_one(int32_t v[2]);

/* What STRIDED_SLICE takes of an axis of n items; part: begin, end and stride (not 0). count below
 * 1: nothing. */
void nas_slice_axis(const nas_op *o, int32_t axis, int32_t n, const int32_t part[3], int32_t *first,
                    int32_t *count);

#endif
