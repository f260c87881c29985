/* search/task/forecast/row.c - the task "forecast": some columns of a table, several steps
 * ahead. */
#include "search/task/forecast/forecast.h"

#include "base/companion.h"
#include "base/text/digits.h"
#include "core/data/table/times.h"
#include "search/candidate/candidate_int.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 24, WINDOW_MOST = 10000, HORIZON_MOST = 1000, OUTPUTS_MOST = 4096 };

#define TASK(member) .offset = offsetof(nas_forecast_task, member)

static const nas_key forecast_keys[] = {
    {.name = "kind",
     .kind = NAS_KEY_WORD,
     TASK(kind),
     .words = nas_task_kinds,
     .help = "forecast: columns of a table, several steps ahead"},
    {.name = "data",
     .kind = NAS_KEY_TEXT,
     TASK(data),
     .help = "CSV file with a header, from the working directory"},
    {.name = "inputs",
     .kind = NAS_KEY_BLOCK,
     .help =
         "list of columns that the model sees; \"column=word\" is 1 where the cell is that word, "
         "else 0; with time also hour_sin, hour_cos, year_sin, year_cos"},
    {.name = "targets",
     .kind = NAS_KEY_BLOCK,
     .help = "{\"name\": \"column\"} of what is forecast, 1 to 8; names stand in metrics"},
    {.name = "window",
     .kind = NAS_KEY_INT,
     TASK(series.window),
     .lo = 1,
     .hi = WINDOW_MOST,
     .help = "rows that the model sees"},
    {.name = "horizon",
     .kind = NAS_KEY_INT,
     TASK(series.horizon),
     .lo = 1,
     .hi = HORIZON_MOST,
     .help = "rows ahead that it forecasts: its outputs are [horizon, targets]"},
    {.name = "time",
     .kind = NAS_KEY_BLOCK,
     .def = "null",
     .help = "columns that hold the time; null: rows are taken as evenly spaced"},
    {.name = "group",
     .kind = NAS_KEY_TEXT,
     TASK(series.group),
     .def = "null",
     .flags = NAS_KEY_NULLABLE,
     .help = "column that says whose row it is, where a table holds several series (stations); "
             "null: one series"},
    {.name = "season",
     .kind = NAS_KEY_INT,
     TASK(series.season),
     .lo = 1,
     .hi = 1000000,
     .def = "null",
     .flags = NAS_KEY_NULLABLE,
     .help = "rows after which things repeat, for the seasonal naive forecast; null: those of a "
             "day, where the time says"},
    {.name = "split", .kind = NAS_KEY_BLOCK, .def = "{}", .help = "training, validation, test"},
    NAS_KEY_END,
};

static const nas_key time_keys[] = {
    {.name = "column",
     .kind = NAS_KEY_TEXT,
     TASK(series.time[0]),
     .def = "null",
     .flags = NAS_KEY_NULLABLE,
     .help = "the one column that holds it"},
    {.name = "format",
     .kind = NAS_KEY_TEXT,
     TASK(series.time_format),
     .def = "null",
     .flags = NAS_KEY_NULLABLE,
     .help = "how it reads, in strptime's letters, or epoch_s, epoch_ms"},
    {.name = "columns",
     .kind = NAS_KEY_BLOCK,
     .def = "null",
     .help = "instead: columns whose cells, a blank between each two, read as format; without it "
             "those of the year, month, day, hour, minute, second, as far as there are"},
    {.name = "tolerance_seconds",
     .kind = NAS_KEY_FLOAT,
     TASK(series.tolerance),
     .lo = 0,
     .hi = 2678400,
     .def = "0",
     .help = "by how much a step between rows may differ from the usual one, in s"},
    NAS_KEY_END,
};

static const char *const split_words[] = {"time", "group", NULL};

