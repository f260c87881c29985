/* cli/text/check.c - cells and members that nas data check prints, whatever the task. */
#include "cli/text/check.h"

#include "base/text/digits.h"

#include <math.h>
#include <stdio.h>

void cli_check_count(cli_table *t, int64_t v) {
    char text[32];
    cli_table_cell(t, nas_thousands(v, text), true);
}

void cli_check_figure(cli_table *t, double v) {
    char text[48];
    snprintf(text, sizeof text, "%.6g", v);
    cli_table_cell(t, isnan(v) ? "-" : text, true);
}

void cli_check_head(cli_table *t, const char *const *head, int n) {
    for (int i = 0; i < n; i++) cli_table_cell(t, head[i], i > 0);
    cli_table_row(t);
}

void cli_check_end(cli_table *t) {
    cli_table_print_cut(t);
    cli_table_close(t);
}

void cli_check_number(const char *before, const char *name, double v) {
    char text[48];
    snprintf(text, sizeof text, "%.9g", v);
    printf("%s\"%s\": %s", before, name, isfinite(v) ? text : "null");
}

void cli_check_parts(const char *name, const int32_t v[NAS_PARTS]) {
    printf(", \"%s\": {\"train\": %d, \"validation\": %d, \"test\": %d}", name, v[NAS_TRAIN],
           v[NAS_VALIDATION], v[NAS_TEST]);
}
