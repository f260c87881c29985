/* cli/text/near.c - where the winner hangs on a measured time: the trials that might win when it is
 * measured again. */
#include "cli/text/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Medians of one machine differ by a few percent from run to run; more on a busy one. */
static const double NEAR = 0.1;
enum { LISTED = 10 };

typedef struct near {
    nas_store *store;
    const nas_study *study;
    const nas_metric_list *metrics;
    const cli_trial *winner;
    char view[160];
} near;

static bool is_measured(const near *n, const char *column) {
    const int m = nas_metric_in(n->metrics, column);
    return m >= 0 && n->metrics->v[m].known == NAS_KNOWN_MEASURED;
}

static const char *op_of(const nas_bound *b) {
    return strcmp(b->op, "==") == 0 ? "=" : b->op;
}

/* The bound as a condition; a measured one is moved outward by `slack` of itself. */
static void put_bound(FILE *f, const near *n, const nas_bound *b, double slack) {
    const double by = is_measured(n, b->column) ? slack * fabs(b->bound) : 0;
    fprintf(f, " and \"%s\" %s %.17g", b->column, op_of(b),
            b->op[0] == '<'   ? b->bound + by
            : b->op[0] == '>' ? b->bound - by
                              : b->bound);
}

static void put_bounds(FILE *f, const near *n, double slack) {
    for (int32_t i = 0; i < n->study->n_bounds; i++) put_bound(f, n, &n->study->bounds[i], slack);
}

static bool print_row(void *ctx, const nas_row *row) {
    char value[64];
    int32_t *left = ctx;
    if ((*left)-- <= 0) {
        puts("  and others");
        return false;
    }
    printf("  #%" PRId64, row->values[0].integer);
    for (int32_t i = 1; i < row->n; i++)
        printf("  %s %s", row->names[i], cli_value(&row->values[i], value, sizeof value));
    putchar('\n');
    return true;
}

static bool note_any(void *ctx, const nas_row *row) {
    *(int64_t *)ctx = row->values[0].integer;
    return false;
}

/* What stands in a column of the winner, exactly. */
static void put_winners(FILE *f, const near *n, const char *column) {
    fprintf(f, "(select \"%s\" from %s where id = %s)", column, n->view,
            cli_trial_get(n->winner, "id"));
}

/* Better than the winner, were it not for a bound; or, where the goal is a time, nearly as good. */
static void put_rival(FILE *f, const near *n) {
    const nas_goal *g = &n->study->goals[0];
    const char *tie = n->study->tie_break, *better = g->maximize ? ">" : "<";
    if (is_measured(n, g->column)) {
        fprintf(f, " and \"%s\" %s= %.17g * ", g->column, better,
                g->maximize ? 1 - NEAR : 1 + NEAR);
        put_winners(f, n, g->column);
        return;
    }
    fprintf(f, " and (\"%s\" %s ", g->column, better);
    put_winners(f, n, g->column);
    fprintf(f, " or (\"%s\" = ", g->column);
    put_winners(f, n, g->column);
    fprintf(f, " and (coalesce(\"%s\", 0), number) < (coalesce(", tie);
    put_winners(f, n, tie);
    fprintf(f, ", 0), %s)))", cli_trial_get(n->winner, "number"));
}

/* The statement of those that might win. To be freed; NULL: no memory. */
static char *near_sql(const near *n) {
    const nas_study *s = n->study;
    const nas_goal *g = &s->goals[0];
    char *sql = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&sql, &bytes);
    if (!f) return NULL;
    fprintf(f, "select number, \"%s\"", g->column);
    for (int32_t i = 0; i < s->n_bounds; i++)
        if (is_measured(n, s->bounds[i].column) && strcmp(s->bounds[i].column, g->column) != 0)
            fprintf(f, ", \"%s\"", s->bounds[i].column);
    fprintf(f, " from %s where state = 'complete' and id <> %s", n->view,
            cli_trial_get(n->winner, "id"));
    put_bounds(f, n, NEAR);
    put_rival(f, n);
    fprintf(f, " order by \"%s\" %s, \"%s\", number", g->column, g->maximize ? "desc" : "asc",
            s->tie_break);
    if (fclose(f) == 0) return sql;
    free(sql);
    return NULL;
}

/* A measured bound that the winner keeps by less than NEAR; NULL: none. */
static const nas_bound *close_bound(const near *n) {
    for (int32_t i = 0; i < n->study->n_bounds; i++) {
        const nas_bound *b = &n->study->bounds[i];
        const double v = cli_trial_number(n->winner, b->column);
        if (is_measured(n, b->column) && fabs(v - b->bound) <= NEAR * fabs(b->bound)) return b;
    }
    return NULL;
}

static void print_next(const near *n) {
    const nas_bound *b = close_bound(n);
    char sql[1024], feasible[160];
    const nas_goal *g = &n->study->goals[0];
    int64_t next = -1;
    if (!b) return;
    nas_view_name(n->study->name, "_feasible", feasible);
    snprintf(sql, sizeof sql,
             "select number from %s where id <> %s order by \"%s\" %s, \"%s\", number limit 1",
             feasible, cli_trial_get(n->winner, "id"), g->column, g->maximize ? "desc" : "asc",
             n->study->tie_break);
    (void)!nas_store_query(n->store, sql, NULL, 0, note_any, &next, NULL);
    fputs("  the winner keeps ", stdout);
    cli_print_visible(stdout, b->text, false);
    fputs(" by less than a tenth; ", stdout);
    if (next >= 0)
        printf("should it miss it, #%" PRId64 " wins\n", next);
    else
        puts("no other trial keeps all constraints");
}

void cli_print_near(nas_store *store, const nas_study *study, const nas_metric_list *metrics,
                    const cli_trial *winner) {
    near n = {.store = store, .study = study, .metrics = metrics, .winner = winner};
    bool hangs = study->n_goals > 0 && is_measured(&n, study->goals[0].column);
    for (int32_t i = 0; i < study->n_bounds; i++) hangs |= is_measured(&n, study->bounds[i].column);
    if (!hangs || !winner) return;
    nas_view_name(study->name, "", n.view);
    int64_t any = -1;
    int32_t left = LISTED;
    char *sql = near_sql(&n);
    if (sql) (void)!nas_store_query(store, sql, NULL, 0, note_any, &any, NULL);
    puts("measured times decide: they differ from run to run");
    if (any < 0 && !close_bound(&n)) puts("  no other trial is within a tenth of winning");
    if (any >= 0) puts("  near ties, within a tenth of winning:");
    if (any >= 0) (void)!nas_store_query(store, sql, NULL, 0, print_row, &left, NULL);
    print_next(&n);
    free(sql);
}
