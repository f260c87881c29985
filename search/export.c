/* search/export.c - a trial's folder: the bytes that were measured and the texts beside them. */
#include "search/run.h"
#include "search/study.h"

#include <stdio.h>
#include <string.h>

static nas_status put(const char *folder, const char *name, const void *p, size_t n, nas_err *err) {
    char path[4096];
    const int len = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof path)
        return nas_fail(err, NAS_EINVAL, "the path of %s is too long", folder);
    return nas_file_write(path, p, n, err);
}

nas_status nas_export_outcome(const nas_outcome *o, const char *folder, nas_err *err) {
    NAS_TRY(nas_dir_make(folder, err));
    NAS_TRY(put(folder, "model.tflite", o->tflite.p, o->tflite.n, err));
    NAS_TRY(put(folder, "model.tflite.zlib", o->zlib.p, o->zlib.n, err));
    NAS_TRY(put(folder, "frontend.json", o->frontend_json, strlen(o->frontend_json), err));
    NAS_TRY(put(folder, "labels.txt", o->labels_txt, strlen(o->labels_txt), err));
    NAS_TRY(put(folder, "candidate.json", o->candidate_json, strlen(o->candidate_json), err));
    return put(folder, "metrics.json", o->metrics_json, strlen(o->metrics_json), err);
}

static nas_status gather(nas_store *store, nas_study_id study, int64_t row, const char *name,
                         nas_arena *a, nas_outcome *o, nas_err *err) {
    uint8_t *bytes, *text, *zlib;
    size_t n;
    NAS_TRY(nas_store_artefact(store, study, row, "model.tflite", a, &bytes, &o->tflite.n, err));
    NAS_TRY(nas_zlib_stream(bytes, o->tflite.n, a, &zlib, &o->zlib.n, err));
    o->tflite.p = bytes;
    o->zlib.p = zlib;
    NAS_TRY(nas_store_artefact(store, study, row, "frontend.json", a, &text, &n, err));
    o->frontend_json = (const char *)text;
    NAS_TRY(nas_store_artefact(store, study, row, "labels.txt", a, &text, &n, err));
    o->labels_txt = (const char *)text;
    NAS_TRY(nas_store_artefact(store, study, row, "candidate.json", a, &text, &n, err));
    o->candidate_json = (const char *)text;
    NAS_TRY(nas_study_stored(store, name, row, NULL, o->metric, err));
    return nas_package_metrics(o->metric, a, &o->metrics_json, err);
}

nas_status nas_export_trial(nas_store *store, nas_study_id study, const char *name, int64_t row,
                            const char *folder, nas_err *err) {
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    nas_outcome o = {0};
    nas_status st = gather(store, study, row, name, a, &o, err);
    if (st == NAS_OK) st = nas_export_outcome(&o, folder, err);
    nas_arena_close(a);
    return st;
}
