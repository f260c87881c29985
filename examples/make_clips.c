/* examples/make_clips.c - the demo's clips: eight words spoken by espeak-ng in 64 voices, with
 * noise. A voice (accent, variant, pitch, speed) counts as a speaker; its takes differ in prosody,
 * place, loudness and noise. The same espeak-ng makes the same clips every time. */
#include "base/cores.h"
#include "base/files/file.h"
#include "base/rng.h"
#include "base/team.h"
#include "core/audio/sound.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sndfile.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RATE = 16000, VOICES = 64, WORDS = 8, CLIPS = 2048, MOST_CLIPS = 100000, BATCH = 64 };

static const char *const words[WORDS] = {"down", "go", "left", "no", "right", "stop", "up", "yes"};
static const char *const accents[] = {"en-us",     "en-gb",          "en-gb-scotland", "en-gb-x-rp",
                                      "en-us-nyc", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029"};
static const char *const variants[] = {"m1", "m2", "m3", "m7", "f1", "f2", "f3", "f4"};

extern char **environ;

/* One voice and how it speaks when nothing varies. */
typedef struct voice {
    char name[48], speaker[48];
    double pitch; /* 0 .. 99, as espeak-ng counts */
    double speed; /* words a minute */
} voice;

typedef struct clip {
    int32_t index;
    nas_err err; /* code NAS_OK: it is written */
} clip;

typedef struct job {
    const char *folder;
    clip *clips;
} job;

static double between(nas_rng *r, double lo, double hi) {
    return lo + (hi - lo) * nas_rng_double(r);
}

static nas_rng stream(int32_t what, int32_t index) {
    return nas_rng_stream(20, 0, NAS_PURPOSE_AUGMENT, (uint32_t)what, (uint32_t)index, 0);
}

static voice voice_of(int32_t v) {
    nas_rng r = stream(0, v);
    const char *accent = accents[v % 8], *variant = variants[(v / 8 + v) % 8];
    voice out;
    snprintf(out.name, sizeof out.name, "%s+%s", accent, variant);
    snprintf(out.speaker, sizeof out.speaker, "%s-%s", accent, variant);
    out.pitch = between(&r, 25, 75);
    out.speed = between(&r, 125, 195);
    return out;
}

/* Runs espeak-ng and waits. Errors: NAS_ENOTFOUND it is not installed, NAS_EIO it failed. */
static nas_status run_espeak(char *const argv[], nas_err *err) {
    posix_spawn_file_actions_t quiet;
    pid_t pid = 0;
    if (posix_spawn_file_actions_init(&quiet) != 0) return nas_fail(err, NAS_ENOMEM, "no memory");
    (void)posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    (void)posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
    const int code = posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&quiet);
    if (code == ENOENT)
        return nas_fail(err, NAS_ENOTFOUND,
                        "espeak-ng, which speaks the clips, is not installed; "
                        "try: sudo apt-get install espeak-ng");
    if (code != 0) return nas_fail(err, NAS_EIO, "cannot start espeak-ng: %s", strerror(code));
    int how = 0;
    while (waitpid(pid, &how, 0) < 0)
        if (errno != EINTR) return nas_fail_errno(err, "cannot wait for espeak-ng");
    if (!WIFEXITED(how) || WEXITSTATUS(how) != 0)
        return nas_fail(err, NAS_EIO, "espeak-ng failed (%s %d)",
                        WIFEXITED(how) ? "exit status" : "signal",
                        WIFEXITED(how) ? WEXITSTATUS(how) : WTERMSIG(how));
    return NAS_OK;
}

/* Cuts what is 40 dB below the peak from both ends, except for 10 ms. */
static void trim(const nas_sound *s, int64_t *begin, int64_t *end) {
    float peak = 0.0f;
    for (int64_t i = 0; i < s->samples; i++) peak = fmaxf(peak, fabsf(s->pcm[i]));
    const float floor_level = 0.01f * peak;
    const int64_t margin = s->rate_hz / 100;
    int64_t a = 0, b = s->samples;
    while (a < b && fabsf(s->pcm[a]) <= floor_level) a++;
    while (b > a && fabsf(s->pcm[b - 1]) <= floor_level) b--;
    *begin = a > margin ? a - margin : 0;
    *end = b + margin < s->samples ? b + margin : s->samples;
}

