/* core/audio/sound.c - decoding and resampling. */
#include "core/audio/sound.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <samplerate.h>
#include <sndfile.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOWEST_HZ = 1000, HIGHEST_HZ = 768000, MOST_CHANNELS = 64, BLOCK = 4096 };

/* libsndfile keeps the reason of a failed open in a global. */
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

static nas_status open_sound(const char *path, SNDFILE **file, SF_INFO *info, nas_err *err) {
    *info = (SF_INFO){0};
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return nas_fail_errno(err, "cannot open it");
    struct stat what;
    nas_status st = NAS_OK;
    if (fstat(fd, &what) != 0)
        st = nas_fail_errno(err, "cannot examine it");
    else if (!S_ISREG(what.st_mode))
        st = nas_fail(err, NAS_EFORMAT, "not a regular file");
    else if (what.st_size == 0)
        st = nas_fail(err, NAS_EFORMAT, "the file is empty");
    if (st != NAS_OK) {
        close(fd);
        return st;
    }
    (void)pthread_mutex_lock(&opening);
    *file = sf_open_fd(fd, SFM_READ, info, SF_TRUE);
    if (!*file)
        st = nas_fail(err, NAS_EFORMAT, "not a sound file that can be read: %s", sf_strerror(NULL));
    (void)pthread_mutex_unlock(&opening);
    return st;
}

/* A WAV file says its length in bytes 4 to 7; programs that write to a pipe say 0 or about 2^31 or
 * 2^32. libsndfile reads what is there (unless the data's length is 0, too) and says nothing. */
static nas_status check_riff(const char *path, nas_err *err) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return nas_fail_errno(err, "cannot open it");
    uint8_t h[12] = {0};
    struct stat info;
    const bool riff = read(fd, h, sizeof h) == (ssize_t)sizeof h && memcmp(h, "RIFF", 4) == 0 &&
                      memcmp(h + 8, "WAVE", 4) == 0;
    const bool known = fstat(fd, &info) == 0;
    close(fd);
    if (!riff || !known) return NAS_OK;
    const uint32_t says =
        (uint32_t)h[4] | (uint32_t)h[5] << 8 | (uint32_t)h[6] << 16 | (uint32_t)h[7] << 24;
    const bool piped = says == 0 || says >= 0x7ff00000U;
    if (!piped && info.st_size < (int64_t)says) /* the 8 bytes before are forgiven */
        return nas_fail(err, NAS_EFORMAT, "cut short: %lld bytes, its header says %lld",
                        (long long)info.st_size, (long long)says + 8);
    return NAS_OK;
}

static nas_status check_info(const SF_INFO *info, nas_err *err) {
    if (info->samplerate < LOWEST_HZ || info->samplerate > HIGHEST_HZ)
        return nas_fail(err, NAS_EFORMAT, "a rate of %d Hz; %d to %d are read", info->samplerate,
                        LOWEST_HZ, HIGHEST_HZ);
    if (info->channels < 1 || info->channels > MOST_CHANNELS)
        return nas_fail(err, NAS_EFORMAT, "%d channels; 1 to %d are read", info->channels,
                        MOST_CHANNELS);
    return NAS_OK;
}

/* n frames of interleaved channels to their mean, in [-1, 1]; false when a value is not finite. */
static bool mix_down(const float *in, int64_t n, int channels, float *out) {
    const float scale = 1.0f / (float)channels;
    for (int64_t i = 0; i < n; i++, in += channels) {
        float sum = 0.0f;
        for (int c = 0; c < channels; c++) sum += in[c];
        if (!isfinite(sum)) return false;
        sum *= scale;
        out[i] = sum > 1.0f ? 1.0f : sum < -1.0f ? -1.0f : sum;
    }
    return true;
}

static nas_status reserve(nas_sound *s, int64_t *room, int64_t want, nas_err *err) {
    if (want <= *room) return NAS_OK;
    const int64_t more = want > 2 * *room ? want : 2 * *room;
    float *p = realloc(s->pcm, (size_t)more * sizeof *p);
    if (!p) return nas_fail(err, NAS_ENOMEM, "out of memory");
    s->pcm = p;
    *room = more;
    return NAS_OK;
}

/* Appends what can be decoded, up to most frames, a block at a time: memory follows what is there.
 */
