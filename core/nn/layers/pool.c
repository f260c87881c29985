/* core/nn/layers/pool.c - the windows of max_pool and average_pool. */
#include "core/nn/layers/pool_int.h"

static const char *const paddings[] = {"same", "valid", NULL};

const nas_key nas_pool_keys[] = {
    {.name = "size",
     .kind = NAS_KEY_PAIR,
     .offset = offsetof(nas_layer_spec, kernel),
     .lo = 1,
     .hi = NAS_MAX_KERNEL,
     .help = "[height, width] of the window"},
    {.name = "stride",
     .kind = NAS_KEY_PAIR,
     .offset = offsetof(nas_layer_spec, stride),
     .lo = 1,
     .hi = NAS_MAX_KERNEL,
     .def = "null",
     .flags = NAS_KEY_NULLABLE,
     .help = "[height, width] from window to window; null: size"},
    {.name = "padding",
     .kind = NAS_KEY_WORD,
     .offset = offsetof(nas_layer_spec, padding),
     .def = "\"valid\"",
     .words = paddings,
     .help = "same: windows may stand over the edge, and see what is inside; valid: they may not"},
    NAS_KEY_END};

static nas_layer_spec window_spec(const nas_layer_spec *s) {
    nas_layer_spec r = *s;
    for (int32_t i = 0; i < 2; i++)
        if (!r.stride[i]) r.stride[i] = r.kernel[i];
    return r;
}

nas_status nas_pool_plan(nas_node *node, nas_err *err) {
    const nas_layer_spec s = window_spec(node->spec);
    const nas_shape in = node->in_shape[0];
    nas_window w;
    node->out_shape.c = in.c;
    if (s.kernel[0] > in.h || s.kernel[1] > in.w)
        return nas_fail(err, NAS_ESHAPE, "size %dx%d is larger than its input %dx%d", s.kernel[0],
                        s.kernel[1], in.h, in.w);
    return nas_window_plan(&s, in, &w, &node->out_shape, err);
}

nas_pool nas_pool_of(const nas_node *node) {
    const nas_layer_spec s = window_spec(node->spec);
    const nas_window w = nas_window_of(node, &s);
    return (nas_pool){.size = {w.kernel[0], w.kernel[1]},
                      .stride = {w.stride[0], w.stride[1]},
                      .before = {w.before[0], w.before[1]}};
}

nas_status nas_pool_lower(const nas_node *node, nas_op_kind kind, nas_graph *g, int32_t in,
                          int32_t *out, nas_err *err) {
    const nas_pool p = nas_pool_of(node);
    nas_op op = {.kind = kind,
                 .n_in = 1,
                 .in = {in},
                 .padding = (nas_padding)node->spec->padding,
                 .stride = {p.stride[0], p.stride[1]},
                 .window = {p.size[0], p.size[1]}};
    NAS_TRY(nas_lower_rank(g, node->in_shape[0], false, &op.in[0], err));
    return nas_lower_op(g, op, node->out_shape, false, out, err);
}