/* Speaks a word; out [RATE] gets it from its start, *samples says how long it is. */
static nas_status speak(const voice *v, const char *word, nas_rng *r, const char *wav, float *out,
                        int64_t *samples, nas_err *err) {
    char name[48], pitch[16], speed[16], path[4096], text[16];
    snprintf(name, sizeof name, "%s", v->name);
    snprintf(pitch, sizeof pitch, "%.0f", fmin(99, fmax(0, v->pitch + between(r, -10, 10))));
    snprintf(speed, sizeof speed, "%.0f", v->speed * between(r, 0.88, 1.12));
    snprintf(path, sizeof path, "%s", wav);
    snprintf(text, sizeof text, "%s", word);
    char program[] = "espeak-ng", o_voice[] = "-v", o_pitch[] = "-p", o_speed[] = "-s",
         o_file[] = "-w";
    char *const argv[] = {program, o_voice, name, o_pitch, pitch, o_speed,
                          speed,   o_file,  path, text,    NULL};
    NAS_TRY(run_espeak(argv, err));
    nas_sound s;
    nas_status st = nas_sound_read(wav, 4.0, &s, err);
    (void)unlink(wav);
    if (st != NAS_OK) return nas_fail_in(err, st, "what espeak-ng wrote for \"%s\"", word);
    int64_t begin, end;
    trim(&s, &begin, &end);
    st = nas_sound_resample(s.pcm + begin, end - begin, s.rate_hz, RATE, out, RATE, samples, err);
    nas_sound_free(&s);
    if (st == NAS_OK && *samples < RATE / 20)
        st = nas_fail(err, NAS_EIO, "espeak-ng said nothing for \"%s\" with the voice %s", word,
                      v->name);
    return st;
}

static float rms_of(const float *x, int64_t n) {
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return (float)sqrt(sum / (double)n);
}

/* A mix of white and pink noise, root mean square 1. The pink part is white noise through three
 * poles (Paul Kellet's economy filter, musicdsp.org). */
static void make_noise(nas_rng *r, float *x) {
    const float pink = nas_rng_float(r);
    float b0 = 0.0f, b1 = 0.0f, b2 = 0.0f;
    for (int i = -4000; i < RATE; i++) { /* the poles settle before the first sample */
        const float w = 2.0f * nas_rng_float(r) - 1.0f;
        b0 = 0.99765f * b0 + w * 0.0990460f;
        b1 = 0.96300f * b1 + w * 0.2965164f;
        b2 = 0.57000f * b2 + w * 1.0526913f;
        if (i >= 0) x[i] = (1.0f - pink) * w + pink * 0.4f * (b0 + b1 + b2 + 0.1848f * w);
    }
    const float scale = 1.0f / rms_of(x, RATE);
    for (int i = 0; i < RATE; i++) x[i] *= scale;
}

static void place(nas_rng *r, const float *speech, int64_t samples, float *out) {
    float loudest = 0.0f;
    const int64_t room = RATE - samples;
    const int64_t offset = (int64_t)nas_rng_below(r, (uint64_t)room + 1);
    const float snr_db = (float)between(r, 3, 30);
    const float noise = rms_of(speech, samples) * powf(10.0f, -snr_db / 20.0f);
    make_noise(r, out);
    for (int64_t i = 0; i < RATE; i++) {
        out[i] *= noise;
        if (i >= offset && i - offset < samples) out[i] += speech[i - offset];
        loudest = fmaxf(loudest, fabsf(out[i]));
    }
    const float gain = powf(10.0f, (float)between(r, -22, -1) / 20.0f) / loudest;
    for (int64_t i = 0; i < RATE; i++) out[i] *= gain;
}

