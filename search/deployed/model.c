/* search/deployed/model.c - reads a .tflite file that ships. */
#include "search/deployed/model.h"

#include "base/files/file.h"

#include <assert.h>
#include <string.h>

const char *nas_named_path(const nas_model_place *place, const char *name) {
    for (const nas_named_file *f = place->named; f && f->name; f++)
        if (strcmp(f->name, name) == 0) return f->path;
    return NULL;
}

nas_status nas_model_absent(const char *path, nas_err *err) {
    return nas_fail(err, NAS_ENOTFOUND,
                    "%s is not there; expected a .tflite file, or a folder with model.tflite in "
                    "it, as `nas export` and `nas train` make",
                    path);
}

nas_status nas_model_path(nas_arena *a, const char *model, const char **path, nas_err *err) {
    *path = model;
    if (!nas_path_exists(model)) return nas_model_absent(model, err);
    if (!nas_path_is_dir(model)) return NAS_OK;
    *path = nas_arena_format(a, err, "%s/model.tflite", model);
    return *path ? NAS_OK : NAS_ENOMEM;
}

nas_status nas_model_read(nas_arena *a, const char *path, nas_graph *graph, nas_bytes *file,
                          nas_err *err) {
    uint8_t *bytes;
    size_t n;
    NAS_TRY(nas_file_read(a, path, NAS_TFLITE_MOST, &bytes, &n, err));
    *graph = nas_graph_start(a);
    const nas_status st = nas_tflite_read(bytes, n, graph, err);
    if (st != NAS_OK) return nas_fail_in(err, st, "%s", path);
    if (file) *file = (nas_bytes){bytes, n};
    return NAS_OK;
}

void nas_beside_add(nas_beside *to, const char *name, const char *text, const char *help) {
    assert(to->n < NAS_BESIDE_MOST);
    to->file[to->n].name = name;
    to->file[to->n].text = text;
    to->file[to->n++].help = help;
}
