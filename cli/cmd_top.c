/* cli/cmd_top.c - nas top: the best trials of a study. */
#include "cli/study.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STUDY, VERSION, COUNT, ALL, PARETO };

typedef struct listing {
    cli_table *table;
    const nas_study *study;
    int64_t rows;
} listing;

/* What the task lists, then what every net has, then the time. NULL past the end. */
static const char *figure_at(const nas_study *study, int32_t i) {
    const char *metric = nas_study_listed(study, i);
    if (metric) return metric;
    return i == 0 || nas_study_listed(study, i - 1) ? "seconds" : NULL;
}

static void show_metric(const nas_study *study, const char *name, double v, char out[32]) {
    const nas_metric m = nas_study_metric(study, name);
    cli_metric(&m, v, out);
}

static bool add_row(void *ctx, const nas_row *row) {
    listing *l = ctx;
    char text[256];
    l->rows++;
    for (int32_t i = 0; i < row->n; i++) {
        const nas_value *v = &row->values[i];
        const bool is_text = v->type == NAS_COLUMN_TEXT && !v->is_null;
        if (v->is_null)
            text[0] = '\0';
        else if (nas_study_has(l->study, row->names[i]))
            show_metric(l->study, row->names[i], nas_value_real(v), text);
        else if (strcmp(row->names[i], "seconds") == 0)
            snprintf(text, sizeof text, "%.1f", v->real);
        else
            cli_value(v, text, sizeof text);
        cli_table_cell(l->table, text, !is_text);
    }
    cli_table_row(l->table);
    return true;
}

