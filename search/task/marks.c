/* search/task/marks.c - room for what each example got. */
#include "search/task/marks.h"

#include <string.h>

static nas_status open_cells(size_t n, nas_arena *a, nas_marks *m, nas_err *err) {
    double **const sums[] = {&m->windows, &m->error, &m->square, &m->carried, &m->seasonal};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        if (!(*sums[i] = nas_arena_array(a, n, sizeof **sums[i], err))) return NAS_ENOMEM;
    return NAS_OK;
}

nas_status nas_marks_open(const nas_dataset *d, bool details, nas_arena *a, nas_marks **out,
                          nas_err *err) {
    const size_t n = (size_t)d->n_marks;
    nas_marks *m = *out = nas_arena_alloc(a, sizeof *m, err);
    if (!m) return NAS_ENOMEM;
    m->n = d->n_marks;
    if (d->series) return open_cells(n, a, m, err);
    m->right = nas_arena_array(a, n, sizeof *m->right, err);
    if (!m->right) return NAS_ENOMEM;
    memset(m->right, NAS_UNMARKED, n);
    if (!details) return NAS_OK;
    m->class = nas_arena_array(a, n, sizeof *m->class, err);
    m->share = nas_arena_array(a, n, sizeof *m->share, err);
    return m->class && m->share ? NAS_OK : NAS_ENOMEM;
}
