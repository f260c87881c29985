/* search/study/export_file.c - the C of a .tflite file that no study made. */
#include "base/text/c_text.h"
#include "base/text/digits.h"
#include "base/text/visible.h"
#include "search/study/export.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TASKS_MOST = 16 };

/* What is written, and of what. */
typedef struct export {
    const char *model;
    nas_graph graph;
    nas_bytes file;
    nas_beside by[TASKS_MOST]; /* of each task */
    int32_t tasks;
    bool input, output; /* it is told what the model takes, and what it gives */
    nas_arena *arena;
    nas_folder *folder;
    nas_err *err;
}
export;

static nas_export_names list_ours(void) {
    static const char *const always[] = {NAS_EXPORT_MARK, "model.h",   "model.c",
                                         "model_test.c",  "DEVICE.md", NULL};
    nas_export_names ours = {.n = 0};
    nas_export_names_add(&ours, always);
    for (int32_t k = 0; nas_task_at(k); k++) nas_export_names_add(&ours, nas_task_at(k)->sources);
    return ours;
}

static nas_status put(const export *x, const char *name, const char *text) {
    return nas_folder_put(x->folder, name, text, strlen(text), x->err);
}

/* What each task knows by the files beside the model. */
static nas_status ask_tasks(export *x, const nas_model_place *place) {
    const nas_task_ops *task;
    for (int32_t k = 0; (task = nas_task_at(k)); k++) {
        if (!task->beside) continue;
        assert(x->tasks < TASKS_MOST);
        nas_beside *b = &x->by[x->tasks++];
        NAS_TRY(task->beside(place, &x->graph, x->arena, b, x->err));
        x->input |= b->input;
        x->output |= b->output;
    }
    return NAS_OK;
}

/* --- export.txt ------------------------------------------------------------------------------- */

static void say_visible(const char *s, FILE *out) {
    char c[NAS_VISIBLE];
    for (int n; (n = nas_visible(s, c)); s += n) fputs(c, out);
}

static void say_source(const export *x, FILE *out) {
    const char *slash = strrchr(x->model, '/');
    const nas_hash hash = nas_hash_of(x->file.p, x->file.n);
    char hex[65], bytes[32];
    nas_hash_hex(&hash, hex);
    fputs("made of ", out);
    say_visible(slash && slash[1] ? slash + 1 : x->model, out);
    fprintf(out,
            "\n        %s bytes, computed as by inference %d (nas --version)\n"
            "        SHA-256 %s\n\n",
            nas_thousands((int64_t)x->file.n, bytes), NAS_DEPLOY_VERSION, hex);
    for (uint32_t bit = 1; bit <= x->graph.changes; bit <<= 1)
        if (x->graph.changes & bit)
            fprintf(out, "as read\n        %s\n\n", nas_tflite_change_text(bit));
}

/* Files with one help text stand on one line. */
static void say_beside(const nas_beside *b, FILE *out) {
    for (int32_t i = 0; i < b->n;) {
        const char *help = b->file[i].help;
        fputs(b->file[i++].name, out);
        for (; i < b->n && !b->file[i].help; i++) fprintf(out, ", %s", b->file[i].name);
        fprintf(out, "\n        %s\n", help);
    }
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
    for (int32_t k = 0; k < x->tasks; k++) say_beside(&x->by[k], out);
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

static void say_input_unknown(const export *x, FILE *out) {
    fputs("        Making it of what a sensor gives is yours: a .tflite file does not say how.\n",
          out);
    for (int32_t k = 0; k < x->tasks; k++)
        if (*x->by[k].input_hint) fprintf(out, "        %s\n", x->by[k].input_hint);
}

static void say_output_unknown(const export *x, FILE *out) {
    fputs("        What its values mean is not said", out);
    for (int32_t k = 0; k < x->tasks; k++) fputs(x->by[k].output_hint, out);
    fputs(".\n", out);
}

static void write_text(const export *x, FILE *out) {
    const nas_graph *g = &x->graph;
    fputs("This folder was written by `nas export --from`.\n", out);
    say_source(x, out);
    say_files(x, out);
    say_port("input", &g->tensors[g->input], out);
    if (!x->input) say_input_unknown(x, out);
    say_port("output", &g->tensors[g->output], out);
    if (!x->output) say_output_unknown(x, out);
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
    const nas_status st = nas_export_model(&x->graph, x->arena, x->folder, x->err);
    if (st != NAS_OK) return nas_fail_in(x->err, st, "%s", x->model);
    for (int32_t k = 0; k < x->tasks; k++)
        for (int32_t i = 0; i < x->by[k].n; i++)
            NAS_TRY(put(x, x->by[k].file[i].name, x->by[k].file[i].text));
    return NAS_OK;
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

static nas_status read_model(export *x, const nas_model_place *place) {
    const char *path;
    NAS_TRY(nas_model_path(x->arena, place->model, &path, x->err));
    if (!nas_path_exists(path)) return nas_model_absent(path, x->err);
    return nas_model_read(x->arena, path, &x->graph, &x->file, x->err);
}

nas_status nas_export_file(nas_arena *a, const nas_model_place *place, const char *folder,
                           const char **text, nas_err *err) {
    export x = {.model = place->model, .arena = a, .err = err};
    const nas_export_names ours = list_ours();
    NAS_TRY(check_folder(folder, a, err));
    NAS_TRY(read_model(&x, place));
    NAS_TRY(ask_tasks(&x, place));
    NAS_TRY(nas_folder_begin(folder, ours.v, &x.folder, err));
    const nas_status st = put_all(&x, text);
    if (st == NAS_OK) return nas_folder_commit(x.folder, err);
    nas_folder_drop(x.folder);
    return st;
}
