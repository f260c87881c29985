/* examples/device/classify.c - an exported keyword spotter as firmware would hold it, with no
 * library of ours:
 *
 *   M=demo_best
 *   cc -O2 -I $M -o build/classify examples/device/classify.c $M/model.c $M/frontend.c -lm
 *
 *   build/classify some.wav other.wav
 *
 * Files: WAV with one channel of 16 bits at the front end's rate. Of longer ones the beginning is
 * heard, after shorter ones comes silence. One line a file: its name, the class, the score. */
#include "frontend.h"
#include "labels.h"
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const labels[MODEL_OUTPUT] = {MODEL_LABELS};

static unsigned number(const unsigned char *p, int bytes) {
    return bytes ? p[0] | number(p + 1, bytes - 1) << 8 : 0;
}

/* The samples of a file; returns what is wrong with it, or NULL. */
static const char *read_wav(FILE *f, float clip[FRONTEND_SAMPLES]) {
    unsigned char head[40];
    int known = 0;
    memset(clip, 0, FRONTEND_SAMPLES * sizeof *clip);
    if (fread(head, 1, 12, f) != 12 || memcmp(head, "RIFF", 4) != 0 ||
        memcmp(head + 8, "WAVE", 4) != 0)
        return "no WAV file";
    while (fread(head, 1, 8, f) == 8) {
        const unsigned bytes = number(head + 4, 4);
        if (memcmp(head, "fmt ", 4) == 0 && bytes >= 16 && bytes <= 40) {
            if (fread(head, 1, bytes, f) != bytes) break;
            known = number(head + 2, 2) == 1 && number(head + 4, 4) == FRONTEND_RATE &&
                    number(head + 14, 2) == 16;
        } else if (memcmp(head, "data", 4) == 0) {
            if (!known) return "expected one channel of 16 bits at the front end's rate";
            for (unsigned i = 0; i < bytes / 2 && i < FRONTEND_SAMPLES; i++) {
                if (fread(head, 1, 2, f) != 2) return "cut off";
                const unsigned v = number(head, 2);
                clip[i] = (float)(v < 32768 ? (int)v : (int)v - 65536) / 32768.0f;
            }
            return NULL;
        } else if (bytes >= 0x7fffffff || fseek(f, (long)(bytes + bytes % 2), SEEK_CUR) != 0) {
            break;
        }
    }
    return "no samples";
}

#ifdef MODEL_INPUT_SCALE /* int8 */
static int8_t x[MODEL_INPUT], y[MODEL_OUTPUT];
static void put(int i, float v) {
    const float q = roundf(v / MODEL_INPUT_SCALE) + (float)MODEL_INPUT_ZERO_POINT;
    x[i] = (int8_t)(q < -128 ? -128 : q > 127 ? 127 : q);
}
static float score(int i) {
    return (float)(y[i] - MODEL_OUTPUT_ZERO_POINT) * MODEL_OUTPUT_SCALE;
}
#else
static float x[MODEL_INPUT], y[MODEL_OUTPUT];
static void put(int i, float v) {
    x[i] = v;
}
static float score(int i) {
    return y[i];
}
#endif

int main(int argc, char **argv) {
    static float clip[FRONTEND_SAMPLES], features[FRONTEND_FRAMES * FRONTEND_FEATURES];
    int status = 0;
    for (int a = 1; a < argc; a++) {
        FILE *f = fopen(argv[a], "rb");
        const char *wrong = f ? read_wav(f, clip) : "cannot be opened";
        if (f) fclose(f);
        if (wrong) {
            fprintf(stderr, "%s: %s\n", argv[a], wrong);
            status = 1;
            continue;
        }
        frontend_run(clip, features);
        for (int i = 0; i < MODEL_INPUT; i++) put(i, features[i]);
        model_run(x, y);
        int best = 0;
        for (int i = 1; i < MODEL_OUTPUT; i++)
            if (score(i) > score(best)) best = i;
        printf("%s %s %.3f\n", argv[a], labels[best], (double)score(best));
    }
    return status;
}
