/* tests/fuzz/fuzz_sound.c - libFuzzer target: any bytes as a sound file. What is read is finite, no
 * longer than was asked for, and can be resampled. */
#include "core/audio/sound.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    enum { ROOM = 4000 };
    nas_err err = {0};
    nas_sound s;
    const nas_hearing h = {.seconds = 0.25, .crop = n % 3 ? NAS_CROP_LOUDEST : NAS_CROP_CENTRE};
    if (fuzz_taken(nas_sound_hear(fuzz_file(data, n), &h, &s, &err), &err)) {
        fuzz_demand(s.samples > 0 && s.length >= s.samples, "part", NULL);
        nas_sound_free(&s);
    }
    if (!fuzz_taken(nas_sound_read(fuzz_file(data, n), 0.25, &s, &err), &err)) return 0;
    fuzz_demand(s.rate_hz >= 1000 && s.rate_hz <= 768000, "rate", NULL);
    fuzz_demand(s.samples > 0 && (double)s.samples <= ceil(0.25 * s.rate_hz) + 1, "length", NULL);
    for (int64_t i = 0; i < s.samples; i++) fuzz_demand(isfinite(s.pcm[i]) != 0, "finite", NULL);
    if (s.samples < 2000) {
        float *out = malloc(ROOM * sizeof *out);
        int64_t made;
        if (!out) abort();
        if (fuzz_taken(
                nas_sound_resample(s.pcm, s.samples, s.rate_hz, 16000, out, ROOM, &made, &err),
                &err))
            fuzz_demand(made >= 0 && made <= ROOM, "room", NULL);
        free(out);
    }
    nas_sound_free(&s);
    return 0;
}