static nas_status write_clip(const char *path, const float *x, nas_err *err) {
    SF_INFO info = {.samplerate = RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    if (!f) return nas_fail(err, NAS_EIO, "cannot write %s", path);
    const sf_count_t put = sf_writef_float(f, x, RATE);
    if (sf_close(f) != 0 || put != RATE)
        return nas_fail(err, NAS_EIO, "cannot write %s: is the disk full?", path);
    return NAS_OK;
}

/* Clip i: the words in turn, then the voices, then the takes. */
static nas_status make_clip(const char *folder, int32_t i, nas_err *err) {
    const char *word = words[i % WORDS];
    const int32_t take = i / (WORDS * VOICES);
    const voice v = voice_of(i / WORDS % VOICES);
    nas_rng r = stream(1, i);
    char wav[4096], path[4096];
    snprintf(wav, sizeof wav, "%s/.spoken-%d.wav", folder, i);
    const int n =
        snprintf(path, sizeof path, "%s/%s/%s_nohash_%d.wav", folder, word, v.speaker, take);
    if (n < 0 || (size_t)n >= sizeof path)
        return nas_fail(err, NAS_EINVAL, "the path %s is too long", folder);
    float speech[RATE], out[RATE];
    int64_t samples = 0;
    NAS_TRY(speak(&v, word, &r, wav, speech, &samples, err));
    place(&r, speech, samples, out);
    return write_clip(path, out, err);
}

static void make_one(void *ctx, int32_t i, int32_t lane) {
    const job *j = ctx;
    (void)lane;
    clip *c = &j->clips[i];
    c->err.code = NAS_OK;
    if (make_clip(j->folder, c->index, &c->err) == NAS_OK) c->err.code = NAS_OK;
}

/* A bar on a terminal, a line at each tenth elsewhere. */
static void show(int32_t done, int32_t before, int32_t all) {
    enum { WIDTH = 40 };
    if (isatty(2)) {
        char bar[WIDTH + 1];
        for (int i = 0; i < WIDTH; i++)
            bar[i] = (int64_t)i * all < (int64_t)WIDTH * done ? '#' : '.';
        bar[WIDTH] = '\0';
        fprintf(stderr, "\rmaking clips [%s] %d of %d%s", bar, done, all, done == all ? "\n" : "");
    } else if ((int64_t)done * 10 / all != (int64_t)before * 10 / all) {
        fprintf(stderr, "making clips: %d of %d\n", done, all);
    }
}

static nas_status make_all(const char *folder, int32_t n, nas_err *err) {
    char path[4200];
    for (int w = 0; w < WORDS; w++) {
        snprintf(path, sizeof path, "%s/%s", folder, words[w]);
        NAS_TRY(nas_dir_make(path, err));
    }
    static clip clips[BATCH];
    job j = {.folder = folder, .clips = clips};
    for (int32_t first = 0; first < n; first += BATCH) {
        const int32_t some = n - first < BATCH ? n - first : BATCH;
        for (int32_t i = 0; i < some; i++) clips[i].index = first + i;
        nas_team_run(nas_cores(), some, make_one, &j);
        for (int32_t i = 0; i < some; i++)
            if (clips[i].err.code != NAS_OK)
                return nas_fail(err, clips[i].err.code, "%s", clips[i].err.text);
        show(first + some, first, n);
    }
    return NAS_OK;
}

/* Everything goes into <folder>.part, which takes its name when it is whole. */
static nas_status make_folder(const char *folder, int32_t n, nas_err *err) {
    char part[4096], program[] = "espeak-ng", version[] = "--version";
    char *const argv[] = {program, version, NULL};
    const int len = snprintf(part, sizeof part, "%s.part", folder);
    if (len < 0 || (size_t)len + 64 >= sizeof part)
        return nas_fail(err, NAS_EINVAL, "the path %s is too long", folder);
    NAS_TRY(run_espeak(argv, err));
    NAS_TRY(nas_dir_remove(part, err));
    NAS_TRY(nas_dir_make(part, err));
    NAS_TRY(make_all(part, n, err));
    if (rename(part, folder) != 0)
        return nas_fail_errno(err, "cannot rename %s to %s", part, folder);
    return NAS_OK;
}

static int usage(FILE *to, int status) {
    fprintf(to,
            "usage: make_clips DIR [--clips N]\n\n"
            "Makes N (%d) one-second clips, 16 kHz mono, of eight words in %d synthetic voices:\n"
            "DIR/<word>/<voice>_nohash_<take>.wav. When DIR is there, nothing is done.\n",
            CLIPS, VOICES);
    return status;
}

/* The options; false when they make no sense. */
static bool read_options(int argc, char **argv, char **folder, int32_t *clips) {
    for (int i = 1; i < argc; i++) {
        char *end = argv[i];
        if (strcmp(argv[i], "--clips") == 0 && i + 1 < argc) {
            const long n = strtol(argv[++i], &end, 10);
            if (end == argv[i] || *end || n < 1 || n > MOST_CLIPS) return false;
            *clips = (int32_t)n;
        } else if (argv[i][0] != '-' && argv[i][0] != '\0' && !*folder) {
            *folder = argv[i];
        } else {
            return false;
        }
    }
    return *folder != NULL;
}

int main(int argc, char **argv) {
    char *folder = NULL;
    int32_t clips = CLIPS;
    nas_err err = {0};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) return usage(stdout, 0);
    if (!read_options(argc, argv, &folder, &clips)) return usage(stderr, 2);
    for (size_t n = strlen(folder); n > 1 && folder[n - 1] == '/'; n--) folder[n - 1] = '\0';
    if (nas_path_is_dir(folder)) {
        fprintf(stderr, "%s is already there\n", folder);
        return 0;
    }
    if (make_folder(folder, clips, &err) != NAS_OK) {
        fprintf(stderr, "make_clips: %s\n", err.text);
        return err.code == NAS_ENOTFOUND || err.code == NAS_EINVAL ? 2 : 1;
    }
    fprintf(stderr, "%d clips of %d words are in %s\n", clips, WORDS, folder);
    return 0;
}
