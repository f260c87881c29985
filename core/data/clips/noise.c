/* core/data/clips/noise.c - listing and reading noise recordings. */
#include "core/data/clips/noise.h"

#include "core/data/clips/int.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

const char nas_noise_folder[] = "_background_noise_";

nas_status nas_no_recordings(const char *folder, const char *label, nas_err *err) {
    return nas_fail(err, NAS_ENOTFOUND,
                    "task.silence: there is no recording in %s/%s that \"%s\" could be cut from; "
                    "put long recordings of noise there, or make a folder \"%s\"",
                    folder, nas_noise_folder, label, label);
}

static nas_status list_in(nas_arena *a, const char *place, nas_noise_files *out, nas_err *err) {
    char **names = NULL;
    size_t n = 0;
    NAS_TRY(nas_dir_list(a, place, &names, &n, err));
    out->paths = nas_arena_array(a, n + 1, sizeof *out->paths, err);
    out->contents = nas_arena_array(a, n + 1, sizeof *out->contents, err);
    if (!out->paths || !out->contents) return NAS_ENOMEM;
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "noise");
    for (size_t i = 0; i < n; i++) {
        const char *path = nas_arena_format(a, err, "%s/%s", place, names[i]);
        nas_hash *content = &out->contents[out->n];
        bool is_clip, found;
        if (!path) return NAS_ENOMEM;
        NAS_TRY(nas_clip_is_file(path, names[i], &is_clip, err));
        if (!is_clip) continue;
        const int failed = nas_clip_hash_file(path, content, &found);
        if (failed || !found) return nas_clip_cannot_read(path, failed ? failed : ENOENT, err);
        nas_hasher_text(&h, names[i]);
        nas_hasher_hash(&h, content);
        out->paths[out->n++] = path;
    }
    out->hash = nas_hasher_end(&h);
    return NAS_OK;
}

nas_status nas_noise_list(nas_arena *a, const char *folder, nas_noise_files *out, nas_err *err) {
    *out = (nas_noise_files){0};
    const char *place = nas_arena_format(a, err, "%s/%s", folder, nas_noise_folder);
    nas_path_kind kind;
    if (!place) return NAS_ENOMEM;
    NAS_TRY(nas_path_look(place, &kind, err));
    return kind == NAS_PATH_FOLDER ? list_in(a, place, out, err) : NAS_OK;
}

nas_status nas_noise_hear(const nas_noise_files *files, int32_t i, const nas_hearing *h,
                          nas_sound *out, nas_err *err) {
    nas_status st = nas_sound_hear(files->paths[i], h, out, err);
    if (st == NAS_ENOTFOUND) return nas_clip_changed(files->paths[i], err);
    if (st != NAS_OK && st != NAS_EFORMAT) return nas_clip_not_read(st, err);
    if (nas_hash_equal(&out->content, &files->contents[i])) return st;
    nas_sound_free(out);
    return nas_clip_changed(files->paths[i], err);
}

nas_status nas_noise_read(const nas_noise_files *files, int32_t i, int32_t rate_hz,
                          double most_seconds, nas_sound *out, nas_err *err) {
    *out = (nas_sound){0};
    nas_sound raw;
    nas_status st = nas_noise_hear(files, i, &(nas_hearing){.seconds = most_seconds}, &raw, err);
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
    if (st == NAS_EINVAL && err) err->code = NAS_EFORMAT; /* its rate is too far away */
    if (st == NAS_EINVAL) st = NAS_EFORMAT;
    nas_sound_free(&raw);
    if (st == NAS_OK && out->samples < 1) st = nas_fail(err, NAS_EFORMAT, "it is too short");
    if (st != NAS_OK) nas_sound_free(out);
    return st;
}
