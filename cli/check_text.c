/* cli/check_text.c - what nas data check prints. */
#include "cli/data_check.h"
#include "search/task.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void add_count(cli_table *t, int64_t v) {
    char text[32];
    cli_table_cell(t, nas_thousands(v, text), true);
}

static void add_figure(cli_table *t, const char *format, double v) {
    char text[48];
    if (isnan(v))
        snprintf(text, sizeof text, "-");
    else
        snprintf(text, sizeof text, format, v); /* NOLINT: the formats stand below */
    cli_table_cell(t, text, true);
}

static void add_head(cli_table *t, const char *const *head, int n) {
    for (int i = 0; i < n; i++) cli_table_cell(t, head[i], i > 0);
    cli_table_row(t);
}

static void end_table(cli_table *t) {
    cli_table_print_cut(t);
    cli_table_close(t);
}

static void print_classes(const nas_dataset *d, const nas_audit *v) {
    const bool folds = d->folds > 0;
    const char *const head[] = {"class",    "clips", folds ? "folds" : "train",
                                folds ? "pick epochs" : "validation", "test", "speakers"};
    cli_table *t = cli_table_open();
    add_head(t, head, 6);
    for (int32_t l = 0; l < v->n_classes; l++) {
        const nas_audit_class *c = &v->classes[l];
        cli_table_cell(t, c->name, false);
        add_count(t, c->clips);
        for (int p = 0; p < NAS_PARTS; p++) add_count(t, c->part[p]);
        add_count(t, c->speakers);
        cli_table_row(t);
    }
    end_table(t);
}

/* "0.50 .. 1.00", or one of them where both are the same. */
static void add_range(cli_table *t, const char *format, double lo, double hi) {
    char a[32], b[32], text[72];
    snprintf(a, sizeof a, format, lo);
    snprintf(b, sizeof b, format, hi);
    if (isnan(lo))
        snprintf(text, sizeof text, "-");
    else if (strcmp(a, b) == 0)
        snprintf(text, sizeof text, "%s", a);
    else
        snprintf(text, sizeof text, "%s .. %s", a, b);
    cli_table_cell(t, text, true);
}

static void print_sound(const nas_audit *v) {
    static const char *const head[] = {"class", "rate Hz", "seconds", "level dB", "nothing above Hz",
                                       "constant"};
    cli_table *t = cli_table_open();
    add_head(t, head, 6);
    for (int32_t l = 0; l < v->n_classes; l++) {
        const nas_audit_class *c = &v->classes[l];
        cli_table_cell(t, c->name, false);
        add_range(t, "%.0f", c->rate_lo, c->rate_hi);
        add_range(t, "%.2f", c->seconds.lo, c->seconds.hi);
        add_range(t, "%.0f", c->level_db.lo, c->level_db.hi);
        add_range(t, "%.0f", c->edge_hz.lo, c->edge_hz.hi);
        add_count(t, c->constant);
        cli_table_row(t);
    }
    end_table(t);
    puts("  a tenth of the clips lies below the first figure, a tenth above the second");
}
