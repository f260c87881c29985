/* cli/text/two_forecasts.c - two forecasts on the same rows of a table. */
#include "cli/text/two.h"

#include "cli/cli.h"
#include "search/estimate/estimate.h"
#include "search/task/forecast/deployed/forecast_pair.h"

#include <math.h>
#include <stdio.h>

typedef struct both {
    const cli_models *q;
    nas_forecaster f[2];
    cli_two_bytes bytes[2];
    nas_forecast_pair pair;
} both;

static nas_status judge_both(both *b, const cli_scratch *s, nas_err *err) {
    const cli_models *q = b->q;
    for (int i = 0; i < 2; i++) {
        NAS_TRY(nas_forecaster_open(s->arena, q->folder[i], &b->f[i], err));
        b->f[i].runtime = (nas_runtime)q->runtime;
        NAS_TRY(cli_two_sizes(s->arena, b->f[i].file.p, b->f[i].file.n, &b->bytes[i], err));
    }
    return nas_forecast_pair_judge(s->arena, q->model, b->f, q->data, q->part, &s->cache,
                                   cli_log(false), &b->pair, err);
}

static const nas_series_config *config(const both *b, int i) {
    return &nas_forecast_keys(&b->f[i].candidate.task)->series;
}

static void verdict_of(const nas_forecast_contrast *c, char out[CLI_VERDICT]) {
    cli_two_verdict(c->difference, c->low, c->high, "A - B", "", out);
}

static void print_models(const both *b) {
    static const char *const head[] = {"", "model", "window", "tflite_bytes", "zlib_bytes"};
    cli_table *t = cli_table_open();
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) cli_table_cell(t, head[i], i > 1);
    cli_table_row(t);
    for (int i = 0; i < 2; i++) {
        char text[32];
        cli_table_cell(t, i ? "B" : "A", false);
        cli_table_cell(t, b->q->model[i], false);
        cli_table_cell(t, nas_thousands(config(b, i)->window, text), true);
        cli_table_cell(t, nas_thousands(b->bytes[i].tflite, text), true);
        cli_table_cell(t, nas_thousands(b->bytes[i].zlib, text), true);
        cli_table_row(t);
    }
    cli_table_print(t);
    cli_table_close(t);
}

static void cell(cli_table *t, double v) {
    char text[32] = "";
    if (!isnan(v)) snprintf(text, sizeof text, "%.4f", v);
    cli_table_cell(t, text, true);
}

static void print_targets(const both *b) {
    static const char *const head[] = {"target", "mae A", "mae B",   "A - B",
                                       "low",    "high",  "skill A", "skill B"};
    cli_table *t = cli_table_open();
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) cli_table_cell(t, head[i], i > 0);
    cli_table_row(t);
    for (int32_t i = 0; i < config(b, 0)->n_targets; i++) {
        const nas_forecast_contrast *c = &b->pair.by[i];
        const double row[] = {c->mae[0], c->mae[1],   c->difference, c->low,
                              c->high,   c->skill[0], c->skill[1]};
        cli_table_cell(t, config(b, 0)->names[i], false);
        for (size_t k = 0; k < sizeof row / sizeof *row; k++) cell(t, row[k]);
        cli_table_row(t);
    }
    cli_table_print(t);
    cli_table_close(t);
}

static void print_text(const both *b) {
    const nas_forecast_pair *p = &b->pair;
    char n[32], blocks[32], verdict[CLI_VERDICT], chance[32];
    print_models(b);
    printf("\n%s windows that both forecast from, %d rows ahead\n"
           "95 %% intervals of A - B by %s %s\n\n",
           nas_thousands(p->windows, n), config(b, 0)->horizon, nas_thousands(p->blocks, blocks),
           p->days ? "days" : "equal blocks: no task.time says which rows are a day");
    print_targets(b);
    puts("");
    for (int32_t i = 0; i < config(b, 0)->n_targets; i++) {
        verdict_of(&p->by[i], verdict);
        cli_two_p(p->by[i].p, chance);
        printf("%s: %s%s%s%s\n", config(b, 0)->names[i], verdict, *chance ? " (" : "", chance,
               *chance ? ")" : "");
    }
    if (p->blocks < NAS_BOUND_FEW)
        printf("fewer than %d blocks: the interval is not to be relied on\n", NAS_BOUND_FEW);
}

static void print_json(const both *b) {
    const nas_forecast_pair *p = &b->pair;
    printf("{\"windows\": %d, \"horizon\": %d, \"blocks\": %d, \"block\": \"%s\"", p->windows,
           config(b, 0)->horizon, p->blocks, p->days ? "day" : "share");
    for (int i = 0; i < 2; i++) {
        printf(", \"%s\": {", i ? "b" : "a");
        cli_two_json_model(b->q->model[i], &b->bytes[i]);
        printf(", \"window\": %d}", config(b, i)->window);
    }
    fputs(", \"targets\": {", stdout);
    for (int32_t i = 0; i < config(b, 0)->n_targets; i++) {
        const nas_forecast_contrast *c = &p->by[i];
        char verdict[CLI_VERDICT];
        verdict_of(c, verdict);
        printf("%s\"%s\": {", i ? ", " : "", config(b, 0)->names[i]);
        cli_two_number("a_mae", c->mae[0], ", ");
        cli_two_number("b_mae", c->mae[1], ", ");
        cli_two_number("a_skill", c->skill[0], ", ");
        cli_two_number("b_skill", c->skill[1], ", ");
        cli_two_number("difference", c->difference, ", ");
        cli_two_number("low", c->low, ", ");
        cli_two_number("high", c->high, ", ");
        cli_two_number("p", c->p, ", ");
        printf("\"verdict\": \"%s\"}", verdict);
    }
    puts("}}");
}

int cli_two_forecasts(const cli_models *q, const cli_scratch *s) {
    nas_err err = {0};
    both b = {.q = q};
    const nas_status st = judge_both(&b, s, &err);
    cli_clear_line();
    if (st != NAS_OK) return cli_fail(&err);
    if (q->json)
        print_json(&b);
    else
        print_text(&b);
    return CLI_OK;
}
