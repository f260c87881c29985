/* core/data/series_group.c - rows of several series in one table. */
#include "core/data/series_int.h"

#include <stdlib.h>
#include <string.h>

/* Rows of `bytes` each from their places in the file to their places by group. */
static bool permute(void *v, size_t bytes, int32_t rows, const int32_t *from) {
    if (!v) return true;
    char *copy = malloc(bytes * (size_t)rows), *to = v;
    if (!copy) return false;
    memcpy(copy, v, bytes * (size_t)rows);
    for (int32_t i = 0; i < rows; i++)
        memcpy(to + bytes * (size_t)i, copy + bytes * (size_t)from[i], bytes);
    free(copy);
    return true;
}

static bool permute_all(const nas_series *s, nas_draft *d, const int32_t *from) {
    const size_t in = (size_t)s->config.n_inputs, targets = (size_t)s->config.n_targets;
    for (int32_t i = 0; i < d->numbers->n; i++)
        if (!permute(d->numbers->column[i].v, sizeof(double), s->rows, from)) return false;
    return permute(d->inputs, in * sizeof *d->inputs, s->rows, from) &&
           permute(d->targets, targets * sizeof *d->targets, s->rows, from) &&
           permute(d->broken, sizeof *d->broken, s->rows, from) &&
           permute(d->line, sizeof *d->line, s->rows, from) &&
           permute(d->time, sizeof *d->time, s->rows, from) &&
           permute(d->group, sizeof *d->group, s->rows, from);
}

nas_status nas_series_group(nas_series *s, nas_draft *d, nas_err *err) {
    const int32_t n = d->group ? d->groups.n : 1;
    int32_t *begin = nas_arena_array(s->arena, (size_t)n + 2, sizeof *begin, err);
    if (!begin) return NAS_ENOMEM;
    s->n_groups = n;
    s->group_begin = begin;
    s->group_name = d->groups.word;
    begin[n] = s->rows;
    if (!d->group) return NAS_OK;
    int32_t *from = malloc(((size_t)s->rows + 1) * sizeof *from);
    if (!from) return nas_fail(err, NAS_ENOMEM, "%s: out of memory", s->path);
    /* begin[g + 2] counts, then begin[g + 1] is where the next row of g goes. */
    memset(begin, 0, ((size_t)n + 2) * sizeof *begin);
    for (int32_t i = 0; i < s->rows; i++) begin[d->group[i] + 2]++;
    for (int32_t g = 2; g < n + 2; g++) begin[g] += begin[g - 1];
    for (int32_t i = 0; i < s->rows; i++) from[begin[d->group[i] + 1]++] = i;
    const bool done = permute_all(s, d, from);
    free(from);
    return done ? NAS_OK : nas_fail(err, NAS_ENOMEM, "%s: out of memory", s->path);
}
