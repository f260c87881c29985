/* search/fetch/catalogue.h - the list of data sets that can be downloaded: docs/DATA.md has its
 * format.
 * Thread safety: no shared state; a list that was read may be read by several threads. */
#ifndef NAS_SEARCH_FETCH_CATALOGUE_H
#define NAS_SEARCH_FETCH_CATALOGUE_H

#include "base/arena.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

enum { NAS_URLS_MOST = 8 };

typedef struct nas_data_set {
    const char *name; /* letters, digits and underscores */
    const char *title, *licence, *credit;
    int32_t n_urls;
    const char *urls[NAS_URLS_MOST]; /* tried in turn */
    int64_t bytes;                   /* of the archive; -1: not known */
    int64_t unpacked;                /* bytes that come out of it at most; -1: not known */
    bool has_sum;
    nas_hash sum;     /* SHA-256 of the archive */
    int32_t strip;    /* leading components of its paths that are left out */
    const char *file; /* the one file that is wanted of it; NULL: all, as a folder of the name */
} nas_data_set;

typedef struct nas_catalogue {
    int32_t n;
    const nas_data_set *v;
} nas_catalogue;

/* The list that this program brings; entries of the file `more` (NULL: none) are added to it, or
 * take the place of those of their names. All lives in arena a. Errors: NAS_EINVAL what is wrong
 * with the file, line by line; NAS_ENOTFOUND, NAS_EIO, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_catalogue_open(nas_arena *a, const char *more, nas_catalogue *out,
                                            nas_err *err);
/* NULL when there is none. */
const nas_data_set *nas_catalogue_find(const nas_catalogue *c, const char *name);
/* The name of what a data set becomes below the folder of data: a folder's or a file's. */
const char *nas_data_set_target(const nas_data_set *d);

#endif
