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
} near;

static bool is_measured(const near *n, const char *column) {
    const int m = nas_metric_in(n->metrics, column);
    return m >= 0 && n->metrics->v[m].known == NAS_KNOWN_MEASURED;
}

/* The bounds as conditions; a measured one is moved outward by NEAR of itself. To be freed. */
static nas_condition *moved_bounds(const near *n) {
    nas_condition *where = calloc((size_t)n->study->n_bounds + 1, sizeof *where);
    for (int32_t i = 0; where && i < n->study->n_bounds; i++) {
        const nas_bound *b = &n->study->bounds[i];
        const nas_relation is = b->op;
        const double by = is_measured(n, b->column) ? NEAR * fabs(b->bound) : 0;
        where[i] = (nas_condition){b->column, is, b->bound - by * nas_relation_direction(is)};
    }
    return where;
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

/* Its row. */
static int64_t winner_of(const near *n) {
    return strtoll(cli_trial_get(n->winner, "id"), NULL, 10);
}

/* Those that might win: better than the winner, were it not for a bound; or, where the goal is a
 * time, nearly as good. */
static void each_rival(const near *n, int64_t most, nas_row_fn fn, void *ctx) {
    const nas_study *s = n->study;
    const nas_goal *g = &s->goals[0];
    const double share = g->direction == NAS_MAXIMIZE ? 1 - NEAR : 1 + NEAR;
    const nas_state complete = NAS_COMPLETE;
    nas_condition *where = moved_bounds(n);
    const char **columns = calloc((size_t)s->n_bounds + 2, sizeof *columns);
    nas_trials_ask ask = {.state = &complete,
                          .but = winner_of(n),
                          .where = where,
                          .n_where = s->n_bounds,
                          .rival_of = winner_of(n),
                          .share = is_measured(n, g->column) ? share : 0,
                          .columns = columns,
                          .n_columns = 2,
                          .order = NAS_BY_RANK,
                          .most = most};
    if (where && columns) {
        columns[0] = "number";
        columns[1] = g->column;
        for (int32_t i = 0; i < s->n_bounds; i++)
            if (is_measured(n, s->bounds[i].column) && strcmp(s->bounds[i].column, g->column) != 0)
                columns[ask.n_columns++] = s->bounds[i].column;
        (void)!nas_store_trials(n->store, s, &ask, fn, ctx, NULL);
    }
    free(columns);
    free(where);
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
    static const char *const columns[] = {"number"};
    const nas_trials_ask ask = {.among = NAS_AMONG_FEASIBLE,
                                .but = winner_of(n),
                                .columns = columns,
                                .n_columns = 1,
                                .order = NAS_BY_RANK,
                                .most = 1};
    int64_t next = -1;
    if (!b) return;
    (void)!nas_store_trials(n->store, n->study, &ask, note_any, &next, NULL);
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
    int64_t any = -1;
    int32_t left = LISTED;
    each_rival(&n, 1, note_any, &any);
    puts("measured times decide: they differ from run to run");
    if (any < 0 && !close_bound(&n)) puts("  no other trial is within a tenth of winning");
    if (any >= 0) puts("  near ties, within a tenth of winning:");
    if (any >= 0) each_rival(&n, LISTED + 1, print_row, &left);
    print_next(&n);
}
