/* core/deploy/tflite/read_ops.c - the operators of a .tflite file and their options. */
#include "core/deploy/ops/op.h"
#include "core/deploy/tflite/names.h"

#include <stdio.h>
#include <string.h>

/* --- kinds ------------------------------------------------------------------------------------ */

/* The number of an operator's options in the union; 0: it has none that matter. */
static uint32_t options_type(int32_t code) {
    switch (code) {
    case NAS_LOOSE_GATHER: return 23;
    case NAS_LOOSE_REDUCE_PROD: return 27;
    case NAS_LOOSE_SQUEEZE: return 30;
    case NAS_LOOSE_PACK: return 59;
    case NAS_LOOSE_SPLIT: return 35;
    case NAS_LOOSE_SPLIT_V: return 79;
    case NAS_LOOSE_BATCH_TO_SPACE:
    case NAS_LOOSE_SPACE_TO_BATCH:
    case NAS_LOOSE_EXPAND_DIMS:
    case NAS_LOOSE_SHAPE: return 0;
    default: break;
    }
    const nas_deploy_op *row = nas_deploy_op_of(code);
    return row ? row->options : 0;
}

static bool is_known(int32_t code) {
    switch (code) {
    case NAS_LOOSE_GATHER:
    case NAS_LOOSE_REDUCE_PROD:
    case NAS_LOOSE_SQUEEZE:
    case NAS_LOOSE_PACK:
    case NAS_LOOSE_SPLIT:
    case NAS_LOOSE_SPLIT_V:
    case NAS_LOOSE_BATCH_TO_SPACE:
    case NAS_LOOSE_SPACE_TO_BATCH:
    case NAS_LOOSE_EXPAND_DIMS:
    case NAS_LOOSE_SHAPE: return true;
    default: return nas_deploy_op_of(code) != NULL;
    }
}

/* Runtimes take the larger of two fields. */
static int32_t read_code(nas_reader *r, uint32_t number, nas_flat_in_table *code) {
    const nas_flat_in_table from = nas_flat_item_table(&r->f, &r->ops, number);
    const uint32_t index = (uint32_t)nas_flat_field_i32(&r->f, &from, TFL_OP_CODE, 0);
    if (r->f.status == NAS_OK && index >= r->codes.count)
        nas_flat_fail(&r->f, NAS_EFORMAT, "operator %u names code %u of %u", number, index,
                      r->codes.count);
    if (r->f.status != NAS_OK) return 0;
    *code = nas_flat_item_table(&r->f, &r->codes, index);
    const int32_t narrow = (int8_t)nas_flat_field_u8(&r->f, code, TFL_CODE_BYTE);
    const int32_t wide = nas_flat_field_i32(&r->f, code, TFL_CODE_WIDE, 0);
    return narrow > wide ? narrow : wide;
}

/* The others that are not known either, each once. */
static void list_more(nas_reader *r, uint32_t from, int32_t first, char *out, size_t room) {
    bool seen[256] = {false};
    int n = 0;
    out[0] = '\0';
    if (first >= 0 && first < 256) seen[first] = true;
    for (uint32_t i = from; i < r->ops.count && (size_t)n < room; i++) {
        nas_flat_in_table code = {0};
        const int32_t kind = read_code(r, i, &code);
        if (r->f.status != NAS_OK || kind < 0 || kind >= 256 || seen[kind] || is_known(kind))
            continue;
        seen[kind] = true;
        n += snprintf(out + n, room - (size_t)n, "%s%s", n ? ", " : "; nor does it run ",
                      tfl_operator_name(kind));
    }
}

void nas_read_codes(nas_reader *r) {
    char custom[NAS_READ_NAME], more[128];
    for (uint32_t i = 0; i < r->ops.count && r->f.status == NAS_OK; i++) {
        nas_flat_in_table code = {0};
        const int32_t kind = read_code(r, i, &code);
        if (r->f.status != NAS_OK || is_known(kind)) continue;
        const char *name = nas_read_text(r, &code, TFL_CODE_CUSTOM, custom);
        list_more(r, i, kind, more, sizeof more);
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "operator %u is %s%s%s%s, which nas does not run%s",
                      i, tfl_operator_name(kind), *name ? " (" : "", name, *name ? ")" : "", more);
    }
}

/* --- options ---------------------------------------------------------------------------------- */

nas_activation nas_read_activation(nas_reader *r, const nas_flat_in_table *from, uint32_t slot,
                                   const nas_loose_op *o) {
    const uint32_t a = nas_flat_field_u8(&r->f, from, slot);
    if (a != NAS_ACT_NONE && a != NAS_ACT_RELU && a != NAS_ACT_RELU6)
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED,
                      "operator %d (%s) has the fused activation %s, which nas does not run",
                      o->number, tfl_operator_name(o->code), tfl_activation_name((int32_t)a));
    return (nas_activation)a;
}

void nas_read_strides(nas_reader *r, const nas_flat_in_table *from, nas_op *o) {
    o->padding = (nas_padding)nas_flat_field_u8(&r->f, from, TFL_PADDING);
    o->stride[1] = nas_flat_field_i32(&r->f, from, TFL_STRIDE_W, 0);
    o->stride[0] = nas_flat_field_i32(&r->f, from, TFL_STRIDE_H, 0);
}

