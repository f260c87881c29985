/* search/deployed/model.h - a .tflite file that ships, alone or in a folder, and the C that files
 * beside it tell of. What those files mean is the tasks' own (search/task/task.h).
 * Thread safety: no shared state; distinct places and models may be used by distinct threads. */
#ifndef NAS_SEARCH_DEPLOYED_MODEL_H
#define NAS_SEARCH_DEPLOYED_MODEL_H

#include "base/arena.h"
#include "core/deploy/deploy.h"

typedef struct nas_bytes {
    const uint8_t *p;
    size_t n;
} nas_bytes;

/* A file that lies elsewhere than beside the model. */
typedef struct nas_named_file {
    const char *name; /* what it is called beside a model, "labels.txt"; NULL ends a list */
    const char *path; /* NULL: it lies beside the model, if anywhere */
} nas_named_file;

typedef struct nas_model_place {
    const char *model;           /* a .tflite file, or a folder with model.tflite in it */
    const nas_named_file *named; /* NULL: none */
} nas_model_place;

/* The path of a named file; NULL: none is named so. */
const char *nas_named_path(const nas_model_place *place, const char *name);

/* The .tflite file of a place. Owner: arena a, where it is not the place's own. Errors:
 * NAS_ENOTFOUND, which says what was expected; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_model_path(nas_arena *a, const char *model, const char **path,
                                        nas_err *err);
/* Nothing is there. Returns NAS_ENOTFOUND. */
nas_status nas_model_absent(const char *path, nas_err *err);

/* Reads a .tflite file. *graph borrows nothing but the arena; file (may be NULL) gets the bytes.
 * Errors: NAS_ENOTFOUND, NAS_EIO, NAS_EFORMAT, NAS_EUNSUPPORTED, each naming the file. */
NAS_NODISCARD nas_status nas_model_read(nas_arena *a, const char *path, nas_graph *graph,
                                        nas_bytes *file, nas_err *err);

/* What a task knows of a model by the files beside it, as C for whoever calls the model. */
enum { NAS_BESIDE_MOST = 8 };
typedef struct nas_beside {
    bool input, output; /* it is told what the model takes, and what it gives */
    int32_t n;
    struct {
        const char *name, *text; /* "labels.h" */
        const char *help;        /* a line for people; NULL: that of the file before */
    } file[NAS_BESIDE_MOST];
    /* Where it is not told, for people: what would tell, a whole line, and the end of one. "" where
     * the task has nothing to say. */
    const char *input_hint, *output_hint;
} nas_beside;
void nas_beside_add(nas_beside *to, const char *name, const char *text, const char *help);

#endif
