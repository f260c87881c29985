/* core/kernel/spectra.h - the front end's hot loops: short-time magnitudes, mel bands and cosines
 * of as many frames at a time as a vector has lanes. One frame is one lane, so a frame's values do
 * not depend on those beside it; all rows give the same bits, as nothing is contracted.
 * Thread safety: the rows are constant; their functions are functions of their arguments. */
#ifndef NAS_CORE_KERNEL_SPECTRA_H
#define NAS_CORE_KERNEL_SPECTRA_H

#include <stddef.h>
#include <stdint.h>

enum { NAS_FFT_STAGES = 20, NAS_SPECTRA_LANES = 16 };

/* The transform of 2n real values as one of n complex ones, whose factors are 2, 3, 4 and 5: in
 * place, decimated in time (Cooley and Tukey 1965). */
typedef struct nas_fft {
    int32_t n, stages, radix[NAS_FFT_STAGES];
    int32_t *place;   /* [n]: where value i stands at first */
    float *twiddle;   /* of each stage, [points so far][radix - 1] of (cos, sin) */
    float *half_turn; /* [n / 2 + 1] of (cos, sin) of -pi k / n */
} nas_fft;

/* Filter m: weights first, first + 1, ... of bins begin..end-1. */
typedef struct nas_band {
    int32_t begin, end, first;
} nas_band;

typedef struct nas_spectra {
    const char *name;
    int32_t lanes;

    /* Frame f of the `frames` (1 to lanes; those that are missing repeat the last) has `length`
     * samples from pcm + f * step; window has zeros up to the next multiple of lanes. z has room
     * for n complex values of lanes; magnitude[k][lanes] for k <= last < n + 1. */
    void (*magnitudes)(const nas_fft *f, const float *pcm, ptrdiff_t step, int32_t frames,
                       int32_t length, const float *window, int32_t last, float *z,
                       float *magnitude);
    /* mel[n][lanes] = log(sum of weight * magnitude + 1e-6). */
    void (*bands)(int32_t n, const nas_band *band, const float *weights, const float *magnitude,
                  float *mel);
    /* out[frame][rows] = the sums over columns of m[rows][columns] * mel[columns][lanes]; m NULL:
     * mel turned round (rows = columns). */
    void (*project)(int32_t rows, int32_t columns, const float *m, const float *mel, int32_t frames,
                    float *out);
    /* out[samples] = pcm times its nas_level_gain (level.h). */
    void (*level)(int32_t level, const float *pcm, int32_t samples, float *out);
} nas_spectra;

/* As nas_kernel_choose: the best row that runs here, or that of NAS_KERNEL. */
const nas_spectra *nas_spectra_choose(void);
const nas_spectra *nas_spectra_find(const char *name); /* NULL when unknown or not runnable here */

extern const nas_spectra nas_spectra_generic;
#ifdef __x86_64__
extern const nas_spectra nas_spectra_avx2, nas_spectra_avx512;
#endif

#endif
