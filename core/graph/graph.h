/* core/graph/graph.h - the small list of operators and tensors that a trained net lowers to and
 * that a .tflite file holds. Layouts and meanings are TFLite's (NHWC; CONV_2D filters
 * [out,kh,kw,in]; DEPTHWISE [1,kh,kw,channels]; FULLY_CONNECTED [out,in]); batch is always 1.
 * Thread safety: no shared state; a graph that nobody changes may be read by several threads. */
#ifndef NAS_CORE_GRAPH_GRAPH_H
#define NAS_CORE_GRAPH_GRAPH_H

#include "base/arena.h"
#include "core/graph/op_list.h"

#include <stdbool.h>
#include <stdint.h>

/* Values are TFLite's TensorType. */
typedef enum nas_dtype { NAS_F32 = 0, NAS_F16 = 1, NAS_I32 = 2, NAS_I64 = 4, NAS_I8 = 9 } nas_dtype;

/* Values are TFLite's BuiltinOperator. */
#define NAS_OP_KIND(NAME, name, code) NAS_OP_##NAME = (code),
typedef enum nas_op_kind { NAS_OP_LIST(NAS_OP_KIND) } nas_op_kind;
#undef NAS_OP_KIND

/* Values are TFLite's Padding and ActivationFunctionType. */
typedef enum nas_padding { NAS_SAME = 0, NAS_VALID = 1 } nas_padding;
typedef enum nas_activation {
    NAS_ACT_NONE = 0,
    NAS_ACT_RELU = 1,
    NAS_ACT_RELU6 = 3
} nas_activation;

enum { NAS_MAX_RANK = 4, NAS_OP_INPUTS = 16 };

/* What a tensor may hold, and what the int32 sums of int8 operators can. */
enum {
    NAS_MOST_ITEMS = 1 << 26,     /* elements of one tensor */
    NAS_MOST_INT8_SUM = 1 << 15,  /* products of one sum */
    NAS_MOST_INT8_MEAN = 1 << 20, /* values of one mean */
    NAS_MOST_INT8_CLASSES = 4095  /* of SOFTMAX: exponentials with 19 fraction bits */
};

typedef struct nas_tensor {
    nas_dtype dtype;
    int32_t rank;
    int32_t dims[NAS_MAX_RANK];
    const void
        *data; /* constants: rows of dtype, in the graph's arena (or a mapped file); else NULL */
    int32_t n_scale; /* 0: not quantised; 1: per tensor; dims[axis]: per channel. Of float32: the
                        scales that number formats shall give it, see nas_format_apply */
    const float *scale;
    const int32_t *zero_point; /* n_scale of them; may be NULL (zeros) for a float32 constant */
    int32_t axis;              /* of per-channel scales */
} nas_tensor;

/* Operands: CONV_2D, DEPTHWISE and FULLY_CONNECTED: input, kernel, bias. ADD and MUL: two operands
 * that broadcast as numpy's do. RESHAPE: input (and, as read from files, a constant int32 shape).
 * MEAN: input, constant int32 axes. PAD (with zeros): input, constant int32 [rank,2] of what comes
 * before and after along each axis. SUB, MINIMUM and MAXIMUM as ADD. CONCATENATION: up to
 * NAS_OP_INPUTS inputs. REDUCE_MAX as MEAN. STRIDED_SLICE: input, constant int32 begin, end and
 * stride of each axis. TRANSPOSE: input, constant int32 order of its axes. All others: the input.
 * Kernels and biases are constants, or made of one by DEQUANTIZE (of float16); with a float input a
 * kernel may be int8 (symmetric) and the bias float: a hybrid operator. */
