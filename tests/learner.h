/* tests/learner.h - a sampler that learns, for tests: where its next point lies, all results that
 * it may see say together. */
#ifndef NAS_TESTS_LEARNER_H
#define NAS_TESTS_LEARNER_H

#include "base/hash.h"
#include "search/sampler/sampler.h"
#include "search/task/task.h"

#include <stdio.h>

static void learner_add(nas_hasher *h, const nas_value *v) {
    char text[160];
    if (v->type == NAS_COLUMN_TEXT && !v->is_null)
        snprintf(text, sizeof text, "%s", v->text);
    else
        snprintf(text, sizeof text, "%.17g", nas_value_real(v));
    nas_hasher_text(h, text);
}

/* The point of the grid where the sampler begins to look. */
static int64_t learner_begin(const nas_question *q) {
    nas_hasher h = nas_hasher_start();
    for (int64_t i = 0; i < q->history.n; i++) {
        const nas_past *p = &q->history.v[i];
        nas_hasher_text(&h, nas_state_text(p->state));
        for (int32_t k = 0; k < nas_space_params(q->space); k++) learner_add(&h, &p->params[k]);
        learner_add(&h, &p->metrics[NAS_METRIC_SCORE]);
    }
    const nas_hash all = nas_hasher_end(&h);
    int64_t begin = q->n * 7;
    for (int k = 0; k < 4; k++) begin = begin * 31 + all.b[k];
    return begin;
}

/* From there on, what is new. */
static nas_status learner_ask(const nas_question *q, int64_t *cursor, nas_point *out, nas_ask *what,
                              nas_err *err) {
    const int64_t points = nas_space_points(q->space), begin = learner_begin(q);
    ++*cursor;
    for (int64_t i = 0; i < points; i++) {
        nas_hash hash;
        bool there;
        nas_space_grid(q->space, (begin + i) % points, out);
        NAS_TRY(nas_space_point_hash(q->space, out, &hash, err));
        NAS_TRY(q->seen->has(q->seen->ctx, &hash, &there, err));
        if (!there) return NAS_OK;
    }
    *what = NAS_ASK_EXHAUSTED;
    return NAS_OK;
}

#endif
