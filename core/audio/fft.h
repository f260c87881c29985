/* core/audio/fft.h - the plan of a real transform for core/kernel/spectra.h.
 * Thread safety: no shared state; one thread at a time for each plan. */
#ifndef NAS_CORE_AUDIO_FFT_H
#define NAS_CORE_AUDIO_FFT_H

#include "core/kernel/spectra.h"

#include <stdbool.h>

/* Has half of `points` no factors but 2, 3 and 5? */
bool nas_fft_suits(int32_t points);

/* points is even and suits. The caller closes it, also where the answer is false: no room. */
bool nas_fft_open(nas_fft *f, int32_t points);
void nas_fft_close(nas_fft *f);

#endif