static const nas_key split_keys[] = {
    {.name = "by",
     .kind = NAS_KEY_WORD,
     TASK(time_split.by),
     .def = "\"time\"",
     .words = split_words,
     .help = "time: each group's rows are parted, the last ones test; group: groups of task.group "
             "lie in one set as a whole, so that models are judged on groups they did not learn"},
    {.name = "validation",
     .kind = NAS_KEY_FLOAT,
     TASK(time_split.validation),
     .lo = 0.001,
     .hi = 0.9,
     .def = "0.2",
     .help = "share of the rows that selects; it stands before the test set"},
    {.name = "test",
     .kind = NAS_KEY_FLOAT,
     TASK(time_split.test),
     .lo = 0.001,
     .hi = 0.9,
     .def = "0.1",
     .help = "share of the rows, the last, that is read once, for the finalists"},
    {.name = "folds",
     .kind = NAS_KEY_INT,
     TASK(time_split.folds),
     .lo = 2,
     .hi = 20,
     .def = "null",
     .flags = NAS_KEY_NULLABLE,
     .help = "rolling origins: blocks of rows that are forecast in turn, each by what came before "
             "it, instead of validation; by group: groups that are forecast in turn; null: none"},
    NAS_KEY_END,
};

static const nas_block forecast_block = {.path = "task with forecast",
                                         .help = "Columns, windows and steps.",
                                         .tables = {forecast_keys, nas_missing_keys}};
static const nas_block time_block = {
    .path = "task.time", .help = "Where the time of a row stands.", .tables = {time_keys}};
static const nas_block split_block = {.path = "task.split of a forecast",
                                      .help = "Parts that follow each other in time.",
                                      .tables = {split_keys}};

static const nas_block *const blocks[] = {&forecast_block, &time_block, &split_block, NULL};
static const nas_block_row key_rows[] = {
    {.above = &forecast_block, .key = "data", .role = NAS_ROLE_DATA},
    {.above = &forecast_block, .key = "split", .block = &split_block, .null = true},
    {.above = &forecast_block, .key = "time", .block = &time_block, .null = true},
    {.above = NULL},
};

/* --- what keys say of each other ----------------------------------------------------------------
 */

/* A list of texts, none twice; their number, or -1 after a problem. */
static int32_t check_list(nas_check *c, const char *path, const cJSON *v, int32_t most,
                          const char *what) {
    int32_t n = 0;
    char got[48];
    if (!cJSON_IsArray(v) || !v->child || cJSON_GetArraySize(v) > most) {
        nas_check_problem(c, path, v, false, "expected a list of 1 .. %d %s", most, what);
        return -1;
    }
    for (const cJSON *x = v->child; x; x = x->next, n++) {
        const char *item = nas_path_item(c->arena, path, n);
        nas_json_show(x, got);
        if (!cJSON_IsString(x) || !*x->valuestring) {
            nas_check_problem(c, item, x, false, "expected the name of a column, got %s", got);
            return -1;
        }
        for (const cJSON *y = v->child; y != x; y = y->next)
            if (strcmp(y->valuestring, x->valuestring) == 0)
                nas_check_problem(c, item, x, false, "%s stands twice", got);
    }
    return n;
}

/* Names become those of metrics, and so of columns in the database. */
static bool is_name(const char *s) {
    if (!islower((unsigned char)*s) || strlen(s) > NAME_MOST || strcmp(s, "mean") == 0)
        return false;
    for (; *s; s++)
        if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '_') return false;
    return true;
}

/* "seasonal_t", "linear_t" beside "t": its figures would have the names of t's. */
static bool is_rival_of(const cJSON *targets, const char *name) {
    static const char *const heads[] = {"seasonal_", "linear_"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        const size_t n = strlen(heads[i]);
        if (strncmp(name, heads[i], n) != 0) continue;
        for (const cJSON *x = targets->child; x; x = x->next)
            if (strcmp(x->string, name + n) == 0) return true;
    }
    return false;
}

/* "t_hi" beside "t": its figures would have the names of t's bounds. */
static bool is_bound_of(const cJSON *targets, const char *name) {
    if (nas_companion_end(name, "mean")) return true; /* of skill_mean */
    for (const cJSON *x = targets->child; x; x = x->next)
        if (nas_companion_end(name, x->string)) return true;
    return false;
}

