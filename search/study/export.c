/* search/study/export.c - a trial's folder: the bytes that were measured and the texts beside them.
 */
#include "search/study/export.h"
#include "core/deploy/device.h"
#include "search/study/study.h"
#include "search/task/task.h"
#include "store/read.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nas_export_names_add(nas_export_names *to, const char *const *v) {
    for (; v && *v; v++) {
        assert(to->n < NAS_EXPORT_NAMES);
        to->v[to->n++] = *v;
    }
}

/* What an export may have, of any task. The first says that a folder is one: where it is not there,
 * a file under another of these names is somebody else's until it is replaced. */
static nas_export_names list_ours(void) {
    static const char *const always[] = {
        "candidate.json", "metrics.json", "model.tflite", "model.tflite.zlib", "model.h",
        "model.c",        "model_test.c", "warnings.txt", "DEVICE.md",         NULL};
    nas_export_names ours = {.n = 0};
    const nas_task_ops *task;
    nas_export_names_add(&ours, always);
    for (int32_t k = 0; (task = nas_task_at(k)); k++) {
        nas_export_names_add(&ours, task->texts);
        nas_export_names_add(&ours, task->sources);
    }
    return ours;
}

static nas_status put(nas_folder *f, const char *name, const char *text, nas_err *err) {
    return nas_folder_put(f, name, text, strlen(text), err);
}

nas_status nas_export_model(const nas_graph *g, nas_arena *a, nas_folder *f, nas_err *err) {
    const char *header, *source, *test, *device;
    NAS_TRY(nas_c_source(g, a, &header, &source, err));
    NAS_TRY(nas_c_test(g, a, &test, err));
    NAS_TRY(put(f, "model.h", header, err));
    NAS_TRY(put(f, "model.c", source, err));
    NAS_TRY(put(f, "model_test.c", test, err));
    NAS_TRY(nas_device_text(g, a, &device, err));
    return put(f, "DEVICE.md", device, err);
}

static nas_status put_sources_in(nas_arena *a, const nas_task_ops *task, const nas_outcome *o,
                                 nas_folder *f, nas_err *err) {
    const char *text[NAS_SOURCES];
    nas_graph g = nas_graph_start(a);
    NAS_TRY(nas_tflite_read(o->tflite.p, o->tflite.n, &g, err));
    NAS_TRY(nas_export_model(&g, a, f, err));
    if (!task->sources) return NAS_OK;
    NAS_TRY(task->emit(o->text, a, text, err));
    for (int32_t i = 0; task->sources[i]; i++) NAS_TRY(put(f, task->sources[i], text[i], err));
    return NAS_OK;
}

/* The model as C, and what the task has beside it. */
static nas_status put_sources(const nas_task_ops *task, const nas_outcome *o, nas_folder *f,
                              nas_err *err) {
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    const nas_status st = put_sources_in(a, task, o, f, err);
    nas_arena_close(a);
    return st;
}

static nas_status put_all(const nas_task_ops *task, const nas_outcome *o, nas_folder *f,
                          nas_err *err) {
    if (!task->evaluate) {
        NAS_TRY(nas_folder_put(f, "model.tflite", o->tflite.p, o->tflite.n, err));
        NAS_TRY(nas_folder_put(f, "model.tflite.zlib", o->zlib.p, o->zlib.n, err));
    }
    for (int32_t i = 0; task->texts[i]; i++) NAS_TRY(put(f, task->texts[i], o->text[i], err));
    NAS_TRY(put(f, "candidate.json", o->candidate_json, err));
    NAS_TRY(put(f, "metrics.json", o->metrics_json, err));
    if (o->warnings) NAS_TRY(put(f, "warnings.txt", o->warnings, err));
    return task->evaluate ? NAS_OK : put_sources(task, o, f, err);
}

nas_status nas_export_outcome(const nas_task_ops *task, const nas_outcome *o, const char *folder,
                              nas_err *err) {
    const nas_export_names ours = list_ours();
    nas_folder *f = NULL;
    NAS_TRY(nas_folder_begin(folder, ours.v, &f, err));
    const nas_status st = put_all(task, o, f, err);
    if (st == NAS_OK) return nas_folder_commit(f, err);
    nas_folder_drop(f);
    return st;
}

