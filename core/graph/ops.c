/* core/graph/ops.c - the table of operators, and what it answers. */
#include "core/graph/graph_int.h"
#include "core/graph/op_row.h"

#define ROW(NAME, name, code) extern const nas_op_row nas_op_##name;
NAS_OP_LIST(ROW)
#undef ROW

#define ROW(NAME, name, code) [NAS_OP_##NAME] = &nas_op_##name,
static const nas_op_row *const rows[] = {NAS_OP_LIST(ROW)};
#undef ROW

const nas_op_row *nas_op_row_of(nas_op_kind kind) {
    const int64_t k = (int64_t)kind;
    return k >= 0 && k < (int64_t)(sizeof rows / sizeof *rows) ? rows[k] : NULL;
}

const char *nas_op_name(nas_op_kind k) {
    const nas_op_row *row = nas_op_row_of(k);
    return row ? row->name : NULL;
}

bool nas_op_is_weighted(const nas_op *o) {
    return nas_op_row_of(o->kind)->weighted;
}

bool nas_op_is_shape_operand(const nas_op *o, int32_t slot) {
    return nas_op_row_of(o->kind)->lists >> slot & 1;
}

bool nas_op_is_int8(const nas_graph *g, const nas_op *o) {
    return g->tensors[o->in[0]].dtype == NAS_I8;
}

int64_t nas_op_macs(const nas_graph *g, const nas_op *o) {
    const nas_op_row *row = nas_op_row_of(o->kind);
    return row->macs && o->n_in > 1 ? row->macs(g, o) : 0;
}

nas_form nas_form_of(const nas_graph *g, const nas_op *o) {
    const nas_op_row *row = nas_op_row_of(o->kind);
    if (row->form) return row->form(g, o);
    return nas_op_is_int8(g, o) ? NAS_FORM_INT8 : NAS_FORM_FLOAT;
}

int32_t nas_op_version(const nas_graph *g, const nas_op *o) {
    const nas_op_row *row = nas_op_row_of(o->kind);
    if (row->version) return row->version(g, o);
    return nas_op_is_int8(g, o) ? 2 : 1;
}

void nas_op_at_least_one(int32_t v[2]) {
    if (v[0] == 0) v[0] = 1;
    if (v[1] == 0) v[1] = 1;
}
