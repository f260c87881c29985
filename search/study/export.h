/* search/study/export.h - folders of files that ship: what those of a trial and of any .tflite file
 * have in common, and the latter.
 * Thread safety: one thread at a time in a process (search/stage/evaluate.h). */
#ifndef NAS_SEARCH_STUDY_EXPORT_H
#define NAS_SEARCH_STUDY_EXPORT_H

#include "base/files/folder.h"
#include "search/deployed/model.h"
#include "search/stage/evaluate.h"
#include "store/store.h"

/* Writes a trial's folder: model.tflite, model.tflite.zlib, model.h, model.c, model_test.c, the
 * texts of its task and what C is made of them, candidate.json, metrics.json; warnings.txt where
 * something was said of the study's version. The folder is made, or replaced whole, and what is not
 * ours in it stays (base/files/folder.h). Errors: NAS_EUNSUPPORTED no such task, or an operator
 * that C is not written of; NAS_EFORMAT what is stored is damaged; those of nas_store_artefact and
 * of nas_folder_begin and nas_folder_commit. The folder is then as it was. */
NAS_NODISCARD nas_status nas_export_trial(nas_store *store, nas_study_id id, const nas_study *study,
                                          int64_t row, const char *folder, nas_err *err);
/* The same from an outcome that no database holds; no errors of the store. */
NAS_NODISCARD nas_status nas_export_outcome(const nas_task_ops *task, const nas_outcome *o,
                                            const char *folder, nas_err *err);
/* Puts the C of a model: model.h, model.c, model_test.c; and DEVICE.md. a: scratch. Errors:
 * NAS_EUNSUPPORTED an operator that C is not written of; NAS_ENOMEM, NAS_EIO. */
NAS_NODISCARD nas_status nas_export_model(const nas_graph *g, nas_arena *a, nas_folder *f,
                                          nas_err *err);

/* Writes the C of a .tflite file into a folder, which is made, or replaced whole where it holds
 * such an export (base/files/folder.h): that, export.txt, and what tasks know of its input and
 * output by the files beside it (`beside` of nas_task_ops). *text is what stands in export.txt,
 * from the second line on. Owner: arena a. Errors: those of nas_model_read, `beside` and
 * nas_export_model; NAS_EINVAL the folder has an export of a trial. */
NAS_NODISCARD nas_status nas_export_file(nas_arena *a, const nas_model_place *place,
                                         const char *folder, const char **text, nas_err *err);

/* Names of files that exports may have, NULL at the end. */
enum { NAS_EXPORT_NAMES = 63 };
typedef struct nas_export_names {
    const char *v[NAS_EXPORT_NAMES + 1];
    int32_t n;
} nas_export_names;
void nas_export_names_add(nas_export_names *to, const char *const *names);

/* The file that says that a folder is such an export. */
#define NAS_EXPORT_MARK "export.txt"

#endif
