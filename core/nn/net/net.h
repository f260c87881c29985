/* core/nn/net/net.h - a planned net: one flat parameter vector, one allocation for everything else.
 * Thread safety: one thread at a time for each net. Passes run on the threads of base/team.h, so
 * only one net at a time in a process. */
#ifndef NAS_CORE_NN_NET_NET_H
#define NAS_CORE_NN_NET_NET_H

#include "core/graph/graph.h"
#include "core/kernel/kernel.h"
#include "core/nn/net/model.h"

typedef struct nas_net nas_net;

/* What a model of plain values is trained to make small; the words of train.loss. */
typedef enum nas_loss {
    NAS_LOSS_AUTO, /* squared; of classes: cross-entropy */
    NAS_LOSS_SQUARED,
    NAS_LOSS_ABSOLUTE,
    NAS_LOSS_HUBER
} nas_loss;

/* Plans m for batches of up to `batch` examples. m is copied. The last layer must be softmax over
 * `classes` outputs; or any that gives so many values, before nas_layer_values. Owner: the caller
 * closes it. Errors: NAS_ESHAPE with the layer's label; NAS_EINVAL batch is below 1; NAS_ENOMEM.
 * Then *out is NULL. */
NAS_NODISCARD nas_status nas_net_open(const nas_model *m, int32_t classes, int32_t batch,
                                      const nas_kernel *kernel, nas_net **out, nas_err *err);
void nas_net_close(nas_net *net);

/* Initial weights: Glorot uniform (Glorot and Bengio 2010, eq. 16) with Keras' fans, biases 0,
 * batch norm 1, 0, 0, 1. A function of (seed, replicate, layer number). */
void nas_net_init(nas_net *net, uint64_t seed, uint32_t replicate);

/* Class probabilities, or values, in inference mode (batch norm by its running averages).
 * Shape: x [n][h][w][c] dense; out [n][classes]. Any n. */
void nas_net_predict(nas_net *net, const float *x, int32_t n, float *out);

/* Appends the net's operators to an empty graph, input [1,h,w,c] to output [1,classes], or, of
 * values, to the shape that the last layer has. Batch norm becomes MUL and ADD; nas_graph_fold
 * removes them. Errors: NAS_ENOMEM, and g is not to be used. */
NAS_NODISCARD nas_status nas_net_lower(const nas_net *net, nas_graph *g, nas_err *err);

/* The same function without batch norm, for what must not be undone by folding: a batch norm
 * directly after a layer with a kernel goes into that kernel and a bias (its running averages), any
 * other becomes a fixed affine layer. Zeros of kernels stay zeros. The copy is planned for the same
 * batches, trains without batch statistics, and lowers to the graph that nas_graph_fold makes of
 * the original's. Owner: the caller closes it. Jacob et al., CVPR 2018, section 3.2. Errors:
 * NAS_ENOMEM, and *out is NULL. */
NAS_NODISCARD nas_status nas_net_fold(const nas_net *net, nas_net **out, nas_err *err);

/* A copy of a folded net whose activations are rounded to the 256 values that int8 gives them, for
 * training through it. Ranges are the least and largest value of each over x [n][h][w][c], 0
 * included, and then stay; the tensors of its lowered graph carry them as their scale. Weights are
 * as they were. Owner: the caller closes it. Errors: NAS_EINVAL no examples, or values that are not
 * finite; NAS_ENOMEM. Then *out is NULL. Jacob et al., CVPR 2018, sections 2.1 and 3. */
NAS_NODISCARD nas_status nas_net_round(const nas_net *net, const float *x, int32_t n, nas_net **out,
                                       nas_err *err);

/* Weights, averages and what compression wants of the kernels (clusters, scales): all that a folded
 * or rounded net has learned, as bytes for a net of the same model. Errors of load: NAS_EFORMAT,
 * and the net is as it was; NAS_ENOMEM. */
size_t nas_net_state_bytes(const nas_net *net);
void nas_net_save(const nas_net *net, void *out);
NAS_NODISCARD nas_status nas_net_load(nas_net *net, const void *in, size_t bytes, nas_err *err);

/* Trainable tensors in Keras' order and layout, for golden tests and tools: conv2d kernel
 * [kh][kw][in][out], depthwise [kh][kw][c], dense [in][out], bias, batch norm gamma, beta, running
 * mean, running variance (the last two are not trainable). nas_net_tensor copies to or from a dense
 * array of `count` floats. */
typedef struct nas_net_tensor_info {
    const char *name; /* "2.conv2d.kernel" */
    int64_t count;
    bool trainable;
} nas_net_tensor_info;
int32_t nas_net_tensors(const nas_net *net);
nas_net_tensor_info nas_net_tensor_at(const nas_net *net, int32_t i);
void nas_net_tensor_get(const nas_net *net, int32_t i, float *dense);
void nas_net_tensor_set(nas_net *net, int32_t i, const float *dense);
/* The gradient of the last training step's loss, in the same layout. */
void nas_net_tensor_grad(const nas_net *net, int32_t i, float *dense);

#endif
