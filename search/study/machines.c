/* search/study/machines.c - whose times a study compares. */
#include "search/study/machines.h"

#include "base/text/c_text.h"
#include "search/study/columns.h"
#include "store/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MACHINES_MOST = 64, NAMED = 4 };

typedef struct machines {
    nas_arena *arena;
    nas_err *err;
    int32_t n;
    bool more, failed; /* than there is room for; for want of memory */
    const char *name[MACHINES_MOST];
} machines;

static bool add_machine(machines *m, const char *name) {
    for (int32_t i = 0; i < m->n; i++)
        if (strcmp(m->name[i], name) == 0) return true;
    m->more = m->n == MACHINES_MOST;
    if (m->more) return false;
    m->name[m->n] = nas_arena_text(m->arena, name, m->err);
    m->failed = !m->name[m->n];
    return !m->failed && ++m->n;
}

static bool note_machine(void *ctx, const nas_row *row) {
    const nas_value *v = &row->values[0];
    return v->is_null || v->type != NAS_COLUMN_TEXT || add_machine(ctx, v->text);
}

static int by_name(const void *x, const void *y) {
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static bool is_time(const nas_study *study, const char *column) {
    return nas_study_metric(study, column).known == NAS_KNOWN_MEASURED;
}

/* Each name once, after a comma. */
static void add_name(const nas_study *study, const char *column, const char **seen, int32_t *n,
                     FILE *out) {
    for (int32_t i = 0; i < *n; i++)
        if (strcmp(seen[i], column) == 0) return;
    if (!is_time(study, column)) return;
    fprintf(out, "%s%s", *n ? ", " : "", column);
    seen[(*n)++] = column;
}

static nas_status list_times(const nas_study *study, const char *const *columns, int32_t n,
                             nas_arena *a, FILE *out, int32_t *times, nas_err *err) {
    const int32_t most = n ? n : study->n_bounds + study->n_goals;
    const char **seen = nas_arena_array(a, (size_t)most + 1, sizeof *seen, err);
    if (!seen) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++) add_name(study, columns[i], seen, times, out);
    for (int32_t i = 0; !n && i < study->n_goals; i++)
        add_name(study, study->goals[i].column, seen, times, out);
    for (int32_t i = 0; !n && i < study->n_bounds; i++)
        add_name(study, study->bounds[i].column, seen, times, out);
    return NAS_OK;
}

static void list_machines(const machines *m, FILE *out) {
    fprintf(out, " of trials of %d%s " NAS_MACHINES_MARK ":", m->n, m->more ? " and more" : "");
    for (int32_t i = 0; i < m->n && i < NAMED; i++)
        fprintf(out, "%s \"%s\"", i ? "," : "", m->name[i]);
    if (m->n > NAMED) fputs(" and others", out);
    fputs(". A time of one is no time of another: select by macs, or measure all trials on one "
          "machine; the column machine says which is whose",
          out);
}

nas_status nas_machines_mixed(nas_store *store, const nas_study *study, const char *const *columns,
                              int32_t n, const char *also, nas_arena *a, const char **text,
                              nas_err *err) {
    static const char *const column[] = {"machine"};
    const nas_state complete = NAS_COMPLETE;
    const nas_trials_ask ask = {.state = &complete, .columns = column, .n_columns = 1};
    machines m = {.arena = a, .err = err};
    nas_stream t;
    int32_t times = 0;
    *text = NULL;
    NAS_TRY(nas_stream_open(&t, err));
    nas_status st = list_times(study, columns, n, a, t.to, &times, err);
    if (st == NAS_OK && times) st = nas_store_trials(store, study, &ask, note_machine, &m, err);
    if (st == NAS_OK && times && also) (void)add_machine(&m, also);
    if (st == NAS_OK && m.failed) st = NAS_ENOMEM;
    qsort(m.name, (size_t)m.n, sizeof *m.name, by_name);
    if (m.n > 1) list_machines(&m, t.to);
    const char *said = NULL;
    const nas_status printed = nas_stream_take(&t, a, &said, err);
    if (st == NAS_OK && printed == NAS_OK && times && m.n > 1) *text = said;
    return st == NAS_OK ? printed : st;
}
