/* cli/text/rivals.c - forecasts that need no search, where they do better than a trial. */
#include "cli/text/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The metric `head` + target. */
static double figure(const cli_trial *t, const char *head, const char *target) {
    char name[64];
    snprintf(name, sizeof name, "%s%s", head, target);
    return cli_trial_number(t, name);
}

static void add_line(cli_table *table, const char *target, const char *what, double theirs,
                     double mine) {
    char text[96];
    snprintf(text, sizeof text, "%.4f beside %.4f", theirs, mine);
    cli_table_cell(table, "  ", false);
    cli_table_cell(table, target, false);
    cli_table_cell(table, what, false);
    cli_table_cell(table, text, false);
    cli_table_row(table);
}

void cli_print_rivals(const cli_trial *t, const nas_study *study) {
    static const char head[] = "mae_linear_";
    cli_table *table = cli_table_open();
    bool any = false;
    for (int32_t i = 0; i < study->n_metrics; i++) {
        const char *name = study->metrics[i].name, *target = name + sizeof head - 1;
        if (strncmp(name, head, sizeof head - 1) != 0) continue;
        const double mae = figure(t, "mae_", target), linear = figure(t, head, target);
        const double skill = figure(t, "skill_seasonal_", target);
        if (linear <= mae) add_line(table, target, "least squares on the window: mae", linear, mae);
        /* skill = 1 - mae / theirs */
        if (skill <= 0)
            add_line(table, target, "seasonal naive, what was there a season before: mae",
                     mae / (1 - skill), mae);
        any |= linear <= mae || skill <= 0;
    }
    if (any) puts("simpler forecasts that it does not beat");
    if (any) cli_table_print(table);
    cli_table_close(table);
}
