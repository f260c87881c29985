/* core/audio/frontend_source.c - a front end as C99: its sizes and tables, then parts of level.h
 * and of plain/frontend.c. */
#include "base/text/c_text.h"
#include "core/audio/frontend.h"
#include "core/audio/mel.h"
#include "core/kernel/level.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* level.h and plain/frontend.c, line by line (Makefile). */
static const char *const lines[] = {
#include "core/audio/plain.inc"
};
enum { LINES = sizeof lines / sizeof *lines };

static void write_part(const char *name, FILE *out) {
    fputc('\n', out);
    nas_c_part(lines, LINES, name, out);
}

static void write_code(const nas_frontend_config *c, FILE *out) {
    const bool peak = c->level == NAS_LEVEL_PEAK;
    if (c->level) {
        fprintf(out, "#define LEVEL    %s\n#define LEVEL_TO %g\n",
                peak ? "level_peak" : "level_rms", peak ? NAS_LEVEL_PEAK_TO : NAS_LEVEL_RMS_TO);
        write_part(peak ? "level_peak" : "level_rms", out);
        write_part("level_gain", out);
    }
    write_part("frontend", out);
    write_part(c->level ? "levelled_run" : "plain_run", out);
}

static void write_header(const nas_frontend_config *c, const nas_frontend_sizes *s, int32_t samples,
                         FILE *out) {
    fprintf(out,
            "/* frontend.h - from sound to what the model takes, as C99 that needs no library. */\n"
            "#ifndef FRONTEND_H\n#define FRONTEND_H\n\n"
            "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
            "#define FRONTEND_RATE %d /* Hz */\n"
            "#define FRONTEND_SAMPLES %d /* of a clip */\n"
            "#define FRONTEND_LENGTH %d /* of a frame */\n"
            "#define FRONTEND_STEP %d /* from the start of a frame to that of the next */\n"
            "#define FRONTEND_FRAMES %d\n#define FRONTEND_FEATURES %d /* of a frame */\n\n",
            c->sample_rate_hz, samples, s->length, s->step, s->frames, s->bins);
    fputs("/* One frame, one clip; samples from -1 to 1. They work in memory of their own, so one\n"
          " * call at a time. */\n"
          "void frontend_frame(const float samples[FRONTEND_LENGTH], float "
          "features[FRONTEND_FEATURES]);\n"
          "void frontend_run(const float clip[FRONTEND_SAMPLES],\n"
          "                  float features[FRONTEND_FRAMES * FRONTEND_FEATURES]);\n\n",
          out);
    if (c->level)
        fputs("/* What brings a clip to its level, known at its end. frontend_run applies it; "
              "samples that\n"
              " * are given to frontend_frame must have been multiplied by it. */\n"
              "float frontend_gain(const float clip[FRONTEND_SAMPLES]);\n\n",
              out);
    fputs("#ifdef __cplusplus\n}\n#endif\n\n#endif\n", out);
}

static int32_t largest_prime(int32_t n) {
    int32_t most = 1;
    for (int32_t p = 2; n > 1; p++)
        for (; n % p == 0; n /= p) most = p;
    return most;
}

static nas_status write_bands(const nas_frontend_config *c, const nas_frontend_sizes *s,
                              nas_arena *a, FILE *out, nas_err *err) {
    const size_t n = (size_t)c->mel_bins;
    nas_band *band = nas_arena_array(a, n, sizeof *band, err);
    int32_t *begin = nas_arena_array(a, n, sizeof *begin, err);
    int32_t *end = nas_arena_array(a, n, sizeof *end, err);
    if (!band || !begin || !end) return NAS_ENOMEM;
    const int32_t bins = s->fft / 2 + 1;
    const int32_t weights =
        nas_mel_fill(c->mel_bins, bins, c->sample_rate_hz, c->lower_hz, c->upper_hz, 1, band, NULL);
    float *weight = nas_arena_array(a, (size_t)weights + 1, sizeof *weight, err);
    if (!weight) return NAS_ENOMEM;
    (void)nas_mel_fill(c->mel_bins, bins, c->sample_rate_hz, c->lower_hz, c->upper_hz, 1, band,
                       weight);
    int32_t first = bins - 1, last = 0;
    for (size_t i = 0; i < n; i++) {
        begin[i] = band[i].begin;
        end[i] = band[i].end;
        if (begin[i] == end[i]) continue;
        if (begin[i] < first) first = begin[i];
        if (end[i] - 1 > last) last = end[i] - 1;
    }
    fprintf(out, "#define BANDS %d\n#define FIRST %d\n#define LAST %d\n", c->mel_bins, first, last);
    nas_c_array(out, "int32_t", "begin", (int64_t)n, begin, nas_c_i32);
    nas_c_array(out, "int32_t", "end", (int64_t)n, end, nas_c_i32);
    nas_c_array(out, "float", "weight", weights ? weights : 1, weight, nas_c_f32);
    return NAS_OK;
}

