/* core/audio/plain/frontend.c - the front end as it stands in an exported frontend.c, below the
 * tables that core/audio/frontend_source.c writes. It needs FRONTEND_* of its header and, of the
 * tables, POINTS (of the transform), MOST (the largest prime factor of half of them), BANDS, FIRST
 * (of the bins that the bands read) and LAST. One of the parts that end in _run follows;
 * levelled_run needs LEVEL (level_peak or level_rms of core/kernel/level.h) and LEVEL_TO. */
/* part frontend */
/* One frame at a time works here. */
static float wave[POINTS], spectrum[POINTS], terms[2 * MOST], magnitude[LAST + 1], band[BANDS];

/* exp(-2 pi i k / POINTS), 0 <= k < POINTS. */
static void turn_by(int32_t k, float w[2]) {
    const float sign = k < POINTS / 2 ? 1.0f : -1.0f;
    const float *t = turn + 2 * (k < POINTS / 2 ? k : k - POINTS / 2);
    w[0] = sign * t[0];
    w[1] = sign * t[1];
}

static int32_t factor_of(int32_t n) {
    for (int32_t p = 2; p <= n / p; p++)
        if (n % p == 0) return p;
    return n;
}

/* v *= exp(-2 pi i k / POINTS) */
static void rotate(float v[2], int32_t k) {
    float w[2];
    turn_by(k, w);
    const float re = v[0] * w[0] - v[1] * w[1];
    v[1] = v[0] * w[1] + v[1] * w[0];
    v[0] = re;
}

/* Values m apart, each turned as far as it stands behind the first: their sum and difference. */
static void join_two(int32_t m, int32_t unit, float *y) {
    for (int32_t k = 0; k < m; k++) {
        float *a = y + 2 * k, *b = a + 2 * m;
        rotate(b, k * unit);
        const float re = b[0], im = b[1];
        b[0] = a[0] - re;
        b[1] = a[1] - im;
        a[0] += re;
        a[1] += im;
    }
}

/* The same for any number of them. */
static void join_more(int32_t p, int32_t m, int32_t unit, float *y) {
    for (int32_t k = 0; k < m; k++) {
        for (int32_t r = 0; r < p; r++) {
            float *v = terms + 2 * r;
            v[0] = y[2 * (r * m + k)];
            v[1] = y[2 * (r * m + k) + 1];
            rotate(v, r * k * unit);
        }
        for (int32_t q = 0; q < p; q++) {
            float *sum = y + 2 * (q * m + k);
            sum[0] = sum[1] = 0;
            for (int32_t r = 0; r < p; r++) {
                float v[2] = {terms[2 * r], terms[2 * r + 1]};
                rotate(v, (int32_t)((int64_t)r * q * m * unit % POINTS));
                sum[0] += v[0];
                sum[1] += v[1];
            }
        }
    }
}

/* The discrete Fourier transform of n complex values that stand `step` apart, by its smallest
 * factor (Cooley and Tukey 1965). */
static void transform(int32_t n, int32_t step, const float *x, float *y) {
    const int32_t p = factor_of(n), m = n / p;
    if (n == 1) {
        y[0] = x[0];
        y[1] = x[1];
        return;
    }
    for (int32_t r = 0; r < p; r++) transform(m, step * p, x + 2 * r * step, y + 2 * r * m);
    if (p == 2)
        join_two(m, POINTS / n, y);
    else
        join_more(p, m, POINTS / n, y);
}

/* Even samples are real parts, odd ones imaginary; bins are taken apart by their symmetry. */
static void magnitudes(void) {
    const int32_t half = POINTS / 2;
    transform(half, 1, wave, spectrum);
    for (int32_t k = FIRST; k <= LAST; k++) {
        const float *a = spectrum + 2 * (k % half), *b = spectrum + 2 * ((half - k) % half);
        const float even[2] = {0.5f * (a[0] + b[0]), 0.5f * (a[1] - b[1])};
        const float odd[2] = {0.5f * (a[1] + b[1]), 0.5f * (b[0] - a[0])};
        float w[2];
        turn_by(k, w);
        const float re = even[0] + odd[0] * w[0] - odd[1] * w[1];
        const float im = even[1] + odd[0] * w[1] + odd[1] * w[0];
        magnitude[k] = sqrtf(re * re + im * im);
    }
}

void frontend_frame(const float samples[FRONTEND_LENGTH], float features[FRONTEND_FEATURES]) {
    for (int32_t i = 0; i < POINTS; i++)
        wave[i] = i < FRONTEND_LENGTH ? samples[i] * hann[i] : 0.0f;
    magnitudes();
    const float *w = weight;
    for (int32_t b = 0; b < BANDS; b++) {
        float sum = 0;
        for (int32_t k = begin[b]; k < end[b]; k++) sum += magnitude[k] * *w++;
        band[b] = logf(sum + 1e-6f);
    }
    for (int32_t j = 0; j < FRONTEND_FEATURES; j++) {
        float v = band[j];
#ifdef COSINES
        v = 0;
        for (int32_t b = 0; b < BANDS; b++) v += cosine[j * BANDS + b] * band[b];
#endif
#ifdef NORMALIZED
        v = (v - mean[j]) / deviation[j];
#endif
        features[j] = v;
    }
}
/* end */

/* part plain_run */
void frontend_run(const float clip[FRONTEND_SAMPLES],
                  float features[FRONTEND_FRAMES * FRONTEND_FEATURES]) {
    for (int32_t i = 0; i < FRONTEND_FRAMES; i++)
        frontend_frame(clip + (ptrdiff_t)i * FRONTEND_STEP, features + i * FRONTEND_FEATURES);
}
/* end */

/* part levelled_run */
float frontend_gain(const float clip[FRONTEND_SAMPLES]) {
    return level_gain(LEVEL(clip, FRONTEND_SAMPLES), LEVEL_TO);
}

/* A frame is brought to its level where the spectrum will stand: nothing else is there yet. */
void frontend_run(const float clip[FRONTEND_SAMPLES],
                  float features[FRONTEND_FRAMES * FRONTEND_FEATURES]) {
    const float gain = frontend_gain(clip);
    for (int32_t i = 0; i < FRONTEND_FRAMES; i++) {
        for (int32_t k = 0; k < FRONTEND_LENGTH; k++)
            spectrum[k] = clip[(ptrdiff_t)i * FRONTEND_STEP + k] * gain;
        frontend_frame(spectrum, features + i * FRONTEND_FEATURES);
    }
}
/* end */
