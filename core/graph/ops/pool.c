/* core/graph/ops/pool.c - AVERAGE_POOL_2D and MAX_POOL_2D. */
#include "core/graph/op_row.h"

/* What of a window can lie in the map. */
static int64_t most_in_window(const nas_check *c) {
    int64_t n = 1;
    for (int32_t k = 0; k < 2; k++) {
        const int32_t in = c->x->dims[1 + k], window = c->o->window[k];
        n *= window < in ? window : in;
    }
    return n;
}

static nas_status check_pool(const nas_check *c) {
    const int32_t one[2] = {1, 1};
    NAS_TRY(nas_check_map(c));
    NAS_TRY(nas_check_activation_kind(c));
    NAS_TRY(nas_check_activations(c));
    NAS_TRY(nas_check_same_scale(c));
    if (c->o->window[0] > NAS_MOST_WINDOW || c->o->window[1] > NAS_MOST_WINDOW)
        return nas_check_bad(c, "window %dx%d", c->o->window[0], c->o->window[1]);
    NAS_TRY(nas_check_window(c, c->o->window, one, c->x->dims[3]));
    if (c->o->kind == NAS_OP_MAX_POOL_2D || c->x->dtype == NAS_F32) return NAS_OK;
    if (most_in_window(c) > NAS_MOST_INT8_MEAN)
        return nas_check_bad(c, "a mean of more than %d values", NAS_MOST_INT8_MEAN);
    return NAS_OK;
}

static nas_status complete(nas_graph *g, nas_op *o, nas_err *err) {
    (void)g;
    (void)err;
    nas_op_at_least_one(o->stride);
    return NAS_OK;
}

const nas_op_row nas_op_average_pool_2d = {
    .name = "AVERAGE_POOL_2D",
    .operands = 1,
    .fuses = true,
    .scale = NAS_SCALE_INPUT,
    .check = check_pool,
    .complete = complete,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 5), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}},
};

const nas_op_row nas_op_max_pool_2d = {
    .name = "MAX_POOL_2D",
    .operands = 1,
    .fuses = true,
    .exact = true,
    .scale = NAS_SCALE_INPUT,
    .check = check_pool,
    .complete = complete,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 5), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}},
};