static int32_t check_targets(nas_check *c, const char *path, const cJSON *v) {
    int32_t n = 0;
    if (!cJSON_IsObject(v) || !v->child || cJSON_GetArraySize(v) > NAS_TARGETS_MOST) {
        nas_check_problem(c, path, v, false, "expected {\"name\": \"column\"} with 1 .. %d of them",
                          NAS_TARGETS_MOST);
        return -1;
    }
    for (const cJSON *x = v->child; x; x = x->next, n++) {
        const char *where = nas_path_key(c->arena, path, x->string);
        char got[48];
        nas_json_show(x, got);
        if (!is_name(x->string))
            nas_check_problem(c, where, x, true,
                              "expected a name of up to %d lower-case letters, digits and "
                              "underscores, a letter first, and not \"mean\"",
                              NAME_MOST);
        if (is_bound_of(v, x->string))
            nas_check_problem(c, where, x, true,
                              "its figures would have the names of another target's bounds (_hi, "
                              "_lo); give it another name");
        if (is_rival_of(v, x->string))
            nas_check_problem(
                c, where, x, true,
                "its figures would have the names of another target's (skill_seasonal_"
                ", mae_linear_); give it another name");
        if (!cJSON_IsString(x) || !*x->valuestring)
            nas_check_problem(c, where, x, false, "expected the name of a column, got %s", got);
    }
    return n;
}

static void check_time(nas_check *c, const char *path, const cJSON *v) {
    const cJSON *column = nas_json_get(v, "column"), *columns = nas_json_get(v, "columns");
    const cJSON *format = nas_json_get(v, "format");
    const bool one = cJSON_IsString(column), several = columns && !cJSON_IsNull(columns);
    if (!cJSON_IsObject(v)) return;
    if (one == several)
        nas_check_problem(c, path, v, false,
                          "expected \"column\" and its \"format\", or a list of \"columns\"");
    if (several && cJSON_IsString(format) && strncmp(format->valuestring, "epoch_", 6) == 0)
        nas_check_problem(c, nas_path_key(c->arena, path, "format"), format, true,
                          "is a number in one \"column\"; leave \"columns\" out");
    if (one && !cJSON_IsString(format))
        nas_check_problem(c, nas_path_key(c->arena, path, "format"), v, false,
                          "missing; such as \"%%Y-%%m-%%d %%H:%%M:%%S\"");
    if (several)
        (void)check_list(c, nas_path_key(c->arena, path, "columns"), columns, NAS_TIME_PARTS,
                         "columns: those of the format, or year, month, day, hour, minute, "
                         "second");
    if (!cJSON_IsString(format)) return;
    const char *wrong = nas_time_format_wrong(format->valuestring);
    if (wrong)
        nas_check_problem(c, nas_path_key(c->arena, path, "format"), format, false, "%s", wrong);
}

static void check_split(nas_check *c, const char *path, const cJSON *split) {
    const cJSON *folds = nas_json_get(split, "folds"), *share = nas_json_get(split, "validation");
    const cJSON *test = nas_json_get(split, "test");
    const double v = cJSON_IsNumber(share) ? share->valuedouble : 0.2;
    const double t = cJSON_IsNumber(test) ? test->valuedouble : 0.1;
    const bool folded = folds && !cJSON_IsNull(folds);
    if (folded && share)
        nas_check_problem(c, nas_path_key(c->arena, path, "validation"), share, true,
                          "with folds each block is the validation set once; leave it out");
    if ((folded ? 0 : v) + t > 0.95)
        nas_check_problem(c, path, split, false,
                          "validation and test leave less than 0.05 to train");
}

