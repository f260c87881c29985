/* cli/forecast.c - forecasts: by target, by step, and beside simpler ones. */
#include "cli/forecast.h"

#include "search/forecast_deployed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void cell_number(cli_table *t, double v) {
    char text[32] = "";
    if (!isnan(v)) snprintf(text, sizeof text, "%.4f", v);
    cli_table_cell(t, text, true);
}

static void print_targets(const nas_series_config *k, const nas_forecast_verdict *v) {
    static const char *const head[] = {"target", "mae",        "rmse",
                                       "skill",  "carried on", "least squares"};
    char n[32];
    cli_table *t = cli_table_open();
    printf("%s windows of %d + %d rows\n\n", nas_thousands((int64_t)v->file.n, n), k->window,
           k->horizon);
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) cli_table_cell(t, head[i], i > 0);
    cli_table_row(t);
    for (int32_t i = 0; i < k->n_targets; i++) {
        const nas_forecast_figures f = nas_forecast_figure(k, &v->file, i);
        cli_table_cell(t, k->names[i], false);
        cell_number(t, f.mae);
        cell_number(t, f.rmse);
        cell_number(t, f.skill);
        cell_number(t, f.carried);
        cell_number(t, nas_forecast_figure(k, &v->linear, i).mae);
        cli_table_row(t);
    }
    cli_table_print(t);
    cli_table_close(t);
    puts("\ncarried on, least squares: mae of the last value carried on, and of a linear model of "
         "the window\n\nmae by step");
    t = cli_table_open();
    cli_table_cell(t, "step", true);
    for (int32_t i = 0; i < k->n_targets; i++) cli_table_cell(t, k->names[i], true);
    cli_table_row(t);
    for (int32_t s = 0; s < k->horizon; s++) {
        char step[16];
        snprintf(step, sizeof step, "%d", s + 1);
        cli_table_cell(t, step, true);
        for (int32_t i = 0; i < k->n_targets; i++)
            cell_number(t, v->file.by_output[s * k->n_targets + i] / v->file.n);
        cli_table_row(t);
    }
    cli_table_print(t);
    cli_table_close(t);
}

static void json_number(const char *name, double v, const char *after) {
    char text[32];
    nas_json_number(v, text);
    printf("\"%s\": %s%s", name, text, after);
}

static void print_json(const nas_series_config *k, const nas_forecast_verdict *v) {
    printf("{\"windows\": %.0f, \"targets\": {", v->file.n);
    for (int32_t i = 0; i < k->n_targets; i++) {
        const nas_forecast_figures f = nas_forecast_figure(k, &v->file, i);
        printf("%s\"%s\": {", i ? ", " : "", k->names[i]);
        json_number("mae", f.mae, ", ");
        json_number("rmse", f.rmse, ", ");
        json_number("skill", f.skill, ", ");
        json_number("mae_carried_on", f.carried, ", ");
        json_number("mae_least_squares", nas_forecast_figure(k, &v->linear, i).mae,
                    ", \"mae_by_step\": [");
        for (int32_t s = 0; s < k->horizon; s++) {
            char text[32];
            nas_json_number(v->file.by_output[s * k->n_targets + i] / v->file.n, text);
            printf("%s%s", s ? ", " : "", text);
        }
        fputs("]}", stdout);
    }
    puts("}}");
}

/* For other runtimes to be compared with: first rows of the windows, and their forecasts. */
typedef struct dump {
    FILE *rows, *forecasts;
    size_t outputs;
} dump;

static void dump_one(void *ctx, const nas_forecast_seen *w) {
    const dump *d = ctx;
    fprintf(d->rows, "%d\n", w->row);
    fwrite(w->forecast, sizeof *w->forecast, d->outputs, d->forecasts);
}

static bool dump_open(dump *d, const char *folder, nas_err *err) {
    char path[4096];
    if (nas_dir_make(folder, err) != NAS_OK) return false;
    snprintf(path, sizeof path, "%s/rows.txt", folder);
    d->rows = fopen(path, "w");
    snprintf(path, sizeof path, "%s/forecasts.f32", folder);
    d->forecasts = fopen(path, "wb");
    if (d->rows && d->forecasts) return true;
    (void)nas_fail_errno(err, "cannot write into %s", folder);
    return false;
}

