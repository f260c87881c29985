/* core/graph/graph_int.h - what graph and deploy share about graphs.
 * Thread safety: no shared state; one thread at a time changes a graph.
 * Errors, where none are named: NAS_ENOMEM. */
#ifndef NAS_CORE_GRAPH_GRAPH_INT_H
#define NAS_CORE_GRAPH_GRAPH_INT_H

#include "core/graph/graph.h"

/* Tensors, or operators, that a graph may have. */
enum { NAS_GRAPH_MOST = 1 << 14 };

/* Adds *o as it is: nothing that was left out is completed. On an error g is as it was. */
NAS_NODISCARD nas_status nas_graph_add_op(nas_graph *g, const nas_op *o, nas_err *err);

/* Drops operators without operands and tensors that nobody names; the rest keep their order. g has
 * an input and an output. On an error g is as it was. */
NAS_NODISCARD nas_status nas_graph_sweep(nas_graph *g, nas_err *err);

/* Does o turn a constant into another? Its output is made once, when the model is loaded. */
static inline bool nas_op_makes_constant(const nas_graph *g, const nas_op *o) {
    return o->kind == NAS_OP_DEQUANTIZE && g->tensors[o->in[0]].data;
}

/* Is operand `slot` of o a constant of int32 (shape, axes, widths)? */
bool nas_op_is_shape_operand(const nas_op *o, int32_t slot);

#endif