static void forecast_check(nas_check *c, const char *path, const cJSON *task) {
    const cJSON *inputs = nas_json_get(task, "inputs"), *targets = nas_json_get(task, "targets");
    const cJSON *horizon = nas_json_get(task, "horizon"), *time = nas_json_get(task, "time");
    int32_t n = 0;
    if (inputs)
        (void)check_list(c, nas_path_key(c->arena, path, "inputs"), inputs, NAS_INPUTS_MOST,
                         "columns");
    if (targets) n = check_targets(c, nas_path_key(c->arena, path, "targets"), targets);
    if (cJSON_IsNumber(horizon) && n > 0 && horizon->valuedouble * n > OUTPUTS_MOST)
        nas_check_problem(c, nas_path_key(c->arena, path, "horizon"), horizon, false,
                          "%g steps of %d targets are more than %d values", horizon->valuedouble, n,
                          OUTPUTS_MOST);
    nas_missing_check(c, path, task);
    if (time) check_time(c, nas_path_key(c->arena, path, "time"), time);
    const cJSON *split = nas_json_get(task, "split"), *by = nas_json_get(split, "by");
    check_split(c, nas_path_key(c->arena, path, "split"), split);
    if (cJSON_IsString(by) && strcmp(by->valuestring, "group") == 0 &&
        !cJSON_IsString(nas_json_get(task, "group")))
        nas_check_problem(c, nas_path_key(c->arena, path, "split.by"), by, false,
                          "needs the column that says whose row it is: \"group\" in task");
}

/* --- the task from its keys ---------------------------------------------------------------------
 */

/* The strings of a list, or of an object's values (keys NULL) and their keys. */
static nas_status copy_texts(nas_arena *a, const cJSON *v, const char *const **values,
                             const char *const **keys, int32_t *n, nas_err *err) {
    const size_t room = (size_t)cJSON_GetArraySize(v);
    const char **out = nas_arena_array(a, room, sizeof *out, err);
    const char **names = nas_arena_array(a, room, sizeof *names, err);
    if (!out || !names) return NAS_ENOMEM;
    for (const cJSON *x = v->child; x; x = x->next, ++*n) {
        out[*n] = nas_arena_text(a, x->valuestring, err);
        names[*n] = nas_arena_text(a, x->string ? x->string : "", err);
        if (!out[*n] || !names[*n]) return NAS_ENOMEM;
    }
    *values = out;
    if (keys) *keys = names;
    return NAS_OK;
}

static nas_status build_time(nas_arena *a, const cJSON *time, nas_forecast_task *out,
                             nas_err *err) {
    nas_series_config *k = &out->series;
    const cJSON *columns = nas_json_get(time, "columns");
    if (!cJSON_IsObject(time)) return NAS_OK;
    NAS_TRY(nas_keys_build(a, time_keys, time, 0, out, err));
    k->n_time = k->time[0] != NULL;
    if (!cJSON_IsArray(columns)) return NAS_OK;
    const char *const *list;
    k->n_time = 0;
    NAS_TRY(copy_texts(a, columns, &list, NULL, &k->n_time, err));
    for (int32_t i = 0; i < k->n_time; i++) k->time[i] = list[i];
    return NAS_OK;
}

static nas_status forecast_build(nas_arena *a, const cJSON *task, nas_task *to, nas_err *err) {
    nas_forecast_task *out = nas_arena_alloc(a, sizeof *out, err);
    if (!out) return NAS_ENOMEM;
    to->own = out;
    nas_series_config *k = &out->series;
    NAS_TRY(nas_keys_build(a, forecast_keys, task, 0, out, err));
    to->data = out->data;
    NAS_TRY(nas_missing_build(a, task, out, err));
    NAS_TRY(nas_keys_build(a, split_keys, nas_json_get(task, "split"), 0, out, err));
    NAS_TRY(copy_texts(a, nas_json_get(task, "inputs"), &k->inputs, NULL, &k->n_inputs, err));
    NAS_TRY(
        copy_texts(a, nas_json_get(task, "targets"), &k->targets, &k->names, &k->n_targets, err));
    NAS_TRY(build_time(a, nas_json_get(task, "time"), out, err));
    return nas_forecast_metrics(a, k, &to->metrics, err);
}

static int32_t forecast_outputs(const nas_task *task) {
    return nas_forecast_keys(task)->series.horizon * nas_forecast_keys(task)->series.n_targets;
}

static nas_status forecast_shape(const nas_candidate *c, nas_model *model, nas_err *err) {
    (void)err;
    model->input = (nas_shape){.h = nas_forecast_keys(&c->task)->series.window,
                               .w = 1,
                               .c = nas_forecast_keys(&c->task)->series.n_inputs};
    return NAS_OK;
}

/* --- what comes of files ------------------------------------------------------------------------
 */

