/* search/task/keywords/noise.h - the noise that clips are augmented with, at one rate.
 * Thread safety: no shared state; noise that was read may be read by several threads. */
#ifndef NAS_SEARCH_TASK_KEYWORDS_NOISE_H
#define NAS_SEARCH_TASK_KEYWORDS_NOISE_H

#include "core/audio/augment.h"
#include "search/cache/cache.h"

#include "base/log.h"

typedef struct nas_noise_bed {
    nas_noise noise;
    nas_hash hash;    /* of all that its samples depend on */
    nas_hash listed;  /* of names and contents of the recordings */
    nas_arena *arena; /* own */
    nas_cached own;
} nas_noise_bed;

/* The recordings in _background_noise_ of the clips' folder, half an hour at most, decoded and
 * resampled once into the cache and mapped by all who use them; where there is none, a minute of
 * pink noise, always the same. Owner: the caller closes it ({0} is fine). Errors: NAS_EFORMAT no
 * recording can be read; those of files and memory; NAS_ESTOP. A recording that cannot be read is a
 * warning. */
NAS_NODISCARD nas_status nas_noise_open(const char *folder, int32_t rate_hz, const nas_cache *cache,
                                        const nas_log *log, nas_noise_bed *out, nas_err *err);
void nas_noise_close(nas_noise_bed *b);

#endif
