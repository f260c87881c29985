/* bench/frontend.c - the front end on 64 one-second clips at 16 kHz, for bench/frontend.py.
 *     frontend FILE.f32 FFT REPEATS [bare]
 *                                      FILE: the clips; prints seconds of a call on all of them by
 *                                       the wall and by the processor for each line of the input,
 *                                       and at first the features to FILE.features; bare: one
 *                                       band of all bins, so hardly more than the transform */
#include "core/audio/frontend.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIPS = 64, RATE = 16000 };

static void die(const char *text) {
    fprintf(stderr, "frontend: %s\n", text);
    exit(1);
}

int main(int argc, char **argv) {
    static float pcm[CLIPS * RATE];
    const bool bare = argc == 5 && strcmp(argv[4], "bare") == 0;
    if (argc != 4 && !bare) die("usage: frontend FILE.f32 FFT REPEATS [bare]");
    const nas_frontend_config config = {.kind = bare ? NAS_LOG_MEL : NAS_MFCC,
                                        .sample_rate_hz = RATE,
                                        .frame_length_ms = 40,
                                        .frame_step_ms = 20,
                                        .fft_length = atoi(argv[2]),
                                        .mel_bins = bare ? 1 : 40,
                                        .lower_hz = 20,
                                        .upper_hz = bare ? 8000 : 4000,
                                        .coefficients = bare ? 0 : 10};
    nas_frontend *fe;
    nas_err err;
    FILE *f = fopen(argv[1], "rb");
    if (!f || fread(pcm, sizeof *pcm, CLIPS * RATE, f) != CLIPS * RATE) die("no clips");
    (void)fclose(f);
    if (nas_frontend_open(&config, RATE, &fe, &err) != NAS_OK) die(err.text);
    const int32_t each = nas_frontend_frames(fe) * nas_frontend_bins(fe);
    float *out = malloc((size_t)(CLIPS * each) * sizeof *out);
    if (!out) die("out of memory");
    char line[64], path[4096];
    for (int i = 0; i < CLIPS; i++) nas_frontend_run(fe, pcm + i * RATE, out + i * each);
    snprintf(path, sizeof path, "%s.features", argv[1]);
    f = fopen(path, "wb");
    if (!f || fwrite(out, sizeof *out, (size_t)(CLIPS * each), f) != (size_t)(CLIPS * each))
        die("cannot write");
    (void)fclose(f);
    const int repeats = atoi(argv[3]);
    while (fgets(line, sizeof line, stdin)) {
        const double wall = nas_clock_wall(), cpu = nas_clock_cpu();
        for (int k = 0; k < repeats; k++)
            for (int i = 0; i < CLIPS; i++) nas_frontend_run(fe, pcm + i * RATE, out + i * each);
        printf("%.9f %.9f\n", (nas_clock_wall() - wall) / repeats,
               (nas_clock_cpu() - cpu) / repeats);
        (void)fflush(stdout);
    }
    free(out);
    nas_frontend_close(fe);
    return 0;
}
