/* core/audio/traits.h - what a clip is like apart from what is said in it: loudness, band, the
 * fineness of its samples. For finding clips that differ as recordings.
 * Thread safety: no shared state; one thread at a time for each plan. */
#ifndef NAS_CORE_AUDIO_TRAITS_H
#define NAS_CORE_AUDIO_TRAITS_H

#include <stdint.h>

/* Plain bytes: what is kept on disk has this layout (NAS_TRAITS_VERSION). */
typedef struct nas_traits {
    uint64_t sum;    /* of the samples: equal for equal ones */
    float mean, rms; /* of full scale; rms: around the mean */
    float edge_hz; /* above it there is nothing: 60 dB less than all, or no more than what rounding
                      to `bits` leaves. 0: not known, as the clip is no louder than its rounding */
    uint32_t cut;  /* bit i: there is nothing above nas_traits_edges[i], and 12 dB less right above
                      it than right below, so that it was cut off and did not die away */
    int32_t bits;  /* least number of bits that all samples fit: 2 .. 24; 0: finer, or a constant */
    int32_t still; /* samples at both ends that stay as the first and the last one, from 10 ms on;
                      all of them: a constant */
} nas_traits;

enum { NAS_TRAITS_VERSION = 1, NAS_TRAITS_EDGES = 12 };
extern const float nas_traits_edges[NAS_TRAITS_EDGES]; /* Hz, rising: ends of usual bands */

/* A plan, for one thread at a time. Owner: the caller closes it. NULL: no room. */
typedef struct nas_traits_plan nas_traits_plan;
nas_traits_plan *nas_traits_open(void);
void nas_traits_close(nas_traits_plan *p);

/* Of pcm [n], n >= 1 samples. Of the spectrum at most 64 frames of 512 samples are seen, evenly
 * spread, so a long clip costs little more than a short one. The same bits on all kernels. */
void nas_traits_find(nas_traits_plan *p, const float *pcm, int32_t n, int32_t rate_hz,
                     nas_traits *out);

#endif
