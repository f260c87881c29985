/* core/nn/layers/layers.h - what a layer's row is, and what a planned net hands it.
 * A model is unrolled into nodes, each with one or two input values and one output value; the body
 * of a residual stands in the row of nodes, followed by its addition. A row that needs sums over
 * the whole batch before it can go on (batch norm) is a barrier: `reduce` sees every chunk of
 * images before `forward` sees the first, and `dreduce` before `backward`.
 * Thread safety: the rows are constant; one thread at a time plans a net. The passes may run on
 * several threads, each with a lane of its own (nas_run). */
#ifndef NAS_CORE_NN_LAYERS_LAYERS_H
#define NAS_CORE_NN_LAYERS_LAYERS_H

#include "core/graph/graph.h"
#include "core/kernel/kernel.h"
#include "core/nn/net/model.h"

/* The rows; the name is also that of "op". */
#define NAS_LAYER_LIST(X)  \
    X(conv2d)              \
    X(depthwise_conv2d)    \
    X(conv1d)              \
    X(dense)               \
    X(batch_norm)          \
    X(relu)                \
    X(relu6)               \
    X(max_pool)            \
    X(average_pool)        \
    X(global_average_pool) \
    X(flatten)             \
    X(reshape)             \
    X(dropout)             \
    X(softmax)             \
    X(residual)

enum {
    NAS_NODE_WEIGHTS = 4,
    NAS_MAX_NODES = 4096,
    NAS_MAX_DEPTH = 8, /* residuals inside each other */
    NAS_MAX_FILTERS = 65536,
    NAS_MAX_KERNEL = 255
};

typedef enum nas_init { NAS_INIT_ZEROS, NAS_INIT_ONES, NAS_INIT_GLOROT } nas_init;

/* What compression wants of a kernel in the file; all 0: nothing. */
typedef struct nas_coding {
    int32_t clusters; /* > 0: at most so many different values (codes, where there are scales) */
    bool by_channel;  /* in each column, not in all of the kernel */
    float *scales;    /* one a column, what a code of 1 means: lowered with the kernel */
} nas_coding;

/* A tensor of a node, rows x cols in Keras' layout with the last axis as columns; stored with its
 * columns padded to NAS_CHANNELS by zeros. */
typedef struct nas_weight {
    const char *name;
    int32_t rows, cols, stride;
    bool trainable;
    nas_init init;
    int64_t fan_in, fan_out;
    size_t at; /* floats from the start of the net's parameters, or of its averages */
    nas_coding coding;
} nas_weight;

/* Zeros that stand around every image. */
typedef struct nas_border {
    int32_t top, left, bottom, right;
} nas_border;

/* The passes backward, from the last segment to the first, in which a value's gradient lives. */
typedef struct nas_lifetime {
    int32_t from, to;  /* from >= to */
    bool leaves_first; /* in the last of them it is read by what comes first in each chunk */
} nas_lifetime;

typedef struct nas_value {
    nas_shape shape;
    int32_t readers;
    bool packed;         /* stored without padding of the channels */
    bool has_grad;       /* some weights are before it */
    bool read_later;     /* while edges are planned, last node first */
    bool dead;           /* lies between a node and the ReLU that it does itself */
    bool whole;          /* kept for all images of a batch, and not for one chunk */
    bool grad_whole;     /* lives across a barrier, so for all images and not for one chunk */
    int32_t maker;       /* the node that makes it; -1: none, or a dead value */
    nas_lifetime life;   /* of its gradient */
    int32_t x_as, dx_as; /* the first value with the same buffer; itself: its own */
    int32_t x_segment;   /* of the last value with this one's buffer */
    int32_t x_last;  /* the pass backward in which a barrier reads x, and nobody after it; or -1 */
    int32_t dx_in;   /* the value whose x the gradient then overwrites; 0: none */
    int32_t x_next;  /* the first such gradient of this x; 0: none */
    int32_t dx_twin; /* an earlier value whose gradient this one's is; 0: none */
    int32_t dx_next; /* the next value whose gradient has the same buffer; 0: none */
    nas_border border, grad_border;
    nas_map x, dx;
} nas_value;

