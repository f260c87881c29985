/* cli/text/forecast.c - forecasts: by target, by step, and beside simpler ones. */
#include "cli/text/forecast.h"

#include "cli/text/dump.h"
#include "search/task/forecast/deployed/forecaster.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void cell_number(cli_table *t, double v) {
    char text[32] = "";
    if (!isnan(v)) snprintf(text, sizeof text, "%.4f", v);
    cli_table_cell(t, text, true);
}

static double skill_of(const nas_forecast_by *by) {
    return by->carried > 0 ? 1 - by->error / by->carried : (double)NAN;
}

/* Each group that has windows: mae and skill of every target. */
static void print_groups(const nas_series_config *k, const nas_forecast_verdict *v) {
    if (!v->n_groups) return;
    cli_table *t = cli_table_open();
    printf("\nby %s\n", k->group);
    cli_table_cell(t, "group", false);
    cli_table_cell(t, "windows", true);
    for (int32_t i = 0; i < k->n_targets; i++) {
        char text[64];
        snprintf(text, sizeof text, "mae_%s", k->names[i]);
        cli_table_cell(t, text, true);
        snprintf(text, sizeof text, "skill_%s", k->names[i]);
        cli_table_cell(t, text, true);
    }
    cli_table_row(t);
    for (int32_t g = 0; g < v->n_groups; g++) {
        const nas_forecast_by *by = v->by + (size_t)g * (size_t)k->n_targets;
        char windows[32];
        if (!(by->windows > 0)) continue;
        cli_table_cell(t, v->group[g], false);
        cli_table_cell(t, nas_thousands((int64_t)by->windows, windows), true);
        for (int32_t i = 0; i < k->n_targets; i++) {
            cell_number(t, by[i].error / (by->windows * k->horizon));
            cell_number(t, skill_of(&by[i]));
        }
        cli_table_row(t);
    }
    cli_table_print(t);
    cli_table_close(t);
}

static void print_targets(const nas_series_config *k, const nas_forecast_verdict *v) {
    static const char *const head[] = {"target", "mae",      "rmse",         "skill",
                                       "naive",  "seasonal", "least squares"};
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
        cell_number(t, f.seasonal);
        cell_number(t, nas_forecast_figure(k, &v->linear, i).mae);
        cli_table_row(t);
    }
    cli_table_print(t);
    cli_table_close(t);
    puts("\nnaive          mae of the naive forecast: the last known value\n"
         "seasonal       mae of the seasonal naive forecast: the value one season before "
         "(task.season)\n"
         "least squares  mae of a linear model of the window");
    print_groups(k, v);
    puts("\nmae by step");
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

static void print_json_groups(const nas_series_config *k, const nas_forecast_verdict *v) {
    bool any = false;
    for (int32_t g = 0; g < v->n_groups; g++) {
        const nas_forecast_by *by = v->by + (size_t)g * (size_t)k->n_targets;
        if (!(by->windows > 0)) continue;
        fputs(any ? ", " : ", \"groups\": {", stdout);
        any = true;
        cli_print_json_text(v->group[g]);
        printf(": {\"windows\": %.0f", by->windows);
        for (int32_t i = 0; i < k->n_targets; i++) {
            printf(", \"%s\": {", k->names[i]);
            json_number("mae", by[i].error / (by->windows * k->horizon), ", ");
            json_number("skill", skill_of(&by[i]), "}");
        }
        fputs("}", stdout);
    }
    if (any) fputs("}", stdout);
}

static void print_json(const nas_series_config *k, const nas_forecast_verdict *v) {
    printf("{\"windows\": %.0f, \"targets\": {", v->file.n);
    for (int32_t i = 0; i < k->n_targets; i++) {
        const nas_forecast_figures f = nas_forecast_figure(k, &v->file, i);
        printf("%s\"%s\": {", i ? ", " : "", k->names[i]);
        json_number("mae", f.mae, ", ");
        json_number("rmse", f.rmse, ", ");
        json_number("skill", f.skill, ", ");
        json_number("skill_seasonal", f.skill_seasonal, ", ");
        json_number("mae_naive", f.carried, ", ");
        json_number("mae_seasonal_naive", f.seasonal, ", ");
        json_number("mae_least_squares", nas_forecast_figure(k, &v->linear, i).mae,
                    ", \"mae_by_step\": [");
        for (int32_t s = 0; s < k->horizon; s++) {
            char text[32];
            nas_json_number(v->file.by_output[s * k->n_targets + i] / v->file.n, text);
            printf("%s%s", s ? ", " : "", text);
        }
        fputs("]}", stdout);
    }
    fputs("}", stdout);
    print_json_groups(k, v);
    puts("}");
}