static nas_status take_text(nas_store *store, nas_study_id study, int64_t row, const char *name,
                            nas_arena *a, const char **out, nas_err *err) {
    uint8_t *text;
    size_t n;
    NAS_TRY(nas_store_artefact(store, study, row, name, a, &text, &n, err));
    *out = (const char *)text;
    if (strlen(*out) == n) return NAS_OK;
    return nas_fail(err, NAS_EFORMAT, "the stored %s is damaged: a text with a byte 0 in it", name);
}

static nas_status take_files(nas_store *store, nas_study_id id, int64_t row,
                             const nas_task_ops *task, nas_arena *a, nas_outcome *o, nas_err *err) {
    uint8_t *bytes, *zlib;
    NAS_TRY(nas_store_artefact(store, id, row, "model.tflite", a, &bytes, &o->tflite.n, err));
    NAS_TRY(nas_zlib_stream(bytes, o->tflite.n, NAS_ZLIB_SHORT, a, &zlib, &o->zlib.n, err));
    o->tflite.p = bytes;
    o->zlib.p = zlib;
    for (int32_t i = 0; task->texts[i]; i++)
        NAS_TRY(take_text(store, id, row, task->texts[i], a, &o->text[i], err));
    return take_text(store, id, row, "candidate.json", a, &o->candidate_json, err);
}

static bool add_line(void *ctx, const char *text) {
    fprintf(ctx, "%s\n", text);
    return true;
}

static nas_status take_warnings(nas_store *store, nas_study_id id, nas_arena *a, const char **out,
                                nas_err *err) {
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f) return nas_fail(err, NAS_ENOMEM, "warnings: out of memory");
    nas_status st = nas_store_warnings(store, id, add_line, f, err);
    if (fclose(f) != 0 && st == NAS_OK) st = nas_fail(err, NAS_ENOMEM, "warnings: out of memory");
    if (st == NAS_OK && n && !(*out = nas_arena_text(a, text, err))) st = NAS_ENOMEM;
    free(text);
    return st;
}

static nas_status gather(nas_store *store, nas_study_id id, const nas_study *study, int64_t row,
                         const nas_task_ops *task, nas_arena *a, nas_outcome *o, nas_err *err) {
    const size_t n = (size_t)study->n_metrics;
    nas_metric *metrics = nas_arena_array(a, n, sizeof *metrics, err);
    const double *metric;
    if (!metrics) return NAS_ENOMEM;
    if (task->evaluate)
        NAS_TRY(nas_store_document(store, id, row, a, &o->candidate_json, err));
    else
        NAS_TRY(take_files(store, id, row, task, a, o, err));
    NAS_TRY(take_warnings(store, id, a, &o->warnings, err));
    NAS_TRY(nas_study_stored(store, study, row, NULL, a, &metric, err));
    for (size_t i = 0; i < n; i++) metrics[i] = (nas_metric){.name = study->metrics[i].name};
    const nas_metric_list list = {.n = study->n_metrics, .v = metrics};
    char data[65] = "";
    NAS_TRY(nas_store_fingerprint(store, id, data, err));
    return nas_package_metrics(&list, metric, task->evaluate ? NULL : data, a, &o->metrics_json,
                               err);
}

nas_status nas_export_trial(nas_store *store, nas_study_id id, const nas_study *study, int64_t row,
                            const char *folder, nas_err *err) {
    const nas_task_ops *task = nas_task_find(study->task);
    nas_arena *a = NULL;
    if (!task)
        return nas_fail(err, NAS_EUNSUPPORTED, "study %s: no task \"%s\" is known", study->name,
                        study->task);
    NAS_TRY(nas_arena_open(&a, err));
    nas_outcome o = {0};
    nas_status st = gather(store, id, study, row, task, a, &o, err);
    if (st == NAS_OK) st = nas_export_outcome(task, &o, folder, err);
    nas_arena_close(a);
    return st;
}
