/* core/audio/fft.c - factors, places and twiddles, computed in double. */
#include "core/audio/fft.h"

#include <math.h>
#include <stdlib.h>

static const int32_t factors[] = {4, 2, 3, 5};
enum { FACTORS = sizeof factors / sizeof *factors };

static int32_t find_factors(int32_t n, int32_t *radix) {
    int32_t stages = 0;
    for (int32_t i = 0; i < FACTORS; i++)
        for (; n % factors[i] == 0 && stages < NAS_FFT_STAGES; n /= factors[i])
            radix[stages++] = factors[i];
    return n == 1 ? stages : 0;
}

bool nas_fft_suits(int32_t points) {
    int32_t radix[NAS_FFT_STAGES];
    return points == 2 || find_factors(points / 2, radix) > 0;
}

/* Values from, from + step, ... go to places at, at + 1, ... in the order that stage `stage` and
 * those before it expect: its k-th part is every radix-th value from k on. */
static void fill_places(nas_fft *f, int32_t stage, int32_t m, int32_t at, int32_t from,
                        int32_t step) {
    if (stage < 0) {
        f->place[from] = at;
        return;
    }
    const int32_t r = f->radix[stage], part = m / r;
    for (int32_t k = 0; k < r; k++)
        fill_places(f, stage - 1, part, at + k * part, from + k * step, step * r);
}

static void fill_twiddles(nas_fft *f) {
    float *w = f->twiddle;
    int32_t m = 1;
    for (int32_t s = 0; s < f->stages; s++) {
        const int32_t r = f->radix[s];
        for (int32_t j = 0; j < m; j++)
            for (int32_t k = 1; k < r; k++) {
                const double turn = -2 * M_PI * (double)(j * k) / (double)(m * r);
                *w++ = (float)cos(turn);
                *w++ = (float)sin(turn);
            }
        m *= r;
    }
    for (int32_t k = 0; k <= f->n / 2; k++) {
        f->half_turn[2 * k] = (float)cos(-M_PI * (double)k / (double)f->n);
        f->half_turn[2 * k + 1] = (float)sin(-M_PI * (double)k / (double)f->n);
    }
}

bool nas_fft_open(nas_fft *f, int32_t points) {
    *f = (nas_fft){.n = points / 2};
    f->stages = find_factors(f->n, f->radix);
    size_t twiddles = 1;
    for (int32_t s = 0, m = 1; s < f->stages; m *= f->radix[s++])
        twiddles += 2 * (size_t)m * (size_t)(f->radix[s] - 1);
    f->place = calloc((size_t)f->n, sizeof *f->place);
    f->twiddle = calloc(twiddles, sizeof *f->twiddle);
    f->half_turn = calloc((size_t)f->n + 2, sizeof *f->half_turn);
    if (!f->place || !f->twiddle || !f->half_turn) return false;
    fill_places(f, f->stages - 1, f->n, 0, 0, 1);
    fill_twiddles(f);
    return true;
}

void nas_fft_close(nas_fft *f) {
    free(f->place);
    free(f->twiddle);
    free(f->half_turn);
    *f = (nas_fft){0};
}
