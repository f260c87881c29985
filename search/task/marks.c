/* search/task/marks.c - room for what each example got. */
#include "search/task/task.h"

nas_status nas_marks_open(const nas_dataset *d, bool details, nas_arena *a, nas_marks **out,
                          nas_err *err) {
    nas_marks *m = *out = nas_arena_alloc(a, sizeof *m, err);
    if (!m) return NAS_ENOMEM;
    m->n = d->n_marks;
    return d->task->ops->marks(d, details, a, m, err);
}
