/* search/fetch/data_get.h - brings a data set of the list: download, check, unpack, put in its
 * place.
 * Thread safety: one thread at a time in a process (libcurl). Processes wait for each other, a
 * lock for each folder. */
#ifndef NAS_SEARCH_FETCH_DATA_GET_H
#define NAS_SEARCH_FETCH_DATA_GET_H

#include "base/log.h"
#include "search/fetch/catalogue.h"

/* What happened; texts live in the arena. */
typedef struct nas_data_got {
    const char *place;  /* the folder or file */
    bool was_there;     /* nothing was done */
    const char *url;    /* where it came from */
    const char *record; /* file that says where it came from, and its sum */
    bool first;         /* the sum was not known, and is written down now */
    nas_hash sum;
    int64_t files, bytes, left_out;
} nas_data_got;

/* The file or folder of d below the folder `into`, which is made where it is missing. Whatever
 * happens, the place holds the whole data set or is not there; what is half done is gone on with.
 * Errors: NAS_EBUSY another process is at it; NAS_EFORMAT the archive is not what the list says, or
 * is refused (core/fetch/unpack.h); NAS_EFULL, NAS_EIO, NAS_ENOMEM, NAS_ESTOP. */
NAS_NODISCARD nas_status nas_data_get(nas_arena *a, const nas_data_set *d, const char *into,
                                      const nas_log *log, nas_data_got *out, nas_err *err);

#endif
