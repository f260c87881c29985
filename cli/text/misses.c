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
    if (row->values[1].is_null || !row->values[1].text) return false;
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

static void print_state(nas_store *store, const nas_study *study, nas_state state, int64_t n) {
    static const char *const columns[] = {"number", "reason"};
    const nas_trials_ask ask = {.state = &state, .columns = columns, .n_columns = 2, .most = 1};
    char count[32];
    if (!n) return;
    printf("%s %s\n", nas_thousands(n, count), nas_state_text(state));
    (void)!nas_store_trials(store, study, &ask, print_reason, NULL, NULL);
}

/* An objective can be unknown of a trial that is complete: such a one never wins. */
static void print_unknown(nas_store *store, const nas_study *study, const nas_goal *goal) {
    const nas_state complete = NAS_COMPLETE;
    nas_trials_ask ask = {.state = &complete};
    char count[32];
    int64_t all, known;
    if (nas_store_count_trials(store, study, &ask, &all, NULL) != NAS_OK) return;
    ask.known = &goal->column;
    ask.n_known = 1;
    if (nas_store_count_trials(store, study, &ask, &known, NULL) == NAS_OK && all > known)
        printf("%s complete without a value of %s: such a trial never wins\n",
               nas_thousands(all - known, count), goal->column);
}

static void print_bounds(nas_store *store, const nas_study *study) {
    int64_t *n = calloc((size_t)study->n_bounds + 1, sizeof *n);
    for (int32_t i = 0; n && i < study->n_bounds; i++)
        (void)!nas_store_turned_away(store, study, &study->bounds[i], &n[i], NULL);
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

static void print_nearest(nas_store *store, const nas_study *study) {
    enum { SHOWN = 3 };
    const char **columns = calloc((size_t)study->n_bounds + 1, sizeof *columns);
    int32_t n = 0;
    if (!columns) return;
    columns[n++] = "number";
    for (int32_t i = 0; i < study->n_bounds; i++) {
        bool there = false;
        for (int32_t k = 1; k < n; k++) there |= !strcmp(columns[k], study->bounds[i].column);
        if (!there) columns[n++] = study->bounds[i].column;
    }
    puts("nearest misses:");
    (void)!nas_store_nearest(store, study, columns, n, SHOWN, print_miss, NULL, NULL);
    free(columns);
}

void cli_print_misses(nas_store *store, const nas_study *study, const nas_run_state *state) {
    puts("\nno trial satisfies the constraints");
    if (state->complete == 0) puts("no trial is complete");
    for (int32_t i = 0; i < study->n_goals; i++) print_unknown(store, study, &study->goals[i]);
    print_state(store, study, NAS_REJECTED, state->rejected);
    print_state(store, study, NAS_DIVERGED, state->diverged);
    print_state(store, study, NAS_FAILED, state->failed);
    if (study->n_bounds && state->complete + state->rejected) {
        puts("each bound turns away:");
        print_bounds(store, study);
    }
    if (study->n_bounds && state->complete) print_nearest(store, study);
}