static nas_status forecast_finish(const nas_dataset *d, const nas_candidate *c, nas_graph *g,
                                  nas_err *err) {
    const nas_scaling *s = &nas_series_of(d)->scaling;
    const nas_columns in = {nas_forecast_keys(&c->task)->series.n_inputs, s->mean, s->deviation};
    const nas_columns out = {nas_forecast_keys(&c->task)->series.n_targets, s->target_mean,
                             s->target_deviation};
    return nas_forecast_is_own(nas_series_of(d)->series, c, g)
               ? nas_graph_give_units(g, &in, &out, err)
               : NAS_OK;
}

static void add_linear(const nas_dataset *d, nas_part part, nas_tally *t) {
    const double *sums = nas_forecast_part_linear(nas_series_of(d), part);
    for (int32_t i = 0; i < nas_forecast_keys(d->task)->series.n_targets; i++)
        t->sum[NAS_SUMS * i + NAS_SUM_LINEAR] += sums[i];
}

static nas_status forecast_judge(const nas_dataset *d, const nas_candidate *c,
                                 const nas_features *f, const nas_graph *g, nas_part part,
                                 const nas_log *log, nas_tally *t, nas_err *err) {
    const nas_forecast_run r = {
        .series = nas_series_of(d)->series,
        .windows = &nas_series_of(d)->part[part],
        .scaling = &nas_series_of(d)->scaling,
        .graph = g,
        .own = nas_forecast_is_own(nas_series_of(d)->series, c, g),
        .block = nas_series_of(d)->block,
        .groups = part == NAS_VALIDATION ? nas_series_of(d)->by : NULL,
    };
    (void)f;
    if (r.groups) memset(r.groups, 0, nas_forecast_by_bytes(nas_series_of(d)->series));
    add_linear(d, part, t);
    return nas_forecast_judge(&r, log, t, err);
}

static void forecast_conclude(const nas_task *task, const nas_tally *t, bool test, double *metric) {
    const nas_series_config *k = &nas_forecast_keys(task)->series;
    const nas_figure_of of = test ? NAS_OF_TEST : NAS_OF_VALIDATION;
    const int32_t n = k->n_targets;
    double skills = 0;
    for (int32_t i = 0; i < n; i++) {
        const nas_forecast_figures f = nas_forecast_figure(k, t, i);
        *nas_forecast_at(k, i, NAS_FIGURE_MAE, of, metric) = f.mae;
        *nas_forecast_at(k, i, NAS_FIGURE_RMSE, of, metric) = f.rmse;
        *nas_forecast_at(k, i, NAS_FIGURE_SKILL, of, metric) = f.skill;
        *nas_forecast_at(k, i, NAS_FIGURE_SEASONAL, of, metric) = f.skill_seasonal;
        *nas_forecast_at(k, i, NAS_FIGURE_LINEAR, of, metric) = f.linear;
        skills += f.skill;
    }
    metric[test ? NAS_METRIC_TEST_SCORE : NAS_METRIC_SCORE] = skills / n;
}

typedef struct bench {
    nas_interp *it;
    const float *x;
    float *y;
} bench;

static void once(void *ctx) {
    const bench *b = ctx;
    nas_interp_run(b->it, b->x, b->y);
}

/* There is no front end: a window goes in as it is. */
static nas_status measure(const bench *b, const nas_cache *cache, double *metric, nas_err *err) {
    enum { RUNS = 51 };
    nas_lock lock;
    nas_latency l = {0};
    bench own = *b;
    NAS_TRY(nas_measure_lock(cache, &lock, err));
    const nas_status st = nas_latency_measure(once, &own, RUNS, &l, err);
    nas_lock_release(&lock);
    NAS_TRY(st);
    nas_latency_metrics(&l, NAS_METRIC_INFER_MS, metric);
    nas_latency_metrics(&l, NAS_METRIC_TOTAL_MS, metric);
    return NAS_OK;
}