/* RESHAPE's shape, SQUEEZE's axes. */
void nas_read_dims(nas_reader *r, const nas_flat_in_table *from, uint32_t slot, nas_loose_op *o) {
    const nas_flat_in_vector v = nas_flat_field_vector(&r->f, from, slot, 4);
    if (v.count > NAS_MAX_RANK)
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED,
                      "operator %d (%s) names %u dimensions; at most %d are supported", o->number,
                      tfl_operator_name(o->code), v.count, NAS_MAX_RANK);
    if (r->f.status != NAS_OK) return;
    o->n_dims = (int32_t)v.count;
    for (uint32_t k = 0; k < v.count; k++)
        o->dims[k] = (int32_t)nas_flat_get_u32(&r->f, v.at + 4 * (size_t)k);
}

/* Of what goes while the file is opened. */
static void read_loose_options(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *o) {
    switch (o->code) {
    case NAS_LOOSE_SQUEEZE: nas_read_dims(r, t, TFL_SQUEEZE_AXES, o); break;
    case NAS_LOOSE_PACK: o->axis = nas_flat_field_i32(&r->f, t, TFL_PACK_AXIS, 0); break;
    case NAS_LOOSE_GATHER: o->axis = nas_flat_field_i32(&r->f, t, TFL_GATHER_AXIS, 0); break;
    case NAS_LOOSE_REDUCE_PROD:
        o->o.keep_dims = nas_flat_field_u8(&r->f, t, TFL_MEAN_KEEP_DIMS) != 0;
        break;
    default: break;
    }
}

static void read_options(nas_reader *r, const nas_flat_in_table *from, nas_loose_op *o) {
    const uint32_t type = nas_flat_field_u8(&r->f, from, TFL_OP_OPTIONS_TYPE);
    const uint32_t own = options_type(o->code);
    nas_flat_in_table t = {0};
    if (type && type == own) t = nas_flat_field_table(&r->f, from, TFL_OP_OPTIONS);
    if (type && own && type != own)
        nas_flat_fail(&r->f, NAS_EFORMAT, "operator %d (%s) has options of another kind", o->number,
                      tfl_operator_name(o->code));
    const nas_deploy_op *row = nas_deploy_op_of(o->code);
    if (r->f.status == NAS_OK && row && row->read) row->read(r, &t, o);
    if (r->f.status == NAS_OK && !row) read_loose_options(r, &t, o);
}

/* --- operators -------------------------------------------------------------------------------- */

static void read_operands(nas_reader *r, const nas_flat_in_table *from, nas_loose_op *o) {
    char who[NAS_READ_NAME];
    const nas_flat_in_vector in = nas_flat_field_vector(&r->f, from, TFL_OP_INPUTS, 4);
    const nas_flat_in_vector out = nas_flat_field_vector(&r->f, from, TFL_OP_OUTPUTS, 4);
    if (r->f.status != NAS_OK) return;
    snprintf(who, sizeof who, "operator %d (%s)", o->number, tfl_operator_name(o->code));
    const bool splits = o->code == NAS_LOOSE_SPLIT || o->code == NAS_LOOSE_SPLIT_V;
    const uint32_t most = splits ? NAS_LOOSE_INPUTS : 1;
    if (in.count > NAS_LOOSE_INPUTS || out.count < 1 || out.count > most) {
        nas_flat_fail(&r->f, NAS_EUNSUPPORTED, "%s has %u inputs and %u outputs", who, in.count,
                      out.count);
        return;
    }
    o->n_in = (int32_t)in.count;
    for (uint32_t k = 0; k < in.count; k++) {
        o->in[k] = (int32_t)nas_flat_get_u32(&r->f, in.at + 4 * k);
        if (o->in[k] != -1) nas_read_demand(r, o->in[k], who);
    }
    o->n_out = (int32_t)out.count;
    for (uint32_t k = 0; k < out.count; k++) {
        o->outs[k] = (int32_t)nas_flat_get_u32(&r->f, out.at + 4 * k);
        nas_read_demand(r, o->outs[k], who);
    }
    o->out = o->outs[0];
}

void nas_read_ops(nas_reader *r) {
    nas_loose *l = &r->l;
    if (r->f.status != NAS_OK) return;
    l->ops = nas_arena_array(l->arena, r->ops.count, sizeof *l->ops, r->f.err);
    if (!l->ops) r->f.status = NAS_ENOMEM;
    for (uint32_t i = 0; i < r->ops.count && r->f.status == NAS_OK; i++) {
        const nas_flat_in_table from = nas_flat_item_table(&r->f, &r->ops, i);
        nas_flat_in_table code = {0};
        nas_loose_op *o = &l->ops[i];
        o->number = (int32_t)i;
        o->code = read_code(r, i, &code);
        if (r->f.status != NAS_OK) return;
        o->o.version = nas_flat_field_i32(&r->f, &code, TFL_CODE_VERSION, 1);
        read_operands(r, &from, o);
        if (r->f.status == NAS_OK) read_options(r, &from, o);
    }
    l->n_ops = (int32_t)r->ops.count;
}
