/* cli/cmd_space.c - nas space: what a space holds; nothing is trained. */
#include "cli/cli.h"
#include "cli/space_data.h"

#include "core/graph/graph.h"
#include "search/stage/evaluate.h"
#include "search/task/task.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SET, DATA };
enum { LOOK_AT = 2000, PLAN = 100 }; /* points */

typedef struct range {
    int64_t lo, hi;
} range;

static void widen(range *r, int64_t v) {
    if (v < r->lo) r->lo = v;
    if (v > r->hi) r->hi = v;
}

typedef struct survey {
    int64_t seen, possible, forbidden, impossible;
    range params, macs, ram, arena; /* the last two: of the points whose files were planned */
    int32_t planned;
    char why[512];
    const char *where; /* the first point that is impossible */
} survey;

/* Memory hangs on the number format too, so the file's graph is made, of the first points only. */
static nas_status plan_memory(const nas_candidate *c, int32_t outputs, nas_arena *a, survey *v,
                              nas_err *err) {
    const nas_kernel *kernel;
    nas_graph g;
    nas_cost cost;
    if (v->planned == PLAN) return NAS_OK;
    NAS_TRY(nas_kernel_choose(&kernel, err));
    NAS_TRY(nas_untrained_graph(c, outputs, kernel, a, &g, err));
    NAS_TRY(nas_graph_cost(&g, &cost, err));
    widen(&v->ram, cost.ram_bytes);
    if (cost.arena_bytes >= 0) widen(&v->arena, cost.arena_bytes);
    v->planned++;
    return NAS_OK;
}

static nas_status look_at(const nas_space *s, const nas_point *p, int32_t classes, nas_arena *keep,
                          survey *v, nas_err *err) {
    v->seen++;
    bool forbidden;
    NAS_TRY(nas_space_forbidden(s, p, &forbidden, err));
    if (forbidden) {
        v->forbidden++;
        return NAS_OK;
    }
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    nas_candidate c;
    nas_model_cost cost;
    nas_err why = {0};
    nas_status st = nas_space_candidate(s, a, p, classes, &c, &why);
    const bool formula = nas_space_task(s)->ops->evaluate != NULL;
    if (st == NAS_OK && !formula) st = nas_model_check(&c.model, classes, &cost, &why);
    if (st == NAS_OK && !formula) st = plan_memory(&c, classes, a, v, &why);
    nas_arena_close(a);
    if (st == NAS_OK) {
        v->possible++;
        if (formula) return NAS_OK;
        widen(&v->params, cost.params);
        widen(&v->macs, cost.macs);
    } else if (st == NAS_ESHAPE) {
        if (!v->impossible++) {
            snprintf(v->why, sizeof v->why, "%.500s", why.text);
            v->where = nas_space_describe(s, keep, p);
        }
        st = NAS_OK;
    } else {
        (void)nas_fail(err, st, "%s", why.text);
    }
    return st;
}

static nas_status look_around(const nas_space *s, int32_t classes, nas_arena *a, survey *v,
                              nas_err *err) {
    const int64_t points = nas_space_points(s);
    const bool all = points >= 0 && points <= LOOK_AT;
    nas_point p = {nas_arena_array(a, (size_t)nas_space_params(s), sizeof(double), err)};
    if (!p.values) return NAS_ENOMEM;
    const range none = {INT64_MAX, 0};
    *v = (survey){.params = none, .macs = none, .ram = none, .arena = none};
    for (int64_t i = 0; i < (all ? points : LOOK_AT); i++) {
        if (all)
            nas_space_grid(s, i, &p);
        else
            nas_space_random(s, nas_space_search(s)->seed, i, 0, &p);
        NAS_TRY(look_at(s, &p, classes, a, v, err));
    }
    return NAS_OK;
}

static void print_params(const nas_space *s) {
    cli_table *t = cli_table_open();
    for (int32_t i = 0; i < nas_space_params(s); i++) {
        const nas_param *p = nas_space_param(s, i);
        cli_table_cell(t, "  ", false);
        cli_table_cell(t, p->path, false);
        cli_table_cell(t, p->values, false);
        cli_table_cell(t, p->condition ? p->condition : "", false);
        cli_table_row(t);
    }
    cli_table_print(t);
    cli_table_close(t);
}