/* Where a node leaves the gradient of one of its inputs. */
typedef struct nas_edge {
    bool wanted, whole;
    bool add; /* another reader was first: dx is a tile of its own, added to the value's */
    nas_map dx;
} nas_edge;

typedef struct nas_node {
    const struct nas_layer_ops *ops;
    const nas_layer_spec *spec;
    const char *label; /* "layer 3 (conv2d)" */
    const char *path;  /* "3.conv2d" */
    int32_t number;    /* in the unrolled order; random streams depend on it */
    int32_t n_in, in[2], out;
    nas_shape in_shape[2], out_shape;
    int64_t macs;
    int32_t n_weights;
    nas_weight weights[NAS_NODE_WEIGHTS];
    bool relu;           /* the ReLU that follows is done here */
    bool skip;           /* done by the node before */
    bool again;          /* its forward runs once more, going back */
    int32_t tile[2];     /* of a 3x3 convolution by Winograd's tiles: outputs; 0: the direct way */
    int32_t tile_images; /* that a chunk should have for them; 0: any number */
    int32_t segment;
    nas_edge edge[2];
    size_t work_floats;    /* set by bind */
    size_t lane_floats;    /* set by bind: of each thread, while it is in the node's segment */
    size_t image_floats;   /* set by bind: more of them for each image of a batch */
    size_t scratch_floats; /* set by bind: of what all nodes share, for the time of a call */
    float *work, *lane_work;
    void *own; /* what bind planned */
} nas_node;

/* A chunk of images on their way through the nodes. A batch has a few parts, each a run of images
 * that goes through in chunks; sums over images are kept for each part, and the parts are added in
 * their order: so parts may run on any thread. */
typedef struct nas_run {
    struct nas_net *net;
    const nas_kernel *kernel;
    int32_t first, n, batch;
    int32_t part, done; /* images of the part that came before, in this pass */
    int32_t lane;       /* the thread; buffers that hold a chunk are there once for each */
    bool opens, closes; /* the first, the last chunk of its part */
    bool training;
} nas_run;

enum { NAS_PARTS = 4 }; /* of a batch, at most */

/* How a layer reads frames of a series, [h,w,1] in the net's input. */
typedef enum nas_frames {
    NAS_FRAMES_NONE,
    NAS_FRAMES_MAP, /* [h,1,w]: a pixel a frame */
    NAS_FRAMES_ROW  /* [1,1,h*w]: one after the other */
} nas_frames;

/* The models that a layer is the end of, and only the end. */
typedef enum nas_ending { NAS_ENDS_NONE, NAS_ENDS_CLASSES, NAS_ENDS_VALUES } nas_ending;

/* The int32 sum of which an int8 operator makes one value: of n `what`, of which it bears `most`.
 */
typedef struct nas_int8_sum {
    const char *what;
    int64_t n, most;
} nas_int8_sum;