static nas_status forecast_latency(const nas_dataset *d, const nas_candidate *c,
                                   const nas_features *f, const nas_graph *g,
                                   const nas_cache *cache, double *metric, nas_err *err) {
    const nas_rows *validation = &d->part[NAS_VALIDATION];
    const int32_t row = validation->n ? validation->example[0] : d->part[NAS_TRAIN].example[0];
    bench b = {.x = nas_series_of(d)->x + (size_t)row * (size_t)f->w};
    (void)c;
    b.y = malloc((size_t)d->outputs * sizeof *b.y);
    nas_status st =
        b.y ? nas_interp_open(g, &b.it, err) : nas_fail(err, NAS_ENOMEM, "latency: out of memory");
    if (st == NAS_OK) st = measure(&b, cache, metric, err);
    nas_interp_close(b.it);
    free(b.y);
    return st;
}

static void forecast_describe(const nas_dataset *d, char *out, size_t n) {
    const nas_series_config *k = &nas_forecast_keys(d->task)->series;
    char folds[64] = "";
    nas_tally simple = nas_series_of(d)->simple;
    if (!d->folds)
        nas_forecast_add_simple(nas_series_of(d), &nas_series_of(d)->part[NAS_VALIDATION],
                                nas_forecast_part_linear(nas_series_of(d), NAS_VALIDATION),
                                &simple);
    const char *turns = nas_series_of(d)->deal ? "folds of groups" : "rolling origins";
    if (d->folds) snprintf(folds, sizeof folds, "%d %s, ", d->folds, turns);
    char rows[32], groups[64] = "", train[32], validation[32], test[32];
    if (k->group)
        snprintf(groups, sizeof groups, " of %d groups", nas_series_of(d)->series->n_groups);
    size_t used = (size_t)snprintf(
        out, n, "%s rows%s, windows of %d + %d rows (%strain %s, validation %s, test %s)",
        nas_thousands(nas_series_of(d)->series->rows, rows), groups, k->window, k->horizon, folds,
        nas_thousands(d->part[NAS_TRAIN].n, train),
        nas_thousands(d->part[NAS_VALIDATION].n, validation),
        nas_thousands(d->part[NAS_TEST].n, test));
    for (int32_t i = 0; simple.n > 0 && i < k->n_targets && used < n; i++) {
        const nas_forecast_figures f = nas_forecast_figure(k, &simple, i);
        char seasonal[64] = "";
        if (!isnan(f.seasonal))
            snprintf(seasonal, sizeof seasonal, ", seasonal naive %.4g", f.seasonal);
        used += (size_t)snprintf(out + used, n - used,
                                 "%s mae_%s: naive forecast %.4g%s, least squares %.4g",
                                 i          ? ";"
                                 : d->folds ? "\nfolds:"
                                            : "\nvalidation set:",
                                 k->names[i], f.carried, seasonal, f.linear);
    }
}

static const char *const texts[] = {"forecast.json", NULL};
static const char *const sources[] = {"forecast.h", NULL};

static const char *const listed[] = {"skill_mean", "test_skill_mean", "mae_*", NULL};

const nas_task_ops nas_task_forecast = {
    .name = "forecast",
    .help = "columns of a table, several steps ahead",
    .block = &forecast_block,
    .blocks = blocks,
    .rows = key_rows,
    .has = NAS_HAS_NET,
    .listed = listed,
    .scores = nas_forecast_scores,
    .output_word = "outputs",
    .data_word = "file",
    .values = true,
    .texts = texts,
    .sources = sources,
    .check = forecast_check,
    .build = forecast_build,
    .outputs = forecast_outputs,
    .shape = forecast_shape,
    .open = nas_forecast_open,
    .close = nas_forecast_close,
    .fold = nas_forecast_fold,
    .describe = forecast_describe,
    .features = nas_forecast_features,
    .part = nas_forecast_part,
    .finish = forecast_finish,
    .judge = forecast_judge,
    .conclude = forecast_conclude,
    .marks = nas_forecast_marks,
    .examples = nas_forecast_examples,
    .answers = nas_forecast_answers,
    .recall = nas_forecast_recall,
    .bounds = nas_forecast_bounds,
    .latency = forecast_latency,
    .package = nas_forecast_package,
    .emit = nas_forecast_emit,
    .beside = nas_forecast_beside,
};
