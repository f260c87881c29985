/* cli/text/check_text.c - what nas data check prints. */
#include "cli/data_check.h"
#include "search/task/task.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_count(cli_table *t, int64_t v) {
    char text[32];
    cli_table_cell(t, nas_thousands(v, text), true);
}

static void add_figure(cli_table *t, double v) {
    char text[48];
    snprintf(text, sizeof text, "%.6g", v);
    cli_table_cell(t, isnan(v) ? "-" : text, true);
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
    const char *const head[] = {
        "class", "clips",   folds ? "folds" : "train", folds ? "pick epochs" : "validation",
        "test",  "speakers"};
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
static void add_range(cli_table *t, int decimals, double lo, double hi) {
    char a[32], b[32], text[72];
    snprintf(a, sizeof a, "%.*f", decimals, lo);
    snprintf(b, sizeof b, "%.*f", decimals, hi);
    snprintf(text, sizeof text, strcmp(a, b) == 0 ? "%s" : "%s .. %s", a, b);
    cli_table_cell(t, isnan(lo) ? "-" : text, true);
}

static void print_sound(const nas_audit *v) {
    static const char *const head[] = {"class",    "rate Hz",          "seconds",
                                       "level dB", "nothing above Hz", "constant"};
    cli_table *t = cli_table_open();
    add_head(t, head, 6);
    for (int32_t l = 0; l < v->n_classes; l++) {
        const nas_audit_class *c = &v->classes[l];
        cli_table_cell(t, c->name, false);
        add_range(t, 0, c->rate_lo, c->rate_hi);
        add_range(t, 2, c->seconds.lo, c->seconds.hi);
        add_range(t, 0, c->level_db.lo, c->level_db.hi);
        add_range(t, 0, c->edge_hz.lo, c->edge_hz.hi);
        add_count(t, c->constant);
        cli_table_row(t);
    }
    end_table(t);
    puts("  a tenth of the clips lies below the first figure, a tenth above the second");
}

static void print_clips(const cli_checked *c) {
    const nas_audit *v = c->audit;
    static const char *const by[] = {"speaker", "file", "lists", "folders", "groups"};
    char n[3][32];
    putchar('\n');
    print_classes(c->d, v);
    putchar('\n');
    print_sound(v);
    printf("\nsplit       by %s; %s speakers\n", by[v->by], nas_thousands(v->speakers, n[0]));
    if (v->unnamed)
        printf("            %s clips whose names tell no speaker: each file name counts as one\n",
               nas_thousands(v->unnamed, n[0]));
    printf("copies      %s clips; with a copy in another %s: %s, in another class: %s\n",
           nas_thousands(v->copies, n[0]), c->d->folds ? "fold" : "set",
           nas_thousands(v->copies_in_parts, n[1]), nas_thousands(v->copies_in_classes, n[2]));
    for (int p = NAS_VALIDATION; p < NAS_PARTS; p++)
        if (v->part_speakers[p])
            printf("%-10s  %s speakers, %s of them train too\n", nas_part_name((nas_part)p),
                   nas_thousands(v->part_speakers[p], n[0]), nas_thousands(v->shared[p], n[1]));
    printf("front ends  %d looked at\n", c->fronts);
}

static void print_table(const nas_audit_table *v) {
    static const char *const head[] = {"column", "least", "mean", "most", "standard deviation", ""};
    char n[4][32];
    cli_table *t = cli_table_open();
    putchar('\n');
    add_head(t, head, 6);
    for (int32_t i = 0; i < v->n; i++) {
        const nas_audit_column *c = &v->columns[i];
        cli_table_cell(t, c->name, false);
        add_figure(t, c->least);
        add_figure(t, c->mean);
        add_figure(t, c->most);
        add_figure(t, c->deviation);
        cli_table_cell(t, c->target ? "target" : "", false);
        cli_table_row(t);
    }
    end_table(t);
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

/* Names of files are in it, and may hold anything. */
static void print_finding(int32_t i, const char *said) {
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (f) cli_print_visible(f, said, false);
    if (f && fclose(f) == 0) {
        const int at = printf("%3d  ", i);
        cli_print_wrapped(stdout, text, at, at);
    }
    free(text);
}

void cli_check_print(const cli_checked *c) {
    char what[512] = "";
    c->d->task->ops->describe(c->d, what, sizeof what);
    printf("%s: %s\n", c->space, what);
    if (c->d->folder) {
        fputs("data: ", stdout);
        cli_print_visible(stdout, c->d->folder, false);
        putchar('\n');
    }
    if (c->audit) print_clips(c);
    if (c->table) print_table(c->table);
    putchar('\n');
    for (int32_t i = 0; i < c->n; i++) print_finding(i + 1, c->said[i]);
    if (c->n)
        printf("%d finding%s\n", c->n, c->n == 1 ? "" : "s");
    else
        puts("nothing found");
}

static void put_number(const char *before, const char *name, double v) {
    char text[48];
    snprintf(text, sizeof text, "%.9g", v);
    printf("%s\"%s\": %s", before, name, isfinite(v) ? text : "null");
}

static void put_spread(const char *name, const nas_spread *v) {
    printf(", \"%s\": ", name);
    put_number("{", "tenth", v->lo);
    put_number(", ", "half", v->mid);
    put_number(", ", "nine_tenths", v->hi);
    putchar('}');
}

static void put_parts(const char *name, const int32_t v[NAS_PARTS]) {
    printf(", \"%s\": {\"train\": %d, \"validation\": %d, \"test\": %d}", name, v[NAS_TRAIN],
           v[NAS_VALIDATION], v[NAS_TEST]);
}

static void json_clips(const nas_audit *v) {
    printf(", \"clips\": %d, \"speakers\": %d, \"copies\": %d, \"copies_in_parts\": %d, "
           "\"copies_in_classes\": %d",
           v->clips, v->speakers, v->copies, v->copies_in_parts, v->copies_in_classes);
    put_parts("part_speakers", v->part_speakers);
    put_parts("shared_speakers", v->shared);
    fputs(", \"classes\": [", stdout);
    for (int32_t l = 0; l < v->n_classes; l++) {
        const nas_audit_class *c = &v->classes[l];
        fputs(l ? ", {\"class\": " : "{\"class\": ", stdout);
        cli_print_json_text(c->name);
        printf(", \"clips\": %d, \"speakers\": %d, \"constant\": %d, \"rate_hz\": [%d, %d]",
               c->clips, c->speakers, c->constant, c->rate_lo, c->rate_hi);
        put_parts("parts", c->part);
        put_spread("seconds", &c->seconds);
        put_spread("level_db", &c->level_db);
        put_spread("edge_hz", &c->edge_hz);
        putchar('}');
    }
    putchar(']');
}

static void json_table(const nas_audit_table *v) {
    printf(", \"rows\": %d, \"dropped\": %lld, \"runs\": %d, \"gaps\": %lld, \"irregular\": %lld, "
           "\"repeats\": %lld",
           v->rows, (long long)v->dropped, v->runs, (long long)v->gaps, (long long)v->irregular,
           (long long)v->repeats);
    printf(", \"groups\": %d", v->groups);
    put_number(", ", "step_seconds", v->step_seconds);
    put_parts("windows", v->windows);
    fputs(", \"columns\": [", stdout);
    for (int32_t i = 0; i < v->n; i++) {
        const nas_audit_column *c = &v->columns[i];
        fputs(i ? ", {\"column\": " : "{\"column\": ", stdout);
        cli_print_json_text(c->name);
        printf(", \"target\": %s", c->target ? "true" : "false");
        put_number(", ", "least", c->least);
        put_number(", ", "mean", c->mean);
        put_number(", ", "most", c->most);
        put_number(", ", "deviation", c->deviation);
        putchar('}');
    }
    putchar(']');
}

void cli_check_json(const cli_checked *c) {
    fputs("{\"space\": ", stdout);
    cli_print_json_text(c->space);
    if (c->d->folder) {
        fputs(", \"data\": ", stdout);
        cli_print_json_text(c->d->folder);
    }
    if (c->audit) json_clips(c->audit);
    if (c->table) json_table(c->table);
    fputs(", \"findings\": [", stdout);
    for (int32_t i = 0; i < c->n; i++) {
        if (i) fputs(", ", stdout);
        cli_print_json_text(c->said[i]);
    }
    puts("]}");
}