typedef struct nas_op {
    nas_op_kind kind;
    int32_t n_in;
    int32_t in[NAS_OP_INPUTS]; /* tensor indices; -1: left out (a bias) */
    int32_t out;
    nas_padding padding;
    int32_t stride[2], dilation[2], window[2]; /* height, width; window: of pools */
    nas_activation activation;
    float beta;                                /* of SOFTMAX */
    bool keep_dims;                            /* of MEAN */
    int32_t axis;                              /* of CONCATENATION: not below 0 */
    float alpha;                               /* of LEAKY_RELU: the slope below 0 */
    int32_t begin_mask, end_mask, shrink_mask; /* of STRIDED_SLICE: a bit for each axis */
    int32_t version; /* of a file that was read; 0: the lowest that means this */
    bool asymmetric; /* of a FULLY_CONNECTED with a float input and an int8 kernel: the codes of its
                        input have a zero point */
    int32_t origin;  /* 1 + its number in the file that it was read from; 0: it has none */
} nas_op;

/* What reading a file changed of it, a bit each (nas_tflite_change_text). */
enum {
    NAS_CHANGED_BATCH = 1,    /* an open batch was taken as 1 */
    NAS_CHANGED_SHAPES = 2,   /* operators that compute sizes or only rename axes are folded */
    NAS_CHANGED_DILATION = 4, /* dilation by moving blocks to the batch and back */
    NAS_CHANGED_UINT8 = 8,    /* uint8 is int8 with shifted zero points */
    NAS_CHANGED_CODES = 16,   /* a hybrid convolution over blocks has one scale for all of them */
    NAS_CHANGED_SPLIT = 32    /* SPLIT and SPLIT_V are slices, one for each output */
};

/* One input, one output; ops stand in the order in which they run. */
typedef struct nas_graph {
    nas_arena *arena; /* owns the arrays and constants; the graph does not own the arena */
    int32_t n_tensors, tensor_room;
    nas_tensor *tensors;
    int32_t n_ops, op_room;
    nas_op *ops;
    int32_t input, output; /* tensor indices */
    bool dense_by_channel; /* of float graphs: number formats give a FULLY_CONNECTED's kernel a
                              scale for each output, not one */
    uint32_t changes;      /* NAS_CHANGED_... */
} nas_graph;

/* An empty graph whose memory comes from a. It has no input and no output yet (-1). */
nas_graph nas_graph_start(nas_arena *a);

/* Adds a copy of *t (its data is not copied) or of *o; the index goes to *index. What the runtime
 * demands and *o leaves out is completed: strides, dilations and beta 1, a bias of zeros for
 * CONV_2D and DEPTHWISE, the axes 1 and 2 (height, width) for MEAN.
 * Errors: NAS_ENOMEM; *index is -1, no operator is added, what completes it may be there. */
NAS_NODISCARD nas_status nas_graph_tensor(nas_graph *g, const nas_tensor *t, int32_t *index,
                                          nas_err *err);
NAS_NODISCARD nas_status nas_graph_op(nas_graph *g, const nas_op *o, nas_err *err);

/* Shorthands: an activation (no data), and a float constant [dims] whose values are copied (NULL:
 * zeros). Errors: NAS_ESHAPE the rank is above NAS_MAX_RANK, or a constant's bytes cannot be
 * counted; NAS_ENOMEM. A constant that fails may leave a tensor without data in g. */
NAS_NODISCARD nas_status nas_graph_activation(nas_graph *g, nas_dtype dtype, int32_t rank,
                                              const int32_t *dims, int32_t *index, nas_err *err);
NAS_NODISCARD nas_status nas_graph_constant(nas_graph *g, int32_t rank, const int32_t *dims,
                                            const float *values, int32_t *index, nas_err *err);

/* Elements, bytes and per-element bytes of a tensor. -1: a dimension is below 0, or the product is
 * beyond int64. */
int64_t nas_tensor_count(const nas_tensor *t);
int64_t nas_tensor_bytes(const nas_tensor *t);
int32_t nas_dtype_bytes(nas_dtype d);

/* Has it a kernel as in[1] and a bias as in[2]? */
bool nas_op_is_weighted(const nas_op *o);

/* Output size and leading padding of a window along one axis (TFLite kernels/padding.h). A window
 * that does not fit gives out < 1. */