static bool is_among(const char *const *names, int32_t n, const char *name) {
    for (int32_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

/* Number and state, the latter where not all are complete; the objectives; settings that vary among
 * the rows; what is bounded; other figures; settings that are the same in all. A narrow terminal
 * cuts from the end. To be freed; NULL: no memory. */
static const char **columns(const nas_study *study, const bool *varies, bool states, int32_t *n) {
    int32_t most = 2 + study->n_goals + study->n_bounds + study->n_params;
    for (int32_t i = 0; figure_at(study, i); i++) most++;
    const char **names = malloc((size_t)most * sizeof *names);
    *n = 0;
    if (!names) return NULL;
    names[(*n)++] = "number";
    if (states) names[(*n)++] = "state";
    for (int32_t i = 0; i < study->n_goals; i++) names[(*n)++] = study->goals[i].column;
    for (int32_t i = 0; i < study->n_params; i++)
        if (varies[i]) names[(*n)++] = study->params[i].name;
    for (int32_t i = 0; i < study->n_bounds; i++)
        if (!is_among(names, *n, study->bounds[i].column)) names[(*n)++] = study->bounds[i].column;
    for (int32_t i = 0; figure_at(study, i); i++)
        if (!is_among(names, *n, figure_at(study, i))) names[(*n)++] = figure_at(study, i);
    for (int32_t i = 0; i < study->n_params; i++)
        if (!varies[i]) names[(*n)++] = study->params[i].name;
    return names;
}

static const char *head_of(const nas_study *study, const char *column) {
    for (int32_t i = 0; i < study->n_params; i++)
        if (strcmp(study->params[i].name, column) == 0) return cli_short_name(study, i);
    return column;
}

static void header(listing *l, const char *const *names, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        cli_table_cell(l->table, head_of(l->study, names[i]),
                       nas_study_has(l->study, names[i]) || strcmp(names[i], "seconds") == 0 ||
                           strcmp(names[i], "number") == 0);
    cli_table_row(l->table);
}

/* What the list leaves out: those beyond its length, and those that --all would show. */
static void print_rest(cli_study *s, int64_t rows, bool all) {
    char n[3][32];
    const nas_state complete = NAS_COMPLETE;
    const nas_trials_ask which[] = {
        {.among = NAS_AMONG_ALL}, {.among = NAS_AMONG_FEASIBLE}, {.state = &complete}};
    int64_t count[3] = {0};
    for (int i = 0; i < 3; i++)
        if (nas_store_count_trials(s->store, &s->def, &which[i], &count[i], NULL) != NAS_OK) return;
    const int64_t total = count[all ? 0 : 1], miss = count[2] - count[1],
                  none = count[0] - count[2];
    if (rows < total)
        printf("%s of %s%s; -n shows more\n", nas_thousands(rows, n[0]), nas_thousands(total, n[1]),
               all ? "" : " that satisfy the constraints");
    if (all || (!miss && !none)) return;
    if (miss) printf("%s miss%s a constraint", nas_thousands(miss, n[0]), miss == 1 ? "es" : "");
    if (none)
        printf("%s%s ha%s no result", miss ? ", " : "", nas_thousands(none, n[1]),
               none == 1 ? "s" : "ve");
    puts(": --all lists them");
}

static nas_status fill(listing *l, cli_study *s, bool all, int64_t n, bool *varies, nas_err *err) {
    nas_trials_ask ask = {
        .among = all ? NAS_AMONG_ALL : NAS_AMONG_FEASIBLE, .order = NAS_BY_RANK, .most = n};
    int32_t n_names = 0;
    NAS_TRY(nas_store_varying(s->store, &s->def, &ask, varies, err));
    const char **names = columns(&s->def, varies, all, &n_names);
    if (!names) return nas_fail(err, NAS_ENOMEM, "out of memory");
    header(l, names, n_names);
    ask.columns = names;
    ask.n_columns = n_names;
    const nas_status st = nas_store_trials(s->store, &s->def, &ask, add_row, l, err);
    free(names);
    return st;
}

static int list(cli_study *s, bool all, int64_t n) {
    nas_err err = {0};
    bool *varies = calloc((size_t)s->def.n_params + 1, sizeof *varies);
    listing l = {.table = cli_table_open(), .study = &s->def};
    nas_status st =
        varies ? fill(&l, s, all, n, varies, &err) : nas_fail(&err, NAS_ENOMEM, "out of memory");
    if (st == NAS_OK && l.rows) cli_table_print_cut(l.table);
    if (st == NAS_OK && !l.rows) puts(all ? "no trial yet" : "no trial satisfies the constraints");
    cli_table_close(l.table);
    free(varies);
    if (st != NAS_OK) return cli_fail(&err);
    print_rest(s, l.rows, all);
    return CLI_OK;
}

static int list_front(cli_study *s, int64_t most) {
    nas_err err = {0};
    int64_t n;
    if (cli_print_front(s->store, &s->def, false, most, &n, &err) != NAS_OK) return cli_fail(&err);
    if (!n) puts("no trial is complete yet");
    return CLI_OK;
}

static int run(const cli_args *args) {
    if (args->option[ALL] && args->option[PARETO]) {
        fputs("nas top: --all and --pareto exclude each other\n", stderr);
        return CLI_BAD;
    }
    int64_t n = 10;
    if (args->option[COUNT] && !cli_number("-n", args->option[COUNT], 1, 1000000, &n))
        return CLI_BAD;
    cli_study s;
    int st;
    if (!cli_study_open(&s, args->word[0], args->option[STUDY], args->option[VERSION], &st))
        return st;
    if (args->option[PARETO])
        st = list_front(&s, args->option[COUNT] ? n : INT64_MAX);
    else
        st = list(&s, args->option[ALL] != NULL, n);
    nas_err err = {0};
    if (st == CLI_OK && cli_warn_of_machines(&s, NULL, 0, &err) != NAS_OK) st = cli_fail(&err);
    cli_study_close(&s);
    return st;
}

const cli_command cli_top = {
    .name = "top",
    .words = "DB",
    .least = 1,
    .most = 1,
    .summary = "List the best trials of a study: those that satisfy the constraints, all, or the "
               "Pareto front",
    .options =
        {
            [STUDY] = {"--study", "NAME", "which study, where the database has several"},
            [VERSION] = CLI_VERSION,
            [COUNT] = {"-n", "N", "how many (default: 10)"},
            [ALL] = {"--all", NULL, "also trials that miss a constraint or have no result"},
            [PARETO] =
                {"--pareto", NULL,
                 "the Pareto front: trials that no other beats in one objective or constraint "
                 "without being worse in another"},
        },
    .text = "Behind the objectives stand the settings that vary among the trials shown. Their\n"
            "names are shortened; `nas show DB TRIAL` has them whole. A terminal cuts lines at\n"
            "its edge. A file or a pipe gets whole lines.\n\n"
            "examples:\n"
            "  nas top demo.db\n"
            "  nas top demo.db -n 50 --all\n"
            "  nas top grid.db --pareto\n",
    .run = run,
};
