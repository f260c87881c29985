/* core/data/clips/noise.h - the long recordings in _background_noise_ of a folder of clips.
 * Thread safety: no shared state; what was read may be read by several threads. */
#ifndef NAS_CORE_DATA_CLIPS_NOISE_H
#define NAS_CORE_DATA_CLIPS_NOISE_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/log.h"
#include "core/audio/sound.h"

typedef struct nas_noise_files {
    int32_t n;          /* 0: there is no such folder, or no sound in it */
    const char **paths; /* by name */
    nas_hash *contents; /* of the bytes of each */
    nas_hash hash;      /* of names and contents */
} nas_noise_files;

/* Files that count as clips would; links that lead nowhere are none. Owner: arena a. Errors:
 * NAS_EIO also of a file that cannot be opened or read, NAS_ENOMEM, NAS_EINVAL a path that is too
 * long. */
NAS_NODISCARD nas_status nas_noise_list(nas_arena *a, const char *folder, nas_noise_files *out,
                                        nas_err *err);

/* What is heard of file i, if it still has the bytes that were listed. Owner: the caller frees *out
 * with nas_sound_free. Errors: NAS_EFORMAT the file is wrong, and may be left out; NAS_EIO (also
 * when it has changed), NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_noise_hear(const nas_noise_files *files, int32_t i,
                                        const nas_hearing *h, nas_sound *out, nas_err *err);
/* The first most_seconds of file i, at rate_hz. Errors: the same; NAS_EFORMAT a rate too far from
 * rate_hz, too. */
NAS_NODISCARD nas_status nas_noise_read(const nas_noise_files *files, int32_t i, int32_t rate_hz,
                                        double most_seconds, nas_sound *out, nas_err *err);

#endif
