/* core/audio/frontend_int.h - a planned front end from the inside, for what changes its filters and
 * frames.
 * Thread safety: no shared state; one thread at a time for each front end. */
#ifndef NAS_CORE_AUDIO_FRONTEND_INT_H
#define NAS_CORE_AUDIO_FRONTEND_INT_H

#include "core/audio/fft.h"
#include "core/audio/frontend.h"

#include <kissfft/kiss_fftr.h>
#include <stdbool.h>

/* Frames go through the kernels `lanes` at a time. A transform whose length has other factors than
 * 2, 3 and 5 is kissfft's, frame by frame. Arrays are aligned to 64 bytes and end in a lane's room.
 */
struct nas_frontend {
    nas_frontend_sizes s;
    int32_t mel_bins;
    int32_t last_bin; /* that a filter reads */
    int32_t level, samples;
    float *levelled; /* [samples]; NULL: the clip is taken as it is */
    bool cepstra;
    const nas_spectra *kernel;
    nas_fft fft;
    kiss_fftr_cfg odd_fft;  /* NULL: not needed; then nor are the next two */
    kiss_fft_cpx *spectrum; /* [fft / 2 + 1] */
    float *frame;           /* [fft]; zeros after length */
    float *window;          /* [length], then zeros */
    float *z;               /* [fft / 2][2][lanes] */
    float *magnitude;       /* [fft / 2 + 1][lanes] */
    float *mel;             /* [mel_bins][lanes] */
    float *weights;         /* of all filters, one after the other */
    float *cosines;         /* [bins][mel_bins] */
    nas_band *bands;
};

/* Zeroed, aligned to 64 bytes; the caller frees it. NULL: no room. */
float *nas_frontend_floats(size_t n);

/* The clip at its level: pcm itself where there is none, else valid until the next call. */
const float *nas_frontend_levelled(nas_frontend *f, const float *pcm);

/* f->magnitude of `frames` frames, at most a vector's lanes, from pcm on and `step` apart. */
void nas_frontend_spectra(nas_frontend *f, const float *pcm, ptrdiff_t step, int32_t frames);

/* `frames` rows of features: what filters make of f->magnitude. */
void nas_frontend_rows(nas_frontend *f, const nas_band *bands, const float *weights, int32_t frames,
                       float *out);

#endif
