/* base/files/folder_int.h - what the files of folders share.
 * Thread safety: several threads may call these, not on one path. */
#ifndef NAS_BASE_FILES_FOLDER_INT_H
#define NAS_BASE_FILES_FOLDER_INT_H

#include "base/files/folder.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define NAS_FOLDER_NEW   ".nas-new-"
#define NAS_FOLDER_READY ".nas-ready"
#define NAS_FOLDER_PLAN  ".plan"

enum { NAS_FOLDER_MOST = 64 };

struct nas_folder {
    const char *const *ours;
    char told[PATH_MAX], real[PATH_MAX], parent[PATH_MAX], at[PATH_MAX];
    int fd;                         /* of `at`, locked */
    bool inside;                    /* it grows in the old one */
    bool marked;                    /* the old one has the first of ours */
    char *own[NAS_FOLDER_MOST + 1]; /* what the new one has of itself, once that is known */
    int32_t n_own;
};

/* folder_path.c */

/* a/b into out. false: it is too long. */
bool nas_folder_join(const char *a, const char *b, char out[PATH_MAX]);
/* Fails with NAS_EINVAL: the path that f was told is too long. */
nas_status nas_folder_too_long(const nas_folder *f, nas_err *err);
/* Is fd what stands at path? */
bool nas_folder_is_at(int fd, const char *path);
/* Calls fn for each entry of the folder fd but "." and ".."; its false ends that. */
typedef bool (*nas_entry_fn)(void *ctx, const char *name);
bool nas_folder_each(int fd, nas_entry_fn fn, void *ctx);

/* folder_place.c */

/* Removes what killed writers left in a folder. */
void nas_folder_sweep(const nas_folder *f, const char *folder);
/* May the old folder give its place to another one? */
bool nas_folder_can_exchange(const nas_folder *f, int old);
/* Syncs the new folder and puts it where it belongs. Errors: those of nas_folder_commit. */
NAS_NODISCARD nas_status nas_folder_put_in_place(nas_folder *f, nas_err *err);

/* folder_lock.c */

/* Opens the folder at path and locks it (LOCK_SH, LOCK_EX), for a minute at most; *fd is of what
 * stands there with the lock. Where locks of folders are not to be had there is none. Errors:
 * NAS_ENOTFOUND, NAS_EIO, NAS_EBUSY. */
NAS_NODISCARD nas_status nas_folder_lock(const char *path, int how, int *fd, nas_err *err);

/* folder_move.c: a staged folder, whose files are moved up into the folder that it is in. */

/* Writes into the staged folder fd which name goes and comes last, and which go: `gone` says so of
 * each entry of the folder `old`. Errors: NAS_EIO, NAS_EFULL, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_folder_plan(int fd, int old, const char *last, nas_entry_fn gone,
                                         void *ctx, nas_err *err);
/* Moves up what .nas-ready in the folder fd holds; without one all is well. path is for messages.
 * The caller has the lock. Errors: NAS_EIO a file cannot be moved; the rest waits for the next. */
NAS_NODISCARD nas_status nas_folder_finish(int fd, const char *path, nas_err *err);
bool nas_folder_is_half(int fd);

#endif