void nas_window_axis(nas_padding padding, int32_t in, int32_t kernel, int32_t stride,
                     int32_t dilation, int32_t *out, int32_t *before);

/* Are shapes, types and order such that every operator can run? Every graph that deploy/ reads,
 * writes or runs has passed this. Errors: NAS_EFORMAT with the operator's number and name, or the
 * tensor's number; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_graph_check(const nas_graph *g, nas_err *err);

/* The width that the range of an int8 ADD's output must have beside the larger scale of its
 * operands: `width` wherever the runtime can shift that far, as it can but for sums that are next
 * to nothing (of a ReLU that is dead on the calibration inputs). */
float nas_int8_add_width(float width, float larger);

/* Folds constant per-channel MUL and ADD (what batch_norm lowers to) into the kernel and bias
 * before them, and RELU/RELU6 into the activation of the operator before, wherever the tensor
 * between has no other reader. Float graphs only. Jacob et al., CVPR 2018, section 3.2. Constants
 * are replaced by new ones (without scales) in g's arena; unused tensors and operators disappear.
 * Errors: NAS_EFORMAT g does not pass nas_graph_check, and is as it was; NAS_ENOMEM, and g is not
 * to be used any more. */
NAS_NODISCARD nas_status nas_graph_fold(nas_graph *g, nas_err *err);

/* What one inference costs, from shapes alone. */
typedef struct nas_cost {
    int64_t macs;        /* of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED */
    int64_t constants;   /* elements of constants, int32 shape operands left out */
    int64_t nonzero;     /* those that are not zero (int8: not the zero point) */
    int64_t ram_bytes;   /* the arena of nas_graph_plan */
    int64_t arena_bytes; /* of nas_micro_arena */
} nas_cost;
/* Errors: NAS_EFORMAT g does not pass nas_graph_check; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_graph_cost(const nas_graph *g, nas_cost *out, nas_err *err);
int64_t nas_op_macs(const nas_graph *g, const nas_op *o); /* those of one operator */

/* What stands in a constant. Zeros and values as they are stored: int8 codes (zero is the zero
 * point of a tensor with one scale, else 0), float16 and float32 values (-0 is 0). */
typedef struct nas_tensor_stats {
    int64_t count, bytes, zeros, distinct;
} nas_tensor_stats;
/* Errors: NAS_EINVAL t is no constant; NAS_ENOMEM. Then *out is all zeros. */
NAS_NODISCARD nas_status nas_tensor_measure(const nas_tensor *t, nas_tensor_stats *out,
                                            nas_err *err);

/* Places every activation in one arena so that no two that live at the same time overlap; offsets
 * has n_tensors entries (-1 for constants and what DEQUANTIZE makes of them), 16-byte aligned. The
 * best possible for chains; else greedy by size (Pisarchyk and Lee, "Efficient memory management
 * for deep neural net inference", 2020, section 5) and in other orders, made better one by one.
 * RESHAPE shares its input's place. offsets and *total are in bytes. Errors: NAS_EFORMAT g does not
 * pass nas_graph_check; NAS_ENOMEM. Then *total is 0. */
NAS_NODISCARD nas_status nas_graph_plan(const nas_graph *g, int64_t *offsets, int64_t *total,
                                        nas_err *err);

/* The bytes that TensorFlow Lite for Microcontrollers (its reference kernels) plans for activations
 * and scratch buffers: the head of its arena, as its allocator prints it. Besides, the tail holds
 * its own records (docs/DEVICE.md). -1: it refuses an operator of the graph; the second says what
 * it refuses of one, NULL: nothing. Errors: NAS_EFORMAT g does not pass nas_graph_check;
 * NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_micro_arena(const nas_graph *g, int64_t *bytes, nas_err *err);
const char *nas_micro_refuses(const nas_graph *g, const nas_op *o);

const char *nas_dtype_name(nas_dtype d); /* "int8"; NULL: no such type */
const char *nas_op_name(nas_op_kind k);  /* "CONV_2D"; NULL when the project has no such operator */

#endif
