/* bench/kissfft/fft.c - core/audio/fft.h without a length of its own: linked before the library, it
 * leaves all transforms to kissfft (bench/libraries.py). */
#include "core/audio/fft.h"

bool nas_fft_suits(int32_t points) {
    (void)points;
    return false;
}

bool nas_fft_open(nas_fft *f, int32_t points) {
    (void)f, (void)points;
    return false;
}

void nas_fft_close(nas_fft *f) {
    (void)f;
}
