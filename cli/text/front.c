/* cli/text/front.c - the front of a study: what there is to choose between. */
#include "cli/text/report.h"
#include "search/run/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct member {
    int64_t number;
    bool feasible;
} member;

typedef struct front {
    member *members;
    size_t n, room;
    const char **metrics; /* that span it; NULL at the end */
    bool failed;
} front;

static bool add_member(void *ctx, const nas_row *row) {
    front *f = ctx;
    if (f->n == f->room) {
        const size_t room = f->room ? f->room * 2 : 64;
        member *more = realloc(f->members, room * sizeof *more);
        f->failed = !more;
        if (!more) return false;
        f->members = more;
        f->room = room;
    }
    f->members[f->n++] = (member){row->values[0].integer, row->values[1].integer != 0};
    return true;
}

static nas_status read_front(nas_store *store, const nas_study *study, bool feasible_only, front *f,
                             nas_err *err) {
    static const char *const columns[] = {"number"};
    const nas_trials_ask ask = {.among = NAS_AMONG_FRONT,
                                .feasible = feasible_only,
                                .or_feasible = true,
                                .columns = columns,
                                .n_columns = 1,
                                .order = NAS_BY_RANK};
    NAS_TRY(nas_store_trials(store, study, &ask, add_member, f, err));
    return f->failed ? nas_fail(err, NAS_ENOMEM, "out of memory") : NAS_OK;
}

/* The metrics that span it: objectives, then those of the constraints, each once. */
static bool list_metrics(const nas_study *study, front *f) {
    int32_t n = 0;
    const char **out = calloc((size_t)(study->n_goals + study->n_bounds) + 1, sizeof *out);
    f->metrics = out;
    for (int32_t i = 0; out && i < study->n_goals + study->n_bounds; i++) {
        const char *column =
            i < study->n_goals ? study->goals[i].column : study->bounds[i - study->n_goals].column;
        bool there = false;
        for (int32_t k = 0; k < n; k++) there = there || strcmp(out[k], column) == 0;
        if (!there) out[n++] = column;
    }
    return out != NULL;
}

static void add_figure(cli_table *table, const nas_study *study, const cli_trial *t,
                       const char *metric) {
    char text[32];
    const nas_metric m = nas_study_metric(study, metric);
    cli_table_cell(table, cli_metric(&m, cli_trial_number(t, metric), text), true);
}

static nas_status add_row(nas_store *store, const nas_study *study, const front *f, const member *m,
                          bool feasible_only, cli_table *table, nas_err *err) {
    char settings[1024], number[32];
    cli_trial *t = cli_trial_numbered(store, study, m->number, err);
    if (!t) return err && err->code ? err->code : NAS_OK;
    snprintf(number, sizeof number, "%" PRId64, m->number);
    cli_table_cell(table, number, true);
    if (!feasible_only && study->n_bounds) cli_table_cell(table, m->feasible ? "yes" : "no", false);
    for (int32_t i = 0; f->metrics[i]; i++) add_figure(table, study, t, f->metrics[i]);
    cli_trial_settings(t, study, settings, sizeof settings);
    cli_table_cell(table, settings, false);
    cli_table_row(table);
    cli_trial_close(t);
    return NAS_OK;
}

static void add_head(const nas_study *study, const front *f, bool feasible_only, cli_table *table) {
    cli_table_cell(table, "number", true);
    if (!feasible_only && study->n_bounds) cli_table_cell(table, "feasible", false);
    for (int32_t i = 0; f->metrics[i]; i++) cli_table_cell(table, f->metrics[i], true);
    cli_table_cell(table, "settings", false);
    cli_table_row(table);
}

nas_status cli_print_front(nas_store *store, const nas_study *study, bool feasible_only,
                           int64_t most, int64_t *n, nas_err *err) {
    front f = {0};
    *n = 0;
    if (!list_metrics(study, &f)) return nas_fail(err, NAS_ENOMEM, "out of memory");
    nas_status st = read_front(store, study, feasible_only, &f, err);
    cli_table *table = cli_table_open();
    add_head(study, &f, feasible_only, table);
    for (size_t i = 0; st == NAS_OK && i < f.n && (int64_t)i < most; i++)
        st = add_row(store, study, &f, &f.members[i], feasible_only, table, err);
    if (st == NAS_OK && f.n) cli_table_print_cut(table);
    if (st == NAS_OK) *n = (int64_t)f.n;
    cli_table_close(table);
    free(f.members);
    free(f.metrics);
    return st;
}
