/* cli/text/misses.c - why no trial satisfies the constraints: which bound kills most, and what came
 * nearest. */
#include "cli/text/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool print_reason(void *ctx, const nas_row *row) {
    (void)ctx;
    if (row->values[1].is_null) return false;
    printf("  the first: #%" PRId64 " ", row->values[0].integer);
    cli_print_visible(stdout, row->values[1].text, false);
    putchar('\n');
    return false;
}

static bool print_miss(void *ctx, const nas_row *row) {
    (void)ctx;
    char value[64];
    printf("  #%" PRId64, row->values[0].integer);
    for (int32_t i = 1; i < row->n; i++)
        printf("  %s %s", row->names[i], cli_value(&row->values[i], value, sizeof value));
    putchar('\n');
    return true;
}

static void print_state(nas_store *store, const char *view, const char *state, int64_t n) {
    char sql[512], count[32];
    if (!n) return;
    printf("%s %s\n", nas_thousands(n, count), state);
    snprintf(sql, sizeof sql,
             "select number, reason from %s where state = '%s' order by number limit 1", view,
             state);
    (void)!nas_store_query(store, sql, NULL, 0, print_reason, NULL, NULL);
}

static const char *op_of(const nas_bound *b) {
    return strcmp(b->op, "==") == 0 ? "=" : b->op;
}

/* How many complete trials a bound turns away, and how many are known to before training. */
static int64_t killed_by(nas_store *store, const char *view, const nas_bound *b) {
    char sql[1024];
    int64_t n = 0;
    const nas_value text = {.type = NAS_COLUMN_TEXT, .text = b->text};
    snprintf(sql, sizeof sql,
             "select count(*) from %s where (state = 'complete' and (\"%s\" %s %.17g) is not true)"
             " or (state = 'rejected' and instr(reason, ?1 || ':') = 1)",
             view, b->column, op_of(b), b->bound);
    (void)!nas_store_query_integer(store, sql, &text, 1, &n, NULL);
    return n;
}

/* An objective can be unknown of a trial that is complete: such a one never wins. */
static void print_unknown(nas_store *store, const char *view, const nas_goal *goal) {
    char sql[512], count[32];
    int64_t n = 0;
    snprintf(sql, sizeof sql, "select count(*) from %s where state = 'complete' and \"%s\" is null",
             view, goal->column);
    if (nas_store_query_integer(store, sql, NULL, 0, &n, NULL) == NAS_OK && n > 0)
        printf("%s complete without a value of %s: those never win\n", nas_thousands(n, count),
               goal->column);
}

static void print_bounds(nas_store *store, const nas_study *study, const char *view) {
    int64_t *n = calloc((size_t)study->n_bounds + 1, sizeof *n);
    for (int32_t i = 0; n && i < study->n_bounds; i++)
        n[i] = killed_by(store, view, &study->bounds[i]);
    for (int32_t printed = 0; n && printed < study->n_bounds; printed++) {
        int32_t most = 0;
        char count[32];
        for (int32_t i = 1; i < study->n_bounds; i++)
            if (n[i] > n[most]) most = i;
        fputs("  ", stdout);
        cli_print_visible(stdout, study->bounds[most].text, false);
        for (size_t k = strlen(study->bounds[most].text); k < 28; k++) putchar(' ');
        printf(" %s\n", nas_thousands(n[most], count));
        n[most] = -1;
    }
    free(n);
}

/* Nearest by how far off the bounds they are, as shares of them; a bound that is kept adds none, a
 * value that is none is farthest. */
static void add_distance(FILE *f, const nas_bound *b) {
    fprintf(f,
            " + (case when \"%s\" %s %.17g then 0 else "
            "coalesce(abs(\"%s\" - %.17g) / %.17g, 1e99) end)",
            b->column, op_of(b), b->bound, b->column, b->bound,
            fabs(b->bound) > 1e-9 ? fabs(b->bound) : 1.0);
}

static void print_nearest(nas_store *store, const nas_study *study, const char *view) {
    char *sql = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&sql, &n);
    if (!f) return;
    fputs("select number", f);
    for (int32_t i = 0; i < study->n_bounds; i++) {
        bool there = false;
        for (int32_t k = 0; k < i; k++)
            there |= strcmp(study->bounds[k].column, study->bounds[i].column) == 0;
        if (!there) fprintf(f, ", \"%s\"", study->bounds[i].column);
    }
    fprintf(f, " from %s where state = 'complete' order by 0", view);
    for (int32_t i = 0; i < study->n_bounds; i++) add_distance(f, &study->bounds[i]);
    fputs(", number limit 3", f);
    if (fclose(f) == 0) {
        puts("nearest misses:");
        (void)!nas_store_query(store, sql, NULL, 0, print_miss, NULL, NULL);
    }
    free(sql);
}

void cli_print_misses(nas_store *store, const nas_study *study, const nas_run_state *state) {
    char view[160];
    nas_view_name(study->name, "", view);
    puts("\nno trial satisfies the constraints");
    if (state->complete == 0) puts("no trial is complete");
    for (int32_t i = 0; i < study->n_goals; i++) print_unknown(store, view, &study->goals[i]);
    print_state(store, view, "rejected", state->rejected);
    print_state(store, view, "diverged", state->diverged);
    print_state(store, view, "failed", state->failed);
    if (study->n_bounds && state->complete + state->rejected) {
        puts("each bound turns away:");
        print_bounds(store, study, view);
    }
    if (study->n_bounds && state->complete) print_nearest(store, study, view);
}
