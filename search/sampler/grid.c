/* search/sampler/grid.c - every point once, the first choice of the file slowest. The cursor is the
 * number of the next point. */
#include "search/sampler/sampler_int.h"

static nas_status grid_check(const nas_space *s, int64_t trials, nas_err *err) {
    (void)trials;
    if (nas_space_points(s) >= 0) return NAS_OK;
    for (int32_t i = 0; i < nas_space_params(s); i++)
        if (nas_space_param(s, i)->options == 0)
            return nas_fail(err, NAS_EINVAL,
                            "%s: a range of floats without a step has no end in a grid; give it a "
                            "step, or take the sampler \"random\"",
                            nas_space_param(s, i)->path);
    return nas_fail(err, NAS_EINVAL, "a grid needs a finite space");
}

static nas_status grid_ask(const nas_question *q, int64_t *cursor, nas_point *out, nas_ask *what,
                           nas_err *err) {
    return nas_sampler_walk(q, 0, cursor, out, what, err);
}

const nas_sampler nas_sampler_grid = {
    .name = "grid",
    .help = "every point once, the first choice of the file slowest",
    .check = grid_check,
    .ask = grid_ask,
};
