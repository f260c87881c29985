/* core/deploy/tflite/tflite.h - slots and numbers of the TFLite schema
 * (converter/schema/schema.fbs) that the writer and the reader share. A slot is the byte offset in
 * a table's vtable. */
#ifndef NAS_CORE_DEPLOY_TFLITE_TFLITE_H
#define NAS_CORE_DEPLOY_TFLITE_TFLITE_H

#include "core/graph/graph.h"

enum { TFL_SCHEMA = 3 };

enum {
    TFL_MODEL_VERSION = 4,
    TFL_MODEL_CODES = 6,
    TFL_MODEL_GRAPHS = 8,
    TFL_MODEL_DESCRIPTION = 10,
    TFL_MODEL_BUFFERS = 12,
    TFL_MODEL_METADATA = 16,
    TFL_MODEL_SIGNATURES = 18
};
enum { TFL_METADATA_NAME = 4, TFL_METADATA_BUFFER = 6 };
enum { TFL_SIGNATURE_INPUTS = 4, TFL_SIGNATURE_OUTPUTS = 6, TFL_SIGNATURE_KEY = 8 };
enum { TFL_PORT_NAME = 4, TFL_PORT_TENSOR = 6 };
enum { TFL_CODE_BYTE = 4, TFL_CODE_CUSTOM = 6, TFL_CODE_VERSION = 8, TFL_CODE_WIDE = 10 };
enum {
    TFL_GRAPH_TENSORS = 4,
    TFL_GRAPH_INPUTS = 6,
    TFL_GRAPH_OUTPUTS = 8,
    TFL_GRAPH_OPS = 10,
    TFL_GRAPH_NAME = 12
};
enum {
    TFL_TENSOR_SHAPE = 4,
    TFL_TENSOR_TYPE = 6,
    TFL_TENSOR_BUFFER = 8,
    TFL_TENSOR_NAME = 10,
    TFL_TENSOR_QUANTIZATION = 12,
    TFL_TENSOR_VARIABLE = 14,
    TFL_TENSOR_SPARSITY = 16,
    TFL_TENSOR_SIGNATURE = 18
};
enum {
    TFL_QUANT_MIN = 4,
    TFL_QUANT_MAX = 6,
    TFL_QUANT_SCALE = 8,
    TFL_QUANT_ZERO = 10,
    TFL_QUANT_DETAILS = 12,
    TFL_QUANT_AXIS = 16
};
enum { TFL_BUFFER_DATA = 4, TFL_BUFFER_OFFSET = 6 };
enum {
    TFL_OP_CODE = 4,
    TFL_OP_INPUTS = 6,
    TFL_OP_OUTPUTS = 8,
    TFL_OP_OPTIONS_TYPE = 10,
    TFL_OP_OPTIONS = 12
};

enum { TFL_PADDING = 4, TFL_STRIDE_W = 6, TFL_STRIDE_H = 8 }; /* of CONV_2D, DEPTHWISE, pools */
enum { TFL_CONV_ACTIVATION = 10, TFL_CONV_DILATION_W = 12, TFL_CONV_DILATION_H = 14 };
enum {
    TFL_DEPTHWISE_MULTIPLIER = 10,
    TFL_DEPTHWISE_ACTIVATION = 12,
    TFL_DEPTHWISE_DILATION_W = 14,
    TFL_DEPTHWISE_DILATION_H = 16
};
enum { TFL_POOL_WINDOW_W = 10, TFL_POOL_WINDOW_H = 12, TFL_POOL_ACTIVATION = 14 };
enum {
    TFL_FC_ACTIVATION = 4,
    TFL_FC_WEIGHTS_FORMAT = 6,
    TFL_FC_KEEP_DIMS = 8,
    TFL_FC_ASYMMETRIC = 10
};
enum { TFL_SOFTMAX_BETA = 4 };
enum { TFL_ELEMENTWISE_ACTIVATION = 4 };
enum { TFL_RESHAPE_SHAPE = 4 };
enum { TFL_MEAN_KEEP_DIMS = 4 };
enum { TFL_SQUEEZE_AXES = 4 };
enum { TFL_CONCATENATION_AXIS = 4, TFL_GATHER_AXIS = 4, TFL_PACK_AXIS = 6 };
enum {
    TFL_SLICE_BEGIN_MASK = 4,
    TFL_SLICE_END_MASK = 6,
    TFL_SLICE_ELLIPSIS_MASK = 8,
    TFL_SLICE_NEW_AXIS_MASK = 10,
    TFL_SLICE_SHRINK_MASK = 12,
    TFL_SLICE_OFFSET = 14
};

/* Of metadata_schema.fbs of TFLite Support. */
enum { TFL_ABOUT_NAME = 4, TFL_ABOUT_DESCRIPTION = 6, TFL_ABOUT_FILES = 16 };
enum { TFL_ABOUT_MODEL_GRAPHS = 10, TFL_ABOUT_MODEL_PARSER = 18 };
enum { TFL_ABOUT_GRAPH_INPUTS = 8, TFL_ABOUT_GRAPH_OUTPUTS = 10 };
enum { TFL_FILE_NAME = 4, TFL_FILE_TYPE = 8, TFL_FILE_AXIS_LABELS = 2 };

/* The number of an operator's options in the union; 0: it has none. */
static inline uint8_t tfl_options_type(nas_op_kind kind) {
    switch (kind) {
    case NAS_OP_CONV_2D: return 1;
    case NAS_OP_DEPTHWISE_CONV_2D: return 2;
    case NAS_OP_AVERAGE_POOL_2D:
    case NAS_OP_MAX_POOL_2D: return 5;
    case NAS_OP_FULLY_CONNECTED: return 8;
    case NAS_OP_SOFTMAX: return 9;
    case NAS_OP_ADD: return 11;
    case NAS_OP_RESHAPE: return 17;
    case NAS_OP_MUL: return 21;
    case NAS_OP_PAD: return 22;
    case NAS_OP_MEAN: return 27;
    case NAS_OP_DEQUANTIZE: return 38;
    case NAS_OP_QUANTIZE: return 89;
    case NAS_OP_RELU:
    case NAS_OP_RELU6: break;
    }
    return 0;
}

#endif
