/* core/nn/layers/conv_int.h - what conv2d, depthwise_conv2d and dense share: windows on bordered
 * maps, the taps of the forward pass, and those of each phase of the backward one.
 * Thread safety: no shared state; one thread at a time plans a net or fills a graph. The passes may
 * run on several threads, each with a lane of its own (nas_run).
 * Errors, where none are named: NAS_ENOMEM; what was to be filled is then not to be used. */
#ifndef NAS_CORE_NN_LAYERS_CONV_INT_H
#define NAS_CORE_NN_LAYERS_CONV_INT_H

#include "core/nn/net/net_int.h"

/* Rows of tables of keys (base/key.h) that several layers share. */
#define NAS_KEYS_WINDOW                                                                         \
    {.name = "kernel",                                                                          \
     .kind = NAS_KEY_PAIR,                                                                      \
     .offset = offsetof(nas_layer_spec, kernel),                                                \
     .lo = 1,                                                                                   \
     .hi = NAS_MAX_KERNEL,                                                                      \
     .help = "[height, width] of the window"},                                                  \
        {.name = "stride",                                                                      \
         .kind = NAS_KEY_PAIR,                                                                  \
         .offset = offsetof(nas_layer_spec, stride),                                            \
         .lo = 1,                                                                               \
         .hi = NAS_MAX_KERNEL,                                                                  \
         .def = "[1, 1]",                                                                       \
         .help = "[height, width] from window to window"},                                      \
        {.name = "padding",                                                                     \
         .kind = NAS_KEY_WORD,                                                                  \
         .offset = offsetof(nas_layer_spec, padding),                                           \
         .def = "\"valid\"",                                                                    \
         .words = (const char *const[]){"same", "valid", NULL},                                 \
         .help = "same: zeros around the map; valid: none"},                                    \
    {                                                                                           \
        .name = "dilation", .kind = NAS_KEY_PAIR, .offset = offsetof(nas_layer_spec, dilation), \
        .lo = 1, .hi = NAS_MAX_KERNEL, .def = "[1, 1]",                                         \
        .help = "[height, width] from tap to tap of the window"                                 \
    }

#define NAS_KEY_BIAS(each)                                                              \
    {                                                                                   \
        .name = "bias", .kind = NAS_KEY_BOOL, .offset = offsetof(nas_layer_spec, bias), \
        .def = "true", .help = "adds a trained constant to each " each                  \
    }

#define NAS_KEY_SCALE                                                                     \
    {                                                                                     \
        .name = "scale", .kind = NAS_KEY_BOOL, .offset = offsetof(nas_layer_spec, scale), \
        .def = "true", .help = "false: model.width leaves filters as they are"            \
    }

#define NAS_KEY_SPARSITY                                                                         \
    {                                                                                            \
        .name = "sparsity", .kind = NAS_KEY_FLOAT, .offset = offsetof(nas_layer_spec, sparsity), \
        .lo = 0, .hi = 0.99, .def = "null", .flags = NAS_KEY_NULLABLE,                           \
        .help = "fraction of zeros, instead of prune.to"                                         \
    }

typedef struct nas_window {
    int32_t kernel[2], stride[2], dilation[2];
    int32_t before[2]; /* rows and columns of leading padding */
} nas_window;

/* A padding that nas_padding lacks: all of it comes before, as much as the window reaches back. */
enum { NAS_CAUSAL = 2 };

/* Output size and leading padding of a layer's window (TensorFlow's rule: with "same" the odd row
 * comes at the end). Dilation 0 is 1. Errors: NAS_ESHAPE, also when the kernel, dilated, is larger
 * than the input. */
nas_status nas_window_plan(const nas_layer_spec *spec, nas_shape in, nas_window *out,
                           nas_shape *shape, nas_err *err);

/* The window of a node that was planned with spec. */
nas_window nas_window_of(const nas_node *node, const nas_layer_spec *spec);

/* The borders that the window reads: of the input going forward, of dy going backward (if the input
 * has a gradient). */
void nas_window_borders(const nas_window *w, nas_value *in, nas_value *out);

void nas_border_widen(nas_border *b, int32_t top, int32_t left, int32_t bottom, int32_t right);

