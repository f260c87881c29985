/* core/deploy/format/format.c - the table of number formats. */
#include "core/deploy/format/int.h"

#define ROW(NUMBER, name) &nas_format_##name,
static const nas_format_ops *const formats[] = {NAS_FORMAT_LIST(ROW)};
#undef ROW

#define NAME(NUMBER, name) #name,
const char *const nas_format_names[] = {NAS_FORMAT_LIST(NAME) NULL};
#undef NAME

const nas_format_ops *nas_format_at(nas_format format) {
    return (size_t)format < NAS_FORMATS ? formats[format] : NULL;
}

nas_status nas_format_apply(const nas_graph *g, nas_format format, const float *x, int32_t n,
                            nas_graph *out, nas_err *err) {
    const nas_format_ops *row = nas_format_at(format);
    *out = nas_graph_start(out->arena);
    if (!row) return nas_fail(err, NAS_EINVAL, "number format %d does not exist", (int)format);
    NAS_TRY(nas_graph_check(g, err));
    for (int32_t k = 0; k < g->n_tensors; k++) {
        const nas_tensor *t = &g->tensors[k];
        if (t->dtype != NAS_F32 && !(t->dtype == NAS_I32 && t->data))
            return nas_fail(err, NAS_EINVAL, "%s: tensor %d is not float32", row->name, k);
    }
    return row->apply(g, x, n, out, err);
}
