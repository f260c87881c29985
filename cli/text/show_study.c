/* cli/text/show_study.c - a study as a whole: what it aims at, its versions, and what was said of
 * it. */
#include "cli/text/show_study.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool cli_is_database(const char *path) {
    static const char letters[] = "SQLite format 3";
    char head[sizeof letters];
    FILE *f = fopen(path, "rb");
    const bool yes = f && fread(head, 1, sizeof head, f) == sizeof head &&
                     memcmp(head, letters, sizeof letters) == 0;
    if (f) fclose(f);
    return yes;
}

static bool print_warning(void *ctx, const char *text) {
    bool *any = ctx;
    if (!*any) puts("warnings");
    *any = true;
    fputs("  ", stdout);
    cli_print_visible(stdout, text, false);
    putchar('\n');
    return true;
}

nas_status cli_print_warnings(const cli_study *s, nas_err *err) {
    bool any = false;
    return nas_store_warnings(s->store, s->id, print_warning, &any, err);
}

static void print_aims(const nas_study *def) {
    fputs("objectives\n ", stdout);
    for (int32_t i = 0; i < def->n_goals; i++)
        printf("%s %s %s", i ? "," : "", nas_direction_text(def->goals[i].direction),
               def->goals[i].column);
    putchar('\n');
    if (def->n_bounds) fputs("constraints\n ", stdout);
    for (int32_t i = 0; i < def->n_bounds; i++) {
        fputs(i ? ", " : " ", stdout);
        cli_print_visible(stdout, def->bounds[i].text, false);
    }
    if (def->n_bounds) putchar('\n');
}

static bool add_version(void *ctx, const nas_version_row *v) {
    cli_table *t = ctx;
    const int64_t numbers[] = {v->version, v->data, v->trials, v->complete};
    char text[32];
    cli_table_cell(t, "  ", false);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        snprintf(text, sizeof text, "%" PRId64, numbers[i]);
        cli_table_cell(t, text, true);
    }
    cli_table_cell(t, v->begun, false);
    cli_table_row(t);
    return true;
}

static nas_status print_versions(const cli_study *s, nas_err *err) {
    static const char *const heads[] = {"version", "data", "trials", "complete", "begun"};
    cli_table *t = cli_table_open();
    cli_table_cell(t, "  ", false);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        cli_table_cell(t, heads[i], i + 1 < sizeof heads / sizeof *heads);
    cli_table_row(t);
    const nas_status st = nas_store_versions(s->store, s->id, add_version, t, err);
    if (st == NAS_OK) {
        puts("versions");
        cli_table_print(t);
    }
    cli_table_close(t);
    return st;
}

nas_status cli_show_study(cli_study *s, nas_err *err) {
    printf("study %s: task %s, version %" PRId64 "\n", s->def.name, s->def.task, s->id.version);
    print_aims(&s->def);
    NAS_TRY(print_versions(s, err));
    return cli_print_warnings(s, err);
}
