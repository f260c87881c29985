/* core/fetch/unpack.h - an archive of somebody else's into a fresh folder, believing nothing.
 * Thread safety: no shared state; one thread at a time for each folder. */
#ifndef NAS_CORE_FETCH_UNPACK_H
#define NAS_CORE_FETCH_UNPACK_H

#include "base/hash.h"
#include "base/log.h"

#include <stdint.h>

typedef struct nas_unpack {
    const char *archive; /* .zip, .tar, .tar.gz */
    const char *folder;  /* must not exist; its parent does */
    const char *name;    /* for progress */
    int32_t strip;       /* leading components of each path that are left out */
    int64_t most;        /* bytes of all files together that may come out */
    const nas_hash *sum; /* of the archive, which is looked at again; NULL: nobody knows it */
} nas_unpack;

typedef struct nas_unpacked {
    int64_t files, bytes;
    int64_t left_out; /* files that systems add: __MACOSX/, ._x, .DS_Store */
} nas_unpacked;

/* Writes all files and folders and syncs them. The archive is refused as a whole when an entry
 * leads out of the folder, is a link, a device or anything but a file or folder, stands twice, has
 * a name that no file should have, or when it is damaged, has another sum, or has more than `most`
 * bytes or a million entries. Errors: NAS_EFORMAT refused, NAS_EIO, NAS_EFULL, NAS_ENOMEM,
 * NAS_ESTOP; the folder is removed then. */
NAS_NODISCARD nas_status nas_unpack_archive(const nas_unpack *u, const nas_log *log,
                                            nas_unpacked *out, nas_err *err);

#endif
