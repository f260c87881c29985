/* cli/cmd_compare.c - nas compare: what each setting costs and saves, from trials that differ in it
 * alone. */
#include "cli/text/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STUDY, VERSION, METRICS, ALL, JSON };

static bool add_row(void *ctx, const nas_row *row) {
    cli_comparison *c = ctx;
    if (c->t.rows == CLI_COMPARE_ROWS) {
        c->more = true;
        return false;
    }
    nas_value *to = c->param + (size_t)c->t.rows * (size_t)c->t.params;
    for (int32_t i = 0; i < c->t.params; i++) {
        to[i] = row->values[i];
        to[i].is_null = to[i].is_null || to[i].type == NAS_COLUMN_BLOB; /* no parameter is one */
        if (to[i].is_null || to[i].type != NAS_COLUMN_TEXT) continue;
        to[i].text = nas_arena_text(c->arena, to[i].text, NULL);
        c->failed = c->failed || !to[i].text;
    }
    for (int32_t i = 0; i < c->t.metrics; i++) {
        const nas_value *v = &row->values[c->t.params + i];
        c->figure[(size_t)c->t.rows * (size_t)c->t.metrics + (size_t)i] = nas_value_real(v);
    }
    c->t.rows++;
    return !c->failed;
}

static bool is_column(const nas_study *d, const char *name) {
    for (int32_t i = 0; i < d->n_metrics; i++)
        if (strcmp(d->metrics[i].name, name) == 0) return true;
    return false;
}

static void add_metric(cli_comparison *c, const char *name) {
    for (int32_t i = 0; i < c->t.metrics; i++)
        if (strcmp(c->metric[i], name) == 0) return;
    if (c->t.metrics == NAS_COMPARE_METRICS || !is_column(&c->s.def, name)) return;
    const nas_unit unit = nas_study_metric(&c->s.def, name).unit;
    /* Times differ from run to run: which side is told first does not hang on them. */
    c->size[c->t.metrics] = nas_unit_is_size(unit);
    c->ratio[c->t.metrics] = nas_unit_is_ratio(unit);
    c->metric[c->t.metrics++] = name;
}

/* The score, the objectives, and what a device cares for. */
static bool choose_metrics(cli_comparison *c, const char *named) {
    static const char *const usual[] = {"zlib_bytes", "macs", "total_ms"};
    if (!named) {
        add_metric(c, nas_study_score(&c->s.def));
        for (int32_t i = 0; i < c->s.def.n_goals; i++) add_metric(c, c->s.def.goals[i].column);
        for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) add_metric(c, usual[i]);
        return true;
    }
    char *list = nas_arena_text(c->arena, named, NULL), *rest = NULL;
    for (char *w = list ? strtok_r(list, ", ", &rest) : NULL; w; w = strtok_r(NULL, ", ", &rest)) {
        if (!is_column(&c->s.def, w)) {
            fputs("nas compare: study ", stderr);
            fprintf(stderr, "%s has no metric '", c->s.def.name);
            cli_print_visible(stderr, w, false);
            fputs("'; `nas show` lists them\n", stderr);
            return false;
        }
        if (c->t.metrics == NAS_COMPARE_METRICS) {
            fprintf(stderr,
                    "nas compare: --metrics: at most %d at a time; ask for the others next\n",
                    NAS_COMPARE_METRICS);
            return false;
        }
        add_metric(c, w);
    }
    return c->t.metrics > 0;
}

static nas_status read_rows(cli_comparison *c, nas_err *err) {
    const nas_state complete = NAS_COMPLETE;
    const int32_t n = c->t.params + c->t.metrics;
    const char **columns = nas_arena_array(c->arena, (size_t)n, sizeof *columns, err);
    nas_trials_ask ask = {.state = &complete, .columns = columns, .n_columns = n};
    c->param = nas_arena_array(c->arena, (size_t)CLI_COMPARE_ROWS * (size_t)c->t.params + 1,
                               sizeof *c->param, err);
    c->figure = nas_arena_array(c->arena, (size_t)CLI_COMPARE_ROWS * (size_t)c->t.metrics,
                                sizeof *c->figure, err);
    if (!columns || !c->param || !c->figure)
        return nas_fail(err, NAS_ENOMEM, "compare: out of memory");
    for (int32_t i = 0; i < n; i++)
        columns[i] = i < c->t.params ? c->s.def.params[i].name : c->metric[i - c->t.params];
    NAS_TRY(nas_store_trials(c->s.store, &c->s.def, &ask, add_row, c, err));
    if (c->failed) return nas_fail(err, NAS_ENOMEM, "compare: out of memory");
    c->t.param = c->param;
    c->t.metric = c->figure;
    c->t.ratio = c->ratio;
    c->t.size = c->size;
    int64_t all, done;
    NAS_TRY(
        nas_store_count_trials(c->s.store, &c->s.def, &(nas_trials_ask){.n_where = 0}, &all, err));
    NAS_TRY(nas_store_count_trials(c->s.store, &c->s.def, &ask, &done, err));
    c->others = all - done;
    return NAS_OK;
}

static int compare(cli_comparison *c, const cli_args *args) {
    nas_err err = {0};
    nas_contrast *v;
    int32_t n;
    c->arena = c->s.arena;
    c->t.params = c->s.def.n_params;
    if (nas_space_parse(c->s.def.name, c->s.def.space_text, &c->space, NULL) != NAS_OK ||
        nas_space_params(c->space) != c->t.params) {
        nas_space_close(c->space);
        c->space = NULL;
    }
    if (!choose_metrics(c, args->option[METRICS])) return CLI_BAD;
    if (read_rows(c, &err) != NAS_OK) return cli_fail(&err);
    if (cli_warn_of_machines(&c->s, c->metric, c->t.metrics, &err) != NAS_OK) return cli_fail(&err);
    if (nas_compare_trials(&c->t, c->arena, &v, &n, &err) != NAS_OK) return cli_fail(&err);
    if (args->option[JSON])
        cli_compare_json(c, v, n);
    else
        cli_compare_print(c, v, n, args->option[ALL] != NULL);
    return CLI_OK;
}

static int run(const cli_args *args) {
    cli_comparison c = {.space = NULL};
    int st;
    if (!cli_study_open(&c.s, args->word[0], args->option[STUDY], args->option[VERSION], &st))
        return st;
    st = compare(&c, args);
    nas_space_close(c.space);
    cli_study_close(&c.s);
    return st;
}

const cli_command cli_compare = {
    .name = "compare",
    .words = "DB",
    .least = 1,
    .most = 1,
    .summary =
        "Show what each setting costs and saves, from pairs of trials that differ in it alone",
    .options =
        {
            [STUDY] = {"--study", "NAME", "which study, where the database has several"},
            [VERSION] = CLI_VERSION,
            [METRICS] =
                {"--metrics", "A,B",
                 "these metrics, instead of the score, the objectives, zlib_bytes, macs, total_ms"},
            [ALL] = {"--all", NULL, "also changes that do not begin at the costliest value"},
            [JSON] = {"--json", NULL, "all changes, for programs"},
        },
    .text = "examples:\n"
            "  nas compare strategies.db\n"
            "  nas compare kws_a.db --metrics accuracy,tflite_bytes\n",
    .run = run,
};