static bool dump_close(dump *d) {
    bool fine = true;
    if (d->rows) fine = fclose(d->rows) == 0 && fine;
    if (d->forecasts) fine = fclose(d->forecasts) == 0 && fine;
    return fine;
}

int cli_eval_forecast(const char *folder, const char *data, int part, bool json,
                      const char *dump_to, const nas_cache *cache, nas_arena *a) {
    nas_err err = {0};
    nas_forecaster f;
    nas_forecast_verdict v;
    dump out = {0};
    if (nas_forecaster_open(a, folder, &f, &err) != NAS_OK) return cli_fail(&err);
    const nas_series_config *k = &f.candidate.task.series;
    out.outputs = (size_t)k->horizon * (size_t)k->n_targets;
    if (dump_to && !dump_open(&out, dump_to, &err)) {
        (void)dump_close(&out);
        return cli_fail(&err);
    }
    const nas_status st = nas_forecaster_judge(&f, data, part, cache, cli_log(false), a,
                                               dump_to ? dump_one : NULL, &out, &v, &err);
    if (!dump_close(&out) && st == NAS_OK) {
        fprintf(stderr, "nas: cannot write into %s\n", dump_to);
        return CLI_FAILED;
    }
    cli_clear_line();
    if (st != NAS_OK) return cli_fail(&err);
    if (json) {
        print_json(k, &v);
        return CLI_OK;
    }
    print_targets(k, &v);
    if (part < 0)
        puts("all rows were taken; where it was trained on some of them that flatters, and\n"
             "  --split test leaves them out");
    else
        printf("the %s part was taken\n", nas_part_name((nas_part)part));
    return CLI_OK;
}

/* One row of figures, one for each member of an object. */
static void add_members(cli_table *t, const char *title, const cJSON *o, const cJSON *order) {
    const cJSON *target;
    if (!cJSON_IsObject(o) || !o->child) return;
    cli_table_cell(t, "  ", false);
    cli_table_cell(t, title, false);
    cJSON_ArrayForEach(target, order) {
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, target->string);
        cell_number(t, cJSON_IsNumber(v) ? v->valuedouble : (double)NAN);
    }
    cli_table_row(t);
}

static void print_steps(const cJSON *validation) {
    const cJSON *steps = cJSON_GetObjectItemCaseSensitive(validation, "mae_by_step"), *target;
    const int n = steps && steps->child ? cJSON_GetArraySize(steps->child) : 0;
    if (!n) return;
    cli_table *t = cli_table_open();
    puts("validation part, mean absolute error by step");
    cli_table_cell(t, "  ", false);
    cli_table_cell(t, "step", false);
    cJSON_ArrayForEach(target, steps) cli_table_cell(t, target->string, true);
    cli_table_row(t);
    for (int s = 0; s < n; s++) {
        char step[16];
        snprintf(step, sizeof step, "%d", s + 1);
        cli_table_cell(t, "  ", false);
        cli_table_cell(t, step, false);
        cJSON_ArrayForEach(target, steps) {
            const cJSON *v = cJSON_GetArrayItem(target, s);
            cell_number(t, cJSON_IsNumber(v) ? v->valuedouble : (double)NAN);
        }
        cli_table_row(t);
    }
    add_members(t, "last value carried on, all steps",
                cJSON_GetObjectItemCaseSensitive(validation, "mae_carried_on"), steps);
    add_members(t, "least squares, all steps",
                cJSON_GetObjectItemCaseSensitive(validation, "mae_least_squares"), steps);
    cli_table_print(t);
    cli_table_close(t);
}

nas_status cli_show_forecast(cli_study *s, int64_t row, nas_err *err) {
    uint8_t *text;
    size_t n;
    NAS_TRY(nas_store_artefact(s->store, s->id, row, "forecast.json", s->arena, &text, &n, err));
    cJSON *o = cJSON_Parse((const char *)text);
    print_steps(cJSON_GetObjectItemCaseSensitive(o, "validation"));
    cJSON_Delete(o);
    return NAS_OK;
}