static nas_status decode(SNDFILE *file, const SF_INFO *info, int64_t most, nas_sound *s,
                         nas_err *err) {
    float *block = malloc((size_t)BLOCK * (size_t)info->channels * sizeof *block);
    if (!block) return nas_fail(err, NAS_ENOMEM, "out of memory");
    nas_status st = NAS_OK;
    int64_t room = 0;
    while (st == NAS_OK && s->samples < most) {
        const int64_t left = most - s->samples, ask = left < BLOCK ? left : BLOCK;
        const int64_t got = sf_readf_float(file, block, ask);
        if (got <= 0) break;
        st = reserve(s, &room, s->samples + got, err);
        if (st == NAS_OK && !mix_down(block, got, info->channels, s->pcm + s->samples))
            st = nas_fail(err, NAS_EFORMAT, "it holds values that are not finite");
        s->samples += got;
    }
    free(block);
    return st;
}

static bool is_wav(const SF_INFO *info) {
    const int kind = info->format & SF_FORMAT_TYPEMASK;
    return kind == SF_FORMAT_WAV || kind == SF_FORMAT_WAVEX;
}

static nas_status check_length(SNDFILE *file, const SF_INFO *info, int64_t most, int64_t got,
                               nas_err *err) {
    const int64_t want = info->frames < most ? info->frames : most;
    /* An MP3's length may be an estimate. */
    const bool estimate = (info->format & SF_FORMAT_TYPEMASK) == SF_FORMAT_MPEG;
    if (got < want && info->frames < SF_COUNT_MAX && !estimate)
        return nas_fail(err, NAS_EFORMAT, "cut short: %lld samples, its header says %lld",
                        (long long)got, (long long)info->frames);
    if (sf_error(file) != SF_ERR_NO_ERROR)
        return nas_fail(err, NAS_EFORMAT, "damaged: %s", sf_strerror(file));
    if (got == 0)
        return nas_fail(err, NAS_EFORMAT, "it holds no sound%s",
                        is_wav(info) ? ", or its header was not completed when it was written"
                                     : "");
    return NAS_OK;
}

nas_status nas_sound_read(const char *path, double most_seconds, nas_sound *out, nas_err *err) {
    *out = (nas_sound){0};
    SNDFILE *file = NULL;
    SF_INFO info;
    NAS_TRY(open_sound(path, &file, &info, err));
    nas_status st = check_info(&info, err);
    if (st == NAS_OK && is_wav(&info)) st = check_riff(path, err);
    if (st == NAS_OK) {
        const double most = floor(most_seconds * (double)info.samplerate + 0.5);
        const int64_t frames = most < 1.0 ? 1 : most < 1e12 ? (int64_t)most : (int64_t)1e12;
        st = decode(file, &info, frames, out, err);
        if (st == NAS_OK) st = check_length(file, &info, frames, out->samples, err);
    }
    out->rate_hz = info.samplerate;
    (void)sf_close(file);
    if (st != NAS_OK) nas_sound_free(out);
    return st;
}

void nas_sound_free(nas_sound *s) {
    free(s->pcm);
    *s = (nas_sound){0};
}

nas_status nas_sound_resample(const float *in, int64_t n, int32_t from_hz, int32_t to_hz,
                              float *out, int64_t room, int64_t *made, nas_err *err) {
    *made = 0;
    if (from_hz == to_hz) {
        *made = n < room ? n : room;
        if (*made > 0) memcpy(out, in, (size_t)*made * sizeof *out);
        return NAS_OK;
    }
    SRC_DATA data = {.data_in = in,
                     .data_out = out,
                     .input_frames = (long)n,
                     .output_frames = (long)room,
                     .src_ratio = (double)to_hz / (double)from_hz};
    if (n < 1 || room < 1) return NAS_OK;
    if (from_hz < 1 || to_hz < 1 || !src_is_valid_ratio(data.src_ratio))
        return nas_fail(err, NAS_EINVAL,
                        "cannot resample from %d Hz to %d Hz: the rates are too far apart", from_hz,
                        to_hz);
    const int code = src_simple(&data, SRC_SINC_BEST_QUALITY, 1);
    if (code != 0)
        return nas_fail(err, NAS_ENOMEM, "cannot resample from %d Hz to %d Hz: %s", from_hz, to_hz,
                        src_strerror(code));
    *made = data.output_frames_gen;
    return NAS_OK;
}
