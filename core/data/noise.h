/* core/data/noise.h - the long recordings in _background_noise_ of a folder of clips. */
#ifndef NAS_CORE_DATA_NOISE_H
#define NAS_CORE_DATA_NOISE_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/log.h"
#include "core/audio/sound.h"

typedef struct nas_noise_files {
    int32_t n;          /* 0: there is no such folder, or no sound in it */
    const char **paths; /* by name */
    nas_hash hash;      /* of names and contents */
} nas_noise_files;

/* Files that count as clips would. Owner: arena a. Errors: NAS_EIO, NAS_ENOMEM, NAS_EINVAL a path
 * that is too long. */
NAS_NODISCARD nas_status nas_noise_list(nas_arena *a, const char *folder, nas_noise_files *out,
                                        nas_err *err);

/* The first most_seconds of a file, at rate_hz. Owner: the caller frees *out with nas_sound_free.
 * Errors: as nas_sound_read and nas_sound_resample. */
NAS_NODISCARD nas_status nas_noise_read(const char *path, int32_t rate_hz, double most_seconds,
                                        nas_sound *out, nas_err *err);

#endif
