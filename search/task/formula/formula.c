/* search/task/formula/formula.c - the task "test_function": a formula in place of a net, so that
 * the search itself can be tried, tested and measured. Sums and products only: the same bits
 * anywhere.
 */
#include "base/clock.h"
#include "base/companion.h"
#include "search/candidate/candidate_int.h"
#include "search/task/task.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FUNCTION_VERSION = 1 };

typedef enum function_id { SPHERE, ROSENBROCK, CONSTRAINED } function_id;
static const char *const function_words[] = {"sphere", "rosenbrock", "constrained", NULL};

/* The keys of the task. */
typedef struct formula_keys {
    int32_t kind, function, dimensions;
    double seconds; /* that each trial is made to take */
} formula_keys;

static const formula_keys *keys_of(const nas_task *task) {
    return task->own;
}

#define TASK(member) .offset = offsetof(formula_keys, member)

static const nas_key function_keys[] = {
    {.name = "kind",
     .kind = NAS_KEY_WORD,
     TASK(kind),
     .words = nas_task_kinds,
     .help = "test_function: a formula of the numbers in point; nothing is trained"},
    {.name = "function",
     .kind = NAS_KEY_WORD,
     TASK(function),
     .words = function_words,
     .help = "sphere: sum of x^2, least at 0; rosenbrock: sum of 100 (next - x^2)^2 + (1 - x)^2, "
             "least at 1; constrained: sum of (x - 1)^2, feasible where slack >= 0"},
    {.name = "dimensions",
     .kind = NAS_KEY_INT,
     TASK(dimensions),
     .lo = 1,
     .hi = NAS_POINT_MOST,
     .def = "2",
     .help = "how many numbers it takes: x1, x2, ... of point; rosenbrock takes two or more"},
    {.name = "seconds",
     .kind = NAS_KEY_FLOAT,
     TASK(seconds),
     .lo = 0,
     .hi = 3600,
     .def = "0",
     .help = "time in s that each trial is made to take"},
    NAS_KEY_END,
};

#define X(i)                                                                             \
    {                                                                                    \
        .name = "x" #i, .kind = NAS_KEY_FLOAT,                                           \
        .offset = offsetof(nas_candidate, point) + (i - 1) * sizeof(double), .lo = -1e6, \
        .hi = 1e6, .def = "0", .help = "coordinate " #i                                  \
    }
static const nas_key point_keys[] = {X(1), X(2), X(3), X(4), X(5), X(6), X(7), X(8), NAS_KEY_END};
#undef X

static const nas_block function_block = {.path = "task with test_function",
                                         .help = "A formula, to try out the search.",
                                         .tables = {function_keys}};
static const nas_block *const blocks[] = {&function_block, NULL};
const nas_block nas_block_point = {
    .path = "point", .help = "Where a test function is taken.", .tables = {point_keys}};

enum { VALUE = NAS_METRIC_COUNT, SLACK, METRICS };

static const nas_metric scores[NAS_METRIC_SCORES] = {
    [NAS_METRIC_SCORE] = {.name = "score",
                          .unit = NAS_UNIT_NONE,
                          .selectable = true,
                          .help = "-value: higher is better"},
    [NAS_METRIC_TEST_SCORE] = {.name = "test_score",
                               .unit = NAS_UNIT_NONE,
                               .help = "of a net; not known here"},
    [NAS_METRIC_SCORE_LO] = {.name = "score" NAS_LO,
                             .unit = NAS_UNIT_NONE,
                             .help = "of a net; not known here"},
};

/* What a file would have is not known of a formula, so nothing selects on it. */
static void fill_metrics(const formula_keys *own, nas_metric *m) {
    for (int i = 0; i < NAS_METRIC_COUNT; i++)
        m[i] = (nas_metric){.name = nas_metrics[i].name,
                            .unit = NAS_UNIT_NONE,
                            .integer = nas_metrics[i].integer,
                            .help = "of a net; not known here"};
    memcpy(m, scores, sizeof scores);
    m[VALUE] = (nas_metric){.name = "value",
                            .unit = NAS_UNIT_NONE,
                            .selectable = true,
                            .help = "of the function: lower is better"};
    m[SLACK] = (nas_metric){.name = "slack",
                            .unit = NAS_UNIT_NONE,
                            .selectable = own->function == CONSTRAINED,
                            .help = "of constrained: 1 - sum of x^2; of the others not known"};
}

static int32_t number_of(const cJSON *task, const char *key, int32_t otherwise) {
    const cJSON *v = nas_json_get(task, key);
    return cJSON_IsNumber(v) && v->valuedouble >= 1 && v->valuedouble <= NAS_POINT_MOST
               ? v->valueint
               : otherwise;
}

