/* core/audio/frontend_gaps.c - mel bands narrower than the transform resolves. */
#include "core/audio/frontend.h"
#include "core/audio/mel.h"

#include <stdlib.h>

enum { MOST_POINTS = 262144 }; /* of frontend.fft_length */

static int32_t count_empty(const nas_frontend_config *c, int32_t bins, int32_t points,
                           nas_band *band) {
    int32_t empty = 0;
    (void)nas_mel_fill(bins, points / 2 + 1, c->sample_rate_hz, c->lower_hz, c->upper_hz, 1, band,
                       NULL);
    for (int32_t i = 0; i < bins; i++) empty += band[i].begin == band[i].end;
    return empty;
}

static int32_t least_points(const nas_frontend_config *c, int32_t points, nas_band *band) {
    int32_t p = 2;
    while (p <= points) p *= 2;
    for (; p <= MOST_POINTS; p *= 2)
        if (!count_empty(c, c->mel_bins, p, band)) return p;
    return 0;
}

nas_status nas_frontend_find_gaps(const nas_frontend_config *c, int32_t samples,
                                  nas_frontend_gaps *out, nas_err *err) {
    nas_frontend_sizes s;
    *out = (nas_frontend_gaps){0};
    NAS_TRY(nas_frontend_plan(c, samples, &s, err));
    nas_band *band = calloc((size_t)c->mel_bins, sizeof *band);
    if (!band) return nas_fail(err, NAS_ENOMEM, "front end: out of memory");
    out->empty = count_empty(c, c->mel_bins, s.fft, band);
    if (out->empty) {
        int32_t n = c->mel_bins - 1;
        while (n > 0 && count_empty(c, n, s.fft, band)) n--;
        out->most_bins = n;
        out->fft_length = least_points(c, s.fft, band);
    }
    free(band);
    return NAS_OK;
}
