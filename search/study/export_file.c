/* search/study/export_file.c - the C of a .tflite file that no study made. */
#include "base/text/c_text.h"
#include "base/text/digits.h"
#include "base/text/visible.h"
#include "search/deployed/forecast.h"
#include "search/study/export.h"
#include "search/task/keywords/keywords.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const ours[] = {NAS_EXPORT_MARK, "model.h",    "model.c",
                                   "model_test.c",  "frontend.h", "frontend.c",
                                   "labels.h",      "forecast.h", NULL};

/* What is written, and of what. */
typedef struct export {
    const nas_deployed_paths *from;
    nas_deployed d;
    bool forecast;
    nas_arena *arena;
    nas_folder *folder;
    nas_err *err;
}
export;

static nas_status put(const export *x, const char *name, const char *text) {
    return nas_folder_put(x->folder, name, text, strlen(text), x->err);
}

static nas_status put_frontend(const export *x) {
    const nas_deployed *d = &x->d;
    const int32_t samples = (int32_t)lround(d->hearing.seconds * d->frontend.sample_rate_hz);
    const char *header, *source;
    NAS_TRY(nas_frontend_source(&d->frontend, samples, d->mean, d->deviation, x->arena, &header,
                                &source, x->err));
    NAS_TRY(put(x, "frontend.h", header));
    return put(x, "frontend.c", source);
}

static nas_status put_labels(const export *x) {
    const char *text;
    NAS_TRY(nas_labels_source(x->d.labels, x->d.n_labels, x->arena, &text, x->err));
    return put(x, "labels.h", text);
}

static nas_status put_forecast(const export *x) {
    nas_forecaster f;
    const char *path = nas_arena_format(x->arena, x->err, "%s/forecast.json", x->from->model);
    const char *json, *text;
    size_t n;
    if (!path) return NAS_ENOMEM;
    NAS_TRY(nas_forecaster_open(x->arena, x->from->model, &f, x->err));
    NAS_TRY(nas_file_read(x->arena, path, 1 << 26, (uint8_t **)&json, &n, x->err));
    NAS_TRY(nas_task_forecast.emit(&json, x->arena, &text, x->err));
    return put(x, nas_task_forecast.sources[0], text);
}

/* --- export.txt ------------------------------------------------------------------------------- */

static void say_visible(const char *s, FILE *out) {
    char c[NAS_VISIBLE];
    for (int n; (n = nas_visible(s, c)); s += n) fputs(c, out);
}

static void say_source(const export *x, FILE *out) {
    const char *slash = strrchr(x->from->model, '/');
    const nas_hash hash = nas_hash_of(x->d.file.p, x->d.file.n);
    char hex[65], bytes[32];
    nas_hash_hex(&hash, hex);
    fputs("made of ", out);
    say_visible(slash && slash[1] ? slash + 1 : x->from->model, out);
    fprintf(out,
            "\n        %s bytes, computed as by inference %d (nas --version)\n"
            "        SHA-256 %s\n\n",
            nas_thousands((int64_t)x->d.file.n, bytes), NAS_DEPLOY_VERSION, hex);
    for (uint32_t bit = 1; bit <= x->d.graph.changes; bit <<= 1)
        if (x->d.graph.changes & bit)
            fprintf(out, "as read\n        %s\n\n", nas_tflite_change_text(bit));
}

static void say_files(const export *x, FILE *out) {
    fputs("model.h, model.c\n"
          "        the model as C99 that needs no runtime: model_run() is one inference\n"
          "model_test.c\n"
          "        a program that tells whether it gives on your machine what nas computed:\n"
          "        cc -O2 -ffp-contract=off -o model_test model_test.c model.c -lm && "
          "./model_test\n",
          out);
    fputs("DEVICE.md\n        what a device needs, and which runtimes take the file itself\n", out);
    if (x->d.frames)
        fputs("frontend.h, frontend.c\n        from sound to the input of model_run\n", out);
    if (x->d.n_labels) fputs("labels.h\n        what the outputs of model_run mean\n", out);
    if (x->forecast)
        fputs("forecast.h\n        what the input and output of model_run mean\n", out);
}

static void say_port(const char *name, const nas_tensor *t, FILE *out) {
    fprintf(out, "\n%-7s %s [", name, t->dtype == NAS_I8 ? "int8" : "float");
    for (int32_t i = 0; i < t->rank; i++) fprintf(out, "%s%" PRId32, i ? ", " : "", t->dims[i]);
    fputs("]", out);
    if (t->dtype == NAS_I8)
        fprintf(out, ", a code q stands for (q %c %d) * %.9g", t->zero_point[0] > 0 ? '-' : '+',
                abs(t->zero_point[0]), (double)t->scale[0]);
    fputs("\n", out);
}

static void write_text(const export *x, FILE *out) {
    const nas_graph *g = &x->d.graph;
    fputs("This folder was written by `nas export --from`.\n", out);
    say_source(x, out);
    say_files(x, out);
    say_port("input", &g->tensors[g->input], out);
    if (!x->d.frames && !x->forecast)
        fputs(
            "        Making it of what a sensor gives is yours: a .tflite file does not say how.\n"
            "        Of sound, --frontend FILE says it, and C is written of that.\n",
            out);
    say_port("output", &g->tensors[g->output], out);
    if (!x->d.n_labels && !x->forecast)
        fputs("        What its values mean is not said; of classes, --labels FILE names them.\n",
              out);
}

static nas_status put_text(const export *x, const char **text) {
    nas_stream t;
    NAS_TRY(nas_stream_open(&t, x->err));
    write_text(x, t.to);
    NAS_TRY(nas_stream_take(&t, x->arena, text, x->err));
    NAS_TRY(put(x, NAS_EXPORT_MARK, *text));
    *text = strchr(*text, '\n') + 1;
    return NAS_OK;
}

/* --- the folder ------------------------------------------------------------------------------- */

static nas_status put_all(const export *x, const char **text) {
    NAS_TRY(put_text(x, text));
    const nas_status st = nas_export_model(&x->d.graph, x->arena, x->folder, x->err);
    if (st != NAS_OK) return nas_fail_in(x->err, st, "%s", x->from->model);
    if (x->d.frames) NAS_TRY(put_frontend(x));
    if (x->d.n_labels) NAS_TRY(put_labels(x));
    return x->forecast ? put_forecast(x) : NAS_OK;
}

/* C of another model would stand beside the trial's model.tflite. */
static nas_status check_folder(const char *folder, nas_arena *a, nas_err *err) {
    const char *path = nas_arena_format(a, err, "%s/candidate.json", folder);
    if (!path) return NAS_ENOMEM;
    if (!nas_path_exists(path)) return NAS_OK;
    return nas_fail(err, NAS_EINVAL,
                    "%s holds the files of a trial (candidate.json is there), which has its own C: "
                    "choose another folder",
                    folder);
}

nas_status nas_export_file(nas_arena *a, const nas_deployed_paths *paths, const char *folder,
                           const char **text, nas_err *err) {
    export x = {.from = paths, .arena = a, .err = err};
    NAS_TRY(check_folder(folder, a, err));
    NAS_TRY(nas_deployed_parts(a, paths, &x.d, err));
    x.forecast = nas_forecaster_is_in(paths->model);
    NAS_TRY(nas_folder_begin(folder, ours, &x.folder, err));
    const nas_status st = put_all(&x, text);
    if (st == NAS_OK) return nas_folder_commit(x.folder, err);
    nas_folder_drop(x.folder);
    return st;
}