static void function_check(nas_check *c, const char *path, const cJSON *task) {
    const int32_t n = number_of(task, "dimensions", 2);
    const cJSON *function = nas_json_get(task, "function");
    if (n < 2 && cJSON_IsString(function) &&
        strcmp(function->valuestring, function_words[ROSENBROCK]) == 0)
        nas_check_problem(c, nas_path_key(c->arena, path, "dimensions"), task, false,
                          "rosenbrock takes two or more");
    const cJSON *point = nas_json_get(c->root, "point");
    for (const cJSON *x = cJSON_IsObject(point) ? point->child : NULL; x; x = x->next)
        for (int32_t i = n; i < NAS_POINT_MOST; i++)
            if (strcmp(x->string, point_keys[i].name) == 0)
                nas_check_problem(c, nas_path_key(c->arena, "point", x->string), x, true,
                                  "task.dimensions is %d; leave it out", n);
}

static nas_status function_build(nas_arena *a, const cJSON *task, nas_task *out, nas_err *err) {
    formula_keys *own = nas_arena_alloc(a, sizeof *own, err);
    if (!own) return NAS_ENOMEM;
    out->own = own;
    NAS_TRY(nas_keys_build(a, function_keys, task, 0, own, err));
    nas_metric *m = nas_arena_array(a, METRICS, sizeof *m, err);
    if (!m) return NAS_ENOMEM;
    fill_metrics(own, m);
    out->metrics = (nas_metric_list){METRICS, m};
    return NAS_OK;
}

static int32_t function_outputs(const nas_task *task) {
    (void)task;
    return 1;
}

static nas_status function_open(nas_arena *a, const nas_task *task, bool allow_missing,
                                const nas_cache *cache, const nas_log *log, nas_dataset *d,
                                nas_err *err) {
    (void)a;
    (void)allow_missing;
    (void)cache;
    (void)log;
    (void)err;
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "function");
    nas_hasher_i64(&h, FUNCTION_VERSION);
    nas_hasher_text(&h, function_words[keys_of(task)->function]);
    nas_hasher_i64(&h, keys_of(task)->dimensions);
    d->fingerprint = nas_hasher_end(&h);
    d->outputs = 1;
    return NAS_OK;
}

static void function_close(nas_dataset *d) {
    (void)d;
}

static void function_describe(const nas_dataset *d, char *out, size_t n) {
    const formula_keys *k = keys_of(d->task);
    snprintf(out, n, "%s in %d dimension%s", function_words[k->function], k->dimensions,
             k->dimensions == 1 ? "" : "s");
}

static double sum_of_squares(const double *x, int32_t n, double from) {
    double sum = 0;
    for (int32_t i = 0; i < n; i++) sum += (x[i] - from) * (x[i] - from);
    return sum;
}

static double rosenbrock(const double *x, int32_t n) {
    double sum = 0;
    for (int32_t i = 0; i + 1 < n; i++) {
        const double up = x[i + 1] - x[i] * x[i], along = 1 - x[i];
        sum += 100 * (up * up) + along * along;
    }
    return sum;
}

/* Asked often enough for a heartbeat, a limit, or Ctrl-C. */
static nas_status wait_for(double seconds, const nas_log *log, nas_err *err) {
    const double since = nas_clock_wall(), nap = 0.02;
    for (double left = seconds; left > 0; left = seconds - (nas_clock_wall() - since)) {
        if (nas_should_stop(log)) return nas_fail(err, NAS_ESTOP, "stopped");
        nas_clock_sleep(left < nap ? left : nap);
    }
    return NAS_OK;
}

static nas_status function_evaluate(const nas_dataset *d, const nas_candidate *c,
                                    const nas_log *log, double *metric, nas_err *err) {
    const formula_keys *k = keys_of(d->task);
    const int32_t n = k->dimensions;
    NAS_TRY(wait_for(k->seconds, log, err));
    switch ((function_id)k->function) {
    case SPHERE: metric[VALUE] = sum_of_squares(c->point, n, 0); break;
    case ROSENBROCK: metric[VALUE] = rosenbrock(c->point, n); break;
    case CONSTRAINED:
        metric[VALUE] = sum_of_squares(c->point, n, 1);
        metric[SLACK] = 1 - sum_of_squares(c->point, n, 0);
        break;
    }
    metric[NAS_METRIC_SCORE] = 0 - metric[VALUE];
    return NAS_OK;
}

static const char *const no_texts[] = {NULL};

static const char *const listed[] = {"score", "value", "slack", NULL};

const nas_task_ops nas_task_test_function = {
    .name = "test_function",
    .help = "a formula, to try out the search",
    .block = &function_block,
    .blocks = blocks,
    .has = NAS_HAS_POINT,
    .listed = listed,
    .scores = scores,
    .output_word = "",
    .texts = no_texts,
    .check = function_check,
    .build = function_build,
    .outputs = function_outputs,
    .open = function_open,
    .close = function_close,
    .describe = function_describe,
    .evaluate = function_evaluate,
};