/* For other runtimes to be compared with: first rows of the windows, and their forecasts. */
typedef struct dump {
    cli_dump to;
    size_t outputs, targets;
} dump;

enum { ROWS, FORECASTS };
static const char *const dump_names[] = {[ROWS] = "rows.txt", [FORECASTS] = "forecasts.f32", NULL};

static void dump_one(void *ctx, const nas_forecast_seen *w) {
    const dump *d = ctx;
    fprintf(d->to.file[ROWS], "%d\n", w->row);
    for (size_t i = 0; i < d->outputs; i++) {
        const double base = w->base ? w->base[i % d->targets] : 0;
        const float v = (float)((double)w->forecast[i] + base);
        fwrite(&v, sizeof v, 1, d->to.file[FORECASTS]);
    }
}

int cli_eval_forecast(const cli_models *q, const cli_scratch *s) {
    nas_err err = {0};
    nas_forecaster f;
    nas_forecast_verdict v;
    dump out = {0};
    if (nas_forecaster_open(s->arena, q->folder[0], &f, &err) != NAS_OK) return cli_fail(&err);
    f.runtime = (nas_runtime)q->runtime;
    const nas_series_config *k = &nas_forecast_keys(&f.candidate.task)->series;
    out.targets = (size_t)k->n_targets;
    out.outputs = (size_t)k->horizon * out.targets;
    if (q->dump && !cli_dump_open(&out.to, q->dump, dump_names)) return CLI_FAILED;
    const nas_status st = nas_forecaster_judge(&f, q->data, q->part, &s->cache, cli_log(false),
                                               s->arena, q->dump ? dump_one : NULL, &out, &v, &err);
    cli_clear_line();
    if (!cli_dump_close(&out.to, st == NAS_OK)) return CLI_FAILED;
    if (st != NAS_OK) return cli_fail(&err);
    if (q->json) {
        print_json(k, &v);
        return CLI_OK;
    }
    print_targets(k, &v);
    if (q->part < 0)
        puts(
            "All rows were taken. The model may have been trained on some of them: its errors are\n"
            "then too small. --split test takes the test set alone.");
    else
        printf("The %s was taken.\n", nas_part_set((nas_part)q->part));
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
    puts("validation set, mean absolute error by step");
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
    add_members(t, "naive forecast, all steps",
                cJSON_GetObjectItemCaseSensitive(validation, "mae_carried_on"), steps);
    add_members(t, "seasonal naive forecast, all steps",
                cJSON_GetObjectItemCaseSensitive(validation, "mae_seasonal_naive"), steps);
    add_members(t, "least squares, all steps",
                cJSON_GetObjectItemCaseSensitive(validation, "mae_least_squares"), steps);
    cli_table_print(t);
    cli_table_close(t);
}

/* As forecast.json has them: the first GROUPS_SHOWN. */
static void show_groups(const cJSON *groups) {
    enum { GROUPS_SHOWN = 40 };
    const cJSON *group, *target;
    int n = 0;
    if (!cJSON_IsObject(groups) || !groups->child) return;
    cli_table *t = cli_table_open();
    puts("validation set, mae and skill by group");
    cJSON_ArrayForEach(group, groups) {
        if (n++ == GROUPS_SHOWN) break;
        cli_table_cell(t, "  ", false);
        cli_table_cell(t, group->string, false);
        cJSON_ArrayForEach(target, group) {
            if (!cJSON_IsObject(target)) continue;
            const cJSON *mae = cJSON_GetObjectItemCaseSensitive(target, "mae");
            const cJSON *skill = cJSON_GetObjectItemCaseSensitive(target, "skill");
            cli_table_cell(t, target->string, false);
            cell_number(t, cJSON_IsNumber(mae) ? mae->valuedouble : (double)NAN);
            cell_number(t, cJSON_IsNumber(skill) ? skill->valuedouble : (double)NAN);
        }
        cli_table_row(t);
    }
    cli_table_print(t);
    cli_table_close(t);
    if (n > GROUPS_SHOWN) printf("  ... %d groups in forecast.json\n", cJSON_GetArraySize(groups));
}

nas_status cli_show_forecast(cli_study *s, int64_t row, nas_err *err) {
    uint8_t *text;
    size_t n;
    NAS_TRY(nas_store_artefact(s->store, s->id, row, "forecast.json", s->arena, &text, &n, err));
    cJSON *o = cJSON_Parse((const char *)text);
    if (!o) return nas_fail(err, NAS_EFORMAT, "the stored forecast.json is damaged: it is no JSON");
    const cJSON *validation = cJSON_GetObjectItemCaseSensitive(o, "validation");
    print_steps(validation);
    show_groups(cJSON_GetObjectItemCaseSensitive(validation, "groups"));
    cJSON_Delete(o);
    return NAS_OK;
}
