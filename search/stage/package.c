/* search/stage/package.c - texts that stand beside model.tflite whatever the task: candidate.json
 * and metrics.json. */
#include "search/stage/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Was an allocation of cJSON's refused since nas_package_start? Most of its functions that add to a
 * tree only leave out what there is no room for. */
static bool refused;

static void *allocate(size_t n) {
    void *p = malloc(n);
    if (!p) refused = true;
    return p;
}

cJSON *nas_package_start(const char *text) {
    cJSON_Hooks hooks = {.malloc_fn = allocate, .free_fn = free};
    cJSON_InitHooks(&hooks);
    refused = false;
    return text ? cJSON_Parse(text) : cJSON_CreateObject();
}

/* cJSON prints 15 digits where 17 differ by less than DBL_EPSILON only: such a number becomes raw
 * text, and no other, so that the rest is printed as ever. */
static void keep_digits(cJSON *v) {
    char text[32];
    if (cJSON_IsNumber(v)) {
        snprintf(text, sizeof text, "%.15g", v->valuedouble);
        if (strtod(text, NULL) == v->valuedouble || !(v->valuestring = allocate(sizeof text)))
            return;
        snprintf(v->valuestring, sizeof text, "%.17g", v->valuedouble);
        v->type = (v->type & ~0xFF) | cJSON_Raw;
    }
    for (cJSON *c = v->child; c; c = c->next) keep_digits(c);
}

nas_status nas_package_print(cJSON *tree, nas_arena *a, const char **out, nas_err *err) {
    if (tree) keep_digits(tree);
    char *text = tree && !refused ? cJSON_Print(tree) : NULL;
    *out = text ? nas_arena_format(a, err, "%s\n", text) : NULL;
    free(text);
    cJSON_Delete(tree);
    return *out ? NAS_OK : nas_fail(err, NAS_ENOMEM, "out of memory");
}

/* cJSON prints doubles with 15 or 17 digits; ours are the shortest that read back. */
void nas_package_number(cJSON *object, const char *name, double v) {
    char text[32];
    nas_json_number(v, text);
    cJSON_AddRawToObject(object, name, text);
}

void nas_package_floats(cJSON *object, const char *name, const float *v, int32_t n) {
    cJSON *list = cJSON_AddArrayToObject(object, name);
    for (int32_t i = 0; i < n; i++) {
        char text[32];
        nas_json_number((double)v[i], text);
        cJSON_AddItemToArray(list, cJSON_CreateRaw(text));
    }
}

/* The document, and what else a trial's identity holds. task.data stays as the space has it: where
 * the data lay this time (--data) is no part of what is determined. */
static nas_status candidate_json(const nas_evaluator *e, const nas_candidate *c, nas_arena *a,
                                 const char **out, nas_err *err) {
    cJSON *o = nas_package_start(c->json);
    char seed[32];
    nas_json_number((double)e->seed, seed);
    cJSON_DeleteItemFromObjectCaseSensitive(o, "seed");
    cJSON_DeleteItemFromObjectCaseSensitive(o, "replicate");
    cJSON_AddRawToObject(o, "seed", seed);
    cJSON_AddNumberToObject(o, "replicate", e->replicate);
    return nas_package_print(o, a, out, err);
}

nas_status nas_package_metrics(const nas_metric_list *list, const double *metric, const char *data,
                               nas_arena *a, const char **out, nas_err *err) {
    cJSON *o = nas_package_start(NULL);
    for (int i = 0; i < list->n; i++)
        if (!isnan(metric[i])) nas_package_number(o, list->v[i].name, metric[i]);
    if (data) cJSON_AddStringToObject(o, "data", data);
    return nas_package_print(o, a, out, err);
}

nas_status nas_package(const nas_evaluator *e, const nas_candidate *c, nas_arena *a,
                       nas_outcome *out, nas_err *err) {
    NAS_TRY(candidate_json(e, c, a, &out->candidate_json, err));
    const nas_task *task = e->data->task;
    char data[65];
    nas_hash_hex(&e->data->fingerprint, data);
    return nas_package_metrics(&task->metrics, out->metric, task->ops->evaluate ? NULL : data, a,
                               &out->metrics_json, err);
}
