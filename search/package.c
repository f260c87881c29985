/* search/package.c - the texts that stand beside model.tflite: frontend.json, labels.txt,
 * candidate.json, metrics.json. */
#include "search/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Prints the tree into the arena and frees it. */
static nas_status print_json(cJSON *tree, nas_arena *a, const char **out, nas_err *err) {
    char *text = tree ? cJSON_Print(tree) : NULL;
    *out = text ? nas_arena_format(a, err, "%s\n", text) : NULL;
    free(text);
    cJSON_Delete(tree);
    return *out ? NAS_OK : nas_fail(err, NAS_ENOMEM, "out of memory");
}

/* cJSON prints doubles with 15 or 17 digits; ours are the shortest that read back. */
static void add_number(cJSON *object, const char *name, double v) {
    char text[32];
    nas_json_number(v, text);
    cJSON_AddRawToObject(object, name, text);
}

static void add_floats(cJSON *object, const char *name, const float *v, int32_t n) {
    cJSON *list = cJSON_AddArrayToObject(object, name);
    for (int32_t i = 0; i < n; i++) {
        char text[32];
        nas_json_number((double)v[i], text);
        cJSON_AddItemToArray(list, cJSON_CreateRaw(text));
    }
}

static nas_status frontend_json(const nas_evaluator *e, const nas_candidate *c,
                                const nas_features *f, nas_arena *a, const char **out,
                                nas_err *err) {
    const nas_frontend_config *k = &c->frontend;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "kind", k->kind == NAS_MFCC ? "mfcc" : "log_mel");
    add_number(o, "clip_seconds", e->data->clips->clip_seconds);
    add_number(o, "sample_rate_hz", k->sample_rate_hz);
    add_number(o, "frame_length_ms", k->frame_length_ms);
    add_number(o, "frame_step_ms", k->frame_step_ms);
    if (k->fft_length) add_number(o, "fft_length", k->fft_length);
    add_number(o, "mel_bins", k->mel_bins);
    add_number(o, "lower_hz", k->lower_hz);
    add_number(o, "upper_hz", k->upper_hz);
    if (k->kind == NAS_MFCC) add_number(o, "coefficients", k->coefficients);
    cJSON_AddStringToObject(o, "normalize", k->normalize ? "coefficient" : "none");
    add_number(o, "frames", f->h);
    add_number(o, "features", f->w);
    add_floats(o, "mean", f->mean, f->w);
    add_floats(o, "deviation", f->deviation, f->w);
    return print_json(o, a, out, err);
}

static nas_status labels_txt(const nas_clips *c, nas_arena *a, const char **out, nas_err *err) {
    size_t n = 1;
    for (int32_t i = 0; i < c->n_labels; i++) n += strlen(c->labels[i]) + 1;
    char *text = nas_arena_alloc(a, n, err), *p = text;
    if (!text) return NAS_ENOMEM;
    for (int32_t i = 0; i < c->n_labels; i++) {
        p = stpcpy(p, c->labels[i]);
        *p++ = '\n';
    }
    *out = text;
    return NAS_OK;
}

/* The document with the data that was read, and what else a trial's identity holds. */
static nas_status candidate_json(const nas_evaluator *e, const nas_candidate *c, nas_arena *a,
                                 const char **out, nas_err *err) {
    cJSON *o = cJSON_Parse(c->json);
    if (!o) return nas_fail(err, NAS_EBUG, "a candidate's own document does not parse");
    cJSON *task = cJSON_GetObjectItemCaseSensitive(o, "task");
    cJSON_DeleteItemFromObjectCaseSensitive(task, "data");
    cJSON_AddStringToObject(task, "data", e->data->folder);
    char seed[32];
    nas_json_number((double)e->seed, seed);
    cJSON_DeleteItemFromObjectCaseSensitive(o, "seed");
    cJSON_DeleteItemFromObjectCaseSensitive(o, "replicate");
    cJSON_AddRawToObject(o, "seed", seed);
    cJSON_AddNumberToObject(o, "replicate", e->replicate);
    return print_json(o, a, out, err);
}

nas_status nas_package_metrics(const double *metric, nas_arena *a, const char **out, nas_err *err) {
    cJSON *o = cJSON_CreateObject();
    for (int i = 0; i < NAS_METRIC_COUNT; i++)
        if (!isnan(metric[i])) add_number(o, nas_metrics[i].name, metric[i]);
    return print_json(o, a, out, err);
}

nas_status nas_package(const nas_evaluator *e, const nas_candidate *c, const nas_features *f,
                       nas_arena *a, nas_outcome *out, nas_err *err) {
    NAS_TRY(frontend_json(e, c, f, a, &out->frontend_json, err));
    NAS_TRY(labels_txt(e->data->clips, a, &out->labels_txt, err));
    NAS_TRY(candidate_json(e, c, a, &out->candidate_json, err));
    return nas_package_metrics(out->metric, a, &out->metrics_json, err);
}
