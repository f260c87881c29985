/* search/stage/libm_key.h - the mathematical library in stage keys: where its answers are the usual
 * ones, nothing.
 * Thread safety: any thread may call this. */
#ifndef NAS_SEARCH_STAGE_LIBM_KEY_H
#define NAS_SEARCH_STAGE_LIBM_KEY_H

#include "base/hash.h"
#include "base/libm.h"

static inline void nas_libm_hash(nas_hasher *h) {
    if (!nas_libm()) return;
    nas_hasher_text(h, "libm");
    nas_hasher_i64(h, nas_libm());
}

#endif
