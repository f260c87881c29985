/* core/graph/op_list.h - the operators that a graph may have. X(NAME, name, code): code is TFLite's
 * BuiltinOperator. Each has a row nas_op_<name> (core/graph/ops) and its twin nas_deploy_<name>
 * (core/deploy/ops). */
#ifndef NAS_CORE_GRAPH_OP_LIST_H
#define NAS_CORE_GRAPH_OP_LIST_H

#define NAS_OP_LIST(X)                         \
    X(ADD, add, 0)                             \
    X(AVERAGE_POOL_2D, average_pool_2d, 1)     \
    X(CONCATENATION, concatenation, 2)         \
    X(CONV_2D, conv_2d, 3)                     \
    X(DEPTHWISE_CONV_2D, depthwise_conv_2d, 4) \
    X(DEQUANTIZE, dequantize, 6)               \
    X(FULLY_CONNECTED, fully_connected, 9)     \
    X(LOGISTIC, logistic, 14)                  \
    X(MAX_POOL_2D, max_pool_2d, 17)            \
    X(MUL, mul, 18)                            \
    X(RELU, relu, 19)                          \
    X(RELU6, relu6, 21)                        \
    X(RESHAPE, reshape, 22)                    \
    X(SOFTMAX, softmax, 25)                    \
    X(TANH, tanh, 28)                          \
    X(PAD, pad, 34)                            \
    X(TRANSPOSE, transpose, 39)                \
    X(MEAN, mean, 40)                          \
    X(SUB, sub, 41)                            \
    X(STRIDED_SLICE, strided_slice, 45)        \
    X(LOG_SOFTMAX, log_softmax, 50)            \
    X(MAXIMUM, maximum, 55)                    \
    X(MINIMUM, minimum, 57)                    \
    X(REDUCE_MAX, reduce_max, 82)              \
    X(LEAKY_RELU, leaky_relu, 98)              \
    X(QUANTIZE, quantize, 114)                 \
    X(HARD_SWISH, hard_swish, 117)

#endif
