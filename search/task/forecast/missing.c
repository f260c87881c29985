/* search/task/forecast/missing.c - keys of a forecast about the numbers of its table. */
#include "search/candidate/candidate_int.h"
#include "search/task/forecast/forecast.h"

#include <math.h>
#include <string.h>

enum { NONES_MOST = 64 };

static const char *const missing_words[] = {"error", "drop", "previous", "interpolate", NULL};
static const char *const decimal_words[] = {"auto", "point", "comma", NULL};

#define TASK(member) .offset = offsetof(nas_forecast_task, member)

const nas_key nas_missing_keys[] = {
    {.name = "missing",
     .kind = NAS_KEY_WORD,
     TASK(series.missing),
     .def = "\"error\"",
     .words = missing_words,
     .help = "what a cell that is no number is; drop: no window holds its row; previous: the value "
             "before it; interpolate: on the line between its neighbours"},
    {.name = "missing_longest",
     .kind = NAS_KEY_INT,
     TASK(series.missing_longest),
     .lo = 1,
     .hi = 10000,
     .def = "3",
     .help = "rows in a row that previous and interpolate fill; those of longer gaps are dropped"},
    {.name = "missing_values",
     .kind = NAS_KEY_BLOCK,
     .def = "[]",
     .help = "numbers that stand for a missing value, such as [-9999, -999], or by column, "
             "{\"T (degC)\": [-200]}"},
    {.name = "decimal",
     .kind = NAS_KEY_WORD,
     TASK(series.decimal),
     .def = "\"auto\"",
     .words = decimal_words,
     .help =
         "the sign before the fraction of the table's numbers; auto: found from the whole file"},
    NAS_KEY_END,
};

/* --- missing_values -----------------------------------------------------------------------------
 */

static void check_numbers(nas_check *c, const char *path, const cJSON *list) {
    int32_t n = 0;
    if (!cJSON_IsArray(list) || !list->child || cJSON_GetArraySize(list) > NONES_MOST) {
        nas_check_problem(c, path, list, false, "expected a list of 1 .. %d numbers", NONES_MOST);
        return;
    }
    for (const cJSON *x = list->child; x; x = x->next, n++)
        if (!cJSON_IsNumber(x) || !isfinite(x->valuedouble))
            nas_check_problem(c, nas_path_item(c->arena, path, n), x, false,
                              "expected a number; a cell that holds none is missing without being "
                              "named");
}

static bool is_in(const cJSON *list, const char *column) {
    for (const cJSON *x = list ? list->child : NULL; x; x = x->next)
        if (cJSON_IsString(x) && strcmp(x->valuestring, column) == 0) return true;
    return false;
}

void nas_missing_check(nas_check *c, const char *path, const cJSON *task) {
    const cJSON *v = nas_json_get(task, "missing_values"), *how = nas_json_get(task, "missing");
    const cJSON *longest = nas_json_get(task, "missing_longest");
    const char *where = nas_path_key(c->arena, path, "missing_values");
    const bool fills = cJSON_IsString(how) && (strcmp(how->valuestring, "previous") == 0 ||
                                               strcmp(how->valuestring, "interpolate") == 0);
    if (longest && !fills)
        nas_check_problem(c, nas_path_key(c->arena, path, "missing_longest"), longest, true,
                          "belongs to \"missing\": \"previous\" or \"interpolate\"; leave it out");
    if (!v) return;
    if (cJSON_IsArray(v) && !v->child) return;
    if (!cJSON_IsObject(v)) {
        check_numbers(c, where, v);
        return;
    }
    for (const cJSON *x = v->child; x; x = x->next) {
        const char *item = nas_path_key(c->arena, where, x->string);
        if (!is_in(nas_json_get(task, "inputs"), x->string) &&
            !is_in(nas_json_get(task, "targets"), x->string))
            nas_check_problem(c, item, x, true,
                              "no column of task.inputs or task.targets that is read as numbers");
        check_numbers(c, item, x);
    }
}

static nas_status build_list(nas_arena *a, const cJSON *list, const char *column, nas_none *out,
                             int32_t *n, nas_err *err) {
    if (column && !(column = nas_arena_text(a, column, err))) return NAS_ENOMEM;
    for (const cJSON *x = list ? list->child : NULL; x; x = x->next)
        out[(*n)++] = (nas_none){.column = column, .value = x->valuedouble};
    return NAS_OK;
}

nas_status nas_missing_build(nas_arena *a, const cJSON *task, nas_forecast_task *out,
                             nas_err *err) {
    nas_series_config *k = &out->series;
    const cJSON *v = nas_json_get(task, "missing_values");
    size_t room = 1;
    NAS_TRY(nas_keys_build(a, nas_missing_keys, task, 0, out, err));
    for (const cJSON *x = v ? v->child : NULL; x; x = x->next)
        room += 1 + (size_t)cJSON_GetArraySize(x);
    nas_none *none = nas_arena_array(a, room, sizeof *none, err);
    if (!none) return NAS_ENOMEM;
    k->none = none;
    k->n_none = 0;
    if (!cJSON_IsObject(v)) return build_list(a, v, NULL, none, &k->n_none, err);
    for (const cJSON *x = v->child; x; x = x->next)
        NAS_TRY(build_list(a, x, x->string, none, &k->n_none, err));
    return NAS_OK;
}
