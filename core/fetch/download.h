/* core/fetch/download.h - one file over HTTP into one file on disk, which survives interruptions.
 * Thread safety: one download of a path at a time, in one process (the caller holds a lock). */
#ifndef NAS_CORE_FETCH_DOWNLOAD_H
#define NAS_CORE_FETCH_DOWNLOAD_H

#include "base/hash.h"
#include "base/log.h"

#include <stdint.h>

typedef struct nas_download {
    const char *url;  /* http or https; redirects stay within these, and https within https */
    const char *path; /* of the file; what came so far stands in <path>.part */
    const char *name; /* for progress */
    int64_t bytes;    /* length that is expected; below 0: not known */
} nas_download;

/* Goes on with a part of the same file (same URL, same ETag or date at the server), else begins
 * anew. Broken connections and overloaded servers are tried again, five times in a row without a
 * byte. On NAS_OK the file is complete, synced, in its place, and *sum is over all of its bytes.
 * Errors: NAS_EIO no connection, or an answer that is no file; NAS_EFORMAT another length than
 * expected; NAS_EFULL, NAS_ENOMEM; NAS_ESTOP. All but NAS_EFORMAT leave the part for the next time.
 */
NAS_NODISCARD nas_status nas_download_file(const nas_download *d, const nas_log *log, nas_hash *sum,
                                           nas_err *err);

#endif
