/* base/files/folder.h - folders that are written whole: beside, and then put in the place of what
 * was there; and held while they are read.
 * Thread safety: several threads may call these at once, each with a nas_folder or nas_folder_held
 * of its own, and not of one path. */
#ifndef NAS_BASE_FILES_FOLDER_H
#define NAS_BASE_FILES_FOLDER_H

#include "base/err.h"

#include <stddef.h>

/* A folder that is being written. Until nas_folder_commit what stood at path stands there.
 *
 * ours: names that such a folder may have, NULL ends them, borrowed. Where the first is there, what
 * else has one of these names goes when the folder is replaced; where it is not, they are
 * somebody's: one that the new folder has, too, stays as NAME~. Everything else in the old folder
 * stays.
 *
 * The new folder grows in <parent>/.nas-new-XXXXXX and changes places with the old one in one call.
 * Where that cannot be (the parent is read-only, path is a mount or the current folder, it holds a
 * folder or a database of others, the file system does not exchange), it grows in
 * path/.nas-new-XXXXXX, becomes path/.nas-ready in one call, and its files are moved up, the first
 * of `ours` last; who finds .nas-ready later ends that. Who was killed leaves .nas-new-XXXXXX,
 * which the next writer beside it removes, unless somebody has a lock on it.
 * Owner: the caller ends it. Errors: NAS_EINVAL path is empty or too long; NAS_EIO it is a file or
 * a link to nothing, or may not be written; NAS_EFULL, NAS_ENOTFOUND, NAS_ENOMEM; *out is then
 * NULL. */
typedef struct nas_folder nas_folder;
NAS_NODISCARD nas_status nas_folder_begin(const char *path, const char *const *ours,
                                          nas_folder **out, nas_err *err);
/* A file of n bytes. Errors: NAS_EIO (also a name that is there), NAS_EFULL. */
NAS_NODISCARD nas_status nas_folder_put(nas_folder *f, const char *name, const void *p, size_t n,
                                        nas_err *err);
/* Where files may be made meanwhile; they are synced by nas_folder_commit. */
const char *nas_folder_at(const nas_folder *f);
/* Either ends f, whatever it returns. Errors: NAS_EBUSY somebody else reads or writes it for a
 * minute; NAS_EIO, NAS_EFULL, NAS_ENOTFOUND, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_folder_commit(nas_folder *f, nas_err *err);
void nas_folder_drop(nas_folder *f);

/* While it is held no writer of ours changes what stands at path; waits for one at work, and ends
 * what a killed one left half moved. Not for long, and never while the same process writes it.
 * Errors: NAS_ENOTFOUND, NAS_EIO, NAS_EBUSY. */
typedef struct nas_folder_held {
    int fd;
} nas_folder_held;
NAS_NODISCARD nas_status nas_folder_hold(const char *path, nas_folder_held *out, nas_err *err);
/* The same of the folder that a file is in. */
NAS_NODISCARD nas_status nas_folder_hold_of(const char *file, nas_folder_held *out, nas_err *err);
void nas_folder_let(nas_folder_held *h);

#endif