static void print_impossible(const survey *v, bool all) {
    char a[32], b[32];
    printf("impossible %s of %s%s, the first: %s\n", nas_thousands(v->impossible, a),
           nas_thousands(v->seen, b), all ? "" : " drawn", v->why);
    if (!v->where) return;
    fputs("  with ", stdout);
    cli_print_wrapped(stdout, v->where, 7, 7);
}

static void print_survey(const nas_space *s, const survey *v) {
    char a[32], b[32];
    const int64_t points = nas_space_points(s);
    const bool all = points >= 0 && points <= LOOK_AT;
    if (points < 0)
        puts("points    without end");
    else
        printf("points    %s%s\n", points == INT64_MAX ? "at least " : "",
               nas_thousands(points, a));
    if (v->forbidden)
        printf("forbidden %s of %s%s\n", nas_thousands(v->forbidden, a), nas_thousands(v->seen, b),
               all ? "" : " drawn");
    if (v->impossible) print_impossible(v, all);
    if (!v->possible || nas_space_task(s)->ops->evaluate) return;
    printf("weights   %s to %s%s\n", nas_thousands(v->params.lo, a), nas_thousands(v->params.hi, b),
           all ? "" : " (of 2,000 points drawn)");
    printf("MACs      %s to %s\n", nas_thousands(v->macs.lo, a), nas_thousands(v->macs.hi, b));
    printf("RAM       %s to %s bytes%s\n", nas_thousands(v->ram.lo, a), nas_thousands(v->ram.hi, b),
           v->planned < v->possible ? " (of the first 100 of them)" : "");
    if (v->arena.hi)
        printf("arena     %s to %s bytes\n", nas_thousands(v->arena.lo, a),
               nas_thousands(v->arena.hi, b));
}

static int report(const nas_space *s, const char *data, nas_arena *a, nas_err *err) {
    printf("space     %s\n", nas_space_name(s));
    const int32_t classes = cli_space_data(nas_space_task(s), data, a);
    print_params(s);
    survey v = {0};
    if (classes && look_around(s, classes, a, &v, err) != NAS_OK) return cli_fail(err);
    print_survey(s, &v);
    if (!classes)
        puts("weights   not known: the data has no classes yet, and task.labels is not given");
    for (int32_t i = 0; i < nas_space_constraints(s); i++) {
        printf("%-9s ", i ? "" : "must hold");
        cli_print_visible(stdout, nas_space_constraint(s, i)->text, false);
        putchar('\n');
    }
    for (int32_t i = 0; i < nas_space_objectives(s); i++)
        printf("%-9s %s\n", nas_direction_text(nas_space_objective(s, i)->direction),
               nas_space_objective(s, i)->metric);
    return CLI_OK;
}

static int run(const cli_args *args) {
    nas_err err = {0};
    nas_space *s = NULL;
    nas_arena *a = NULL;
    if (nas_space_open_with(args->word[0], args->option[SET], &s, &err) != NAS_OK)
        return cli_fail(&err);
    if (nas_space_note(s)) nas_warn(cli_log(false), "%s", nas_space_note(s));
    const int st = nas_arena_open(&a, &err) == NAS_OK ? report(s, args->option[DATA], a, &err)
                                                      : cli_fail(&err);
    nas_arena_close(a);
    nas_space_close(s);
    return st;
}

const cli_command cli_space = {
    .name = "space",
    .words = "FILE",
    .least = 1,
    .most = 1,
    .summary = "Check a space file and show its parameters, points, weights and MACs",
    .options =
        {
            [SET] = {"--set", "JSON", "object that is merged into the space file (RFC 7396)"},
            [DATA] = {"--data", "PATH", "folder of clips, or CSV file, in place of task.data"},
        },
    .text = "Nothing is trained. Every error of the file is shown with its line and column. The\n"
            "data are looked at: folder, class folders and lists of clips, or the columns, times\n"
            "and windows of a table. Absent data are reported, but they are no error: the exit\n"
            "status is 0 where the file is sound.\n\n"
            "example:\n"
            "  nas space spaces/kws_a.json\n"
            "  nas space spaces/climate_a.json --set '{\"task\": {\"window\": 12}}'\n",
    .run = run,
};
