/* core/audio/warp.h - the features of a clip as another voice might have said it, at another pace:
 * factors alpha of the mel filters' edges (nas_mel_warp) and tau of the frames' distance, on a grid
 * of steps of 0.05 around 1.
 * Thread safety: no shared state; one thread at a time for each warper. */
#ifndef NAS_CORE_AUDIO_WARP_H
#define NAS_CORE_AUDIO_WARP_H

#include "core/audio/frontend.h"

/* Points of the grid on each side of 1 for factors of 1 - warp to 1 + warp; 0: there is only 1. */
int32_t nas_warp_reach(double warp);
/* Where a factor 1 + off stands, -reach .. reach; and the factor there. */
int32_t nas_warp_point(double off);
double nas_warp_factor(int32_t point);

typedef struct nas_warper nas_warper;

/* Plans all factors within reach, at most 10. Errors: those of nas_frontend_open. Owner: the caller
 * closes it. Not for use by several threads at once. */
NAS_NODISCARD nas_status nas_warper_open(const nas_frontend_config *config, int32_t samples,
                                         int32_t reach, nas_warper **out, nas_err *err);
void nas_warper_close(nas_warper *w);

/* The clip that the next runs are of; borrowed until then. */
void nas_warper_take(nas_warper *w, const float *pcm);

/* Its features at point tau and the n points of alpha from `alpha` on, [n][frames][bins], as
 * nas_frontend_run gives them: all of them from the same spectra. With F frames of the front end, a
 * step of s samples and m = (F - 1) / 2, frame j begins at m * s + (j - m) * s * tau, rounded
 * (halves up) and moved to where it lies in the clip. Both points 0: the bits of nas_frontend_run.
 */
void nas_warper_run(nas_warper *w, int32_t tau, int32_t alpha, int32_t n, float *out);

/* Part of the keys of what is made of such features: raise it when other bits come out. */
enum { NAS_WARP_VERSION = 1 };

#endif