/* Sets node->tile: the tile that costs least, or zeros where the direct way does. exact: only tiles
 * whose error is that of the direct way, 2x2. */
void nas_winograd_choose(nas_node *node, const nas_window *w, bool exact);
/* Of a node that has tiles: how many images are worked on at a time, the borders of x and dy, and
 * how the tiles lie on the maps going forward (and for the weights) and back. */
int32_t nas_winograd_images(const nas_node *node);
void nas_winograd_borders(const nas_node *node, const nas_window *w, nas_value *in, nas_value *out);
nas_winograd nas_winograd_forward(const nas_node *node, const nas_window *w, const nas_map *x,
                                  const nas_map *y);
nas_winograd nas_winograd_backward(const nas_node *node, const nas_window *w, const nas_map *dy,
                                   const nas_map *dx);

/* dx of the pixels with one residue of the stride. */
typedef struct nas_phase {
    nas_conv conv;
    ptrdiff_t dx;  /* floats from dx's first pixel */
    size_t packed; /* floats from the packed weights of the backward pass */
} nas_phase;

typedef struct nas_taps {
    nas_conv forward;
    size_t packed; /* floats that forward needs packed */
    int32_t n_phases;
    nas_phase *phases; /* empty when dx is not wanted */
    size_t packed_phases;
} nas_taps;

/* Plans both directions for maps in and out. depthwise: one kernel a channel. */
nas_status nas_taps_plan(const nas_window *w, const nas_value *in, const nas_value *out,
                         const nas_map *dx, bool depthwise, nas_arena *a, nas_taps *t,
                         nas_err *err);

/* A layer that is a sum over channels; weights are [kernel][bias]. spec says what the window is.
 * Errors of plan: NAS_ESHAPE filters or kernel do not fit; of bind and lower: NAS_ENOMEM. */
nas_status nas_conv_plan(nas_node *node, const nas_layer_spec *spec, nas_err *err);
void nas_conv_border(const nas_node *node, const nas_layer_spec *spec, nas_value *in,
                     nas_value *out);
nas_status nas_conv_bind(nas_node *node, const nas_window *w, const nas_value *values, nas_arena *a,
                         nas_err *err);
void nas_conv_prepare(const nas_node *node, const nas_run *run);
void nas_conv_forward(const nas_node *node, const nas_run *run);
void nas_conv_backward(const nas_node *node, const nas_run *run);
nas_status nas_conv_lower(const nas_node *node, const nas_layer_spec *spec,
                          const struct nas_net *net, nas_graph *g, int32_t in, int32_t *out,
                          nas_err *err);

/* The passes of a layer whose output has the input's values in another shape. */
void nas_reshape_forward(const nas_node *node, const nas_run *run);
void nas_reshape_backward(const nas_node *node, const nas_run *run);
/* Lowering of a layer that is there only in training: its output is its input. */
nas_status nas_nothing_lower(const nas_node *node, const struct nas_net *net, nas_graph *g,
                             const int32_t in[2], int32_t *out, nas_err *err);

/* Adds a tensor of the node as a constant; out_first puts the last axis of Keras' layout first. The
 * scales of its coding become those of the constant, along its output channels. */
nas_status nas_lower_weight(const nas_node *node, const struct nas_net *net, int32_t weight,
                            nas_graph *g, int32_t rank, const int32_t *dims, bool out_first,
                            int32_t *index, nas_err *err);
/* Adds a float activation [1,h,w,c], or [1,c] when flat. */
nas_status nas_lower_activation(nas_graph *g, nas_shape s, bool flat, int32_t *index, nas_err *err);
/* Makes *tensor a map [1,h,w,c] of this shape: by a RESHAPE unless it is one. */
nas_status nas_lower_reshape(nas_graph *g, nas_shape s, int32_t *tensor, nas_err *err);
/* Makes *tensor a vector [1,c] or a map [1,h,w,c]: by a RESHAPE unless it is one. */
nas_status nas_lower_rank(nas_graph *g, nas_shape s, bool flat, int32_t *tensor, nas_err *err);
/* Adds an operator from in to a new activation *out. */
nas_status nas_lower_op(nas_graph *g, nas_op op, nas_shape s, bool flat, int32_t *out,
                        nas_err *err);

#endif
