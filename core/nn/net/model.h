/* core/nn/net/model.h - a model as its list of layers, every choice made, repeats unrolled and
 * widths applied; and the table of layers.
 * Thread safety: the table is constant; functions share no state. */
#ifndef NAS_CORE_NN_NET_MODEL_H
#define NAS_CORE_NN_NET_MODEL_H

#include "base/arena.h"
#include "base/key.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct nas_shape {
    int32_t h, w, c; /* of one example; dense outputs are 1 x 1 x units */
} nas_shape;

/* The words of residual's "shortcut"; a projection whose batch norm went into its kernel; that with
 * its output rounded. */
typedef enum nas_shortcut {
    NAS_SHORTCUT_IDENTITY = 0,
    NAS_SHORTCUT_PROJECT = 1,
    NAS_SHORTCUT_FOLDED = 2,
    NAS_SHORTCUT_ROUNDED = 3
} nas_shortcut;

/* One layer. Which members mean something is said by the row's keys. */
typedef struct nas_layer_spec {
    const struct nas_layer_ops *ops;
    int32_t filters;                           /* of conv2d; units of dense */
    int32_t kernel[2], stride[2], dilation[2]; /* kernel: also the size of pools; conv1d: first */
    int32_t shape[3];                          /* of reshape */
    int32_t padding;                           /* nas_padding of core/graph; conv1d: 2 causal */
    bool bias, scale;
    double momentum, epsilon, rate;
    double sparsity;  /* of conv1d, conv2d and dense; NaN: prune.to */
    int32_t shortcut; /* nas_shortcut, of residual */
    int32_t n_layers; /* of residual */
    struct nas_layer_spec *layers;
} nas_layer_spec;

typedef struct nas_model {
    nas_shape input;
    int32_t n_layers;
    nas_layer_spec *layers;
    bool exact;  /* only convolutions with the error of the direct one */
    bool direct; /* only direct convolutions; for measuring */
} nas_model;

/* The row of what ends a model of plain values in place of softmax: it compares them with those
 * that they should be, and has no name in a space. */
const struct nas_layer_ops *nas_layer_values(void);
/* Is that the last layer? */
bool nas_model_gives_values(const nas_model *m);

/* The row of a layer kind by the name of its "op", and all of them in turn (NULL past the end). */
const struct nas_layer_ops *nas_layer_find(const char *op);
const struct nas_layer_ops *nas_layer_at(int i);

/* What search/ needs of a row. */
const char *nas_layer_name(const struct nas_layer_ops *ops);
const nas_key *nas_layer_keys(const struct nas_layer_ops *ops); /* offsets into nas_layer_spec */
bool nas_layer_has_body(const struct nas_layer_ops *ops);       /* takes a list "layers" */

/* Shapes and cost of a model from its specs alone; nothing of the net's size is allocated.
 * params: trainable values, batch norm's included. macs: multiply-accumulates of one inference.
 * Errors: NAS_ESHAPE with the layer's number and name ("layer 3 (conv2d): kernel 5x5 is larger than
 * its input 3x2"), or that the model does not end in `classes` outputs: of a softmax, or
 * (nas_model_gives_values) of any other layer, as a map of so many values; NAS_ENOMEM. */
typedef struct nas_model_cost {
    int64_t params, macs;
    nas_shape output;
} nas_model_cost;
NAS_NODISCARD nas_status nas_model_check(const nas_model *m, int32_t classes, nas_model_cost *out,
                                         nas_err *err);

/* Can an int8 file hold it? Its sums are int32. Errors: NAS_ESHAPE with the layer's number and
 * name; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_model_check_int8(const nas_model *m, nas_err *err);

#endif
