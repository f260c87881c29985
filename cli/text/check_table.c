/* cli/text/check_table.c - nas data check of a table. */
#include "cli/text/check.h"
#include "search/task/forecast/audit.h"

#include <stdio.h>

nas_status cli_check_table(cli_checked *c, const nas_space *s, nas_arena *a, const nas_log *log,
                           nas_err *err) {
    const nas_audit_table *table = NULL;
    (void)s;
    (void)log;
    NAS_TRY(nas_audit_series(c->d, a, &table, err));
    c->found = table;
    return NAS_OK;
}

void cli_check_table_print(const cli_checked *c) {
    const nas_audit_table *v = c->found;
    static const char *const head[] = {"column", "least", "mean", "most", "standard deviation", ""};
    char n[4][32];
    cli_table *t = cli_table_open();
    putchar('\n');
    cli_check_head(t, head, 6);
    for (int32_t i = 0; i < v->n; i++) {
        const nas_audit_column *k = &v->columns[i];
        cli_table_cell(t, k->name, false);
        cli_check_figure(t, k->least);
        cli_check_figure(t, k->mean);
        cli_check_figure(t, k->most);
        cli_check_figure(t, k->deviation);
        cli_table_cell(t, k->target ? "target" : "", false);
        cli_table_row(t);
    }
    cli_check_end(t);
    printf("\nrows     %s, %s of them lack a value\n", nas_thousands(v->rows, n[0]),
           nas_thousands(v->dropped, n[1]));
    printf("stretches without a break  %s\n", nas_thousands(v->runs, n[0]));
    if (v->groups > 1) printf("groups   %s\n", nas_thousands(v->groups, n[0]));
    if (v->step_seconds > 0)
        printf("steps    of %g s; %s longer, %s shorter, %s of 0 or back\n", v->step_seconds,
               nas_thousands(v->gaps, n[0]), nas_thousands(v->irregular, n[1]),
               nas_thousands(v->repeats, n[2]));
    printf("windows  train %s, validation %s, test %s\n", nas_thousands(v->windows[0], n[0]),
           nas_thousands(v->windows[1], n[1]), nas_thousands(v->windows[2], n[2]));
}

void cli_check_table_json(const cli_checked *c) {
    const nas_audit_table *v = c->found;
    printf(", \"rows\": %d, \"dropped\": %lld, \"runs\": %d, \"gaps\": %lld, \"irregular\": %lld, "
           "\"repeats\": %lld",
           v->rows, (long long)v->dropped, v->runs, (long long)v->gaps, (long long)v->irregular,
           (long long)v->repeats);
    printf(", \"groups\": %d", v->groups);
    cli_check_number(", ", "step_seconds", v->step_seconds);
    cli_check_parts("windows", v->windows);
    fputs(", \"columns\": [", stdout);
    for (int32_t i = 0; i < v->n; i++) {
        const nas_audit_column *k = &v->columns[i];
        fputs(i ? ", {\"column\": " : "{\"column\": ", stdout);
        cli_print_json_text(k->name);
        printf(", \"target\": %s", k->target ? "true" : "false");
        cli_check_number(", ", "least", k->least);
        cli_check_number(", ", "mean", k->mean);
        cli_check_number(", ", "most", k->most);
        cli_check_number(", ", "deviation", k->deviation);
        putchar('}');
    }
    putchar(']');
}
