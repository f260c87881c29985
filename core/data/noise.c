/* core/data/noise.c - listing and reading noise recordings. */
#include "core/data/noise.h"

#include "core/data/clips_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

nas_status nas_noise_list(nas_arena *a, const char *folder, nas_noise_files *out, nas_err *err) {
    *out = (nas_noise_files){0};
    const char *place = nas_arena_format(a, err, "%s/%s", folder, nas_noise_folder);
    char **names = NULL;
    size_t n = 0;
    if (!place) return NAS_ENOMEM;
    if (!nas_path_is_dir(place)) return NAS_OK;
    NAS_TRY(nas_dir_list(a, place, &names, &n, err));
    if (!(out->paths = nas_arena_array(a, n + 1, sizeof *out->paths, err))) return NAS_ENOMEM;
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "noise");
    for (size_t i = 0; i < n; i++) {
        const char *path = nas_arena_format(a, err, "%s/%s", place, names[i]);
        nas_hash content = {0};
        if (!path) return NAS_ENOMEM;
        if (!nas_clip_is_file(path, names[i])) continue;
        if (!nas_clip_hash_file(path, &content))
            return nas_fail(err, NAS_EIO, "cannot read the noise %s", path);
        nas_hasher_text(&h, names[i]);
        nas_hasher_hash(&h, &content);
        out->paths[out->n++] = path;
    }
    out->hash = nas_hasher_end(&h);
    return NAS_OK;
}

nas_status nas_noise_read(const char *path, int32_t rate_hz, double most_seconds, nas_sound *out,
                          nas_err *err) {
    *out = (nas_sound){0};
    nas_sound raw;
    nas_status st = nas_sound_read(path, most_seconds, &raw, err);
    if (st != NAS_OK) return st;
    if (raw.floats && raw.peak > NAS_SOUND_FAR) {
        st = nas_fail(err, NAS_EFORMAT, "it holds floats far beyond -1 .. 1 (up to %.6g)",
                      (double)raw.peak);
        nas_sound_free(&raw);
        return st;
    }
    const int64_t room = (int64_t)ceil((double)raw.samples * rate_hz / raw.rate_hz) + 1;
    out->rate_hz = rate_hz;
    out->pcm = malloc((size_t)room * sizeof *out->pcm);
    if (!out->pcm)
        st = nas_fail(err, NAS_ENOMEM, "out of memory");
    else
        st = nas_sound_resample(raw.pcm, raw.samples, raw.rate_hz, rate_hz, out->pcm, room,
                                &out->samples, err);
    nas_sound_free(&raw);
    if (st == NAS_OK && out->samples < 1) st = nas_fail(err, NAS_EFORMAT, "it is too short");
    if (st != NAS_OK) nas_sound_free(out);
    return st;
}
