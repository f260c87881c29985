/* core/data/table/series_group.c - rows of several series in one table. */
#include "core/data/table/series_int.h"

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

static int compare(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Numbers groups by their names in UTF-8, so that the order of the file is no matter. */
static nas_status sort_names(nas_series *s, nas_draft *d, nas_err *err) {
    nas_words *w = &d->groups, sorted = {0};
    const char **names = nas_arena_array(s->arena, 2 * (size_t)w->n + 1, sizeof *names, err);
    int32_t *rank = nas_arena_array(s->arena, (size_t)w->n + 1, sizeof *rank, err), number;
    if (!names || !rank) return NAS_ENOMEM;
    const char **in_order = names + w->n;
    for (int32_t i = 0; i < w->n; i++) {
        const nas_cell cell = {w->word[i], (int32_t)strlen(w->word[i])};
        if (!(names[i] = in_order[i] = nas_csv_text(s->arena, cell, err))) return NAS_ENOMEM;
    }
    qsort(in_order, (size_t)w->n, sizeof *in_order, compare);
    for (int32_t i = 0; i < w->n; i++) {
        const nas_cell cell = {in_order[i], (int32_t)strlen(in_order[i])};
        NAS_TRY(nas_words_number(&sorted, s->arena, cell, &number, err));
    }
    for (int32_t i = 0; i < w->n; i++) {
        const nas_cell cell = {names[i], (int32_t)strlen(names[i])};
        NAS_TRY(nas_words_number(&sorted, s->arena, cell, &rank[i], err));
    }
    for (int32_t i = 0; i < s->rows; i++) d->group[i] = rank[d->group[i]];
    *w = sorted;
    return NAS_OK;
}

static nas_status gather(nas_series *s, nas_draft *d, int32_t *begin, nas_err *err) {
    const int32_t n = s->n_groups;
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

nas_status nas_series_group(nas_series *s, nas_draft *d, nas_err *err) {
    if (d->group) NAS_TRY(sort_names(s, d, err));
    const int32_t n = s->n_groups = d->group && d->groups.n ? d->groups.n : 1;
    int32_t *begin = nas_arena_array(s->arena, (size_t)n + 2, sizeof *begin, err);
    if (!begin) return NAS_ENOMEM;
    begin[n] = s->rows;
    s->group_begin = begin;
    s->group_name = d->groups.word;
    return d->group ? gather(s, d, begin, err) : NAS_OK;
}
