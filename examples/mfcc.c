/* examples/mfcc.c - prints the MFCC of a sound file, a frame a line: what a net of this project is
 * given.
 *
 *   build/gcc/examples/mfcc clip.wav
 */
#include "core/audio/frontend.h"
#include "core/audio/sound.h"

#include <stdio.h>
#include <stdlib.h>

enum { RATE_HZ = 16000 };

static nas_status read_second(const char *path, float *pcm, nas_err *err) {
    nas_sound s;
    int64_t made;
    NAS_TRY(nas_sound_read(path, 1.0, &s, err));
    const nas_status st =
        nas_sound_resample(s.pcm, s.samples, s.rate_hz, RATE_HZ, pcm, RATE_HZ, &made, err);
    nas_sound_free(&s);
    return st;
}

static nas_status print_mfcc(const char *path, nas_err *err) {
    const nas_frontend_config config = {
        .kind = NAS_MFCC,
        .sample_rate_hz = RATE_HZ,
        .frame_length_ms = 40,
        .frame_step_ms = 20,
        .mel_bins = 40,
        .lower_hz = 20,
        .upper_hz = 4000,
        .coefficients = 10,
    };
    float *pcm = calloc(RATE_HZ, sizeof *pcm); /* one second, zeros after a shorter clip */
    nas_frontend *f = NULL;
    float *x = NULL;
    nas_status st = pcm ? NAS_OK : nas_fail(err, NAS_ENOMEM, "out of memory");
    if (st == NAS_OK) st = read_second(path, pcm, err);
    if (st == NAS_OK) st = nas_frontend_open(&config, RATE_HZ, &f, err);
    if (st == NAS_OK) {
        const int32_t frames = nas_frontend_frames(f), bins = nas_frontend_bins(f);
        x = calloc((size_t)frames * (size_t)bins, sizeof *x);
        if (x) nas_frontend_run(f, pcm, x);
        for (int32_t i = 0; x && i < frames * bins; i++)
            printf("%9.4f%c", (double)x[i], (i + 1) % bins ? ' ' : '\n');
    }
    free(x);
    nas_frontend_close(f);
    free(pcm);
    return st;
}

int main(int argc, char **argv) {
    nas_err err = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: %s SOUND-FILE\n", argv[0]);
        return 2;
    }
    if (print_mfcc(argv[1], &err) == NAS_OK) return 0;
    fprintf(stderr, "%s: %s\n", argv[1], err.text);
    return 1;
}
