/* tests/golden_clips.h - the clips of tests/golden/frontend.bin (make_frontend.py), as integers. */
#ifndef NAS_TESTS_GOLDEN_CLIPS_H
#define NAS_TESTS_GOLDEN_CLIPS_H

#include "base/files/file.h"

#include <string.h>

enum { GOLDEN_CLIPS = 4 };

typedef struct golden_clip {
    int32_t rate_hz, samples;
    const int16_t *pcm; /* [samples]; in the arena */
} golden_clip;

static inline int golden_clips(nas_arena *a, golden_clip out[GOLDEN_CLIPS]) {
    uint8_t *bytes;
    size_t n, at = 12;
    if (nas_file_read(a, "tests/golden/frontend.bin", 1 << 20, &bytes, &n, NULL) != NAS_OK)
        return -1;
    for (int k = 0; k < GOLDEN_CLIPS; k++) {
        memcpy(&out[k].rate_hz, bytes + at, 4);
        memcpy(&out[k].samples, bytes + at + 4, 4);
        int16_t *pcm = nas_arena_array(a, (size_t)out[k].samples, sizeof *pcm, NULL);
        if (!pcm) return -1;
        memcpy(pcm, bytes + at + 8, (size_t)out[k].samples * sizeof *pcm);
        out[k].pcm = pcm;
        at += 8 + (size_t)out[k].samples * sizeof *pcm;
    }
    return 0;
}

#endif
