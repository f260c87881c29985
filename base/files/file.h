/* base/files/file.h - checked file I/O: whole files, atomic writes, maps, folders, locks.
 * Thread safety: several threads may call these at once, each with a nas_file, nas_lock, nas_mapped
 * and arena of its own.
 * "NAS_EIO" stands for all that the system refuses and that has no code of its own (base/err.h:
 * nas_fail_errno). */
#ifndef NAS_BASE_FILES_FILE_H
#define NAS_BASE_FILES_FILE_H

#include "base/arena.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For reading; the caller closes it. -1 and errno, which is not EINTR. A FIFO does not wait for a
 * writer. */
int nas_file_open(const char *path);
/* Errors: NAS_EIO, also when the file ends before. path: for the message. */
NAS_NODISCARD nas_status nas_file_read_at(int fd, const char *path, uint64_t at, void *out,
                                          size_t bytes, nas_err *err);

/* Bytes of a path that somebody gives: with what is added below it, it fits into PATH_MAX. */
enum { NAS_PATH_MOST = 3840 };

/* SHA-256 of a file's bytes. Errors: NAS_ENOTFOUND, NAS_EIO, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_file_hash(const char *path, nas_hash *out, nas_err *err);

/* Reads a whole file; the bytes live in arena a and are followed by a NUL that *bytes does not
 * count. Errors: NAS_ENOTFOUND, NAS_EIO, NAS_EFORMAT when it is larger than most. */
NAS_NODISCARD nas_status nas_file_read(nas_arena *a, const char *path, size_t most, uint8_t **out,
                                       size_t *bytes, nas_err *err);

/* Writes beside path, syncs, and renames: path holds the old bytes or the new, never a part.
 * Errors: NAS_ENOTFOUND there is no such folder, NAS_EIO, NAS_EFULL, NAS_ENOMEM; path is then as
 * before. */
NAS_NODISCARD nas_status nas_file_write(const char *path, const void *p, size_t bytes,
                                        nas_err *err);

/* The same in pieces. nas_file_commit renames and nas_file_drop removes; one of them ends it,
 * whatever it returns. Owner: the caller ends it; *out is NULL after an error. Errors: those of
 * nas_file_write. */
typedef struct nas_file nas_file;
NAS_NODISCARD nas_status nas_file_begin(const char *path, nas_file **out, nas_err *err);
NAS_NODISCARD nas_status nas_file_add(nas_file *f, const void *p, size_t bytes, nas_err *err);
/* Over the first bytes that were added. Errors: NAS_EIO, NAS_EFULL. */
NAS_NODISCARD nas_status nas_file_overwrite(nas_file *f, const void *p, size_t bytes, nas_err *err);
/* Errors: NAS_EIO, NAS_EFULL; path is then as before. */
NAS_NODISCARD nas_status nas_file_commit(nas_file *f, nas_err *err);
void nas_file_drop(nas_file *f);
/* Of the folder that path is in, so that its name lasts; as far as the file system does that. */
void nas_file_sync_folder_of(const char *path);
/* Removes what killed writers of path left beside it; what somebody is writing stays. */
void nas_file_sweep(const char *path);
/* Removes a file, unless somebody holds a lock on it. Is it gone? */
bool nas_file_remove_unused(const char *path);

/* A file mapped read-only and shared; unmap ends it ({0} is fine). Errors: NAS_ENOTFOUND,
 * NAS_EIO, NAS_ENOMEM, NAS_EFORMAT it is no regular file or has no bytes; *out is then {0}. */
typedef struct nas_mapped {
    const uint8_t *p;
    size_t bytes;
} nas_mapped;
NAS_NODISCARD nas_status nas_file_map(const char *path, nas_mapped *out, nas_err *err);
/* The same from memory of its own, which no writer of the file changes any more: it holds what was
 * read once. A file of no bytes gives {0}. Errors: those of nas_file_read. */
NAS_NODISCARD nas_status nas_file_load(const char *path, size_t most, nas_mapped *out,
                                       nas_err *err);
void nas_file_unmap(nas_mapped *m);

/* mkdir -p. Errors: NAS_EINVAL an empty path; NAS_EIO (also where a file stands), NAS_EFULL,
 * NAS_ENOTFOUND, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_dir_make(const char *path, nas_err *err);
/* The same of a folder in a cache, which must be one that can be written to: where all or a group
 * may write in the folder above, they may in a new one, whatever the umask. Nobody sees it before.
 * Errors: those of nas_dir_make; NAS_EIO nobody of ours may write there. */
NAS_NODISCARD nas_status nas_dir_make_shared(const char *path, nas_err *err);
/* Removes a folder and all below it, links not followed; absent is fine. Errors: NAS_EIO,
 * NAS_ENOMEM; some of it may be gone then. */
NAS_NODISCARD nas_status nas_dir_remove(const char *path, nas_err *err);
bool nas_path_exists(const char *path);
bool nas_path_is_dir(const char *path);
/* What stands at a path, where "cannot tell" must not be taken for "is not there". Errors: NAS_EIO,
 * NAS_ENOMEM. */
typedef enum nas_path_kind {
    NAS_PATH_ABSENT,
    NAS_PATH_FILE,
    NAS_PATH_FOLDER,
    NAS_PATH_OTHER, /* a FIFO, a device */
    NAS_PATH_LINK   /* that leads nowhere */
} nas_path_kind;
NAS_NODISCARD nas_status nas_path_look(const char *path, nas_path_kind *out, nas_err *err);

/* Sorted names in a folder, without those that begin with a dot. Owner: arena a. Errors:
 * NAS_ENOTFOUND, NAS_EIO, NAS_ENOMEM; none is given then. */
NAS_NODISCARD nas_status nas_dir_list(nas_arena *a, const char *path, char ***names, size_t *n,
                                      nas_err *err);

/* An exclusive lock on a file that is made when absent; waits. It ends with the process at the
 * latest. Whoever may write in its folder may take it, whoever made it. Errors: NAS_ENOTFOUND
 * there is no such folder, NAS_EIO, NAS_EFULL; out->fd is then -1. */
typedef struct nas_lock {
    int fd;
} nas_lock;
NAS_NODISCARD nas_status nas_lock_take(const char *path, nas_lock *out, nas_err *err);
/* The same without waiting, but for some milliseconds; *taken is false when somebody else holds it.
 */
NAS_NODISCARD nas_status nas_lock_try(const char *path, nas_lock *out, bool *taken, nas_err *err);
/* Does somebody hold it now? Makes nothing, and keeps nobody from taking it. */
bool nas_lock_is_held(const char *path);
void nas_lock_release(nas_lock *l);
/* Releases it and removes its file; one that is not held is left alone. */
void nas_lock_remove(const char *path, nas_lock *l);

#endif
