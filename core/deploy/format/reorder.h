/* core/deploy/format/reorder.h - orders of channels that leave the function of an int8 graph as it
 * is.
 * Thread safety: no shared state; one thread at a time changes a graph. */
#ifndef NAS_CORE_DEPLOY_FORMAT_REORDER_H
#define NAS_CORE_DEPLOY_FORMAT_REORDER_H

#include "core/graph/graph.h"

/* One axis of a constant along which channels lie: [outer][length][inner] elements. Its scales are
 * along it, or not. */
typedef struct nas_channel_axis {
    int32_t tensor;
    int64_t outer, length, inner;
    bool scaled;
} nas_channel_axis;

/* Channels that can only be moved together: those of activations that joins, depthwise kernels,
 * pools and the like tie to each other. Channel c lies at all places that are c modulo `channels`
 * along each axis. First come the axes of what makes the channels, then of what reads them. */
typedef struct nas_channel_set {
    int32_t channels, n_axes, axis_room;
    nas_channel_axis *axes;
} nas_channel_set;

typedef struct nas_channel_sets {
    int32_t n;
    nas_channel_set *sets;
} nas_channel_sets;

/* The sets of an int8 graph (of another: none), those that hang on its input, its output or an
 * operator that looks across channels left out. Lives in arena a. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_channel_sets_find(const nas_graph *g, nas_arena *a,
                                               nas_channel_sets *out, nas_err *err);

/* The constant t with its channels in the order from (channel i is the old from[i]); data, scales
 * and zero points are new ones in arena a. Errors: NAS_ENOMEM; *out is then not to be used. */
NAS_NODISCARD nas_status nas_channels_move(const nas_tensor *t, const nas_channel_axis *axis,
                                           const int32_t *from, int32_t channels, nas_arena *a,
                                           nas_tensor *out, nas_err *err);

/* Puts the channels of an int8 graph into an order in which the file's zlib stream is short: of few
 * orders of each set, tried one after the other, the one in which zlib makes least of the set's
 * constants. The function stays bit for bit. Other graphs stay as they are. New constants live in
 * g's arena. Errors: NAS_EFORMAT g does not pass nas_graph_check; NAS_ENOMEM; NAS_EBUG zlib failed
 * without a reason. After the latter two g is not to be used. */
NAS_NODISCARD nas_status nas_channels_reorder(nas_graph *g, nas_err *err);

#endif
