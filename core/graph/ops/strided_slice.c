/* core/graph/ops/strided_slice.c - STRIDED_SLICE: a part of each axis. */
#include "core/graph/op_row.h"

/* Where a slice of n items begins or ends: negative from the end, then within what the step can
 * reach. */
static int64_t end_of(int64_t at, int64_t n, int64_t step) {
    if (at < 0) at += n;
    const int64_t lo = step > 0 ? 0 : -1, hi = step > 0 ? n : n - 1;
    return at < lo ? lo : at > hi ? hi : at;
}

void nas_slice_axis(const nas_op *o, int32_t axis, int32_t n, const int32_t part[3], int32_t *first,
                    int32_t *count) {
    const int64_t step = part[2], from = step > 0 ? 0 : n - 1, to = step > 0 ? n : -1;
    const int64_t begin = o->begin_mask >> axis & 1 ? from : end_of(part[0], n, step);
    int64_t end = o->end_mask >> axis & 1 ? to : end_of(part[1], n, step);
    if (o->shrink_mask >> axis & 1) end = begin + (step > 0 ? 1 : -1);
    const int64_t span = step > 0 ? end - begin : begin - end, each = step > 0 ? step : -step;
    *first = (int32_t)begin;
    *count = span > 0 && begin >= 0 && begin < n ? (int32_t)((span + each - 1) / each) : 0;
}

static nas_status check_slice(const nas_check *c) {
    const int32_t rank = c->x->rank;
    int32_t dims[NAS_MAX_RANK], kept = 0;
    const int32_t *list[3];
    NAS_TRY(nas_check_activations(c));
    NAS_TRY(nas_check_same_scale(c));
    for (int32_t k = 0; k < 3; k++) {
        const nas_tensor *s = nas_check_operand(c, 1 + k);
        if (!s || s->dtype != NAS_I32 || !s->data || s->rank != 1 || s->dims[0] != rank)
            return nas_check_bad(c, "begin, end and stride must be constant int32, one an axis");
        list[k] = s->data;
    }
    for (int32_t k = 0; k < rank; k++) {
        int32_t first, count;
        const bool gone = c->o->shrink_mask >> k & 1;
        if (list[2][k] == 0 || list[2][k] == INT32_MIN)
            return nas_check_bad(c, "its stride along axis %d is %d", k, list[2][k]);
        nas_slice_axis(c->o, k, c->x->dims[k], (int32_t[]){list[0][k], list[1][k], list[2][k]},
                       &first, &count);
        if (count < 1) return nas_check_bad(c, "it takes nothing of axis %d", k);
        if (!gone) dims[kept++] = count;
    }
    if (!nas_shape_is(c->y, kept, dims)) return nas_check_bad(c, "its output has the wrong shape");
    return NAS_OK;
}

const nas_op_row nas_op_strided_slice = {
    .name = "STRIDED_SLICE",
    .operands = 4,
    .lists = 0xe,
    .exact = true,
    .scale = NAS_SCALE_INPUT,
    .check = check_slice,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 6), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}},
};
