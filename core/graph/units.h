/* core/graph/units.h - a graph of standardised values made one of values in their own units.
 * Thread safety: no shared state; one thread at a time changes a graph. */
#ifndef NAS_CORE_GRAPH_UNITS_H
#define NAS_CORE_GRAPH_UNITS_H

#include "core/graph/graph.h"

/* An affine change of each of n columns: own = standardised * deviation + mean. Value i of an input
 * or output is of column i % n. */
typedef struct nas_columns {
    int32_t n;
    const float *mean, *deviation;
} nas_columns;

/* Can the columns' means and deviations go into kernels and biases, so that what the graph computes
 * stays the same but for rounding? So it is where the only reader of the input is a kernel that
 * sees no padding, and the output is made by a kernel without activation. Reshapes between do no
 * harm. The answer depends on shapes and operators alone. */
bool nas_graph_takes_units(const nas_graph *g, int32_t inputs, int32_t outputs);

/* Does it, on a folded float graph that takes them; constants are replaced in g's arena. Errors:
 * NAS_ENOMEM, and g is not to be used any more. */
NAS_NODISCARD nas_status nas_graph_give_units(nas_graph *g, const nas_columns *in,
                                              const nas_columns *out, nas_err *err);

#endif
