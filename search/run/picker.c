/* search/run/picker.c - asks the sampler; keeps what it has read of trials before. */
#include "search/run/picker.h"

#include "search/task/task.h"

#include <string.h>

nas_status nas_picker_open(nas_picker *p, nas_err *err) {
    p->past = NULL;
    p->n = p->room = 0;
    NAS_TRY(nas_arena_open(&p->kept, err));
    p->point.values =
        nas_arena_array(p->kept, (size_t)nas_space_params(p->space), sizeof(double), err);
    return p->point.values ? NAS_OK : NAS_ENOMEM;
}

void nas_picker_close(nas_picker *p) {
    nas_arena_close(p->kept);
    *p = (nas_picker){0};
}

/* May a choice depend on it? Not on times, nor on what the test set says, nor on ends of
 * intervals, which are judged again when the study's confidence changes. */
static bool is_told(const nas_metric_list *list, int m) {
    if (list->v[m].known == NAS_KNOWN_MEASURED || !list->v[m].selectable) return false;
    for (int i = 0; i < list->n; i++)
        if (list->v[i].bound && strcmp(list->v[i].bound, list->v[m].name) == 0) return false;
    return true;
}

static nas_status keep_values(nas_arena *a, const nas_value *v, int32_t n, nas_value **out,
                              nas_err *err) {
    *out = nas_arena_array(a, (size_t)n, sizeof **out, err);
    if (!*out) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++) {
        (*out)[i] = v[i];
        if (v[i].is_null || v[i].type != NAS_COLUMN_TEXT) continue;
        (*out)[i].text = nas_arena_text(a, v[i].text, err);
        if (!(*out)[i].text) return NAS_ENOMEM;
    }
    return NAS_OK;
}

static nas_status keep(void *ctx, const nas_past_row *row, nas_err *err) {
    nas_picker *p = ctx;
    const nas_metric_list *list = &nas_space_task(p->space)->metrics;
    if (p->n == p->room) {
        const int64_t room = p->room ? 2 * p->room : 64;
        nas_past *more = nas_arena_array(p->kept, (size_t)room, sizeof *more, err);
        if (!more) return NAS_ENOMEM;
        if (p->n) memcpy(more, p->past, (size_t)p->n * sizeof *more);
        p->past = more;
        p->room = room;
    }
    nas_value *params = NULL, *metrics = NULL;
    NAS_TRY(keep_values(p->kept, row->params, nas_space_params(p->space), &params, err));
    NAS_TRY(keep_values(p->kept, row->metrics, list->n, &metrics, err));
    for (int m = 0; m < list->n; m++)
        if (!is_told(list, m)) metrics[m] = (nas_value){.is_null = true};
    p->past[p->n++] = (nas_past){row->number, row->state, params, metrics};
    return NAS_OK;
}

static nas_status seen(void *ctx, const nas_hash *candidate, bool *yes, nas_err *err) {
    const nas_picker *p = ctx;
    return nas_store_has_candidate(p->store, p->study, candidate, yes, err);
}

/* A point whose front end and model do not fit has a document too: decoding says why, later. */
nas_status nas_picker_pick(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                           nas_picked *out, nas_err *err) {
    nas_picker *p = ctx;
    const nas_seen has = {.ctx = p, .has = seen};
    nas_question q = {.space = p->space, .seed = p->seed, .n = number, .seen = &has, .by = p->by};
    NAS_TRY(nas_store_past(p->store, p->study, p->n, nas_sampler_needs(&q), keep, p, err));
    q.history = (nas_history){p->past, p->n};
    nas_ask what;
    NAS_TRY(nas_sampler_next(&q, cursor, &p->point, &what, err));
    out->exhausted = what == NAS_ASK_EXHAUSTED;
    out->again = what == NAS_ASK_AGAIN;
    out->wait = what == NAS_ASK_WAIT;
    if (what != NAS_ASK_POINT) return NAS_OK;
    NAS_TRY(nas_space_point_hash(p->space, &p->point, &out->candidate, err));
    NAS_TRY(nas_space_document(p->space, p->arena, &p->point, &out->json, err));
    nas_space_values(p->space, &p->point, values);
    return NAS_OK;
}