static nas_status write_tables(const nas_frontend_config *c, const nas_frontend_sizes *s,
                               nas_arena *a, FILE *out, nas_err *err) {
    float *hann = nas_arena_array(a, (size_t)s->length, sizeof *hann, err);
    float *turn = nas_arena_array(a, (size_t)s->fft, sizeof *turn, err);
    if (!hann || !turn) return NAS_ENOMEM;
    nas_hann_fill(s->length, hann);
    for (int32_t k = 0; k < s->fft / 2; k++) {
        const double angle = -2.0 * M_PI * (double)k / (double)s->fft;
        turn[2 * k] = (float)cos(angle);
        turn[2 * k + 1] = (float)sin(angle);
    }
    fprintf(out, "#define POINTS %d /* of the transform */\n#define MOST %d\n", s->fft,
            largest_prime(s->fft / 2));
    nas_c_array(out, "float", "hann", s->length, hann, nas_c_f32);
    fputs("/* cosine and sine of -2 pi k / POINTS */\n", out);
    nas_c_array(out, "float", "turn", s->fft, turn, nas_c_f32);
    NAS_TRY(write_bands(c, s, a, out, err));
    if (c->kind == NAS_LOG_MEL) return NAS_OK;
    const size_t n = (size_t)s->bins * (size_t)c->mel_bins;
    float *cosine = nas_arena_array(a, n, sizeof *cosine, err);
    if (!cosine) return NAS_ENOMEM;
    nas_cosine_fill(s->bins, c->mel_bins, cosine);
    fputs("#define COSINES\n", out);
    nas_c_array(out, "float", "cosine", (int64_t)n, cosine, nas_c_f32);
    return NAS_OK;
}

static nas_status write_moments(int32_t bins, const float *mean, const float *deviation,
                                nas_arena *a, FILE *out, nas_err *err) {
    float *divisor = nas_arena_array(a, (size_t)bins, sizeof *divisor, err);
    if (!divisor) return NAS_ENOMEM;
    for (int32_t i = 0; i < bins; i++) {
        if (!isfinite(mean[i]) || !isfinite(deviation[i]))
            return nas_fail(err, NAS_EINVAL,
                            "front end: mean or standard deviation %d is not finite", i);
        divisor[i] = nas_frontend_divisor(deviation[i]);
    }
    fputs("#define NORMALIZED\n", out);
    nas_c_array(out, "float", "mean", bins, mean, nas_c_f32);
    nas_c_array(out, "float", "deviation", bins, divisor, nas_c_f32);
    return NAS_OK;
}

nas_status nas_frontend_source(const nas_frontend_config *c, int32_t samples, const float *mean,
                               const float *deviation, nas_arena *a, const char **header,
                               const char **source, nas_err *err) {
    nas_frontend_sizes s;
    nas_stream h = {0}, t = {0};
    NAS_TRY(nas_frontend_plan(c, samples, &s, err));
    nas_status st = nas_stream_open(&h, err);
    if (st == NAS_OK) st = nas_stream_open(&t, err);
    if (st == NAS_OK) {
        write_header(c, &s, samples, h.to);
        fputs("/* frontend.c - what frontend.h declares, written by nas. */\n"
              "#include \"frontend.h\"\n\n#include <math.h>\n#include <stddef.h>\n"
              "#include <stdint.h>\n\n",
              t.to);
        st = write_tables(c, &s, a, t.to, err);
    }
    if (st == NAS_OK && c->normalize) st = write_moments(s.bins, mean, deviation, a, t.to, err);
    if (st == NAS_OK) {
        write_code(c, t.to);
        st = nas_stream_take(&h, a, header, err);
    }
    if (st == NAS_OK) st = nas_stream_take(&t, a, source, err);
    nas_stream_drop(&h);
    nas_stream_drop(&t);
    return st;
}