typedef struct nas_layer_ops {
    const char *name;
    const nas_key *keys;
    bool has_body;
    bool can_relu;   /* takes a ReLU that follows it into its own loops */
    bool has_kernel; /* weights[0] is one, its columns are the output channels, and spec->bias says
                        whether weights[1] is there: a batch norm that follows can go into them */
    bool is_cheap;   /* computed again rather than kept, and the same each time */
    bool is_idle;    /* does nothing but while a net trains */
    bool is_relu;
    bool is_plain_relu; /* max(x, 0): a row that can_relu does it itself */
    bool fuses_relu;    /* a ReLU that follows becomes part of its operator (nas_graph_fold) */
    bool keeps_scale; /* of int8: the output has the scale of the input, as the runtime wants it */
    bool keeps_scale_alone; /* the same, where it is not part of the operator before it */
    bool fixes_scale;       /* of int8: the output has a scale that the runtime knows */
    bool shares_scale; /* of int8: its kernel has one scale, unless one a channel is asked for */
    bool depthwise;    /* a kernel of few weights: no pruning, and no clustering unless asked for */
    nas_ending ends;
    nas_frames reads;   /* its kernel, rows [frame][value] */
    nas_frames renames; /* it only gives its values another shape, so that others read them so */
    bool passes_on;     /* gives both inputs the same gradient, once where they have one place */
    bool spreads;       /* gives all pixels of an image the same gradient */
    bool channelwise;   /* reads or writes whole channel vectors: its input must be padded */
    const struct nas_layer_ops *folded; /* of a row with `affine`: what it is in a folded net, where
                                           it did not go into a kernel; weights scale, shift */
    /* From in_shape and spec: out_shape, macs, weights. Errors: NAS_ESHAPE, without the label. */
    nas_status (*plan)(nas_node *node, nas_err *err);
    /* Chooses node->tile and node->tile_images, before borders are laid out. exact: only tiles with
     * the error of the direct way. May be NULL. */
    void (*tiles)(nas_node *node, bool exact);
    /* Widens the borders of what it reads. May be NULL. */
    void (*border)(const nas_node *node, nas_value *in, nas_value *out);
    /* Plans its loops on the maps' layouts, which are known now; sets own and work_floats.
     * Errors: NAS_ENOMEM. */
    nas_status (*bind)(nas_node *node, const nas_value *values, nas_arena *a, nas_err *err);
    /* Once before each pass: packs weights; batch norm out of training: its running averages. */
    void (*prepare)(const nas_node *node, const nas_run *run);
    void (*forward)(const nas_node *node, const nas_run *run);
    /* Overwrites the gradients of the inputs, adds to those of the weights. */
    void (*backward)(const nas_node *node, const nas_run *run);
    /* Of barriers; else NULL. */
    void (*reduce)(const nas_node *node, const nas_run *run);
    void (*finish)(const nas_node *node, const nas_run *run);
    void (*dreduce)(const nas_node *node, const nas_run *run);
    void (*dfinish)(const nas_node *node, const nas_run *run);
    /* Appends operators that read tensor in[0] (and in[1]) and write a new tensor *out. Errors:
     * NAS_ENOMEM. */
    nas_status (*lower)(const nas_node *node, const struct nas_net *net, nas_graph *g,
                        const int32_t in[2], int32_t *out, nas_err *err);
    /* Of a row that in the end is y = x * scale + shift in each channel, and goes into the kernel
     * before it when a net is folded; else NULL. */
    void (*affine)(const nas_node *node, const struct nas_net *net, int32_t c, float *scale,
                   float *shift);
    /* NULL: of the products with a column of its kernel, if it has one; else there is none. */
    nas_int8_sum (*int8_sum)(const nas_node *node);
} nas_layer_ops;

#define NAS_LAYER_DECLARE(x) extern const nas_layer_ops nas_layer_##x;
NAS_LAYER_LIST(NAS_LAYER_DECLARE)
#undef NAS_LAYER_DECLARE
/* The addition that ends a residual; has no name in a space. */
extern const nas_layer_ops nas_layer_add;
/* What ends a model of plain values; no name either. */
extern const nas_layer_ops nas_layer_error;
/* Of folded nets: the rest of a batch norm; and what rounds an activation. No names either. */
extern const nas_layer_ops nas_layer_affine;
extern const nas_layer_ops nas_layer_round;

int32_t nas_channels_stored(int32_t c);
nas_weight *nas_node_weight(nas_node *node, const char *name, int64_t rows, int64_t cols,
                            bool trainable, nas_init init);

/* Unrolls m into nodes (values[i + 1] is what node i makes), with shapes and costs.
 * Owner: arena a. Errors: NAS_ESHAPE with the layer's label; NAS_ENOMEM. */
typedef struct nas_nodes {
    nas_shape input; /* of value 0 */
    int32_t n;
    nas_node *v;
} nas_nodes;
nas_status nas_nodes_expand(nas_arena *a, const nas_model *m, nas_nodes *out, nas_err *err);
nas_status nas_nodes_check(const nas_nodes *nodes, int32_t classes, nas_model_cost *out,
                           nas_err *err);

#endif
